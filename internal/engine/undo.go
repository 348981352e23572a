package engine

import (
	"context"
	"errors"
	"time"
)

// Undo gives back all that a decision took, for a login that is only asked
// about.
func (e *Engine) Undo(ctx context.Context, now time.Time, d *Decision) error {
	var errs []error
	for _, r := range d.reserved {
		errs = append(errs, e.Ledger.Undo(ctx, now, r))
	}
	return errors.Join(errs...)
}
