package suite

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/login-guard/login-guard/bench/bots/forge"
	"github.com/login-guard/login-guard/bench/bots/gate"
	"github.com/login-guard/login-guard/bench/bots/tally"
	"github.com/login-guard/login-guard/bench/bots/web"
	"github.com/login-guard/login-guard/internal/evidence"
)

// Groups of the report.
const (
	httpFacts    = "HTTP only, facts"
	httpKnown    = "HTTP only, drags of families that the weights know"
	httpUnseen   = "HTTP only, drags of families that they do not know"
	httpInformed = "HTTP only, the same, tuned to the figures of people"
	httpImitated = "HTTP only, drags made to pass"
	httpReplayed = "HTTP only, an accepted drag once more"
)

// forger answers sliders without a browser.
type forger struct {
	group, name, path string
	// answer is the i-th answer.
	answer      func(i int, rng *rand.Rand) web.Answer
	full, quick int // tries
	// parallel tries at once; those that wait most can be many.
	parallel int
	goal     float64
	// accepted is answered first, by others; nil for nothing.
	accepted []web.Answer
}

// http runs the forgers. Those of a group share a gateway, where each try has
// an account and an address of its own; those who use accepted drags again
// have one for themselves.
func (s *Suite) http(ctx context.Context) (err error) {
	var g *gate.Gate
	stop := func() error {
		if g == nil {
			return nil
		}
		return g.Stop()
	}
	defer func() { err = errors.Join(err, stop()) }()
	group := ""
	for _, f := range s.forgers() {
		if !s.runs(f.group, f.name) {
			continue
		}
		if f.group != group || f.accepted != nil {
			if err := stop(); err != nil {
				return err
			}
			if g, err = s.slides(); err != nil {
				g = nil
				return err
			}
			group = f.group
		}
		row, err := s.forge(ctx, g, f)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		s.Report.Add(row)
		s.say("%s", row.Line())
	}
	return nil
}

func (s *Suite) forgers() []forger {
	plain := func(way string) func(int, *rand.Rand) web.Answer {
		return func(int, *rand.Rand) web.Answer { return web.Answer{Way: way} }
	}
	out := []forger{
		{group: httpFacts, name: "no evidence", path: "slider", answer: plain("pointer"), full: 100, quick: 10, parallel: 3, goal: 0.01},
		{group: httpFacts, name: "no evidence", path: "slider, touch", answer: plain("touch"), full: 100, quick: 10, parallel: 3, goal: 0.01},
		{group: httpFacts, name: "no evidence", path: "keyboard", answer: plain("keyboard"), full: 100, quick: 10, parallel: 3, goal: 0.01},
		{group: httpFacts, name: "no evidence", path: "press", answer: plain("press"), full: 60, quick: 10, parallel: 20},
		{group: httpFacts, name: "empty report", path: "slider", full: 100, quick: 10, parallel: 3, goal: 0.01,
			answer: func(int, *rand.Rand) web.Answer { return web.Answer{Way: "pointer", Seen: forge.Bare()} }},
		{group: httpFacts, name: "empty report", path: "keyboard", full: 100, quick: 10, parallel: 3,
			answer: func(int, *rand.Rand) web.Answer { return web.Answer{Way: "keyboard", Seen: forge.Bare()} }},
		{group: httpFacts, name: "facts fixed, no drag", path: "slider", full: 100, quick: 10, parallel: 3, goal: 0.01,
			answer: func(_ int, rng *rand.Rand) web.Answer {
				return web.Answer{Way: "pointer", Seen: forge.Report("mouse", nil, rng)}
			}},
		{group: httpFacts, name: "forged keys", path: "keyboard", full: 100, quick: 10, parallel: 12,
			answer: func(_ int, rng *rand.Rand) web.Answer {
				return web.Answer{Way: "keyboard", Seen: forge.Keys(rng), Took: 3 * time.Second}
			}},
		{group: httpFacts, name: "forged click", path: "press", full: 60, quick: 10, parallel: 20,
			answer: func(_ int, rng *rand.Rand) web.Answer { return web.Answer{Way: "press", Seen: forge.Click(rng)} }},
	}
	for _, f := range forge.Known() {
		out = append(out, forger{group: httpKnown, name: f.Name, path: "slider", answer: dragged(f, "pointer"), full: 50, quick: 4, parallel: 10})
	}
	for _, f := range forge.Unseen(false) {
		out = append(out, forger{group: httpUnseen, name: f.Name, path: "slider", answer: dragged(f, "pointer"), full: 100, quick: 5, parallel: 10, goal: 0.30})
	}
	for _, f := range forge.Unseen(true) {
		out = append(out, forger{group: httpInformed, name: f.Name, path: "slider", answer: dragged(f, "pointer"), full: 100, quick: 5, parallel: 10, goal: 0.30})
	}
	people := forge.Imitator()
	chosen := forge.Chooser(forge.Known()[18]) // minimum jerk, two movements
	out = append(out,
		forger{group: httpImitated, name: people.Name, path: "slider", answer: dragged(people, "pointer"), full: 100, quick: 10, parallel: 10},
		forger{group: httpImitated, name: people.Name, path: "slider, touch", answer: dragged(people, "touch"), full: 100, quick: 10, parallel: 10},
		forger{group: httpImitated, name: chosen.Name, path: "slider", answer: dragged(chosen, "pointer"), full: 100, quick: 6, parallel: 10})
	for _, r := range forge.Replays() {
		out = append(out, s.replayer(r))
	}
	return out
}

