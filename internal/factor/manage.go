package factor

import (
	"context"
	"slices"
	"time"
)

// GivenRecovery is what Result.Factor and Actor.Factor say of a recovery code.
const GivenRecovery = "recovery"

// Actor is who changes something, in a session whose login was seen lately.
type Actor struct {
	// Established: the device has logged in to this account at least twice,
	// the first time at least 7 days ago.
	Established bool
	// Factor is the id of the factor that was given in this session
	// (Result.Factor), empty if none was.
	Factor string
	From   From
	// Session names the login, for what is begun in it and ended in it.
	Session string
}

// given reports whether the actor gave a factor that the account still has.
func (a *Account) given(by Actor) bool {
	if by.Factor == GivenRecovery {
		return true
	}
	f, _ := a.Find(by.Factor)
	return f != nil
}

// mayAdd: with a factor on the account, one has to be given before another
// is added.
func (a *Account) mayAdd(by Actor) bool { return !a.Enrolled() || a.given(by) }

// mayChange: what concerns others' factors and devices takes a factor that is
// not provisional, or a recovery code of a set that is not. Where all factors
// are provisional an established device may: it could undo them anyway.
func (a *Account) mayChange(now time.Time, by Actor) bool {
	if by.Factor == GivenRecovery && !now.Before(a.RecoveryUntil) {
		return true
	}
	if f, _ := a.Find(by.Factor); f != nil && !f.Provisional(now) {
		return true
	}
	for _, f := range a.Factors() {
		if !f.Provisional(now) {
			return false
		}
	}
	return by.Established
}

// MayChange reports whether an actor may remove others' factors and forget
// others' browsers: what a page offers him.
func (a *Account) MayChange(now time.Time, by Actor) bool { return a != nil && a.mayChange(now, by) }

// RecoveryWaits is how long recovery codes are kept for an account without any
// factor: somebody is about to add a contact, which needs them beside it.
const RecoveryWaits = 30 * time.Minute

// first is called before the first factor is added. Recovery codes that are
// there already may be those of somebody who only had the password, left to
// be used once the owner has a second factor. So none stay but those that were
// saved a short while ago in this very session, or, where both are believed, on
// an established device.
func (a *Account) first(now time.Time, by Actor) {
	if a.Enrolled() || len(a.Recovery) == 0 {
		return
	}
	same := by.Session != "" && by.Session == a.RecoverySession
	believed := by.Established && !now.Before(a.RecoveryUntil)
	if now.Sub(a.RecoveryMade) >= RecoveryWaits || !same && !believed {
		a.noRecovery()
	}
}

// noRecovery drops the recovery codes.
func (a *Account) noRecovery() {
	a.Recovery, a.RecoveryMade, a.RecoverySetup, a.RecoverySession, a.RecoveryUntil = nil, time.Time{}, "", "", time.Time{}
}

// until is how long what this actor adds is provisional.
func until(now time.Time, by Actor) time.Time {
	if by.Established {
		return time.Time{}
	}
	return now.Add(Provisional)
}

// added does what follows from a new factor: one from an established device
// is a change that ends all trust, a provisional one must not touch others'.
func (v *Vault) added(a *Account, now time.Time, by Actor, f *Factor, class Class) error {
	if !f.Provisional(now) {
		a.bump()
	}
	a.right(class)
	a.tidy(now)
	return v.note(a, Notice{Event: Added, At: now, From: by.From, Class: class, Name: f.Name})
}

