package forge

import (
	"math"
	"math/rand/v2"

	"github.com/login-guard/login-guard/internal/evidence"
)

// manner is how a family is tuned.
type manner struct {
	// informed: with the published figures of people in view, so that it is
	// fastest early, ends slowly and strays off the line as an arm does. If
	// not, it is as a tool's author writes it who has not read them: even,
	// level, with a pixel of noise.
	informed bool
}

// Unseen are families that the weights were not derived with, and must not
// be: they stand for the generators that will be written yet.
func Unseen(informed bool) []Family {
	m := manner{informed}
	return []Family{
		{"a spring", m.spring},
		{"logistic", m.logistic},
		{"feedback with a delay", m.feedback},
		{"walk of random gains", m.walk},
		{"gamma-shaped strokes", m.gamma},
	}
}

// sampled follows x and y, in px, over so many ms at 60 Hz, with pauses at
// both ends, on whole pixels.
func sampled(rng *rand.Rand, took float64, x, y func(t float64) float64) []evidence.Point {
	track := []evidence.Point{{}}
	rest := 40 + 90*rng.Float64()
	for t := 0.0; ; t += 1000.0 / 60 {
		at := math.Min(t, took)
		p := evidence.Point{T: tenth(rest + at + rng.Float64()), X: math.Round(x(at)), Y: math.Round(y(at))}
		if last := track[len(track)-1]; p.X != last.X || p.Y != last.Y {
			track = append(track, p)
		}
		if t >= took {
			break
		}
	}
	last := track[len(track)-1]
	last.T = tenth(rest + took + 50 + 120*rng.Float64())
	return append(track, last)
}

// stray is where a drag is off the line: a slope and one arc, or noise.
func (m manner) stray(rng *rand.Rand, way float64) func(part float64) float64 {
	if !m.informed {
		return func(float64) float64 { return float64(rng.IntN(3) - 1) }
	}
	slope, arc := 0.04*rng.NormFloat64()*way, 0.03*rng.NormFloat64()*way
	return func(part float64) float64 { return slope*part + arc*math.Sin(math.Pi*math.Min(part, 1)) }
}

// spring is a mass on a damped spring that is let go at the start: a quick
// rise, at times a little too far, and a long approach.
func (m manner) spring(rng *rand.Rand) []evidence.Point {
	goal, took := way(rng), 450+700*rng.Float64()
	damp, beats := 0.75+0.5*rng.Float64(), 6+4*rng.Float64()
	if !m.informed {
		damp, beats = 1, 5 // critically damped, as animations have it
	}
	at := func(t float64) float64 {
		s := beats * t / took
		if damp >= 1 {
			return goal * (1 - (1+s)*math.Exp(-s))
		}
		w := math.Sqrt(1 - damp*damp)
		return goal * (1 - math.Exp(-damp*s)*(math.Cos(w*s)+damp/w*math.Sin(w*s)))
	}
	y := m.stray(rng, goal)
	end := at(took)
	return sampled(rng, took, func(t float64) float64 { return at(t) * goal / end }, func(t float64) float64 { return y(at(t) / goal) })
}

// logistic is an S-curve whose middle comes early.
func (m manner) logistic(rng *rand.Rand) []evidence.Point {
	goal, took := way(rng), 400+800*rng.Float64()
	middle, steep := 0.22+0.15*rng.Float64(), 8+5*rng.Float64()
	if !m.informed {
		middle, steep = 0.5, 10
	}
	raw := func(u float64) float64 { return 1 / (1 + math.Exp(-steep*(u-middle))) }
	from, to := raw(0), raw(1)
	at := func(t float64) float64 { return (raw(t/took) - from) / (to - from) }
	y := m.stray(rng, goal)
	return sampled(rng, took, func(t float64) float64 { return goal * at(t) }, func(t float64) float64 { return y(at(t)) })
}

// feedback is a controller that sees where it was 100 ms ago and moves by a
// share of what is left, with noise that grows with its speed.
func (m manner) feedback(rng *rand.Rand) []evidence.Point {
	goal, x, v := way(rng), 0.0, 0.0
	gain, noise := 0.005+0.003*rng.Float64(), 0.15
	if !m.informed {
		gain, noise = 0.006, 0
	}
	var places []float64
	for i := range 240 {
		seen := 0.0
		if i >= 6 {
			seen = places[i-6]
		}
		want := gain * (goal - seen) * 16.7
		v += 0.35 * (want - v) * (1 + noise*rng.NormFloat64())
		x += v
		places = append(places, x)
		if math.Abs(goal-x) < 1.5 && math.Abs(v) < 0.6 {
			break
		}
	}
	y := m.stray(rng, goal)
	took := float64(len(places)-1) * 1000 / 60
	return sampled(rng, took, func(t float64) float64 {
		i := t / 1000 * 60
		j := min(int(i), len(places)-1)
		k := min(j+1, len(places)-1)
		return places[j] + (i-float64(j))*(places[k]-places[j])
	}, func(t float64) float64 { return y(t / took) })
}

// walk covers a random share of what is left at each event.
func (m manner) walk(rng *rand.Rand) []evidence.Point {
	goal := way(rng)
	track := []evidence.Point{{}}
	t, x, y := 40+90*rng.Float64(), 0.0, 0.0
	drift := 0.06 * rng.NormFloat64()
	for left := goal; left > 0.5; left = goal - x {
		share := 0.03 + 0.17*rng.Float64()
		if !m.informed {
			share = 0.05 + 0.1*rng.Float64()
		}
		step := math.Max(1, left*share)
		x = math.Min(goal, math.Round(x+step))
		if y += drift * step; !m.informed {
			y = float64(rng.IntN(3) - 1)
		}
		t += 14 + 5*rng.Float64()
		track = append(track, evidence.Point{T: tenth(t), X: x, Y: math.Round(y)})
	}
	last := track[len(track)-1]
	last.T = tenth(t + 60 + 120*rng.Float64())
	return append(track, last)
}

// gamma adds strokes whose speed rises and falls as a gamma density does: a
// large one, and one or two that mend.
func (m manner) gamma(rng *rand.Rand) []evidence.Point {
	goal, took := way(rng), 500+700*rng.Float64()
	type stroke struct{ share, from, long float64 }
	first := 0.8 + 0.17*rng.Float64()
	strokes := []stroke{{first, 0, 0.55 + 0.2*rng.Float64()}, {1 - first, 0.4 + 0.2*rng.Float64(), 0.4}}
	if !m.informed {
		strokes = []stroke{{1, 0, 1}}
	}
	// The distribution of Erlang with three stages, 99 % of it in one stroke.
	done := func(u float64) float64 {
		if u <= 0 {
			return 0
		}
		s := 8.4 * u
		return 1 - math.Exp(-s)*(1+s+s*s/2)
	}
	at := func(t float64) float64 {
		p := 0.0
		for _, k := range strokes {
			p += k.share * done((t/took-k.from)/k.long)
		}
		return p
	}
	y, end := m.stray(rng, goal), at(took)
	return sampled(rng, took, func(t float64) float64 { return goal * at(t) / end }, func(t float64) float64 { return y(at(t) / end) })
}
