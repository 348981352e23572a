package embedded_test

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
)

// TestMixedLoadLeavesHeapAndGoroutinesFlat runs for two seconds, or for what
// LOGIN_GUARD_SOAK says (30m).
func TestMixedLoadLeavesHeapAndGoroutinesFlat(t *testing.T) {
	length := 2 * time.Second
	if d, err := time.ParseDuration(os.Getenv("LOGIN_GUARD_SOAK")); err == nil {
		length = d
	}
	s := embedded.OpenFast(t.TempDir(), embedded.Options{Memory: 8 << 20, Kept: 100}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	var done atomic.Int64
	var wg sync.WaitGroup
	const workers = 8
	for w := range uint64(workers) {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(w, 1))
			for ctx.Err() == nil {
				mixed(t, s, r)
				done.Add(1)
				time.Sleep(time.Millisecond) // this machine has other work too
			}
		})
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	// The first third fills what has a bound.
	time.Sleep(length / 3)
	heapBefore, goroutinesBefore := heap(), runtime.NumGoroutine()
	for i := range 6 {
		time.Sleep(length / 10)
		t.Logf("%3.0f %%: heap %.1f MiB, %d goroutines, %d rounds, %+v", 100*(1./3+float64(i+1)/10), float64(heap())/(1<<20), runtime.NumGoroutine(), done.Load(), s.Stats())
	}
	heapAfter, goroutinesAfter := heap(), runtime.NumGoroutine()
	wg.Wait()
	if heapAfter > heapBefore+heapBefore/10+1<<20 {
		t.Errorf("the heap grew from %d to %d bytes", heapBefore, heapAfter)
	}
	if goroutinesAfter > goroutinesBefore+workers/2 {
		t.Errorf("goroutines grew from %d to %d", goroutinesBefore, goroutinesAfter)
	}
	if got := s.Stats(); !got.Durable || got.Errors != 0 {
		t.Errorf("%+v", got)
	}
	closed(t, s)
}

// mixed is one login of somebody, and what goes with it.
func mixed(t *testing.T, s *embedded.Store, r *rand.Rand) {
	ctx := context.Background()
	g := guess{address: r.Uint64N(1 << 20), account: r.Uint64N(1 << 20)}
	g.fail(t, s, time.Now())
	account := numbered(r.Uint64N(5000) | 1<<50)
	if err := s.Settle(ctx, &store.Settle{Now: time.Now(), Visit: store.Visit{Key: account, ASN: r.Uint32N(50)}}); err != nil {
		t.Error(err)
	}
	key := numbered(r.Uint64())
	value := binary.BigEndian.AppendUint64(make([]byte, 1000), 7)
	if err := s.Keep(ctx, key, value, time.Second, store.Group{Key: numbered(g.address | 1<<51), Max: 3, Replace: true}); err != nil && err != store.ErrFull {
		t.Error(err)
	}
	if r.IntN(2) == 0 {
		_, _ = s.Take(ctx, key)
	}
	if r.IntN(8) == 0 {
		if first, err := s.Spend(ctx, key, 5*time.Second); err != nil || !first {
			t.Error(first, err)
		}
		if err := s.Put(ctx, "soak", key[:1], value, time.Now().Add(time.Second)); err != nil {
			t.Error(err)
		}
	}
	if err := s.Flag(ctx, time.Second, key); err != nil {
		t.Error(err)
	}
}
