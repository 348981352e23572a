package unguarded

import (
	"strings"

	"github.com/login-guard/login-guard/internal/login"
)

// Route is where a request was sent, as far as it may be kept.
type Route struct {
	Method string
	// Path is canonical; `{id}` stands for a part that is not kept.
	Path string
}

// Lengths of what is kept of a path.
const (
	maxParts = 8
	maxPart  = 32
)

// hidden stands for a part of a path that is not kept.
const hidden = "{id}"

// NewRoute makes the route of a request of its method and path. Parts of the
// path that look like a number, a key, a token or an address of somebody are
// not kept, nor anything beyond its first parts.
func NewRoute(method, path string) Route {
	p, ok := login.CanonicalPath(path)
	if !ok {
		return Route{method, "/" + hidden}
	}
	parts := strings.Split(strings.TrimPrefix(p, "/"), "/")
	if len(parts) > maxParts {
		parts = append(parts[:maxParts-1], hidden)
	}
	for i, part := range parts {
		if !isWord(part) {
			parts[i] = hidden
		}
	}
	return Route{method, "/" + strings.Join(parts, "/")}
}

// isWord reports whether a part of a path looks like one that a programmer
// chose: short, of letters, with few digits.
func isWord(part string) bool {
	if len(part) > maxPart {
		return false
	}
	digits, hex := 0, len(part) >= 8
	for i := range len(part) {
		switch c := part[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'a' && c <= 'f':
		case c >= 'g' && c <= 'z', c == '-', c == '_', c == '.':
			hex = false
		default:
			return false
		}
	}
	return digits <= 4 && !(hex && digits > 0) && (digits == 0 || digits < len(part))
}

// Pattern is the path as an endpoint's `path` takes it, where a `*` may stand
// at the start or the end only; "" if what is left would say too little.
func (r Route) Pattern() string {
	if !strings.Contains(r.Path, hidden) {
		if r.Path == "/" {
			return ""
		}
		return r.Path
	}
	head, _, _ := strings.Cut(r.Path, hidden)
	tail := r.Path[strings.LastIndex(r.Path, hidden)+len(hidden):]
	switch {
	case len(tail) > 1:
		return "*" + tail
	case len(head) > 1:
		return head + "*"
	}
	return ""
}
