package redis_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/redis"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

func budget(name string, burst int) store.Charge {
	return store.Charge{Key: storetest.Key(name), Burst: burst, Every: time.Hour}
}

// one takes of a budget and answers what was taken.
func one(s store.Store, c ...store.Charge) (store.Reserved, error) {
	return storetest.Reserve(s, store.Reserve{Now: time.Now(), Charges: c})
}

func must(t testing.TB, s store.Store, c ...store.Charge) store.Reserved {
	t.Helper()
	got, err := one(s, c...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// eventually waits for what happens in the background.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: ", what)
		}
	}
}

func TestAServerThatIsDownAnswersWithAnErrorAndHealsWhenItIsUp(t *testing.T) {
	r := redistest.Start(t)
	r.Kill()
	s := open(t, "redis://"+r.Addr, nil) // made while it is down
	for range 3 {
		if _, err := one(s, budget("a", 1)); err == nil {
			t.Fatal("no error without a server")
		}
	}
	if err := s.Ping(ctx); err == nil {
		t.Error("a dead server gives a sign of life")
	}
	if err := s.Settle(ctx, &store.Settle{Refund: []store.Charge{budget("a", 1)}}); err != nil {
		t.Errorf("Settle waits for nobody: %v", err)
	}
	eventually(t, "a lost settle is counted", func() bool { return s.Stats().Errors == 1 })
	r.Restart()
	eventually(t, "it works", func() bool { got, err := one(s, budget("a", 1)); return err == nil && got.Taken == 1 })
	eventually(t, "a sign of life", func() bool { return s.Ping(ctx) == nil })
}

func TestAServerThatHangsIsGivenUpInTimeAndSpentOnce(t *testing.T) {
	r := redistest.Start(t)
	s := open(t, "redis://"+r.Addr, func(o *redis.Options) { o.Timeout = 100 * time.Millisecond })
	eventually(t, "it works", func() bool { got, err := one(s, budget("b", 1000)); return err == nil && got.Taken == 1 })
	r.Pause()
	resume := sync.OnceFunc(r.Resume)
	defer resume()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			from := time.Now()
			if _, err := one(s, budget("a", 100)); err == nil {
				t.Error("an answer from a server that hangs")
			}
			// The deadline is 100 ms; the rest is a machine that others use.
			if took := time.Since(from); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			if _, err := s.Take(ctx, storetest.Key("k")); err == nil || errors.Is(err, store.ErrNotFound) {
				t.Errorf("%v: nobody knows whether it is there", err)
			}
		})
	}
	wg.Wait()
	resume()
	eventually(t, "it works again", func() bool { _, err := one(s, budget("b", 1000)); return err == nil })
	// What was sent and not answered counts at most once each.
	left := 0
	for ; ; left++ {
		got, err := one(s, budget("a", 100))
		if err == nil && got.Taken == 0 {
			break
		}
	}
	if left < 50 {
		t.Errorf("%d of 100 left: of 50 attempts some were charged twice", left)
	}
}

func TestWhoLeavesLeavesNoHalfReservation(t *testing.T) {
	r := redistest.StartCluster(t)
	s := open(t, r.URL(), nil)
	must(t, s, budget("warm", 1))
	left, cancel := context.WithCancel(ctx)
	var got store.Reserved
	done := make(chan error)
	go func() {
		done <- s.Reserve(left, &store.Reserve{Charges: []store.Charge{budget("a", 1), budget("b", 1), budget("c", 1)}}, &got)
	}()
	cancel()
	switch err := <-done; {
	case err == nil && got.Taken == 7:
	case errors.Is(err, context.Canceled):
		for _, name := range []string{"a", "b", "c"} {
			if got := must(t, s, budget(name, 1)); got.Taken != 1 {
				t.Errorf("%s was taken", name)
			}
		}
	default:
		t.Errorf("%v, taken %b", err, got.Taken)
	}
	if err := s.Reserve(left, &store.Reserve{Charges: []store.Charge{budget("d", 1)}}, &got); !errors.Is(err, context.Canceled) {
		t.Errorf("asked by somebody who had left: %v", err)
	}
}

