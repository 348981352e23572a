package engine_test

import (
	"context"
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/engine"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/risk"
	"github.com/login-guard/login-guard/internal/signal"
	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

// meter counts what is asked of a store.
type meter struct {
	store.Store
	work work
}

// work is all that an attempt costs: calls, and what is in them.
type work struct {
	Reserves, Settles, Others        int
	Charges, Tallies, Marks, Refunds int
	Counts, Walls, Visits            int
}

func (m *meter) Reserve(ctx context.Context, q *store.Reserve, out *store.Reserved) error {
	m.work.Reserves++
	m.work.Charges += len(q.Charges)
	m.work.Tallies += len(q.Tallies)
	m.work.Marks += len(q.Marks)
	if !q.Wall.Key.IsZero() {
		m.work.Walls++
	}
	return m.Store.Reserve(ctx, q, out)
}

func (m *meter) Settle(ctx context.Context, q *store.Settle) error {
	m.work.Settles++
	m.work.Refunds += len(q.Refund)
	m.work.Counts += len(q.Counts)
	if !q.Visit.Key.IsZero() {
		m.work.Visits++
	}
	return m.Store.Settle(ctx, q)
}

func (m *meter) Mark(ctx context.Context, k store.Key, at time.Time, ttl time.Duration) error {
	m.work.Others++
	return m.Store.Mark(ctx, k, at, ttl)
}

func (m *meter) Forget(ctx context.Context, k ...store.Key) error {
	m.work.Others++
	return m.Store.Forget(ctx, k...)
}

// metered is a bench of the size of a shop, with a meter.
func metered(t testing.TB) (*bench, *meter) {
	t.Helper()
	c := storetest.NewClock()
	m := &meter{Store: embedded.New(embedded.Options{Clock: c.Now})}
	return over(t, c, m), m
}

var lastAddress atomic.Uint32

// fresh is an address that nobody used before, in a network of its own.
func fresh() netip.Addr {
	n := lastAddress.Add(1)
	return netip.AddrFrom4([4]byte{byte(20 + n>>16), byte(n >> 8), byte(n), 9})
}

// place is where a client is.
type place struct {
	country string
	asn     uint32
	family  string
}

// client is an attempt from an address and a place.
func client(a device.Account, from netip.Addr, at place) engine.Attempt {
	network, _ := from.Prefix(24)
	return engine.Attempt{Account: a, Signals: signal.Signals{Address: from, Host: netip.PrefixFrom(from, 32), Network: network,
		Country: at.country, ASN: at.asn, Family: at.family, HTTPVersion: "2", Headers: 0xff}}
}

func name(kind string, n int) device.Account {
	return device.Account(storetest.Key(fmt.Sprint(kind, " ", n)))
}

var (
	usual    = place{"DE", 3320, "chrome"}
	other    = place{"AT", 8447, "firefox"}
	faraway  = place{"BR", 28573, "opera"}
	nowhere  = place{}
	allThese = map[string]place{"the owners' own place": usual, "another usual place": other, "a rare place": faraway, "no place": nowhere}
)

// peopled lets a thousand customers sign in, thrice each over five days.
func peopled(b *bench) {
	b.t.Helper()
	for visit := range 3 {
		for n := range 1000 {
			at := usual
			if n%10 == 0 {
				at = other
			}
			a := client(name("customer", n), netip.AddrFrom4([4]byte{10, byte(n >> 8), byte(n), byte(visit + 1)}), at)
			d := b.decide(a)
			if err := b.Settle(ctx, b.Now(), d, login.Success); err != nil {
				b.t.Fatal(err)
			}
			b.Move(5 * 24 * time.Hour / 3000)
		}
	}
}

// campaign lets a tool's attack go on for some attempts.
func campaign(b *bench, attempts int) {
	for i := range attempts {
		b.try(client(name("listed", i), fresh(), place{"US", 7922, "script"}), login.Failure)
		b.Move(2 * time.Second)
	}
}

// Who guesses from where he was never seen must not learn from what he meets
// which accounts exist: not from the verdict, its reasons, or the work done.
func TestKnownAndUnknownNamesMeetTheSame(t *testing.T) {
	for state, prepare := range map[string]func(*bench){
		"in calm":         func(*bench) {},
		"under an attack": func(b *bench) { campaign(b, 200) },
	} {
		for from, at := range allThese {
			t.Run(state+", from "+from, func(t *testing.T) {
				b, m := metered(t)
				peopled(b)
				prepare(b)
				met := map[string]map[string]int{"customer": {}, "nobody": {}}
				rungs := map[string]map[risk.Action]int{"customer": {}, "nobody": {}}
				for n := range 1000 {
					type seen struct {
						Verdict risk.Verdict
						Score   float64
						Work    work
					}
					var of [2]seen
					var ds [2]*engine.Decision
					for i, kind := range []string{"customer", "nobody"} {
						m.work = work{}
						ds[i] = b.decide(client(name(kind, n), fresh(), at))
						of[i] = seen{ds[i].Verdict, ds[i].Assessment.Score, m.work}
					}
					if diff := cmp.Diff(of[1], of[0]); diff != "" {
						t.Fatalf("customer %d meets (-nobody +customer):\n%s", n, diff)
					}
					// Now they go on: what comes of one shows in the next.
					for i, kind := range []string{"customer", "nobody"} {
						o := login.None
						if ds[i].Verdict.Action == risk.Allow {
							o = login.Failure
						}
						m.work = work{}
						b.end(ds[i], o)
						rungs[kind][ds[i].Verdict.Action]++
						met[kind][fmt.Sprintf("%s %+v", ds[i].Verdict.Action, m.work)]++
					}
					b.Move(20 * time.Second)
				}
				if diff := cmp.Diff(rungs["nobody"], rungs["customer"]); diff != "" {
					t.Errorf("rungs (-nobody +customer):\n%s", diff)
				}
				if diff := cmp.Diff(met["nobody"], met["customer"]); diff != "" {
					t.Errorf("rungs and work (-nobody +customer):\n%s", diff)
				}
				t.Log(rungs["customer"])
			})
		}
	}
}

func (b *bench) end(d *engine.Decision, o login.Outcome) {
	b.t.Helper()
	if err := b.Settle(ctx, b.Now(), d, o); err != nil {
		b.t.Fatal(err)
	}
}

// owner is a customer on the own device, with the cookies that it earns.
type owner struct {
	*bench
	account device.Account
	device  device.Device
	seen    time.Time
	pass    device.Pass

	checks, denials, logins int
}

// signIn lets the owner sign in, passing what checks come.
func (o *owner) signIn(from netip.Addr) {
	o.t.Helper()
	a := client(o.account, from, usual)
	a.Device, a.Known, a.Seen = o.device, true, o.seen
	if o.Now().Before(o.pass.Expires) {
		a.Pass, a.Passed = o.pass, o.pass.Rung
	}
	o.logins++
	for range 3 {
		d := o.decide(a)
		switch d.Verdict.Action {
		case risk.Allow:
			o.end(d, login.Success)
			o.seen = o.Now()
			if a.Solved {
				o.pass = device.Pass{ID: [16]byte{7}, Rung: a.Rung, Account: o.account, Issued: o.Now(), Expires: o.Now().Add(time.Duration(config.DefaultRemember)), Succeeded: true}
			}
			return
		case risk.Slider:
			a.Rung = device.Slider
		case risk.Picture:
			a.Rung = device.Picture
		default:
			o.denials++
			o.end(d, login.None)
			return
		}
		o.end(d, login.None)
		o.checks++
		a.Solved = true
	}
	o.t.Fatal("passed three checks and is asked for another")
}

// Ten thousand failures a day against an account, some of them from the very
// address that its owner is at.
func TestTheOwnerOnTheOwnDeviceMeetsAtMostOneCheckADayWhileABotnetGuesses(t *testing.T) {
	for _, test := range []struct {
		name   string
		solves bool
	}{{"that passes no check", false}, {"that passes every check", true}} {
		t.Run(test.name, func(t *testing.T) {
			b, _ := metered(t)
			peopled(b)
			home := netip.MustParseAddr("198.51.100.7")
			o := &owner{bench: b, account: name("customer", 1), seen: b.Now()}
			o.device = device.Device{ID: [16]byte{1}}.Succeeded(o.account, b.Now())
			bots := make([]netip.Addr, 3000)
			for i := range bots {
				bots[i] = fresh()
			}
			reached := 0
			const days, guesses = 3, 10_000
			for i := range days * guesses {
				from := bots[i%len(bots)]
				if i%100 == 0 {
					from = home // a neighbour's machine, behind the same router
				}
				a := client(o.account, from, place{"US", 7922, "chrome"})
				d := b.decide(a)
				if test.solves && (d.Verdict.Action == risk.Slider || d.Verdict.Action == risk.Picture) {
					b.end(d, login.None)
					a.Solved, a.Rung = true, device.Picture
					d = b.decide(a)
				}
				outcome := login.None
				if d.Verdict.Action == risk.Allow {
					outcome = login.Failure
					reached++
				}
				b.end(d, outcome)
				if i%(guesses/24) == 0 {
					o.signIn(home)
				}
				b.Move(24 * time.Hour / guesses)
			}
			t.Logf("%d of %d guesses reached the shop; of %d logins of the owner %d met a check", reached, days*guesses, o.logins, o.checks)
			if o.denials != 0 || o.checks > days {
				t.Errorf("of %d logins in %d days %d were denied and %d met a check", o.logins, days, o.denials, o.checks)
			}
			// The wall: some before it stands, then about one an hour.
			if most := 30 + days*24; reached > most {
				t.Errorf("%d guesses reached the shop, at most %d", reached, most)
			}
			if !test.solves && reached > 10 {
				t.Errorf("%d guesses reached the shop without passing a check", reached)
			}
		})
	}
}

func TestNobodyBehindASharedOrPrivateAddressIsDeniedForOthersFailures(t *testing.T) {
	shared := netip.MustParseAddr("198.51.100.1")
	for _, test := range []struct {
		name    string
		address netip.Addr
		prepare func(*bench)
	}{
		{"thirty colleagues", shared, func(b *bench) {
			for n := range 30 {
				b.end(b.decide(client(name("colleague", n), shared, usual)), login.Success)
			}
		}},
		{"a private address", netip.MustParseAddr("192.168.1.1"), nil},
		{"carrier-grade NAT", netip.MustParseAddr("100.64.3.2"), nil},
		{"loopback", netip.MustParseAddr("127.0.0.1"), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, _ := metered(t)
			peopled(b)
			if test.prepare != nil {
				test.prepare(b)
			}
			at := func(account device.Account) engine.Attempt {
				a := client(account, test.address, usual)
				a.Signals.Private = test.prepare == nil
				return a
			}
			for n := range 500 {
				a := at(name("listed", n))
				a.Solved, a.Rung = true, device.Picture
				b.try(a, login.Failure)
				if n%5 == 0 {
					if d := b.decide(at(name("blameless", n))); d.Verdict.Action == risk.Deny {
						t.Fatalf("after %d failures of others somebody blameless is denied: %+v", n+1, d.Verdict.Reasons)
					} else {
						b.end(d, login.None)
					}
				}
				b.Move(time.Second)
			}
		})
	}
}
