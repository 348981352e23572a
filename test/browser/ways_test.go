package browser_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp/kb"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// slideByKeys moves the slider to its end with the keyboard.
func (p *tab) slideByKeys() {
	p.t.Helper()
	p.tabTo("#lg-bar")
	p.keys(kb.End)
}

// enter goes to a button or link with the Tab key and presses Enter there.
func (p *tab) enter(selector string) {
	p.t.Helper()
	p.tabTo(selector)
	p.keys(kb.Enter)
}

// types goes to a field with the Tab key and types into it.
func (p *tab) types(selector, text string) {
	p.t.Helper()
	p.tabTo(selector)
	for _, r := range text {
		p.keys(string(r))
	}
}

// tap touches an element in its middle with one finger.
func (p *tab) tap(selector string) {
	p.t.Helper()
	p.tapAt(p.box(selector).centre())
}

func (p *tab) tapAt(x, y float64) {
	p.t.Helper()
	call(p, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: input.DispatchTouchEventTypeTouchStart, TouchPoints: []*input.TouchPoint{{X: x, Y: y}}})
	call(p, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: input.DispatchTouchEventTypeTouchEnd, TouchPoints: []*input.TouchPoint{}})
}

// landscape makes the tab one of a phone that is held sideways.
func (p *tab) landscape() {
	p.t.Helper()
	p.phone()
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 640, Height: 360, DeviceScaleFactor: 2, Mobile: true,
		ScreenOrientation: &emulation.ScreenOrientation{Type: emulation.ScreenOrientationTypeLandscapePrimary, Angle: 90}})
}

// end is a place on the end of the bar, where the button is to be.
func (p *tab) end() (x, y float64) {
	p.t.Helper()
	b := p.box("#lg-bar")
	return b.X + b.Width - 20, b.Y + b.Height/2
}

// waits waits until the waiting page is there.
func (p *tab) waits() {
	p.t.Helper()
	p.until("the wait has begun", fmt.Sprintf("document.querySelector('#lg-title')?.textContent === %q", words(p.t, "en", "slow_title")))
}

// magnified makes the window one of 1280 × 1024 px at 400 %.
func (p *tab) magnified() {
	p.t.Helper()
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 320, Height: 256, DeviceScaleFactor: 4})
}

// With nothing but a keyboard, from the shop's own form to the shop's answer,
// in a window at 400 % (WCAG 2.2 SC 2.1.1, 1.4.10). The shopper never presses
// anything that is not in focus.
func TestEveryWayByKeyboardAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options func(testing.TB) []string
		walk    func(p *tab)
	}{
		"the slider": {slider, func(p *tab) {
			p.slideByKeys()
			p.enters()
			p.enter("#lg-send")
		}},
		"without sliding": {slider, func(p *tab) {
			p.enter("#lg-press")
			p.enters()
			p.enter("#lg-send")
		}},
		"the picture, after another one": {reads, func(p *tab) {
			p.follow()
			first := p.picture()
			p.enter("#lg-new")
			p.says(words(p.t, "en", "fresh"))
			if p.picture() == first {
				p.t.Error("New picture left the same picture")
			}
			p.types("#lg-answer", p.solution("self.token"))
			p.keys(kb.Enter)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := start(t, c.options(t)...)
			p := shopper(t, from(t, "en"))
			p.magnified()
			p.visit(at.url + "/login")
			p.types("#email", shoptest.Alice().Email)
			p.types("#password", shoptest.Alice().Password)
			p.leaves(func() { p.keys(kb.Enter) })
			p.until("a check is there", "document.querySelector('#lg-send')")
			p.fits("at 400 %")
			c.walk(p)
			p.arrives(at, shoptest.Alice().Email)
			at.saw(right())
		})
	}
}

// With one finger that only taps, the phone held upright and sideways: no way
// needs a drag (WCAG 2.2 SC 2.5.7, 2.5.1, 1.3.4).
func TestEveryWayByTappingAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options func(testing.TB) []string
		held    func(p *tab)
		walk    func(p *tab)
	}{
		"the end of the bar": {slider, (*tab).phone, func(p *tab) {
			p.tapAt(p.end())
			p.enters()
			p.tap("#lg-send")
		}},
		"the end of the bar, sideways": {slider, (*tab).landscape, func(p *tab) {
			p.tapAt(p.end())
			p.enters()
			p.tap("#lg-send")
		}},
		"without sliding": {slider, (*tab).phone, func(p *tab) {
			p.tap("#lg-press")
			p.enters()
			p.tap("#lg-send")
		}},
		"the picture, after another one, sideways": {reads, (*tab).landscape, func(p *tab) {
			p.follow()
			first := p.picture()
			p.tap("#lg-new")
			p.says(words(p.t, "en", "fresh"))
			if p.picture() == first {
				p.t.Error("New picture left the same picture")
			}
			p.tap("#lg-answer")
			call(p, input.InsertText, input.InsertTextParams{Text: p.solution("self.token")})
			p.tap("#lg-send")
		}},
		"the sound": {reads, (*tab).phone, func(p *tab) {
			p.follow()
			p.tap("#lg-sound")
			p.listens()
			p.tap("#lg-play")
			p.until("it plays", "document.querySelector('#lg-audio').currentTime > 0")
			p.tap("#lg-answer")
			call(p, input.InsertText, input.InsertTextParams{Text: p.solution("self.token")})
			p.tap("#lg-send")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := start(t, c.options(t)...)
			p := shopper(t, from(t, "en"))
			c.held(p)
			p.alice(at)
			p.until("a check is there", "document.querySelector('#lg-send')")
			p.fits("on this phone")
			c.walk(p)
			p.arrives(at, shoptest.Alice().Email)
			at.saw(right())
		})
	}
}

