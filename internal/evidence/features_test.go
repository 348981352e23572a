package evidence_test

import (
	"math"
	"testing"

	"github.com/login-guard/login-guard/internal/evidence"
)

// curve makes a track of 290 px that is x(u) of the way at u of the time, with
// a place every so many ms.
func curve(took, every float64, x func(u float64) float64) []evidence.Point {
	track := []evidence.Point{{}}
	for t := every; t < took+every; t += every {
		u := min(t/took, 1)
		track = append(track, evidence.Point{T: 60 + t, X: math.Round(2900*x(u)) / 10, Y: math.Round(6 * u)})
	}
	last := track[len(track)-1]
	last.T += 90
	return append(track, last)
}

func even(u float64) float64 { return u }
func smooth(u float64) float64 {
	return u * u * u * (10 - 15*u + 6*u*u) // least jerk
}

func TestMeasuresAreWhatTheySayOfKnownCurves(t *testing.T) {
	for name, test := range map[string]struct {
		curve func(float64) float64
		want  map[string][2]float64 // at least, at most
	}{
		"even": {even, map[string][2]float64{
			"linear": {0.999, 1}, "even": {0.8, 1}, "varied": {0, 0.15}, "tail": {0.1, 0.19}, "lean": {0.48, 0.52}, "onset": {0.7, 1},
		}},
		// Peak speed of least jerk is 1.875 of the mean, in the middle.
		"least jerk": {smooth, map[string][2]float64{
			"linear": {0.96, 0.98}, "even": {0.5, 0.62}, "peak_at": {0.4, 0.62}, "tail": {0.26, 0.33}, "lean": {0.48, 0.52}, "onset": {0, 0.1},
		}},
		"slowing down": {func(u float64) float64 { return 1 - math.Pow(1-u, 3) }, map[string][2]float64{
			"lean": {0.7, 0.8}, "peak_at": {0, 0.06}, "onset": {0.9, 1}, "tail": {0.45, 0.6},
		}},
	} {
		shape := evidence.Measure(curve(700, 1000.0/60, test.curve))
		for feature, want := range test.want {
			if v := shape.Get(feature); !(v >= want[0] && v <= want[1]) {
				t.Errorf("%s: %s is %.3f, want %v", name, feature, v, want)
			}
		}
		if math.Abs(shape.Range-6.0/290) > 0.002 {
			t.Errorf("%s: range is %.4f, want that of 6 px", name, shape.Range)
		}
	}
}

// The same movement seen by a fast mouse, with rests before and after, is
// measured the same.
func TestAMovementIsMeasuredTheSameHoweverItIsSeen(t *testing.T) {
	base := evidence.Measure(curve(700, 1000.0/60, smooth))
	fast := evidence.Measure(curve(700, 1, smooth))
	late := curve(700, 1000.0/60, smooth)
	for i := 1; i < len(late); i++ {
		late[i].T += 800
	}
	late[len(late)-1].T += 1500
	for name, shape := range map[string]evidence.Shape{"a fast mouse": fast, "long rests": evidence.Measure(late)} {
		for _, feature := range []string{"linear", "even", "varied", "peak_at", "tail", "lean", "onset", "range", "slope"} {
			near := 0.05
			if feature == "peak_at" {
				near = 0.15 // in whole pixels several frames are the quickest
			}
			if a, b := base.Get(feature), shape.Get(feature); math.Abs(a-b) > near {
				t.Errorf("%s: %s is %.3f, else %.3f", name, feature, b, a)
			}
		}
	}
}

func TestATremorOfAHandIsTooSlowToBuzz(t *testing.T) {
	wave := func(beat float64) float64 { // cycles a second
		track := curve(900, 1000.0/60, smooth)
		for i := 1; i < len(track)-2; i++ {
			track[i].Y = math.Round(2 * math.Sin(2*math.Pi*beat*track[i].T/1000))
		}
		shape := evidence.Measure(track)
		return shape.Get("buzz")
	}
	for _, beat := range []float64{1, 4, 8, 12} {
		if v := wave(beat); v > 0.2 {
			t.Errorf("a tremor of %v a second buzzes by %.2f", beat, v)
		}
	}
	if v := wave(28); v < 0.35 {
		t.Errorf("a tremble of 28 a second buzzes by %.2f only", v)
	}
}

func TestKindsOfTracks(t *testing.T) {
	flung := curve(300, 1000.0/60, func(u float64) float64 { return u * u })
	flung[len(flung)-1].T = flung[len(flung)-2].T
	for kind, track := range map[evidence.Kind][]evidence.Point{
		evidence.Settled: curve(700, 1000.0/60, smooth), evidence.Flung: flung, evidence.Coarse: curve(900, 110, smooth),
	} {
		shape := evidence.Measure(track)
		if shape.Kind() != kind {
			t.Errorf("%s is taken for %s: %+v", kind, shape.Kind(), shape)
		}
	}
	for name, track := range map[string][]evidence.Point{
		"nothing": nil, "one": {{}}, "three": {{}, {T: 90, X: 200}, {T: 200, X: 290}}, "back": {{}, {T: 50, X: -5}, {T: 70, X: -20}, {T: 90, X: -50}, {T: 120, X: -90}},
	} {
		if shape := evidence.Measure(track); shape != (evidence.Shape{}) {
			t.Errorf("%s is measured: %+v", name, shape)
		}
	}
}

func TestWeightsThatCannotBeUsedAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                `{}`,
		"no weights":             `[`,
		"facts that are missing": `{"version":"1","facts":{}}`,
	} {
		if w, err := evidence.ReadWeights([]byte(text)); err == nil {
			t.Errorf("%s: %+v", name, w)
		}
	}
	if evidence.Default().Version == "" {
		t.Error("the default weights have no version")
	}
}
