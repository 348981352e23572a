package backtest

import (
	"bytes"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/engine"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/signal"
	"github.com/login-guard/login-guard/internal/store/embedded"
)

// Policy is a site's settings that a log is replayed under.
type Policy struct {
	// Name is for the report: the file, or "defaults".
	Name string
	Site config.Site
	// Files are the databases and lists of networks; nil: none.
	Files *signal.Files
}

// Defaults is the policy of a site that has no settings of its own.
func Defaults() Policy { return Policy{Name: "defaults"} }

// engine makes the engine of a policy with a store that has room for a log.
func (p *Policy) engine(l *Log, clock func() time.Time) (*engine.Engine, *embedded.Store, error) {
	// Nothing that this key seals leaves the process, and with the same one
	// every time estimates of distinct things come out the same.
	ring, err := keys.NewRing(bytes.Repeat([]byte{1}, keys.Size))
	if err != nil {
		return nil, nil, err
	}
	s := embedded.New(room(l, clock))
	limits := p.Site.EffectiveLimits()
	return &engine.Engine{
		Ledger: ledger.New(ring, s, "backtest", limits), Ladder: p.Site.EffectiveLadder(),
		AskAfter: time.Duration(p.Site.AskAfter), Limits: limits,
	}, s, nil
}

// Bounds of a replay's tables, in rows. A gateway's own are of a fixed size;
// here they grow with the log, so that the report is about the policy.
const (
	leastRows = 1 << 16
	mostRows  = 1 << 23
)

// room sizes the store by what the log has of each kind. Rows are spread over
// pairs of small sets, which push out live rows from three quarters on.
func room(l *Log, clock func() time.Time) embedded.Options {
	_, hosts := l.number() // of IPv6 rather too many: it counts by /64
	accounts := l.Account.Len()
	rows := func(n int) int { return min(max(leastRows, n), mostRows) }
	return embedded.Options{
		Memory:   int64(min(max(48<<20, len(l.Events)*256), 512<<20)),
		Counters: rows(12*hosts + 4*accounts),
		Tallies:  rows(4*hosts + 2*accounts),
		Profiles: rows(2 * accounts),
		Clock:    clock,
	}
}
