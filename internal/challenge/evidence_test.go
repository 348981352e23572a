package challenge_test

import (
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/evidence"
)

// points are what an answer to a fresh slider says about who gave it.
func (s *site) points(way string, seen []byte, budget byte) float64 {
	s.t.Helper()
	sp := spec(challenge.Slider)
	sp.Budget[0] = budget
	a := s.right(s.issue(sp), way)
	a.Seen = seen
	s.Move(5 * time.Second)
	tok, err := s.Open(a.Token, s.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	j, err := s.Judge(ctx, s.Now(), tok, a)
	if err != nil || j.Result != challenge.Checked {
		s.t.Fatalf("%+v, %v", j, err)
	}
	return j.Evidence.Points
}

func TestWhoseAnswerLooksAutomatedStaysInDoubtForTenMinutes(t *testing.T) {
	s := open(t)
	s.Tracks = evidence.NewTracks(0)
	person, robot := person(challenge.WayPointer), []byte(`{"v":1,"type":"mouse","untrusted":40,"track":[[0,0,0],[300,280,0]]}`)
	for _, step := range []struct {
		name    string
		seen    []byte
		budget  byte
		doubted bool
	}{
		{"a person", person, 1, false},
		{"the same drag again, by another", person, 2, true},
		{"events that a script made", robot, 3, true},
		{"no report", nil, 4, true},
		{"no report of ours", []byte(`{"v":1,"surprise":1}`), 5, true},
	} {
		if got := s.points(challenge.WayPointer, step.seen, step.budget); (got >= challenge.Doubt) != step.doubted {
			t.Errorf("%s: %v points, want in doubt: %v", step.name, got, step.doubted)
		}
	}
	press := []byte(`{"v":1,"type":"mouse","before":9,"click":[1,96]}`)
	if got := s.points(challenge.WayPress, press, 3); got < challenge.Doubt {
		t.Errorf("another way at once: %v points, want the doubt to stay", got)
	}
	if got := s.points(challenge.WayPress, press, 6); got >= challenge.Doubt {
		t.Errorf("another sender: %v points", got)
	}
	s.Move(challenge.DoubtLife)
	if got := s.points(challenge.WayPress, press, 3); got >= challenge.Doubt {
		t.Errorf("ten minutes later: %v points, want the doubt to be over", got)
	}
}

func TestWorkGrowsWithRiskAndForWhoDoesNotSlide(t *testing.T) {
	s := open(t)
	for _, times := range []byte{0, 1, 4, 16, 200} {
		sp := spec(challenge.Slider)
		sp.Work = times
		want := uint32(min(max(times, 1), 16))
		i := s.issue(sp)
		if got := s.issue(spec(challenge.Slider)).Target / i.Target; got != want {
			t.Errorf("work %d: a target %d times as hard, want %d", times, got, want)
		}
	}
	// Enough for the drag is not enough for the press.
	i := s.issue(spec(challenge.Slider))
	n := uint32(0)
	harder := i
	harder.Target /= 4
	for !proves(t, i, n) || proves(t, harder, n) {
		n++
	}
	s.Move(5 * time.Second)
	a := challenge.Answer{Token: i.Token, Pow: n, Way: challenge.WayPress, Seen: person(challenge.WayPress), Scripted: true}
	if got, _ := s.judge(a); got != challenge.Again {
		t.Errorf("a press with a drag's work: %v", got)
	}
	if got, _ := s.judge(by(a, challenge.WayPointer)); got != challenge.Checked {
		t.Errorf("the drag with it: %v", got)
	}
}

func TestAReplyIsForItsVeryAnswerAndNobodyElse(t *testing.T) {
	s := open(t)
	a := challenge.Answer{Token: "token", Pow: 7, Way: challenge.WayPicture, Text: "AB", Seen: []byte("x"), Scripted: true}
	if err := s.Remember(ctx, a, []byte("reply")); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*challenge.Answer){
		"token": func(a *challenge.Answer) { a.Token = "toke" },
		"work":  func(a *challenge.Answer) { a.Pow++ },
		"way":   func(a *challenge.Answer) { a.Way, a.Text = a.Way+"A", "B" },
		"text":  func(a *challenge.Answer) { a.Text, a.Seen = "A", []byte("Bx") },
		"seen":  func(a *challenge.Answer) { a.Seen = nil },
	} {
		other := a
		change(&other)
		if got, err := s.Recall(ctx, other); got != nil || err != nil {
			t.Errorf("another %s: %q, %v", name, got, err)
		}
	}
	if got, err := s.Recall(ctx, a); string(got) != "reply" || err != nil {
		t.Errorf("the same: %q, %v", got, err)
	}
	s.Move(challenge.ClearanceLife)
	if got, err := s.Recall(ctx, a); got != nil || err != nil {
		t.Errorf("two minutes later: %q, %v", got, err)
	}
}

func TestASoundIsWorthAPictureAndHasABudgetOfItsOwn(t *testing.T) {
	s := open(t)
	passed := 0
	for n := range 8 {
		sp := spec(challenge.Sound)
		sp.Hold[0] = byte(n)
		i := s.issue(sp)
		s.Move(time.Second)
		tok, err := s.Open(i.Token, s.Now())
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.Earned(challenge.Evidence{}).Rung; got != device.Picture {
			t.Fatalf("worth %v", got)
		}
		if res, _ := s.judge(challenge.Answer{Token: i.Token, Way: challenge.WaySound, Text: s.solution(i.Token)}); res == challenge.Checked {
			passed++
		}
	}
	if passed != 3 {
		t.Errorf("%d of 8 passed by sound, want 3 an hour", passed)
	}
}

func TestAReplyGoesWithItsClearance(t *testing.T) {
	s := open(t)
	a := challenge.Answer{Token: "token", Way: challenge.WayPicture, Scripted: true}
	name, err := s.Clear(ctx, s.For(challenge.Clearance{Rung: device.Picture}, a))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Remember(ctx, a, []byte("reply")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.TakeClearance(ctx, name); err != nil {
		t.Fatal(err)
	}
	if kept := s.Store.Stats().Kept; kept != 0 {
		t.Errorf("%d things are kept of a clearance that was taken", kept)
	}
}
