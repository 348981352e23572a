package login

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/config"
)

func presetReader(t testing.TB, opt Options, presets ...string) *Reader {
	t.Helper()
	var all []config.Endpoint
	for _, name := range presets {
		es, ok := config.Preset(name)
		if !ok {
			t.Fatalf("no preset %s", name)
		}
		all = append(all, es...)
	}
	rd, err := NewReader(all, opt)
	if err != nil {
		t.Fatal(err)
	}
	return rd
}

func TestSideWaysAreSeen(t *testing.T) {
	for _, c := range []struct{ preset, target, body, endpoint, kind, account string }{
		{"woocommerce", "/my-account/", "email=a@b.c&password=p&register=Register&woocommerce-register-nonce=1", "woocommerce-register", config.KindRegister, "a@b.c"},
		{"woocommerce", "/any/path", "email=a@b.c&register=Register", "woocommerce-register", config.KindRegister, "a@b.c"},
		{"woocommerce", "/my-account/lost-password/", "user_login=alice&wc_reset_password=true", "woocommerce-reset", config.KindReset, "alice"},
		{"woocommerce", "/wp-login.php?action=lostpassword", "user_login=alice", "wp-reset", config.KindReset, "alice"},
		{"woocommerce", "/wp-login.php?action=register", "user_login=alice&user_email=a@b.c", "wp-register", config.KindRegister, "a@b.c"},
		{"opencart4", "/index.php?route=account/register.register", "firstname=A&email=a@b.c&password=p", "opencart4-register", config.KindRegister, "a@b.c"},
		{"opencart3", "/index.php?route=account/forgotten", "email=a@b.c", "opencart3-reset", config.KindReset, "a@b.c"},
		{"opencart3", "/en/forgot-password", "email=a@b.c", "opencart3-reset", config.KindReset, "a@b.c"},
		{"zencart", "/index.php?main_page=create_account", "firstname=A&email_address=a@b.c&password=p", "zencart-register", config.KindRegister, "a@b.c"},
		{"zencart", "/index.php?main_page=password_forgotten", "email_address=a@b.c", "zencart-reset", config.KindReset, "a@b.c"},
		{"django", "/accounts/login/", "registration-email=a@b.c&registration-password1=p&registration-password2=p", "oscar-register", config.KindRegister, "a@b.c"},
		{"django", "/password-reset/", "email=a@b.c", "django-reset", config.KindReset, "a@b.c"},
	} {
		t.Run(c.endpoint+c.target, func(t *testing.T) {
			rd := presetReader(t, Options{Sides: true}, c.preset)
			r := post(c.target, urlencoded, c.body)
			got := read(rd, r)
			if got.Kind != Side || got.Endpoint.Name() != c.endpoint || got.Endpoint.EndpointKind() != c.kind || got.Account != c.account || string(got.Body) != c.body {
				t.Fatalf("%+v", got)
			}
			if got := read(readerFor(t, c.preset), post(c.target, urlencoded, c.body)); got.Kind != Other {
				t.Errorf("where nobody counts them: %v", got.Kind)
			}
		})
	}
	rd := presetReader(t, Options{Sides: true}, "woocommerce", "opencart3", "django")
	for _, c := range []struct{ target, body string }{
		{"/newsletter", "email=a@b.c"}, {"/checkout", "email=a@b.c&createaccount=1"}, {"/index.php?route=product/search", "email=a@b.c"},
	} {
		wantOther(t, rd, post(c.target, urlencoded, c.body), c.body)
	}
	for _, body := range []string{"email=a&email=b", "email[]=a", "email=a%zz"} {
		if got := read(rd, post("/password-reset/", urlencoded, body)); got.Kind != Side || got.Account != "" {
			t.Errorf("%s: %v %q", body, got.Kind, got.Account)
		}
	}
	// A login beside a registration is refused: the answer of the one would
	// stand for the other.
	const both = "username=a&password=p&login=1&email=a@b.c&register=1"
	if got := read(presetReader(t, Options{Sides: true}, "woocommerce"), post("/", urlencoded, both)); got.Kind != Refused || got.Reason != ReasonTwoLogins {
		t.Errorf("login and registration: %+v", got)
	}
}

