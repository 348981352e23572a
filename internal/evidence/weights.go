package evidence

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
)

// Weights say how many points what counts. They are data: see weights.json
// and, for how that came to be, package derive.
type Weights struct {
	// Version names these weights in logs and records.
	Version string `json:"version"`
	// Facts are the points of each fact by its code without "check.".
	Facts map[string]float64 `json:"facts"`
	// DrivenCap bounds what the facts that a tool drives the browser add up
	// to: they come together, and people test shops with such browsers too.
	DrivenCap float64 `json:"driven_cap"`
	// Share is what a track counts for by way of answering. Default: 0
	Share map[string]float64 `json:"share"`
	// Groups bound what the features of a group add up to.
	Groups map[string]float64 `json:"groups"`
	// Curve is what the sum of the groups counts, [sum, points] ascending.
	Curve [][2]float64 `json:"curve"`
	// Tracks are the features that a track is judged by, by its kind.
	Tracks map[Kind][]Feature `json:"tracks"`
}

// Feature says what a value of a track's feature counts.
type Feature struct {
	Name  string `json:"name"`
	Group string `json:"group"`
	// Points are [value, points], the values ascending; between two it runs
	// straight, beyond the ends it stays.
	Points [][2]float64 `json:"points"`
}

// At is what a value counts.
func (f *Feature) At(v float64) float64 { return between(f.Points, v) }

// between reads a line through points; beyond the ends it stays.
func between(p [][2]float64, v float64) float64 {
	if len(p) == 0 {
		return 0
	}
	if v <= p[0][0] {
		return p[0][1]
	}
	for i := 1; i < len(p); i++ {
		if v <= p[i][0] {
			part := (v - p[i-1][0]) / (p[i][0] - p[i-1][0])
			return p[i-1][1] + part*(p[i][1]-p[i-1][1])
		}
	}
	return p[len(p)-1][1]
}

//go:embed weights.json
var weightsFile []byte

// Default returns the weights that this version comes with.
var Default = sync.OnceValue(func() *Weights {
	w, err := ReadWeights(weightsFile)
	if err != nil {
		panic(err) // the file is embedded: a programmer's error
	}
	return w
})

// ReadWeights reads weights and refuses those that Assess cannot use.
func ReadWeights(data []byte) (*Weights, error) {
	w := &Weights{}
	if err := json.Unmarshal(data, w); err != nil {
		return nil, fmt.Errorf("reading the weights of evidence: %w", err)
	}
	if err := w.check(); err != nil {
		return nil, fmt.Errorf("reading the weights of evidence: %w", err)
	}
	return w, nil
}

func (w *Weights) check() error {
	if w.Version == "" {
		return errors.New("no version")
	}
	for _, code := range factCodes {
		if _, ok := w.Facts[code[len(codePrefix):]]; !ok {
			return fmt.Errorf("no points for %s", code)
		}
	}
	if !ascend(w.Curve) {
		return errors.New("the curve does not ascend")
	}
	for kind, features := range w.Tracks {
		for _, f := range features {
			if measures[f.Name] == nil {
				return fmt.Errorf("no feature %q", f.Name)
			}
			if _, ok := w.Groups[f.Group]; !ok {
				return fmt.Errorf("no group %q", f.Group)
			}
			if !ascend(f.Points) {
				return fmt.Errorf("values of %s of %s tracks do not ascend", f.Name, kind)
			}
		}
	}
	return nil
}

func ascend(p [][2]float64) bool {
	for i := 1; i < len(p); i++ {
		if p[i][0] <= p[i-1][0] {
			return false
		}
	}
	return true
}
