package browser_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp/kb"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// Codes need no script; a passkey does, and the page says so.
func TestWithoutScriptCodesLetInAndThePasskeySaysThatItNeedsOne(t *testing.T) {
	t.Parallel()
	at := start(t, twoSteps()...)
	p := shopper(t, from(t, "en"))
	p.script(false)
	a, codes := enrolled(t, p, at)
	p.next("button[value=passkey]")
	const needs = "Passkeys need JavaScript"
	p.until("the page says that a passkey needs a script", fmt.Sprintf("document.querySelector('noscript')?.innerText.includes(%q) && document.querySelector('noscript').checkVisibility()", needs))
	if eval[bool](p, "document.querySelector('#lg-passkey').checkVisibility()") {
		t.Error("there is a button that does nothing")
	}
	// One is added with a script, to meet it without.
	p.script(true)
	p.authenticator()
	p.reload()
	p.next("#lg-passkey")
	p.told("The method was added.")
	p.script(false)
	p.again(at)
	if eval[bool](p, "!!document.querySelector('#lg-passkey')") {
		if !eval[bool](p, fmt.Sprintf("document.querySelector('noscript').innerText.includes(%q) && !document.querySelector('#lg-passkey').checkVisibility()", needs)) {
			t.Error("the page does not say that a passkey needs a script")
		}
		p.chooses("app")
	}
	p.confirmsNothing()
	p.confirms("123456")
	p.says("That code is not right.")
	p.write("#lg-code", a.code(t))
	p.press("#lg-send")
	p.arrives(at, shoptest.Alice().Email)
	p.again(at)
	p.chooses("recovery")
	p.write("#lg-code", codes[1])
	p.press("#lg-send")
	p.press("button[value=later]")
	p.arrives(at, shoptest.Alice().Email)
}

func (p *tab) confirmsNothing() {
	p.t.Helper()
	p.next("#lg-send")
	p.says("Please type the code first.")
}

// By keyboard alone, in a window of 320 × 256 CSS px, which is one of
// 1280 × 1024 at 400 %.
func TestTheSecondFactorByKeyboardAlone(t *testing.T) {
	t.Parallel()
	at := start(t, twoSteps()...)
	p := shopper(t, from(t, "en"))
	p.authenticator()
	p.size(320, 256)
	p.alice(at)
	p.arrives(at, shoptest.Alice().Email)
	enter := func(selector string) {
		t.Helper()
		p.leaves(func() { p.enter(selector) })
	}
	p.visit(at.url + accountPage)
	enter("button[value=app]")
	a := p.readsKey()
	p.types("#lg-code", a.code(t))
	p.leaves(func() { p.keys(kb.Enter) })
	codes := p.writesDown()
	enter("button[value=saved]")
	p.types("#lg-code", codes[9])
	p.leaves(func() { p.keys(kb.Enter) })
	p.told("Your recovery codes are ready.")
	enter("button[value=passkey]")
	enter("#lg-passkey")
	p.told("The method was added.")
	p.visit(at.url + "/logout")
	p.visit(at.url + "/login")
	p.types("#email", shoptest.Alice().Email)
	p.types("#password", shoptest.Alice().Password)
	p.leaves(func() { p.keys(kb.Enter) })
	p.titled("Confirm that it is you")
	p.tabTo("details.more:has([value=method]) summary")
	p.keys(kb.Enter)
	enter("button[value=app]")
	p.tabTo("#lg-trust")
	p.keys(" ")
	if !eval[bool](p, "document.querySelector('#lg-trust').checked") {
		t.Error("the space bar does not tick the box")
	}
	p.types("#lg-code", a.code(t))
	p.keys(kb.Enter)
	p.arrives(at, shoptest.Alice().Email)
}

// The picture on the screen is what apps read: the very address that the
// button opens.
func TestTheQRCodeOnTheScreenIsRead(t *testing.T) {
	t.Parallel()
	at := start(t, twoSteps()...)
	p := shopper(t, from(t, "en"))
	p.handheld()
	p.alice(at)
	p.arrives(at, shoptest.Alice().Email)
	p.visit(at.url + accountPage)
	p.next("button[value=app]")
	for _, scheme := range []string{"light", "dark"} {
		p.media(map[string]string{"prefers-color-scheme": scheme})
		b := p.box(".qr")
		b.Y += eval[float64](p, "scrollY")
		shot := call(p, page.CaptureScreenshot, page.CaptureScreenshotParams{Clip: &page.Viewport{X: b.X, Y: b.Y, Width: b.Width, Height: b.Height, Scale: 2}})
		file := filepath.Join(t.TempDir(), "qr.png")
		if err := os.WriteFile(file, shot.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", file).Output()
		if want := eval[string](p, "document.querySelector('#lg-open').href"); err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%s: the picture reads %q (%v), want %q", scheme, out, err, want)
		}
		if key := strings.ReplaceAll(eval[string](p, "document.querySelector('dd code').textContent"), " ", ""); !bytes.Contains(out, []byte("secret="+key)) {
			t.Errorf("%s: the key to type is %s, the picture has %s", scheme, key, out)
		}
	}
}