func TestSideWaysOfAnOperator(t *testing.T) {
	rd := newReader(t, Options{Sides: true},
		config.Endpoint{Kind: config.KindCode, Name: "code", Paths: []string{"/login/code"}, PasswordFields: []string{"/code"}},
		config.Endpoint{Kind: config.KindChange, Name: "change", Requires: []string{"/newPassword"}},
		config.Endpoint{Kind: config.KindReset, Name: "reset", Paths: []string{"/reset"}, Always: true},
	)
	for _, c := range []struct{ target, ct, body, endpoint string }{
		{"/login/code", jsonType, `{"code":"123456"}`, "code"},
		{"/login/code", urlencoded, `code=123456`, "code"},
		{"/me", jsonType, `{"newPassword":"x"}`, "change"},
		{"/reset", jsonType, `{"x":1}`, "reset"},
		{"/reset", "application/octet-stream", `x`, "reset"},
	} {
		if got := read(rd, post(c.target, c.ct, c.body)); got.Kind != Side || got.Endpoint.Name() != c.endpoint {
			t.Errorf("%s %s: %+v", c.target, c.body, got)
		}
	}
	for _, body := range []string{`{"code":"1","Code":"2"}`, `{"code":["1"]}`} {
		wantRefused(t, rd, post("/login/code", jsonType, body), 400, ReasonField)
	}
	wantOther(t, rd, post("/elsewhere", jsonType, `{"code":"123456"}`), `{"code":"123456"}`)
}

