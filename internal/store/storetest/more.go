package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

type testCase = struct {
	name string
	run  func(*testing.T, store.Store, *Clock)
}

// more are cases at the edges of what the others promise.
func more() []testCase {
	return []testCase{
		{"AllThatFitsInOneReservation", fullReservation},
		{"MoreThanFitsIsRefused", tooMany},
		{"NothingAskedIsNothingTaken", nothing},
		{"OneBudgetTwiceIsChargedTwice", sameBudget},
		{"WhatWasChargedBeforeIsNotStoppedByItsBudget", chargedBefore},
		{"EachSpentBudgetSaysHowLong", severalSpent},
		{"UnitsComeBackOneByOneAfterARefund", refundPartly},
		{"ARowOfFailuresLeadsToTheLongestGap", rowGap},
		{"AGapGivenBackIsAsItWasUnlessAnotherWasSet", gapBack},
		{"ASuccessBeginsANewRow", newRow},
		{"SucceededOthersAreCountedForADay", succeededOf},
		{"TheWindowOfFailedOthersIsHalfToWhole", halfWindow},
		{"AFullProfileForgetsTheOldest", fullProfile},
		{"KeptValuesComeBackByteForByte", keptBytes},
		{"KeepingAgainReplacesValueAndGroups", keepAgain},
		{"WhatIsReplacedLeavesItsOtherGroups", replacedLeaves},
		{"WhatExpiresLeavesItsGroups", expiredLeaves},
		{"WhatIsRefusedIsNotKept", refusedNotKept},
		{"ALaterMarkReplacesAnEarlierOne", laterMark},
		{"KindsOfRowsDoNotMix", kindsApart},
	}
}

func settle(t *testing.T, s store.Store, q store.Settle) {
	t.Helper()
	if err := s.Settle(ctx, &q); err != nil {
		t.Fatal(err)
	}
}

func fullReservation(t *testing.T, s store.Store, c *Clock) {
	q := store.Reserve{Now: c.Now(), Wall: store.Wall{Key: Key("account"), GapFrom: 20, RowFrom: 100}, Profile: Key("account"), BusyAbove: 20}
	for i := range store.MaxCharges {
		b := charge(fmt.Sprint("budget ", i), 1+i%2, time.Hour)
		b.Once, b.OnceFor = Key(fmt.Sprint("once ", i)), time.Minute
		b.Soft = store.SoftAlways
		q.Charges = append(q.Charges, b)
	}
	for i := range store.MaxTallies {
		a := store.Ask{Key: Key(fmt.Sprint("tally ", i)), HalfLife: time.Hour, Window: time.Hour}
		q.Tallies = append(q.Tallies, a)
		count(t, s, c, store.Count{Ask: a, Failures: float64(i)})
	}
	for i := range store.MaxMarks {
		q.Marks = append(q.Marks, Key(fmt.Sprint("mark ", i)))
	}
	if err := s.Mark(ctx, q.Marks[1], c.Now(), time.Hour); err != nil {
		t.Fatal(err)
	}
	settle(t, s, store.Settle{Now: c.Now(), Visit: store.Visit{Key: q.Profile, Country: 7}})
	const all = 1<<store.MaxCharges - 1
	got := answered(t, s, q)
	if got.Taken != all || got.Over != 0 || !got.WallTaken || got.Profile.Countries[0] != 7 || !got.Marks[1].Equal(c.Now()) || !got.Marks[0].IsZero() {
		t.Fatalf("%+v", got)
	}
	for i := range q.Tallies {
		if got.Tallies[i].Failures != float64(i) {
			t.Errorf("tally %d: %+v", i, got.Tallies[i])
		}
	}
	if got := answered(t, s, q); got.Taken != 0 || got.Over != 0 || got.Wall.Failures != 1 {
		t.Fatalf("again, within its time: %+v", got)
	}
	c.Move(2 * time.Minute)
	q.Now = c.Now()
	const odd = 0b101010101010 // those with two units
	if got := answered(t, s, q); got.Taken != odd || got.Over != all&^odd {
		t.Fatalf("later: taken %b, over %b", got.Taken, got.Over)
	}
}

