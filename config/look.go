package config

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/login-guard/login-guard/internal/look"
)

// Values of Page.Dark.
const (
	DarkAuto = "auto"
	DarkOff  = "off"
)

// Colours are the colours of a page as package look takes them.
func (p Page) Colours() look.Colours {
	return look.Colours{
		Accent:     look.Pair{Light: p.Accent, Dark: p.AccentDark},
		Background: look.Pair{Light: p.Background, Dark: p.BackgroundDark},
		Card:       look.Pair{Light: p.Card, Dark: p.CardDark},
		Text:       look.Pair{Light: p.Text, Dark: p.TextDark},
		OneScheme:  p.Dark == DarkOff,
	}
}

// checkLook checks colours, corners, the font and the logo.
func (p Page) checkLook() (errs []error) {
	if p.Dark != "" && p.Dark != DarkAuto && p.Dark != DarkOff {
		errs = append(errs, wrong("page dark", fmt.Sprintf("there is no %q: it is auto or off", p.Dark), "dark off"))
	}
	shape := func(err error) {
		var e *look.Error
		if errors.As(err, &e) {
			errs = append(errs, wrong("page "+e.Option, e.What, e.Option+" "+e.Works))
		}
	}
	if p.Radius != nil {
		_, err := look.Corners(*p.Radius)
		shape(err)
	}
	_, err := look.Font(p.Font)
	shape(err)
	shape(look.CheckLogo(p.Logo, p.LogoDark))
	_, err = look.New(p.Colours())
	var unreadable *look.Error
	if !errors.As(err, &unreadable) {
		return errs
	}
	light := map[string]string{"accent": p.Accent, "background": p.Background, "card": p.Card, "text": p.Text}[unreadable.Option]
	standard := map[string]look.Pair{"accent": look.Default.Accent, "background": look.Default.Background,
		"card": look.Default.Card, "text": look.Default.Text}[unreadable.Option]
	what, works := unreadable.What, strconv.Quote(unreadable.Works)
	if unreadable.Dark {
		if light == "" {
			light = standard.Light
		}
		what, works = "on dark pages: "+what, strconv.Quote(light)+" "+works
	}
	return append(errs, wrong("page "+unreadable.Option, what, fmt.Sprintf("%s %s", unreadable.Option, works)))
}
