package blackbox_test

import (
	"encoding/base32"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/factor/totp"
	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// door is one shop as a customer with a second factor meets it.
type door struct {
	preset  string
	shop    func() *shoptest.Shop
	login   func(p *person, account, password string) reply
	private string // a page that only who is signed in gets
	inside  string // what stands on it then
}

var doors = []door{
	{"opencart3", shoptest.OpenCart3, func(p *person, account, password string) reply {
		return p.post("/index.php?route=account/login", url.Values{"email": {account}, "password": {password}}.Encode())
	}, "/index.php?route=account/account", "Signed in"},
	{"opencart4", shoptest.OpenCart4, loginOpenCart4, "/", "Signed in"},
	{"woocommerce", shoptest.WooCommerce, func(p *person, account, password string) reply {
		to, form := p.loginForm("/my-account/", account, password)
		return p.post(to, form.Encode())
	}, "/my-account/", "Hello <strong>"},
	{"zencart", shoptest.ZenCart, func(p *person, account, password string) reply {
		to, form := p.loginForm("/index.php?main_page=login", account, password)
		return p.post(to, form.Encode())
	}, "/index.php?main_page=account", "Signed in"},
	{"django", shoptest.Django, func(p *person, account, password string) reply {
		to, form := p.loginForm("/admin/login/", strings.TrimSuffix(account, "@shop.example"), password)
		return p.post(to, form.Encode())
	}, "/admin/", "Welcome, <strong>"},
	{"", shoptest.Generic, func(p *person, account, password string) reply {
		return p.post("/login", credentials(account, password))
	}, "/account", "Signed in"},
}

func loginOpenCart4(p *person, account, password string) reply {
	to, form := p.loginForm("/index.php?route=account/login", account, password)
	return p.post(to, form.Encode(), "Sec-Fetch-Mode", "cors", "X-Requested-With", "XMLHttpRequest", "Accept", "application/json")
}

// secondForm reads the forms of a page of the second factor: what they post
// to, and all hidden fields.
func secondForm(t testing.TB, r reply) (action string, hidden url.Values) {
	t.Helper()
	m := regexp.MustCompile(`<form[^>]*action="([^"]*)"`).FindStringSubmatch(r.body)
	if m == nil {
		t.Fatalf("no form in the answer %d %s:\n%s", r.StatusCode, r.Header.Get("Login-Guard"), cut(r.body))
	}
	hidden = url.Values{}
	for _, tag := range regexp.MustCompile(`<input[^>]*type="hidden"[^>]*>`).FindAllString(r.body, -1) {
		n := regexp.MustCompile(`name="(login_guard_[a-z]+)"`).FindStringSubmatch(tag)
		v := regexp.MustCompile(`value="([^"]*)"`).FindStringSubmatch(tag)
		if n != nil && v != nil && (n[1] == "login_guard_token" || n[1] == "login_guard_ticket") {
			hidden.Set(n[1], html.UnescapeString(v[1]))
		}
	}
	return html.UnescapeString(m[1]), hidden
}

func cut(s string) string { return s[:min(len(s), 1500)] }

// sends posts a step of the second factor's or the account's form.
func (p *person) sends(r reply, fields ...string) reply {
	p.t.Helper()
	action, form := secondForm(p.t, r)
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set("login_guard_"+fields[i], fields[i+1])
	}
	return p.post(action, form.Encode())
}

// follows goes where an answer leads.
func (p *person) follows(r reply) reply {
	p.t.Helper()
	for range 5 {
		to := r.Header.Get("Location")
		if to == "" || r.StatusCode < 300 || r.StatusCode > 399 {
			return r
		}
		r = p.get(to)
	}
	return r
}

// phone is an authenticator app.
type phone struct {
	secret   []byte
	recovery []string
	off      time.Duration // of the gateway's clock, which some tests set
}

// code is what the app shows; the next one each time, as a code is good once.
func (a *phone) code(ahead int) string {
	// One of a step ago is not good any more after the next one: with less
	// than two seconds left it may come too late.
	if left := 30*time.Second - time.Duration(time.Now().Add(a.off).UnixNano())%(30*time.Second); ahead < 0 && left < 2*time.Second {
		time.Sleep(left)
	}
	return totp.Code(a.secret, totp.Step(time.Now().Add(a.off))+int64(ahead))
}