func tooMany(t *testing.T, s store.Store, c *Clock) {
	for name, q := range map[string]store.Reserve{
		"charges": {Charges: make([]store.Charge, store.MaxCharges+1)},
		"tallies": {Tallies: make([]store.Ask, store.MaxTallies+1)},
		"marks":   {Marks: make([]store.Key, store.MaxMarks+1)},
	} {
		q.Now = c.Now()
		if _, err := Reserve(s, q); !errors.Is(err, store.ErrTooMany) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func nothing(t *testing.T, s store.Store, c *Clock) {
	got := store.Reserved{Taken: 5, Brief: true}
	if err := s.Reserve(ctx, &store.Reserve{Now: c.Now()}, &got); err != nil || got != (store.Reserved{}) {
		t.Errorf("%+v, %v", got, err)
	}
	settle(t, s, store.Settle{Now: c.Now()})
	if err := s.Forget(ctx); err != nil {
		t.Error(err)
	}
	if up, err := s.Flagged(ctx); err != nil || len(up) != 0 {
		t.Errorf("%v, %v", up, err)
	}
}

func sameBudget(t *testing.T, s store.Store, c *Clock) {
	b := charge("b", 3, time.Hour)
	if got := reserve(t, s, c, b, b); got.Taken != 3 {
		t.Fatalf("taken %b", got.Taken)
	}
	if got := reserve(t, s, c, b); got.Taken != 1 {
		t.Fatal("the third unit")
	}
	if got := reserve(t, s, c, b); got.Over != 1 {
		t.Fatal("there were three")
	}
}

func chargedBefore(t *testing.T, s store.Store, c *Clock) {
	b, other := charge("b", 1, time.Hour), charge("other", 9, time.Hour)
	b.Once, b.OnceFor = Key("this"), time.Hour
	for range 3 {
		if got := reserve(t, s, c, b, other); got.Over != 0 || got.Taken&2 == 0 {
			t.Fatalf("over %b, taken %b", got.Over, got.Taken)
		}
	}
	b.Once = Key("that")
	for range 3 {
		if got := reserve(t, s, c, b, other); got.Over != 1 || got.Taken != 0 {
			t.Fatalf("another: over %b, taken %b", got.Over, got.Taken)
		}
	}
	b.Once = Key("this")
	if got := reserve(t, s, c, b, other); got.Over != 0 || got.Taken != 2 {
		t.Fatalf("the first again: over %b, taken %b", got.Over, got.Taken)
	}
}

func severalSpent(t *testing.T, s store.Store, c *Clock) {
	a, b, free := charge("a", 1, time.Minute), charge("b", 2, time.Hour), charge("free", 1, time.Hour)
	reserve(t, s, c, a, b)
	reserve(t, s, c, b)
	got := reserve(t, s, c, a, free, b)
	if got.Over != 0b101 || got.Taken != 0 || got.After[0] != time.Minute || got.After[1] != 0 || got.After[2] != time.Hour || got.MaxAfter() != time.Hour {
		t.Fatalf("over %b, after %v", got.Over, got.After)
	}
}

func refundPartly(t *testing.T, s store.Store, c *Clock) {
	b := charge("b", 3, time.Minute)
	for range 3 {
		reserve(t, s, c, b)
	}
	settle(t, s, store.Settle{Now: c.Now(), Refund: []store.Charge{b}})
	if got := reserve(t, s, c, b); got.Taken != 1 {
		t.Fatal("one was given back")
	}
	if got := reserve(t, s, c, b); got.Over != 1 || got.After[0] != time.Minute {
		t.Fatalf("only one was: over %b, after %v", got.Over, got.After[0])
	}
	c.Move(90 * time.Second)
	if got := reserve(t, s, c, b); got.Taken != 1 {
		t.Fatal("one came back")
	}
	if got := reserve(t, s, c, b); got.Over != 1 || got.After[0] != 30*time.Second {
		t.Fatalf("and half of another: over %b, after %v", got.Over, got.After[0])
	}
}

func rowGap(t *testing.T, s store.Store, c *Clock) {
	w := store.Wall{Key: Key("alice"), RowFrom: 5}
	for range 5 {
		if got := hit(t, s, c, w); got.Wall.Wait != 0 {
			t.Fatal("too early")
		}
		c.Move(2 * time.Hour) // whatever leaks, a row is a row
	}
	hit(t, s, c, w)
	if got := hit(t, s, c, w); got.Wall.Wait != time.Hour || got.WallTaken || got.Wall.Row != 6 {
		t.Fatalf("%+v", got.Wall)
	}
}

func gapBack(t *testing.T, s store.Store, c *Clock) {
	w := store.Wall{Key: Key("alice"), GapFrom: 1}
	first := hit(t, s, c, w)
	back := func(r store.Reserved) {
		settle(t, s, store.Settle{Now: c.Now(), Wall: w.Key, WallRefund: true, WallGap: r.WallGap, WallSet: r.WallSet})
	}
	back(first)
	if got := hit(t, s, c, w); got.Wall.Wait != 0 || got.Wall.Failures != 0 {
		t.Fatalf("given back: %+v", got.Wall)
	}
	c.Move(time.Minute)
	slow := hit(t, s, c, w)
	if !slow.WallTaken {
		t.Fatalf("after the gap: %+v", slow.Wall)
	}
	c.Move(2 * time.Minute)
	if got := hit(t, s, c, w); !got.WallTaken {
		t.Fatalf("after the second gap: %+v", got.Wall)
	}
	back(slow)
	if got := hit(t, s, c, w); got.Wall.Wait == 0 {
		t.Fatal("another attempt's gap is gone")
	}
}

func newRow(t *testing.T, s store.Store, c *Clock) {
	w := store.Wall{Key: Key("alice"), RowFrom: 100}
	for range 7 {
		hit(t, s, c, w)
	}
	settle(t, s, store.Settle{Now: c.Now(), Wall: w.Key, WallReset: true})
	if got := hit(t, s, c, w); got.Wall.Row != 0 || got.Wall.Failures != 7 {
		t.Fatalf("%+v, want a new row and nobody's failures forgotten", got.Wall)
	}
}

func succeededOf(t *testing.T, s store.Store, c *Clock) {
	a := store.Ask{Key: Key("x"), HalfLife: time.Hour, Window: time.Hour}
	for i := range 5 {
		count(t, s, c, store.Count{Ask: a, Successes: 1, SucceededOf: uint64(i) | 1<<63})
	}
	c.Move(11 * time.Hour)
	if got := read(t, s, c, a); got.SucceededOf < 4 || got.SucceededOf > 6 || got.FailedOf != 0 {
		t.Fatalf("the same day: %+v", got)
	}
	c.Move(25 * time.Hour)
	if got := read(t, s, c, a).SucceededOf; got != 0 {
		t.Fatalf("a day later: %d", got)
	}
}

func halfWindow(t *testing.T, s store.Store, c *Clock) {
	a := store.Ask{Key: Key("x"), HalfLife: time.Hour, Window: 10 * time.Minute}
	for i := range 3 {
		count(t, s, c, store.Count{Ask: a, Failures: 1, FailedOf: uint64(i) | 1<<63})
	}
	c.Move(5 * time.Minute)
	for i := range 3 {
		count(t, s, c, store.Count{Ask: a, Failures: 1, FailedOf: uint64(10+i) | 1<<63})
	}
	if got := read(t, s, c, a).FailedOf; got < 5 || got > 7 {
		t.Fatalf("%d within the window, want 6", got)
	}
	c.Move(5 * time.Minute)
	if got := read(t, s, c, a).FailedOf; got < 2 || got > 4 {
		t.Fatalf("%d within the window, want 3", got)
	}
}

func fullProfile(t *testing.T, s store.Store, c *Clock) {
	for i := range uint32(10) {
		settle(t, s, store.Settle{Now: c.Now(), Visit: store.Visit{Key: Key("alice"), Country: 1 + i, ASN: 1 + i, Family: 1 + i, Address: 1 + i}})
	}
	settle(t, s, store.Settle{Now: c.Now(), Visit: store.Visit{Key: Key("alice"), Country: 8, Address: 5}})
	got := answered(t, s, store.Reserve{Now: c.Now(), Profile: Key("alice")}).Profile
	want := store.Profile{Successes: 11, Last: got.Last, Countries: [4]uint32{8, 10, 9, 7}, ASNs: [6]uint32{10, 9, 8, 7, 6, 5},
		Families: [4]uint32{10, 9, 8, 7}, Addresses: [8]uint32{5, 10, 9, 8, 7, 6, 4, 3}}
	if got != want {
		t.Fatalf("%+v\nwant %+v", got, want)
	}
}

func keptBytes(t *testing.T, s store.Store, _ *Clock) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for name, v := range map[string][]byte{"empty": {}, "small": []byte("x"), "every byte": all, "large": bytes.Repeat(all, 256)} {
		if err := s.Keep(ctx, Key(name), bytes.Clone(v), time.Minute, store.Group{Key: Key("g"), Max: 9}); err != nil {
			t.Fatal(err)
		}
		if got := must[[]byte](t)(s.Peek(ctx, Key(name))); !bytes.Equal(got, v) {
			t.Errorf("%s: peeked at %d other bytes", name, len(got))
		}
		if got := must[[]byte](t)(s.Take(ctx, Key(name))); !bytes.Equal(got, v) {
			t.Errorf("%s: took %d other bytes", name, len(got))
		}
	}
}

func keepAgain(t *testing.T, s store.Store, _ *Clock) {
	one, two := store.Group{Key: Key("one"), Max: 1}, store.Group{Key: Key("two"), Max: 1}
	keep := func(name, value string, g ...store.Group) error {
		return s.Keep(ctx, Key(name), []byte(value), time.Minute, g...)
	}
	for _, v := range []string{"first", "second"} { // itself is no other
		if err := keep("k", v, one); err != nil {
			t.Fatal(err)
		}
	}
	if got := must[[]byte](t)(s.Peek(ctx, Key("k"))); string(got) != "second" {
		t.Fatalf("%q", got)
	}
	if err := keep("k", "third", two); err != nil {
		t.Fatal(err)
	}
	if err := keep("l", "other", one); err != nil {
		t.Fatalf("its place in the first group is free: %v", err)
	}
	if err := keep("m", "other", two); !errors.Is(err, store.ErrFull) {
		t.Fatalf("its place in the second is not: %v", err)
	}
}

func replacedLeaves(t *testing.T, s store.Store, c *Clock) {
	same, host := store.Group{Key: Key("same"), Max: 1, Replace: true}, store.Group{Key: Key("host"), Max: 1}
	for i := range 4 {
		c.Move(time.Millisecond)
		if err := s.Keep(ctx, Key(fmt.Sprint(i)), []byte("v"), time.Minute, host, same); err != nil {
			// The order of the groups does not matter to a store that knows
			// all of them at once; one that does not looks at those whose
			// oldest goes first.
			if err := s.Keep(ctx, Key(fmt.Sprint(i)), []byte("v"), time.Minute, same, host); err != nil {
				t.Fatalf("%d: %v", i, err)
			}
		}
	}
	if _, err := s.Take(ctx, Key("2")); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("%v", err)
	}
	if _, err := s.Take(ctx, Key("3")); err != nil {
		t.Fatal(err)
	}
}

