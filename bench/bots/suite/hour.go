package suite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"time"

	"github.com/login-guard/login-guard/bench/bots/forge"
	"github.com/login-guard/login-guard/bench/bots/gate"
	"github.com/login-guard/login-guard/bench/bots/tally"
	"github.com/login-guard/login-guard/bench/bots/web"
	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/challenge/challengetest"
	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/keys"
)

// siege is an hour of somebody who answers every check right: a farm of
// people, or the best program there can be. What it does not get through is
// kept out by counting alone.
type siege struct {
	attack string
	// right: with the right password each time, so that nothing but the
	// checks' own budgets counts.
	right bool
	// accounts and addresses: another one each time.
	accounts, addresses bool
	// slider is how sliders are answered: by a forged drag or press, or not:
	// then the page's other ways are taken.
	slider string
	// picture is how pictures are: picture, sound, or slow for neither.
	picture string
}

func sieges() []siege {
	const one = "right password, one address, one account"
	return []siege{
		{attack: "guesses, one address, one account", slider: "drag", picture: "picture"},
		{attack: "guesses, one address, an account each", accounts: true, slider: "drag", picture: "picture"},
		{attack: "guesses, an address each, one account", addresses: true, slider: "drag", picture: "picture"},
		{attack: one, right: true, slider: "drag", picture: "picture"},
		{attack: one, right: true, slider: "press", picture: "picture"},
		{attack: one, right: true, slider: "none", picture: "picture"},
		{attack: one, right: true, slider: "none", picture: "sound"},
		{attack: one, right: true, slider: "none", picture: "slow"},
		{attack: "right passwords, one address, an account each", right: true, accounts: true, slider: "none", picture: "slow"},
		{attack: "right password, an address each, one account", right: true, addresses: true, slider: "none", picture: "slow"},
	}
}

// pace is the time between two tries.
const pace = 10 * time.Second

// hours runs the sieges, each for an hour of a gateway whose clock we set.
func (s *Suite) hours(ctx context.Context) error {
	for _, a := range sieges() {
		if s.Quick && (a.slider == "press" || a.picture == "sound" || a.right && (a.accounts || a.addresses)) {
			continue
		}
		h, err := s.siege(ctx, a)
		if err != nil {
			return fmt.Errorf("%s: %w", a.attack, err)
		}
		s.Report.Hours = append(s.Report.Hours, h)
		s.say("%+v", h)
	}
	return nil
}

// besieger is one siege as it goes on.
type besieger struct {
	siege
	clock  *gate.Clock
	checks *challenge.Checks
	rng    *rand.Rand
	drag   forge.Family
	tally.Hour
}

func (s *Suite) siege(ctx context.Context, a siege) (h tally.Hour, err error) {
	clock, err := gate.NewClock(s.Folder)
	if err != nil {
		return h, err
	}
	o := gate.Options{Binary: s.Clocked, Folder: s.Folder, Clock: clock.File()}
	if a.right {
		o.Lines = []string{"ask_after 3d"}
	}
	g, err := gate.Start(o)
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, g.Stop()) }()
	checks, err := checksOf(g.Site)
	if err != nil {
		return h, err
	}
	b := &besieger{siege: a, clock: clock, checks: checks, rng: s.random("siege " + a.attack + a.slider + a.picture), drag: forge.Chooser(forge.Imitator())}
	b.Attack, b.Solver = a.attack, a.slider+", "+a.picture
	b.Config = "defaults"
	if a.right {
		b.Config = "ask_after 3d"
	}
	one := crowd(g, 1)[0]
	before := gate.OwnCPU()
	for clock.Passed() < time.Hour {
		l := one
		switch {
		case a.accounts && a.right:
			l = crowd(g, 1)[0]
			l.Address = one.Address
		case a.accounts:
			l.Account = fmt.Sprintf("customer-%d@shop.example", b.Tried)
		}
		if a.addresses {
			l.Address = address()
		}
		if !a.right {
			l.Password = fmt.Sprintf("guess %d", b.Tried)
		}
		again, err := b.try(ctx, g, l)
		if err != nil {
			return b.Hour, err
		}
		// Nobody gets more by waiting longer than he is told.
		if err := clock.Pause(ctx, max(pace, min(again, time.Hour-clock.Passed()))); err != nil {
			return b.Hour, err
		}
	}
	b.CPU = gate.OwnCPU() - before
	b.Reached = g.Logins()
	return b.Hour, nil
}

