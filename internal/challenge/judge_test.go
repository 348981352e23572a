package challenge_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
)

func TestATokenIsGoodOnceAlsoForManyAtOnceAndInAnotherSpelling(t *testing.T) {
	s := open(t)
	i := s.issue(spec(challenge.Picture))
	s.Move(time.Second)
	tok, err := s.Open(i.Token, s.Now())
	if err != nil {
		t.Fatal(err)
	}
	// Without script, so that no proof of work is bound to a spelling.
	answers := []challenge.Answer{
		{Token: i.Token, Way: challenge.WayPicture, Text: s.solution(i.Token)},
		{Token: i.Token + "\n", Way: challenge.WayPicture, Text: s.solution(i.Token)},
	}
	var checked, again atomic.Int32
	var wg sync.WaitGroup
	for n := range 32 {
		wg.Go(func() {
			switch j, err := s.Judge(ctx, s.Now(), tok, answers[n%2]); {
			case err == nil && j.Result == challenge.Checked:
				checked.Add(1)
			case err == nil && j.Result == challenge.Again:
				again.Add(1)
			}
		})
	}
	wg.Wait()
	if checked.Load() != 1 || again.Load() != 31 {
		t.Errorf("%d passed and %d get a fresh check, want 1 and 31", checked.Load(), again.Load())
	}
	// Until its end it stays spent.
	s.Move(challenge.Life - time.Second)
	if res, _ := s.judge(answers[0]); res != challenge.Again {
		t.Errorf("at the end of its life: %v", res)
	}
}

func TestAnAnswerBeforeTheFloorWaitsAndItsTokenIsStillGood(t *testing.T) {
	for _, test := range []struct {
		kind  challenge.Kind
		way   string
		after time.Duration
		floor time.Duration
	}{
		{challenge.Slider, challenge.WayPointer, 0, 180 * time.Millisecond},
		{challenge.Slider, challenge.WayKeyboard, 0, 180 * time.Millisecond},
		{challenge.Slider, challenge.WayPress, 0, 3 * time.Second},
		{challenge.Slider, challenge.WayPress, time.Second, 3 * time.Second},
		{challenge.Slider, challenge.WayTouch, 30 * time.Second, 30 * time.Second},
		{challenge.Picture, challenge.WayPicture, 0, 180 * time.Millisecond},
		{challenge.Picture, challenge.WayPicture, 4 * time.Minute, 4 * time.Minute},
		{challenge.Slow, challenge.WaySlow, 0, 60 * time.Second},
		{challenge.Slow, challenge.WaySlow, 2 * time.Minute, 2 * time.Minute},
	} {
		t.Run(fmt.Sprint(test.way, test.after), func(t *testing.T) {
			s := open(t)
			sp := spec(test.kind)
			sp.After = test.after
			i := s.issue(sp)
			a := challenge.Answer{Token: i.Token, Way: test.way}
			switch test.kind {
			case challenge.Slider:
				if a = by(solved(t, test.kind), test.way); test.after > 0 {
					a = s.right(i, test.way)
				}
			case challenge.Picture:
				a.Text = s.solution(i.Token)
			}
			for _, left := range []time.Duration{test.floor, test.floor / 2, time.Millisecond} {
				start := test.floor - left
				tok, err := s.Open(a.Token, s.Now())
				if err != nil {
					t.Fatal(err)
				}
				j, err := s.Judge(ctx, tok.Issued.Add(start), tok, a)
				if err != nil || j.Result != challenge.Wait || j.Wait != left {
					t.Fatalf("after %v: %+v, %v, want to wait %v", start, j, err, left)
				}
			}
			s.Move(test.floor)
			if res, _ := s.judge(a); res != challenge.Checked {
				t.Errorf("at the floor: %v, want Checked", res)
			}
		})
	}
}

