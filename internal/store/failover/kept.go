package failover

import (
	"context"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// What is kept goes to the shared store, with a copy here: when the shared
// store goes away while a shopper slides a bar, the login is still found on
// this node. A copy counts only then; what is kept here alone, as the shared
// store did not take it, counts always. The first byte says which it is.
const (
	copied byte = iota
	alone
)

// doubleLife is longer than anything is kept.
const doubleLife = 3 * time.Hour

// Keep implements store.Store.
func (s *Store) Keep(ctx context.Context, key store.Key, value []byte, ttl time.Duration, groups ...store.Group) error {
	answered, err := s.ask("keep", func() error { return s.Shared.Keep(ctx, key, value, ttl, groups...) })
	if s.Deny || (answered && err != nil) {
		return err
	}
	kind := copied
	if !answered {
		kind = alone
		s.outage.Store(s.Breaker.Clock().UnixNano())
	}
	if s.lately() { // it was taken and is put back
		_, _ = s.Local.Take(ctx, taken(key))
	}
	err = s.Local.Keep(ctx, key, append([]byte{kind}, value...), ttl, groups...)
	if answered {
		return nil // for want of room there is no copy, that is all
	}
	return err
}

// Extend implements store.Store.
func (s *Store) Extend(ctx context.Context, key store.Key, ttl time.Duration) (there bool, err error) {
	answered, err := s.ask("extend", func() error {
		there, err = s.Shared.Extend(ctx, key, ttl)
		return err
	})
	if s.Deny {
		return there, err
	}
	here, lerr := s.Local.Extend(ctx, key, ttl)
	switch {
	case there || lerr != nil || !here:
		return there, err
	case answered:
		return s.isAlone(ctx, key), nil
	}
	return true, nil
}

// isAlone reports whether key is kept here and was not taken by the shared
// store.
func (s *Store) isAlone(ctx context.Context, key store.Key) bool {
	v, err := s.Local.Peek(ctx, key)
	return err == nil && len(v) > 0 && v[0] == alone
}

// Peek implements store.Store.
func (s *Store) Peek(ctx context.Context, key store.Key) (value []byte, err error) {
	answered, err := s.ask("peek", func() error {
		value, err = s.Shared.Peek(ctx, key)
		return err
	})
	if err == nil || s.Deny {
		return value, err
	}
	here, lerr := s.Local.Peek(ctx, key)
	return pick(here, lerr, answered, err)
}

// pick chooses what is here where the shared store gave the error err.
func pick(here []byte, lerr error, answered bool, err error) ([]byte, error) {
	if lerr != nil || len(here) == 0 || (answered && here[0] != alone) {
		return nil, err
	}
	return here[1:], nil
}

// Take implements store.Store. The copy goes in any case.
func (s *Store) Take(ctx context.Context, key store.Key) (value []byte, err error) {
	answered, err := s.ask("take", func() error {
		value, err = s.Shared.Take(ctx, key)
		return err
	})
	if s.Deny {
		return value, err
	}
	here, lerr := s.Local.Take(ctx, key)
	if err != nil {
		if value, err = pick(here, lerr, answered, err); err != nil {
			return nil, err
		}
	}
	// The shared store may have kept, or still keep, what was found here:
	// its answer was lost. Then it is not taken again on this node.
	switch {
	case !answered:
		s.outage.Store(s.Breaker.Clock().UnixNano())
		_ = s.Local.Keep(ctx, taken(key), nil, doubleLife)
	case s.lately():
		if _, err := s.Local.Peek(ctx, taken(key)); err == nil {
			return nil, store.ErrNotFound
		}
	}
	return value, nil
}

// lately reports whether something was kept or taken without the shared store
// so lately that it may still be there.
func (s *Store) lately() bool {
	return s.Breaker.Clock().UnixNano()-s.outage.Load() < int64(doubleLife)
}

// taken names the mark that a kept thing was taken.
func taken(k store.Key) store.Key {
	k[15] ^= 0x80
	return k
}
