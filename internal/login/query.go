package login

import (
	"net/http"
	"strings"
)

// maxQuery is how long a query may be where it is read parameter by parameter.
// Common servers take 8 KiB of a request's first line; a megabyte of `a&` would
// take a third of a second.
const maxQuery = 64 << 10

// tooLong reports whether a query is longer than that, as it is or as the
// client sent it.
func (rd *Reader) tooLong(r *http.Request) bool {
	if len(r.URL.RawQuery) > maxQuery {
		return true
	}
	if rd.opt.Original == nil {
		return false
	}
	u := rd.opt.Original(r)
	return u != nil && len(u.RawQuery) > maxQuery
}

// queryMayHold reports whether a query could hold a password that some
// endpoint reads from there. It costs no allocation; a name that is not
// plain counts as one.
func (rd *Reader) queryMayHold(q string) bool {
	if len(rd.queryHeads) == 0 && !rd.queryInner {
		return false
	}
	var low [maxPlain]byte
	n, inName := 0, true
	for i := 0; i < len(q); i++ {
		c := q[i]
		switch {
		case c == '&':
			if n > 0 && rd.queryHead(low[:n]) {
				return true
			}
			n, inName = 0, true
		case c == ';', c == '#', c == '?', c == ' ':
			return true // see loosePairs
		case !inName:
		case c == '=':
			inName = false
		case folded[c] == 0, n == maxPlain:
			return true // not plain
		default:
			low[n] = folded[c]
			n++
		}
	}
	return n > 0 && rd.queryHead(low[:n])
}

// queryHead reports whether a folded name could be a password's in a query.
func (rd *Reader) queryHead(name []byte) bool {
	return rd.isStart(name) && rd.queryHeads[string(name)]
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
