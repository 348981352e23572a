package learn

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/login-guard/login-guard/config"
)

// Difference is one way in which the two answers differ.
type Difference struct {
	What  string `json:"what"`
	Wrong string `json:"wrong"`
	Right string `json:"right"`
	// Use says what of it is in the endpoint: `success`, `failure` or both.
	Use string `json:"use,omitempty"`
}

// differences lists what differs, for the operator to see.
func differences(wrong, right *facts, m *marks) (all []Difference) {
	say := func(what, w, r string, use func(*config.Mark) bool) {
		if w == r {
			return
		}
		d := Difference{What: what, Wrong: w, Right: r}
		if slices.ContainsFunc(m.success, func(m config.Mark) bool { return use(&m) }) {
			d.Use = "success"
		}
		if slices.ContainsFunc(m.failure, func(m config.Mark) bool { return use(&m) }) {
			d.Use = strings.TrimPrefix(d.Use+" failure", " ")
		}
		all = append(all, d)
	}
	say("status", strconv.Itoa(wrong.status), strconv.Itoa(right.status), func(m *config.Mark) bool { return len(m.Status) > 0 })
	say("leads to", wrong.leadsTo(), right.leadsTo(), func(m *config.Mark) bool {
		return len(m.Location)+len(m.NotLocation)+len(m.Route)+len(m.NotRoute) > 0 || m.Elsewhere
	})
	for _, name := range names(wrong.cookies, right.cookies) {
		say("cookie "+name, wrong.cookies[name].String(), right.cookies[name].String(), func(m *config.Mark) bool { return m.NewCookie == name })
	}
	there := map[bool]string{true: "there", false: "none"}
	for _, name := range names(wrong.headers, right.headers) {
		say("header "+name, there[wrong.headers[name]], there[right.headers[name]], func(m *config.Mark) bool { return m.Header == name })
	}
	w, r := wrong.json, right.json
	if w == nil {
		w = &jsonFacts{}
	}
	if r == nil {
		r = &jsonFacts{}
	}
	for _, p := range names(w.places, r.places) {
		if parent := p[:strings.LastIndexByte(p, '/')]; parent != "" && w.places[parent] != r.places[parent] {
			continue // said by what it is in
		}
		say("JSON "+p, there[w.places[p]], there[r.places[p]], func(m *config.Mark) bool { return pointersMeet(m.JSON, p) })
	}
	for _, p := range names(w.words, r.words) {
		if w.words[p] != "" && r.words[p] != "" {
			say("JSON text "+p, w.words[p], r.words[p], func(m *config.Mark) bool { return pointersMeet(m.JSON, p) && m.JSONContains != "" })
		}
	}
	if wrong.page != nil || right.page != nil {
		has := func(f *facts) string { return there[f.page != nil && f.page.password] }
		say("password field in the page", has(wrong), has(right), func(m *config.Mark) bool { return slices.Contains(m.Body, `type="password"`) })
	}
	if wrong.page != nil {
		if text := wrong.page.only(right.page, troubled); text != "" {
			say("page "+text, "there", "none", func(m *config.Mark) bool { return slices.Contains(m.Body, text) })
		}
	}
	if right.page != nil {
		if text := right.page.only(wrong.page, inside); text != "" {
			say("page "+text, "none", "there", func(m *config.Mark) bool { return slices.Contains(m.Body, text) })
		}
	}
	return all
}

// pointersMeet reports whether a mark's pointer is a place or below it.
func pointersMeet(pointer, place string) bool {
	if pointer == "" {
		return false
	}
	a, b := strings.Split(pointer, "/"), strings.Split(place, "/")
	for i := range b {
		if i >= len(a) || a[i] != b[i] && a[i] != "*" {
			return false
		}
	}
	return true
}

// names are the keys of both, in order.
func names[V any](a, b map[string]V) []string {
	all := map[string]bool{}
	for k := range a {
		all[k] = true
	}
	for k := range b {
		all[k] = true
	}
	return slices.Sorted(maps.Keys(all))
}
