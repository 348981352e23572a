package main

import (
	"math/rand/v2"

	"github.com/login-guard/login-guard/internal/evidence"
	"github.com/login-guard/login-guard/internal/evidence/bots"
	"github.com/login-guard/login-guard/internal/evidence/people"
)

// How many drags of each population and family, and the seeds: one set to
// derive from, another to look at what came out.
const (
	peopleDrags, botDrags = 4000, 1000
	seedDerive, seedLook  = 1, 2
)

// barWay is the way of the bar, in px.
func barWay(rng *rand.Rand) float64 { return 210 + 190*rng.Float64() }

// sample is many drags of one population or family.
type sample struct {
	name   string
	tracks [][]evidence.Point
	shapes []evidence.Shape
}

func (s *sample) add(track []evidence.Point) {
	s.tracks = append(s.tracks, track)
	s.shapes = append(s.shapes, evidence.Measure(track))
}

func drawPeople(seed uint64, styles []people.Style) []sample {
	var out []sample
	for _, p := range styles {
		rng := rand.New(rand.NewPCG(seed, 1))
		s := sample{name: p.Name}
		for range peopleDrags {
			s.add(p.Drag(rng))
		}
		out = append(out, s)
	}
	return out
}

func drawBots(seed uint64) []sample {
	var out []sample
	for _, f := range bots.All() {
		rng := rand.New(rand.NewPCG(seed, 2))
		s := sample{name: f.Name}
		for range botDrags {
			s.add(f.Drag(rng, barWay(rng)))
		}
		out = append(out, s)
	}
	return out
}

// coarse is a sample with a place in 110 ms: a bot may as well send few.
func coarse(s *sample) sample {
	out := sample{name: s.name}
	for _, track := range s.tracks {
		out.add(bots.Coarse(track, 110))
	}
	return out
}

// between is a random number from lo to hi.
func between(rng *rand.Rand, lo, hi float64) float64 { return lo + rng.Float64()*(hi-lo) }
