package bots

import (
	"encoding/json"
	"math"
	"math/rand/v2"

	"github.com/login-guard/login-guard/internal/evidence"
)

// Seen is a report of a drag by mouse, with facts as a browser has them that
// nobody drives: what a forger who has read package evidence sends.
func Seen(rng *rand.Rand, track []evidence.Point) *evidence.Report {
	pressure, moves := 0.5, max(len(track)-2, 1)
	return &evidence.Report{
		Type: "mouse", Before: 12 + rng.IntN(60), DPR: 1, Pressure: &pressure,
		Coalesced: [2]int{moves * (1 + rng.IntN(4)), moves}, Track: track,
	}
}

// JSON is a report as a page sends it.
func JSON(r *evidence.Report) []byte {
	known := func(v float64) any {
		if v < 0 {
			return nil
		}
		return v
	}
	out := map[string]any{
		"v": 1, "untrusted": r.Untrusted, "webdriver": r.Webdriver, "before": r.Before, "inputs": r.Inputs,
		"dpr": r.DPR, "coalesced": r.Coalesced, "pressure": r.Pressure,
	}
	if r.Type != "" {
		out["type"] = r.Type
	}
	keys := [][2]any{}
	for _, k := range r.Keys {
		keys = append(keys, [2]any{known(k.Held), known(k.Gap)})
	}
	out["keys"] = keys
	if r.Click != nil {
		out["click"] = [2]any{r.Click.Detail, known(r.Click.Held)}
	}
	if r.Track != nil {
		rows := [][3]float64{}
		for _, p := range r.Track {
			rows = append(rows, [3]float64{tenth(p.T), tenth(p.X), tenth(p.Y)})
		}
		out["track"] = rows
	}
	b, err := json.Marshal(out)
	if err != nil {
		panic(err) // numbers and names only, and no number is infinite
	}
	return b
}

// Change is what is done to a track before it is played again.
type Change struct {
	Along, Down float64 // factors of the places. Default: 1
	Tempo       float64 // factor of the times. Default: 1
	Tremble     float64 // standard deviation added to each place, px
	Late        float64 // each time is later by up to so many ms
	// Bend is by how much of the time its middle is earlier or later.
	Bend  float64
	Whole bool // whole pixels
}

// Replay is a track with a change.
func Replay(rng *rand.Rand, track []evidence.Point, c Change) []evidence.Point {
	one := func(v float64) float64 {
		if v == 0 {
			return 1
		}
		return v
	}
	grid := func(v float64) float64 {
		if c.Whole {
			return math.Round(v)
		}
		return tenth(v)
	}
	out, end := make([]evidence.Point, len(track)), track[len(track)-1].T
	for i, p := range track {
		if i == 0 {
			continue
		}
		u := p.T / max(end, 1)
		t := p.T*one(c.Tempo) + c.Late*rng.Float64() + c.Bend*end*u*(1-u)*4
		out[i] = evidence.Point{
			T: tenth(max(t, out[i-1].T)),
			X: grid(p.X*one(c.Along) + c.Tremble*rng.NormFloat64()),
			Y: grid(p.Y*one(c.Down) + c.Tremble*rng.NormFloat64()),
		}
	}
	return out
}
