package unguarded

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/login-guard/login-guard/internal/login"
)

// Asked is what is needed of the request that was answered.
type Asked struct {
	Method string
	// URL is where it was sent.
	URL *url.URL
	// Cookies are the lines of its Cookie header.
	Cookies []string
	// Header of the request, for the tokens in it.
	Header http.Header
}

// What was issued.
const (
	Session = "session"
	Token   = "token"
)

// Finding is what an answer shows.
type Finding struct {
	// Issued is Session or Token when somebody was surely signed in, "" else;
	// then the rest is empty.
	Issued string
	// Replaced are the kinds of sessions that the request had and that the
	// answer replaces by others, Kept those that it leaves as they were.
	Replaced, Kept Kinds
}

// Empty reports whether there is nothing to say.
func (f *Finding) Empty() bool {
	return f.Issued == "" && f.Replaced[0] == "" && f.Kept[0] == ""
}

// Kinds are a few kinds of sessions, each a name or pattern of the settings;
// "" ends them. What does not fit is left out: shops have one session, a few
// of them two.
type Kinds [3]string

func (k *Kinds) add(kind string) {
	for i := range k {
		if k[i] == "" || k[i] == kind {
			k[i] = kind
			return
		}
	}
}

func (k *Kinds) has(kind string) bool {
	for _, have := range k {
		if have == kind {
			return true
		}
	}
	return false
}

// Changes reports whether a request by this method may change something:
// shops give sessions to whoever looks, but sign in by these.
func Changes(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// leaving are words in the address of those who leave. A shop gives them a
// new session too, so that what was in the old one is gone.
var leaving = [...]string{"logout", "log-out", "log_out", "logoff", "log-off", "log_off", "signout", "sign-out", "sign_out", "signoff"}

func leaves(u *url.URL) bool {
	path, query := strings.ToLower(u.Path), strings.ToLower(u.RawQuery)
	for _, word := range leaving {
		if strings.Contains(path, word) || strings.Contains(query, word) {
			return true
		}
	}
	return false
}

// Look says what an answer shows of sessions. Where it shows nothing it
// allocates nothing.
func (s *Signs) Look(q Asked, answer http.Header) (f Finding) {
	if s.interesting(q, answer["Set-Cookie"]) {
		f = s.cookies(q, answer)
	}
	if f.Issued == "" && Changes(q.Method) && s.token(q, answer) {
		f = Finding{Issued: Token}
	}
	if !f.Empty() && leaves(q.URL) {
		return Finding{}
	}
	if f.Issued == "" {
		s.keep(q.Cookies, &f)
	}
	return f
}

// interesting reports whether a line could be more than a visitor's first
// session, or the same one once more.
func (s *Signs) interesting(q Asked, lines []string) bool {
	for _, line := range lines {
		pair, _, _ := strings.Cut(line, ";")
		name, value, ok := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		if !ok {
			continue
		}
		is := s.find(name)
		if is.class == unknown || is.class == renewed {
			continue
		}
		old, carried := carries(q.Cookies, name)
		switch {
		case carried && unquote(value) == old: // sent again
		case carried && is.class == signedIn: // renewed: its owner was in already
		case carried && is.class == visitor && !is.marked && !isName(old, unquote(value), false):
		case !carried && is.class == visitor && !is.marked:
		case !carried && is.class != signedIn && !Changes(q.Method):
		default:
			return true
		}
	}
	return false
}

// cookies looks at the cookies that an answer leaves behind: of several lines
// for one name the last counts.
func (s *Signs) cookies(q Asked, answer http.Header) (f Finding) {
	all := login.SetCookies(answer)
	first, protected := false, false
	for i, c := range all {
		if c.Gone || again(all[i+1:], c.Name) {
			continue
		}
		is := s.find(c.Name)
		old, carried := carries(q.Cookies, c.Name)
		switch {
		case carried && old == c.Value:
		case is.class == renewed:
			protected = carried
		case is.class == signedIn && !carried:
			f.Issued = Session
		case is.class == marked && !carried:
			if Changes(q.Method) && c.HTTPOnly {
				f.Issued = Session
			}
		case is.class == visitor && !carried:
			// Magento's and Vendure's baskets begin like this, so it takes
			// the token of forms as well, which Django renews only where it
			// signs somebody in.
			first = first || is.marked && Changes(q.Method) && c.HTTPOnly
		case is.class == marked, is.class == visitor:
			if isName(old, c.Value, is.marked || is.class == marked) {
				f.Replaced.add(is.kind)
			}
		}
	}
	if first && protected {
		f.Issued = Session
	}
	if f.Issued != "" {
		f.Replaced = Kinds{}
	}
	return f
}

func again(rest []login.SetCookie, name string) bool {
	for i := range rest {
		if rest[i].Name == name {
			return true
		}
	}
	return false
}

// Bounds of a session's name: at least 64 bits in hexadecimal (OWASP, Session
// Management Cheat Sheet), at most what signed names of Express need with room
// to spare. Longer values hold what is in the session.
const (
	minName = 16
	maxName = 128
)

// isName reports whether two values look like names of sessions. A value that
// holds what is in the session (Flask's, Rails', Laravel's encrypted ones) is
// long, grows with it, or is JSON in base64; said tells that the settings know
// the cookie for one that a login renews, whatever it holds.
func isName(old, fresh string, said bool) bool {
	if !said && (strings.HasPrefix(fresh, "eyJ") || strings.HasPrefix(fresh, ".eJ") || len(fresh) > 3*maxName) {
		return false
	}
	old, fresh = plain(old), plain(fresh)
	return old != fresh && (said || len(old) == len(fresh) && len(fresh) >= minName && len(fresh) <= maxName)
}

// plain undoes percent escapes, which change a value's length at random.
func plain(v string) string {
	if strings.IndexByte(v, '%') < 0 {
		return v
	}
	if p, err := url.PathUnescape(v); err == nil {
		return p
	}
	return v
}

// keep notes the sessions that a request came with and that were not replaced.
func (s *Signs) keep(lines []string, f *Finding) {
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			is := s.find(name)
			if (is.class == visitor || is.class == marked) && len(unquote(value)) >= minName && !f.Replaced.has(is.kind) {
				f.Kept.add(is.kind)
			}
		}
	}
}

// carries returns the value of a cookie that a request came with, if it is
// not empty.
func carries(lines []string, name string) (string, bool) {
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ";") {
			n, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			if n == name {
				value = unquote(value)
				return value, value != ""
			}
		}
	}
	return "", false
}

func unquote(v string) string { return strings.Trim(strings.TrimSpace(v), `"`) }

// token reports whether an answer brings a token to somebody who had none, or
// for a token that visitors have too, another than the one that was sent.
func (s *Signs) token(q Asked, answer http.Header) bool {
	for _, name := range s.tokens {
		if v := first(answer, name); v != "" && first(q.Header, name) == "" && first(q.Header, "Authorization") == "" {
			return true
		}
	}
	for _, name := range s.visitorTokens {
		v := first(answer, name)
		if v == "" {
			continue
		}
		old := first(q.Header, name)
		if old == "" {
			old = bearer(first(q.Header, "Authorization"))
		}
		if old != "" && old != v {
			return true
		}
	}
	return false
}

// first is a header's first value; name is in canonical form.
func first(h http.Header, name string) string {
	if v := h[name]; len(v) > 0 {
		return strings.TrimSpace(v[0])
	}
	return ""
}

func bearer(v string) string {
	if scheme, token, ok := strings.Cut(v, " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return ""
}
