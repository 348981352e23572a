package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// colour is an sRGB colour, each part 0 to 1.
type colour [3]float64

// parseColour reads #rgb and #rrggbb.
func parseColour(text string) (colour, error) {
	hex, ok := strings.CutPrefix(text, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if !ok || err != nil || len(hex) != 6 {
		return colour{}, fmt.Errorf("%q is no colour: give one such as %s", text, DefaultAccent)
	}
	return colour{float64(n>>16) / 255, float64(n>>8&255) / 255, float64(n&255) / 255}, nil
}

func (c colour) String() string {
	if c == (colour{1, 1, 1}) {
		return "#fff" // the one that is there often
	}
	return fmt.Sprintf("#%02x%02x%02x", int(math.Round(c[0]*255)), int(math.Round(c[1]*255)), int(math.Round(c[2]*255)))
}

// mix returns c with the share 0 to 1 of other in it, as whole 8-bit parts.
func (c colour) mix(other colour, share float64) colour {
	for i := range c {
		c[i] = math.Round((c[i]*(1-share)+other[i]*share)*255) / 255
	}
	return c
}

// luminance is the relative luminance of WCAG 2.2.
func (c colour) luminance() float64 {
	linear := func(v float64) float64 {
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

// contrast is the contrast ratio of WCAG 2.2, 1 to 21.
func contrast(a, b colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// scheme holds the colours of one colour scheme, by the name of the CSS
// custom property.
type scheme map[string]colour

// palette is the light and the dark scheme of a theme.
type palette struct{ light, dark scheme }

// fixed are the colours that do not depend on the accent. Their contrast is
// in palette_test.go: 4.5:1 for text, 3:1 for the edge of a control (WCAG
// 2.2, 1.4.3 and 1.4.11).
var fixed = [...]struct{ name, light, dark string }{
	{"ground", "#f3f5f8", "#11151a"},
	{"card", "#ffffff", "#1a1f25"},
	{"text", "#1a1f26", "#e9ecf0"},
	{"muted", "#545c68", "#aab3bf"},
	{"track", "#e6eaf0", "#2a313a"},
	{"edge", "#737c89", "#8893a2"},
	{"ok", "#17753a", "#58c883"},
	{"error", "#b3261e", "#ff9c92"},
	{"on", "#ffffff", "#0b1626"},
}

// newPalette derives both schemes from the accent colour.
func newPalette(accent string) (palette, error) {
	base, err := parseColour(accent)
	if err != nil {
		return palette{}, err
	}
	p := palette{light: scheme{}, dark: scheme{}}
	for _, f := range fixed {
		if p.light[f.name], err = parseColour(f.light); err != nil {
			return palette{}, err
		}
		if p.dark[f.name], err = parseColour(f.dark); err != nil {
			return palette{}, err
		}
	}
	white, black := colour{1, 1, 1}, colour{}
	if got := contrast(base, white); got < 4.5 {
		better := until(base, black, func(c colour) bool { return contrast(c, white) >= 4.5 })
		return palette{}, fmt.Errorf("white on %s has a contrast of %.1f:1, less than the 4.5:1 that people need to read it: a darker one such as %s works", base, got, better)
	}
	p.light["accent"] = base
	// Pale enough that the button stands out on it, and no paler.
	p.light["trail"] = until(base.mix(white, 0.72), white, func(c colour) bool { return contrast(c, base) >= 3 })
	// On a dark card the accent must shine; 6:1 also keeps dark text on it
	// above 4.5:1.
	shining := until(base, white, func(c colour) bool { return contrast(c, p.dark["card"]) >= 6 })
	p.dark["accent"] = shining
	p.dark["trail"] = until(shining.mix(p.dark["card"], 0.6), p.dark["card"], func(c colour) bool { return contrast(c, shining) >= 3.5 })
	return p, nil
}

// until mixes from with more and more of to until it is good enough.
func until(from, to colour, good func(colour) bool) colour {
	for share := 0.0; share < 1; share += 0.02 {
		if c := from.mix(to, share); good(c) {
			return c
		}
	}
	return to
}

// css returns the palette as custom properties.
func (p palette) css() string {
	block := func(s scheme) string {
		var b strings.Builder
		for _, f := range fixed {
			fmt.Fprintf(&b, "--%s:%s;", f.name, s[f.name])
		}
		fmt.Fprintf(&b, "--accent:%s;--trail:%s", s["accent"], s["trail"])
		return b.String()
	}
	return ":root{" + block(p.light) + "}@media(prefers-color-scheme:dark){:root{" + block(p.dark) + "}}"
}
