package blackbox_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// A shop that signs in the session that the browser has, and tells tokens in
// every place there is. Nothing of it may come out before the second factor.
func TestNothingOfAHeldAnswerGoesOut(t *testing.T) {
	for _, preset := range []string{"evershop"} {
		t.Run(preset, func(t *testing.T) {
			l, g, app := looseDoor(t, preset)
			alice := shoptest.Alice()
			for name, change := range map[string]func(w http.ResponseWriter, r *http.Request){
				"as usual": nil,
				"larger than is kept": func(w http.ResponseWriter, r *http.Request) {
					for range 3 << 10 {
						fmt.Fprintf(w, "%s%01000d\n", canary, 1)
					}
				},
				"in pieces": func(w http.ResponseWriter, r *http.Request) {
					for range 20 {
						fmt.Fprint(w, canary)
						_ = http.NewResponseController(w).Flush()
					}
				},
				"an odd one":         func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(599); fmt.Fprint(w, canary) },
				"none":               func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) },
				"not found":          func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404); fmt.Fprint(w, canary) },
				"the shop's failure": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500); fmt.Fprint(w, canary) },
				"another page": func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Location", "/login?"+canary)
					w.WriteHeader(302)
				},
				"that ends midway": func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Length", "100000")
					fmt.Fprint(w, canary)
					_ = http.NewResponseController(w).Flush()
					panic(http.ErrAbortHandler)
				},
				"that breaks off at once": func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) },
				"an upgrade": func(w http.ResponseWriter, r *http.Request) {
					c, _, err := http.NewResponseController(w).Hijack()
					if err == nil {
						_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "+canary+"\r\n\r\n"+canary)
						c.Close()
					}
				},
				"hints without end": func(w http.ResponseWriter, r *http.Request) {
					for range 50 {
						w.Header().Set("Set-Cookie", "x="+canary)
						w.WriteHeader(http.StatusEarlyHints)
					}
					w.WriteHeader(200)
					fmt.Fprint(w, canary)
				},
			} {
				t.Run(name, func(t *testing.T) {
					thief := visitor(t, g.URL, "203.0.113.9")
					thief.get("/")
					thief.spied(canary)
					l.set(func() { l.answers = change })
					thief.tries(thief.request("POST", "/api/customer/login", "application/json", fmt.Sprintf(`{"email":%q,"password":%q}`, alice.Email, alice.Password), "Sec-Fetch-Mode", "cors"))
					l.set(func() { l.answers = nil })
					thief.get("/account")
					// All bytes of an answer on a connection of one's own.
					body := fmt.Sprintf(`{"email":%q,"password":%q}`, alice.Email, alice.Password)
					if got := raw(t, g.URL, fmt.Sprintf("POST /api/customer/login HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nTE: trailers\r\nContent-Type: application/json\r\nContent-Length: %d\r\nCookie: sid=raw%030d\r\n\r\n%s",
						strings.TrimPrefix(g.URL, "http://"), len(body), len(name), body)); strings.Contains(got, canary) {
						t.Errorf("a byte of the shop's answer went out: %q", got)
					}
				})
			}
			owner := visitor(t, g.URL, "198.51.100.9")
			owner.get("/")
			owner.jsonLogin(alice.Email, alice.Password)
			if r := owner.opens(app, 0); !strings.Contains(r.body, canary) {
				t.Errorf("with the second factor the owner is not in: %d %s", r.StatusCode, cut(r.body))
			}
		})
	}
}

