package storetest

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

func rowTests() []testCase {
	return []testCase{
		{"ARowIsMadeOnce", rowOnce},
		{"ARowIsChangedFromItsLatestVersionOnly", rowVersions},
		{"ADeletedRowIsGoneAndItsVersionWithIt", rowDelete},
		{"ARowEndsWithItsTime", rowEnds},
		{"EachSwapSetsTheTimeAnew", rowTime},
		{"OfManySwapsOfOneVersionOneWins", rowRace},
		{"OfManyMakersOfARowOneWins", rowMakers},
		{"ManyRowsAtOnceDoNotMix", rowMany},
		{"AFloodOfCountersPushesOutNoRow", rowFlood},
		{"EachRowListsWhatIsThereAndNothingElse", rowEach},
		{"ARowThatIsTooLargeIsRefused", rowTooLarge},
		{"NothingIsLostUnlessItIs", rowNoLoss},
	}
}

// grouped is a key of a group.
func grouped(group uint64, name string) store.Key {
	k := Key(name)
	for i := range 8 {
		k[i] = byte(group >> (56 - 8*i))
	}
	return k
}

func rowIs(t *testing.T, s store.Store, k store.Key, value string, version uint64) {
	t.Helper()
	got, err := s.LoadRow(ctx, k)
	if err != nil || string(got.Value) != value || got.Version != version || version == 0 {
		t.Fatalf("%q of version %d (%v), want %q of %d", got.Value, got.Version, err, value, version)
	}
	if !s.KnownRow(k) {
		t.Fatal("it is not known")
	}
}

func noRow(t *testing.T, s store.Store, k store.Key) {
	t.Helper()
	if got, err := s.LoadRow(ctx, k); !errors.Is(err, store.ErrNotFound) || got.Version != 0 || got.Value != nil {
		t.Fatalf("%q of version %d, %v", got.Value, got.Version, err)
	}
	if s.KnownRow(k) {
		t.Fatal("it is known")
	}
}

func swap(t *testing.T, s store.Store, k store.Key, old uint64, value string, ttl time.Duration) uint64 {
	t.Helper()
	v, err := s.SwapRow(ctx, k, old, []byte(value), ttl)
	if err != nil || v == 0 {
		t.Fatalf("version %d, %v", v, err)
	}
	return v
}

func rowConflict(t *testing.T, s store.Store, k store.Key, old uint64, value []byte) {
	t.Helper()
	if v, err := s.SwapRow(ctx, k, old, value, 0); !errors.Is(err, store.ErrConflict) || v != 0 {
		t.Fatalf("version %d in place of %d, %v", v, old, err)
	}
}

func rowOnce(t *testing.T, s store.Store, _ *Clock) {
	k := Key("a")
	if _, err := s.LoadRow(ctx, k); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	v := swap(t, s, k, 0, "one", 0)
	rowIs(t, s, k, "one", v)
	rowConflict(t, s, k, 0, []byte("two"))
	rowIs(t, s, k, "one", v)
	noRow(t, s, Key("b"))
	empty := swap(t, s, Key("c"), 0, "", 0)
	rowIs(t, s, Key("c"), "", empty)
}

func rowVersions(t *testing.T, s store.Store, _ *Clock) {
	k := Key("a")
	rowConflict(t, s, k, 7, []byte("of nothing"))
	noRow(t, s, k)
	seen := map[uint64]bool{}
	v := swap(t, s, k, 0, "0", 0)
	for i := range 20 {
		next := swap(t, s, k, v, fmt.Sprint(i), 0)
		rowConflict(t, s, k, v, []byte("late"))
		if seen[v] || next == v {
			t.Fatal("a version came twice")
		}
		seen[v] = true
		v = next
	}
	rowIs(t, s, k, "19", v)
}

func rowDelete(t *testing.T, s store.Store, _ *Clock) {
	k := Key("a")
	v := swap(t, s, k, 0, "x", 0)
	rowConflict(t, s, k, v+1, nil)
	rowIs(t, s, k, "x", v)
	if got, err := s.SwapRow(ctx, k, v, nil, 0); err != nil || got != 0 {
		t.Fatal(got, err)
	}
	noRow(t, s, k)
	rowConflict(t, s, k, v, nil)
	again := swap(t, s, k, 0, "x", 0)
	if again == v {
		t.Fatal("a version came back")
	}
	rowConflict(t, s, k, v, []byte("y"))
	rowIs(t, s, k, "x", again)
}

