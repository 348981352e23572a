package config

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// endpointKinds are the kinds of the syntax; only login is built.
func endpointKinds() []string { return []string{KindLogin, "register", "reset", "code", "change"} }

var (
	endpointName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)
	statusCode   = regexp.MustCompile(`^([1-5][0-9]{2}|[1-5]xx)$`)
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
	if e.Body != "" && e.Body != "form" && e.Body != "xmlrpc" {
		add("body: "+unknownValue(e.Body, "form", "xmlrpc"), "form")
	}
	switch {
	case e.Always && len(e.Paths) == 0:
		add("always needs a path, or every request would be a login", "path /account/login")
	case e.Always:
	case len(e.AccountFields) == 0 && e.Body != "xmlrpc":
		add("account_field is missing", "account_field email")
	}
	if !e.Always && len(e.PasswordFields) == 0 && e.Body != "xmlrpc" {
		add("password_field is missing", "password_field password")
	}
	for _, f := range e.fields() {
		if strings.TrimSpace(f) == "" || strings.ContainsAny(f, "\x00&=") {
			add(fmt.Sprintf("%q is no name of a field", f), "account_field email")
		}
		if strings.Contains(strings.TrimPrefix(f, "*["), "*") {
			add(fmt.Sprintf("%q has a * that does not stand for the name before a bracket", f), `account_field "*[email]"`)
		}
		if strings.HasPrefix(strings.ToLower(f), "login_guard_") {
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
	errs = append(errs, checkMarks(where, "success", e.Success)...)
	errs = append(errs, checkMarks(where, "failure", e.Failure)...)
	return append(errs, checkMarks(where, "retry", e.Retry)...)
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
	return len(m.Status) == 0 && m.noOther()
}

// onlyStatus reports whether the status is the only condition.
func (m Mark) onlyStatus() bool { return len(m.Status) > 0 && m.noOther() }

func (m Mark) noOther() bool {
	return m.NewCookie == "" && m.Header == "" && len(m.Location) == 0 && len(m.NotLocation) == 0 &&
		len(m.Route) == 0 && len(m.NotRoute) == 0 && len(m.Body) == 0 && m.JSON == "" && m.JSONContains == ""
}
