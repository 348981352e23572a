package redis

import (
	"context"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// small makes calls of lua/small.lua: one, in a cluster one for each subject.
func (s *Store) small(what string, keys []store.Key, kinds string, args ...any) []*call {
	var calls []*call
	var ids []store.Key
	for _, k := range keys {
		var c *call
		for i, id := range ids {
			if !s.o.apart(id, k) {
				c = calls[i]
			}
		}
		if c == nil {
			c = &call{script: smallScript, args: append([]any{what, s.now()}, args...)}
			calls, ids = append(calls, c), append(ids, k)
		}
		for i := range len(kinds) {
			c.keys = append(c.keys, s.o.key(kinds[i], k))
		}
	}
	return calls
}

// Forget implements store.Store.
func (s *Store) Forget(ctx context.Context, keys ...store.Key) error {
	if len(keys) == 0 {
		return nil
	}
	o := &op{calls: s.small("forget", keys, string([]byte{kindCounter, kindTally, kindWall}), s.o.channel())}
	keys = append([]store.Key(nil), keys...)
	s.denied.hold(keys)
	o.done = func(bool) { s.denied.release(keys) }
	return s.explain(s.lane.do(ctx, o))
}

// Flag implements store.Store.
func (s *Store) Flag(ctx context.Context, ttl time.Duration, keys ...store.Key) error {
	if len(keys) == 0 {
		return nil
	}
	return s.explain(s.lane.do(ctx, &op{calls: s.small("flag", keys, string(rune(kindCounter)), micros(ttl))}))
}

// Flagged implements store.Store.
func (s *Store) Flagged(ctx context.Context, keys ...store.Key) ([]bool, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	o := &op{calls: s.small("flagged", keys, string(rune(kindCounter)))}
	if err := s.lane.do(ctx, o); err != nil {
		return nil, s.explain(err)
	}
	up := make(map[string]bool, len(keys))
	for _, c := range o.calls {
		v, _ := c.result()
		bits, _ := v.([]any)
		if len(bits) != len(c.keys) {
			return nil, s.explain(errAnswer)
		}
		for i, b := range bits {
			n, _ := b.(int64)
			up[c.keys[i]] = n == 1
		}
	}
	out := make([]bool, len(keys))
	for i, k := range keys {
		out[i] = up[s.o.key(kindCounter, k)]
	}
	return out, nil
}

// Mark implements store.Store.
func (s *Store) Mark(ctx context.Context, key store.Key, at time.Time, ttl time.Duration) error {
	o := &op{calls: s.small("mark", []store.Key{key}, string(rune(kindMark)), micros(ttl), packTime(at))}
	return s.explain(s.lane.do(ctx, o))
}
