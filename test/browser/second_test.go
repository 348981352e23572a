package browser_test

import (
	"encoding/base32"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/webauthn"

	"github.com/login-guard/login-guard/internal/factor/totp"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// twoSteps are the options of a gateway with a second factor and no checks:
// these have tests of their own.
func twoSteps(more ...string) []string {
	return append([]string{"second_factor optional", "ladder slider off picture off"}, more...)
}

const (
	accountPage = "/.login-guard/account"
	secondPage  = "/.login-guard/challenge/second"
)

// handheld makes the tab one of a phone with a touch screen, as narrow as most
// are.
func (p *tab) handheld() {
	p.t.Helper()
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 360, Height: 740, DeviceScaleFactor: 2, Mobile: true})
	call(p, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true, MaxTouchPoints: 1})
}

// authenticator gives the browser one that is built in, whose owner always
// agrees.
func (p *tab) authenticator() webauthn.AuthenticatorID {
	p.t.Helper()
	call(p, webauthn.Enable, webauthn.EnableParams{})
	return call(p, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}).AuthenticatorID
}

// authApp is an authenticator app.
type authApp struct {
	secret []byte
	last   int64
}

// code is one that the app shows now or has shown, or will show, half a minute
// from now: the first that was not used, as each is good once.
func (a *authApp) code(t testing.TB) string {
	t.Helper()
	// A code of a step ago is not good any more after the next one: with few
	// seconds left the page would get it too late.
	if left := 30*time.Second - time.Duration(time.Now().UnixNano())%(30*time.Second); left < 4*time.Second {
		time.Sleep(left)
	}
	now := totp.Step(time.Now())
	step := max(a.last+1, now-1)
	if step > now+1 {
		t.Fatal("more than three codes of an app in half a minute")
	}
	a.last = step
	return totp.Code(a.secret, step)
}

// readsKey takes the key of a new app from the page.
func (p *tab) readsKey() *authApp {
	p.t.Helper()
	return keyOf(p.t, eval[string](p, "document.querySelector('#lg-open').href"))
}

func keyOf(t testing.TB, uri string) *authApp {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" {
		t.Fatalf("%q is not what authenticator apps open (%v)", uri, err)
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(u.Query().Get("secret"))
	if err != nil || len(secret) < 16 {
		t.Fatalf("the key has %d bytes: %v", len(secret), err)
	}
	return &authApp{secret: secret}
}

// next presses a button that leads to another page.
func (p *tab) next(selector string) {
	p.t.Helper()
	p.leaves(func() { p.press(selector) })
}

// confirms writes into the field for a code and sends it.
func (p *tab) confirms(code string) {
	p.t.Helper()
	p.write("#lg-code", code)
	p.next("#lg-send")
}

// titled waits for the page of ours with a title, in English.
func (p *tab) titled(title string) {
	p.t.Helper()
	p.until("the page is “"+title+"”", fmt.Sprintf("document.readyState === 'complete' && document.querySelector('#lg-title')?.textContent === %q", title))
}

// chooses takes another method on a page that asks for the second factor.
func (p *tab) chooses(method string) {
	p.t.Helper()
	if !eval[bool](p, "document.querySelector('details.more:has([value=method])').open") {
		p.press("details.more:has([value=method]) summary")
	}
	p.next("button[value=" + method + "]")
}

// writesDown reads the recovery codes off the page.
func (p *tab) writesDown() []string {
	p.t.Helper()
	p.titled("Your recovery codes")
	codes := eval[[]string](p, "[...document.querySelectorAll('#lg-codes code')].map(e => e.textContent)")
	if len(codes) != 10 {
		p.t.Fatalf("%d recovery codes", len(codes))
	}
	return codes
}

// enrolsApp sets an app up from the overview or the choice of methods, with
// the recovery codes that come with the first.
func (p *tab) enrolsApp() (*authApp, []string) {
	p.t.Helper()
	p.next("button[value=app]")
	p.titled("Set up your authenticator app")
	a := p.readsKey()
	p.confirms(a.code(p.t))
	codes := p.writesDown()
	p.next("button[value=saved]")
	p.titled("Type one of the codes")
	p.confirms(codes[6])
	return a, codes
}

// enrolled opens a shop with Alice in it who has an app.
func enrolled(t testing.TB, p *tab, at *place) (*authApp, []string) {
	t.Helper()
	p.alice(at)
	p.arrives(at, shoptest.Alice().Email)
	p.visit(at.url + accountPage)
	a, codes := p.enrolsApp()
	p.titled("Account protection")
	return a, codes
}

