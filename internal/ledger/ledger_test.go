package ledger_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/risk"
	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

var ctx = context.Background()

// book is a ledger on an embedded store, with its clock. The key ring is
// fixed, so that estimates are the same in every run.
type book struct {
	*ledger.Ledger
	*storetest.Clock
	ring *keys.Ring
	kept store.Store
	t    testing.TB
	same int
}

func open(t testing.TB) *book {
	t.Helper()
	ring, err := keys.NewRing(bytes.Repeat([]byte{1}, keys.Size))
	if err != nil {
		t.Fatal(err)
	}
	c := storetest.NewClock()
	s := embedded.New(embedded.Options{Counters: 1 << 17, Tallies: 1 << 15, Profiles: 1 << 12, Clock: c.Now})
	return &book{ledger.New(ring, s, "shop", config.DefaultLimits()), c, ring, s, t, 0}
}

// only turns all limits off but those named.
func (b *book) only(names ...string) *book {
	for name := range b.Limits {
		if !slices.Contains(names, name) {
			b.Limits[name] = config.Limit{Off: true}
		}
	}
	return b
}

func account(n int) device.Account {
	return device.Account(storetest.Key(fmt.Sprint("account ", n)))
}

// host is the n-th address: each /24 has 100 of them.
func host(n int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{100, byte(n / 100 >> 8), byte(n / 100), byte(n%100 + 1)}), 32)
}

// from is an attempt at account a from address h, and no other's copy.
func (b *book) from(h, a int) ledger.Attempt {
	b.same++
	n := netip.PrefixFrom(host(h).Addr(), 24).Masked()
	return ledger.Attempt{Account: account(a), Host: host(h), Network: n, Same: storetest.Key(fmt.Sprint(b.same))}
}

// known is the same from a browser that logged in before.
func (b *book) known(h, a int) ledger.Attempt {
	at := b.from(h, a)
	at.Known, at.Device = true, [16]byte{1, byte(a)}
	return at
}

