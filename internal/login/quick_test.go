package login

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/login-guard/login-guard/config"
)

// quickReaders are readers of very different endpoints.
func quickReaders(t testing.TB) []*Reader {
	t.Helper()
	var out []*Reader
	for _, names := range [][]string{{"woocommerce"}, {"opencart3", "zencart"}, {"django"}, {"vendure"}, {"spree"}, nil} {
		site := config.Site{Presets: names}
		rd, err := NewReader(site.EffectiveEndpoints(), Options{CountsAll: true, Sides: true})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, rd)
	}
	return out
}

// dullForms are what shops' pages post beside logins.
var dullForms = []string{
	"", "&&", "quantity=1&add-to-cart=17", "product_id=3&option%5B227%5D=18&option[228][]=a&quantity=1",
	"id=x&csrf-token=abc%20def&qty[]=1&qty[]=2", "attributes[Size]=L&attributes[Colour]=%C3%BC",
	"search=user%5Bname%5D", "a=b=c&d", "Items[0].Count=1",
}

// FuzzDull: what is called dull at a glance has no key that the full reading
// would keep, and goes on like any other post.
func FuzzDull(f *testing.F) {
	for _, s := range dullForms {
		f.Add(s)
	}
	for _, s := range []string{
		"username=a&password=b", "user[pass]=x", "log=a&pwd=b", "%70assword=b", "pass word=b", "pass.x=1", "pass[=x",
		"login_guard_hold=x", "LOGIN-GUARD_HOLD=x", "x[password]=1", "x[_password_]=1", "x[][password]=1", "[password]=x",
		"email%5b%5D=x&password%5b%5D=y", "_username=a&_password=b", "a%5B=b", "a]b=c", "query=mutation", strings.Repeat("a", 97) + "=1",
	} {
		f.Add(s)
	}
	readers := quickReaders(f)
	f.Fuzz(func(t *testing.T, body string) {
		for _, rd := range readers {
			if !rd.dull([]byte(body)) {
				continue
			}
			if got := rd.parseForm(body); len(got.pairs) > 0 || len(got.fields) > 0 || got.ours || startsJSON(body) {
				t.Fatalf("%q is called dull and has %+v", body, got)
			}
		}
	})
}

func TestFormsOfAShopAreToldFromLoginsAtAGlance(t *testing.T) {
	for i, rd := range quickReaders(t) {
		for _, body := range dullForms[:len(dullForms)-1] {
			if strings.HasPrefix(body, "id=") && i > 2 {
				continue // `id` names an operation or a user there
			}
			if !rd.dull([]byte(body)) {
				t.Errorf("reader %d: %q takes the long way", i, body)
			}
		}
	}
}

// The short way must never say anything else than the long one.
func TestTheShortWayReadsAsTheLongOneDoes(t *testing.T) {
	bodies := append([]string{"username=a&password=b", "email=a&password=b&x=1", "log=a&pwd=b", "x[password]=b&x[email]=a",
		"action=x&email=a", "methodCall", "login_guard_hold=x&login_guard_answer=1", "password=b"}, dullForms...)
	urls := []string{"/", "/cart?add=1", "/xmlrpc.php", "/login?email=a", "/?password=x", "/x?a=1;password=2", "/%25", "/checkout/"}
	types := []string{"application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=UTF-8",
		"Application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-16"}
	for i, rd := range quickReaders(t) {
		for _, u := range urls {
			for _, body := range bodies {
				for _, ct := range types {
					read := func(ct string, more ...string) Reading {
						r := httptest.NewRequest("POST", u, strings.NewReader(body))
						r.Header.Set("Content-Type", ct)
						for _, m := range more {
							r.Header.Set(m, "close") // takes the long way
						}
						return rd.Read(httptest.NewRecorder(), r)
					}
					short, long := read(ct), read(ct, "Connection")
					if diff := cmp.Diff(long, short, cmp.AllowUnexported(Reading{}), cmpopts.IgnoreFields(Reading{}, "stream"),
						cmp.Comparer(func(a, b *Endpoint) bool { return a == b })); diff != "" {
						t.Errorf("reader %d, %s, %q, %s: %s", i, u, body, ct, diff)
					}
				}
			}
		}
	}
}

// Addresses of a megabyte are allowed by Caddy and by nobody's shop.
func TestAnAddressThatTakesLongToReadIsRefusedAtOnce(t *testing.T) {
	for i, rd := range quickReaders(t) {
		for _, pair := range []string{"a&", "a;", "%61=%62&"} {
			long := strings.Repeat(pair, maxQuery/len(pair)+1)
			r := httptest.NewRequest("POST", "/?"+long, strings.NewReader("username=a&password=b"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			dull := rd.dull([]byte("username=a&password=b")) && !strings.Contains(long, ";")
			if got := rd.Read(httptest.NewRecorder(), r); dull && got.Kind == Other {
				continue // no login there, and nothing was read but its keys
			} else if got.Kind != Refused || got.Status != 414 || got.Reason != ReasonLongQuery {
				t.Errorf("reader %d, %s: %+v", i, pair, got)
			}
			r = httptest.NewRequest("GET", "/?"+strings.Repeat("x=1&", maxQuery/4+1), nil)
			if got := rd.Read(httptest.NewRecorder(), r); got.Kind != Other {
				t.Errorf("reader %d: a page with a long address is %+v", i, got)
			}
		}
	}
}
