// Package storetest is the contract of store.Store in executable form. Every
// store runs it.
package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// Clock is a clock that tests move.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock starts at a fixed time.
func NewClock() *Clock { return &Clock{now: time.Unix(1_800_000_000, 0)} }

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Move lets time pass.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Key makes a key from a name.
func Key(name string) store.Key {
	sum := sha256.Sum256([]byte(name))
	return store.Key(sum[:16])
}

// Run runs the suite on stores that open makes, each empty.
func Run(t *testing.T, open func(t *testing.T, c *Clock) store.Store) {
	for _, test := range append([]testCase{
		{"ABudgetGivesItsBurstAndThenOneEach", budget},
		{"AHardBudgetThatIsSpentTakesFromNoOther", allOrNone},
		{"ASoftBudgetIsReportedAndStopsNothing", soft},
		{"SoftIfBusyIsSoftForAnAddressOfManyAccounts", softIfBusy},
		{"OnceIsChargedOnceAndAgainWhenForgotten", once},
		{"ThousandAtOnceTakeNoMoreThanTheBurst", parallelReserve},
		{"ARefundGivesBackWhatWasTaken", refund},
		{"TalliesAge", tallies},
		{"DistinctOthersAreCounted", distinct},
		{"TheWallGrowsAndLeaks", wall},
		{"AFailureGivenBackLeavesTheOthers", wallBack},
		{"OneAttemptAGap", gap},
		{"AProfileRemembersPlaces", profile},
		{"ForgetForgetsCountersAndKeepsHistory", forget},
		{"AKeptThingIsTakenOnce", takeOnce},
		{"OfManyTakersOneGets", parallelTake},
		{"AKeptThingExpiresAndIsExtended", expire},
		{"WhatExpiresTogetherIsGoneTogether", expireTogether},
		{"AGroupIsBounded", groups},
		{"SpentIsSpent", spend},
		{"OfManySpendersOneIsFirst", parallelSpend},
		{"AMarkIsRead", mark},
		{"AFlagIsUpForItsTime", flag},
	}, append(more(), rowTests()...)...) {
		t.Run(test.name, func(t *testing.T) {
			c := NewClock()
			test.run(t, open(t, c), c)
		})
	}
}

var ctx = context.Background()

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Reserve reserves and returns the answer by value.
func Reserve(s store.Store, q store.Reserve) (out store.Reserved, err error) {
	err = s.Reserve(ctx, &q, &out)
	return out, err
}

func answered(t *testing.T, s store.Store, q store.Reserve) store.Reserved {
	t.Helper()
	return must[store.Reserved](t)(Reserve(s, q))
}

func reserve(t *testing.T, s store.Store, c *Clock, charges ...store.Charge) store.Reserved {
	t.Helper()
	return answered(t, s, store.Reserve{Now: c.Now(), Charges: charges})
}

func charge(name string, burst int, every time.Duration) store.Charge {
	return store.Charge{Key: Key(name), Burst: burst, Every: every}
}

func budget(t *testing.T, s store.Store, c *Clock) {
	b := charge("a", 3, time.Minute)
	for i := range 3 {
		if got := reserve(t, s, c, b); got.Over != 0 || got.Taken != 1 {
			t.Fatalf("charge %d: over %b, taken %b", i, got.Over, got.Taken)
		}
	}
	got := reserve(t, s, c, b)
	if got.Over != 1 || got.After[0] != time.Minute {
		t.Fatalf("fourth: over %b, after %v, want one minute", got.Over, got.After)
	}
	c.Move(time.Minute)
	if got := reserve(t, s, c, b); got.Over != 0 {
		t.Fatal("after a minute one unit is back")
	}
	if got := reserve(t, s, c, b); got.Over != 1 {
		t.Fatal("after a minute only one unit is back")
	}
	c.Move(time.Hour)
	for range 3 {
		if got := reserve(t, s, c, b); got.Over != 0 {
			t.Fatal("after an hour the burst is back")
		}
	}
	if got := reserve(t, s, c, b); got.Over != 1 {
		t.Fatal("no more than the burst is ever back")
	}
}

func allOrNone(t *testing.T, s store.Store, c *Clock) {
	small, large := charge("small", 1, time.Hour), charge("large", 2, time.Hour)
	reserve(t, s, c, small)
	got := reserve(t, s, c, large, small)
	if got.Taken != 0 || got.Over != 2 {
		t.Fatalf("taken %b, over %b", got.Taken, got.Over)
	}
	for range 2 {
		if got := reserve(t, s, c, large); got.Over != 0 {
			t.Fatal("the other budget was touched")
		}
	}
}

