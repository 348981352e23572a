package redis_test

import (
	"fmt"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/redis"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

// keyed is a key of one subject, as package ledger makes them.
func keyed(subject, what string) store.Key {
	k, w := storetest.Key(subject), storetest.Key(what)
	copy(k[8:], w[:8])
	return k
}

// login is a reservation as package ledger makes one of an unknown device,
// over its six budgets, six tallies, wall, profile and marks.
func login(address, account string, n int) store.Reserve {
	soft := store.SoftIfBusy
	return store.Reserve{
		Now: time.Now(), BusyAbove: 20,
		Charges: []store.Charge{
			{Key: keyed(address, "pair "+account), Burst: 5, Every: 2 * time.Minute},
			{Key: keyed(address, "address"), Burst: 10, Every: time.Minute, Soft: soft},
			{Key: keyed(address, "attempts"), Burst: 60, Every: 10 * time.Second, Soft: soft, Once: keyed(address, fmt.Sprint("same ", n)), OnceFor: 10 * time.Minute},
			{Key: keyed("net "+address, "network"), Burst: 40, Every: 15 * time.Second, Soft: store.SoftAlways},
			{Key: keyed(address, "accounts"), Burst: 5, Every: 2 * time.Minute, Soft: store.SoftAlways, Once: keyed(address, "seen "+account), OnceFor: 10 * time.Minute},
			{Key: keyed(address, "accounts-hour"), Burst: 20, Every: 3 * time.Minute, Soft: soft, Once: keyed(address, "seen-hour "+account), OnceFor: time.Hour},
		},
		Tallies: []store.Ask{
			{Key: keyed(address, "tally"), HalfLife: 12 * time.Hour, Window: 10 * time.Minute},
			{Key: keyed(account, "tally"), HalfLife: time.Hour, Window: time.Hour},
			{Key: keyed("site", "all"), HalfLife: 720 * time.Hour},
			{Key: keyed("site", "country"), HalfLife: 720 * time.Hour},
			{Key: keyed("site", "asn"), HalfLife: 720 * time.Hour},
			{Key: keyed("site", "family"), HalfLife: 720 * time.Hour},
		},
		Wall:    store.Wall{Key: keyed(account, "self"), GapFrom: 20, RowFrom: 100},
		Profile: keyed(account, "self"),
		Marks:   []store.Key{keyed(account, "revoked"), keyed("site", "revoked")},
	}
}

// failed settles a login with a wrong password, succeeded with the right one.
func failed(q *store.Reserve) *store.Settle {
	return &store.Settle{Counts: []store.Count{
		{Ask: q.Tallies[2], Failures: 1}, {Ask: q.Tallies[0], Failures: 1, FailedOf: 1 << 63}, {Ask: q.Tallies[1], Failures: 1, FailedOf: 1<<63 | 5},
	}, Refund: []store.Charge{{Once: q.Charges[2].Once}}}
}

func succeeded(q *store.Reserve, got *store.Reserved) *store.Settle {
	s := &store.Settle{Wall: q.Wall.Key, WallRefund: got.WallTaken, WallGap: got.WallGap, WallSet: got.WallSet, WallReset: true,
		Visit: store.Visit{Key: q.Profile, Country: 1, ASN: 2, Family: 3, Address: 4}}
	for i, c := range q.Charges {
		if got.Taken&(1<<i) != 0 {
			s.Refund = append(s.Refund, c)
		}
	}
	for _, t := range []int{0, 2, 3, 4, 5} {
		c := store.Count{Ask: q.Tallies[t], Successes: 1}
		if t == 0 {
			c.SucceededOf = 1<<63 | 9
		}
		s.Counts = append(s.Counts, c)
	}
	return s
}

// scripts is how many scripts the servers ran, and pipelined commands in all.
func scripts(servers ...*redistest.Server) (n int) {
	calls := regexp.MustCompile(`calls=(\d+)`)
	for _, r := range servers {
		for _, name := range []string{"cmdstat_evalsha", "cmdstat_eval"} {
			if m := calls.FindStringSubmatch(r.Info("commandstats", name)); m != nil {
				x, _ := strconv.Atoi(m[1])
				n += x
			}
		}
	}
	return n
}

func TestAReservationIsOneRoundTripAndADenialNone(t *testing.T) {
	r := redistest.Start(t)
	s := open(t, "redis://"+r.Addr, nil)
	warm := login("198.51.100.1", "warm", 0)
	if _, err := storetest.Reserve(s, warm); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it listens", func() bool { return s.Status().Live })
	for i := range 10 {
		was, trips := scripts(r), s.Status().RoundTrips
		got, err := storetest.Reserve(s, login("203.0.113.9", fmt.Sprint("account ", i), i))
		if err != nil || got.Taken == 0 {
			t.Fatalf("%d: %+v, %v", i, got, err)
		}
		if n := scripts(r) - was; n != 1 || s.Status().RoundTrips-trips != 1 {
			t.Fatalf("%d scripts and %d round trips for a reservation, want 1 and 1", n, s.Status().RoundTrips-trips)
		}
	}
	got, err := storetest.Reserve(s, login("203.0.113.9", "account 11", 11))
	if err != nil || got.Taken != 0 || got.Brief || got.Over&2 == 0 {
		t.Fatalf("the eleventh: %+v, %v", got, err)
	}
	was, trips := scripts(r), s.Status().RoundTrips
	for i := range 1000 {
		got, err := storetest.Reserve(s, login("203.0.113.9", fmt.Sprint("account ", 20+i), 20+i))
		if err != nil || got.Taken != 0 || !got.Brief || got.After[1] <= 0 || got.After[1] > time.Minute {
			t.Fatalf("denied attempt %d: %+v, %v", i, got, err)
		}
	}
	if n := scripts(r) - was; n != 0 || s.Status().RoundTrips != trips {
		t.Errorf("a thousand attempts of a denied address ran %d scripts", n)
	}
	if got := s.Status().DeniedHere; got != 1000 {
		t.Errorf("%d answered here", got)
	}
	was = scripts(r)
	q := login("198.51.100.1", "warm", 1)
	if err := s.Settle(ctx, failed(&q)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is settled", func() bool { return scripts(r)-was == 1 })
}

func TestInAClusterAReservationIsOneScriptASubject(t *testing.T) {
	r := redistest.StartCluster(t)
	s := open(t, r.URL(), nil)
	for i := range 4 { // until all nodes know the scripts
		if _, err := storetest.Reserve(s, login(fmt.Sprint("198.51.100.", i), fmt.Sprint("warm ", i), 0)); err != nil {
			t.Fatal(err)
		}
	}
	was, trips := scripts(r.Nodes[:]...), s.Status().RoundTrips
	if _, err := storetest.Reserve(s, login("203.0.113.9", "account", 1)); err != nil {
		t.Fatal(err)
	}
	// Address, network, account, site.
	if n := scripts(r.Nodes[:]...) - was; n != 4 || s.Status().RoundTrips-trips != 1 {
		t.Errorf("%d scripts and %d round trips, want 4 and 1", n, s.Status().RoundTrips-trips)
	}
}

func TestTwoGatewaysTogetherLetThroughTheBurstAndNoMore(t *testing.T) {
	single, cluster := redistest.Start(t), redistest.StartCluster(t)
	for name, url := range map[string]string{"one server": "redis://" + single.Addr, "cluster": cluster.URL()} {
		t.Run(name, func(t *testing.T) {
			gateways := []*redis.Store{open(t, url, nil), open(t, url, nil)}
			var through atomic.Int64
			var wg sync.WaitGroup
			for i := range 1000 {
				wg.Go(func() {
					q := login("203.0.113.9", fmt.Sprint("account ", i), i)
					q.Charges = q.Charges[1:2]
					got, err := storetest.Reserve(gateways[i%2], q)
					if err != nil {
						t.Error(err)
					}
					if got.Taken == 1 {
						through.Add(1)
					}
				})
			}
			wg.Wait()
			if through.Load() != 10 {
				t.Errorf("%d of 1,000 came through, want 10", through.Load())
			}
		})
	}
}

func TestGatewaysOfAClusterNeverLetThroughMoreThanAnyBudgetHolds(t *testing.T) {
	r := redistest.StartCluster(t)
	gateways := []*redis.Store{open(t, r.URL(), nil), open(t, r.URL(), nil)}
	a, b := budget("a", 30), budget("b", 7)
	var through atomic.Int64
	var wg sync.WaitGroup
	for i := range 400 {
		wg.Go(func() {
			charges := []store.Charge{a, b}
			if i%2 == 0 {
				charges = []store.Charge{b, a}
			}
			if got, err := one(gateways[i%2], charges...); err != nil {
				t.Error(err)
			} else if got.Taken == 3 {
				through.Add(1)
			}
		})
	}
	wg.Wait()
	if n := through.Load(); n > 7 {
		t.Errorf("%d came through, want 7 at most", n)
	}
	// What refused attempts took is given back: the larger budget has all
	// that did not come through.
	for _, g := range gateways {
		eventually(t, "all is sent", func() bool { return g.Status().Waiting == 0 })
	}
	eventually(t, "the rest is back", func() bool {
		probe := a
		probe.Soft, probe.Burst = store.SoftAlways, int(through.Load())+1
		got, err := one(gateways[0], store.Charge{Key: storetest.Key("b"), Burst: 1, Every: time.Hour}, probe)
		return err == nil && got.Over&2 == 0
	})
}

func TestWhatOneGatewayGivesBackTheOtherHearsOf(t *testing.T) {
	r := redistest.Start(t)
	here, there := open(t, "redis://"+r.Addr, nil), open(t, "redis://"+r.Addr, nil)
	spend := func(t *testing.T) {
		t.Helper()
		must(t, here, budget("a", 1))
		if got := must(t, there, budget("a", 1)); got.Taken != 0 {
			t.Fatalf("%+v", got)
		}
		eventually(t, "it is known there", func() bool {
			return must(t, there, budget("a", 1)).Brief && there.Status().Live && here.Status().Live
		})
	}
	for name, giveBack := range map[string]func() error{
		"refund": func() error {
			return here.Settle(ctx, &store.Settle{Refund: []store.Charge{budget("a", 1)}})
		},
		"forget": func() error { return here.Forget(ctx, storetest.Key("a")) },
	} {
		t.Run(name, func(t *testing.T) {
			r.Flush()
			if err := there.Forget(ctx, storetest.Key("a")); err != nil {
				t.Fatal(err)
			}
			spend(t)
			if err := giveBack(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the other lets through", func() bool { return must(t, there, budget("a", 1)).Taken == 1 })
		})
	}
}

func TestAGatewayThatHeardNothingForgetsWhatItKnew(t *testing.T) {
	r := redistest.Start(t)
	s := open(t, "redis://"+r.Addr, nil)
	must(t, s, budget("a", 1))
	eventually(t, "it listens", func() bool { return s.Status().Live })
	must(t, s, budget("a", 1))
	if got := must(t, s, budget("a", 1)); !got.Brief {
		t.Fatalf("%+v", got)
	}
	r.Do("del", keysOf(t, r)[0])
	r.Do("client", "kill", "type", "pubsub")
	eventually(t, "it asks again", func() bool { return must(t, s, budget("a", 1)).Taken == 1 })
}

func keysOf(t *testing.T, servers ...*redistest.Server) (keys []string) {
	t.Helper()
	for _, r := range servers {
		all, _ := r.Do("keys", "*").([]any)
		for _, k := range all {
			keys = append(keys, fmt.Sprint(k))
		}
	}
	if len(keys) == 0 {
		t.Fatal("no keys")
	}
	return keys
}
