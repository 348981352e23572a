// Package forge makes up what a check's page would have reported of an answer
// that nobody gave: with the facts that our source asks for, and a drag of any
// kind.
package forge

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"time"

	"github.com/login-guard/login-guard/internal/evidence"
	"github.com/login-guard/login-guard/internal/evidence/bots"
	"github.com/login-guard/login-guard/internal/evidence/people"
)

// Family makes drags.
type Family struct {
	Name string
	Drag func(rng *rand.Rand) []evidence.Point
}

// Way is how far the slider's button goes on the page that most see, in CSS
// px; hands press and let go a little off its middle.
const Way = 340

func way(rng *rand.Rand) float64 { return math.Round(Way - 12 + 24*rng.Float64()) }

// Known are the families that the weights were derived with.
func Known() []Family {
	var out []Family
	for _, f := range bots.All() {
		out = append(out, Family{f.Name, func(rng *rand.Rand) []evidence.Point { return f.Drag(rng, way(rng)) }})
	}
	return out
}

// Imitator draws people's drags on our bar as the weights' own model of
// people has them: who has our source has that model.
func Imitator() Family {
	for _, s := range people.All() {
		if s.Name == "our bar" {
			return Family{"people as our own model has them", s.Drag}
		}
	}
	panic("people.All has no style for our bar") // a programmer's error
}

// Chooser draws from a family until our own judge has fewer points against a
// drag than half of what is enough.
func Chooser(f Family) Family {
	return Family{f.Name + ", the best of many", func(rng *rand.Rand) []evidence.Point {
		var best []evidence.Point
		least := math.Inf(1)
		for range 200 {
			track := f.Drag(rng)
			p := evidence.Assess(parse(Report("mouse", track, rng)), "pointer", 0).Points
			if p < least {
				best, least = track, p
			}
			if p < evidence.Enough/2 {
				break
			}
		}
		return best
	}}
}

func parse(report json.RawMessage) *evidence.Report {
	r, err := evidence.Parse(report)
	if err != nil {
		panic(err) // Report does not fit the page's any more
	}
	return r
}

// Report is that of a drag with every fact as a mouse and a person have it, on
// a screen of one device pixel for each of CSS.
func Report(pointer string, track []evidence.Point, rng *rand.Rand) json.RawMessage {
	return ReportOn(pointer, 1, track, rng)
}

// ReportOn is Report on a screen of another devicePixelRatio.
func ReportOn(pointer string, dpr float64, track []evidence.Point, rng *rand.Rand) json.RawMessage {
	points := make([][3]float64, len(track))
	for i, p := range track {
		points[i] = [3]float64{tenth(p.T), tenth(p.X), tenth(p.Y)}
	}
	moves := max(len(track)-2, 1)
	return encode(map[string]any{
		"v": 1, "type": pointer, "untrusted": 0, "webdriver": false, "before": 5 + rng.IntN(40), "inputs": 0, "keys": [][]float64{},
		"pressure": 0.5, "dpr": dpr, "coalesced": []int{moves*2 + rng.IntN(moves), moves}, "track": points,
	})
}

// Bare is a report that says nothing but what it has to.
func Bare() json.RawMessage { return json.RawMessage(`{"v":1}`) }

// Click is the report of a button that a mouse pressed.
func Click(rng *rand.Rand) json.RawMessage {
	return encode(map[string]any{"v": 1, "type": "mouse", "untrusted": 0, "webdriver": false, "before": 5 + rng.IntN(40), "inputs": 0,
		"pressure": 0, "dpr": 1, "keys": [][]float64{}, "click": []float64{1, tenth(60 + 70*rng.Float64())}})
}

// Keys is the report of arrows on the bar, at a hand's pace.
func Keys(rng *rand.Rand) json.RawMessage {
	keys := [][]float64{{tenth(60 + 60*rng.Float64()), tenth(900 + 2000*rng.Float64())}}
	for range 9 {
		keys = append(keys, []float64{tenth(50 + 60*rng.Float64()), tenth(110 + 140*rng.Float64())})
	}
	return encode(map[string]any{"v": 1, "untrusted": 0, "webdriver": false, "before": 0, "inputs": 0, "dpr": 1, "keys": keys})
}

func encode(v any) json.RawMessage {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err) // numbers only
	}
	return out
}

func tenth(v float64) float64 { return math.Round(v*10) / 10 }

// Took is how long a drag lasts.
func Took(track []evidence.Point) time.Duration {
	if len(track) == 0 {
		return 0
	}
	return time.Duration(track[len(track)-1].T * float64(time.Millisecond))
}
