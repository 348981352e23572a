package bots

import (
	"math"
	"math/rand/v2"

	"github.com/login-guard/login-guard/internal/evidence"
)

// oneMove jumps, as a driver of browsers does that is told no steps.
func oneMove(rng *rand.Rand, way float64) []evidence.Point {
	b := newBuilder(rng)
	b.move(between(rng, 2, 60), way, 0)
	return b.release(between(rng, 1, 60))
}

// evenSteps is a driver of browsers told to take some steps: one an event,
// as fast as the browser takes them.
func evenSteps(rng *rand.Rand, way float64) []evidence.Point {
	b := newBuilder(rng)
	n := 10 + rng.IntN(50)
	every := between(rng, 8, 30)
	for i := 1; i <= n; i++ {
		b.move(every*between(rng, 0.8, 1.25), way*float64(i)/float64(n), 0)
	}
	return b.release(between(rng, 5, 120))
}

// unevenClock takes even steps with a random pause after each.
func unevenClock(rng *rand.Rand, way float64) []evidence.Point {
	b := newBuilder(rng)
	n := 12 + rng.IntN(40)
	for i := 1; i <= n; i++ {
		b.move(between(rng, 4, 45), way*float64(i)/float64(n), float64(rng.IntN(3)-1))
	}
	return b.release(pause(rng))
}

// randomSteps takes steps of random lengths.
func randomSteps(rng *rand.Rand, way float64) []evidence.Point {
	b := newBuilder(rng)
	most := between(rng, 6, 24)
	for x := 0.0; x < way; {
		x = math.Min(x+math.Round(between(rng, 1, most)), way)
		b.move(between(rng, 8, 26), x, float64(rng.IntN(5)-2))
	}
	return b.release(pause(rng))
}

func sine(u float64) float64 { return (1 - math.Cos(math.Pi*u)) / 2 }

func cubic(u float64) float64 {
	if u < 0.5 {
		return 4 * u * u * u
	}
	return 1 - math.Pow(2-2*u, 3)/2
}

func easeOut(u float64) float64 { return 1 - math.Pow(1-u, 3) }

// eased follows an easing function of the kind that animations have.
func eased(ease func(float64) float64, jitter float64) func(*rand.Rand, float64) []evidence.Point {
	return func(rng *rand.Rand, way float64) []evidence.Point {
		return along(rng, way, between(rng, 300, 1400), jitter*rng.Float64(), ease, level)
	}
}

// backEased overshoots and comes back, as easing functions named "back" and
// "elastic" do.
func backEased(rng *rand.Rand, way float64) []evidence.Point {
	over := between(rng, 0.8, 2.2)
	return along(rng, way, between(rng, 400, 1200), 0.5*rng.Float64(), func(u float64) float64 {
		v := u - 1
		return 1 + (over+1)*v*v*v + over*v*v
	}, level)
}

// accelerate is the recipe of many solvers of puzzle sliders: a steady
// acceleration for the first four fifths of the way, then a stronger brake,
// in steps of whole pixels, up and down by one at random, and often a little
// back at the end.
func accelerate(rng *rand.Rand, way float64) []evidence.Point {
	b := newBuilder(rng)
	b.move(pause(rng), 0, 0)
	over := float64(rng.IntN(6))
	goal, x, v := way+over, 0.0, 0.0
	step := between(rng, 0.12, 0.3)
	scale := goal / 200
	for x < goal {
		a := 2 * scale * between(rng, 6, 14)
		if x > goal*between(rng, 0.6, 0.8) {
			a = -3 * scale * between(rng, 6, 14)
		}
		d := math.Max(v*step+a*step*step/2, 1)
		v = math.Max(v+a*step, 1)
		x = math.Min(x+math.Round(d), goal)
		b.move(between(rng, 10, 24), x, float64(rng.IntN(3)-1))
	}
	for ; over > 0; over-- {
		x--
		b.move(between(rng, 15, 60), x, float64(rng.IntN(3)-1))
	}
	return b.release(pause(rng))
}
