package browser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// register is a registration, as it stands beside many a login form.
const register = `<form method="post" action="/register">
<p><label>E-mail <input name="email" type="email"></label></p>
<p><label>Password <input name="password" type="password" autocomplete="new-password"></label></p>
<p><label>Again <input name="password2" type="password" autocomplete="new-password"></label></p>
<button>Register</button>
</form>`

// fills types Alice's login into the form that is open.
func (p *tab) fills() {
	p.t.Helper()
	p.write("#email", shoptest.Alice().Email)
	p.write("#password", shoptest.Alice().Password)
}

// enters opens a page of the site with a login form.
func enters(t *testing.T, body string, options ...string) (*place, *tab) {
	t.Helper()
	s := site{pages: map[string]string{"/enter": body}}
	at := s.opens(t, options...)
	p := shopper(t, from(t, "en"))
	p.visit(at.url + "/enter")
	return at, p
}

// The slider under the password, by every way of moving it: the shop's own
// button then signs in without another page.
func TestTheSliderBesideALoginForm(t *testing.T) {
	t.Parallel()
	for name, slide := range map[string]func(p *tab){
		"by mouse": func(p *tab) { p.slides(theBar) },
		"by a click on its end": func(p *tab) {
			b := p.in(theBar, "#lg-bar")
			p.click(b.X+b.Width-20, b.Y+b.Height/2)
		},
		"by keyboard": func(p *tab) {
			p.in(theBar, "#lg-bar")
			p.press("#password")
			p.keys(kb.Tab)
			p.holds(theBar, "Tab leads from the password to the bar", "page.activeElement?.id === 'lg-bar'")
			p.keys(kb.End)
		},
		"without sliding": func(p *tab) {
			b := p.in(theBar, "#lg-press")
			p.click(b.centre())
			p.tells(theBar, "Checking")
		},
		"without sliding, by keyboard": func(p *tab) {
			p.in(theBar, "#lg-bar")
			p.press("#password")
			p.keys(kb.Tab, kb.Tab)
			p.holds(theBar, "Tab leads to the button", "page.activeElement?.id === 'lg-press'")
			p.keys(" ")
			p.holds(theBar, "the focus has not gone with the button", "page.querySelector('#lg-press').hidden && page.activeElement?.id === 'lg-bar'")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, p := enters(t, form, slides...)
			p.fills()
			slide(p)
			p.tells(theBar, "Checked")
			if got := eval[string](p, string(theBar)+".contentDocument.querySelector('#lg-status').textContent"); got != "Checked" {
				t.Errorf("it says %q; the shop's own button is not ours to name", got)
			}
			if strings.HasSuffix(name, "keyboard") {
				for range 3 { // on with Tab alone
					p.keys(kb.Tab)
					if eval[string](p, "document.activeElement.id") == "send" {
						break
					}
				}
				p.keys(kb.Enter)
			} else {
				p.press("#send")
			}
			p.arrives(at, shoptest.Alice().Email)
			at.saw(right())
			// The browser is known now: the next page asks for nothing.
			p.visit(at.url + "/enter")
			p.asked()
			p.fills()
			p.press("#send")
			p.arrives(at, shoptest.Alice().Email)
			for _, r := range p.asked() {
				if strings.Contains(r, "frame=") {
					t.Errorf("a known device got %s", r)
				}
			}
		})
	}
}

