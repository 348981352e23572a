package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/picture"
	"github.com/login-guard/login-guard/internal/shoptest"
)

const (
	hintWrong = "That did not match."
	hintEmpty = "Please type the characters first."
	newOne    = "Here is a new picture."
)

// follow keeps the token of the check at hand in self.token, also when the
// page's script fetches a fresh one.
func (p *tab) follow() {
	p.t.Helper()
	eval[bool](p, `(() => {
		const ask = self.fetch;
		self.token = JSON.parse(document.querySelector('#lg-data').textContent).task.token;
		self.fetch = async (...args) => {
			const reply = await ask(...args), next = await reply.clone().json();
			if (next.task) self.token = next.task.token;
			return reply;
		};
		return true;
	})()`)
}

// picture is the address of the picture that is shown, once it is drawn.
func (p *tab) picture() string {
	p.t.Helper()
	p.until("the picture is drawn", "document.querySelector('#lg-picture').complete && document.querySelector('#lg-picture').naturalWidth > 0")
	return eval[string](p, "document.querySelector('#lg-picture').src")
}

func TestPictureLetsInAfterAWrongAnswer(t *testing.T) {
	t.Parallel()
	at := start(t, reads(t)...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-picture")
	p.follow()
	first := p.picture()
	p.write("#lg-answer", not(p.solution("self.token")))
	p.press("#lg-send")
	p.says(hintWrong)
	if p.picture() == first {
		t.Error("a wrong answer left the same picture")
	}
	if got := eval[string](p, "document.querySelector('#lg-answer').value + '|' + document.activeElement.id"); got != "|lg-answer" {
		t.Errorf("after a wrong answer, field and focus: %q; want it empty and in focus", got)
	}
	at.saw()
	p.write("#lg-answer", p.solution("self.token"))
	p.press("#lg-send")
	p.says("Checked")
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

func TestPictureByKeyboardAlone(t *testing.T) {
	t.Parallel()
	at := start(t, reads(t)...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-picture")
	p.follow()
	p.tabTo("#lg-answer")
	p.keys(kb.Enter)
	p.says(hintEmpty)
	// One short is not sent: the hint says how many there are.
	text := strings.ToLower(p.solution("self.token"))
	for _, c := range text[:2] + " " + text[2:4] {
		p.keys(string(c))
	}
	p.keys(kb.Enter)
	p.says("Five characters: letters and digits.")
	p.keys(text[4:])
	p.keys(kb.Enter)
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

func TestNewPictureOnDemand(t *testing.T) {
	t.Parallel()
	at := start(t, reads(t)...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-picture")
	p.follow()
	first := p.picture()
	p.write("#lg-answer", "12")
	p.press("#lg-new")
	p.says(newOne)
	if p.picture() == first {
		t.Error("New picture left the same picture")
	}
	if got := eval[string](p, "document.querySelector('#lg-answer').value + '|' + document.activeElement.id"); got != "|lg-answer" {
		t.Errorf("after New picture, field and focus: %q; want it empty and in focus", got)
	}
	p.write("#lg-answer", p.solution("self.token"))
	p.press("#lg-send")
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

// An Arabic keyboard types digits of its own.
func TestPictureTakesArabicDigits(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	file := caddyfile("http://localhost:$PORT", shop.URL, "", reads(t)...)
	gate := guardtest.Start(t, strings.Replace(file, `name "Demo Shop"`, "picture digits", 1))
	at := &place{t: t, shop: shop, gate: gate, url: gate.URL}
	p := shopper(t, from(t, "ar"))
	p.alice(at)
	p.meets(at, "#lg-picture")
	p.follow()
	if got := eval[string](p, "document.querySelector('#lg-answer').inputMode"); got != "numeric" {
		t.Errorf("the field for digits has inputmode %q", got)
	}
	typed := strings.Map(func(d rune) rune { return d - '0' + '٠' }, p.solutionOf(picture.StyleDigits, "self.token"))
	p.write("#lg-answer", typed)
	p.press("#lg-send")
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

// A Russian keyboard has letters of the same shape.
func TestPictureTakesCyrillicLetters(t *testing.T) {
	t.Parallel()
	at := start(t, reads(t)...)
	p := shopper(t, from(t, "ru"))
	p.alice(at)
	p.meets(at, "#lg-picture")
	p.follow()
	typed := strings.NewReplacer("A", "а", "E", "е", "K", "к", "M", "м", "H", "н", "P", "р", "C", "с", "T", "т", "Y", "у", "X", "х").Replace(p.solution("self.token"))
	p.write("#lg-answer", typed)
	p.press("#lg-send")
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

func TestSlowWayStartsAndCountsDown(t *testing.T) {
	t.Parallel()
	at := start(t, reads(t)...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-picture")
	p.press("#lg-slow")
	p.until("the wait has begun", "document.querySelector('#lg-title').textContent === 'One moment, please' && /^Time left: \\d+ seconds$/.test(document.querySelector('#lg-left').textContent)")
	const left = "+document.querySelector('#lg-left').textContent.match(/\\d+/)[0]"
	if s := eval[int](p, left); s < 50 || s > 60 {
		t.Errorf("the wait begins with %d seconds, want 60", s)
	}
	before := eval[int](p, left)
	p.until("two seconds have passed", left+" <= "+itoa(before-2))
	if now := eval[int](p, "+document.querySelector('#lg-meter').getAttribute('aria-valuenow')"); now < 3 || now > 30 {
		t.Errorf("the progress bar says %d%% after a few seconds of sixty", now)
	}
	if eval[bool](p, "document.querySelector('#lg-answer').checkVisibility() || document.querySelector('#lg-picture').checkVisibility()") {
		t.Error("the picture is still asked for while waiting")
	}
	// The page can still be used: the explanation opens, the button does
	// nothing before its time.
	p.press("summary")
	p.until("the explanation is open", "document.querySelector('details').open")
	p.press("#lg-send")
	if got := eval[string](p, "document.querySelector('#lg-send').getAttribute('aria-disabled')"); got != "true" {
		t.Errorf("while waiting the button has aria-disabled %q", got)
	}
	p.until("the wait goes on", left+" <= "+itoa(before-3))
	at.saw()
}
