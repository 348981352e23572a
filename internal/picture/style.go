package picture

import (
	"math"
	"math/rand/v2"
)

// style is how the ink of a letter is laid. People see the letter in each of
// them at once; a program has to learn each.
type style uint8

const (
	solid   style = iota
	hollow        // a line along its outline
	striped       // a line along its outline, and stripes between
)

// form is how one letter is drawn.
type form struct {
	style style
	width float32 // of the line along the outline, in pixels
	// every is how far stripes are apart, and dx, dy, of length one, what
	// they are across to.
	every, dx, dy float32
}

// choose returns how a letter is drawn. Thin strokes have no room for a line
// on both sides.
func choose(random *rand.Rand, heavy bool) form {
	if !heavy {
		return form{}
	}
	switch v := random.Float32(); {
	case v < 0.4:
		return form{}
	case v < 0.7:
		return form{style: hollow, width: uniform(random, 4.5, 6)}
	default:
		a := uniform(random, 0, math.Pi)
		return form{style: striped, width: uniform(random, 3, 4), every: uniform(random, 7, 9), dx: cos(a), dy: sin(a)}
	}
}

// outside is how far ink reaches beyond the outline: to the corners of the
// line's ends.
func (f form) outside() float32 { return 0.6 * f.width }
