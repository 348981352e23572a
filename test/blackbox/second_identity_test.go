package blackbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
)

// tellingDoors are the shops of which a page says who is signed in.
func tellingDoors() (all []door) {
	for _, d := range doors {
		if d.preset == "opencart3" || d.preset == "opencart4" || d.preset == "zencart" {
			all = append(all, d)
		}
	}
	return all
}

// numbered is Alice as a shop knows her that has customer numbers.
func numbered() shoptest.Account {
	a := shoptest.Alice()
	a.Number = "100042"
	return a
}

// telling starts a shop whose customers have numbers, and a gateway.
func telling(t *testing.T, d door, options ...string) *prey {
	t.Helper()
	e := &prey{door: d, shop: d.shop().Start(t)}
	e.shop.AddAccount(numbered())
	e.g = guardtest.Start(t, secondSite(d, e.shop, append([]string{unlimited}, options...)...))
	return e
}

// gives answers the page that asks for the factor.
func (e *prey) gives(p *person, page reply, app *phone, ahead int) {
	p.t.Helper()
	if page.StatusCode != http.StatusOK || !strings.Contains(page.Header.Get("Content-Type"), "text/html") {
		page = p.get("/.login-guard/challenge/second")
	}
	p.follows(p.sends(page, "step", "second", "method", "app", "code", app.code(ahead)))
}

func TestEveryNameOfAnAccountAsksForItsFactorWhereTheShopTellsWhoItIs(t *testing.T) {
	for _, d := range tellingDoors() {
		for _, by := range [][2]string{{numbered().Email, numbered().Number}, {numbered().Number, numbered().Email}} {
			t.Run(d.preset+", set up as "+by[0], func(t *testing.T) {
				t.Parallel()
				e := telling(t, d)
				owner := visitor(t, e.g.URL, "198.51.100.7")
				e.login(owner, by[0], numbered().Password)
				if !e.isIn(owner) {
					t.Fatal("without a second factor she is not in")
				}
				app := owner.enrols()

				thief := visitor(t, e.g.URL, "203.0.113.9")
				thief.get("/")
				thief.spied(e.hers())
				e.shop.SetDelay(100 * time.Millisecond)
				var all sync.WaitGroup
				var r reply
				all.Go(func() { r = e.login(thief, by[1], numbered().Password) })
				for i := range 60 {
					all.Go(func() {
						time.Sleep(time.Duration(i) * 8 * time.Millisecond)
						thief.tries(thief.request("GET", e.private, "", ""))
					})
				}
				all.Wait()
				e.shop.SetDelay(0)
				if got := r.guard(); got != "second-factor" && !strings.Contains(r.body, "/.login-guard/challenge/second") {
					t.Errorf("by another name the login met %q: %d\n%s", got, r.StatusCode, cut(r.body))
				}
				for _, path := range []string{e.private, "/"} {
					thief.get(path)
				}

				owner = visitor(t, e.g.URL, "198.51.100.8")
				e.gives(owner, e.login(owner, by[1], numbered().Password), app, 0)
				if !e.isIn(owner) {
					t.Error("by another name and with the factor she is not in")
				}
			})
		}
	}
}

func TestWhoHasNoFactorIsNotAskedAndTheShopIsAskedOnce(t *testing.T) {
	for _, d := range tellingDoors() {
		t.Run(d.preset, func(t *testing.T) {
			t.Parallel()
			e := telling(t, d)
			p := visitor(t, e.g.URL, "198.51.100.7")
			p.get("/")
			e.shop.Reset()
			e.login(p, numbered().Number, "wrong")
			if n := len(probesOf(e.shop)); n != 0 {
				t.Errorf("after a wrong password the shop was asked %d times who it is", n)
			}
			e.login(p, numbered().Number, numbered().Password)
			if !e.isIn(p) {
				t.Error("she is not in")
			}
			asked := probesOf(e.shop)
			if len(asked) != 1 {
				t.Fatalf("the shop was asked %d times who it is", len(asked))
			}
			if q := asked[0]; q.Method != "GET" || len(q.Body) != 0 || q.Header.Get("Accept-Encoding") != "identity" || q.Header.Get("Content-Type") != "" ||
				q.Header.Get("Cookie") == "" || strings.Contains(q.Header.Get("Cookie"), "login_guard") || !strings.HasPrefix(q.Header.Get("X-Forwarded-For"), "198.51.100.7,") ||
				q.Host != strings.TrimPrefix(e.g.URL, "http://") || !strings.Contains(q.Header.Get("Cache-Control"), "no-store") {
				t.Errorf("it was asked by %s %s %s %v", q.Method, q.URI, q.Host, q.Header)
			}
			if n := len(e.g.Decisions()); n != 2 {
				t.Errorf("%d decisions on two logins", n)
			}
		})
	}
}