func TestWhatIsNotARightAnswerGetsAFreshCheckAndSpendsItsToken(t *testing.T) {
	all := []string{challenge.WayPointer, challenge.WayTouch, challenge.WayPen, challenge.WayKeyboard,
		challenge.WayPress, challenge.WayPicture, challenge.WaySound, challenge.WaySlow, "", "other", "POINTER"}
	fits := map[challenge.Kind]string{
		challenge.Slider:  "pointer touch pen keyboard press",
		challenge.Picture: "picture", challenge.Slow: "slow", challenge.Sound: "sound", challenge.Kind(0): "", challenge.Kind(9): "",
	}
	// One token a kind, solved once and judged on many empty stores.
	judged := func(s *site, a challenge.Answer) challenge.Result {
		t.Helper()
		s.Store = embedded.New(embedded.Options{Counters: 64, Tallies: 8, Profiles: 8, Clock: s.Now})
		s.queue(spec(challenge.Slow).Place, s.Now())
		first, _ := s.judge(a)
		if second, _ := s.judge(a); second != challenge.Again {
			t.Errorf("by %q: a second answer is %v", a.Way, second)
		}
		return first
	}
	for kind, ways := range fits {
		s := open(t)
		a := solved(t, kind)
		s.Move(time.Minute)
		for _, way := range all {
			for _, scripted := range []bool{true, false} {
				want := challenge.Again
				if slices.Contains(strings.Fields(ways), way) && (scripted || kind != challenge.Slider) {
					want = challenge.Checked
				}
				a = by(a, way)
				a.Scripted = scripted
				if got := judged(s, a); got != want {
					t.Errorf("%v by %q, script %v: %v, want %v", kind, way, scripted, got, want)
				}
				if scripted && want == challenge.Checked {
					worse := a
					worse.Pow = wrongWork(t, kind, a.Token)
					if got := judged(s, worse); got != challenge.Again {
						t.Errorf("%v by %q with a wrong proof of work: %v", kind, way, got)
					}
				}
			}
		}
	}
	s := open(t)
	i, other := s.issue(spec(challenge.Slider)), s.issue(spec(challenge.Slider))
	s.Move(time.Minute)
	a := challenge.Answer{Token: i.Token, Pow: wrongFor(t, i, other), Way: challenge.WayPointer, Seen: person(challenge.WayPointer), Scripted: true}
	if got := judged(s, a); got != challenge.Again {
		t.Errorf("with another token's proof of work: %v", got)
	}
}

// wrongWork is a number that is no proof of work for a token.
func wrongWork(t *testing.T, k challenge.Kind, token string) uint32 {
	t.Helper()
	s := open(t)
	i := s.Reissued(challenge.Token{Spec: spec(k)}, token)
	n := uint32(1 << 20)
	for proves(t, i, n) {
		n++
	}
	return n
}

// wrongFor is a proof of work for other that is none for i.
func wrongFor(t *testing.T, i, other challenge.Issued) uint32 {
	t.Helper()
	n := solve(t, other)
	for proves(t, i, n) || !proves(t, other, n) {
		n++
	}
	return n
}

func TestTheThirteenthPassOfAnAddressAndAccountIsSpentAndTheSlowWayIsLeft(t *testing.T) {
	s := open(t)
	logins := byte(0)
	pass := func(k challenge.Kind, budget byte) challenge.Result {
		t.Helper()
		sp := spec(k)
		sp.Budget[0], logins = budget, logins+1
		sp.Hold[0] = logins
		i := s.issue(sp)
		a := challenge.Answer{Token: i.Token, Way: challenge.WayPicture}
		switch k {
		case challenge.Picture:
			a.Text = s.solution(i.Token)
		case challenge.Slow:
			a.Way = challenge.WaySlow
			s.queue(sp.Place, s.Now().Add(time.Minute))
			s.Move(time.Minute)
		case challenge.Slider:
			a = s.right(i, challenge.WayPress)
			s.Move(3 * time.Second)
		}
		s.Move(time.Second)
		res, _ := s.judge(a)
		return res
	}
	for n := range 12 {
		k := challenge.Picture
		if n == 5 {
			k = challenge.Slider
		}
		if res := pass(k, 1); res != challenge.Checked {
			t.Fatalf("pass %d: %v", n+1, res)
		}
	}
	for _, k := range []challenge.Kind{challenge.Picture, challenge.Slider} {
		if res := pass(k, 1); res != challenge.Spent {
			t.Errorf("pass 13 by %v: %v, want Spent", k, res)
		}
	}
	if res := pass(challenge.Picture, 2); res != challenge.Checked {
		t.Errorf("another account: %v", res)
	}
	for range 3 {
		if res := pass(challenge.Slow, 1); res != challenge.Checked {
			t.Errorf("the slow way: %v, want Checked", res)
		}
	}
	s.Move(40 * time.Minute)
	if res := pass(challenge.Picture, 1); res != challenge.Spent {
		t.Errorf("within the hour: %v", res)
	}
	s.Move(20 * time.Minute)
	if res := pass(challenge.Picture, 1); res != challenge.Checked {
		t.Errorf("when one came back after an hour: %v", res)
	}
}