// What was pressed by mistake is taken back by letting go elsewhere (WCAG 2.2
// SC 2.5.2); a slider that was taken hold of, by moving it back.
func TestAPressIsTakenBackByLettingGoElsewhere(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-bar")
	p.asked()
	for _, selector := range []string{"#lg-press", "#lg-send", "summary"} {
		x, y := p.box(selector).centre()
		p.mouse(input.DispatchMouseEventTypeMousePressed, x, y)
		p.mouse(input.DispatchMouseEventTypeMouseMoved, 3, 3)
		p.mouse(input.DispatchMouseEventTypeMouseReleased, 3, 3)
	}
	b := p.box("#lg-bar")
	x, y := b.X+28, b.Y+b.Height/2
	p.mouse(input.DispatchMouseEventTypeMousePressed, x, y)
	for _, on := range []float64{60, 200, 280, 120, 0} {
		p.mouse(input.DispatchMouseEventTypeMouseMoved, x+on, y)
	}
	p.mouse(input.DispatchMouseEventTypeMouseReleased, x, y)
	p.says(hintShort)
	if asked := p.asked(); len(asked) != 0 {
		t.Errorf("presses that were taken back asked for %v", asked)
	}
	if eval[bool](p, "document.querySelector('details').open") {
		t.Error("a press that was taken back opened the explanation")
	}
	p.press("#lg-press")
	p.enters()
	at.saw()
}

// Whoever changes a setting stays where they are until they say so: the
// slider moved by keyboard and the characters typed send nothing by
// themselves (WCAG 2.2 SC 3.2.2). A drag to the end does; the page says so
// before.
func TestNothingIsSentBeforeItIsAskedFor(t *testing.T) {
	t.Parallel()
	t.Run("the slider", func(t *testing.T) {
		t.Parallel()
		at := start(t, slides...)
		p := shopper(t, from(t, "en"))
		p.alice(at)
		p.meets(at, "#lg-bar")
		if lead := eval[string](p, "[...document.querySelectorAll('.lead')].filter(e => e.checkVisibility()).map(e => e.textContent).join()"); lead != words(t, "en", "slider_lead") {
			t.Errorf("before the bar stands %q, not that moving it signs in", lead)
		}
		eval[bool](p, "(self.stays = true)")
		p.slideByKeys()
		p.enters()
		// A drag would have gone on within 700 ms.
		eval[bool](p, "new Promise(go => setTimeout(go, 1500, true))")
		if !eval[bool](p, "self.stays === true") {
			t.Error("the page went on by itself")
		}
		at.saw()
		p.enter("#lg-send")
		p.arrives(at, shoptest.Alice().Email)
		at.saw(right())
	})
	t.Run("the picture", func(t *testing.T) {
		t.Parallel()
		at := start(t, reads(t)...)
		p := shopper(t, from(t, "en"))
		p.alice(at)
		p.meets(at, "#lg-picture")
		p.follow()
		p.picture()
		p.asked()
		p.types("#lg-answer", p.solution("self.token"))
		p.tabTo("#lg-slow")
		eval[bool](p, "new Promise(go => setTimeout(go, 500, true))")
		if asked := p.asked(); len(asked) != 0 {
			t.Errorf("typing the characters asked for %v", asked)
		}
		at.saw()
	})
}

// The code may be pasted, and no browser is told to keep its help away (WCAG
// 2.2 SC 3.3.8); nothing that was typed is asked for again (3.3.7).
func TestTheCharactersMayBePasted(t *testing.T) {
	t.Parallel()
	at := start(t, reads(t)...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-picture")
	p.follow()
	p.picture()
	p.press("#lg-answer")
	eval[bool](p, fmt.Sprintf("document.execCommand('insertText', false, %q)", " "+p.solution("self.token")+" "))
	if taken := eval[bool](p, `(() => {
		const e = new ClipboardEvent('paste', {bubbles: true, cancelable: true, clipboardData: new DataTransfer()});
		return document.querySelector('#lg-answer').dispatchEvent(e);
	})()`); !taken {
		t.Error("the page keeps people from pasting")
	}
	if n := eval[int](p, "document.querySelectorAll('input:not([type=hidden])').length"); n != 1 {
		t.Errorf("the page asks for %d things, want the characters alone", n)
	}
	p.press("#lg-send")
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

// Add-ons that press by script are not to be told from a program: they get the
// picture, and beside it the ways that need no eyes or no reading.
func TestAPressByAScriptMeetsThePictureAndItsOtherWays(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-bar")
	eval[bool](p, "(document.querySelector('#lg-press').click(), true)")
	p.enters()
	p.leaves(func() { p.press("#lg-send") })
	p.meets(at, "#lg-picture")
	p.says(words(t, "en", "more"))
	for _, other := range []string{"#lg-sound", "#lg-slow"} {
		if !eval[bool](p, fmt.Sprintf("!!document.querySelector(%q)?.checkVisibility()", other)) {
			t.Errorf("beside the picture is no %s", other)
		}
	}
	p.press("#lg-slow")
	p.waits()
	at.saw()
}
