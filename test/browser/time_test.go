package browser_test

import (
	"fmt"
	"testing"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// hurries lets the pages that the tab opens from now on believe that eight
// minutes, after which a check is renewed, have gone within a moment.
func (p *tab) hurries() {
	p.t.Helper()
	p.lacks(`(later => self.setTimeout = (f, ms, ...more) => later(f, ms === 480000 ? 300 : ms, ...more))(self.setTimeout)`)
}

// A check is good for ten minutes and is renewed before they are over, twelve
// times, unseen and unasked: what was begun is still there, nobody is sent
// away, and the answer counts (WCAG 2.2 SC 2.2.1).
func TestAPageThatStandsOpenLosesNothing(t *testing.T) {
	t.Parallel()
	renewed := func(n int) string {
		return fmt.Sprintf("performance.getEntriesByType('resource').filter(e => e.name.endsWith('/renew') && e.responseEnd).length >= %d", n)
	}
	t.Run("the slider", func(t *testing.T) {
		t.Parallel()
		at := start(t, slides...)
		p := shopper(t, from(t, "en"))
		p.hurries()
		p.listen()
		p.alice(at)
		p.meets(at, "#lg-bar")
		p.tabTo("#lg-press")
		p.until("twelve renewals are over", renewed(12))
		p.heard() // and nobody was disturbed
		if at := eval[string](p, "document.activeElement.id"); at != "lg-press" {
			t.Errorf("the focus went from the button to %q", at)
		}
		p.slideByKeys()
		p.enters()
		p.press("#lg-send")
		p.arrives(at, shoptest.Alice().Email)
		at.saw(right())
	})
	t.Run("the picture", func(t *testing.T) {
		t.Parallel()
		at := start(t, reads(t)...)
		p := shopper(t, from(t, "en"))
		p.hurries()
		p.alice(at)
		p.meets(at, "#lg-picture")
		p.follow()
		p.until("it was renewed", renewed(1))
		p.picture()
		p.until("it was renewed again", renewed(12))
		p.picture()
		p.write("#lg-answer", p.solution("self.token"))
		p.press("#lg-send")
		p.arrives(at, shoptest.Alice().Email)
		at.saw(right())
	})
}
