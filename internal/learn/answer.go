package learn

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/login-guard/login-guard/internal/login"
)

// facts are what is kept of an answer: statuses, names and places, and no
// value that the shop or the customer made up.
type facts struct {
	status int
	// unreadable: the body was too long or compressed in an unknown way.
	unreadable bool

	// Of the Location: its path as far as it names nobody, the keys of its
	// query, and the values that name a page.
	redirect bool
	back     bool // to the page that the login was sent to or came from
	path     string
	cut      bool // the path went on
	keys     []string
	routes   map[string]string
	// whole is the address as it came, to try marks on. It may name the
	// customer: of an answer that is kept it is taken away.
	whole string

	carried map[string]bool // cookies that the request had, by pattern
	cookies map[string]cookieDoes
	headers map[string]bool

	json *jsonFacts // nil where the body is no JSON object
	page *pageFacts // nil where the body is no HTML
}

// cookieDoes is what an answer does to a cookie.
type cookieDoes int

const (
	repeated cookieDoes = iota + 1
	deleted
	fresh
)

// String says it to the operator.
func (c cookieDoes) String() string {
	return [...]string{"not set", "set again", "deleted", "set anew"}[c]
}

var (
	redirects = []int{301, 302, 303, 307, 308}
	// plainToken is a name of a cookie or header that names nobody.
	plainToken = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,79}$`)
	// hashTail is what some shops put at the end of a cookie's name: a hash
	// of the site's address.
	hashTail = regexp.MustCompile(`^(.*[_-])[0-9a-f]{16,64}$`)
	// wordSegment is a part of a path that names a page and no customer.
	wordSegment = regexp.MustCompile(`^[A-Za-z][A-Za-z_.-]{0,39}$`)
)

// plainHeaders are headers that say nothing of a login.
var plainHeaders = map[string]bool{
	"Age": true, "Alt-Svc": true, "Cache-Control": true, "Connection": true, "Content-Disposition": true,
	"Content-Encoding": true, "Content-Language": true, "Content-Length": true, "Content-Type": true, "Date": true, "Etag": true,
	"Expires": true, "Keep-Alive": true, "Last-Modified": true, "Link": true, "Location": true, "Pragma": true,
	"Retry-After": true, "Server": true, "Set-Cookie": true, "Transfer-Encoding": true, "Vary": true, "Via": true,
	"X-Powered-By": true, "X-Request-Id": true, "X-Runtime": true, "Www-Authenticate": true, "Strict-Transport-Security": true,
	"Content-Security-Policy": true, "Referrer-Policy": true, "Permissions-Policy": true, "Login-Guard": true, "Accept-Ranges": true,
}

// observe takes the facts of an answer. hidden is what may be in none.
func observe(q login.Asked, a login.Reply, hidden secrets) *facts {
	f := &facts{status: a.Status, carried: map[string]bool{}, cookies: map[string]cookieDoes{}, headers: map[string]bool{}}
	for _, c := range q.Cookies {
		if name, ok := cookiePattern(c.Name, hidden); ok && c.Value != "" {
			f.carried[name] = true
		}
	}
	for _, c := range login.AnswerCookies(q, a) {
		name, ok := cookiePattern(c.Name, hidden)
		if !ok {
			continue
		}
		does := repeated
		switch {
		case c.Fresh:
			does = fresh
		case c.Gone:
			does = deleted
		}
		f.cookies[name] = max(f.cookies[name], does)
	}
	for name, values := range a.Header {
		// Headers such as rate limits have numbers; a token is long.
		if !plainHeaders[name] && plainToken.MatchString(name) && !hidden.in(name) && strings.Join(values, "") != "" {
			f.headers[strings.ToLower(name)] = true
		}
	}
	f.leads(q, a.Header, hidden)
	body, ok := login.AnswerText(a)
	f.unreadable = !ok
	if !ok {
		return f
	}
	if f.json = jsonFactsOf(body, hidden); f.json == nil && looksLikeHTML(a.Header, body) {
		f.page = pageFactsOf(body, hidden)
	}
	return f
}

// cookiePattern is a cookie's name, with `*` for a hash at its end.
func cookiePattern(name string, hidden secrets) (string, bool) {
	if m := hashTail.FindStringSubmatch(name); m != nil && len(m[1]) > 3 {
		name = m[1] + "*"
	}
	return name, plainToken.MatchString(strings.TrimSuffix(name, "*")) && !hidden.in(name)
}

func (f *facts) leads(q login.Asked, h http.Header, hidden secrets) {
	location := h.Get("Location")
	if location == "" || !slices.Contains(redirects, f.status) {
		return
	}
	f.redirect = true
	f.routes = map[string]string{}
	u, err := url.Parse(location)
	if err != nil {
		return
	}
	f.whole = u.Path + "?" + u.RawQuery
	path, _, _ := strings.Cut(u.Path, ";") // ;jsessionid=…
	f.path = "/"
	for i, segment := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		if segment != "" && (!wordSegment.MatchString(segment) || hidden.in(segment)) {
			f.cut = true
			break
		}
		if i > 0 && !strings.HasSuffix(f.path, "/") {
			f.path += "/"
		}
		f.path += segment
	}
	values, _ := url.ParseQuery(u.RawQuery)
	for key, v := range values {
		if !plainToken.MatchString(key) || hidden.in(key) {
			continue
		}
		f.keys = append(f.keys, key)
		if slices.Contains(routeKeys, key) && len(v) == 1 && routeWord.MatchString(v[0]) && !hidden.in(v[0]) {
			f.routes[key] = v[0]
		}
	}
	slices.Sort(f.keys)
	from, err := url.Parse(q.Referer)
	f.back = path == q.Path || err == nil && q.Referer != "" && from.Path == path
}

// leadsTo says where a Location leads, for the operator.
func (f *facts) leadsTo() string {
	if !f.redirect {
		return "none"
	}
	to := f.path
	if f.cut {
		to += "…"
	}
	for i, key := range f.keys {
		sign := "&"
		if i == 0 {
			sign = "?"
		}
		to += sign + key + "="
		if v, ok := f.routes[key]; ok {
			to += v
		} else {
			to += "…"
		}
	}
	return to
}
