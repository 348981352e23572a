package look

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Colour is an sRGB colour, each part 0 to 1.
type Colour [3]float64

var white, black = Colour{1, 1, 1}, Colour{}

// Parse reads #rgb and #rrggbb.
func Parse(text string) (c Colour, ok bool) {
	hex, ok := strings.CutPrefix(text, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if !ok || err != nil || len(hex) != 6 {
		return Colour{}, false
	}
	return Colour{float64(n>>16) / 255, float64(n>>8&255) / 255, float64(n&255) / 255}, true
}

// String is the colour as CSS has it.
func (c Colour) String() string {
	if c == white {
		return "#fff" // the one that is there often
	}
	return fmt.Sprintf("#%02x%02x%02x", int(math.Round(c[0]*255)), int(math.Round(c[1]*255)), int(math.Round(c[2]*255)))
}

// mix returns c with the share 0 to 1 of other in it, as whole 8-bit parts.
func (c Colour) mix(other Colour, share float64) Colour {
	for i := range c {
		c[i] = math.Round((c[i]*(1-share)+other[i]*share)*255) / 255
	}
	return c
}

// luminance is the relative luminance of WCAG 2.2.
func (c Colour) luminance() float64 {
	linear := func(v float64) float64 {
		if v <= 0.04045 { // sRGB, IEC 61966-2-1
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

// Contrast is the contrast ratio of WCAG 2.2, 1 to 21.
func Contrast(a, b Colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// until mixes from with more and more of to until it is good enough, and
// reports whether it ever is.
func until(from, to Colour, good func(Colour) bool) (Colour, bool) {
	for step := range 51 {
		if c := from.mix(to, float64(step)/50); good(c) {
			return c, true
		}
	}
	return to, false
}
