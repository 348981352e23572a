package blackbox_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// Whoever has no second factor meets nothing of all this.
func TestTheShopIsOpenToWhoHasNoSecondFactor(t *testing.T) {
	for _, d := range doors {
		t.Run(d.preset, func(t *testing.T) {
			t.Parallel()
			e := enrolled(t, d)
			bob := shoptest.Bob()
			for i := range 3 {
				p := visitor(t, e.g.URL, fmt.Sprintf("192.0.2.%d", i+1))
				for _, path := range []string{"/", "/", e.private} {
					if r := p.get(path); r.guard() != "" {
						t.Errorf("a guest's %s met %q", path, r.guard())
					}
				}
				if i == 1 {
					wrong := bob
					wrong.Password = "wrong"
					if r := e.login2(p, wrong); r.guard() != "" {
						t.Errorf("a wrong password met %q", r.guard())
					}
				}
				if r := e.login2(p, bob); r.guard() != "" {
					t.Errorf("Bob's login met %q", r.guard())
				}
				if r := p.get(d.private); d.preset != "django" && !strings.Contains(r.body, d.inside) || r.guard() != "" {
					t.Errorf("Bob is not in: %d %s", r.StatusCode, cut(r.body))
				}
			}
			// A wrong password of somebody who has a second factor is the shop's to answer.
			p := visitor(t, e.g.URL, "192.0.2.9")
			p.get("/")
			wrong := shoptest.Alice()
			wrong.Password = "wrong"
			if r := e.login2(p, wrong); r.guard() != "" {
				t.Errorf("Alice's wrong password met %q", r.guard())
			}
			if r := p.get("/"); r.guard() != "" {
				t.Errorf("after a wrong password the shop met %q", r.guard())
			}
		})
	}
}

