package embedded_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
)

// BenchmarkRows looks up, loads and swaps rows of 2 KiB among 10,000 on disk, one
// after the other, and makes some of 100 callers at once (on two processors).
//
//	go test -run '^$' -bench Rows ./internal/store/embedded
func BenchmarkRows(b *testing.B) {
	const n = 10_000
	ctx := context.Background()
	s := embedded.Open(b.TempDir(), embedded.Options{})
	defer s.Close(ctx)
	value := make([]byte, 2048)
	versions := make([]uint64, n)
	var made atomic.Int64
	done := make(chan error, 64)
	for range 64 {
		go func() {
			for {
				i := made.Add(1) - 1
				if i >= n {
					done <- nil
					return
				}
				v, err := s.SwapRow(ctx, numbered(uint64(i)), 0, value, 0)
				if err != nil {
					done <- err
					return
				}
				versions[i] = v
			}
		}()
	}
	for range 64 {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	b.Run("Known", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if s.KnownRow(numbered(uint64(i%(2*n)))) != (i%(2*n) < n) {
				b.Fatal(i)
			}
		}
	})
	b.Run("Load", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := s.LoadRow(ctx, numbered(uint64(i%n))); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("LoadOfNone", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := s.LoadRow(ctx, numbered(uint64(n+i%n))); err == nil {
				b.Fatal(i)
			}
		}
	})
	b.Run("Swap", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			v, err := s.SwapRow(ctx, numbered(uint64(i%n)), versions[i%n], value, 0)
			if err != nil {
				b.Fatal(err)
			}
			versions[i%n] = v
		}
	})
	var next atomic.Uint64
	b.Run("MakeOf100AtOnce", func(b *testing.B) {
		b.SetParallelism(50) // of each processor
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				key := numbered(1e9 + next.Add(1))
				if _, err := s.SwapRow(ctx, key, 0, value, time.Minute); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
	b.Run("Each", func(b *testing.B) {
		for b.Loop() {
			if err := s.EachRow(ctx, numbered(1).Group(), func(store.Key, store.Row) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
}