func soft(t *testing.T, s store.Store, c *Clock) {
	spent := charge("spent", 1, time.Hour)
	reserve(t, s, c, spent)
	spent.Soft = store.SoftAlways
	got := reserve(t, s, c, spent, charge("other", 1, time.Hour))
	if got.Over != 1 || got.Taken != 2 {
		t.Fatalf("over %b, taken %b", got.Over, got.Taken)
	}
}

func softIfBusy(t *testing.T, s store.Store, c *Clock) {
	ask := store.Ask{Key: Key("address"), HalfLife: time.Hour, Window: time.Hour}
	spent := charge("spent", 1, time.Hour)
	spent.Soft = store.SoftIfBusy
	r := store.Reserve{Now: c.Now(), Charges: []store.Charge{spent, charge("other", 9, time.Hour)}, Tallies: []store.Ask{ask}, BusyAbove: 5}
	answered(t, s, r)
	if got := answered(t, s, r); got.Taken != 0 {
		t.Fatal("an address of nobody is not busy")
	}
	for i := range 12 {
		count(t, s, c, store.Count{Ask: ask, Successes: 1, SucceededOf: uint64(i) | 1<<63})
	}
	if got := answered(t, s, r); got.Taken != 2 || got.Over != 1 {
		t.Fatalf("busy: taken %b, over %b", got.Taken, got.Over)
	}
}

func once(t *testing.T, s store.Store, c *Clock) {
	b := charge("b", 2, time.Hour)
	b.Once, b.OnceFor = Key("this"), time.Minute
	if got := reserve(t, s, c, b); got.Taken != 1 {
		t.Fatal("the first is charged")
	}
	if got := reserve(t, s, c, b); got.Taken != 0 || got.Over != 0 {
		t.Fatal("the second is not")
	}
	if err := s.Settle(ctx, &store.Settle{Now: c.Now(), Refund: []store.Charge{{Once: b.Once}}}); err != nil {
		t.Fatal(err)
	}
	if got := reserve(t, s, c, b); got.Taken != 1 {
		t.Fatal("forgotten, it is charged again")
	}
	c.Move(2 * time.Minute)
	if got := reserve(t, s, c, b); got.Over != 1 {
		t.Fatal("after its time it is charged again, and the budget was spent")
	}
}

func parallel(n int, f func()) {
	var wg sync.WaitGroup
	for range n {
		wg.Go(f)
	}
	wg.Wait()
}

func parallelReserve(t *testing.T, s store.Store, c *Clock) {
	var taken atomic.Int64
	a, b := charge("a", 5, time.Hour), charge("b", 50, time.Hour)
	parallel(1000, func() {
		got, err := Reserve(s, store.Reserve{Now: c.Now(), Charges: []store.Charge{b, a}})
		if err != nil {
			t.Error(err)
		}
		if got.Taken == 3 {
			taken.Add(1)
		} else if got.Taken != 0 {
			t.Errorf("taken %b", got.Taken)
		}
	})
	if taken.Load() != 5 {
		t.Fatalf("%d got through, want 5", taken.Load())
	}
	for i := range 45 {
		if got := reserve(t, s, c, b); got.Over != 0 {
			t.Fatalf("refused attempts took from the other budget: only %d left", i)
		}
	}
}

func refund(t *testing.T, s store.Store, c *Clock) {
	b := charge("b", 1, time.Hour)
	reserve(t, s, c, b)
	if err := s.Settle(ctx, &store.Settle{Now: c.Now(), Refund: []store.Charge{b}}); err != nil {
		t.Fatal(err)
	}
	if got := reserve(t, s, c, b); got.Over != 0 {
		t.Fatal("the unit did not come back")
	}
	for range 5 { // more refunds than charges never make more than the burst
		if err := s.Settle(ctx, &store.Settle{Now: c.Now(), Refund: []store.Charge{b}}); err != nil {
			t.Fatal(err)
		}
	}
	reserve(t, s, c, b)
	if got := reserve(t, s, c, b); got.Over != 1 {
		t.Fatal("refunds made a budget larger than its burst")
	}
}

func count(t *testing.T, s store.Store, c *Clock, n ...store.Count) {
	t.Helper()
	if err := s.Settle(ctx, &store.Settle{Now: c.Now(), Counts: n}); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s store.Store, c *Clock, a store.Ask) store.Tally {
	t.Helper()
	return answered(t, s, store.Reserve{Now: c.Now(), Tallies: []store.Ask{a}}).Tallies[0]
}

