package page

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/assets"
)

func TestLanguageNegotiation(t *testing.T) {
	tests := map[string]struct{ url, referer, accept, want string }{
		"nothing said":                              {"/login", "", "", "en"},
		"the browser's first":                       {"/login", "", "de-AT,de;q=0.9,en;q=0.8", "de"},
		"by quality, not by place":                  {"/login", "", "en;q=0.2, ru;q=0.9", "ru"},
		"quality 0 means not this one":              {"/login", "", "de;q=0, ru;q=0.1", "ru"},
		"each Portuguese is its own":                {"/login", "", "pt-PT,en;q=0.5", "pt-PT"},
		"any Arabic":                                {"/login", "", "ar-EG", "ar"},
		"one bad item does not cost the others":     {"/login", "", "de-CH-1996;q=bad, xx-!!, ru", "ru"},
		"a quality over 1 is no quality":            {"/login", "", "de;q=7, ru;q=0.5", "ru"},
		"a quality that is no number":               {"/login", "", "de;q=NaN, ru;q=0.5", "ru"},
		"nobody is assumed to read a neighbour's":   {"/login", "", "be", "en"},
		"nor the colonial one":                      {"/login", "", "ta, fr;q=0.5", "fr"},
		"Uighur is not Arabic":                      {"/login", "", "ug", "en"},
		"but what comes next counts":                {"/login", "", "be, ru;q=0.8", "ru"},
		"another script is another language":        {"/login", "", "ru-Latn", "en"},
		"the star names none":                       {"/login", "", "*", "en"},
		"a list too long is cut":                    {"/login", "", strings.Repeat("xx,", 40) + "de", "en"},
		"query before the browser":                  {"/login?lang=de", "", "ru", "de"},
		"query as POSIX writes it":                  {"/login?locale=pt_BR", "", "ru", "pt-BR"},
		"query of OpenCart":                         {"/index.php?route=account/login&language=de-de", "", "ru", "de"},
		"query of many others":                      {"/login?hl=ar", "", "ru", "ar"},
		"query that is no language":                 {"/login?lang=1", "", "ru", "ru"},
		"query too long to be one":                  {"/login?lang=" + strings.Repeat("de-", 50), "", "ru", "ru"},
		"path":                                      {"/de/login", "", "ru", "de"},
		"path with a region":                        {"/pt-br/login", "", "ru", "pt-BR"},
		"path that only looks like it":              {"/my-account/", "", "ru", "ru"},
		"path of a language that is not there":      {"/mt/login", "", "ru", "ru"},
		"path of three letters is a folder":         {"/ara/login", "", "ru", "ru"},
		"referer's query":                           {"/login", "https://shop.example/?lang=de", "ru", "de"},
		"referer's path":                            {"/login", "https://shop.example/de/account", "ru", "de"},
		"own query before the referer's":            {"/login?lang=ar", "https://shop.example/?lang=de", "ru", "ar"},
		"a query of either before a path of either": {"/ar/login", "https://shop.example/?lang=de", "ru", "de"},
		"own path before the referer's":             {"/ar/login", "https://shop.example/de/", "ru", "ar"},
		"another site's referer says nothing":       {"/login", "https://other.example/de/", "ru", "ru"},
		"a broken referer":                          {"/login", "https://%zz", "ru", "ru"},
		"a broken query":                            {"/login?lang=%zz&hl=de", "", "ru", "de"},
	}
	p := newPages(t, Theme{})
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "https://shop.example"+test.url, nil)
			r.Header.Set("Accept-Language", test.accept)
			if test.referer != "" {
				r.Header.Set("Referer", test.referer)
			}
			if got := p.Language(r).Tag; got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func TestDefaultLanguage(t *testing.T) {
	p := newPages(t, Theme{Language: "pt"})
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Language", "ug")
	if got := p.Language(r).Tag; got != "pt-BR" {
		t.Errorf("%s, want the theme's language", got)
	}
	r.Header.Set("Accept-Language", "de")
	if got := p.Language(r).Tag; got != "de" {
		t.Errorf("%s, want de still", got)
	}
}

