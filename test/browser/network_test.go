package browser_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

func itoa(n int) string { return strconv.Itoa(n) }

// On plain HTTP, away from localhost, browsers have no WebCrypto and send no
// Sec-Fetch headers: the script works without them.
func TestOnPlainHTTPTheScriptBringsItsOwnProofOfWork(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	gate := guardtest.Start(t, caddyfile("http://shop.test:$PORT", shop.URL, "", slides...))
	at := &place{t: t, shop: shop, gate: gate, url: "http://shop.test:" + itoa(gate.Port)}
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-bar")
	if eval[bool](p, "isSecureContext || !!crypto.subtle") {
		t.Fatal("the browser takes shop.test for a secure context; this test is about the others")
	}
	p.drag(unhurried)
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
	p.visit(at.url + "/logout")
	p.alice(at)
	p.arrives(at, shoptest.Alice().Email)
}

// offline cuts the connection, or brings it back. told: the browser notices.
func (p *tab) offline(cut, told bool) {
	p.t.Helper()
	call(p, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Offline: cut, DownloadThroughput: -1, UploadThroughput: -1}}})
	if told {
		call(p, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: cut, DownloadThroughput: -1, UploadThroughput: -1})
	}
}

func TestConnectionLostInTheMiddleIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, comeBack := range map[string]func(*tab){
		"when the browser says that it is back": func(p *tab) { p.offline(false, true) },
		"when the button is pressed": func(p *tab) {
			p.offline(false, false)
			if label := eval[string](p, "document.querySelector('#lg-send').textContent"); label != "Try again" && label != "Sign in" {
				p.t.Errorf("without a connection the button reads %q", label)
			}
			p.press("#lg-send")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := start(t, slides...)
			p := shopper(t, from(t, "en"))
			p.allow("net::ERR_INTERNET_DISCONNECTED")
			p.alice(at)
			p.meets(at, "#lg-bar")
			p.offline(true, strings.Contains(name, "browser"))
			p.drag(unhurried)
			p.says("No connection.")
			at.saw()
			comeBack(p)
			p.arrives(at, shoptest.Alice().Email)
			at.saw(right())
		})
	}
}

func TestShopDownWhileCheckingKeepsTheLogin(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	p := shopper(t, from(t, "en"))
	p.allow("status of 50")
	p.alice(at)
	p.meets(at, "#lg-bar")
	at.shop.Down()
	p.drag(unhurried)
	for range 2 { // still down at the first press
		p.until("the page says that the shop is down", "document.querySelector('#lg-title')?.textContent === 'The shop does not answer' && document.readyState === 'complete'")
		p.send()
	}
	if err := at.shop.Up(); err != nil {
		t.Fatal(err)
	}
	p.press("#lg-send")
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

func TestTooManyTriesAreToldWhoseFaultItIsNot(t *testing.T) {
	t.Parallel()
	at := start(t, "limit pair 2 per 10m")
	p := shopper(t, from(t, "en"))
	p.allow("status of 429")
	p.visit(at.url + "/login")
	for _, password := range []string{"one", "two"} {
		p.signIn(shoptest.Alice().Email, password)
		p.until("the shop says what is wrong", "document.querySelector('[role=alert]')")
	}
	p.signIn(shoptest.Alice().Email, shoptest.Alice().Password)
	p.until("the refusal is there", "document.querySelector('#lg-title')?.textContent === 'Please try again later'")
	text := eval[string](p, "document.querySelector('main').innerText")
	for _, part := range []string{"This may not be you", "You can try again in 5 minutes", "Reset your password", "Contact the shop", "Reference"} {
		if !strings.Contains(text, part) {
			t.Errorf("the refusal does not say %q:\n%s", part, text)
		}
	}
	links := eval[string](p, "document.querySelector('#lg-reset').href + ' ' + document.querySelector('#lg-support').href")
	if want := at.url + "/lost-password https://shop.example/contact"; links != want {
		t.Errorf("its links are %s, want %s", links, want)
	}
	ref := eval[string](p, "document.querySelector('#lg-ref').textContent")
	if d := at.gate.LastDecision(3); d.Ref != ref || d.Action != "deny" {
		t.Errorf("the page says reference %s; the log has %+v", ref, d)
	}
	at.saw(wrong("one"), wrong("two"))
}
