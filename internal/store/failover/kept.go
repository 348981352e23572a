package failover

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// What is kept goes to the shared store, with a copy here: when the shared
// store goes away while a shopper slides a bar, the login is still found on
// this node. A copy counts only then, or when the shared store may have
// forgotten what it copies; what is kept here alone, as the shared store did
// not take it, counts always. The first byte says which it is. After it
// stand, eight bytes each, how often the shared store had stopped answering
// and its epoch.
const (
	copied byte = iota
	alone
)

const headLen = 1 + 8 + 8

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
	head := make([]byte, 0, headLen+len(value))
	head = binary.BigEndian.AppendUint64(append(head, kind), uint64(s.Breaker.State().Trips))
	head = binary.BigEndian.AppendUint64(head, s.epoch(ctx, false))
	err = s.Local.Keep(ctx, key, append(head, value...), ttl, groups...)
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
		v, err := s.Local.Peek(ctx, key)
		return err == nil && s.counts(ctx, v, answered), nil
	}
	return true, nil
}

func (s *Store) epoch(ctx context.Context, ask bool) uint64 {
	if s.Epoch == nil {
		return 0
	}
	return s.Epoch(ctx, ask)
}

// counts reports whether what is kept here is good although the shared store
// did not give it: that did not answer, or never took it in, or may have
// forgotten it since. It may forget when it was away (a master whose replica
// took over, an older file after a restart), or be emptied as it runs.
func (s *Store) counts(ctx context.Context, here []byte, answered bool) bool {
	if len(here) < headLen {
		return false
	}
	if !answered || here[0] == alone || binary.BigEndian.Uint64(here[1:]) != uint64(s.Breaker.State().Trips) {
		return true
	}
	was := binary.BigEndian.Uint64(here[9:])
	return was != 0 && s.epoch(ctx, true) != was
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
	if here, lerr := s.Local.Peek(ctx, key); lerr == nil && s.counts(ctx, here, answered) {
		return here[headLen:], nil
	}
	return nil, err
}

// Take implements store.Store. The copy goes in any case.
func (s *Store) Take(ctx context.Context, key store.Key) (value []byte, err error) {
	// Of two at once one finds it in the shared store and the other the copy.
	if _, busy := s.taking.LoadOrStore(key, struct{}{}); busy {
		return nil, store.ErrNotFound
	}
	defer s.taking.Delete(key)
	answered, err := s.ask("take", func() error {
		value, err = s.Shared.Take(ctx, key)
		return err
	})
	if s.Deny {
		return value, err
	}
	here, lerr := s.Local.Take(ctx, key)
	if err != nil {
		if lerr != nil || !s.counts(ctx, here, answered) {
			return nil, err
		}
		value = here[headLen:]
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
