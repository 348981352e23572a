package faults_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// often is how often something is done: the number in an environment
// variable, else a few.
func often(t testing.TB, variable string, few int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return few
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is no number", variable, text)
	}
	return n
}

// One of two gateways dies at a random instant under load, again and again.
func TestKillingGatewaysOnARedisGivesNoGuessAndSendsNothingTwice(t *testing.T) {
	t.Parallel()
	f, _ := twoOn(t)
	f.spend()
	busy := shoptest.Account{Name: "busy", Email: "busy@shop.example", Password: "Silas-Marner-1861"}
	f.shop.AddAccount(busy)
	end := make(chan struct{})
	var load sync.WaitGroup
	for i := range f.gates {
		load.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-end:
					return
				case <-time.After(2 * time.Millisecond):
				}
				f.try(i, "203.0.113.66", shoptest.Alice().Email, fmt.Sprint("all-pair", n))
				f.try(i, "203.0.113.67", fmt.Sprintf("%d@shop.example", n), fmt.Sprint("all-address", n))
				// A login that dies with its gateway stays counted against its
				// account: not that of those whose way is watched.
				_, _ = f.visitor(i).try(http.MethodPost, "/login", form(busy.Email, busy.Password))
			}
		})
	}
	kills, late := often(t, "FAULTS_KILLS", 3), 0
	for n := range kills {
		dies, lives := n%2, 1-n%2
		h := f.hold(dies)
		clearance := h.v.solve(h.check)
		// The page sends the login while its gateway dies; then, as nothing
		// came, the visitor tries at the other.
		var both sync.WaitGroup
		both.Go(func() {
			time.Sleep(time.Duration(rand.Int64N(int64(30 * time.Millisecond))))
			f.gates[dies].Kill()
		})
		in := false
		both.Go(func() {
			time.Sleep(time.Duration(rand.Int64N(int64(30 * time.Millisecond))))
			resp, err := h.check.Continue(context.Background(), h.v.client, h.v.header, clearance)
			if err == nil {
				resp.Body.Close()
				in = resp.Header.Get("Location") == "/account"
			}
		})
		both.Wait()
		if !in {
			late++
			c := *h.check
			c.Action = f.gates[lives].URL + "/login"
			v := h.v.at(f.gates[lives].URL)
			a := v.goOn(&c, clearance)
			switch sent := f.times(h.body); {
			case sent == 0 && a.guard() == "slider": // the clearance was taken, the login not
				c := v.check(a)
				a = v.goOn(c, v.solve(c))
				v.signedIn(a)
			case sent == 0: // taken, and not sent yet: it died with its gateway
				t.Logf("kill %d: %s %q", n, a.Status, a.guard())
				v.signedIn(v.goOnFresh(f, lives))
			}
		}
		if n := f.times(h.body); n > 1 {
			t.Errorf("a held login reached the shop %d times", n)
		}
		f.shops(lives)
		f.gates[dies].Again()
	}
	close(end)
	load.Wait()
	if got := f.reached("all-"); got != (guesses{}) {
		t.Errorf("in %d kills %+v guesses more than the limits allow", kills, got)
	}
	t.Logf("%d kills, %d held logins met one; slowest answer %v", kills, late, f.slow.took)
	f.shops(0)
	f.shops(1)
}

// written is when the gateway's counters were last written down.
func (f *fleet) written(g *guardtest.Gateway) time.Time {
	f.t.Helper()
	file, err := os.Stat(filepath.Join(g.Data(), "counters.snap"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return time.Time{}
	case err != nil:
		f.t.Fatal(err)
	}
	return file.ModTime()
}

// times is how often the shop got a body.
func (f *fleet) times(body string) (n int) {
	for _, r := range f.shop.Requests() {
		if string(r.Body) == body {
			n++
		}
	}
	return n
}

// goOnFresh signs Bob in anew, with its check.
func (v *visitor) goOnFresh(f *fleet, i int) answer {
	v.t.Helper()
	h := f.hold(i)
	return h.v.goOn(h.check, h.v.solve(h.check))
}

// A gateway by itself writes its counters every ten seconds: what was counted
// before that is there after a kill, and one kill gives each limit once more
// at most.
func TestKillingAGatewayByItself(t *testing.T) {
	t.Parallel()
	f := newFleet(t, []string{""})
	g := f.gates[0]
	f.spend()
	g.Kill() // at once: nothing may have been written
	g.Again()
	first := f.guess()
	t.Logf("after a kill within ten seconds %+v", first)
	if !first.within(once) {
		t.Errorf("%+v guesses more, want at most %+v", first, once)
	}
	// The first that is written from now on may have been begun before the last
	// guess, the second was not. Each needs something that changed.
	for range 2 {
		before := f.written(g)
		f.shops(0)
		eventually(t, "the counters are written", func() bool { return f.written(g) != before })
	}
	h := f.hold(0)
	g.Kill()
	g.Again()
	if got := f.guess(); got != (guesses{}) {
		t.Errorf("after a kill %+v guesses more than the limits allow", got)
	}
	// What waited is gone with its gateway: the page says so, and who signs in
	// again gets in.
	a := h.v.send(http.MethodPost, "/login", "login_guard_hold="+h.check.Hold+"&login_guard_step=picture")
	if a.StatusCode != http.StatusOK || a.guard() != "deny" || !strings.Contains(a.body, "login") {
		t.Errorf("%s %q", a.Status, a.guard())
	}
	f.hold(0).pass()
	f.shops(0)

	var total guesses
	kills := often(t, "FAULTS_KILLS", 3)
	for range kills {
		time.Sleep(time.Duration(rand.Int64N(int64(300 * time.Millisecond))))
		g.Kill()
		g.Again()
		total = total.plus(f.guess())
	}
	if total != (guesses{}) {
		t.Errorf("%d kills gave %+v guesses", kills, total)
	}
}
