package config

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Ladder holds the score, in decibans, from which each rung is demanded;
// `off` in a field takes the rung away.
type Ladder struct {
	// A button that is moved. Default: 10
	Slider Rung `json:"slider,omitempty"`
	// Digits that are read and typed. Default: 17
	Picture Rung `json:"picture,omitempty"`
	// The second factor where enrolled, else the picture and a growing
	// wait. Default: 25
	SecondFactor Rung `json:"second_factor,omitempty"`
	// The login is refused. Default: 35
	Deny Rung `json:"deny,omitempty"`
}

// Rung is a score from which something is demanded, above 0 and up to 100,
// or `off`. Zero means the default.
type Rung float64

// RungOff takes a rung away.
const RungOff Rung = -1

// maxRung is beyond the sum of all families' caps: a rung above it would be
// off without saying so.
const maxRung Rung = 100

// DefaultLadder are the scores at which the odds of an attack make each
// demand worth its friction: 10 decibans are odds of ten to one over the
// prior, 17 of fifty, 25 of three hundred, 35 of three thousand.
var DefaultLadder = Ladder{Slider: 10, Picture: 17, SecondFactor: 25, Deny: 35}

// ParseRung reads a score or `off`.
func ParseRung(s string) (Rung, error) {
	if s == "off" {
		return RungOff, nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v > 0 && Rung(v) <= maxRung) { // the negation catches NaN
		return 0, fmt.Errorf("%q is neither a score above 0 and up to 100 nor off", s)
	}
	return Rung(v), nil
}

// Reached reports whether a score has reached the rung. Nothing reaches one
// that is off.
func (r Rung) Reached(score float64) bool { return r > 0 && score >= float64(r) }

// String writes `off` or the score.
func (r Rung) String() string {
	if r == RungOff {
		return "off"
	}
	return strconv.FormatFloat(float64(r), 'f', -1, 64)
}

// MarshalJSON writes "off" or the score.
func (r Rung) MarshalJSON() ([]byte, error) {
	if r == RungOff {
		return []byte(`"off"`), nil
	}
	return json.Marshal(float64(r))
}

// UnmarshalJSON reads "off" or a score.
func (r *Rung) UnmarshalJSON(b []byte) error {
	var word string
	text := string(b)
	if json.Unmarshal(b, &word) == nil {
		text = word
	}
	v, err := ParseRung(text)
	if err != nil {
		return fmt.Errorf("ladder: %w", err)
	}
	*r = v
	return nil
}

// rungs lists the ladder bottom up, with the options' names.
func (l Ladder) rungs() []namedRung {
	return []namedRung{
		{"slider", l.Slider}, {"picture", l.Picture}, {"second_factor", l.SecondFactor}, {"deny", l.Deny},
	}
}

type namedRung struct {
	name string
	Rung
}

// check refuses a ladder whose rungs do not rise, and scores that JSON
// cannot give but Go code can.
func (l Ladder) check() (errs []error) {
	last := namedRung{}
	for _, r := range l.rungs() {
		switch {
		case r.Rung == RungOff:
			continue
		case !(r.Rung > 0 && r.Rung <= maxRung):
			errs = append(errs, wrong("ladder "+r.name, fmt.Sprintf("%s is not above 0 and up to 100", r.Rung), r.name+" off"))
		case r.Rung <= last.Rung:
			errs = append(errs, wrong("ladder", fmt.Sprintf("%s %s is not above %s %s (what is not written has its default)",
				r.name, r.Rung, last.name, last.Rung), "slider 10 picture 17 second_factor 25 deny 35"))
		}
		last = r
	}
	return errs
}
