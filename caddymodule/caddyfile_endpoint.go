package caddymodule

import (
	"fmt"
	"maps"
	"slices"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/login-guard/login-guard/config"
)

const exampleEndpoint = "endpoint login { ... } with lines such as: account_field email"

// parseEndpoint parses one endpoint of the operator's own:
//
//	endpoint KIND [NAME] {
//	    path           PATH...
//	    account_field  NAME|/POINTER...
//	    password_field NAME|/POINTER...
//	    requires       NAME|/POINTER...
//	    query          NAME VALUE...
//	    graphql        FIELD ACCOUNT [PASSWORD]
//	    persisted      NAME|HASH...
//	    basic
//	    body_only
//	    form_only
//	    inflates
//	    always
//	    gmail_dots
//	    session_cookies NAME...
//	    in_place
//	    identity_cookie NAME
//	    identity       PATH field NAME | json POINTER [token header NAME | json POINTER | query NAME]
//	    sign_out       PATH
//	    script         opencart4
//	    success|failure|retry CONDITION...
//	    unknown_account CONDITION...
//	}
//
// See parseMark for conditions, and parseIdentity.
func parseEndpoint(s *config.Site, args []caddyfile.Token, d *caddyfile.Dispenser) error {
	e := config.Endpoint{Kind: args[0].Text}
	if len(args) == 2 {
		e.Name = args[1].Text
		if e.Name == "" {
			return d.Errf("endpoint: the name is empty; one that works: endpoint login api { ... }")
		}
	}
	if err := readBlock(d, "endpoint", endpointOptions(&e)); err != nil {
		return err
	}
	s.Endpoints = append(s.Endpoints, e)
	return nil
}

// endpointOptions are the options of an endpoint's block.
func endpointOptions(e *config.Endpoint) options {
	marks := func(example string, to *[]config.Mark) option {
		return option{example: example, min: 1, max: -1, many: true, set: func(args []caddyfile.Token) error {
			m, err := parseMark(args)
			*to = append(*to, m)
			return err
		}}
	}
	return options{
		"path":           {example: "path /account/login", min: 1, max: -1, many: true, set: list(&e.Paths)},
		"account_field":  {example: "account_field email", min: 1, max: -1, many: true, set: list(&e.AccountFields)},
		"password_field": {example: "password_field password", min: 1, max: -1, many: true, set: list(&e.PasswordFields)},
		"requires":       {example: "requires login", min: 1, max: -1, many: true, set: list(&e.Requires)},
		"query": {example: "query route account/login", min: 2, max: -1, many: true, set: func(args []caddyfile.Token) error {
			return parameter(&e.Query, texts(args))
		}},
		"graphql": {example: "graphql login username password", min: 2, max: 3, many: true, set: func(args []caddyfile.Token) error {
			g := config.GraphQLLogin{Field: args[0].Text, Account: args[1].Text}
			if len(args) == 3 {
				g.Password = args[2].Text
			}
			e.GraphQL = append(e.GraphQL, g)
			return nil
		}},
		"persisted":       {example: "persisted Login", min: 1, max: -1, many: true, set: list(&e.Persisted)},
		"basic":           {example: "basic", set: flag(&e.Basic)},
		"body_only":       {example: "body_only", set: flag(&e.BodyOnly)},
		"form_only":       {example: "form_only", set: flag(&e.FormOnly)},
		"inflates":        {example: "inflates", set: flag(&e.Inflates)},
		"always":          {example: "always", set: flag(&e.Always)},
		"gmail_dots":      {example: "gmail_dots", set: flag(&e.GmailDots)},
		"account_pattern": {example: "account_pattern", set: flag(&e.AccountPattern)},
		"session_cookies": {example: "session_cookies PHPSESSID", min: 1, max: -1, many: true, set: list(&e.SessionCookies)},
		"in_place":        {example: "in_place", set: flag(&e.InPlace)},
		"identity_cookie": {example: "identity_cookie wordpress_logged_in_*", min: 1, max: 1, set: text(&e.IdentityCookie)},
		"identity": {example: exampleIdentity, min: 3, max: 6, set: func(args []caddyfile.Token) (err error) {
			e.Identity, err = parseIdentity(texts(args))
			return err
		}},
		"sign_out": {example: "sign_out /index.php?route=account/logout", min: 1, max: 1, set: text(&e.SignOut)},
		"script": {example: "script opencart4", min: 1, max: 1, set: func(args []caddyfile.Token) error {
			if scriptShapes[args[0].Text] == nil {
				return fmt.Errorf("the script %q is not known; one that works: script opencart4", args[0].Text)
			}
			e.Script = args[0].Text
			return nil
		}},
		"success":         marks("success cookie session_*", &e.Success),
		"failure":         marks("failure status 401", &e.Failure),
		"retry":           marks("retry location time_out", &e.Retry),
		"unknown_account": marks("unknown_account body \"no such user\"", &e.UnknownAccount),
	}
}

