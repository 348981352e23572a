package risk

import (
	"math"
	"time"

	"github.com/login-guard/login-guard/config"
)

// Decide says what a login meets. Everything that has a say makes a demand
// (deny, picture, slider), and the strongest demand that stands is the
// verdict, unless a check passed before satisfies it. What stands, from the
// strongest word down:
//
//  1. A deny override denies, a known device too.
//  2. Personal limits (pair, account, device) stand whatever the operator
//     allowed.
//  3. An allow override lifts everything else: limits of address, network
//     and site, the score and the floors (the checks that settings demand).
//  4. A blameless (private or shared) address: limits that are not personal
//     and the score demand a picture at most, and no gap.
//  5. A known device: the account limit does not count; of the other limits
//     only the device's own denies, the rest and the score demand a picture
//     at most, and no gap.
//  6. The score alone denies only from five failure units of the address;
//     below that it demands a picture.
//  7. A picture passed satisfies picture and slider, a slider passed only
//     the slider, a second factor that was given both. Nothing satisfies a
//     denial.
//  8. A second factor that is due is asked for once nothing else is.
//
// The second_factor rung asks for a picture with a growing gap before the
// password is sent on; where the account has a second factor that is due then,
// also from a browser that is remembered. A demand that is none of the known actions
// denies, whatever else is said.
//
// RetryAfter is the longest that a denying demand asks for, at least a
// second; the score and the operator ask for ten minutes.
func Decide(l config.Ladder, s Situation) Verdict {
	v := Verdict{Reasons: append([]Reason(nil), s.Assessment.Reasons...)}
	d := decision{verdict: &v, situation: s, action: Allow}

	switch s.Override {
	case NoOverride:
		d.limits(false)
		d.score(withDefaults(l))
		for _, f := range s.Floors {
			d.note(f.Code)
			d.demand(f.Demands, denyFor)
		}
	case AllowOverride:
		d.note(CodeOverrideAllow)
		d.limits(true)
	default: // DenyOverride, and whatever is unknown
		d.note(CodeOverrideDeny)
		d.demand(Deny, denyFor)
		d.limits(false)
	}
	d.unknown()
	d.end()
	d.factor()
	return v
}

// decision gathers demands.
type decision struct {
	verdict   *Verdict
	situation Situation
	action    Action
	retry     time.Duration
	gap       time.Duration
	// spared says why denials became pictures; it is told only if nothing
	// else denies.
	spared []string
}

// note gives the verdict a reason without points, once.
func (d *decision) note(code string) {
	for _, r := range d.verdict.Reasons {
		if r.Code == code && r.Points == 0 {
			return
		}
	}
	d.verdict.Reasons = append(d.verdict.Reasons, Reason{Code: code})
}

// unknown denies when any demand is no action that exists, also one that an
// override or a known device would have lifted: nobody can say what it was
// meant to be.
func (d *decision) unknown() {
	for _, o := range d.situation.Over {
		if !isDemand(o.Demands) {
			d.note(CodeLimit + o.Limit)
			d.demand(Deny, o.RetryAfter)
		}
	}
	for _, f := range d.situation.Floors {
		if !isDemand(f.Demands) {
			d.note(f.Code)
			d.demand(Deny, denyFor)
		}
	}
}

// demand raises the action to at least a; retry counts only with a denial.
func (d *decision) demand(a Action, retry time.Duration) {
	switch a {
	case Allow, Slider, Picture:
	case SecondFactor:
		a = Picture
		d.gap = max(d.gap, gap(d.situation.AddressUnits))
	default: // Deny, Unreadable, and whatever is unknown
		a = Deny
		d.retry = max(d.retry, retry, minRetry)
	}
	if strength(a) > strength(d.action) {
		d.action = a
	}
}

// limits makes the demands of the limits that are exceeded, or only of the
// personal ones.
func (d *decision) limits(personalOnly bool) {
	for _, o := range d.situation.Over {
		if personalOnly && !o.Personal {
			continue
		}
		known := d.situation.DeviceKnown && o.Limit != config.LimitDevice
		if known && o.Limit == config.LimitAccount {
			continue // strangers' failures; the owner's device has its own budget
		}
		d.note(CodeLimit + o.Limit)
		demands := o.Demands
		switch {
		case known:
			demands = d.spare(demands, CodeSparedDevice)
		case d.situation.Blameless && !o.Personal:
			demands = d.spare(demands, CodeSparedBlameless)
		}
		d.demand(demands, o.RetryAfter)
	}
}

