package blackbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// zenLike is a shop that takes its session from a form before the query and
// from that before its cookie, begins a new one at a login, and leaves the old
// as it was: Zen Cart over HTTPS, but for its token.
func zenLike(t *testing.T) string {
	var mu sync.Mutex
	customers := map[string]string{}
	alice, bob := shoptest.Alice(), shoptest.Bob()
	passwords := map[string]string{alice.Email: alice.Password, bob.Email: bob.Password}
	n := 0
	begins := func(w http.ResponseWriter, customer string) string {
		n++
		id := fmt.Sprintf("begun%021d", n)
		customers[id] = customer
		http.SetCookie(w, &http.Cookie{Name: "zenid", Value: id, Path: "/", HttpOnly: true})
		return id
	}
	// The last of several is the one, as in PHP.
	last := func(raw string) (id string) {
		for part := range strings.SplitSeq(raw, "&") {
			if v, ok := strings.CutPrefix(part, "zenid="); ok {
				id = v
			}
		}
		return id
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := new(strings.Builder)
		if r.Method == http.MethodPost {
			b := make([]byte, 1<<16)
			for {
				m, err := r.Body.Read(b)
				body.Write(b[:m])
				if err != nil {
					break
				}
			}
		}
		mu.Lock()
		defer mu.Unlock()
		id := ""
		if c, err := r.Cookie("zenid"); err == nil {
			id = c.Value
		}
		if v := last(r.URL.RawQuery); v != "" {
			id = v
		}
		if v := last(body.String()); v != "" {
			id = v
		}
		form, _ := url.ParseQuery(strings.ReplaceAll(body.String(), "amp;", "amp-"))
		switch page := r.URL.Query().Get("main_page"); {
		case page == "login" && r.Method == http.MethodPost && passwords[form.Get("email_address")] != "" && passwords[form.Get("email_address")] == form.Get("password"):
			begins(w, form.Get("email_address"))
			w.Header().Set("Location", "/index.php?main_page=account")
			w.WriteHeader(http.StatusFound)
		case page == "account_edit" && customers[id] != "":
			fmt.Fprintf(w, `<form><input type="text" name="email_address" value="%s"></form>`, customers[id])
		case page == "account" && customers[id] != "":
			fmt.Fprintf(w, "Signed in: %s", customers[id])
		default:
			if customers[id] == "" && id == "" {
				begins(w, "")
			}
			fmt.Fprint(w, "<h1>Shop</h1>")
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// The shop is asked who signed in, and with several sessions in one login it may
// tell of another than the one that the login made.
func TestTheFactorOfOnesOwnSessionOpensNoOther(t *testing.T) {
	t.Parallel()
	g := guardtest.Start(t, guardtest.Site(zenLike(t), "zencart", unlimited, "second_factor optional", "ladder slider off picture off"))
	alice, bob := shoptest.Alice(), shoptest.Bob()
	const login, account = "/index.php?main_page=login", "/index.php?main_page=account"
	enter := func(p *person, a shoptest.Account, to, more string) reply {
		return p.post(to, url.Values{"email_address": {a.Email}, "password": {a.Password}}.Encode()+more)
	}
	apps := map[string]*phone{}
	for i, a := range []shoptest.Account{alice, bob} {
		p := visitor(t, g.URL, fmt.Sprintf("198.51.100.%d", 7+i))
		p.get("/")
		enter(p, a, login, "")
		if !strings.Contains(p.get(account).body, a.Email) {
			t.Fatalf("%s is not in", a.Email)
		}
		apps[a.Email] = p.enrols()
	}
	own := visitor(t, g.URL, "203.0.113.8")
	own.get("/")
	own.sends(enter(own, bob, login, ""), "step", "second", "method", "app", "code", apps[bob.Email].code(0))
	if !strings.Contains(own.get(account).body, bob.Email) {
		t.Fatal("Bob is not in with his factor")
	}
	his := own.sessions()[0].Value
	fresh := "chosen-by-the-thief-000001"
	for i, c := range []struct {
		cookie   bool
		to, more string
	}{
		{true, login, "&zenid=" + fresh + "&amp;zenid=" + his},
		{true, login + "&zenid=" + his, "&zenid=" + fresh},
		{true, login + "&zenid=" + his, ""},
		{true, login, "&zenid=" + his},
		{false, login + "&amp;zenid=" + his, "&zenid=" + fresh},
		{false, login + "&zenid=" + his, ""},
		{false, login, "&zenid=" + his},
	} {
		thief := visitor(t, g.URL, fmt.Sprintf("203.0.113.%d", 20+i))
		if c.cookie {
			thief.get("/")
		}
		thief.spied("Signed in: " + alice.Email)
		page := enter(thief, alice, c.to, c.more)
		if strings.Contains(page.body, "login_guard_code") {
			thief.sends(page, "step", "second", "method", "app", "code", apps[bob.Email].code(1))
		}
		thief.get(account)
	}
	owner := visitor(t, g.URL, "198.51.100.9")
	owner.get("/")
	owner.sends(enter(owner, alice, login, ""), "step", "second", "method", "app", "code", apps[alice.Email].code(0))
	if !strings.Contains(owner.get(account).body, alice.Email) {
		t.Error("the owner is not in")
	}
}