func TestWhatWaitsForARedisThatHangsIsBoundedAndCounted(t *testing.T) {
	r := redistest.Start(t)
	s := open(t, "redis://"+r.Addr, nil)
	must(t, s, budget("a", 1))
	r.Pause()
	defer r.Resume()
	const n = 20_000
	for range n {
		if err := s.Settle(ctx, &store.Settle{Refund: []store.Charge{budget("a", 1)}}); err != nil {
			t.Fatal(err)
		}
	}
	waiting, lost := s.Status().Waiting, s.Stats().Errors
	if waiting > n-1000 || lost == 0 || int(lost)+waiting < n-200 { // one pipeline is on its way
		t.Errorf("%d wait and %d are lost of %d", waiting, lost, n)
	}
	if _, err := one(s, budget("b", 1)); err == nil {
		t.Error("a reservation was answered")
	}
}

func TestAnAnswerThatComesTooLateIsGivenBack(t *testing.T) {
	r := redistest.Start(t)
	s := open(t, "redis://"+r.Addr, nil)
	w := store.Wall{Key: storetest.Key("w"), GapFrom: 20, RowFrom: 100}
	must(t, s, budget("warm", 1))
	r.Pause()
	resume := sync.OnceFunc(r.Resume)
	defer resume()
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if err := s.Reserve(short, &store.Reserve{Charges: []store.Charge{budget("a", 1)}, Wall: w}, new(store.Reserved)); err == nil {
		t.Fatal("an answer from a server that hangs")
	}
	resume()
	got, err := storetest.Reserve(s, store.Reserve{Charges: []store.Charge{budget("b", 1)}, Wall: w})
	if err != nil || got.Taken != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	eventually(t, "what was taken is back", func() bool { return must(t, s, budget("a", 1)).Taken == 1 })
	if got, err := storetest.Reserve(s, store.Reserve{Wall: w}); err != nil || got.Wall.Failures != 1 {
		t.Errorf("%+v, %v", got.Wall, err)
	}
}

