package attack_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/internal/attack"
	"github.com/login-guard/login-guard/internal/backtest"
	"github.com/login-guard/login-guard/internal/backtest/generate"
	"github.com/login-guard/login-guard/internal/risk"
)

var start = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// attempt is one of a stranger that was asked for a slider and went away.
func attempt(site float64) attack.Seen {
	return attack.Seen{Facts: &risk.Facts{SiteAttack: site}, Would: risk.Slider,
		Reasons: []risk.Reason{{Code: risk.CodeSiteAttack, Points: 10}, {Code: risk.CodeClientCap, Points: -1}}}
}

// started reports whether a watch that n such attempts are told of, one each
// gap, says that an attack began.
func started(n int, gap time.Duration, s attack.Seen) bool {
	var w attack.Watch
	for i := range n {
		if len(w.Note(start.Add(time.Duration(i)*gap), s)) > 0 {
			return true
		}
	}
	return false
}

func TestAnAttackBeginsWithFiveLoudAttemptsOfStrangersAndNotBefore(t *testing.T) {
	with := func(change func(*attack.Seen)) attack.Seen {
		s := attempt(0.9)
		change(&s)
		return s
	}
	for name, test := range map[string]struct {
		n    int
		gap  time.Duration
		s    attack.Seen
		want bool
	}{
		"four":                     {4, time.Second, attempt(0.9), false},
		"five":                     {5, time.Second, attempt(0.9), true},
		"five, minutes apart":      {5, 20 * time.Minute, attempt(0.9), true},
		"hours apart":              {50, time.Hour, attempt(0.9), false},
		"the share of a usual day": {50, time.Second, attempt(0.29), false},
		"no number":                {50, time.Second, attempt(nan()), false},
		"one make of client":       {5, time.Second, attack.Seen{Facts: &risk.Facts{ClientAttack: 0.6}}, true},
		"a client, less":           {50, time.Second, attack.Seen{Facts: &risk.Facts{ClientAttack: 0.4}}, false},
		"one network":              {5, time.Second, attack.Seen{Facts: &risk.Facts{NetworkAttack: 0.6}}, true},
		"one operator":             {5, time.Second, attack.Seen{Facts: &risk.Facts{ASNAttack: 0.6}}, true},
		"they sign in":             {50, time.Second, with(func(s *attack.Seen) { s.Succeeded = true }), false},
		"on known devices":         {50, time.Second, with(func(s *attack.Seen) { s.Facts.DeviceKnown = true }), false},
		"at known addresses":       {50, time.Second, with(func(s *attack.Seen) { s.Facts.AddressSucceeded = true }), false},
		"nothing is known of them": {50, time.Second, attack.Seen{Would: risk.Deny}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := started(test.n, test.gap, test.s); got != test.want {
				t.Errorf("an attack: %v, want %v", got, test.want)
			}
		})
	}
}

func nan() float64 { var zero float64; return zero / zero }

func TestWhoAnswersTheCheckAndSignsInIsNoAttacker(t *testing.T) {
	var w attack.Watch
	for i := range 50 {
		now := start.Add(time.Duration(i) * time.Second)
		back := attempt(0.9)
		back.Again, back.Succeeded, back.Would = true, true, risk.Allow
		if got := append(w.Note(now, attempt(0.9)), w.Note(now, back)...); len(got) > 0 {
			t.Fatalf("after %d customers: %+v", i+1, got)
		}
	}
}

