package people_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/login-guard/login-guard/internal/evidence"
	"github.com/login-guard/login-guard/internal/evidence/people"
)

// figures of one drag, by the names of Published.
func figures(track []evidence.Point) map[string]float64 {
	out := map[string]float64{"took": track[len(track)-1].T, "points": float64(len(track))}
	for i := 1; i < len(track); i++ {
		step := math.Hypot(track[i].X-track[i-1].X, track[i].Y-track[i-1].Y)
		out["step"] = max(out["step"], step)
	}
	shape := evidence.MeasureAll(track)
	for _, name := range []string{"linear", "even", "peak_at", "tail", "varied", "slope", "zigzag", "range"} {
		out[name] = shape.Get(name)
	}
	return out
}

func percentile(v []float64, p float64) float64 {
	slices.Sort(v)
	return v[int(p*float64(len(v)-1))]
}

// How far a simulated percentile may be from the published one. Where more is
// more like a program it must not be less by much: simulated people are to be
// no more human than people are.
func TestSimulatedPeopleHaveThePercentilesOfPublishedOnes(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 11))
	style := people.All()[0]
	got := map[string][]float64{}
	for range 6000 {
		for name, v := range figures(style.Drag(rng)) {
			got[name] = append(got[name], v)
		}
	}
	near := map[string][3]float64{ // 5th, 50th, 95th
		"took": {15, 15, 60}, "points": {2, 2, 8}, "step": {math.Inf(1), 3, 6},
		"linear": {0.13, 0.03, 0.03}, "even": {0.03, 0.035, 0.04}, "peak_at": {0.04, 0.03, 0.05},
		"tail": {0.04, 0.03, 0.04}, "varied": {0.08, 0.12, 0.35},
		"slope": {0.01, 0.03, 0.05}, "zigzag": {0, 0.02, 0.03}, "range": {0.01, 0.03, 0.03},
	}
	for name, published := range people.Published {
		for i, p := range []float64{0.05, 0.5, 0.95} {
			v := percentile(got[name], p)
			if !(math.Abs(v-published[i]) <= near[name][i]) {
				t.Errorf("%s: the %.0f. percentile is %.3f, published is %.3f", name, 100*p, v, published[i])
			}
		}
	}
	// SapiMouse: in 30 % of these drags one step is over 50 px, 9 % are over
	// in less than 300 ms.
	for name, share := range map[string]float64{"step": 0.30, "took": 0.09} {
		n := 0
		for _, v := range got[name] {
			if name == "step" && v > 50 || name == "took" && v < 300 {
				n++
			}
		}
		if v := float64(n) / float64(len(got[name])); math.Abs(v-share) > 0.13 {
			t.Errorf("%s: a share of %.2f, published is %.2f", name, v, share)
		}
	}
}

func TestSimulatedPuzzlesTakeAsLongAsPublishedOnes(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 11))
	style := people.All()[2]
	var took []float64
	for range 4000 {
		track := style.Drag(rng)
		took = append(took, track[len(track)-1].T)
	}
	for i, p := range []float64{0.05, 0.5, 0.95} {
		if v, want := percentile(took, p), people.PublishedPuzzle[i]; math.Abs(v-want) > 0.05*want {
			t.Errorf("the %.0f. percentile is %.0f ms, published is %.0f", 100*p, v, want)
		}
	}
}

func TestADragOfEachPopulationIsOneThatAPageReports(t *testing.T) {
	for _, style := range append(people.All(), people.Others()...) {
		rng := rand.New(rand.NewPCG(3, 3))
		for range 500 {
			track := style.Drag(rng)
			if len(track) < 2 || len(track) > evidence.MaxPoints || track[0] != (evidence.Point{}) {
				t.Fatalf("%s: %d points from %v", style.Name, len(track), track[0])
			}
			for i := 1; i < len(track); i++ {
				if track[i].T < track[i-1].T {
					t.Fatalf("%s: time runs backwards", style.Name)
				}
			}
			if last := track[len(track)-1]; last.X < 0.6*style.Way[0] || last.X > 1.3*style.Way[1] {
				t.Fatalf("%s: ends at %v", style.Name, last)
			}
		}
	}
}
