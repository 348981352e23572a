package browser_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// credential is a PublicKeyCredential as it is posted.
type credential struct {
	ID, RawID, Type string
	Response        map[string]any
}

// posted reads a credential that a page posted, and what the browser signed.
func posted(t *testing.T, form url.Values, field string) (c credential, client map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(form.Get(field)), &c); err != nil {
		t.Fatalf("%v in %v", err, form)
	}
	raw, err := base64.RawURLEncoding.DecodeString(c.Response["clientDataJSON"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &client); err != nil {
		t.Fatal(err)
	}
	return c, client
}

func TestAPasskeyIsMadeAndUsedWithOnePressEach(t *testing.T) {
	t.Parallel()
	base := showsSteps(t)
	p := shopper(t, from(t, "en"))
	call(p, webauthn.Enable, webauthn.EnableParams{})
	call(p, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})

	p.visit(base + "/addpasskey")
	p.write("#lg-name", "My phone")
	form := p.posts("#lg-passkey")
	made, client := posted(t, form, "login_guard_attestation")
	if form.Get("login_guard_step") != "passkey" || form.Get("login_guard_name") != "My phone" || form.Get("login_guard_token") != "a-token" || made.Type != "public-key" || made.ID != made.RawID ||
		made.Response["attestationObject"] == nil || made.Response["transports"] == nil || client["type"] != "webauthn.create" || client["challenge"] != "Y2hhbGxlbmdl" || client["origin"] != base {
		t.Errorf("made %v, signed %v", form, client)
	}

	p.visit(base + "/passkey")
	p.press("#lg-trust")
	form = p.posts("#lg-passkey")
	used, client := posted(t, form, "login_guard_assertion")
	if form.Get("login_guard_step") != "second" || form.Get("login_guard_method") != "passkey" || form.Get("login_guard_trust") != "1" || used.ID != made.ID ||
		used.Response["signature"] == nil || used.Response["authenticatorData"] == nil || used.Response["userHandle"] != "dXNlcg" || client["type"] != "webauthn.get" || client["challenge"] != "Y2hhbGxlbmdl" {
		t.Errorf("used %v, signed %v", form, client)
	}
}

func TestAPasskeyThatIsNotThereIsSaidAndCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	p := shopper(t, from(t, "en"))
	call(p, webauthn.Enable, webauthn.EnableParams{})
	call(p, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportUsb, AutomaticPresenceSimulation: true}})
	p.visit(showsSteps(t) + "/addpasskey")
	p.press("#lg-passkey") // it keeps none, which the options ask for
	p.says("That did not work, or it was stopped. Please try again.")
	if eval[bool](p, "document.querySelector('#lg-passkey').getAttribute('aria-disabled') === 'true'") {
		t.Error("it cannot be tried again")
	}
}

func TestABrowserWithoutPasskeysIsLedToTheOtherMethods(t *testing.T) {
	t.Parallel()
	p := shopper(t, from(t, "en"))
	p.lacks("delete window.PublicKeyCredential")
	p.visit(showsSteps(t) + "/passkey")
	p.says("This browser cannot use passkeys. Please use another method.")
	if eval[bool](p, "document.querySelector('#lg-passkey').checkVisibility() || !document.querySelector('[value=recovery]').checkVisibility()") {
		t.Error("there is a button for it, or no other method to be seen")
	}
}

func TestAnotherCodeCanBeAskedForWhenTheTimeIsOver(t *testing.T) {
	t.Parallel()
	p := shopper(t, from(t, "en"))
	p.visit(showsSteps(t) + "/sms")
	eval[bool](p, "(document.querySelectorAll('details').forEach(d => d.open = true), true)")
	p.press("#lg-resend")
	if eval[string](p, "document.title") == "posted" {
		t.Error("it was asked for too early")
	}
	p.until("the time is over", "document.querySelector('#lg-resend').getAttribute('aria-disabled') === 'false'")
	if got, want := p.posts("#lg-resend").Encode(), "login_guard_method=sms&login_guard_step=resend"; got != want {
		t.Errorf("posted %s, want %s", got, want)
	}
}

func TestDaysAreWrittenAsTheReaderDoes(t *testing.T) {
	t.Parallel()
	base := showsSteps(t)
	for language, want := range map[string]string{"en": "Nov 23, 2026", "de": "23.11.2026"} {
		p := shopper(t, from(t, language))
		p.visit(base + "/overview")
		if got := eval[string](p, "document.querySelector('time').textContent"); got != want {
			t.Errorf("%s: %s, want %s", language, got, want)
		}
	}
}

func TestRecoveryCodesAreSavedAsAText(t *testing.T) {
	t.Parallel()
	p := shopper(t, from(t, "en"))
	folder := t.TempDir()
	call(p, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder, BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID})
	p.visit(showsSteps(t) + "/codes")
	p.press("#lg-save")
	var files []string
	for end := time.Now().Add(patience); len(files) == 0 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		files, _ = filepath.Glob(filepath.Join(folder, "*.txt"))
	}
	if len(files) != 1 {
		t.Fatalf("%d files were saved", len(files))
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\r\n")
	if len(lines) != 13 || lines[1] != "localhost" || lines[3] != "3F7K-Q2MD-9XAB-H4T0" || lines[12] != "3F7K-Q2MD-9XAB-H4T9" {
		t.Errorf("saved %q", lines)
	}
}
