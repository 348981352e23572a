package embedded

import (
	"fmt"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// BenchmarkLockHold is what is done under one lock at a time, at most: each
// op is one hold, in tables that the processor's caches do not have.
func BenchmarkLockHold(b *testing.B) {
	now := time.Unix(1_800_000_000, 0)
	s := New(Options{Memory: 400 << 20, Clock: func() time.Time { return now }})
	for i := range s.counters.rows { // the system gives memory when it is written
		s.counters.rows[i].until = 1
	}
	for i := range s.tallies.rows {
		s.tallies.rows[i].last = 1
	}
	for i := range s.histories.rows {
		s.histories.tags[i], s.histories.rows[i].last = uint64(i+1), now.UnixNano()
	}
	b.Run("slice of counters for a snapshot", func(b *testing.B) {
		rows := make([]slot, sliceRows)
		for i := 0; b.Loop(); i += sliceRows {
			s.mu.Lock()
			copy(rows, s.counters.rows[i%(len(s.counters.rows)-sliceRows):])
			s.mu.Unlock()
		}
	})
	b.Run("slice of tallies for a snapshot", func(b *testing.B) {
		tags, rows := make([]uint64, sliceRows/4), make([]tally, sliceRows/4)
		for i := 0; b.Loop(); i += sliceRows / 4 {
			at := i % (len(s.tallies.rows) - sliceRows/4)
			s.mu.Lock()
			copy(tags, s.tallies.tags[at:])
			copy(rows, s.tallies.rows[at:])
			s.mu.Unlock()
		}
	})
	b.Run("slice of histories to write", func(b *testing.B) {
		tags := make([]uint64, 0, historySlice)
		for i := 0; b.Loop(); i += historySlice {
			tags = s.unsavedHistories(tags[:0], i%(len(s.histories.rows)-historySlice), false, now.UnixNano())
		}
	})
	b.Run("kept things that expired", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			n := New(Options{Memory: 1 << 20, Clock: func() time.Time { return now }})
			for i := range 20_000 {
				if err := n.Keep(b.Context(), store.Key{byte(i), byte(i >> 8), 1}, make([]byte, 100), time.Duration(1+i), store.Group{Key: store.Key{byte(i % 200)}, Max: 1000}); err != nil {
					b.Fatal(i, err)
				}
			}
			b.StartTimer()
			n.kept.mu.Lock()
			n.kept.expireLocked(now.UnixNano()+int64(time.Hour), expireAtOnce)
			n.kept.mu.Unlock()
		}
	})
	b.Run("all that one login asks for, in full sets", func(b *testing.B) {
		var out store.Reserved
		q := store.Reserve{Now: now}
		key := func(n, i int) store.Key {
			return store.Key([]byte(fmt.Sprintf("%08x%08x", uint32(n*2654435761), uint32((n<<8|i)*40503)))[:16])
		}
		q.Charges = make([]store.Charge, store.MaxCharges)
		q.Tallies = make([]store.Ask, store.MaxTallies)
		for n := 0; b.Loop(); n++ {
			b.StopTimer()
			for i := range q.Charges {
				q.Charges[i] = store.Charge{Key: key(n, i), Burst: 10, Every: time.Minute, Once: key(n, 20+i), OnceFor: time.Hour}
			}
			for i := range q.Tallies {
				q.Tallies[i] = store.Ask{Key: key(n, 40+i), HalfLife: time.Hour}
			}
			q.Wall = store.Wall{Key: key(n, 50), GapFrom: 20}
			b.StartTimer()
			if err := s.Reserve(b.Context(), &q, &out); err != nil {
				b.Fatal(err)
			}
		}
	})
}
