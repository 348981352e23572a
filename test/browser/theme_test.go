package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// themed runs a gateway whose pages have these lines in their `page` block.
func themed(t *testing.T, lines ...string) *place {
	t.Helper()
	shop := shoptest.Generic().Start(t)
	const logo = `@logo path /logo.svg
	header @logo Content-Type image/svg+xml
	respond @logo "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 120 40'><rect width='120' height='40' fill='#c2185b'/></svg>"`
	file := caddyfile("http://localhost:$PORT", shop.URL, logo, sliderOnly...)
	gate := guardtest.Start(t, strings.Replace(file, `name "Demo Shop"`, "name \"Demo Shop\"\n\t\t\t"+strings.Join(lines, "\n\t\t\t"), 1))
	return &place{t: t, shop: shop, gate: gate, url: gate.URL}
}

// themes are what shops may ask for: a dark one by day, a colourful one with
// corners, one for all.
var themes = map[string][]string{
	"dark by day": {`background "#000"`, `card "#101014"`, `text "#e8e8f0"`, `accent "#f5a623" "#f5a623"`, "radius 32"},
	"cream":       {`background "#fdf6ec"`, `card "#fffdf9" "#262019"`, `text "#3a2e1f" "#f3e9da"`, `accent "#8a3b12"`, "radius 0", "font Georgia serif", "logo /logo.svg"},
	"light only":  {`accent "#c2185b"`, "dark off", "radius 6"},
}

func TestThemesCanBeReadAndUsed(t *testing.T) {
	t.Parallel()
	for name, lines := range themes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := themed(t, lines...)
			p := shopper(t, from(t, "en"))
			p.alice(at)
			p.meets(at, "#lg-bar")
			p.audit("en", true)
			p.tabTo("#lg-bar")
			p.keys(kb.End)
			p.until("the check is passed", passedMark)
			p.audit("en", true)
			p.send()
			p.arrives(at, shoptest.Alice().Email)
			p.visit(at.url + "/.login-guard/help")
			p.audit("en", true)
		})
	}
}

func TestTheLogoStandsForTheShop(t *testing.T) {
	t.Parallel()
	at := themed(t, themes["cream"]...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-bar")
	p.until("the logo is there", "document.querySelector('header img').naturalWidth")
	if got := eval[string](p, "(i => `${i.alt} ${i.clientWidth}×${i.clientHeight} ${getComputedStyle(document.body).fontFamily} ${getComputedStyle(document.querySelector('main')).borderRadius}`)(document.querySelector('header img'))"); got != "Demo Shop 120×40 georgia, serif 0px" {
		t.Errorf("the page shows %s", got)
	}
}

func TestOneSchemeStaysAsItIsForWhoPrefersDarkPages(t *testing.T) {
	t.Parallel()
	at := themed(t, themes["light only"]...)
	p := shopper(t, from(t, "en"))
	p.visit(at.url + "/.login-guard/help")
	for _, scheme := range []string{"light", "dark"} {
		p.media(map[string]string{"prefers-color-scheme": scheme})
		if got := eval[string](p, "(s => s.backgroundColor + ' ' + s.colorScheme)(getComputedStyle(document.body)) + ' ' + getComputedStyle(document.querySelector('main')).backgroundColor"); got != "rgb(243, 245, 248) light rgb(255, 255, 255)" {
			t.Errorf("who prefers %s sees %s", scheme, got)
		}
	}
	at.saw()
}