// add adds a factor that was shown to work, as put puts it, if whoever does it
// may.
func (v *Vault) add(ctx context.Context, now time.Time, id ID, by Actor, f Factor, class Class, put func(*Account) error) (*Confirmed, error) {
	r := &Confirmed{Why: Right, Factor: f.ID}
	var err error
	r.Account, err = v.Update(ctx, id, func(a *Account) error {
		before := slices.Clone(a.Notices)
		a.first(now, by)
		if !a.mayAdd(by) {
			return ErrDenied
		}
		if err := put(a); err != nil {
			return err
		}
		if err := v.added(a, now, by, &f, class); err != nil {
			return err
		}
		r.Noticed = noticed(a, before)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// newFactor is what all kinds of factors begin with.
func (v *Vault) newFactor(now time.Time, by Actor, called, setup string) (Factor, error) {
	id, err := v.newID()
	return Factor{ID: id, Name: name(called), Added: now, From: by.From.fit(), Until: until(now, by), Setup: setup}, err
}

// Rename gives a factor another name. Whoever gave any factor may.
func (v *Vault) Rename(ctx context.Context, now time.Time, id ID, by Actor, factor, called string) (*Account, error) {
	return v.Update(ctx, id, func(a *Account) error {
		f, _ := a.Find(factor)
		switch {
		case f == nil:
			return ErrNone
		case !a.given(by):
			return ErrDenied
		}
		f.Name = name(called)
		return nil
	})
}

// Remove takes a factor away, and with the last one the recovery codes and
// all trust. Who may: see Actor; a provisional factor may always remove
// itself. ErrAlone: a contact would be all that is left.
func (v *Vault) Remove(ctx context.Context, now time.Time, id ID, by Actor, factor string) (*Account, error) {
	return v.Update(ctx, id, func(a *Account) error {
		f, class := a.Find(factor)
		switch {
		case f == nil:
			return ErrNone
		case !a.mayChange(now, by) && by.Factor != factor:
			return ErrDenied
		}
		called := f.Name
		a.drop(factor)
		if len(a.Apps)+len(a.Passkeys)+len(a.Recovery) == 0 && len(a.Contacts) > 0 {
			return ErrAlone
		}
		a.removed(now)
		return v.note(a, Notice{Event: Removed, At: now, From: by.From, Class: class, Name: called})
	})
}

// removed does what follows when a factor is gone.
func (a *Account) removed(now time.Time) {
	a.bump()
	if !a.Enrolled() {
		a.noRecovery()
		a.Challenges, a.Sent, a.Contacts = nil, nil, nil
	}
	if len(a.Passkeys) == 0 {
		a.KeysOnly = false
	}
	a.tidy(now)
}

// Undo takes a provisional factor away, from an established device with the
// password alone: for an owner who did not add it and cannot give it. What
// may have been made with it goes too: provisional recovery codes and all
// trust.
func (v *Vault) Undo(ctx context.Context, now time.Time, id ID, by Actor, factor string) (*Account, error) {
	return v.Update(ctx, id, func(a *Account) error {
		f, class := a.Find(factor)
		switch {
		case f == nil:
			return ErrNone
		case !by.Established || !f.Provisional(now):
			return ErrDenied
		}
		called := f.Name
		a.drop(factor)
		if now.Before(a.RecoveryUntil) {
			a.noRecovery()
		}
		// A contact that is left alone goes with what it stood beside.
		if len(a.Apps)+len(a.Passkeys)+len(a.Recovery) == 0 {
			a.Contacts = nil
		}
		a.removed(now)
		return v.note(a, Notice{Event: Undone, At: now, From: by.From, Class: class, Name: called})
	})
}

// SetKeysOnly says whether passkeys and recovery codes are all that is
// accepted. It takes a passkey, and a second one or recovery codes, so that
// the loss of one device does not shut the owner out (ErrAlone).
func (v *Vault) SetKeysOnly(ctx context.Context, now time.Time, id ID, by Actor, on bool) (*Account, error) {
	return v.Update(ctx, id, func(a *Account) error {
		event := KeysOnlyOff
		switch {
		case a.KeysOnly == on:
			return unchanged
		case !a.mayChange(now, by):
			return ErrDenied
		case on && (len(a.Passkeys) == 0 || len(a.Passkeys) == 1 && len(a.Recovery) == 0):
			return ErrAlone
		case on:
			event = KeysOnlyOn
		}
		a.KeysOnly = on
		a.bump()
		return v.note(a, Notice{Event: event, At: now, From: by.From})
	})
}

// Required notes since when a customer without a factor knows that one is
// required, and returns it: the grace period runs from there.
func (v *Vault) Required(ctx context.Context, now time.Time, id ID) (time.Time, error) {
	a, err := v.Update(ctx, id, func(a *Account) error {
		if !a.AskedSince.IsZero() {
			return unchanged
		}
		a.AskedSince = now
		return nil
	})
	if err != nil {
		return time.Time{}, err
	}
	return a.AskedSince, nil
}
