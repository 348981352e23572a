package login

import (
	"net/url"
	"strings"
)

// genericOutcome judges the answer of a shop whose marks are not known, by
// what the logins of 18 shops have in common. It would rather not know than
// be wrong: an answer that only looks like success is unknown.
func genericOutcome(v *view) Outcome {
	switch s := v.a.Status; {
	case s >= 500:
		return Unknown
	case s == 400 || s == 401 || s == 403 || s == 422:
		if s == 403 && containsAny(strings.ToLower(v.body), []string{"csrf", "invalid token", "token mismatch", "expired token"}) {
			return Retry
		}
		return Failure
	case s >= 300 && s < 400:
		return genericRedirect(v)
	case s >= 400:
		return Unknown
	}
	if v.isObject() {
		for _, p := range []string{"/error", "/errors"} {
			if v.jsonHas(p, "") {
				return Failure
			}
		}
		for _, p := range []string{"/token", "/access_token", "/accessToken", "/jwt", "/sid", "/user"} {
			if v.jsonHas(p, "") {
				return Success
			}
		}
		return Unknown
	}
	if hasPasswordInput(v.body) {
		return Failure
	}
	return Unknown
}

// isObject reports whether the body is a JSON object.
func (v *view) isObject() bool {
	v.jsonHas("/", "")
	_, ok := v.json.(map[string]any)
	return ok
}

// genericRedirect: a fresh session is success, and is tested first, because
// WooCommerce sends those it let in back to the page they came from; then
// back where the form was is failure.
func genericRedirect(v *view) Outcome {
	for _, c := range v.setCookies() {
		if !c.gone && !v.had(c) && !idleCookie(c.name) {
			return Success
		}
	}
	loc := v.location()
	path, _, _ := strings.Cut(loc, "?")
	lower := strings.ToLower(loc)
	if path == v.q.Path || samePage(loc, v.q.Referer) || containsAny(lower, []string{"login", "signin", "sign-in", "auth", "time_out"}) {
		return Failure
	}
	return Unknown
}

// idleCookie reports whether a cookie is set on failure too. Laravel gives
// `*_session` and XSRF-TOKEN a new value with every answer, right or wrong.
func idleCookie(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, "_session") ||
		containsAny(name, []string{"csrf", "xsrf", "test_cookie", "currency", "language", "cart", "mage-messages"})
}

// samePage reports whether loc is the path and query of the referring page.
func samePage(loc, referer string) bool {
	u, err := url.Parse(referer)
	if err != nil || referer == "" {
		return false
	}
	path, _, _ := strings.Cut(loc, "?")
	return path == u.Path
}

// hasPasswordInput reports whether HTML holds an input of type password.
func hasPasswordInput(html string) bool {
	html = strings.ToLower(html)
	for _, q := range []string{`type="password"`, `type='password'`, `type=password`} {
		if strings.Contains(html, q) {
			return true
		}
	}
	return false
}

// xmlrpcOutcome: WordPress answers 200 both ways; a fault is a failure, and
// parameters come only to those it let in.
func xmlrpcOutcome(v *view) Outcome {
	if v.a.Status == 403 || v.a.Status == 401 {
		return Failure
	}
	if v.a.Status != 200 || !strings.Contains(v.body, "<methodResponse>") {
		return Unknown
	}
	// XML-RPC has one of the two as its only child; a fault's text may quote
	// what was sent, but only escaped.
	switch {
	case strings.Contains(v.body, "<fault>"):
		return xmlrpcFault(v.body)
	case strings.Contains(v.body, "<params>"):
		return Success
	}
	return Unknown
}

// xmlrpcFault: the codes below -32000 say that the call was not understood
// (Specification for Fault Code Interoperability), so no password was
// judged; they are no positive sign of anything else either.
func xmlrpcFault(body string) Outcome {
	i := strings.Index(body, "faultCode")
	if i < 0 {
		return Failure
	}
	rest := body[i:]
	if j := strings.IndexByte(rest, '-'); j >= 0 && j < 60 && strings.HasPrefix(rest[j:], "-32") {
		return Unknown
	}
	return Failure
}
