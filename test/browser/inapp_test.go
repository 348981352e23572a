package browser_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// lacks takes something away from every page that the tab opens from now on,
// before its own scripts run.
func (p *tab) lacks(script string) {
	p.t.Helper()
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
}

// through puts something between the browser and the gateway that changes
// requests or answers.
func (at *place) through(ask func(http.Header), answer func(http.Header)) {
	gate, err := url.Parse(at.gate.URL)
	if err != nil {
		at.t.Fatal(err)
	}
	front := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(gate)
			r.Out.Host = r.In.Host
			r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
			ask(r.Out.Header)
		},
		ModifyResponse: func(r *http.Response) error {
			answer(r.Header)
			return nil
		},
	})
	at.t.Cleanup(front.Close)
	at.url = strings.Replace(front.URL, "127.0.0.1", "localhost", 1)
}

func nothing(http.Header) {}

// noCookies takes our cookies away, both ways. The shop's own stay: without
// them it lets nobody in.
func noCookies(h http.Header) {
	for _, name := range []string{"Set-Cookie", "Cookie"} {
		lines := h[name]
		delete(h, name)
		for _, line := range lines {
			for _, c := range strings.Split(line, "; ") {
				if name == "Cookie" && !strings.Contains(c, "login_guard") {
					h.Add(name, c)
				}
			}
			if name == "Set-Cookie" && !strings.Contains(line, "login_guard") {
				h.Add(name, line)
			}
		}
	}
}

// Apps show pages in a browser of their own that lacks one thing or another.
// Each gets a check that can be passed.
func TestBrowsersInsideAppsGetACheckThatCanBePassed(t *testing.T) {
	t.Parallel()
	const (
		noWorker  = "delete self.Worker; delete self.SharedWorker"
		noStorage = `for (const name of ['sessionStorage', 'localStorage', 'indexedDB'])
			Object.defineProperty(self, name, {get() { throw new DOMException('no storage here', 'SecurityError') }})`
		// Chromium 85, the oldest that knows the syntax that we use.
		old = `delete AbortSignal.timeout; delete AbortSignal.any; delete self.structuredClone; delete self.reportError; delete self.navigation;
			delete Array.prototype.at; delete Object.hasOwn; delete crypto.randomUUID; delete PointerEvent.prototype.getCoalescedEvents; delete self.trustedTypes`
	)
	app := map[string]string{"X-Requested-With": "com.example.shopping"}
	for name, c := range map[string]struct {
		headers map[string]string
		lacks   string
		ask     func(http.Header)
		answer  func(http.Header)
	}{
		"an Android app names itself in X-Requested-With": {headers: app},
		"no worker":          {lacks: noWorker},
		"no storage":         {lacks: noStorage},
		"an old one":         {lacks: old},
		"no cookies of ours": {ask: noCookies, answer: noCookies},
		"without Sec-Fetch headers": {ask: func(h http.Header) {
			for _, name := range []string{"Site", "Mode", "Dest", "User"} {
				h.Del("Sec-Fetch-" + name)
			}
		}},
		"all of that": {headers: app, lacks: noWorker + ";" + noStorage + ";" + old, answer: noCookies, ask: func(h http.Header) {
			noCookies(h)
			for _, name := range []string{"Site", "Mode", "Dest", "User"} {
				h.Del("Sec-Fetch-" + name)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := start(t, slides...)
			if c.ask == nil {
				c.ask, c.answer = nothing, nothing
			}
			if c.answer == nil {
				c.answer = nothing
			}
			at.through(c.ask, c.answer)
			headers := from(t, "en")
			for name, value := range c.headers {
				headers[name] = value
			}
			p := shopper(t, headers)
			p.phone()
			if c.lacks != "" {
				p.lacks(c.lacks)
			}
			p.alice(at)
			p.meets(at, "#lg-bar")
			if c.lacks == "" {
				p.tap("#lg-press")
				p.enters()
				p.tap("#lg-send")
			} else {
				p.swipe(unhurried)
			}
			p.arrives(at, shoptest.Alice().Email)
			at.saw(right())
		})
	}
}