// parameter adds a parameter and its values.
func parameter(to *map[string][]string, args []string) error {
	if _, twice := (*to)[args[0]]; twice {
		return fmt.Errorf("the parameter %s is given twice; put its values on one line", args[0])
	}
	if *to == nil {
		*to = make(map[string][]string)
	}
	(*to)[args[0]] = args[1:]
	return nil
}

// parseMark parses the conditions of one line, all of which must hold:
//
//	status       CODE...        any of these, a number or a class such as 3xx
//	cookie       NAME           set anew; `*` at the end stands for anything
//	header       NAME           is there
//	location     TEXT...        its path and query contain one of these
//	not_location TEXT...        or none of these
//	route        NAME VALUE...  its query has the parameter with one of these
//	not_route    NAME VALUE...  or with none of these
//	back                        it leads back to where the login came from
//	elsewhere                   it leads to neither, and there was a Referer
//	on_path                     the request was on one of the endpoint's paths
//	body         TEXT...        contains one of these
//	json         POINTER        there is something at the pointer (RFC 6901)
//	contains     TEXT           and it is a text that contains this
//
// A second or later value that is one of these words is written in quotes.
func parseMark(args []caddyfile.Token) (config.Mark, error) {
	var m config.Mark
	conditions := markConditions(&m)
	seen := make(map[string]bool)
	for len(args) > 0 {
		name := args[0].Text
		c, ok := conditions[name]
		if !ok || args[0].Quoted() {
			return m, fmt.Errorf("there is no condition %q%s", name, hint(name, slices.Sorted(maps.Keys(conditions))))
		}
		n := min(2, len(args)) // the first value may be such a word itself
		if c.max == 0 {
			n = 1
		}
		for n < len(args) && !isCondition(conditions, args[n]) {
			n++
		}
		values := texts(args[1:n])
		if seen[name] {
			return m, fmt.Errorf("the condition %s is given twice on one line; for one or the other, write two lines", name)
		}
		if err := c.check(name, values); err != nil {
			return m, err
		}
		seen[name] = true
		c.set(values)
		args = args[n:]
	}
	if m.JSONContains != "" && m.JSON == "" {
		return m, fmt.Errorf("contains belongs to json, as in: success json /redirect contains token=")
	}
	return m, nil
}

func isCondition(conditions map[string]condition, t caddyfile.Token) bool {
	_, ok := conditions[t.Text]
	return ok && !t.Quoted()
}

// condition says how one condition of a mark is written.
type condition struct {
	example  string
	min, max int
	set      func(values []string)
}

func (c condition) check(name string, values []string) error {
	switch n := len(values); {
	case n < c.min:
		return fmt.Errorf("the condition %s lacks a value, as in: %s", name, c.example)
	case c.max == 0 && n > 0:
		return fmt.Errorf("the condition %s takes no value %q, as in: %s", name, values[0], c.example)
	case c.max >= 0 && n > c.max:
		return fmt.Errorf("the condition %s takes no second value %q, as in: %s", name, values[c.max], c.example)
	case slices.Contains(values, ""):
		return fmt.Errorf("the condition %s has an empty value, as in: %s", name, c.example)
	}
	return nil
}

// markConditions are the conditions of a mark.
func markConditions(m *config.Mark) map[string]condition {
	one := func(to *string) func([]string) { return func(v []string) { *to = v[0] } }
	yes := func(to *bool) func([]string) { return func([]string) { *to = true } }
	all := func(to *[]string) func([]string) { return func(v []string) { *to = v } }
	route := func(to *map[string][]string) func([]string) {
		return func(v []string) { *to = map[string][]string{v[0]: v[1:]} }
	}
	return map[string]condition{
		"status":       {"status 401 403", 1, -1, all(&m.Status)},
		"cookie":       {"cookie session_*", 1, 1, one(&m.NewCookie)},
		"header":       {"header Auth-Token", 1, 1, one(&m.Header)},
		"location":     {"location /account", 1, -1, all(&m.Location)},
		"not_location": {"not_location /login", 1, -1, all(&m.NotLocation)},
		"route":        {"route route account/account", 2, -1, route(&m.Route)},
		"not_route":    {"not_route main_page login time_out", 2, -1, route(&m.NotRoute)},
		"back":         {"back", 0, 0, yes(&m.Back)},
		"elsewhere":    {"elsewhere", 0, 0, yes(&m.Elsewhere)},
		"on_path":      {"status 2xx on_path", 0, 0, yes(&m.OnPath)},
		"body":         {`body "wrong password"`, 1, -1, all(&m.Body)},
		"json":         {"json /token", 1, 1, one(&m.JSON)},
		"contains":     {"json /redirect contains token=", 1, 1, one(&m.JSONContains)},
	}
}