func TestAnAttackIsToldOnceWhenItBeginsAndOnceWhenItIsOver(t *testing.T) {
	var w attack.Watch
	now := start
	var told []attack.Change
	step := func(s attack.Seen) { told = append(told, w.Note(now, s)...); now = now.Add(time.Minute) }
	for range 10 {
		step(attempt(0.5))
	}
	denied := attempt(0.8)
	denied.Would, denied.Facts = risk.Deny, nil
	for range 5 {
		step(denied)
	}
	failed := attempt(0.6)
	failed.Would, failed.Failed = risk.Allow, true
	step(failed)
	ended := now.Add(-time.Minute)
	quiet := attempt(0.1)
	quiet.Would, quiet.Succeeded = risk.Allow, true
	for range 28 {
		step(quiet)
	}
	if current, on, _ := w.Now(); !on || current.Attempts != 44 || !current.Until.IsZero() {
		t.Errorf("going on: %v, %+v", on, current)
	}
	told = append(told, w.Tick(ended.Add(attack.Calm-time.Second))...)
	told = append(told, w.Tick(ended.Add(attack.Calm))...)
	told = append(told, w.Tick(ended.Add(attack.Calm+time.Hour))...)
	reasons := []string{risk.CodeSiteAttack}
	over := attack.Attack{Since: start, Until: ended, Share: 0.6, Attempts: 44, Challenged: 10, Refused: 5, Failed: 1, Reasons: reasons}
	want := []attack.Change{
		{Attack: attack.Attack{Since: start, Share: 0.5, Attempts: 5, Challenged: 5, Reasons: reasons}},
		{Attack: over, Over: true},
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if _, on, last := w.Now(); on || !cmp.Equal(last, over) {
		t.Errorf("afterwards: %v, %+v", on, last)
	}
}

func TestAShareThatFallsALittleDoesNotEndAnAttack(t *testing.T) {
	var w attack.Watch
	now := start
	changes := 0
	for i := range 200 {
		s := attempt(0.5)
		if i > 10 {
			s = attempt(0.25)
		}
		changes += len(w.Note(now, s))
		now = now.Add(10 * time.Minute)
	}
	if changes != 1 {
		t.Errorf("%d changes, want one start", changes)
	}
}

// told is what a watch tells of a log that is replayed: at which attempt of
// the campaign each attack began, 0 where it was before one.
func told(t *testing.T, spec string, seed uint64, noPlace bool) (starts []int, ends int) {
	t.Helper()
	l, err := generate.Log(spec, seed)
	if err != nil {
		t.Fatal(err)
	}
	if noPlace {
		for i := range l.Events {
			l.Events[i].Country, l.Events[i].ASN = [2]byte{}, 0
		}
	}
	var w attack.Watch
	n := 0
	note := func(now time.Time, s attack.Seen) {
		for _, c := range w.Note(now, s) {
			if c.Over {
				ends++
			} else {
				starts = append(starts, n)
			}
		}
	}
	_, err = backtest.Run(context.Background(), l, backtest.Defaults(), backtest.Options{Reuse: backtest.DefaultReuse, Seed: seed, Each: func(s *backtest.Step) {
		if strings.HasPrefix(l.Label.Get(s.Event.Label), "attack") {
			n++
		}
		now := s.Event.Time()
		seen := attack.Seen{Facts: &s.First.Facts, Would: s.First.Verdict.Action, Reasons: s.First.Verdict.Reasons}
		right, wrong := s.Event.Outcome == backtest.Succeeded, s.Event.Outcome == backtest.Failed
		if s.First == s.Last {
			seen.Succeeded, seen.Failed = s.Reached && right, s.Reached && wrong
			note(now, seen)
			return
		}
		note(now, seen)
		note(now, attack.Seen{Facts: &s.Last.Facts, Would: s.Last.Verdict.Action, Reasons: s.Last.Verdict.Reasons,
			Again: true, Succeeded: s.Reached && right, Failed: s.Reached && wrong})
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.Tick(l.Events[len(l.Events)-1].Time().Add(time.Hour))
	return starts, ends
}

func TestACampaignIsNoticedByItsTwentiethAttempt(t *testing.T) {
	for _, spec := range []string{"shop+residential(day=14)", "bots", "shop+rotation(day=14)", "shop+samecountry(day=14,hits=0)"} {
		for _, noPlace := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, no GeoIP %v", spec, noPlace), func(t *testing.T) {
				for seed := range uint64(2) {
					starts, _ := told(t, spec, 31+seed, noPlace)
					if len(starts) == 0 || starts[0] == 0 || starts[0] > 20 {
						t.Errorf("seed %d: told at %v of the campaign", 31+seed, starts)
					}
				}
			})
		}
	}
}

func TestNoAttackIsToldOfOnOrdinaryDaysOrInASale(t *testing.T) {
	for _, spec := range []string{"shop(accounts=4000)+office+tablet+traveller+newphone", "shop+rush(times=20)",
		"shop+cgnat(people=500)", "shop(failures=0.57)", "shop+forgotten(people=600)"} {
		t.Run(spec, func(t *testing.T) {
			for seed := range uint64(2) {
				if starts, ends := told(t, spec, 31+seed, true); len(starts)+ends > 0 {
					t.Errorf("seed %d: %d starts, %d ends", 31+seed, len(starts), ends)
				}
			}
		})
	}
}

func TestOneAttemptThatAnswersItsCheckIsOneAttempt(t *testing.T) {
	var w attack.Watch
	for i := range 4 {
		now := start.Add(time.Duration(i) * time.Minute)
		back := attempt(0.9)
		back.Again, back.Failed, back.Would = true, true, risk.Allow
		if got := append(w.Note(now, attempt(0.9)), w.Note(now, back)...); len(got) > 0 {
			t.Fatalf("after %d attempts: %+v", i+1, got)
		}
	}
	got := w.Note(start.Add(time.Hour/2), attempt(0.9))
	if len(got) != 1 || got[0].Attempts != 5 || got[0].Challenged != 5 || got[0].Failed != 4 {
		t.Errorf("after the fifth: %+v", got)
	}
}
