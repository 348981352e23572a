package blackbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// servlet is a shop as a Java container runs it: it takes sessions from a
// cookie, or from a parameter of the path, and signs in the one there is.
func servlet(t *testing.T) string {
	var mu sync.Mutex
	customers := map[string]string{}
	alice, bob := shoptest.Alice(), shoptest.Bob()
	passwords := map[string]string{alice.Email: alice.Password, numberOf(alice): alice.Password, bob.Email: bob.Password}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, params, _ := strings.Cut(r.URL.EscapedPath(), ";")
		_, id, _ := strings.Cut(params, "jsessionid=")
		if c, err := r.Cookie("JSESSIONID"); err == nil {
			id = c.Value
		}
		if id == "" {
			id = fmt.Sprintf("%032X", time.Now().UnixNano())
			http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: id, Path: "/", HttpOnly: true})
		}
		mu.Lock()
		defer mu.Unlock()
		switch {
		case path == "/login" && r.Method == http.MethodPost && customers[id] != "":
			// As many do to whoever is signed in, whatever was typed.
			w.Header().Set("Location", "/account")
			w.WriteHeader(http.StatusFound)
		case path == "/login" && r.Method == http.MethodPost && passwords[r.PostFormValue("email")] == r.PostFormValue("password"):
			customers[id] = strings.Replace(r.PostFormValue("email"), numberOf(alice), alice.Email, 1)
			w.Header().Set("Location", "/account")
			w.WriteHeader(http.StatusFound)
		case path == "/account" && customers[id] != "":
			fmt.Fprintf(w, "Signed in: %s %s", customers[id], canary)
		case path == "/me" && customers[id] != "":
			fmt.Fprintf(w, `{"email":%q}`, customers[id])
		case path == "/logout":
			delete(customers, id)
		default:
			fmt.Fprint(w, "<h1>Shop</h1>")
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// servletSite is what an operator writes for such a shop.
func servletSite(t *testing.T, more ...string) string {
	return guardtest.Site(servlet(t), "", unlimited, "second_factor optional", "ladder slider off picture off", `endpoint login {
			path /login
			account_field email
			password_field password
			success status 302 location /account
			failure status 200
			session_cookies JSESSIONID
			in_place
			`+strings.Join(more, "\n\t\t\t")+`
		}`)
}

// The shop is asked about the very session that it signed in, wherever that was
// named.
func TestWhoSignedInIsAskedOfTheSessionThatTheAddressNames(t *testing.T) {
	t.Parallel()
	g := guardtest.Start(t, servletSite(t, "identity /me json /email"))
	alice := shoptest.Alice()
	owner := visitor(t, g.URL, "198.51.100.7")
	owner.get("/")
	owner.login(alice.Email, alice.Password)
	owner.enrols()
	for i, session := range []string{"in-the-path-000000000000000000001", "IN%2Dthe-path-000000000000000000002"} {
		p := visitor(t, g.URL, fmt.Sprintf("203.0.113.%d", 9+i))
		p.spied(canary)
		if r := p.post("/login;jsessionid="+session, credentials(numberOf(alice), alice.Password)); r.guard() != "second-factor" {
			t.Errorf("%s met %d %q", session, r.StatusCode, r.guard())
		}
		p.get("/account;jsessionid=" + session)
	}
}

// A session of one's own is nobody else's, wherever it is named.
func TestOnesOwnSessionInThePathSetsUpNoFactorForAnother(t *testing.T) {
	t.Parallel()
	g := guardtest.Start(t, servletSite(t))
	alice, bob := shoptest.Alice(), shoptest.Bob()
	for i, in := range []string{"/login;jsessionid=", "/login?JSESSIONID=x;jsessionid=", "/login;jsessionid=%20"} {
		p := visitor(t, g.URL, fmt.Sprintf("203.0.113.%d", 9+i))
		p.get("/")
		p.login(bob.Email, bob.Password)
		if !strings.Contains(p.get("/account").body, bob.Email) {
			t.Fatal("Bob is not in")
		}
		own := p.sessions()[0].Value
		q := visitor(t, g.URL, "203.0.113.200")
		r := q.post(in+own, credentials(alice.Email, "a guess"))
		if page := q.get("/.login-guard/account"); strings.Contains(page.body, "a•••") {
			t.Errorf("%s: after %d without her password Alice's account page is open:\n%s", in, r.StatusCode, cut(page.body))
		}
	}
}

func TestASessionInThePathIsShutAsWell(t *testing.T) {
	t.Parallel()
	g := guardtest.Start(t, servletSite(t))
	alice := shoptest.Alice()
	owner := visitor(t, g.URL, "198.51.100.7")
	owner.get("/")
	owner.login(alice.Email, alice.Password)
	if !strings.Contains(owner.get("/account").body, canary) {
		t.Fatal("the owner is not in")
	}
	owner.enrols()

	thief := visitor(t, g.URL, "203.0.113.9")
	thief.get("/")
	thief.spied(canary)
	if r := thief.login(alice.Email, alice.Password); r.guard() != "second-factor" {
		t.Fatalf("the login met %q", r.guard())
	}
	for _, c := range thief.sessions() {
		for _, path := range []string{"/account;jsessionid=" + c.Value, "/account;JSESSIONID=" + c.Value, "/account;a=b;jsessionid=" + c.Value, "/account;jsessionid=" + strings.ToLower(c.Value)} {
			thief.sendsCookies("GET", path)
			thief.sendsCookies("POST", path)
		}
	}
	// A login whose session only the path names.
	const chosen = "0123456789ABCDEF0123456789ABCDEF"
	r := thief.request("POST", "/login;jsessionid="+chosen, formType, credentials(alice.Email, alice.Password))
	thief.client.Jar = nil
	thief.do(r)
	thief.sendsCookies("GET", "/account;jsessionid="+chosen)
	thief.sendsCookies("GET", "/account", "JSESSIONID="+chosen)
}

// Whoever has an account of his own can have any text shut that stands for a
// session in an address, also one that many links have.
func TestALinkOfManyIsNotShutForAll(t *testing.T) {
	_, g, _ := looseDoor(t, "evershop")
	alice := shoptest.Alice()
	vandal := visitor(t, g.URL, "203.0.113.9")
	vandal.do(vandal.request("POST", "/api/customer/login?sid=newsletter-2026-11-23", "application/json",
		fmt.Sprintf(`{"email":%q,"password":%q}`, alice.Email, alice.Password), "Sec-Fetch-Mode", "cors"))
	for from, to := range map[string]string{
		"/?sid=newsletter-2026-11-23":                        "/",
		"/?a=b&sid=newsletter-2026-11-23&c=%2Fd":             "/?a=b&c=%2Fd",
		"/caf%C3%A9?x=1;sid=newsletter-2026-11-23":           "/caf%C3%A9?x=1",
		"/a%2Fb?sid=newsletter-2026-11-23&sid=anything-else": "/a%2Fb",
	} {
		guest := visitor(t, g.URL, "192.0.2.77")
		r := guest.get(from)
		if r.StatusCode != http.StatusFound || r.Header.Get("Location") != to {
			t.Errorf("%s met %d %q and leads to %q, want %s", from, r.StatusCode, r.guard(), r.Header.Get("Location"), to)
			continue
		}
		if r = guest.get(to); r.guard() != "" {
			t.Errorf("%s met %q", to, r.guard())
		}
	}
	guest := visitor(t, g.URL, "192.0.2.78")
	for _, path := range []string{"//evil.example/?sid=newsletter-2026-11-23", "/\\evil.example/?sid=newsletter-2026-11-23"} {
		if r := guest.get(path); r.Header.Get("Location") != "" && !strings.HasPrefix(r.Header.Get("Location"), "/%5C") {
			t.Errorf("%s leads to %q", path, r.Header.Get("Location"))
		}
	}
	if r := guest.post("/?sid=newsletter-2026-11-23", "a=b"); r.guard() != "second-factor" {
		t.Errorf("a form met %q", r.guard())
	}
}

// Nothing that the sender of "Cancel" says makes the sign-out another request:
// the session is open at the shop.
func TestSigningOutIsNothingElse(t *testing.T) {
	t.Parallel()
	e := enrolled(t, doors[0])
	p := visitor(t, e.g.URL, "203.0.113.9")
	p.get("/")
	page := e.in(p)
	action, form := secondForm(t, page)
	form.Set("login_guard_step", "cancel")
	e.shop.Reset()
	p.post(action, form.Encode(), "X-HTTP-Method-Override", "DELETE", "X-Original-URL", "/index.php?route=account/edit", "X-Rewrite-Url", "/x", "Authorization", "Basic eDp5", "Range", "bytes=0-1")
	seen := false
	for _, r := range e.shop.Requests() {
		u, err := url.Parse(r.URI)
		if err != nil || u.Query().Get("route") != "account/logout" {
			continue
		}
		seen = true
		for _, name := range []string{"X-Http-Method-Override", "X-Original-Url", "X-Rewrite-Url", "Authorization", "Range", "Content-Type"} {
			if v := r.Header[name]; v != nil {
				t.Errorf("%s: %q reached the shop", name, v)
			}
		}
		if r.Method != http.MethodGet || r.Header["Cookie"] == nil {
			t.Errorf("%s with %q", r.Method, r.Header["Cookie"])
		}
	}
	if !seen {
		t.Error("the shop was not asked to sign out")
	}
}

// A session that is kept signed in to an account of one's own is taken for
// another's by a shop that says yes to whoever is signed in.
func TestASessionOfDaysSetsUpNoFactorForAnother(t *testing.T) {
	e, c := clocked(t, doors[0])
	bob, alice := shoptest.Bob(), shoptest.Alice()
	p := visitor(t, e.g.URL, "203.0.113.9")
	p.get("/index.php?route=account/login")
	e.login(p, bob.Email, bob.Password)
	c.goes(t, e, 26*time.Hour)
	if !strings.Contains(p.get(e.private).body, e.inside) {
		t.Fatal("Bob is not signed in any more")
	}
	if r := e.login(p, alice.Email, "a guess"); r.StatusCode != http.StatusFound {
		t.Fatalf("the shop of the test should answer 302 to who is logged in, not %d", r.StatusCode)
	}
	if page := p.get("/.login-guard/account"); strings.Contains(page.body, "a•••") {
		t.Errorf("without her password Alice's account page is open:\n%s", cut(page.body))
	}
}

// A word that the address of a login has where some shop takes sessions from
// keeps nobody out who has a second factor, and tells nobody who has one.
func TestAWordInALoginsAddressIsNoSession(t *testing.T) {
	t.Parallel()
	e, _ := plainShop(t)
	alice := shoptest.Alice()
	p := visitor(t, e.g.URL, "198.51.100.8")
	p.get("/")
	if r := p.post("/login?session=expired", credentials(alice.Email, "wrong")); r.guard() != "" {
		t.Errorf("a wrong password met %d %q", r.StatusCode, r.guard())
	}
	e.shop.Reset()
	page := p.post("/login?session=expired&x=1", credentials(alice.Email, alice.Password))
	if !strings.Contains(page.body, `name="login_guard_code"`) {
		t.Fatalf("the login met %d %q: %s", page.StatusCode, page.guard(), cut(page.body))
	}
	if all := e.shop.Requests(); len(all) != 1 || all[0].URI != "/login?x=1" {
		t.Errorf("the shop was asked for %v", all)
	}
	p.sends(page, "step", "second", "method", "app", "code", e.app.code(0))
	if !e.isIn(p) {
		t.Error("the owner is not in")
	}
}
