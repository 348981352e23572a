package embedded_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
)

// numbered makes a key that looks like a keyed hash, at no cost (splitmix64,
// Steele et al. 2014).
func numbered(i uint64) (k store.Key) {
	mix := func(z uint64) uint64 {
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return z ^ z>>31
	}
	binary.LittleEndian.PutUint64(k[:8], mix(2*i+1))
	binary.LittleEndian.PutUint64(k[8:], mix(2*i+2))
	return k
}

// BenchmarkReserveSixKeys takes one unit from each of six budgets, drawn at
// random from a number of keys that are all in the table before.
//
//	go test -run '^$' -bench ReserveSixKeys -cpu 1 -count 5 ./internal/store/embedded
func BenchmarkReserveSixKeys(b *testing.B) {
	ctx := context.Background()
	now := time.Unix(1_800_000_000, 0)
	for _, table := range []struct {
		name string
		rows func(keys int) int
	}{
		{"sized", func(keys int) int { return keys * 3 / 2 }},
		{"large", func(int) int { return 15_000_000 }},
	} {
		for _, keys := range []int{1e4, 1e5, 1e6, 1e7} {
			b.Run(fmt.Sprintf("%s/%.0e", table.name, float64(keys)), func(b *testing.B) {
				s := embedded.New(embedded.Options{Counters: table.rows(keys), Tallies: 64, Profiles: 64})
				charges := make([]store.Charge, 6)
				q := store.Reserve{Now: now, Charges: charges}
				var out store.Reserved
				six := func(first func(j int) uint64) {
					for j := range charges {
						charges[j] = store.Charge{Key: numbered(first(j)), Burst: 1 << 20, Every: time.Minute}
					}
					if err := s.Reserve(ctx, &q, &out); err != nil {
						b.Fatal(err)
					}
				}
				for i := 0; i < keys; i += 6 {
					six(func(j int) uint64 { return uint64(i + j) })
				}
				n := uint64(0)
				b.ReportAllocs()
				start := cpu()
				for b.Loop() {
					n += 6
					six(func(j int) uint64 { return (n + uint64(j)) * 0x9e3779b97f4a7c15 >> 11 % uint64(keys) })
				}
				b.ReportMetric(float64(cpu()-start)/float64(b.N), "cpu-ns/op")
				b.ReportMetric(float64(s.Stats().Evictions), "evicted")
			})
		}
	}
}

