package failover

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// Breaker knows whether a shared store answers. The first failure opens it:
// a request makes several calls, and each that waits in vain is a second of a
// shopper's time. While it is open one call every Retry is let through to
// see.
type Breaker struct {
	// Clock tells the time.
	Clock func() time.Time
	// Retry is how long nobody asks after a failure. Default: 1 s
	Retry time.Duration

	mu    sync.Mutex
	since time.Time // when it opened; zero: closed
	next  time.Time // when the next call is let through
	last  error
	trips int64
}

// Allow reports whether the shared store is to be asked now.
func (b *Breaker) Allow() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.since.IsZero() {
		return true
	}
	now := b.Clock()
	if now.Before(b.next) {
		return false
	}
	b.next = now.Add(b.retry()) // this one tries; the others wait for it
	return true
}

func (b *Breaker) retry() time.Duration {
	if b.Retry <= 0 {
		return time.Second
	}
	return b.Retry
}

// Done notes how a call that was allowed ended and reports whether the store
// answered.
func (b *Breaker) Done(err error) (answered bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if errors.Is(err, context.Canceled) {
		// A visitor who left says nothing of the store, so it neither opens nor
		// closes: else who leaves at once lets everybody wait for a store that
		// is away.
		return true
	}
	if answers(err) {
		b.since, b.last = time.Time{}, nil
		return true
	}
	now := b.Clock()
	if b.since.IsZero() {
		b.since = now
		b.trips++
	}
	b.next, b.last = now.Add(b.retry()), err
	return false
}

// answers reports whether err is something that a working store says.
func answers(err error) bool {
	return err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrTooMany)
}

// State of a breaker.
type State struct {
	// Since is when the shared store stopped answering, zero while it does.
	Since time.Time
	Err   error
	Trips int64 // how often it stopped
}

// State returns the breaker's state.
func (b *Breaker) State() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return State{Since: b.since, Err: b.last, Trips: b.trips}
}
