package storetest_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

// Stores that do what looks right and is not; a check that lets them pass
// checks nothing.

// readThenDelete takes by reading and then deleting.
type readThenDelete struct{ store.Store }

func (s readThenDelete) Take(ctx context.Context, key store.Key) ([]byte, error) {
	value, err := s.Peek(ctx, key)
	if err != nil {
		return nil, err
	}
	runtime.Gosched()
	_, _ = s.Store.Take(ctx, key)
	return value, nil
}

// lookThenSpend looks whether something was spent and then spends it.
type lookThenSpend struct{ store.Store }

func (s lookThenSpend) Spend(ctx context.Context, key store.Key, ttl time.Duration) (bool, error) {
	key[0] ^= 1
	if _, err := s.Peek(ctx, key); err == nil {
		return false, nil
	}
	runtime.Gosched()
	return true, s.Keep(ctx, key, nil, ttl)
}

// oneByOne reserves each budget by itself and gives back where one is spent.
type oneByOne struct{ store.Store }

func (s oneByOne) Reserve(ctx context.Context, q *store.Reserve, out *store.Reserved) error {
	var all store.Reserved
	for i, c := range q.Charges {
		var one store.Reserved
		if err := s.Store.Reserve(ctx, &store.Reserve{Now: q.Now, Charges: []store.Charge{c}}, &one); err != nil {
			return err
		}
		all.Taken |= one.Taken << i
		all.Over |= one.Over << i
		runtime.Gosched()
	}
	if all.Over != 0 {
		for i, c := range q.Charges {
			if all.Taken&(1<<i) != 0 {
				if err := s.Settle(ctx, &store.Settle{Now: q.Now, Refund: []store.Charge{c}}); err != nil {
					return err
				}
			}
		}
		all.Taken = 0
	}
	*out = all
	return nil
}

// loadThenSwap compares versions by itself, and swaps the one that is there.
type loadThenSwap struct{ store.Store }

func (s loadThenSwap) SwapRow(ctx context.Context, key store.Key, old uint64, value []byte, ttl time.Duration) (uint64, error) {
	for {
		now, _ := s.LoadRow(ctx, key)
		if now.Version != old {
			return 0, store.ErrConflict
		}
		runtime.Gosched()
		now, _ = s.LoadRow(ctx, key)
		if v, err := s.Store.SwapRow(ctx, key, now.Version, value, ttl); !errors.Is(err, store.ErrConflict) {
			return v, err
		}
	}
}

func TestTheCheckSeesAStoreThatIsNotAtomic(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for _, test := range []struct {
		name   string
		broken func(store.Store) store.Store
		check  func(s store.Store, round int) error
	}{
		{"a Take that reads, then deletes", func(s store.Store) store.Store { return readThenDelete{s} }, storetest.CheckOnce},
		{"a Spend that looks, then writes", func(s store.Store) store.Store { return lookThenSpend{s} }, storetest.CheckOnce},
		{"a SwapRow that looks, then writes", func(s store.Store) store.Store { return loadThenSwap{s} }, storetest.CheckRows},
		{"a Reserve of one budget after the other", func(s store.Store) store.Store { return oneByOne{s} },
			func(s store.Store, round int) error { return storetest.CheckReserve(s, now, round, false) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := test.broken(embedded.New(embedded.Options{Memory: 1 << 20}))
			for round := range 200 {
				if err := test.check(s, round); err != nil {
					t.Logf("seen in round %d: %v", round, err)
					return
				}
			}
			t.Error("200 rounds showed nothing")
		})
	}
}
