package page

import (
	"math"
	"testing"
)

func TestContrastIsThatOfWCAG(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want float64
	}{{"#000", "#fff", 21}, {"#777777", "#fff", 4.48}, {"#fff", "#52c41a", 2.27}, {"#1558c0", "#1558c0", 1}} {
		a, errA := parseColour(test.a)
		b, errB := parseColour(test.b)
		if got := contrast(a, b); errA != nil || errB != nil || math.Abs(got-test.want) > 0.01 {
			t.Errorf("%s on %s: %.2f, want %.2f", test.a, test.b, got, test.want)
		}
	}
}

// Every pair of colours that meet on a page, for accents from all over what
// New accepts. 4.5:1 for text, 3:1 for what one must see to use a control
// (WCAG 2.2, 1.4.3 and 1.4.11).
func TestPaletteCanBeRead(t *testing.T) {
	pairs := []struct {
		front, back string
		least       float64
	}{
		{"text", "ground", 4.5}, {"text", "card", 4.5}, {"text", "track", 4.5},
		{"muted", "card", 4.5}, {"muted", "track", 4.5},
		{"error", "card", 4.5}, {"ok", "card", 4.5}, {"card", "ok", 4.5}, {"on", "accent", 4.5},
		{"edge", "card", 3}, {"edge", "track", 3}, {"accent", "card", 3}, {"accent", "ground", 3},
		{"accent", "track", 3}, {"accent", "trail", 3}, {"ok", "card", 3},
	}
	for _, accent := range []string{DefaultAccent, "#000", "#0b6", "#b3261e", "#6a1b9a", "#00695c", "#767676", "#c2185b", "#123", "#00f", "#8a5a00", "#007a3d"} {
		p, err := newPalette(accent)
		if err != nil {
			if c, _ := parseColour(accent); contrast(c, colour{1, 1, 1}) >= 4.5 {
				t.Errorf("%s: %v", accent, err)
			}
			continue
		}
		for name, s := range map[string]scheme{"light": p.light, "dark": p.dark} {
			for _, pair := range pairs {
				if got := contrast(s[pair.front], s[pair.back]); got < pair.least {
					t.Errorf("accent %s, %s: %s on %s is %.2f:1, less than %.1f:1", accent, name, pair.front, pair.back, got, pair.least)
				}
			}
		}
	}
}
