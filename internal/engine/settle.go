package engine

import (
	"context"
	"errors"
	"time"

	"github.com/login-guard/login-guard/internal/login"
)

// Settle ends a decision with what came of it; login.None where the attempt
// did not reach the shop. It does so also when the client has gone and ctx is
// cancelled: a store bounds its own time. A decision of which nothing was
// counted is settled already.
func (e *Engine) Settle(ctx context.Context, now time.Time, d *Decision, o login.Outcome) error {
	if !d.Counted() {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	var errs []error
	for _, r := range d.reserved {
		r.UnknownAccount = d.UnknownAccount
		if err := e.Ledger.Settle(ctx, now, r, o); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
