package blackbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// kind is one shop with the preset that guards it.
type kind struct {
	name, preset string
	make         func() *shoptest.Shop
	form         string // page of the login form
	account      string // as Alice types it
	inside       string // page that greets who is signed in
	script       bool   // the shop's form is sent by a script
}

func kinds() []kind {
	alice := shoptest.Alice()
	return []kind{
		{"woocommerce", "woocommerce", shoptest.WooCommerce, "/my-account/", alice.Name, "/my-account/", false},
		{"wordpress", "woocommerce", shoptest.WordPress, "/wp-login.php", alice.Name, "/wp-admin/", false},
		{"opencart3", "opencart3", shoptest.OpenCart3, "/index.php?route=account/login", alice.Email, "/index.php?route=account/account", false},
		{"opencart4", "opencart4", shoptest.OpenCart4, "/index.php?route=account/login", alice.Email, "/index.php?route=common/home", true},
		{"zencart", "zencart", shoptest.ZenCart, "/index.php?main_page=login", alice.Email, "/index.php?main_page=account", false},
		{"django", "django", shoptest.Django, "/admin/login/", alice.Name, "/admin/", false},
		{"generic", "", shoptest.Generic, "/login", alice.Email, "/account", false},
	}
}

// twoSites is a shop behind two guards: the usual one on $PORT, and one on
// $PORT2 that asks everybody it does not know.
func twoSites(shop *shoptest.Shop, preset string) string {
	return strings.TrimSuffix(guardtest.Site(shop.URL, preset), "\n") + fmt.Sprintf(`
http://localhost:$PORT2 {
	login_guard %s {
		site shop2
		ask_after 3d
	}
	reverse_proxy %s
}
`, preset, strings.TrimPrefix(shop.URL, "http://"))
}

// scripted are the headers of OpenCart 4's own script.
var scripted = []string{"X-Requested-With", "XMLHttpRequest", "Accept", "application/json, text/javascript, */*; q=0.01", "Sec-Fetch-Mode", "cors"}

func (k kind) headers() []string {
	if k.script {
		return scripted
	}
	return nil
}

func TestOfEachShopRightLogsInAndWrongIsAFailure(t *testing.T) {
	t.Parallel()
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			shop := k.make().Start(t)
			g := guardtest.Start(t, guardtest.Site(shop.URL, k.preset))
			p := visitor(t, g.URL, "203.0.113.10")

			to, form := p.loginForm(k.form, k.account, "wrong "+shoptest.Alice().Password)
			wrong := p.post(to, form.Encode(), k.headers()...)
			if wrong.guard() != "" {
				t.Fatalf("a first wrong password meets %q", wrong.guard())
			}
			if d := g.LastDecision(1); d.Action != "allow" || d.Outcome != "failure" || d.Mode != "enforce" {
				t.Errorf("wrong password: %+v\n%s\n%s", d, wrong.Status, wrong.body)
			}
			if strings.Contains(p.get(k.inside).body, "alice") {
				t.Error("a wrong password logged in")
			}
			to, form = p.loginForm(k.form, k.account, shoptest.Alice().Password)
			right := p.post(to, form.Encode(), k.headers()...)
			if d := g.LastDecision(2); d.Action != "allow" || d.Outcome != "success" {
				t.Errorf("right password: %+v\n%s\n%s", d, right.Status, right.body)
			}
			inside := k.inside
			if k.name == "opencart4" {
				inside = "/index.php?route=common/home"
			}
			if !strings.Contains(p.get(inside).body, "alice") {
				t.Errorf("a right password did not log in: %s", right.body)
			}
			if n := len(shop.Logins()); n != 2 {
				t.Errorf("the shop ran %d logins, want 2: %+v", n, shop.Logins())
			}
			if n := len(g.Decisions()); n != 2 {
				t.Errorf("%d decisions, want 2: forms, pages and cookies are no logins", n)
			}
		})
	}
}

var (
	cookieValue = regexp.MustCompile(`^([^=]*)=[^;]*`)
	longRandom  = regexp.MustCompile(`[0-9a-f]{20,}`)
)

