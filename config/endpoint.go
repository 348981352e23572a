package config

// Kinds of endpoints. Only login is built yet.
const KindLogin = "login"

// Endpoint says how one of a shop's logins looks on the wire: which fields
// carry the account and the password, what marks it apart, and how the
// shop's answer tells right from wrong. Presets are lists of these.
//
// A request is an attempt when it carries one account field, one password
// field and every field of Requires, in body or query, on any path, and
// Query (if given) is met.
type Endpoint struct {
	// What it does: `login`.
	Kind string `json:"kind,omitempty"`
	// Its name in records and metrics. Default: the preset's, or `login`
	Name string `json:"name,omitempty"`

	// Canonical paths on which an unreadable body is refused; `*` at the
	// start or end stands for anything. They do not limit where a login is
	// seen. Default: none
	Paths []string `json:"paths,omitempty"`

	// Field names (as sent, such as `login[username]`) that carry the
	// account and the password; alternatives.
	// A name that starts with `*[` stands for any name before that bracket:
	// `*[password]` is `user[password]` and `login[password]`.
	AccountFields  []string `json:"account_fields,omitempty"`
	PasswordFields []string `json:"password_fields,omitempty"`
	// Fields that carry the account where none of AccountFields is there:
	// `login` is the account in some shops and the button's name in others.
	// Beside another account, a value with an @ is a second account and the
	// request is refused. Default: none
	AccountFallback []string `json:"account_fallback,omitempty"`
	// Fields that must be there too for the shop to log anyone in.
	Requires []string `json:"requires,omitempty"`

	// Query parameters that choose the shop's login page, each with the
	// values that do, as PHP shops route (`route`, `main_page`). A request
	// whose query has the parameter with other values only is no attempt;
	// one that has it not at all is judged by QueryOptional.
	Query map[string][]string `json:"query,omitempty"`
	// Whether a request without any of Query's parameters may be a login
	// all the same (search-engine-friendly paths).
	QueryOptional bool `json:"query_optional,omitempty"`
	// Where the query alone chooses the page: canonical paths, `*` as in
	// Paths. On any other path, or with one of QueryUnless in the query, the
	// shop may take the page from elsewhere, so that other values of Query
	// say nothing and QueryOptional decides. Default: everywhere
	QueryPaths  []string `json:"query_paths,omitempty"`
	QueryUnless []string `json:"query_unless,omitempty"`

	// A request that carries one of ExemptFields on a path whose last
	// segment is one of ExemptPaths is something else (a registration, a
	// password change), unless Query is met, the path is one of Paths, or a
	// field of AccountFallback is there. Both are needed: a field alone is
	// for an attacker to add.
	ExemptFields []string `json:"exempt_fields,omitempty"`
	ExemptPaths  []string `json:"exempt_paths,omitempty"`

	// The shop reads credentials from the body only, so a query that names
	// another account (`/login?email=x`) does no harm.
	BodyOnly bool `json:"body_only,omitempty"`

	// The shop decompresses request bodies. Default: false
	Inflates bool `json:"inflates,omitempty"`

	// How the body is read: `form` (urlencoded and multipart) or `xmlrpc`.
	// Default: form
	Body string `json:"body,omitempty"`

	// Every request to Paths that carries a body or a query is an attempt,
	// whatever its fields. Default: false
	Always bool `json:"always,omitempty"`

	// The shop keeps the session that the browser has when it logs in. What
	// it then answers to somebody who is logged in already looks like a
	// success for any account and password, so a success in a session that
	// another account or a registration used before counts as unknown.
	// Needs SessionCookies. Default: false
	InPlace bool `json:"in_place,omitempty"`

	// The cookies that hold the shop's session; `*` at the end. A held login
	// does not go on in another session than the one it was typed in.
	// Default: none
	SessionCookies []string `json:"session_cookies,omitempty"`

	// Marks of the shop's answer, tried in the order failure, retry,
	// success. An answer that matches none is a failure where Success is
	// given, else unknown. With none at all the generic marks apply.
	Failure []Mark `json:"failure,omitempty"`
	Retry   []Mark `json:"retry,omitempty"`
	Success []Mark `json:"success,omitempty"`
}

// Mark describes an answer of the shop. All that is set must hold.
type Mark struct {
	// Status codes, each a number or a class such as `3xx`; any of them.
	Status []string `json:"status,omitempty"`
	// The answer sets a cookie whose name matches (`*` at the end), with a
	// value that is not empty and was not on the request.
	NewCookie string `json:"new_cookie,omitempty"`
	// The answer has this header.
	Header string `json:"header,omitempty"`
	// The Location's path and query contain one, or none, of these.
	Location    []string `json:"location,omitempty"`
	NotLocation []string `json:"not_location,omitempty"`
	// The Location's query has this parameter with one of these values, as
	// PHP shops route; NotRoute: with none of them.
	Route    map[string][]string `json:"route,omitempty"`
	NotRoute map[string][]string `json:"not_route,omitempty"`
	// The body contains one of these texts.
	Body []string `json:"body,omitempty"`
	// The body is JSON and has a value at this pointer (RFC 6901) that is
	// neither null, false, empty nor zero; with JSONContains: a text that
	// contains it.
	JSON         string `json:"json,omitempty"`
	JSONContains string `json:"json_contains,omitempty"`
}
