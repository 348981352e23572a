// Package failover keeps logins going while a shared store does not answer:
// this node then counts, holds and judges by a store of its own.
//
// What that gives a guesser is bounded: each node's own budgets once more, as
// long as the shared store is away, and a passed check good once a node. What
// was counted meanwhile stays with the node; the shared counters go on from
// where they were. A shared store that has forgotten everything gives each
// budget once more, and the logins that it held are found on the nodes that
// took them in.
package failover

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// Store asks Shared and, when that does not answer, Local.
type Store struct {
	Shared, Local store.Store
	// Breaker is shared by all who use Shared.
	Breaker *Breaker
	// Deny returns errors instead of asking Local.
	Deny bool
	// Epoch tells a shared store that has forgotten everything from what it
	// was before: it is another number then. 0: not known. With ask set it
	// asks. nil: never known.
	Epoch func(ctx context.Context, ask bool) uint64
	// Failed is called with the name of an operation that did not reach
	// Shared; nil: nobody is told.
	Failed func(operation string, err error)

	// outage is when something was last kept or taken here alone, unix
	// nanoseconds.
	outage atomic.Int64
	// taking holds the keys that a Take is under way for.
	taking sync.Map
}

// ErrDown: the shared store was not asked, as it did not answer just now.
var ErrDown = errors.New("the shared store does not answer")

// ask asks the shared store, unless it is known not to answer.
func (s *Store) ask(operation string, f func() error) (answered bool, err error) {
	if !s.Breaker.Closed() {
		err = ErrDown
		if last := s.Breaker.State().Err; last != nil {
			err = fmt.Errorf("%w: %w", ErrDown, last)
		}
	} else if err = f(); s.Breaker.Done(err) {
		return true, err
	}
	if s.Failed != nil {
		s.Failed(operation, err)
	}
	return false, err
}

// Reserve implements store.Store.
func (s *Store) Reserve(ctx context.Context, q *store.Reserve, out *store.Reserved) error {
	answered, err := s.ask("reserve", func() error { return s.Shared.Reserve(ctx, q, out) })
	if answered || s.Deny {
		return err
	}
	err = s.Local.Reserve(ctx, q, out)
	out.Local = true
	return err
}

// Settle implements store.Store. What was reserved here is settled here; what
// was reserved in a store that is gone by now stays reserved until it leaks.
func (s *Store) Settle(ctx context.Context, q *store.Settle) error {
	if q.Local {
		return s.Local.Settle(ctx, q)
	}
	_, err := s.ask("settle", func() error { return s.Shared.Settle(ctx, q) })
	return err
}

// Forget implements store.Store.
func (s *Store) Forget(ctx context.Context, keys ...store.Key) error {
	local := s.Local.Forget(ctx, keys...)
	_, err := s.ask("forget", func() error { return s.Shared.Forget(ctx, keys...) })
	return errors.Join(err, local)
}

// Spend implements store.Store. It is noted here first: while the shared
// store is away, what was spent on this node stays spent.
func (s *Store) Spend(ctx context.Context, key store.Key, ttl time.Duration) (first bool, err error) {
	if first, err = s.Local.Spend(ctx, key, ttl); err != nil || !first {
		return false, err
	}
	answered, err := s.ask("spend", func() error {
		first, err = s.Shared.Spend(ctx, key, ttl)
		return err
	})
	if answered || s.Deny {
		return first && err == nil, err
	}
	return true, nil
}

// Flag implements store.Store.
func (s *Store) Flag(ctx context.Context, ttl time.Duration, keys ...store.Key) error {
	_, err := s.ask("flag", func() error { return s.Shared.Flag(ctx, ttl, keys...) })
	return err
}

// Flagged implements store.Store. There is no local answer: a flag that is
// not seen would make more of an outcome than is known.
func (s *Store) Flagged(ctx context.Context, keys ...store.Key) (up []bool, err error) {
	_, err = s.ask("flagged", func() error {
		up, err = s.Shared.Flagged(ctx, keys...)
		return err
	})
	return up, err
}

// Mark implements store.Store. It holds here at once, also while the shared
// store is away; the error then says that the other nodes do not know.
func (s *Store) Mark(ctx context.Context, key store.Key, at time.Time, ttl time.Duration) error {
	local := s.Local.Mark(ctx, key, at, ttl)
	_, err := s.ask("mark", func() error { return s.Shared.Mark(ctx, key, at, ttl) })
	return errors.Join(err, local)
}

// Stats implements store.Store.
func (s *Store) Stats() store.Stats {
	out, local := s.Shared.Stats(), s.Local.Stats()
	out.Kept += local.Kept
	out.KeptBytes += local.KeptBytes
	out.Evictions += local.Evictions
	out.Errors += local.Errors
	out.Durable = local.Durable // which rows there are stands in a file of this node
	if out.Problem == "" {
		out.Problem = local.Problem
	}
	return out
}
