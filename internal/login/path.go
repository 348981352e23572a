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
// It reports false for a path that is still encoded after three rounds,
// holds a NUL, or has parameters or a `..` that take different parts of it away
// from server to server (see plainParameters, plainDots); such a path counts as
// any endpoint's.
func CanonicalPath(p string) (string, bool) { return canonicalPath(p, p) }

// canonicalPath is CanonicalPath of a path that came as raw, before anything
// was decoded.
func canonicalPath(p, raw string) (string, bool) {
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
	if strings.IndexByte(p, ';') >= 0 && !plainParameters(raw) {
		return "", false
	}
	p = strings.ReplaceAll(strings.ToLower(p), `\`, "/")
	var kept []string
	dots := false
	for seg := range strings.SplitSeq(p, "/") {
		// `..;x` is `..` to Tomcat, so parameters go before dots count.
		seg, _, _ = strings.Cut(seg, ";")
		switch strings.TrimSpace(seg) {
		case "", ".":
			continue
		case "..":
			dots = true
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
	if dots && !plainDots(raw) {
		return "", false
	}
	return "/" + strings.Join(kept, "/"), true
}

// plainParameters reports whether every server that drops the parameters of a
// path takes them for equally long. `/account/login;%2fx` is /account/login
// where they go before anything is decoded (Tomcat), and a backslash ends a
// parameter or is a letter of it.
func plainParameters(raw string) bool {
	from := max(0, strings.IndexByte(raw, ';'))
	return !strings.ContainsAny(raw[from:], `%\`)
}

// plainDots reports whether every server that resolves the `..` of a path
// takes the same segments away for them. `/account/;/../login` is /login where
// parameters are dropped first (Tomcat) and /account/login where `;` is a name
// (nginx, PHP, Go); an escape, a backslash, an empty segment and one of blanks
// or more dots divide them alike. No browser sends any `..`.
func plainDots(raw string) bool {
	if strings.ContainsAny(raw, `%;\`) {
		return false
	}
	segs := strings.Split(strings.TrimPrefix(raw, "/"), "/")
	for i, seg := range segs {
		if seg == "" && i == len(segs)-1 || seg == "." || seg == ".." {
			continue
		}
		if strings.TrimFunc(seg, func(r rune) bool { return r == '.' || unicode.IsSpace(r) }) == "" {
			return false
		}
	}
	return true
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
