package caddymodule

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/store"
)

// What is one session to a shop must be one here, however its sender spells
// it: shops undo escapes and quotes, each in its own way, and databases compare
// without case and accents. Two sessions that are one here are shut together,
// which harms nobody, as their values are drawn at random.

// maxSessions is how many sessions a request may name: each is looked up, and
// written down at a login. No browser has that many.
const maxSessions = 16

// minSession is how long a session's value is at least. What is shorter is no
// name drawn at random (80 bits in base 32 are 16 characters): it may be a
// cookie that all visitors have alike, and whoever signs in with it must not
// shut it for everybody.
const minSession = 16

// isSession reports whether a cookie of that name may hold a session.
func (s *second) isSession(name string) bool {
	name = sessionName(name)
	return matchesAny(s.names, name) || matchesAny(s.names, strings.TrimPrefix(strings.TrimPrefix(name, "__host-"), "__secure-"))
}

// sessionName is a cookie's name as the most forgiving shop reads it.
func sessionName(name string) string {
	name, _, _ = strings.Cut(unescaped(name), "\x00")
	name = strings.TrimSpace(name) // Node does so at its end too
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r == ' ' || r == '.' || r == '[' {
			return '_' // as PHP does
		}
		return r
	}, name))
}

// sessionsOf are the rows of the sessions that a request names: in cookies, in
// its address, and in the body of a login, where shops written in PHP may take
// one from by the cookie's name.
func (h *Handler) sessionsOf(r *http.Request, body []byte, g *guard) []store.Key {
	cookies := sentCookies(r.Header["Cookie"])
	return h.sessionKeysOf(append(cookies, h.namedSessions(r, body)...), g)
}

// namedSessions are the sessions that an address and the form of a login name.
func (h *Handler) namedSessions(r *http.Request, body []byte) (all []*http.Cookie) {
	form := string(body)
	if kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind == "multipart/form-data" {
		form, all = "", h.partSessions(multipart.NewReader(bytes.NewReader(body), params["boundary"]))
	}
	for _, pairs := range []string{r.URL.RawQuery, form, pathPairs(r)} {
		for part := range strings.FieldsFuncSeq(pairs, betweenPairs) {
			if c := h.namedSession(part); c != nil {
				all = append(all, c)
			}
		}
	}
	return all
}

// severalSessions reports whether the address or the form of a login names a
// session beside another. Which of them the shop signs in nobody knows, and
// asked who signed in it may tell of another.
func (h *Handler) severalSessions(r *http.Request, body []byte, g *guard) bool {
	named := h.namedSessions(r, body)
	return len(named) > 0 && len(h.sessionKeysOf(append(sentCookies(r.Header["Cookie"]), named...), g)) > 1
}

// maxPart bounds the value of a part that is taken for a session, in bytes.
const maxPart = 4096

// partSessions are the sessions that parts of a login's form name.
func (h *Handler) partSessions(parts *multipart.Reader) (all []*http.Cookie) {
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			return all
		}
		if !h.second.isSession(part.FormName()) {
			continue
		}
		if value, err := io.ReadAll(io.LimitReader(part, maxPart)); err == nil {
			all = append(all, &http.Cookie{Name: part.FormName(), Value: string(value)})
		}
	}
}

// sessionTags are the sessions of a login and of its answer, for who asks whose
// they are: spelled as they may be, and wherever they stand.
func (h *Handler) sessionTags(r *http.Request, body []byte, answer http.Header, g *guard) [][]byte {
	all := append(h.sessionHashes(r, g), h.newSessions(answer, g)...)
	if h.second == nil {
		return all
	}
	sent := append(sentCookies(r.Header["Cookie"]), h.namedSessions(r, body)...)
	for _, k := range h.sessionKeysOf(append(sent, (&http.Response{Header: answer}).Cookies()...), g) {
		all = append(all, k[:])
	}
	return all
}

func betweenPairs(c rune) bool { return c == '&' || c == ';' }

// namedSession is the session that one pair of an address or form names, nil
// if it names none. Zen Cart takes one from `amp;zenid` as well.
func (h *Handler) namedSession(part string) *http.Cookie {
	name, value, _ := strings.Cut(part, "=")
	plain := unescaped(name)
	if name = plain[strings.LastIndexByte(plain, ';')+1:]; !h.second.isSession(name) {
		return nil
	}
	return &http.Cookie{Name: name, Value: strings.ReplaceAll(value, "+", " ")}
}

// pathPairs are the parameters of a path's segments, where Java servlets take
// sessions from: /account;jsessionid=… (Jakarta Servlet 6.0 §7.1.3).
func pathPairs(r *http.Request) string {
	path := original(r).EscapedPath()
	if !strings.Contains(path, ";") {
		return ""
	}
	var all []string
	for segment := range strings.SplitSeq(path, "/") {
		if _, params, ok := strings.Cut(segment, ";"); ok {
			all = append(all, params)
		}
	}
	return strings.Join(all, "&")
}

