// Package embedded is a store in the memory of this process.
//
// Its memory is fixed when it is made, however many addresses and names an
// attacker invents: rows live in set-associative tables without pointers,
// and a full set gives up the row that is penalised least. Keys are keyed
// hashes, so nobody outside can aim at a set.
//
// It forgets everything when the process ends.
package embedded

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// Options bound the store. The zero value of each field means its default.
type Options struct {
	Counters int // rows of budgets. Default: 2^20 (16 MiB)
	Tallies  int // rows of addresses, accounts, sites. Default: 2^17 (8 MiB)
	Profiles int // rows of accounts. Default: 2^16 (8 MiB)

	KeptBytes int64 // values of kept things. Default: 32 MiB
	Kept      int   // kept things. Default: 20,000
	Spent     int   // spent markers. Default: 200,000

	// Clock for the expiry of kept and spent things. Default: time.Now
	Clock func() time.Time
}

// Store is the embedded store.
type Store struct {
	clock func() time.Time

	// One lock for all tables makes a reservation atomic over all its
	// rows; it is held for about a microsecond and never across I/O.
	mu       sync.Mutex
	counters counters
	tallies  tallies
	profiles profiles
	marks    map[store.Key]marked // rare: an operator writes each one

	kept keeper
}

// New makes a store.
func New(o Options) *Store {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	or := func(n, d int) int {
		if n <= 0 {
			return d
		}
		return n
	}
	s := &Store{clock: o.Clock, marks: make(map[store.Key]marked)}
	s.counters.init(or(o.Counters, 1<<20))
	s.tallies.init(or(o.Tallies, 1<<17))
	s.profiles.init(or(o.Profiles, 1<<16))
	if o.KeptBytes <= 0 {
		o.KeptBytes = 32 << 20
	}
	s.kept.init(o.KeptBytes, or(o.Kept, 20_000), or(o.Spent, 200_000))
	return s
}

// Reserve implements store.Store.
func (s *Store) Reserve(_ context.Context, r *store.Reserve, out *store.Reserved) error {
	if !r.Fits() {
		return store.ErrTooMany
	}
	*out = store.Reserved{}
	now := r.Now.UnixNano()
	s.mu.Lock()
	defer s.mu.Unlock()

	for i, a := range r.Tallies {
		out.Tallies[i] = s.tallies.read(a, now)
	}
	if !r.Profile.IsZero() {
		out.Profile = s.profiles.read(r.Profile, now)
	}
	if len(s.marks) > 0 {
		for i, k := range r.Marks {
			if m, ok := s.marks[k]; ok && r.Now.Before(m.until) {
				out.Marks[i] = m.at
			}
		}
	}
	busy := len(r.Tallies) > 0 && r.BusyAbove > 0 && out.Tallies[0].SucceededOf > r.BusyAbove

	// Look at everything first: all or none.
	stop := false
	if !r.Wall.Key.IsZero() {
		out.Wall = s.profiles.wall(r.Wall, now)
		stop = out.Wall.Wait > 0
	}
	var skip uint32
	for i, c := range r.Charges {
		if !c.Once.IsZero() && s.counters.live(c.Once, now) {
			skip |= 1 << i
			continue
		}
		wait := s.counters.wait(c, now)
		if wait == 0 {
			continue
		}
		out.Over |= 1 << i
		out.After[i] = wait
		if c.Soft == store.Hard || (c.Soft == store.SoftIfBusy && !busy) {
			stop = true
		}
	}
	if stop {
		return nil
	}
	for i, c := range r.Charges {
		if (skip|out.Over)&(1<<i) != 0 {
			continue
		}
		s.counters.add(c.Key, int64(c.Every), now)
		if !c.Once.IsZero() {
			s.counters.set(c.Once, now+int64(c.OnceFor), now)
		}
		out.Taken |= 1 << i
	}
	if !r.Wall.Key.IsZero() {
		out.WallGap, out.WallSet = s.profiles.hit(r.Wall, now)
		out.WallTaken = true
	}
	return nil
}

// Settle implements store.Store.
func (s *Store) Settle(_ context.Context, q *store.Settle) error {
	now := q.Now.UnixNano()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range q.Refund {
		if !c.Key.IsZero() {
			s.counters.refund(c.Key, int64(c.Every), now)
		}
		if !c.Once.IsZero() {
			s.counters.drop(c.Once)
		}
	}
	for _, c := range q.Counts {
		s.tallies.count(c, now)
	}
	if !q.Wall.IsZero() && (q.WallRefund || q.WallReset) {
		s.profiles.settleWall(q, now)
	}
	if !q.Visit.Key.IsZero() {
		s.profiles.visit(q.Visit, now)
	}
	return nil
}

// Forget implements store.Store.
func (s *Store) Forget(_ context.Context, keys ...store.Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		s.counters.drop(k)
		s.tallies.drop(k)
		s.profiles.dropWall(k)
	}
	return nil
}

// Flag implements store.Store.
func (s *Store) Flag(_ context.Context, ttl time.Duration, keys ...store.Key) error {
	now := s.clock().UnixNano()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		s.counters.set(k, now+int64(ttl), now)
	}
	return nil
}

// Flagged implements store.Store.
func (s *Store) Flagged(_ context.Context, keys ...store.Key) ([]bool, error) {
	now := s.clock().UnixNano()
	out := make([]bool, len(keys))
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, k := range keys {
		out[i] = s.counters.live(k, now)
	}
	return out, nil
}

// marked is the mark of one key.
type marked struct{ at, until time.Time }

// Mark implements store.Store.
func (s *Store) Mark(_ context.Context, key store.Key, at time.Time, ttl time.Duration) error {
	now := s.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, m := range s.marks {
		if !now.Before(m.until) {
			delete(s.marks, k)
		}
	}
	s.marks[key] = marked{at: at, until: now.Add(ttl)}
	return nil
}

// Stats implements store.Store.
func (s *Store) Stats() store.Stats {
	now := s.clock()
	n, bytes := s.kept.size(now)
	s.mu.Lock()
	defer s.mu.Unlock()
	return store.Stats{
		Kept:      n,
		KeptBytes: bytes,
		Evictions: s.counters.evicted + s.tallies.evicted + s.profiles.evicted,
	}
}

// decayed ages v by the time since last.
func decayed(v float32, last, now int64, half time.Duration) float64 {
	if v == 0 || half <= 0 || now <= last {
		return float64(v)
	}
	return float64(v) * math.Exp2(-float64(now-last)/float64(half))
}