func TestMulticallHoldsOnePasswordAtMost(t *testing.T) {
	rd := readerFor(t, "woocommerce")
	one := func(method string, params ...string) string {
		s := "<value><struct><member><name>methodName</name><value><string>" + method + "</string></value></member><member><name>params</name><value><array><data>"
		for _, p := range params {
			s += "<value><string>" + p + "</string></value>"
		}
		return s + "</data></array></value></member></struct></value>"
	}
	many := func(calls ...string) string {
		return `<?xml version="1.0"?><methodCall><methodName>system.multicall</methodName><params><param><value><array><data>` + strings.Join(calls, "\n") + `</data></array></value></param></params></methodCall>`
	}
	guess := one("wp.getUsersBlogs", "alice", "pw")
	hello := one("demo.sayHello")
	for _, c := range []struct {
		name, body, account, reason string
		kind                        Kind
	}{
		{"one", many(guess), "alice", "", Attempt},
		{"one among others", many(hello, guess, hello), "alice", "", Attempt},
		{"none", many(hello, one("pingback.ping", "http://a", "http://b")), "", "", Other},
		{"empty", many(), "", "", Other},
		{"two", many(guess, guess), "", ReasonMulticall, Refused},
		{"two accounts", many(guess, one("metaWeblog.getRecentPosts", "1", "bob", "pw")), "", ReasonMulticall, Refused},
		{"hundreds", many(strings.Split(strings.Repeat(hello+"\n", 100), "\n")...), "", ReasonXML, Refused},
		{"recursive", many(one("system.multicall", "x")), "", ReasonMethod, Refused},
		{"unknown", many(one("plugin.login", "alice", "pw")), "", ReasonMethod, Refused},
		{"member twice", many(strings.Replace(guess, "</struct>", "<member><name>params</name><value><array><data/></array></value></member></struct>", 1)), "", ReasonXML, Refused},
		{"other member", many(strings.Replace(guess, "<name>params", "<name>Params", 1)), "", ReasonXML, Refused},
		{"no list", strings.Replace(many(guess), "<data>", "", 1), "", ReasonXML, Refused},
		{"second parameter", strings.Replace(many(hello), "</param>", "</param><param><value>x</value></param>", 1), "", ReasonXML, Refused},
		{"base64 method", many(strings.Replace(guess, "<string>wp.getUsersBlogs</string>", "<base64>d3AuZ2V0VXNlcnNCbG9ncw==</base64>", 1)), "", ReasonXML, Refused},
	} {
		got := read(rd, post("/xmlrpc.php", "text/xml", c.body))
		if got.Kind != c.kind || got.Account != c.account || got.Reason != c.reason {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	fault := `<methodResponse><params><param><value><array><data><value><struct><member><name>faultCode</name><value><int>403</int></value></member></struct></value></data></array></value></param></params></methodResponse>`
	if got := endpointOf(t, "woocommerce", "xmlrpc").Outcome(Asked{}, Reply{Status: 200, Body: []byte(fault)}); got != Failure {
		t.Errorf("a fault in a batch: %s", got)
	}
}

func TestPrefilledFormsCountOnBothAccounts(t *testing.T) {
	on := presetReader(t, Options{CountsAll: true}, "generic")
	off := presetReader(t, Options{}, "generic")
	const body = "email=me%40b.c&password=p"
	for _, c := range []struct{ target, want string }{
		{"/login?email=x%40y.z", "[me@b.c x@y.z]"},
		{"/login?username=x%40y.z", "[me@b.c x@y.z]"},
		{"/login?email=me%40b.c", "[]"},
		{"/login?email=x&username=y", "[me@b.c x y]"},
		{"/login?login=failed", "[]"},
	} {
		got := read(on, post(c.target, urlencoded, body))
		if got.Kind != Attempt || got.Account != "me@b.c" || fmt.Sprint(got.Accounts) != c.want {
			t.Errorf("%s: %v %s %q, want %s", c.target, got.Kind, got.Reason, got.Accounts, c.want)
		}
		if got := read(off, post(c.target, urlencoded, body)); c.want != "[]" && got.Kind != Refused {
			t.Errorf("%s, not counted on both: %v", c.target, got.Kind)
		}
	}
	got := read(on, post("/login?email=x%40y.z", jsonType, `{"email":"me","password":"p"}`))
	if got.Kind != Attempt || fmt.Sprint(got.Accounts) != "[me x@y.z]" {
		t.Errorf("JSON: %+v", got)
	}
	for _, target := range []string{
		"/login?email=x&password=p", "/login?email=x&email=y", "/login?email%5B%5D=x", "/login?Email%00=x", "/login?email=x%zz", "/login?password=q",
	} {
		if got := read(on, post(target, urlencoded, body)); got.Kind != Refused {
			t.Errorf("%s: %v %q", target, got.Kind, got.Accounts)
		}
	}
	if got := read(on, post("/login?email=x", urlencoded, "email=a&email=b&password=p")); got.Kind != Refused {
		t.Errorf("twice in the body: %v", got.Kind)
	}
	r := httptest.NewRequest("GET", "/login?email=a&password=p", nil)
	if got := read(on, r); got.Kind != Attempt || got.Accounts != nil {
		t.Errorf("GET: %+v", got)
	}
}

func TestGmailDotsAreAnOption(t *testing.T) {
	e := config.Endpoint{AccountFields: []string{"u"}, PasswordFields: []string{"p"}}
	plain := newReader(t, Options{}, e)
	e.GmailDots = true
	dots := newReader(t, Options{}, e)
	for typed, want := range map[string]string{
		"A.li.ce+shop@GoogleMail.com": "alice@gmail.com", "alice@gmail.com": "alice@gmail.com", "a.lice@shop.example": "a.lice@shop.example",
		"alice": "alice", "+x@gmail.com": "+x@gmail.com", "a@b@gmail.com": "a@b@gmail.com", "a.b@gmail.com.evil": "a.b@gmail.com.evil",
	} {
		if got := dots.FoldAccount(typed); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
		if got := plain.FoldAccount(typed); got != FoldAccount(typed) {
			t.Errorf("without the option %q: %q", typed, got)
		}
	}
}
