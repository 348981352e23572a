package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/login-guard/login-guard/internal/evidence"
)

// axis is a feature on the scale on which it is divided into cells.
type axis struct {
	name, group  string
	scale, value func(float64) float64 // to the scale and back
	lo, hi       float64               // ends of the scale
	// from and to are the values within which it counts at all: beyond lies
	// what people do who are slow or were interrupted, simulated or not.
	from, to float64
	// fine tells that a coarse track shows nothing of it.
	fine bool
	// way is 1 where more of it never counts less, -1 where less of it does.
	way int
}

func same(v float64) float64 { return v }

var axes = []axis{
	{name: "linear", group: "speed", lo: 0, hi: 3, from: 0.8, to: 1, way: 1,
		scale: func(v float64) float64 { return -math.Log10(1.001 - v) }, value: func(v float64) float64 { return 1.001 - math.Pow(10, -v) }},
	{name: "even", group: "speed", scale: same, value: same, lo: 0, hi: 1, from: 0.2, to: 1, way: 1},
	{name: "varied", group: "speed", scale: same, value: same, lo: 0, hi: 2.5, from: 0, to: 1, way: -1},
	{name: "peak_at", group: "speed", scale: same, value: same, lo: 0, hi: 1, from: 0.35, to: 0.62},
	{name: "tail", group: "speed", scale: same, value: same, lo: 0, hi: 1, from: 0.05, to: 0.5, way: -1},
	{name: "lean", group: "speed", scale: same, value: same, lo: 0, hi: 1, from: 0.38, to: 0.62},
	{name: "onset", group: "onset", scale: same, value: same, lo: 0, hi: 1, from: 0.4, to: 1, way: 1, fine: true},
	{name: "range", group: "level", scale: math.Sqrt, value: func(v float64) float64 { return v * v }, lo: 0, hi: 0.6, from: 0, to: 0.03, way: -1},
	{name: "buzz", group: "buzz", scale: same, value: same, lo: -1, hi: 1, from: 0.15, to: 1, way: 1},
}

const (
	cells = 60
	// blur is the standard deviation, in cells, by which counts are spread.
	blur = 1.2
	// odd is the share of people who are like nobody simulated, and of bots
	// like none of the families: spread evenly.
	oddPeople, oddBots = 0.02, 0.2
	// most is what one feature counts at most, before the scale; part is what
	// the features of the group speed count, as they tell much the same.
	most, part = 12.0, 0.2
	// goal is the share of people, over all populations, whose track alone
	// reaches evidence.Enough.
	goal = 0.005
	// least bounds the scale where hardly anybody reaches anything.
	least = 4.0
)

// groups bound what a group adds up to, before the scale: none but speed is
// enough by itself.
var groups = map[string]float64{"speed": 12, "onset": 5.5, "level": 4, "buzz": 5.5}

var kinds = []evidence.Kind{evidence.Settled, evidence.Flung, evidence.Coarse}

func (a *axis) cell(v float64) int {
	return min(max(int((a.scale(v)-a.lo)/(a.hi-a.lo)*cells), 0), cells-1)
}

// middle is the value in the middle of a cell.
func (a *axis) middle(i int) float64 {
	return a.value(a.lo + (a.hi-a.lo)*(float64(i)+0.5)/cells)
}

// density is how a sample's shapes of a kind spread over the cells; nil with
// too few of them.
func (a *axis) density(s *sample, kind evidence.Kind) []float64 {
	h, n := make([]float64, cells), 0.0
	for i := range s.shapes {
		if shape := &s.shapes[i]; shape.Places > 0 && shape.Kind() == kind {
			h[a.cell(shape.Get(a.name))]++
			n++
		}
	}
	if n < 20 {
		return nil
	}
	out := make([]float64, cells)
	for j := range h {
		if h[j] == 0 {
			continue
		}
		for i := range out {
			out[i] += h[j] / n * kernel[j][i]
		}
	}
	return out
}

// kernel is what a count in one cell is in each.
var kernel = func() (k [cells][cells]float64) {
	for j := range k {
		sum := 0.0
		for i := range k {
			k[j][i] = math.Exp(-float64((i-j)*(i-j)) / (2 * blur * blur))
			sum += k[j][i]
		}
		for i := range k {
			k[j][i] /= sum
		}
	}
	return k
}()

// densities are those of a sample, by kind and axis.
type densities map[evidence.Kind][][]float64

func measure(s *sample) densities {
	d := densities{}
	for _, kind := range kinds {
		for i := range axes {
			d[kind] = append(d[kind], axes[i].density(s, kind))
		}
	}
	return d
}

// ratios are, for a kind and an axis, decibans for a bot by cell. People are
// in each cell as many as the population with the most there has, so that no
// population pays for another; bots are the mean of the families.
func ratios(people, bots []densities, kind evidence.Kind, axis int) []float64 {
	out := make([]float64, cells)
	for i := range out {
		var h, b, n float64
		for _, p := range people {
			if d := p[kind][axis]; d != nil {
				h = max(h, d[i])
			}
		}
		for _, f := range bots {
			if d := f[kind][axis]; d != nil {
				b += d[i]
				n++
			}
		}
		h = h*(1-oddPeople) + oddPeople/cells
		b = b/max(n, 1)*(1-oddBots) + oddBots/cells
		out[i] = 10 * math.Log10(b/h)
	}
	return out
}

