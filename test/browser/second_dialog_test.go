package browser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"
)

// codeIn types a code into the dialog and sends it with the Enter key.
func (p *tab) codeIn(code string) {
	p.t.Helper()
	p.holds(theDialog, "the focus is on the field for the code", "page.activeElement?.id === 'lg-code' && page.hasFocus()")
	for _, r := range code {
		p.keys(string(r))
	}
	p.keys(kb.Enter)
}

// A shop whose login is sent by script: the second factor is given in the
// dialog over its page, and its script gets the shop's answer, once.
func TestTheSecondFactorOfAScriptsLoginComesInTheDialog(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]string{
		"fetch": `fetch('/api/login', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(alice)})`,
		"XHR":   fmt.Sprintf(logs, "json"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, at, p := apps(t, twoSteps()...)
			a, _ := enrolled(t, p, at)
			p.visit(at.url + "/logout")
			p.visit(at.url + "/app")
			p.until("the script is there", "self[Symbol.for('login-guard')]")
			p.does("out", code)
			p.in(theDialog, "#lg-code")
			if got := eval[string](p, "[...document.body.children].find(e => e.shadowRoot).shadowRoot.querySelector('dialog').ariaLabel"); got == "" {
				t.Error("the dialog has no name")
			}
			p.codeIn("123456")
			p.tells(theDialog, "That code is not right.")
			if out := eval[string](p, "self.out"); out != "" {
				t.Errorf("a wrong code came out as %s", out)
			}
			p.codeIn(a.code(t))
			p.comesOut("out", `200 {"token":"t-alice"}`)
			p.closed()
			if got := s.got(); len(got) != 1 || got[0].Type != "application/json" {
				t.Errorf("logins at the shop: %+v", got)
			}
			if name == "XHR" {
				want := []string{"readystatechange 1 0", "readystatechange 2 200", "readystatechange 3 200", "progress 3 200", "readystatechange 4 200", "load 4 200", "loadend 4 200"}
				if diff := cmp.Diff(want, eval[[]string](p, "self.log")); diff != "" {
					t.Errorf("the shop's listeners heard (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestAPasskeyAndATrustedBrowserInTheDialog(t *testing.T) {
	t.Parallel()
	s, at, p := apps(t, twoSteps()...)
	p.authenticator()
	enrolled(t, p, at)
	p.next("button[value=passkey]")
	p.next("#lg-passkey")
	p.told("The method was added.")
	p.visit(at.url + "/logout")
	p.visit(at.url + "/app")
	p.until("the script is there", "self[Symbol.for('login-guard')]")
	const login = `fetch('/api/login', {method: 'POST', body: new URLSearchParams(alice)})`
	p.does("out", login)
	p.holds(theDialog, "the focus is on the button", "page.activeElement?.id === 'lg-passkey' && page.hasFocus()")
	b := p.in(theDialog, "#lg-trust")
	p.click(b.centre())
	b = p.in(theDialog, "#lg-passkey")
	p.click(b.centre())
	p.comesOut("out", `200 {"token":"t-alice"}`)
	p.closed()
	p.does("out", login)
	p.comesOut("out", `200 {"token":"t-alice"}`)
	if n := len(s.got()); n != 2 {
		t.Errorf("%d logins", n)
	}
}

// Closed or cancelled the shop's script gets the refusal; cancelled the
// session is over as well, and the shop is open to look at.
func TestACancelledSecondFactorInTheDialogGivesTheShopTheRefusal(t *testing.T) {
	t.Parallel()
	s, at, p := apps(t, twoSteps()...)
	a, _ := enrolled(t, p, at)
	p.visit(at.url + "/logout")
	p.visit(at.url + "/app")
	p.until("the script is there", "self[Symbol.for('login-guard')]")
	const login = `fetch('/api/login', {method: 'POST', body: new URLSearchParams(alice)})`
	p.does("out", login)
	p.in(theDialog, "#lg-code")
	p.holds(theDialog, "the focus is on the field", "page.activeElement?.id === 'lg-code'")
	p.keys(kb.Escape)
	p.comesOut("out", `403 {"type":`)
	p.closed()
	p.does("out", login)
	b := p.in(theDialog, "#lg-cancel")
	p.click(b.centre())
	p.comesOut("out", `403 {"type":`)
	p.closed()
	for _, c := range cookies(p, at.url) {
		if strings.HasPrefix(c, "auth=") || strings.HasPrefix(c, "login_guard_second=") {
			t.Errorf("the cookie %s stayed", c)
		}
	}
	p.visit(at.url + "/cart")
	if !eval[bool](p, "!!document.querySelector('#count')") {
		t.Errorf("after cancelling the shop is not open: %s", p.describe())
	}
	p.visit(at.url + "/app")
	p.until("the script is there", "self[Symbol.for('login-guard')]")
	p.does("out", login)
	p.in(theDialog, "#lg-code")
	p.codeIn(a.code(t))
	p.comesOut("out", "200")
	if n := len(s.got()); n != 3 {
		t.Errorf("%d logins", n)
	}
}
