package backtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/engine"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/risk"
	"github.com/login-guard/login-guard/internal/store/embedded"
)

// Options say how a log is replayed.
type Options struct {
	// Legitimate are labels of people beside those that Legitimate knows.
	Legitimate []string
	// Reuse is in how many of a hundred sessions a browser brings its
	// cookies. See DefaultReuse; 0 means never.
	Reuse int
	// Solves is how many of a hundred checks the client of an attack passes,
	// where its events do not say more. Default: 0
	Solves int
	// Seed decides which sessions lack their cookies and which checks of an
	// attack are passed.
	Seed uint64
	// Progress, unless it is nil, is told how many events of all are done.
	Progress func(done, all int64)
	// Each, unless it is nil, is called after each event.
	Each func(*Step)
}

// Step is what one event met. It is good until Each returns.
type Step struct {
	Index int
	Event *Event
	// Person: the attempt is taken for one of a person.
	Person bool
	// Met is the strongest thing that stood in its way, and First the
	// verdict before any check was passed.
	Met   risk.Action
	First *engine.Decision
	// Last is the decision that let it through or stopped it.
	Last *engine.Decision
	// Reached: it was sent on to the shop.
	Reached bool
}

// Checks that one attempt may be asked for: the slider, and the picture after
// it.
const mostChecks = 3

// replay is one log on its way through one policy.
type replay struct {
	options *Options
	log     *Log
	engine  *engine.Engine
	store   *embedded.Store
	clients *clients
	now     time.Time
	remain  time.Duration // how long a check that a success followed is good for
}

var errTime = errors.New("the log's events are not in order of time")

func newReplay(l *Log, p *Policy, o *Options) (*replay, error) {
	r := &replay{options: o, log: l, remain: p.Site.EffectiveRemember()}
	var err error
	if r.engine, r.store, err = p.engine(l, func() time.Time { return r.now }); err != nil {
		return nil, err
	}
	r.clients = newClients(l, o, p.Files, r.engine.Ledger)
	return r, nil
}

// together replays a log through some policies at once, event by event, and
// hands over what each event met under each. The context ends it early.
func together(ctx context.Context, l *Log, o *Options, replays []*replay, each func([]Step)) error {
	all := int64(len(l.Events))
	steps := make([]Step, len(replays))
	for i := range l.Events {
		if i&0x3fff == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if o.Progress != nil {
				o.Progress(int64(i), all)
			}
		}
		if i > 0 && l.Events[i].At < l.Events[i-1].At {
			return errTime
		}
		for k, r := range replays {
			r.now = l.Events[i].Time()
			var err error
			if steps[k], err = r.step(ctx, i); err != nil {
				return fmt.Errorf("event %d: %w", i+1, err)
			}
		}
		each(steps)
	}
	if o.Progress != nil {
		o.Progress(all, all)
	}
	return nil
}

// step lets one attempt meet the policy, answer its checks and reach the
// shop, as far as it gets.
func (r *replay) step(ctx context.Context, i int) (Step, error) {
	e := &r.log.Events[i]
	s := Step{Index: i, Event: e, Person: r.clients.person(e), Met: risk.Allow}
	a := r.clients.attempt(i, e)
	for check := range mostChecks {
		d, err := r.engine.Decide(ctx, r.now, a)
		if err != nil {
			return s, err
		}
		if s.First == nil {
			s.First = d
		}
		s.Last = d
		if d.Verdict.Action == risk.Allow {
			s.Reached = true
			if err := r.engine.Settle(ctx, r.now, d, outcome(e.Outcome)); err != nil {
				return s, err
			}
			solved := device.NoRung
			if a.Solved {
				solved = a.Rung
			}
			a.Passed = d.Passed
			r.clients.keep(i, e, &a, solved, r.remain)
			return s, nil
		}
		s.Met = stronger(s.Met, d.Verdict.Action)
		if err := r.engine.Settle(ctx, r.now, d, login.None); err != nil {
			return s, err
		}
		rung := rungOf(d.Verdict.Action)
		if rung == device.NoRung || !r.solves(i, check, &s) {
			return s, nil
		}
		a.Solved, a.Rung = true, rung
	}
	return s, nil
}

// solves reports whether the client passes a check. People do; what it costs
// them is in the report.
func (r *replay) solves(i, check int, s *Step) bool {
	if s.Person {
		return true
	}
	percent := max(int(s.Event.Solves), r.options.Solves)
	return percent > 0 && int(mix(r.options.Seed+uint64(check)+1, uint64(i))%100) < percent
}

// stronger is the one of two actions that asks more.
func stronger(a, b risk.Action) risk.Action {
	if place(b) > place(a) {
		return b
	}
	return a
}

// Rungs are the things that an attempt can meet, weakest first.
var rungs = [...]risk.Action{risk.Allow, risk.Slider, risk.Picture, risk.Deny}

// place is where an action stands among rungs; what is unknown denies.
func place(a risk.Action) int {
	for i, r := range rungs {
		if r == a {
			return i
		}
	}
	return len(rungs) - 1
}
