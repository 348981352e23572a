package page

import (
	"bytes"
	"encoding/json"
	"errors"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/look"
)

// kinds are all pages.
var kinds = []Kind{Slider, Picture, Sound, Slow, Deny, Gone, OnceMore, Unreachable, Unreadable, TooLarge, Foreign, Resume, Help}

// tags are the languages there are.
var tags = func() (tags []string) {
	all, err := embedded()
	if err != nil {
		panic(err)
	}
	for _, l := range all {
		tags = append(tags, l.Tag)
	}
	return tags
}()

func newPages(t *testing.T, theme Theme) *Pages {
	t.Helper()
	p, err := New(theme)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// get renders a page as a browser on HTTPS gets it.
func get(t *testing.T, p *Pages, language string, v View) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "https://shop.example/login?lang="+language, nil)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	if err := p.Write(w, r, http.StatusOK, v); err != nil {
		t.Fatal(err)
	}
	return w.Result()
}

func body(t *testing.T, answer *http.Response) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(answer.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// view is a page's content with everything in it, tokens as long as sealed
// ones are.
func view(kind Kind) View {
	v := View{
		Kind: kind, Action: "/my-account/?redirect=%2Fcart", Hold: strings.Repeat("h", 190), Ref: "7KQ2-M4XD",
		Task:    Task{Token: strings.Repeat("t", 190), Salt: strings.Repeat("s", 22), Cost: 2000, Target: 28633115, Floor: 180, Picture: "/.login-guard/picture/1.png"},
		Seconds: 60, Clearance: "clear", Back: "/my-account/",
	}
	if kind == Sound {
		v.Task.Picture, v.Task.Sound = "", "/.login-guard/sound/1"
	}
	return v
}

func TestEveryPageInEveryLanguage(t *testing.T) {
	p := newPages(t, Theme{Name: "Shop", Support: "mailto:help@shop.example", Reset: "/reset"})
	for _, tag := range tags {
		for _, kind := range kinds {
			answer := get(t, p, tag, view(kind))
			page := body(t, answer)
			for _, want := range []string{
				`<html lang="` + tag + `" dir="` + p.languages.named(tag, nil).Dir + `">`,
				p.languages.named(tag, nil).Text(string(kind) + "_title"),
				"7KQ2-M4XD",
			} {
				if !strings.Contains(page, want) {
					t.Errorf("%s %s: no %q", tag, kind, want)
				}
			}
			for _, bad := range []string{"{in}", "ZgotmplZ", "<no value>", kindKey(kind)} {
				if strings.Contains(page, bad) {
					t.Errorf("%s %s: has %q", tag, kind, bad)
				}
			}
			if got := answer.Header.Get("Content-Language"); got != tag {
				t.Errorf("%s %s: Content-Language %q", tag, kind, got)
			}
		}
	}
}

func kindKey(kind Kind) string { return string(kind) + "_title" }

func TestHeaders(t *testing.T) {
	p := newPages(t, Theme{Rand: bytes.NewReader(append(make([]byte, 16), bytes.Repeat([]byte{1}, 16)...))})
	first, second := get(t, p, "en", view(Slider)), get(t, p, "en", view(Slider))
	for name, want := range map[string]string{
		"Content-Type":           "text/html; charset=utf-8",
		"Cache-Control":          "no-store",
		"Referrer-Policy":        "same-origin",
		"X-Content-Type-Options": "nosniff",
		"Vary":                   "Accept-Language",
		"Content-Security-Policy": "default-src 'none'; script-src 'nonce-AAAAAAAAAAAAAAAAAAAAAA'; style-src 'nonce-AAAAAAAAAAAAAAAAAAAAAA'; " +
			"img-src 'self'; media-src 'self'; connect-src 'self'; frame-ancestors 'self'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
	} {
		if got := first.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := strings.Count(body(t, first), `nonce="AAAAAAAAAAAAAAAAAAAAAA"`); got != 2 {
		t.Errorf("the nonce stands at %d elements, want the style and the script", got)
	}
	if strings.Contains(second.Header.Get("Content-Security-Policy"), "AAAAAAAA") {
		t.Error("two answers have the same nonce")
	}
}

func TestNoPageWithoutRandomness(t *testing.T) {
	p := newPages(t, Theme{Rand: bytes.NewReader(nil)})
	w := httptest.NewRecorder()
	if err := p.Write(w, httptest.NewRequest(http.MethodGet, "/", nil), http.StatusOK, view(Slider)); err == nil {
		t.Fatal("a page without a nonce was made")
	}
	if w.Body.Len() > 0 || len(w.Header()) > 0 {
		t.Error("something was sent")
	}
}

func TestHeadHasNoBody(t *testing.T) {
	p := newPages(t, Theme{})
	w := httptest.NewRecorder()
	if err := p.Write(w, httptest.NewRequest(http.MethodHead, "/", nil), http.StatusOK, view(Deny)); err != nil {
		t.Fatal(err)
	}
	if w.Body.Len() > 0 || w.Header().Get("Content-Length") == "0" {
		t.Errorf("body %d bytes, Content-Length %s", w.Body.Len(), w.Header().Get("Content-Length"))
	}
}

func TestWhatComesFromOutsideIsEscaped(t *testing.T) {
	const evil = `"></script><script>alert(1)</script><img src=x onerror='x'>`
	p := newPages(t, Theme{})
	for _, kind := range kinds {
		v := View{Kind: kind, Action: "/" + evil, Hold: evil, Ref: evil, Error: evil, Clearance: evil, Back: "/" + evil, Seconds: 5, Task: Task{Token: evil, Salt: evil, Picture: "/" + evil}}
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Host = evil
		w := httptest.NewRecorder()
		if err := p.Write(w, r, http.StatusOK, v); err != nil {
			t.Fatal(err)
		}
		page := w.Body.String()
		if strings.Contains(page, "<script>") || strings.Contains(page, "<img src=x") || strings.Count(page, "</script>") != strings.Count(page, "<script ") {
			t.Errorf("%s: not escaped", kind)
		}
	}
}

func TestLinksAndFormsStayOnTheOrigin(t *testing.T) {
	p := newPages(t, Theme{})
	for in, want := range map[string]string{
		"/my-account/?a=1":   "/my-account/?a=1",
		"//evil.example/":    "/.//evil.example/",
		`/\evil.example/`:    `/.%5cevil.example/`,
		"javascript:alert":   "/javascript:alert",
		"https://evil.test/": "/https://evil.test/",
	} {
		for _, v := range []View{{Kind: Unreachable, Action: in}, {Kind: Gone, Back: in}} {
			page := body(t, get(t, p, "en", v))
			got := regexp.MustCompile(`(?:action|id="lg-back" href)="([^"]*)"`).FindStringSubmatch(page)
			want := strings.Replace(want, "/.%5c", "/./%5c", 1)
			if len(got) != 2 || got[1] != want {
				t.Errorf("%s %s: %q, want %q", v.Kind, in, got, want)
			}
		}
	}
}

func TestCheckIsAPlainFormFirst(t *testing.T) {
	p := newPages(t, Theme{})
	tests := map[Kind][]string{
		Slider:  {`name="login_guard_hold" value="hhh`, `<button id="lg-send" class="primary" name="login_guard_step" value="picture">Continue`, `id="lg-track" hidden`, `id="lg-press" type="button" hidden`},
		Picture: {`name="login_guard_hold" value="hhh`, `name="login_guard_challenge" value="ttt`, `name="login_guard_answer"`, `name="login_guard_step" value="new"`, `name="login_guard_step" value="slow"`, `src="/.login-guard/picture/1.png"`},
		Sound:   {`name="login_guard_hold" value="hhh`, `name="login_guard_challenge" value="ttt`, `name="login_guard_answer"`, `name="login_guard_step" value="sound"`, `name="login_guard_step" value="picture"`, `name="login_guard_step" value="slow"`, `<audio id="lg-audio" src="/.login-guard/sound/1?lang=en" preload="none" controls data-swap>`, `id="lg-play" type="button" aria-pressed="false" aria-describedby="lg-english" hidden`},
		Slow:    {`name="login_guard_hold" value="hhh`, `name="login_guard_challenge" value="ttt`, `name="login_guard_step" value="waited"`, "--wait:60s"},
	}
	for kind, wants := range tests {
		page := body(t, get(t, p, "en", view(kind)))
		for _, want := range append(wants, `<form id="lg-form" method="post" action="/my-account/?redirect=%2Fcart" novalidate>`) {
			if !strings.Contains(page, want) {
				t.Errorf("%s: no %s", kind, want)
			}
		}
		for _, name := range regexp.MustCompile(` name="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			if name[1] != "viewport" && !strings.HasPrefix(name[1], "login_guard_") {
				t.Errorf("%s: a field called %q would reach the shop", kind, name[1])
			}
		}
	}
}

func TestEnterInTheAnswerSendsTheAnswer(t *testing.T) {
	for _, kind := range []Kind{Picture, Sound} {
		page := body(t, get(t, newPages(t, Theme{}), "en", view(kind)))
		first := regexp.MustCompile(`<button[^>]*>`).FindString(page)
		if strings.Contains(first, "name=") {
			t.Errorf("%s: the form's default button is %s", kind, first)
		}
	}
}

func TestTheAnswersHintSaysWhatToType(t *testing.T) {
	letters, digits := newPages(t, Theme{}), newPages(t, Theme{Digits: true})
	for _, test := range []struct {
		pages          *Pages
		kind           Kind
		tag, key, with string
	}{
		{letters, Picture, "en", "hint", `autocapitalize="characters" autocomplete="off" spellcheck="false" dir="ltr" minlength="5"`},
		{letters, Picture, "vi", "hint", `autocapitalize="characters"`},
		{letters, Picture, "ru", "hint_latin", `autocapitalize="characters"`},
		{letters, Picture, "ar", "hint_latin", `dir="ltr"`},
		{letters, Picture, "zh-Hant", "hint_latin", `minlength="5"`},
		{digits, Picture, "en", "hint_digits", `inputmode="numeric" autocapitalize="off" autocomplete="off" spellcheck="false" dir="ltr" minlength="6"`},
		{digits, Picture, "ru", "hint_digits", `minlength="6"`},
		{letters, Sound, "en", "sound_hint", `inputmode="numeric" autocapitalize="off" autocomplete="off" spellcheck="false" dir="ltr" minlength="8"`},
		{digits, Sound, "ja", "sound_hint", `minlength="8"`},
	} {
		page := body(t, get(t, test.pages, test.tag, view(test.kind)))
		want := test.pages.languages.named(test.tag, nil).Text(test.key)
		got := regexp.MustCompile(`<p class="hint" id="lg-hint">([^<]*)<`).FindStringSubmatch(page)
		if len(got) != 2 || html.UnescapeString(got[1]) != want {
			t.Errorf("%s %s: %q, want %q", test.kind, test.tag, got, want)
		}
		input := regexp.MustCompile(`<input id="lg-answer"[^>]*>`).FindString(page)
		if !strings.Contains(input, test.with) || !strings.Contains(input, `aria-describedby="lg-hint lg-status"`) {
			t.Errorf("%s %s: %s", test.kind, test.tag, input)
		}
	}
}

func TestThePageSaysWhereItsDigitsAreSpokenInEnglish(t *testing.T) {
	p := newPages(t, Theme{})
	for tag, own := range map[string]bool{"en": true, "ru": true, "ja": true, "pt-BR": true, "pt-PT": true, "zh-Hans": true, "de": false, "ar": false, "ko": false} {
		for _, kind := range []Kind{Picture, Sound} {
			page := body(t, get(t, p, tag, view(kind)))
			if says := strings.Contains(page, `id="lg-english"`); says == own {
				t.Errorf("%s %s: it says so: %v", kind, tag, says)
			}
		}
	}
}

func TestOneMoreStepIsNoMistake(t *testing.T) {
	v := view(Picture)
	v.Error = "more"
	page := body(t, get(t, newPages(t, Theme{}), "en", v))
	if !strings.Contains(page, `<p id="lg-status" role="status">One more step: the characters in the picture.</p>`) || strings.Contains(page, ` aria-invalid="true"`) {
		t.Error("it is shown as an error")
	}
}

func TestErrorsAreInWordsInPlace(t *testing.T) {
	p := newPages(t, Theme{})
	tests := []struct {
		kind      Kind
		err, want string
	}{
		{Slider, "", ""},
		{Slider, "skip", "First move the button to the end of the bar."},
		{Slider, "short", "Not quite. Move the button all the way to the end."},
		{Slider, "wrong", "That did not work. Please try once more."},
		{Picture, "wrong", "That did not match. Here is a new picture."},
		{Picture, "empty", "Please type the characters first."},
		{Picture, "busy", "Waiting is not possible right now. Please type the characters."},
		{Picture, "never heard of", "That did not work. Please try once more."},
		{Picture, "sound_busy", "Listening is not possible right now. Please use the picture."},
		{Sound, "wrong", "That did not match. Here are new digits."},
		{Sound, "empty", "Please type the eight digits first."},
		{Slow, "wait", "That was a little early. You can go on in one minute."},
	}
	for _, test := range tests {
		v := view(test.kind)
		v.Error = test.err
		page := body(t, get(t, p, "en", v))
		got := regexp.MustCompile(`<p id="lg-status" role="status"[^>]*>([^<]*)</p>`).FindStringSubmatch(page)
		if len(got) != 2 || got[1] != test.want {
			t.Errorf("%s %q: %q, want %q", test.kind, test.err, got, test.want)
		}
	}
}

func TestPlainHTTPGetsTheProofOfWorkWithoutWebCrypto(t *testing.T) {
	p := newPages(t, Theme{})
	w := httptest.NewRecorder()
	if err := p.Write(w, httptest.NewRequest(http.MethodPost, "http://shop.example/login", nil), http.StatusOK, view(Slider)); err != nil {
		t.Fatal(err)
	}
	if page := w.Body.String(); !strings.Contains(page, "Math.cbrt") {
		t.Error("no fallback where the browser has no WebCrypto")
	}
	if page := body(t, get(t, p, "en", view(Slider))); strings.Contains(page, "Math.cbrt") {
		t.Error("the fallback is sent where nobody needs it")
	}
}

func TestScriptGetsTheTaskAndOnlyWordsItNeeds(t *testing.T) {
	p := newPages(t, Theme{Prefix: "/guard/"})
	for _, kind := range []Kind{Slider, Picture, Sound, Slow} {
		v := view(kind)
		page := body(t, get(t, p, "de", v))
		raw := regexp.MustCompile(`<script type="application/json" id="lg-data">(.*)</script>`).FindStringSubmatch(page)
		if raw == nil {
			t.Fatalf("%s: no data", kind)
		}
		var data scriptData
		if err := json.Unmarshal([]byte(raw[1]), &data); err != nil {
			t.Fatal(err)
		}
		if data.Task != v.Task || data.Prefix != "/guard/" || data.Lang != "de" {
			t.Errorf("%s: %+v", kind, data)
		}
		var said []string
		for _, key := range p.words[kind] {
			said = append(said, p.languages.named("de", nil).text[key])
		}
		if got := slices.Sorted(maps.Values(data.Text)); !slices.Equal(got, slices.Sorted(slices.Values(said))) {
			t.Errorf("%s: texts %q, want %q", kind, got, said)
		}
	}
}

// A text that a script names in another way would keep a key that the page
// does not have.
func TestScriptsNameTextsInOneWayOnly(t *testing.T) {
	for kind, names := range scripts {
		code, err := join("script/%s.js", names)
		if err != nil {
			t.Fatal(err)
		}
		for _, use := range regexp.MustCompile(`\btext\b.{0,12}`).FindAllString(regexp.MustCompile(`//.*`).ReplaceAllString(code, ""), -1) {
			if !said.MatchString(use) && !strings.HasPrefix(use, "text = data.text") && !strings.HasPrefix(use, "text;") {
				t.Errorf("%s: the script says %s", kind, use)
			}
		}
	}
}

func TestShopIsNamed(t *testing.T) {
	tests := map[string]struct{ name, host, want string }{
		"by its name":               {"Käse & Co", "shop.example", "<bdi>Käse &amp; Co</bdi>"},
		"by its host":               {"", "shop.example", "<bdi>shop.example</bdi>"},
		"by its host without port":  {"", "shop.example:8443", "<bdi>shop.example</bdi>"},
		"by its address, IPv6 even": {"", "[2001:db8::1]:8443", "<bdi>2001:db8::1</bdi>"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Host = test.host
			w := httptest.NewRecorder()
			if err := newPages(t, Theme{Name: test.name}).Write(w, r, http.StatusOK, view(Deny)); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(w.Body.String(), test.want) {
				t.Errorf("no %s", test.want)
			}
		})
	}
}

func TestThemeMistakesNameWhatWouldWork(t *testing.T) {
	tests := map[string]struct {
		theme Theme
		want  string
	}{
		"pale accent":         {Theme{Colours: look.Colours{Accent: look.Pair{Light: "#52c41a"}}}, "page accent: white text on #52c41a has a contrast of 2.27:1"},
		"no colour":           {Theme{Colours: look.Colours{Accent: look.Pair{Light: "blue"}}}, "such as #1558c0"},
		"short colour":        {Theme{Colours: look.Colours{Accent: look.Pair{Light: "#12"}}}, "such as #1558c0"},
		"language not there":  {Theme{Language: "xx"}, "en, es, "},
		"neighbour language":  {Theme{Language: "be"}, "not there yet"},
		"script as a link":    {Theme{Support: "javascript:alert(1)"}, "page support"},
		"half a link":         {Theme{Reset: "shop.example/reset"}, "page reset"},
		"link without scheme": {Theme{Reset: "//shop.example/reset"}, "page reset"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := New(test.theme); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestUnknownKindIsRefused(t *testing.T) {
	p := newPages(t, Theme{})
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	err := errors.Join(p.Write(w, r, http.StatusOK, View{Kind: "other"}), p.Problem(w, r, http.StatusOK, Problem{Kind: "other"}))
	if err == nil || w.Body.Len() > 0 {
		t.Errorf("error %v, %d bytes sent", err, w.Body.Len())
	}
}

func TestProblem(t *testing.T) {
	p := newPages(t, Theme{})
	r := httptest.NewRequest(http.MethodPost, "/api/login", nil)
	r.Header.Set("Accept-Language", "de")
	w := httptest.NewRecorder()
	if err := p.Problem(w, r, http.StatusTooManyRequests, Problem{Kind: Deny, Ref: "7KQ2-M4XD", RetryAfter: 120}); err != nil {
		t.Fatal(err)
	}
	want := `{"type":"https://github.com/login-guard/login-guard/blob/main/docs/problems.md#deny","title":"Bitte später noch einmal","status":429,` +
		`"detail":"Aus Ihrem Netz kamen viele Anmeldeversuche. Das müssen nicht Sie gewesen sein. In zwei Minuten können Sie es wieder versuchen.","ref":"7KQ2-M4XD","retry_after":120}`
	if got := w.Body.String(); got != want {
		t.Errorf("body\n%s\nwant\n%s", got, want)
	}
	for name, want := range map[string]string{"Content-Type": "application/problem+json", "Retry-After": "120", "Cache-Control": "no-store", "Content-Language": "de", "Vary": "Accept-Language"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for _, kind := range kinds {
		if kind == Resume || kind == Help {
			continue // only a browser comes there
		}
		w := httptest.NewRecorder()
		if err := p.Problem(w, r, http.StatusForbidden, Problem{Kind: kind, Challenge: "/.login-guard/challenge/7KQ2-M4XD"}); err != nil {
			t.Fatal(err)
		}
		var b problemBody
		if err := json.Unmarshal(w.Body.Bytes(), &b); err != nil || strings.Contains(b.Title+b.Detail, "_") || b.Challenge == "" {
			t.Errorf("%s: %v %+v", kind, err, b)
		}
	}
}
