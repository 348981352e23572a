package learn

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/login-guard/login-guard/config"
)

// Strengths of what tells a right password from a wrong one.
const (
	Strong = "strong" // the shop gives it to nobody else
	Fair   = "fair"   // it is right for the two answers, others may share it
	Weak   = "weak"   // it rests on the page's text or on an address alone
	None   = "none"   // nothing says that a password was right
)

// marks are what was made of two answers.
type marks struct {
	success, failure []config.Mark
	strength         string
	why              string // of the success mark, for the operator
	proven           bool   // no other page can answer so
	bearer           bool   // the answer carries the login, no session does
	warnings         []string
}

var (
	// bearerKey names what a client shows with each later request; provesKey
	// whatever else a shop gives only to whom it let in.
	bearerKey = regexp.MustCompile(`(?i)^(token|access_?token|id_?token|auth_?token|jwt|bearer)$`)
	provesKey = regexp.MustCompile(`(?i)^(sid|session|session_?id|session_?token|user|customer|account|member|logged_?in|authenticated|success|ok)$`)
	errorKey  = regexp.MustCompile(`(?i)error|invalid|fail|exception`)
	// sessionName are names of cookies that hold a session; loggedName those
	// that are named as proof of a login.
	sessionName = regexp.MustCompile(`(?i)sess|sid$|auth|logged_?in|customer_?token|remember`)
	loggedName  = regexp.MustCompile(`(?i)logged_?in|auth|customer_?token|user_?token|remember`)
)

// compare picks the marks, the surest first. One success is enough: each
// further line is one more way to be taken for somebody who knows the
// password.
func compare(f *Found, wrong, right *facts) marks {
	m := marks{strength: None}
	m.warn(wrong, right)
	failing(f, wrong, right, &m)
	for _, pick := range []func(*Found, *facts, *facts, *marks) bool{
		byBasic, byProvenCookie, byHeader, byJSON, byRenewedSession, byOtherCookie, byRedirect, byPage,
	} {
		if pick(f, wrong, right, &m) {
			break
		}
	}
	if m.strength == Strong && m.proven && len(m.failure) == 1 && onlyStatus200(m.failure[0]) {
		// What has no proof is a failure anyway, and a script may get a page.
		m.failure = nil
	}
	return m
}

func onlyStatus200(m config.Mark) bool {
	return slices.Equal(m.Status, []string{"200"}) && len(m.Body) == 0 && m.JSON == "" && len(m.Location) == 0
}

func (m *marks) add(success config.Mark, strength, why string, proven bool) bool {
	m.success, m.strength, m.why, m.proven = []config.Mark{success}, strength, why, proven
	return true
}

// warn says what makes the two answers poor witnesses.
func (m *marks) warn(wrong, right *facts) {
	for _, a := range []struct {
		which string
		*facts
	}{{"wrong", wrong}, {"right", right}} {
		if a.unreadable {
			m.warnings = append(m.warnings, "the answer to the "+a.which+" password was too long or compressed in an unknown way: its text was not looked at")
		}
	}
	if right.status >= 400 {
		m.warnings = append(m.warnings, "the shop answered "+strconv.Itoa(right.status)+" to the right password: was it right?")
	}
}

// byBasic is HTTP Basic's own rule: where the shop asks for a password, a page
// says that it was right.
func byBasic(f *Found, wrong, right *facts, m *marks) bool {
	if f.Kind != "basic" || f.Path == "" || wrong.status != 401 || right.status/100 != 2 {
		return false
	}
	m.bearer = true
	m.warnings = append(m.warnings, "with basic, `path` has to name all that the shop protects (`/api/*`), and nothing that is open to everybody")
	return m.add(config.Mark{Status: []string{"2xx"}}, Fair, "the shop answers 401 to a wrong password on this path", false)
}

// byHeader takes a header with a token.
func byHeader(_ *Found, wrong, right *facts, m *marks) bool {
	for _, name := range slices.Sorted(maps.Keys(right.headers)) {
		if !wrong.headers[name] && (strings.Contains(name, "token") || strings.Contains(name, "auth")) {
			m.bearer = true
			return m.add(config.Mark{Header: name}, Strong, "the header "+name+" is there for the right password only", true)
		}
	}
	return false
}