func TestTheSessionOfBeforeIsShutHoweverItIsSpelled(t *testing.T) {
	_, g, _ := looseDoor(t, "evershop")
	alice := shoptest.Alice()
	thief := visitor(t, g.URL, "203.0.113.9")
	thief.get("/")
	thief.spied(canary)
	thief.jsonLogin(alice.Email, alice.Password)
	for _, c := range thief.sessions() {
		for _, spell := range append(spellings, func(v string) string { return v }) {
			v := spell(c.Value)
			for _, line := range []string{
				"sid=" + v, "sid=" + v + "; sid=x", "sid=x; sid=" + v, "a=b, sid=" + v, "SID=" + v, "Sid =" + v, "%73id=" + v,
				"__Host-sid=" + v, "__host-sid=" + v, "__Secure-sid=" + v, "a=b;sid=" + v + ";c",
			} {
				thief.sendsCookies("GET", "/account", line)
				thief.sendsCookies("POST", "/account", line)
			}
		}
		thief.sendsCookies("GET", "/account", "a=b", "sid="+c.Value)
		thief.sendsCookies("GET", "/account?sid="+c.Value)
		thief.sendsCookies("GET", "/account?a=b&%73id="+c.Value+"&c")
	}
	// A session that only the query of the login named.
	thief.do(thief.request("POST", "/api/customer/login?sid=chosen-by-the-thief-0001", "application/json",
		fmt.Sprintf(`{"email":%q,"password":%q}`, alice.Email, alice.Password), "Sec-Fetch-Mode", "cors"))
	thief.sendsCookies("GET", "/account", "sid=chosen-by-the-thief-0001")
	thief.sendsCookies("GET", "/account?sid=chosen-by-the-thief-0001")
}

