package picture

import (
	"fmt"
	"math/rand/v2"

	"github.com/dchest/captcha"
)

// Size of a picture of digits in pixels. dchest/captcha has one font, of dots,
// so that twice as many pixels would show nothing more.
const (
	DigitWidth  = Width / 2
	DigitHeight = Height / 2
)

// Digits draws DigitCount digits as PNG: those of dchest/captcha, drawn again.
//
// As that library writes it, the palette hands its picture to a reader: the
// first colour is always the ink and nothing else is, edges are hard, and the
// ground is transparent. So everything on the ground becomes one ink here, with
// soft edges, on grainy white.
//
// The seed decides on everything else, in what the library draws together with
// a key of this process.
func (p *Painter) Digits(seed [32]byte, text string) ([]byte, error) {
	if err := check(text, DigitCount, digitsOnly); err != nil {
		return nil, fmt.Errorf("drawing digits: %w", err)
	}
	s := p.sheets.Get().(*sheet)
	defer p.sheets.Put(s)
	drawn := captcha.NewImage(string(seed[:]), values(text), DigitWidth, DigitHeight)
	ink := s.ink[:DigitWidth*DigitHeight]
	for i, index := range drawn.Pix {
		ink[i] = 0
		if index != 0 {
			ink[i] = 225 // the grain makes some of it darker, some lighter
		}
	}
	s.blur(DigitWidth, DigitHeight)
	random := rand.NewChaCha8(seed)
	// Grain on every pixel, of two of the sixteen greys at most each way; on
	// white it can only be darker, and half of it shows.
	for i := 0; i < len(ink); i += 16 {
		bits := random.Uint64()
		for j := range ink[i : i+16] {
			ink[i+j] = byte(min(255, max(0, int(ink[i+j])+grainOf[bits>>(4*j)&15])))
		}
	}
	return s.file.encode(DigitWidth, DigitHeight, 4, func(row int, to []byte) {
		line := ink[row*DigitWidth:][:DigitWidth]
		for i := range to {
			to[i] = ^(four(line[2*i])<<4 | four(line[2*i+1]))
		}
	})
}

// grainOf is what four random bits add to an amount of ink.
var grainOf = [16]int{-51, -34, -17, -17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 17, 17, 34}

// four rounds an amount of ink to four bits.
func four(v byte) byte { return byte((uint16(v)*15 + 127) / 255) }

// blur softens the first w × h amounts of ink: each becomes a mean of itself
// (4), its sides (2) and its corners (1), sixteenths.
func (s *sheet) blur(w, h int) {
	n := w * h
	if cap(s.soft) < n {
		s.soft = make([]byte, n)
	}
	soft := s.soft[:n]
	copy(soft, s.ink[:n])
	for y := 1; y < h-1; y++ {
		up, at, down := soft[(y-1)*w:][:w], soft[y*w:][:w], soft[(y+1)*w:][:w]
		to := s.ink[y*w:][:w]
		for x := 1; x < w-1; x++ {
			to[x] = byte((uint(up[x-1]) + 2*uint(up[x]) + uint(up[x+1]) +
				2*uint(at[x-1]) + 4*uint(at[x]) + 2*uint(at[x+1]) +
				uint(down[x-1]) + 2*uint(down[x]) + uint(down[x+1]) + 8) / 16)
		}
	}
}

// values turns characters into what dchest/captcha takes.
func values(text string) []byte {
	out := []byte(text)
	for i := range out {
		out[i] -= '0'
	}
	return out
}
