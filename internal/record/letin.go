package record

import (
	"strings"

	"github.com/login-guard/login-guard/internal/risk"
)

// Remedy is what an operator can do for who was stopped.
type Remedy int

// Remedies.
const (
	NoRemedy Remedy = iota
	// Release what was counted: the next login is let through.
	Release
	// ReleaseAndAllow: it would still meet something, by what is not counted
	// of the address or account alone, and has to be allowed as well.
	ReleaseAndAllow
	// Reorder: take the order back.
	Reorder
	// GiveFactor: nothing but the customer's second factor.
	GiveFactor
)

// Remedy is what lets in who was stopped by this decision.
func (e *Entry) Remedy() Remedy {
	if e.Action == string(risk.Allow) || e.Count > 1 {
		return NoRemedy
	}
	if e.Action == string(risk.SecondFactor) {
		return GiveFactor
	}
	if e.Basis == nil {
		// A registration, a reset and the like have nothing but a limit.
		if len(e.Reasons) == 1 && strings.HasPrefix(e.Reasons[0].Code, risk.CodeLimit) {
			return Release
		}
		return NoRemedy
	}
	s := e.Basis.Situation
	if s.Override == risk.DenyOverride {
		return Reorder
	}
	f, s := risk.Released(e.Basis.Facts, s)
	s.Assessment = risk.Assess(f)
	if risk.Decide(e.Basis.Ladder, s).Action == risk.Allow {
		return Release
	}
	return ReleaseAndAllow
}
