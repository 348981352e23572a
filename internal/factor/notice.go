package factor

import (
	"context"
	"slices"
	"time"
)

// Event is what a notice tells of.
type Event uint8

// The events. They are stored: new ones go to the end.
const (
	// Added: a factor was added; Name and Class say which.
	Added Event = iota + 1
	// Removed: a factor was removed.
	Removed
	// Undone: a provisional factor was undone.
	Undone
	// Failed: a second factor was wrong after a right password; Count times.
	Failed
	// RecoveryUsed: a recovery code was used.
	RecoveryUsed
	// RecoveryMade: a new set of recovery codes took the place of the old.
	RecoveryMade
	// TrustGiven: the second factor is not asked for on a device any more.
	TrustGiven
	// SignedOut: no device is trusted any more, by the customer's wish.
	SignedOut
	// Cloned: the counter of a passkey went back: there may be a copy of it.
	Cloned
	// Locked: a class of factor is locked after too many wrong tries.
	Locked
	// ResetOrdered: the shop will take the second factor off the account.
	ResetOrdered
	// ResetCancelled: an ordered reset was cancelled.
	ResetCancelled
	// ResetDone: the shop took the second factor off the account.
	ResetDone
	// KeysOnlyOn and KeysOnlyOff: what is accepted beside passkeys changed.
	KeysOnlyOn
	KeysOnlyOff
)

var eventNames = [...]string{
	"", "added", "removed", "undone", "failed", "recovery_used", "recovery_made", "trusted", "signed_out", "cloned", "locked",
	"reset_ordered", "reset_cancelled", "reset_done", "keys_only_on", "keys_only_off",
}

// String is the event's name, for webhooks and keys of texts.
func (e Event) String() string {
	if int(e) < len(eventNames) {
		return eventNames[e]
	}
	return ""
}

// Notice is something that the owner of an account is told, until it is
// dismissed.
type Notice struct {
	ID    string    `json:"id"`
	Event Event     `json:"e"`
	At    time.Time `json:"at"`
	From  From      `json:"from,omitzero"`
	Class Class     `json:"class,omitempty"`
	Name  string    `json:"name,omitempty"` // of the factor
	Count int       `json:"n,omitempty"`    // of Failed
}

// note adds a notice. The oldest gives way, one of a failed try before any
// other, as whoever has the password can make those, and one of a factor that
// was added last: what else somebody does with it must not hide it.
func (v *Vault) note(a *Account, n Notice) error {
	n.From = n.From.fit()
	var err error
	if n.ID, err = v.newID(); err != nil {
		return err
	}
	if len(a.Notices) >= MaxNotices {
		i := slices.IndexFunc(a.Notices, func(n Notice) bool { return n.Event == Failed })
		if i < 0 {
			i = max(0, slices.IndexFunc(a.Notices, func(n Notice) bool { return n.Event != Added }))
		}
		a.Notices = slices.Delete(a.Notices, i, i+1)
	}
	a.Notices = append(a.Notices, n)
	return nil
}

// failed notes a wrong try; those from one place within a day are one notice.
func (v *Vault) failed(a *Account, now time.Time, from From, class Class) error {
	if n := a.lastFailed(now, from); n != nil {
		n.Count++
		n.At, n.Class = now, class
		return nil
	}
	return v.note(a, Notice{Event: Failed, At: now, From: from, Class: class, Count: 1})
}

// forgive takes wrong tries back: the right answer to the same challenge came
// after them, so they were the owner's.
func (a *Account) forgive(now time.Time, from From, wrong int) {
	n := a.lastFailed(now, from)
	if n == nil {
		return
	}
	if n.Count -= wrong; n.Count <= 0 {
		id := n.ID
		a.Notices = slices.DeleteFunc(a.Notices, func(n Notice) bool { return n.ID == id })
	}
}

func (a *Account) lastFailed(now time.Time, from From) *Notice {
	for i := range a.Notices {
		if n := &a.Notices[i]; n.Event == Failed && n.From == from && now.Sub(n.At) < 24*time.Hour {
			return n
		}
	}
	return nil
}

// noticed is what is in the later document and not in the earlier one.
func noticed(a *Account, before []Notice) []Notice {
	var out []Notice
	for _, n := range a.Notices {
		if !slices.ContainsFunc(before, func(b Notice) bool { return b.ID == n.ID }) {
			out = append(out, n)
		}
	}
	return out
}

// MayDismiss reports whether an actor may take notices away: not who has only a
// factor on trial, as they tell of it.
func (a *Account) MayDismiss(now time.Time, by Actor) bool {
	return !a.Enrolled() || by.Established || a.mayChange(now, by)
}

// Dismiss removes a notice. ErrNone if it is not there any more.
func (v *Vault) Dismiss(ctx context.Context, now time.Time, id ID, by Actor, notice string) (*Account, error) {
	return v.Update(ctx, id, func(a *Account) error {
		if !a.MayDismiss(now, by) {
			return ErrDenied
		}
		n := len(a.Notices)
		a.Notices = slices.DeleteFunc(a.Notices, func(n Notice) bool { return n.ID == notice })
		if len(a.Notices) == n {
			return ErrNone
		}
		return nil
	})
}
