package browser_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// sliderOnly asks every new device for the slider, and for nothing more of
// who slides as a program does.
var sliderOnly = []string{"ask_after 3d", "ladder slider 10 picture off"}

// kept is what the tab keeps of its check.
func (p *tab) kept() string {
	p.t.Helper()
	return eval[string](p, "sessionStorage.getItem('login_guard') || ''")
}

// ownAddress waits until the check is at its own address, and returns that.
func (p *tab) ownAddress(at *place) string {
	p.t.Helper()
	p.until("the check is at its own address", fmt.Sprintf("location.href.startsWith(%q)", at.url+"/.login-guard/check/"))
	return eval[string](p, "location.href")
}

func (p *tab) token() string {
	p.t.Helper()
	return eval[string](p, "JSON.parse(document.querySelector('#lg-data').textContent).task.token")
}

// get is what the gateway answers to a browser that opens a path.
func (at *place) get(t *testing.T, path string) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, at.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	reply, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// before runs a script in every page before the page's own.
func (p *tab) before(script string) {
	p.t.Helper()
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
}

// A reload asks the shopper nothing, sends no login again, and is no other
// check: more of them than there are checks for an address change nothing.
func TestReloadingShowsTheSameCheckAndCostsNone(t *testing.T) {
	t.Parallel()
	at := start(t, append(sliderOnly[:2:2], "limit challenges 2 per 10m")...)
	p := shopper(t, from(t, "de"))
	p.alice(at)
	p.meets(at, "#lg-bar")
	address, token := p.ownAddress(at), p.token()
	if kept := p.kept(); !strings.Contains(kept, token) || strings.Contains(kept, shoptest.Alice().Password) || strings.Contains(kept, shoptest.Alice().Email) {
		t.Errorf("the tab keeps %s", kept)
	}
	p.asked()
	for range 4 {
		p.reload()
		p.meets(at, "#lg-bar")
		if got := p.ownAddress(at); got != address {
			t.Errorf("after a reload the check is at %s, want %s", got, address)
		}
		if p.token() != token {
			t.Error("after a reload it is another check")
		}
		if got := strings.Join(p.asked(), ", "); got != "GET "+address+", POST "+at.url+"/login" {
			t.Errorf("the reload took %s", got)
		}
		if lang := eval[string](p, "document.documentElement.lang"); lang != "de" {
			t.Errorf("after a reload the page is in %s", lang)
		}
	}
	at.saw()
	p.drag(unhurried)
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
	if kept := p.kept(); kept != "" {
		t.Errorf("once the login was sent the tab still keeps %s", kept)
	}
}

// Who looks something up in between comes back to the same check.
func TestBackFromAnotherPageShowsTheSameCheck(t *testing.T) {
	t.Parallel()
	at := start(t, sliderOnly...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-bar")
	p.ownAddress(at)
	token := p.token()
	p.visit(at.url + "/")
	p.walk(-1)
	p.meets(at, "#lg-bar")
	if p.token() != token {
		t.Error("it is another check")
	}
	p.drag(unhurried)
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())

	p.walk(-1)
	p.until("the shop's own page is there", "location.href === '"+at.url+"/login' && document.querySelector('#password')")
}