func TestWaitsInWords(t *testing.T) {
	l := newPages(t, Theme{}).languages.all[0]
	for seconds, want := range map[int]string{-1: "in half a minute", 0: "in half a minute", 30: "in half a minute", 31: "in one minute", 61: "in two minutes", 240: "in 5 minutes", 3600: "in one hour", 90000: "in a day at most"} {
		if got := l.In(seconds); got != want {
			t.Errorf("%d s: %q, want %q", seconds, got, want)
		}
	}
}

// limits are the longest texts that fit their place at 320 px without making
// the page jump, in columns of 8 px: there the card has room for 32 of them a
// line (320 px less margins and borders is 256 px), 24 in a title and 27 on a
// button. A status has two lines, which is why its texts end at 64, a button
// one or two. What stands still may take more: a lead three lines, a text of
// the help page nine.
var limits = map[string]int{
	"slider_title": 28, "slider_lead": 80, "slider_lead_plain": 96, "slider_label": 64, "slider_hint": 24,
	"press": 32, "send": 18, "continue": 18, "checking": 20, "checked": 14, "checked_sending": 40, "checked_press": 56,
	"skip": 60, "short": 60, "again": 56, "offline": 48, "retry": 28, "busy": 64, "left": 32,
	"picture_title": 32, "picture_lead": 96, "picture_alt": 64, "answer_label": 44, "hint": 64, "hint_latin": 80, "hint_digits": 32, "more": 64,
	"new": 24, "fresh": 40, "broken": 64, "wrong": 60, "empty": 48, "slow": 44,
	"sound": 32, "sound_title": 44, "sound_lead": 96, "sound_english": 64, "sound_play": 28, "sound_label": 44, "sound_hint": 44, "sound_new": 24,
	"sound_fresh": 64, "sound_empty": 60, "sound_wrong": 60, "sound_broken": 64, "sound_busy": 64, "to_picture": 32,
	"slow_title": 28, "slow_lead": 80, "slow_lead_plain": 96, "slow_label": 32, "slow_queue": 96, "slow_when": 48, "slow_busy": 64, "early": 64,
	"deny_title": 32, "deny_text": 96, "deny_when": 48, "support": 32, "reset": 32,
	"gone_title": 40, "gone_text": 96, "once_more_title": 48, "once_more_text": 128,
	"unreachable_title": 40, "unreachable_text": 128, "unreadable_title": 48, "unreadable_text": 112,
	"too_large_title": 40, "too_large_text": 112, "foreign_title": 48, "foreign_text": 112, "back": 32,
	"why": 32, "why_text": 200, "ref": 24, "resume_title": 28, "resume_text": 96, "close": 18, "help": 32,
	"help_title": 48, "help_lead": 96, "help_what": 48, "help_why": 48, "help_drag": 48, "help_grey": 48, "help_picture": 48, "help_private": 48, "help_contact": 48,
	"help_what_text": 192, "help_why_text": 288, "help_drag_text": 256, "help_grey_text": 256, "help_picture_text": 192, "help_private_text": 256, "help_contact_text": 128,
	"check_title": 48, "check_text": 96,
}

// longestWait is how long a phrase of waiting may be: it stands in a sentence
// of a status, with its two lines.
const longestWait = 28

func TestLanguagesHaveTheSameTexts(t *testing.T) {
	p := newPages(t, Theme{})
	have := map[string]*Language{}
	for _, l := range p.languages.all {
		have[l.Tag] = l
	}
	english := have["en"]
	placeholders := regexp.MustCompile(`\{[a-z]*\}`)
	for _, tag := range tags {
		l := have[tag]
		if l == nil {
			t.Errorf("%s is not there", tag)
			continue
		}
		for key, text := range l.text {
			if english.text[key] == "" {
				t.Errorf("%s: %s is not in English", tag, key)
			}
			if strings.TrimSpace(text) != text || strings.ContainsAny(text, "<>&\n") {
				t.Errorf("%s: %s has white space around it, or markup", tag, key)
			}
		}
		for key, text := range english.text {
			if l.text[key] == "" {
				t.Errorf("%s: %s is missing", tag, key)
			}
			if !slices.Equal(placeholders.FindAllString(text, -1), placeholders.FindAllString(l.text[key], -1)) {
				t.Errorf("%s: %s has other placeholders than English", tag, key)
			}
		}
	}
}