func TestGuestsShopUntouched(t *testing.T) {
	t.Parallel()
	e, _ := plainShop(t)
	p := visitor(t, e.g.URL, "192.0.2.20")
	p.get("/")
	for range 3 {
		if r := p.post("/cart", "product=12"); r.StatusCode != http.StatusSeeOther || r.guard() != "" {
			t.Errorf("adding to the cart met %d %q", r.StatusCode, r.guard())
		}
	}
	if r := p.get("/cart"); !strings.Contains(r.body, `id="count">3<`) {
		t.Errorf("the cart: %s", r.body)
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, _ := w.CreateFormFile("file", "a.bin")
	file := bytes.Repeat([]byte{0, 255, 13, 10}, 1<<18)
	_, _ = part.Write(file)
	_ = w.Close()
	e.shop.Reset()
	p.do(p.request("POST", "/upload", w.FormDataContentType(), form.String()))
	if all := e.shop.Requests(); len(all) != 1 || !bytes.Equal(all[0].Body, form.Bytes()) {
		t.Errorf("an upload did not reach the shop byte for byte: %d requests", len(all))
	}
}

// Who does not want to go on shops on, signed out, with the cart of a guest.
func TestCancelLeadsBackToTheShop(t *testing.T) {
	t.Parallel()
	for _, d := range doors {
		t.Run(d.preset, func(t *testing.T) {
			t.Parallel()
			e := enrolled(t, d)
			p := visitor(t, e.g.URL, "192.0.2.30")
			p.get("/")
			p.spied(e.hers())
			page := e.in(p)
			if page.guard() != "second-factor" || !strings.Contains(page.body, "<form") {
				page = p.get("/.login-guard/challenge/second")
			}
			r := p.follows(p.sends(page, "step", "cancel"))
			for _, path := range []string{"/", d.private} {
				if r = p.get(path); r.guard() != "" {
					t.Errorf("after Cancel %s met %q", path, r.guard())
				}
			}
			bob := shoptest.Bob()
			if r := e.login2(p, bob); r.guard() != "" {
				t.Errorf("after Cancel another's login met %q", r.guard())
			}
		})
	}
}

func TestCancelOfAnotherWebsiteIsRefused(t *testing.T) {
	t.Parallel()
	e, _ := plainShop(t)
	p := visitor(t, e.g.URL, "192.0.2.31")
	page := e.in(p)
	action, form := secondForm(t, page)
	form.Set("login_guard_step", "cancel")
	for _, to := range []string{action, "/.login-guard/challenge/second"} {
		if r := p.post(to, form.Encode(), "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"); r.StatusCode != http.StatusForbidden {
			t.Errorf("%s from another website met %d", to, r.StatusCode)
		}
	}
	p.sends(page, "step", "second", "method", "app", "code", e.app.code(0))
	if !e.isIn(p) {
		t.Error("the sign-in was ended by another website")
	}
}

func TestAReloadAndARestartLeaveSessionsShut(t *testing.T) {
	t.Parallel()
	l, g, app := looseDoor(t, "evershop")
	alice := shoptest.Alice()
	thief := visitor(t, g.URL, "203.0.113.9")
	thief.get("/")
	thief.spied(canary)
	thief.jsonLogin(alice.Email, alice.Password)
	// A login that is with the shop while the configuration changes.
	flying := visitor(t, g.URL, "203.0.113.10")
	flying.get("/")
	flying.spied(canary)
	came, goOn := make(chan bool, 1), make(chan bool)
	l.set(func() { l.before = func(*http.Request) { came <- true; <-goOn } })
	landed := make(chan bool)
	go func() {
		defer close(landed)
		flying.tries(flying.request("POST", "/api/customer/login", "application/json", fmt.Sprintf(`{"email":%q,"password":%q}`, alice.Email, alice.Password), "Sec-Fetch-Mode", "cors"))
	}()
	<-came
	l.set(func() { l.before = nil })
	if said := g.Reload(looseSite(l, "evershop", "mode enforce")); said != "" {
		t.Fatal(said)
	}
	thief.get("/account")
	flying.get("/account")
	close(goOn)
	<-landed
	for range 5 {
		thief.get("/account")
		flying.get("/account")
		time.Sleep(20 * time.Millisecond)
	}
	g.Kill()
	g.Again()
	shared.CloseIdleConnections()
	thief.get("/account")
	flying.get("/account")
	thief.jsonLogin(alice.Email, alice.Password)
	thief.get("/account")
	owner := visitor(t, g.URL, "198.51.100.9")
	owner.get("/")
	owner.jsonLogin(alice.Email, alice.Password)
	if r := owner.opens(app, 0); !strings.Contains(r.body, canary) {
		t.Errorf("after a restart the owner is not in with his factor: %d %s", r.StatusCode, cut(r.body))
	}
}

// What the operator turns off is off: nothing is asked for and nothing shut.
func TestTurnedOffNothingIsAskedFor(t *testing.T) {
	t.Parallel()
	l, g, _ := looseDoor(t, "evershop")
	alice := shoptest.Alice()
	p := visitor(t, g.URL, "203.0.113.9")
	p.get("/")
	p.jsonLogin(alice.Email, alice.Password)
	off := strings.Replace(looseSite(l, "evershop"), "second_factor optional", "second_factor off", 1)
	for _, site := range []string{off, strings.Replace(looseSite(l, "evershop"), "second_factor optional", "second_factor optional\n\t\tmode monitor", 1)} {
		if said := reload(g, site); said != "" {
			t.Fatal(said)
		}
		if r := p.get("/account"); !strings.Contains(r.body, canary) {
			t.Errorf("turned off, a session is still shut: %d %s", r.StatusCode, r.guard())
		}
		q := visitor(t, g.URL, "203.0.113.10")
		q.get("/")
		if r := q.jsonLogin(alice.Email, alice.Password); r.guard() != "" {
			t.Errorf("turned off, a login met %q", r.guard())
		}
	}
	if said := reload(g, looseSite(l, "evershop")); said != "" {
		t.Fatal(said)
	}
	if r := p.get("/account"); strings.Contains(r.body, canary) {
		t.Error("turned on again, the session that waits is open")
	}
}

// A login_guard in front that asks for no second factor does not decide for
// one behind it that does.
func TestAGuardInFrontDoesNotDecideForTheSecondFactor(t *testing.T) {
	t.Parallel()
	l, g, _ := looseDoor(t, "evershop")
	chain := strings.Replace(looseSite(l, "evershop"), "	login_guard evershop {", "	login_guard evershop {\n\t\tsite outer\n\t\tpath_prefix /.outer/\n\t\tladder slider off picture off\n\t}\n	login_guard evershop {", 1)
	if said := reload(g, chain); said != "" {
		t.Fatal(said)
	}
	alice := shoptest.Alice()
	thief := visitor(t, g.URL, "203.0.113.9")
	thief.get("/")
	thief.spied(canary)
	thief.jsonLogin(alice.Email, alice.Password)
	thief.get("/account")
}

// Where another shop stands in for one that is down, nobody would hold what it
// says to a login.
func TestAStandInDoesNotLetIn(t *testing.T) {
	t.Parallel()
	l, g, _ := looseDoor(t, "evershop")
	second := startLoose(t)
	second.sessions = l.sessions
	site := strings.Replace(looseSite(l, "evershop"), "	reverse_proxy ", "	handle_errors {\n\t\treverse_proxy "+strings.TrimPrefix(second.URL, "http://")+"\n\t}\n	reverse_proxy ", 1)
	if said := reload(g, site); said != "" {
		t.Fatal(said)
	}
	alice := shoptest.Alice()
	thief := visitor(t, g.URL, "203.0.113.9")
	thief.get("/")
	thief.spied(canary)
	l.set(func() { l.before = func(*http.Request) { panic(http.ErrAbortHandler) } })
	thief.jsonLogin(alice.Email, alice.Password)
	thief.get("/account")
	l.Close()
	fresh := visitor(t, g.URL, "203.0.113.10")
	fresh.get("/")
	fresh.spied(canary)
	fresh.jsonLogin(alice.Email, alice.Password)
	fresh.get("/account")
}