func expiredLeaves(t *testing.T, s store.Store, c *Clock) {
	g := store.Group{Key: Key("g"), Max: 2}
	keep := func(name string, ttl time.Duration) error { return s.Keep(ctx, Key(name), []byte("v"), ttl, g) }
	if err := errors.Join(keep("short", time.Minute), keep("long", time.Minute)); err != nil {
		t.Fatal(err)
	}
	if ok := must[bool](t)(s.Extend(ctx, Key("long"), time.Hour)); !ok {
		t.Fatal("it was there")
	}
	if err := keep("third", time.Minute); !errors.Is(err, store.ErrFull) {
		t.Fatalf("%v", err)
	}
	c.Move(2 * time.Minute)
	if err := keep("third", time.Minute); err != nil {
		t.Fatalf("one expired: %v", err)
	}
	if err := keep("fourth", time.Minute); !errors.Is(err, store.ErrFull) {
		t.Fatalf("one was extended: %v", err)
	}
}

func refusedNotKept(t *testing.T, s store.Store, _ *Clock) {
	full, other := store.Group{Key: Key("full"), Max: 1}, store.Group{Key: Key("other"), Max: 1}
	if err := s.Keep(ctx, Key("first"), []byte("v"), time.Minute, full); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := s.Keep(ctx, Key("second"), []byte("v"), time.Minute, other, full); !errors.Is(err, store.ErrFull) {
			t.Fatalf("%v", err)
		}
	}
	if _, err := s.Peek(ctx, Key("second")); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("%v", err)
	}
	if err := s.Keep(ctx, Key("third"), []byte("v"), time.Minute, other); err != nil {
		t.Fatalf("what was refused holds a place: %v", err)
	}
}

