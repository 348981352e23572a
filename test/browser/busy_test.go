package browser_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// What the status line says while an answer is on its way takes the place that
// was kept for it, in every language on a narrow phone: nothing below jumps
// under the shopper's finger.
func TestNothingJumpsWhileAnAnswerIsOnItsWay(t *testing.T) {
	t.Parallel()
	// The longest words, the tallest letters, and from right to left.
	nothingJumps(t, []string{"ar", "de", "hu", "th"})
}

// nothingJumps takes a few seconds a language; all of them are for make a11y.
func nothingJumps(t *testing.T, languages []string) {
	t.Helper()
	at := start(t, slides...)
	p := shopper(t, nil)
	p.size(320, 640)
	for i, language := range languages {
		t.Run(language, func(t *testing.T) {
			p.within(t)
			p.headers(map[string]string{"X-Forwarded-For": fmt.Sprintf("198.19.%d.7", i), "Accept-Language": language})
			// From here: the check before had its language in its address.
			p.visit(at.url + "/login")
			p.submits(at.url+"/login", url.Values{"email": {language + "@shop.example"}, "password": {"a guess"}})
			p.meets(at, "#lg-bar")
			const place = "document.querySelector('#lg-send').getBoundingClientRect().top + scrollY"
			before := eval[float64](p, place)
			stays := func(words string) {
				p.says(words)
				if after := eval[float64](p, place); after != before {
					t.Errorf("at %q the button went from %g to %g", words, before, after)
				}
				p.fits("on a phone 320 px wide")
			}
			// First the server is busy for a while, then
			// the connection is gone.
			eval[bool](p, `(() => {
				self.fetch = async () => {
					self.fetch = () => Promise.reject(new TypeError('no connection'));
					return {json: () => ({status: 'busy', seconds: 3})};
				};
				return true;
			})()`)
			p.tabTo("#lg-bar")
			p.keys(kb.End)
			stays(words(t, language, "busy"))
			stays(words(t, language, "offline"))
		})
	}
}
