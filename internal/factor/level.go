package factor

import "time"

// Level is how safe an account is, as its owner is shown it.
type Level struct {
	// Number: 0 password only, 1 codes by SMS or e-mail, 2 authenticator
	// app, 3 passkeys. The weakest way that is accepted decides, as whoever
	// attacks chooses it; recovery codes do not count.
	Number int
	// Plus: at least two factors, at least RecoveryLow recovery codes left,
	// and a test of the set-up within TestedFor.
	Plus bool
	// Next is what to do for more.
	Next Next
}

// Next is the next thing to do for an account.
type Next uint8

// What to do next, the most urgent first.
const (
	// NextNothing: there is nothing better.
	NextNothing Next = iota
	// NextAdd: add an app or a passkey.
	NextAdd
	// NextSaveRecovery: make recovery codes and save them.
	NextSaveRecovery
	// NextRenewRecovery: few recovery codes are left.
	NextRenewRecovery
	// NextDropContact: codes by SMS or e-mail are the weakest way in; take
	// them off, or accept passkeys only.
	NextDropContact
	// NextAddPasskey: there is an app and no passkey.
	NextAddPasskey
	// NextSecond: add a second factor, for the day the first is lost.
	NextSecond
	// NextTest: test the set-up.
	NextTest
	// NextKeysOnly: accept passkeys only.
	NextKeysOnly
)

// Level says how safe an account is now. A nil account has a password only.
func (a *Account) Level(now time.Time) Level {
	if !a.Enrolled() {
		return Level{Next: NextAdd}
	}
	var l Level
	switch {
	case a.offers(ClassCode):
		l.Number = 1
	case a.offers(ClassApp):
		l.Number = 2
	default:
		l.Number = 3
	}
	factors, tested := a.Factors(), false
	for _, f := range factors {
		tested = tested || !f.Tested.IsZero() && now.Sub(f.Tested) < TestedFor
	}
	l.Plus = len(factors) >= 2 && len(a.Recovery) >= RecoveryLow && tested
	strong := len(a.Apps) + len(a.Passkeys)
	switch {
	case strong == 0:
		l.Next = NextAdd
	case len(a.Recovery) == 0:
		l.Next = NextSaveRecovery
	case len(a.Recovery) <= RecoveryLow:
		l.Next = NextRenewRecovery
	case len(a.Passkeys) == 0:
		l.Next = NextAddPasskey
	case len(factors) < 2:
		l.Next = NextSecond
	case !tested:
		l.Next = NextTest
	case l.Number == 1:
		l.Next = NextDropContact
	case l.Number == 2:
		l.Next = NextKeysOnly
	}
	return l
}