func TestScriptsThatRedisForgotAreSentAgain(t *testing.T) {
	r := redistest.Start(t)
	s := open(t, "redis://"+r.Addr, nil)
	for range 3 {
		r.Do("script", "flush")
		if got := must(t, s, budget("a", 10)); got.Taken != 1 {
			t.Fatalf("%+v", got)
		}
		r.Do("script", "flush")
		if err := s.Settle(ctx, &store.Settle{Refund: []store.Charge{budget("a", 10)}}); err != nil {
			t.Fatal(err)
		}
		r.Do("script", "flush")
		if err := s.Keep(ctx, storetest.Key("k"), []byte("v"), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 10 {
		if got := must(t, s, budget("a", 10)); got.Taken != 1 {
			t.Fatalf("charge %d: a reservation or a refund was run twice, or not at all", i)
		}
	}
	if got := must(t, s, budget("a", 10)); got.Taken != 0 || s.Stats().Errors != 0 {
		t.Fatalf("%+v, %d errors", got, s.Stats().Errors)
	}
}

func TestAnEmptiedRedisForgetsAndGoesOn(t *testing.T) {
	r := redistest.Start(t)
	s := open(t, "redis://"+r.Addr, nil)
	if err := s.Keep(ctx, storetest.Key("k"), []byte("v"), time.Minute); err != nil {
		t.Fatal(err)
	}
	must(t, s, budget("a", 1))
	r.Flush()
	if got := must(t, s, budget("a", 1)); got.Taken != 1 {
		t.Errorf("%+v", got)
	}
	if _, err := s.Take(ctx, storetest.Key("k")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestWithoutMemoryNothingIsHalfTakenAndItHeals(t *testing.T) {
	r := redistest.Start(t)
	s := open(t, "redis://"+r.Addr, nil)
	if err := s.Keep(ctx, storetest.Key("k"), []byte("v"), time.Minute); err != nil {
		t.Fatal(err)
	}
	must(t, s, budget("a", 3))
	r.Do("config", "set", "maxmemory-policy", "noeviction")
	r.Do("config", "set", "maxmemory", "1mb")
	if _, err := one(s, budget("a", 3), budget("b", 3)); err == nil || !strings.Contains(err.Error(), "OOM") {
		t.Errorf("%v", err)
	}
	if ok, err := s.Spend(ctx, storetest.Key("n"), time.Minute); ok || err == nil {
		t.Errorf("spent %v, %v", ok, err)
	}
	r.Do("config", "set", "maxmemory", "0")
	for i := range 2 {
		if got := must(t, s, budget("a", 3), budget("b", 3)); got.Taken != 3 {
			t.Errorf("%d: %+v", i, got)
		}
	}
	if v, err := s.Take(ctx, storetest.Key("k")); err != nil || string(v) != "v" {
		t.Errorf("%q, %v", v, err)
	}
}

func TestAReplicaThatOnlyReadsIsAnError(t *testing.T) {
	r := redistest.StartTrio(t)
	s := open(t, "redis://"+r.Servers[1].Addr, nil)
	if _, err := one(s, budget("a", 3)); err == nil || !strings.Contains(err.Error(), "READONLY") {
		t.Errorf("%v", err)
	}
	if ok, err := s.Spend(ctx, storetest.Key("n"), time.Minute); ok || err == nil {
		t.Errorf("spent %v, %v", ok, err)
	}
	r.FailOver()
	eventually(t, "it writes", func() bool { got, err := one(s, budget("a", 3)); return err == nil && got.Taken == 1 })
}

func TestAWrongPasswordIsAnErrorWithoutIt(t *testing.T) {
	r := redistest.StartWithPassword(t, "the right one")
	for url, works := range map[string]bool{
		"redis://:the%20right%20one@" + r.Addr: true,
		"redis://:hunter2hunter2@" + r.Addr:    false,
		"redis://" + r.Addr:                    false,
	} {
		s := open(t, url, nil)
		_, err := one(s, budget("a", 100))
		if (err == nil) != works {
			t.Errorf("%s: %v", url, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") || strings.Contains(s.Name(), "one") {
			t.Errorf("a password in %q, %v", s.Name(), err)
		}
	}
}

func TestAFailOverLosesNoMoreThanItsMoment(t *testing.T) {
	r := redistest.StartTrio(t)
	s := open(t, r.URL(), func(o *redis.Options) { o.Timeout = time.Second })
	var ok, failed atomic.Int64
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if _, err := one(s, budget("load", 1_000_000)); err != nil {
					failed.Add(1)
					time.Sleep(10 * time.Millisecond)
				} else {
					ok.Add(1)
				}
			}
		})
	}
	eventually(t, "load", func() bool { return ok.Load() > 200 })
	r.Servers[0].Kill()
	next := r.Servers[1]
	next.Eventually("the replica is master", func() bool { return next.Info("replication", "role") == "master" })
	before := ok.Load()
	eventually(t, "the load goes on", func() bool { return ok.Load() > before+200 })
	stop()
	wg.Wait()
	t.Logf("%d reservations, %d failed meanwhile", ok.Load(), failed.Load())
	if failed.Load() == 0 {
		t.Error("the master was killed and nothing noticed")
	}
	if got := must(t, s, budget("after", 1)); got.Taken != 1 {
		t.Errorf("%+v", got)
	}
}

func TestASlotThatMovesUnderLoadKeepsItsBudgets(t *testing.T) {
	r := redistest.StartCluster(t)
	s := open(t, r.URL(), func(o *redis.Options) { o.Timeout = 2 * time.Second })
	// Both budgets are of one subject, so in one slot.
	a, b := budget("a", 1_000_000), budget("a", 1_000_000)
	b.Key[15]++
	must(t, s, a, b)
	slot, _ := r.Nodes[0].Do("cluster", "keyslot", keysOf(t, r.Nodes[:]...)[0]).(int64)

	var taken, errs atomic.Int64
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				switch got, err := one(s, a, b); {
				case err != nil:
					errs.Add(1)
				case got.Taken == 3:
					taken.Add(1)
				default:
					t.Errorf("%+v", got)
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	more := func() {
		was := taken.Load()
		eventually(t, "reservations go on", func() bool { return taken.Load() > was+20 })
	}
	more()
	m := r.Move(slot)
	more() // all keys are still where they were
	m.Keys(1)
	time.Sleep(50 * time.Millisecond) // TRYAGAIN: one here, one there
	m.Keys(1)                         // ASK: all are there
	more()
	m.End() // MOVED
	more()
	stop()
	wg.Wait()
	if m.To.Info("keyspace", "db0") == "" {
		t.Error("nothing moved")
	}
	if errs.Load() > 0 {
		t.Errorf("%d reservations failed", errs.Load())
	}
	// Every reservation was charged exactly once: it took an hour each.
	for _, c := range []store.Charge{a, b} {
		c.Burst = 1
		got := must(t, s, c)
		want := time.Duration(taken.Load()+1) * time.Hour
		if off := got.After[0] - want; off > time.Minute || off < -time.Minute {
			t.Errorf("full again in %v, want %v", got.After[0], want)
		}
	}
}
