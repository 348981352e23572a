package browser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"
)

// app is a page whose logins are sent by script; `button` stands for what the
// shopper pressed.
const app = `<button id="button">Sign in</button>
<script>
const alice = {email: 'alice@shop.example', password: 'Wuthering+Heights 1847%'};
const bob = {email: 'bob@shop.example', password: 'Great-Expectations-1861'};
const form = who => { const f = new FormData(); for (const k in who) f.append(k, who[k]); return f; };
// does calls the function and keeps what comes of it.
function does(name, f) {
	button.focus();
	self[name] = '';
	Promise.resolve().then(f).then(async r => self[name] = r.status + ' ' + await r.text(), e => self[name] = e.name);
	return true;
}
</script>`

// refusal is our message to scripts in the shop's console.
const refusal = "status of 403"

func (p *tab) does(name, code string) {
	p.t.Helper()
	eval[bool](p, fmt.Sprintf("does(%q, () => %s)", name, code))
}

// comesOut waits for what came of something that the page does.
func (p *tab) comesOut(name, want string) {
	p.t.Helper()
	p.until(name+" is over", "self."+name)
	if got := eval[string](p, "self."+name); !strings.HasPrefix(got, want) {
		p.t.Errorf("%s came out as %q, want %q", name, got, want)
	}
}

// closed waits until there is no dialog.
func (p *tab) closed() {
	p.t.Helper()
	p.until("the dialog is gone", "![...document.body.children].some(e => e.shadowRoot)")
	p.until("the focus is where it was", "document.activeElement.id === 'button'")
}

func apps(t *testing.T, options ...string) (*site, *place, *tab) {
	t.Helper()
	s := &site{pages: map[string]string{"/app": app}}
	at := s.opens(t, options...)
	p := shopper(t, from(t, "en"))
	p.allow(refusal)
	p.visit(at.url + "/app")
	p.until("the script is there", "self[Symbol.for('login-guard')]")
	return s, at, p
}

const aliceForm = "email=alice%40shop.example&password=Wuthering%2BHeights+1847%25"

func TestLoginsByFetchGoOnAfterTheCheck(t *testing.T) {
	t.Parallel()
	const asJSON = `{"email":"alice@shop.example","password":"Wuthering+Heights 1847%"}`
	for name, test := range map[string]struct {
		code string
		want sent
	}{
		"JSON":                       {`fetch('/api/login', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(alice)})`, sent{"application/json", asJSON}},
		"a form's fields":            {`fetch('/api/login', {method: 'POST', body: new URLSearchParams(alice)})`, sent{"application/x-www-form-urlencoded;charset=UTF-8", aliceForm}},
		"text":                       {`fetch(new URL('/api/login', location), {method: 'post', headers: [['content-type', 'application/x-www-form-urlencoded']], body: new URLSearchParams(alice).toString()})`, sent{"application/x-www-form-urlencoded", aliceForm}},
		"bytes":                      {`fetch('/api/login', {method: 'POST', headers: new Headers({'Content-Type': 'application/json'}), body: new TextEncoder().encode(JSON.stringify(alice))})`, sent{"application/json", asJSON}},
		"a blob":                     {`fetch('/api/login', {method: 'POST', body: new Blob([JSON.stringify(alice)], {type: 'application/json'})})`, sent{"application/json", asJSON}},
		"a request":                  {`fetch(new Request('/api/login', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(alice)}))`, sent{"application/json", asJSON}},
		"a request with other parts": {`fetch(new Request('/api/login', {method: 'POST', body: 'x'}), {headers: {'Content-Type': 'application/json'}, body: JSON.stringify(alice)})`, sent{"application/json", asJSON}},
		"in the address":             {`fetch('/api/login?' + new URLSearchParams(alice))`, sent{"", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, p := apps(t, sliderOnly...)
			p.does("out", test.code)
			p.slides(theDialog)
			p.comesOut("out", `200 {"token":"t-alice"}`)
			p.closed()
			if diff := cmp.Diff([]sent{test.want}, s.got()); diff != "" {
				t.Errorf("logins at the shop (-want +got):\n%s", diff)
			}
		})
	}
}

