package picture

import (
	"image"
	"image/draw"
	"math"
	"math/rand/v2"

	"golang.org/x/image/vector"
)

// sheet is what one picture is drawn on, with all that is reused for the next.
type sheet struct {
	ink    []byte // Width × Height, 0 is paper and 255 ink
	mask   image.Alpha
	raster vector.Rasterizer
	glyphs []glyph
	points []point
	soft   []byte // for blur
	file   pngFile
}

func newSheet() *sheet {
	return &sheet{ink: make([]byte, Width*Height)}
}

func (s *sheet) clear() { clear(s.ink) }

// glyph draws a letter.
func (s *sheet) glyph(g *glyph) {
	x, y, w, h := s.start(g.left, g.top, g.right, g.bottom)
	if g.form.style != hollow {
		for _, line := range g.shape {
			s.raster.MoveTo(line[0].x-float32(x), line[0].y-float32(y))
			for _, p := range line[1:] {
				s.raster.LineTo(p.x-float32(x), p.y-float32(y))
			}
			s.raster.ClosePath()
		}
		s.rasterise(w, h)
		if g.form.style == striped {
			s.stripe(&g.form, x, y, w, h)
		}
		s.lay(x, y, w, h)
	}
	if g.form.style != solid {
		s.start(g.left, g.top, g.right, g.bottom)
		for _, line := range g.shape {
			for i, p := range line {
				s.stroke(p, line[(i+1)%len(line)], g.form.width, x, y)
			}
		}
		s.rasterise(w, h)
		s.lay(x, y, w, h)
	}
}

// stripe takes every other stripe out of mask.
func (s *sheet) stripe(f *form, x, y, w, h int) {
	for row := range h {
		for i, v := range s.mask.Pix[row*w:][:w] {
			if v == 0 {
				continue
			}
			if n := (float32(x+i)*f.dx + float32(y+row)*f.dy) / f.every; n-float32(floor(n)) >= 0.5 {
				s.mask.Pix[row*w+i] = 0
			}
		}
	}
}

// lay adds mask to the ink.
func (s *sheet) lay(x, y, w, h int) {
	for row := range h {
		to := s.ink[(y+row)*Width+x:][:w]
		for i, a := range s.mask.Pix[row*w:][:w] {
			to[i] = max(to[i], a)
		}
	}
}

// swap makes paper of ink and ink of paper under mask.
func (s *sheet) swap(x, y, w, h int) {
	for row := range h {
		to := s.ink[(y+row)*Width+x:][:w]
		for i, a := range s.mask.Pix[row*w:][:w] {
			if a > 0 {
				to[i] = byte((int(to[i])*(255-int(a)) + (255-int(to[i]))*int(a)) / 255)
			}
		}
	}
}

// start makes the rasteriser ready for a box and returns the box in whole
// pixels inside the picture.
func (s *sheet) start(left, top, right, bottom float32) (x, y, w, h int) {
	x, y = max(0, floor(left)), max(0, floor(top))
	w, h = min(Width, floor(right)+1)-x, min(Height, floor(bottom)+1)-y
	s.raster.Reset(w, h)
	s.raster.DrawOp = draw.Src
	return x, y, w, h
}

// stroke adds a straight line from p to q to the shape, with its ends half its
// width further. All such lines turn the same way, so that they add up where
// they overlap.
func (s *sheet) stroke(p, q point, width float32, x, y int) {
	dx, dy := q.x-p.x, q.y-p.y
	length := float32(math.Hypot(float64(dx), float64(dy)))
	if length < 1e-3 {
		return
	}
	dx, dy = dx/length*width/2, dy/length*width/2
	px, py, qx, qy := p.x-float32(x)-dx/2, p.y-float32(y)-dy/2, q.x-float32(x)+dx/2, q.y-float32(y)+dy/2
	s.raster.MoveTo(px-dy, py+dx)
	s.raster.LineTo(qx-dy, qy+dx)
	s.raster.LineTo(qx+dy, qy-dx)
	s.raster.LineTo(px+dy, py-dx)
	s.raster.ClosePath()
}

// rasterise fills mask with what was added since start.
func (s *sheet) rasterise(w, h int) {
	if n := w * h; cap(s.mask.Pix) < n {
		s.mask.Pix = make([]byte, n)
	} else {
		s.mask.Pix = s.mask.Pix[:n]
	}
	s.mask.Stride, s.mask.Rect = w, image.Rect(0, 0, w, h)
	s.raster.Draw(&s.mask, s.mask.Rect, image.Opaque, image.Point{})
}

// arcs lays two across the picture: a line of ink, and a broad band in which
// ink and paper change places. A reader who goes by connected ink has to undo
// both, and a network to learn every letter in both, and cut in two; people
// see the letter go on.
func (s *sheet) arcs(random *rand.Rand) {
	// As thick as thin strokes: thicker it would hide letters, and thinner it
	// could be taken away alone.
	line := arc{
		{uniform(random, 10, Width*0.3), uniform(random, 40, Height-40)},
		{uniform(random, Width*0.3, Width*0.7), uniform(random, -20, Height+20)},
		{uniform(random, Width*0.7, Width-10), uniform(random, 40, Height-40)},
	}
	x, y, w, h := s.arc(line, uniform(random, 6.5, 8.5))
	s.lay(x, y, w, h)
	wide := uniform(random, 40, 70)
	band := arc{
		{-wide, uniform(random, 40, Height-40)},
		{uniform(random, Width*0.3, Width*0.7), uniform(random, -20, Height+20)},
		{Width + wide, uniform(random, 40, Height-40)},
	}
	x, y, w, h = s.arc(band, wide)
	s.swap(x, y, w, h)
}

// arc is a curve by its ends and the point in the middle that it bends to.
type arc [3]point

// arc puts a curve of a width into mask.
func (s *sheet) arc(a arc, width float32) (x, y, w, h int) {
	x, y, w, h = s.start(0, 0, Width-1, Height-1)
	const n = 24
	from := a[0]
	for i := 1; i <= n; i++ {
		t := float32(i) / n
		u := 1 - t
		p := point{u*u*a[0].x + 2*u*t*a[1].x + t*t*a[2].x, u*u*a[0].y + 2*u*t*a[1].y + t*t*a[2].y}
		s.stroke(from, p, width, x, y)
		from = p
	}
	s.rasterise(w, h)
	return x, y, w, h
}

// Grain: specks of any grey on paper and ink alike.
const specks = 500

func (s *sheet) grain(random *rand.Rand) {
	for range specks {
		bits := random.Uint64()
		x, y := int(bits&0xffff)*(Width-2)>>16, int(bits>>16&0xffff)*(Height-2)>>16
		grey := greys[bits>>32&3]
		at := y*Width + x
		s.ink[at] = grey
		if bits>>40&1 != 0 {
			s.ink[at+1] = grey
		}
		if bits>>41&1 != 0 {
			s.ink[at+Width] = grey
		}
	}
}

// greys are the amounts of ink that a picture has after encoding.
var greys = [4]byte{0, 85, 170, 255}

// encode returns the picture as PNG of four greys.
func (s *sheet) encode() ([]byte, error) {
	return s.file.encode(Width, Height, 2, func(row int, to []byte) {
		line := s.ink[row*Width:][:Width]
		for i := range to {
			four := line[i*4:][:4]
			to[i] = ^(two(four[0])<<6 | two(four[1])<<4 | two(four[2])<<2 | two(four[3]))
		}
	})
}

// two rounds an amount of ink to two bits.
func two(v byte) byte { return byte((uint16(v)*3 + 127) / 255) }

func floor(x float32) int { return int(math.Floor(float64(x))) }
