package unguarded

import (
	"net/http"
	"strings"

	"github.com/login-guard/login-guard/config"
)

// class is what a cookie's name says of it.
type class uint8

const (
	unknown  class = iota
	signedIn       // only somebody who signed in ever gets it
	marked         // an endpoint's success mark names it
	visitor        // every visitor may have one
	renewed        // a login renews it
)

// sign is what is known of a cookie by its name.
type sign struct {
	class class
	// kind is the name or pattern of the settings, never a client's.
	kind string
	// marked says of a visitor's cookie that a success mark names it too.
	marked bool
}

// affix is a name with a `*` at its start or its end.
type affix struct {
	start, end string
	sign       sign
}

// Signs knows by which cookies and headers a shop shows that somebody is
// signed in. It is immutable and safe for concurrent use.
type Signs struct {
	exact         map[string]sign
	affixes       []affix
	tokens        []string // in canonical form
	visitorTokens []string
}

// NewSigns makes signs of the names in common use and of those in the
// endpoints' success marks.
func NewSigns(known config.SessionNames, endpoints []config.Endpoint) *Signs {
	s := &Signs{exact: make(map[string]sign)}
	for _, l := range []struct {
		names []string
		class class
	}{{known.Login, signedIn}, {known.Visitor, visitor}, {known.Renewed, renewed}} {
		for _, name := range l.names {
			s.add(name, sign{class: l.class, kind: name})
		}
	}
	for _, name := range known.Token {
		s.tokens = append(s.tokens, http.CanonicalHeaderKey(name))
	}
	for _, name := range known.VisitorToken {
		s.visitorTokens = append(s.visitorTokens, http.CanonicalHeaderKey(name))
	}
	for _, e := range endpoints {
		for _, m := range e.Success {
			if m.NewCookie != "" {
				s.mark(m.NewCookie)
			}
			if name := http.CanonicalHeaderKey(m.Header); m.Header != "" && !has(s.tokens, name) && !has(s.visitorTokens, name) {
				s.tokens = append(s.tokens, name)
			}
		}
	}
	return s
}

func (s *Signs) add(name string, is sign) {
	switch {
	case strings.HasPrefix(name, "*"):
		s.affixes = append(s.affixes, affix{end: name[1:], sign: is})
	case strings.HasSuffix(name, "*"):
		s.affixes = append(s.affixes, affix{start: name[:len(name)-1], sign: is})
	default:
		s.exact[name] = is
	}
}

// mark notes a cookie that a success mark names. That a shop gives it to
// whoever signs in does not say that it gives it to nobody else.
func (s *Signs) mark(name string) {
	plain := bare(name)
	switch is := s.find(strings.TrimSuffix(plain, "*")); is.class {
	case signedIn, marked:
	case visitor:
		is.marked = true
		if plain != is.kind {
			is.kind = plain
		}
		// In front of the pattern that it was found by, if it was.
		old := s.affixes
		s.affixes = nil
		s.add(plain, is)
		s.affixes = append(s.affixes, old...)
	default:
		s.add(plain, sign{class: marked, kind: plain})
	}
}

// find says what a cookie is by its name. It allocates nothing.
func (s *Signs) find(name string) sign {
	name = bare(name)
	if is, ok := s.exact[name]; ok {
		return is
	}
	for i := range s.affixes {
		a := &s.affixes[i]
		if strings.HasPrefix(name, a.start) && strings.HasSuffix(name, a.end) {
			return a.sign
		}
	}
	return sign{}
}

// bare drops the prefixes of RFC 6265bis §4.1.3 from a cookie's name.
func bare(name string) string {
	if rest, ok := strings.CutPrefix(name, "__Host-"); ok {
		return rest
	}
	rest, _ := strings.CutPrefix(name, "__Secure-")
	return rest
}

func has(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
