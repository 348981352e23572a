package picture

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

// MaxOverlap is how much of the narrower one's width the boxes of two
// neighbours share at most.
const MaxOverlap = 0.15

// How letters stand in a picture of Width × Height, in its pixels.
const (
	margin   = 14.0 // free at each side
	edge     = 8.0  // free above and below
	smallest = 84.0 // size of the font: capitals are 0.72 of it high
	largest  = 136.0
	turn     = 0.40 // most rotation, radians
	slant    = 0.18 // most shear
	bend     = 0.03 // most that a wave moves a point, of the font's size
)

// glyph is a letter where it stands.
type glyph struct {
	shape outline // in pixels
	form  form
	// The box around all of its ink.
	left, top, right, bottom float32
}

// Letters draws LetterCount characters of Alphabet as PNG. The seed decides on
// everything else: who knows it can draw the picture again.
func (p *Painter) Letters(seed [32]byte, text string) ([]byte, error) {
	if err := check(text, LetterCount, Alphabet); err != nil {
		return nil, fmt.Errorf("drawing letters: %w", err)
	}
	s := p.sheets.Get().(*sheet)
	defer p.sheets.Put(s)
	random := rand.New(rand.NewChaCha8(seed))
	s.clear()
	for _, g := range p.layout(s, random, text) {
		s.glyph(&g)
	}
	s.arcs(random)
	s.grain(random)
	return s.encode()
}

// layout places the letters of a text.
func (p *Painter) layout(s *sheet, random *rand.Rand, text string) []glyph {
	glyphs := s.glyphs[:0]
	s.points = s.points[:0]
	var widths float32
	for _, c := range []byte(text) {
		g := p.shape(s, random, c)
		widths += g.right - g.left
		glyphs = append(glyphs, g)
	}
	s.glyphs = glyphs
	// What is too wide together is drawn smaller; what room is left goes
	// before, between and behind.
	const room = Width - 2*margin
	var gaps [LetterCount - 1]float32
	total := widths
	for i := range gaps {
		narrower := min(glyphs[i].right-glyphs[i].left, glyphs[i+1].right-glyphs[i+1].left)
		gaps[i] = narrower * uniform(random, -0.7*MaxOverlap, 0.10)
		total += gaps[i]
	}
	if total > room {
		f := float32(room) / total
		for i := range glyphs {
			glyphs[i].scale(f)
		}
		for i := range gaps {
			gaps[i] *= f
		}
		total = room
	}
	spare := float32(room) - total
	x := float32(margin) + spare*random.Float32()*0.6
	spare -= x - margin
	wave, phase := uniform(random, 0, 16), uniform(random, 0, 2*math.Pi)
	for i := range glyphs {
		g := &glyphs[i]
		high := g.bottom - g.top
		y := (Height-high)/2 + wave*sin(phase+float32(i)*1.6) + uniform(random, -46, 46)
		y = min(max(y, edge), Height-edge-high)
		g.move(x-g.left, y-g.top)
		x = g.right
		if i < len(gaps) {
			x += gaps[i]
			if gaps[i] > 0 {
				more := spare * random.Float32() * 0.4
				x += more
				spare -= more
			}
		}
	}
	return glyphs
}

// shape returns a letter in a face, size and bend of its own, anywhere.
func (p *Painter) shape(s *sheet, random *rand.Rand, c byte) glyph {
	f := &p.fonts[random.IntN(len(p.fonts))]
	forms := f.glyphs[c]
	which := random.IntN(len(forms))
	lines := forms[which]
	size := uniform(random, smallest, largest)
	if which > 0 {
		size *= 1.15 // small letters are small already
	}
	angle, shear := uniform(random, -turn, turn), uniform(random, -slant, slant)
	wide := uniform(random, 0.92, 1.14)
	ax, ay := uniform(random, 0, bend)*size, uniform(random, 0, bend)*size
	fx, fy := uniform(random, 5, 9), uniform(random, 5, 9)
	px, py := uniform(random, 0, 2*math.Pi), uniform(random, 0, 2*math.Pi)
	sn, cs := sin(angle), cos(angle)
	g := glyph{left: math.MaxFloat32, top: math.MaxFloat32, right: -math.MaxFloat32, bottom: -math.MaxFloat32}
	g.form = choose(random, f.heavy)
	out := g.form.outside()
	for _, line := range lines {
		from := len(s.points)
		for _, q := range line {
			x := size*wide*(q.x-shear*q.y) + ax*sin(fx*q.y+px)
			y := size*q.y + ay*sin(fy*q.x+py)
			x, y = x*cs-y*sn, x*sn+y*cs
			g.left, g.right = min(g.left, x-out), max(g.right, x+out)
			g.top, g.bottom = min(g.top, y-out), max(g.bottom, y+out)
			s.points = append(s.points, point{x, y})
		}
		g.shape = append(g.shape, s.points[from:len(s.points):len(s.points)])
	}
	return g
}

func (g *glyph) move(dx, dy float32) {
	for _, line := range g.shape {
		for i := range line {
			line[i].x += dx
			line[i].y += dy
		}
	}
	g.left, g.right, g.top, g.bottom = g.left+dx, g.right+dx, g.top+dy, g.bottom+dy
}

// scale makes a letter smaller, its hollow line too.
func (g *glyph) scale(f float32) {
	for _, line := range g.shape {
		for i := range line {
			line[i].x *= f
			line[i].y *= f
		}
	}
	g.form.width *= f
	g.left, g.right, g.top, g.bottom = g.left*f, g.right*f, g.top*f, g.bottom*f
}

// check refuses a text that is not of count characters of an alphabet.
func check(text string, count int, alphabet string) error {
	if len(text) != count || strings.Trim(text, alphabet) != "" {
		return fmt.Errorf("the text is not %d of %s", count, alphabet)
	}
	return nil
}

func uniform(random *rand.Rand, from, to float32) float32 {
	return from + (to-from)*random.Float32()
}

func sin(x float32) float32 { return float32(math.Sin(float64(x))) }
func cos(x float32) float32 { return float32(math.Cos(float64(x))) }
