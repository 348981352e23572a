package login

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Field names are compared twice. Exactly: the decoded name is the
// endpoint's, byte for byte, and every shop reads it so. Loosely: some shop
// could take the name for the endpoint's. The loose form undoes what servers
// were seen to do to names: PHP drops leading blanks, cuts at NUL and turns
// dots, blanks and an unclosed bracket into `_`; Rack drops stray brackets;
// PHP, Rack and Express make `name[x]` part of `name`; some fold case or
// compatibility forms.

// tokens is a loosely compared name: what stands between its brackets.
// `login[username]` is ["login" "username"].
type tokens []string

// startsWith reports whether a shop that reads bracketed names as lists or
// maps could take t for f or a part of it.
func (t tokens) startsWith(f tokens) bool {
	if len(t) < len(f) || len(f) == 0 {
		return false
	}
	for i := range f {
		if t[i] != f[i] {
			return false
		}
	}
	return true
}

// looseTokens gives the loose forms of a decoded name: the usual one and,
// for a bracket that is never closed, the one in which it is an underscore.
// The second is nil for most names.
func looseTokens(name string) (usual, unclosed tokens) {
	s := looseText(name)
	usual = splitBrackets(s)
	if strings.IndexByte(name, '.') >= 0 {
		// With dots for brackets (qs with allowDots, as in Koa) `pass.x` is a
		// part of `pass`, and a leading dot is nothing.
		if t := splitBrackets(looseText(strings.ReplaceAll(name, ".", "["))); len(t) > 0 && (len(usual) == 0 || t[0] != usual[0]) {
			return usual, t[:1]
		}
	}
	if i := strings.IndexByte(s, '['); i > 0 && strings.IndexByte(s[i:], ']') < 0 {
		unclosed = splitBrackets(s[:i] + "_" + s[i+1:])
	}
	return usual, unclosed
}

// looseText folds a decoded name: cut at NUL, NFKC, lower case, no white
// space at the ends, inner white space, dots and hyphens as `_`, no
// backslashes (quoted pairs of multipart names).
func looseText(s string) string {
	if i := strings.IndexByte(s, 0); i >= 0 {
		s = s[:i]
	}
	if clean(s) {
		return s
	}
	if !ascii(s) {
		s = norm.NFKC.String(s)
	}
	// A byte order mark, and control characters, which Tomcat trims.
	s = strings.Map(func(r rune) rune {
		if r == '\ufeff' || unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
	s = strings.ToLower(strings.TrimSpace(s))
	return strings.Map(func(r rune) rune {
		switch {
		case r == '.' || r == '-' || unicode.IsSpace(r):
			return '_'
		case r == '\\':
			return -1
		}
		return r
	}, s)
}

// clean reports whether looseText would leave s as it is: lower-case ASCII
// letters, digits, `_` and brackets.
func clean(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '[' || c == ']' {
			continue
		}
		return false
	}
	return true
}

func splitBrackets(s string) tokens {
	var t tokens
	for s != "" {
		i := strings.IndexAny(s, "[]")
		if i < 0 {
			i = len(s)
		}
		if tok := strings.Trim(s[:i], "_"); i > 0 && len(t) == 0 {
			// The head keeps its underscores: `_username` is a name of its
			// own, and blanks at its ends are gone already.
			t = append(t, s[:i])
		} else if tok != "" {
			t = append(t, tok)
		}
		if i == len(s) {
			break
		}
		s = s[i+1:]
	}
	return t
}

// unescape decodes percent escapes and, for form data, `+`. A percent sign
// that starts no escape stays, as in the URL standard's percent-decode;
// strict reports whether there was none such.
func unescape(s string) (text string, strict bool) {
	if strings.IndexByte(s, '%') < 0 {
		if strings.IndexByte(s, '+') < 0 {
			return s, true
		}
		return strings.ReplaceAll(s, "+", " "), true
	}
	strict = true
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+':
			b = append(b, ' ')
		case c == '%':
			if i+2 < len(s) && ishex(s[i+1]) && ishex(s[i+2]) {
				b = append(b, unhex(s[i+1])<<4|unhex(s[i+2]))
				i += 2
				continue
			}
			strict = false
			b = append(b, c)
		default:
			b = append(b, c)
		}
	}
	return string(b), strict
}

func ishex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
