package login

import (
	"fmt"
	"strings"

	"github.com/login-guard/login-guard/config"
)

// How a request's body is read for an endpoint (config.Endpoint.Body).
const (
	bodyForm    = "form"
	bodyXMLRPC  = "xmlrpc"
	bodyGraphQL = "graphql"
	bodyBasic   = "basic"
)

// Endpoint is one of a shop's logins, made ready for comparing. It is
// immutable and safe for concurrent use.
type Endpoint struct {
	cfg config.Endpoint

	account, fallback, password, requires, exempt []credential
	conflicts                                     []credential // of other actions

	paths, queryPaths []pattern
	exemptPaths       []string
	query             map[string][]string // parameter → normalised values
	queryUnless       []string

	// byName are the credentials that a name is to the byte, wild those with
	// any head.
	byName map[string][]place
	wild   []place

	countsAll bool // see Options.CountsAll
}

// place is where a credential stands among an endpoint's lists.
type place struct {
	list, at int
	f        *credential
}

// named are the credentials of a name.
func (e *Endpoint) named(name string) []place { return e.byName[name] }

// index makes byName and wild.
func (e *Endpoint) index() {
	e.byName = make(map[string][]place)
	for n, fs := range e.lists() {
		for j := range fs {
			is := place{n, j, &fs[j]}
			if fs[j].wild {
				e.wild = append(e.wild, is)
			} else {
				e.byName[fs[j].name] = append(e.byName[fs[j].name], is)
			}
		}
	}
}

// Name is the endpoint's name in records and metrics.
func (e *Endpoint) Name() string { return e.cfg.Name }

// Config returns the settings the endpoint was made from.
func (e *Endpoint) Config() config.Endpoint { return e.cfg }

// credential is the name of one field that a login needs.
type credential struct {
	name string // as sent; for wild what follows the head: `[password]`
	wild bool   // any head
	toks tokens
}

func newEndpoint(c config.Endpoint) (*Endpoint, error) {
	if c.Name == "" {
		c.Name = "login"
	}
	if c.Kind == "" {
		c.Kind = config.KindLogin
	}
	switch {
	case c.Body != "":
	case len(c.GraphQL) > 0:
		c.Body = bodyGraphQL
	case c.Basic:
		c.Body = bodyBasic
	default:
		c.Body = bodyForm
	}
	switch c.Body {
	case bodyForm, bodyXMLRPC, bodyBasic:
	case bodyGraphQL:
		if len(c.GraphQL) == 0 {
			return nil, fmt.Errorf("endpoint %s: graphql is needed, such as login with username and password", c.Name)
		}
	default:
		return nil, fmt.Errorf("endpoint %s: body %q is not known; one that works is form, xmlrpc, graphql or basic", c.Name, c.Body)
	}
	form := c.Body == bodyForm && !c.Always
	if form && c.Kind != config.KindLogin {
		if len(c.AccountFields)+len(c.AccountFallback)+len(c.PasswordFields)+len(c.Requires) == 0 {
			return nil, fmt.Errorf("endpoint %s: account_fields, password_fields or requires are needed, such as email", c.Name)
		}
	} else if form && (len(c.AccountFields)+len(c.AccountFallback) == 0 || len(c.PasswordFields) == 0) {
		return nil, fmt.Errorf("endpoint %s: account_fields and password_fields are needed, such as email and password; or always with paths", c.Name)
	}
	if !form && c.Body != bodyGraphQL && len(c.Paths) == 0 {
		return nil, fmt.Errorf("endpoint %s: paths are needed, such as /login", c.Name)
	}
	e := &Endpoint{cfg: c, query: map[string][]string{}}
	for _, l := range []struct {
		from []string
		to   *[]credential
	}{
		{c.AccountFields, &e.account}, {c.AccountFallback, &e.fallback},
		{c.PasswordFields, &e.password}, {c.Requires, &e.requires}, {c.ExemptFields, &e.exempt}, {c.Conflicts, &e.conflicts},
	} {
		for _, name := range l.from {
			f, err := newCredential(name)
			if err != nil {
				return nil, fmt.Errorf("endpoint %s: %w", c.Name, err)
			}
			*l.to = append(*l.to, f)
		}
	}
	for _, p := range c.Paths {
		e.paths = append(e.paths, newPattern(p))
	}
	for _, p := range c.QueryPaths {
		e.queryPaths = append(e.queryPaths, newPattern(p))
	}
	for _, p := range c.ExemptPaths {
		e.exemptPaths = append(e.exemptPaths, strings.ToLower(p))
	}
	for name, values := range c.Query {
		for _, v := range values {
			e.query[name] = append(e.query[name], routeValue(v))
		}
	}
	e.queryUnless = c.QueryUnless
	e.index()
	return e, nil
}

func newCredential(name string) (credential, error) {
	f := credential{name: name}
	if strings.HasPrefix(name, "/") {
		f.name = pointerName(name)
	}
	if rest, ok := strings.CutPrefix(name, "*"); ok {
		f.name, f.wild = rest, true
		if len(rest) < 3 || rest[0] != '[' || rest[len(rest)-1] != ']' {
			return f, fmt.Errorf("field %q: a name with * is written *[name]", name)
		}
	}
	f.toks, _ = looseTokens(f.name)
	if len(f.toks) == 0 {
		return f, fmt.Errorf("field %q is empty; one that works is email", name)
	}
	return f, nil
}

// exact reports whether the decoded name is this field and nothing else.
func (f *credential) exact(name string) bool {
	if !f.wild {
		return name == f.name
	}
	i := strings.IndexByte(name, '[')
	return i > 0 && name[i:] == f.name
}

// loose reports whether some shop could take a name of these tokens for
// this field.
func (f *credential) loose(t tokens) bool {
	if f.wild {
		return len(t) >= 2 && t[1] == f.toks[0]
	}
	return t.startsWith(f.toks)
}

// matchAny reports whether path is one of the patterns.
func matchAny(ps []pattern, path string) bool {
	for _, p := range ps {
		if p.match(path) {
			return true
		}
	}
	return false
}

// onPath reports whether the request is on one of the endpoint's own paths,
// or chosen by its query: there an unreadable body is refused.
func (e *Endpoint) onPath(s *subject) bool {
	if s.badPath && len(e.paths) > 0 {
		return true
	}
	for _, p := range s.paths() {
		if matchAny(e.paths, p) {
			return true
		}
	}
	return len(e.query) > 0 && e.routed(s) == routeMet
}
