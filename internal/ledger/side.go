package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/store"
)

// Side counts a registration, a reset, a code or a change: limit is its kind.
// Each has a budget of the address, and resets and codes half as much of the
// account, whatever the addresses; a device that is known for the account is
// spared that, so that nobody else can use it up. after is above zero when a
// budget is spent; then nothing was counted.
func (l *Ledger) Side(ctx context.Context, now time.Time, limit string, a Attempt) (after time.Duration, err error) {
	lim := l.Limits[limit]
	if lim.Off || lim.Burst <= 0 || lim.Every <= 0 {
		return 0, nil
	}
	soft := store.SoftIfBusy
	if a.Lenient {
		soft = store.SoftAlways
	}
	host, account := l.names.host(a.Host), l.names.account(a.Account)
	q := store.Reserve{
		Now: now, BusyAbove: busyAbove, Tallies: []store.Ask{l.addressAsk(host)},
		Charges: []store.Charge{{Key: l.side(host, limit), Burst: lim.Burst, Every: time.Duration(lim.Every), Soft: soft}},
	}
	byAccount := (limit == config.LimitReset || limit == config.LimitCode) && !a.Known && a.Account != (device.Account{})
	if byAccount {
		q.Charges = append(q.Charges, store.Charge{Key: l.side(account, limit),
			Burst: max(1, lim.Burst/2), Every: 2 * time.Duration(lim.Every)})
	}
	var got store.Reserved
	if err := l.store.Reserve(ctx, &q, &got); err != nil {
		return 0, fmt.Errorf("counting a %s: %w", limit, err)
	}
	if got.Taken == 0 {
		after = got.MaxAfter()
	}
	return after, nil
}

// side names the budget of a side way in, of an address or an account.
func (l *Ledger) side(subject store.Key, limit string) store.Key {
	return l.names.of(subject, "side-"+limit)
}