// probesOf are the requests for a page of the account.
func probesOf(s *shoptest.Shop) (all []shoptest.Request) {
	for _, r := range s.Requests() {
		if strings.Contains(r.URI, "account/edit") || strings.Contains(r.URI, "account_edit") {
			all = append(all, r)
		}
	}
	return all
}

// aliases are names of Alice's account that nobody folds to her address, for
// shops that take them: the pattern is none to EverShop any more.
func aliases(preset string) []string {
	if preset == "evershop" {
		return []string{numberOf(shoptest.Alice())}
	}
	return []string{numberOf(shoptest.Alice()), "_lice@shop.example"}
}

func TestANameThatTheDatabaseTakesAsEqualAsksForTheFactor(t *testing.T) {
	for _, preset := range []string{"evershop", "vendure"} {
		t.Run(preset, func(t *testing.T) {
			t.Parallel()
			l, g, app := tellingDoor(t, preset)
			for i, name := range aliases(preset) {
				thief := visitor(t, g.URL, fmt.Sprintf("203.0.113.%d", 9+i))
				thief.get("/")
				thief.spied(canary)
				thief.spied(probeCanary)
				l.set(func() { l.before = func(*http.Request) { time.Sleep(200 * time.Millisecond) } })
				var all sync.WaitGroup
				var r reply
				all.Go(func() { r = thief.logsIn(preset, name, shoptest.Alice().Password) })
				for n := range map[string]int{"evershop": 100}[preset] { // Vendure's session is a new one
					all.Go(func() {
						time.Sleep(time.Duration(n) * 4 * time.Millisecond)
						thief.tries(thief.request("GET", "/account", "", ""))
					})
				}
				all.Wait()
				l.set(func() { l.before = nil })
				if r.guard() != "second-factor" {
					t.Errorf("as %q the login met %q: %d %s", name, r.guard(), r.StatusCode, cut(r.body))
				}
				for _, c := range r.Cookies() {
					if !strings.Contains(c.Name, "login_guard_") {
						t.Errorf("the cookie %s went out", c)
					}
				}
				if preset == "evershop" {
					thief.get("/account")
				}
			}
			owner := visitor(t, g.URL, "198.51.100.9")
			owner.get("/")
			owner.logsIn(preset, aliases(preset)[0], shoptest.Alice().Password)
			if r := owner.opens(app, 0); !strings.Contains(r.body, canary) {
				t.Errorf("with the factor she is not in: %d %s", r.StatusCode, cut(r.body))
			}
		})
	}
}

// tellingDoor is the loose shop with an app of Alice's, set up after a login
// as each preset's own script sends it.
func tellingDoor(t *testing.T, preset string, options ...string) (*loose, *guardtest.Gateway, *phone) {
	t.Helper()
	l := startLoose(t)
	g := guardtest.Start(t, looseSite(l, preset, options...))
	owner := visitor(t, g.URL, "198.51.100.7")
	owner.get("/")
	owner.logsIn(preset, shoptest.Alice().Email, shoptest.Alice().Password)
	return l, g, owner.enrols()
}

// logsIn sends a login as the preset's shop takes it.
func (p *person) logsIn(preset, account, password string) reply {
	p.t.Helper()
	if preset != "vendure" {
		return p.jsonLogin(account, password)
	}
	body := fmt.Sprintf(`{"query":"mutation { login(username: \"%s\", password: \"%s\") { ... on CurrentUser { id } } }"}`, account, password)
	return p.do(p.request("POST", "/shop-api", "application/json", body, "Sec-Fetch-Mode", "cors", "Accept", "application/json"))
}