func TestReloadingKeepsThePicture(t *testing.T) {
	t.Parallel()
	at := start(t, reads(t)...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-picture")
	p.ownAddress(at)
	picture := eval[string](p, "document.querySelector('#lg-picture').src")
	p.reload()
	p.meets(at, "#lg-picture")
	if got := eval[string](p, "document.querySelector('#lg-picture').src"); got != picture {
		t.Error("after a reload it is another picture")
	}
	p.until("the picture is there", "document.querySelector('#lg-picture').naturalWidth")
	p.write("#lg-answer", p.solution("JSON.parse(document.querySelector('#lg-data').textContent).task.token"))
	p.press("#lg-send")
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

// The slow way goes on where it was: time that was waited is not lost.
func TestReloadingKeepsThePlaceInLine(t *testing.T) {
	t.Parallel()
	at := start(t, reads(t)...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-picture")
	p.ownAddress(at)
	p.press("#lg-slow")
	p.until("it counts down, below 58 seconds", "+document.querySelector('#lg-left').textContent.replace(/\\D/g, '') % 100 < 58 && document.querySelector('#lg-left').textContent")
	p.reload()
	p.meets(at, "#lg-meter")
	p.until("it counts down", "document.querySelector('#lg-left')?.textContent")
	if left := eval[int](p, "+document.querySelector('#lg-left').textContent.replace(/\\D/g, '')"); left > 58 {
		t.Errorf("after a reload %d seconds are left", left)
	}
	at.saw()
}

// Two copies of a tab share the login; whoever is second is told.
func TestACopyOfTheTabDoesNotSendTwice(t *testing.T) {
	t.Parallel()
	at := start(t, sliderOnly...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-bar")
	address, kept := p.ownAddress(at), p.kept()
	copied := p.another(from(t, "en"))
	copied.before(fmt.Sprintf("if (!sessionStorage.copied) { sessionStorage.copied = 1; sessionStorage.setItem('login_guard', %q); }", kept))
	copied.allow("410 (Gone)")
	copied.visit(address)
	copied.meets(at, "#lg-bar")

	p.drag(unhurried)
	p.arrives(at, shoptest.Alice().Email)
	copied.drag(unhurried)
	copied.until("it says that the login was sent", "document.querySelector('#lg-title').textContent === 'Please sign in once more'")
	if kept := copied.kept(); kept != "" {
		t.Errorf("the login is gone, and the tab still keeps %s", kept)
	}
	at.saw(right())
}

// In-app browsers keep the tab's storage back, or fail when it is touched:
// the check stays where it is and works.
func TestWithoutStorageTheCheckIsAsItWas(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"there is none":    "Object.defineProperty(window, 'sessionStorage', {value: null})",
		"it may not be":    "Object.defineProperty(window, 'sessionStorage', {get() { throw new DOMException('no', 'SecurityError'); }})",
		"it is full":       "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }",
		"no new addresses": "const one = history.replaceState; history.replaceState = function (a, b, c) { if (c?.includes('/check/')) throw new DOMException('no', 'SecurityError'); one.apply(this, arguments); }",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := start(t, sliderOnly...)
			p := shopper(t, from(t, "en"))
			p.before(script)
			p.alice(at)
			p.meets(at, "#lg-bar")
			if href := eval[string](p, "location.href"); href != at.url+"/login" {
				t.Errorf("the check is at %s", href)
			}
			p.drag(unhurried)
			p.arrives(at, shoptest.Alice().Email)
			p.walk(-1)
			p.until("the shop's own page is there", "location.href === '"+at.url+"/login' && document.querySelector('#password')")
			at.saw(right())
		})
	}
}

// The address alone, in another browser or after the tab was closed, opens
// nothing and leads back to signing in; without a script as well.
func TestTheAddressOfACheckAloneLeadsBack(t *testing.T) {
	t.Parallel()
	at := start(t, sliderOnly...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-bar")
	address := p.ownAddress(at)
	for name, without := range map[string]bool{"with a script": false, "without a script": true} {
		t.Run(name, func(t *testing.T) {
			other := shopper(t, from(t, "en"))
			call(other, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: without})
			other.visit(address)
			if got := eval[string](other, "document.querySelector('#lg-title').textContent"); got != "Please sign in once more" {
				t.Errorf("the page is called %q", got)
			}
			other.audit("en", !without)
			other.leaves(func() { other.press("#lg-back") })
			other.until("the shop's own page is there", "location.href === '"+at.url+"/login' && document.querySelector('#password')")
		})
	}
	for address, want := range map[string]string{
		"/.login-guard/check/7KQ2-M4XD":                           "/",
		"/.login-guard/check/7KQ2-M4XD?from=//evil.example/":      "/.//evil.example/",
		"/.login-guard/check/7KQ2-M4XD?from=javascript:alert(1)":  "/javascript:alert%281%29",
		"/.login-guard/check/7KQ2-M4XD?lang=de&from=/de/login%3f": "/de/login?",
	} {
		body := at.get(t, address)
		if back := regexp.MustCompile(`id="lg-back" href="([^"]*)"`).FindStringSubmatch(body); back == nil || back[1] != want {
			t.Errorf("%s leads back to %q, want %s", address, back, want)
		}
	}
	if body := at.get(t, "/.login-guard/check/%22%3E%3Cb%3E"); strings.Contains(body, "<b>") || strings.Contains(body, "lg-back") {
		t.Errorf("what is no reference is answered with %s", body)
	}
}

// Who listens hears the same digits after a reload.
func TestReloadingKeepsTheSound(t *testing.T) {
	t.Parallel()
	at := start(t, reads(t)...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-picture")
	p.ownAddress(at)
	p.press("#lg-sound")
	p.listens()
	const token = "JSON.parse(sessionStorage.getItem('login_guard')).token"
	before := eval[string](p, token)
	p.reload()
	p.until("the check is back", "document.querySelector('#lg-hear')")
	p.listens()
	p.ownAddress(at)
	if eval[string](p, token) != before {
		t.Error("after a reload it is another check")
	}
	p.write("#lg-answer", p.solution(token))
	p.press("#lg-send")
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}
