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
	"unicode/utf8"

	"github.com/login-guard/login-guard/assets"
)

func TestLanguageNegotiation(t *testing.T) {
	tests := map[string]struct{ url, referer, accept, want string }{
		"nothing said":                              {"/login", "", "", "en"},
		"the browser's first":                       {"/login", "", "de-AT,de;q=0.9,en;q=0.8", "de"},
		"by quality, not by place":                  {"/login", "", "en;q=0.2, ru;q=0.9", "ru"},
		"quality 0 means not this one":              {"/login", "", "de;q=0, ru;q=0.1", "ru"},
		"any Portuguese is better than English":     {"/login", "", "pt-PT,en;q=0.5", "pt-BR"},
		"any Arabic":                                {"/login", "", "ar-EG", "ar"},
		"one bad item does not cost the others":     {"/login", "", "de-CH-1996;q=bad, xx-!!, ru", "ru"},
		"a quality over 1 is no quality":            {"/login", "", "de;q=7, ru;q=0.5", "ru"},
		"a quality that is no number":               {"/login", "", "de;q=NaN, ru;q=0.5", "ru"},
		"nobody is assumed to read a neighbour's":   {"/login", "", "be", "en"},
		"nor the colonial one":                      {"/login", "", "ur", "en"},
		"Persian is not Arabic":                     {"/login", "", "fa", "en"},
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
		"path of a language that is not there":      {"/it/login", "", "ru", "ru"},
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
	r.Header.Set("Accept-Language", "fa")
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
	for seconds, want := range map[int]string{-1: "in half a minute", 0: "in half a minute", 30: "in half a minute", 31: "in one minute", 61: "in two minutes", 240: "in 5 minutes", 3600: "in one hour", 90000: "within a day"} {
		if got := l.In(seconds); got != want {
			t.Errorf("%d s: %q, want %q", seconds, got, want)
		}
	}
}

// limits are the longest texts that fit their place at 320 px without making
// the page jump; runes.
var limits = map[string]int{
	"slider_title": 28, "slider_lead": 80, "slider_lead_plain": 90, "slider_hint": 24, "press": 32, "send": 18, "continue": 18,
	"checking": 20, "checked": 14, "checked_sending": 40, "checked_press": 48, "skip": 56, "short": 56, "again": 56, "offline": 48,
	"retry": 28, "busy": 64, "left": 32, "picture_title": 28, "picture_lead": 90, "new": 20, "fresh": 40, "broken": 60, "wrong": 56,
	"empty": 48, "slow": 44, "slow_title": 28, "slow_busy": 64, "deny_title": 32, "deny_text": 96, "support": 32, "reset": 32, "back": 32,
	"why": 32, "why_text": 200, "ref": 24,
}

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
			if limit := limits[key]; limit > 0 && utf8.RuneCountInString(text) > limit {
				t.Errorf("%s: %s has %d characters, more than the %d that fit", tag, key, utf8.RuneCountInString(text), limit)
			}
		}
		for key, text := range english.text {
			if !slices.Equal(placeholders.FindAllString(text, -1), placeholders.FindAllString(l.text[key], -1)) {
				t.Errorf("%s: %s has other placeholders than English, or is missing", tag, key)
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
	for _, keys := range scriptText {
		for _, key := range strings.Fields(keys) {
			used[key] = true
		}
	}
	for _, key := range errorKeys {
		used[key] = key != ""
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
		for _, match := range regexp.MustCompile(`\.T "([a-z_]+)"`).FindAllStringSubmatch(string(text), -1) {
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
			if l := p.languages.parsed(values.Get(name)); l != nil {
				return l
			}
		}
	}
	for _, u := range addresses {
		first, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
		if !regexp.MustCompile(`(?s)^[^-_]{2}([-_](.{0}|.{2}|.{4}))?$`).MatchString(toBytes(first)) {
			continue
		}
		if l := p.languages.parsed(first); l != nil {
			return l
		}
	}
	if l := p.languages.fromHeader(r.Header.Values("Accept-Language")); l != nil {
		return l
	}
	return p.languages.all[0]
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
	for _, path := range []string{"/", "/login", "/de", "/de/", "/DE/x", "/pt-br/x", "/pt_BR/", "/de-/x", "/zh-Hans/", "/ru-Latn/", "/my/", "//de/x", "/?lang=de", "/?x=1&hl=ar", "/?l%61ng=de", "/?lang=%64e", "/login?locale=pt_BR&lang=zz"} {
		f.Add(path, "", "ru")
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
