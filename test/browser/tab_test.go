package browser_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long anything may take before a test gives up on it. The
// machine may be busy; nothing here measures speed.
const patience = 30 * time.Second

// tab is one tab of a shopper's browser.
type tab struct {
	t   testing.TB
	ctx context.Context
	// sends are headers that go with every request.
	sends map[string]string

	mu       sync.Mutex
	faults   []string // errors, warnings and violations that the browser reported
	allowed  []string // parts of those that this test expects
	requests []string // "METHOD URL" of everything the page asked for
}

// shopper opens a browser context of its own. headers go with every request:
// X-Forwarded-For gives the shopper an address (the gateway under test trusts
// loopback as a proxy), Accept-Language a language. The tab closes with the
// test, which fails when the browser reported anything it did not name.
func shopper(t testing.TB, headers map[string]string) *tab {
	t.Helper()
	ctx, err := browser()
	if err != nil {
		t.Fatal(err)
	}
	return open(t, ctx, headers, chromedp.WithNewBrowserContext())
}

// another opens a second tab beside p, with the same cookies.
func (p *tab) another(headers map[string]string) *tab {
	p.t.Helper()
	return open(p.t, p.ctx, headers)
}

func open(t testing.TB, parent context.Context, headers map[string]string, options ...chromedp.ContextOption) *tab {
	t.Helper()
	p := &tab{t: t}
	ctx, end := chromedp.NewContext(parent, append(options, chromedp.WithListener(p.hear))...)
	t.Cleanup(end)
	p.ctx = ctx
	if err := chromedp.Do(ctx); err != nil { // opens it; no deadline, the tab lives as long as ctx
		t.Fatalf("opening a tab: %v", err)
	}
	t.Cleanup(p.complain)
	call(p, audits.Enable, cdp.Empty{})
	// Two tests at a time: both tabs must believe to be the one in front.
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	p.headers(headers)
	p.size(1000, 800)
	return p
}

func (p *tab) headers(headers map[string]string) {
	p.t.Helper()
	p.sends = headers
	all := network.Headers{}
	for name, value := range headers {
		all[name] = value
	}
	call(p, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: all})
}

// hear notes what the browser says. It runs in the loop that reads the
// browser's messages, so it must not call back.
func (p *tab) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fault := func(format string, args ...any) { p.faults = append(p.faults, fmt.Sprintf(format, args...)) }
	switch e := event.(type) {
	case *log.EventEntryAdded:
		// Every browser asks each origin for an icon; the shops have none.
		if strings.HasSuffix(e.Entry.URL, "/favicon.ico") {
			return
		}
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			fault("%s %s: %s (%s)", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			fault("console %s: %v", e.Type, e.Args)
		}
	case *runtime.EventExceptionThrown:
		fault("exception: %s %v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
	case *audits.EventIssueAdded:
		if d := e.Issue.Details.ContentSecurityPolicyIssueDetails; d != nil {
			fault("policy: %s blocked by %s", d.BlockedURL, d.ViolatedDirective)
		}
	case *network.EventRequestWillBeSent:
		if !strings.HasSuffix(e.Request.URL, "/favicon.ico") {
			p.requests = append(p.requests, e.Request.Method+" "+e.Request.URL)
		}
	}
}

// allow names a part of reports that this test expects.
func (p *tab) allow(part string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.allowed = append(p.allowed, part)
}

func (p *tab) complain() {
	p.mu.Lock()
	defer p.mu.Unlock()
next:
	for _, f := range p.faults {
		for _, a := range p.allowed {
			if strings.Contains(f, a) {
				continue next
			}
		}
		p.t.Errorf("the browser reported %s", f)
	}
}

// asked returns the requests since the last call of asked.
func (p *tab) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.requests
	p.requests = nil
	return out
}

// call runs a command of the browser's protocol.
func call[P, R any](p *tab, command cdp.Command[P, R], params P) R {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	r, err := chromedp.Run(ctx, func(ctx context.Context, t *chromedp.Target) (R, error) {
		return cdp.Call(ctx, t, command, params)
	})
	if err != nil {
		p.t.Fatalf("%s: %v", command.Method, err)
	}
	return r
}

// try evaluates an expression in the page, which may be on its way to another.
func try[T any](p *tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// eval evaluates an expression in the page.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	v, err := try[T](p, expression)
	if err != nil {
		p.t.Fatalf("evaluating %.120s: %v", expression, err)
	}
	return v
}

// until waits for a condition in the page.
func (p *tab) until(what, condition string) {
	p.t.Helper()
	end := time.Now().Add(patience)
	for {
		ok, err := try[bool](p, "!!("+condition+")")
		if ok {
			return
		}
		if time.Now().After(end) || p.ctx.Err() != nil {
			p.t.Fatalf("waiting until %s: %v\n%s", what, err, p.describe())
		}
		time.Sleep(40 * time.Millisecond)
	}
}

// describe says where the tab is, for messages of failed tests.
func (p *tab) describe() string {
	text, err := try[string](p, `location.href + '\n' + document.title + '\n' + document.body.innerText`)
	if err != nil {
		return err.Error()
	}
	return text
}

// visit opens an address and waits until it has loaded.
func (p *tab) visit(address string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		p.t.Fatalf("opening %s: %v", address, err)
	}
}

// leaves does something that leads to another page, and waits for that.
func (p *tab) leaves(by func()) {
	p.t.Helper()
	eval[bool](p, "self.before = true")
	by()
	p.until("the next page has loaded", "!self.before && document.documentElement && document.readyState === 'complete'")
}

// reload reloads the page, and sends a form again if it came from one.
func (p *tab) reload() {
	p.t.Helper()
	p.leaves(func() { call(p, page.Reload, page.ReloadParams{}) })
}

// walk goes back (-1) or forward (1) in the history.
func (p *tab) walk(by int64) {
	p.t.Helper()
	h := call(p, page.GetNavigationHistory, cdp.Empty{})
	to := h.CurrentIndex + by
	if to < 0 || to >= int64(len(h.Entries)) {
		p.t.Fatalf("there is nothing %d entries on in the history", by)
	}
	call(p, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: h.Entries[to].ID})
}

// size makes the window so many CSS pixels large.
func (p *tab) size(width, height int64) {
	p.t.Helper()
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1})
}

// media sets media features, such as prefers-color-scheme.
func (p *tab) media(features map[string]string) {
	p.t.Helper()
	params := emulation.SetEmulatedMediaParams{}
	for name, value := range features {
		params.Features = append(params.Features, &emulation.MediaFeature{Name: name, Value: value})
	}
	call(p, emulation.SetEmulatedMedia, params)
}