// spare turns whatever is stronger than a picture into one, and notes why a
// denial did not happen.
func (d *decision) spare(a Action, code string) Action {
	switch a {
	case Allow, Slider, Picture:
		return a
	case SecondFactor:
		return Picture // without its gap
	case Deny:
		d.spared = append(d.spared, code)
		return Picture
	default:
		return a // unknown: demand denies
	}
}

// score makes the demand of the strongest rung that the score has reached.
func (d *decision) score(l config.Ladder) {
	a := rung(l, d.situation.Assessment.Score)
	switch {
	case d.situation.DeviceKnown:
		a = d.spare(a, CodeSparedDevice)
	case d.situation.Blameless:
		a = d.spare(a, CodeSparedBlameless)
	case a == Deny && !(d.situation.AddressUnits >= denyUnits):
		d.spared = append(d.spared, CodeSparedFew)
		a = Picture
		// The rung below still stands, so that a higher score never asks
		// for less.
		l.Deny = config.RungOff
		if rung(l, d.situation.Assessment.Score) == SecondFactor {
			a = SecondFactor
		}
	}
	d.demand(a, denyFor)
}

// end settles the action against the check that was passed.
func (d *decision) end() {
	v := d.verdict
	if d.action != Deny {
		for _, code := range d.spared {
			d.note(code)
		}
	}
	switch d.action {
	case Allow:
		v.Action = Allow
	case Slider, Picture:
		if satisfies(d.situation.Passed, d.action) {
			d.note(CodeCheckSatisfied)
			v.Action = Allow
			return
		}
		v.Action = d.action
		if d.action == Picture {
			v.Gap = d.gap
		}
	default:
		v.Action, v.RetryAfter = Deny, max(d.retry, minRetry)
	}
}

// factor settles what is left for the second factor: it is asked for where
// nothing else is, and giving it is more than any check.
func (d *decision) factor() {
	v := d.verdict
	switch {
	case v.Action == Deny:
	case d.situation.FactorGiven:
		d.note(CodeFactorGiven)
		v.Action, v.Gap = Allow, 0
	case d.situation.FactorDue && v.Action == Allow:
		d.note(CodeFactorDue)
		v.Action = SecondFactor
	}
}

// satisfies says whether having passed one check is as good as passing
// another. Only slider and picture are checks.
func satisfies(passed, demanded Action) bool {
	switch passed {
	case Picture:
		return demanded == Slider || demanded == Picture
	case Slider:
		return demanded == Slider
	default:
		return false
	}
}

// isDemand says whether an action can be demanded of a login.
func isDemand(a Action) bool {
	switch a {
	case Allow, Slider, Picture, SecondFactor, Deny:
		return true
	default:
		return false
	}
}

// strength orders actions; what is unknown is as strong as a denial.
func strength(a Action) int {
	switch a {
	case Allow:
		return 0
	case Slider:
		return 1
	case Picture:
		return 2
	case SecondFactor:
		return 3
	default:
		return 4
	}
}

// rung is the strongest rung that the score has reached. A score that is no
// number has reached all that are there.
func rung(l config.Ladder, score float64) Action {
	if math.IsNaN(score) {
		score = math.Inf(1)
	}
	switch {
	case l.Deny.Reached(score):
		return Deny
	case l.SecondFactor.Reached(score):
		return SecondFactor
	case l.Picture.Reached(score):
		return Picture
	case l.Slider.Reached(score):
		return Slider
	}
	return Allow
}

// withDefaults fills in the rungs that say nothing. Below zero is off.
func withDefaults(l config.Ladder) config.Ladder {
	fill := func(r *config.Rung, standard config.Rung) {
		if *r == 0 || math.IsNaN(float64(*r)) {
			*r = standard
		}
	}
	fill(&l.Slider, config.DefaultLadder.Slider)
	fill(&l.Picture, config.DefaultLadder.Picture)
	fill(&l.SecondFactor, config.DefaultLadder.SecondFactor)
	fill(&l.Deny, config.DefaultLadder.Deny)
	return l
}

// gap is how long an answer waits from the second_factor rung on: a second,
// doubled for each failure unit, at most a minute.
func gap(units float64) time.Duration {
	if !(units > 0) {
		return firstGap
	}
	seconds := math.Pow(2, math.Min(units, 6)) // 2^6 s is over the longest
	return min(time.Duration(seconds*float64(firstGap)), MaxGap)
}
