package embedded

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// keeper holds values that are taken once, and markers of what was spent.
type keeper struct {
	mu       sync.Mutex
	items    map[store.Key]*item
	groups   map[store.Key][]*item // oldest first
	queue    expiry
	bytes    int64
	maxBytes int64
	max      int
	small    int // of items, those that are small

	spent    map[store.Key]int64 // until, unix nanoseconds
	spentMax int
	swept    int64
}

type item struct {
	key    store.Key
	value  []byte
	until  int64
	index  int // in queue
	groups []store.Key
}

// A small value is at most this long, and there is room for this many times
// as many of them as of others.
const (
	smallValue  = 64
	smallFactor = 5
)

func (k *keeper) init(maxBytes int64, max, spentMax int) {
	k.items = make(map[store.Key]*item)
	k.groups = make(map[store.Key][]*item)
	k.spent = make(map[store.Key]int64)
	k.maxBytes, k.max, k.spentMax = maxBytes, max, spentMax
}

func (k *keeper) expireLocked(now int64) {
	for len(k.queue) > 0 && k.queue[0].until <= now {
		k.removeLocked(k.queue[0])
	}
}

// liveLocked returns what is kept under key, nil if nothing is any more.
func (k *keeper) liveLocked(key store.Key, now int64) *item {
	k.expireLocked(now)
	return k.items[key]
}

func (k *keeper) removeLocked(it *item) {
	heap.Remove(&k.queue, it.index)
	delete(k.items, it.key)
	if len(it.value) <= smallValue {
		k.small--
	}
	k.bytes -= int64(len(it.value))
	for _, g := range it.groups {
		members := k.groups[g]
		for i, m := range members {
			if m == it {
				members = append(members[:i:i], members[i+1:]...)
				break
			}
		}
		if len(members) == 0 {
			delete(k.groups, g)
		} else {
			k.groups[g] = members
		}
	}
}

func (k *keeper) size(now time.Time) (int, int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.expireLocked(now.UnixNano())
	return len(k.items), k.bytes
}

// Keep implements store.Store.
func (s *Store) Keep(_ context.Context, key store.Key, value []byte, ttl time.Duration, groups ...store.Group) error {
	now := s.clock().UnixNano()
	k := &s.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	k.expireLocked(now)
	if old := k.items[key]; old != nil {
		k.removeLocked(old)
	}
	for _, g := range groups {
		members := k.groups[g.Key]
		if len(members) < g.Max {
			continue
		}
		if !g.Replace {
			return store.ErrFull
		}
		k.removeLocked(members[0])
	}
	// Clearances and the like have room of their own: when logins fill
	// theirs, checks can still be passed.
	tiny := len(value) <= smallValue
	if full := len(k.items)-k.small >= k.max; (tiny && k.small >= smallFactor*k.max) || (!tiny && full) || k.bytes+int64(len(value)) > k.maxBytes {
		return store.ErrFull
	}
	it := &item{key: key, value: value, until: now + int64(ttl)}
	for _, g := range groups {
		it.groups = append(it.groups, g.Key)
		k.groups[g.Key] = append(k.groups[g.Key], it)
	}
	k.items[key] = it
	if tiny {
		k.small++
	}
	k.bytes += int64(len(value))
	heap.Push(&k.queue, it)
	return nil
}

// Extend implements store.Store.
func (s *Store) Extend(_ context.Context, key store.Key, ttl time.Duration) (bool, error) {
	now := s.clock().UnixNano()
	k := &s.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	it := k.liveLocked(key, now)
	if it == nil {
		return false, nil
	}
	it.until = now + int64(ttl)
	heap.Fix(&k.queue, it.index)
	return true, nil
}

// Peek implements store.Store.
func (s *Store) Peek(_ context.Context, key store.Key) ([]byte, error) {
	k := &s.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	it := k.liveLocked(key, s.clock().UnixNano())
	if it == nil {
		return nil, store.ErrNotFound
	}
	return it.value, nil
}

// Take implements store.Store.
func (s *Store) Take(_ context.Context, key store.Key) ([]byte, error) {
	k := &s.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	it := k.liveLocked(key, s.clock().UnixNano())
	if it == nil {
		return nil, store.ErrNotFound
	}
	k.removeLocked(it)
	return it.value, nil
}

// Spend implements store.Store.
func (s *Store) Spend(_ context.Context, key store.Key, ttl time.Duration) (bool, error) {
	now := s.clock().UnixNano()
	k := &s.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	if until, ok := k.spent[key]; ok && until > now {
		return false, nil
	}
	// A sweep looks at every marker, so a flood must not bring one a call.
	if age := now - k.swept; age > int64(time.Minute) || (len(k.spent) >= k.spentMax && age > int64(time.Second)) {
		k.swept = now
		for m, until := range k.spent {
			if until <= now {
				delete(k.spent, m)
			}
		}
	}
	if len(k.spent) >= k.spentMax {
		return false, nil
	}
	k.spent[key] = now + int64(ttl)
	return true, nil
}

// expiry is a heap of items, the next to expire first.
type expiry []*item

func (h expiry) Len() int           { return len(h) }
func (h expiry) Less(i, j int) bool { return h[i].until < h[j].until }
func (h expiry) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *expiry) Push(x any) {
	it := x.(*item)
	it.index = len(*h)
	*h = append(*h, it)
}
func (h *expiry) Pop() any {
	old := *h
	it := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return it
}