func TestAWrongAnswerCostsNoPass(t *testing.T) {
	s := open(t)
	for n := range 30 {
		sp := spec(challenge.Picture)
		sp.Hold[0] = byte(n)
		i := s.issue(sp)
		s.Move(time.Second)
		a := challenge.Answer{Token: i.Token, Way: challenge.WayPicture, Text: "000000"}
		if n >= 20 {
			a.Text = s.solution(i.Token)
		}
		want := challenge.Again
		if n >= 20 {
			want = challenge.Checked
		}
		if res, _ := s.judge(a); res != want {
			t.Fatalf("answer %d: %v, want %v", n+1, res, want)
		}
	}
}

// broken is a store that cannot be reached.
type broken struct{ store.Store }

var errBroken = errors.New("no store")

func (broken) Spend(context.Context, store.Key, time.Duration) (bool, error) { return true, errBroken }
func (broken) Take(context.Context, store.Key) ([]byte, error)               { return nil, errBroken }
func (broken) Keep(context.Context, store.Key, []byte, time.Duration, ...store.Group) error {
	return errBroken
}

func TestAStoreThatFailsPassesNobody(t *testing.T) {
	s := open(t)
	i := s.issue(spec(challenge.Picture))
	a := challenge.Answer{Token: i.Token, Way: challenge.WayPicture, Text: s.solution(i.Token)}
	s.Move(time.Second)
	tok, err := s.Open(i.Token, s.Now())
	if err != nil {
		t.Fatal(err)
	}
	s.Store = broken{}
	if j, err := s.Judge(ctx, s.Now(), tok, a); j.Result != challenge.Again || !errors.Is(err, errBroken) {
		t.Errorf("judged %v, %v", j, err)
	}
	if _, err := s.Clear(ctx, tok.Earned(challenge.Evidence{})); !errors.Is(err, errBroken) {
		t.Errorf("cleared: %v", err)
	}
	if _, err := s.TakeClearance(ctx, "AAAAAAAAAAAAAAAAAAAAAA"); !errors.Is(err, errBroken) || errors.Is(err, challenge.ErrClearance) {
		t.Errorf("taken: %v", err)
	}
}

func TestThreePicturesAreAnsweredForOneLoginThenThereIsTheSlowWay(t *testing.T) {
	s := open(t)
	answer := func(k challenge.Kind, hold byte, right bool) challenge.Result {
		t.Helper()
		sp := spec(k)
		sp.Hold[0] = hold
		i := s.issue(sp)
		s.Move(time.Second)
		a := challenge.Answer{Token: i.Token, Way: challenge.WayPicture, Text: "AAAAA"}
		if k == challenge.Sound {
			a.Way = challenge.WaySound
		}
		if right {
			a.Text = s.solution(i.Token)
		}
		res, _ := s.judge(a)
		return res
	}
	for n, k := range []challenge.Kind{challenge.Picture, challenge.Sound, challenge.Picture} {
		if res := answer(k, 1, false); res != challenge.Again {
			t.Fatalf("wrong answer %d: %v", n+1, res)
		}
	}
	if res := answer(challenge.Picture, 1, true); res != challenge.Spent {
		t.Errorf("a fourth, right: %v", res)
	}
	sp := spec(challenge.Picture)
	sp.Hold[0] = 1
	if out, err := s.TriedOut(ctx, s.Now(), sp.Hold, sp.Budget); err != nil || !out {
		t.Errorf("tried out: %v, %v", out, err)
	}
	if res := answer(challenge.Picture, 2, true); res != challenge.Checked {
		t.Errorf("another login: %v", res)
	}
}
