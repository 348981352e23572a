package faults_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// exact are limits of which nothing comes back while a test runs, without the
// score: what a guesser gains is then a number.
var exact = []string{
	"ladder slider off picture off second_factor off deny off",
	"limit pair 5 per 100h", "limit address 10 refill 1/h", "limit account 5 20 100",
	"limit attempts off", "limit network off", "limit device off", "limit accounts off", "limit challenges off",
}

// whose is the URL of a Redis that the test takes away. A gateway waits for it
// no longer than an answer may take, but longer than a machine that others use
// too may stand still: that is no outage.
func whose(addr string) string { return "redis://" + addr + "?timeout=1s" }

// fleet is some gateways in front of one shop.
type fleet struct {
	t     testing.TB
	shop  *shoptest.Shop
	gates []*guardtest.Gateway
	slow  *slowest
	serial,
	mark atomic.Int64
}

// newFleet starts a gateway for each URL of Redis; "" is one by itself.
func newFleet(t testing.TB, urls []string, options ...string) *fleet {
	t.Helper()
	return newFleetWith(t, guardtest.With{}, urls, options...)
}

func newFleetWith(t testing.TB, with guardtest.With, urls []string, options ...string) *fleet {
	t.Helper()
	f := &fleet{t: t, shop: shoptest.Generic().Start(t), slow: &slowest{}}
	t.Cleanup(func() {
		if t.Failed() {
			f.tell()
		}
	})
	for _, url := range urls {
		f.gates = append(f.gates, guardtest.StartWith(t, f.caddyfile(url, options...), with))
	}
	return f
}

// tell says what the gateways logged last, for a test that failed.
func (f *fleet) tell() {
	for i, g := range f.gates {
		var last []string
		for line := range strings.Lines(g.Log()) {
			if strings.Contains(line, `"msg":"decision"`) || strings.Contains(line, `"logger":"login_guard"`) || strings.Contains(line, `"level":"error"`) {
				last = append(last, line)
			}
		}
		f.t.Logf("gateway %d:\n%s", i, strings.Join(last[max(0, len(last)-8):], ""))
	}
}

func (f *fleet) caddyfile(url string, options ...string) string {
	text := guardtest.Site(f.shop.URL, "", append(append([]string(nil), exact...), options...)...)
	if url == "" {
		return text
	}
	return guardtest.Shared(text, url)
}

// visitor is a new visitor, at an address of its own, of gateway i.
func (f *fleet) visitor(i int) *visitor {
	n := f.serial.Add(1)
	v := newVisitor(f.t, f.gates[i].URL, fmt.Sprintf("%d.%d.%d.7", 20+n/62500, n/250%250, n%250))
	v.slow = f.slow
	return v
}

// guesses are those that reached the shop.
type guesses struct {
	Pair    int // at one account from one address, limit 5
	Address int // at many accounts from one address, limit 10
	Account int // at one account from many addresses, without a check, limit 5
}

func (g guesses) plus(h guesses) guesses {
	return guesses{g.Pair + h.Pair, g.Address + h.Address, g.Account + h.Account}
}

func (g guesses) times(n int) guesses { return guesses{n * g.Pair, n * g.Address, n * g.Account} }

func (g guesses) within(most guesses) bool {
	return g.Pair <= most.Pair && g.Address <= most.Address && g.Account <= most.Account
}

// once is what the limits let through.
var once = guesses{5, 10, 5}

// spend uses up what the limits allow, at the first gateway, and stops before
// it is refused: who was refused is remembered as such by each gateway.
func (f *fleet) spend() guesses {
	f.t.Helper()
	mark := fmt.Sprintf("round%d-", f.mark.Add(1))
	for n := range once.Address {
		if n < once.Pair {
			f.try(0, "203.0.113.66", shoptest.Alice().Email, fmt.Sprint(mark, "pair", n))
			f.try(0, "", shoptest.Bob().Email, fmt.Sprint(mark, "account", n))
		}
		f.try(0, "203.0.113.67", fmt.Sprintf("%s%d@shop.example", mark, n), fmt.Sprint(mark, "address", n))
	}
	g := f.reached(mark)
	if g != once {
		f.t.Fatalf("%+v guesses reached the shop, want %+v", g, once)
	}
	return g
}

// try guesses once at gateway i, from an address or, with "", from one that
// nobody has used.
func (f *fleet) try(i int, address, account, password string) {
	v := f.visitor(i)
	v.client.Jar = nil // who guesses keeps no cookies
	if address != "" {
		v.header.Set("X-Forwarded-For", address)
	}
	_, _ = v.try(http.MethodPost, "/login", form(account, password)) // what counts is what reaches the shop
}