// Sent without sliding the form is stopped once, with a hint in place; sent
// again it goes, and the page after sending asks.
func TestAFormThatWasNotSlidIsStoppedOnce(t *testing.T) {
	t.Parallel()
	at, p := enters(t, form, sliderOnly...)
	p.fills()
	p.in(theBar, "#lg-bar")
	p.press("#send")
	p.tells(theBar, hintSkipped)
	p.holds(theBar, "the focus is on the bar", "page.activeElement?.id === 'lg-bar' && page.hasFocus()")
	if role := eval[string](p, string(theBar)+".contentDocument.querySelector('#lg-status').getAttribute('role')"); role != "status" {
		t.Errorf("the hint has role %q: nobody reads it aloud", role)
	}
	if got := eval[string](p, "document.querySelector('#password').value"); got != shoptest.Alice().Password {
		t.Errorf("the password is %q now", got)
	}
	at.saw()
	p.press("#password")
	p.leaves(func() { p.keys(kb.Enter) })
	p.meets(at, "#lg-bar")
	p.drag(unhurried)
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

// Which forms get the slider, and where in them.
func TestWhichFormsGetTheSlider(t *testing.T) {
	t.Parallel()
	const under = "document.querySelector('iframe').getBoundingClientRect().top >= document.querySelector('#password').getBoundingClientRect().bottom && document.querySelector('iframe').getBoundingClientRect().bottom <= document.querySelector('#send').getBoundingClientRect().bottom + 60"
	for name, test := range map[string]struct {
		body string
		want int
		also string // what must hold besides
	}{
		"a login":                       {form, 1, under},
		"a registration":                {register, 0, ""},
		"both":                          {register + form, 1, under + " && document.querySelector('iframe').closest('form').action.endsWith('/login')"},
		"a search":                      {`<form action="/search"><input name="q"><button>Go</button></form>`, 0, ""},
		"one for another shop":          {strings.Replace(form, `"/login"`, `"https://other.example/login"`, 1), 0, ""},
		"fields of no known name":       {strings.NewReplacer(`name="email"`, `name="x1"`, `name="password"`, `name="x2"`).Replace(form), 0, ""},
		"the same, marked":              {strings.NewReplacer(`name="email"`, `name="x1"`, `name="password"`, `name="x2"`, "<form", "<form data-login-guard").Replace(form), 1, under},
		"a place of its own":            {strings.Replace(form, "<button", `<button type="button">?</button><div id="here" data-login-guard></div><button`, 1), 1, "document.querySelector('#here iframe')"},
		"no form at all, marked":        {`<div data-login-guard><input id="email" name="email"><p><input id="password" type="password"></p><button id="send">Go</button></div>`, 1, under},
		"a password to be set":          {strings.Replace(form, "current-password", "new-password", 1), 0, ""},
		"in a table":                    {`<form action="/login" method="post"><table><tr><td>E-mail<td><input name="email"></tr><tr><td>Password<td><input id="password" type="password" name="password"></tr><tr><td><td><button id="send">Go</button></tr></table></form>`, 1, "document.querySelector('tr:nth-child(3) > td[colspan] > iframe') && " + under},
		"in a list":                     {`<form action="/login" method="post"><ul><li><input name="email"><li><input id="password" type="password" name="password"><li><button id="send">Go</button></ul></form>`, 1, "document.querySelector('li:nth-child(2) > iframe') && " + under},
		"beside a button that shows it": {strings.Replace(form, `"current-password">`, `"current-password"><button type="button">show</button>`, 1), 1, "document.querySelector('form > iframe') && " + under},
		"names in brackets":             {strings.NewReplacer(`name="email"`, `name="user[email]"`, `name="password"`, `name="user[password]"`).Replace(form), 1, under},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, p := enters(t, test.body, sliderOnly...)
			if test.want > 0 {
				p.in(theBar, "#lg-bar")
			} else {
				// Nobody is even asked.
				eval[bool](p, "new Promise(go => setTimeout(go, 600, true))")
				for _, r := range p.asked() {
					if strings.Contains(r, "/inline") {
						t.Errorf("the page asked for %s", r)
					}
				}
			}
			if n := eval[int](p, "document.querySelectorAll('iframe').length"); n != test.want {
				t.Errorf("%d sliders, want %d", n, test.want)
			}
			if test.also != "" && !eval[bool](p, "!!("+test.also+")") {
				t.Errorf("it stands wrong:\n%s", eval[string](p, "document.body.innerHTML"))
			}
			_ = at
		})
	}
}

// Shops' own login forms, as their presets know them.
func TestLoginFormsOfShopsAreKnown(t *testing.T) {
	t.Parallel()
	fields := func(action string, names ...string) string {
		out := `<form method="post" action="` + action + `">`
		for _, n := range names {
			kind := "text"
			if strings.Contains(strings.ToLower(n), "pass") || n == "pwd" {
				kind = "password"
			}
			if n == "login" {
				out += `<button name="login">Log in</button>`
				continue
			}
			out += fmt.Sprintf(`<p><input type="%s" name="%s"></p>`, kind, n)
		}
		return out + "</form>"
	}
	for name, test := range map[string]struct{ preset, yes, no string }{
		"WooCommerce": {"woocommerce", fields("", "username", "password", "login"), fields("", "username", "email", "password", "register")},
		"WordPress":   {"woocommerce", fields("/wp-login.php", "log", "pwd"), fields("/wp-login.php?action=resetpass", "pass1", "pass2")},
		"OpenCart 4":  {"opencart4", fields("/index.php?route=account/login.login&amp;login_token=1", "email", "password"), fields("/index.php?route=account/register.register", "email", "password")},
		"OpenCart 3":  {"opencart3", fields("/index.php?route=account/login", "email", "password"), fields("/index.php?route=account/register", "email", "password", "confirm")},
		"Zen Cart":    {"zencart", fields("/index.php?main_page=login&amp;action=process", "email_address", "password"), fields("/index.php?main_page=create_account", "email_address", "password", "confirmation")},
		"Django":      {"django", fields("", "username", "password"), fields("", "username", "password1", "password2")},
		"Magento":     {"magento2\n\t\tmode enforce", fields("", "login[username]", "login[password]"), fields("", "email", "password", "password_confirmation")},
		"EverShop":    {"evershop", fields("", "email", "password"), fields("", "full_name", "email", "password")},
		"Vendure":     {"vendure", fields("", "username", "password"), fields("", "firstName", "email", "password")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			preset, more, _ := strings.Cut(test.preset, "\n\t\t")
			s := site{preset: preset, pages: map[string]string{"/yes": test.yes, "/no": test.no}}
			options := sliderOnly
			if more != "" {
				options = append([]string{more}, sliderOnly...)
			}
			at := s.opens(t, options...)
			p := shopper(t, from(t, "en"))
			p.visit(at.url + "/yes")
			p.in(theBar, "#lg-bar")
			p.visit(at.url + "/no")
			eval[bool](p, "new Promise(go => setTimeout(go, 600, true))")
			if eval[bool](p, "!!document.querySelector('iframe')") {
				t.Error("what is no login got a slider too")
			}
		})
	}
}

