package browser_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// Whatever keeps the slider from coming stops nobody: the login is sent, and
// the page after sending asks.
func TestWithoutASliderThePageAfterSendingAsks(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		site  *site
		allow []string
		cut   func(p *tab)
		plain bool // the page after sending has no script either
	}{
		"the script is blocked": {site: &site{}, allow: []string{"net::ERR_BLOCKED_BY_CLIENT"}, cut: func(p *tab) {
			call(p, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: "*://*:*/.login-guard/guard.js", Block: true}}})
		}},
		"its question is blocked": {site: &site{}, allow: []string{"net::ERR_BLOCKED_BY_CLIENT"}, cut: func(p *tab) {
			call(p, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: "*://*:*/.login-guard/inline", Block: true}}})
		}},
		"the page allows no script":         {site: &site{policy: "script-src 'none'"}, allow: []string{"policy: ", "Content Security Policy"}},
		"the page allows no frame":          {site: &site{policy: "default-src 'self' 'unsafe-inline'; frame-src 'none'"}, allow: []string{"policy: ", "Content Security Policy", "frame-src"}},
		"the site allows no frame":          {site: &site{extra: `header >Content-Security-Policy "frame-ancestors 'none'"`}, allow: []string{"frame-ancestors"}},
		"the site's policy is on the frame": {site: &site{extra: `header >Content-Security-Policy "default-src 'self'"`}, allow: []string{"policy: ", "Content Security Policy"}, plain: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.site.pages = map[string]string{"/enter": form}
			at := test.site.opens(t, sliderOnly...)
			p := shopper(t, from(t, "en"))
			for _, a := range test.allow {
				p.allow(a)
			}
			if test.cut != nil {
				test.cut(p)
			}
			p.visit(at.url + "/enter")
			eval[bool](p, "new Promise(go => setTimeout(go, 800, true))")
			if h := eval[float64](p, "document.querySelector('iframe')?.getBoundingClientRect().height || 0"); h != 0 {
				t.Errorf("what does not work takes %v px", h)
			}
			p.fills()
			p.leaves(func() { p.press("#send") })
			if test.plain {
				p.withoutScript(at)
				return
			}
			p.meets(at, "#lg-bar")
			p.drag(unhurried)
			p.arrives(at, shoptest.Alice().Email)
			at.saw(right())
		})
	}
}

