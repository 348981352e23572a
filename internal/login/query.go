package login

import (
	"net/http"
	"strings"
	"unicode/utf8"
)

// queryMayHold reports whether a query could hold a password that some
// endpoint reads from there. It costs no allocation; a name that is not
// plain counts as one.
func (rd *Reader) queryMayHold(q string) bool {
	if len(rd.queryHeads) == 0 && !rd.queryInner {
		return false
	}
	if strings.ContainsAny(q, ";#?") {
		return true // see loosePairs
	}
	var low [64]byte
	for q != "" {
		var p string
		p, q, _ = strings.Cut(q, "&")
		name, _, _ := strings.Cut(p, "=")
		if len(name) > len(low) {
			return true
		}
		n := 0
		for i := 0; i < len(name); i++ {
			c := name[i]
			switch {
			case c == '%' || c == '+' || c == '[' || c == ']' || c == '\\' || c == '.' || c <= ' ' || c >= utf8.RuneSelf:
				return true
			case c >= 'A' && c <= 'Z':
				c += 'a' - 'A'
			case c == '-':
				c = '_'
			}
			low[n] = c
			n++
		}
		if rd.queryHeads[string(low[:n])] {
			return true
		}
	}
	return false
}

// passwordInQuery reports whether the query holds what could be a password
// for an endpoint that reads queries.
func (rd *Reader) passwordInQuery(s *subject) bool {
	for _, e := range rd.endpoints {
		if e.cfg.BodyOnly || e.cfg.Body != bodyForm || !e.applies(s) {
			continue
		}
		for i := range s.query {
			if e.hasPassword(s.query[i].toks, s.query[i].alt) {
				return true
			}
		}
	}
	return false
}

// encodedBody reports whether the body comes compressed. `identity` is none,
// though a login may not carry even that.
func encodedBody(h http.Header) bool {
	if perHop(h, "Content-Encoding") {
		return false // the shop gets it without
	}
	for _, v := range h["Content-Encoding"] {
		if v = strings.TrimSpace(v); v != "" && !strings.EqualFold(v, "identity") {
			return true
		}
	}
	return false
}
