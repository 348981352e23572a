package browser_test

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// weak makes the tab one of a slow phone on a bad connection: a sixth of this
// machine's speed, 400 kbit/s each way, 800 ms from a request to the first
// byte of its answer.
func (p *tab) weak() {
	p.t.Helper()
	call(p, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 6})
	const bytes = 400_000 / 8
	call(p, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Latency: 800, DownloadThroughput: bytes, UploadThroughput: bytes}}})
}

// On a slow phone with a bad connection the slider can be used as soon as its
// one answer is there: nothing else is asked for before, and the first reply
// to what the shopper did lets in. The times are told, not judged: they are
// those of the machine that the test runs on. See docs/accessibility.md.
func TestOnAWeakPhoneTheSliderNeedsOneRequest(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	p := shopper(t, from(t, "en"))
	p.phone()
	p.visit(at.url + "/login")
	p.write("#email", shoptest.Alice().Email)
	p.write("#password", shoptest.Alice().Password)
	p.lacks(`addEventListener('DOMContentLoaded', () => self.usable = document.querySelector('#lg-track:not([hidden])') && performance.now())`)
	p.weak()
	p.asked()
	p.press("form[action='/login'] button")
	p.until("the slider can be used", "self.usable")
	if asked := p.asked(); len(asked) != 1 || asked[0] != "POST "+at.url+"/login" {
		t.Errorf("before the slider could be used the page took %v, want the one request", asked)
	}
	usable := eval[float64](p, "usable - performance.getEntriesByType('navigation')[0].responseStart")
	if !(usable >= 0) {
		t.Errorf("the slider could be used %.0f ms after the first byte of its page", usable)
	}
	p.swipe(unhurried)
	p.until("the answer was sent", "performance.getEntriesByType('resource').some(e => e.name.endsWith('/verify'))")
	if verifies := eval[int](p, "performance.getEntriesByType('resource').filter(e => e.name.endsWith('/verify')).length"); verifies != 1 {
		t.Errorf("the answer was sent %d times, want once", verifies)
	}
	work := eval[float64](p, "performance.getEntriesByType('resource').find(e => e.name.endsWith('/verify')).startTime - usable")
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
	t.Logf("usable %.0f ms after the first byte of the page; the answer sent %.0f ms later, the drag within", usable, work)
}
