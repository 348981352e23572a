package browser_test

import (
	"math"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp/kb"

	"github.com/login-guard/login-guard/internal/evidence"
)

// records keeps what the page sends as evidence, over the pages that follow.
func (p *tab) records() {
	p.t.Helper()
	eval[bool](p, `(() => {
		const ask = fetch;
		sessionStorage.removeItem('seen');
		self.fetch = (to, how) => {
			const {way, seen} = JSON.parse(how?.body || '{}');
			if (way && seen) sessionStorage.seen = JSON.stringify([way, JSON.stringify(seen)]);
			return ask(to, how);
		};
		return true;
	})()`)
}

// reported waits for the evidence that the page sent, and reads it.
func (p *tab) reported() (way string, text string, r *evidence.Report) {
	p.t.Helper()
	p.until("the page has answered", "sessionStorage.seen")
	got := eval[[]string](p, "JSON.parse(sessionStorage.seen)")
	r, err := evidence.Parse([]byte(got[1]))
	if err != nil {
		p.t.Fatalf("the page sent %s: %v", got[1], err)
	}
	p.t.Logf("%s, %d bytes: %.400s", got[0], len(got[1]), got[1])
	return got[0], got[1], r
}

// A report of each way, as the browser really sends it: what is in it, and
// whether it asks for more.
func TestThePageReportsHowItWasAnswered(t *testing.T) {
	t.Parallel()
	type check struct {
		name string
		// language of the page. Default: en
		language string
		phone    bool
		answer   func(*tab)
		way      string
		holds    map[string]func(*evidence.Report) bool
		enough   bool
	}
	trusted := func(r *evidence.Report) bool { return r.Untrusted == 0 }
	rightwards := func(r *evidence.Report) bool {
		last := evidence.Point{}
		for i, p := range r.Track {
			if i == 0 && p != (evidence.Point{}) || p.T < last.T {
				return false
			}
			last = p
		}
		return len(r.Track) > 10 && last.X > 150 && last.X < 900 && math.Abs(last.Y) < 60
	}
	for _, c := range []check{
		{
			name: "a drag by a hand", answer: func(p *tab) { p.drag(unhurried) }, way: "pointer",
			holds: map[string]func(*evidence.Report) bool{
				"trusted": trusted, "a mouse": func(r *evidence.Report) bool { return r.Type == "mouse" },
				"half the pressure": func(r *evidence.Report) bool { return r.Pressure != nil && *r.Pressure == 0.5 },
				"moves before":      func(r *evidence.Report) bool { return r.Before >= 2 },
				"events of moves":   func(r *evidence.Report) bool { return r.Coalesced[1] > 0 && r.Coalesced[0] >= r.Coalesced[1] },
				"the track":         rightwards,
				"its rest":          func(r *evidence.Report) bool { return r.Track[1].T >= 45 && r.Track[1].T < 5000 },
				"the pixel":         func(r *evidence.Report) bool { return r.DPR == 1 },
			},
		},
		{
			name: "a drag from right to left", language: "ar", answer: func(p *tab) { p.drag(pull{from: 1, to: 0, took: unhurried.took}) }, way: "pointer",
			holds: map[string]func(*evidence.Report) bool{"the track towards the end": rightwards},
		},
		{
			name: "a drag by a driver of browsers", answer: (*tab).dragAtOnce, way: "pointer", enough: true,
			holds: map[string]func(*evidence.Report) bool{
				"trusted": trusted, "no pressure": func(r *evidence.Report) bool { return r.Pressure != nil && *r.Pressure == 0 },
				"no moves before": func(r *evidence.Report) bool { return r.Before == 0 },
			},
		},
		{
			name: "a swipe", phone: true, answer: func(p *tab) { p.swipe(unhurried) }, way: "touch",
			holds: map[string]func(*evidence.Report) bool{
				"trusted": trusted, "a finger": func(r *evidence.Report) bool { return r.Type == "touch" },
				"the track": rightwards, "the pixel": func(r *evidence.Report) bool { return r.DPR == 2 },
			},
		},
		{
			name: "arrow keys", answer: func(p *tab) {
				p.tabTo("#lg-bar")
				for range 10 {
					p.keys(kb.ArrowRight)
				}
			}, way: "keyboard",
			holds: map[string]func(*evidence.Report) bool{
				"trusted": trusted, "no track": func(r *evidence.Report) bool { return r.Track == nil },
				"ten keys, each held": func(r *evidence.Report) bool {
					for _, k := range r.Keys {
						if k.Held < 45 || k.Held > 5000 {
							return false
						}
					}
					return len(r.Keys) == 10
				},
				"a key that led there": func(r *evidence.Report) bool { return r.Before >= 2 },
			},
		},
		{
			name: "a key that is not held, in a driven browser", answer: func(p *tab) {
				p.saysItIsDriven()
				p.tabTo("#lg-bar")
				e := input.DispatchKeyEventParams{Key: "End", Code: "End", WindowsVirtualKeyCode: 35, Timestamp: ago(15 * time.Millisecond)}
				for _, e.Type = range []input.DispatchKeyEventType{input.DispatchKeyEventTypeRawKeyDown, input.DispatchKeyEventTypeKeyUp} {
					call(p, input.DispatchKeyEvent, e)
					e.Timestamp += 0.01
				}
			}, way: "keyboard", enough: true,
			holds: map[string]func(*evidence.Report) bool{
				"a key":  func(r *evidence.Report) bool { return len(r.Keys) == 1 && r.Keys[0].Held >= 0 && r.Keys[0].Held < 25 },
				"driven": func(r *evidence.Report) bool { return r.Webdriver },
			},
		},
		{
			name: "the bar's focus put there, a key held, in a driven browser", answer: focusAndEnd(true), way: "keyboard", enough: true,
			holds: map[string]func(*evidence.Report) bool{
				"nothing before": func(r *evidence.Report) bool { return r.Before < 2 },
				"a held key":     func(r *evidence.Report) bool { return len(r.Keys) == 1 && r.Keys[0].Held >= 45 },
			},
		},
		{
			// As a screen reader and a dialog do it.
			name: "the same in a browser of a person's own", answer: focusAndEnd(false), way: "keyboard",
			holds: map[string]func(*evidence.Report) bool{
				"nothing before": func(r *evidence.Report) bool { return r.Before < 2 },
			},
		},
		{
			name: "Tab to the bar and a key held, in a driven browser", answer: func(p *tab) {
				p.saysItIsDriven()
				p.tabTo("#lg-bar")
				p.keys(kb.End)
			}, way: "keyboard",
			holds: map[string]func(*evidence.Report) bool{
				"a key that led there": func(r *evidence.Report) bool { return r.Before >= 2 },
			},
		},
		{
			name: "the button, by a hand", answer: func(p *tab) { p.press("#lg-press") }, way: "press",
			holds: map[string]func(*evidence.Report) bool{
				"trusted": trusted, "a mouse": func(r *evidence.Report) bool { return r.Type == "mouse" && r.Before >= 2 },
				"one click, held": func(r *evidence.Report) bool { return r.Click.Detail == 1 && r.Click.Held >= 45 && r.Click.Held < 5000 },
			},
		},
		{
			name: "the button, not held, in a driven browser", answer: func(p *tab) {
				p.saysItIsDriven()
				x, y := p.box("#lg-press").centre()
				e := input.DispatchMouseEventParams{X: math.Round(x), Y: math.Round(y), Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1, Force: 0.5, Timestamp: ago(15 * time.Millisecond)}
				e.Type = input.DispatchMouseEventTypeMousePressed
				call(p, input.DispatchMouseEvent, e)
				e.Type, e.Buttons, e.Force = input.DispatchMouseEventTypeMouseReleased, 0, 0
				e.Timestamp += 0.01
				call(p, input.DispatchMouseEvent, e)
			}, way: "press", enough: true,
			holds: map[string]func(*evidence.Report) bool{
				"one click": func(r *evidence.Report) bool { return r.Click.Detail == 1 && r.Click.Held >= 0 && r.Click.Held < 25 },
			},
		},
		{
			name: "the button, by a key", answer: func(p *tab) {
				p.tabTo("#lg-press")
				p.keys(" ")
			}, way: "press",
			holds: map[string]func(*evidence.Report) bool{
				"no press":    func(r *evidence.Report) bool { return r.Click.Detail == 0 && r.Click.Held < 0 },
				"a held key":  func(r *evidence.Report) bool { return len(r.Keys) > 0 && r.Keys[len(r.Keys)-1].Held >= 45 },
				"by no mouse": func(r *evidence.Report) bool { return r.Type == "" },
			},
		},
		{
			name: "a click on the end of the bar", answer: func(p *tab) {
				b := p.box("#lg-bar")
				p.click(b.X+b.Width-20, b.Y+b.Height/2)
			}, way: "press",
			holds: map[string]func(*evidence.Report) bool{
				"a track that goes nowhere": func(r *evidence.Report) bool {
					last := r.Track[len(r.Track)-1]
					return r.Click == nil && last.X < 6 && last.T >= 45
				},
			},
		},
		{
			name: "assistive technology, which moves the bar without a key", answer: func(p *tab) {
				// As near as a test comes to it: events of the page's own
				// that the page takes for trusted.
				eval[bool](p, `(() => {
					const bar = document.querySelector('#lg-bar');
					bar.value = 100;
					for (const hear of [bar.oninput]) hear({isTrusted: true, type: 'input'});
					bar.dispatchEvent(new KeyboardEvent('keyup', {key: 'none'}));
					return true;
				})()`)
			}, way: "keyboard",
			holds: map[string]func(*evidence.Report) bool{
				"no key": func(r *evidence.Report) bool { return len(r.Keys) == 0 && r.Inputs == 1 && r.Untrusted == 0 },
			},
		},
		{
			name: "a script that fills the bar", answer: func(p *tab) {
				eval[bool](p, `(() => {
					const bar = document.querySelector('#lg-bar');
					bar.value = 100;
					return bar.dispatchEvent(new Event('input', {bubbles: true}));
				})()`)
			}, way: "keyboard", enough: true,
			holds: map[string]func(*evidence.Report) bool{
				"not trusted": func(r *evidence.Report) bool { return r.Untrusted > 0 },
			},
		},
		{
			name: "a script that clicks the button", answer: func(p *tab) {
				eval[bool](p, "(document.querySelector('#lg-press').click(), true)")
			}, way: "press", enough: true,
			holds: map[string]func(*evidence.Report) bool{
				"not trusted": func(r *evidence.Report) bool { return r.Untrusted == 1 && r.Click.Detail == 0 },
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			at := start(t, slides...)
			if c.language == "" {
				c.language = "en"
			}
			p := shopper(t, from(t, c.language))
			if c.phone {
				p.phone()
			}
			p.alice(at)
			p.meets(at, "#lg-bar")
			p.records()
			c.answer(p)
			way, text, r := p.reported()
			if way != c.way {
				t.Errorf("the way is %q, want %q", way, c.way)
			}
			for what, holds := range c.holds {
				if !holds(r) {
					t.Errorf("%s: not so in %s", what, text)
				}
			}
			e := evidence.Assess(r, way, time.Minute)
			if (e.Points >= evidence.Enough) != c.enough {
				t.Errorf("%v points, enough should be %v: %v", e.Points, c.enough, e.Reasons)
			}
		})
	}
}

