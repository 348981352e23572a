// Package look makes what the pages of a shop look like from the few things
// that it names: colours, corners, a font, a logo. It refuses colours that
// people could not read or see: 4.5:1 for text, 3:1 for what one must see to
// use a control (WCAG 2.2, 1.4.3 and 1.4.11); and what would load anything
// from elsewhere. Each refusal is an *Error with something that works.
package look

import (
	"fmt"
	"strings"
)

// Pair is a colour for light pages and one for dark ones, as #rgb or #rrggbb.
// Empty is the default; of the accent, for dark pages, one that is derived.
type Pair struct{ Light, Dark string }

// Colours are the colours that a shop may name.
type Colours struct {
	// Of buttons, the bar and the ring around what is focused.
	Accent Pair
	// Behind everything, of the card on it, and of the words on both.
	Background, Card, Text Pair
	// OneScheme: people who prefer dark pages get the light colours too,
	// which need not be light.
	OneScheme bool
}

// Default is the theme of who names none.
var Default = Colours{
	Accent:     Pair{Light: "#1558c0"},
	Background: Pair{"#f3f5f8", "#11151a"},
	Card:       Pair{"#ffffff", "#1a1f25"},
	Text:       Pair{"#1a1f26", "#e9ecf0"},
}

// Names are the custom properties of CSS that a palette sets, without the
// hyphens.
var Names = []string{"ground", "card", "text", "muted", "track", "edge", "ok", "error", "on", "accent", "trail"}

// Scheme holds the colours of one colour scheme, by name.
type Scheme map[string]Colour

// Palette is the light and the dark scheme of a shop; Dark is nil where
// there is one for all.
type Palette struct{ Light, Dark Scheme }

// Error says what of a look cannot be.
type Error struct {
	Option string // accent, background, card, text, radius, font or logo
	Dark   bool   // it is the one for dark pages
	What   string // what is wrong
	Works  string // what would work in its place
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s: %s works", e.Option, e.What, e.Works)
}

// Contrast ratios that text and the parts of controls must have.
const (
	readable = 4.5
	visible  = 3
)

// New makes the palette of some colours. The error is an *Error.
func New(t Colours) (Palette, error) {
	light, err := newScheme(t, false)
	if err != nil || t.OneScheme {
		return Palette{Light: light}, err
	}
	dark, err := newScheme(t, true)
	return Palette{light, dark}, err
}

// newScheme makes the light or the dark scheme.
func newScheme(t Colours, dark bool) (Scheme, error) {
	p := picker{dark: dark}
	ground, card, text := p.pick("background", t.Background, Default.Background), p.pick("card", t.Card, Default.Card), p.pick("text", t.Text, Default.Text)
	base := p.pick("accent", Pair{t.Accent.Light, t.Accent.Dark}, Pair{Default.Accent.Light, ""})
	if p.err != nil {
		return nil, p.err
	}
	if err := p.reads(ground, card, text); err != nil {
		return nil, err
	}
	// What is named need not be what its name says: a shop may be dark by day.
	night := text.luminance() > card.luminance()
	s := Scheme{"ground": ground, "card": card, "text": text}
	s["track"] = soften(card, text, night)
	onTrack := func(least float64) func(Colour) bool {
		return func(c Colour) bool { return Contrast(c, card) >= least && Contrast(c, s["track"]) >= least }
	}
	onCard := func(c Colour) bool { return Contrast(c, card) >= readable }
	fixed := day
	if night {
		fixed = evening
	}
	s["muted"], _ = until(fixed.muted, text, onTrack(readable))
	s["edge"], _ = until(fixed.edge, text, onTrack(visible))
	s["ok"], _ = until(fixed.ok, text, onCard)
	s["error"], _ = until(fixed.error, text, onCard)
	s["on"] = fixed.on
	accent, err := p.accent(base, s, night)
	if err != nil {
		return nil, err
	}
	s["accent"] = accent
	// Pale enough that the button stands out on it, and no paler.
	s["trail"], _ = until(accent.mix(card, fixed.pale), card, func(c Colour) bool { return Contrast(c, accent) >= fixed.standsOut })
	return s, nil
}

// tones are the colours that no option names, before they are held against
// those that an option does.
type tones struct {
	track, muted, edge, ok, error, on Colour
	pale, standsOut                   float64 // of the trail
}

var (
	day     = tones{hex("#e6eaf0"), hex("#545c68"), hex("#737c89"), hex("#17753a"), hex("#b3261e"), white, 0.72, visible}
	evening = tones{hex("#2a313a"), hex("#aab3bf"), hex("#8893a2"), hex("#58c883"), hex("#ff9c92"), hex("#0b1626"), 0.6, 3.5}
)

// hex is a colour that is known to be one.
func hex(text string) Colour {
	c, _ := Parse(text)
	return c
}

// css returns one scheme as custom properties.
func (s Scheme) css() string {
	parts := make([]string, len(Names))
	for i, name := range Names {
		parts[i] = "--" + name + ":" + s[name].String()
	}
	return strings.Join(parts, ";")
}

// night reports whether light words stand on a dark card.
func (s Scheme) night() bool { return s["text"].luminance() > s["card"].luminance() }

// Only returns one scheme as custom properties of :root, for who is shown that
// whatever they prefer.
func (p Palette) Only(dark bool) string {
	s := p.Light
	if dark && p.Dark != nil {
		s = p.Dark
	}
	scheme := "light"
	if s.night() {
		scheme = "dark"
	}
	return ":root{color-scheme:" + scheme + ";" + s.css() + "}"
}

// CSS returns the palette as custom properties of :root, the dark scheme for
// who prefers that.
func (p Palette) CSS() string {
	switch {
	case p.Dark == nil:
		return p.Only(false)
	case p.Light.night() || !p.Dark.night():
		return p.Only(false) + "@media(prefers-color-scheme:dark){" + p.Only(true) + "}"
	}
	return ":root{color-scheme:light dark;" + p.Light.css() + "}@media(prefers-color-scheme:dark){:root{" + p.Dark.css() + "}}"
}
