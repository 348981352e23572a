package limiters

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
)

// Memory is what keys take.
type Memory struct {
	PerKey float64 // bytes of heap for each key that is still known
	Lost   float64 // share of keys pushed out by others
}

// heapOf is how much of the heap what fill returns holds on to.
func heapOf(fill func() any) float64 {
	var before, after runtime.MemStats
	settle(&before)
	kept := fill()
	settle(&after)
	runtime.KeepAlive(kept)
	return float64(after.HeapAlloc) - float64(before.HeapAlloc)
}

func settle(m *runtime.MemStats) {
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(m)
}

// tiny makes the tables that are not measured next to nothing.
const tiny = 4096

// Counters is the memory of n budgets.
func Counters(n int) (Memory, error) {
	return fill(embedded.Options{Memory: tiny, Counters: n * 4 / 3, Tallies: 1, Profiles: 1}, n, func(s *embedded.Store, i uint64) error {
		var got store.Reserved
		return s.Reserve(context.Background(), &store.Reserve{Now: start, Charges: []store.Charge{
			{Key: key(i/perAttempt, int(i%perAttempt)), Burst: peerEvents, Every: time.Minute}}}, &got)
	})
}

// History is the memory of n tallies: failures and successes of an address
// with the distinct accounts that failed.
func History(n int) (Memory, error) {
	return fill(embedded.Options{Memory: tiny, Counters: 1, Tallies: n * 4 / 3, Profiles: 1}, n, func(s *embedded.Store, i uint64) error {
		return s.Settle(context.Background(), &store.Settle{Now: start, Counts: []store.Count{{
			Ask: store.Ask{Key: key(i, 0), HalfLife: 12 * time.Hour, Window: 10 * time.Minute}, Failures: 1, FailedOf: mix(i)}}})
	})
}

func fill(o embedded.Options, n int, add func(*embedded.Store, uint64) error) (Memory, error) {
	var lost int64
	var err error
	bytes := heapOf(func() any {
		s := embedded.New(o)
		for i := range uint64(n) {
			if err = add(s, i); err != nil {
				return nil
			}
		}
		lost = s.Stats().Evictions
		return s
	})
	if err != nil {
		return Memory{}, err
	}
	if lost >= int64(n) {
		return Memory{}, fmt.Errorf("of %d keys none is left", n)
	}
	return Memory{PerKey: bytes / float64(int64(n)-lost), Lost: float64(lost) / float64(n)}, nil
}

// ZoneMemory is the memory of n keys of one zone of caddy-ratelimit.
func ZoneMemory(n, events int) Memory {
	bytes := heapOf(func() any {
		z := NewZone()
		for i := range uint64(n) {
			z.Take(text(i, 0), events, time.Hour)
		}
		return z
	})
	return Memory{PerKey: bytes / float64(n)}
}

// BucketMemory is the memory of n limiters of x/time/rate in a map.
func BucketMemory(n int) Memory {
	bytes := heapOf(func() any {
		b := NewBuckets()
		for i := range uint64(n) {
			b.Take(text(i, 0), peerEvents, time.Hour, start)
		}
		return b
	})
	return Memory{PerKey: bytes / float64(n)}
}

// Flood is what n keys of attackers do to a store as it comes.
type Flood struct {
	Bytes float64 // of heap
	// Victims are budgets that were spent before the flood, and Kept those
	// of them that were still spent after it.
	Victims, Kept int
}

// Attack spends the budget of some accounts' owners' addresses, lets n other
// keys in, each charged once, and looks whether the budgets are still spent.
func Attack(n int) (Flood, error) {
	f := Flood{Victims: 1000}
	ctx := context.Background()
	const burst, every = 5, 2 * time.Minute // the budget of an account from an address
	var err error
	charge := func(s *embedded.Store, k store.Key, at time.Time) (over bool) {
		var got store.Reserved
		if e := s.Reserve(ctx, &store.Reserve{Now: at, Charges: []store.Charge{{Key: k, Burst: burst, Every: every}}}, &got); e != nil {
			err = e
		}
		return got.Over != 0
	}
	f.Bytes = heapOf(func() any {
		s := embedded.New(embedded.Options{})
		for v := range f.Victims {
			for range burst {
				charge(s, key(uint64(v)|1<<59, 0), start)
			}
		}
		for i := range uint64(n) {
			charge(s, key(i/perAttempt, int(i%perAttempt)), start.Add(time.Second))
		}
		for v := range f.Victims {
			if charge(s, key(uint64(v)|1<<59, 0), start.Add(2*time.Second)) {
				f.Kept++
			}
		}
		return s
	})
	return f, err
}
