package browser_test

import (
	"encoding/base32"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/webauthn"

	"github.com/login-guard/login-guard/internal/factor/totp"
	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// A shopper with a phone sets an app up and then a passkey, by pressing what
// the pages show, and from then on signs in with the passkey alone.
func TestAShopperSetsUpAnAppAndAPasskeyOnAPhone(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	gate := guardtest.Start(t, caddyfile("http://localhost:$PORT", shop.URL, "", "second_factor optional", "ladder slider off picture off"))
	at := &place{t: t, shop: shop, gate: gate, url: gate.URL}
	p := shopper(t, from(t, "en"))
	p.size(360, 740)
	call(p, webauthn.Enable, webauthn.EnableParams{})
	call(p, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})
	title := func(words string) {
		t.Helper()
		p.until("the page is "+words, fmt.Sprintf("document.readyState === 'complete' && document.querySelector('#lg-title')?.textContent === %q", words))
		p.fits(words)
	}
	presses := func(selector string) {
		t.Helper()
		p.leaves(func() { p.press(selector) })
	}

	p.alice(at)
	p.arrives(at, shoptest.Alice().Email)
	p.visit(at.url + "/.login-guard/account")
	title("Account protection")
	presses("[name=login_guard_method][value=app]")
	title("Set up your authenticator app")
	address, err := url.Parse(eval[string](p, "document.querySelector('#lg-open').href"))
	if err != nil {
		t.Fatal(err)
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(address.Query().Get("secret"))
	if err != nil {
		t.Fatal(err)
	}
	p.write("#lg-code", totp.Code(secret, totp.Step(time.Now())))
	presses("#lg-send")
	title("Your recovery codes")
	code := eval[string](p, "document.querySelectorAll('#lg-codes code')[6].textContent")
	presses("[value=saved]")
	title("Type one of the codes")
	p.write("#lg-code", code)
	presses("#lg-send")
	title("Account protection")
	presses("[name=login_guard_method][value=passkey]")
	title("Add a passkey")
	p.write("#lg-name", "My phone")
	presses("#lg-passkey")
	title("Account protection")
	p.until("the passkey is there", "document.querySelector('.list').textContent.includes('My phone')")
	if eval[bool](p, "!!document.querySelector('[value=keys_on]')") {
		t.Error("passkeys only are offered to who may not choose that: all methods are on trial")
	}
	presses("[value=test]")
	title("Test your set-up")
	presses("#lg-passkey")
	title("Account protection")
	p.until("the test is over", "document.querySelector('.ok')?.textContent.includes('It works.')")

	call(p, network.ClearBrowserCookies, cdp.Empty{})
	p.alice(at)
	title("Confirm that it is you")
	p.press("#lg-passkey")
	p.arrives(at, shoptest.Alice().Email)
}