// asserts makes the browser sign the challenge of the page that is open and
// returns what its form would post.
const asserts = `(async () => {
	const form = document.querySelector('#lg-passkey').form;
	const made = new Promise(done => form.addEventListener('submit', e => { e.preventDefault(); e.stopImmediatePropagation(); done(); }, {capture: true}));
	document.querySelector('#lg-passkey').click();
	await made;
	return document.querySelector('#lg-credential').value;
})()`

// postsBy sends an assertion to the second factor's own address as a script of
// the page would, and returns the status and what was said.
func (p *tab) postsBy(assertion string) (status int, said struct{ Error, Clearance, Status string }) {
	p.t.Helper()
	r := eval[struct {
		Status int
		Body   string
	}](p, fmt.Sprintf(`fetch(%q, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({method: 'passkey', assertion: JSON.parse(%q)})}).then(async r => ({Status: r.status, Body: await r.text()}))`, secondPage, assertion))
	if err := json.Unmarshal([]byte(r.Body), &said); err != nil {
		p.t.Fatalf("%d %s", r.Status, r.Body)
	}
	return r.Status, said
}

// What a passkey signed for another origin, for another challenge or once
// before opens nothing.
func TestAPasskeysAnswerIsGoodOnceAndForThisOriginAlone(t *testing.T) {
	t.Parallel()
	at := start(t, twoSteps()...)
	p := shopper(t, from(t, "en"))
	p.allow(refusal)
	p.allow("status of 404")
	p.authenticator()
	enrolled(t, p, at)
	p.next("button[value=passkey]")
	p.next("#lg-passkey")
	p.again(at)

	first := eval[string](p, asserts)
	var made struct {
		Response struct{ ClientDataJSON string }
	}
	if err := json.Unmarshal([]byte(first), &made); err != nil {
		t.Fatal(err)
	}
	// Another origin in what the browser signs over: the signature is wrong.
	forged := eval[string](p, fmt.Sprintf(`(() => {
		const made = JSON.parse(%q), data = JSON.parse(atob(made.response.clientDataJSON.replace(/-/g, '+').replace(/_/g, '/')));
		data.origin = 'https://evil.example';
		made.response.clientDataJSON = btoa(JSON.stringify(data)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
		return JSON.stringify(made);
	})()`, first))
	if status, said := p.postsBy(forged); status != 403 || said.Clearance != "" {
		t.Errorf("for another origin: %d %+v", status, said)
	}
	// Its challenge is spent now, also for the true answer.
	if status, said := p.postsBy(first); status != 403 || said.Clearance != "" {
		t.Errorf("an answer to a challenge that was taken: %d %+v", status, said)
	}
	p.visit(at.url + secondPage)
	second := eval[string](p, asserts)
	if status, said := p.postsBy(second); status != 200 || said.Clearance == "" {
		t.Errorf("the right answer: %d %+v", status, said)
	}
	if status, said := p.postsBy(second); status == 200 || said.Clearance != "" {
		t.Errorf("the same answer again: %d %+v", status, said)
	}
	// On another origin the browser finds no passkey of this shop, and a
	// page there cannot post to ours.
	p.visit(at.shop.URL)
	if got := eval[string](p, `navigator.credentials.get({publicKey: {challenge: new Uint8Array(32), rpId: 'localhost', timeout: 2000}}).then(() => 'signed', e => e.name)`); got != "SecurityError" {
		t.Errorf("on %s the browser says %s", at.shop.URL, got)
	}
}

// OpenCart 4 sends its login by a script of its own, which follows what it is
// told in the shop's own shape.
func TestOpenCart4sOwnScriptLeadsToTheSecondFactor(t *testing.T) {
	t.Parallel()
	shop := shoptest.OpenCart4().Start(t)
	file := strings.Replace(caddyfile("http://localhost:$PORT", shop.URL, "", twoSteps()...), "\tlogin_guard {\n\t\tsite", "\tlogin_guard opencart4 {\n\t\tsite", 1)
	gate := guardtest.Start(t, file)
	at := &place{t: t, shop: shop, gate: gate, url: gate.URL}
	p := shopper(t, from(t, "en"))
	login := func() {
		t.Helper()
		p.visit(at.url + "/index.php?route=account/login")
		p.write("[name=email]", shoptest.Alice().Email)
		p.write("[name=password]", shoptest.Alice().Password)
		p.leaves(func() { p.press("button[type=submit]") })
	}
	const inside = "document.readyState === 'complete' && location.search.includes('account/account') && document.querySelector('strong')?.textContent === 'alice@shop.example'"
	login()
	p.until("the shop greets the customer", inside)
	p.visit(at.url + accountPage)
	a, _ := p.enrolsApp()
	p.visit(at.url + "/index.php?route=account/logout")
	login()
	p.titled("Confirm that it is you")
	if got := eval[string](p, "location.pathname"); got != secondPage {
		t.Errorf("the second factor is at %s", got)
	}
	p.next("#lg-cancel")
	p.until("the shop's login form is there", "location.search.includes('route=account/login') && document.querySelector('[name=password]')")
	login()
	p.titled("Confirm that it is you")
	p.write("#lg-code", a.code(t))
	p.press("#lg-send")
	p.until("the shop greets the customer", inside)
}
