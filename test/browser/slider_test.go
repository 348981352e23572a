package browser_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/login-guard/login-guard/internal/shoptest"
)

const (
	checkedPress = "Checked. Now press"
	checkedGoes  = "Checked. Signing you in"
	hintSkipped  = "First move the button"
	hintShort    = "Not quite."
)

// unhurried is how most people pull the slider.
var unhurried = pull{from: 0, to: 1, took: 450 * time.Millisecond}

// enters presses the button that the check has enabled.
func (p *tab) enters() {
	p.t.Helper()
	p.says(checkedPress)
	if got := eval[string](p, "document.querySelector('#lg-send').textContent.trim() + '|' + document.querySelector('#lg-send').getAttribute('aria-disabled')"); got != "Sign in|false" {
		p.t.Errorf("once checked the button is %q, want Sign in, enabled", got)
	}
}

// The slider, by every way of moving it: each ends on the shop's account page
// with the login run once, as it was typed.
func TestSliderLetsIn(t *testing.T) {
	t.Parallel()
	for name, slide := range map[string]func(*tab){
		"by mouse": func(p *tab) {
			p.drag(unhurried)
			p.says(checkedGoes)
			if got := eval[string](p, "getComputedStyle(document.querySelector('#lg-track .done')).visibility"); got != "visible" {
				p.t.Errorf("on the bar Checked is %s", got)
			}
		},
		"by mouse, held still for two seconds and then slowly": func(p *tab) {
			p.drag(pull{from: 0, to: 1, hold: 2 * time.Second, took: 3 * time.Second})
		},
		"by mouse, past the end of the bar": func(p *tab) { p.drag(pull{from: 0, to: 1.3, took: 300 * time.Millisecond}) },
		"by a click on the end of the bar": func(p *tab) {
			b := p.box("#lg-bar")
			p.click(b.X+b.Width-20, b.Y+b.Height/2)
			p.enters()
			p.press("#lg-send")
		},
		"by keyboard with End and Enter": func(p *tab) {
			p.tabTo("#lg-bar")
			p.keys(kb.End)
			p.enters()
			p.tabTo("#lg-send")
			p.keys(kb.Enter)
		},
		"by keyboard with arrows": func(p *tab) {
			p.tabTo("#lg-bar")
			for range 10 {
				p.keys(kb.ArrowRight)
			}
			p.enters()
			p.tabTo("#lg-send")
			p.keys(kb.Enter)
		},
		"without sliding": func(p *tab) {
			p.press("#lg-press")
			p.says("Checking")
			p.enters()
			p.press("#lg-send")
		},
		"without sliding, by keyboard": func(p *tab) {
			p.tabTo("#lg-press")
			p.keys(" ")
			p.enters()
			p.tabTo("#lg-send")
			p.keys(kb.Enter)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := start(t, slides...)
			p := shopper(t, from(t, "en"))
			p.alice(at)
			p.meets(at, "#lg-bar")
			slide(p)
			p.arrives(at, shoptest.Alice().Email)
			at.saw(right())
		})
	}
}