func TestRequestsBesideTheLoginGetNothing(t *testing.T) {
	l, g, _ := looseDoor(t, "evershop")
	alice := shoptest.Alice()
	thief := visitor(t, g.URL, "203.0.113.9")
	thief.get("/")
	thief.spied(canary)
	t.Run("200 at once", func(t *testing.T) {
		l.set(func() { l.before = func(*http.Request) { time.Sleep(300 * time.Millisecond) } })
		defer l.set(func() { l.before = nil })
		var all sync.WaitGroup
		all.Go(func() { thief.jsonLogin(alice.Email, alice.Password) })
		for i := range 200 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * 3 * time.Millisecond)
				thief.tries(thief.request("GET", "/account", "", ""))
			})
		}
		all.Wait()
	})
	t.Run("one that was sent before and is read after", func(t *testing.T) {
		thief := visitor(t, g.URL, "203.0.113.10")
		thief.get("/")
		thief.spied(canary)
		came, go_ := make(chan bool, 10), make(chan bool)
		l.set(func() {
			l.late = func(r *http.Request) {
				if r.URL.Query().Has("late") {
					came <- true
					<-go_
				}
			}
		})
		defer l.set(func() { l.late = nil })
		var all sync.WaitGroup
		all.Go(func() { thief.tries(thief.request("GET", "/account?late", "", "")) })
		all.Go(func() { thief.tries(thief.request("POST", "/cart?late", formType, "a=b")) })
		<-came
		<-came
		thief.jsonLogin(alice.Email, alice.Password)
		close(go_)
		all.Wait()
	})
	t.Run("what was begun before and ends after", func(t *testing.T) {
		thief := visitor(t, g.URL, "203.0.113.12")
		const session = "sid=begun-before-00000000000000000001"
		came, done := make(chan bool, 1), make(chan string, 1)
		l.set(func() {
			l.began = func(r *http.Request) {
				if r.URL.Query().Has("begun") {
					came <- true
				}
			}
			l.late = func(r *http.Request) {
				if r.URL.Query().Has("begun") {
					done <- l.customer(r)
				}
			}
		})
		defer l.set(func() { l.began, l.late = nil, nil })
		conn, err := net.Dial("tcp", strings.TrimPrefix(strings.ReplaceAll(g.URL, "localhost", "127.0.0.1"), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		body := "email=thief%40example.org&pad=" + strings.Repeat("x", 256<<10)
		fmt.Fprintf(conn, "POST /account/edit?begun HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %d\r\nCookie: %s\r\n\r\n%s",
			strings.TrimPrefix(g.URL, "http://"), formType, len(body), session, body[:len(body)-1])
		<-came
		r := thief.request("POST", "/api/customer/login", "application/json", fmt.Sprintf(`{"email":%q,"password":%q}`, alice.Email, alice.Password), "Sec-Fetch-Mode", "cors")
		r.Header.Set("Cookie", session)
		thief.tries(r)
		_, _ = io.WriteString(conn, body[len(body)-1:])
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		if got, _ := io.ReadAll(conn); strings.Contains(string(got), canary) {
			t.Errorf("the answer went out: %s", got)
		}
		select {
		case who := <-done:
			t.Errorf("the shop had the whole request, and took its sender for %q", who)
		default:
		}
	})
	t.Run("another's login that was sent before and is looked at after", func(t *testing.T) {
		thief := visitor(t, g.URL, "203.0.113.11")
		thief.get("/")
		thief.spied(canary)
		bob := shoptest.Bob()
		came, go_ := make(chan bool, 10), make(chan bool)
		l.set(func() {
			l.before = func(r *http.Request) {
				if r.URL.Query().Has("late") {
					came <- true
					<-go_
				}
			}
		})
		defer l.set(func() { l.before = nil })
		var all sync.WaitGroup
		all.Go(func() {
			thief.tries(thief.request("POST", "/api/customer/login?late", "application/json", fmt.Sprintf(`{"email":%q,"password":%q}`, bob.Email, bob.Password), "Sec-Fetch-Mode", "cors"))
		})
		<-came
		thief.jsonLogin(alice.Email, alice.Password)
		close(go_)
		all.Wait()
		thief.get("/account")
	})
}

func TestALoginOfAnotherDoesNotOpenTheSession(t *testing.T) {
	_, g, app := looseDoor(t, "evershop")
	alice, bob := shoptest.Alice(), shoptest.Bob()
	for name, with := range map[string]bool{"without a second factor": false, "with his own": true} {
		t.Run(name, func(t *testing.T) {
			var bobs *phone
			if with {
				p := visitor(t, g.URL, "198.51.100.20")
				p.get("/")
				p.jsonLogin(bob.Email, bob.Password)
				bobs = p.enrols()
			}
			thief := visitor(t, g.URL, "203.0.113.20")
			thief.get("/")
			thief.spied(canary)
			thief.jsonLogin(alice.Email, alice.Password)
			thief.jsonLogin(bob.Email, bob.Password)
			thief.jsonLogin(bob.Email, "wrong")
			thief.jsonLogin(alice.Email, "wrong")
			thief.get("/account")
			if with {
				thief.opens(bobs, 0)
			}
			thief.jsonLogin(alice.Email, alice.Password)
			thief.get("/account")
		})
	}
	t.Run("the owner's own, twice", func(t *testing.T) {
		owner := visitor(t, g.URL, "198.51.100.21")
		owner.get("/")
		owner.jsonLogin(alice.Email, alice.Password)
		owner.jsonLogin(alice.Email, alice.Password)
		if r := owner.opens(app, 0); !strings.Contains(r.body, canary) {
			t.Errorf("a button pressed twice keeps the owner out: %d %s", r.StatusCode, cut(r.body))
		}
	})
}

func TestTheNameSpelledOtherwiseIsAskedToo(t *testing.T) {
	_, g, _ := looseDoor(t, "evershop")
	for i, name := range []string{"ALICE@shop.example", "alicé@shop.example", "ａlice@shop.example", "alice@shop.example ", " alice@shop.example", "alice@shop.example\x00", "ali\u200dce@shop.example", "Alice@Shop.Example", "alice\u0301@shop.example",
		"al\u0131ce@shop.example", "alice@\u00dfhop.example", "\u0363lice@shop.example", "alice@\u1de4hop.example", "ali\u0640ce@shop.example"} {
		thief := visitor(t, g.URL, fmt.Sprintf("203.0.113.%d", 30+i))
		thief.get("/")
		thief.spied(canary)
		thief.jsonLogin(name, shoptest.Alice().Password)
		thief.get("/account")
	}
	thief := visitor(t, g.URL, "203.0.113.60")
	thief.get("/")
	thief.spied(canary)
	alice, bob := shoptest.Alice(), shoptest.Bob()
	for _, body := range []string{
		fmt.Sprintf(`{"email":%q,"password":%q,"email":%q}`, bob.Email, alice.Password, alice.Email),
		fmt.Sprintf(`{"email":%q,"password":%q,"Email":%q}`, bob.Email, alice.Password, alice.Email),
		fmt.Sprintf(`{"EMAIL":%q,"password":%q}`, alice.Email, alice.Password),
		fmt.Sprintf(`{"\u0065mail":%q,"p\u0061ssword":%q}`, alice.Email, alice.Password),
		fmt.Sprintf(`[{"email":%q,"password":%q}]`, alice.Email, alice.Password),
		"\ufeff" + fmt.Sprintf(`{"email":%q,"password":%q}`, alice.Email, alice.Password),
	} {
		for _, path := range []string{"/api/customer/login", "/API/Customer/Login", "/api/customer/login/", "//api//customer/login", "/x/customer/login", "/api/customer%2flogin"} {
			thief.tries(thief.request("POST", path, "application/json", body, "Sec-Fetch-Mode", "cors"))
			thief.tries(thief.request("POST", path, "text/plain", body, "Sec-Fetch-Mode", "cors"))
		}
	}
	thief.get("/account")
}

func TestTheFactorOfOneNameInALoginOpensNothingOfTheOther(t *testing.T) {
	_, g, _ := looseDoor(t, "", "endpoint login {\n\t\t\tpath /api/customer/login\n\t\t\taccount_field email\n\t\t\tpassword_field password\n\t\t\tsuccess header Vendure-Auth-Token\n\t\t\tsession_cookies sid session\n\t\t}")
	alice, bob := shoptest.Alice(), shoptest.Bob()
	thief := visitor(t, g.URL, "203.0.113.9")
	thief.get("/")
	if r := thief.jsonLogin(bob.Email, bob.Password); r.guard() != "" {
		t.Fatalf("Bob: %d %q %v", r.StatusCode, r.guard(), r.Cookies())
	}
	app := thief.enrols()
	thief = visitor(t, g.URL, "203.0.113.9")
	thief.get("/")
	thief.spied(canary)
	r := thief.do(thief.request("POST", "/api/customer/login?email="+url.QueryEscape(alice.Email), "application/json",
		fmt.Sprintf(`{"email":%q,"password":%q}`, bob.Email, alice.Password), "Sec-Fetch-Mode", "cors"))
	if r.guard() != "second-factor" {
		t.Errorf("a login of two names met %q: %d %s", r.guard(), r.StatusCode, cut(r.body))
	}
	if page := thief.get("/.login-guard/challenge/second"); strings.Contains(page.body, "login_guard_code") {
		thief.sends(page, "step", "second", "method", "app", "code", app.code(0))
	}
	thief.get("/account")
}

func TestALoginWhoseClientLeftStaysShut(t *testing.T) {
	l, g, _ := looseDoor(t, "evershop")
	alice := shoptest.Alice()
	came, go_ := make(chan bool, 1), make(chan bool)
	l.set(func() { l.before = func(*http.Request) { came <- true; <-go_ } })
	conn, err := net.Dial("tcp", strings.TrimPrefix(strings.ReplaceAll(g.URL, "localhost", "127.0.0.1"), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, alice.Email, alice.Password)
	fmt.Fprintf(conn, "POST /api/customer/login HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nCookie: sid=left-alone-00000000000000000001\r\n\r\n%s", strings.TrimPrefix(g.URL, "http://"), len(body), body)
	<-came
	conn.Close()
	l.set(func() { l.before = nil })
	close(go_)
	thief := visitor(t, g.URL, "203.0.113.9")
	thief.spied(canary)
	deadline := time.Now().Add(10 * time.Second)
	for {
		l.mu.Lock()
		in := l.sessions["left-alone-00000000000000000001"] != ""
		l.mu.Unlock()
		thief.sendsCookies("GET", "/account", "sid=left-alone-00000000000000000001")
		if in || time.Now().After(deadline) {
			break
		}
	}
	for range 20 {
		thief.sendsCookies("GET", "/account", "sid=left-alone-00000000000000000001")
	}
}

func TestManySessionsInOneLoginAreNoLogin(t *testing.T) {
	_, g, _ := looseDoor(t, "evershop")
	alice := shoptest.Alice()
	thief := visitor(t, g.URL, "203.0.113.9")
	thief.spied(canary)
	var line []string
	for i := range 100 {
		line = append(line, fmt.Sprintf("sid=many%040d", i))
	}
	r := thief.jsonLogin(alice.Email, alice.Password, "Cookie", strings.Join(line, "; "))
	thief.sendsCookies("GET", "/account", line[99])
	if r.guard() != "second-factor" {
		t.Errorf("100 sessions in a login met %q: %d %s", r.guard(), r.StatusCode, cut(r.body))
	}
}

// A cookie that all visitors have alike is no session, whatever it is called:
// who signs in with it shuts nobody else out, and it opens nothing either.
func TestACookieOfEverybodyIsNotShut(t *testing.T) {
	_, g, _ := looseDoor(t, "evershop")
	alice := shoptest.Alice()
	thief := visitor(t, g.URL, "203.0.113.9")
	thief.spied(canary)
	for _, line := range []string{"sid=1", "sid=accepted", "a=b, sid=yes", "SID=%31; sid=2"} {
		thief.do(thief.request("POST", "/api/customer/login", "application/json", fmt.Sprintf(`{"email":%q,"password":%q}`, alice.Email, alice.Password), "Sec-Fetch-Mode", "cors", "Cookie", line))
		if r := thief.sendsCookies("GET", "/account", line); r.guard() != "" {
			t.Errorf("%s is shut for everybody: %q", line, r.guard())
		}
	}
	if r := thief.do(thief.request("POST", "/api/customer/login?sid=short", "application/json", fmt.Sprintf(`{"email":%q,"password":%q}`, alice.Email, alice.Password), "Sec-Fetch-Mode", "cors")); r.guard() != "second-factor" {
		t.Errorf("a short session in the query met %q", r.guard())
	}
	thief.sendsCookies("GET", "/account?sid=short")
	thief.sendsCookies("GET", "/account", "sid=short")
}

// A wrong password in a session that a right one has signed in meanwhile shows
// what the shop shows to who is signed in.
func TestAWrongPasswordBesideARightOneBringsNothing(t *testing.T) {
	l, g, _ := looseDoor(t, "evershop")
	alice := shoptest.Alice()
	thief := visitor(t, g.URL, "203.0.113.9")
	thief.get("/")
	thief.spied(canary)
	came, goOn := make(chan bool, 4), make(chan bool)
	l.set(func() {
		l.before = func(r *http.Request) {
			if r.URL.Query().Has("late") {
				came <- true
				<-goOn
			}
		}
		l.refuses = func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			if l.customer(r) != "" {
				fmt.Fprint(w, canary)
			}
		}
	})
	var all sync.WaitGroup
	all.Go(func() {
		thief.tries(thief.request("POST", "/api/customer/login?late", "application/json", fmt.Sprintf(`{"email":%q,"password":"wrong"}`, alice.Email), "Sec-Fetch-Mode", "cors"))
	})
	<-came
	thief.jsonLogin(alice.Email, alice.Password)
	close(goOn)
	all.Wait()
	thief.jsonLogin(alice.Email, "wrong")
	thief.get("/account")
}
