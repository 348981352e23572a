package ledger

import (
	"context"
	"encoding/hex"
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
	q := store.Settle{Now: now, Local: r.got.Local}
	a, asks := &r.a, &r.asks
	var refund [store.MaxCharges + 1]store.Charge
	var counts [2 * store.MaxTallies]store.Count
	q.Refund, q.Counts = refund[:0], counts[:0]
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
			q.Wall, q.WallRefund, q.WallGap, q.WallSet = r.account, true, r.got.WallGap, r.got.WallSet
		}
	}
	switch o {
	case login.None:
		giveBack(false)
		if r.Asked {
			q.Counts = r.rate(q.Counts, r.weight.left, 1, 0, 0)
		}
	case login.Retry:
		giveBack(false)
	case login.Success:
		giveBack(true)
		q.Wall, q.WallReset = r.account, true
		q.Counts = append(q.Counts,
			store.Count{Ask: asks[tallyAddress], Successes: 1, SucceededOf: hash64(a.Account[:])},
			store.Count{Ask: asks[tallySite], Successes: 1})
		if a.Country != "" {
			q.Counts = append(q.Counts, store.Count{Ask: asks[tallyCountry], Successes: 1})
		}
		if a.Family != "" {
			q.Counts = append(q.Counts, store.Count{Ask: asks[tallyFamily], Successes: 1})
		}
		q.Counts = r.rate(q.Counts, r.weight.success, 0, 1, 1)
		q.Visit = l.visit(r)
	case login.Failure:
		q.Counts = append(q.Counts, store.Count{Ask: asks[tallySite], Failures: 1})
		// The owner's own slips on a known device say nothing about the
		// address or about an attack on the account.
		if !a.Known {
			network := l.names.network(a.Network)
			q.Counts = append(q.Counts,
				store.Count{Ask: asks[tallyAddress], Failures: r.units(), FailedOf: hash64(a.Account[:])},
				store.Count{Ask: asks[tallyAccount], Failures: min(1, r.units()), FailedOf: hash64(network[:])})
			if r.weight.stranger {
				q.Counts = r.rate(q.Counts, r.weight.failure, min(1, r.units()), 0, 1)
			}
		}
	default:
		// login.Unknown and whatever comes later: the charge stays.
	}
	if o != login.None {
		q.Counts = r.rate(q.Counts, r.weight.back, -1, 0, 0)
	}
	if o != login.None && !a.Same.IsZero() {
		// Once sent, sending it again is a new attempt.
		q.Refund = append(q.Refund, store.Charge{Once: a.Same})
	}
	if err := l.store.Settle(ctx, &q); err != nil {
		return fmt.Errorf("settling: %w", err)
	}
	if o == login.Success && r.got.Marks[2].IsZero() && !r.got.Brief {
		if err := l.store.Mark(ctx, l.names.siteSince, now, sinceLife); err != nil {
			return fmt.Errorf("noting a site's first login: %w", err)
		}
	}
	return nil
}

// units is what a failure counts.
func (r *Reservation) units() float64 {
	switch {
	case r.a.Repeated:
		return unitsRepeated
	case r.UnknownAccount:
		return unitsUnknown
	default:
		return 1
	}
}

// Count takes one unit of a limit of an address that is no login: an
// unreadable request, a check. after is above zero when it is spent.
func (l *Ledger) Count(ctx context.Context, now time.Time, limit string, host netip.Prefix, once store.Key) (after time.Duration, err error) {
	lim := l.Limits[limit]
	if lim.Off || lim.Burst == 0 || lim.Every == 0 {
		return 0, nil
	}
	var got store.Reserved
	if err := l.store.Reserve(ctx, &store.Reserve{Now: now, Charges: []store.Charge{{
		Key: l.names.of(l.names.host(host), limit), Burst: lim.Burst, Every: time.Duration(lim.Every), Once: once, OnceFor: sameLife}}}, &got); err != nil {
		return 0, fmt.Errorf("counting %s: %w", limit, err)
	}
	return got.After[0], nil
}

// Same names a login so that sending it again is recognised.
func (l *Ledger) Same(host netip.Prefix, endpoint, uri string, body []byte) store.Key {
	n := &l.names
	text := n.subject(subjectSame, body)
	return n.of(n.host(host), endpoint, text[:], []byte(uri))
}

// Budget names the budget of passed checks of an address and account.
func (l *Ledger) Budget(host netip.Prefix, account device.Account) store.Key {
	return l.names.of(l.names.host(host), "passes", account[:])
}

// HostKey names an address for bounds on held logins.
func (l *Ledger) HostKey(host netip.Prefix) store.Key {
	return l.names.of(l.names.host(host), "held")
}

// FamilyTag is the client family as it stands in a pass.
func (l *Ledger) FamilyTag(family string) uint32 { return l.names.tag([]byte(family)) }

// Pseudonym is the account's keyed hash as logs show it.
func (l *Ledger) Pseudonym(a device.Account) string {
	k := l.names.of(l.names.account(a), "log")
	return hex.EncodeToString(k[8:14])
}

// HostPseudonym is the address's keyed hash as records have it, "" where there
// is none.
func (l *Ledger) HostPseudonym(host netip.Prefix) string {
	if !host.IsValid() {
		return ""
	}
	k := l.names.of(l.names.host(host), "log")
	return hex.EncodeToString(k[8:14])
}

// ReleaseAddress forgets what was counted against an address.
func (l *Ledger) ReleaseAddress(ctx context.Context, host, network netip.Prefix) error {
	names := &l.names
	h, n := names.host(host), names.network(network)
	return l.store.Forget(ctx,
		names.of(h, config.LimitAddress), names.of(h, config.LimitAttempts), names.of(h, config.LimitChallenges),
		names.of(h, "accounts"), names.of(h, "accounts-hour"), l.addressAsk(h).Key,
		l.side(h, config.LimitRegister), l.side(h, config.LimitReset),
		l.side(h, config.LimitCode), l.side(h, config.LimitChange),
		names.of(n, config.LimitNetwork), l.networkAsk(n).Key, names.of(n, "slow"), names.of(n, "sounds"))
}

// ReleaseAccount forgets what was counted against an account, and against it
// from host if that is valid. Its history of successes stays.
func (l *Ledger) ReleaseAccount(ctx context.Context, account device.Account, host netip.Prefix) error {
	a := l.names.account(account)
	drop := []store.Key{a, l.names.of(a, "tally")}
	if host.IsValid() {
		drop = append(drop, l.pair(l.names.host(host), a), l.Budget(host, account))
	}
	return l.store.Forget(ctx, drop...)
}

// Revoke voids the passes and device cookies of an account, or of the whole
// site when account is the zero value, that are older than now.
func (l *Ledger) Revoke(ctx context.Context, now time.Time, account device.Account) error {
	return l.store.Mark(ctx, l.revoked(account), now, device.Life)
}
