package bots_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/internal/evidence"
	"github.com/login-guard/login-guard/internal/evidence/bots"
)

func TestEveryFamilyDragsFromThePressToTheEndAsAPageReportsIt(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range bots.All() {
		if seen[f.Name] {
			t.Errorf("two families are %q", f.Name)
		}
		seen[f.Name] = true
		rng := rand.New(rand.NewPCG(1, 1))
		for range 300 {
			way := 150 + 300*rng.Float64()
			r := bots.Seen(rng, f.Drag(rng, way))
			text := bots.JSON(r)
			back, err := evidence.Parse(text)
			if err != nil {
				t.Fatalf("%s: %v\n%s", f.Name, err, text)
			}
			if diff := cmp.Diff(r, back); diff != "" {
				t.Fatalf("%s: read back otherwise than sent:\n%s", f.Name, diff)
			}
			first, last := r.Track[0], r.Track[len(r.Track)-1]
			if first != (evidence.Point{}) || last.X < way-4 || last.X > way+30 {
				t.Fatalf("%s: a drag of %.0f px goes from %v to %v", f.Name, way, first, last)
			}
			for i := 1; i < len(r.Track); i++ {
				if r.Track[i].T < r.Track[i-1].T {
					t.Fatalf("%s: time runs backwards at %v", f.Name, r.Track[i])
				}
			}
		}
	}
}

func TestAFamilyMakesTheSameDragsEveryTimeAndNoTwoAlike(t *testing.T) {
	draw := func(f bots.Family) [2][]byte {
		rng := rand.New(rand.NewPCG(7, 7))
		return [2][]byte{bots.JSON(&evidence.Report{Track: f.Drag(rng, 300)}), bots.JSON(&evidence.Report{Track: f.Drag(rng, 300)})}
	}
	for _, f := range bots.All() {
		a, b := draw(f), draw(f)
		if !bytes.Equal(a[0], b[0]) || !bytes.Equal(a[1], b[1]) {
			t.Errorf("%s: other drags from the same seed", f.Name)
		}
		if bytes.Equal(a[0], a[1]) {
			t.Errorf("%s: the same drag twice", f.Name)
		}
	}
}