// enrols sets an app up on the account page, whoever is signed in.
func (p *person) enrols() *phone {
	p.t.Helper()
	r := p.get("/.login-guard/account")
	r = p.sends(r, "step", "setup")
	r = p.sends(r, "step", "add", "method", "app")
	return p.enrolsApp(r)
}

// enrolsApp goes on from the page with the QR code to the last.
func (p *person) enrolsApp(r reply) *phone {
	p.t.Helper()
	a := phoneOf(p.t, regexp.MustCompile(`otpauth://totp/[^"]*`).FindString(r.body))
	a.off = p.off
	r = p.sends(r, "step", "app", "code", a.code(-1))
	a.recovery = regexp.MustCompile(`[2-9A-HJ-NP-Z]{4}(-[2-9A-HJ-NP-Z]{4}){3}`).FindAllString(r.body, -1)
	if len(a.recovery) < 10 {
		p.t.Fatalf("%d recovery codes on the page:\n%s", len(a.recovery), cut(r.body))
	}
	r = p.sends(r, "step", "saved")
	r = p.sends(r, "step", "typed", "code", a.recovery[3])
	if r = p.follows(r); r.StatusCode != http.StatusOK {
		p.t.Fatalf("after the set-up: %d", r.StatusCode)
	}
	return a
}

