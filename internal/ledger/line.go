package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/store"
)

// The slow way is waited for in line: one after the other in a network, five
// an hour. A place in line is kept for its network and account, so that who
// loads the page again stands where he stood, and pays nothing again.

const (
	// slowAnHour: a place that was taken comes back after an hour, one by
	// one, so that no hour has more.
	slowAnHour = 5
	// accountShare is how many networks may wait for one account at a time.
	// More than one: others who guess at an account must not keep its owner
	// from a place.
	accountShare = 6
	// maxLine is the longest wait in line.
	maxLine = 10 * time.Minute
	// placeLife is how long a place is kept after its time has come.
	placeLife = 10 * time.Minute
)

// Place is a place in line for the slow way.
type Place struct {
	Key store.Key
	// End is when its wait is over; before that no answer is taken.
	End time.Time
}

// Slow returns the place of an account in its network's line, or takes one at
// the end of it; wait is how long each waits once it is its turn. after is
// above zero when there is no place: how long until there may be one.
func (l *Ledger) Slow(ctx context.Context, now time.Time, network netip.Prefix, account device.Account, wait time.Duration) (p Place, after time.Duration, err error) {
	n := l.names.network(network)
	p.Key = l.names.of(n, "slow-place", account[:])
	if p.End, err = l.lineAt(ctx, p.Key); err != nil || !p.End.IsZero() {
		return p, 0, err
	}
	inNetwork, ofAccount := l.names.of(n, "slow-line"), l.names.of(l.names.account(account), "slow-line")
	turn := now
	for _, line := range []store.Key{inNetwork, ofAccount} {
		free, err := l.lineAt(ctx, line)
		if err != nil {
			return p, 0, err
		}
		if free.After(turn) {
			turn = free
		}
	}
	if after := turn.Sub(now) + wait - maxLine; after > 0 {
		return p, after, nil
	}
	var got store.Reserved
	if err := l.store.Reserve(ctx, &store.Reserve{Now: now, Charges: []store.Charge{
		{Key: l.names.of(n, "slow"), Burst: slowAnHour, Every: time.Hour}}}, &got); err != nil {
		return p, 0, fmt.Errorf("taking a place for the slow way: %w", err)
	}
	if got.Over != 0 {
		return p, got.MaxAfter(), nil
	}
	// Who come in the same instant may get the same turn; the hour's five
	// bound what that is worth.
	p.End = turn.Add(wait)
	for _, mark := range []struct {
		key   store.Key
		until time.Time
		more  time.Duration
	}{
		{inNetwork, p.End, 0},
		{ofAccount, turn.Add(wait / accountShare), 0},
		{p.Key, p.End, placeLife},
	} {
		value := binary.BigEndian.AppendUint64(nil, uint64(mark.until.UnixMilli()))
		if err := l.store.Keep(ctx, mark.key, value, mark.until.Sub(now)+mark.more); err != nil {
			return p, 0, fmt.Errorf("taking a place for the slow way: %w", err)
		}
	}
	return p, 0, nil
}

// lineAt reads a time of a line, zero if there is none.
func (l *Ledger) lineAt(ctx context.Context, key store.Key) (time.Time, error) {
	value, err := l.store.Peek(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, fmt.Errorf("looking at the line for the slow way: %w", err)
	case len(value) != 8:
		return time.Time{}, nil
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(value))), nil
}

// soundsAnHour is how many sounds a network gets: of all checks the easiest
// for a program.
const soundsAnHour = 10

// Sound counts a sound that a network asks for. after is above zero when it
// has had its share.
func (l *Ledger) Sound(ctx context.Context, now time.Time, network netip.Prefix) (after time.Duration, err error) {
	var got store.Reserved
	if err := l.store.Reserve(ctx, &store.Reserve{Now: now, Charges: []store.Charge{
		{Key: l.names.of(l.names.network(network), "sounds"), Burst: soundsAnHour, Every: time.Hour / soundsAnHour}}}, &got); err != nil {
		return 0, fmt.Errorf("counting a sound: %w", err)
	}
	return got.After[0], nil
}
