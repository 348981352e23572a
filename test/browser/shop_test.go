package browser_test

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/internal/challenge/challengetest"
	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/picture"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// place is a shop with the gateway in front of it.
type place struct {
	t    testing.TB
	shop *shoptest.Shop
	gate *guardtest.Gateway
	url  string
}

// slides is a gateway that asks every new device for the slider.
var slides = []string{"ask_after 3d"}

// reads returns the options of a gateway that asks for a picture: it has
// every address on a list, and a ladder on which that is enough.
func reads(t testing.TB) []string {
	list := filepath.Join(t.TempDir(), "blocked.txt")
	if err := os.WriteFile(list, []byte("0.0.0.0/0\n::/0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"list:" + list, "ladder slider 2 picture 4"}
}

// start runs a shop of no known make and the gateway in front of it, with the
// lines of options in its login_guard block.
func start(t testing.TB, options ...string) *place {
	t.Helper()
	shop := shoptest.Generic().Start(t)
	gate := guardtest.Start(t, caddyfile("http://localhost:$PORT", shop.URL, "", options...))
	return &place{t: t, shop: shop, gate: gate, url: gate.URL}
}

// caddyfile is one of a site at an address. An option `list:FILE` becomes a
// list of blocked networks; extra is put before login_guard.
func caddyfile(address, upstream, extra string, options ...string) string {
	var global, local string
	for _, o := range options {
		if len(o) > 5 && o[:5] == "list:" {
			global += "\n\t\tlist blocked " + o[5:]
			continue
		}
		local += "\n\t\t" + o
	}
	return fmt.Sprintf(`{
	$GLOBAL
	login_guard {
		key $KEY%s
	}
}
%s {
	%s
	login_guard {
		site shop
		page {
			name "Demo Shop"
			support https://shop.example/contact
			reset /lost-password
		}%s
	}
	reverse_proxy %s
}
`, global, address, extra, local, upstream)
}

// from is the headers of a shopper in a network of the test's own, out of
// those for measurements (RFC 2544, 198.18.0.0/15), and in a language.
func from(t testing.TB, language string) map[string]string {
	h := fnv.New32a()
	h.Write([]byte(t.Name()))
	n := h.Sum32() % (1 << 9)
	return map[string]string{
		"X-Forwarded-For": fmt.Sprintf("198.%d.%d.7", 18+n>>8, n&255),
		"Accept-Language": language,
	}
}

// signIn fills the shop's login form on the page that is open and sends it.
func (p *tab) signIn(name, password string) {
	p.t.Helper()
	p.write("#email", name)
	p.write("#password", password)
	p.leaves(func() { p.press("form[action='/login'] button") })
}

// comes opens the shop's login page and signs in.
func (p *tab) comes(at *place, name, password string) {
	p.t.Helper()
	p.visit(at.url + "/login")
	p.signIn(name, password)
}

// alice signs in with the right password and meets a check.
func (p *tab) alice(at *place) {
	p.t.Helper()
	p.comes(at, shoptest.Alice().Email, shoptest.Alice().Password)
}

// meets waits for a check of ours, at the login's own address or, once its
// script has run, at that of the check.
func (p *tab) meets(at *place, selector string) {
	p.t.Helper()
	p.until("the check with "+selector+" is there", fmt.Sprintf("document.readyState === 'complete' && document.querySelector(%q)", selector))
	if href := eval[string](p, "location.href"); href != at.url+"/login" && !strings.HasPrefix(href, at.url+"/.login-guard/check/") {
		p.t.Errorf("the check is at %s, want the login's own address or the check's", href)
	}
	if eval[bool](p, "!!document.querySelector('input[type=password]')") {
		p.t.Error("the check has a password field, which password managers would take for the login")
	}
}

// says waits until the status line starts with words of a key, up to the
// first variable part.
func (p *tab) says(words string) {
	p.t.Helper()
	p.until(fmt.Sprintf("the status line says %q", words), fmt.Sprintf("document.querySelector('#lg-status')?.textContent.startsWith(%q)", words))
}

// arrives waits until the shop's account page greets the customer at its own
// address.
func (p *tab) arrives(at *place, email string) {
	p.t.Helper()
	defer func() {
		if p.t.Failed() { // what the gateway thought of it
			for _, d := range at.gate.Decisions() {
				p.t.Logf("%s %s %v", d.Action, d.Outcome, d.Reasons)
			}
		}
	}()
	p.until("the account page is there", fmt.Sprintf("location.href === %q && document.querySelector('strong')?.textContent === %q", at.url+"/account", email))
}

// saw holds the logins that the shop ran against those wanted, in order.
func (at *place) saw(want ...shoptest.Login) {
	at.t.Helper()
	if diff := cmp.Diff(want, at.shop.Logins()); diff != "" {
		at.t.Errorf("logins that the shop ran (-want +got):\n%s", diff)
	}
}

// right and wrong are logins of Alice as the shop reads them.
func right() shoptest.Login {
	return shoptest.Login{Door: "login", Account: shoptest.Alice().Email, Password: shoptest.Alice().Password, Result: shoptest.Right}
}

func wrong(password string) shoptest.Login {
	return shoptest.Login{Door: "login", Account: shoptest.Alice().Email, Password: password, Result: shoptest.Wrong}
}

// solution is what the picture shows, or the sound says, whose token the
// expression evaluates to.
func (p *tab) solution(token string) string {
	p.t.Helper()
	return p.solutionOf(picture.StyleLetters, token)
}

func (p *tab) solutionOf(style picture.Style, token string) string {
	p.t.Helper()
	checks := guardtest.Checks(p.t, "shop")
	checks.Style = style
	text, err := challengetest.Solution(checks, eval[string](p, token), time.Now())
	if err != nil {
		p.t.Fatalf("reading the picture: %v", err)
	}
	return text
}

// not returns as many characters, each another one.
func not(text string) string {
	out := []byte(text)
	for i, c := range out {
		switch out[i] = c + 1; c {
		case 'Z':
			out[i] = 'A'
		case '9':
			out[i] = '0'
		}
	}
	return string(out)
}
