package blackbox_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// Whoever has the password may be there before the owner, and leave recovery
// codes that wait for a factor. On a new device nobody would see that they are
// not the owner's.
func TestCodesThatAThiefLeftOpenNothingOnceTheOwnerHasAFactor(t *testing.T) {
	t.Parallel()
	e := &prey{door: doors[len(doors)-1], shop: shoptest.Generic().Start(t)}
	e.g = secondGateway(t, e)
	alice := shoptest.Alice()
	thief := visitor(t, e.g.URL, "203.0.113.9")
	thief.login(alice.Email, alice.Password)
	r := thief.sends(thief.get("/.login-guard/account"), "step", "codes")
	left := regexp.MustCompile(`[2-9A-HJ-NP-Z]{4}(-[2-9A-HJ-NP-Z]{4}){3}`).FindAllString(r.body, -1)
	if len(left) < 10 {
		t.Fatalf("no codes before there is a factor: %s", cut(r.body))
	}
	r = thief.sends(r, "step", "saved")
	thief.follows(thief.sends(r, "step", "typed", "code", left[0]))

	owner := visitor(t, e.g.URL, "198.51.100.7")
	owner.login(alice.Email, alice.Password)
	page := owner.get("/.login-guard/account")
	r = owner.sends(owner.sends(page, "step", "setup"), "step", "add", "method", "app")
	e.app = phoneOf(t, regexp.MustCompile(`otpauth://totp/[^"]*`).FindString(r.body))
	r = owner.sends(r, "step", "app", "code", e.app.code(-1))
	if !strings.Contains(r.body, `value="saved"`) {
		t.Errorf("the owner is shown no codes of her own: %s", cut(r.body))
	}
	for _, code := range left[1:3] {
		p, asked := e.thief(t, 5)
		p.later(p.sends(asked, "step", "second", "method", "recovery", "code", code))
		if e.isIn(p) {
			t.Fatal("a code of the thief's opens the account")
		}
	}
}

// Some shops keep the session when somebody signs out. Who sits down at the
// browser next finds no account page open.
func TestSigningOutClosesTheAccountPage(t *testing.T) {
	t.Parallel()
	for _, d := range doors {
		out := map[string]string{"opencart3": "/index.php?route=account/logout", "opencart4": "/?language=en-gb&route=account/logout", "zencart": "/index.php?main_page=logoff"}[d.preset]
		if out == "" {
			continue
		}
		shop := d.shop().Start(t)
		g := guardtest.Start(t, secondSite(d, shop))
		alice := shoptest.Alice()
		p := visitor(t, g.URL, "198.51.100.7")
		p.get("/")
		d.login(p, alice.Email, alice.Password)
		if page := p.get("/.login-guard/account"); !strings.Contains(page.body, `value="setup"`) && !strings.Contains(page.body, `value="add"`) {
			t.Fatalf("%s: the account page after the login: %s", d.preset, cut(page.body))
		}
		p.get(out)
		if page := p.get("/.login-guard/account"); strings.Contains(page.body, `value="setup"`) || strings.Contains(page.body, `value="add"`) {
			t.Errorf("%s: the account page is open after signing out", d.preset)
		}
	}
}