func rowEnds(t *testing.T, s store.Store, c *Clock) {
	k := Key("a")
	v := swap(t, s, k, 0, "x", time.Minute)
	swap(t, s, Key("b"), 0, "y", 0)
	c.Move(59 * time.Second)
	rowIs(t, s, k, "x", v)
	c.Move(2 * time.Second)
	noRow(t, s, k)
	rowConflict(t, s, k, v, []byte("late"))
	v = swap(t, s, k, 0, "z", 0)
	c.Move(1000 * 24 * time.Hour)
	rowIs(t, s, k, "z", v)
	if _, err := s.LoadRow(ctx, Key("b")); err != nil {
		t.Fatal(err)
	}
}

func rowTime(t *testing.T, s store.Store, c *Clock) {
	k := Key("a")
	v := swap(t, s, k, 0, "x", time.Minute)
	c.Move(50 * time.Second)
	v = swap(t, s, k, v, "y", time.Minute)
	c.Move(50 * time.Second)
	rowIs(t, s, k, "y", v)
	v = swap(t, s, k, v, "z", 0)
	c.Move(time.Hour)
	rowIs(t, s, k, "z", v)
	swap(t, s, k, v, "end", time.Second)
	c.Move(2 * time.Second)
	noRow(t, s, k)
}

func rowRace(t *testing.T, s store.Store, _ *Clock) {
	k := Key("a")
	v := swap(t, s, k, 0, "x", 0)
	var won atomic.Int32
	var next atomic.Uint64
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			got, err := s.SwapRow(ctx, k, v, fmt.Append(nil, i), 0)
			switch {
			case err == nil:
				won.Add(1)
				next.Store(got)
			case !errors.Is(err, store.ErrConflict):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Fatalf("%d of 100 swaps of one version won", won.Load())
	}
	if got, err := s.LoadRow(ctx, k); err != nil || got.Version != next.Load() {
		t.Fatal(got, err)
	}
}

func rowMakers(t *testing.T, s store.Store, _ *Clock) {
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			if _, err := s.SwapRow(ctx, Key("a"), 0, fmt.Append(nil, i), time.Hour); err == nil {
				won.Add(1)
			} else if !errors.Is(err, store.ErrConflict) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Fatalf("%d of 100 made the row", won.Load())
	}
}

func rowMany(t *testing.T, s store.Store, _ *Clock) {
	const n = 64
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			k, v := Key(fmt.Sprint(i)), uint64(0)
			for round := range 5 {
				next, err := s.SwapRow(ctx, k, v, fmt.Append(nil, i, round), 0)
				if err != nil {
					t.Error(err)
					return
				}
				v = next
			}
		})
	}
	wg.Wait()
	for i := range n {
		if got, err := s.LoadRow(ctx, Key(fmt.Sprint(i))); err != nil || string(got.Value) != fmt.Sprint(i, 4) {
			t.Fatalf("%d: %q, %v", i, got.Value, err)
		}
	}
}

func rowFlood(t *testing.T, s store.Store, c *Clock) {
	for i := range 50 {
		swap(t, s, Key(fmt.Sprint("row ", i)), 0, fmt.Sprint(i), 0)
	}
	for i := range 5000 {
		reserve(t, s, c, charge(fmt.Sprint("flood ", i), 5, time.Hour))
	}
	for i := range 50 {
		if got, err := s.LoadRow(ctx, Key(fmt.Sprint("row ", i))); err != nil || string(got.Value) != fmt.Sprint(i) {
			t.Fatalf("%d: %q, %v", i, got.Value, err)
		}
	}
}

