// Package picture draws what a shopper types and says what a shopper hears:
// five letters and digits, or six digits, as a small grey PNG; eight digits as
// sound. It also reads what was typed: Fold.
//
// What it promises:
//
//   - A picture is at most MaxPicture bytes, a sound at most MaxSound, and both
//     are the same for the same seed, name and text (those that dchest/captcha
//     has a hand in, digits and sound: within one process).
//   - A picture is opaque. Its letters have one ink, which changes places with
//     the paper in one band; each is whole inside it, and the boxes of two
//     neighbours overlap by at most MaxOverlap.
//   - Nothing in the file tells the ink from the noise: no palette, no
//     transparency, no grey that only one of them has.
//
// What it does not promise: that no machine reads it. A small network that was
// trained on pictures of one kind reads most of them, however they are
// distorted, and what is hard for a network is harder for people. So the
// pictures are made to be read, and to cost a program that has never seen them
// its training. What stops a program is how often it may try.
package picture

import "sync"

// Size of a picture of letters in pixels. A page shows it half as large in CSS
// pixels, so that it is sharp on screens of two pixels each.
const (
	Width  = 480
	Height = 208
)

// Most bytes of a picture and of a sound.
const (
	MaxPicture = 8_000
	MaxSound   = 250_000
)

// How many characters a picture of letters, a picture of digits and a sound
// have.
const (
	LetterCount = 5
	DigitCount  = 6
	SoundCount  = 8
)

// Alphabet is what pictures of letters show. Of 0 O Q, 1 I L, 2 Z, 4 A, 5 S,
// 8 B and U V, which people take for one another, it has A and V alone; without
// U, hardly any word that a shop would not write can be drawn. Some of its
// letters are drawn small too. An answer is folded to it: see Fold.
const Alphabet = "ACDEFGHJKMNPRTVWXY3679"

// digitsOnly is what pictures of digits and sounds have.
const digitsOnly = "0123456789"

// A Painter draws pictures. It holds the outlines of the fonts and is safe for
// concurrent use.
type Painter struct {
	fonts  []font
	sheets sync.Pool // of *sheet
}

// NewPainter reads the fonts, some milliseconds of work. The error would be one
// of the fonts that are part of the program.
func NewPainter() (*Painter, error) {
	fonts, err := loadFonts()
	if err != nil {
		return nil, err
	}
	return &Painter{fonts: fonts, sheets: sync.Pool{New: func() any { return newSheet() }}}, nil
}
