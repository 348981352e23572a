// Package report runs the measurements, each in processes of its own, and
// writes what they found as one table.
package report

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/login-guard/login-guard/bench/limiters"
	"github.com/login-guard/login-guard/bench/shared"
	"github.com/login-guard/login-guard/bench/work"
)

// Report is all that was measured. Times are in nanoseconds of processor
// time.
type Report struct {
	Machine Machine
	Work    []Work
	Reserve []Reserve
	Memory  map[string]limiters.Memory
	Hold    map[string]limiters.Hold
	Flood   limiters.Flood
	Upload  []Upload
	Redis   *shared.Shared
}

// Work is one case of package work.
type Work struct {
	Name, Title string
	Sites       []Site // the first is bare Caddy, the last bare Caddy again
}

// Site is what a unit of work cost at one site: medians of its rounds.
type Site struct {
	Name         string
	Instructions float64
	CPU          float64
	Allocs       float64
	Bytes        float64
	// Spread of the instructions of all rounds: the most over the least.
	Spread float64
}

// at returns a site by name, nil if it was not measured.
func (w *Work) at(name string) *Site {
	for i := range w.Sites {
		if w.Sites[i].Name == name {
			return &w.Sites[i]
		}
	}
	return nil
}

// Reserve is what one decision costs while so many keys are known.
type Reserve struct {
	Keys  int
	Costs map[string]limiters.Cost
}

// Upload is what uploads of 100 MB cost at one site.
type Upload struct {
	Site                      string
	CPU, Ratio, Allocs, Bytes float64
}

// work returns a case by name, nil if it was not measured.
func (r *Report) work(name string) *Work {
	for i := range r.Work {
		if r.Work[i].Name == name {
			return &r.Work[i]
		}
	}
	return nil
}

// Options of a run.
type Options struct {
	// Quick leaves out what only rounds off, and plays less.
	Quick bool
	// Progress is told what is being done.
	Progress func(string)
}

// quickCases are those of a quick run.
var quickCases = []string{"get", "post", "login", "denied", "check", "verified"}

// Run measures everything.
func Run(o Options) (*Report, error) {
	b, err := build()
	if err != nil {
		return nil, err
	}
	defer b.remove()
	b.quick, b.progress = o.Quick, o.Progress
	r := &Report{Machine: thisMachine()}

	// First what is timed, one thing after the other.
	if err := b.json("limits", &r.Memory, "-what", "memory", "-n", b.pick("1000000", "200000")); err != nil {
		return nil, err
	}
	sizes := []int{10_000, 100_000, 1_000_000, 10_000_000}
	if o.Quick {
		sizes = []int{10_000, 1_000_000}
	}
	for _, n := range sizes {
		row := Reserve{Keys: n}
		if err := b.json("limits", &row.Costs, "-what", "reserve", "-n", fmt.Sprint(n)); err != nil {
			return nil, err
		}
		r.Reserve = append(r.Reserve, row)
	}
	if err := b.json("limits", &r.Hold, "-what", "hold"); err != nil {
		return nil, err
	}
	if err := b.json("limits", &r.Flood, "-what", "flood", "-n", b.pick("10000000", "2000000")); err != nil {
		return nil, err
	}
	if err := b.json("upload", &r.Upload, "-rounds", b.pick("15", "5")); err != nil {
		return nil, err
	}
	if err := b.json("redis", &r.Redis); err != nil {
		return nil, err
	}
	cases := work.Cases()
	if o.Quick {
		cases = nil
		for _, name := range quickCases {
			c, err := work.Find(name)
			if err != nil {
				return nil, err
			}
			cases = append(cases, c)
		}
	}
	r.Work, err = b.work(cases)
	return r, err
}

// JSON is the report for machines.
func (r *Report) JSON() ([]byte, error) { return json.MarshalIndent(r, "", "  ") }

// Read reads what JSON wrote.
func Read(file string) (*Report, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := new(Report)
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	if len(r.Work) == 0 || len(r.Reserve) == 0 {
		return nil, fmt.Errorf("reading %s: this is no whole report", file)
	}
	return r, nil
}