// Rows lists what EachRow does.
func Rows(t *testing.T, s store.Store, group uint64) map[store.Key]string {
	t.Helper()
	got := make(map[store.Key]string)
	if err := s.EachRow(ctx, group, func(k store.Key, r store.Row) error {
		if _, twice := got[k]; twice || r.Version == 0 {
			t.Errorf("%x twice, or without a version", k)
		}
		got[k] = string(r.Value)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return got
}

func rowEach(t *testing.T, s store.Store, c *Clock) {
	want, all := map[store.Key]string{}, map[store.Key]string{}
	for i := range 30 {
		name := fmt.Sprint(i)
		k := grouped(1+uint64(i%3), name)
		ttl := time.Duration(0)
		if i%5 == 4 {
			ttl = time.Minute
		}
		v := swap(t, s, k, 0, name, ttl)
		switch {
		case i%7 == 6:
			if _, err := s.SwapRow(ctx, k, v, nil, 0); err != nil {
				t.Fatal(err)
			}
		case ttl == 0:
			all[k] = name
			if i%3 == 1 {
				want[k] = name
			}
		}
	}
	c.Move(2 * time.Minute)
	if got := Rows(t, s, 2); !maps.Equal(got, want) || len(want) == 0 {
		t.Errorf("%d of group 2, want %d", len(got), len(want))
	}
	if got := Rows(t, s, 0); !maps.Equal(got, all) {
		t.Errorf("%d of all, want %d", len(got), len(all))
	}
	if got := Rows(t, s, 99); len(got) != 0 {
		t.Errorf("%d of a group that has none", len(got))
	}
	stop := errors.New("enough")
	n := 0
	if err := s.EachRow(ctx, 0, func(k store.Key, r store.Row) error {
		n++
		if _, err := s.SwapRow(ctx, k, r.Version, nil, 0); err != nil {
			t.Error(err)
		}
		return stop
	}); !errors.Is(err, stop) || n != 1 {
		t.Errorf("%d after the end, %v", n, err)
	}
	if got := Rows(t, s, 0); len(got) != len(all)-1 {
		t.Errorf("%d are left of %d, and one was deleted", len(got), len(all))
	}
}

func rowTooLarge(t *testing.T, s store.Store, _ *Clock) {
	k := Key("a")
	if _, err := s.SwapRow(ctx, k, 0, make([]byte, store.MaxRow+1), 0); !errors.Is(err, store.ErrTooLarge) {
		t.Fatal(err)
	}
	noRow(t, s, k)
	largest := make([]byte, store.MaxRow)
	for i := range largest {
		largest[i] = byte(i * 7)
	}
	v := swap(t, s, k, 0, string(largest), 0)
	rowIs(t, s, k, string(largest), v)
}

func rowNoLoss(t *testing.T, s store.Store, _ *Clock) {
	v := swap(t, s, Key("a"), 0, "x", 0)
	swap(t, s, Key("b"), 0, "x", time.Hour)
	if n, err := s.AcceptLoss(ctx); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	rowIs(t, s, Key("a"), "x", v)
	if got := s.Stats(); got.LostRows != 0 || got.KnownRows != 2 {
		t.Errorf("%+v", got)
	}
}

// RunRowsSurvive checks that rows are there after each of the ways to end and
// begin again that reopen stands for.
func RunRowsSurvive(t *testing.T, c *Clock, s store.Store, reopen func() store.Store) {
	kept, gone, short, changed := Key("kept"), Key("gone"), Key("short"), Key("changed")
	v := swap(t, s, kept, 0, "factors", 0)
	if _, err := s.SwapRow(ctx, gone, swap(t, s, gone, 0, "x", 0), nil, 0); err != nil {
		t.Fatal(err)
	}
	w := swap(t, s, short, 0, "session", time.Hour)
	x := swap(t, s, changed, swap(t, s, changed, 0, "1", 0), "2", 0)
	for range 2 {
		s = reopen()
		if !s.KnownRow(kept) || !s.KnownRow(short) || s.KnownRow(gone) || s.KnownRow(Key("other")) {
			t.Error("what is known before anything is loaded is wrong")
		}
		rowIs(t, s, kept, "factors", v)
		rowIs(t, s, short, "session", w)
		rowIs(t, s, changed, "2", x)
		noRow(t, s, gone)
		rowConflict(t, s, kept, 0, []byte("y"))
	}
	c.Move(2 * time.Hour)
	s = reopen()
	noRow(t, s, short)
	if got := Rows(t, s, 0); len(got) != 2 {
		t.Errorf("%d rows, want 2", len(got))
	}
}
