package ledger

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/store"
)

// Settle ends a reservation. With login.None the login was not sent to the
// shop: the failure budgets are given back and the attempt stays counted.
// Success gives back its own charge and clears nobody's failures. An outcome
// that is not known keeps its charge.
func (l *Ledger) Settle(ctx context.Context, now time.Time, r *Reservation, o login.Outcome) error {
	q := store.Settle{Now: now}
	a, asks := r.a, l.asks(r.a)
	giveBack := func(all bool) {
		for i, c := range r.charges {
			taken := r.got.Taken&(1<<i) != 0
			// What was charged when the login was kept was not charged again,
			// and comes back with its success all the same.
			kept := a.Again && c.stays && (r.got.Taken|r.got.Over)&(1<<i) == 0
			if (taken && (all || !c.stays)) || (kept && all) {
				q.Refund = append(q.Refund, c.Charge)
			}
		}
		if r.got.WallTaken {
			q.Wall, q.WallRefund, q.WallGap, q.WallSet = l.key("account", a.Account[:]), true, r.got.WallGap, r.got.WallSet
		}
	}
	network := prefix(a.Network)
	switch o {
	case login.None:
		giveBack(false)
	case login.Retry:
		giveBack(false)
	case login.Success:
		giveBack(true)
		q.Wall, q.WallReset = l.key("account", a.Account[:]), true
		one := store.Count{Successes: 1}
		for i, ask := range asks {
			if i == tallyAccount || (i == tallyCountry && a.Country == "") || (i == tallyASN && a.ASN == 0) || (i == tallyFamily && a.Family == "") {
				continue
			}
			one.Ask, one.SucceededOf = ask, 0
			if i == tallyAddress {
				one.SucceededOf = hash(a.Account[:])
			}
			q.Counts = append(q.Counts, one)
		}
		q.Visit = store.Visit{Key: l.key("account", a.Account[:]), Country: l.tag(a.Country), ASN: a.ASN,
			Family: l.tag(a.Family), Address: l.tag(string(prefix(a.Host)))}
	case login.Failure:
		q.Counts = append(q.Counts, store.Count{Ask: asks[tallySite], Failures: 1})
		// The owner's own slips on a known device say nothing about the
		// address or about an attack on the account.
		if !a.Known {
			sum := l.key("tag", network)
			q.Counts = append(q.Counts,
				store.Count{Ask: asks[tallyAddress], Failures: 1, FailedOf: hash(a.Account[:])},
				store.Count{Ask: asks[tallyAccount], Failures: 1, FailedOf: hash(sum[:])})
		}
	default:
		// login.Unknown and whatever comes later: the charge stays.
	}
	if o != login.None && !a.Same.IsZero() {
		// Once sent, sending it again is a new attempt.
		q.Refund = append(q.Refund, store.Charge{Once: a.Same})
	}
	if err := l.Store.Settle(ctx, q); err != nil {
		return fmt.Errorf("settling: %w", err)
	}
	return nil
}

// hash is eight bytes of a keyed hash, never 0.
func hash(b []byte) uint64 { return binary.BigEndian.Uint64(b[:8]) | 1<<63 }

// Count takes one unit of a limit of an address that is no login: an
// unreadable request, a check. after is above zero when it is spent.
func (l *Ledger) Count(ctx context.Context, now time.Time, limit string, host netip.Prefix, once store.Key) (after time.Duration, err error) {
	lim := l.Limits[limit]
	if lim.Off || lim.Burst == 0 || lim.Every == 0 {
		return 0, nil
	}
	got, err := l.Store.Reserve(ctx, store.Reserve{Now: now, Charges: []store.Charge{{
		Key: l.key(limit, prefix(host)), Burst: lim.Burst, Every: time.Duration(lim.Every), Once: once, OnceFor: sameLife}}})
	if err != nil {
		return 0, fmt.Errorf("counting %s: %w", limit, err)
	}
	return got.After[0], nil
}

// Slow takes a place for the slow way: one at a time for a network and for
// an account, five an hour a network. after is above zero when there is none.
func (l *Ledger) Slow(ctx context.Context, now time.Time, network netip.Prefix, account device.Account, wait time.Duration) (after time.Duration, err error) {
	n := prefix(network)
	got, err := l.Store.Reserve(ctx, store.Reserve{Now: now, Charges: []store.Charge{
		{Key: l.key("slow-network", n), Burst: slowAnHour, Every: time.Hour / slowAnHour},
		{Key: l.key("slow-now-network", n), Burst: 1, Every: wait},
		{Key: l.key("slow-now-account", account[:]), Burst: 1, Every: wait},
	}})
	if err != nil {
		return 0, fmt.Errorf("taking a place for the slow way: %w", err)
	}
	for _, d := range got.After {
		after = max(after, d)
	}
	return after, nil
}

const slowAnHour = 5

// Same names a login so that sending it again is recognised.
func (l *Ledger) Same(host netip.Prefix, endpoint, uri string, body []byte) store.Key {
	return l.key("same", prefix(host), []byte(endpoint), []byte(uri), body)
}

// Budget names the budget of passed checks of an address and account.
func (l *Ledger) Budget(host netip.Prefix, account device.Account) store.Key {
	return l.key("passes", prefix(host), account[:])
}

// HostKey names an address for bounds on held logins.
func (l *Ledger) HostKey(host netip.Prefix) store.Key { return l.key("held-host", prefix(host)) }

// FamilyTag is the client family as it stands in a pass.
func (l *Ledger) FamilyTag(family string) uint32 { return l.tag(family) }

// Pseudonym is the account's keyed hash as logs show it.
func (l *Ledger) Pseudonym(a device.Account) string {
	k := l.key("log", a[:])
	return fmt.Sprintf("%x", k[:6])
}

// ReleaseAddress forgets what was counted against an address.
func (l *Ledger) ReleaseAddress(ctx context.Context, host, network netip.Prefix) error {
	h, n := prefix(host), prefix(network)
	return l.Store.Forget(ctx,
		l.key(config.LimitAddress, h), l.key(config.LimitAttempts, h), l.key(config.LimitChallenges, h),
		l.key("accounts", h), l.key("accounts-hour", h), l.key("address-tally", h),
		l.key("side-"+config.LimitRegister, h), l.key("side-"+config.LimitReset, h),
		l.key("side-"+config.LimitCode, h), l.key("side-"+config.LimitChange, h),
		l.key(config.LimitNetwork, n), l.key("slow-network", n), l.key("slow-now-network", n))
}

// ReleaseAccount forgets what was counted against an account, and against it
// from host if that is valid. Its history of successes stays.
func (l *Ledger) ReleaseAccount(ctx context.Context, account device.Account, host netip.Prefix) error {
	drop := []store.Key{l.key("account-tally", account[:]), l.key("account", account[:]), l.key("slow-now-account", account[:])}
	if host.IsValid() {
		drop = append(drop, l.key(config.LimitPair, prefix(host), account[:]), l.Budget(host, account))
	}
	return l.Store.Forget(ctx, drop...)
}

// Revoke voids the passes and device cookies of an account, or of the whole
// site when account is the zero value, that are older than now.
func (l *Ledger) Revoke(ctx context.Context, now time.Time, account device.Account) error {
	key := l.key("revoked", account[:])
	if account == (device.Account{}) {
		key = l.key("revoked", nil)
	}
	return l.Store.Mark(ctx, key, now, device.Life)
}