// A FormData is written with another boundary each time it is sent; what the
// check earned is for one spelling.
func TestAFormDataGoesOnAfterTheCheck(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]string{
		"fetch":                         `fetch('/api/login', {method: 'POST', body: form(alice)})`,
		"a request":                     `fetch(new Request('/api/login', {method: 'POST', body: form(alice)}))`,
		"XHR":                           `new Promise(done => { const x = new XMLHttpRequest(); x.open('POST', '/api/login'); x.onload = () => done(new Response(x.responseText, {status: x.status})); x.send(form(alice)); })`,
		"names and values of all sorts": `(() => { const f = form(alice); f.append('a"b\nc', 'é\nx\r\ny'); return fetch('/api/login', {method: 'POST', body: f}); })()`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, p := apps(t, sliderOnly...)
			p.does("out", code)
			p.slides(theDialog)
			p.comesOut("out", `200 {"token":"t-alice"}`)
			p.closed()
			got := s.got()
			if len(got) != 1 || !strings.HasPrefix(got[0].Type, "multipart/form-data; boundary=") {
				t.Fatalf("%+v", got)
			}
			if name == "names and values of all sorts" && !strings.Contains(got[0].Body, "name=\"a%22b%0D%0Ac\"\r\n\r\né\r\nx\r\ny\r\n") {
				t.Errorf("written as %q", got[0].Body)
			}
		})
	}
}

func TestWhatCannotBeRepeatedIsLeftAlone(t *testing.T) {
	t.Parallel()
	s, _, p := apps(t, sliderOnly...)
	for name, test := range map[string]struct{ code, want string }{
		"keepalive":     {`fetch('/api/login', {method: 'POST', keepalive: true, headers: {'Content-Type': 'application/json'}, body: JSON.stringify(alice)})`, "403"},
		"a file":        {`(() => { const f = form(alice); f.append('file', new Blob(['x'])); return fetch('/api/login', {method: 'POST', body: f}); })()`, "403"},
		"opaque":        {`fetch('/api/login', {method: 'POST', mode: 'no-cors', body: new URLSearchParams(alice)})`, "403"},
		"waits for it":  {`(() => { const x = new XMLHttpRequest(); x.open('POST', '/api/login', false); x.send(new URLSearchParams(alice)); return new Response(x.responseText, {status: x.status}); })()`, "403"},
		"no login":      {`fetch('/api/login', {method: 'POST', body: 'hello'})`, "401"},
		"nothing there": {`fetch('http://localhost:1/')`, "TypeError"},
		"no such way":   {`fetch('/app', {method: 'a b'})`, "TypeError"},
	} {
		t.Run(name, func(t *testing.T) {
			p.allow("net::ERR_")
			p.allow("status of 401")
			p.allow("Synchronous XMLHttpRequest")
			p.does("out", test.code)
			p.comesOut("out", test.want)
			if eval[bool](p, string(theDialog)+" != null") {
				t.Error("there is a dialog")
			}
		})
	}
	if got := s.got(); len(got) != 1 || got[0].Body != "hello" {
		t.Errorf("at the shop: %+v", got)
	}
}

func TestTheDialogIsForTheKeyboardToo(t *testing.T) {
	t.Parallel()
	s, _, p := apps(t, sliderOnly...)
	p.does("out", `fetch('/api/login', {method: 'POST', body: new URLSearchParams(alice)})`)
	p.in(theDialog, "#lg-bar")
	p.holds(theDialog, "the focus is on the bar", "page.activeElement?.id === 'lg-bar'")
	p.keys(kb.End)
	p.tells(theDialog, checkedPress)
	for range 3 {
		if eval[bool](p, string(theDialog)+".contentDocument.activeElement.id === 'lg-send'") {
			break
		}
		p.keys(kb.Tab)
	}
	p.keys(kb.Enter)
	p.comesOut("out", "200")
	p.closed()
	if n := len(s.got()); n != 1 {
		t.Errorf("%d logins", n)
	}
}

