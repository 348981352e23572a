package suite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/login-guard/login-guard/bench/bots/gate"
	"github.com/login-guard/login-guard/bench/bots/sound"
	"github.com/login-guard/login-guard/bench/bots/tally"
	"github.com/login-guard/login-guard/bench/bots/web"
	"github.com/login-guard/login-guard/internal/picture"
)

// sounds lets the matched filter listen: each login from a network of its
// own, one try.
func (s *Suite) sounds(ctx context.Context) (err error) {
	r, err := sound.NewReader("en")
	if err != nil {
		return err
	}
	g, err := s.reads()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Stop()) }()
	row := tally.Row{Group: "sound", Adversary: "matched filter", Path: "sound, no script", Tried: s.count(60, 4), Met: make(map[string]int)}
	logins := crowd(g, row.Tried)
	before, began := gate.OwnCPU(), time.Now()
	if err := each(row.Tried, 2, func(i int) error {
		v := web.Visit(g.URL, logins[i])
		p, err := v.SignIn(ctx)
		if err == nil {
			p, err = v.Post(ctx, p.Check, url.Values{"login_guard_step": {"sound"}})
		}
		if err != nil {
			return err
		}
		if p.Check == nil || p.Check.Task.Sound == "" {
			return fmt.Errorf("who asks for a sound meets %s (%d): %s", p.Met, p.Status, g.Log())
		}
		wav, err := v.Fetch(ctx, p.Check.Task.Sound)
		if err != nil {
			return err
		}
		text, err := r.Read(wav, picture.SoundCount)
		if err != nil {
			return err
		}
		if p, err = v.Post(ctx, p.Check, url.Values{"login_guard_challenge": {p.Check.Task.Token}, "login_guard_answer": {text}}); err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		row.Met[string(p.Met)]++
		row.Requests += v.Requests
		return nil
	}); err != nil {
		return err
	}
	row.CPU, row.Wall = gate.OwnCPU()-before, time.Since(began)
	for _, l := range logins {
		row.Passed += g.Reached(l.Account)
	}
	s.Report.Add(row)
	s.say("%s", row.Line())
	return nil
}
