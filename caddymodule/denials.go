package caddymodule

import (
	"strings"
	"sync"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/record"
	"github.com/login-guard/login-guard/internal/risk"
	"github.com/login-guard/login-guard/internal/store"
)

// denials remembers for a moment who was just denied, so that a flood of
// guesses costs no more than reading them: a limit that is spent stays spent
// until a unit comes back, whatever else is known of the next attempt. It is
// told by address, and by account where the account's own limit denies.
type denials struct {
	mu sync.Mutex
	of map[store.Key]denial
}

// denial is a verdict that stands until a time.
type denial struct {
	noted   time.Time
	until   time.Time
	verdict risk.Verdict
	score   float64
	basis   *record.Basis // what it came of
}

const (
	// denialLife is short: what the operator releases on another node is let
	// in within it.
	denialLife = 5 * time.Second
	denialsMax = 8192
)

// find returns the denial that holds for one of the names.
func (d *denials) find(now time.Time, names ...store.Key) (denial, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, name := range names {
		if found, ok := d.of[name]; ok && now.Before(found.until) {
			found.verdict.RetryAfter -= now.Sub(found.noted)
			return found, true
		}
	}
	return denial{}, false
}

// note remembers a denial. When there is no room it forgets all: they are
// found out again at the price of a look at the store.
func (d *denials) note(now time.Time, name store.Key, v risk.Verdict, score float64, basis *record.Basis) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.of == nil || len(d.of) >= denialsMax {
		d.of = make(map[store.Key]denial)
	}
	d.of[name] = denial{now, now.Add(min(denialLife, v.RetryAfter)), v, score, basis}
}

// clear forgets all.
func (d *denials) clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.of = nil
}

// denied gives an attempt the verdict that its address or account met a
// moment ago. A browser that the account knows has budgets of its own, and
// who has just passed a check is looked at again.
func (h *Handler) denied(a *attempt) bool {
	if a.known || a.solved != nil || a.clearance != "" || a.cookies.pass != "" {
		return false
	}
	d, ok := h.denials.find(a.now, a.names.Host, a.names.Account, a.names.Pair)
	if !ok {
		return false
	}
	a.verdict, a.assessment.Score = d.verdict, d.score
	if d.basis != nil {
		basis := *d.basis
		basis.Stands = &record.Stands{Limit: strings.TrimPrefix(d.verdict.Reasons[0].Code, risk.CodeLimit), Ago: a.now.Sub(d.noted)}
		a.basis = &basis
	}
	return true
}

// noteDenial remembers a denial where a limit alone is the reason.
func (h *Handler) noteDenial(a *attempt) {
	if a.verdict.Action != risk.Deny || a.known || !a.decision.Counted() || len(a.others) > 0 || a.cookies.pass != "" {
		return
	}
	basis := record.NewBasis(a.decision.Facts, a.decision.Situation, a.g.engine.Ladder)
	for _, o := range a.decision.Situation.Over {
		if o.Demands != risk.Deny || o.RetryAfter < time.Second {
			continue
		}
		v := risk.Verdict{Action: risk.Deny, RetryAfter: o.RetryAfter, Reasons: []risk.Reason{{Code: risk.CodeLimit + o.Limit}}}
		switch o.Limit {
		case config.LimitPair:
			h.denials.note(a.now, a.names.Pair, v, a.assessment.Score, basis)
		case config.LimitAccount:
			h.denials.note(a.now, a.names.Account, v, a.assessment.Score, basis)
		case config.LimitAddress, config.LimitAttempts, config.LimitAccounts:
			if !a.signals.Private && !a.decision.Busy {
				h.denials.note(a.now, a.names.Host, v, a.assessment.Score, basis)
			}
		}
	}
}