// again signs Alice out at the shop and in again, up to the second factor.
func (p *tab) again(at *place) {
	p.t.Helper()
	p.visit(at.url + "/logout")
	p.alice(at)
	p.titled("Confirm that it is you")
	if text := eval[string](p, "document.querySelector('.where').innerText"); !strings.Contains(text, "localhost") || !strings.Contains(text, "a•••@shop.example") {
		p.t.Errorf("the page does not say where it is and for whom: %q", text)
	}
}

// A new shopper on a phone sets up an app and a passkey without help, and
// uses all there is.
func TestANewShopperSetsUpAnAppAndAPasskeyOnAPhone(t *testing.T) {
	t.Parallel()
	at := start(t, twoSteps()...)
	p := shopper(t, from(t, "en"))
	p.handheld()
	p.authenticator()
	p.visit(at.url + accountPage)
	p.titled("Please sign in once more")
	p.alice(at)
	p.arrives(at, shoptest.Alice().Email)
	p.visit(at.url + accountPage)
	p.titled("Account protection")
	p.level("0", "Next: add a method.")

	p.next("button[value=app]")
	a := p.readsKey()
	p.confirms("000000")
	p.says("That code is not right.")
	if !eval[bool](p, "document.activeElement.id === 'lg-code'") {
		t.Error("after a wrong code the focus is not in its field")
	}
	if b := p.readsKey(); string(b.secret) != string(a.secret) {
		t.Error("a wrong code changed the key that the app has read")
	}
	p.confirms(a.code(t))
	codes := p.writesDown()
	p.next("button[value=saved]")
	p.confirms("ABCD-EFGH-JKLM-NPQR")
	p.says("That code is not right.")
	p.next("button[value=again]")
	if again := p.writesDown(); strings.Join(again, " ") != strings.Join(codes, " ") {
		t.Error("the codes are others when they are shown again")
	}
	p.next("button[value=saved]")
	p.confirms(strings.ToLower(strings.ReplaceAll(codes[2], "-", " ")))
	p.titled("Account protection")
	p.told("Your recovery codes are ready.")

	p.next("button[value=passkey]")
	p.titled("Add a passkey")
	p.write("#lg-name", "My phone")
	p.leaves(func() { p.tap("#lg-passkey") })
	p.titled("Account protection")
	p.told("The method was added.")
	if text := eval[string](p, "document.querySelector('main').innerText"); !strings.Contains(text, "My phone") || !strings.Contains(text, "10 of 10 left") && !strings.Contains(text, "9 of 10 left") {
		t.Errorf("the overview says\n%s", text)
	}

	p.next("button[value=test]")
	p.titled("Test your set-up")
	if eval[bool](p, "!!document.querySelector('#lg-passkey')") {
		p.chooses("app")
	}
	p.confirms(a.code(t))
	p.told("It works.")
	if advice := eval[string](p, "document.querySelector('.level').parentNode.innerText"); strings.Contains(advice, "Next:") {
		t.Errorf("a new device is advised to do what it is not offered: %s", advice)
	}

	// By app, with the browser remembered.
	p.again(at)
	p.chooses("app")
	p.press("#lg-trust")
	p.write("#lg-code", a.code(t))
	p.tap("#lg-send")
	p.arrives(at, shoptest.Alice().Email)
	p.visit(at.url + "/logout")
	p.alice(at) // not asked
	p.arrives(at, shoptest.Alice().Email)

	// The account page asks for the factor, then forgets this browser.
	p.visit(at.url + accountPage)
	p.titled("Confirm that it is you")
	p.leaves(func() { p.tap("#lg-passkey") })
	p.titled("Account protection")
	if eval[bool](p, "!!document.querySelector('button[value=signout]')") {
		t.Error("what a method on trial cannot do is offered")
	}
	if n := eval[int](p, "document.querySelectorAll('.badge').length"); n != 1 {
		t.Errorf("%d browsers are this one", n)
	}
	p.next("button[value=forget]")
	p.told("The browser was forgotten.")

	// By passkey.
	p.again(at)
	p.tap("#lg-passkey")
	p.arrives(at, shoptest.Alice().Email)

	// By a recovery code, which is good once.
	p.again(at)
	p.chooses("recovery")
	p.write("#lg-code", codes[0])
	p.next("#lg-send")
	p.tap("button[value=later]") // what was lost is set up anew another day
	p.arrives(at, shoptest.Alice().Email)
	p.again(at)
	p.chooses("recovery")
	p.confirms(codes[0])
	p.says("That code")
	p.chooses("passkey")
	p.tap("#lg-passkey")
	p.arrives(at, shoptest.Alice().Email)

	// Rename and remove.
	p.visit(at.url + accountPage)
	p.next("li:has(bdi) button[value=edit]")
	p.titled("Change a method")
	if got := eval[string](p, "document.querySelector('#lg-name').value"); got != "My phone" {
		t.Errorf("the name to change is %q", got)
	}
	p.write("#lg-name", "Old phone")
	p.next("#lg-send")
	p.told("The name was changed.")
	if !eval[bool](p, "document.querySelector('main').innerText.includes('Old phone')") {
		t.Error("the new name is not there")
	}
	p.next("li:has(bdi) button[value=edit]")
	p.next("button[value=add]") // to another device
	p.next("#lg-back, #lg-overview")
	p.next("li:has(bdi) button[value=edit]")
	p.next("button[value=remove]")
	p.titled("Remove this method?")
	p.next("button[value=delete]")
	p.told("The method was removed.")
	p.titled("Confirm that it is you") // what was given is no factor any more
	p.chooses("recovery")
	p.confirms(codes[7])
	p.titled("Account protection")
	if eval[bool](p, "[...document.querySelectorAll('li:has([value=edit])')].some(e => e.innerText.includes('Old phone'))") {
		t.Error("the passkey is still there")
	}
	p.again(at)
	if eval[bool](p, "!!document.querySelector('#lg-passkey, button[value=passkey]')") {
		t.Error("a passkey is offered that was removed")
	}
}

