package ledger

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

var start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

func tally(failures, successes float64) *store.Tally {
	return &store.Tally{Failures: failures, Successes: successes}
}

func TestTheShareOfAttackIsCautious(t *testing.T) {
	for _, test := range []struct {
		name                       string
		failures, successes, usual float64
		few                        float64
		least, most                float64
	}{
		{"nobody came", 0, 0, 0.5, fewOfSite, 0, 0},
		{"two strangers of a network erred", 2, 0, 0.5, fewOfNetwork, 0, 0},
		{"three, where most succeed", 3, 0, 0.9, fewOfNetwork, 0, 0.2},
		{"ten of a network, and none succeeded", 10, 0, 0.5, fewOfNetwork, 0.35, 0.6},
		{"eight of the site, and none succeeded", 8, 0, 0.5, fewOfSite, 0.3, 0.6},
		{"as usual", 57, 43, 0.43, fewOfSite, 0, 0},
		{"many, as usual", 5700, 4300, 0.43, fewOfSite, 0, 0},
		{"twice as many as usual, half of them attack", 78, 22, 0.43, fewOfSite, 0.3, 0.5},
		{"next to nobody succeeds", 10_000, 50, 0.5, fewOfSite, 0.95, 1},
		{"better than usual", 0, 50, 0.5, fewOfSite, 0, 0},
	} {
		if got := attack(tally(test.failures, test.successes), test.usual, test.few); got < test.least || got > test.most {
			t.Errorf("%s: %.3f, want %v to %v", test.name, got, test.least, test.most)
		}
	}
}

func TestTheShareOfAttackGrowsWithFailuresAndFallsWithSuccesses(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		f, s := r.ExpFloat64()*20, r.ExpFloat64()*20
		usual, few := usualFloor+r.Float64()*(1-usualFloor), float64(r.IntN(4))
		a := attack(tally(f, s), usual, few)
		if !(a >= 0 && a <= 1) {
			t.Fatalf("%v of %v failures and %v successes", a, f, s)
		}
		if worse := attack(tally(f+r.Float64()*5, s), usual, few); worse < a-1e-12 {
			t.Fatalf("more failures than %v (%v successes, usual %v): %v becomes %v", f, s, usual, a, worse)
		}
		if better := attack(tally(f, s+r.Float64()*5), usual, few); better > a+1e-12 {
			t.Fatalf("more successes than %v (%v failures, usual %v): %v becomes %v", s, f, usual, a, better)
		}
		share := failureShare(tally(f, s), usual)
		if !(share >= 0 && share <= 1) {
			t.Fatalf("share %v", share)
		}
		if worse := failureShare(tally(f+r.Float64()*5, s), usual); worse < share-1e-12 {
			t.Fatalf("more failures than %v at an address with %v successes: %v becomes %v", f, s, share, worse)
		}
	}
	for _, wild := range []float64{math.NaN(), math.Inf(1), -1} {
		if a := attack(tally(wild, 0), 0.5, 1); a < 0 || a > 1 {
			t.Errorf("%v failures: %v", wild, a)
		}
	}
}

func TestWhatIsUsualStaysWithinBounds(t *testing.T) {
	if got := usualOf(tally(0, 0)); got != usualDefault {
		t.Errorf("of an unknown site %v is usual", got)
	}
	if got := usualOf(tally(1e6, 0)); got != usualFloor {
		t.Errorf("of a site where nobody succeeds %v is usual, want %v", got, usualFloor)
	}
	if got := sliceUsual(tally(1e6, 0), tally(0, 0), 0.6); got != 0.3 {
		t.Errorf("of a slice that always failed %v is usual, want half the site's", got)
	}
	if got := sliceUsual(tally(20, 0), tally(20, 0), 0.6); got != 0.6 {
		t.Errorf("of a slice that is only known to fail now %v is usual, want the site's", got)
	}
	if got := sliceUsual(tally(0, 1e6), tally(0, 0), 0.6); got < 0.99 {
		t.Errorf("of a slice that always succeeded %v is usual", got)
	}
}

// Who comes back with the answer to a check takes back exactly what he added
// when he was asked for it.
func TestWhatGoingAwayAddedIsTakenBack(t *testing.T) {
	for _, before := range []struct{ address, network, account float64 }{{0, 0, 0}, {0, 1.5, 0}, {2, 7, 1}, {0, 0, 4}, {0, 19, 0.3}} {
		asked, back := &Reservation{}, &Reservation{a: Attempt{Again: true}}
		for _, r := range []*Reservation{asked, back} {
			r.got.Tallies[tallySite].Successes = 1
			r.got.Tallies[tallyAddress].Failures = before.address
			r.got.Tallies[tallyNetwork].Failures = before.network
			r.got.Tallies[tallyAccount].Failures = before.account
		}
		asked.weigh(start)
		added := asked.weight.left.slice
		back.got.Tallies[tallyNetwork].Failures += added
		back.weigh(start)
		if got := back.weight.back.slice; !(added > 0) || math.Abs(got-added) > 1e-9 {
			t.Errorf("%+v: %v was added, %v is taken back", before, added, got)
		}
	}
}
