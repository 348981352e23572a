package page

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"sync"

	"golang.org/x/text/language"

	"github.com/login-guard/login-guard/assets"
	"github.com/login-guard/login-guard/internal/memo"
)

// Language is one language that the pages are in.
type Language struct {
	// BCP 47 tag, such as pt-BR.
	Tag string
	// ltr or rtl.
	Dir string
	// Latin: it is written in the letters that pictures have.
	Latin   bool
	tag     language.Tag
	written string // see written
	lacks   *Lack  // of a shop's own language that is not whole
	text    map[string]string
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

// pick returns the texts of some keys, each by the key's letter.
func (l *Language) pick(keys []string) map[string]string {
	some := map[string]string{}
	for i, key := range keys {
		some[letter(i)] = l.Text(key)
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
// step, such as "in 5 minutes"; more than two hours is "in a day at most".
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

// loadLanguages joins a shop's own languages with ours, and puts the default
// first.
func loadLanguages(standard, folder string) (*languages, error) {
	all, err := embedded()
	if err == nil && folder != "" {
		all, err = withOwn(all, folder)
	}
	if err != nil {
		return nil, err
	}
	ls := newLanguages(all)
	if wanted, err := language.Parse(standard); err == nil {
		if first := ls.match(wanted); first != nil {
			rest := []*Language{first}
			for _, l := range all {
				if l != first {
					rest = append(rest, l)
				}
			}
			return newLanguages(rest), nil
		}
	}
	names := make([]string, len(all))
	for i, l := range all {
		names[i] = l.Tag
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

// embedded are the languages of assets/lang, by tag: a file there is all that
// a language needs. They are read once; nobody changes them.
var embedded = sync.OnceValues(func() ([]*Language, error) {
	entries, err := assets.Files.ReadDir("lang")
	if err != nil {
		return nil, fmt.Errorf("reading embedded languages: %w", err)
	}
	all := make([]*Language, len(entries))
	for i, entry := range entries {
		raw, err := assets.Files.ReadFile("lang/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("reading embedded language %s: %w", entry.Name(), err)
		}
		if all[i], err = newLanguage(strings.TrimSuffix(entry.Name(), path.Ext(entry.Name())), raw); err != nil {
			return nil, fmt.Errorf("reading embedded language %s: %w", entry.Name(), err)
		}
	}
	return all, nil
})

// newLanguage makes a language of its tag and of the JSON of its texts.
func newLanguage(tag string, texts []byte) (*Language, error) {
	parsed, err := language.Parse(tag)
	if err != nil {
		return nil, err
	}
	var text map[string]string
	if err := json.Unmarshal(texts, &text); err != nil {
		return nil, err
	}
	return languageOf(tag, parsed, text), nil
}

// languageOf makes a language of its texts.
func languageOf(name string, tag language.Tag, text map[string]string) *Language {
	l := &Language{Tag: name, Dir: "ltr", tag: tag, text: text}
	l.written = written(l.tag)
	for i := range l.denyWhen {
		l.slowWhen[i], l.denyWhen[i] = fill(l.Text("slow_when"), l.in(i)), fill(l.Text("deny_when"), l.in(i))
	}
	switch script, _ := l.tag.Script(); script.String() {
	case "Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm":
		l.Dir = "rtl"
	case "Latn":
		l.Latin = true
	}
	return l
}

// match returns the language for one wanted tag, or nil. The matcher knows
// which form of a language is meant where (zh-HK is written in traditional
// characters, pt-AO as in Portugal, no is nb). It also offers what people of
// a country often read beside their own (Russian for Belarusian, English for
// Tamil, with high confidence), and something for every tag: nobody is taken
// to read another language than the wanted one, in another script least of
// all. The index counts, not the tag, which comes back with extensions of its
// own. Where the tag leaves open which form (pt, zh), the default may say.
func (ls *languages) match(wanted language.Tag) *Language {
	base, script, region := wanted.Raw()
	if base == (language.Base{}) {
		return nil // und: of a region or a script at most
	}
	name := written(wanted)
	if name == ls.all[0].written && script == (language.Script{}) && region == (language.Region{}) {
		return ls.all[0]
	}
	_, index, confidence := ls.matcher.Match(wanted)
	if confidence == language.No {
		return nil
	}
	found := ls.all[index]
	wantedScript, _ := wanted.Script()
	foundScript, _ := found.tag.Script()
	if wantedScript != foundScript || name != found.written {
		return nil
	}
	return found
}

// written names the language of a tag as it is written: one name for what has
// several codes (cmn and zh, arb and ar), and for Bokmål and Nynorsk, which
// every Norwegian reads.
func written(tag language.Tag) string {
	if one, err := language.Macro.Canonicalize(tag); err == nil {
		tag = one
	}
	base, _ := tag.Base()
	switch name := base.String(); name {
	case "nb", "nn":
		return "no"
	default:
		return name
	}
}
