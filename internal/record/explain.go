package record

import (
	"math"

	"github.com/login-guard/login-guard/internal/risk"
)

// Change is something that would have changed a verdict.
type Change struct {
	// Without is the code of the reason, limit or floor that would not have
	// been there; With is what would have been instead. One of them is empty.
	Without string `json:"without,omitempty"`
	With    string `json:"with,omitempty"`
	Action  string `json:"action"`
}

// Values of Change.With.
const (
	WithKnownDevice = "known_device"
	WithSlider      = "slider_passed"
	WithPicture     = "picture_passed"
)

// Explanation is what a record says when it is asked.
type Explanation struct {
	Entry
	// Recomputed: the record's basis leads to the record's verdict, bit for
	// bit. False as well where there is no basis.
	Recomputed bool `json:"recomputed"`
	// Weights is risk.Version of this build, and OtherWeights says that the
	// decision was made by others, as before an update: then it need not come
	// out the same, and Causes, Families and Changes are empty.
	Weights      string `json:"weights"`
	OtherWeights bool   `json:"other_weights"`
	// Causes are what made the verdict, each of which would have by itself;
	// none where the login was let through unasked.
	Causes []Cause `json:"causes"`
	// LetIn are commands that let such a login in, the first that suffices
	// first; who asks this node fills them in.
	LetIn []string `json:"let_in"`
	// Families are what the score is the sum of.
	Families []risk.Family `json:"families"`
	// Changes are what would have changed the verdict, each taken alone, in
	// the order of the reasons.
	Changes []Change `json:"changes"`
}

// Explain works out what a record says.
func Explain(e Entry) Explanation {
	out := Explanation{Entry: e, Weights: risk.Version(), Causes: []Cause{}, LetIn: []string{}, Families: []risk.Family{}, Changes: []Change{}}
	if e.Basis == nil {
		return out
	}
	a, v := e.Basis.Verdict()
	out.Recomputed = same(&e, a, v)
	if out.OtherWeights = e.Basis.Weights != out.Weights; out.OtherWeights {
		return out
	}
	out.Causes, out.Families = causes(e.Basis, a, v), risk.Families(a)
	s := e.Basis.Situation
	s.Assessment = a
	decide := func(c Change, s risk.Situation) {
		if action := risk.Decide(e.Basis.Ladder, s).Action; action != v.Action {
			c.Action = string(action)
			out.Changes = append(out.Changes, c)
		}
	}
	judged := func(c Change, f risk.Facts) {
		other := s
		other.Assessment, other.AddressUnits = risk.Assess(f), f.AddressFailures
		decide(c, other)
	}
	attacked := false
	for _, r := range a.Reasons {
		if f, ok := risk.Without(e.Basis.Facts, r.Code); ok && r.Points > 0 {
			judged(Change{Without: r.Code}, f)
		}
		switch r.Code {
		case risk.CodeSiteAttack, risk.CodeNetworkAttack, risk.CodeOperatorAttack, risk.CodeClientAttack:
			attacked = true
		}
	}
	if f, ok := risk.Without(e.Basis.Facts, risk.WithoutAttack); ok && attacked {
		judged(Change{Without: risk.WithoutAttack}, f)
	}
	for i, o := range s.Over {
		other := s
		other.Over = drop(s.Over, i)
		decide(Change{Without: risk.CodeLimit + o.Limit}, other)
	}
	for i, f := range s.Floors {
		other := s
		other.Floors = drop(s.Floors, i)
		decide(Change{Without: f.Code}, other)
	}
	if s.Override != risk.NoOverride {
		other := s
		other.Override = risk.NoOverride
		code := risk.CodeOverrideDeny
		if s.Override == risk.AllowOverride {
			code = risk.CodeOverrideAllow
		}
		decide(Change{Without: code}, other)
	}
	if !s.DeviceKnown {
		facts := e.Basis.Facts
		facts.DeviceKnown = true
		other := s
		// Such a device is counted by a limit of its own and no other.
		other.DeviceKnown, other.Assessment, other.Over, other.Floors = true, risk.Assess(facts), nil, nil
		decide(Change{With: WithKnownDevice}, other)
	}
	for _, passed := range []struct {
		with   string
		action risk.Action
	}{{WithSlider, risk.Slider}, {WithPicture, risk.Picture}} {
		other := s
		other.Passed = passed.action
		decide(Change{With: passed.with}, other)
	}
	return out
}

// same reports whether a verdict is the recorded one.
func same(e *Entry, a risk.Assessment, v risk.Verdict) bool {
	if string(v.Action) != e.Would || math.Float64bits(a.Score) != math.Float64bits(e.Score) || v.RetryAfter != e.RetryAfter || len(v.Reasons) != len(e.Reasons) {
		return false
	}
	for i, r := range v.Reasons {
		if r.Code != e.Reasons[i].Code || math.Float64bits(r.Points) != math.Float64bits(e.Reasons[i].Points) {
			return false
		}
	}
	return true
}

func drop[T any](s []T, i int) []T {
	return append(append([]T(nil), s[:i]...), s[i+1:]...)
}
