package browser_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"testing"

	"github.com/chromedp/cdproto/page"
)

// shot is what the tab shows.
func (p *tab) shot() image.Image {
	p.t.Helper()
	img, err := png.Decode(bytes.NewReader(call(p, page.CaptureScreenshot, page.CaptureScreenshotParams{}).Data))
	if err != nil {
		p.t.Fatal(err)
	}
	return img
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	linear := func(v uint32) float64 {
		s := float64(v) / 0xffff
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}

// changed counts the pixels in a part of two pictures that differ by 3:1 in
// contrast at least.
func changed(a, b image.Image, in image.Rectangle) int {
	n := 0
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			l, m := luminance(a.At(x, y)), luminance(b.At(x, y))
			if (max(l, m)+0.05)/(min(l, m)+0.05) >= 3 {
				n++
			}
		}
	}
	return n
}

// schemes are the colours that a shopper's system may have.
var schemes = map[string]map[string]string{
	"light":         {},
	"dark":          {"prefers-color-scheme": "dark"},
	"more contrast": {"prefers-contrast": "more"},
	"forced":        {"forced-colors": "active"},
	"forced, dark":  {"forced-colors": "active", "prefers-color-scheme": "dark"},
}

// Where the keyboard is shows on the screen itself: around what has the focus
// as many pixels change as a ring of two has, each by 3:1 (WCAG 2.2 SC 2.4.7
// and 1.4.11; the measure is that of 2.4.13, which is AAA).
func TestTheRingAroundTheFocusShowsInAllColours(t *testing.T) {
	t.Parallel()
	for _, c := range checks {
		if c.name != "slider" && c.name != "picture" {
			continue // these have what the others have
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			at := start(t, c.options(t)...)
			p := shopper(t, from(t, "en"))
			p.alice(at)
			c.reach(p)
			p.until("the page is there", "document.querySelector('#lg-send')")
			// The page as the keyboard finds it; nothing may move meanwhile.
			p.size(400, 900)
			p.keys("\t")
			for name, media := range schemes {
				features := map[string]string{"prefers-reduced-motion": "reduce"}
				for k, v := range media {
					features[k] = v
				}
				p.media(features)
				names := eval[[]string](p, stops)
				eval[bool](p, "(document.activeElement.blur(), true)")
				without := p.shot()
				for i, what := range names {
					// Focus by script shows a ring after a key.
					b := eval[box](p, fmt.Sprintf(`(() => {
						const e = self.stops[%d];
						e.focus({focusVisible: true});
						const b = (e.closest('.bar') || e).getBoundingClientRect();
						return {X: b.x, Y: b.y, Width: b.width, Height: b.height};
					})()`, i))
					around := image.Rect(int(b.X)-8, int(b.Y)-8, int(b.X+b.Width)+8, int(b.Y+b.Height)+8)
					if n, want := changed(without, p.shot(), around), int(2*2*(b.Width+b.Height)); n < want {
						t.Errorf("%s: the focus on %s changes %d pixels, want %d", name, what, n, want)
					}
				}
			}
		})
	}
}

// Who asks the system for more contrast gets none of the paler words and
// edges.
func TestMoreContrastIsGivenToWhoAsksForIt(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-bar")
	const pale = `(() => {
		const text = getComputedStyle(document.body).color, out = [];
		for (const e of document.querySelectorAll('main *')) {
			if (!e.checkVisibility() || e.matches('.primary:not([aria-disabled=true]), .thumb, .thumb *, .done')) continue;
			const s = getComputedStyle(e);
			if ([...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && s.color !== text) out.push(e.tagName + '#' + e.id + ' is ' + s.color);
			if (e.matches('.bar, button:not([aria-disabled=true])') && s.borderTopColor !== text) out.push('the edge of ' + e.tagName + '#' + e.id + ' is ' + s.borderTopColor);
		}
		return out;
	})()`
	for _, scheme := range []string{"light", "dark"} {
		p.media(map[string]string{"prefers-color-scheme": scheme})
		if len(eval[[]string](p, pale)) == 0 {
			t.Errorf("%s: nothing is pale to begin with; this test sees nothing", scheme)
		}
		p.media(map[string]string{"prefers-color-scheme": scheme, "prefers-contrast": "more"})
		for _, e := range eval[[]string](p, pale) {
			t.Errorf("%s: %s", scheme, e)
		}
	}
}

// What moves by itself ends within five seconds (WCAG 2.2 SC 2.2.2); only the
// bar of the slow way goes on, for as long as the wait that it shows.
func TestWhatMovesByItselfEndsWithinFiveSeconds(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-bar")
	type motion struct {
		Name string
		End  float64
	}
	const all = "document.getAnimations().map(a => ({Name: a.animationName || a.transitionProperty, End: a.effect.getComputedTiming().endTime}))"
	p.press("#lg-send") // it shows once more how to move it
	moves := eval[[]motion](p, all)
	if len(moves) == 0 {
		t.Error("nothing moves; this test sees nothing")
	}
	for _, m := range moves {
		if !(m.End <= 5000) {
			t.Errorf("%s moves for %.0f ms", m.Name, m.End)
		}
	}
}
