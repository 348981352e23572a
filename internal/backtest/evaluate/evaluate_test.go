package evaluate

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/backtest"
	"github.com/login-guard/login-guard/internal/backtest/generate"
	"github.com/login-guard/login-guard/internal/engine"
	"github.com/login-guard/login-guard/internal/risk"
)

var ctx = context.Background()

func TestEveryScenarioCanBeMadeAndHasWhatItLooksAt(t *testing.T) {
	names := make(map[string]bool)
	for _, s := range Scenarios() {
		if names[s.Name] {
			t.Errorf("two scenarios %q", s.Name)
		}
		names[s.Name] = true
		if s.NoPlace {
			continue // as the one before
		}
		l, err := generate.Log(small(s.Spec), 1)
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
			continue
		}
		found := false
		for i := range l.Label.Len() {
			found = found || l.Label.Get(uint32(i)) == s.Attack
		}
		if s.Attack != "" && !found {
			t.Errorf("%s: nothing is labelled %q", s.Name, s.Attack)
		}
		if s.To != 0 && s.To <= s.From || len(s.Goals) == 0 {
			t.Errorf("%s: from %v to %v, %d goals", s.Name, s.From, s.To, len(s.Goals))
		}
	}
}

// small is a specification with a small shop.
func small(spec string) string {
	return strings.ReplaceAll(strings.ReplaceAll(spec, "accounts=4000", "accounts=100"), "shop+", "shop(accounts=100)+")
}

func TestSeedsToTuneOnAreNotThoseThatJudge(t *testing.T) {
	for _, a := range tuningSeeds {
		for _, b := range heldOutSeeds {
			if a == b {
				t.Errorf("seed %d is both", a)
			}
		}
	}
}

func TestARunCountsWhatItsGoalsLookAt(t *testing.T) {
	s := Scenario{Spec: "shop(accounts=300,days=12)+lockout(day=8,attempts=600,addresses=300)", From: 8 * day, To: 9 * day}
	r, err := run(ctx, &s, 1)
	if err != nil {
		t.Fatal(err)
	}
	attack, owner, people := r.label("attack:lockout"), r.label("legit:owner"), r.label("legit")
	if attack.Attempts != 600 || attack.Unmet+attack.Slider+attack.Picture+attack.Denied != 600 || attack.Right != 0 {
		t.Errorf("attack %+v", attack)
	}
	if owner.Attempts != 8 || owner.Right != 8 {
		t.Errorf("owner %+v", owner)
	}
	if r.People.Attempts <= owner.Attempts || r.People.Attempts >= people.Attempts || r.Strangers.Attempts == 0 || r.Strangers.Attempts >= r.People.Attempts {
		t.Errorf("people %+v of %+v, new %+v", r.People, people, r.Strangers)
	}
	if r.Decisions < r.Report.Attempts || r.Different != 0 {
		t.Errorf("%d of %d decisions came out otherwise", r.Different, r.Decisions)
	}
	if got := r.label("nobody"); got.Attempts != 0 {
		t.Errorf("nobody: %+v", got)
	}
}

