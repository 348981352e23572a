package learn

import (
	"fmt"
	"slices"

	"github.com/login-guard/login-guard/config"
)

// Result is what was learnt. It holds names, statuses and marks, and nothing
// of the account or the passwords.
type Result struct {
	Found       Found        `json:"login"`
	Differences []Difference `json:"differences"`
	// Strength of the success mark: strong, fair, weak or none; Why says what
	// it rests on.
	Strength string `json:"strength"`
	Why      string `json:"why,omitempty"`
	// Presets that read both answers right: one that is the shop's knows more
	// than two answers can show.
	Presets []string `json:"presets"`
	// Endpoints are the settings, Block the same as a Caddyfile has them.
	Endpoints []config.Endpoint `json:"endpoints"`
	Block     string            `json:"block"`
	Warnings  []string          `json:"warnings"`
}

// conclude makes the result of a login and its two answers.
func conclude(f Found, wrong, right *facts) Result {
	m := compare(&f, wrong, right)
	r := Result{Found: f, Strength: m.strength, Why: m.why, Presets: []string{}, Warnings: m.warnings}
	r.Differences = differences(wrong, right, &m)
	e := f.endpoint()
	e.Success, e.Failure = m.success, m.failure
	e.SessionCookies = sessionCookies(wrong, right)
	if e.InPlace = len(e.Success) > 0 && inPlace(e.SessionCookies, right, &m); e.InPlace {
		r.warn("the shop logs in to the session that the browser has, and to somebody who is logged in it answers alike whatever the password: in_place makes the guard doubt such a success")
	}
	if right.json != nil && f.Script && right.json.links["/redirect"] != "" && f.GraphQL == nil && f.Kind != "JSON" {
		e.Script = "opencart4"
	}
	r.Endpoints = []config.Endpoint{e}
	r.bind(&m)
	r.judge(wrong, right, &m)
	if f.Guessed && f.Kind != "basic" {
		r.warn("it is not certain which field carries the account: check the one that was chosen, or learn again with --account")
	}
	site := config.Site{Endpoints: r.Endpoints}
	if err := site.Validate(); err != nil {
		r.warn(fmt.Sprintf("this block needs your hand before Caddy takes it: %v", err))
	}
	r.Block = Caddyfile(r.Endpoints)
	return r
}

func (r *Result) warn(text string) {
	if !slices.Contains(r.Warnings, text) {
		r.Warnings = append(r.Warnings, text)
	}
}

// bind ties a success that other pages could answer as well to the login's
// own page: a guesser may send the login's fields to any page of the shop and
// must not be told from a customer by what that page answers to everybody.
func (r *Result) bind(m *marks) {
	e := &r.Endpoints[0]
	if m.proven || len(e.Success) == 0 {
		return
	}
	f := &r.Found
	switch {
	case !f.front():
	case len(f.Route) == 2:
		// The query's page is where success counts; the same fields on any
		// other page are a login still, of which no success is believed.
		e.Query = map[string][]string{f.Route[0]: {f.Route[1]}}
		other := f.endpoint()
		other.Name = "elsewhere"
		if other.Failure = e.Failure; len(other.Failure) == 0 {
			other.Failure = noMark()
		}
		r.Endpoints = append(r.Endpoints, other)
		e = &r.Endpoints[0]
		r.warn("one path serves every page, so there are two blocks: in the first a success counts, the second catches the same fields on any other page; where the checkout has a login of its own, learn it as well and give it a name (`endpoint login checkout`)")
	default:
		r.warn("one path serves every page and nothing in the address tells the login's: another page of the shop may answer like a success")
		return
	}
	for i := range e.Success {
		e.Success[i].OnPath = true
	}
}

// judge says what cannot be told from these two answers, and what to do.
func (r *Result) judge(wrong, right *facts, m *marks) {
	switch {
	case len(r.Differences) == 0:
		r.warn("the two answers do not differ, so no outcome can be read. Did the right password sign you in? If not, learn again with one that does. If the shop asked for a second step or a code first, learn on an account without it. If it did sign you in, the shop says so only later: every login then counts as unknown, guards by limits only, and nobody's device is remembered")
	case len(m.success) == 0 && len(m.failure) == 0:
		r.warn("the two answers differ in nothing that a mark can name, so no outcome can be read: every login counts as unknown. If you know a text or a header that only one of them has, add it as success or failure")
	case len(m.success) == 0:
		r.warn("nothing says that a password was right, so right ones count as unknown: they are let in and their devices are not remembered. Add a success if you know a cookie, an address, a text or a place in the JSON that only they get")
	case len(m.failure) == 0 && m.strength != Strong:
		r.warn("nothing but the missing success says that a password was wrong")
	}
	if len(m.success)+len(m.failure) == 0 {
		r.Endpoints[0].Failure = noMark()
	}
}

// noMark stands where nothing is known: without any mark the generic rules
// would judge, on nothing.
func noMark() []config.Mark { return []config.Mark{{Status: []string{"401", "403"}}} }
