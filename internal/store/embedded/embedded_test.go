package embedded_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

func TestStoreKeepsItsContract(t *testing.T) {
	storetest.Run(t, func(_ *testing.T, c *storetest.Clock) store.Store {
		return embedded.New(embedded.Options{Clock: c.Now})
	})
}

func TestInventedNamesPushOutNoPenalisedAccount(t *testing.T) {
	c := storetest.NewClock()
	s := embedded.New(embedded.Options{Clock: c.Now, Counters: 1 << 10, Tallies: 1 << 10, Profiles: 1 << 10})
	victim := store.Wall{Key: storetest.Key("victim"), GapFrom: 20, RowFrom: 100}
	for range 19 {
		if _, err := storetest.Reserve(s, store.Reserve{Now: c.Now(), Wall: victim}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100_000 {
		w := store.Wall{Key: storetest.Key(fmt.Sprint("invented ", i)), GapFrom: 20, RowFrom: 100}
		if _, err := storetest.Reserve(s, store.Reserve{Now: c.Now(), Wall: w}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := storetest.Reserve(s, store.Reserve{Now: c.Now(), Wall: victim})
	if err != nil || got.Wall.Failures != 19 {
		t.Fatalf("the victim's wall is at %d (%v), want 19", got.Wall.Failures, err)
	}
	if s.Stats().Evictions == 0 {
		t.Error("evictions of live rows are not counted")
	}
}

func TestKeptBytesAreBounded(t *testing.T) {
	c := storetest.NewClock()
	s := embedded.New(embedded.Options{Clock: c.Now, KeptBytes: 1000})
	ctx := context.Background()
	kept := 0
	for i := range 20 {
		if s.Keep(ctx, storetest.Key(fmt.Sprint(i)), make([]byte, 100), time.Minute) == nil {
			kept++
		}
	}
	if kept != 10 {
		t.Errorf("kept %d of 100 bytes in 1000", kept)
	}
	c.Move(2 * time.Minute)
	if err := s.Keep(ctx, storetest.Key("later"), make([]byte, 1000), time.Minute); err != nil {
		t.Errorf("what expired still takes room: %v", err)
	}
}

func TestNoRoomForSpentMarkersMeansNotFirst(t *testing.T) {
	c := storetest.NewClock()
	s := embedded.New(embedded.Options{Clock: c.Now, Spent: 3})
	var first []string
	for i := range 100 {
		if ok, _ := s.Spend(context.Background(), storetest.Key(fmt.Sprint(i)), time.Hour); ok {
			first = append(first, fmt.Sprint(i))
		}
	}
	if len(first) < 3 || len(first) > 8 {
		t.Errorf("%d were first in 8 rows", len(first))
	}
	for _, name := range first {
		if ok, _ := s.Spend(context.Background(), storetest.Key(name), time.Hour); ok {
			t.Error("a check would be good twice")
		}
	}
	c.Move(2 * time.Hour)
	if ok, _ := s.Spend(context.Background(), storetest.Key("later"), time.Hour); !ok {
		t.Error("what ended still takes room")
	}
}

func TestAClockThatWasAheadKeepsNobodyLongerThanTheBurst(t *testing.T) {
	c := storetest.NewClock()
	s := embedded.New(embedded.Options{Memory: 1 << 20, Clock: c.Now})
	q := store.Reserve{Now: c.Now().Add(24 * time.Hour), Charges: []store.Charge{{Key: storetest.Key("b"), Burst: 3, Every: time.Minute}},
		Tallies: []store.Ask{{Key: storetest.Key("tally"), HalfLife: time.Hour}},
		Wall:    store.Wall{Key: storetest.Key("alice"), GapFrom: 1, RowFrom: 100}}
	q.Charges[0].Once, q.Charges[0].OnceFor = storetest.Key("once"), time.Minute
	if err := s.Settle(context.Background(), &store.Settle{Now: q.Now, Counts: []store.Count{{Ask: q.Tallies[0], Failures: 4}}}); err != nil {
		t.Fatal(err)
	}
	if got, err := storetest.Reserve(s, q); err != nil || got.Taken != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	q.Now = c.Now()
	got, err := storetest.Reserve(s, q) // charged before, and the wall says wait
	if err != nil || got.Over != 0 || got.Taken != 0 || got.Wall.Wait == 0 || got.Wall.Wait > time.Hour {
		t.Errorf("%+v, %v", got, err)
	}
	q.Now = q.Now.Add(2 * time.Hour)
	got, err = storetest.Reserve(s, q)
	if err != nil || got.Taken != 0 || got.Over != 1 || got.After[0] > 3*time.Minute || got.Wall.Wait != 0 || got.Wall.Failures != 0 {
		t.Errorf("two hours later, %+v, %v", got, err)
	}
	if got.Tallies[0].Failures > 1.01 {
		t.Errorf("failures do not age: %v", got.Tallies[0].Failures)
	}
	q.Now = q.Now.Add(got.After[0])
	if got, err := storetest.Reserve(s, q); err != nil || got.Taken != 1 {
		t.Errorf("and then: %+v, %v", got, err)
	}
}

func TestOtherKindsOfRowsPushOutNoBudget(t *testing.T) {
	c := storetest.NewClock()
	s := embedded.New(embedded.Options{Memory: 256 << 10, Clock: c.Now})
	spent := store.Charge{Key: storetest.Key("victim"), Burst: 5, Every: 2 * time.Minute}
	take := func(q store.Reserve) store.Reserved {
		q.Now = c.Now()
		got, err := storetest.Reserve(s, q)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for range 5 {
		take(store.Reserve{Charges: []store.Charge{spent}})
	}
	for i := range uint64(50_000) { // markers of an hour and flags of a day
		b := store.Charge{Key: storetest.Key("shared"), Burst: 1 << 20, Every: time.Millisecond, Once: numbered(i), OnceFor: time.Hour}
		take(store.Reserve{Charges: []store.Charge{b}})
		if err := s.Flag(context.Background(), 24*time.Hour, numbered(i)); err != nil {
			t.Fatal(err)
		}
	}
	if got := take(store.Reserve{Charges: []store.Charge{spent}}); got.Over != 1 {
		t.Error("a spent budget was pushed out")
	}
	if s.Stats().Evictions == 0 {
		t.Error("the flood was too small to show anything")
	}
}

func TestAReservationAllocatesNothing(t *testing.T) {
	s := embedded.New(embedded.Options{Memory: 1 << 20})
	g := guess{address: 1, account: 2}
	q := g.reserve(time.Now())
	settle := store.Settle{Now: q.Now, Counts: []store.Count{{Ask: q.Tallies[0], Failures: 1}}, Refund: q.Charges[:2],
		Visit: store.Visit{Key: numbered(3), Country: 1}}
	var out store.Reserved
	ctx := context.Background()
	if n := testing.AllocsPerRun(1000, func() {
		if err := s.Reserve(ctx, &q, &out); err != nil {
			t.Fatal(err)
		}
		if err := s.Settle(ctx, &settle); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
