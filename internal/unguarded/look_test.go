package unguarded

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/config"
)

const (
	idA = "3f1c9a7be2d04c5586aa10f4"
	idB = "9be2417cc0d3f8a16e5d2077"
)

// signsOf are the signs of a site with these presets.
func signsOf(t *testing.T, presets ...string) *Signs {
	t.Helper()
	return NewSigns(config.KnownSessionNames(), (&config.Site{Presets: presets}).EffectiveEndpoints())
}

// look asks with "Header: value" lines; those of the request have no Set-Cookie.
func look(s *Signs, method, target string, request, answer []string) Finding {
	header := func(lines []string) http.Header {
		h := http.Header{}
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ": ")
			h.Add(name, value)
		}
		return h
	}
	q := header(request)
	u, err := url.Parse(target)
	if err != nil {
		panic(err) // a mistake in the table
	}
	return s.Look(Asked{Method: method, URL: u, Cookies: q["Cookie"], Header: q}, header(answer))
}

func TestWhatAnAnswerShows(t *testing.T) {
	t.Parallel()
	issued, token := Finding{Issued: Session}, Finding{Issued: Token}
	for _, c := range []struct {
		name, preset, method, target string
		request, answer              []string
		want                         Finding
	}{
		// Cookies that only somebody who signed in ever gets.
		{"WordPress signs in", "woocommerce", "POST", "/api/login", nil, []string{"Set-Cookie: wordpress_logged_in_5d2=alice%7C1; path=/; HttpOnly"}, issued},
		{"WordPress signs in behind a preset of another shop", "zencart", "POST", "/blog/app-login", nil, []string{"Set-Cookie: wordpress_logged_in_5d2=alice%7C1; path=/"}, issued},
		{"a link in a mail signs in", "woocommerce", "GET", "/magic?key=1", nil, []string{"Set-Cookie: wordpress_logged_in_5d2=alice%7C1; path=/; HttpOnly"}, issued},
		{"WordPress renews the cookie after a change of password", "woocommerce", "POST", "/my-account/edit-account/", []string{"Cookie: wordpress_logged_in_5d2=alice%7C0"}, []string{"Set-Cookie: wordpress_logged_in_5d2=alice%7C1; path=/"}, Finding{}},
		{"WordPress signs out", "woocommerce", "GET", "/wp-login.php?action=x", nil, []string{"Set-Cookie: wordpress_logged_in_5d2=%20; expires=Sat, 01 Jan 2000 00:00:00 GMT; Max-Age=0; path=/"}, Finding{}},
		{"nopCommerce's cookie slides on", "nopcommerce", "POST", "/cart", []string{"Cookie: .Nop.Authentication=CfDJ8old"}, []string{"Set-Cookie: .Nop.Authentication=CfDJ8new; path=/"}, Finding{}},
		{"Laravel remembers", "bagisto", "POST", "/m/login", nil, []string{"Set-Cookie: remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d=eyJpdiI6; HttpOnly"}, issued},
		{"the cookie is set and deleted at once", "woocommerce", "POST", "/x", nil, []string{"Set-Cookie: wordpress_logged_in_5d2=a; path=/", "Set-Cookie: wordpress_logged_in_5d2=; Max-Age=0; path=/"}, Finding{}},
		{"Keycloak's cookie has expired", "keycloak", "POST", "/x", nil, []string{"Set-Cookie: KEYCLOAK_IDENTITY=x; Expires=Thu, 01-Jan-1970 00:00:10 GMT"}, Finding{}},

		// Sessions that are replaced.
		{"PHP gives the session a new name", "", "POST", "/m/enter", []string{"Cookie: a=1; PHPSESSID=" + idA}, []string{"Set-Cookie: PHPSESSID=" + idB + "; path=/; HttpOnly"}, Finding{Replaced: Kinds{"PHPSESSID"}}},
		{"with a prefix", "", "PUT", "/session", []string{"Cookie: __Host-PHPSESSID=" + idA}, []string{"Set-Cookie: __Host-PHPSESSID=" + idB + "; path=/"}, Finding{Replaced: Kinds{"PHPSESSID"}}},
		{"Express, whose signatures differ in their escapes", "", "POST", "/m/enter", []string{"Cookie: connect.sid=s%3A" + idA + ".aa%2Bbb"}, []string{"Set-Cookie: connect.sid=s%3A" + idB + ".aazbb; Path=/"}, Finding{Replaced: Kinds{"connect.sid"}}},
		{"the same session once more", "opencart3", "POST", "/index.php?route=checkout/cart/add", []string{"Cookie: OCSESSID=" + idA}, []string{"Set-Cookie: OCSESSID=" + idA + "; path=/"}, Finding{Kept: Kinds{"OCSESSID"}}},
		{"a basket leaves the session alone", "", "POST", "/cart", []string{"Cookie: PHPSESSID=" + idA}, nil, Finding{Kept: Kinds{"PHPSESSID"}}},
		{"who leaves gets a new session", "", "POST", "/account/logout", []string{"Cookie: PHPSESSID=" + idA}, []string{"Set-Cookie: PHPSESSID=" + idB + "; path=/"}, Finding{}},
		{"who leaves by query", "zencart", "POST", "/index.php?main_page=logoff", []string{"Cookie: zenid=" + idA}, []string{"Set-Cookie: zenid=" + idB + "; path=/"}, Finding{}},
		{"a session is deleted", "", "POST", "/end", []string{"Cookie: PHPSESSID=" + idA}, []string{"Set-Cookie: PHPSESSID=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0; path=/"}, Finding{Kept: Kinds{"PHPSESSID"}}},
		{"one of two sessions", "", "POST", "/m/enter", []string{"Cookie: shop_session=" + idA + "; PHPSESSID=" + idA + "; sid=short"}, []string{"Set-Cookie: PHPSESSID=" + idB}, Finding{Replaced: Kinds{"PHPSESSID"}, Kept: Kinds{"*_session"}}},
		{"both of two sessions", "", "POST", "/m/enter", []string{"Cookie: shop_session=" + idA + "; PHPSESSID=" + idA}, []string{"Set-Cookie: PHPSESSID=" + idB, "Set-Cookie: shop_session=" + idB}, Finding{Replaced: Kinds{"PHPSESSID", "*_session"}}},
		{"a reader's session is replaced", "", "GET", "/", []string{"Cookie: PHPSESSID=" + idA}, []string{"Set-Cookie: PHPSESSID=" + idB + "; path=/"}, Finding{Replaced: Kinds{"PHPSESSID"}}},

		// First sessions of visitors.
		{"first visit", "", "GET", "/", nil, []string{"Set-Cookie: PHPSESSID=" + idA + "; path=/; HttpOnly"}, Finding{}},
		{"first visit by adding to a basket", "", "POST", "/cart", nil, []string{"Set-Cookie: PHPSESSID=" + idA + "; path=/; HttpOnly"}, Finding{}},
		{"Magento's first basket", "magento2", "POST", "/checkout/cart/add", nil, []string{"Set-Cookie: PHPSESSID=" + idA + "; path=/; HttpOnly"}, Finding{}},
		{"Vendure's first basket", "vendure", "POST", "/shop-api", nil, []string{"Set-Cookie: session=eyJ0b2tlbiI6ImEifQ; path=/; httponly", "Set-Cookie: session.sig=" + idA + "; path=/; httponly", "Vendure-Auth-Token: " + idA}, Finding{}},
		{"Django's first basket", "django", "POST", "/basket/add/7/", []string{"Cookie: csrftoken=" + idA}, []string{"Set-Cookie: sessionid=" + idB + "; HttpOnly; Path=/", "Set-Cookie: csrftoken=" + idA + "; Path=/"}, Finding{}},
		{"Django signs in", "django", "POST", "/api/enter/", []string{"Cookie: csrftoken=" + idA}, []string{"Set-Cookie: csrftoken=" + idB + "; Path=/", "Set-Cookie: sessionid=" + idB + "; HttpOnly; Path=/"}, issued},
		{"Django's first basket on a first visit", "django", "POST", "/basket/add/7/", nil, []string{"Set-Cookie: sessionid=" + idB + "; HttpOnly; Path=/", "Set-Cookie: csrftoken=" + idA + "; Path=/"}, Finding{}},
		{"Django gives a new token alone", "django", "POST", "/contact/", []string{"Cookie: csrftoken=" + idA}, []string{"Set-Cookie: csrftoken=" + idB + "; Path=/"}, Finding{}},

		// What holds content and no name.
		{"Laravel's session, encrypted anew", "", "POST", "/cart", []string{"Cookie: laravel_session=eyJpdiI6IkFBQUE" + idA}, []string{"Set-Cookie: XSRF-TOKEN=eyJpdiI6; path=/", "Set-Cookie: laravel_session=eyJpdiI6IkJCQkI" + idB + "; path=/; httponly"}, Finding{Kept: Kinds{"laravel_session"}}},
		{"Rails' session, encrypted anew", "", "POST", "/cart", []string{"Cookie: _shop_session=" + strings.Repeat("Ab+1", 60)}, []string{"Set-Cookie: _shop_session=" + strings.Repeat("Zb+2", 60) + "; path=/; HttpOnly"}, Finding{Kept: Kinds{"*_session"}}},
		{"Flask's session, with a basket in it", "", "POST", "/cart", []string{"Cookie: session=eyJjYXJ0IjpbMV19.ZVxQ.aaaaaaaa"}, []string{"Set-Cookie: session=eyJjYXJ0IjpbMl19.ZVxR.bbbbbbbb; HttpOnly; Path=/"}, Finding{Kept: Kinds{"session"}}},
		{"a session that grows", "", "POST", "/cart", []string{"Cookie: session=" + idA}, []string{"Set-Cookie: session=" + idB + "00; HttpOnly; Path=/"}, Finding{Kept: Kinds{"session"}}},
		{"PrestaShop writes its cookie anew", "prestashop", "POST", "/cart", []string{"Cookie: PrestaShop-0a1b=def502" + idA}, []string{"Set-Cookie: PrestaShop-0a1b=def502" + idB + "; HttpOnly"}, Finding{}},
		{"Vendure replaces its session", "vendure", "POST", "/shop-api", []string{"Cookie: session=eyJ0b2tlbiI6ImEifQ"}, []string{"Set-Cookie: session=eyJ0b2tlbiI6ImIifQ; path=/; httponly"}, Finding{Replaced: Kinds{"session"}}},

		// Tokens.
		{"a token", "", "POST", "/api/enter", nil, []string{"Authorization: Bearer abc"}, token},
		{"a token of Magento's kin", "", "POST", "/api/enter", nil, []string{"X-Auth-Token: abc"}, token},
		{"a token on a page that is read", "", "GET", "/api/me", nil, []string{"X-Auth-Token: abc"}, Finding{}},
		{"a token is renewed", "", "POST", "/api/cart", []string{"Authorization: Bearer old"}, []string{"Authorization: Bearer new"}, Finding{}},
		{"a token for one of another kind", "", "POST", "/api/cart", []string{"Authorization: Bearer old"}, []string{"X-Auth-Token: new"}, Finding{}},
		{"an empty token", "", "POST", "/api/cart", nil, []string{"X-Auth-Token: "}, Finding{}},
		{"Vendure gives another token", "vendure", "POST", "/shop-api", []string{"Authorization: Bearer " + idA}, []string{"Vendure-Auth-Token: " + idB}, token},
		{"Vendure gives the same token", "vendure", "POST", "/shop-api", []string{"Authorization: Bearer " + idA}, []string{"Vendure-Auth-Token: " + idA}, Finding{}},
		{"Shopware's token of every visitor", "shopware6", "POST", "/store-api/product", nil, []string{"Sw-Context-Token: " + idA}, Finding{}},

		{"cookies that are none of a session", "woocommerce", "POST", "/?wc-ajax=add_to_cart", nil, []string{"Set-Cookie: wp_woocommerce_session_5d2=t_" + idA + "; path=/; HttpOnly", "Set-Cookie: woocommerce_items_in_cart=1; path=/"}, Finding{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var presets []string
			if c.preset != "" {
				presets = []string{c.preset}
			}
			if got := look(signsOf(t, presets...), c.method, c.target, c.request, c.answer); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func TestAnOperatorsOwnSuccessCookieIsASign(t *testing.T) {
	t.Parallel()
	s := NewSigns(config.KnownSessionNames(), []config.Endpoint{{Success: []config.Mark{{NewCookie: "__Host-shopper_*"}, {Header: "shop-token"}}}})
	for _, c := range []struct {
		name, method    string
		request, answer string
		want            Finding
	}{
		{"first, by post", "POST", "X: y", "Set-Cookie: __Host-shopper_1=x; HttpOnly", Finding{Issued: Session}},
		{"first, that scripts can read", "POST", "X: y", "Set-Cookie: __Host-shopper_1=x", Finding{}},
		{"first, on a page that is read", "GET", "X: y", "Set-Cookie: __Host-shopper_1=x; HttpOnly", Finding{}},
		{"another in its place, of any length", "POST", "Cookie: __Host-shopper_1=y", "Set-Cookie: __Host-shopper_1=xx", Finding{Replaced: Kinds{"shopper_*"}}},
		{"header", "POST", "X: y", "Shop-Token: x", Finding{Issued: Token}},
	} {
		if got := look(s, c.method, "/x", []string{c.request}, []string{c.answer}); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestAnAnswerThatShowsNothingCostsNoAllocation(t *testing.T) {
	s := signsOf(t, "woocommerce", "opencart3")
	q := Asked{Method: "POST", URL: &url.URL{Path: "/cart"}, Cookies: []string{"a=1; OCSESSID=" + idA + "; b=2"}, Header: http.Header{}}
	answer := http.Header{"Set-Cookie": {"OCSESSID=" + idA + "; path=/", "seen=7; path=/"}, "Content-Type": {"text/html"}}
	if n := testing.AllocsPerRun(100, func() { s.Look(q, answer) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
