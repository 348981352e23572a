package blackbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// phpShop is the plainest of shops: every visit gets a session, a wrong
// password leads back to the form. It counts the passwords it judged.
func phpShop(t *testing.T) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var judged atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("PHPSESSID"); err != nil {
			http.SetCookie(w, &http.Cookie{Name: "PHPSESSID", Value: fmt.Sprint("fresh", judged.Load()), Path: "/"})
		}
		if p := r.FormValue("password"); p != "" {
			judged.Add(1)
			if p == "right" {
				http.Redirect(w, r, "/account", http.StatusFound)
				return
			}
		}
		http.Redirect(w, r, "/login", http.StatusFound)
	}))
	t.Cleanup(s.Close)
	return s, &judged
}

func TestAFirstVisitsSessionIsNoSuccess(t *testing.T) {
	t.Parallel()
	shop, judged := phpShop(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "ladder slider off picture off second_factor off deny off"))
	p := visitor(t, g.URL, "203.0.113.60").withoutCookies()
	for i := range 30 {
		r := p.login("alice@shop.example", fmt.Sprint("guess ", i))
		for _, c := range r.Cookies() {
			if strings.Contains(c.Name, "login_guard") {
				t.Fatalf("a wrong password earned %s", c.Name)
			}
		}
	}
	if n := judged.Load(); n > 5 {
		t.Errorf("%d of 30 guesses reached the shop, want at most 5", n)
	}
}

func TestAPreflightIsReadAsAnyRequest(t *testing.T) {
	t.Parallel()
	shop, judged := phpShop(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "origins https://www.example", "ladder slider off picture off second_factor off deny off"))
	p := visitor(t, g.URL, "203.0.113.61")
	for i := range 20 {
		p.do(p.request(http.MethodOptions, "/login?"+credentials("alice", fmt.Sprint("guess ", i)), "", "",
			"Origin", "https://www.example", "Access-Control-Request-Headers", "login-guard-clearance"))
	}
	if n := judged.Load(); n > 5 {
		t.Errorf("%d of 20 guesses by OPTIONS reached the shop", n)
	}
	if n := len(g.Decisions()); n < 6 {
		t.Errorf("%d decisions on 20 guesses", n)
	}
}

func TestALoginBesideAnotherActionIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ preset, body string }{
		{"django", "username=alice&password=x&old_password=mallory&new_password1=a&new_password2=a"},
		{"woocommerce", "username=alice&password=x&login=1&register=Register&email=m%40b.c"},
		{"woocommerce", "log=alice&pwd=x&pass1=new&pass2=new"},
		{"woocommerce", "username=alice&password=x&login=1&password_1=new"},
	} {
		t.Run(c.preset, func(t *testing.T) {
			t.Parallel()
			shop := shoptest.Generic().Start(t)
			g := guardtest.Start(t, guardtest.Site(shop.URL, c.preset))
			p := visitor(t, g.URL, "203.0.113.62")
			p.wants(p.post("/account/", c.body), http.StatusBadRequest, "unreadable")
			if n := len(shop.Requests()); n != 0 {
				t.Errorf("%d requests reached the shop", n)
			}
		})
	}
}

func TestASlowWayIsNotMultipliedByRenewing(t *testing.T) {
	t.Parallel()
	_, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.63")
	c := p.check(p.alice(), "slider")
	ask := func(path, challenge string) map[string]any {
		body, _ := json.Marshal(map[string]string{"hold": c.Hold, "challenge": challenge})
		r := p.do(p.request(http.MethodPost, "/.login-guard/"+path, "application/json", string(body)))
		var out map[string]any
		_ = json.Unmarshal([]byte(r.body), &out)
		return out
	}
	slow := ask("slow", c.Task.Token)
	task, ok := slow["task"].(map[string]any)
	if !ok {
		t.Fatalf("no slow way: %v", slow)
	}
	if again := ask("renew", task["token"].(string)); again["task"] != nil {
		t.Error("a place in the waiting line was renewed into another")
	}
	if first := ask("renew", c.Task.Token); first["task"] == nil {
		t.Errorf("the first renewal: %v", first)
	}
	if second := ask("renew", c.Task.Token); second["task"] != nil {
		t.Error("one check was renewed into two")
	}
}

func TestAPictureIsDrawnOnceAndSentAgainAFewTimes(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "ask_after 3d"))
	p := visitor(t, g.URL, "203.0.113.64")
	c := p.check(p.alice(), "slider")
	r := p.post("/login", url.Values{"login_guard_hold": {c.Hold}, "login_guard_step": {"picture"}}.Encode())
	picture := p.check(r, "picture").Task.Picture
	drawn, sent := map[string]bool{}, 0
	for range 20 {
		if r := p.get(picture); r.StatusCode == http.StatusOK {
			drawn[r.body] = true
			sent++
		}
	}
	if len(drawn) != 1 || sent == 0 || sent > 5 {
		t.Errorf("%d drawings of one picture were sent %d times", len(drawn), sent)
	}
}

// Each renewal leaves a mark of what is spent. Were they free, one address
// could fill the room that there is for all marks, and nobody's check would
// pass any more.
func TestRenewalsCountAsChecks(t *testing.T) {
	t.Parallel()
	_, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.65")
	renewed := 0
	for range 30 {
		c := p.check(p.alice(), "slider") // the same login again is free
		body, _ := json.Marshal(map[string]string{"hold": c.Hold, "challenge": c.Task.Token})
		if p.do(p.request(http.MethodPost, "/.login-guard/renew", "application/json", string(body))).StatusCode == http.StatusOK {
			renewed++
		}
	}
	if renewed == 0 || renewed > 20 {
		t.Errorf("%d of 30 renewals, want at most the 20 checks of an address", renewed)
	}
}

// To the first guard the request is a registration, to the second a login:
// the first must not blind the second.
func TestASideWayOfOneGuardIsStillALoginToTheNext(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, `{
	$GLOBAL
	login_guard {
		key $KEY
	}
}
http://localhost:$PORT {
	login_guard {
		site shop
		endpoint register {
			account_field email
			requires password
		}
	}
	login_guard {
		site shop
		ladder slider off picture off second_factor off deny off
		endpoint login {
			account_field email
			password_field password
			success status 303 cookie sid
		}
	}
	reverse_proxy `+strings.TrimPrefix(shop.URL, "http://")+`
}
`)
	p := visitor(t, g.URL, "203.0.113.66")
	for i := range 12 {
		p.login("alice@shop.example", fmt.Sprint("guess ", i))
	}
	if n := len(shop.Logins()); n > 5 {
		t.Errorf("%d of 12 guesses reached the shop", n)
	}
}
