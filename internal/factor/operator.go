package factor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// due does an ordered reset whose time has come, and reports whether it did.
func (v *Vault) due(a *Account, now time.Time) (bool, error) {
	if a.ResetAt.IsZero() || now.Before(a.ResetAt) {
		return false, nil
	}
	*a = Account{Epoch: a.Epoch + 1, Notices: a.Notices}
	return true, v.note(a, Notice{Event: ResetDone, At: now})
}

// Reset takes the second factor off an account, for an operator: at once, or
// after delay, in which the owner is told at each login and may cancel it.
// What an attacker could have left goes too: recovery codes, trust, counters.
// ErrNone if there is no second factor.
func (v *Vault) Reset(ctx context.Context, now time.Time, id ID, delay time.Duration) (*Account, error) {
	return v.Update(ctx, id, func(a *Account) error {
		if !a.Enrolled() && len(a.Recovery) == 0 {
			return ErrNone
		}
		a.ResetAt = now.Add(max(0, delay))
		if delay <= 0 {
			_, err := v.due(a, now)
			return err
		}
		return v.note(a, Notice{Event: ResetOrdered, At: now})
	})
}

// CancelReset takes an order back: for an established device with the
// password alone, or whoever gave a factor that is not provisional. ErrNone
// if there is no order.
func (v *Vault) CancelReset(ctx context.Context, now time.Time, id ID, by Actor) (*Account, error) {
	return v.Update(ctx, id, func(a *Account) error {
		switch {
		case a.ResetAt.IsZero():
			return ErrNone
		case !by.Established && !a.mayChange(now, by):
			return ErrDenied
		}
		a.ResetAt = time.Time{}
		return v.note(a, Notice{Event: ResetCancelled, At: now, From: by.From})
	})
}

// WithdrawReset takes an order back, for the operator who gave it.
func (v *Vault) WithdrawReset(ctx context.Context, now time.Time, id ID) (*Account, error) {
	return v.CancelReset(ctx, now, id, Actor{Established: true})
}

// Unlock ends the counters of all classes, for an operator.
func (v *Vault) Unlock(ctx context.Context, id ID) (*Account, error) {
	return v.Update(ctx, id, func(a *Account) error {
		if len(a.Factors()) == 0 {
			return ErrNone
		}
		a.Counters = [classes][2]Counter{}
		return nil
	})
}

// Erase deletes everything about an account, also what does not open any
// more. ErrNone if there is nothing.
func (v *Vault) Erase(ctx context.Context, id ID) error {
	for range tries {
		row, err := v.Rows.LoadRow(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return ErrNone
		}
		if err != nil {
			return fmt.Errorf("loading a second factor: %w", err)
		}
		_, err = v.Rows.SwapRow(ctx, id, row.Version, nil, 0)
		switch {
		case errors.Is(err, store.ErrConflict):
			continue
		case err != nil:
			return fmt.Errorf("deleting a second factor: %w", err)
		}
		return nil
	}
	return ErrBusy
}

// Tally is what an operator is told of all accounts of a group of rows.
type Tally struct {
	Accounts int // documents
	Enrolled int // with a second factor
	Apps     int
	Passkeys int
	Contacts int
	Locked   int // a class is locked
	Resets   int // ordered
	Sealed   int // do not open with this key
	Old      int // sealed with an older key
}

// Count goes through all documents of a group (0: all rows of the store).
func (v *Vault) Count(ctx context.Context, group uint64) (Tally, error) {
	var t Tally
	err := v.Rows.EachRow(ctx, group, func(id store.Key, row store.Row) error {
		a, err := v.open(id, row.Value)
		if err != nil {
			t.Sealed++
			return nil
		}
		t.Accounts++
		if v.old(row.Value) {
			t.Old++
		}
		if a.Enrolled() {
			t.Enrolled++
		}
		t.Apps += len(a.Apps)
		t.Passkeys += len(a.Passkeys)
		t.Contacts += len(a.Contacts)
		for c := range a.Counters {
			if a.Counters[c][0].Row >= LockAfter || a.Counters[c][1].Row >= LockAfter {
				t.Locked++
				break
			}
		}
		if !a.ResetAt.IsZero() {
			t.Resets++
		}
		return nil
	})
	return t, err
}

// old reports whether a value is sealed with a key that is not the first.
func (v *Vault) old(value []byte) bool { return len(value) > 1 && value[1] != v.Ring.ID() }

// Rekeyed is what Rekey did.
type Rekeyed struct {
	Changed int // sealed anew with the first key
	Fresh   int // were
	Sealed  int // do not open: another site's, or a key that is not here
}

// Rekey seals all documents of a group anew with the first key of the ring,
// whichever of its keys they are sealed with. Every one is opened, so that
// those that cannot be are counted. It may be repeated and stopped anywhere.
func (v *Vault) Rekey(ctx context.Context, group uint64) (Rekeyed, error) {
	var r Rekeyed
	err := v.Rows.EachRow(ctx, group, func(id store.Key, row store.Row) error {
		if _, err := v.open(id, row.Value); err != nil {
			r.Sealed++
			return nil
		}
		if !v.old(row.Value) {
			r.Fresh++
			return nil
		}
		if _, err := v.Update(ctx, id, func(*Account) error { return nil }); err != nil {
			return err
		}
		r.Changed++
		return nil
	})
	return r, err
}
