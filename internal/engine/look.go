package engine

import (
	"context"
	"time"

	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/risk"
)

// Look says what an attempt would meet, as far as can be told before there is
// one: its Account is zero, and nothing is counted or to be settled. Limits
// are not looked at, as only an attempt is over one.
func (e *Engine) Look(ctx context.Context, now time.Time, a Attempt) (*Decision, error) {
	d := &Decision{Attempt: a, Verdict: StoreDown()}
	override := risk.NoOverride
	if e.Overrides != nil {
		override, d.Override = e.Overrides(Subject{Address: a.Signals.Address, ASN: a.Signals.ASN})
	}
	q := ledger.Attempt{Host: a.Signals.Host, Network: a.Signals.Network,
		Country: a.Signals.Country, ASN: a.Signals.ASN, Family: a.Signals.Family}
	q.Cluster, q.Kin = a.Signals.Cluster()
	first, err := e.Ledger.Look(ctx, now, q)
	if err != nil {
		return d, err
	}
	d.reserved, d.Busy = append(d.reserved, first), first.Busy
	e.judge(now, d, override)
	d.reserved = nil
	return d, nil
}
