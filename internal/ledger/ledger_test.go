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

func TestTheSlowWayIsALineInWhichPlacesAreKept(t *testing.T) {
	b := open(t)
	net := netip.MustParsePrefix("192.0.2.0/24")
	other := netip.MustParsePrefix("198.51.100.0/24")
	// slow is how long a place is away, or, below zero, until there may be one.
	slow := func(n netip.Prefix, a int) time.Duration {
		t.Helper()
		p, after, err := b.Slow(ctx, b.Now(), n, account(a), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if after > 0 {
			return -after
		}
		return p.End.Sub(b.Now())
	}
	for _, test := range []struct {
		name string
		net  netip.Prefix
		a    int
		want time.Duration
	}{
		{"the first", net, 1, time.Minute},
		{"the first, once more", net, 1, time.Minute},
		{"another account of the network", net, 2, 2 * time.Minute},
		{"a third", net, 3, 3 * time.Minute},
		{"the second, once more", net, 2, 2 * time.Minute},
		{"an account from another network", other, 4, time.Minute},
		{"the first account from another network again", other, 1, 2 * time.Minute},
	} {
		if got := slow(test.net, test.a); got != test.want {
			t.Errorf("%s is %v away, want %v", test.name, got, test.want)
		}
	}
	b.Move(90 * time.Second)
	if got := slow(net, 2); got != 30*time.Second {
		t.Errorf("after 90 s the second is %v away, want 30s", got)
	}
	if got := slow(net, 1); got != -30*time.Second {
		t.Errorf("the first is %v away, want its time to have come 30 s ago", got)
	}
	b.Move(90 * time.Second)
	for n, want := range []time.Duration{time.Minute, 2 * time.Minute, -57 * time.Minute} {
		if got := slow(net, 10+n); got != want {
			t.Errorf("number %d of the hour: %v, want %v (5 an hour; the first comes back after an hour)", 4+n, got, want)
		}
	}
}

func TestOthersWhoWaitForAnAccountLeaveAPlaceForItsOwner(t *testing.T) {
	b := open(t)
	for n := range 100 {
		net := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(n), 0}), 24)
		if _, _, err := b.Slow(ctx, b.Now(), net, account(1), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	owner := netip.MustParsePrefix("192.0.2.0/24")
	for waited := time.Duration(0); ; waited += time.Second {
		p, after, err := b.Slow(ctx, b.Now(), owner, account(1), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if after == 0 {
			if away := p.End.Sub(b.Now()); waited > 10*time.Second || away > 10*time.Minute {
				t.Errorf("a place after %v, %v away", waited, away)
			}
			return
		}
		b.Move(time.Second)
	}
}