func TestTextsAreAllThereAndAllUsed(t *testing.T) {
	p := newPages(t, Theme{})
	used := map[string]bool{"check_title": true, "check_text": true, "slow_when": true, "deny_when": true, "in_1d": true}
	for _, step := range steps {
		used[step.key] = true
	}
	for _, kind := range kinds {
		used[string(kind)+"_title"] = true
		if bodies[kind] == "" {
			used[string(kind)+"_text"] = true
		}
	}
	for _, kind := range []Kind{Picture, Sound} {
		for n := range 4 {
			d := document{View: View{Kind: kind}, Letters: n&1 != 0, Language: &Language{Latin: n&2 != 0}}
			used[d.Lead()], used[d.Label()], used[d.Hint()] = true, true, true
		}
	}
	for _, keys := range p.words {
		for _, key := range keys {
			used[key] = true
		}
	}
	for _, key := range errorKeys {
		used[key] = key != ""
	}
	used[codeText], used[codeSubject] = true, true
	for _, key := range keysOfTheSecondFactor(p) {
		used[key] = true
	}
	files, err := assets.Files.ReadDir("page")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := assets.Files.ReadFile("page/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`\.(?:T|Put|Number|In|Date) "([a-z_]+)"`).FindAllStringSubmatch(string(text), -1) {
			used[match[1]] = true
		}
		words := regexp.MustCompile(`(?s)\{\{.*?\}\}|<[^>]*>`).ReplaceAllString(string(text), "")
		if left := regexp.MustCompile(`\pL{2,}`).FindString(words); left != "" {
			t.Errorf("%s: %q is text in a template", file.Name(), left)
		}
	}
	english := p.languages.all[0].text
	for key := range used {
		if used[key] && english[key] == "" {
			t.Errorf("%s has no text", key)
		}
	}
	for key := range english {
		if !used[key] {
			t.Errorf("%s is never shown", key)
		}
	}
}

func FuzzLanguageIsAlwaysOne(f *testing.F) {
	f.Add("/de/?lang=xx", "https://shop.example/?hl=de", "de;q=0.5, *;q=0")
	p, err := New(Theme{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path, referer, accept string) {
		r := httptest.NewRequest("GET", "https://shop.example/", nil)
		r.URL.Path, r.URL.RawQuery, _ = strings.Cut(path, "?")
		r.Header.Set("Referer", referer)
		r.Header.Set("Accept-Language", accept)
		if l := p.Language(r); l == nil || !slices.Contains(tags, l.Tag) {
			t.Errorf("%+v", l)
		}
	})
}

// askedFor is the language of a request as it is found without any memory or
// short cut.
func askedFor(p *Pages, r *http.Request) *Language {
	var addresses []*url.URL
	if r.URL != nil {
		addresses = append(addresses, r.URL)
	}
	if u, err := url.Parse(r.Header.Get("Referer")); err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host) {
		addresses = append(addresses, u)
	}
	for _, u := range addresses {
		values := u.Query()
		for _, name := range []string{"lang", "language", "locale", "hl"} {
			if l := open(p, r, values.Get(name)); l != nil {
				return l
			}
		}
	}
	for _, u := range addresses {
		first, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
		if !regexp.MustCompile(`(?s)^[^-_]{2}([-_](.{0}|.{2}|.{4}))?$`).MatchString(toBytes(first)) {
			continue
		}
		if l := open(p, r, first); l != nil && !elsewhere(p, r, strings.ToLower(first)) {
			return l
		}
	}
	if l := p.languages.fromHeader(r.Header.Values("Accept-Language")); l != nil {
		return l
	}
	return p.languages.all[0]
}

