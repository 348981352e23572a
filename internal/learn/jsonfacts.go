package learn

import (
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/login-guard/login-guard/internal/login"
)

// jsonFacts are the places of a JSON answer, never its texts.
type jsonFacts struct {
	// places by pointer (RFC 6901), with `*` for the elements of lists: there
	// is something, as the condition `json` sees it.
	places map[string]bool
	// words at places that name a kind of answer: `CurrentUser`, `error`.
	words map[string]string
	// links at places: a key of the address's query, or its path, by which
	// the condition `contains` knows it.
	links map[string]string
}

// Bounds of what is kept of one answer.
const (
	maxPlaces = 256
	maxLevels = 8
)

var (
	// jsonKey is a key that is part of the answer's form; others may be ids.
	jsonKey = regexp.MustCompile(`^[A-Za-z_$][A-Za-z_$-]{0,39}[0-9]?$`)
	// kindKey is a key whose text says what kind of answer it is.
	kindKey = regexp.MustCompile(`(?i)^(__typename|status|state|result|code|errorcode|type|kind|outcome|success|ok|error)$`)
	// kindWord is such a text.
	kindWord = regexp.MustCompile(`^[A-Za-z][A-Za-z_-]{1,39}$`)
	linkKey  = regexp.MustCompile(`(?i)redirect|url|location|href|next|return`)
	tokenKey = regexp.MustCompile(`(?i)token`)
)

// jsonFactsOf reads a JSON object; nil where the text is none.
func jsonFactsOf(text string, hidden secrets) *jsonFacts {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "{") {
		return nil
	}
	var v map[string]any
	if json.Unmarshal([]byte(text), &v) != nil {
		return nil
	}
	f := &jsonFacts{places: map[string]bool{}, words: map[string]string{}, links: map[string]string{}}
	f.walk(v, "", 0, hidden)
	return f
}

func (f *jsonFacts) walk(v any, at string, level int, hidden secrets) {
	if len(f.places) >= maxPlaces || level > maxLevels {
		return
	}
	if at != "" && login.Truthy(v) {
		f.places[at] = true
	}
	switch x := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(x)) {
			if !jsonKey.MatchString(key) || hidden.in(key) {
				continue
			}
			to := at + "/" + escapePointer(key)
			if s, ok := x[key].(string); ok {
				f.text(to, key, s, hidden)
			}
			f.walk(x[key], to, level+1, hidden)
		}
	case []any:
		for _, item := range x[:min(len(x), 16)] {
			f.walk(item, at+"/*", level+1, hidden)
		}
	}
}

func (f *jsonFacts) text(at, key, s string, hidden secrets) {
	switch {
	case kindKey.MatchString(key) && kindWord.MatchString(s) && !hidden.in(s):
		f.words[at] = s
	case linkKey.MatchString(key):
		u, err := url.Parse(s)
		if err != nil {
			return
		}
		// A token in the address is what a shop gives to whom it let in.
		for key, v := range u.Query() {
			if tokenKey.MatchString(key) && plainToken.MatchString(key) && len(v) == 1 && v[0] != "" && !hidden.in(key) {
				f.links[at] = key + "="
				return
			}
		}
		for key, v := range u.Query() {
			if slices.Contains(routeKeys, key) && len(v) == 1 && routeWord.MatchString(v[0]) && !hidden.in(v[0]) {
				f.links[at] = key + "=" + v[0]
				return
			}
		}
		if u.Path != "/" && plainPath.MatchString(u.Path) && !hidden.in(u.Path) && !strings.ContainsAny(u.Path, "0123456789") {
			f.links[at] = u.Path
		}
	}
}
