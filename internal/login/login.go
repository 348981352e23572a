// Package login knows logins on the wire: which requests carry one, whose
// account it is, and whether the shop's answer says that the password was
// right.
//
// It promises that what it reads is what the shop reads: a body that shops
// could read in two ways is refused, never guessed at. It promises that a
// request that is no login leaves with the very bytes that came. It does not
// judge, count or log.
package login

// Outcome is what the shop's answer says of an attempt.
type Outcome string

// Outcomes. None stands for an attempt that was not sent to the shop.
const (
	Success Outcome = "success"
	Failure Outcome = "failure"
	Retry   Outcome = "retry"
	Unknown Outcome = "unknown"
	None    Outcome = "none"
)

// Kind says what a request is.
type Kind int

// Kinds of requests. The zero Kind is a refusal, so that a forgotten branch
// lets nothing through.
const (
	// Refused: it could be a login and cannot be read without doubt.
	Refused Kind = iota
	// Other: no login; it goes on untouched.
	Other
	// Attempt: it carries an endpoint's credentials.
	Attempt
	// Answer: it answers a check of ours and carries only our own fields.
	Answer
	// Side: it takes another way to an account than a login: it registers,
	// resets, sends a code or changes something. It is counted under limits
	// of its own, and what comes of it earns no trust.
	Side
)

// FieldPrefix starts the name of every form field of ours.
const FieldPrefix = "login_guard_"
