package login

import (
	"strings"
	"unicode"
)

// maxDecodeRounds is how often a path may be percent-encoded over itself.
// Stacked proxies decode twice; more has no honest use.
const maxDecodeRounds = 3

// CanonicalPath gives the form in which paths are compared: percent escapes
// decoded until nothing changes, backslashes as slashes, `;parameters` gone,
// slashes and dot segments collapsed, lower case, and no slash, dot or space
// at the end of a segment's name that servers would drop. It is only for
// comparing; a request keeps its own path.
//
// It reports false for a path that is still encoded after three rounds or
// holds a NUL; such a path counts as any endpoint's.
func CanonicalPath(p string) (string, bool) {
	for round := 0; strings.IndexByte(p, '%') >= 0; round++ {
		d := unescapePath(p)
		if d == p {
			break
		}
		if round == maxDecodeRounds {
			return "", false
		}
		p = d
	}
	if strings.IndexByte(p, 0) >= 0 {
		return "", false
	}
	if canonical(p) {
		return p, true
	}
	p = strings.ReplaceAll(strings.ToLower(p), `\`, "/")
	var kept []string
	for seg := range strings.SplitSeq(p, "/") {
		// `..;x` is `..` to Tomcat, so parameters go before dots count.
		seg, _, _ = strings.Cut(seg, ";")
		switch strings.TrimSpace(seg) {
		case "", ".":
			continue
		case "..":
			if len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
			continue
		}
		// Windows drops dots and blanks at the end of names.
		seg = strings.TrimRightFunc(seg, func(r rune) bool { return r == '.' || unicode.IsSpace(r) })
		if seg != "" {
			kept = append(kept, seg)
		}
	}
	return "/" + strings.Join(kept, "/"), true
}

// canonical reports whether a decoded path is plainly canonical already.
func canonical(p string) bool {
	if p == "" || p[0] != '/' || len(p) > 1 && p[len(p)-1] == '/' {
		return false
	}
	for i := 1; i < len(p); i++ {
		c := p[i]
		switch {
		case c == '/' && p[i-1] == '/':
			return false
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '/', c == '_', c == '-':
		case c == '.' && p[i-1] != '/' && i+1 < len(p) && p[i+1] != '/' && p[i+1] != '.':
		default:
			return false
		}
	}
	return true
}

func unescapePath(p string) string {
	b := make([]byte, 0, len(p))
	for i := 0; i < len(p); i++ {
		if p[i] == '%' && i+2 < len(p) && ishex(p[i+1]) && ishex(p[i+2]) {
			b = append(b, unhex(p[i+1])<<4|unhex(p[i+2]))
			i += 2
			continue
		}
		b = append(b, p[i])
	}
	return string(b)
}

// pattern is a canonical path with `*` at its start, its end or both.
type pattern struct {
	text       string
	head, tail bool // anything may come before, after
}

func newPattern(s string) pattern {
	var p pattern
	s, p.head = strings.CutPrefix(s, "*")
	s, p.tail = strings.CutSuffix(s, "*")
	s = strings.ToLower(s)
	// `*/xmlrpc.php/*` keeps its inner slash: only a whole path is brought
	// into canonical form.
	if !p.head && !p.tail {
		s, _ = CanonicalPath(s)
	}
	p.text = s
	return p
}

func (p pattern) match(path string) bool {
	switch {
	case p.head && p.tail:
		return strings.Contains(path, p.text)
	case p.head:
		return strings.HasSuffix(path, p.text)
	case p.tail:
		return strings.HasPrefix(path, p.text)
	}
	return path == p.text
}
