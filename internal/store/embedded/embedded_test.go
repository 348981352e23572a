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
