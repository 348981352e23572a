package browser_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/login-guard/login-guard/assets"
)

// languages are those in which every page is looked at whole, one for each
// direction; TestEveryCheckInEveryLanguage has the others.
var languages = []string{"en", "ar"}

// passedMark is what every language has when the check is passed.
const passedMark = "document.querySelector('#lg-track.checked')"

// pages are all pages of ours, each with a way to it through the gateway.
var pages = []struct {
	name    string
	title   string // key of its title in the languages
	options func(t testing.TB) []string
	reach   func(p *tab, at *place)
}{
	{"slider", "slider_title", slider, func(p *tab, at *place) {}},
	{"slider skipped", "slider_title", slider, func(p *tab, at *place) {
		p.press("#lg-send")
		p.until("there is a hint", "document.querySelector('#lg-status.error')")
	}},
	{"slider let go early", "slider_title", slider, func(p *tab, at *place) {
		p.drag(pull{from: 0.4, to: 0.5})
		p.until("there is a hint", "document.querySelector('#lg-status.error')")
	}},
	{"slider checked", "slider_title", slider, func(p *tab, at *place) {
		p.tabTo("#lg-bar")
		p.keys(kb.End)
		p.until("the check is passed", passedMark)
	}},
	{"slider without script", "slider_title", slider, func(p *tab, at *place) {
		p.script(false)
		p.comes(at, shopperOf(p), "a guess")
		p.script(true)
	}},
	{"picture", "picture_title", reads, func(p *tab, at *place) { p.picture() }},
	{"picture without an answer", "picture_title", reads, func(p *tab, at *place) {
		p.press("#lg-send")
		p.until("there is a hint", "document.querySelector('#lg-status.error')")
	}},
	{"picture with a wrong answer", "picture_title", reads, func(p *tab, at *place) {
		p.follow()
		first := p.picture()
		p.write("#lg-answer", not(p.solution("self.token")))
		p.press("#lg-send")
		p.until("there is another picture", fmt.Sprintf("document.querySelector('#lg-status.error') && document.querySelector('#lg-picture').src !== %q", first))
		p.picture()
	}},
	{"picture without script", "picture_title", reads, func(p *tab, at *place) {
		p.script(false)
		p.comes(at, shopperOf(p), "a guess")
		p.script(true)
	}},
	{"sound", "sound_title", reads, func(p *tab, at *place) {
		p.press("#lg-sound")
		p.listens()
	}},
	{"sound without an answer", "sound_title", reads, func(p *tab, at *place) {
		p.press("#lg-sound")
		p.listens()
		p.press("#lg-send")
		p.until("there is a hint", "document.querySelector('#lg-status.error')")
	}},
	{"sound without script", "sound_title", reads, func(p *tab, at *place) {
		p.script(false)
		p.comes(at, shopperOf(p), "a guess")
		p.leaves(func() { p.press("#lg-sound") })
		p.listens()
		p.script(true)
	}},
	{"slow", "slow_title", reads, func(p *tab, at *place) {
		p.press("#lg-slow")
		p.until("the wait has begun", "document.querySelector('#lg-left').textContent")
	}},
	{"slow without script", "slow_title", reads, func(p *tab, at *place) {
		p.script(false)
		p.comes(at, shopperOf(p), "a guess")
		p.leaves(func() { p.press("#lg-slow") })
		p.script(true)
	}},
	{"deny", "deny_title", func(t testing.TB) []string { return []string{"limit pair 1 per 10m"} }, func(p *tab, at *place) {
		p.allow("status of 429")
		p.comes(at, shopperOf(p), "another guess")
	}},
	{"gone", "gone_title", slider, func(p *tab, at *place) {
		p.leaves(func() {
			eval[bool](p, "(document.querySelector('#lg-form').elements.login_guard_hold.value = 'x', document.querySelector('#lg-form').submit(), true)")
		})
	}},
	{"once more", "once_more_title", func(t testing.TB) []string { return append(slider(t), "limit challenges 1000 per 10m") }, func(p *tab, at *place) {
		// So many logins wait already at this address that there is no room.
		at.crowd(p, 40)
		p.comes(at, shopperOf(p), "another guess")
		p.tabTo("#lg-bar")
		p.keys(kb.End)
		p.until("the check is passed", passedMark)
		p.send()
	}},
	{"unreachable", "unreachable_title", slider, func(p *tab, at *place) {
		p.allow("status of 50")
		at.shop.Down()
		p.t.Cleanup(func() { _ = at.shop.Up() })
		p.tabTo("#lg-bar")
		p.keys(kb.End)
		p.until("the check is passed", passedMark)
		p.send()
	}},
	{"unreadable", "unreadable_title", slider, func(p *tab, at *place) {
		p.allow("status of 400")
		p.visit(at.url + "/login")
		// Two passwords: which one would the shop read?
		eval[bool](p, "(document.querySelector('#password').after(document.querySelector('#password').cloneNode()), true)")
		p.signIn(shopperOf(p), "a guess")
	}},
	{"too large", "too_large_title", slider, func(p *tab, at *place) {
		p.allow("status of 413")
		p.visit(at.url + "/login")
		eval[bool](p, `(() => {
			const much = document.createElement('textarea');
			much.name = 'note';
			much.hidden = true;
			much.value = 'x'.repeat(100000);
			document.querySelector('form').prepend(much);
			return true;
		})()`)
		p.signIn(shopperOf(p), "a guess")
	}},
	{"help", "help_title", slider, func(p *tab, at *place) { p.visit(at.url + "/.login-guard/help") }},
	{"foreign", "foreign_title", slider, func(p *tab, at *place) {
		p.allow("status of 403")
		hold := eval[string](p, "document.querySelector('#lg-form').elements.login_guard_hold.value")
		p.visit(at.shop.URL) // another origin
		eval[bool](p, fmt.Sprintf(`(() => {
			const form = document.createElement('form'), field = document.createElement('input');
			form.method = 'post';
			form.action = %q;
			field.name = 'login_guard_hold';
			field.value = %q;
			form.append(field);
			document.body.append(form);
			form.submit();
			return true;
		})()`, at.url+"/login", hold))
		p.until("the answer is there", "document.querySelector('#lg-title')")
	}},
}