// open is the language of a tag; of one without a region, the browser's form.
func open(p *Pages, r *http.Request, tag string) *Language {
	l := p.languages.parsed(tag)
	wished := p.languages.fromHeader(r.Header.Values("Accept-Language"))
	if l != nil && wished != nil && len(strings.TrimSpace(tag)) == 2 && strings.HasPrefix(wished.Tag, l.Tag[:2]) {
		return wished
	}
	return l
}

// elsewhere tells whether the first part of a path is no language to this
// browser.
func elsewhere(p *Pages, r *http.Request, part string) bool {
	wished := ""
	if l := p.languages.fromHeader(r.Header.Values("Accept-Language")); l != nil {
		wished = l.Tag
	}
	return part == "uk" && wished == "en" || (part == "ar" || part == "sv") && wished == "es" || (part == "id" || part == "in") && wished != "id"
}

// toBytes makes a rune of each byte, for an expression that counts bytes.
func toBytes(s string) string {
	var out []rune
	for i := range len(s) {
		out = append(out, rune(s[i]))
	}
	return string(out)
}

func FuzzLanguageIsTheSameWithAndWithoutMemory(f *testing.F) {
	for _, path := range []string{"/", "/login", "/de", "/de/", "/DE/x", "/pt-br/x", "/pt_BR/", "/de-/x", "/zh-Hans/", "/ru-Latn/", "/my/", "//de/x", "/?lang=de", "/?x=1&hl=ar", "/uk/", "/ar/x", "/id/", "/in", "/pt/", "/?lang=pt", "/sv/x", "/?l%61ng=de", "/?lang=%64e", "/login?locale=pt_BR&lang=zz"} {
		f.Add(path, "", "ru")
		f.Add(path, "", "en")
		f.Add(path, "", "pt-PT, es")
	}
	for _, referer := range []string{"https://shop.example", "https://shop.example/de/x", "https://shop.example/de#x", "https://shop.example/de?x", "https://shop.example/%64e/x", "https://de@shop.example/ar/",
		"//shop.example/pt-br", "https:///shop.example/de/", "https://SHOP.example/de", "https://shop.example?lang=de", "https://shop.example/x?%68l=ru", "https://other.example/de/", "https://shop.example/x#?lang=de", "shop.example/de/"} {
		f.Add("/login", referer, "ru, de;q=0.9")
	}
	for _, accept := range []string{"", "*", "de", "de-AT,de;q=0.9,en;q=0.8", "xx", "pt;q=0.1, ru;q=0.2", strings.Repeat("xx,", 40) + "de", strings.Repeat("x", maxWish) + ",de", "de;q=NaN,ru"} {
		f.Add("/login", "https://shop.example/", accept)
	}
	p, err := New(Theme{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path, referer, accept string) {
		r := httptest.NewRequest("GET", "https://shop.example/", nil)
		r.URL.Path, r.URL.RawQuery, _ = strings.Cut(path, "?")
		r.Header.Set("Referer", referer)
		r.Header.Set("Accept-Language", accept)
		want := askedFor(p, r).Tag
		for range 2 { // found, then remembered
			if got := p.Language(r).Tag; got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
	})
}

func TestMemoryOfLanguagesIsBounded(t *testing.T) {
	w := newWishes()
	asked := 0
	find := func(string) *Language { asked++; return nil }
	for i := range 3 * maxWishes {
		w.Of("de;q=0."+strconv.Itoa(i), find)
		if w.Len() > maxWishes {
			t.Fatalf("%d are remembered, want %d at most", w.Len(), maxWishes)
		}
	}
	before := asked
	w.Of("de;q=0."+strconv.Itoa(3*maxWishes-1), find)
	if asked != before {
		t.Error("what was asked for last is not remembered")
	}
	w.Of(strings.Repeat("x", maxWish+1), find)
	w.Of(strings.Repeat("x", maxWish+1), find)
	if asked != before+2 {
		t.Error("what is too long to be a browser's is remembered")
	}
}