func (b *book) reserve(a ledger.Attempt) *ledger.Reservation {
	b.t.Helper()
	r, err := b.Reserve(ctx, b.Now(), a)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func (b *book) settle(r *ledger.Reservation, o login.Outcome) {
	b.t.Helper()
	if err := b.Settle(ctx, b.Now(), r, o); err != nil {
		b.t.Fatal(err)
	}
}

// try reserves and, unless it is denied, settles as o.
func (b *book) try(a ledger.Attempt, o login.Outcome) *ledger.Reservation {
	b.t.Helper()
	r := b.reserve(a)
	if !denied(r) {
		b.settle(r, o)
	}
	return r
}

// over is what limit name demands of r, and until when; Allow when r is
// within it.
func over(r *ledger.Reservation, name string) (risk.Action, time.Duration) {
	action, after := risk.Allow, time.Duration(0)
	for _, o := range r.Over {
		if o.Limit == name && (action == risk.Allow || o.Demands == risk.Deny) {
			action, after = o.Demands, o.RetryAfter
		}
	}
	return action, after
}

func denied(r *ledger.Reservation) bool {
	return slices.ContainsFunc(r.Over, func(o risk.Over) bool { return o.Demands == risk.Deny })
}

func TestOfAThousandGuessesAtOnceAtMostFiveGetThrough(t *testing.T) {
	for _, test := range []struct {
		name    string
		through login.Outcome
		limits  func(*book)
	}{
		{"all limits", login.Failure, func(*book) {}},
		{"pair alone", login.Failure, func(b *book) { b.only(config.LimitPair) }},
		{"the shop's answers are not known", login.Unknown, func(*book) {}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := open(t)
			test.limits(b)
			var mu sync.Mutex
			through := 0
			var wg sync.WaitGroup
			for range 20 {
				attempts := make([]ledger.Attempt, 50)
				for i := range attempts {
					attempts[i] = b.from(1, 1)
				}
				wg.Go(func() {
					for _, a := range attempts {
						r, err := b.Reserve(ctx, b.Now(), a)
						if err != nil {
							t.Error(err)
							return
						}
						if denied(r) {
							continue
						}
						mu.Lock()
						through++
						mu.Unlock()
						if err := b.Settle(ctx, b.Now(), r, test.through); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			if through != 5 {
				t.Errorf("%d got through, want 5", through)
			}
		})
	}
}

func TestARefusedAttemptSettledAsNotSentGivesNothingBack(t *testing.T) {
	b := open(t)
	for range 5 {
		b.try(b.from(1, 1), login.Failure)
	}
	for range 20 {
		r := b.reserve(b.from(1, 1))
		if !denied(r) {
			t.Fatal("got through")
		}
		b.settle(r, login.None)
	}
}

func TestANameOfOneSiteIsNotThatOfAnother(t *testing.T) {
	b := open(t)
	for range 5 {
		b.try(b.from(1, 1), login.Failure)
	}
	other := &book{ledger.New(b.ring, b.kept, "other", b.Limits), b.Clock, b.ring, b.kept, t, 0}
	if r := other.try(other.from(1, 1), login.Failure); len(r.Over) != 0 || r.Facts.AddressFailures != 0 {
		t.Errorf("another site's failures count: %v", r.Over)
	}
	if b.Account("alice") == other.Account("alice") {
		t.Error("an account has one name on two sites")
	}
	if b.Pseudonym(account(1)) == other.Pseudonym(account(1)) {
		t.Error("an account has one name in two sites' logs")
	}
}

func TestTheSameLoginIsRecognisedByAllThatItIs(t *testing.T) {
	b := open(t)
	first := b.Same(host(1), "woocommerce", "/my-account/", []byte("log=a&pwd=b"))
	if first != b.Same(host(1), "woocommerce", "/my-account/", []byte("log=a&pwd=b")) {
		t.Error("the same login has two names")
	}
	for name, other := range map[string]store.Key{
		"address":  b.Same(host(2), "woocommerce", "/my-account/", []byte("log=a&pwd=b")),
		"endpoint": b.Same(host(1), "generic", "/my-account/", []byte("log=a&pwd=b")),
		"URI":      b.Same(host(1), "woocommerce", "/my-account/?", []byte("log=a&pwd=b")),
		"body":     b.Same(host(1), "woocommerce", "/my-account/", []byte("log=a&pwd=c")),
		"no body":  b.Same(host(1), "woocommerce", "/my-account/log=a&pwd=b", nil),
	} {
		if other == first {
			t.Errorf("another %s is the same login", name)
		}
	}
}

func TestTheSlowWayIsOneAtATimeAndFiveAnHour(t *testing.T) {
	b := open(t)
	net := netip.MustParsePrefix("192.0.2.0/24")
	other := netip.MustParsePrefix("198.51.100.0/24")
	slow := func(n netip.Prefix, a int) time.Duration {
		t.Helper()
		after, err := b.Slow(ctx, b.Now(), n, account(a), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return after
	}
	if after := slow(net, 1); after != 0 {
		t.Fatalf("the first has to wait %v", after)
	}
	for _, test := range []struct {
		name string
		net  netip.Prefix
		a    int
		wait time.Duration
	}{
		{"the same", net, 1, time.Minute},
		{"another account of the network", net, 2, time.Minute},
		{"the account from another network", other, 1, time.Minute},
		{"another account from another network", other, 3, 0},
	} {
		if after := slow(test.net, test.a); after != test.wait {
			t.Errorf("%s has to wait %v, want %v", test.name, after, test.wait)
		}
	}
	for i := range 4 {
		b.Move(time.Minute)
		if after := slow(net, 10+i); after != 0 {
			t.Fatalf("number %d in its turn has to wait %v", i+2, after)
		}
	}
	b.Move(time.Minute)
	if after := slow(net, 20); after != 7*time.Minute {
		t.Errorf("the sixth has to wait %v, want 7m: the first place comes back after 12", after)
	}
	b.Move(7 * time.Minute)
	if after := slow(net, 20); after != 0 {
		t.Errorf("after its wait it has to wait %v", after)
	}
}