// While the shop's page does not say who signed in, the name that was typed
// decides.
func TestWithoutAnAnswerTheTypedNameDecides(t *testing.T) {
	alice, bob := shoptest.Alice(), shoptest.Bob()
	for name, profile := range map[string]func(w http.ResponseWriter, r *http.Request, who string){
		"not found": func(w http.ResponseWriter, r *http.Request, who string) { http.NotFound(w, r) },
		"two names": func(w http.ResponseWriter, r *http.Request, who string) {
			fmt.Fprintf(w, `{"eContext":{"graphqlResponse":{"a":{"email":%q},"b":{"email":"x@y.example"}}}}`, who)
		},
		"no name": func(w http.ResponseWriter, r *http.Request, who string) {
			fmt.Fprint(w, `{"eContext":{"graphqlResponse":{}}}`)
		},
		"redirects without end": func(w http.ResponseWriter, r *http.Request, who string) {
			http.Redirect(w, r, r.URL.RequestURI()+"&again", http.StatusFound)
		},
		"another host": func(w http.ResponseWriter, r *http.Request, who string) {
			http.Redirect(w, r, "https://evil.example/account?ajax=true", http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, g, _ := tellingDoor(t, "evershop")
			l.set(func() { l.profile = profile })
			thief := visitor(t, g.URL, "203.0.113.9")
			thief.get("/")
			thief.spied(canary)
			if r := thief.jsonLogin(alice.Email, alice.Password); r.guard() != "second-factor" {
				t.Errorf("who has a factor under the typed name met %q: %d", r.guard(), r.StatusCode)
			}
			thief.get("/account")
			other := visitor(t, g.URL, "198.51.100.20")
			other.get("/")
			other.jsonLogin(bob.Email, bob.Password)
			if r := other.get("/account"); !strings.Contains(r.body, bob.Email) {
				t.Errorf("who has none is not in: %d %q %s", r.StatusCode, r.guard(), cut(r.body))
			}
			if m := metrics(t, g); !strings.Contains(m, `caddy_login_guard_identities_total{outcome="missed",site="shop"} 2`) {
				t.Error("no metric of it")
			}
			if !strings.Contains(g.Log(), "did not say who signed in") {
				t.Error("no line in the log")
			}
			if _, out := g.Admin("GET", "/login_guard/status", ""); !strings.Contains(out, "did not say who signed in") {
				t.Errorf("status says nothing of it: %s", out)
			}
		})
	}
}

