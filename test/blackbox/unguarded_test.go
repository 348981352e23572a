package blackbox_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// unguarded is what status lists of one way in.
type unguarded struct {
	Method, Path, Issued, Advice string
	Seen                         int
}

func unguardedList(t *testing.T, g *guardtest.Gateway) []unguarded {
	t.Helper()
	var s struct {
		Sites []struct{ Unguarded []unguarded }
	}
	if err := json.Unmarshal([]byte(verb(t, g, "status", "--json")), &s); err != nil || len(s.Sites) != 1 || s.Sites[0].Unguarded == nil {
		t.Fatalf("%v: %+v", err, s)
	}
	return s.Sites[0].Unguarded
}

// unguardedLines are the log lines about ways in that nobody guards.
func unguardedLines(g *guardtest.Gateway) (lines []string) {
	for line := range strings.Lines(g.Log()) {
		if strings.Contains(line, "without a guarded login") {
			lines = append(lines, line)
		}
	}
	return lines
}

// besides is a shop with a second login for its app: JSON with names of its
// own, on a session that is renewed (/app/enter) or for a token (/app/token).
// On every answer its `shop_session` changes, as Laravel's does.
func besides(w http.ResponseWriter, r *http.Request) {
	id := func() string { return strings.ToLower(rand.Text()) }
	set := func(name string) { w.Header().Add("Set-Cookie", name+"="+id()+"; Path=/; HttpOnly") }
	body, _ := io.ReadAll(r.Body)
	right := strings.Contains(string(body), "opensesame")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	set("shop_session")
	_, err := r.Cookie("PHPSESSID")
	if err != nil {
		set("PHPSESSID")
	}
	switch {
	case strings.HasPrefix(r.URL.Path, "/app/enter") && right:
		if err == nil {
			set("PHPSESSID")
		}
	case r.URL.Path == "/app/token" && right:
		w.Header().Set("X-Auth-Token", id())
	case r.URL.Path == "/bye":
		w.Header().Add("Set-Cookie", "PHPSESSID=deleted; Max-Age=0; Path=/")
	case r.URL.Path == "/account/logout", r.URL.Path == "/login" && strings.Contains(string(body), "password=right"):
		set("PHPSESSID")
		w.Header().Set("Location", "/account")
		w.WriteHeader(http.StatusSeeOther)
	}
	fmt.Fprint(w, "<p>Shop</p>")
}

const secretBody = `{"kto":"canary-alice@shop.example","slovo":"opensesame"}`

func TestASecondLoginThatNobodyGuardsIsListedAndLoggedOnce(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"enforce", "monitor"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			g := behind(t, besides, "mode "+mode)
			p := visitor(t, g.URL, "203.0.113.1")
			enter := func() {
				t.Helper()
				r := p.do(p.request("POST", "/app/enter/4711?key=canary-query", "application/json", secretBody))
				if r.StatusCode != http.StatusOK || r.guard() != "" {
					t.Fatalf("%s %s", r.Status, r.guard())
				}
				p.get("/account")
			}
			p.get("/")
			enter()
			want := unguarded{"POST", "/app/enter/{id}", "session", "", 1}
			eventually(t, "log line", func() bool { return len(unguardedLines(g)) == 1 })
			for n := 1; n <= 3; n++ {
				want.Seen = n
				all := unguardedList(t, g)
				if len(all) != 1 || !strings.Contains(all[0].Advice, "endpoint login { path /app/enter/* ") {
					t.Fatalf("%+v", all)
				}
				if all[0].Advice = ""; all[0] != want {
					t.Fatalf("%+v, want %+v", all[0], want)
				}
				enter()
			}
			for range 2 {
				p.do(p.request("POST", "/app/token", "application/json", secretBody))
			}
			eventually(t, "log line of the token", func() bool { return len(unguardedLines(g)) == 2 })
			text := verb(t, g, "status")
			for _, want := range []string{
				"unguarded  POST /app/enter/{id} issued a session without being guarded; seen 4 times, last at 20",
				"unguarded  POST /app/token issued a token without being guarded; seen 2 times, last at 20",
			} {
				if !strings.Contains(text, want) {
					t.Errorf("status lacks %q:\n%s", want, text)
				}
			}
			lines := unguardedLines(g)
			for i, want := range []string{`"path":"/app/enter/{id}"`, `"path":"/app/token"`} {
				if !strings.Contains(lines[i], want) || !strings.Contains(lines[i], `"level":"warn"`) || !strings.Contains(lines[i], `"logger":"http.handlers.login_guard"`) {
					t.Errorf("%s", lines[i])
				}
			}
			if m := metrics(t, g); !strings.Contains(m, `caddy_login_guard_unguarded_sessions_total{site="shop"} 6`) {
				t.Error("the metric does not say 6")
			}
			for _, out := range []string{text, strings.Join(lines, ""), metrics(t, g), verb(t, g, "status", "--json")} {
				if strings.Contains(out, "canary") || strings.Contains(out, "4711") || strings.Contains(out, "opensesame") {
					t.Errorf("something of the request is told:\n%s", out)
				}
			}
			if d := g.Decisions(); len(d) != 0 {
				t.Errorf("decisions: %+v", d)
			}
		})
	}
}

func TestGuardedLoginsBasketsAndLogoutsAreNotListed(t *testing.T) {
	t.Parallel()
	g := behind(t, besides)
	p := visitor(t, g.URL, "203.0.113.1")
	p.get("/")
	for range 3 {
		p.post("/cart", "product=12") // its shop_session changes as ever
		p.get("/cart")
		p.login("a@b.c", "right")
		p.get("/account")
		p.post("/account/logout", "")
		p.get("/")
		p.do(p.request("POST", "/app/enter", "application/json", `{"kto":"x","slovo":"wrong"}`))
		p.get("/")
		p.post("/bye", "")
		p.post("/cart", "product=12") // a first session
	}
	if d := decided(t, g, 3); d[2].Outcome != "success" {
		t.Errorf("%+v", d)
	}
	if all, lines := unguardedList(t, g), unguardedLines(g); len(all)+len(lines) > 0 {
		t.Errorf("%+v\n%s", all, lines)
	}
}

