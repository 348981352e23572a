package browser_test

import (
	"github.com/chromedp/chromedp/kb"
)

// slideByKeys moves the slider to its end with the keyboard.
func (p *tab) slideByKeys() {
	p.t.Helper()
	p.tabTo("#lg-bar")
	p.keys(kb.End)
}