// words is the text of a key in a language.
func words(t testing.TB, language, key string) string {
	file, err := assets.Files.ReadFile("lang/" + language + ".json")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	if err := json.Unmarshal(file, &all); err != nil {
		t.Fatal(err)
	}
	return all[key]
}

// shopperOf is the account of a tab; each language has one.
func shopperOf(p *tab) string { return p.sends["Accept-Language"] + "@shop.example" }

func slider(testing.TB) []string { return slides }

// crowd has logins wait at the shopper's address, one for each guess.
func (at *place) crowd(p *tab, n int) {
	p.t.Helper()
	for i := range n {
		at.post(url.Values{"email": {shopperOf(p)}, "password": {"guess " + itoa(i)}}, p.sends)
	}
}

// post sends a form to the login as a browser would, and returns the page.
func (at *place) post(form url.Values, headers map[string]string) []byte {
	at.t.Helper()
	r, err := http.NewRequest(http.MethodPost, at.url+"/login", strings.NewReader(form.Encode()))
	if err != nil {
		at.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	reply, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		at.t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		at.t.Fatal(err)
	}
	return body
}

func TestEveryPageCanBeUsedByEverybody(t *testing.T) {
	t.Parallel()
	for _, page := range pages {
		t.Run(page.name, func(t *testing.T) {
			t.Parallel()
			at := start(t, page.options(t)...)
			for _, language := range languages {
				t.Run(language, func(t *testing.T) {
					p := shopper(t, from(t, language))
					p.comes(at, shopperOf(p), "a guess")
					page.reach(p, at)
					p.until("the page is "+page.title, fmt.Sprintf("document.querySelector('#lg-title')?.textContent === %q", words(t, language, page.title)))
					// What a page becomes on the way differs from it in words.
					variant := strings.Contains(page.name, " ")
					p.audit(language, language == "en" || !variant)
				})
			}
		})
	}
}

// 14 kB is what a server sends before it waits for the first acknowledgement
// (RFC 6928: ten segments): the page is there after one round trip.
func TestSliderPageIsOneSmallRequest(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	for _, language := range tongues(t) {
		body := at.post(url.Values{"email": {language + "@shop.example"}, "password": {"x"}}, from(t, language))
		if !bytes.Contains(body, []byte(`id="lg-bar"`)) {
			t.Fatalf("%s: this is no slider:\n%.500s", language, body)
		}
		if len(body) > 14000 {
			t.Errorf("%s: the page has %d bytes, more than 14 kB", language, len(body))
		}
	}
	for _, language := range languages {
		t.Run(language, func(t *testing.T) {
			p := shopper(t, from(t, language))
			p.visit(at.url + "/login")
			p.asked()
			p.signIn(shopperOf(p), "x")
			p.meets(at, "#lg-bar")
			if asked := p.asked(); len(asked) != 1 || asked[0] != "POST "+at.url+"/login" {
				t.Errorf("the page took %v, want the one request", asked)
			}
		})
	}
}
