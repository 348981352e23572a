// Package people makes drags like those of people, out of published figures:
// there are no tracks of real people here, and none may be committed.
//
// A drag is a sum of strokes, each fast at first and slow at its end as the
// kinematic theory of fast movements has it (Plamondon 1995: lognormal speed):
// one that covers most of the way, then smaller ones that correct it; with a
// rest after the press and before the release, an arc of the arm, and a hand
// that trembles. What differs between populations is a Style. Package derive
// compares the features of each with the published percentiles.
//
// It is for deriving weights and for tests.
package people

import (
	"math"
	"math/rand/v2"

	"github.com/login-guard/login-guard/internal/evidence"
)

// Style is how the people of a population drag. Shares are of a drag's time or
// way; each person draws his own from them.
type Style struct {
	Name string
	// Way from the press to the release in px, from the first to the second.
	Way [2]float64
	// Took is the median time in ms, Spread its standard deviation on a scale
	// of natural logarithms.
	Took, Spread float64
	// Rest is the most time at rest after the press, and Hold before the
	// release.
	Rest, Hold float64
	// Burst is the median share of time of the first stroke, BurstSpread as
	// Spread; Reach the least share of the way that it covers, to the most.
	Burst, BurstSpread float64
	Reach              [2]float64
	// Slant is the standard deviation of the slope, Arc of the height of an
	// arc over the way, Drift of a slow wander in px.
	Slant, Arc, Drift float64
	// Tremor is the median amplitude of an 8 to 12 Hz tremor in px.
	Tremor float64
	// Frame is the time between two events in ms, Late how much of it an
	// event may come late; Between is how many places lie between events,
	// for mice that are faster than the screen.
	Frame, Late float64
	Between     int
	// Pixel is the size of the steps in CSS px.
	Pixel float64
	// Blur is what the clock is rounded down to, in ms. Default: 0.1
	Blur float64
	// Smooth makes strokes alike at both ends instead of slow at the end.
	Smooth bool
	// Pause is the share of people who stop on the way for 0.1 to 0.6 s, and
	// Running of those who press while they are moving already.
	Pause, Running float64
	// Fling is the share of people who let go in full swing.
	Fling float64
}

// stroke is one part of a drag: from, after a start in ms, in a time.
type stroke struct {
	at, took, way, skew float64
	smooth              bool
}

// place is where a stroke is after t ms.
func (s stroke) place(t float64) float64 {
	u := (t - s.at) / s.took
	if u <= 0 {
		return 0
	}
	if s.smooth {
		u = math.Min(u, 1)
		return s.way * u * u * u * (10 - 15*u + 6*u*u) // least jerk, Flash and Hogan 1985
	}
	// A lognormal distribution whose middle lies at the skew and of which
	// 99 % has passed when the stroke's time is over.
	sigma := -math.Log(s.skew) / 2.33
	return s.way * 0.5 * math.Erfc(-math.Log(u/s.skew)/(sigma*math.Sqrt2))
}

// shortest is the time in ms that the first stroke takes at least: hands do not
// reach their speed at once.
const shortest = 130

// Drag makes the track of one drag of one person.
func (s *Style) Drag(rng *rand.Rand) []evidence.Point {
	m := s.draw(rng)
	x0, y0 := m.at(0)
	return s.sample(rng, func(t float64) (float64, float64) {
		x, y := m.at(t)
		return x - x0, y - y0
	}, m.took)
}

// movement is one drag, at any time.
type movement struct {
	way, took float64
	strokes   []stroke
	// The path sideways.
	slope, arc, drift, driftAt, driftFor float64
	// A tremor, in px and radians.
	tremor, beat, beatX, beatY float64
	// A stop on the way, and what was over before the press, in ms.
	stopAt, stopFor, skipped float64
}

