package evidence

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"sync"
)

// Weights say how many points what counts. They are data: see weights.json
// and, for how that came to be, package derive.
type Weights struct {
	// Version names these weights in logs and records.
	Version string `json:"version"`
	// Facts are the points of each fact by its code, without "check.".
	Facts map[string]float64 `json:"facts"`
	// DrivenCap bounds what the facts that a tool drives the browser add up
	// to: they come together, and people test shops with such browsers too.
	DrivenCap float64 `json:"driven_cap"`
	// Features are what a track is judged by. Of the features of a group the
	// one that counts most counts.
	Features []Feature `json:"features"`
	// Share is what a track counts for by pointer type. Default: 0
	Share map[string]float64 `json:"share"`
}

// Feature says what a value of a track's feature counts.
type Feature struct {
	Name  string `json:"name"`
	Group string `json:"group"`
	// Points are [value, points], the values ascending; between two it runs
	// straight, beyond the ends it stays.
	Points [][2]float64 `json:"points"`
}

// at is what a value counts.
func (f *Feature) at(v float64) float64 {
	p := f.Points
	if len(p) == 0 || math.IsNaN(v) {
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
	if w.Version == "" {
		return nil, fmt.Errorf("reading the weights of evidence: no version")
	}
	for _, f := range w.Features {
		if measures[f.Name] == nil {
			return nil, fmt.Errorf("reading the weights of evidence: no feature %q", f.Name)
		}
		for i := 1; i < len(f.Points); i++ {
			if f.Points[i][0] <= f.Points[i-1][0] {
				return nil, fmt.Errorf("reading the weights of evidence: values of %q do not ascend", f.Name)
			}
		}
	}
	return w, nil
}