// Many sites forbid all frames by the older header; the newer one, which says
// who may frame these pages, counts more (CSP3 §6.4.2).
func TestUnderTheOlderHeaderAgainstFramesItWorks(t *testing.T) {
	t.Parallel()
	s := site{pages: map[string]string{"/enter": form}, extra: "header >X-Frame-Options DENY"}
	at := s.opens(t, sliderOnly...)
	p := shopper(t, from(t, "en"))
	p.visit(at.url + "/enter")
	p.fills()
	p.slides(theBar)
	p.tells(theBar, "Checked")
	p.press("#send")
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

// A policy as strict as there are: nothing from elsewhere, nothing inline, no
// text that becomes code; and a page that is isolated.
func TestUnderAStrictPolicyItWorks(t *testing.T) {
	t.Parallel()
	s := site{pages: map[string]string{"/enter": form}, extra: `header /enter Cross-Origin-Embedder-Policy require-corp
	header /enter Cross-Origin-Opener-Policy same-origin`,
		policy: "default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"}
	at := s.opens(t, sliderOnly...)
	p := shopper(t, from(t, "en"))
	p.allow(refusal)
	p.visit(at.url + "/enter")
	if !eval[bool](p, "self.crossOriginIsolated") {
		t.Error("the page is not isolated; this test is about those that are")
	}
	p.in(theBar, "#lg-bar")
	// A script's login, in the dialog.
	eval[bool](p, `(self.out = '', fetch('/api/login', {method: 'POST', body: new URLSearchParams({email: 'bob@shop.example', password: 'Great-Expectations-1861'})}).then(async r => self.out = r.status + await r.text()), true)`)
	p.slides(theDialog)
	p.comesOut("out", "200")
	// The form's, beside it.
	p.fills()
	p.slides(theBar)
	p.tells(theBar, "Checked")
	p.press("#send")
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

// A dialog that cannot be drawn leads to the check as a page of its own: what
// is passed there lets the next try in.
func TestADialogThatCannotBeDrawnLeadsToThePage(t *testing.T) {
	t.Parallel()
	for name, extra := range map[string]string{
		"the site allows no frame":          `header >Content-Security-Policy "frame-ancestors 'none'"`,
		"the site's policy is on the frame": `header /.login-guard/* >Content-Security-Policy "default-src 'self'"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := site{pages: map[string]string{"/app": app}, extra: extra}
			at := s.opens(t, sliderOnly...)
			p := shopper(t, from(t, "en"))
			for _, a := range []string{refusal, "status of 405", "frame-ancestors", "policy: ", "Content Security Policy"} {
				p.allow(a)
			}
			p.visit(at.url + "/app")
			p.until("the script is there", "self[Symbol.for('login-guard')]")
			p.does("out", `fetch('/api/login', {method: 'POST', body: new URLSearchParams(alice)})`)
			p.until("the check is there as a page", "location.pathname.startsWith('/.login-guard/challenge/') && document.readyState === 'complete' && document.querySelector('header')")
			if strings.Contains(extra, "none") {
				p.drag(unhurried)
			} else {
				p.send()
				p.picture()
				time.Sleep(300 * time.Millisecond) // no answer counts sooner
				p.write("#lg-answer", p.solution("document.querySelector('#lg-challenge').value"))
				p.send()
			}
			p.until("it says to sign in once more", "document.querySelector('#lg-title')?.textContent === 'Checked. Please sign in once more'")
			p.visit(at.url + "/app")
			p.until("the script is there", "self[Symbol.for('login-guard')]")
			p.does("out", `fetch('/api/login', {method: 'POST', body: new URLSearchParams(alice)})`)
			p.comesOut("out", "200")
		})
	}
}

func TestABrowserWithoutDialogsGoesToThePage(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]string{
		"no dialogs":     "delete HTMLDialogElement.prototype.showModal",
		"no such styles": "self.CSSStyleSheet = undefined",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, p := apps(t, sliderOnly...)
			eval[bool](p, "("+code+", true)")
			p.does("out", `fetch('/api/login', {method: 'POST', body: new URLSearchParams(alice)})`)
			p.until("the check is there as a page", "location.pathname.startsWith('/.login-guard/challenge/') && document.querySelector('header')")
		})
	}
}

// When the server is gone the shop gets its refusal; no page of the browser's
// takes the place of the shop's.
func TestADialogWithoutAServerGivesTheRefusalBack(t *testing.T) {
	t.Parallel()
	s := site{pages: map[string]string{"/app": app}, policy: "default-src 'self' 'unsafe-inline'; frame-src 'none'"}
	at := s.opens(t, sliderOnly...)
	p := shopper(t, from(t, "en"))
	for _, a := range []string{refusal, "net::ERR_", "policy: ", "Content Security Policy", "frame-src"} {
		p.allow(a)
	}
	p.visit(at.url + "/app")
	p.until("the script is there", "self[Symbol.for('login-guard')]")
	call(p, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{
		{URLPattern: "*://*:*/.login-guard/challenge/*", Block: true}}})
	p.does("out", `fetch('/api/login', {method: 'POST', body: new URLSearchParams(alice)})`)
	p.comesOut("out", "403")
	p.closed()
	if got := eval[string](p, "location.href"); got != at.url+"/app" {
		t.Errorf("the browser is at %s", got)
	}
}

// The way on from step to step leaves no entries in the shop's history.
func TestTheShopsHistoryStaysItsOwn(t *testing.T) {
	t.Parallel()
	s, at, p := apps(t, sliderOnly...)
	before := eval[int](p, "history.length")
	p.does("out", `fetch('/api/login', {method: 'POST', body: new URLSearchParams(alice)})`)
	p.in(theDialog, "#lg-bar")
	// The server wants a picture after all.
	eval[bool](p, fmt.Sprintf("((%s).contentWindow.fetch = async () => new Response('{\"status\": \"picture\"}'), true)", theDialog))
	p.slides(theDialog)
	p.in(theDialog, "#lg-answer")
	digits := p.solution(fmt.Sprintf("JSON.parse(%s.contentDocument.querySelector('#lg-data').textContent).task.token", theDialog))
	p.holds(theDialog, "the focus is on the field", "page.activeElement?.id === 'lg-answer'")
	for _, d := range digits {
		p.keys(string(d))
	}
	b := p.in(theDialog, "#lg-send")
	p.click(b.centre())
	p.comesOut("out", "200")
	p.closed()
	if got := eval[int](p, "history.length"); got != before {
		t.Errorf("%d entries, before there were %d", got, before)
	}
	if n := len(s.got()); n != 1 {
		t.Errorf("%d logins", n)
	}
	_ = at
}

// An address that has had its checks gets no slider that could not be passed.
func TestASliderThatIsAskedForNoMoreGoesAway(t *testing.T) {
	t.Parallel()
	at, p := enters(t, form, append([]string{"limit challenges 1 per 10m"}, sliderOnly...)...)
	q := shopper(t, p.sends)
	q.visit(at.url + "/enter")
	q.slides(theBar)
	q.tells(theBar, "Checked")
	p.fills()
	p.asked()
	p.slides(theBar)
	p.until("the slider is gone", "!document.querySelector('iframe')")
	p.leaves(func() { p.press("#send") })
	for _, r := range p.asked() {
		if strings.Contains(r, "frame=") {
			t.Errorf("it was drawn again: %s", r)
		}
	}
	p.until("the page after sending asks", "document.querySelector('#lg-title')")
}

func TestWhereNobodyIsAskedNothingIsDrawn(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]string{
		"monitoring":          {"ask_after 3d", "mode monitor"},
		"no reason to ask":    {},
		"the slider is off":   {"ladder slider off"},
		"a picture is wanted": reads(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, p := enters(t, form, options...)
			p.fills()
			eval[bool](p, "new Promise(go => setTimeout(go, 500, true))")
			if eval[bool](p, "!!document.querySelector('iframe')") {
				t.Error("there is a slider")
			}
			p.leaves(func() { p.press("#send") })
			if name == "a picture is wanted" {
				p.meets(at, "#lg-picture")
				return
			}
			p.arrives(at, shoptest.Alice().Email)
			at.saw(right())
		})
	}
}
