package evidence

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Max is the most points that evidence is worth; from Enough on a check asks
// for one more step, the picture.
const (
	Max    = 10
	Enough = 7
)

// Evidence is what a report is worth.
type Evidence struct {
	// Points are decibans for "no person did this", 0 to Max.
	Points float64
	// Reasons are what they are made of, most first. They may add up to more
	// than Max.
	Reasons []Reason
	// Weights is the version of the weights.
	Weights string
}

// Reason is one thing that counted.
type Reason struct {
	Code   string
	Points float64
}

// Codes of reasons. They are stable: records and logs carry them.
const (
	CodeNothing    = "check.nothing"    // no report came
	CodeBarePress  = "check.bare_press" // no report came, of a press
	CodeMismatch   = "check.mismatch"   // the report does not fit the way of answering
	CodeClock      = "check.clock"      // it took longer than the server knows the check
	CodeUntrusted  = "check.untrusted"  // a script made the events
	CodeWebdriver  = "check.webdriver"  // navigator.webdriver
	CodeHover      = "check.hover"      // the pointer was nowhere before it pressed
	CodeUncoupled  = "check.uncoupled"  // trusted moves that stand for no event
	CodeSingle     = "check.single"     // each move stands for exactly one event
	CodeFractions  = "check.fractions"  // neither whole device nor whole CSS pixels
	CodeRush       = "check.rush"       // no pause after the press and none before the release
	CodePressure   = "check.pressure"   // a pressed mouse has 0.5
	CodeOneMove    = "check.one_move"   // the whole way at once
	CodeQuick      = "check.quick"      // faster than a hand is
	CodeFewPlaces  = "check.few_places" // too few places to judge
	CodeInstantKey = "check.instant_key"
	CodeInstant    = "check.instant_click"
	CodeNoWay      = "check.no_way"   // driven, and nothing led to the bar or the button
	CodeRepeated   = "check.repeated" // for the caller: Tracks knew the track

	// What the shape of a track says.
	CodeSpeed = "check.speed" // how speed changes on the way
	CodeOnset = "check.onset" // at full speed from the first moment
	CodeLevel = "check.level" // straighter than a hand is
	CodeBuzz  = "check.buzz"  // trembles faster than a hand does
)

const codePrefix = "check."

// factCodes are the codes that weights must have points for.
var factCodes = []string{
	CodeNothing, CodeBarePress, CodeMismatch, CodeClock, CodeUntrusted, CodeWebdriver, CodeHover, CodeUncoupled, CodeSingle,
	CodeFractions, CodeRush, CodePressure, CodeOneMove, CodeQuick, CodeFewPlaces, CodeInstantKey, CodeInstant, CodeNoWay, CodeRepeated,
}

// Ways of answering that a report is about.
const (
	wayPointer  = "pointer"
	wayTouch    = "touch"
	wayPen      = "pen"
	wayKeyboard = "keyboard"
	wayPress    = "press"
)

// Assess judges a report by the default weights; nil: none came. way is the
// way of answering as the page named it, elapsed how long the server has known
// that this page has a check, 0 where it does not know.
//
// Ways that leave nothing to see (picture, sound, slow) get no points.
func Assess(r *Report, way string, elapsed time.Duration) Evidence {
	return Default().Assess(r, way, elapsed)
}

// Assess is the function Assess with other weights.
func (w *Weights) Assess(r *Report, way string, elapsed time.Duration) Evidence {
	s := sum{w: w}
	switch way {
	case wayPointer, wayTouch, wayPen, wayKeyboard, wayPress:
		if r == nil && way == wayPress {
			// No page of ours: an app of the shop's own, or a program. It
			// costs more work and a wait, and tells nothing.
			s.fact(CodeBarePress)
			break
		}
		if r == nil {
			s.fact(CodeNothing)
			break
		}
		s.common(r, way, elapsed)
		switch way {
		case wayKeyboard:
			s.keyboard(r)
		case wayPress:
			s.press(r)
		default:
			s.drag(r, way)
		}
	}
	return s.end()
}

// Repeated is the points that a track is worth that Tracks knows.
func (w *Weights) Repeated() float64 { return w.Facts[CodeRepeated[len(codePrefix):]] }

// sum adds evidence up.
type sum struct {
	w       *Weights
	reasons []Reason
	driven  float64 // by the facts that a tool drives the browser
}

func (s *sum) add(code string, points float64) {
	if points = math.Round(points*10) / 10; points > 0 {
		s.reasons = append(s.reasons, Reason{Code: code, Points: points})
	}
}

func (s *sum) fact(code string) { s.add(code, s.w.Facts[code[len(codePrefix):]]) }

// tool adds a fact that says a tool drives the browser, up to their cap.
func (s *sum) tool(code string) {
	points := min(s.w.Facts[code[len(codePrefix):]], s.w.DrivenCap-s.driven)
	s.driven += max(points, 0)
	s.add(code, points)
}

func (s *sum) end() Evidence {
	slices.SortStableFunc(s.reasons, func(a, b Reason) int { return cmp.Compare(b.Points, a.Points) })
	e := Evidence{Reasons: s.reasons, Weights: s.w.Version}
	for _, r := range s.reasons {
		e.Points += r.Points
	}
	e.Points = min(math.Round(e.Points*10)/10, Max)
	return e
}