func TestFormsThatComeLateGetTheSlider(t *testing.T) {
	t.Parallel()
	late := fmt.Sprintf("(document.querySelector('main').insertAdjacentHTML('beforeend', %q), true)", form)
	for name, test := range map[string]struct{ body, come string }{
		"inserted":             {"", late},
		"in a dialog":          {"<dialog>" + form + "</dialog>", "(document.querySelector('dialog').showModal(), true)"},
		"unfolded":             {"<div id=box hidden>" + form + "</div>", "(box.hidden = false, true)"},
		"the second step":      {`<form id="f" method="post" action="/login"><p><input id="email" name="email"></p><p id="two"></p><button id="send">Sign in</button></form>`, `(two.innerHTML = '<input id="password" type="password" name="password">', true)`},
		"below the fold":       {`<div style="height: 3000px"></div>` + form, "(document.querySelector('#email').scrollIntoView(), true)"},
		"drawn anew each time": {form, "(document.querySelector('iframe')?.remove(), document.querySelector('form').outerHTML = document.querySelector('form').outerHTML, true)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, p := enters(t, test.body, sliderOnly...)
			eval[bool](p, "new Promise(go => setTimeout(go, 500, true))")
			for _, r := range p.asked() {
				if strings.Contains(r, "/inline") && name != "drawn anew each time" {
					t.Errorf("before anybody saw a form: %s", r)
				}
			}
			eval[bool](p, test.come)
			p.in(theBar, "#lg-bar")
			p.fills()
			p.slides(theBar)
			p.tells(theBar, "Checked")
			p.press("#send")
			p.arrives(at, shoptest.Alice().Email)
			at.saw(right())
		})
	}
}

// A form that throws out what it did not make gets the slider three times, and
// is left in peace then.
func TestAFormThatThrowsTheSliderOutIsLeftInPeace(t *testing.T) {
	t.Parallel()
	at, p := enters(t, form+`<script>new MutationObserver(() => document.querySelector('form iframe')?.remove()).observe(document.querySelector('form'), {childList: true, subtree: true})</script>`, sliderOnly...)
	eval[bool](p, "new Promise(go => setTimeout(go, 2500, true))")
	n := 0
	for _, r := range p.asked() {
		if strings.Contains(r, "frame=") {
			n++
		}
	}
	if n > 3 {
		t.Errorf("the slider was drawn %d times", n)
	}
	p.fills()
	p.leaves(func() { p.press("#send") })
	p.meets(at, "#lg-bar")
}

func TestTwoFormsShareWhatWasSlid(t *testing.T) {
	t.Parallel()
	second := strings.NewReplacer(`id="`, `id="second-`).Replace(form)
	at, p := enters(t, second+form, sliderOnly...)
	const other frame = "document.querySelectorAll('iframe')[1]"
	p.in(theBar, "#lg-bar")
	p.in(other, "#lg-bar")
	p.slides(other)
	p.until("one slider is left, and it is green", "document.querySelectorAll('iframe').length === 1 && document.querySelector('#password').closest('form').querySelector('iframe').contentDocument.querySelector('.checked')")
	p.write("#second-email", shoptest.Alice().Email)
	p.write("#second-password", shoptest.Alice().Password)
	p.press("#second-send")
	p.arrives(at, shoptest.Alice().Email)
	at.saw(right())
}

// Back to the form from the browser's memory: what was earned is spent, so it
// looks again.
func TestBackToTheFormItLooksAgain(t *testing.T) {
	t.Parallel()
	at, p := enters(t, form, sliderOnly...)
	p.write("#email", shoptest.Bob().Email)
	p.write("#password", "typo")
	p.slides(theBar)
	p.tells(theBar, "Checked")
	eval[bool](p, "self.kept = true")
	p.leaves(func() { p.press("#send") })
	p.walk(-1)
	p.until("the form is there as it was left", "location.pathname === '/enter' && document.readyState === 'complete' && document.querySelector('#password')")
	if !eval[bool](p, "!!self.kept") {
		t.Fatal("the browser loaded the page anew; this test is about its memory")
	}
	p.until("the spent slider is gone", "!document.querySelector('iframe')")
	p.write("#email", shoptest.Bob().Email)
	p.write("#password", shoptest.Bob().Password)
	p.press("#send") // the check is good for another try
	p.arrives(at, shoptest.Bob().Email)
}
