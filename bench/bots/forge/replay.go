package forge

import (
	"math"
	"math/rand/v2"

	"github.com/login-guard/login-guard/internal/evidence"
)

// Replay is a way of using a recorded drag again.
type Replay struct {
	Name string
	Make func(rng *rand.Rand, track []evidence.Point) []evidence.Point
}

// Replays are the ways, the plainest first.
func Replays() []Replay {
	return []Replay{
		{"verbatim", func(_ *rand.Rand, t []evidence.Point) []evidence.Point { return t }},
		{"scaled by 15 %", func(rng *rand.Rand, t []evidence.Point) []evidence.Point {
			by := 0.85 + 0.3*rng.Float64()
			return changed(t, func(p evidence.Point) evidence.Point { return evidence.Point{T: p.T, X: p.X * by, Y: p.Y * by} })
		}},
		{"scaled, at another pace, trembling by 0.3 px", func(rng *rand.Rand, t []evidence.Point) []evidence.Point {
			by, pace := 0.9+0.2*rng.Float64(), 0.8+0.4*rng.Float64()
			return changed(t, func(p evidence.Point) evidence.Point {
				return evidence.Point{T: p.T * pace, X: p.X*by + 0.3*rng.NormFloat64(), Y: p.Y*by + 0.3*rng.NormFloat64()}
			})
		}},
		{"time bent by 15 %", bent(0.15)},
		{"time bent by 30 %", bent(0.30)},
		{"mirrored up and down, time bent by 15 %", func(rng *rand.Rand, t []evidence.Point) []evidence.Point {
			return bent(0.15)(rng, changed(t, func(p evidence.Point) evidence.Point { return evidence.Point{T: p.T, X: p.X, Y: -p.Y} }))
		}},
	}
}

// changed changes every point but the first, to whole pixels and tenths of a
// millisecond, time never running back.
func changed(track []evidence.Point, f func(evidence.Point) evidence.Point) []evidence.Point {
	out := make([]evidence.Point, len(track))
	for i, p := range track {
		if i == 0 {
			continue
		}
		q := f(p)
		out[i] = evidence.Point{T: math.Max(tenth(q.T), out[i-1].T), X: math.Round(q.X), Y: math.Round(q.Y)}
	}
	return out
}

// bent runs time faster here and slower there, by up to such a share of the
// whole, in two smooth waves.
func bent(by float64) func(*rand.Rand, []evidence.Point) []evidence.Point {
	return func(rng *rand.Rand, track []evidence.Point) []evidence.Point {
		took := track[len(track)-1].T
		a, b := by*(2*rng.Float64()-1), by/2*(2*rng.Float64()-1)
		pace := 0.85 + 0.3*rng.Float64()
		return changed(track, func(p evidence.Point) evidence.Point {
			u := p.T / took
			u += (a*math.Sin(math.Pi*u) + b*math.Sin(2*math.Pi*u)) / math.Pi
			return evidence.Point{T: took * pace * u, X: p.X, Y: p.Y}
		})
	}
}
