package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/store"
)

// Undo gives back all that a reservation took, as if there had been no
// attempt: for what is only asked and never sent.
func (l *Ledger) Undo(ctx context.Context, now time.Time, r *Reservation) error {
	q := store.Settle{Now: now, Local: r.got.Local}
	for i, c := range r.charges {
		if r.got.Taken&(1<<i) != 0 {
			q.Refund = append(q.Refund, c.Charge)
		}
	}
	if r.got.WallTaken {
		q.Wall, q.WallRefund, q.WallGap, q.WallSet = r.account, true, r.got.WallGap, r.got.WallSet
	}
	if err := l.store.Settle(ctx, &q); err != nil {
		return fmt.Errorf("giving back: %w", err)
	}
	return nil
}

// Erase forgets an account: what was counted, and where it logged in from.
func (l *Ledger) Erase(ctx context.Context, account device.Account) error {
	a := l.names.account(account)
	return l.store.Forget(ctx, a, l.names.of(a, "tally"), l.names.of(a, "devices"))
}
