package login

import (
	"net/http"
	"net/url"
	"strings"
)

// subject is one request while it is being read.
type subject struct {
	rd      *Reader
	r       *http.Request
	urls    [2]*url.URL // as it is, and as the client sent it if that differs
	media   media
	badPath bool // a path without canonical form: counts as every path

	canon  []string
	params []pair // every query parameter, of both forms
	query  []pair // the parameters that could be credentials
}

func (rd *Reader) newSubject(r *http.Request) *subject {
	s := &subject{rd: rd, r: r}
	s.urls[0] = r.URL
	if rd.opt.Original != nil {
		if u := rd.opt.Original(r); u != nil && (u.Path != r.URL.Path || u.RawQuery != r.URL.RawQuery) {
			s.urls[1] = u
		}
	}
	for i, u := range s.urls {
		if u == nil {
			continue
		}
		from := len(s.params)
		raw := u.RawPath
		if raw == "" {
			raw = u.Path
		}
		s.addURL(u.Path, raw, u.RawQuery)
		// Credentials are read from the query that the shop gets.
		for _, p := range s.params[from:] {
			if i == 0 && rd.interesting(&p) {
				s.query = append(s.query, p)
			}
		}
	}
	return s
}

// addURL notes a path, which came as raw, and a query that the shop may route
// by.
func (s *subject) addURL(path, raw, query string) {
	p, ok := canonicalPath(path, raw)
	if ok {
		s.canon = append(s.canon, p)
	}
	s.badPath = s.badPath || !ok
	eachPair(query, func(rawName, rawValue string) {
		name, _ := unescape(rawName)
		value, strict := unescape(rawValue)
		s.params = append(s.params, pair{name: name, value: value, strict: strict, query: true})
	})
	if strings.ContainsAny(query, ";#? ") {
		s.loosePairs(query)
	}
	if strings.IndexByte(path, '#') >= 0 {
		s.badPath = true // some cut it there, and some find it escaped
	}
}

// loosePairs notes how else servers were seen to read a query: split at
// semicolons too (Rack 2), cut at a `#` that no client should have sent
// (PHP), without a second question mark at its start (PHP's own server), cut
// at a space, which HTTP/2 and HTTP/3 can carry and which ends the address
// in HTTP/1. What stands there only in such a reading is never exact.
func (s *subject) loosePairs(query string) {
	cut, _, _ := strings.Cut(strings.TrimLeft(query, "?"), "#")
	cut, _, _ = strings.Cut(cut, " ")
	exact := make(map[string]bool)
	eachPair(query, func(name, value string) { exact[name+"="+value] = true })
	for part := range strings.FieldsFuncSeq(cut, func(r rune) bool { return r == '&' || r == ';' }) {
		rawName, rawValue, _ := strings.Cut(part, "=")
		if exact[rawName+"="+rawValue] {
			continue
		}
		name, _ := unescape(rawName)
		value, _ := unescape(rawValue)
		s.params = append(s.params, pair{name: name, value: value, query: true, odd: true})
	}
}

// paths are the request's canonical paths; none if it has none.
func (s *subject) paths() []string { return s.canon }

// param reads one routing parameter: met if any spelling of it has one of
// the values, other if PHP reads it with another value.
func (s *subject) param(name string, values []string) routing {
	found := routeAbsent
	loose, _ := looseTokens(name)
	for i := range s.params {
		p := &s.params[i]
		usual, unclosed := looseTokens(p.name)
		if !usual.startsWith(loose) && !unclosed.startsWith(loose) {
			continue
		}
		v := routeValue(p.value)
		// Some end a text at a NUL, OpenCart takes it out.
		head, _, _ := strings.Cut(p.value, "\x00")
		cut := routeValue(head)
		for _, want := range values {
			if v == want || cut == want {
				return routeMet
			}
		}
		if phpName(p.name) == name || values == nil {
			found = routeOther
		}
	}
	return found
}

// values are those of a parameter in the query, however its name is spelled.
func (s *subject) values(name string) (all []string) {
	loose, _ := looseTokens(name)
	for i := range s.params {
		usual, unclosed := looseTokens(s.params[i].name)
		if usual.startsWith(loose) || unclosed.startsWith(loose) {
			all = append(all, s.params[i].value)
		}
	}
	return all
}

// eachPair splits form data on `&` only and calls f with each name and value
// as sent. Empty pairs are skipped.
func eachPair(s string, f func(name, value string)) {
	for s != "" {
		var p string
		p, s, _ = strings.Cut(s, "&")
		if p == "" {
			continue
		}
		name, value, _ := strings.Cut(p, "=")
		f(name, value)
	}
}
