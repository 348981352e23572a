package login

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/login-guard/login-guard/config"
)

// Reply is the shop's answer as it came.
type Reply struct {
	Status int
	Header http.Header
	// Body as received, perhaps compressed.
	Body []byte
	// Truncated says that more of the body is to come.
	Truncated bool
}

// Asked is what the outcome needs of the request that was answered.
type Asked struct {
	Path, RawQuery, Referer string
	Cookies                 []*http.Cookie
}

// Statuses that say that the password was not judged.
const (
	statusExpired = 419 // Laravel: the form's token has expired
	statusTooMany = http.StatusTooManyRequests
)

// Outcome says what the shop's answer means for the attempt. Too many
// requests (429) and an expired form (419) are a retry for every shop; an
// answer that goes on beyond what was kept, or that cannot be decompressed,
// is unknown. Then the endpoint's marks apply, or the generic rules where it
// has none.
func (e *Endpoint) Outcome(q Asked, a Reply) Outcome {
	if a.Status == statusTooMany || a.Status == statusExpired {
		return Retry
	}
	if a.Truncated {
		return Unknown
	}
	body, ok := decodeAnswer(a)
	if !ok {
		return Unknown
	}
	v := &view{e: e, q: q, a: a, body: body}
	c := &e.cfg
	if len(c.Failure)+len(c.Retry)+len(c.Success) == 0 {
		switch c.Body {
		case bodyXMLRPC:
			return xmlrpcOutcome(v)
		case bodyBasic:
			// Which pages ask for a password is not known, so only a refusal
			// says something.
			if a.Status == http.StatusUnauthorized {
				return Failure
			}
			return Unknown
		case bodyGraphQL:
			return graphQLOutcome(v)
		}
		return genericOutcome(v)
	}
	for _, l := range []struct {
		marks []config.Mark
		says  Outcome
	}{{c.Failure, Failure}, {c.Retry, Retry}, {c.Success, Success}} {
		for i := range l.marks {
			if v.holds(&l.marks[i]) {
				return l.says
			}
		}
	}
	if len(c.Success) > 0 && c.Body != bodyBasic {
		return Failure
	}
	return Unknown
}

// UnknownAccount reports whether the answer to a failure says that there is no
// such account.
func (e *Endpoint) UnknownAccount(q Asked, a Reply) bool {
	if len(e.cfg.UnknownAccount) == 0 || a.Truncated {
		return false
	}
	body, ok := decodeAnswer(a)
	if !ok {
		return false
	}
	v := &view{e: e, q: q, a: a, body: body}
	for i := range e.cfg.UnknownAccount {
		if v.holds(&e.cfg.UnknownAccount[i]) {
			return true
		}
	}
	return false
}

// TellsSuccess reports whether an answer of this endpoint can ever say that a
// password was right. HTTP Basic without marks only says that one was wrong.
func (e *Endpoint) TellsSuccess() bool {
	c := &e.cfg
	return len(c.Success) > 0 || len(c.Failure)+len(c.Retry) == 0 && c.Body != bodyBasic
}

// view is an answer while marks are tried on it.
type view struct {
	e    *Endpoint
	q    Asked
	a    Reply
	body string

	parsed bool // json is what the body holds, if it is JSON
	isJSON bool
	json   any
}

// holds reports whether all that a mark says is so. An empty mark never
// holds.
func (v *view) holds(m *config.Mark) bool {
	said := false
	is := func(set, ok bool) bool {
		said = said || set
		return !set || ok
	}
	loc := v.location()
	return is(len(m.Status) > 0, v.status(m.Status)) &&
		is(m.NewCookie != "", m.NewCookie != "" && v.newCookie(m.NewCookie)) &&
		is(m.Header != "", m.Header != "" && v.a.Header.Get(m.Header) != "") &&
		is(len(m.Location) > 0, containsAny(loc, m.Location)) &&
		is(len(m.NotLocation) > 0, !containsAny(loc, m.NotLocation)) &&
		is(len(m.Route) > 0, routeIn(loc, m.Route)) &&
		is(len(m.NotRoute) > 0, !routeIn(loc, m.NotRoute)) &&
		is(m.Back, m.Back && v.leadsBack()) &&
		is(m.Elsewhere, m.Elsewhere && loc != "" && v.q.Referer != "" && !v.leadsBack()) &&
		is(m.OnPath, m.OnPath && v.onPath()) &&
		is(len(m.Body) > 0, len(m.Body) > 0 && containsAny(v.body, m.Body)) &&
		is(m.JSON != "", m.JSON != "" && v.jsonHas(m.JSON, m.JSONContains)) &&
		said
}

