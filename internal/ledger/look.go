package ledger

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/store"
)

// Look is Reserve for somebody who has not tried yet: it reads what is known
// of the address and the site, and counts nothing. What it returns is not to
// be settled.
func (l *Ledger) Look(ctx context.Context, now time.Time, a Attempt) (*Reservation, error) {
	r := &Reservation{a: a}
	l.asks(r, l.names.host(a.Host))
	q := store.Reserve{Now: now, BusyAbove: busyAbove, Tallies: r.asks[:],
		Marks: []store.Key{l.revoked(a.Account), l.revoked(device.Account{}), l.names.siteSince}}
	if err := l.store.Reserve(ctx, &q, &r.got); err != nil {
		return nil, fmt.Errorf("looking an address up: %w", err)
	}
	l.read(r)
	l.rates(now, r)
	return r, nil
}

// Busy reports whether an address is shared by many people.
func (l *Ledger) Busy(ctx context.Context, now time.Time, host netip.Prefix) (bool, error) {
	var got store.Reserved
	q := store.Reserve{Now: now, BusyAbove: busyAbove, Tallies: []store.Ask{l.addressAsk(l.names.host(host))}}
	if err := l.store.Reserve(ctx, &q, &got); err != nil {
		return false, fmt.Errorf("looking an address up: %w", err)
	}
	return got.Tallies[0].SucceededOf > busyAbove, nil
}

// HostTag is a short keyed hash of an address, as it stands in a voucher.
func (l *Ledger) HostTag(host netip.Prefix) uint32 { return tagOf(l.names.host(host)) }

func tagOf(k store.Key) uint32 { return binary.LittleEndian.Uint32(k[:]) | 1 }