func TestSliderLetsInByTouch(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	p := shopper(t, from(t, "en"))
	p.phone()
	p.alice(at)
	p.meets(at, "#lg-bar")
	p.swipe(pull{from: 0, to: 0.6, took: 200 * time.Millisecond})
	p.says(hintShort)
	p.swipe(unhurried)
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

// A drag submits by itself, but "Checked" stays long enough to be seen.
func TestCheckedStaysForAMomentAfterADrag(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-bar")
	eval[bool](p, `(() => {
		const seen = new MutationObserver(() => {
			if (!/^Checked/.test(document.querySelector('#lg-status').textContent)) return;
			seen.disconnect();
			const began = performance.now();
			addEventListener('pagehide', () => sessionStorage.stayed = performance.now() - began);
		});
		seen.observe(document.querySelector('#lg-status'), {childList: true});
		return true;
	})()`)
	p.drag(unhurried)
	p.arrives(at, shoptest.Alice().Email)
	if ms := eval[float64](p, "+sessionStorage.stayed"); !(ms >= 650 && ms < 5000) {
		t.Errorf("Checked stayed for %.0f ms, want about 700", ms)
	}
}

func TestSkippedSliderSaysWhatToDoAndLosesNothing(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-bar")
	p.asked()
	p.press("#lg-send")
	p.says(hintSkipped)
	if asked := p.asked(); len(asked) != 0 {
		t.Errorf("pressing the button too early asked for %v", asked)
	}
	at.saw()
	p.drag(unhurried)
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

// Impatient fingers press twice: on the shop's own button, and on ours.
func TestPressingTwiceSendsTheLoginOnce(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	p := shopper(t, from(t, "en"))
	p.visit(at.url + "/login")
	p.write("#email", shoptest.Alice().Email)
	p.write("#password", shoptest.Alice().Password)
	p.leaves(func() {
		x, y := p.box("form[action='/login'] button").centre()
		p.click(x, y)
		p.click(x, y)
	})
	p.meets(at, "#lg-bar")
	p.press("#lg-press")
	p.enters()
	x, y := p.box("#lg-send").centre()
	p.click(x, y)
	p.click(x, y)
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

func TestLettingGoEarlySnapsBackWithAHint(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-bar")
	for _, to := range []float64{0.2, 0.55, 0.9} {
		p.drag(pull{from: 0, to: to, took: 200 * time.Millisecond})
		p.says(hintShort)
		if v := eval[string](p, "document.querySelector('#lg-bar').value"); v != "0" {
			t.Errorf("let go at %.0f %%: the slider is at %s, want 0", to*100, v)
		}
	}
	p.drag(unhurried)
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

// In a language that is read from right to left everything is mirrored.
func TestSliderIsMirroredFromRightToLeft(t *testing.T) {
	t.Parallel()
	for name, slide := range map[string]func(*tab){
		"by mouse": func(p *tab) { p.drag(pull{from: 1, to: 0, took: 400 * time.Millisecond}) },
		"by keyboard": func(p *tab) {
			p.tabTo("#lg-bar")
			p.keys(kb.ArrowRight)
			if v := eval[string](p, "document.querySelector('#lg-bar').value"); v != "0" {
				p.t.Errorf("ArrowRight moved the button away from the end to %s", v)
			}
			for range 10 {
				p.keys(kb.ArrowLeft)
			}
			p.until("the check is passed", "document.querySelector('#lg-send').getAttribute('aria-disabled') === 'false'")
			p.tabTo("#lg-send")
			p.keys(kb.Enter)
		},
		"by a click on the end of the bar": func(p *tab) {
			b := p.box("#lg-bar")
			p.click(b.X+20, b.Y+b.Height/2)
			p.until("the check is passed", "document.querySelector('#lg-send').getAttribute('aria-disabled') === 'false'")
			p.press("#lg-send")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := start(t, slides...)
			p := shopper(t, from(t, "ar"))
			p.alice(at)
			p.meets(at, "#lg-bar")
			if got := eval[string](p, "document.documentElement.lang + ' ' + document.dir"); got != "ar rtl" {
				t.Errorf("the page is %q, want ar rtl", got)
			}
			slide(p)
			p.arrives(at, shoptest.Alice().Email)
			at.saw(right())
		})
	}
}

// A check that was passed is good for a few tries: who mistyped the password
// is not asked again, on the shop's own error page, and after the success not
// for a day.
func TestPassedCheckIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	p := shopper(t, from(t, "en"))
	p.comes(at, shoptest.Alice().Email, "a first guess")
	p.meets(at, "#lg-bar")
	p.drag(unhurried)
	for i, password := range []string{"a second guess", shoptest.Alice().Password} {
		p.until(fmt.Sprintf("the shop's own page shows error %d", i+1), "document.querySelector('[role=alert]')?.textContent.includes('wrong')")
		p.signIn(shoptest.Alice().Email, password)
	}
	p.arrives(at, shoptest.Alice().Email)
	at.saw(wrong("a first guess"), wrong("a second guess"), right())

	p.visit(at.url + "/logout")
	p.alice(at)
	p.arrives(at, shoptest.Alice().Email)
	at.saw(wrong("a first guess"), wrong("a second guess"), right(), right())
}
