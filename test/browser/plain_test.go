package browser_test

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// withoutScript goes from the slider page to the account by forms alone, with
// an empty and a wrong answer on the way.
func (p *tab) withoutScript(at *place) {
	p.t.Helper()
	p.meets(at, "#lg-send")
	if eval[bool](p, "document.querySelector('#lg-bar').checkVisibility() || document.querySelector('#lg-press').checkVisibility()") {
		p.t.Error("without a script the page shows a slider that cannot work")
	}
	p.press("#lg-send")
	p.meets(at, "#lg-picture")
	first := p.picture()
	p.send()
	p.says(hintEmpty)
	const token = "document.querySelector('#lg-challenge').value"
	person := func() { time.Sleep(300 * time.Millisecond) } // no answer counts sooner than a person can give one
	person()
	p.write("#lg-answer", not(p.solution(token)))
	p.send()
	p.says(hintWrong)
	if p.picture() == first {
		p.t.Error("a wrong answer left the same picture")
	}
	before := p.picture()
	p.write("#lg-answer", "12")
	p.leaves(func() { p.press("#lg-new") })
	if p.picture() == before {
		p.t.Error("New picture left the same picture")
	}
	at.saw()
	person()
	p.write("#lg-answer", p.solution(token))
	p.press("#lg-send")
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

// send presses the button and waits for the next page.
func (p *tab) send() {
	p.t.Helper()
	p.leaves(func() { p.press("#lg-send") })
}

func (p *tab) script(on bool) {
	p.t.Helper()
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
}

func TestWithoutScriptThePictureLetsIn(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	p := shopper(t, from(t, "en"))
	p.script(false)
	p.alice(at)
	p.withoutScript(at)
}

// Many sites set a policy for all their pages, which replaces ours and
// forbids our script and style.
func TestUnderAPolicyOfTheSiteThePictureLetsIn(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	gate := guardtest.Start(t, caddyfile("http://localhost:$PORT", shop.URL, `header >Content-Security-Policy "default-src 'self'"`, slides...))
	at := &place{t: t, shop: shop, gate: gate, url: gate.URL}
	p := shopper(t, from(t, "en"))
	p.allow("Content Security Policy")
	p.allow("policy: ")
	p.alice(at)
	p.withoutScript(at)
}

// The wait needs no script either: who presses too early is told how long.
func TestSlowWayWithoutScript(t *testing.T) {
	t.Parallel()
	at := start(t, reads(t)...)
	p := shopper(t, from(t, "en"))
	p.script(false)
	p.alice(at)
	p.meets(at, "#lg-picture")
	p.leaves(func() { p.press("#lg-slow") })
	if title := eval[string](p, "document.querySelector('#lg-title').textContent"); title != "One moment, please" {
		t.Errorf("the waiting page is %q", title)
	}
	p.send()
	p.says("That was a little early.")
	at.saw()
}
