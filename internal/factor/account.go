package factor

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/login-guard/login-guard/internal/factor/passkey"
)

// Class is a kind of factor that has counters of its own.
type Class uint8

// The classes. They are stored: new ones go to the end.
const (
	ClassNone Class = iota
	ClassApp
	ClassPasskey
	ClassCode // by SMS or e-mail
	ClassRecovery
	classes
)

var classNames = [...]string{"none", "app", "passkey", "code", "recovery"}

// String is the name of a class, for logs and forms.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "none"
}

// From says where something was done from, as a customer would recognise it:
// a client family and a country or town. No address.
type From struct {
	Client string `json:"c,omitempty"`
	Place  string `json:"p,omitempty"`
}

// fit bounds both as a name is bounded, so that a document stays small.
func (f From) fit() From { return From{Client: name(f.Client), Place: name(f.Place)} }

// Factor is what apps, passkeys and contacts have in common.
type Factor struct {
	ID    string    `json:"id"` // within the account, random
	Name  string    `json:"name"`
	Added time.Time `json:"added"`
	From  From      `json:"from,omitzero"`
	// Used and Tested are the last right answer and the last right answer in
	// a test of the set-up; zero: never.
	Used   time.Time `json:"used,omitzero"`
	Tested time.Time `json:"tested,omitzero"`
	// Until is when it stops being provisional; zero: it never was.
	Until time.Time `json:"until,omitzero"`
	// Setup names the set-up that made it, so that each is confirmed once.
	Setup string `json:"setup,omitempty"`
}

// Provisional reports whether the factor can still be undone.
func (f *Factor) Provisional(now time.Time) bool { return now.Before(f.Until) }

// App is an authenticator app.
type App struct {
	Factor
	Secret []byte `json:"secret"`
	// Last is the step of the last code that was accepted; Drift and Lean are
	// as in package totp.
	Last  int64 `json:"last"`
	Drift int   `json:"drift,omitempty"`
	Lean  int   `json:"lean,omitempty"`
}

// Passkey is a passkey or security key.
type Passkey struct {
	Factor
	Key passkey.Key `json:"key"`
}

// Contact is a phone number or an address of e-mail.
type Contact struct {
	Factor
	Kind Kind   `json:"kind"`
	To   string `json:"to"` // E.164 number or address
	// Pending: not confirmed yet, and dropped when PendingLife is over.
	Pending bool `json:"pending,omitempty"`
}

// Kind is how a code is sent.
type Kind uint8

// The kinds. They are stored.
const (
	SMS Kind = iota + 1
	Email
)

// String is the kind's name.
func (k Kind) String() string {
	switch k {
	case SMS:
		return "sms"
	case Email:
		return "email"
	default:
		return "none"
	}
}

// Trusted is a device on which the second factor is not asked for.
type Trusted struct {
	ID    string    `json:"id"`
	Hash  []byte    `json:"hash"`
	Label string    `json:"label"` // client family
	From  From      `json:"from,omitzero"`
	Added time.Time `json:"added"`
	Used  time.Time `json:"used"`
	Until time.Time `json:"until"`
	Epoch uint64    `json:"epoch"`
	// Before is the hash that Hash took the place of at Used.
	Before []byte `json:"before,omitempty"`
}

// Account is everything about one customer's second factor.
type Account struct {
	Apps     []App     `json:"apps,omitempty"`
	Passkeys []Passkey `json:"passkeys,omitempty"`
	Contacts []Contact `json:"contacts,omitempty"`
	// Recovery are hashes of the recovery codes that are left; RecoveryMade
	// is when the set was confirmed and RecoverySetup which set-up made it.
	Recovery      [][]byte  `json:"recovery,omitempty"`
	RecoveryMade  time.Time `json:"recovery_made,omitzero"`
	RecoverySetup string    `json:"recovery_setup,omitempty"`
	// RecoverySession is Actor.Session of who saved it.
	RecoverySession string `json:"recovery_session,omitempty"`
	// RecoveryUntil is when the set stops being provisional; zero: it never
	// was.
	RecoveryUntil time.Time `json:"recovery_until,omitzero"`
	// KeysOnly: apps and sent codes are not accepted though they are there.
	KeysOnly bool `json:"keys_only,omitempty"`

	Trusted []Trusted `json:"trusted,omitempty"`
	// Epoch is the security epoch: what was made in an earlier one is void.
	Epoch uint64 `json:"epoch,omitempty"`

	// Counters by class; the second of each is for known devices.
	Counters   [classes][2]Counter `json:"counters"`
	Challenges []Challenge         `json:"challenges,omitempty"`
	Sent       []Sent              `json:"sent,omitempty"`
	// Sends are the times of codes that were sent within a day.
	Sends []int64 `json:"sends,omitempty"`

	Notices []Notice `json:"notices,omitempty"`
	// ResetAt is when an ordered reset is due; zero: none is ordered.
	ResetAt time.Time `json:"reset_at,omitzero"`
	// AskedSince is when a customer without a factor was first told that one
	// is required: the grace period runs from here.
	AskedSince time.Time `json:"asked_since,omitzero"`
}

