package shoptest

import (
	"net/http"
	"slices"
)

// Result is what a shop said to a login.
type Result string

// Results, in the words of the gateway's outcomes.
const (
	Right Result = "success"
	Wrong Result = "failure"
	Retry Result = "retry" // an expired token or the shop's own lock
)

// Login is one run of a shop's login handler.
type Login struct {
	// Door says through which of the shop's handlers it came, such as
	// `my-account`, `wp-login`, `xmlrpc`, `checkout`.
	Door string
	// Account and Password as the shop read them, after its own trimming.
	Account, Password string
	Result            Result
}

// Request is one request as it reached the shop.
type Request struct {
	Method string
	URI    string // as on the request line
	Host   string
	Proto  string
	// Header holds every field but Host; Content-Length and
	// Transfer-Encoding, which net/http takes out, are put back.
	Header http.Header
	// Body holds the bytes that came; Truncated says that fewer came than
	// were announced.
	Body      []byte
	SHA256    string // of Body, hexadecimal
	Truncated bool
	// Logins that ran in this request; XML-RPC can run many.
	Logins []Login
	Status int // of the shop's answer; 0 until it is written
}

// Requests returns every request since the start or the last Reset, in the
// order in which their bodies were complete.
func (s *Shop) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Request, len(s.requests))
	for i, r := range s.requests {
		out[i] = *r
		out[i].Logins = slices.Clone(r.Logins)
	}
	return out
}

// Logins returns every run of the login handler since the start or the last
// Reset.
func (s *Shop) Logins() []Login {
	var out []Login
	for _, r := range s.Requests() {
		out = append(out, r.Logins...)
	}
	return out
}

// Reset forgets requests and logins; sessions, carts and accounts stay.
func (s *Shop) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}