// shape is what must stay the same between two logins: cookies in their
// order with all but their values, and where the answer leads.
func shape(r reply) []string {
	out := []string{r.Status, longRandom.ReplaceAllString(r.Header.Get("Location"), "X")}
	for _, line := range r.Header["Set-Cookie"] {
		if !strings.Contains(line, "login_guard_") {
			out = append(out, cookieValue.ReplaceAllString(line, "$1=X"))
		}
	}
	return out
}

func TestOfEachShopAHeldLoginLandsWithTheShopsOwnAnswer(t *testing.T) {
	t.Parallel()
	for _, k := range kinds() {
		if k.script {
			continue // the next test's
		}
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			shop := k.make().Start(t)
			g := guardtest.Start(t, twoSites(shop, k.preset))
			alice := shoptest.Alice()

			// What the shop says to a login that nobody holds.
			plain := visitor(t, g.URL, "203.0.113.11")
			to, form := plain.loginForm(k.form, k.account, alice.Password)
			want := shape(plain.post(to, form.Encode()))

			p := visitor(t, g.Expand("http://localhost:$PORT2"), "203.0.113.12")
			to, form = p.loginForm(k.form, k.account, alice.Password)
			shop.Reset()
			c := p.check(p.post(to, form.Encode()), "slider")
			if n := len(shop.Requests()); n != 0 {
				t.Fatalf("%d requests reached the shop before the check", n)
			}
			if wantURL, err := url.Parse(to); err != nil || c.Action != wantURL.String() {
				t.Errorf("the form posts to %s, want the login's own address %s", c.Action, to)
			}
			got := p.slide(c)
			here := strings.NewReplacer(p.base, plain.base)
			gotShape := shape(got)
			for i := range gotShape {
				gotShape[i] = cookieHash.ReplaceAllString(here.Replace(gotShape[i]), "$1")
			}
			for i := range want {
				want[i] = cookieHash.ReplaceAllString(want[i], "$1")
			}
			if diff := cmp.Diff(want, gotShape); diff != "" {
				t.Errorf("the shop's answer changed on its way:\n%s", diff)
			}
			all := shop.Requests()
			if len(all) != 1 || string(all[0].Body) != form.Encode() || len(all[0].Logins) != 1 || all[0].Logins[0].Result != shoptest.Right {
				t.Fatalf("at the shop: %+v", all)
			}
			if !strings.Contains(p.get(k.inside).body, "alice") {
				t.Error("not signed in")
			}
		})
	}
}

// cookieHash is WordPress' hash of the site's address in a cookie's name.
var cookieHash = regexp.MustCompile(`(wordpress_(?:logged_in_)?)[0-9a-f]{32}`)

func TestAHeldLoginOfWordPressSetsBothItsCookiesInOrder(t *testing.T) {
	t.Parallel()
	shop := shoptest.WooCommerce().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "woocommerce", "ask_after 3d"))
	p := visitor(t, g.URL, "203.0.113.13")
	to, form := p.loginForm("/my-account/", "alice", shoptest.Alice().Password)
	got := shape(p.slide(p.check(p.post(to, form.Encode()), "slider")))
	for i := range got {
		got[i] = cookieHash.ReplaceAllString(got[i], "$1")
	}
	want := []string{"302 Found", g.URL + "/my-account/",
		"wordpress_=X; path=/wp-content/plugins; HttpOnly", "wordpress_=X; path=/wp-admin; HttpOnly",
		"wordpress_logged_in_=X; path=/; HttpOnly"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestALoginByScriptGetsAProblemAndNoPage(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "ask_after 3d"))
	p := visitor(t, g.URL, "203.0.113.14")
	r := p.wants(p.login(shoptest.Alice().Email, shoptest.Alice().Password, scripted...), http.StatusForbidden, "slider")
	if ct := r.Header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("Content-Type %q", ct)
	}
	for _, member := range []string{`"type":`, `"title":`, `"status":403`, `"detail":`, `"ref":"` + r.ref() + `"`, `"challenge":"/.login-guard/challenge/` + r.ref() + `"`} {
		if !strings.Contains(r.body, member) {
			t.Errorf("no %s in %s", member, r.body)
		}
	}
	if n := len(shop.Requests()); n != 0 {
		t.Errorf("%d requests reached the shop", n)
	}
}
