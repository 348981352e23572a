package login

import "net/http"

// Reasons of refusals. They are stable: operators read them in records.
const (
	ReasonField        = "body.field"         // a credential spelled oddly or twice
	ReasonTwoAccounts  = "body.two_accounts"  // fields that name different accounts
	ReasonTwoPasswords = "body.two_passwords" // fields with different passwords
	ReasonTwoLogins    = "body.two_logins"    // two endpoints' logins in one
	ReasonEscape       = "body.escape"        // a broken escape in the account
	ReasonUTF8         = "body.utf8"          // not UTF-8
	ReasonDuplicate    = "body.duplicate_key" // one of our own fields twice
	ReasonUnreadable   = "body.unreadable"    // broken, on a login's path
	ReasonHidden       = "body.hidden"        // credentials in what is no clean form
	ReasonTooLarge     = "body.too_large"     // a login beyond the cap
	ReasonLongQuery    = "query.too_large"    // a query that takes long to read
	ReasonTimeout      = "body.timeout"       // not there in time
	ReasonRead         = "body.read"          // ended before its end
	ReasonType         = "type.not_allowed"   // a login of a type we do not let log in
	ReasonCharset      = "type.charset"       // a charset other than UTF-8
	ReasonEncoding     = "type.encoding"      // compressed
	ReasonEarly        = "tls.early_data"     // may be a replay
	ReasonUpgrade      = "upgrade"            // a login that asks for another protocol, a CONNECT with a body
	ReasonMethod       = "xmlrpc.method"      // an unknown method
	ReasonMulticall    = "xmlrpc.multicall"   // many calls in one
	ReasonXML          = "xmlrpc.unreadable"  // not strict XML-RPC
	ReasonGraphQL      = "graphql.unreadable" // a login that servers could read in two ways
	ReasonGraphQLMany  = "graphql.many"       // several logins in one
	ReasonPersisted    = "graphql.persisted"  // a login under a hash that is not listed
	ReasonBasic        = "basic.unreadable"   // not the Basic of RFC 7617
)

// Reading is what Read made of a request.
type Reading struct {
	Kind Kind
	// Endpoint of an Attempt or Side, and of a Refused one if it is known.
	Endpoint *Endpoint
	// Account of an Attempt or Side, as typed; may be empty. FoldAccount
	// makes it comparable.
	Account string
	// Accounts of an Attempt that shops could book on different ones (see twin and
	// Options.CountsAll), Account first; nil where there is only that one.
	// It counts on each; its success says nothing of any.
	Accounts []string
	// Body of an Attempt, Side or Answer, whole; nil if it has none. The request's
	// Body reads the same bytes; neither may be changed.
	Body []byte
	// Literal is the body that the shop gets in place of Body, where it would
	// take the account for a pattern; nil where it gets Body.
	Literal []byte
	// Fields of an Answer by name; every name starts with FieldPrefix.
	Fields map[string]string
	// Password says of Other and Side that it carries a password field and
	// is no login: a registration or a change.
	Password bool
	// Status and Reason of a refusal: what the client is told and a stable
	// code of why.
	Status int
	Reason string

	password string // of an Attempt, to tell it from another in the request
	stream   *stream
}

// Secret hands the password of an Attempt to tag, which does not keep it, and
// returns what that makes of it; zero for one without a password.
func (rd *Reading) Secret(tag func(password string) [16]byte) (t [16]byte) {
	if rd.Kind == Attempt && rd.password != "" {
		t = tag(rd.password)
	}
	return t
}

// SameLogin reports whether another Reader made of the same request the login
// that this one made: the same account and password, or a whole path that is
// a login whatever it carries.
func (rd *Reading) SameLogin(other Reading) bool {
	if rd.Kind != Attempt || other.Kind != Attempt {
		return false
	}
	return rd.Endpoint.cfg.Always || rd.Account == other.Account && rd.password == other.password
}

// Plain reports whether there is nothing more to say: no login, no password,
// and a body that nobody watches.
func (rd *Reading) Plain() bool {
	return rd.Kind == Other && !rd.Password && rd.stream == nil
}

// Cut reports whether a streamed body was cut before a password field. Only
// Other and Side have streamed bodies. The shop's answer to the cut request,
// if any, must not be sent; the client is told 413.
func (rd *Reading) Cut() bool { return rd.stream != nil && rd.stream.cut.Load() }

func refuse(e *Endpoint, status int, reason string) Reading {
	return Reading{Kind: Refused, Endpoint: e, Status: status, Reason: reason}
}

var (
	other = Reading{Kind: Other}

	tooEarly     = refuse(nil, http.StatusTooEarly, ReasonEarly)
	longQuery    = refuse(nil, http.StatusRequestURITooLong, ReasonLongQuery)
	tooLarge     = refuse(nil, http.StatusRequestEntityTooLarge, ReasonTooLarge)
	badCharset   = refuse(nil, http.StatusUnsupportedMediaType, ReasonCharset)
	badEncoding  = refuse(nil, http.StatusUnsupportedMediaType, ReasonEncoding)
	unallowed    = refuse(nil, http.StatusUnsupportedMediaType, ReasonType)
	unreadable   = refuse(nil, http.StatusBadRequest, ReasonUnreadable)
	connectBody  = refuse(nil, http.StatusMethodNotAllowed, ReasonUpgrade)
	hiddenFields = refuse(nil, http.StatusBadRequest, ReasonHidden)
)
