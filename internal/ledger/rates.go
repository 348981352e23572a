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
//
// An attack has many addresses, and not all that customers have: it comes from
// other operators, or by other clients. Those places that customers come from
// and that are not under attack themselves are one more slice, all together,
// as each may have a login a day; and so are clients. While such a slice
// succeeds as usual, who belongs to it is not taken for the attack. An attack
// that spreads over all of them shows in the slice, and then nobody is spared:
// nothing tells its attempts from people whom the site does not know yet.
// Without GeoIP all other places are one slice, too: an attack that was there
// before the guard shows in it, though it is what is usual at the site.
//
// Who is asked for a check and goes away counts as a failure, until he answers
// it: otherwise the checks would hide the attack that they were asked for, and
// there would be none for the next in line. Nothing is learned as usual from
// that.

const (
	// usualDefault is the rate of success of a site that nothing is known of,
	// and usualPrior how many logins that is worth: of 31 million logins of a
	// large service 43 % succeeded (data set of Wiefling et al., TOPS 2022).
	// It must hold out until an attack on a new site is recognised as one.
	usualDefault = 0.5
	usualPrior   = 30
	// usualFloor: whatever was learned, a rate below is an attack's.
	usualFloor = 0.2
	// slicePrior is how many logins the site's usual rate is worth in the
	// judgement of a slice.
	slicePrior = 20
	// What is taken as usual of a slice before anything is known of it, in
	// logins: two people of a network who err are no attack.
	fewOfSite    = 0.5
	fewOfSlice   = 2
	fewOfNetwork = 3
	// Of the slower of the two rates no more than the last logins count, so
	// that it is over soon after the attack is.
	lastOfSite  = 40
	lastOfSlice = 20
	// doubt is how many standard deviations an estimate stays on the side of
	// those who log in.
	doubt = 1.5

	// frozenAbove is the share of attack, also one that may be chance, above
	// which no rate is learned as usual but for a trickle: so a rate that has
	// changed for good is learned in two months, and an attack that lasts as
	// long is, too.
	frozenAbove = 0.2
	trickle     = 1.0 / 10
	// learnDay is how many logins a day must have before it can be told from
	// an attack, and be learned from whole.
	learnDay = 30
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
	// manySignIn: successes of an address within half a day from which on
	// its failures have their chances.
	manySignIn = 10
	// A site is calm when it has had enough logins in a day and next to no
	// attack is among them.
	calmFrom  = 20
	calmShare = 0.05
	// A slice is calm when enough have come of late, and little attack can be
	// among them.
	sliceCalmFrom  = 6
	sliceCalmShare = 0.15
	// usualFrom: a place from which so many customers have signed in, and
	// usualShare: so large a share of all, is one of theirs.
	usualFrom  = 1
	usualShare = 1.0 / 1000
)