// Closed by any of its ways the shop gets the refusal, and can ask again.
func TestAClosedDialogGivesTheShopTheRefusal(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(p *tab){
		"Escape in the frame": func(p *tab) { p.keys(kb.Escape) },
		"the button": func(p *tab) {
			b := eval[box](p, `(() => { const b = [...document.body.children].find(e => e.shadowRoot).shadowRoot.querySelector('button').getBoundingClientRect(); return {X: b.x, Y: b.y, Width: b.width, Height: b.height}; })()`)
			if b.Width < 44 || b.Height < 44 {
				p.t.Errorf("it is %v by %v", b.Width, b.Height)
			}
			p.click(b.centre())
		},
		"the button, by keyboard": func(p *tab) {
			p.t.Helper()
			for range 12 {
				p.keys(kb.Tab)
				if eval[bool](p, "document.activeElement.shadowRoot?.activeElement?.tagName === 'BUTTON'") {
					p.keys(kb.Enter)
					return
				}
			}
			p.t.Fatal("Tab does not lead to the button")
		},
		"Escape on the button": func(p *tab) {
			eval[bool](p, "([...document.body.children].find(e => e.shadowRoot).shadowRoot.querySelector('button').focus(), true)")
			p.keys(kb.Escape)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, p := apps(t, sliderOnly...)
			for _, code := range []string{
				`fetch('/api/login', {method: 'POST', body: new URLSearchParams(alice)})`,
				`new Promise(done => { const x = new XMLHttpRequest(); x.open('POST', '/api/login'); x.onload = () => done(new Response(x.responseText, {status: x.status})); x.send(new URLSearchParams(alice)); })`,
			} {
				p.does("out", code)
				p.in(theDialog, "#lg-bar")
				p.holds(theDialog, "the focus is on the bar", "page.activeElement?.id === 'lg-bar'")
				if got := eval[string](p, "[...document.body.children].find(e => e.shadowRoot).shadowRoot.querySelector('button').ariaLabel"); got != "Close" {
					t.Errorf("the button is called %q", got)
				}
				leave(p)
				p.comesOut("out", `403 {"type":`)
				p.closed()
			}
			p.does("out", `fetch('/api/login', {method: 'POST', body: new URLSearchParams(alice)})`)
			p.slides(theDialog)
			p.comesOut("out", "200")
			if n := len(s.got()); n != 1 {
				t.Errorf("%d logins", n)
			}
		})
	}
}

func TestLoginsAtTheSameTimeShareOneDialog(t *testing.T) {
	t.Parallel()
	s, _, p := apps(t, sliderOnly...)
	eval[bool](p, `(self.opened = 0, new MutationObserver(all => self.opened += all.flatMap(m => [...m.addedNodes]).filter(e => e.shadowRoot).length).observe(document.body, {childList: true}), true)`)
	opened := func(n int) {
		t.Helper()
		p.closed()
		if got := eval[int](p, "self.opened"); got != n {
			t.Errorf("%d dialogs were opened, want %d", got, n)
		}
	}
	// The same login twice: what the first earned does for the second.
	p.does("one", `fetch('/api/login', {method: 'POST', body: new URLSearchParams(alice)})`)
	p.does("again", `fetch('/api/login', {method: 'POST', body: new URLSearchParams(alice)})`)
	p.slides(theDialog)
	p.comesOut("one", "200")
	p.comesOut("again", "200")
	opened(1)
	// Two people's: one after the other.
	p.allow("status of 401")
	p.does("one", `fetch('/api/login', {method: 'POST', body: new URLSearchParams({email: 'one@shop.example', password: 'x'})})`)
	p.does("other", `fetch('/api/login', {method: 'POST', body: new URLSearchParams(bob)})`)
	p.slides(theDialog)
	p.until("one is over", "self.one || self.other")
	p.until("the other's check is there", string(theDialog)+"?.contentDocument?.querySelector('#lg-track:not(.checked)')")
	p.slides(theDialog)
	p.comesOut("one", "401")
	p.comesOut("other", `200 {"token":"t-bob"}`)
	opened(2)
	if n := len(s.got()); n != 4 {
		t.Errorf("%d logins", n)
	}
	// Who closes it has closed it for all that wait.
	for _, name := range []string{"one", "other"} {
		p.does(name, fmt.Sprintf(`fetch('/api/login', {method: 'POST', body: new URLSearchParams({email: 'new-%s@shop.example', password: 'x'})})`, name))
	}
	p.in(theDialog, "#lg-bar")
	p.holds(theDialog, "the focus is on the bar", "page.activeElement?.id === 'lg-bar'")
	p.keys(kb.Escape)
	p.comesOut("one", "403")
	p.comesOut("other", "403")
	opened(3)
}

