package failover

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// Breaker knows whether a shared store answers. The first failure opens it:
// a request makes several calls, and each that waits in vain is a quarter of
// a second of a shopper's time. While it is open no request asks; Probe does,
// once a second, and closes it.
type Breaker struct {
	// Clock tells the time.
	Clock func() time.Time

	mu    sync.Mutex
	since time.Time // when it opened; zero: closed
	last  error
	trips int64
}

// Closed reports whether the shared store is to be asked.
func (b *Breaker) Closed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.since.IsZero()
}

// Done notes how a call ended and reports whether the store answered. A call
// that succeeds closes nothing: it may have been answered without the store,
// or only have read, of a store that takes nothing in.
func (b *Breaker) Done(err error) (answered bool) {
	if answers(err) {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.openLocked(err)
	return false
}

func (b *Breaker) openLocked(err error) {
	if b.since.IsZero() {
		b.since = b.Clock()
		b.trips++
	}
	b.last = err
}

// Probe asks the store by ask, which has to write, and opens or closes the
// breaker by what it says.
func (b *Breaker) Probe(ask func() error) {
	err := ask()
	b.mu.Lock()
	defer b.mu.Unlock()
	if errors.Is(err, context.Canceled) {
		return // who asked was ended: that says nothing of the store
	}
	if answers(err) {
		b.since, b.last = time.Time{}, nil
		return
	}
	b.openLocked(err)
}

// answers reports whether err says nothing against a store: it is something
// that a working one says, or the caller has left.
func answers(err error) bool {
	return err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrFull) ||
		errors.Is(err, store.ErrTooMany) || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrLost) ||
		errors.Is(err, store.ErrTooLarge) || errors.Is(err, context.Canceled)
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
