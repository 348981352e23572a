package hold_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/hold"
	"github.com/login-guard/login-guard/internal/store"
)

var (
	sessions      = []store.Key{{10}, {11}}
	anna, mallory = store.Key{1}, store.Key{2}
)

func id(n byte) [16]byte { return [16]byte{n} }

func shut(t testing.TB, rows store.Rows, sessions ...store.Key) bool {
	t.Helper()
	is, err := hold.IsShut(ctx, rows, sessions)
	if err != nil {
		t.Fatal(err)
	}
	return is
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestASessionOpensWhenAllOfItsLoginsHaveEnded(t *testing.T) {
	s := memory(t)
	if shut(t, s, sessions...) {
		t.Fatal("shut before any login")
	}
	must(t, hold.Shut(ctx, s, start, sessions, id(1), anna))
	must(t, hold.Shut(ctx, s, start, sessions, id(1), anna)) // the same once more
	must(t, hold.Shut(ctx, s, start, sessions[:1], id(2), mallory))
	must(t, hold.Shut(ctx, s, start, sessions[:1], id(3), anna))
	for _, step := range []struct {
		name          string
		do            func() error
		first, second bool
	}{
		{"the owner of another login gives his factor", func() error { return hold.Open(ctx, s, sessions, id(2), mallory) }, true, true},
		{"a login that is none of these ends", func() error { return hold.Lift(ctx, s, sessions, id(9)) }, true, true},
		{"one of two logins ends", func() error { return hold.Lift(ctx, s, sessions, id(1)) }, true, false},
		{"the other owner gives the factor", func() error { return hold.Open(ctx, s, sessions, id(3), anna) }, false, false},
		{"once more", func() error { return hold.Open(ctx, s, sessions, id(3), anna) }, false, false},
	} {
		must(t, step.do())
		if a, b := shut(t, s, sessions[0]), shut(t, s, sessions[1]); a != step.first || b != step.second {
			t.Errorf("%s: shut %v and %v, want %v and %v", step.name, a, b, step.first, step.second)
		}
	}
}

func TestALoginBegunUnderAnotherNameOpensWithTheFactorOfItsOwner(t *testing.T) {
	s := memory(t)
	must(t, hold.Shut(ctx, s, start, sessions, id(1), mallory))
	must(t, hold.Open(ctx, s, sessions, id(1), anna))
	if shut(t, s, sessions...) {
		t.Error("still shut")
	}
}

func TestLoginsOfOneSessionAtOnceAreAllKept(t *testing.T) {
	s := memory(t)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			if err := hold.Shut(ctx, s, start, sessions, id(byte(i)), anna); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range 10 {
		if !shut(t, s, sessions[0]) {
			t.Fatalf("open after %d of 10 ended", i)
		}
		must(t, hold.Lift(ctx, s, sessions, id(byte(i))))
	}
	if shut(t, s, sessions...) {
		t.Error("shut although all have ended")
	}
}

func TestASessionTakesSoManyLoginsAndNoMore(t *testing.T) {
	s := memory(t)
	var err error
	for i := range 100 {
		if err = hold.Shut(ctx, s, start, sessions, id(byte(i)), anna); err != nil {
			break
		}
	}
	if !errors.Is(err, hold.ErrBusy) {
		t.Errorf("a hundred logins in one session: %v", err)
	}
}

// away is a database that does not answer.
type away struct {
	store.Rows
	known func(store.Key) bool
	err   error
}

func (a away) LoadRow(context.Context, store.Key) (store.Row, error) { return store.Row{}, a.err }
func (a away) KnownRow(k store.Key) bool                             { return a.known(k) }
func (a away) SwapRow(context.Context, store.Key, uint64, []byte, time.Duration) (uint64, error) {
	return 0, a.err
}

func TestWithoutTheDatabaseWhatTheNodeKnowsDecides(t *testing.T) {
	down := errors.New("down")
	for _, test := range []struct {
		name  string
		known func(store.Key) bool
		err   error
		want  bool
	}{
		{"known to be shut", func(k store.Key) bool { return k == sessions[1] }, down, true},
		{"known to be open", func(store.Key) bool { return false }, down, false},
		{"nothing known", func(store.Key) bool { return true }, down, false},
		{"lost", func(store.Key) bool { return true }, fmt.Errorf("row: %w", store.ErrLost), true},
	} {
		got, err := hold.IsShut(ctx, away{known: test.known, err: test.err}, sessions)
		if got != test.want || (err == nil) != errors.Is(test.err, store.ErrLost) {
			t.Errorf("%s: shut %v (%v), want %v", test.name, got, err, test.want)
		}
	}
	if err := hold.Shut(ctx, away{err: down}, start, sessions, id(1), anna); !errors.Is(err, down) {
		t.Errorf("shutting: %v", err)
	}
}

func TestASessionExpiresOnceForEachLoginWhenNoneOfItsAnswersIsHeld(t *testing.T) {
	s := memory(t)
	expired := func(after time.Duration) bool {
		t.Helper()
		is, err := hold.Expired(ctx, s, start.Add(after), sessions)
		must(t, err)
		return is
	}
	if expired(hold.TTL) {
		t.Error("expired before any login")
	}
	must(t, hold.Shut(ctx, s, start, sessions[:1], id(1), anna))
	if expired(0) || expired(hold.TTL-time.Second) {
		t.Error("expired while the answer is held")
	}
	must(t, hold.Shut(ctx, s, start.Add(5*time.Minute), sessions[:1], id(2), anna))
	if expired(hold.TTL) {
		t.Error("expired while a later login's answer is held")
	}
	if !expired(5*time.Minute + hold.TTL) {
		t.Error("not expired when all are over")
	}
	if expired(time.Hour) {
		t.Error("expired twice")
	}
	if !shut(t, s, sessions...) {
		t.Error("open because it expired")
	}
	must(t, hold.Shut(ctx, s, start.Add(time.Hour), sessions[:1], id(3), anna))
	if expired(time.Hour) || !expired(time.Hour+hold.TTL) {
		t.Error("a further login does not expire by itself")
	}
	if _, err := hold.Expired(ctx, away{err: errors.New("down")}, start, sessions); err == nil {
		t.Error("no error of the store")
	}
}

func TestALoginIsAskedAboutUntilItIsKnownThatAFactorIsDue(t *testing.T) {
	s := memory(t)
	asking := func(after time.Duration) bool { return hold.Asking(ctx, s, start.Add(after), sessions) }
	if asking(0) {
		t.Error("asked about before any login")
	}
	must(t, hold.Ask(ctx, s, start, sessions, id(1), anna))
	if !asking(0) || !shut(t, s, sessions...) {
		t.Error("not shut, or not asked about")
	}
	if asking(2 * time.Minute) {
		t.Error("a login that nobody knows the end of is asked about for ever")
	}
	must(t, hold.Ask(ctx, s, start, sessions[:1], id(2), mallory))
	if !asking(0) {
		t.Error("two logins that are asked about are not")
	}
	must(t, hold.Shut(ctx, s, start, sessions[:1], id(2), mallory))
	if asking(0) {
		t.Error("asked about though a factor is due")
	}
	must(t, hold.Ask(ctx, s, start, sessions[:1], id(2), mallory))
	if asking(0) {
		t.Error("asked about again")
	}
	must(t, hold.Open(ctx, s, sessions, id(2), mallory))
	if !asking(0) {
		t.Error("the other login is not asked about")
	}
	must(t, hold.Lift(ctx, s, sessions, id(1)))
	if asking(0) || shut(t, s, sessions...) {
		t.Error("shut after the end of all logins")
	}
	if hold.Asking(ctx, away{err: errors.New("down")}, start, sessions) {
		t.Error("asked about while the store does not answer")
	}
}
