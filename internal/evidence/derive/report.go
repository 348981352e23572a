package main

import (
	"fmt"
	"io"

	"github.com/login-guard/login-guard/internal/evidence"
	"github.com/login-guard/login-guard/internal/evidence/people"
)

func measureAll(samples []sample) []densities {
	var out []densities
	for i := range samples {
		out = append(out, measure(&samples[i]))
	}
	return out
}

// measureBots measures each family as it is, and its coarse tracks with those
// that are coarse by themselves.
func measureBots(samples []sample) []densities {
	var out []densities
	for i := range samples {
		d, c := measure(&samples[i]), coarse(&samples[i])
		d[evidence.Coarse] = measure(&c)[evidence.Coarse]
		out = append(out, d)
	}
	return out
}

// seen is a report with a track, and facts as a mouse in a browser has them.
func seen(track []evidence.Point) *evidence.Report {
	pressure := 0.5
	return &evidence.Report{Type: "mouse", Before: 30, DPR: 1, Pressure: &pressure, Track: track}
}

// reach is the share of a sample whose evidence reaches some points.
func reach(w *evidence.Weights, s *sample, way string, points float64) float64 {
	n := 0
	for _, track := range s.tracks {
		r := seen(track)
		if way != "pointer" {
			r.Type = way
		}
		if w.Assess(r, way, 0).Points >= points {
			n++
		}
	}
	return float64(n) / float64(len(s.tracks))
}

// reachDriven is reach in a browser that says it is driven.
func reachDriven(w *evidence.Weights, s *sample) float64 {
	n := 0
	for _, track := range s.tracks {
		r := seen(track)
		r.Webdriver = true
		if w.Assess(r, "pointer", 0).Points >= evidence.Enough {
			n++
		}
	}
	return float64(n) / float64(len(s.tracks))
}

// report says what weights do: to people, and to bots they were derived from
// or, by weights derived without them, were not.
func report(to io.Writer, w *evidence.Weights, drags, bots []sample) {
	fresh, freshBots := drawPeople(seedLook, people.All()), drawBots(seedLook)
	fmt.Fprintf(to, "Groups %v\n\nPeople, %% of %d drags\n%-36s %8s %8s %8s %8s %8s\n", w.Groups, peopleDrags, "", ">= 3", ">= 5", ">= 7", "driven", "touch")
	line := func(s *sample) float64 {
		all := reach(w, s, "pointer", evidence.Enough)
		fmt.Fprintf(to, "%-36s %8.2f %8.2f %8.2f %8.2f %8.2f\n", s.name, 100*reach(w, s, "pointer", 3), 100*reach(w, s, "pointer", 5), 100*all,
			100*reachDriven(w, s), 100*reach(w, s, "touch", evidence.Enough))
		return all
	}
	mean := 0.0
	for i := range fresh {
		mean += line(&fresh[i]) / float64(len(fresh))
	}
	fmt.Fprintf(to, "%-36s %26.2f\n", "mean", 100*mean)
	others := drawPeople(seedLook, people.Others())
	for i := range others {
		line(&others[i])
	}
	fmt.Fprintf(to, "\nBots, %% of %d drags at >= 7\n%-40s %8s %8s %8s %8s %8s\n", botDrags, "", "known", "left out", "coarse", "driven", "touch")
	populations, families := measureAll(drags), measureBots(bots)
	var known, unknown float64
	for i := range freshBots {
		s, without := &freshBots[i], append(append([]densities{}, families[:i]...), families[i+1:]...)
		other := derive(drags, populations, without)
		c := coarse(s)
		in, out := reach(w, s, "pointer", evidence.Enough), reach(other, s, "pointer", evidence.Enough)
		known, unknown = known+in/float64(len(bots)), unknown+out/float64(len(bots))
		fmt.Fprintf(to, "%-40s %8.1f %8.1f %8.1f %8.1f %8.1f\n", s.name, 100*in, 100*out, 100*reach(w, &c, "pointer", evidence.Enough),
			100*reachDriven(w, s), 100*reach(w, s, "touch", evidence.Enough))
	}
	fmt.Fprintf(to, "%-40s %8.1f %8.1f\n", "mean", 100*known, 100*unknown)
}
