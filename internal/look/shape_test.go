package look

import (
	"errors"
	"strings"
	"testing"
)

func TestTheBarFollowsTheCorners(t *testing.T) {
	for card, want := range map[int]Radii{0: {0, 0, 0}, 10: {10, 6, 14}, DefaultRadius: {20, 12, 28}, MaxRadius: {32, 19, 28}} {
		if got, err := Corners(card); err != nil || got != want {
			t.Errorf("%d: %+v, %v, want %+v", card, got, err, want)
		}
	}
}

func TestAFontEndsInOneThatEverybodyHas(t *testing.T) {
	for want, families := range map[string][]string{
		"system-ui,sans-serif":                   nil,
		`"Georgia",serif`:                        {"Georgia", "serif"},
		`"Source Sans 3",system-ui,sans-serif`:   {"Source Sans 3"},
		`serif,"Noto Sans",system-ui,sans-serif`: {"serif", "Noto Sans"},
		`"ヒラギノ角ゴ ProN",system-ui,sans-serif`:     {"ヒラギノ角ゴ ProN"},
	} {
		if got, err := Font(families); err != nil || got != want {
			t.Errorf("%q: %s, %v, want %s", families, got, err, want)
		}
	}
}

func TestShapesThatCannotBe(t *testing.T) {
	corners := func(n int) error { _, err := Corners(n); return err }
	font := func(names ...string) error { _, err := Font(names); return err }
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"corners too round":      {corners(33), "radius: 33 is not between 0 and 32 pixels: 20 works"},
		"corners the other way":  {corners(-1), "radius: -1"},
		"a font with code":       {font(`a";}`), `font: "a\";}" is no name of a font: Georgia serif works`},
		"fonts in one":           {font("Georgia, serif"), "font:"},
		"a font that is none":    {font("Inherit"), `font: "Inherit"`},
		"a logo elsewhere":       {CheckLogo("https://cdn.example/l.svg", ""), "logo:"},
		"a logo on another host": {CheckLogo("//cdn.example/l.svg", ""), "/images/logo.svg works"},
		"a logo in the address":  {CheckLogo("data:image/png;base64,AA", ""), "logo:"},
		"a logo by night only":   {CheckLogo("", "/l.svg"), "logo: there is one for dark pages only: /l.svg works"},
		"two logos in one":       {CheckLogo("/a.svg,/b.svg", ""), "logo:"},
		"a dark logo elsewhere":  {CheckLogo("/a.svg", "l.svg"), "logo:"},
	} {
		var e *Error
		if !errors.As(test.err, &e) || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, test.err, test.want)
		}
	}
	if err := CheckLogo("/wp-content/uploads/logo%20a.svg?v=2", "/dark.png"); err != nil {
		t.Error(err)
	}
}
