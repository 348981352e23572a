package picture

import (
	"bytes"
	"image"
	"image/png"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func painter(t testing.TB) *Painter {
	t.Helper()
	p, err := NewPainter()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// seed is the n-th seed of the tests, and some the text that goes with it.
func seed(n int) (s [32]byte) {
	rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16)}).Read(s[:])
	return s
}

func some(n int) string {
	random := rand.New(rand.NewPCG(uint64(n), 7))
	b := make([]byte, LetterCount)
	for i := range b {
		b[i] = Alphabet[random.IntN(len(Alphabet))]
	}
	return string(b)
}

func letters(t testing.TB, p *Painter, n int) []byte {
	t.Helper()
	b, err := p.Letters(seed(n), some(n))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// grey decodes a picture the way other programs do and makes sure that it is
// plain: grey, without a palette and without anything else.
func grey(t *testing.T, b []byte, w, h int) *image.Gray {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	g, ok := img.(*image.Gray)
	if !ok || g.Rect != image.Rect(0, 0, w, h) {
		t.Fatalf("it is a %T of %v", img, img.Bounds())
	}
	if b[25] != 0 || bytes.Contains(b, []byte("PLTE")) || bytes.Contains(b, []byte("tRNS")) {
		t.Fatalf("it has colour type %d, a palette or transparency", b[25])
	}
	return g
}

// sizes of pictures: half of them, 99 of 100, and all have no more bytes.
func sizes(all []int) (half, most, max int) {
	slices.Sort(all)
	return all[len(all)/2], all[len(all)*99/100], all[len(all)-1]
}

func TestLettersAreSmallGreyAndHighInContrast(t *testing.T) {
	p := painter(t)
	var bytes []int
	for n := range 2000 {
		b := letters(t, p, n)
		bytes = append(bytes, len(b))
		if n%10 != 0 {
			continue
		}
		count := map[uint8]int{}
		for _, v := range grey(t, b, Width, Height).Pix {
			count[v]++
		}
		// Black on white: 21:1. The greys between are edges and grain.
		// The broad band is of ink.
		if ink := count[0]; ink < Width*Height/10 || ink > Width*Height*45/100 {
			t.Errorf("seed %d: %d pixels of ink", n, ink)
		}
		if paper := count[255]; paper < Width*Height/2 {
			t.Errorf("seed %d: only %d pixels of paper", n, paper)
		}
		if between := count[85] + count[170]; len(count) != 4 || between > Width*Height/20 {
			t.Errorf("seed %d: %d greys, %d pixels neither ink nor paper", n, len(count), between)
		}
	}
	half, most, max := sizes(bytes)
	t.Logf("bytes of 2000: p50 %d, p99 %d, most %d", half, most, max)
	if max > MaxPicture {
		t.Errorf("a picture has %d bytes, over %d", max, MaxPicture)
	}
}

func TestLettersOfOneSeedAreOnePicture(t *testing.T) {
	p, other := painter(t), painter(t)
	seen := map[string]int{}
	for n := range 200 {
		a := letters(t, p, n)
		// Whatever was drawn before, and by another painter.
		b, err := other.Letters(seed(n), some(n))
		if err != nil || !bytes.Equal(a, b) {
			t.Fatalf("seed %d has two pictures, %v", n, err)
		}
		if m, ok := seen[string(a)]; ok {
			t.Errorf("seeds %d and %d have one picture", m, n)
		}
		seen[string(a)] = n
	}
	a, _ := p.Letters(seed(1), "KX7RM")
	b, _ := p.Letters(seed(2), "KX7RM")
	if bytes.Equal(a, b) {
		t.Error("one text with two seeds has one picture")
	}
}

func TestOnlyFiveOfTheAlphabetAreDrawn(t *testing.T) {
	p := painter(t)
	for _, c := range Alphabet {
		if _, err := p.Letters(seed(1), strings.Repeat(string(c), LetterCount)); err != nil {
			t.Errorf("%q is not drawn: %v", c, err)
		}
	}
	for _, text := range []string{"", "KX7R", "KX7RMM", "KX7RB", "kx7rm", "KX7R ", "KX7É", "KX7R\x00"} {
		if b, err := p.Letters(seed(1), text); err == nil || b != nil {
			t.Errorf("%q is drawn", text)
		}
	}
}

func TestEveryShapeOfEveryFaceIsThere(t *testing.T) {
	shapes := 0
	for i, f := range painter(t).fonts {
		if len(f.glyphs) != len(Alphabet) {
			t.Errorf("face %d has %d characters", i, len(f.glyphs))
		}
		for c, forms := range f.glyphs {
			for _, o := range forms {
				shapes++
				if len(o) == 0 || len(o[0]) < 8 {
					t.Errorf("%q of face %d has the outline %v", c, i, o)
				}
			}
		}
	}
	if shapes != 6*(len(Alphabet)+len(small)) {
		t.Errorf("there are %d shapes", shapes)
	}
}

// alone is the ink of one letter.
func alone(g glyph) (ink [Width * Height]byte) {
	s := newSheet()
	s.glyph(&g)
	copy(ink[:], s.ink)
	return ink
}

func TestLettersAreWholeAndHardlyOverlap(t *testing.T) {
	p := painter(t)
	var widest, fullest, hidden float64
	for n := range 400 {
		s := newSheet()
		random := rand.New(rand.NewChaCha8(seed(n)))
		text := some(n)
		glyphs := p.layout(s, random, text)
		if len(glyphs) != LetterCount {
			t.Fatal(len(glyphs))
		}
		var inks [LetterCount][Width * Height]byte
		var area [LetterCount]int
		for i, g := range glyphs {
			if g.left < 1 || g.top < 1 || g.right > Width-1 || g.bottom > Height-1 {
				t.Errorf("seed %d: %q stands at %v,%v to %v,%v", n, text[i], g.left, g.top, g.right, g.bottom)
			}
			if high := g.bottom - g.top; high < 36 {
				t.Errorf("seed %d: %q is %v pixels high", n, text[i], high)
			}
			inks[i] = alone(g)
			// Its box cuts nothing off: with more room it is the same.
			wider := g
			wider.left, wider.top, wider.right, wider.bottom = g.left-6, g.top-6, g.right+6, g.bottom+6
			for at, v := range alone(wider) {
				if d := int(v) - int(inks[i][at]); d < -8 || d > 8 {
					t.Fatalf("seed %d: %q is cut off at its box", n, text[i])
				}
			}
			for at, v := range inks[i] {
				if v < 128 {
					continue
				}
				area[i]++
				x, y := float32(at%Width), float32(at/Width)
				if x < g.left-1 || x > g.right || y < g.top-1 || y > g.bottom {
					t.Fatalf("seed %d: %q has ink outside its box", n, text[i])
				}
			}
			if i == 0 {
				continue
			}
			last := glyphs[i-1]
			share := float64(last.right-g.left) / float64(min(last.right-last.left, g.right-g.left))
			widest = max(widest, share)
			both := 0
			for at, v := range inks[i] {
				if v >= 128 && inks[i-1][at] >= 128 {
					both++
				}
			}
			fullest = max(fullest, float64(both)/float64(min(area[i], area[i-1])))
			if i > 1 && g.left < glyphs[i-2].right {
				t.Errorf("seed %d: %q reaches %q", n, text[i], text[i-2])
			}
		}
		// Arcs and grain hide little of any letter: the same picture without
		// letters is another one almost wherever they have ink.
		without := newSheet()
		with := rand.New(rand.NewChaCha8(seed(n)))
		p.layout(without, with, text)
		without.arcs(with)
		without.grain(with)
		for i := range glyphs {
			s.glyph(&glyphs[i])
		}
		s.arcs(random)
		s.grain(random)
		for i := range inks {
			gone := 0
			for at, v := range inks[i] {
				if d := int(s.ink[at]) - int(without.ink[at]); v >= 128 && d > -128 && d < 128 {
					gone++
				}
			}
			hidden = max(hidden, float64(gone)/float64(area[i]))
		}
	}
	t.Logf("most of 400: boxes share %.3f of the narrower, ink %.3f of the smaller, %.3f of a letter is hidden", widest, fullest, hidden)
	if widest > MaxOverlap || fullest > MaxOverlap {
		t.Errorf("neighbours overlap by %.3f of their width and %.3f of their ink", widest, fullest)
	}
	if hidden > 0.35 {
		t.Errorf("%.3f of a letter is hidden", hidden)
	}
}

func BenchmarkLetters(b *testing.B) {
	p := painter(b)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		letters(b, p, n)
	}
}