// Messages count only from our own frames.
func TestMessagesOfOthersAreNotHeard(t *testing.T) {
	t.Parallel()
	s, _, p := apps(t, sliderOnly...)
	p.does("out", `fetch('/api/login', {method: 'POST', body: new URLSearchParams(alice)})`)
	p.in(theDialog, "#lg-bar")
	p.asked()
	eval[bool](p, `(() => {
		const other = document.createElement('iframe');
		document.body.append(other);
		for (const from of [self, other.contentWindow]) from.eval("parent.postMessage({loginGuard: 'cleared', clearance: 'x'}, '*'); parent.postMessage({loginGuard: 'close'}, '*'); parent.postMessage(null, '*')");
		other.remove();
		return new Promise(go => setTimeout(go, 500, true));
	})()`)
	if asked, out := p.asked(), eval[string](p, "self.out"); len(asked) > 0 || out != "" {
		t.Errorf("others' messages were heard: %v, %.100s", asked, out)
	}
	p.slides(theDialog)
	p.comesOut("out", "200")
	if n := len(s.got()); n != 1 {
		t.Errorf("%d logins", n)
	}
}

// A login that nobody waits for any more takes its dialog with it.
func TestAnAbortedLoginTakesItsDialogWithIt(t *testing.T) {
	t.Parallel()
	s, _, p := apps(t, sliderOnly...)
	p.does("out", `fetch('/api/login', {method: 'POST', body: new URLSearchParams(alice), signal: (self.stop = new AbortController()).signal})`)
	p.in(theDialog, "#lg-bar")
	eval[bool](p, "(stop.abort(), true)")
	p.comesOut("out", "AbortError")
	p.closed()
	p.does("out", `new Promise((done, fail) => { self.x = new XMLHttpRequest(); x.onabort = () => fail({name: 'aborted'}); x.onload = () => fail({name: 'loaded'}); x.open('POST', '/api/login'); x.send(new URLSearchParams(alice)); })`)
	p.in(theDialog, "#lg-bar")
	eval[bool](p, "(x.abort(), true)")
	p.comesOut("out", "aborted")
	p.closed()
	// A time limit is for the network; people take as long as they take.
	p.does("out", `fetch('/api/login', {method: 'POST', body: new URLSearchParams(alice), signal: AbortSignal.timeout(1500)})`)
	p.in(theDialog, "#lg-bar")
	eval[bool](p, "new Promise(go => setTimeout(go, 2000, true))")
	p.slides(theDialog)
	p.comesOut("out", "200")
	if n := len(s.got()); n != 1 {
		t.Errorf("%d logins", n)
	}
}

func TestAPictureComesInTheSameDialog(t *testing.T) {
	t.Parallel()
	s, at, p := apps(t, "ask_after 3d", "limit network 4 refill 1/h")
	p.does("out", `fetch('/api/login', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(alice)})`)
	p.in(theDialog, "#lg-bar")
	eval[bool](p, "([...document.body.children].find(e => e.shadowRoot).first = true)")
	// Meanwhile somebody in this network guesses.
	for i := range 4 {
		q := shopper(t, p.sends)
		q.visit(at.url + "/app")
		q.does("out", fmt.Sprintf(`fetch('/api/login', {method: 'POST', body: new URLSearchParams({email: 'bob%d@shop.example', password: 'x'})})`, i))
		q.allow("status of 40")
		q.slides(theDialog)
		q.comesOut("out", "401")
	}
	p.slides(theDialog)
	p.in(theDialog, "#lg-answer")
	if !eval[bool](p, "[...document.body.children].find(e => e.shadowRoot).first === true") {
		t.Error("the picture comes in another dialog")
	}
	token := fmt.Sprintf("%s.contentDocument.querySelector('#lg-data').textContent", theDialog)
	digits := p.solution("JSON.parse(" + token + ").task.token")
	p.holds(theDialog, "the focus is on the field", "page.activeElement?.id === 'lg-answer'")
	for _, d := range digits {
		p.keys(string(d))
	}
	p.keys(kb.Enter)
	p.comesOut("out", `200 {"token":"t-alice"}`)
	p.closed()
	if n := len(s.got()); n != 5 {
		t.Errorf("%d logins", n)
	}
}
