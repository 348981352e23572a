package page

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// folder is one with files of a shop's own languages.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func wanted(p *Pages, accept string) *Language {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Accept-Language", accept)
	return p.Language(r)
}

func TestAShopChangesTheTextsThatItNames(t *testing.T) {
	dir := folder(t, map[string]string{"de.json": `{"slider_title": "Nur ein kurzer Blick", "in_5m": "in fünf Minütchen"}`, "LIESMICH.txt": "{"})
	p := newPages(t, Theme{Languages: dir})
	de := wanted(p, "de-DE")
	if de.Text("slider_title") != "Nur ein kurzer Blick" || !strings.Contains(de.denyWhen[step(300)], "Minütchen") {
		t.Errorf("the pages say %q and %q", de.Text("slider_title"), de.denyWhen[step(300)])
	}
	if page := body(t, get(t, p, "de", view(Slider))); !strings.Contains(page, `<h1 id="lg-title">Nur ein kurzer Blick</h1>`) {
		t.Error("the slider has another title")
	}
	other := newPages(t, Theme{})
	ours := wanted(other, "de")
	if ours.Text("slider_title") == de.Text("slider_title") {
		t.Error("one shop's words are on another's pages")
	}
	if de.Text("send") != ours.Text("send") || len(de.text) != len(ours.text) || len(p.languages.all) != len(other.languages.all) || p.Lacks() != nil {
		t.Errorf("more than the two texts changed: %v", p.Lacks())
	}
}

func TestAShopBringsALanguageOfItsOwn(t *testing.T) {
	p := newPages(t, Theme{Language: "eo", Languages: folder(t, map[string]string{
		"eo.json":    `{"send": "Ensaluti", "left": "Restas: {time}"}`,
		"de-AT.json": `{"send": "Servus"}`,
		"ps.json":    `{"send": "ننوتل"}`,
		"pt-br.json": `{"send": "Entrar já"}`,
	})})
	for accept, want := range map[string]string{
		"eo":    "eo ltr Ensaluti Checked",
		"xx":    "eo ltr Ensaluti Checked", // the default
		"de-AT": "de-AT ltr Servus Geprüft",
		"de":    "de ltr Anmelden Geprüft",
		"de-CH": "de ltr Anmelden Geprüft",
		"ps":    "ps rtl ننوتل Checked",
		"pt-BR": "pt-BR ltr Entrar já " + wanted(newPages(t, Theme{}), "pt-BR").Text("checked"),
	} {
		l := wanted(p, accept)
		if got := strings.Join([]string{l.Tag, l.Dir, l.Text("send"), l.Text("checked")}, " "); got != want {
			t.Errorf("%s: %s, want %s", accept, got, want)
		}
	}
	var got []string
	for _, l := range p.Lacks() {
		got = append(got, fmt.Sprint(l.Tag, " from ", l.From, " ", len(l.Keys), " ", l.Keys[0]))
	}
	all := len(wanted(p, "en").text)
	want := []string{fmt.Sprint("eo from en ", all-2, " account_add"), fmt.Sprint("de-AT from de ", all-1, " account_add"), fmt.Sprint("ps from en ", all-1, " account_add")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lacks (-want +got):\n%s", diff)
	}
}

func TestMistakesInOwnLanguagesNameFileAndKey(t *testing.T) {
	tests := map[string]struct {
		file, text string
		want       string
	}{
		"a key misspelt":            {"de.json", `{"slider_titel": "x"}`, `de.json: there is no text "slider_titel"; did you mean "slider_title" ("Quick security check")`},
		"a key that is nowhere":     {"de.json", `{"colour": "x"}`, `de.json: there is no text "colour"; docs/languages.md`},
		"a placeholder that lacks":  {"de.json", `{"left": "Noch ein wenig"}`, `left lacks {time}: its English text is "Time left: {time}"`},
		"a placeholder misspelt":    {"de.json", `{"left": "Noch {tiem}"}`, "left lacks {time}"},
		"a placeholder too many":    {"de.json", `{"send": "Hallo {name}"}`, "send has {name}, which nothing is put in place of"},
		"an empty text":             {"de.json", `{"send": " "}`, "send is empty"},
		"two lines":                 {"de.json", `{"send": "a\nb"}`, "send is not plain text on one line"},
		"a book":                    {"de.json", `{"send": "` + strings.Repeat("x", 1001) + `"}`, "send has 1001 bytes"},
		"a library":                 {"de.json", strings.Repeat(" ", 70000) + "{}", "more than 65536 bytes"},
		"a key twice":               {"de.json", `{"send": "a", "send": "b"}`, `"send" is there twice`},
		"no text":                   {"de.json", `{"send": {"x": "y"}}`, "no flat JSON object"},
		"a list":                    {"de.json", `["send"]`, "no flat JSON object"},
		"two objects":               {"de.json", `{} {}`, "no flat JSON object"},
		"half an object":            {"de.json", `{"send": "a"`, "de.json: at byte"},
		"no JSON":                   {"de.json", `send: a`, "no flat JSON object"},
		"no language":               {"german.json", `{}`, `"german" is no tag of a language, such as de or pt-BR`},
		"a region alone":            {"und-AT.json", `{}`, `names no language`},
		"a folder without any file": {"readme.txt", ``, "there is no TAG.json in it, such as de.json"},
	}
	for name, test := range tests {
		if _, err := New(Theme{Languages: folder(t, map[string]string{test.file: test.text})}); err == nil || !strings.HasPrefix(err.Error(), "page languages: ") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
	}
	if _, err := New(Theme{Languages: filepath.Join(t.TempDir(), "none")}); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("a folder that is not there: %v", err)
	}
	twice := folder(t, map[string]string{"pt-BR.json": `{}`, "pt-br.json": `{}`})
	if _, err := New(Theme{Languages: twice}); err == nil || !strings.Contains(err.Error(), "has the same language; keep one of them") {
		t.Errorf("a language in two files: %v", err)
	}
}

func FuzzOwnTexts(f *testing.F) {
	for _, seed := range []string{`{"send": "a"}`, `{"left": "{time}"}`, `{"a": 1}`, "\xef\xbb\xbf{}", `{"send": "a"} x`, `{"send": "\ud800"}`} {
		f.Add(seed)
	}
	all, err := embedded()
	if err != nil {
		f.Fatal(err)
	}
	file := filepath.Join(f.TempDir(), "de.json")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		ls, err := withOwn(all, filepath.Dir(file))
		if err != nil {
			return
		}
		for _, l := range ls {
			if len(l.text) != len(all[0].text) {
				t.Fatalf("%s has %d texts", l.Tag, len(l.text))
			}
		}
	})
}
