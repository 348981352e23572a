package config

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// endpointKinds are the kinds of the syntax.
func endpointKinds() []string {
	return []string{KindLogin, KindRegister, KindReset, KindCode, KindChange}
}

// endpointBodies are the ways in which a body is read.
func endpointBodies() []string { return []string{"form", "xmlrpc", "graphql", "basic"} }

var (
	endpointName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)
	// graphqlPath is one or more names of GraphQL's grammar with dots between.
	graphqlPath = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]*(\.[_A-Za-z][_0-9A-Za-z]*)*$`)
	statusCode  = regexp.MustCompile(`^([1-5][0-9]{2}|[1-5]xx)$`)
	// httpToken is a token of RFC 9110 §5.6.2: a header's or cookie's name.
	httpToken = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
)

// checkEndpoints refuses endpoints that could match nothing, or everything,
// or that would take a wrong password for a right one.
func checkEndpoints(endpoints []Endpoint) (errs []error) {
	names := make(map[string]bool)
	for _, e := range endpoints {
		name := e.Name
		if name == "" {
			name = cmp.Or(e.Kind, KindLogin)
		}
		where := "endpoint " + name
		if names[name] {
			errs = append(errs, wrong(where, "two endpoints have this name", "endpoint login api { ... }"))
		}
		names[name] = true
		errs = append(errs, e.check(where)...)
	}
	return errs
}

func (e Endpoint) check(where string) (errs []error) {
	add := func(what, works string) { errs = append(errs, wrong(where, what, works)) }
	if e.Kind != "" && !slices.Contains(endpointKinds(), e.Kind) {
		add(unknownValue(e.Kind, endpointKinds()...), "endpoint login { ... }")
	}
	if e.Name != "" && !endpointName.MatchString(e.Name) {
		add(fmt.Sprintf("the name %q is not up to 40 small letters, digits, hyphens and underscores", e.Name), "endpoint login api { ... }")
	}
	if e.Body != "" && !slices.Contains(endpointBodies(), e.Body) {
		add("body: "+unknownValue(e.Body, endpointBodies()...), "form")
	}
	if e.InPlace && len(e.SessionCookies) == 0 {
		add("in_place needs the names of the session's cookies", "session_cookies PHPSESSID")
	}
	for _, name := range e.SessionCookies {
		if c := strings.TrimSuffix(name, "*"); !httpToken.MatchString(c) || strings.Contains(c, "*") {
			add(fmt.Sprintf("%q is no name of a cookie, with at most one * at its end", name), "session_cookies PHPSESSID")
		}
	}
	if e.Identity != nil {
		if e.Identity.check(add); e.IdentityCookie != "" {
			add("identity and identity_cookie say the same thing in two ways; keep one", exampleIdentity)
		}
		if e.Kind != "" && e.Kind != KindLogin {
			add("identity belongs to a login", "endpoint login { ... }")
		}
	}
	e.checkFields(add)
	e.checkGraphQL(add)
	for _, f := range e.fields() {
		if strings.TrimSpace(f) == "" || strings.ContainsAny(f, "\x00&=") {
			add(fmt.Sprintf("%q is no name of a field", f), "account_field email")
		}
		if strings.Contains(strings.TrimPrefix(f, "*["), "*") {
			add(fmt.Sprintf("%q has a * that does not stand for the name before a bracket", f), `account_field "*[email]"`)
		}
		if problem := pointerProblem(f); problem != "" {
			add(fmt.Sprintf("the JSON pointer %q %s", f, problem), "account_field /user/email")
		}
		if strings.HasPrefix(strings.ToLower(strings.TrimPrefix(f, "/")), "login_guard_") {
			add(fmt.Sprintf("fields that start with login_guard_, such as %q, are our own", f), "account_field email")
		}
	}
	for _, f := range e.AccountFields {
		if slices.Contains(e.PasswordFields, f) {
			add(fmt.Sprintf("%q is both an account field and a password field", f), "account_field email")
		}
	}
	for _, p := range e.Paths {
		if problem := pathProblem(p); problem != "" {
			add(fmt.Sprintf("path %q %s", p, problem), "path /account/login")
		}
	}
	if (len(e.ExemptFields) > 0) != (len(e.ExemptPaths) > 0) {
		add("exempt_fields and exempt_paths belong together: a field alone is for an attacker to add", "both")
	}
	for _, name := range slices.Sorted(maps.Keys(e.Query)) {
		if name == "" || len(e.Query[name]) == 0 {
			add(fmt.Sprintf("query %q lacks its values", name), "query route account/login")
		}
	}
	if e.Basic {
		errs = append(errs, checkBasicSuccess(where, e.Success)...)
	} else {
		errs = append(errs, checkMarks(where, "success", e.Success)...)
	}
	errs = append(errs, checkMarks(where, "failure", e.Failure)...)
	errs = append(errs, checkMarks(where, "retry", e.Retry)...)
	return append(errs, checkMarks(where, "unknown_account", e.UnknownAccount)...)
}

// checkFields refuses an endpoint that names too little to be told from any
// other request, or more than is looked at.
func (e Endpoint) checkFields(add func(what, works string)) {
	named := len(e.AccountFields)+len(e.AccountFallback)+len(e.PasswordFields)+len(e.Requires) > 0
	side := e.Kind != "" && e.Kind != KindLogin
	switch {
	case e.Always && len(e.Paths) == 0:
		add("always needs a path, or every request would be a login", "path /account/login")
	case e.Always:
	case e.Basic || e.Body == "basic":
		if named || len(e.GraphQL) > 0 || side {
			add("basic is a login of its own; fields belong to another endpoint", "endpoint login api { basic ... }")
		}
		if len(e.Paths) == 0 {
			add("basic needs the paths that the shop protects", "path /api/*")
		}
	case len(e.GraphQL) > 0 || e.Body == "graphql":
		if named {
			add("graphql names where the account and the password are; fields belong to another endpoint", "graphql login username password")
		}
		if len(e.GraphQL) == 0 {
			add("graphql is missing", "graphql login username password")
		}
	case e.Body == "xmlrpc":
	case side:
		if !named {
			add("account_field, password_field or requires is missing: nothing tells it from other requests", "account_field email")
		}
	default:
		if len(e.AccountFields) == 0 {
			add("account_field is missing", "account_field email")
		}
		if len(e.PasswordFields) == 0 {
			add("password_field is missing", "password_field password")
		}
	}
}

func (e Endpoint) checkGraphQL(add func(what, works string)) {
	for _, g := range e.GraphQL {
		paths := []string{g.Field, g.Account, g.Password}
		if g.Password == "" && e.Kind != "" && e.Kind != KindLogin {
			paths = paths[:2]
		} else if g.Password == "" {
			add(fmt.Sprintf("graphql %s lacks the argument with the password", g.Field), "graphql login username password")
			continue
		}
		for _, path := range paths {
			if !graphqlPath.MatchString(path) {
				add(fmt.Sprintf("%q is no name of GraphQL, or several with dots between", path), "graphql login username password")
			}
		}
	}
	if len(e.Persisted) > 0 && len(e.GraphQL) == 0 {
		add("persisted belongs to graphql, which says where the account is", "graphql login username password")
	}
	if slices.ContainsFunc(e.Persisted, func(s string) bool { return strings.TrimSpace(s) == "" }) {
		add("persisted has an empty name", "persisted Login")
	}
}

// pointerProblem says what is wrong with a JSON pointer, or nothing.
func pointerProblem(f string) string {
	switch {
	case !isPointer(f):
		return ""
	case slices.Contains(strings.Split(f[1:], "/"), ""):
		return "has an empty part"
	case strings.ContainsAny(f, "[]*"):
		return "has brackets or a *; levels are parted by /"
	case strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(f), "~"):
		return "has a ~ that is neither ~0 (a ~) nor ~1 (a /)"
	}
	return ""
}

// checkBasicSuccess lets a status say that a Basic password was right, where
// the shop protects the path: on any other it says nothing.
func checkBasicSuccess(where string, marks []Mark) (errs []error) {
	for _, m := range marks {
		bare := m
		bare.OnPath = false
		if bare.onlyStatus() {
			if !m.OnPath {
				errs = append(errs, wrong(where+" success", "a status says that a password was right only on a path that the shop protects", "success status 2xx on_path"))
			}
			m.NewCookie = "checked" // the rest of the mark is looked at as ever
		}
		errs = append(errs, checkMarks(where, "success", []Mark{m})...)
	}
	return errs
}

// pathProblem says what is wrong with a path, or nothing.
func pathProblem(p string) string {
	inner := strings.TrimSuffix(strings.TrimPrefix(p, "*"), "*")
	switch {
	case !strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "*"):
		return "starts with neither / nor *"
	case strings.Trim(inner, "/") == "" && p != "/":
		return "stands for every path"
	case strings.Contains(inner, "*"):
		return "has a * in its middle; one stands at the start or the end"
	case strings.ContainsAny(p, "?#"):
		return "has a query; those are for query NAME VALUE"
	}
	return ""
}

// lone are the statuses that alone make a retry: an expired token, a lock,
// too many requests, a shop in maintenance. With any other, wrong passwords
// could be tried for nothing.
var lone = []string{"419", "423", "429", "503"}

func checkMarks(where, option string, marks []Mark) (errs []error) {
	works := map[string]string{
		"success": "success cookie session_*", "failure": "failure status 401", "retry": "retry status 429",
	}[option]
	for _, m := range marks {
		add := func(what string) { errs = append(errs, wrong(where+" "+option, what, works)) }
		if m.empty() {
			add("a condition is missing")
			continue
		}
		for _, s := range m.Status {
			if !statusCode.MatchString(s) {
				add(fmt.Sprintf("%q is no status such as 401 or 4xx", s))
			}
		}
		alone := m.onlyStatus()
		if len(m.Status) == 0 && m.noOther() {
			add("on_path says nothing of the answer; add cookie, header, location, body or json")
		}
		if option == "success" && alone {
			add("a status alone does not say that a password was right; add cookie, header, location, body or json")
		}
		if option == "retry" && alone && slices.ContainsFunc(m.Status, func(s string) bool { return !slices.Contains(lone, s) }) {
			add("of statuses only 419, 423, 429 and 503 alone say that the password was not judged; add location, header, body or json")
		}
		if c := strings.TrimSuffix(m.NewCookie, "*"); m.NewCookie != "" && (!httpToken.MatchString(c) || strings.Contains(c, "*")) {
			add(fmt.Sprintf("%q is no name of a cookie, with at most one * at its end", m.NewCookie))
		}
		if m.Header != "" && !httpToken.MatchString(m.Header) {
			add(fmt.Sprintf("%q is no name of a header", m.Header))
		}
		if m.JSON != "" && !isPointer(m.JSON) {
			add(fmt.Sprintf("json %q does not start with /; a pointer to the token in {\"token\":...} is /token", m.JSON))
		}
		if m.JSONContains != "" && m.JSON == "" {
			add("contains belongs to json")
		}
	}
	return errs
}

// empty reports whether the mark has no condition and so would always hold.
func (m Mark) empty() bool {
	return len(m.Status) == 0 && !m.OnPath && m.noOther()
}

// onlyStatus reports whether the status is all that says something of the
// answer.
func (m Mark) onlyStatus() bool { return len(m.Status) > 0 && m.noOther() }

func (m Mark) noOther() bool {
	return m.NewCookie == "" && m.Header == "" && len(m.Location) == 0 && len(m.NotLocation) == 0 &&
		len(m.Route) == 0 && len(m.NotRoute) == 0 && len(m.Body) == 0 && m.JSON == "" && m.JSONContains == "" && !m.Back && !m.Elsewhere
}
