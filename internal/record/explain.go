package record

import (
	"math"
	"strings"

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
	// Changes are what would have changed the verdict, in the order of the
	// reasons.
	Changes []Change `json:"changes"`
}

// Explain works out what a record says.
func Explain(e Entry) Explanation {
	out := Explanation{Entry: e, Changes: []Change{}}
	if e.Basis == nil {
		return out
	}
	a, v := e.Basis.Verdict()
	out.Recomputed = same(&e, a, v)
	s := e.Basis.Situation
	s.Assessment = a
	decide := func(c Change, s risk.Situation) {
		if action := risk.Decide(e.Basis.Ladder, s).Action; action != v.Action {
			c.Action = string(action)
			out.Changes = append(out.Changes, c)
		}
	}
	for _, r := range a.Reasons {
		if r.Points > 0 && !strings.HasSuffix(r.Code, ".cap") {
			other := s
			other.Assessment.Score = without(a, r)
			decide(Change{Without: r.Code}, other)
		}
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

// without is the score without one reason: its family may have been over its
// cap, and then less than its points goes.
func without(a risk.Assessment, r risk.Reason) float64 {
	family, _, _ := strings.Cut(r.Code, ".")
	var sum, limit float64
	for _, other := range a.Reasons {
		switch f, kind, _ := strings.Cut(other.Code, "."); {
		case f != family:
		case kind == "cap":
			limit = other.Points
		default:
			sum += other.Points
		}
	}
	capped := sum + limit
	return a.Score - capped + math.Min(sum-r.Points, capped)
}

func drop[T any](s []T, i int) []T {
	return append(append([]T(nil), s[:i]...), s[i+1:]...)
}