// Enrolled reports whether the account has a second factor. Recovery codes
// alone are none.
func (a *Account) Enrolled() bool {
	if a == nil {
		return false
	}
	return len(a.Apps)+len(a.Passkeys) > 0 || slices.ContainsFunc(a.Contacts, func(c Contact) bool { return !c.Pending })
}

// Find returns what apps, passkeys and contacts have in common, nil if there
// is none with that id, and its class.
func (a *Account) Find(id string) (*Factor, Class) {
	for i := range a.Apps {
		if a.Apps[i].ID == id {
			return &a.Apps[i].Factor, ClassApp
		}
	}
	for i := range a.Passkeys {
		if a.Passkeys[i].ID == id {
			return &a.Passkeys[i].Factor, ClassPasskey
		}
	}
	for i := range a.Contacts {
		if a.Contacts[i].ID == id {
			return &a.Contacts[i].Factor, ClassCode
		}
	}
	return nil, ClassNone
}

// Has reports whether there is a factor with that id.
func (a *Account) Has(id string) bool {
	if a == nil {
		return false
	}
	f, _ := a.Find(id)
	return f != nil
}

// Factors are all that are confirmed, in the order they were added.
func (a *Account) Factors() []Factor {
	var out []Factor
	for i := range a.Apps {
		out = append(out, a.Apps[i].Factor)
	}
	for i := range a.Passkeys {
		out = append(out, a.Passkeys[i].Factor)
	}
	for i := range a.Contacts {
		if !a.Contacts[i].Pending {
			out = append(out, a.Contacts[i].Factor)
		}
	}
	slices.SortStableFunc(out, func(x, y Factor) int { return x.Added.Compare(y.Added) })
	return out
}

// Undoable are the provisional factors.
func (a *Account) Undoable(now time.Time) []Factor {
	return slices.DeleteFunc(a.Factors(), func(f Factor) bool { return !f.Provisional(now) })
}

// drop removes a factor of any kind.
func (a *Account) drop(id string) {
	a.Apps = slices.DeleteFunc(a.Apps, func(x App) bool { return x.ID == id })
	a.Passkeys = slices.DeleteFunc(a.Passkeys, func(x Passkey) bool { return x.ID == id })
	a.Contacts = slices.DeleteFunc(a.Contacts, func(x Contact) bool { return x.ID == id })
	a.Sent = slices.DeleteFunc(a.Sent, func(x Sent) bool { return x.Contact == id })
}

// bump begins a new security epoch: no device is trusted any more.
func (a *Account) bump() {
	a.Epoch++
	a.Trusted = nil
}

// tidy drops what is over.
func (a *Account) tidy(now time.Time) {
	a.Challenges = slices.DeleteFunc(a.Challenges, func(c Challenge) bool { return !now.Before(c.Until) })
	a.Sent = slices.DeleteFunc(a.Sent, func(s Sent) bool { return !now.Before(s.Until) })
	a.Trusted = slices.DeleteFunc(a.Trusted, func(t Trusted) bool { return !now.Before(t.Until) || t.Epoch != a.Epoch })
	a.Contacts = slices.DeleteFunc(a.Contacts, func(c Contact) bool { return c.Pending && !now.Before(c.Added.Add(PendingLife)) })
	a.Sends = slices.DeleteFunc(a.Sends, func(s int64) bool { return !now.Before(time.Unix(s, 0).Add(24 * time.Hour)) })
}

// empty reports whether nothing stands in the document that is worth a row.
func (a *Account) empty() bool {
	for c := range a.Counters {
		if !a.Counters[c][0].isZero() || !a.Counters[c][1].isZero() {
			return false
		}
	}
	return !a.Enrolled() && len(a.Contacts)+len(a.Recovery)+len(a.Notices)+len(a.Challenges)+len(a.Sends) == 0 &&
		a.Epoch == 0 && a.AskedSince.IsZero() && a.ResetAt.IsZero()
}

// name is what a customer called a factor, fit to be shown: no control or
// format characters, at most maxName characters. It may be empty.
func name(s string) string {
	s = strings.ToValidUTF8(s, "")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return ' '
		}
		return r
	}, s)
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > maxName {
		r = r[:maxName]
	}
	return string(r)
}
