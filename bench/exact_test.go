// Package bench asserts what is exact of what `make bench` measures:
// allocations, bytes a key, and that a flood of keys pushes out no budget
// that is spent. Times and instructions are printed and never asserted.
package bench

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/login-guard/login-guard/bench/inproc"
	"github.com/login-guard/login-guard/bench/limiters"
	"github.com/login-guard/login-guard/bench/work"
	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
)

// allocations are those of one unit of a case at bare Caddy and behind Login
// Guard.
func allocations(t *testing.T, name string) (bare, guard float64) {
	t.Helper()
	c, err := work.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	servers, stop, err := inproc.Start(t.TempDir(), c.Global(), c.Sites)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	return perUnit(t, c, work.Bare, servers), perUnit(t, c, work.Guard, servers)
}

// perUnit is the least of several short blocks: the store writes to disk
// meanwhile, and how much of that falls into a block is chance.
func perUnit(t *testing.T, c work.Case, site string, servers map[string]http.Handler) float64 {
	t.Helper()
	const blocks, runs = 20, 25
	p := &inproc.Player{Server: servers[site]}
	ops, err := c.Ops(p, site, 2*blocks*(runs+1))
	if err != nil {
		t.Fatal(err)
	}
	next := 0
	play := func() {
		if err := p.PlayAll(ops[next%len(ops)]); err != nil {
			t.Fatal(err)
		}
		next++
	}
	for range blocks * runs {
		play()
	}
	least := testing.AllocsPerRun(runs, play)
	for range blocks - 1 {
		least = min(least, testing.AllocsPerRun(runs, play))
	}
	return least
}

// What is no login is promised to cost next to nothing. The others are what
// they are: who makes them cost more is to know it, and who makes them cost
// less writes the lower figure here.
func TestAllocationsOverBareCaddy(t *testing.T) {
	for _, c := range []struct {
		work string
		most float64
	}{
		{"get", 1},
		{"post", 3},
		{"login", 68},
		{"login-new", 71},
		{"denied", 30},
	} {
		t.Run(c.work, func(t *testing.T) {
			bare, guard := allocations(t, c.work)
			if guard-bare > c.most {
				t.Errorf("%v allocations, bare Caddy %v: %v more, at most %v", guard, bare, guard-bare, c.most)
			}
		})
	}
}

func TestReservationAllocatesNothing(t *testing.T) {
	s := embedded.New(embedded.Options{Counters: 1 << 12, Tallies: 1 << 10, Profiles: 1 << 10})
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	charges := make([]store.Charge, 6)
	for i := range charges {
		charges[i] = store.Charge{Key: store.Key{1, 15: byte(i)}, Burst: 1000, Every: time.Second, Once: store.Key{2, 15: byte(i)}, OnceFor: time.Nanosecond}
	}
	q := store.Reserve{Charges: charges, Tallies: make([]store.Ask, store.MaxTallies), BusyAbove: 20,
		Wall: store.Wall{Key: store.Key{3}, GapFrom: 1000, RowFrom: 1000}, Profile: store.Key{3}, Marks: make([]store.Key, store.MaxMarks)}
	var got store.Reserved
	ctx := context.Background()
	if n := testing.AllocsPerRun(1000, func() {
		now = now.Add(time.Hour)
		q.Now = now
		if err := s.Reserve(ctx, &q, &got); err != nil || got.Taken != 1<<6-1 {
			t.Fatalf("taken %b, %v", got.Taken, err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestBytesAKey(t *testing.T) {
	const keys = 200_000
	for name, c := range map[string]struct {
		fill func(int) (limiters.Memory, error)
		most float64
	}{
		"budget":  {limiters.Counters, 48},
		"history": {limiters.History, 96},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := c.fill(keys)
			if err != nil {
				t.Fatal(err)
			}
			if m.PerKey > c.most {
				t.Errorf("%.1f bytes, at most %v", m.PerKey, c.most)
			}
			if m.Lost > 0.1 {
				t.Errorf("%.1f %% of the keys were pushed out with a quarter of the room to spare", 100*m.Lost)
			}
		})
	}
}

func TestFloodOfKeysForgetsNoSpentBudget(t *testing.T) {
	f, err := limiters.Attack(3_000_000)
	if err != nil {
		t.Fatal(err)
	}
	if f.Kept != f.Victims {
		t.Errorf("of %d spent budgets %d are still spent", f.Victims, f.Kept)
	}
	if f.Bytes > 400e6 {
		t.Errorf("%.0f MB, at most 400", f.Bytes/1e6)
	}
}