// draw draws a person's movement.
func (s *Style) draw(rng *rand.Rand) movement {
	m := movement{
		way:  s.Way[0] + rng.Float64()*(s.Way[1]-s.Way[0]),
		took: math.Max(s.Took*math.Exp(s.Spread*rng.NormFloat64()), 120),
	}
	rest, hold := m.took*s.Rest*rng.Float64(), m.took*s.Hold*rng.Float64()
	burst := math.Min(s.Burst*math.Exp(s.BurstSpread*rng.NormFloat64()), 0.95)
	reach := s.Reach[0] + rng.Float64()*(s.Reach[1]-s.Reach[0])
	if rng.Float64() < s.Fling {
		hold, rest = hold/8, rest/2
		burst, reach = 1.1+0.8*rng.Float64(), 1
	}
	moving := m.took - rest - hold
	burst = math.Max(burst, shortest/moving)
	m.stroke(rng, s.Smooth, rest, moving, burst, reach)

	m.slope, m.arc = s.Slant*rng.NormFloat64(), s.Arc*rng.NormFloat64()*m.way
	m.drift, m.driftAt, m.driftFor = s.Drift*rng.NormFloat64(), rng.Float64()*2*math.Pi, 400+600*rng.Float64()
	m.tremor = s.Tremor * math.Exp(0.5*rng.NormFloat64())
	m.beat, m.beatX, m.beatY = (8+4*rng.Float64())*2*math.Pi/1000, rng.Float64()*7, rng.Float64()*7
	if rng.Float64() < s.Pause {
		m.stopAt, m.stopFor = m.took*(0.15+0.6*rng.Float64()), 100+500*rng.Float64()
		m.took += m.stopFor
	}
	if rng.Float64() < s.Running {
		m.skipped = rest + moving*burst*0.25*rng.Float64()
		m.took -= m.skipped
	}
	return m
}

// stroke draws the strokes: a first one, and one to four that go the rest of
// the way in the time that is left.
func (m *movement) stroke(rng *rand.Rand, smooth bool, rest, moving, burst, reach float64) {
	if burst >= 0.95 {
		reach = 1
	}
	m.strokes = []stroke{{rest, moving * burst, m.way * reach, 0.24 + 0.26*rng.Float64(), smooth}}
	left := m.way * (1 - reach)
	if left == 0 {
		return
	}
	n := 1 + rng.IntN(4)
	from, share := rest+moving*burst*0.6, moving*(1-burst*0.6)
	for i := range n {
		part := left
		if i < n-1 {
			part = left * (0.3 + 0.5*rng.Float64())
		}
		left -= part
		long := share / float64(n) * (0.7 + 0.6*rng.Float64())
		m.strokes = append(m.strokes, stroke{from + share*float64(i)/float64(n), math.Max(long, 60), part, 0.3 + 0.25*rng.Float64(), smooth})
	}
}

// at is where the pointer is after t ms.
func (m *movement) at(t float64) (x, y float64) {
	t += m.skipped
	if m.stopFor > 0 && t > m.stopAt {
		t = math.Max(t-m.stopFor, m.stopAt)
	}
	for _, k := range m.strokes {
		x += k.place(t)
	}
	part := math.Min(math.Max(x/m.way, 0), 1)
	y = m.slope*x + m.arc*4*part*(1-part) + m.drift*(math.Sin(m.driftAt+2*math.Pi*t/m.driftFor)-math.Sin(m.driftAt))
	x += m.tremor * (math.Sin(m.beatX+m.beat*t) - math.Sin(m.beatX))
	y += m.tremor * (math.Sin(m.beatY+m.beat*t) - math.Sin(m.beatY))
	return x, y
}

// sample is what a browser sees of a movement: an event a frame where the
// pointer is elsewhere than before, with the places between.
func (s *Style) sample(rng *rand.Rand, at func(float64) (float64, float64), took float64) []evidence.Point {
	clock := func(t float64) float64 {
		if s.Blur > 0 {
			t = math.Floor(t/s.Blur) * s.Blur
		}
		return math.Round(t*10) / 10
	}
	grid := func(v float64) float64 { return math.Round(v/s.Pixel) * s.Pixel }
	tenth := func(v float64) float64 { return math.Round(v*10) / 10 }
	track := []evidence.Point{{}}
	add := func(t float64) {
		x, y := at(t)
		p := evidence.Point{T: clock(t), X: tenth(grid(x)), Y: tenth(grid(y))}
		if last := track[len(track)-1]; p.X != last.X || p.Y != last.Y {
			track = append(track, p)
		}
	}
	step := s.Frame / float64(s.Between+1)
	for t := s.Frame * rng.Float64(); t < took; t += step {
		add(t + s.Late*s.Frame*rng.Float64()/float64(s.Between+1))
	}
	x, y := at(took)
	if last := track[len(track)-1]; math.Hypot(x-last.X, y-last.Y) < 2 && rng.Float64() < 0.9 {
		// Mostly the release is where the last move was.
		x, y = last.X, last.Y
	}
	track = append(track, evidence.Point{T: math.Max(clock(took), track[len(track)-1].T), X: tenth(grid(x)), Y: tenth(grid(y))})
	return thin(track)
}

// thin leaves out points as the page does.
func thin(track []evidence.Point) []evidence.Point {
	step := (len(track) + 199) / 200
	out := track[:0:0]
	for i, p := range track {
		if i < 2 || i > len(track)-3 || i%step == 0 {
			out = append(out, p)
		}
	}
	return out
}
