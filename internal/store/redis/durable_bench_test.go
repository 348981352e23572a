package redis_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store/redis"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

// BenchmarkRows loads and swaps rows of 2 KiB in Redis on loopback, one after
// the other, and makes some of 100 callers at once.
//
//	go test -run '^$' -bench Rows ./internal/store/redis
func BenchmarkRows(b *testing.B) {
	value := make([]byte, 2048)
	run := func(b *testing.B, s *redis.Store) {
		k := storetest.Key("a")
		v, err := s.SwapRow(ctx, k, 0, value, 0)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("Load", func(b *testing.B) {
			for b.Loop() {
				if _, err := s.LoadRow(ctx, k); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("LoadOfNone", func(b *testing.B) {
			for b.Loop() {
				if _, err := s.LoadRow(ctx, storetest.Key("none")); err == nil {
					b.Fatal("there is one")
				}
			}
		})
		b.Run("Swap", func(b *testing.B) {
			for b.Loop() {
				if v, err = s.SwapRow(ctx, k, v, value, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
		var next atomic.Int64
		b.Run("Make", func(b *testing.B) {
			for b.Loop() {
				if _, err := s.SwapRow(ctx, storetest.Key(fmt.Sprint("m", next.Add(1))), 0, value, time.Minute); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("MakeOf100AtOnce", func(b *testing.B) {
			b.SetParallelism(50)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if _, err := s.SwapRow(ctx, storetest.Key(fmt.Sprint("m", next.Add(1))), 0, value, time.Minute); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
	b.Run("OneServer", func(b *testing.B) {
		run(b, open(b, "redis://"+redistest.Start(b).Addr, nil))
	})
	b.Run("Durable", func(b *testing.B) {
		run(b, open(b, "redis://"+redistest.Start(b, "--appendonly", "yes", "--appendfsync", "always").Addr, nil))
	})
	b.Run("Cluster", func(b *testing.B) {
		run(b, open(b, redistest.StartCluster(b).URL(), nil))
	})
}
