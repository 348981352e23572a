package page

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"golang.org/x/text/language"

	"github.com/login-guard/login-guard/assets"
	"github.com/login-guard/login-guard/internal/memo"
)

// Language is one language that the pages are in.
type Language struct {
	// BCP 47 tag, such as pt-BR.
	Tag string
	// ltr or rtl.
	Dir  string
	tag  language.Tag
	text map[string]string
	// "slow_when" and "deny_when" for each step and for longer.
	slowWhen, denyWhen [len(steps) + 1]string
}

// Text returns the text of a key. A key that no language has is returned
// itself; tests hold every key in templates and code against every language.
func (l *Language) Text(key string) string {
	if text, ok := l.text[key]; ok {
		return text
	}
	return key
}

func (l *Language) pick(keys string) map[string]string {
	some := map[string]string{}
	for key := range strings.FieldsSeq(keys) {
		some[key] = l.Text(key)
	}
	return some
}

// steps are the waits that have words of their own. Whole phrases, not a
// number and a noun: no plural rules, no grammatical case to get wrong.
var steps = [...]struct {
	seconds int
	key     string
}{
	{30, "in_30s"}, {60, "in_1m"}, {120, "in_2m"}, {300, "in_5m"}, {600, "in_10m"},
	{900, "in_15m"}, {1800, "in_30m"}, {3600, "in_1h"}, {7200, "in_2h"},
}

// In says in words when so many seconds are over, rounded up to the next
// step, such as "in 5 minutes"; more than two hours is "within a day".
func (l *Language) In(seconds int) string { return l.in(step(seconds)) }

func (l *Language) in(step int) string {
	if step < len(steps) {
		return l.Text(steps[step].key)
	}
	return l.Text("in_1d")
}

// step returns the index of the step for a wait; len(steps) if it is longer.
func step(seconds int) int {
	for i := range steps {
		if seconds <= steps[i].seconds {
			return i
		}
	}
	return len(steps)
}

// languages are those there are, the default first.
type languages struct {
	all     []*Language
	matcher language.Matcher
	headers *memo.Memo[*Language] // of Accept-Language
	tags    *memo.Memo[*Language] // of addresses
}

// loadLanguages reads the embedded languages and puts the default first.
func loadLanguages(standard string) (*languages, error) {
	entries, err := assets.Files.ReadDir("lang")
	if err != nil {
		return nil, fmt.Errorf("reading embedded languages: %w", err)
	}
	var all []*Language
	var names []string
	for _, entry := range entries {
		l, err := loadLanguage(entry.Name())
		if err != nil {
			return nil, err
		}
		all, names = append(all, l), append(names, l.Tag)
	}
	ls := newLanguages(all)
	wanted, err := language.Parse(standard)
	if err == nil {
		if l := ls.match(wanted); l != nil {
			rest := []*Language{l}
			for _, other := range all {
				if other != l {
					rest = append(rest, other)
				}
			}
			return newLanguages(rest), nil
		}
	}
	return nil, fmt.Errorf("page language: %q is not there yet: %s are", standard, strings.Join(names, ", "))
}

func newLanguages(all []*Language) *languages {
	tags := make([]language.Tag, len(all))
	for i, l := range all {
		tags[i] = l.tag
	}
	return &languages{all: all, matcher: language.NewMatcher(tags), headers: newWishes(), tags: newWishes()}
}

func loadLanguage(file string) (*Language, error) {
	raw, err := assets.Files.ReadFile("lang/" + file)
	if err != nil {
		return nil, fmt.Errorf("reading embedded language %s: %w", file, err)
	}
	l := &Language{Tag: strings.TrimSuffix(file, path.Ext(file)), Dir: "ltr"}
	if err := json.Unmarshal(raw, &l.text); err != nil {
		return nil, fmt.Errorf("reading embedded language %s: %w", file, err)
	}
	if l.tag, err = language.Parse(l.Tag); err != nil {
		return nil, fmt.Errorf("reading embedded language %s: %w", file, err)
	}
	for i := range l.denyWhen {
		l.slowWhen[i], l.denyWhen[i] = fill(l.Text("slow_when"), l.in(i)), fill(l.Text("deny_when"), l.in(i))
	}
	switch script, _ := l.tag.Script(); script.String() {
	case "Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm":
		l.Dir = "rtl"
	}
	return l, nil
}

// match returns the language for one wanted tag, or nil. The matcher also
// offers what people of a country often read beside their own (Russian for
// Belarusian, English for Urdu, with high confidence), and something for
// every tag: only another form of the wanted language itself is taken. The
// index counts, not the tag, which comes back with extensions of its own.
func (ls *languages) match(wanted language.Tag) *Language {
	_, index, confidence := ls.matcher.Match(wanted)
	if confidence == language.No {
		return nil
	}
	found := ls.all[index]
	wantedBase, _ := wanted.Base()
	foundBase, _ := found.tag.Base()
	wantedScript, _ := wanted.Script()
	foundScript, _ := found.tag.Script()
	if wantedBase != foundBase || wantedScript != foundScript {
		return nil
	}
	return found
}