// Who keeps a shop busy that says who signed in does not choose by the name
// that he types whose second factor is asked for.
func TestWhileTheShopIsTooBusyToSayWhoSignedInNobodyDoesByAnotherName(t *testing.T) {
	alice, bob := shoptest.Alice(), shoptest.Bob()
	for name, profile := range map[string]func(w http.ResponseWriter, r *http.Request, who string){
		"an error": func(w http.ResponseWriter, r *http.Request, who string) { http.Error(w, who, http.StatusBadGateway) },
		"too many requests": func(w http.ResponseWriter, r *http.Request, who string) {
			http.Error(w, who, http.StatusTooManyRequests)
		},
		"no answer in time": func(w http.ResponseWriter, r *http.Request, who string) { <-r.Context().Done() },
		"an answer cut short": func(w http.ResponseWriter, r *http.Request, who string) {
			w.Header().Set("Content-Length", "100")
			panic(http.ErrAbortHandler)
		},
		"a page without end": func(w http.ResponseWriter, r *http.Request, who string) {
			fmt.Fprintf(w, `{"eContext":{"graphqlResponse":{"a":{"email":%q}}},"b":"`, who)
			for range 3 << 10 {
				fmt.Fprint(w, strings.Repeat("x", 1000))
			}
			fmt.Fprint(w, `"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, g, app := tellingDoor(t, "evershop")
			l.set(func() { l.profile = profile })
			enters := func(address, account, password string) (*person, reply) {
				p := visitor(t, g.URL, address)
				p.get("/")
				return p, p.jsonLogin(account, password)
			}
			thief, r := enters("203.0.113.9", numberOf(alice), alice.Password)
			thief.spied(canary)
			if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" {
				t.Errorf("another name of who has a factor met %d %q %s", r.StatusCode, r.guard(), cut(r.body))
			}
			for range 3 {
				thief.get("/account")
			}
			owner, r := enters("198.51.100.30", alice.Email, alice.Password)
			if r.guard() != "second-factor" {
				t.Errorf("who has a factor under the typed name met %d %q", r.StatusCode, r.guard())
			}
			if r := owner.opens(app, 0); !strings.Contains(r.body, canary) {
				t.Errorf("with the factor she is not in: %d %s", r.StatusCode, cut(r.body))
			}
			if m := metrics(t, g); !strings.Contains(m, `caddy_login_guard_identities_total{outcome="silent",site="shop"} 2`) {
				t.Error("no metric of it")
			}
			if !strings.Contains(g.Log(), "waits until the shop says who signed in") {
				t.Error("no line in the log")
			}
			if _, out := g.Admin("GET", "/login_guard/status", ""); !strings.Contains(out, "says who signed in did not come") {
				t.Errorf("status says nothing of it: %s", out)
			}
			l.set(func() { l.profile = nil })
			thief.get("/account")
			other, _ := enters("198.51.100.20", bob.Email, bob.Password)
			if r := other.get("/account"); !strings.Contains(r.body, bob.Email) {
				t.Errorf("the shop is well again, and who has no factor is not in: %d %q %s", r.StatusCode, r.guard(), cut(r.body))
			}
		})
	}
}

// A shop that never said who signed in is set up wrongly, or its preset is: it
// stays open.
func TestAShopThatNeverSaidWhoSignedInStaysOpen(t *testing.T) {
	t.Parallel()
	l := startLoose(t)
	l.set(func() {
		l.profile = func(w http.ResponseWriter, r *http.Request, who string) { http.Error(w, who, http.StatusBadGateway) }
	})
	g := guardtest.Start(t, looseSite(l, "evershop"))
	owner := visitor(t, g.URL, "198.51.100.7")
	owner.get("/")
	owner.jsonLogin(shoptest.Alice().Email, shoptest.Alice().Password)
	owner.enrols()
	p := visitor(t, g.URL, "198.51.100.20")
	p.get("/")
	p.jsonLogin(shoptest.Bob().Email, shoptest.Bob().Password)
	if r := p.get("/account"); !strings.Contains(r.body, shoptest.Bob().Email) {
		t.Errorf("he is not in: %d %q %s", r.StatusCode, r.guard(), cut(r.body))
	}
}

// What the shop says to us goes to nobody, and counts as nobody's request.
func TestNothingOfThePageThatTellsWhoItIsGoesOut(t *testing.T) {
	t.Parallel()
	l := startLoose(t)
	g := guardtest.Start(t, guardtest.Site(l.URL, "evershop", "second_factor optional", "ladder slider off picture off", "limit address 3 refill 1/h"))
	owner := visitor(t, g.URL, "198.51.100.7")
	owner.get("/")
	owner.jsonLogin(shoptest.Alice().Email, shoptest.Alice().Password)
	owner.enrols()
	for i, a := range []shoptest.Account{shoptest.Alice(), shoptest.Bob()} {
		p := visitor(t, g.URL, fmt.Sprintf("198.51.100.%d", 30+i))
		p.get("/")
		p.spied(probeCanary)
		l.set(func() { l.probes = nil })
		p.do(p.request("POST", "/api/customer/login", "application/json", fmt.Sprintf(`{"email":%q,"password":%q}`, a.Email, a.Password),
			"Sec-Fetch-Mode", "cors", "Authorization", "Bearer another", "X-HTTP-Method-Override", "DELETE", "X-Original-URL", "/elsewhere", "If-None-Match", "*", "Range", "bytes=0-1", "Origin", g.URL))
		if len(l.probes) != 1 {
			t.Fatalf("the shop was asked %d times", len(l.probes))
		}
		for _, name := range []string{"Authorization", "X-Http-Method-Override", "X-Original-Url", "If-None-Match", "Range", "Origin", "Content-Type", "Content-Length", "Login-Guard-Clearance"} {
			if v := l.probes[0].Header.Get(name); v != "" {
				t.Errorf("it was asked with %s: %s", name, v)
			}
		}
		if got := l.probes[0].Header.Get("X-Forwarded-For"); !strings.HasPrefix(got, fmt.Sprintf("198.51.100.%d,", 30+i)) {
			t.Errorf("it was asked for %s", got)
		}
	}
	counted(t, g, 3)
	if n := len(g.Decisions()); n != 3 {
		t.Errorf("%d decisions on three logins", n)
	}
}

// A session that the browser has already is shut before the shop is asked.
func TestAClientThatLeavesOpensNothing(t *testing.T) {
	t.Parallel()
	l, g, _ := tellingDoor(t, "evershop")
	for _, test := range []struct {
		name, account, password, session string
		opens                            bool
	}{
		{"another name of who has a factor", aliases("")[0], shoptest.Alice().Password, "left-alone-00000000000000000002", false},
		{"who has none", shoptest.Bob().Email, shoptest.Bob().Password, "left-alone-00000000000000000003", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			came, goOn := make(chan bool, 1), make(chan bool)
			l.set(func() { l.before = func(*http.Request) { came <- true; <-goOn } })
			p := visitor(t, g.URL, "203.0.113.9")
			p.spied(canary)
			p.leavesDuring(came, test.account, test.password, test.session)
			l.set(func() { l.before = nil })
			close(goOn)
			deadline := time.Now().Add(10 * time.Second)
			for {
				r := p.sendsCookies("GET", "/account", "sid="+test.session)
				if test.opens && strings.Contains(r.body, shoptest.Bob().Email) {
					return
				}
				l.mu.Lock()
				in := l.sessions[test.session] != ""
				l.mu.Unlock()
				if in && !test.opens {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("it is %d %q %s", r.StatusCode, r.guard(), cut(r.body))
				}
			}
			for range 30 {
				p.sendsCookies("GET", "/account", "sid="+test.session)
			}
		})
	}
}

// leavesDuring sends a login by script and closes the connection when the shop
// has it.
func (p *person) leavesDuring(came <-chan bool, account, password, session string) {
	p.t.Helper()
	conn := dial(p.t, p.base)
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, account, password)
	fmt.Fprintf(conn, "POST /api/customer/login HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nCookie: sid=%s\r\n\r\n%s",
		strings.TrimPrefix(p.base, "http://"), len(body), session, body)
	<-came
	conn.Close()
}

// Pressing the button twice lets in, whichever of the two the browser waits for.
func TestTwoLoginsAtOnceInOneSessionLetIn(t *testing.T) {
	t.Parallel()
	for _, d := range tellingDoors() {
		if d.preset == "zencart" {
			continue // begins a session with each
		}
		t.Run(d.preset, func(t *testing.T) {
			t.Parallel()
			e := telling(t, d)
			p := visitor(t, e.g.URL, "198.51.100.7")
			p.get("/")
			e.shop.SetDelay(50 * time.Millisecond)
			var all sync.WaitGroup
			for range 2 {
				all.Go(func() { e.login(p, numbered().Number, numbered().Password) })
			}
			all.Wait()
			e.shop.SetDelay(0)
			if r := p.get(e.private); !strings.Contains(r.body, e.hers()) {
				t.Errorf("she is not in: %d %q %s", r.StatusCode, r.guard(), cut(r.body))
			}
		})
	}
}

// Where nobody guards, a new session is looked at too.
func TestAnotherDoorThatBeginsASessionIsHeldWhereTheShopTellsWhoItIs(t *testing.T) {
	t.Parallel()
	l, g, app := tellingDoor(t, "vendure")
	p := visitor(t, g.URL, "203.0.113.9")
	p.get("/")
	p.spied(canary)
	p.spied(probeCanary)
	enters := func(p *person, who string) reply {
		return p.do(p.request("POST", "/by-mail?who="+url.QueryEscape(who), "application/json", `{}`, "Sec-Fetch-Mode", "cors"))
	}
	if r := enters(p, shoptest.Alice().Email); r.guard() != "second-factor" {
		t.Errorf("at another door the sign-in met %q: %d %s", r.guard(), r.StatusCode, cut(r.body))
	}
	owner := visitor(t, g.URL, "198.51.100.9")
	owner.get("/")
	enters(owner, shoptest.Alice().Email)
	page := owner.get("/.login-guard/challenge/second")
	if r := owner.sends(page, "step", "second", "method", "app", "code", app.code(0)); !strings.Contains(r.Header.Get("Vendure-Auth-Token")+r.body, "token-by-mail") {
		t.Errorf("with the factor: %d %q %s", r.StatusCode, r.guard(), cut(r.body))
	}
	other := visitor(t, g.URL, "198.51.100.20")
	other.get("/")
	other.spied(probeCanary)
	if r := enters(other, shoptest.Bob().Email); r.guard() != "" || r.Header.Get("Vendure-Auth-Token") == "" {
		t.Errorf("who has none: %d %q %v", r.StatusCode, r.guard(), r.Header)
	}
	l.set(func() { l.probes = nil })
	other.get("/")
	other.get("/account")
	other.post("/cart", "a=b")
	if len(l.probes) != 0 {
		t.Errorf("for pages in a session that is there already the shop is asked %d times who it is", len(l.probes))
	}
}

// While the store does not answer, a node keeps a session shut by itself until
// it is known whose it is: who has no factor signs in, and nobody else.
func TestWhileTheStoreIsAwayASessionIsShutUntilItIsKnownWhoseItIs(t *testing.T) {
	t.Parallel()
	l, wire := startLoose(t), redistest.StartProxy(t, redistest.Start(t).Addr)
	g := guardtest.Start(t, guardtest.Shared(looseSite(l, "evershop"), "redis://"+wire.Addr+"?timeout=5s"))
	alice, bob := shoptest.Alice(), shoptest.Bob()
	owner := visitor(t, g.URL, "198.51.100.7")
	owner.get("/")
	owner.jsonLogin(alice.Email, alice.Password)
	app := owner.enrols()
	wire.Cut()

	thief := visitor(t, g.URL, "203.0.113.9")
	thief.get("/")
	thief.spied(canary)
	l.set(func() { l.before = func(*http.Request) { time.Sleep(200 * time.Millisecond) } })
	var all sync.WaitGroup
	var got reply
	all.Go(func() { got = thief.jsonLogin(numberOf(alice), alice.Password) })
	for n := range 50 {
		all.Go(func() {
			time.Sleep(time.Duration(n) * 10 * time.Millisecond)
			thief.tries(thief.request("GET", "/account", "", ""))
		})
	}
	all.Wait()
	l.set(func() { l.before = nil })
	if got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("another name of who has a factor met %d %q", got.StatusCode, got.guard())
	}
	for range 5 {
		thief.get("/account")
	}
	other := visitor(t, g.URL, "198.51.100.20")
	other.get("/")
	other.jsonLogin(bob.Email, bob.Password)
	if r := other.get("/account"); !strings.Contains(r.body, bob.Email) {
		t.Errorf("who has none is not in: %d %q %s", r.StatusCode, r.guard(), cut(r.body))
	}
	wire.Heal()
	deadline := time.Now().Add(20 * time.Second)
	for {
		owner = visitor(t, g.URL, "198.51.100.9")
		owner.get("/")
		if owner.jsonLogin(numberOf(alice), alice.Password).guard() == "second-factor" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the store is back, and she is not asked")
		}
		time.Sleep(100 * time.Millisecond)
	}
	if r := owner.opens(app, 0); !strings.Contains(r.body, canary) {
		t.Errorf("with the factor she is not in: %d %s", r.StatusCode, cut(r.body))
	}
	thief.get("/account")
}

// The long answer to a login of somebody without a factor goes out as it came.
func TestALongAnswerToWhoHasNoFactorGoesOutWhole(t *testing.T) {
	t.Parallel()
	l, g, _ := tellingDoor(t, "evershop")
	long := strings.Repeat("0123456789abcdef", 1<<17)
	l.set(func() {
		l.welcomes = func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, long) }
	})
	for i, a := range []shoptest.Account{shoptest.Bob(), shoptest.Alice()} {
		p := visitor(t, g.URL, fmt.Sprintf("198.51.100.%d", 20+i))
		p.get("/")
		name := a.Email
		if i == 1 {
			p.spied(canary)
			name = numberOf(a)
		}
		r := p.jsonLogin(name, a.Password)
		if whole := r.body == long; whole != (i == 0) || i == 1 && strings.Contains(r.body, long[:64]) {
			t.Errorf("%s: %d %q, %d bytes of the shop's %d", name, r.StatusCode, r.guard(), len(r.body), len(long))
		}
		if i == 0 && !strings.Contains(p.get("/account").body, a.Email) {
			t.Error("who has no factor is not in")
		}
		p.get("/account")
	}
}

// What the rest of the route says of a request is said of ours.
func TestTheRestOfTheRouteTakesOurRequestForItself(t *testing.T) {
	t.Parallel()
	l := startLoose(t)
	g := guardtest.Start(t, strings.Replace(looseSite(l, "evershop"), "reverse_proxy "+strings.TrimPrefix(l.URL, "http://"),
		`vars shop one
	login_guard evershop {
		site shop
		second_factor optional
		ladder slider off picture off
	}
	reverse_proxy `+strings.TrimPrefix(l.URL, "http://")+` {
		header_up X-Original {http.request.orig_uri}
		header_up X-Now {method}{uri}
		header_up X-Var {vars.shop}
		header_up X-Client {client_ip}
	}`, 1))
	p := visitor(t, g.URL, "198.51.100.7")
	p.get("/")
	p.jsonLogin(shoptest.Bob().Email, shoptest.Bob().Password)
	if len(l.probes) != 1 {
		t.Fatalf("by two guards one after the other the shop was asked %d times", len(l.probes))
	}
	want := map[string]string{"X-Original": "/account?ajax=true", "X-Now": "GET/account?ajax=true", "X-Var": "one"}
	for name, value := range want {
		if got := l.probes[0].Header.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
}

// Where nobody has a factor, or nobody is asked, the shop is not asked either.
func TestWithoutASecondFactorTheShopIsNotAskedWhoSignedIn(t *testing.T) {
	t.Parallel()
	for _, options := range [][]string{{}, {"second_factor off"}, {"second_factor optional", "mode monitor"}} {
		l := startLoose(t)
		g := guardtest.Start(t, guardtest.Site(l.URL, "evershop", append(options, "ladder slider off picture off")...))
		p := visitor(t, g.URL, "198.51.100.7")
		p.get("/")
		p.jsonLogin(shoptest.Bob().Email, shoptest.Bob().Password)
		if r := p.get("/account"); !strings.Contains(r.body, shoptest.Bob().Email) || len(l.probes) != 0 {
			t.Errorf("%q: %d, asked %d times", options, r.StatusCode, len(l.probes))
		}
	}
}

// Another gateway waits until it is known whose the session is, and shows who
// has no factor what the shop says.
func TestAnotherGatewayWaitsForALoginInTheSession(t *testing.T) {
	t.Parallel()
	l, r := startLoose(t), redistest.Start(t)
	site := guardtest.Shared(looseSite(l, "evershop"), "redis://"+r.Addr+"?timeout=5s") // a slow machine is no outage
	one, two := guardtest.Start(t, site), guardtest.Start(t, site)
	alice, bob := shoptest.Alice(), shoptest.Bob()
	owner := visitor(t, one.URL, "198.51.100.7")
	owner.get("/")
	owner.jsonLogin(alice.Email, alice.Password)
	owner.enrols()
	for _, test := range []struct {
		account, password, session string
		opens                      bool
	}{
		{bob.Email, bob.Password, "by-two-gateways-0000000000000001", true},
		{numberOf(alice), alice.Password, "by-two-gateways-0000000000000002", false},
	} {
		came, goOn := make(chan bool, 1), make(chan bool)
		l.set(func() { l.before = func(*http.Request) { came <- true; <-goOn } })
		p, q := visitor(t, one.URL, "203.0.113.9"), visitor(t, two.URL, "203.0.113.9")
		p.spied(canary)
		q.spied(canary)
		var all sync.WaitGroup
		var beside reply
		all.Go(func() {
			p.sendsBody("POST", "/api/customer/login", fmt.Sprintf(`{"email":%q,"password":%q}`, test.account, test.password), "sid="+test.session)
		})
		<-came
		l.set(func() { l.before = nil })
		all.Go(func() { beside = q.sendsCookies("GET", "/account", "sid="+test.session) })
		time.Sleep(300 * time.Millisecond)
		close(goOn)
		all.Wait()
		if open := beside.guard() == "" && strings.Contains(beside.body, bob.Email); open != test.opens {
			t.Errorf("%s: at the other gateway the session met %d %q %s", test.account, beside.StatusCode, beside.guard(), cut(beside.body))
		}
		if r := q.sendsCookies("GET", "/account", "sid="+test.session); strings.Contains(r.body, bob.Email) != test.opens {
			t.Errorf("%s: afterwards %d %q", test.account, r.StatusCode, r.guard())
		}
	}
}
