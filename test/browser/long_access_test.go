//go:build a11y

package browser_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// The slow way to its end, which is over a minute: nothing to drag, to read,
// to hear or to type, with the keyboard alone, and what is heard meanwhile.
func TestLongTheSlowWayByKeyboardAlone(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]bool{"with a script": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := start(t, reads(t)...)
			p := shopper(t, from(t, "en"))
			p.magnified()
			if script {
				p.listen()
			} else {
				p.script(false)
			}
			p.alice(at)
			p.meets(at, "#lg-picture")
			p.enter("#lg-slow")
			p.waits()
			if script {
				const passed = "document.querySelector('#lg-send').getAttribute('aria-disabled') === 'false'"
				for range 4 { // a wait, and the patience of until
					if ok, _ := try[bool](p, passed); ok {
						break
					}
					eval[bool](p, "new Promise(go => setTimeout(go, 20000, true))")
				}
				p.until("the wait is over", passed)
				p.heard("checking", "checked_press")
				if now := eval[string](p, "document.querySelector('#lg-meter').getAttribute('aria-valuenow')"); now != "100" {
					t.Errorf("after the wait the progress bar says %s %%", now)
				}
			} else {
				time.Sleep(62 * time.Second) // nothing on the page tells that it is over
			}
			p.enter("#lg-send")
			p.arrives(at, shoptest.Alice().Email)
			at.saw(right())
		})
	}
}

// Every page in every state in every language. `make test` has every page in
// two of them, and the checks in all.
func TestLongEveryPageInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, page := range pages {
		t.Run(page.name, func(t *testing.T) {
			t.Parallel()
			at := start(t, page.options(t)...)
			failed := 0
			for i, language := range tongues(t) {
				if !t.Run(language, func(t *testing.T) {
					p := shopper(t, map[string]string{"X-Forwarded-For": fmt.Sprintf("198.18.%d.7", i), "Accept-Language": language})
					p.comes(at, shopperOf(p), "a guess")
					page.reach(p, at)
					p.until("the page is "+page.title, fmt.Sprintf("document.querySelector('#lg-title')?.textContent === %q", words(t, language, page.title)))
					p.audit(language, false)
					p.axe()
				}) {
					failed++
				}
				if failed == 4 {
					t.Fatal("four languages failed, the others were not looked at")
				}
			}
		})
	}
}

func TestLongNothingJumpsInAnyLanguage(t *testing.T) {
	t.Parallel()
	nothingJumps(t, tongues(t))
}
