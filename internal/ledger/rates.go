package ledger

import (
	"math"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// How much of the logins is an attack shows without labels (Herley and
// Schechter, "Distinguishing Attacks from Legitimate Authentication Traffic
// at Scale", NDSS 2019): who guesses hardly ever succeeds, and people succeed
// about as often today as they did last week. Of a slice of the logins, all of
// the site's or those of one network or make of client, the share of attack is
// 1 - its rate of success now / its usual rate.
//
// Counted are logins of strangers: neither the device nor the address has
// signed in to the account before. All others are the owner's, and would only
// hide an attack among them.
//
// Nobody can fill these rates alone. A failure weighs the less the more came
// from its address and its network within half a day and at its account within
// an hour; a success weighs the less the more came from its address and
// network, and nothing within an hour of its account's last. So it takes many
// addresses to make an attack seen, and many addresses and accounts of one's
// own to hide one; and somebody who errs three times and then gets it right
// counts about as one failure and one success.

const (
	// usualDefault is the rate of success of a site that nothing is known of,
	// and usualPrior how many logins that is worth: of 31 million logins of a
	// large service 43 % succeeded (data set of Wiefling et al., TOPS 2022).
	usualDefault = 0.5
	usualPrior   = 10
	// usualFloor: whatever was learned, a rate below is an attack's.
	usualFloor = 0.2
	// slicePrior is how many logins the site's usual rate is worth in the
	// judgement of a slice.
	slicePrior = 20
	// doubt is how many standard deviations an estimate stays on the side of
	// those who log in.
	doubt = 1.5

	// frozenAbove is the share of attack above which no rate is learned as
	// usual but for a trickle: so a rate that has changed for good is
	// learned in some weeks, and an attack that lasts as long is, too.
	frozenAbove = 0.2
	trickle     = 1.0 / 50
	// learnDay is how many logins a day must have before it can be told from
	// an attack, and be learned from whole.
	learnDay = 20
	// hourMost is how many logins of an hour are learned from: an hour of a
	// hundred thousand is one hour.
	hourMost = 20
	// hourOfNow turns a tally of nowHalfLife into logins an hour, at a steady
	// pace.
	hourOfNow = math.Ln2 * float64(time.Hour) / float64(nowHalfLife)

	// learnFor and learnFrom: a site is known after so long and so many
	// successes.
	learnFor  = 72 * time.Hour
	learnFrom = 1000
	sinceLife = 10 * 365 * 24 * time.Hour
	// successGap: an account's successes within it count once.
	successGap = time.Hour
	// A site is calm when it has had enough logins in a day and next to no
	// attack is among them.
	calmFrom  = 20
	calmShare = 0.05
)

// weights are what an attempt adds to rates of success.
type weights struct {
	stranger bool
	failure  weight
	success  weight
	// Factors of what is learned as usual: by the site, ASN and cluster.
	learn, learnASN, learnCluster float64
}

// weight is what an outcome adds to the rate of its network and to others.
type weight struct{ network, slice float64 }

// rates turns tallies into shares of attack, and weighs this attempt.
func (l *Ledger) rates(now time.Time, r *Reservation) {
	t, f := &r.got.Tallies, &r.Facts
	usual := usualOf(&t[tallyUsual])
	f.SiteAttack = max(attack(&t[tallyNow], usual), attack(&t[tallyDay], usual))
	f.NetworkAttack = attack(&t[tallyNetwork], usual)
	if r.a.ASN != 0 {
		f.ASNAttack = attack(&t[tallyASNNow], sliceUsual(&t[tallyASNUsual], &t[tallyASNNow], usual))
	}
	if len(r.a.Cluster) > 0 {
		f.ClientAttack = attack(&t[tallyClusterNow], sliceUsual(&t[tallyClusterUsual], &t[tallyClusterNow], usual))
	}
	since := r.got.Marks[2]
	f.SiteLearned = f.SiteSuccesses >= learnFrom && !since.IsZero() && now.Sub(since) >= learnFor
	f.SiteCalm = f.SiteLearned && f.SiteAttack == 0 && calm(&t[tallyDay], usual)

	w := &r.weight
	w.stranger = !r.a.Known && !f.AddressSucceeded
	address, network := &t[tallyAddress], &t[tallyNetwork]
	w.failure = weigh(address.Failures, network.Failures, 1/(1+t[tallyAccount].Failures))
	w.success = weigh(address.Successes, network.Successes, 1)
	if last := r.got.Profile.Last; !last.IsZero() && now.Sub(last) < successGap {
		w.success = weight{}
	}
	day := t[tallyDay].Failures + t[tallyDay].Successes
	w.learn = min(1, day/learnDay) * min(1, hourMost/max(1, (t[tallyNow].Failures+t[tallyNow].Successes)*hourOfNow))
	if f.SiteAttack > frozenAbove {
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

// weigh makes a weight of how much the same came of the address and network.
func weigh(address, network, factor float64) weight {
	return weight{network: factor / (1 + address), slice: factor / (1 + address + network/4)}
}

// usualOf is the site's usual rate of success.
func usualOf(t *store.Tally) float64 {
	return max(usualFloor, (t.Successes+usualDefault*usualPrior)/(t.Successes+t.Failures+usualPrior))
}

// sliceUsual is a slice's usual rate before now: the site's, until enough is
// known of it. A slice that always failed is not usual for it.
func sliceUsual(usual, now *store.Tally, site float64) float64 {
	good := max(0, usual.Successes-now.Successes)
	bad := max(0, usual.Failures-now.Failures)
	return max(site/2, (good+site*slicePrior)/(good+bad+slicePrior))
}

// attack is the share of attack in a slice, 0 to 1, estimated low: the rate of
// success is taken at the upper end of its interval (Wilson 1927), so that few
// logins say little.
func attack(t *store.Tally, usual float64) float64 {
	n := t.Successes + t.Failures
	if !(n > 0) || !(usual > 0) {
		return 0
	}
	const z2 = doubt * doubt
	p := min(1, t.Successes/n)
	upper := (p + z2/(2*n) + doubt*math.Sqrt(p*(1-p)/n+z2/(4*n*n))) / (1 + z2/n)
	return max(0, 1-upper/usual)
}

// calm reports whether a site has enough logins, and next to no attack.
func calm(t *store.Tally, usual float64) bool {
	n := t.Successes + t.Failures
	return n >= calmFrom && t.Successes/n >= usual*(1-calmShare)
}

// since names the mark of when a site was first logged in to.
func (l *Ledger) since() store.Key { return l.names.of(l.names.site, "since") }

// rate lists what an outcome adds to rates of success.
func (r *Reservation) rate(counts []store.Count, failures, successes float64) []store.Count {
	w, a := &r.weight, &r.a
	by := w.success
	if failures > 0 {
		by = w.failure
	}
	add := func(tally int, weight float64) {
		if weight > 0 {
			counts = append(counts, store.Count{Ask: r.asks[tally], Failures: weight * failures, Successes: weight * successes})
		}
	}
	if !w.stranger {
		// A network whose people sign in is no attacker's.
		if successes > 0 {
			add(tallyNetwork, by.network)
		}
		return counts
	}
	add(tallyNetwork, by.network)
	add(tallyNow, by.slice)
	add(tallyDay, by.slice)
	add(tallyUsual, by.slice*w.learn)
	if a.ASN != 0 {
		add(tallyASNNow, by.slice)
		add(tallyASNUsual, by.slice*w.learnASN)
	}
	if len(a.Cluster) > 0 {
		add(tallyClusterNow, by.slice)
		add(tallyClusterUsual, by.slice*w.learnCluster)
	}
	return counts
}