// guess tries at every gateway more than any limit allows and returns how
// many guesses reached the shop. A gateway that is not there is left out.
func (f *fleet) guess() guesses {
	f.t.Helper()
	mark := fmt.Sprintf("round%d-", f.mark.Add(1))
	var done sync.WaitGroup
	for i := range f.gates {
		done.Go(func() {
			for n := range 12 {
				if n < 7 {
					f.try(i, "203.0.113.66", shoptest.Alice().Email, fmt.Sprint(mark, "pair", n))
					f.try(i, "", shoptest.Bob().Email, fmt.Sprint(mark, "account", n))
				}
				f.try(i, "203.0.113.67", fmt.Sprintf("%s%d-%d@shop.example", mark, i, n), fmt.Sprint(mark, "address", n))
			}
		})
	}
	done.Wait()
	return f.reached(mark)
}

// reached counts the guesses of a round at the shop.
func (f *fleet) reached(mark string) (g guesses) {
	for _, l := range f.shop.Logins() {
		way, ok := strings.CutPrefix(l.Password, mark)
		switch {
		case !ok:
		case strings.HasPrefix(way, "pair"):
			g.Pair++
		case strings.HasPrefix(way, "address"):
			g.Address++
		case strings.HasPrefix(way, "account"):
			g.Account++
		}
	}
	return g
}

// arrived fails the test unless the shop got exactly this body, once.
func (f *fleet) arrived(body string) {
	f.t.Helper()
	n := 0
	for _, r := range f.shop.Requests() {
		if string(r.Body) == body {
			n++
		}
	}
	if n != 1 {
		f.t.Errorf("the shop got %q %d times, want once", body, n)
	}
}

// hold sends Bob's login, which meets a check as too many guessed at him.
func (f *fleet) hold(i int) *heldLogin {
	f.t.Helper()
	h := &heldLogin{f: f, v: f.visitor(i), body: odd(shoptest.Bob(), int(f.mark.Add(1)))}
	h.check = h.v.check(h.v.send(http.MethodPost, "/login", h.body))
	return h
}

type heldLogin struct {
	f     *fleet
	v     *visitor
	body  string
	check *shoptest.Check
}

// pass passes the check, and fails the test unless the login arrives.
func (h *heldLogin) pass() {
	h.f.t.Helper()
	h.v.signedIn(h.v.goOn(h.check, h.v.solve(h.check)))
	h.f.arrived(h.body)
}

// shops is what the other visitors do at gateway i: they look, fill the cart,
// and log in without a check.
func (f *fleet) shops(i int) {
	f.t.Helper()
	v := f.visitor(i)
	if a := v.send(http.MethodGet, "/", ""); a.StatusCode != http.StatusOK || a.guard() != "" {
		f.t.Errorf("the start page: %s %q", a.Status, a.guard())
	}
	body := fmt.Sprintf("product=%%31%%32&mark=%d", f.mark.Add(1))
	if a := v.send(http.MethodPost, "/cart", body); a.StatusCode != http.StatusSeeOther {
		f.t.Errorf("into the cart: %s %q", a.Status, a.guard())
	}
	f.arrived(body)
	body = odd(shoptest.Admin(), int(f.mark.Add(1)))
	v.signedIn(v.send(http.MethodPost, "/login", body))
	f.arrived(body)
}

// storeState is what status says of the store.
type storeState struct {
	Kind     string `json:"kind"`
	Up       *bool  `json:"up"`
	Error    string `json:"error"`
	Outages  int    `json:"outages"`
	OtherKey bool   `json:"other_key"`
	Durable  bool   `json:"durable"`
	Problem  string `json:"problem"`
	PutAside string `json:"put_aside"`
	Rows     int    `json:"rows"`
}

func status(t testing.TB, g *guardtest.Gateway) storeState {
	t.Helper()
	code, body := g.Admin(http.MethodGet, "/login_guard/status", "")
	var s struct{ Store storeState }
	if err := json.Unmarshal([]byte(body), &s); code != http.StatusOK || err != nil {
		t.Fatalf("%d %v %s", code, err, body)
	}
	return s.Store
}

// metric reads a gauge or counter without labels.
func metric(t testing.TB, g *guardtest.Gateway, name string) string {
	t.Helper()
	_, body := g.Admin(http.MethodGet, "/metrics", "")
	for line := range strings.Lines(body) {
		if value, ok := strings.CutPrefix(line, "caddy_login_guard_"+name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// await waits until gateways say that Redis answers, or that it does not, in
// status and metrics, and returns how long that took.
func (f *fleet) await(up bool, gates ...*guardtest.Gateway) time.Duration {
	f.t.Helper()
	want := "0"
	if up {
		want = "1"
	}
	return eventually(f.t, fmt.Sprintf("store_up %s", want), func() bool {
		for _, g := range gates {
			if s := status(f.t, g); s.Up == nil || *s.Up != up || (s.Error == "") != up || metric(f.t, g, "store_up") != want {
				return false
			}
		}
		return true
	})
}

const (
	saysDown = "the shared store does not answer"
	saysUp   = "the shared store answers again"
)

// says fails the test unless a gateway's log has a text.
func says(t testing.TB, g *guardtest.Gateway, text string) {
	t.Helper()
	eventually(t, "the log says "+text, func() bool { return strings.Contains(g.Log(), text) })
}
