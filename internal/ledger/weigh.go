package ledger

import (
	"math"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// weights are what an attempt adds to rates of success.
type weights struct {
	stranger bool
	// left is what he adds who is asked for a check and goes away; back is
	// what he added who has come back with its answer.
	left, back weight
	failure    weight
	success    weight
	// Factors of what is learned as usual: by the site, ASN and cluster.
	learn, learnASN, learnCluster float64
}

// weight is what an outcome adds to the rate of its network and to others.
type weight struct{ network, slice float64 }

// weigh works out what this attempt will add, once its shares of attack are
// known.
func (r *Reservation) weigh(now time.Time) {
	t, f := &r.got.Tallies, &r.Facts
	w := &r.weight
	w.stranger = !r.a.Known && !f.AddressSucceeded && !r.a.Blind
	address, network := &t[tallyAddress], &t[tallyNetwork]
	account := 1 / (1 + t[tallyAccount].Failures)
	w.failure = weightOf(address.Failures, network.Failures, account)
	w.success = weightOf(address.Successes, network.Successes, 1)
	if last := r.got.Profile.Last; !last.IsZero() && now.Sub(last) < successGap {
		w.success = weight{}
	}
	if w.stranger && t[tallySite].Failures+t[tallySite].Successes > 0 {
		// Of a shop whose answers nobody has read yet, checks that stay
		// unanswered say nothing. The network stands in for the address, to
		// which nothing is added, so that nobody can go away many times.
		sum := 1 + address.Failures + network.Failures
		if left := account / sum; r.a.Again {
			// It was added to the network's failures since.
			left = (sum - math.Sqrt(max(0, sum*sum-4*account))) / 2
			w.back = weight{left, left}
		} else if !r.sentAgain() {
			w.left = weight{left, left}
		}
	}
	day := t[tallyDay].Failures + t[tallyDay].Successes
	odd := day >= learnDay && !calm(&t[tallyDay], usualOf(&t[tallyUsual]), learnDay, frozenAbove)
	w.learn = min(1, day/learnDay) * min(1, hourMost/max(1, (t[tallyNow].Failures+t[tallyNow].Successes)*hourOfNow))
	if f.SiteAttack > frozenAbove || odd {
		w.learn *= trickle
	}
	w.learnASN, w.learnCluster = w.learn, w.learn
	if f.ASNAttack > frozenAbove {
		w.learnASN = min(w.learnASN, trickle)
	}
	if f.ClientAttack > frozenAbove {
		w.learnCluster = min(w.learnCluster, trickle)
	}
}

// weightOf makes a weight of how much the same came of the address and network.
func weightOf(address, network, factor float64) weight {
	return weight{network: factor / (1 + address), slice: factor / (1 + address + network/4)}
}

// sentAgain reports whether the very same login was counted just now.
func (r *Reservation) sentAgain() bool {
	for i, c := range r.charges {
		if c.stays && r.got.Taken != 0 && (r.got.Taken|r.got.Over)&(1<<i) == 0 {
			return true
		}
	}
	return false
}

// rate lists what is added to rates of success: so much of a weight, and of
// what is learned as usual.
func (r *Reservation) rate(counts []store.Count, w weight, failures, successes, learn float64) []store.Count {
	a, l := &r.a, &r.weight
	add := func(tally int, weight float64) {
		if weight > 0 {
			counts = append(counts, store.Count{Ask: r.asks[tally], Failures: weight * failures, Successes: weight * successes})
		}
	}
	// last is add of a row that holds no more than the last some logins: what
	// is over goes evenly.
	last := func(tally int, weight, most float64) {
		add(tally, weight)
		t := &r.got.Tallies[tally]
		n := t.Failures + t.Successes
		if over := n + weight*(failures+successes) - most; over > 0 && n > 0 && weight > 0 {
			c := &counts[len(counts)-1]
			c.Failures -= over * t.Failures / n
			c.Successes -= over * t.Successes / n
		}
	}
	last(tallyNetwork, w.network, lastOfSlice)
	if !l.stranger {
		return counts // a network whose people sign in is no attacker's
	}
	add(tallyNow, w.slice)
	last(tallyDay, w.slice, lastOfSite)
	add(tallyUsual, w.slice*learn*l.learn)
	if a.placed() {
		last(tallyPlaceDay, w.slice, lastOfSlice)
		add(tallyPlaceUsual, w.slice*learn*l.learnASN)
		if a.elsewhere() && !r.Facts.PlaceUsual {
			last(tallyElsewhere, w.slice, lastOfSite)
		}
		if r.inPlaces {
			last(tallyPlaces, w.slice, lastOfSite)
		}
	}
	if len(a.Cluster) > 0 {
		if r.inClusters {
			last(tallyClusters, w.slice, lastOfSite)
		}
		last(tallyClusterDay, w.slice, lastOfSlice)
		last(tallyKin, w.slice, lastOfSlice)
		add(tallyClusterUsual, w.slice*learn*l.learnCluster)
	}
	return counts
}
