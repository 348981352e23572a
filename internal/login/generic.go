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
		// A form that is shown again has its token field too: only a page
		// without one is about the token alone.
		if s == 403 && !hasPasswordInput(v.body) && containsAny(strings.ToLower(v.body), []string{"csrf", "invalid token", "token mismatch", "expired token"}) {
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

// genericRedirect: a cookie that is named as proof of a login is success
// wherever the answer leads, because WooCommerce sends those it let in back
// to the page they came from. Then back where the form was is failure, also
// with a fresh session: a shop gives one to everybody who comes without. A
// fresh session that leads elsewhere is success.
func genericRedirect(v *view) Outcome {
	fresh := false
	for _, c := range SetCookies(v.a.Header) {
		if c.Gone || v.had(c) || idleCookie(c.Name) {
			continue
		}
		if containsAny(strings.ToLower(c.Name), []string{"logged_in", "loggedin", "auth", "remember", "customer_token"}) {
			return Success
		}
		fresh = true
	}
	loc := v.location()
	path, _, _ := strings.Cut(loc, "?")
	lower := strings.ToLower(loc)
	switch {
	case path == v.q.Path, samePage(loc, v.q.Referer), containsAny(lower, []string{"login", "signin", "sign-in", "auth", "time_out", "error", "fail"}):
		return Failure
	case fresh:
		return Success
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

// graphQLOutcome judges a GraphQL answer without marks: errors at the top or
// in the field's own answer are a failure, a token in it is a success.
func graphQLOutcome(v *view) Outcome {
	if v.a.Status >= 500 || !v.isObject() {
		return Unknown
	}
	for _, p := range []string{"/errors", "/data/*/errors", "/data/*/errorCode", "/data/*/userErrors", "/data/*/customerUserErrors"} {
		if v.jsonHas(p, "") {
			return Failure
		}
	}
	for _, p := range []string{"/data/*/token", "/data/*/accessToken", "/data/*/authToken", "/data/*/jwt", "/data/*/customerAccessToken"} {
		if v.jsonHas(p, "") {
			return Success
		}
	}
	return Unknown
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
	case strings.Contains(v.body, "<name>faultCode</name>"):
		// One of a batch's calls failed; its password was the only one.
		return Failure
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
