package blackbox_test

import (
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

func TestAHeldLoginOutlivesAReloadAndOneThatIsRejected(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	site := guardtest.Site(shop.URL, "", "ask_after 3d", "limit pair 2 per 10m")
	broken := site + "https://localhost:$PORT2 {\n\ttls $DIR/none.pem $DIR/none.key\n\tlogin_guard\n}\n"
	g := guardtest.Start(t, site)
	p := visitor(t, g.URL, "203.0.113.1")
	one := p.check(p.alice(), "slider")
	clearance := p.clearance(p.check(p.login(shoptest.Bob().Email, "wrong 1"), "slider"), "pointer", "")
	_ = clearance
	bob := visitor(t, g.URL, "203.0.113.2")
	for i := range 2 {
		bob.slide(bob.check(bob.login(shoptest.Bob().Email, fmt.Sprint("wrong", i)), "slider"))
		bob = visitor(t, g.URL, "203.0.113.2") // without the pass
	}
	if why := reload(g, broken); !strings.Contains(why, "none.pem") {
		t.Fatalf("the broken configuration: %q", why)
	}
	bob.wants(bob.login(shoptest.Bob().Email, "wrong again"), http.StatusTooManyRequests, "deny")
	if why := reload(g, site+"# changed\nhttp://localhost:$PORT3 {\n\trespond ok\n}\n"); why != "" {
		t.Fatal(why)
	}
	bob.wants(bob.login(shoptest.Bob().Email, "wrong again"), http.StatusTooManyRequests, "deny")
	two := p.check(p.login("alice", shoptest.Alice().Password), "slider")
	if why := reload(g, broken); why == "" {
		t.Fatal("the broken configuration was taken")
	}
	p.signedIn(p.slide(one))
	p.signedIn(p.slide(two))
	ran(t, shop, 4)
}

func TestAHeldLoginSurvivesAChangeOfNetwork(t *testing.T) {
	t.Parallel()
	shop, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	c := p.check(p.alice(), "slider")
	p = p.moved("198.51.100.7")
	clearance := p.clearance(c, "touch", "")
	p = p.moved("2001:db8:1:2::3")
	p.signedIn(p.goOn(c, clearance))
	ran(t, shop, 1)
}

var clearanceField = regexp.MustCompile(`name="login_guard_clearance" value="([^"]*)"`)

func TestAShopThatIsDownGetsTheLoginOnceItIsBack(t *testing.T) {
	t.Parallel()
	shop, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	c := p.check(p.alice(), "slider")
	shop.Down()
	page := p.slide(c)
	for range 2 { // pressed again too early: still kept
		p.shows(page, http.StatusBadGateway, "unreachable_title")
		field := clearanceField.FindStringSubmatch(page.body)
		if field == nil {
			t.Fatalf("the page has no button that works:\n%s", page.body)
		}
		page = p.goOn(c, field[1])
	}
	p.shows(page, http.StatusBadGateway, "unreachable_title")
	if page.Header.Get("Login-Guard") == "" {
		t.Error("no Login-Guard on an answer of ours")
	}
	if err := shop.Up(); err != nil {
		t.Fatal(err)
	}
	field := clearanceField.FindStringSubmatch(page.body)
	p.signedIn(p.goOn(c, field[1]))
	ran(t, shop, 1)
	p.shows(p.goOn(c, field[1]), http.StatusOK, "gone_title")
	ran(t, shop, 1)
}

func TestALoginWhoseBytesWereSentIsNeverSentAgain(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	var got atomic.Int32
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				b := make([]byte, 64<<10)
				n := 0
				for !strings.Contains(string(b[:n]), "password=") {
					k, err := conn.Read(b[n:])
					if err != nil {
						return
					}
					n += k
				}
				got.Add(1) // and hangs up without an answer
			}()
		}
	}()
	g := guardtest.Start(t, guardtest.Site("http://"+ln.Addr().String(), "", "ask_after 3d"))
	p := visitor(t, g.URL, "203.0.113.1")
	c := p.check(p.alice(), "slider")
	r := p.slide(c)
	if r.StatusCode != http.StatusBadGateway || strings.Contains(r.body, "login_guard_clearance") {
		t.Errorf("%s\n%s", r.Status, r.body)
	}
	p.shows(p.submit(c, "step", "picture"), http.StatusOK, "gone_title")
	p.shows(p.submit(c), http.StatusOK, "gone_title")
	if got.Load() != 1 {
		t.Errorf("the shop got the login %d times", got.Load())
	}
	if d := g.LastDecision(2); d.Outcome != "unknown" {
		t.Errorf("nobody knows what came of it: %+v", d)
	}
}