// rates turns tallies into shares of attack, and weighs this attempt.
func (l *Ledger) rates(now time.Time, r *Reservation) {
	t, f := &r.got.Tallies, &r.Facts
	usual := usualOf(&t[tallyUsual])
	f.AddressFailureShare = failureShare(&t[tallyAddress], usual)
	f.SiteAttack = max(attack(&t[tallyNow], usual, fewOfSite), attack(&t[tallyDay], usual, fewOfSite))
	f.NetworkAttack = attack(&t[tallyNetwork], usual, fewOfNetwork)
	f.PlaceCalm = f.NetworkAttack == 0 && calm(&t[tallyNetwork], usual, sliceCalmFrom, sliceCalmShare)
	if r.a.placed() {
		own := sliceUsual(&t[tallyPlaceUsual], &t[tallyPlaceDay], usual)
		f.ASNAttack = attack(&t[tallyPlaceDay], own, fewOfSlice)
		f.PlaceUsual = t[tallyPlaceUsual].Successes >= max(usualFrom, t[tallyUsual].Successes*usualShare)
		f.SiteASNRare = t[tallyPlaceUsual].Successes < t[tallyUsual].Successes*rareShare*float64(siteHalfLife)/float64(usualHalfLife)
		// Those of customers' places that are not under attack themselves are
		// one slice, too: many of them have few logins.
		r.inPlaces = f.PlaceUsual && f.ASNAttack == 0 && f.NetworkAttack == 0
		f.PlaceCalm = f.PlaceCalm || f.ASNAttack == 0 && f.NetworkAttack == 0 && calm(&t[tallyPlaceDay], own, sliceCalmFrom, sliceCalmShare) ||
			r.inPlaces && calm(&t[tallyPlaces], usual, sliceCalmFrom, sliceCalmShare)
	}
	if len(r.a.Cluster) > 0 {
		own := sliceUsual(&t[tallyClusterUsual], &t[tallyClusterDay], usual)
		f.ClientAttack = attack(&t[tallyClusterDay], own, fewOfSlice)
		f.ClientUsual = t[tallyClusterUsual].Successes >= max(1, t[tallyUsual].Successes*rareShare)
		// One that has always failed more than others is not calm: it may have
		// been an attack's from the start.
		asOthers := f.ClientAttack == 0 && attack(&t[tallyClusterDay], usual, fewOfSlice) == 0
		r.inClusters = f.ClientUsual && asOthers
		f.ClientCalm = asOthers && calm(&t[tallyClusterDay], own, sliceCalmFrom, sliceCalmShare) ||
			r.inClusters && calm(&t[tallyClusters], usual, sliceCalmFrom, sliceCalmShare)
		if !f.ClientCalm {
			// Customers' clients are of few kinds, and would be an attack's, too.
			f.ClientAttack = max(f.ClientAttack, attack(&t[tallyKin], usual, fewOfSlice))
		}
	}
	// What is rare and fails tells more than what succeeds as usual, but while
	// an attack is on that is not usual: then clients tell more.
	if r.a.elsewhere() && !f.PlaceUsual && !(f.ClientCalm && f.SiteAttack > frozenAbove) {
		f.ASNAttack = max(f.ASNAttack, attack(&t[tallyElsewhere], usual, fewOfSlice))
	}
	since := r.got.Marks[2]
	f.SiteLearned = f.SiteSuccesses >= learnFrom && !since.IsZero() && now.Sub(since) >= learnFor
	f.SiteCalm = f.SiteLearned && f.SiteAttack == 0 && calm(&t[tallyDay], usual, calmFrom, calmShare)

	r.weigh(now)
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

// attack is the share of attack in a slice, 0 to 1, estimated low: a few logins
// more are taken to be as usual, and the rate of success is taken at the upper
// end of its interval (Wilson 1927), so that few logins say little.
func attack(t *store.Tally, usual, few float64) float64 {
	n := t.Successes + t.Failures
	if !(n > 0) || !(usual > 0) {
		return 0
	}
	const z2 = doubt * doubt
	p := min(1, (t.Successes+few*usual)/(n+few))
	n += few
	upper := (p + z2/(2*n) + doubt*math.Sqrt(p*(1-p)/n+z2/(4*n*n))) / (1 + z2/n)
	return max(0, 1-upper/usual)
}

// failureShare is the share of an address's logins that failed, not counting
// those failures that usually come with as many successes: of five hundred
// customers behind one address many err each day.
func failureShare(t *store.Tally, usual float64) float64 {
	n := t.Failures + t.Successes
	if !(n > 0) {
		return 0
	}
	each := (1 - usual) / usual // failures that come with a success
	// Where many sign in, as many more may be chance (negative binomial).
	chance := math.Sqrt(t.Successes*each*(1+each)) * min(1, t.Successes/manySignIn)
	return max(0, t.Failures-t.Successes*each-chance) / n
}

// calm reports whether a slice has enough logins, and as little attack among
// them.
func calm(t *store.Tally, usual, from, share float64) bool {
	n := t.Successes + t.Failures
	return n >= from && t.Successes/n >= usual*(1-share)
}
