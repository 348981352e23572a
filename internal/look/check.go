package look

import "fmt"

// picker reads the colours of one scheme and judges them.
type picker struct {
	dark  bool
	named map[string]bool // colours that the theme itself names
	err   error
}

// pick reads a colour, or the default.
func (p *picker) pick(option string, given, standard Pair) Colour {
	text, or := given.Light, standard.Light
	if p.dark {
		text, or = given.Dark, standard.Dark
		if option == "accent" && text == "" {
			// Derived from the one for light pages, which was read already.
			if text = given.Light; text == "" {
				text = Default.Accent.Light
			}
			return hex(text)
		}
	}
	if p.named == nil {
		p.named = map[string]bool{}
	}
	if p.named[option] = text != ""; text == "" {
		return hex(or)
	}
	c, ok := Parse(text)
	if !ok && p.err == nil {
		if or == "" {
			or = "#7fb0ff"
		}
		p.err = &Error{Option: option, Dark: p.dark, What: fmt.Sprintf("%q is no colour such as %s (in a Caddyfile in quotes)", text, or), Works: or}
	}
	return c
}

// reads reports that the text can be read on card and background. To blame is
// the text, where the theme names it and another one would do; else what it
// stands on, also where that is the default, which the theme then has to
// replace.
func (p *picker) reads(ground, card, text Colour) error {
	for _, on := range []struct {
		option, name string
		colour       Colour
	}{{"card", "the card", card}, {"background", "the background", ground}} {
		got := Contrast(text, on.colour)
		if got >= readable {
			continue
		}
		what := fmt.Sprintf("the text %s on %s %s has a contrast of %.2f:1, and 4.5:1 is needed to be read", text, on.name, on.colour, got)
		if p.named["text"] {
			good := func(c Colour) bool { return Contrast(c, card) >= readable && Contrast(c, ground) >= readable }
			for _, to := range away(text, on.colour) {
				if better, ok := until(text, to, good); ok {
					return &Error{"text", p.dark, what, better.String()}
				}
			}
		}
		better := on.colour
		for _, to := range away(on.colour, text) {
			var ok bool
			if better, ok = until(on.colour, to, func(c Colour) bool { return Contrast(c, text) >= readable }); ok {
				break
			}
		}
		return &Error{on.option, p.dark, what, better.String()}
	}
	return nil
}

// away are black and white, first the one that leads a away from b.
func away(a, b Colour) [2]Colour {
	if a.luminance() > b.luminance() {
		return [2]Colour{white, black}
	}
	return [2]Colour{black, white}
}

// soften is the colour of what lies in the card, on which text can still be
// read.
func soften(card, text Colour, night bool) Colour {
	fixed, standard := day, Default.Card.Light
	if night {
		fixed, standard = evening, Default.Card.Dark
	}
	if card == hex(standard) && Contrast(fixed.track, text) >= readable {
		return fixed.track
	}
	soft, _ := until(card.mix(text, 0.1), card, func(c Colour) bool { return Contrast(c, text) >= readable })
	return soft
}

// accent judges the accent colour, or derives one for dark pages.
func (p *picker) accent(base Colour, s Scheme, night bool) (Colour, error) {
	to := black
	if night {
		to = white
	}
	fails := func(c Colour) string {
		if got := Contrast(c, s["on"]); got < readable {
			word := "white"
			if night {
				word = "dark"
			}
			return fmt.Sprintf("%s text on %s has a contrast of %.2f:1, and 4.5:1 is needed to be read", word, c, got)
		}
		for _, on := range []struct{ option, name string }{{"card", "the card"}, {"ground", "the background"}, {"track", "the bar"}} {
			if got := Contrast(c, s[on.option]); got < visible {
				return fmt.Sprintf("%s on %s %s has a contrast of %.2f:1, and 3:1 is needed to be seen", c, on.name, s[on.option], got)
			}
		}
		return ""
	}
	better, ok := until(base, to, func(c Colour) bool { return fails(c) == "" })
	if !p.named["accent"] {
		// On a dark card the accent must shine, more than just to be read.
		if night {
			if shining, enough := until(base, to, func(c Colour) bool { return fails(c) == "" && Contrast(c, s["card"]) >= 6 }); enough {
				better = shining
			}
		}
		if ok {
			return better, nil
		}
	}
	what := fails(base)
	switch {
	case what == "":
		return base, nil
	case ok:
		return Colour{}, &Error{"accent", p.dark, what, better.String()}
	}
	// No accent can be seen on this card and this background: they are too
	// much alike what words on a button have.
	option, standard := "card", Default.Card
	if Contrast(to, s["card"]) >= readable {
		option, standard = "background", Default.Background
	}
	works := standard.Light
	if night {
		works = standard.Dark
	}
	return Colour{}, &Error{option, p.dark, "no colour of buttons can be seen on " + s[map[string]string{"card": "card", "background": "ground"}[option]].String(), works}
}