func laterMark(t *testing.T, s store.Store, c *Clock) {
	for range 3 {
		c.Move(time.Minute + 123456789)
		if err := s.Mark(ctx, Key("m"), c.Now(), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if got := answered(t, s, store.Reserve{Now: c.Now(), Marks: []store.Key{Key("m")}}).Marks[0]; !got.Equal(c.Now()) {
		t.Fatalf("%v, want %v", got, c.Now())
	}
}

// One key may name a budget, a tally, a wall, a kept thing and more.
func kindsApart(t *testing.T, s store.Store, c *Clock) {
	k := Key("k")
	ask := store.Ask{Key: k, HalfLife: time.Hour}
	if !must[bool](t)(s.Spend(ctx, k, time.Minute)) {
		t.Fatal("spent")
	}
	if err := errors.Join(s.Keep(ctx, k, []byte("v"), time.Minute, store.Group{Key: k, Max: 1}), s.Mark(ctx, k, c.Now(), time.Hour)); err != nil {
		t.Fatal(err)
	}
	settle(t, s, store.Settle{Now: c.Now(), Counts: []store.Count{{Ask: ask, Failures: 2}}, Visit: store.Visit{Key: k, Country: 3}})
	got := answered(t, s, store.Reserve{Now: c.Now(), Charges: []store.Charge{{Key: k, Burst: 1, Every: time.Hour}}, Tallies: []store.Ask{ask},
		Wall: store.Wall{Key: k, GapFrom: 20}, Profile: k, Marks: []store.Key{k}})
	if got.Taken != 1 || got.Tallies[0].Failures != 2 || got.Profile.Countries[0] != 3 || got.Wall.Failures != 0 || !got.Marks[0].Equal(c.Now()) {
		t.Fatalf("%+v", got)
	}
	if v := must[[]byte](t)(s.Take(ctx, k)); string(v) != "v" {
		t.Fatalf("%q", v)
	}
	if must[bool](t)(s.Spend(ctx, k, time.Minute)) {
		t.Fatal("taking it made it unspent")
	}
}