// feature makes what a feature counts of its ratios.
func (a *axis) feature(ratio []float64, scale float64) evidence.Feature {
	points := make([]float64, cells)
	for i, r := range ratio {
		if v := a.middle(i); v >= a.from && v <= a.to {
			points[i] = min(max(r, 0), most)
		}
	}
	for k := 1; k < cells && a.way != 0; k++ {
		i, before := k, k-1
		if a.way < 0 {
			i, before = cells-1-k, cells-k
		}
		if a.middle(i) >= a.from && a.middle(i) <= a.to {
			points[i] = max(points[i], points[before])
		}
	}
	if a.group == "speed" {
		scale *= part
	}
	line := make([][2]float64, cells)
	for i := range line {
		line[i] = [2]float64{round(a.middle(i), 4), points[i] * scale}
	}
	f := evidence.Feature{Name: a.name, Group: a.group}
	for _, p := range simplify(line) {
		f.Points = append(f.Points, [2]float64{p[0], round(p[1], 2)})
	}
	return f
}

// simplify leaves out points that a straight line would have too.
func simplify(line [][2]float64) [][2]float64 {
	const near = 0.1
	far, at := 0.0, 0
	first, last := line[0], line[len(line)-1]
	for i := 1; i < len(line)-1; i++ {
		straight := first[1] + (last[1]-first[1])*(line[i][0]-first[0])/(last[0]-first[0])
		if d := math.Abs(line[i][1] - straight); d > far {
			far, at = d, i
		}
	}
	if far < near {
		return [][2]float64{first, last}
	}
	return append(simplify(line[:at+1]), simplify(line[at:])[1:]...)
}

func round(v float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(v*p) / p
}

// derive makes weights. Tracks with too few places have a scale of their own:
// there is less to see in them, of people and of bots.
func derive(people []sample, ofPeople, ofBots []densities) *evidence.Weights {
	w := &evidence.Weights{
		Version: version, Facts: facts, DrivenCap: drivenCap, Share: share, Curve: curve,
		Groups: groups, Tracks: map[evidence.Kind][]evidence.Feature{},
	}
	features := func(scale map[evidence.Kind]float64) {
		for _, kind := range kinds {
			w.Tracks[kind] = nil
			for i := range axes {
				if axes[i].fine && kind == evidence.Coarse {
					continue
				}
				w.Tracks[kind] = append(w.Tracks[kind], axes[i].feature(ratios(ofPeople, ofBots, kind, i), scale[kind]))
			}
		}
	}
	one := map[evidence.Kind]float64{evidence.Settled: 1, evidence.Flung: 1, evidence.Coarse: 1}
	features(one)
	scale := evidence.Enough / reached(w, people, false)
	features(map[evidence.Kind]float64{
		evidence.Settled: scale, evidence.Flung: scale,
		evidence.Coarse: evidence.Enough / reached(w, people, true),
	})
	w.Groups = map[string]float64{}
	for g, bound := range groups {
		w.Groups[g] = round(bound*scale, 2)
	}
	return w
}

// reached is the sum that no more than the goal of people reach, the mean of
// all populations: of those with coarse tracks, or of the others.
func reached(w *evidence.Weights, people []sample, isCoarse bool) float64 {
	type one struct{ sum, weight float64 }
	var all []one
	populations := 0.0
	for i := range people {
		var sums []float64
		for j := range people[i].shapes {
			if shape := &people[i].shapes[j]; (shape.Kind() == evidence.Coarse) == isCoarse {
				sums = append(sums, w.Sum(shape))
			}
		}
		if len(sums) < len(people[i].shapes)/2 {
			continue // a few of another kind
		}
		populations++
		for _, s := range sums {
			all = append(all, one{s, 1 / float64(len(sums))})
		}
	}
	slices.SortFunc(all, func(a, b one) int { return cmp.Compare(b.sum, a.sum) })
	left := goal * populations
	for _, o := range all {
		if left -= o.weight; left < 0 {
			return max(o.sum, least)
		}
	}
	return least
}

// encode writes weights as the file has them: a feature a line.
func encode(w *evidence.Weights) []byte {
	var b strings.Builder
	compact := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return string(text)
	}
	fmt.Fprintf(&b, "{\n\"version\": %s,\n\"facts\": %s,\n\"driven_cap\": %s,\n\"share\": %s,\n\"groups\": %s,\n\"curve\": %s,\n\"tracks\": {",
		compact(w.Version), compact(w.Facts), compact(w.DrivenCap), compact(w.Share), compact(w.Groups), compact(w.Curve))
	for i, kind := range kinds {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, "\n%s: [", compact(kind))
		for j, f := range w.Tracks[kind] {
			if j > 0 {
				b.WriteString(",")
			}
			b.WriteString("\n" + compact(f))
		}
		b.WriteString("\n]")
	}
	b.WriteString("\n}\n}\n")
	return []byte(b.String())
}