// dragged answers with drags of a family.
func dragged(f forge.Family, way string) func(int, *rand.Rand) web.Answer {
	return func(_ int, rng *rand.Rand) web.Answer { return drag(way, f.Drag(rng), rng) }
}

func drag(way string, track []evidence.Point, rng *rand.Rand) web.Answer {
	pointer := way
	if way == "pointer" {
		pointer = "mouse"
	}
	return web.Answer{Way: way, Seen: forge.Report(pointer, track, rng), Took: forge.Took(track)}
}

// recorded is how many accepted drags a replayer has.
const recorded = 30

// replayer sends drags that were accepted before, of somebody whom our own
// judge does not doubt.
func (s *Suite) replayer(r forge.Replay) forger {
	rng, chosen := s.random("library of "+r.Name), forge.Chooser(forge.Imitator())
	tracks := make([][]evidence.Point, recorded)
	f := forger{group: httpReplayed, name: r.Name, path: "slider", full: 150, quick: 8, parallel: 10}
	for i := range tracks {
		tracks[i] = chosen.Drag(rng)
		f.accepted = append(f.accepted, drag("pointer", tracks[i], rng))
	}
	f.answer = func(i int, rng *rand.Rand) web.Answer {
		return drag("pointer", r.Make(rng, tracks[i%recorded]), rng)
	}
	switch r.Name {
	case "verbatim", "scaled by 15 %":
		f.goal = 0.03
	}
	return f
}

// random is a source for a purpose, the same in every run with the same seed.
func (s *Suite) random(purpose string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(purpose))
	return rand.New(rand.NewPCG(s.Seed, h.Sum64()))
}

func (s *Suite) forge(ctx context.Context, g *gate.Gate, f forger) (row tally.Row, err error) {
	if n := len(f.accepted); n > 0 {
		passed, err := s.answers(ctx, g, crowd(g, n), 10, func(i int) web.Answer { return f.accepted[i] })
		if err != nil {
			return row, err
		}
		if passed.Passed < n*9/10 {
			return row, fmt.Errorf("of the drags to replay %d of %d were accepted: %s", passed.Passed, n, passed.Line())
		}
	}
	n := s.count(f.full, f.quick)
	answers := make([]web.Answer, n)
	rng := s.random(f.group + f.name + f.path)
	before := gate.OwnCPU()
	for i := range answers {
		answers[i] = f.answer(i, rng)
	}
	making := gate.OwnCPU() - before
	row, err = s.answers(ctx, g, crowd(g, n), f.parallel, func(i int) web.Answer { return answers[i] })
	row.Group, row.Adversary, row.Path, row.Goal = f.group, f.name, f.path, f.goal
	row.CPU += making
	return row, err
}

// answers lets everybody of a crowd sign in and answer his slider.
func (s *Suite) answers(ctx context.Context, g *gate.Gate, logins []web.Login, parallel int, answer func(i int) web.Answer) (tally.Row, error) {
	row := tally.Row{Tried: len(logins), Met: make(map[string]int)}
	before := gate.OwnCPU()
	err := each(len(logins), parallel, func(i int) error {
		began := time.Now()
		v := web.Visit(g.URL, logins[i])
		p, err := v.SignIn(ctx)
		if err != nil {
			return err
		}
		if p.Met != web.Slider {
			return fmt.Errorf("a login from a new device met %s (%d), want the slider: %s", p.Met, p.Status, g.Log())
		}
		met, err := v.Slide(ctx, p, answer(i))
		if err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		row.Met[string(met)]++
		row.Wall += time.Since(began)
		row.Requests += v.Requests
		return nil
	})
	row.CPU = gate.OwnCPU() - before
	for _, l := range logins {
		row.Passed += g.Reached(l.Account)
	}
	return row, err
}
