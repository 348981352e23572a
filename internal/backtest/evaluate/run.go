package evaluate

import (
	"context"
	"encoding/json"
	"reflect"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/backtest"
	"github.com/login-guard/login-guard/internal/backtest/generate"
	"github.com/login-guard/login-guard/internal/engine"
	"github.com/login-guard/login-guard/internal/risk"
)

// run replays one scenario with one seed.
func run(ctx context.Context, s *Scenario, seed uint64) (*Run, error) {
	l, err := log(s, seed)
	if err != nil {
		return nil, err
	}
	return replay(ctx, l, s, seed)
}

// log makes a scenario's log.
func log(s *Scenario, seed uint64) (*backtest.Log, error) {
	l, err := generate.Log(s.Spec, seed)
	if err == nil && s.NoPlace {
		for i := range l.Events {
			l.Events[i].Country, l.Events[i].ASN = [2]byte{}, 0
		}
	}
	return l, err
}

// replay replays a log and counts.
func replay(ctx context.Context, l *backtest.Log, s *Scenario, seed uint64) (*Run, error) {
	r := &Run{Scenario: s, Seed: seed, ByLabel: make(map[string]*Met)}
	policy := backtest.Defaults()
	ladder := policy.Site.EffectiveLadder()
	begin := time.Unix(0, l.Events[0].At).UTC().Truncate(day)
	owner := make(map[int]int)
	var err error
	r.Report, err = backtest.Run(ctx, l, policy, backtest.Options{Reuse: backtest.DefaultReuse, Seed: seed, Each: func(step *backtest.Step) {
		at := step.Event.Time().Sub(begin)
		label := l.Label.Get(step.Event.Label)
		m := r.ByLabel[label]
		if m == nil {
			m = &Met{}
			r.ByLabel[label] = m
		}
		m.add(step)
		if step.Person && at >= s.From && (s.To == 0 || at < s.To) {
			r.People.add(step)
			if f := &step.First.Facts; !f.DeviceKnown && !f.AddressSucceeded {
				r.Strangers.add(step)
			}
		}
		if label == "legit:owner" && step.Met != risk.Allow {
			owner[int(at/day)]++
			r.OwnerChecks = max(r.OwnerChecks, owner[int(at/day)])
		}
		for _, d := range []*engine.Decision{step.First, step.Last} {
			if r.Decisions++; !again(ladder, d) {
				r.Different++
			}
			if step.First == step.Last {
				break
			}
		}
	}})
	return r, err
}

func (m *Met) add(s *backtest.Step) {
	m.Attempts++
	if s.Event.Outcome == backtest.Succeeded {
		if m.Right++; s.Met != risk.Allow {
			m.RightMet++
		}
	}
	switch s.Met {
	case risk.Allow:
		m.Unmet++
	case risk.Slider:
		m.Slider++
	case risk.Picture:
		m.Picture++
	default:
		m.Denied++
	}
}

// again reports whether a decision comes out the same, to the bit, from what
// is kept of it: facts, situation and ladder, written as JSON and read back.
func again(ladder config.Ladder, d *engine.Decision) bool {
	type record struct {
		Facts     risk.Facts
		Situation risk.Situation
		Ladder    config.Ladder
	}
	kept := record{d.Facts, d.Situation, ladder}
	kept.Situation.Assessment = risk.Assessment{}
	text, err := json.Marshal(kept)
	if err != nil {
		return false
	}
	var read record
	if err := json.Unmarshal(text, &read); err != nil {
		return false
	}
	read.Situation.Assessment = risk.Assess(read.Facts)
	return reflect.DeepEqual(read.Situation.Assessment, d.Assessment) &&
		reflect.DeepEqual(risk.Decide(read.Ladder, read.Situation), d.Verdict)
}
