package config

// Kinds of endpoints. All but login are side ways: they open no account by
// themselves, and are counted under limits of their own.
const (
	KindLogin    = "login"
	KindRegister = "register" // makes an account
	KindReset    = "reset"    // asks for a new password
	KindCode     = "code"     // proves something by a code that was sent
	KindChange   = "change"   // sets a password or an address
)

// Endpoint says how one of a shop's logins looks on the wire: which fields
// carry the account and the password, what marks it apart, and how the
// shop's answer tells right from wrong. Presets are lists of these.
//
// A request is an attempt when it carries one account field, one password
// field and every field of Requires, in body or query, on any path, and
// Query (if given) is met. An endpoint of another kind needs only those of
// the three that it names.
type Endpoint struct {
	// What it does: `login`, `register`, `reset`, `code` or `change`.
	// Default: login
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
	// `*[password]` is `user[password]` and `login[password]`. A name that
	// starts with a slash is a JSON pointer (RFC 6901): `/user/email`. Either
	// way of writing stands for the field in forms and in JSON alike, as the
	// frameworks that read JSON read forms too.
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

	// Fields of other actions that set the same cookie as a login does: a
	// registration, a change of one's own password. A login beside one of
	// them is refused, as its answer says nothing of the password.
	// Default: none
	Conflicts []string `json:"conflicts,omitempty"`

	// The shop reads credentials from the body only, so a query that names
	// another account (`/login?email=x`) does no harm.
	BodyOnly bool `json:"body_only,omitempty"`

	// The shop decompresses request bodies. Default: false
	Inflates bool `json:"inflates,omitempty"`

	// How the body is read: `form` (urlencoded, multipart and, unless
	// FormOnly, JSON), `xmlrpc`, `graphql` or `basic`. Default: graphql where
	// GraphQL is given, basic where Basic is, else form
	Body string `json:"body,omitempty"`
	// The shop never reads its fields from JSON (PHP's own forms, Django's).
	// Default: false
	FormOnly bool `json:"form_only,omitempty"`

	// Login fields of a GraphQL API, or those of another kind of endpoint. Several with one Field are alternatives.
	// Default: none
	GraphQL []GraphQLLogin `json:"graphql,omitempty"`
	// Operation names and hashes by which a client asks for a login without
	// sending its text (persisted queries). A login that would teach the
	// shop another hash is refused: under it guesses would be unreadable.
	// Default: none
	Persisted []string `json:"persisted,omitempty"`

	// HTTP Basic is a login here: a request with `Authorization: Basic`, on
	// any path, is an attempt. Default: false
	Basic bool `json:"basic,omitempty"`

	// Dots and what follows a plus make no difference in the account where
	// it is an address at gmail.com or googlemail.com. Holds for the whole
	// site. Default: false
	GmailDots bool `json:"gmail_dots,omitempty"`

	// The shop looks the account up by SQL's LIKE or ILIKE, so that `_` in it
	// stands for any one character: `a_ice` would open alice's account. It
	// then gets `\_` in place of `_`, and an account with a backslash is
	// refused. For a pattern of one field in forms and JSON. Default: false
	AccountPattern bool `json:"account_pattern,omitempty"`

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

	// A cookie that the login sets and whose value starts with the name of
	// who signed in, up to a `|`; `*` at the end of its name. Where the shop
	// takes more than one name for an account (an e-mail address and a login
	// name), this says which it was. Default: none, the name that was typed
	IdentityCookie string `json:"identity_cookie,omitempty"`
	// Where the shop tells who is signed in, if no cookie does. With InPlace,
	// every login then shuts its session until it is known whose it is.
	// Default: none, the name that was typed
	Identity *Identity `json:"identity,omitempty"`

	// A GET of this address signs the session's owner out at the shop.
	// Default: none
	SignOut string `json:"sign_out,omitempty"`

	// The shop's own script that sends this login: `opencart4`. A check is
	// then answered in the shape that leads that script to it.
	// Default: none, problem+json
	Script string `json:"script,omitempty"`

	// Marks of the shop's answer, tried in the order failure, retry,
	// success. An answer that matches none is a failure where Success is
	// given, else unknown. With none at all the generic marks apply.
	Failure []Mark `json:"failure,omitempty"`
	Retry   []Mark `json:"retry,omitempty"`
	Success []Mark `json:"success,omitempty"`

	// Marks by which a failure says that the account does not exist. Such a
	// failure counts double against the address: who gets names wrong one
	// after the other works through a list. Without them all failures count
	// the same, as nothing must tell more than the shop does itself.
	// Default: none
	UnknownAccount []Mark `json:"unknown_account,omitempty"`
}

// GraphQLLogin is a field of the schema that logs somebody in, or does what
// another kind of endpoint does.
type GraphQLLogin struct {
	// The field, with a dot for each level: `login`, `auth.login`.
	Field string `json:"field"`
	// Where its arguments carry the account and the password, with a dot for
	// each level: `username`, `input.native.username`. Only a login needs
	// the password.
	Account  string `json:"account"`
	Password string `json:"password,omitempty"`
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
	// The Location leads back: to the page that the login came from (its
	// Referer) or was sent to.
	Back bool `json:"back,omitempty"`
	// The Location leads elsewhere: neither to the page that the login came
	// from, whose Referer must be there, nor to the one it was sent to.
	Elsewhere bool `json:"elsewhere,omitempty"`
	// The request was sent to one of the endpoint's Paths, or Query was met.
	// What a login answers may be what another page answers to anybody.
	OnPath bool `json:"on_path,omitempty"`
	// The body contains one of these texts.
	Body []string `json:"body,omitempty"`
	// The body is JSON and has a value at this pointer (RFC 6901) that is
	// neither null, false, empty nor zero; with JSONContains: a text that
	// contains it. A part of the pointer that is `*` stands for any.
	JSON         string `json:"json,omitempty"`
	JSONContains string `json:"json_contains,omitempty"`
}
