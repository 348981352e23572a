package login

import (
	"slices"
	"strings"
)

// routing says what the query says about an endpoint's page.
type routing int

const (
	routeAbsent routing = iota // no parameter of ours
	routeMet                   // chooses the endpoint's page
	routeOther                 // chooses another page for certain
)

// routed reads the query as PHP shops route by it. Any value that could
// choose the page counts, whichever duplicate the shop takes; another page
// is only chosen by a parameter that PHP is sure to read.
func (e *Endpoint) routed(s *subject) routing {
	met, other := 0, false
	for name, values := range e.query {
		switch s.param(name, values) {
		case routeMet:
			met++
		case routeOther:
			other = true
		}
	}
	if met == len(e.query) {
		return routeMet
	}
	if !other {
		return routeAbsent
	}
	for _, u := range e.queryUnless {
		if s.param(u, nil) != routeAbsent {
			return routeAbsent
		}
	}
	if len(e.queryPaths) > 0 {
		for _, p := range s.paths() {
			if !matchAny(e.queryPaths, p) {
				return routeAbsent
			}
		}
		if s.badPath {
			return routeAbsent
		}
	}
	return routeOther
}

// applies reports whether credentials on this request would reach the
// endpoint's page.
func (e *Endpoint) applies(s *subject) bool {
	if len(e.query) == 0 {
		return true
	}
	switch e.routed(s) {
	case routeMet:
		return true
	case routeAbsent:
		return e.cfg.QueryOptional
	}
	return false
}

// exempted reports whether the request is something else than a login: one
// of the exempting fields on one of the exempting paths.
func (e *Endpoint) exempted(s *subject, pairs []pair) bool {
	if len(e.exempt) == 0 || s.badPath || e.onPath(s) {
		return false
	}
	if slices.ContainsFunc(s.paths(), func(p string) bool { return !e.exemptPath(p) }) {
		return false
	}
	// What takes the path's place in the query is a path as well.
	for _, u := range e.queryUnless {
		if slices.ContainsFunc(s.values(u), func(v string) bool {
			return !e.exemptPath("/" + strings.Trim(strings.ToLower(v), "/ "))
		}) {
			return false
		}
	}
	found := false
	for i := range pairs {
		for j := range e.fallback {
			if e.fallback[j].loose(pairs[i].toks) {
				return false
			}
		}
		for j := range e.exempt {
			found = found || !pairs[i].query && e.exempt[j].exact(pairs[i].name)
		}
	}
	return found
}

// exemptPath reports whether a path's last segment is an exempting one, and, in
// a shop that looks segments up one by one, none before it leads to the login.
func (e *Endpoint) exemptPath(p string) bool {
	head, last := p, p
	if i := strings.LastIndexByte(p, '/'); i >= 0 {
		head, last = p[:i], p[i+1:]
	}
	if !slices.Contains(e.exemptPaths, last) {
		return false
	}
	for len(e.queryUnless) > 0 && head != "" {
		if matchAny(e.paths, head) {
			return false
		}
		head = head[:max(0, strings.LastIndexByte(head, '/'))]
	}
	return true
}

// routeValue folds a route as shops do before they look it up: OpenCart
// strips what is no letter, digit, `_`, `/`, `.` or `|`, takes `|` for `.`,
// and an absent method is `index`.
func routeValue(v string) string {
	v = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_', r == '/', r == '.':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r == '|':
			return '.'
		}
		return -1
	}, v)
	for strings.Contains(v, "//") {
		v = strings.ReplaceAll(v, "//", "/")
	}
	for {
		t := strings.Trim(v, "/.")
		t = strings.TrimSuffix(t, "/index")
		t = strings.TrimSuffix(t, ".index")
		if t == v {
			return v
		}
		v = t
	}
}

// phpName is the name under which PHP files a decoded parameter.
func phpName(name string) string {
	if i := strings.IndexByte(name, 0); i >= 0 {
		name = name[:i]
	}
	name = strings.TrimLeft(name, " ")
	if i := strings.IndexByte(name, '['); i > 0 && strings.IndexByte(name[i:], ']') >= 0 {
		// An array is not the scalar of that name.
		return ""
	}
	return strings.Map(func(r rune) rune {
		if r == '.' || r == ' ' || r == '[' {
			return '_'
		}
		return r
	}, name)
}