// withoutSessions is a request's address without the sessions that its query
// names; "" if it names none there.
func (h *Handler) withoutSessions(r *http.Request) string {
	u := original(r)
	var kept []string
	found := false
	for part := range strings.FieldsFuncSeq(u.RawQuery, betweenPairs) {
		if h.namedSession(part) != nil {
			found = true
			continue
		}
		kept = append(kept, part)
	}
	// Two slashes at its beginning would make it another website's.
	if path := u.EscapedPath(); found && strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.Contains(path, "\\") {
		to := url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: strings.Join(kept, "&")}
		return to.String()
	}
	return ""
}

// sessionKeys are the rows of the sessions in a request's cookies.
func (h *Handler) sessionKeys(lines []string, g *guard) []store.Key {
	if len(lines) == 0 {
		return nil
	}
	return h.sessionKeysOf(sentCookies(lines), g)
}

// sentCookies are the cookies of a request, as they were sent. RFC 2109 had
// commas between them too, and some frameworks still do.
func sentCookies(lines []string) (all []*http.Cookie) {
	split := func(line string) {
		for part := range strings.SplitSeq(line, ";") {
			if name, value, ok := strings.Cut(part, "="); ok {
				all = append(all, &http.Cookie{Name: name, Value: value})
			}
		}
	}
	for _, line := range lines {
		if split(line); strings.Contains(line, ",") {
			split(strings.ReplaceAll(line, ",", ";"))
		}
	}
	return all
}

// sessionKeysOf names sessions by their values alone.
func (h *Handler) sessionKeysOf(cookies []*http.Cookie, g *guard) (all []store.Key) {
	seen := map[store.Key]bool{}
	for _, c := range cookies {
		if c.Value == "" || !h.second.isSession(c.Name) {
			continue
		}
		value := sessionValue(c.Value)
		if len(value) < minSession {
			continue
		}
		if k := h.rowKey(g, "session", []byte(value)); !seen[k] {
			seen[k] = true
			all = append(all, k)
		}
	}
	return all
}

// dropShort takes sessions out of the cookies and the query of a login that
// have a value too short to be shut: a shop that would sign one in all the same
// begins a new one. It reports whether none is left: those of a path and of the
// form itself stay.
func (h *Handler) dropShort(r *http.Request, body []byte) bool {
	short := func(c *http.Cookie) bool {
		return c.Value != "" && h.second.isSession(c.Name) && len(sessionValue(c.Value)) < minSession
	}
	var lines []string
	for _, line := range r.Header["Cookie"] {
		var kept []string
		for part := range strings.SplitSeq(line, ";") {
			if !slices.ContainsFunc(sentCookies([]string{part}), short) {
				kept = append(kept, part)
			}
		}
		if line = strings.TrimLeft(strings.Join(kept, ";"), " "); line != "" {
			lines = append(lines, line)
		}
	}
	if delete(r.Header, "Cookie"); len(lines) > 0 {
		r.Header["Cookie"] = lines
	}
	var kept []string
	pairs := slices.Collect(strings.FieldsFuncSeq(r.URL.RawQuery, betweenPairs))
	for _, part := range pairs {
		if c := h.namedSession(part); c == nil || !short(c) {
			kept = append(kept, part)
		}
	}
	if len(kept) < len(pairs) { // such as /login?session=expired
		r.URL.RawQuery = strings.Join(kept, "&")
	}
	return !slices.ContainsFunc(h.namedSessions(r, body), short)
}

// sessionValue is what is left of a session's value when every way of
// spelling it is undone.
func sessionValue(s string) string {
	for range 3 {
		before := s
		s, _, _ = strings.Cut(fromJSON(unescaped(s)), "\x00")
		s = unquoted(strings.TrimSpace(strings.Trim(strings.TrimSpace(s), `"`))) // as Python does
		if s == before {
			break
		}
	}
	return login.FoldAccount(s)
}

// fromJSON is the text that a cookie has as JSON: Express' cookie-parser reads
// `j:"abc"` as `abc`, with all escapes that JSON has, and express-session takes
// its cookie from there.
func fromJSON(s string) string {
	text, ok := strings.CutPrefix(strings.TrimLeft(s, "\" \t"), "j:")
	if !ok {
		return s
	}
	var value string
	// Of the quotes around the whole one may stand at the end.
	if json.NewDecoder(strings.NewReader(text)).Decode(&value) != nil {
		return s
	}
	return value
}

// unescaped undoes the percent escapes of a text, and leaves what is none.
func unescaped(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				out.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// unquoted undoes the escapes inside of quotes: octal ones and backslashes.
func unquoted(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out.WriteByte(s[i])
			continue
		}
		if i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				out.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		i++
		out.WriteByte(s[i])
	}
	return out.String()
}