// phoneOf is an app with what a QR code says.
func phoneOf(t testing.TB, uri string) *phone {
	t.Helper()
	u, err := url.Parse(html.UnescapeString(uri))
	if err != nil || uri == "" {
		t.Fatalf("no otpauth address on the page (%v)", err)
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(u.Query().Get("secret"))
	if err != nil {
		t.Fatal(err)
	}
	return &phone{secret: secret}
}

func secondSite(d door, shop *shoptest.Shop, options ...string) string {
	return guardtest.Site(shop.URL, d.preset, append([]string{"second_factor optional", "ladder slider off picture off"}, options...)...)
}

func TestAPasswordAloneOpensNoAccountWithASecondFactor(t *testing.T) {
	for _, d := range doors {
		t.Run(d.preset, func(t *testing.T) {
			t.Parallel()
			shop := d.shop().Start(t)
			g := guardtest.Start(t, secondSite(d, shop))
			alice := shoptest.Alice()
			owner := visitor(t, g.URL, "198.51.100.7")
			d.login(owner, alice.Email, alice.Password)
			if r := owner.get(d.private); !strings.Contains(r.body, d.inside) {
				t.Fatalf("without a second factor Alice is not in: %d %s", r.StatusCode, cut(r.body))
			}
			app := owner.enrols()

			thief := visitor(t, g.URL, "203.0.113.9")
			r := d.login(thief, alice.Email, alice.Password)
			if got := r.guard(); got != "second-factor" && !strings.Contains(r.body, "/.login-guard/challenge/second") {
				t.Fatalf("the login met %q: %d\n%s", got, r.StatusCode, cut(r.body))
			}
			for _, c := range r.Cookies() {
				if !strings.Contains(c.Name, "login_guard_") {
					t.Errorf("the shop's cookie %s went out before the second factor", c.Name)
				}
			}
			for _, path := range []string{d.private, "/", "/anything?x=1"} {
				if r := thief.get(path); strings.Contains(r.body, d.inside) {
					t.Errorf("%s is open with the password alone", path)
				}
			}
			page := thief.get("/.login-guard/challenge/second")
			if r := thief.sends(page, "step", "second", "method", "app", "code", "000000"); strings.Contains(r.body, d.inside) || r.guard() != "second-factor" {
				t.Errorf("a wrong code met %q", r.guard())
			}
			if r := thief.get(d.private); strings.Contains(r.body, d.inside) {
				t.Error("open after a wrong code")
			}

			owner = visitor(t, g.URL, "198.51.100.8")
			r = d.login(owner, alice.Email, alice.Password)
			page = r
			if r.StatusCode != http.StatusOK || !strings.Contains(r.Header.Get("Content-Type"), "text/html") {
				page = owner.get("/.login-guard/challenge/second")
			}
			r = owner.follows(owner.sends(page, "step", "second", "method", "app", "code", app.code(0)))
			if r = owner.get(d.private); !strings.Contains(r.body, d.inside) {
				t.Errorf("with the second factor Alice is not in: %d %s\n%s", r.StatusCode, r.guard(), cut(r.body))
			}
		})
	}
}

var byScript = []string{"Sec-Fetch-Mode", "cors", "Accept", "application/json"}

func TestAScriptGivesTheSecondFactorAndRepeatsItsLogin(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, secondSite(door{}, shop))
	alice := shoptest.Alice()
	owner := visitor(t, g.URL, "198.51.100.7")
	owner.login(alice.Email, alice.Password)
	app := owner.enrols()

	p := visitor(t, g.URL, "198.51.100.9")
	shop.Reset()
	refused := p.login(alice.Email, alice.Password, byScript...)
	var problem struct{ Challenge, Ref string }
	if err := json.Unmarshal([]byte(refused.body), &problem); err != nil || refused.StatusCode != http.StatusForbidden || refused.guard() != "second-factor" || problem.Challenge == "" {
		t.Fatalf("%d %q (%v)\n%s", refused.StatusCode, refused.guard(), err, refused.body)
	}
	ask := func(r reply) (got struct {
		Kind, Method, Error, Clearance string
		Methods                        []struct{ Method string }
		Left                           int
	}) {
		if err := json.Unmarshal([]byte(r.body), &got); err != nil {
			t.Fatalf("%v: %s", err, r.body)
		}
		return got
	}
	if got := ask(p.get(problem.Challenge, byScript...)); got.Kind != "second-factor" || got.Method != "app" || len(got.Methods) != 2 {
		t.Errorf("the task is %+v", got)
	}
	answer := func(code string) reply {
		return p.do(p.request(http.MethodPost, problem.Challenge, "application/json", `{"method":"app","code":"`+code+`"}`, byScript...))
	}
	if r := answer("123456"); r.StatusCode != http.StatusForbidden || ask(r).Error != "wrong" || ask(r).Left != 4 {
		t.Errorf("a wrong code: %d %s", r.StatusCode, r.body)
	}
	clearance := ask(answer(app.code(0))).Clearance
	if clearance == "" {
		t.Fatal("no clearance for the right code")
	}
	with := append([]string{"Login-Guard-Clearance", clearance}, byScript...)
	p.login("bob@shop.example", "a guess", with...)
	if r := p.get("/account"); strings.Contains(r.body, "Signed in") {
		t.Error("the clearance is good for another login")
	}
	if r := p.login(alice.Email, alice.Password, with...); r.guard() != "second-factor" {
		t.Errorf("a clearance that was spent on another login is still good: %d %s", r.StatusCode, r.guard())
	}
	clearance = ask(answer(app.code(1))).Clearance
	before := len(shop.Logins())
	r := p.login(alice.Email, alice.Password, append([]string{"Login-Guard-Clearance", clearance}, byScript...)...)
	if r.guard() != "" || r.StatusCode >= 400 || len(r.Cookies()) == 0 {
		t.Errorf("the repeated login: %d %q %s", r.StatusCode, r.guard(), cut(r.body))
	}
	if n := len(shop.Logins()) - before; n != 0 {
		t.Errorf("the shop was asked %d times more", n)
	}
	if r := p.get("/account"); !strings.Contains(r.body, "Signed in") {
		t.Error("not signed in afterwards")
	}
}

// WordPress signs customers in by their user name or their address, and in
// more places than one.
func TestEveryNameAndDoorOfAnAccountAsksForItsSecondFactor(t *testing.T) {
	t.Parallel()
	shop := shoptest.WordPress().Start(t)
	g := guardtest.Start(t, secondSite(door{preset: "woocommerce"}, shop))
	alice := shoptest.Alice()
	owner := visitor(t, g.URL, "198.51.100.7")
	enter := func(p *person, name string) reply {
		return p.post("/wp-login.php", url.Values{"log": {name}, "pwd": {alice.Password}}.Encode())
	}
	enter(owner, alice.Email)
	owner.enrols()
	for i, name := range []string{alice.Name, alice.Email, "ALICE", " alice ", "alic\u00e9@shop.example"} {
		p := visitor(t, g.URL, fmt.Sprintf("203.0.113.%d", 10+i))
		r := enter(p, name)
		for _, c := range r.Cookies() {
			if strings.HasPrefix(c.Name, "wordpress_logged_in") && c.Value != "" {
				t.Errorf("as %q the password alone signs in: %d %s", name, r.StatusCode, r.guard())
			}
		}
	}
}