// checksOf reads what pictures and sounds of a gateway under test hold.
func checksOf(site string) (*challenge.Checks, error) {
	master, err := keys.Parse(guardtest.Key)
	if err != nil {
		return nil, err
	}
	ring, err := keys.NewRing(master)
	if err != nil {
		return nil, err
	}
	return &challenge.Checks{Ring: ring, Site: site}, nil
}

// steps is how many checks a besieger answers for one login.
const steps = 8

// try is one login with all checks that it meets. again is how long the
// gateway says that it takes until the next is let in.
func (b *besieger) try(ctx context.Context, g *gate.Gate, l web.Login) (again time.Duration, err error) {
	b.Tried++
	v := web.Visit(g.URL, l)
	v.Pause = b.clock.Pause
	p, err := v.SignIn(ctx)
	for range steps {
		if err != nil {
			return 0, err
		}
		switch p.Met {
		case web.Shop:
			return 0, nil
		case web.Denied:
			b.Denied++
			return p.After, nil
		case web.Slider:
			p, err = b.slide(ctx, v, p)
		case web.Picture:
			p, err = b.look(ctx, v, p)
		case web.Slow:
			b.Slow++
			p, err = b.wait(ctx, v, p)
		default:
			return 0, fmt.Errorf("a login met %s (%d): %s", p.Met, p.Status, g.Log())
		}
	}
	return 0, err
}

func (b *besieger) slide(ctx context.Context, v *web.Visitor, p web.Page) (web.Page, error) {
	if b.slider == "none" {
		return v.Post(ctx, p.Check, url.Values{"login_guard_step": {"picture"}})
	}
	b.Checks++
	a := web.Answer{Way: "press", Seen: forge.Click(b.rng)}
	if b.slider == "drag" {
		a = drag("pointer", b.drag.Drag(b.rng), b.rng)
	}
	// Time passes in whole seconds here: the answer took less than that.
	a.Took = max(a.Took, time.Second)
	reply, err := v.Verify(ctx, p.Check, time.Now(), a)
	switch {
	case err != nil:
		return p, err
	case reply.Status == "checked":
		return v.Continue(ctx, p.Check, reply.Clearance)
	case reply.Status == "picture":
		return v.Post(ctx, p.Check, url.Values{"login_guard_step": {"picture"}})
	}
	return web.Page{Met: web.Denied}, nil
}

func (b *besieger) look(ctx context.Context, v *web.Visitor, p web.Page) (web.Page, error) {
	if b.picture != "picture" {
		next, err := v.Post(ctx, p.Check, url.Values{"login_guard_step": {b.picture}})
		if err != nil || next.Met != web.Picture {
			return next, err
		}
		if next.Check.Task.Picture != "" {
			next.Met = web.Denied // the way asked for is busy or used up
			return next, nil
		}
		p = next
	}
	b.Pictures++
	text, err := challengetest.Solution(b.checks, p.Check.Task.Token, b.clock.Now())
	if err != nil {
		return p, err
	}
	if err := b.clock.Pause(ctx, 2*time.Second); err != nil {
		return p, err
	}
	return b.goOn(ctx, v, p, url.Values{"login_guard_challenge": {p.Check.Task.Token}, "login_guard_answer": {text}})
}

func (b *besieger) wait(ctx context.Context, v *web.Visitor, p web.Page) (web.Page, error) {
	return b.goOn(ctx, v, p, url.Values{"login_guard_step": {"waited"}, "login_guard_challenge": {p.Check.Task.Token}})
}

// goOn waits as long as the check asks and answers it.
func (b *besieger) goOn(ctx context.Context, v *web.Visitor, p web.Page, fields url.Values) (web.Page, error) {
	if err := b.clock.Pause(ctx, time.Duration(p.Check.Task.Floor)*time.Millisecond); err != nil {
		return p, err
	}
	return v.Post(ctx, p.Check, fields)
}