// byJSON takes a place of a JSON answer.
func byJSON(f *Found, wrong, right *facts, m *marks) bool {
	if right.json == nil {
		return false
	}
	best, rank := "", 0
	for _, p := range slices.Sorted(maps.Keys(right.json.places)) {
		if wrong.json != nil && wrong.json.places[p] || strings.Contains(p, "/*") {
			continue
		}
		// Of two alike the shorter: it holds for whatever is below.
		if n := placeRank(p); n > rank || n == rank && strings.Count(p, "/") < strings.Count(best, "/") {
			best, rank = p, n
		}
	}
	if best != "" {
		m.bearer = rank == 4
		mark := config.Mark{JSON: best}
		strength := []string{Weak, Fair, Fair, Strong, Strong}[rank]
		if link := right.json.links[best]; link != "" {
			mark.JSONContains = link
			if strings.Contains(strings.ToLower(link), "token=") {
				strength = Strong
			}
		}
		mark.JSON = f.pointer(best)
		return m.add(mark, strength, "the JSON has something at "+mark.JSON+" for the right password only", false)
	}
	if wrong.json == nil {
		return false
	}
	for _, p := range slices.Sorted(maps.Keys(right.json.words)) {
		w, r := wrong.json.words[p], right.json.words[p]
		if w != "" && !strings.Contains(w, r) && w != r {
			return m.add(config.Mark{JSON: f.pointer(p), JSONContains: r}, Fair, "the JSON says "+r+" at "+f.pointer(p)+" for the right password only", false)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(right.json.links)) {
		w, r := wrong.json.links[p], right.json.links[p]
		if w != "" && w != r && !strings.Contains(w, r) {
			return m.add(config.Mark{JSON: f.pointer(p), JSONContains: r}, Fair, "the JSON leads to "+r+" for the right password only", false)
		}
	}
	return false
}

func placeRank(p string) int {
	key := p[strings.LastIndexByte(p, '/')+1:]
	switch {
	case errorKey.MatchString(key):
		return 0
	case bearerKey.MatchString(key):
		return 4
	case provesKey.MatchString(key):
		return 3
	case linkKey.MatchString(key):
		return 2
	}
	return 1
}

// pointer is a place of the answer; of GraphQL's the login's own name, which
// each client may choose, is left open.
func (f *Found) pointer(p string) string {
	if f.GraphQL == nil || !strings.HasPrefix(p, "/data/") {
		return p
	}
	parts := strings.Split(p, "/")
	if parts[2] != "" && len(parts) > 3 {
		parts[2] = "*"
	}
	return strings.Join(parts, "/")
}

// leadsElsewhere is the mark of a redirect that the wrong answer does not
// make.
func leadsElsewhere(f *Found, wrong, right *facts) (config.Mark, bool) {
	mark := config.Mark{Status: []string{"3xx"}}
	if len(f.Route) == 2 {
		key, value := f.Route[0], f.Route[1]
		values := []string{value}
		if w := wrong.routes[key]; w != "" && w != value {
			values = append(values, w)
		}
		if r := right.routes[key]; r != "" && slices.Contains(values, r) {
			return mark, false
		}
		mark.NotRoute = map[string][]string{key: values}
		return mark, right.routes[key] != "" || !wrong.redirect
	}
	not := map[string]bool{}
	if wrong.redirect && wrong.path != "/" {
		not[wrong.path] = true
	}
	if !wrong.redirect && !f.front() && f.Path != "/" {
		not[f.Path] = true
	}
	to := right.whole
	for path := range not {
		if strings.Contains(to, path) {
			delete(not, path)
		}
	}
	if len(not) > 0 {
		mark.NotLocation = slices.Sorted(maps.Keys(not))
		return mark, true
	}
	if !wrong.redirect {
		mark.Elsewhere = !right.back
		return mark, mark.Elsewhere
	}
	// Both lead to one page: a key of the address may tell.
	for _, key := range wrong.keys {
		if !slices.Contains(right.keys, key) && len(key) > 2 && !strings.Contains(to, key+"=") {
			mark.NotLocation = append(mark.NotLocation, key+"=")
		}
	}
	if len(mark.NotLocation) > 0 {
		return mark, true
	}
	if right.path != "/" && !strings.Contains(wrong.leadsTo(), right.path) {
		mark.Location = []string{right.path}
		return mark, true
	}
	return mark, false
}

// byRedirect takes where the answer leads.
func byRedirect(f *Found, wrong, right *facts, m *marks) bool {
	if !right.redirect {
		return false
	}
	mark, ok := leadsElsewhere(f, wrong, right)
	if !ok {
		return false
	}
	m.warnings = append(m.warnings, "only the address that the shop leads to tells a right password: if it leads somewhere else after too many tries or with an expired form as well, add that as a line such as `retry location …`")
	if len(mark.Location) > 0 {
		m.warnings = append(m.warnings, "only logins that lead to "+mark.Location[0]+" count as right: add a line of success for each other page that the shop leads its customers to")
	}
	return m.add(mark, Weak, "the shop leads away from the login for the right password only", false)
}

// byPage takes what only the page of somebody who is logged in has.
func byPage(_ *Found, wrong, right *facts, m *marks) bool {
	if right.page == nil || right.status >= 300 {
		return false
	}
	text := right.page.only(wrong.page, inside)
	if text == "" {
		return false
	}
	m.warnings = append(m.warnings, "only the page's text tells a right password: learn again when the shop's theme changes")
	return m.add(config.Mark{Status: []string{strconv.Itoa(right.status)}, Body: []string{text}}, Weak,
		"the page has "+text+" for the right password only", false)
}
