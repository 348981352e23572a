package record

import (
	"math"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/risk"
)

// Cause is one thing that a verdict came of.
type Cause struct {
	Kind string `json:"kind"`
	// Code is the reason's: of an order, a limit or a floor.
	Code string `json:"code,omitempty"`
	// From is the score from which the ladder asks for this.
	From float64 `json:"from,omitempty"`
}

// Kinds of causes.
const (
	CauseOrder = "order"
	CauseScore = "score"
	CauseLimit = "limit"
	CauseFloor = "floor"
)

// causes finds what led to a verdict: it is worked out anew with each thing
// alone that could have.
func causes(b *Basis, a risk.Assessment, v risk.Verdict) []Cause {
	out := []Cause{}
	s := b.Situation
	s.Assessment = a
	// What a login let through met before it had passed a check.
	asked := v.Action
	if passed := s; asked == risk.Allow && s.Override == risk.NoOverride {
		passed.Passed = risk.Allow
		asked = risk.Decide(b.Ladder, passed).Action
	}
	switch {
	case b.Stands != nil:
		return append(out, Cause{Kind: CauseLimit, Code: risk.CodeLimit + b.Stands.Limit})
	case s.Override == risk.DenyOverride:
		return append(out, Cause{Kind: CauseOrder, Code: risk.CodeOverrideDeny})
	case s.Override == risk.AllowOverride && asked == risk.Allow:
		return append(out, Cause{Kind: CauseOrder, Code: risk.CodeOverrideAllow})
	case asked == risk.Allow:
		return out
	}
	alone := s
	alone.Passed, alone.Over, alone.Floors = risk.Allow, nil, nil
	if risk.Decide(b.Ladder, alone).Action == asked {
		out = append(out, Cause{Kind: CauseScore, From: from(b, alone, asked)})
	}
	alone.Assessment = risk.Assessment{Score: math.Inf(-1)}
	for i, o := range s.Over {
		one := alone
		one.Over = s.Over[i : i+1]
		if risk.Decide(b.Ladder, one).Action == asked {
			out = append(out, Cause{Kind: CauseLimit, Code: risk.CodeLimit + o.Limit})
		}
	}
	for i, f := range s.Floors {
		one := alone
		one.Floors = s.Floors[i : i+1]
		if risk.Decide(b.Ladder, one).Action == asked {
			out = append(out, Cause{Kind: CauseFloor, Code: f.Code})
		}
	}
	return out
}

// from is the rung of the ladder from which on a score of so much leads to an
// action: the lowest that is reached and does.
func from(b *Basis, s risk.Situation, action risk.Action) float64 {
	found := math.Inf(1)
	ladder := risk.StandingLadder(b.Ladder)
	for _, r := range []config.Rung{ladder.Slider, ladder.Picture, ladder.SecondFactor, ladder.Deny} {
		rung := float64(r)
		if !r.Reached(s.Assessment.Score) {
			continue
		}
		at := s
		at.Assessment = risk.Assessment{Score: rung}
		if risk.Decide(b.Ladder, at).Action == action {
			found = math.Min(found, rung)
		}
	}
	if math.IsInf(found, 1) {
		return 0
	}
	return found
}
