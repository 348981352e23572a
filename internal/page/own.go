package page

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/login-guard/login-guard/config"
)

// A shop may change the words of a language, or bring one of its own: one file
// TAG.json a language, with those keys of the embedded ones that it changes. A
// language that is not embedded takes what its file lacks from the nearest one
// that is written alike (de-AT from de), else from English.

// Caps on what a shop may write, in bytes.
const (
	maxOwnFile = 64 << 10
	maxOwnText = 1000
)

// Lack is what a language of a shop's own has not got.
type Lack struct {
	// The language's tag, and that of the one it takes these texts from.
	Tag, From string
	// Sorted.
	Keys []string
}

// Lacks are those of the shop's own languages.
func (p *Pages) Lacks() (all []Lack) {
	for _, l := range p.languages.all {
		if l.lacks != nil {
			all = append(all, *l.lacks)
		}
	}
	return all
}

// withOwn joins the languages in a folder with those there are.
func withOwn(all []*Language, folder string) ([]*Language, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err == nil && len(files) == 0 {
		if _, err = os.Stat(folder); err == nil {
			err = errors.New("there is no TAG.json in it, such as de.json")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("page languages: %s: %w", folder, err)
	}
	at := slices.IndexFunc(all, func(l *Language) bool { return l.Tag == DefaultLanguage })
	if at < 0 {
		return nil, fmt.Errorf("page languages: there is no %s to hold them against", DefaultLanguage)
	}
	english := all[at]
	known, joined := newLanguages(all), slices.Clone(all)
	from := map[string]string{} // file by tag
	for _, file := range files {
		l, err := ownLanguage(file, english, known)
		if err != nil {
			return nil, fmt.Errorf("page languages: %s: %w", file, err)
		}
		if first := from[l.Tag]; first != "" {
			return nil, fmt.Errorf("page languages: %s: %s has the same language; keep one of them", file, first)
		}
		from[l.Tag] = file
		if at := slices.IndexFunc(joined, func(ours *Language) bool { return ours.Tag == l.Tag }); at >= 0 {
			joined[at] = l
		} else {
			joined = append(joined, l)
		}
	}
	return joined, nil
}

// ownLanguage reads one file.
func ownLanguage(file string, english *Language, known *languages) (*Language, error) {
	name := strings.TrimSuffix(filepath.Base(file), ".json")
	tag, err := language.Parse(name)
	if err != nil || len(name) > maxTag {
		return nil, fmt.Errorf("%q is no tag of a language, such as de or pt-BR", name)
	}
	if base, confidence := tag.Base(); confidence != language.Exact || base.String() == "und" {
		return nil, fmt.Errorf("%q names no language, as de or pt-BR does", name)
	}
	own, err := readTexts(file)
	if err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(own)) {
		if err := checkText(key, own[key], english); err != nil {
			return nil, err
		}
	}
	under := english
	if near := known.match(tag); near != nil {
		under = near
	}
	text := maps.Clone(under.text)
	maps.Copy(text, own)
	if under.tag == tag { // ours, in other words
		return languageOf(under.Tag, tag, text), nil
	}
	l := languageOf(tag.String(), tag, text)
	lack := Lack{Tag: l.Tag, From: under.Tag}
	for key := range english.text {
		if _, there := own[key]; !there {
			lack.Keys = append(lack.Keys, key)
		}
	}
	if slices.Sort(lack.Keys); len(lack.Keys) > 0 {
		l.lacks = &lack
	}
	return l, nil
}

// readTexts reads a flat object of strings, and nothing that it does not
// understand: a key that is there twice would lose one of its texts.
func readTexts(file string) (map[string]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxOwnFile+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxOwnFile {
		return nil, fmt.Errorf("it has more than %d bytes", maxOwnFile)
	}
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))))
	flat := errors.New(`it is no flat JSON object of keys and texts, such as {"send": "Sign in"}`)
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, flat
	}
	texts := map[string]string{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("at byte %d: %w", d.InputOffset(), err)
		}
		value, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("at byte %d: %w", d.InputOffset(), err)
		}
		text, ok := value.(string)
		if !ok {
			return nil, flat
		}
		if _, twice := texts[key.(string)]; twice {
			return nil, fmt.Errorf("%q is there twice; keep one of them", key)
		}
		texts[key.(string)] = text
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("at byte %d: %w", d.InputOffset(), err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, flat
	}
	return texts, nil
}

// placeholder matches what a text is filled in at.
var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// checkText holds one text against the English one of its key.
func checkText(key, text string, english *Language) error {
	original, ok := english.text[key]
	if !ok {
		if near := config.Near(key, slices.Sorted(maps.Keys(english.text))); near != "" {
			return fmt.Errorf("there is no text %q; did you mean %q (%q)", key, near, english.text[near])
		}
		return fmt.Errorf("there is no text %q; docs/languages.md says where they all are", key)
	}
	want, got := placeholder.FindAllString(original, -1), placeholder.FindAllString(text, -1)
	for _, p := range want {
		if !slices.Contains(got, p) {
			return fmt.Errorf("%s lacks %s: its English text is %q", key, p, original)
		}
	}
	for _, p := range got {
		if !slices.Contains(want, p) {
			return fmt.Errorf("%s has %s, which nothing is put in place of: its English text is %q", key, p, original)
		}
	}
	switch {
	case strings.TrimSpace(text) == "":
		return fmt.Errorf("%s is empty: its English text is %q; leave the key out to keep the text there is", key, original)
	case len(text) > maxOwnText:
		return fmt.Errorf("%s has %d bytes, more than the %d that there is room for", key, len(text), maxOwnText)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return fmt.Errorf("%s is not plain text on one line", key)
	}
	return nil
}
