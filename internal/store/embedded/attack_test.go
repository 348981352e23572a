package embedded_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
)

// A guess as the ledger counts it: six budgets, two of them once an account,
// the wall, and then the tallies of a failure.
type guess struct {
	address, account uint64 // of numbered keys, sixteen of each
}

func (g guess) key(of uint64, what uint64) store.Key { return numbered(of<<4 | what) }

func (g guess) pair() store.Key { return numbered(g.address*0x9e3779b97f4a7c15 ^ g.account<<4 | 15) }

func (g guess) reserve(now time.Time) store.Reserve {
	const a, b = 1 << 40, 1 << 41 // addresses, networks
	q := store.Reserve{Now: now, Charges: []store.Charge{
		{Key: g.pair(), Burst: 5, Every: 2 * time.Minute},
		{Key: g.key(a|g.address, 0), Burst: 10, Every: time.Minute},
		{Key: g.key(a|g.address, 1), Burst: 60, Every: 10 * time.Second},
		{Key: g.key(b|g.address>>8, 2), Burst: 40, Every: 15 * time.Second, Soft: store.SoftAlways},
		{Key: g.key(a|g.address, 3), Burst: 5, Every: 2 * time.Minute, Soft: store.SoftAlways},
		{Key: g.key(a|g.address, 4), Burst: 20, Every: 3 * time.Minute},
	}, Tallies: []store.Ask{g.tallyOfAddress(), g.tallyOfAccount(), {Key: numbered(1), HalfLife: time.Hour}},
		Wall: store.Wall{Key: g.key(g.account, 7), GapFrom: 20, RowFrom: 100}}
	q.Charges[4].Once, q.Charges[4].OnceFor = numbered(uint64ofKey(g.pair())+1), 10*time.Minute
	q.Charges[5].Once, q.Charges[5].OnceFor = numbered(uint64ofKey(g.pair())+2), time.Hour
	return q
}

func uint64ofKey(k store.Key) (n uint64) {
	for _, b := range k[:8] {
		n = n<<8 | uint64(b)
	}
	return n
}

func (g guess) tallyOfAddress() store.Ask {
	return store.Ask{Key: g.key(1<<40|g.address, 5), HalfLife: 12 * time.Hour, Window: 10 * time.Minute}
}

func (g guess) tallyOfAccount() store.Ask {
	return store.Ask{Key: g.key(g.account, 6), HalfLife: time.Hour, Window: time.Hour}
}

func (g guess) fail(t *testing.T, s store.Store, now time.Time) {
	q := g.reserve(now)
	var got store.Reserved
	if err := s.Reserve(context.Background(), &q, &got); err != nil {
		t.Fatal(err)
	}
	if err := s.Settle(context.Background(), &store.Settle{Now: now, Counts: []store.Count{
		{Ask: q.Tallies[2], Failures: 1}, {Ask: q.Tallies[0], Failures: 1, FailedOf: g.account | 1<<63}, {Ask: q.Tallies[1], Failures: 1, FailedOf: g.address | 1<<63},
	}}); err != nil {
		t.Fatal(err)
	}
}

// dummies is how many addresses and names of his own an attacker brings: a
// hundred times what fits in the tables of the test. LOGIN_GUARD_DUMMIES sets
// it, with as much memory as a store has by default.
func dummies(t *testing.T) (n int, o embedded.Options) {
	if set := os.Getenv("LOGIN_GUARD_DUMMIES"); set != "" {
		n, err := strconv.Atoi(set)
		if err != nil {
			t.Fatal(err)
		}
		return n, embedded.Options{}
	}
	return 100_000, embedded.Options{Memory: 512 << 10}
}

func TestDummyNamesPushOutNoVictim(t *testing.T) {
	for _, each := range []int{1, 2, 5} {
		t.Run(fmt.Sprintf("%dFailuresEach", each), func(t *testing.T) {
			n, o := dummies(t)
			s := embedded.New(o)
			now := time.Unix(1_800_000_000, 0)
			const victims, first = 50, 1 << 30
			for v := range uint64(victims) {
				for range 5 { // from four addresses, each of which has no more guesses at it
					for a := range uint64(4) {
						guess{address: first + 4*v + a, account: first + v}.fail(t, s, now)
					}
				}
			}
			country := store.Ask{Key: numbered(2), HalfLife: 30 * 24 * time.Hour}
			owner := numbered(3)
			if err := s.Settle(context.Background(), &store.Settle{Now: now,
				Counts: []store.Count{{Ask: country, Successes: 30}}, Visit: store.Visit{Key: owner, ASN: 7}}); err != nil {
				t.Fatal(err)
			}
			before := s.Stats()

			for i := range uint64(n) {
				at := now.Add(time.Duration(float64(i) / float64(n) * float64(time.Minute)))
				for range each {
					guess{address: i, account: i}.fail(t, s, at)
				}
			}
			now = now.Add(time.Minute)

			var walls, pairs, tallies int
			for v := range uint64(victims) {
				for a := range uint64(4) {
					q := guess{address: first + 4*v + a, account: first + v}.reserve(now)
					var got store.Reserved
					if err := s.Reserve(context.Background(), &q, &got); err != nil {
						t.Fatal(err)
					}
					if got.Wall.Failures < 20 || got.Wall.Row < 20 {
						walls++
					}
					if got.Over&1 == 0 {
						pairs++
					}
					if got.Tallies[1].Failures < 19 || got.Tallies[1].FailedOf < 3 || got.Tallies[0].Failures < 4.9 {
						tallies++
					}
				}
			}
			if walls+pairs+tallies > 0 {
				t.Errorf("of %d: %d walls, %d budgets and %d tallies are gone", 4*victims, walls, pairs, tallies)
			}
			q := store.Reserve{Now: now, Tallies: []store.Ask{country, {Key: numbered(1), HalfLife: time.Hour}}, Profile: owner}
			var got store.Reserved
			if err := s.Reserve(context.Background(), &q, &got); err != nil {
				t.Fatal(err)
			}
			if got.Tallies[0].Successes < 29 || got.Tallies[1].Failures < 100 || got.Profile.Successes != 1 {
				t.Errorf("what the site knows: %+v, history %+v", got.Tallies[:2], got.Profile)
			}
			after := s.Stats()
			t.Logf("%d dummies, %d failures each: %d live rows were pushed out, %d of them penalised", n, each, after.Evictions-before.Evictions, after.EvictedPenalised-before.EvictedPenalised)
			if after.Evictions == before.Evictions {
				t.Error("the flood was too small to show anything")
			}
			if each < 3 && after.EvictedPenalised != 0 {
				t.Errorf("%d penalised rows were pushed out by rows worth less", after.EvictedPenalised)
			}
		})
	}
}
