package browser_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

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

// held is how long a finger is on a key or a button at least. What is shorter
// is no person's, and the evidence of a check says so.
const held = 50 * time.Millisecond

// mouse sends an event of a mouse with its left button down, as browsers give
// them: in whole pixels, with the pressure that a button has (Pointer Events
// §4.1).
func (p *tab) mouse(kind input.DispatchMouseEventType, x, y float64) {
	p.t.Helper()
	e := input.DispatchMouseEventParams{Type: kind, X: math.Round(x), Y: math.Round(y)}
	if kind != input.DispatchMouseEventTypeMouseReleased {
		e.Buttons, e.Force = 1, 0.5
	}
	e.Button = input.MouseButtonLeft
	if kind != input.DispatchMouseEventTypeMouseMoved {
		e.ClickCount = 1
	}
	call(p, input.DispatchMouseEvent, e)
}

// hover moves the mouse to a place, with no button down.
func (p *tab) hover(x, y float64) {
	p.t.Helper()
	for back := 30.0; back >= 0; back -= 10 {
		call(p, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved,
			X: math.Round(max(0, x-back)), Y: math.Round(max(0, y-back/2))})
	}
}

// click goes to a place, presses the left button and lets go.
func (p *tab) click(x, y float64) {
	p.t.Helper()
	p.hover(x, y)
	p.mouse(input.DispatchMouseEventTypeMousePressed, x, y)
	time.Sleep(held)
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

// along calls at with the points of a pull as a hand makes one (SapiMouse;
// figures in internal/evidence): quickest after a sixth of the time, slow in
// the last part of the way, and drifting to one side.
func (p *tab) along(how pull, down, at, up func(x, y float64)) {
	p.t.Helper()
	p.alongIn(p.box("#lg-bar"), how, down, at, up)
}

// alongIn is along for the slider in a box.
func (p *tab) alongIn(b box, how pull, down, at, up func(x, y float64)) {
	p.t.Helper()
	const thumb = 56.0
	x := func(part float64) float64 { return b.X + thumb/2 + part*(b.Width-thumb) }
	// No two pulls of a hand are alike, and a check knows one that it saw. Where
	// all three are drawn at random, two of 170 are taken for one.
	n := nth(p.t)
	drift := [...]float64{10, -20, 20, -10}[n%4] + 2*rand.Float64()
	bow := [...]float64{-6, 6}[n/4%2] + rand.Float64()
	swift := [...]float64{4.4, 5.7, 5, 6.3}[n/8%4] + 0.1*rand.Float64()
	y := func(part float64) float64 { return b.Y + b.Height/2 + drift*part + bow*math.Sin(math.Pi*part) }
	down(x(how.from), y(0))
	time.Sleep(max(how.hold, held))
	const moves = 18
	for i := 1; i <= moves; i++ {
		t := float64(i) / moves
		part := 1 - math.Pow(1-t, swift)*(1+swift*t) // about a beta distribution's, 2 and 5
		at(x(how.from+(how.to-how.from)*part), y(part))
		time.Sleep(how.took / moves)
	}
	time.Sleep(held)
	up(x(how.to), y(1))
}

// nth is how many times the slider was pulled in a test before. Its parts may
// share a gateway, so they are one.
func nth(t testing.TB) int {
	pulls.Lock()
	defer pulls.Unlock()
	name, _, _ := strings.Cut(t.Name(), "/")
	n := pulls.of[name]
	pulls.of[name]++
	return n
}

var pulls = struct {
	sync.Mutex
	of map[string]int
}{of: make(map[string]int)}

// drag pulls the slider with the mouse.
func (p *tab) drag(how pull) {
	p.t.Helper()
	p.dragIn(p.box("#lg-bar"), how)
}

func (p *tab) dragIn(b box, how pull) {
	p.t.Helper()
	p.alongIn(b, how,
		func(x, y float64) {
			p.hover(x, y)
			p.mouse(input.DispatchMouseEventTypeMousePressed, x, y)
		},
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
		for _, r := range k {
			p.key(r)
		}
	}
}

// key presses one key, and holds it for a moment where a check looks at that.
func (p *tab) key(r rune, options ...chromedp.KeyOption) {
	p.t.Helper()
	for _, e := range kb.Encode(r) {
		for _, o := range options {
			o(e)
		}
		if e.Type == kb.KeyUp && r != '\t' && !unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) {
			time.Sleep(held)
		}
		call(p, input.DispatchKeyEvent, *e)
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