func (v *view) status(list []string) bool {
	s := strconv.Itoa(v.a.Status)
	for _, want := range list {
		if want == s || len(want) == 3 && want[1:] == "xx" && want[0] == s[0] {
			return true
		}
	}
	return false
}

// location is the path and query of where the answer leads; the host is not
// the shop's to choose by.
func (v *view) location() string {
	l := v.a.Header.Get("Location")
	u, err := url.Parse(l)
	if err != nil {
		return l
	}
	if u.RawQuery == "" {
		return u.Path
	}
	return u.Path + "?" + u.RawQuery
}

func containsAny(s string, texts []string) bool {
	for _, t := range texts {
		if t != "" && strings.Contains(s, t) {
			return true
		}
	}
	return false
}

// leadsBack reports whether the answer leads to the page that the login was
// sent to or came from.
func (v *view) leadsBack() bool {
	loc := v.location()
	path, _, _ := strings.Cut(loc, "?")
	return v.a.Header.Get("Location") != "" && (path == v.q.Path || samePage(loc, v.q.Referer))
}

// onPath reports whether the login was sent to one of its own pages.
func (v *view) onPath() bool {
	s := &subject{}
	s.addURL(v.q.Path, v.q.Path, v.q.RawQuery)
	return !s.badPath && v.e.onPath(s)
}

// routeIn reports whether a location's query has one of the parameters with
// one of its values, as PHP shops route.
func routeIn(loc string, route map[string][]string) bool {
	_, query, _ := strings.Cut(loc, "?")
	in := false
	eachPair(query, func(rawName, rawValue string) {
		name, _ := unescape(rawName)
		value, _ := unescape(rawValue)
		for _, want := range route[phpName(name)] {
			in = in || routeValue(value) == routeValue(want)
		}
	})
	return in
}

// jsonHas reports whether the body is JSON with something at the pointer
// (RFC 6901), and with a text that contains text if that is given.
func (v *view) jsonHas(pointer, text string) bool {
	if !v.parsed {
		v.parsed = true
		if s := strings.TrimSpace(v.body); strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
			v.isJSON = json.Unmarshal([]byte(s), &v.json) == nil
		}
	}
	if !v.isJSON {
		return false
	}
	return jsonHolds(v.json, strings.Split(strings.TrimPrefix(pointer, "/"), "/"), text)
}

// jsonHolds follows a pointer's parts; `*` is any member or element.
func jsonHolds(at any, parts []string, text string) bool {
	if len(parts) > 0 {
		part := strings.ReplaceAll(strings.ReplaceAll(parts[0], "~1", "/"), "~0", "~")
		switch x := at.(type) {
		case map[string]any:
			if part != "*" {
				return jsonHolds(x[part], parts[1:], text)
			}
			for _, item := range x {
				if jsonHolds(item, parts[1:], text) {
					return true
				}
			}
		case []any:
			if i, err := strconv.Atoi(part); err == nil && i >= 0 && i < len(x) {
				return jsonHolds(x[i], parts[1:], text)
			}
			for i := 0; part == "*" && i < len(x); i++ {
				if jsonHolds(x[i], parts[1:], text) {
					return true
				}
			}
		}
		return false
	}
	if text != "" {
		s, ok := at.(string)
		return ok && strings.Contains(s, text)
	}
	return Truthy(at)
}

// Truthy reports whether a value of JSON (as encoding/json decodes it) is
// something: not null, false, 0, or empty.
func Truthy(v any) bool {
	switch x := v.(type) {
	case bool:
		return x
	case string:
		return x != ""
	case float64:
		return x != 0
	case []any:
		return len(x) > 0
	case map[string]any:
		return len(x) > 0
	}
	return false
}
