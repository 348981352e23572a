package bots

import (
	"math"
	"math/rand/v2"

	"github.com/login-guard/login-guard/internal/evidence"
)

// jerk is the place of the smoothest movement there is, from 0 to 1 (Flash
// and Hogan 1985).
func jerk(u float64) float64 {
	u = math.Min(math.Max(u, 0), 1)
	return u * u * u * (10 - 15*u + 6*u*u)
}

// minimumJerk is a sum of smoothest movements, the first most of the way and
// most of the time, on whole pixels, trembling.
func minimumJerk(movements int) func(*rand.Rand, float64) []evidence.Point {
	return func(rng *rand.Rand, way float64) []evidence.Point {
		type part struct{ at, took, way float64 }
		parts := []part{{0, 1, 1}}
		if movements > 1 {
			parts[0] = part{0, between(rng, 0.5, 0.75), between(rng, 0.8, 0.95)}
			left := 1 - parts[0].way
			for i := 1; i < movements; i++ {
				share := left / float64(movements-i)
				left -= share
				at := parts[0].took*between(rng, 0.7, 1) + float64(i-1)*0.15
				at = math.Min(at, 0.8)
				parts = append(parts, part{at, 1 - at, share})
			}
		}
		b := newBuilder(rng)
		took, jitter, wait := between(rng, 400, 1500), between(rng, 0.3, 0.9), pause(rng)
		for t := 0.0; ; {
			after := tick(rng)
			t += after
			u, x := math.Min(t/took, 1), 0.0
			for _, p := range parts {
				x += p.way * jerk((u-p.at)/p.took)
			}
			dy := 0.0
			if u < 1 {
				dy = jitter * rng.NormFloat64()
			}
			b.move(after+wait, math.Round(way*x), math.Round(dy))
			wait = 0
			if u == 1 {
				return b.release(pause(rng))
			}
		}
	}
}