func tallies(t *testing.T, s store.Store, c *Clock) {
	a := store.Ask{Key: Key("x"), HalfLife: time.Hour, Window: time.Hour}
	for range 4 {
		count(t, s, c, store.Count{Ask: a, Failures: 1})
	}
	count(t, s, c, store.Count{Ask: a, Successes: 2})
	if got := read(t, s, c, a); got.Failures != 4 || got.Successes != 2 {
		t.Fatalf("%+v", got)
	}
	c.Move(time.Hour)
	if got := read(t, s, c, a); got.Failures < 1.99 || got.Failures > 2.01 || got.Successes < 0.99 || got.Successes > 1.01 {
		t.Fatalf("after a half-life: %+v", got)
	}
	if got := read(t, s, c, store.Ask{Key: Key("y"), HalfLife: time.Hour}); got != (store.Tally{}) {
		t.Fatalf("another: %+v", got)
	}
}

func distinct(t *testing.T, s store.Store, c *Clock) {
	a := store.Ask{Key: Key("x"), HalfLife: time.Hour, Window: 10 * time.Minute}
	for i := range 6 {
		sum := sha256.Sum256(fmt.Appendf(nil, "account %d", i))
		h := uint64(sum[0])<<8 | uint64(sum[1]) | 1<<63
		for range 3 {
			count(t, s, c, store.Count{Ask: a, Failures: 1, FailedOf: h})
		}
	}
	if got := read(t, s, c, a).FailedOf; got < 5 || got > 7 {
		t.Fatalf("six accounts were counted as %d", got)
	}
	c.Move(11 * time.Minute)
	if got := read(t, s, c, a).FailedOf; got != 0 {
		t.Fatalf("after the window: %d", got)
	}
}

func hit(t *testing.T, s store.Store, c *Clock, w store.Wall) store.Reserved {
	t.Helper()
	return answered(t, s, store.Reserve{Now: c.Now(), Wall: w})
}

func wall(t *testing.T, s store.Store, c *Clock) {
	w := store.Wall{Key: Key("alice"), GapFrom: 20, RowFrom: 100}
	for i := range 5 {
		if got := hit(t, s, c, w); got.Wall.Failures != i || got.Wall.Row != i || !got.WallTaken {
			t.Fatalf("failure %d: %+v", i, got.Wall)
		}
	}
	c.Move(2 * time.Hour)
	got := hit(t, s, c, w)
	if got.Wall.Failures != 3 || got.Wall.Row != 5 {
		t.Fatalf("after two hours: %+v", got.Wall)
	}
	if err := s.Settle(ctx, &store.Settle{Now: c.Now(), Wall: w.Key, WallRefund: true, WallGap: got.WallGap, WallSet: got.WallSet, WallReset: true}); err != nil {
		t.Fatal(err)
	}
	if got := hit(t, s, c, w); got.Wall.Failures != 3 || got.Wall.Row != 0 {
		t.Fatalf("after a success: %+v, want its own failure back, nobody else's, and a new row", got.Wall)
	}
}

func wallBack(t *testing.T, s store.Store, c *Clock) {
	w := store.Wall{Key: Key("alice"), GapFrom: 20, RowFrom: 100}
	var last store.Reserved
	for range 4 {
		last = hit(t, s, c, w)
	}
	if err := s.Settle(ctx, &store.Settle{Now: c.Now(), Wall: w.Key, WallRefund: true, WallGap: last.WallGap, WallSet: last.WallSet}); err != nil {
		t.Fatal(err)
	}
	if got := hit(t, s, c, w); got.Wall.Failures != 3 || got.Wall.Row != 3 {
		t.Fatalf("%+v", got.Wall)
	}
}

func gap(t *testing.T, s store.Store, c *Clock) {
	w := store.Wall{Key: Key("alice"), GapFrom: 20, RowFrom: 100}
	for range 20 {
		if got := hit(t, s, c, w); got.Wall.Wait != 0 {
			t.Fatal("no gap before the twentieth failure")
		}
	}
	var through atomic.Int64
	parallel(100, func() {
		got, err := Reserve(s, store.Reserve{Now: c.Now(), Wall: w, Charges: []store.Charge{charge("b", 1000, time.Hour)}})
		if err != nil {
			t.Error(err)
		}
		if got.Wall.Wait == 0 {
			through.Add(1)
		} else if got.Taken != 0 || got.WallTaken {
			t.Error("who waits takes nothing")
		}
	})
	if through.Load() != 0 {
		t.Fatalf("%d came through in the first gap", through.Load())
	}
	c.Move(31 * time.Second)
	parallel(100, func() {
		if got, _ := Reserve(s, store.Reserve{Now: c.Now(), Wall: w}); got.Wall.Wait == 0 {
			through.Add(1)
		}
	})
	if through.Load() != 1 {
		t.Fatalf("%d came through after the gap, want one", through.Load())
	}
	got := hit(t, s, c, w)
	if got.Wall.Wait != time.Minute {
		t.Fatalf("the second gap is %v, want twice the first", got.Wall.Wait)
	}
}