func TestWhereNoMoreLoginsAreKeptTheCheckStillWorks(t *testing.T) {
	t.Parallel()
	shop, g := asking(t, "limit challenges off", "limit attempts off")
	p := visitor(t, g.URL, "203.0.113.1")
	const keeps = 32 // for one address
	for i := range keeps {
		p.check(p.login(fmt.Sprintf("someone%d@shop.example", i), "x"), "slider")
	}
	c := p.check(p.alice(), "slider")
	p.shows(p.slide(c), http.StatusOK, "once_more_title")
	ran(t, shop, 0)
	p.signedIn(p.alice())
	// Without script it is the same.
	q := visitor(t, g.URL, "203.0.113.1")
	p.shows(q.typeIn(q.check(q.login(shoptest.Bob().Email, shoptest.Bob().Password), "slider")), http.StatusOK, "once_more_title")
	q.signedIn(q.login(shoptest.Bob().Email, shoptest.Bob().Password))
	// Other addresses have room.
	o := visitor(t, g.URL, "198.51.100.1")
	o.signedIn(o.slide(o.check(o.alice(), "slider")))
}

// withSession puts a running gateway's guard in front of an endpoint whose
// session cookie it knows.
func withSession(t *testing.T, g *guardtest.Gateway) {
	t.Helper()
	status, cfg := g.Admin(http.MethodGet, "/config/", "")
	if status != http.StatusOK {
		t.Fatal(cfg)
	}
	const at = `"handler":"login_guard"`
	if strings.Count(cfg, at) != 1 {
		t.Fatalf("%d guards in %s", strings.Count(cfg, at), cfg)
	}
	cfg = strings.Replace(cfg, at, at+`,"endpoints":[{"kind":"login","name":"own","account_fields":["email"],"password_fields":["password"],"session_cookies":["session","SHOP*"]}]`, 1)
	if status, why := g.Admin(http.MethodPost, "/load", cfg); status != http.StatusOK {
		t.Fatalf("%d %s", status, why)
	}
}

func TestAHeldLoginDoesNotGoOnInAnotherSession(t *testing.T) {
	t.Parallel()
	shop, g := asking(t)
	withSession(t, g)
	for _, test := range []struct {
		what, then, now string
		goes            bool
	}{
		{"the same session", "session=a; SHOP1=b", "SHOP1=b; session=a", true},
		{"another one", "session=a", "session=b", false},
		{"another one by a pattern", "SHOPID=a; x=1", "SHOPID=b; x=1", false},
		{"a session that began meanwhile", "x=1", "session=b", true},
		{"a session that ended", "session=a", "session=", true},
		{"another cookie", "session=a; cart=1", "session=a; cart=2", true},
	} {
		t.Run(test.what, func(t *testing.T) {
			shop.Reset()
			p := visitor(t, g.URL, "203.0.113.1").withoutCookies()
			p.header.Set("Cookie", test.then)
			c := p.check(p.alice(), "slider")
			p.header.Set("Cookie", test.now)
			r := p.slide(c)
			if test.goes {
				p.signedIn(r)
				ran(t, shop, 1)
				return
			}
			p.shows(r, http.StatusOK, "gone_title")
			ran(t, shop, 0)
		})
	}
}
