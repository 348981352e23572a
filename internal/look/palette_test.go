package look

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestContrastIsThatOfWCAG(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want float64
	}{{"#000", "#fff", 21}, {"#777777", "#fff", 4.48}, {"#fff", "#52c41a", 2.27}, {"#1558c0", "#1558c0", 1}} {
		a, okA := Parse(test.a)
		b, okB := Parse(test.b)
		if got := Contrast(a, b); !okA || !okB || math.Abs(got-test.want) > 0.01 {
			t.Errorf("%s on %s: %.2f, want %.2f", test.a, test.b, got, test.want)
		}
	}
}

// canBeRead holds every pair of colours that meet on a page against what
// people need.
func canBeRead(t *testing.T, theme Colours, p Palette) {
	t.Helper()
	for name, s := range map[string]Scheme{"light": p.Light, "dark": p.Dark} {
		if s == nil {
			continue
		}
		for _, pair := range []struct {
			front, back string
			least       float64
		}{
			{"text", "ground", 4.5}, {"text", "card", 4.5}, {"text", "track", 4.5},
			{"muted", "card", 4.5}, {"muted", "track", 4.5},
			{"error", "card", 4.5}, {"ok", "card", 4.5}, {"card", "ok", 4.5}, {"on", "accent", 4.5},
			{"edge", "card", 3}, {"edge", "track", 3}, {"accent", "card", 3}, {"accent", "ground", 3},
			{"accent", "track", 3}, {"accent", "trail", 3},
		} {
			if got := Contrast(s[pair.front], s[pair.back]); got < pair.least {
				t.Errorf("%+v, %s: %s %s on %s %s is %.2f:1, less than %.1f:1", theme, name, pair.front, s[pair.front], pair.back, s[pair.back], got, pair.least)
			}
		}
		if len(s) != len(Names) {
			t.Errorf("%d colours, %d names", len(s), len(Names))
		}
	}
}

func TestPaletteCanBeRead(t *testing.T) {
	for _, accent := range []string{"", Default.Accent.Light, "#000", "#0b6", "#b3261e", "#6a1b9a", "#00695c", "#767676", "#c2185b", "#123", "#00f", "#8a5a00", "#007a3d"} {
		theme := Colours{Accent: Pair{Light: accent}}
		p, err := New(theme)
		if c, _ := Parse(accent); err != nil {
			if Contrast(c, white) >= 4.5 {
				t.Errorf("%s: %v", accent, err)
			}
			continue
		}
		canBeRead(t, theme, p)
	}
}

// Whatever a shop writes, it gets a page that can be read, or an error with a
// colour that works: put in its place, that leads on to such a page.
func TestEveryThemeEndsInOneThatCanBeRead(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	colour := func() string {
		switch random.IntN(4) {
		case 0:
			return ""
		case 1: // shops like them pale, or nearly black
			v := float64(random.IntN(2))
			return Colour{v, v, v}.mix(Colour{random.Float64(), random.Float64(), random.Float64()}, 0.2).String()
		}
		return Colour{random.Float64(), random.Float64(), random.Float64()}.String()
	}
	tried := 0
	for range 3000 {
		theme := Colours{Accent: Pair{colour(), colour()}, Background: Pair{colour(), colour()}, Card: Pair{colour(), colour()}, Text: Pair{colour(), colour()}, OneScheme: random.IntN(4) == 0}
		first := theme
		for step := 0; ; step++ {
			p, err := New(theme)
			if err == nil {
				canBeRead(t, theme, p)
				break
			}
			tried++
			var e *Error
			if !errors.As(err, &e) || step > 12 {
				t.Fatalf("%+v: after %d steps from %+v: %v", theme, step, first, err)
			}
			pair := map[string]*Pair{"accent": &theme.Accent, "background": &theme.Background, "card": &theme.Card, "text": &theme.Text}[e.Option]
			place := &pair.Light
			if e.Dark {
				place = &pair.Dark
			}
			if *place == e.Works {
				t.Fatalf("%+v: what works is what is there: %v", theme, err)
			}
			*place = e.Works
		}
	}
	if tried < 1000 {
		t.Errorf("%d mistakes among 3000 themes; too few to show anything", tried)
	}
}

func TestMistakesNameWhatWouldWork(t *testing.T) {
	tests := map[string]struct {
		theme Colours
		want  string
	}{
		"no colour":                 {Colours{Accent: Pair{Light: "blue"}}, `accent: "blue" is no colour such as #1558c0`},
		"half a colour":             {Colours{Card: Pair{Dark: "#12"}}, `card: "#12" is no colour such as #1a1f25`},
		"pale accent":               {Colours{Accent: Pair{Light: "#52c41a"}}, "white text on #52c41a has a contrast of 2.27:1, and 4.5:1 is needed to be read: #"},
		"dark accent on dark pages": {Colours{Accent: Pair{Dark: "#1558c0"}}, "accent: dark text on #1558c0 has a contrast of "},
		"grey words":                {Colours{Text: Pair{Light: "#999"}}, "text: the text #999999 on the card #fff has a contrast of 2.85:1, and 4.5:1 is needed to be read: #"},
		"words that only the card can carry": {Colours{Background: Pair{Light: "#333"}},
			"background: the text #1a1f26 on the background #333333 has a contrast of "},
		"a card as dark as the words": {Colours{Card: Pair{Light: "#222"}}, "card: the text #1a1f26 on the card #222222"},
	}
	for name, test := range tests {
		if _, err := New(test.theme); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
	}
}

func TestDefaultsStayAsTheyWereDrawn(t *testing.T) {
	p, err := New(Colours{})
	if err != nil {
		t.Fatal(err)
	}
	want := ":root{color-scheme:light dark;--ground:#f3f5f8;--card:#fff;--text:#1a1f26;--muted:#545c68;--track:#e6eaf0;--edge:#737c89;--ok:#17753a;--error:#b3261e;--on:#fff;--accent:#1558c0;--trail:#bdd0ed}" +
		"@media(prefers-color-scheme:dark){:root{--ground:#11151a;--card:#1a1f25;--text:#e9ecf0;--muted:#aab3bf;--track:#2a313a;--edge:#8893a2;--ok:#58c883;--error:#ff9c92;--on:#0b1626;--accent:#779eda;--trail:#36465c}}"
	if got := p.CSS(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestOneSchemeIsForAll(t *testing.T) {
	for name, test := range map[string]struct {
		theme Colours
		want  string
	}{
		"a light shop": {Colours{OneScheme: true}, ":root{color-scheme:light;"},
		"a dark shop":  {Colours{OneScheme: true, Background: Pair{Light: "#000"}, Card: Pair{Light: "#111"}, Text: Pair{Light: "#eee"}}, ":root{color-scheme:dark;"},
		"dark by day":  {Colours{Background: Pair{Light: "#000"}, Card: Pair{Light: "#111"}, Text: Pair{Light: "#eee"}}, ":root{color-scheme:dark;"},
	} {
		p, err := New(test.theme)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		canBeRead(t, test.theme, p)
		if css := p.CSS(); !strings.HasPrefix(css, test.want) || strings.Contains(css, "@media") == test.theme.OneScheme {
			t.Errorf("%s: %s", name, css)
		}
	}
}