func TestNoPlaceMeansNoPlace(t *testing.T) {
	for _, noPlace := range []bool{false, true} {
		s := Scenario{Spec: "shop(accounts=100,days=5)", NoPlace: noPlace}
		l, err := log(&s, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range l.Events {
			if (e.ASN == 0) != noPlace || (e.Country == [2]byte{}) != noPlace {
				t.Fatalf("no place %v: %+v", noPlace, e)
			}
		}
	}
}

func TestADecisionThatDoesNotComeAgainIsSeen(t *testing.T) {
	s := Scenario{Spec: "shop(accounts=50,days=3)+fast(day=1,attempts=100)"}
	l, err := log(&s, 1)
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	_, err = backtest.Run(ctx, l, backtest.Defaults(), backtest.Options{Reuse: 90, Each: func(s *backtest.Step) {
		if !again(config.DefaultLadder, s.First) {
			t.Fatalf("%+v", s.First)
		}
		if s.First.Verdict.Action == risk.Allow || checked > 20 {
			return
		}
		checked++
		for name, change := range map[string]func(*engine.Decision){
			"action": func(d *engine.Decision) { d.Verdict.Action = risk.Allow },
			"score":  func(d *engine.Decision) { d.Assessment.Score += 0.125 },
			"retry":  func(d *engine.Decision) { d.Verdict.RetryAfter++ },
			"facts":  func(d *engine.Decision) { d.Facts.Tor = !d.Facts.Tor },
		} {
			d := *s.First
			if change(&d); again(config.DefaultLadder, &d) {
				t.Errorf("another %s comes again", name)
			}
		}
	}})
	if err != nil || checked == 0 {
		t.Errorf("%v, %d checked", err, checked)
	}
}

func TestAGoalIsMetOrMissedAsItSays(t *testing.T) {
	for _, test := range []struct {
		g    Goal
		x    float64
		good bool
		show string
	}{
		{Goal{Most: 0.03, Percent: true}, 0.03, true, "3.00 %"}, {Goal{Most: 0.03, Percent: true}, 0.0301, false, "3.01 %"},
		{Goal{Least: 0.9, Percent: true}, 0.9, true, "90.00 %"}, {Goal{Least: 0.9, Percent: true}, 0.89, false, "89.00 %"},
		{Goal{Most: 20}, 1e9, false, "never"}, {Goal{Most: 0}, 1, false, "1"}, {Goal{Most: 0}, 0, true, "0"},
		{Goal{Watched: true, Most: 0}, 1, true, "1"},
	} {
		if test.g.good(test.x) != test.good || test.g.show(test.x, true) != test.show {
			t.Errorf("%+v: %v is good: %v, %s", test.g, test.x, test.g.good(test.x), test.g.show(test.x, true))
		}
	}
	runs := []*Run{{Decisions: 3}, {Decisions: 1}, {Decisions: 2}}
	figure := func(r *Run) float64 { return float64(r.Decisions) }
	if x, ok := worst(&Goal{Most: 1, Figure: figure}, runs); x != 3 || !ok {
		t.Errorf("the worst of at most: %v", x)
	}
	if x, ok := worst(&Goal{Least: 1, Figure: figure}, runs); x != 1 || !ok {
		t.Errorf("the worst of at least: %v", x)
	}
	if _, ok := worst(&Goal{}, nil); ok {
		t.Error("there is a worst of none")
	}
}

func TestTheTableSaysWhatIsMissed(t *testing.T) {
	figure := func(r *Run) float64 { return float64(r.Decisions) }
	r := Result{Scenario: Scenario{Name: "A scenario", Goals: []Goal{{Text: "good", Most: 5, Figure: figure}, {Text: "bad", Most: 1, Figure: figure}, {Text: "shown", Watched: true, Figure: figure}}},
		Tuning: []*Run{{Decisions: 1}}, Held: []*Run{{Decisions: 2}, {Decisions: 4}}, Attempts: 1234, Decisions: 10, Different: 1}
	var b strings.Builder
	if err := Write(&b, []Result{r}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 of 2.", "9 of 10.", "| **A scenario** (1,234 attempts) | good | ≤ 5 | 1 | 4 | met |", "|  | bad | ≤ 1 | 1 | 4 | **missed** |", "|  | shown |  | 1 | 4 |  |"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
}

func TestTheFileIsWrittenBetweenItsMarks(t *testing.T) {
	name := filepath.Join(t.TempDir(), "e.md")
	if err := os.WriteFile(name, []byte("before\n"+beginMark+"old\n"+endMark+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Print(name, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil || !bytes.HasPrefix(text, []byte("before\n"+beginMark+"Goals met")) || !bytes.HasSuffix(text, []byte(endMark+"after\n")) || bytes.Contains(text, []byte("old")) {
		t.Errorf("%v:\n%s", err, text)
	}
	if err := os.WriteFile(name, []byte("no marks"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Print(name, nil); err == nil {
		t.Error("a file without marks was written")
	}
}

func TestAnEvaluationOfOneScenarioAndALogOfSSHD(t *testing.T) {
	sshd := filepath.Join(t.TempDir(), "auth.log")
	var lines strings.Builder
	for range 40 {
		lines.WriteString("Nov 30 08:42:04 host sshd[10]: Invalid user admin from 203.0.113.7\n")
	}
	if err := os.WriteFile(sshd, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var said atomic.Int32
	results, err := All(ctx, Options{Quick: true, Held: true, Only: "439 addresses and", SSHD: sshd, Workers: 2, Say: func(string) { said.Add(1) }})
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 3 || said.Load() != 4 {
		t.Fatalf("%d results, said %d", len(results), said.Load())
	}
	if r := results[0]; r.Attempts != 1080 || len(r.Tuning) != 1 || len(r.Held) != 1 || r.Held[0].Seed != heldOutSeeds[0] || r.Decisions == 0 || r.Different != 0 {
		t.Errorf("%+v", r)
	}
	if r := results[2]; r.SSHDReport == nil || r.SSHDReport.Failed != 40 {
		t.Errorf("sshd: %+v", r)
	}
	var b strings.Builder
	if err := Write(&b, results); err != nil || !strings.Contains(b.String(), "CrowdSec ssh-bf") {
		t.Errorf("%v:\n%s", err, b.String())
	}
	if _, err := All(ctx, Options{Only: "none", SSHD: filepath.Join(t.TempDir(), "none")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no log: %v", err)
	}
}