// level holds the overview's level and advice.
func (p *tab) level(level, advice string) {
	p.t.Helper()
	if got := eval[string](p, "document.querySelector('.level').parentNode.innerText.replace(/[\u2066\u2068\u2069]/g, '')"); !strings.HasPrefix(got, "Security level "+level+" of 3") || !strings.Contains(got, advice) {
		p.t.Errorf("the level is %q, want %s and %q", got, level, advice)
	}
}

// told waits until the overview says what was done.
func (p *tab) told(words string) {
	p.t.Helper()
	p.until("the page says "+words, fmt.Sprintf("document.readyState === 'complete' && document.querySelector('.when.ok')?.innerText.trim().startsWith(%q)", words))
}

// Who cancels is back in the shop, signed out, with a session that works.
func TestCancelLeadsBackToTheShopSignedOut(t *testing.T) {
	t.Parallel()
	at := start(t, twoSteps()...)
	p := shopper(t, from(t, "en"))
	enrolled(t, p, at)
	p.visit(at.url + "/logout")
	p.visit(at.url + "/cart")
	p.next("form button")
	p.again(at)
	p.visit(at.url + "/account")
	p.titled("Confirm that it is you") // whatever is asked for
	p.next("#lg-cancel")
	p.until("the shop's login form is there", fmt.Sprintf("location.href === %q && document.querySelector('#password')", at.url+"/login"))
	for _, c := range cookies(p, at.url) {
		if strings.HasPrefix(c, "login_guard_second") {
			t.Errorf("the cookie %s stayed", c)
		}
	}
	p.visit(at.url + "/account")
	if !strings.HasSuffix(eval[string](p, "location.pathname"), "/login") {
		t.Errorf("after cancelling the account is open: %s", p.describe())
	}
	p.visit(at.url + "/cart")
	p.next("form button")
	if got := eval[string](p, "document.querySelector('#count').textContent"); got != "1" {
		t.Errorf("the new session's cart has %s items, want 1", got)
	}
}

// cookies are the names and values that the browser has.
func cookies(p *tab, of string) (all []string) {
	p.t.Helper()
	for _, c := range call(p, network.GetCookies, network.GetCookiesParams{URLs: []string{of}}).Cookies {
		all = append(all, c.Name+"="+c.Value)
	}
	return all
}

// Moved to another device a method takes the old one's place.
func TestAnAppMovedToAnotherDeviceTakesThePlaceOfTheOldOne(t *testing.T) {
	t.Parallel()
	at := start(t, twoSteps()...)
	p := shopper(t, from(t, "en"))
	old, _ := enrolled(t, p, at)
	p.next("button[value=edit]")
	p.next("button[value=add]")
	p.titled("Set up your authenticator app")
	a := p.readsKey()
	p.confirms(a.code(t))
	p.told("The method was added.")
	if n := eval[int](p, "document.querySelectorAll('button[value=edit]').length"); n != 1 {
		t.Errorf("there are %d methods, want the new one alone", n)
	}
	p.again(at)
	p.confirms(old.code(t))
	p.says("That code is not right.")
	p.write("#lg-code", a.code(t))
	p.press("#lg-send")
	p.arrives(at, shoptest.Alice().Email)
}
