// Package engine decides on one login attempt: it counts it in the ledger,
// gathers the facts and the situation, and asks package risk for the verdict;
// once the shop has answered it settles.
//
// It knows nothing of HTTP, and its clock is handed in: the gateway's handler
// and the replay of a log (package backtest) decide by the very same code.
// What the two do differently is theirs: how an attempt is read, how cookies
// are opened, what is done with a verdict.
package engine

import (
	"net/netip"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/risk"
	"github.com/login-guard/login-guard/internal/signal"
	"github.com/login-guard/login-guard/internal/store"
)

// Engine decides for one site. It has no state of its own: the ledger's store
// has it. An Engine is safe for concurrent use as long as its fields are left
// alone.
type Engine struct {
	Ledger *ledger.Ledger
	Ladder config.Ladder
	// AskAfter: without a success of this device for this account within it
	// an attempt meets at least the slider. Zero: never.
	AskAfter time.Duration
	// Limits are those that the ledger counts by.
	Limits map[string]config.Limit
	// Overrides says what the operator ordered about who attempts, and in a
	// few words by which entry. Nil: nothing was ordered.
	Overrides func(Subject) (risk.Override, string)
}

// Subject is who attempts, as an operator's order may name it.
type Subject struct {
	Account device.Account
	Others  []device.Account // as in Attempt
	Address netip.Addr       // invalid when it is not known
	ASN     uint32           // 0 when it is not known
}

// Attempt is what is known of an attempt before anything is counted.
type Attempt struct {
	Account device.Account
	// Others are the accounts that a shop might read instead, where a request
	// names several. They are counted like Account.
	Others  []device.Account
	Signals signal.Signals

	// Device is the browser by its cookie, the zero Device without one;
	// Known says that it logged in to Account before, and Seen when last.
	Device device.Device
	Known  bool
	Seen   time.Time
	// Pass is the pass cookie for Account, and Passed the check that it
	// stands for; NoRung without one.
	Pass   device.Pass
	Passed device.Rung
	// Solved: a check was passed for this very login just now. Rung is
	// which, and Evidence what the answering said.
	Solved   bool
	Rung     device.Rung
	Evidence []risk.Reason
	// Factor: the account's second factor was given for this very login.
	Factor bool
	// Blind: the shop's answer never says that a password was right.
	Blind bool
	// Repeated: this address has sent the same account with the same
	// password a short while ago.
	Repeated bool
	// Same names this very login, so that sending it again is recognised;
	// zero: it is not.
	Same store.Key
}

// Decision is an attempt that was decided on and is to be settled. Of its
// Attempt, Known and Passed are as they stand after the ledger was asked:
// what was revoked or used up is gone from them.
//
// Facts, Situation without its Assessment, and the engine's Ladder are all
// that the verdict came of: risk.Assess and risk.Decide give it again.
type Decision struct {
	Attempt
	Facts      risk.Facts
	Situation  risk.Situation
	Assessment risk.Assessment
	Verdict    risk.Verdict
	// Override is the entry that an operator's order came from, "" without.
	Override string
	// Busy: the address is shared by many people.
	Busy bool
	// UnknownAccount: the shop said that there is no such account. Known
	// before Settle.
	UnknownAccount bool

	reserved []*ledger.Reservation // Account's first, then those of Others
	room     [1]*ledger.Reservation
}

// Counted reports whether anything was taken from the limits, so that the
// decision has to be settled.
func (d *Decision) Counted() bool { return d != nil && len(d.reserved) > 0 }

// CodeStoreDown is the reason of a decision that the store did not answer.
const CodeStoreDown = "store.down"

// StoreDown is the verdict while the store does not answer and the site's
// settings say that nobody gets in then.
func StoreDown() risk.Verdict {
	return risk.Verdict{Action: risk.Deny, Reasons: []risk.Reason{{Code: CodeStoreDown}}}
}
