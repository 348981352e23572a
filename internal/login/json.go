package login

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// errJSON is any departure from the one JSON that all parsers read alike.
var errJSON = errors.New("not strict JSON")

// maxJSONDepth is how deep a JSON body may nest. Logins nest 4 deep at most
// (GraphQL with an input object).
const maxJSONDepth = 8

type valueKind byte

// Kinds of values, of JSON and of GraphQL's arguments.
const (
	kindNull valueKind = iota
	kindBool
	kindNumber
	kindString
	kindArray
	kindObject
	kindEnum     // GraphQL only
	kindVariable // GraphQL only
)

// value is one value of a JSON text or of a GraphQL document.
type value struct {
	kind  valueKind
	text  string // a string's text; a number or name as written
	keys  []string
	items []*value // of an array, or behind each key
}

// member gives what an object has under a key; nil if nothing.
func (v *value) member(key string) *value {
	if v == nil || v.kind != kindObject {
		return nil
	}
	for i, k := range v.keys {
		if k == key {
			return v.items[i]
		}
	}
	return nil
}

// at follows keys down.
func (v *value) at(path []string) *value {
	for _, key := range path {
		v = v.member(key)
	}
	return v
}

// parseJSON reads a text that holds one value by RFC 8259 and nothing else.
// What parsers were seen to differ on is an error: a byte order mark,
// comments, a key twice in one object, text behind the end, NaN, depth
// beyond maxJSONDepth, half a surrogate pair, bytes that are not UTF-8.
func parseJSON(text string) (*value, error) {
	if !utf8.ValidString(text) {
		return nil, errJSON
	}
	p := &jsonParser{s: text}
	p.space()
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.i != len(p.s) {
		return nil, errJSON
	}
	return v, nil
}

type jsonParser struct {
	s string
	i int
}

func (p *jsonParser) space() {
	for p.i < len(p.s) && isJSONSpace(p.s[p.i]) {
		p.i++
	}
}

func isJSONSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// peek is the next byte, 0 at the end.
func (p *jsonParser) peek() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *jsonParser) value(depth int) (*value, error) {
	switch c := p.peek(); {
	case c == '{' || c == '[':
		if depth == maxJSONDepth {
			return nil, errJSON
		}
		if c == '{' {
			return p.object(depth)
		}
		return p.array(depth)
	case c == '"':
		s, err := p.text()
		return &value{kind: kindString, text: s}, err
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	for _, w := range []struct {
		word string
		kind valueKind
	}{{"true", kindBool}, {"false", kindBool}, {"null", kindNull}} {
		if strings.HasPrefix(p.s[p.i:], w.word) {
			p.i += len(w.word)
			return &value{kind: w.kind, text: w.word}, nil
		}
	}
	return nil, errJSON
}

func (p *jsonParser) object(depth int) (*value, error) {
	v := &value{kind: kindObject}
	var seen map[string]bool // of large objects
	p.i++
	if p.space(); p.peek() == '}' {
		p.i++
		return v, nil
	}
	for {
		if p.peek() != '"' {
			return nil, errJSON
		}
		key, err := p.text()
		if err != nil {
			return nil, err
		}
		if len(v.keys) < 8 {
			if contains(v.keys, key) {
				return nil, errJSON
			}
		} else {
			if seen == nil {
				seen = make(map[string]bool, 2*len(v.keys))
				for _, k := range v.keys {
					seen[k] = true
				}
			}
			if seen[key] {
				return nil, errJSON
			}
			seen[key] = true
		}
		if p.space(); p.peek() != ':' {
			return nil, errJSON
		}
		p.i++
		p.space()
		item, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		v.keys, v.items = append(v.keys, key), append(v.items, item)
		p.space()
		switch p.peek() {
		case ',':
			p.i++
			p.space()
		case '}':
			p.i++
			return v, nil
		default:
			return nil, errJSON
		}
	}
}

func (p *jsonParser) array(depth int) (*value, error) {
	v := &value{kind: kindArray}
	p.i++
	if p.space(); p.peek() == ']' {
		p.i++
		return v, nil
	}
	for {
		item, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		v.items = append(v.items, item)
		p.space()
		switch p.peek() {
		case ',':
			p.i++
			p.space()
		case ']':
			p.i++
			return v, nil
		default:
			return nil, errJSON
		}
	}
}

// number reads by the grammar of RFC 8259 §6: no leading zero or plus.
func (p *jsonParser) number() (*value, error) {
	start := p.i
	digits := func() int {
		n := 0
		for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
			p.i++
			n++
		}
		return n
	}
	if p.peek() == '-' {
		p.i++
	}
	zero := p.peek() == '0'
	if n := digits(); n == 0 || zero && n > 1 {
		return nil, errJSON
	}
	if p.peek() == '.' {
		p.i++
		if digits() == 0 {
			return nil, errJSON
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.i++
		if c := p.peek(); c == '+' || c == '-' {
			p.i++
		}
		if digits() == 0 {
			return nil, errJSON
		}
	}
	return &value{kind: kindNumber, text: p.s[start:p.i]}, nil
}

// text reads a string behind its opening quote.
func (p *jsonParser) text() (string, error) {
	p.i++
	start := p.i
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == '"':
			s := p.s[start:p.i]
			p.i++
			return s, nil
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			return "", errJSON
		}
		p.i++
	}
	return "", errJSON
}

// escaped goes on with a string at its first escape.
func (p *jsonParser) escaped(start int) (string, error) {
	b := append(make([]byte, 0, p.i-start+32), p.s[start:p.i]...)
	for p.i < len(p.s) {
		c := p.s[p.i]
		p.i++
		switch {
		case c == '"':
			return string(b), nil
		case c < ' ':
			return "", errJSON
		case c != '\\':
			b = append(b, c)
			continue
		}
		c = p.peek()
		p.i++
		if c != 'u' {
			plain := unescapeByte(c)
			if plain == 0 {
				return "", errJSON
			}
			b = append(b, plain)
			continue
		}
		r, ok := p.hex4()
		if ok && utf16.IsSurrogate(r) {
			// Only both halves together are a letter.
			if !strings.HasPrefix(p.s[p.i:], `\u`) {
				return "", errJSON
			}
			p.i += 2
			var low rune
			if low, ok = p.hex4(); ok {
				r = utf16.DecodeRune(r, low)
				ok = r != utf8.RuneError
			}
		}
		if !ok {
			return "", errJSON
		}
		b = utf8.AppendRune(b, r)
	}
	return "", errJSON
}

// unescapeByte gives what a backslash and c stand for; 0 if nothing.
func unescapeByte(c byte) byte {
	switch c {
	case '"', '\\', '/':
		return c
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return 0
}

func (p *jsonParser) hex4() (rune, bool) {
	if p.i+4 > len(p.s) {
		return 0, false
	}
	for _, c := range []byte(p.s[p.i : p.i+4]) {
		if !ishex(c) {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(p.s[p.i:p.i+4], 16, 16)
	p.i += 4
	return rune(n), err == nil
}
