package login

import (
	"net/http"
	"strings"
	"unicode"

	"github.com/login-guard/login-guard/config"
)

// Refused reports whether an answer shows that nobody was let in, whatever
// the sender of the login wished it to look like. Outcome is for counting: it
// goes by where an answer leads too, and that a sender chooses, with the page
// that he says he comes from or the page that he asks to be led to after his
// login. Somebody who has another's password must not make a login of it that
// counts as none. session says which cookies hold a session.
func (e *Endpoint) Refused(q Asked, a Reply, session func(name string) bool) bool {
	said := false
	switch a.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, statusTooMany, statusExpired:
		said = true
	}
	body, ok := decodeAnswer(a)
	if a.Truncated || !ok {
		return false
	}
	q.Referer = ""
	v := &view{e: e, q: q, a: a, body: body}
	c := &e.cfg
	for i := range c.Success {
		if v.holds(&c.Success[i]) {
			return false
		}
	}
	if said {
		return true
	}
	fresh := v.fresh(session)
	switch {
	case c.Body == bodyXMLRPC:
		// Of a batch's calls one may fail beside others that do not.
		return strings.Contains(body, "<fault>") && !strings.Contains(body, "<params>")
	case c.Body == bodyBasic:
		return false
	case len(c.Failure)+len(c.Retry)+len(c.Success) == 0:
		return !fresh && !v.tokens() && v.refusedAsMost()
	}
	for _, marks := range [][]config.Mark{c.Failure, c.Retry} {
		for i := range marks {
			m := &marks[i]
			if !v.holds(m) || m.Back || m.Elsewhere || len(m.Location)+len(m.NotLocation)+len(m.Route)+len(m.NotRoute) > 0 {
				continue
			}
			if says := len(m.Body) > 0 || m.JSON != ""; says && (m.JSONContains != "" || !v.tokens()) || !says && !fresh {
				return true
			}
		}
	}
	return !fresh && e.alwaysMarks() && !v.marked()
}

// refusedAsMost is for shops without marks: the form again, an error, or back
// to the very page that the login was sent to.
func (v *view) refusedAsMost() bool {
	if s := v.a.Status; s >= 300 && s < 400 {
		path, _, _ := strings.Cut(v.location(), "?")
		return path == v.q.Path
	}
	if v.e.cfg.Body == bodyGraphQL {
		return graphQLOutcome(v) == Failure
	}
	return genericOutcome(v) == Failure
}

// fresh reports whether the answer sets a session that the request had not.
func (v *view) fresh(session func(name string) bool) bool {
	for _, c := range SetCookies(v.a.Header) {
		name := strings.TrimPrefix(strings.TrimPrefix(c.Name, "__Host-"), "__Secure-")
		if !c.Gone && !v.had(c) && (session(name) || session(c.Name) || v.e.noMarks() && !idleCookie(c.Name)) {
			return true
		}
	}
	return false
}

func (e *Endpoint) noMarks() bool {
	return len(e.cfg.Failure)+len(e.cfg.Retry)+len(e.cfg.Success) == 0
}

// alwaysMarks reports whether this shop gives a cookie or a header to whoever
// it lets in: an answer without says that it let nobody in.
func (e *Endpoint) alwaysMarks() bool {
	if e.cfg.InPlace {
		return false
	}
	for i := range e.cfg.Success {
		if m := &e.cfg.Success[i]; m.NewCookie == "" && m.Header == "" {
			return false
		}
	}
	return len(e.cfg.Success) > 0
}

// marked reports whether the answer has one of these.
func (v *view) marked() bool {
	for i := range v.e.cfg.Success {
		m := &v.e.cfg.Success[i]
		if m.NewCookie != "" && v.newCookie(m.NewCookie) || m.Header != "" && v.a.Header.Get(m.Header) != "" {
			return true
		}
	}
	return false
}

// tokens reports whether JSON has a text that may be a token. Who writes the
// query of a GraphQL login names the fields of its answer, and has an error
// beside a token if he so wishes.
func (v *view) tokens() bool {
	if v.jsonHas("/", ""); !v.isJSON {
		return false
	}
	return tokenIn(v.json)
}

// minToken is the length from which a text is taken for a token: 96 bits in
// base64. Shorter ones can be guessed.
const minToken = 16

func tokenIn(at any) bool {
	switch x := at.(type) {
	case string:
		return len(x) >= minToken && !strings.ContainsFunc(x, unicode.IsSpace) && strings.ContainsAny(x, "0123456789")
	case map[string]any:
		for _, item := range x {
			if tokenIn(item) {
				return true
			}
		}
	case []any:
		for _, item := range x {
			if tokenIn(item) {
				return true
			}
		}
	}
	return false
}
