package storetest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// ErrInjected is what a faulty store returns.
var ErrInjected = errors.New("injected fault")

// Faulty makes a store fail one call in n, by turns before it happened and
// after: whoever gets ErrInjected cannot tell which.
func Faulty(s store.Store, n int) store.Store { return &faulty{Store: s, n: int64(n)} }

type faulty struct {
	store.Store
	n     int64
	calls atomic.Int64
}

// around runs a call, or half of it.
func (f *faulty) around(call func() error) error {
	// The mixing keeps the faults from falling on the same callers in turn.
	switch i := f.calls.Add(1); uint64(i) * 0x9e3779b97f4a7c15 >> 33 % uint64(2*f.n) {
	case 0:
		return ErrInjected
	case 1:
		_ = call()
		return ErrInjected
	default:
		return call()
	}
}

func (f *faulty) Reserve(ctx context.Context, q *store.Reserve, out *store.Reserved) error {
	return f.around(func() error { return f.Store.Reserve(ctx, q, out) })
}

func (f *faulty) Settle(ctx context.Context, q *store.Settle) error {
	return f.around(func() error { return f.Store.Settle(ctx, q) })
}

func (f *faulty) Keep(ctx context.Context, key store.Key, value []byte, ttl time.Duration, groups ...store.Group) error {
	return f.around(func() error { return f.Store.Keep(ctx, key, value, ttl, groups...) })
}

func (f *faulty) Extend(ctx context.Context, key store.Key, ttl time.Duration) (ok bool, err error) {
	err = f.around(func() error { ok, err = f.Store.Extend(ctx, key, ttl); return err })
	return ok, err
}

func (f *faulty) Peek(ctx context.Context, key store.Key) (value []byte, err error) {
	err = f.around(func() error { value, err = f.Store.Peek(ctx, key); return err })
	return value, err
}

func (f *faulty) Take(ctx context.Context, key store.Key) (value []byte, err error) {
	err = f.around(func() error { value, err = f.Store.Take(ctx, key); return err })
	return value, err
}

func (f *faulty) Spend(ctx context.Context, key store.Key, ttl time.Duration) (first bool, err error) {
	err = f.around(func() error { first, err = f.Store.Spend(ctx, key, ttl); return err })
	return first, err
}

func (f *faulty) LoadRow(ctx context.Context, key store.Key) (row store.Row, err error) {
	err = f.around(func() error { row, err = f.Store.LoadRow(ctx, key); return err })
	return row, err
}

func (f *faulty) SwapRow(ctx context.Context, key store.Key, old uint64, value []byte, ttl time.Duration) (version uint64, err error) {
	err = f.around(func() error { version, err = f.Store.SwapRow(ctx, key, old, value, ttl); return err })
	return version, err
}
