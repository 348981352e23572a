package browser_test

import (
	"context"
	"fmt"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// box is where an element is in the window.
type box struct{ X, Y, Width, Height float64 }

func (p *tab) box(selector string) box {
	p.t.Helper()
	p.until(selector+" can be seen", fmt.Sprintf("document.querySelector(%q)?.checkVisibility()", selector))
	return eval[box](p, fmt.Sprintf(`(() => {
		const e = document.querySelector(%q);
		e.scrollIntoView({block: 'center', behavior: 'instant'});
		const b = e.getBoundingClientRect();
		return {X: b.x, Y: b.y, Width: b.width, Height: b.height};
	})()`, selector))
}

// centre of a box.
func (b box) centre() (x, y float64) { return b.X + b.Width/2, b.Y + b.Height/2 }

func (p *tab) mouse(kind input.DispatchMouseEventType, x, y float64) {
	p.t.Helper()
	e := input.DispatchMouseEventParams{Type: kind, X: x, Y: y}
	if kind != input.DispatchMouseEventTypeMouseReleased {
		e.Buttons = 1
	}
	e.Button = input.MouseButtonLeft
	if kind != input.DispatchMouseEventTypeMouseMoved {
		e.ClickCount = 1
	}
	call(p, input.DispatchMouseEvent, e)
}

// click presses and lets go of the left button.
func (p *tab) click(x, y float64) {
	p.t.Helper()
	p.mouse(input.DispatchMouseEventTypeMousePressed, x, y)
	p.mouse(input.DispatchMouseEventTypeMouseReleased, x, y)
}

// press clicks an element in its middle.
func (p *tab) press(selector string) {
	p.t.Helper()
	p.click(p.box(selector).centre())
}

// pull is how the slider is pulled.
type pull struct {
	from, to float64       // of the way, 0 to 1; from left to right on every page
	hold     time.Duration // before the first move
	took     time.Duration // from the first move to the last
}

// along calls at with the points of a pull, in at least a dozen moves that
// are a little uneven, as a hand's are.
func (p *tab) along(how pull, down, at, up func(x, y float64)) {
	p.t.Helper()
	b := p.box("#lg-bar")
	const thumb = 56.0
	x := func(part float64) float64 { return b.X + thumb/2 + part*(b.Width-thumb) }
	y := b.Y + b.Height/2
	down(x(how.from), y)
	time.Sleep(how.hold)
	const moves = 14
	for i := 1; i <= moves; i++ {
		part := float64(i) / moves
		at(x(how.from+(how.to-how.from)*part*(2-part)), y+float64(i%4)-1)
		time.Sleep(how.took / moves)
	}
	up(x(how.to), y)
}

// drag pulls the slider with the mouse.
func (p *tab) drag(how pull) {
	p.t.Helper()
	p.along(how,
		func(x, y float64) { p.mouse(input.DispatchMouseEventTypeMousePressed, x, y) },
		func(x, y float64) { p.mouse(input.DispatchMouseEventTypeMouseMoved, x, y) },
		func(x, y float64) { p.mouse(input.DispatchMouseEventTypeMouseReleased, x, y) })
}

// swipe pulls the slider with a finger.
func (p *tab) swipe(how pull) {
	p.t.Helper()
	finger := func(kind input.DispatchTouchEventType) func(x, y float64) {
		return func(x, y float64) {
			e := input.DispatchTouchEventParams{Type: kind, TouchPoints: []*input.TouchPoint{{X: x, Y: y}}}
			if kind == input.DispatchTouchEventTypeTouchEnd {
				e.TouchPoints = []*input.TouchPoint{}
			}
			call(p, input.DispatchTouchEvent, e)
		}
	}
	p.along(how, finger(input.DispatchTouchEventTypeTouchStart), finger(input.DispatchTouchEventTypeTouchMove), finger(input.DispatchTouchEventTypeTouchEnd))
}

// phone makes the tab one of a phone with a touch screen.
func (p *tab) phone() {
	p.t.Helper()
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 360, Height: 640, DeviceScaleFactor: 2, Mobile: true})
	call(p, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true, MaxTouchPoints: 1})
}

// keys presses keys, one after the other; kb names those without a character.
func (p *tab) keys(keys ...string) {
	p.t.Helper()
	for _, k := range keys {
		ctx, cancel := context.WithTimeout(p.ctx, patience)
		err := chromedp.Do(ctx, chromedp.KeyEvent(k))
		cancel()
		if err != nil {
			p.t.Fatalf("pressing a key: %v", err)
		}
	}
}

// tabTo goes to an element with the Tab key alone.
func (p *tab) tabTo(selector string) {
	p.t.Helper()
	for range 20 {
		if eval[bool](p, fmt.Sprintf("document.activeElement?.matches(%q) || false", selector)) {
			return
		}
		p.keys(kb.Tab)
	}
	p.t.Fatalf("twenty presses of Tab do not lead to %s\n%s", selector, p.describe())
}

// write clicks a field, empties it and types into it.
func (p *tab) write(selector, words string) {
	p.t.Helper()
	p.press(selector)
	eval[bool](p, fmt.Sprintf("(document.querySelector(%q).value = '', true)", selector))
	call(p, input.InsertText, input.InsertTextParams{Text: words})
}
