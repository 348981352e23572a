package page

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// documented are the rows of the table of languages that operators read.
func documented(t *testing.T) (tags []string) {
	t.Helper()
	doc, err := os.ReadFile("../../docs/languages.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]*)` \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|$").FindAllStringSubmatch(string(doc), -1) {
		tags = append(tags, row[1])
		if !regexp.MustCompile(`^(no|20\d\d-\d\d-\d\d)$`).MatchString(row[4]) {
			t.Errorf("%s: read by a native speaker: %q, want no or a date", row[1], row[4])
		}
	}
	return tags
}

func TestTheLanguagesThatAreDocumentedAreThere(t *testing.T) {
	want := documented(t)
	if len(want) < 32 {
		t.Errorf("%d languages in docs/languages.md, want 32", len(want))
	}
	for _, tag := range want {
		if !slices.Contains(tags, tag) {
			t.Errorf("%s is not in assets/lang", tag)
		}
	}
	for _, tag := range tags {
		if !slices.Contains(want, tag) {
			t.Errorf("%s is not in docs/languages.md", tag)
		}
	}
}

func TestScriptsThatRunToTheLeft(t *testing.T) {
	for _, tag := range documented(t) {
		l, err := newLanguage(tag, []byte(`{}`))
		if err != nil {
			t.Error(err)
			continue
		}
		want := "ltr"
		if slices.Contains([]string{"ar", "he", "fa", "ur"}, tag) {
			want = "rtl"
		}
		if l.Dir != want {
			t.Errorf("%s: %s, want %s", tag, l.Dir, want)
		}
	}
}

// columns is how wide a text is, in halves of the width of a CJK sign. Signs
// that sit on others take no room.
func columns(text string) int {
	n := 0
	for _, r := range text {
		switch kind := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case kind == width.EastAsianWide || kind == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

func TestLanguagesFitTheirPlaces(t *testing.T) {
	all, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		for key, text := range l.text {
			limit := limitOf(key)
			switch {
			case strings.HasPrefix(key, "in_"):
				limit = longestWait
			case limit == 0:
				t.Errorf("%s: nobody said how long it may be", key)
			}
			if limit > 0 && columns(text) > limit {
				t.Errorf("%s: %s has %d columns, more than the %d that fit", l.Tag, key, columns(text), limit)
			}
		}
		if n := utf8.RuneCountInString(l.text["slider_hint"]); n > 24 {
			t.Errorf("%s: slider_hint has %d characters, want 24 at most", l.Tag, n)
		}
	}
}

// quotes are a language's own marks around a name, where they are not “these”.
var quotes = map[string]string{
	"de": "„“", "cs": "„“", "pl": "„”", "ro": "„”", "hu": "„”", "sv": "””", "fi": "””", "da": "””", "he": "””",
	"fr": "«»", "es": "«»", "it": "«»", "pt-PT": "«»", "nb": "«»", "el": "«»", "uk": "«»", "ru": "«»", "ar": "«»", "fa": "«»",
	"ja": "「」", "zh-Hant": "「」",
}

// quoted returns the names that a text has between its language's own marks,
// sorted, and the text without them.
func quoted(tag, text string) (names []string, rest string) {
	marks := []rune(quotes[tag])
	if len(marks) == 0 {
		marks = []rune("“”")
	}
	between := regexp.MustCompile(string(marks[0]) + "([^" + string(marks) + "]*)" + string(marks[1]))
	for _, match := range between.FindAllStringSubmatch(text, -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	return names, between.ReplaceAllString(text, "")
}

func TestQuotedNamesAreThoseOfButtons(t *testing.T) {
	all, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	english := all[slices.IndexFunc(all, func(l *Language) bool { return l.Tag == "en" })]
	keyOf := map[string]string{}
	for _, key := range []string{"send", "continue", "checked", "press", "new", "sound_play", "sound_new"} {
		keyOf[english.text[key]] = key
	}
	for key, text := range english.text {
		names, _ := quoted("en", text)
		for _, l := range all {
			var want []string
			for _, name := range names {
				if keyOf[name] == "" {
					t.Fatalf("%s quotes %q, which is no button", key, name)
				}
				want = append(want, l.text[keyOf[name]])
				if l.Tag == "fr" {
					want[len(want)-1] = "\u00a0" + want[len(want)-1] + "\u00a0"
				}
			}
			slices.Sort(want)
			got, rest := quoted(l.Tag, l.text[key])
			if !slices.Equal(got, want) {
				t.Errorf("%s: %s quotes %q, want %q", l.Tag, key, got, want)
			}
			if i := strings.IndexAny(rest, "\"'`´„“”«»‹›「」『』‚‘"); i >= 0 {
				t.Errorf("%s: %s has a mark that is not its own: %q", l.Tag, key, rest)
			}
		}
	}
}

func TestLanguagesAreWholeAndClean(t *testing.T) {
	all, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	english := all[slices.IndexFunc(all, func(l *Language) bool { return l.Tag == "en" })]
	for _, l := range all {
		for key, text := range l.text {
			if l != english && text == english.text[key] && strings.Contains(text, " ") {
				t.Errorf("%s: %s is English: %q", l.Tag, key, text)
			}
			if !norm.NFC.IsNormalString(text) {
				t.Errorf("%s: %s is not in Unicode form C", l.Tag, key)
			}
			if strings.Contains(text, "  ") || strings.Contains(text, "...") || strings.ContainsFunc(text, func(r rune) bool { return r != '\u200c' && !unicode.IsPrint(r) && r != '\u00a0' }) {
				t.Errorf("%s: %s has signs that nobody sees, or typed as on a typewriter: %q", l.Tag, key, text)
			}
		}
	}
}

// Within a sentence a wait begins small, at its start with a capital.
func TestWaitsStandInTheirSentences(t *testing.T) {
	all, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		for key, text := range l.text {
			at := strings.Index(text, "{in}")
			if at < 0 {
				continue
			}
			before := strings.TrimRight(text[:at], " ¿¡")
			start := before == "" || strings.ContainsAny(before[len(before)-1:], ".!?") || strings.HasSuffix(before, "。")
			for i := range len(steps) + 1 {
				first, _ := utf8.DecodeRuneInString(l.in(i))
				if start && unicode.IsLower(first) || !start && unicode.IsUpper(first) {
					t.Errorf("%s: %s: %q", l.Tag, key, fill(text, l.in(i)))
				}
			}
		}
	}
}
