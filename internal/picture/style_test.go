package picture

import (
	"math/rand/v2"
	"testing"
)

func TestHeavyLettersComeInEveryStyleAndThinOnesSolid(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	var seen [3]int
	for range 1000 {
		seen[choose(random, true).style]++
		if f := choose(random, false); f.style != solid {
			t.Fatalf("a thin letter has style %d", f.style)
		}
	}
	for style, n := range seen {
		if n < 200 {
			t.Errorf("style %d comes %d times of 1000", style, n)
		}
	}
}

// A square of 40 pixels in each style, its edge, its inside and beside it.
func TestAStyleLaysInkWhereItSays(t *testing.T) {
	square := func(f form) *sheet {
		s := newSheet()
		g := glyph{form: f, left: 97, top: 97, right: 143, bottom: 143,
			shape: outline{{{100, 100}, {140, 100}, {140, 140}, {100, 140}}}}
		s.glyph(&g)
		return s
	}
	share := func(s *sheet, x0, y0, x1, y1 int) float64 {
		sum := 0
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				sum += int(s.ink[y*Width+x])
			}
		}
		return float64(sum) / float64(255*(x1-x0)*(y1-y0))
	}
	for _, test := range []struct {
		name         string
		form         form
		edge, inside float64
	}{
		{"solid", form{}, 1, 1},
		{"hollow", form{style: hollow, width: 4}, 1, 0},
		{"striped", form{style: striped, width: 4, every: 8, dx: 1}, 1, 0.5},
	} {
		s := square(test.form)
		if got := share(s, 101, 110, 102, 130); got < test.edge-0.01 {
			t.Errorf("%s: %.2f of the edge is ink", test.name, got)
		}
		if got := share(s, 104, 104, 136, 136); got < test.inside-0.02 || got > test.inside+0.02 {
			t.Errorf("%s: %.2f of the inside is ink, want %.2f", test.name, got, test.inside)
		}
		if got := share(s, 150, 100, 190, 140) + share(s, 50, 100, 90, 140); got != 0 {
			t.Errorf("%s: there is ink beside it", test.name)
		}
	}
}

func TestInTheBandInkAndPaperChangePlaces(t *testing.T) {
	s := newSheet()
	for x := range 240 {
		s.ink[100*Width+x] = 255
	}
	x, y, w, h := s.arc(arc{{-60, 100}, {240, 100}, {Width + 60, 100}}, 40)
	s.swap(x, y, w, h)
	for _, at := range []struct {
		x, y int
		want byte
	}{{100, 100, 0}, {300, 100, 255}, {100, 90, 255}, {100, 60, 0}, {400, 140, 0}} {
		if got := s.ink[at.y*Width+at.x]; got != at.want {
			t.Errorf("at %d,%d there is %d of ink, want %d", at.x, at.y, got, at.want)
		}
	}
}
