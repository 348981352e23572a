package embedded

import (
	"context"
	"sync"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// spent is a thin table of markers of what was used up. No live one is ever
// given up: where there is no room, nothing is first.
type spent struct {
	mu sync.Mutex
	slots
}

func (t *spent) init(n int, s seed) { t.slots.init(n, s, ^uint64(0)) }

// mark marks tag and reports whether it was not marked.
func (t *spent) mark(tag uint64, until, now int64) bool {
	p := t.placeTag(tag)
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.find(p)
	if r != nil && r.until > now {
		return false
	}
	if r == nil {
		if r = t.free(p, now); r == nil {
			t.evicted++ // of the new one: counted, as an operator should know
			return false
		}
	}
	*r = slot{tag: p.tag, until: until}
	return true
}

// slice copies rows from the i-th on and returns how many; 0 past the end.
func (t *spent) slice(i int, to []slot) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i >= len(t.rows) {
		return 0
	}
	return copy(to, t.rows[i:])
}

// Spend implements store.Store. With a folder, what it calls first is on disk
// when it returns, for a disk that answers within a second; of one that fails
// or is slower the answer is the memory's, and Stats counts an error: no
// shopper is shut out by a disk, and within this process nothing is first
// twice.
func (s *Store) Spend(ctx context.Context, key store.Key, ttl time.Duration) (bool, error) {
	now := s.clock().UnixNano()
	tag, until := tagOf(key), now+int64(ttl)
	if !s.spent.mark(tag, until, now) {
		return false, nil
	}
	if s.disk != nil {
		if err := s.disk.spend(ctx, tag, until); err != nil {
			return false, err
		}
	}
	return true, nil
}
