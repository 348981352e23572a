package browser_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/assets"
)

// tongues are all languages that the pages are in, by their tags.
func tongues(t testing.TB) []string {
	t.Helper()
	files, err := assets.Files.ReadDir("lang")
	if err != nil {
		t.Fatal(err)
	}
	var tags []string
	for _, f := range files {
		tags = append(tags, strings.TrimSuffix(f.Name(), ".json"))
	}
	return tags
}

// checks are the pages that a shopper has something to do on, with the way to
// each from the page that the gateway shows first.
var checks = []struct {
	name    string
	title   string // key of its title in the languages
	options func(t testing.TB) []string
	reach   func(p *tab)
}{
	{"slider", "slider_title", slider, func(*tab) {}},
	{"picture", "picture_title", reads, func(*tab) {}},
	{"help", "help_title", slider, (*tab).helped},
	{"sound", "sound_title", reads, func(p *tab) { p.press("#lg-sound"); p.listens() }},
	{"slow", "slow_title", reads, func(p *tab) {
		p.press("#lg-slow")
		p.until("the wait has begun", "document.querySelector('#lg-left').textContent")
	}},
}

// telling are the languages with the longest words, the tallest letters, each
// direction and the scripts that break lines otherwise: where a page fits in
// these it fits in all, as long as `make a11y`, which has all of them, agrees.
var telling = []string{"ar", "de", "en", "fi", "hi", "hu", "ja", "ru", "th"}

// TestEveryCheckInEveryLanguage holds the checks against what depends on the
// words in them: that they fit on a narrow phone, at twice the size and wider
// set, and that axe-core finds nothing, in light and in dark. Those that most
// shoppers see in all languages, the others in the telling ones.
func TestEveryCheckInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			at := start(t, c.options(t)...)
			p := shopper(t, nil)
			failed := 0
			most := c.name == "slider" || c.name == "picture"
			for i, language := range tongues(t) {
				if !most && !slices.Contains(telling, language) {
					continue
				}
				ok := t.Run(language, func(t *testing.T) {
					p.within(t)
					// A network each: what one did is held against no other.
					p.headers(map[string]string{"X-Forwarded-For": fmt.Sprintf("198.18.%d.7", i), "Accept-Language": language})
					p.visit(at.url + "/login") // a check before says in its address which language it was in
					p.submits(at.url+"/login", url.Values{"email": {language + "@shop.example"}, "password": {"a guess"}})
					c.reach(p)
					p.until("the page is "+c.title, fmt.Sprintf("document.querySelector('#lg-title')?.textContent === %q", words(t, language, c.title)))
					p.audit(language, false)
					if most || slices.Contains(languages, language) {
						p.axe()
					}
				})
				if !ok {
					failed++
				}
				if failed == 4 { // each may have waited for what does not come
					t.Fatal("four languages failed, the others were not looked at")
				}
			}
		})
	}
}

// within makes the tab report to a part of its test while that runs.
func (p *tab) within(t *testing.T) {
	whole := p.t
	p.t = t
	t.Cleanup(func() { p.t = whole })
}

// submits posts a form from the page that is open: faster than typing it.
func (p *tab) submits(address string, form url.Values) {
	p.t.Helper()
	p.leaves(func() {
		eval[bool](p, fmt.Sprintf(`(() => {
			const form = document.createElement('form');
			form.method = 'post';
			form.action = %q;
			for (const [name, value] of new URLSearchParams(%q)) {
				const field = document.createElement('input');
				field.type = 'hidden';
				field.name = name;
				field.value = value;
				form.append(field);
			}
			document.body.append(form);
			form.submit();
			return true;
		})()`, address, form.Encode()))
	})
}

// helped opens the help, in the language that the tab asks for.
func (p *tab) helped() {
	p.t.Helper()
	p.visit(eval[string](p, "location.origin") + "/.login-guard/help?lang=" + p.sends["Accept-Language"])
}
