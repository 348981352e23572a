package login

import (
	"bytes"
	"net/http"
	"strings"
)

// Most posts to a shop are forms without any name that an endpoint cares for.
// They are told from logins by one look at their keys, without a copy: a key
// of plain letters, digits, `_`, `-` and closed brackets has one loose form,
// which is looked up. Whatever is not plain goes the long way.

// maxPlain bounds how long a key is looked at here.
const maxPlain = 96

// quick reports whether a request with a body can be no login unless a key of
// its form says so: then nothing but the body has to be looked at.
func (rd *Reader) quick(r *http.Request) bool {
	if rd.always || len(rd.sides) > 0 || inEarlyData(r) {
		return false
	}
	types := r.Header["Content-Type"]
	if len(types) != 1 || !plainForm(types[0]) || len(r.Header["Content-Encoding"]) > 0 || len(r.Header["Connection"]) > 0 {
		return false
	}
	if !rd.dullURL(r.URL.Path, r.URL.RawQuery) {
		return false
	}
	if rd.opt.Original != nil {
		if u := rd.opt.Original(r); u != nil && (u.Path != r.URL.Path || u.RawQuery != r.URL.RawQuery) {
			return rd.dullURL(u.Path, u.RawQuery)
		}
	}
	return true
}

// plainForm reports whether a content type is that of a form, as browsers and
// scripts write it.
func plainForm(v string) bool {
	const form = "application/x-www-form-urlencoded"
	return v == form || v == form+"; charset=UTF-8" || v == form+"; charset=utf-8" || v == form+";charset=UTF-8"
}

// dullURL reports whether an address has nothing to do with any endpoint but
// by its path, and is no place that takes XML-RPC.
func (rd *Reader) dullURL(path, query string) bool {
	if query != "" && (strings.ContainsAny(query, ";#? ") || !rd.dull([]byte(query))) {
		return false // see loosePairs
	}
	if !rd.xmlrpc {
		return true
	}
	p, ok := CanonicalPath(path)
	if !ok {
		return false
	}
	for _, e := range rd.endpoints {
		if e.cfg.Body == bodyXMLRPC && (len(e.query) > 0 || matchAny(e.paths, p)) {
			return false
		}
	}
	return true
}

// folded has for each byte of a plain key what it is folded to; zero for all
// other bytes.
var folded = func() (f [256]byte) {
	for c := range f {
		switch c := byte(c); {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_':
			f[c] = c
		case c >= 'A' && c <= 'Z':
			f[c] = c | 0x20
		case c == '-':
			f[c] = '_'
		}
	}
	return f
}()

// dull reports whether every key of urlencoded data is plain and of interest
// to no endpoint and to no check.
func (rd *Reader) dull(data []byte) bool {
	if bytes.IndexByte(data, ';') >= 0 {
		return false // see parseForm
	}
	var low [maxPlain]byte
	for len(data) > 0 {
		n, open, shut, i := 0, -1, -1, 0
	key:
		for {
			for i < len(data) && n < maxPlain {
				c := folded[data[i]]
				if c == 0 {
					break
				}
				low[n] = c
				n, i = n+1, i+1
			}
			if i == len(data) {
				break
			}
			c := data[i]
			if c == '%' {
				if c = bracket(data[i:]); c == 0 {
					return false
				}
				i += 2
			}
			switch {
			case c == '=', c == '&':
				break key
			case n == maxPlain:
				return false
			case c == '[':
				if open < 0 {
					open = n
				}
			case c == ']':
				if shut < 0 {
					shut = n
				}
			default:
				return false
			}
			low[n] = c
			n, i = n+1, i+1
		}
		if n > 0 && !rd.dullKey(low[:n], open, shut) {
			return false
		}
		end := bytes.IndexByte(data[i:], '&')
		if end < 0 {
			return true
		}
		data = data[i+end+1:]
	}
	return true
}

// bracket decodes an escaped bracket; 0 for every other escape.
func bracket(b []byte) byte {
	if len(b) > 2 && b[1] == '5' {
		switch b[2] | 0x20 {
		case 'b':
			return '['
		case 'd':
			return ']'
		}
	}
	return 0
}

// dullKey decides on a folded key whose first brackets are at open and shut.
func (rd *Reader) dullKey(key []byte, open, shut int) bool {
	head := key
	if open >= 0 || shut >= 0 {
		if open < 1 || shut < open {
			return false // a stray bracket
		}
		head = key[:open]
		inner := key[open+1 : shut]
		for len(inner) > 0 && inner[0] == '_' {
			inner = inner[1:]
		}
		for len(inner) > 0 && inner[len(inner)-1] == '_' {
			inner = inner[:len(inner)-1]
		}
		switch {
		case len(inner) == 0 && shut+1 < len(key):
			return false // the next brackets hold the second part
		case len(inner) > 0 && rd.inner[string(inner)]:
			return false
		}
		for _, c := range key[open+1 : shut] {
			if c == '[' {
				return false
			}
		}
	}
	return !rd.isHead(head) && !isOurs(head)
}

// isHead reports whether a folded key is a name that an endpoint cares for.
// Most are told by their length and first letter.
func (rd *Reader) isHead(key []byte) bool {
	return rd.isStart(key) && rd.heads[string(key)]
}

func (rd *Reader) isStart(key []byte) bool {
	return rd.starts[len(key)]&(1<<(key[0]&31)) != 0
}

// isOurs reports whether a folded key could be one of our own fields.
func isOurs(key []byte) bool {
	return len(key) >= len(FieldPrefix) && string(key[:len(FieldPrefix)]) == FieldPrefix
}

// plainName gives the tokens of a decoded name that is plain and has no
// brackets, without an allocation where an endpoint names it so; ok is false
// for every other name. Nil tokens: no endpoint cares.
func (rd *Reader) plainName(name string) (t tokens, ok bool) {
	if len(name) > maxPlain || name == "" {
		return nil, false
	}
	var low [maxPlain]byte
	for i := range len(name) {
		c := folded[name[i]]
		if c == 0 {
			return nil, false
		}
		low[i] = c
	}
	return rd.single[string(low[:len(name)])], true
}
