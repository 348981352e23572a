package faults_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/shoptest"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
)

// twoOn are two gateways on a Redis that a slow machine does not lose.
func twoOn(t testing.TB) (*fleet, *redistest.Server) {
	t.Helper()
	r := redistest.Start(t)
	url := "redis://" + r.Addr + "?timeout=5s"
	f := newFleet(t, []string{url, url})
	f.await(true, f.gates...)
	return f, r
}

// atOnce sends n guesses at one account at once through both gateways; all
// senders leave with ctx.
func (f *fleet) atOnce(ctx context.Context, n int) {
	var done sync.WaitGroup
	for i := range n {
		done.Go(func() {
			v := f.visitor(i % len(f.gates))
			v.client.Timeout, v.stays = 20*time.Second, ctx
			v.header.Set("X-Forwarded-For", "203.0.113.66")
			_, _ = v.try(http.MethodPost, "/login", form(shoptest.Alice().Email, fmt.Sprint("all-pair", f.mark.Add(1))))
		})
	}
	done.Wait()
}

func TestTheShopIsSlowBetweenReserveAndSettle(t *testing.T) {
	t.Parallel()
	f, _ := twoOn(t)
	f.shop.SetDelay(2 * time.Second)
	f.atOnce(t.Context(), 60)
	if got := f.reached("all-"); got.Pair != once.Pair {
		t.Errorf("%d guesses reached the shop, want %d", got.Pair, once.Pair)
	}
	f.shop.SetDelay(0)
	f.shops(0)
	f.atOnce(t.Context(), 10)
	if got := f.reached("all-"); got.Pair != once.Pair {
		t.Errorf("afterwards %d guesses reached the shop, want %d", got.Pair, once.Pair)
	}
}

func TestWhoLeavesBeforeTheShopHasAnsweredIsChargedAtBothGateways(t *testing.T) {
	t.Parallel()
	f, _ := twoOn(t)
	f.shop.SetDelay(20 * time.Second)
	for range 4 {
		ctx, leave := context.WithCancel(t.Context())
		go func() {
			defer leave()
			for ctx.Err() == nil && f.asked() < once.Pair {
				time.Sleep(5 * time.Millisecond)
			}
			time.Sleep(200 * time.Millisecond) // for one more that should not come
		}()
		f.atOnce(ctx, 10)
		leave()
	}
	// The shop drops what it has not answered: its requests are what counts.
	if n := f.asked(); n != once.Pair {
		t.Errorf("%d guesses reached the shop, want %d", n, once.Pair)
	}
}

// asked is how many logins were sent to the shop, whatever became of them.
func (f *fleet) asked() (n int) {
	for _, r := range f.shop.Requests() {
		if r.Method == http.MethodPost && r.URI == "/login" {
			n++
		}
	}
	return n
}

func TestTheShopDiesBetweenReserveAndSettle(t *testing.T) {
	t.Parallel()
	f, _ := twoOn(t)
	for range 10 { // five are enough to spend the budget
		f.shop.SetDelay(10 * time.Second)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			f.atOnce(t.Context(), 2)
		}()
		before := len(f.shop.Requests())
		select {
		case <-ended:
		default:
			for end := time.Now().Add(time.Second); time.Now().Before(end) && len(f.shop.Requests()) < before+2; {
				time.Sleep(5 * time.Millisecond)
			}
		}
		f.shop.Down()
		<-ended
		f.shop.SetDelay(0)
		if err := f.shop.Up(); err != nil {
			t.Fatal(err)
		}
	}
	if n := f.asked(); n != once.Pair {
		t.Errorf("%d guesses reached a shop that died over each, want %d", n, once.Pair)
	}
	f.shops(0)
	f.shops(1)
}

func TestTheShopIsAwayWhenTheCheckIsPassed(t *testing.T) {
	t.Parallel()
	f, _ := twoOn(t)
	f.spend()
	h := f.hold(0)
	clearance := h.v.solve(h.check)
	f.shop.Down()
	button := h.v.goOn(h.check, clearance)
	if button.StatusCode != http.StatusBadGateway {
		t.Fatalf("%s", button.Status)
	}
	if err := f.shop.Up(); err != nil {
		t.Fatal(err)
	}
	// The button sends the same login, also at the other gateway.
	v := h.v.at(f.gates[1].URL)
	v.signedIn(v.send(http.MethodPost, "/login", fields(t, button.body)))
	f.arrived(h.body)
}

func TestAClientThatLeavesItsCheckLosesNothing(t *testing.T) {
	t.Parallel()
	f, _ := twoOn(t)
	f.spend()
	left := f.hold(0)
	// It closes the window, also in the middle of the answer.
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, _ = left.check.Verify(ctx, left.v.client, left.v.header, "pointer", "")
	h := f.hold(1)
	h.pass()
	for _, r := range f.shop.Requests() {
		if string(r.Body) == left.body {
			t.Error("the login whose check nobody passed reached the shop")
		}
	}
	left.pass() // and whoever comes back finds it
}
