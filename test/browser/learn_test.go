package browser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// TestAnOperatorLearnsALoginInABrowser makes the two logins as the verb asks
// for them, in a shop whose page sends its form by itself and in one whose
// script does, and puts what was printed into the Caddyfile.
func TestAnOperatorLearnsALoginInABrowser(t *testing.T) {
	t.Parallel()
	alice := shoptest.Alice()
	for name, c := range map[string]struct {
		shop                            *shoptest.Shop
		page, account, password, button string
		wrong, right                    string // what the browser shows then
		want                            []string
	}{
		"a form": {shoptest.Generic(), "/login", "#email", "#password", "form[action='/login'] button",
			"document.querySelector('[role=alert]')", "location.pathname === '/account'",
			[]string{"path /login", "success status 3xx cookie session not_location /login on_path"}},
		"a script": {shoptest.OpenCart4(), "/index.php?route=account/login", "#input-email", "#input-password", "#form-login button",
			"document.querySelector('.alert-danger')", "location.search.includes('customer_token=')",
			[]string{"script opencart4", "success json /redirect contains customer_token= on_path"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := c.shop.Start(t)
			gate := guardtest.Start(t, caddyfile("http://localhost:$PORT", shop.URL, ""))
			signIn := func(p *tab, password, shown string) {
				t.Helper()
				p.visit(gate.URL + c.page)
				p.write(c.account, alice.Email)
				p.write(c.password, password)
				p.press(c.button)
				p.until("the shop's answer is there", fmt.Sprintf("document.readyState === 'complete' && !!(%s)", shown))
			}
			p := shopper(t, from(t, "en"))
			l := gate.Learn()
			signIn(p, l.Word, c.wrong)
			l.Waits("right")
			signIn(p, alice.Password, c.right)
			block := l.Block(l.End())
			for _, line := range c.want {
				if !strings.Contains(block, line) {
					t.Errorf("no %q in\n%s", line, block)
				}
			}
			if why := gate.Reload(caddyfile("http://localhost:$PORT", shop.URL, "", block)); why != "" {
				t.Fatalf("%s\n%s", why, block)
			}
			// What was counted while the shop was not known is not in the way.
			elsewhere := from(t, "en")
			elsewhere["X-Forwarded-For"] = "203.0.113.9"
			n := len(gate.Decisions())
			p = shopper(t, elsewhere)
			signIn(p, "not the word", c.wrong)
			if d := gate.LastDecision(n + 1); d.Outcome != "failure" {
				t.Errorf("a wrong password: %+v\n%s", d, block)
			}
			signIn(p, alice.Password, c.right)
			if d := gate.LastDecision(n + 2); d.Outcome != "success" || d.Mode != "enforce" {
				t.Errorf("the right password: %+v\n%s", d, block)
			}
		})
	}
}
