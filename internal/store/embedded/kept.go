package embedded

import (
	"container/heap"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// keeper holds values that are taken once.
type keeper struct {
	mu       sync.Mutex
	items    map[store.Key]*item
	groups   map[store.Key][]*item // oldest first
	queue    expiry
	bytes    int64
	maxBytes int64
	max      int
	small    int // of items, those that are small
}

type item struct {
	key    store.Key
	value  []byte
	until  int64
	index  int // in queue
	groups []store.Key
}

const (
	// A small value is at most this long, and there is room for this many
	// times as many of them as of others.
	smallValue  = 64
	smallFactor = 5
	// expireAtOnce is how many expired things one call clears away, and
	// expireForRoom how many more one does that finds no room: 20,000 that
	// expire together must not stop everybody.
	expireAtOnce  = 8
	expireForRoom = 64
)

func (k *keeper) init(maxBytes int64, max int) {
	k.items = make(map[store.Key]*item)
	k.groups = make(map[store.Key][]*item)
	k.maxBytes, k.max = maxBytes, max
}

func (k *keeper) expireLocked(now int64, n int) {
	for range n {
		if len(k.queue) == 0 || k.queue[0].until > now {
			return
		}
		k.removeLocked(k.queue[0])
	}
}

// liveLocked returns what is kept under key, nil if nothing is any more.
func (k *keeper) liveLocked(key store.Key, now int64) *item {
	k.expireLocked(now, expireAtOnce)
	if it := k.items[key]; it != nil && it.until > now {
		return it
	}
	return nil
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
		if i := slices.Index(members, it); i >= 0 {
			members = slices.Delete(members, i, i+1)
		}
		if len(members) == 0 {
			delete(k.groups, g)
		} else {
			k.groups[g] = members
		}
	}
}

// membersLocked returns who is in a group. A group is small: what expired is
// cleared away whole.
func (k *keeper) membersLocked(g store.Key, now int64) []*item {
	for _, it := range slices.Clone(k.groups[g]) {
		if it.until <= now {
			k.removeLocked(it)
		}
	}
	return k.groups[g]
}

func (k *keeper) size() (int, int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.items), k.bytes
}

// Keep implements store.Store.
func (s *Store) Keep(_ context.Context, key store.Key, value []byte, ttl time.Duration, groups ...store.Group) error {
	now := s.clock().UnixNano()
	k := &s.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	k.expireLocked(now, expireAtOnce)
	if old := k.items[key]; old != nil {
		k.removeLocked(old)
	}
	for _, g := range groups {
		members := k.groups[g.Key]
		if len(members) >= g.Max {
			members = k.membersLocked(g.Key, now)
		}
		if len(members) < g.Max {
			continue
		}
		if !g.Replace {
			return store.ErrFull
		}
		k.removeLocked(members[0])
	}
	if k.fullLocked(len(value)) {
		k.expireLocked(now, expireForRoom)
	}
	if k.fullLocked(len(value)) {
		return store.ErrFull
	}
	it := &item{key: key, value: value, until: now + int64(ttl)}
	for _, g := range groups {
		it.groups = append(it.groups, g.Key)
	}
	k.putLocked(it)
	return nil
}

// fullLocked reports whether there is no room for a value. Clearances and the
// like have room of their own: when logins fill theirs, checks can still be
// passed.
func (k *keeper) fullLocked(size int) bool {
	if k.bytes+int64(size) > k.maxBytes {
		return true
	}
	if size <= smallValue {
		return k.small >= smallFactor*k.max
	}
	return len(k.items)-k.small >= k.max
}

func (k *keeper) putLocked(it *item) {
	for _, g := range it.groups {
		k.groups[g] = append(k.groups[g], it)
	}
	k.items[it.key] = it
	if len(it.value) <= smallValue {
		k.small++
	}
	k.bytes += int64(len(it.value))
	heap.Push(&k.queue, it)
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
	now := s.clock().UnixNano()
	k := &s.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	it := k.liveLocked(key, now)
	if it == nil {
		return nil, store.ErrNotFound
	}
	return it.value, nil
}

// Take implements store.Store.
func (s *Store) Take(_ context.Context, key store.Key) ([]byte, error) {
	now := s.clock().UnixNano()
	k := &s.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	it := k.liveLocked(key, now)
	if it == nil {
		return nil, store.ErrNotFound
	}
	k.removeLocked(it)
	return it.value, nil
}

// empty takes everything out, in the order in which it was kept within each
// group. What is on its way to disk is not to be had from memory any more.
func (k *keeper) empty() []*item {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := make([]*item, 0, len(k.items))
	for _, it := range k.items {
		out = append(out, it)
	}
	// Longest kept first; members of a group have one ttl, mostly.
	slices.SortFunc(out, func(a, b *item) int { return int(min(1, max(-1, a.until-b.until))) })
	k.items, k.groups, k.queue = make(map[store.Key]*item), make(map[store.Key][]*item), nil
	k.bytes, k.small = 0, 0
	return out
}

// restore puts back what a clean end saved. What has no room is lost.
func (k *keeper) restore(items []*item, now int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, it := range items {
		if it.until > now && k.items[it.key] == nil && k.bytes+int64(len(it.value)) <= k.maxBytes && len(k.items) < (1+smallFactor)*k.max {
			k.putLocked(it)
		}
	}
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
