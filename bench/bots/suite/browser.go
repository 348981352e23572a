package suite

import (
	"context"
	"errors"
	"time"

	"github.com/login-guard/login-guard/bench/bots/chromium"
	"github.com/login-guard/login-guard/bench/bots/forge"
	"github.com/login-guard/login-guard/bench/bots/gate"
	"github.com/login-guard/login-guard/bench/bots/tally"
	"github.com/login-guard/login-guard/bench/bots/web"
	"github.com/login-guard/login-guard/internal/evidence"
)

// automaton is one adversary in Chromium.
type automaton struct {
	group, name, path string
	full, quick       int
	goal              float64
}

// Groups of the report, and how much of each may pass below the picture.
const (
	synthetic = "synthetic events"
	stock     = "stock Playwright"
	library   = "library or written by hand, in Chromium"
	imitated  = "recorded drags played in Chromium"
)

func automata() []automaton {
	return []automaton{
		{synthetic, "synthetic events", "slider", 80, 4, 0.01},
		{synthetic, "synthetic, one move", "slider", 30, 2, 0.01},
		{synthetic, "value and input event", "keyboard", 30, 2, 0.01},
		{synthetic, "synthetic key", "keyboard", 30, 2, 0.01},
		{synthetic, "element.click() on press", "press", 30, 2, 0.01},
		{stock, "Playwright mouse, steps 1", "slider", 50, 3, 0.01},
		{stock, "Playwright mouse, steps 5", "slider", 50, 3, 0.01},
		{stock, "Playwright mouse, steps 30", "slider", 50, 3, 0.01},
		{stock, "Playwright dragTo", "slider", 50, 3, 0.01},
		{stock, "Playwright fill", "keyboard", 50, 3, 0.01},
		{stock, "Playwright keyboard, End", "keyboard", 50, 3, 0.01},
		{stock, "Playwright keyboard, arrows", "keyboard", 50, 3, 0.01},
		{stock, "Playwright click on press", "press", 50, 3, 0.01},
		{library, "ghost-cursor", "slider", 40, 3, 0.30},
		{library, "ghost-cursor, timed", "slider", 40, 3, 0.30},
		{library, "bezier", "slider", 40, 3, 0.30},
		{library, "windmouse", "slider", 40, 3, 0.30},
		{library, "steady, facts fixed", "slider", 40, 3, 0.30},
		{library, "ghost-cursor, facts fixed", "slider", 40, 3, 0.30},
		{library, "bezier, facts fixed", "slider", 40, 3, 0.30},
		{library, "windmouse, facts fixed", "slider", 40, 3, 0.30},
		{library, "minimum jerk, facts fixed", "slider", 40, 3, 0.30},
		{library, "keyboard at a hand's pace", "keyboard", 30, 3, 0},
		{library, "press at a hand's pace", "press", 30, 3, 0},
	}
}

// browsers runs the automata. Each try has an account and an address of its
// own; the gateway is one, as its start costs more than all tries.
func (s *Suite) browsers(ctx context.Context) (err error) {
	driver, err := chromium.Start(s.Drive, s.Chromium)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, driver.Stop()) }()
	g, err := s.slides()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Stop()) }()
	for _, a := range automata() {
		if !s.runs(a.group, a.name) {
			continue
		}
		row, _, err := s.drive(ctx, driver, a, g, crowd(g, s.count(a.full, a.quick)), nil)
		if err != nil {
			return err
		}
		s.Report.Add(row)
		s.say("%s", row.Line())
	}
	if !s.runs(imitated, "") {
		return nil
	}
	return s.played(ctx, driver, g)
}

// played are drags of our own model of people, put into Chromium event by
// event, and then those that were accepted once more.
func (s *Suite) played(ctx context.Context, driver *chromium.Driver, g *gate.Gate) error {
	rng, chosen := s.random("played"), forge.Chooser(forge.Imitator())
	tracks := make([][]evidence.Point, s.count(40, 4))
	for i := range tracks {
		tracks[i] = chosen.Drag(rng)
	}
	play := func(name string, goal float64, tracks [][]evidence.Point) ([]bool, error) {
		row, passed, err := s.drive(ctx, driver, automaton{group: imitated, name: name, path: "slider", goal: goal}, g, crowd(g, len(tracks)), parts(tracks))
		if err == nil {
			s.Report.Add(row)
			s.say("%s", row.Line())
		}
		return passed, err
	}
	passed, err := play("people as our own model has them", 0, tracks)
	if err != nil {
		return err
	}
	// Only what was accepted is worth using again.
	var accepted [][]evidence.Point
	for i, t := range tracks {
		if passed[i] {
			accepted = append(accepted, t)
		}
	}
	if len(accepted) == 0 {
		s.note("No drag of our own model of people was accepted in Chromium: there was nothing to use once more.")
		return nil
	}
	for _, r := range forge.Replays() {
		again := make([][]evidence.Point, len(accepted))
		for i := range again {
			again[i] = r.Make(rng, accepted[i])
		}
		goal := 0.0
		if r.Name == "verbatim" || r.Name == "scaled by 15 %" {
			goal = 0.03
		}
		if _, err := play("an accepted one once more: "+r.Name, goal, again); err != nil {
			return err
		}
	}
	return nil
}

// parts turns tracks into parts of their way, for a bar of any length.
func parts(tracks [][]evidence.Point) [][][3]float64 {
	out := make([][][3]float64, len(tracks))
	for i, t := range tracks {
		way := t[len(t)-1].X
		for _, p := range t {
			out[i] = append(out[i], [3]float64{p.T, p.X / way, p.Y / way})
		}
	}
	return out
}

// drive lets an automaton try all logins and counts those that the shop got.
func (s *Suite) drive(ctx context.Context, driver *chromium.Driver, a automaton, g *gate.Gate, logins []web.Login, paths [][][3]float64) (tally.Row, []bool, error) {
	row := tally.Row{Group: a.group, Adversary: a.name, Path: a.path, Tried: len(logins), Goal: a.goal, Met: make(map[string]int)}
	hand := a.name
	if paths != nil {
		hand = "path"
	}
	r, err := driver.Run(ctx, chromium.Job{Base: g.URL, Adversary: hand, Tries: logins, Parallel: s.pages(), Seed: uint32(s.Seed), Paths: paths})
	if err != nil {
		return row, nil, err
	}
	passed := make([]bool, len(logins))
	row.CPU = r.CPU
	for _, t := range r.Tries {
		row.Wall += time.Duration(t.Ms) * time.Millisecond
		met := t.Met
		if t.Error != "" {
			met = t.Error
		}
		row.Met[met]++
		if passed[t.I] = g.Reached(logins[t.I].Account) > 0; passed[t.I] {
			row.Passed++
		}
	}
	return row, passed, nil
}

// pages is how many pages at once: most of a drag is waiting.
func (s *Suite) pages() int { return s.count(4, 3) }