// BenchmarkReserveLogin is all that one login asks for.
func BenchmarkReserveLogin(b *testing.B) {
	ctx := context.Background()
	now := time.Unix(1_800_000_000, 0)
	s := embedded.New(embedded.Options{})
	charges := make([]store.Charge, 7)
	tallies := make([]store.Ask, 6)
	q := store.Reserve{Now: now, Charges: charges, Tallies: tallies, BusyAbove: 20}
	var out store.Reserved
	b.ReportAllocs()
	for n := uint64(0); b.Loop(); n++ {
		for j := range charges {
			charges[j] = store.Charge{Key: numbered(n%100_000*16 + uint64(j)), Burst: 10, Every: time.Minute, Soft: store.SoftAlways}
		}
		charges[5].Once, charges[5].OnceFor = numbered(n%100_000*16+7), time.Minute
		for j := range tallies {
			tallies[j] = store.Ask{Key: numbered(n%100_000*16 + 8 + uint64(j)), HalfLife: time.Hour, Window: time.Hour}
		}
		q.Profile = numbered(n%100_000*16 + 15)
		q.Wall = store.Wall{Key: q.Profile, GapFrom: 1 << 20, RowFrom: 1 << 20}
		if err := s.Reserve(ctx, &q, &out); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBytesAKey fills a table made for a million keys and tells what it
// takes and loses: budgets alone, and with a tally each.
func BenchmarkBytesAKey(b *testing.B) {
	const keys = 1_000_000
	ctx := context.Background()
	now := time.Unix(1_800_000_000, 0)
	heap := func() float64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	for _, with := range []bool{false, true} {
		b.Run(map[bool]string{false: "counters", true: "counters and tallies"}[with], func(b *testing.B) {
			var took, lost float64
			for b.Loop() {
				before := heap()
				o := embedded.Options{Memory: 1 << 20, Counters: keys * 4 / 3, Tallies: 64, Profiles: 64}
				if with {
					o.Tallies = keys * 8 / 7
				}
				s := embedded.New(o)
				var out store.Reserved
				for i := range uint64(keys) {
					if err := s.Reserve(ctx, &store.Reserve{Now: now, Charges: []store.Charge{{Key: numbered(i), Burst: 10, Every: time.Minute}}}, &out); err != nil {
						b.Fatal(err)
					}
					if with {
						if err := s.Settle(ctx, &store.Settle{Now: now, Counts: []store.Count{{Ask: store.Ask{Key: numbered(i), HalfLife: time.Hour}, Failures: 1}}}); err != nil {
							b.Fatal(err)
						}
					}
				}
				took, lost = (heap()-before)/keys, float64(s.Stats().Evictions)
				runtime.KeepAlive(s)
			}
			b.ReportMetric(took, "B/key")
			b.ReportMetric(lost, "evicted")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkTenMillionKeys lets ten million keys of an attacker come, once
// each, into 400 MB, and tells the heap, what was pushed out, and whether a
// victim's spent budget is among it.
func BenchmarkTenMillionKeys(b *testing.B) {
	ctx := context.Background()
	now := time.Unix(1_800_000_000, 0)
	victim := store.Charge{Key: numbered(1 << 60), Burst: 5, Every: 2 * time.Minute}
	for _, memory := range []int64{48 << 20, 400_000_000} {
		b.Run(fmt.Sprintf("%dMB", memory/1_000_000), func(b *testing.B) {
			var before, after runtime.MemStats
			for b.Loop() {
				runtime.GC()
				runtime.ReadMemStats(&before)
				s := embedded.New(embedded.Options{Memory: memory})
				var out store.Reserved
				take := func(c store.Charge) {
					if err := s.Reserve(ctx, &store.Reserve{Now: now, Charges: []store.Charge{c}}, &out); err != nil {
						b.Fatal(err)
					}
				}
				for range 5 {
					take(victim)
				}
				for i := range uint64(1e7) {
					take(store.Charge{Key: numbered(i), Burst: 5, Every: 2 * time.Minute})
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				if take(victim); out.Over != 1 {
					b.Error("the victim's budget was pushed out")
				}
				b.ReportMetric(float64(s.Stats().Evictions), "evicted")
			}
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "heap-MB")
		})
	}
}

// BenchmarkSnapshot writes all of the default tables, full.
func BenchmarkSnapshot(b *testing.B) {
	s := embedded.New(embedded.Options{})
	now := time.Unix(1_800_000_000, 0)
	var out store.Reserved
	for i := range uint64(3_000_000) {
		q := store.Reserve{Now: now, Charges: []store.Charge{{Key: numbered(i), Burst: 5, Every: 2 * time.Minute}}, Wall: store.Wall{Key: numbered(i)}}
		if err := s.Reserve(context.Background(), &q, &out); err != nil {
			b.Fatal(err)
		}
		if err := s.Settle(context.Background(), &store.Settle{Now: now, Counts: []store.Count{{Ask: store.Ask{Key: numbered(i), HalfLife: time.Hour}, Failures: 1}}}); err != nil {
			b.Fatal(err)
		}
	}
	start := cpu()
	for b.Loop() {
		n, err := s.SnapshotSize(now)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(n)/1e6, "MB")
	}
	b.ReportMetric(float64(cpu()-start)/float64(b.N)/1e6, "cpu-ms/op")
}

// BenchmarkSpend is a used check that is on disk when it is answered, alone
// and with 64 at once.
func BenchmarkSpend(b *testing.B) {
	for _, at := range []int{1, 64} {
		b.Run(fmt.Sprintf("%dAtOnce", at), func(b *testing.B) {
			s := embedded.Open(b.TempDir(), embedded.Options{})
			defer s.Close(context.Background())
			var n atomic.Uint64
			b.SetParallelism(at)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if first, err := s.Spend(b.Context(), numbered(n.Add(1)), time.Hour); err != nil || !first {
						b.Error(first, err)
					}
				}
			})
		})
	}
}
