package learn

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/login-guard/login-guard/config"
)

// failing picks what only the wrong answer has. Failures are tried first, so
// none may hold for the right answer.
func failing(f *Found, wrong, right *facts, m *marks) {
	add := func(mark config.Mark) { m.failure = append(m.failure, mark) }
	if wrong.json != nil {
		best := ""
		for _, p := range slices.Sorted(maps.Keys(wrong.json.places)) {
			if strings.Contains(p, "/*") || right.json != nil && right.json.places[p] || !errorKey.MatchString(p) {
				continue
			}
			if best == "" || strings.Count(p, "/") < strings.Count(best, "/") {
				best = p
			}
		}
		if best != "" {
			add(config.Mark{JSON: f.pointer(best)})
		}
	}
	switch {
	case wrong.status >= 400 && wrong.status < 500 && wrong.status != right.status:
		add(config.Mark{Status: []string{strconv.Itoa(wrong.status)}})
	case len(m.failure) > 0:
	case wrong.json != nil && right.json != nil:
		for _, p := range slices.Sorted(maps.Keys(wrong.json.words)) {
			if w, r := wrong.json.words[p], right.json.words[p]; r != "" && w != r && !strings.Contains(r, w) {
				add(config.Mark{JSON: f.pointer(p), JSONContains: w})
				return
			}
		}
	case wrong.redirect && right.redirect:
		if wrong.path != "/" && !strings.Contains(right.whole, wrong.path) {
			add(config.Mark{Status: []string{"3xx"}, Location: []string{wrong.path}})
		} else if len(f.Route) == 2 && wrong.routes[f.Route[0]] != "" && wrong.routes[f.Route[0]] != right.routes[f.Route[0]] {
			add(config.Mark{Status: []string{"3xx"}, Route: map[string][]string{f.Route[0]: {wrong.routes[f.Route[0]]}}})
		}
	case wrong.status == 200 && right.status != 200:
		if text := wrong.page.only(nil, troubled); text != "" && !f.Script {
			add(config.Mark{Status: []string{"200"}, Body: []string{text}})
		} else {
			add(config.Mark{Status: []string{"200"}})
		}
	case wrong.page != nil && right.page != nil:
		if text := wrong.page.only(right.page, troubled); text != "" {
			add(config.Mark{Body: []string{text}})
		} else if wrong.page.password && !right.page.password && !right.page.full {
			add(config.Mark{Body: []string{`type="password"`}})
		}
	}
}