func profile(t *testing.T, s store.Store, c *Clock) {
	visit := func(country, asn, address uint32) {
		if err := s.Settle(ctx, &store.Settle{Now: c.Now(), Visit: store.Visit{Key: Key("alice"), Country: country, ASN: asn, Address: address}}); err != nil {
			t.Fatal(err)
		}
	}
	get := func() store.Profile {
		return answered(t, s, store.Reserve{Now: c.Now(), Profile: Key("alice")}).Profile
	}
	if got := get(); got.Successes != 0 {
		t.Fatalf("%+v", got)
	}
	visit(1, 100, 7)
	visit(2, 100, 8)
	visit(1, 0, 7)
	got := get()
	if d := got.Last.Sub(c.Now()).Abs(); d > time.Millisecond {
		t.Fatalf("the last success was %v away", d)
	}
	if got.Last = (time.Time{}); got != (store.Profile{Successes: 3, Countries: [4]uint32{1, 2}, ASNs: [6]uint32{100}, Addresses: [8]uint32{7, 8}}) {
		t.Fatalf("%+v", got)
	}
	c.Move(181 * 24 * time.Hour)
	if got := get(); got != (store.Profile{}) {
		t.Fatalf("half a year later: %+v", got)
	}
}

func forget(t *testing.T, s store.Store, c *Clock) {
	b := charge("b", 1, time.Hour)
	w := store.Wall{Key: Key("alice"), GapFrom: 20, RowFrom: 100}
	a := store.Ask{Key: Key("x"), HalfLife: time.Hour}
	reserve(t, s, c, b)
	count(t, s, c, store.Count{Ask: a, Failures: 3})
	hit(t, s, c, w)
	if err := s.Settle(ctx, &store.Settle{Now: c.Now(), Visit: store.Visit{Key: w.Key, Country: 1}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Forget(ctx, b.Key, a.Key, w.Key, Key("nobody")); err != nil {
		t.Fatal(err)
	}
	if got := reserve(t, s, c, b); got.Over != 0 {
		t.Error("the counter is still there")
	}
	if got := read(t, s, c, a); got.Failures != 0 {
		t.Error("the tally is still there")
	}
	got := answered(t, s, store.Reserve{Now: c.Now(), Wall: w, Profile: w.Key})
	if got.Wall.Failures != 0 || got.Profile.Successes != 1 {
		t.Errorf("wall %+v, profile %+v", got.Wall, got.Profile)
	}
}

func takeOnce(t *testing.T, s store.Store, _ *Clock) {
	if err := s.Keep(ctx, Key("k"), []byte("value"), time.Minute); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := must[[]byte](t)(s.Peek(ctx, Key("k"))); !bytes.Equal(got, []byte("value")) {
			t.Fatalf("%q", got)
		}
	}
	if got := must[[]byte](t)(s.Take(ctx, Key("k"))); !bytes.Equal(got, []byte("value")) {
		t.Fatalf("%q", got)
	}
	if _, err := s.Take(ctx, Key("k")); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("%v", err)
	}
	if _, err := s.Peek(ctx, Key("k")); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("%v", err)
	}
}

func parallelTake(t *testing.T, s store.Store, _ *Clock) {
	for range 20 {
		if err := s.Keep(ctx, Key("k"), []byte("value"), time.Minute); err != nil {
			t.Fatal(err)
		}
		var got atomic.Int64
		parallel(50, func() {
			if _, err := s.Take(ctx, Key("k")); err == nil {
				got.Add(1)
			}
		})
		if got.Load() != 1 {
			t.Fatalf("%d took it", got.Load())
		}
	}
}

