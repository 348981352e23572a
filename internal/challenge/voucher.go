package challenge

import (
	"context"
	"fmt"
	"time"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/store"
)

// Voucher is what passing a check earns that is for no account yet, as far as
// the check goes: rung and evidence.
func (t Token) Voucher(e Evidence) device.Voucher {
	return device.Voucher{Rung: rung(t.Kind), Evidence: e.append(nil)}
}

// Redeem uses a voucher for an attempt. ok reports whether it counts as a
// check passed: only the first time, and only while the budget of the
// attempt's address and account has room, as with any check. It is used up
// whatever comes of it. The evidence is what was seen when it was earned, and
// any doubt about the same address and account.
func (c *Checks) Redeem(ctx context.Context, now time.Time, v device.Voucher, budget store.Key) (e Evidence, ok bool, err error) {
	// Longer than a voucher lasts, for clocks that are a little behind.
	first, err := c.Store.Spend(ctx, c.key("voucher", v.ID[:]), device.CheckLife+time.Minute)
	if err != nil {
		return Evidence{}, false, fmt.Errorf("spending a voucher: %w", err)
	}
	if !first || len(v.Evidence) == 0 {
		return Evidence{}, false, nil
	}
	if e, err = c.doubted(ctx, now, budget, readEvidence(v.Evidence)); err != nil {
		return Evidence{}, false, err
	}
	if ok, err = c.PayPass(ctx, now, budget, Slider); err != nil || !ok {
		return Evidence{}, false, err
	}
	return e, true, nil
}