func TestWhatBecomesGuardedIsListedNoMore(t *testing.T) {
	t.Parallel()
	upstream := shoptest.WooCommerce().Start(t)
	before := guardtest.Site(upstream.URL, "zencart")
	g := guardtest.Start(t, before)
	p := visitor(t, g.URL, "203.0.113.1")
	enter := func() {
		t.Helper()
		to, form := p.loginForm("/my-account/", shoptest.Alice().Name, shoptest.Alice().Password)
		p.post(to, form.Encode())
		if !strings.Contains(p.get("/my-account/").body, "alice") {
			t.Fatal("not logged in")
		}
		p.client.Jar = visitor(t, g.URL, "").client.Jar
	}
	enter()
	if all := unguardedList(t, g); len(all) != 1 || all[0].Path != "/my-account" {
		t.Fatalf("%+v", all)
	}
	if out := reload(g, strings.Replace(before, "site shop", "site shop\n\t\task_after 3d", 1)); out != "" {
		t.Fatal(out)
	}
	if all := unguardedList(t, g); len(all) != 1 {
		t.Errorf("a reload that guards nothing more forgets: %+v", all)
	}
	if out := reload(g, guardtest.Site(upstream.URL, "woocommerce")); out != "" {
		t.Fatal(out)
	}
	enter()
	if all := unguardedList(t, g); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}

func TestWhatASecondGuardCountsIsNotUnguardedToTheFirst(t *testing.T) {
	t.Parallel()
	shop := shoptest.WooCommerce().Start(t)
	g := guardtest.Start(t, strings.Replace(guardtest.Site(shop.URL, "zencart"), "\treverse_proxy", `	route {
		login_guard woocommerce {
			site shop
			limit register 50 per 1h
		}
	}
	reverse_proxy`, 1))
	p := visitor(t, g.URL, "203.0.113.1")
	to, form := p.loginForm("/my-account/", shoptest.Alice().Name, shoptest.Alice().Password)
	p.post(to, form.Encode())
	p.client.Jar = visitor(t, g.URL, "").client.Jar
	p.post("/my-account/", "email=new%40b.c&password=Long-Enough-1&register=Register&woocommerce-register-nonce=91f03c77aa")
	decided(t, g, 2)
	if lines := unguardedLines(g); len(lines) > 0 {
		t.Errorf("%s", lines)
	}
}

func TestShopsThatAreBrowsedBoughtFromAndLeftListNothing(t *testing.T) {
	t.Parallel()
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			shop := k.make().Start(t)
			// Registrations sign in too; their limit is what guards them.
			g := guardtest.Start(t, guardtest.Site(shop.URL, k.preset, "limit register 50 per 1h"))
			for range 3 {
				p := visitor(t, g.URL, "203.0.113.10")
				pages := []string{"/", k.form, k.inside, "/cart", "/cart/", "/index.php?route=checkout/cart", "/index.php?main_page=shopping_cart", "/checkout", "/checkout/"}
				browse := func() {
					for _, path := range pages {
						p.get(path)
					}
					for _, e := range errands(k.name) {
						p.do(p.request(e.method, e.path, e.contentType, e.body))
					}
				}
				leave := func() {
					for _, path := range []string{"/logout", "/index.php?route=account/logout", "/index.php?main_page=logoff", "/admin/logout/", "/wp-login.php?action=logout"} {
						p.get(path)
						p.post(path, "")
					}
				}
				browse()
				leave() // a registration signs in
				for _, password := range []string{"wrong", shoptest.Alice().Password} {
					to, form := p.loginForm(k.form, k.account, password)
					p.post(to, form.Encode(), k.headers()...)
				}
				browse()
				leave()
				browse()
			}
			if d := g.Decisions(); len(d) < 6 {
				t.Errorf("%d decisions, want those of 6 logins at least", len(d))
			}
			if all, lines := unguardedList(t, g), unguardedLines(g); len(all)+len(lines) > 0 {
				t.Errorf("%+v\n%s", all, lines)
			}
		})
	}
}

func TestARegistrationByGraphQLIsCounted(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	g := behind(t, func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		w.Header().Set("X-Auth-Token", "abc") // it signs in
	}, `endpoint register {
			path */shop-api
			graphql registerCustomerAccount input.emailAddress
		}
		limit register 3 per 1h`)
	p := visitor(t, g.URL, "203.0.113.1")
	for i := range 5 {
		r := p.do(p.request("POST", "/shop-api", "application/json", fmt.Sprintf(
			`{"query": "mutation { registerCustomerAccount(input: {emailAddress: \"new%d@b.c\", password: \"Long-Enough-1\"}) { __typename } }"}`, i)))
		if want := map[bool]int{true: http.StatusOK, false: http.StatusTooManyRequests}[i < 3]; r.StatusCode != want {
			t.Errorf("registration %d: %s, want %d", i+1, r.Status, want)
		}
	}
	if n := reached.Load(); n != 3 {
		t.Errorf("%d registrations at the shop, want 3", n)
	}
	if d := decided(t, g, 5); d[0].Endpoint != "register" || d[4].Action != "deny" || d[0].Account == "" {
		t.Errorf("%+v", d)
	}
	if all := unguardedList(t, g); len(all) > 0 {
		t.Errorf("what is counted is listed: %+v", all)
	}
}
