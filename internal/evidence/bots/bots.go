// Package bots makes drags as programs make them: the kinds of generators that
// tools for driving browsers and published solvers of sliders come with, each
// written anew from its idea.
//
// It is for deriving weights, for tests, and for measuring what a client
// without a browser gets past a check. All of it is seeded.
package bots

import (
	"math"
	"math/rand/v2"

	"github.com/login-guard/login-guard/internal/evidence"
)

// Family is one kind of generator.
type Family struct {
	Name string
	// Drag makes the track of a drag of so many px, in CSS px and ms, as a
	// page would report it.
	Drag func(rng *rand.Rand, way float64) []evidence.Point
}

// All returns the families, the simplest first.
func All() []Family {
	return []Family{
		{"one move", oneMove},
		{"even steps", evenSteps},
		{"even steps, trembling", shaken(evenSteps, 0.7)},
		{"even steps, uneven clock", unevenClock},
		{"random steps", randomSteps},
		{"sine ease", eased(sine, 0.6)},
		{"cubic ease", eased(cubic, 0.6)},
		{"ease out", eased(easeOut, 0.6)},
		{"ease out and back", backEased},
		{"speed up, slow down", accelerate},
		{"bezier", bezier},
		{"bezier, eased", bezierEased},
		{"bezier of many points, distorted", humanized},
		{"spline", spline},
		{"noise", noise},
		{"windmouse", windmouse},
		{"ghost cursor", ghost},
		{"minimum jerk", minimumJerk(1)},
		{"minimum jerk, two movements", minimumJerk(2)},
		{"minimum jerk, three movements", minimumJerk(3)},
		{"minimum jerk, drifting", drifting(minimumJerk(1))},
		{"minimum jerk, two movements, drifting", drifting(minimumJerk(2))},
		{"sine ease, drifting", drifting(eased(sine, 0))},
		{"even steps, drifting", drifting(evenSteps)},
	}
}

// builder gathers the points of a drag.
type builder struct {
	track []evidence.Point
	rng   *rand.Rand
}

func newBuilder(rng *rand.Rand) *builder {
	return &builder{track: []evidence.Point{{}}, rng: rng}
}

func tenth(v float64) float64 { return math.Round(v*10) / 10 }

// move adds a place a time after the last.
func (b *builder) move(after, x, y float64) {
	t := b.track[len(b.track)-1].T + after
	b.track = append(b.track, evidence.Point{T: tenth(t), X: tenth(x), Y: tenth(y)})
}

// release ends the drag a time after the last move, where that was.
func (b *builder) release(after float64) []evidence.Point {
	last := b.track[len(b.track)-1]
	b.move(after, last.X, last.Y)
	for len(b.track) > evidence.MaxPoints {
		thinned := b.track[:0]
		for i, p := range b.track {
			if i < 2 || i > len(b.track)-3 || i%2 == 0 {
				thinned = append(thinned, p)
			}
		}
		b.track = thinned
	}
	return b.track
}

// between is a random number from lo to hi.
func between(rng *rand.Rand, lo, hi float64) float64 { return lo + rng.Float64()*(hi-lo) }

// pause is a time from the press to the first move, or from the last to the
// release: tools that mean to look like a person take some.
func pause(rng *rand.Rand) float64 { return between(rng, 30, 160) }

// tick is the time to the next event: a frame, a little early or late.
func tick(rng *rand.Rand) float64 { return between(rng, 14, 19) }

// along follows a curve of place by time, both from 0 to 1, sampled once a
// frame; y is in px, jitter the standard deviation of a tremble in px.
func along(rng *rand.Rand, way, took, jitter float64, x, y func(u float64) float64) []evidence.Point {
	b := newBuilder(rng)
	wait, t := pause(rng), 0.0
	for {
		after := tick(rng)
		t += after
		u := math.Min(t/took, 1)
		dx, dy := 0.0, 0.0
		if u < 1 {
			dx, dy = jitter*rng.NormFloat64()/2, jitter*rng.NormFloat64()
		}
		b.move(after+wait, way*x(u)+dx, y(u)+dy)
		wait = 0
		if u == 1 {
			return b.release(pause(rng))
		}
	}
}

func level(float64) float64 { return 0 }

// shaken adds a tremble to every place but the ends.
func shaken(f func(*rand.Rand, float64) []evidence.Point, by float64) func(*rand.Rand, float64) []evidence.Point {
	return func(rng *rand.Rand, way float64) []evidence.Point {
		track := f(rng, way)
		for i := 1; i < len(track)-2; i++ {
			track[i].X = tenth(track[i].X + by/2*rng.NormFloat64())
			track[i].Y = tenth(track[i].Y + by*rng.NormFloat64())
		}
		return track
	}
}

// drifting makes a drag stray in a slow arc and a slope, as an arm does.
func drifting(f func(*rand.Rand, float64) []evidence.Point) func(*rand.Rand, float64) []evidence.Point {
	return func(rng *rand.Rand, way float64) []evidence.Point {
		track := f(rng, way)
		slope, arc := between(rng, 0.02, 0.12), between(rng, -0.06, 0.06)*way
		if rng.IntN(2) == 0 {
			slope = -slope
		}
		for i := range track {
			u := track[i].X / way
			track[i].Y = tenth(math.Round(track[i].Y + slope*track[i].X + arc*4*u*(1-u)))
			track[i].X = tenth(math.Round(track[i].X))
		}
		return track
	}
}

// Coarse is a track with a place in so many ms, as through a remote desktop.
func Coarse(track []evidence.Point, every float64) []evidence.Point {
	out := track[:1:1]
	for i, p := range track[1:] {
		if i > len(track)-4 || p.T-out[len(out)-1].T >= every {
			out = append(out, p)
		}
	}
	return out
}
