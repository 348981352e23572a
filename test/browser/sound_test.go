package browser_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/login-guard/login-guard/internal/shoptest"
)

const (
	soundFresh  = "Here are new digits."
	soundWrong  = "That did not match. Here are new digits."
	soundEmpty  = "Please type the eight digits first."
	soundBroken = "The sound did not load."
	soundHint   = "Eight digits, from 0 to 9."
)

// listens waits until the page asks for what is heard.
func (p *tab) listens() {
	p.t.Helper()
	p.until("the page is for the ear", "document.querySelector('#lg-hear').checkVisibility() && !document.querySelector('#lg-see').checkVisibility()")
}

// sounds are the sounds that the page has fetched.
func (p *tab) sounds() int {
	p.t.Helper()
	return eval[int](p, "performance.getEntriesByType('resource').filter(e => /\\/sound\\/./.test(e.name)).length")
}

func (p *tab) focus() string {
	p.t.Helper()
	return eval[string](p, "document.activeElement.id")
}

func TestSoundByKeyboardAlone(t *testing.T) {
	t.Parallel()
	at := start(t, reads(t)...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-picture")
	p.follow()
	p.tabTo("#lg-sound")
	p.keys(kb.Enter)
	p.listens()
	if got := eval[string](p, "['title', 'lead', 'label', 'hint'].map(n => document.querySelector('#lg-' + n).textContent).join('|')"); got !=
		"Type the digits you hear|You will hear eight spoken digits. Type them. Then you are signed in.|Digits you hear|"+soundHint {
		t.Errorf("it says %q", got)
	}
	if p.focus() != "lg-play" {
		t.Errorf("the focus is at #%s, want the button that plays", p.focus())
	}
	time.Sleep(300 * time.Millisecond)
	if p.sounds() != 0 || !eval[bool](p, "document.querySelector('#lg-audio').paused") {
		t.Error("a sound is fetched or plays before anybody asked for it")
	}
	p.keys(kb.Enter)
	p.until("it plays", "!document.querySelector('#lg-audio').paused && document.querySelector('#lg-audio').currentTime > 0 && document.querySelector('#lg-play').getAttribute('aria-pressed') === 'true'")
	if p.focus() != "lg-answer" {
		t.Errorf("while it plays the focus is at #%s, want the field", p.focus())
	}
	if got := eval[float64](p, "document.querySelector('#lg-audio').duration"); got < 12 || got > 32 {
		t.Errorf("it lasts %v s", got)
	}
	// Pause and go on, without another sound.
	p.tabTo("#lg-play")
	p.keys(kb.Enter)
	p.until("it pauses", "document.querySelector('#lg-audio').paused && document.querySelector('#lg-play').getAttribute('aria-pressed') === 'false'")
	p.tabTo("#lg-play")
	p.keys(" ")
	p.until("it goes on", "!document.querySelector('#lg-audio').paused")
	p.keys(kb.Enter)
	p.says(soundEmpty)
	p.keys("123")
	p.keys(kb.Enter)
	p.says(soundHint)
	for range 3 {
		p.keys(kb.Backspace)
	}
	text := p.solution("self.token")
	for _, c := range text[:4] + " " + text[4:] {
		p.keys(string(c))
	}
	p.keys(kb.Enter)
	p.says("Checked")
	if !eval[bool](p, "document.querySelector('#lg-audio').paused") {
		t.Error("it plays on after the answer")
	}
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

func TestWhoListensComesBackToTheSamePicture(t *testing.T) {
	t.Parallel()
	at := start(t, reads(t)...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-picture")
	p.follow()
	first, token := p.picture(), eval[string](p, "self.token")
	p.press("#lg-sound")
	p.listens()
	before := eval[string](p, "document.querySelector('#lg-audio').src")
	p.press("#lg-more")
	p.says(soundFresh)
	if after := eval[string](p, "document.querySelector('#lg-audio').src"); after == before || !strings.HasSuffix(after, "?lang=en") {
		t.Errorf("after New digits the sound is %s", after)
	}
	before = eval[string](p, "document.querySelector('#lg-audio').src")
	p.write("#lg-answer", not(p.solution("self.token")))
	p.press("#lg-send")
	p.says(soundWrong)
	p.listens()
	if after := eval[string](p, "document.querySelector('#lg-audio').src"); after == before {
		t.Error("a wrong answer left the same sound")
	}
	p.press("#lg-back")
	p.until("the picture is back", "document.querySelector('#lg-see').checkVisibility() && document.querySelector('#lg-label').textContent === 'Characters in the picture'")
	if p.picture() != first || p.focus() != "lg-answer" {
		t.Errorf("it is another picture, or the focus is at #%s", p.focus())
	}
	eval[bool](p, "(self.token = '"+token+"', true)")
	p.write("#lg-answer", p.solution("self.token"))
	p.press("#lg-send")
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

func TestThePageSaysThatItSpeaksEnglishBeforeItDoes(t *testing.T) {
	t.Parallel()
	at := start(t, reads(t)...)
	p := shopper(t, from(t, "de"))
	p.alice(at)
	p.meets(at, "#lg-picture")
	p.press("#lg-sound")
	p.listens()
	if !eval[bool](p, "document.querySelector('#lg-english').checkVisibility() && document.querySelector('#lg-play').getAttribute('aria-describedby') === 'lg-english'") {
		t.Error("nothing beside the button says in which language it speaks")
	}
	p.allow("status of 404")
	eval[bool](p, "(document.querySelector('#lg-audio').src = '/.login-guard/sound/none', true)")
	p.press("#lg-play")
	p.until("it says that the sound did not load", "document.querySelector('#lg-status.error')")
}

func TestSoundWithoutScript(t *testing.T) {
	t.Parallel()
	at := start(t, reads(t)...)
	p := shopper(t, from(t, "en"))
	p.script(false)
	p.alice(at)
	p.meets(at, "#lg-picture")
	p.leaves(func() { p.press("#lg-sound") })
	p.meets(at, "#lg-audio")
	p.listens()
	if !eval[bool](p, "document.querySelector('#lg-audio').controls && document.querySelector('#lg-audio').checkVisibility() && !document.querySelector('#lg-play').checkVisibility()") {
		t.Error("without a script nothing plays the sound")
	}
	const token = "document.querySelector('#lg-challenge').value"
	person := func() { time.Sleep(300 * time.Millisecond) } // no answer counts sooner than a person can give one
	person()
	p.write("#lg-answer", not(p.solution(token)))
	p.send()
	p.says(soundWrong)
	p.listens()
	// What the browser's own control fetches, whole and, as Safari does, in
	// parts.
	src := eval[string](p, "document.querySelector('#lg-audio').src")
	for part, want := range map[string]string{"bytes=0-1": "RI", "": "RIFF"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, src, nil)
		if err != nil {
			t.Fatal(err)
		}
		if part != "" {
			r.Header.Set("Range", part)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || !strings.HasPrefix(string(body), want) || answer.Header.Get("Content-Type") != "audio/wav" || answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%q: %s with %d bytes of %q", part, answer.Status, len(body), answer.Header)
		}
		if part != "" && (answer.StatusCode != http.StatusPartialContent || len(body) != 2) {
			t.Errorf("%q: %s with %d bytes", part, answer.Status, len(body))
		}
	}
	person()
	p.write("#lg-answer", p.solution(token))
	p.press("#lg-send")
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}
