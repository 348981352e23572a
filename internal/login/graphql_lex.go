package login

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// errGraphQL is any departure from an executable GraphQL document.
var errGraphQL = errors.New("not a GraphQL document")

type gqlKind byte

const (
	gqlEnd gqlKind = iota
	gqlPunct
	gqlName
	gqlNumber
	gqlString
)

// gqlToken is a token of the GraphQL specification §2.1 (October 2021).
type gqlToken struct {
	kind gqlKind
	text string // a string's value; else as written
}

type gqlLexer struct {
	s string
	i int
}

// next gives the next token. Commas, blanks, comments and byte order marks
// mean nothing.
func (l *gqlLexer) next() (gqlToken, error) {
	l.skip()
	if l.i == len(l.s) {
		return gqlToken{}, nil
	}
	start := l.i
	switch c := l.s[l.i]; {
	case strings.HasPrefix(l.s[l.i:], "..."):
		l.i += 3
	case strings.IndexByte("!$&():=@[]{|}", c) >= 0:
		l.i++
	case nameStart(c):
		for l.i < len(l.s) && namePart(l.s[l.i]) {
			l.i++
		}
		return gqlToken{gqlName, l.s[start:l.i]}, nil
	case c == '-' || c >= '0' && c <= '9':
		return l.number()
	case strings.HasPrefix(l.s[l.i:], `"""`):
		return l.block()
	case c == '"':
		return l.text()
	default:
		return gqlToken{}, errGraphQL
	}
	return gqlToken{gqlPunct, l.s[start:l.i]}, nil
}

func (l *gqlLexer) skip() {
	for l.i < len(l.s) {
		switch c := l.s[l.i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',':
			l.i++
		case c == '#':
			j := strings.IndexAny(l.s[l.i:], "\r\n")
			if j < 0 {
				l.i = len(l.s)
				return
			}
			l.i += j
		case strings.HasPrefix(l.s[l.i:], "\uFEFF"):
			l.i += len("\uFEFF")
		default:
			return
		}
	}
}

func nameStart(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func namePart(c byte) bool  { return nameStart(c) || c >= '0' && c <= '9' }

// number has JSON's grammar and no name, digit or dot right behind it.
func (l *gqlLexer) number() (gqlToken, error) {
	p := jsonParser{s: l.s, i: l.i}
	v, err := p.number()
	if err != nil {
		return gqlToken{}, errGraphQL
	}
	if l.i = p.i; l.i < len(l.s) && (namePart(l.s[l.i]) || l.s[l.i] == '.') {
		return gqlToken{}, errGraphQL
	}
	return gqlToken{gqlNumber, v.text}, nil
}

// text reads a string in single quotation marks: JSON's, and `\u{…}`.
func (l *gqlLexer) text() (gqlToken, error) {
	end := l.i + 1
	for end < len(l.s) && l.s[end] != '"' {
		if l.s[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(l.s) {
		return gqlToken{}, errGraphQL
	}
	raw := l.s[l.i : end+1]
	l.i = end + 1
	plain, ok := expandBraces(raw)
	// A tab is allowed here and not in JSON.
	p := jsonParser{s: strings.ReplaceAll(plain, "\t", `\t`)}
	s, err := p.text()
	if !ok || err != nil || p.i != len(p.s) {
		return gqlToken{}, errGraphQL
	}
	return gqlToken{gqlString, s}, nil
}

// expandBraces puts letters for `\u{…}` escapes.
func expandBraces(raw string) (string, bool) {
	if !strings.Contains(raw, `\u{`) {
		return raw, true
	}
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' || i+1 == len(raw) {
			b.WriteByte(raw[i])
			continue
		}
		if !strings.HasPrefix(raw[i:], `\u{`) {
			b.WriteString(raw[i : i+2])
			i++
			continue
		}
		end := strings.IndexByte(raw[i:], '}')
		if end < 4 || end > 3+8 {
			return "", false
		}
		var r rune
		for _, c := range []byte(raw[i+3 : i+end]) {
			if !ishex(c) || r > utf8.MaxRune {
				return "", false
			}
			r = r<<4 | rune(unhex(c))
		}
		if !utf8.ValidRune(r) || r < ' ' || r == '"' || r == '\\' {
			return "", false // none that anybody writes so
		}
		b.WriteRune(r)
		i += end
	}
	return b.String(), true
}

// block reads a block string (§2.9.4): common indentation and blank lines at
// both ends go.
func (l *gqlLexer) block() (gqlToken, error) {
	l.i += 3
	var raw strings.Builder
	for {
		switch {
		case l.i >= len(l.s):
			return gqlToken{}, errGraphQL
		case strings.HasPrefix(l.s[l.i:], `\"""`):
			raw.WriteString(`"""`)
			l.i += 4
		case strings.HasPrefix(l.s[l.i:], `"""`):
			l.i += 3
			return gqlToken{gqlString, dedent(raw.String())}, nil
		case l.s[l.i] < ' ' && strings.IndexByte("\t\r\n", l.s[l.i]) < 0:
			return gqlToken{}, errGraphQL
		default:
			raw.WriteByte(l.s[l.i])
			l.i++
		}
	}
}

func dedent(raw string) string {
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(raw), "\n")
	common := -1
	for i, line := range lines {
		n := len(line) - len(strings.TrimLeft(line, " \t"))
		if i > 0 && n < len(line) && (common < 0 || n < common) {
			common = n
		}
	}
	for i := range lines {
		if i > 0 && common > 0 {
			lines[i] = lines[i][min(common, len(lines[i])):]
		}
	}
	blank := func(s string) bool { return strings.Trim(s, " \t") == "" }
	for len(lines) > 0 && blank(lines[0]) {
		lines = lines[1:]
	}
	for len(lines) > 0 && blank(lines[len(lines)-1]) {
		lines = lines[:len(lines)-1]
	}
	return strings.Join(lines, "\n")
}
