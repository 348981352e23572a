package picture

import (
	"fmt"
	"math"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/gomonobolditalic"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// small are the letters that are drawn small at times: those whose small shape
// is another one, and not like that of any other of ours (a is like d where it
// slants, g like 9, h like n, f like t, j like i) nor easily lost under a line (r
// and t).
const small = "DEMN"

// point is a place in units of a font's size, y downwards, from where the
// baseline begins.
type point struct{ x, y float32 }

// outline is a shape: closed lines, in order, each without its closing piece.
// They are short pieces, so that bending their ends bends the shape.
type outline [][]point

// font is one face: the outlines of what is drawn of it.
type font struct {
	glyphs map[byte][]outline // large, and small where there is one
	// heavy strokes can be drawn hollow.
	heavy bool
}

// loadFonts reads the faces. Go Mono has serifs, Go has none.
func loadFonts() ([]font, error) {
	var out []font
	for _, f := range []struct {
		name  string
		data  []byte
		heavy bool
	}{
		{"Go Regular", goregular.TTF, false},
		{"Go Medium", gomedium.TTF, false},
		{"Go Bold", gobold.TTF, true},
		{"Go Bold Italic", gobolditalic.TTF, true},
		{"Go Mono Bold", gomonobold.TTF, true},
		{"Go Mono Bold Italic", gomonobolditalic.TTF, true},
	} {
		glyphs, err := load(f.data)
		if err != nil {
			return nil, fmt.Errorf("reading the font %s: %w", f.name, err)
		}
		out = append(out, font{glyphs: glyphs, heavy: f.heavy})
	}
	return out, nil
}

func load(data []byte) (map[byte][]outline, error) {
	face, err := sfnt.Parse(data)
	if err != nil {
		return nil, err
	}
	out := make(map[byte][]outline, len(Alphabet))
	var buf sfnt.Buffer
	add := func(c byte, as rune) error {
		o, err := trace(face, &buf, as)
		if err != nil {
			return fmt.Errorf("%q: %w", as, err)
		}
		out[c] = append(out[c], o)
		return nil
	}
	for _, c := range []byte(Alphabet) {
		if err := add(c, rune(c)); err != nil {
			return nil, err
		}
	}
	for _, c := range []byte(small) {
		if err := add(c, rune(c-'A'+'a')); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// piece is the longest straight piece of an outline, in units of its size.
const piece = 0.15

// trace returns the outline of a character.
func trace(face *sfnt.Font, buf *sfnt.Buffer, as rune) (outline, error) {
	index, err := face.GlyphIndex(buf, as)
	if err != nil {
		return nil, err
	}
	if index == 0 {
		return nil, sfnt.ErrNotFound
	}
	// Large enough that rounding to 1/64 does not show.
	const ppem = 1024
	segments, err := face.LoadGlyph(buf, index, fixed.I(ppem), nil)
	if err != nil {
		return nil, err
	}
	at := func(p fixed.Point26_6) point {
		return point{float32(p.X) / (64 * ppem), float32(p.Y) / (64 * ppem)}
	}
	var out outline
	var line []point
	var from point
	to := func(p point) {
		n := max(1, int(math.Ceil(math.Hypot(float64(p.x-from.x), float64(p.y-from.y))/piece)))
		for i := 1; i <= n; i++ {
			t := float32(i) / float32(n)
			line = append(line, point{from.x + t*(p.x-from.x), from.y + t*(p.y-from.y)})
		}
		from = p
	}
	for _, s := range segments {
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			if len(line) > 0 {
				out = append(out, line)
			}
			from, line = at(s.Args[0]), nil
			line = append(line, from)
		case sfnt.SegmentOpLineTo:
			to(at(s.Args[0]))
		case sfnt.SegmentOpQuadTo:
			a, b, c := from, at(s.Args[0]), at(s.Args[1])
			const n = 5
			for i := 1; i <= n; i++ {
				t := float32(i) / n
				u := 1 - t
				to(point{u*u*a.x + 2*u*t*b.x + t*t*c.x, u*u*a.y + 2*u*t*b.y + t*t*c.y})
			}
		default:
			return nil, fmt.Errorf("segments of kind %d are not drawn", s.Op)
		}
	}
	if len(line) > 0 {
		out = append(out, line)
	}
	return out, nil
}
