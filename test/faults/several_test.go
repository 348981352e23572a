package faults_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
)

func TestTwoGatewaysLetThroughNoGuessMoreThanOne(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	url := "redis://" + r.Addr + "?timeout=5s"
	f := newFleet(t, []string{url, url})
	f.await(true, f.gates...)
	var done sync.WaitGroup
	slots := make(chan struct{}, 64)
	for n := range 400 {
		done.Go(func() {
			slots <- struct{}{}
			f.try(n%2, "203.0.113.66", shoptest.Alice().Email, fmt.Sprint("all-pair", n))
			f.try(n%2, "", "carol@shop.example", fmt.Sprint("all-account", n))
			f.try(n%2, "203.0.113.67", fmt.Sprint(n, "@shop.example"), fmt.Sprint("all-address", n))
			<-slots
		})
	}
	done.Wait()
	if got := f.reached("all-"); got != once {
		t.Errorf("of 400 guesses each at once through two gateways %+v reached the shop, want %+v", got, once)
	}
	// What one holds, the other finishes.
	for n := range once.Account {
		f.try(n%2, "", shoptest.Bob().Email, "wrong")
	}
	h := f.hold(0)
	h.v = h.v.at(f.gates[1].URL)
	h.check.Action = f.gates[1].URL + "/login"
	h.pass()
}

func TestOneGatewayWithoutTheSharedKey(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	url := "redis://" + r.Addr + "?timeout=5s"
	f := newFleet(t, []string{url})
	f.await(true, f.gates...)
	says(t, f.gates[0], "guarding logins")
	eventually(t, "the first gateway's canary", func() bool { return r.Do("dbsize").(int64) > 0 })
	odd := strings.Replace(f.caddyfile(url), "$KEY", strings.Repeat("ab", 32), 1)
	f.gates = append(f.gates, guardtest.Start(t, odd))
	other := f.gates[1]
	says(t, other, "the other nodes of this store have another key: set the same `key` on each")
	eventually(t, "status of the other key", func() bool { return status(t, other).OtherKey })
	before := metric(t, other, "foreign_seals_total")

	total := f.spend()
	f.shops(1)
	h := f.hold(0)
	// The load balancer leads the answer to the other one: there the page is
	// nothing. Signing in again works.
	v := h.v.at(other.URL)
	gone := v.send(http.MethodPost, "/login", "login_guard_hold="+h.check.Hold+"&login_guard_step=picture")
	if gone.guard() != "deny" || gone.StatusCode != http.StatusOK {
		t.Errorf("%s %q", gone.Status, gone.guard())
	}
	says(t, other, "set the same `key` on each and `store redis`")
	if now := metric(t, other, "foreign_seals_total"); now == before {
		t.Errorf("foreign_seals_total is %s as before", now)
	}
	total = total.plus(f.guess())
	if most := once.times(2); !total.within(most) || total == once {
		t.Errorf("%+v guesses reached the shop, want at most %+v, each limit once a key", total, most)
	}
	again := f.hold(1)
	again.pass()
	h.pass() // and at the first it is still there

	if out := other.Reload(f.caddyfile(url)); out != "" {
		t.Fatal(out)
	}
	eventually(t, "status of the one key", func() bool { return !status(t, other).OtherKey })
	if got := f.guess(); got != (guesses{}) {
		t.Errorf("with one key %+v guesses more", got)
	}
}

// A master that hands over in good order, and one that dies.
func TestFailOverInTheMiddleOfLogins(t *testing.T) {
	t.Parallel()
	trio := redistest.StartTrio(t)
	f := newFleet(t, []string{trio.URL(), trio.URL()})
	f.await(true, f.gates...)
	total := f.spend()
	total = total.plus(f.through("handed over", trio.FailOver))
	total = total.plus(f.through("died", func() {
		was := trio.Master()
		for _, s := range trio.Servers {
			if s.Addr == was {
				s.Kill()
			}
		}
		trio.Sentinels[0].Eventually("another is master", func() bool { m := trio.Master(); return m != "" && m != was })
	}))
	// In Redis, once a gateway, and what the replica had not seen yet.
	most := once.times(1 + len(f.gates) + 1)
	t.Logf("in all %+v of at most %+v; slowest answer %v", total, most, f.slow.took)
	if !total.within(most) {
		t.Errorf("%+v guesses reached the shop, want at most %+v", total, most)
	}
}

// through keeps guessing and shopping while something happens.
func (f *fleet) through(name string, happens func()) (total guesses) {
	f.t.Helper()
	held := f.hold(0)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		happens()
	}()
	for over := false; !over; {
		select {
		case <-ended:
			over = true
		default:
		}
		total = total.plus(f.guess())
		f.shops(0)
		f.shops(1)
	}
	held.pass()
	healed := f.await(true, f.gates...)
	total = total.plus(f.guess())
	f.hold(1).pass()
	f.t.Logf("%s: guesses %+v; healed %v after it was over", name, total, healed)
	return total
}