func expire(t *testing.T, s store.Store, c *Clock) {
	if err := s.Keep(ctx, Key("k"), []byte("value"), time.Minute); err != nil {
		t.Fatal(err)
	}
	c.Move(50 * time.Second)
	if ok := must[bool](t)(s.Extend(ctx, Key("k"), time.Minute)); !ok {
		t.Fatal("it was there")
	}
	c.Move(50 * time.Second)
	if ok := must[bool](t)(s.Extend(ctx, Key("k"), time.Minute)); !ok {
		t.Fatal("it was extended")
	}
	c.Move(61 * time.Second)
	if _, err := s.Take(ctx, Key("k")); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("%v", err)
	}
	if ok := must[bool](t)(s.Extend(ctx, Key("k"), time.Minute)); ok {
		t.Fatal("what is gone is not extended")
	}
}

func expireTogether(t *testing.T, s store.Store, c *Clock) {
	const n = 100
	for i := range n {
		if err := s.Keep(ctx, Key(fmt.Sprint(i)), []byte("value"), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	c.Move(2 * time.Minute)
	for i := 1; i < n; i += 9 { // not in the order in which a heap gives them up
		k := Key(fmt.Sprint(i))
		if _, err := s.Peek(ctx, k); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("%d: %v", i, err)
		}
		if ok := must[bool](t)(s.Extend(ctx, k, time.Minute)); ok {
			t.Fatalf("%d was extended", i)
		}
		if _, err := s.Take(ctx, k); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("%d: %v", i, err)
		}
	}
}

func groups(t *testing.T, s store.Store, c *Clock) {
	replace := store.Group{Key: Key("same login"), Max: 2, Replace: true}
	refuse := store.Group{Key: Key("address"), Max: 3}
	keep := func(name string, g ...store.Group) error {
		c.Move(time.Millisecond)
		return s.Keep(ctx, Key(name), []byte(name), time.Minute, g...)
	}
	for i := range 5 {
		if err := keep(fmt.Sprint(i), replace, refuse); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	for i, want := range []bool{false, false, false, true, true} {
		if ok := must[bool](t)(s.Extend(ctx, Key(fmt.Sprint(i)), time.Minute)); ok != want {
			t.Errorf("%d is there: %v", i, ok)
		}
	}
	if err := keep("one more", refuse); err != nil {
		t.Fatal(err)
	}
	if err := keep("too many", refuse); !errors.Is(err, store.ErrFull) {
		t.Fatalf("%v", err)
	}
	if _, err := s.Take(ctx, Key("one more")); err != nil {
		t.Fatal(err)
	}
	if err := keep("room again", refuse); err != nil {
		t.Fatal(err)
	}
}

func spend(t *testing.T, s store.Store, c *Clock) {
	if !must[bool](t)(s.Spend(ctx, Key("n"), time.Minute)) {
		t.Fatal("the first is first")
	}
	if must[bool](t)(s.Spend(ctx, Key("n"), time.Minute)) {
		t.Fatal("the second is not")
	}
	c.Move(2 * time.Minute)
	if !must[bool](t)(s.Spend(ctx, Key("n"), time.Minute)) {
		t.Fatal("after its time it is forgotten")
	}
}

func parallelSpend(t *testing.T, s store.Store, _ *Clock) {
	var first atomic.Int64
	parallel(100, func() {
		if ok, err := s.Spend(ctx, Key("n"), time.Minute); err == nil && ok {
			first.Add(1)
		}
	})
	if first.Load() != 1 {
		t.Fatalf("%d were first", first.Load())
	}
}

func mark(t *testing.T, s store.Store, c *Clock) {
	at := c.Now()
	if err := s.Mark(ctx, Key("m"), at, time.Hour); err != nil {
		t.Fatal(err)
	}
	get := func() [store.MaxMarks]time.Time {
		return answered(t, s, store.Reserve{Now: c.Now(), Marks: []store.Key{Key("n"), Key("m")}}).Marks
	}
	if got := get(); !got[0].IsZero() || !got[1].Equal(at) {
		t.Fatalf("%v", got)
	}
	c.Move(2 * time.Hour)
	if got := get(); !got[1].IsZero() {
		t.Fatalf("after its time: %v", got)
	}
}

func flag(t *testing.T, s store.Store, c *Clock) {
	get := func() []bool {
		return must[[]bool](t)(s.Flagged(ctx, Key("a"), Key("b")))
	}
	if got := get(); got[0] || got[1] {
		t.Fatalf("%v", got)
	}
	if err := s.Flag(ctx, time.Hour, Key("a")); err != nil {
		t.Fatal(err)
	}
	if got := get(); !got[0] || got[1] {
		t.Fatalf("%v", got)
	}
	c.Move(61 * time.Minute)
	if got := get(); got[0] {
		t.Fatal("after its time the flag is still up")
	}
}