// On a screen with fractional pixels a hand's places are whole pixels, of the
// page or of the device, and so they are taken.
func TestAFineScreenIsNoReasonToAskForMore(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	p := shopper(t, from(t, "en"))
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 1000, Height: 800, DeviceScaleFactor: 1.5})
	p.alice(at)
	p.meets(at, "#lg-bar")
	p.records()
	p.drag(unhurried)
	_, _, r := p.reported()
	if r.DPR != 1.5 {
		t.Errorf("the pixel is %v, want 1.5", r.DPR)
	}
	e := evidence.Assess(r, "pointer", time.Minute)
	for _, reason := range e.Reasons {
		if reason.Code == evidence.CodeFractions {
			t.Errorf("%s: %v points", reason.Code, reason.Points)
		}
	}
	if e.Points >= evidence.Enough {
		t.Errorf("%v points: %v", e.Points, e.Reasons)
	}
}

// dragAtOnce drags as a driver of browsers does that nobody told to pretend.
func (p *tab) dragAtOnce() {
	p.t.Helper()
	b := p.box("#lg-bar")
	for i, kind := range []input.DispatchMouseEventType{input.DispatchMouseEventTypeMousePressed, input.DispatchMouseEventTypeMouseMoved, input.DispatchMouseEventTypeMouseReleased} {
		e := input.DispatchMouseEventParams{Type: kind, X: b.X + 28, Y: b.Y + b.Height/2, Button: input.MouseButtonLeft, ClickCount: 1}
		if i > 0 {
			e.X += b.Width
		}
		if i < 2 {
			e.Buttons = 1
		}
		call(p, input.DispatchMouseEvent, e)
	}
}

// saysItIsDriven makes the browser say what it hides in other tests.
func (p *tab) saysItIsDriven() {
	p.t.Helper()
	eval[bool](p, "(Object.defineProperty(Navigator.prototype, 'webdriver', {get: () => true}), true)")
}

// focusAndEnd puts the focus on the bar without any key, and presses End for
// as long as a finger does.
func focusAndEnd(driven bool) func(*tab) {
	return func(p *tab) {
		if driven {
			p.saysItIsDriven()
		}
		eval[bool](p, "(document.querySelector('#lg-bar').focus(), true)")
		p.keys(kb.End)
	}
}

// ago is so long before now, as events have it. Those that say when they
// happened are as far apart as they say, however busy the machine is.
func ago(d time.Duration) input.TimeSinceEpoch {
	return input.TimeSinceEpoch(float64(time.Now().Add(-d).UnixMicro()) / 1e6)
}
