// Package embedded is a store in the memory of this process, with a folder
// of files for what must survive it.
//
// Memory is fixed when the store is made, however many addresses and names an
// attacker invents: rows live in set-associative tables without pointers, and
// a full set gives up the row that is penalised least. Keys are keyed hashes
// and a secret seed says where they stand, so nobody outside can aim at a
// set. A reservation allocates nothing, starts no goroutine and waits for no
// disk.
//
// With a folder (Open), what was spent, histories and marks are on disk before
// or soon after they are answered, and the counters are written every few
// seconds, so that killing the process resets no attack; see disk.go for what
// is promised when. Whatever is wrong with the folder, the store works from
// memory and says so in Stats.
package embedded

import (
	"context"
	"sync"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// Options bound the store. The zero value of each field means its default.
type Options struct {
	// Memory is what all tables take together, in bytes. Kept values come on
	// top. Default: 48 MiB, which is room for 1.4 million budgets, 131,000
	// tallies, 131,000 walls and 56,000 histories.
	Memory int64

	// Rows of single tables, in place of their share of Memory.
	Counters int // budgets, 16 bytes a row
	Tallies  int // of addresses, accounts, sites, 64 bytes a row
	Profiles int // histories of accounts, 112 bytes a row; and as many walls, 32 bytes a row
	Spent    int // spent markers, 16 bytes a row

	KeptBytes int64 // values of kept things. Default: 32 MiB
	Kept      int   // kept things. Default: 20,000

	// Clock for the expiry of kept and spent things, and for what is read
	// from disk. Default: time.Now
	Clock func() time.Time
}

// Shares of Memory, in forty-eighths: MiB of the default.
const (
	shareCounters  = 22
	shareTallies   = 8
	shareHistories = 6
	shareWalls     = 4
	shareSpent     = 4
	shareOnces     = 3
	shareFlags     = 1
	shares         = 48
)

// Store is the embedded store.
type Store struct {
	clock func() time.Time

	// One lock for all tables makes a reservation atomic over all its rows.
	// It is held for about a microsecond and never across I/O; what goes
	// over whole tables takes it for a slice of rows at a time.
	mu        sync.Mutex
	counters  counters
	onces     slots // things charged once
	flags     slots
	tallies   tallies
	walls     walls
	histories histories
	marks     map[store.Key]marked // rare: an operator or a password reset writes each one
	marksMost int                  // how many marks there may be before the next sweep
	changed   uint64               // counts what a snapshot would show
	warm      uint64               // keeps the reads of touch alive

	spent   spent
	kept    keeper
	records records
	rows    rows
	disk    *disk // nil: memory only
}

// New makes a store that forgets everything when the process ends.
func New(o Options) *Store {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Memory <= 0 {
		o.Memory = 48 << 20
	}
	rows := func(set, share, bytes int) int {
		if set > 0 {
			return set
		}
		return int(o.Memory / shares * int64(share) / int64(bytes))
	}
	s := &Store{clock: o.Clock, marks: make(map[store.Key]marked), marksMost: 1024}
	r := newSeed()
	s.counters.init(rows(o.Counters, shareCounters, slotBytes), r)
	s.onces.init(rows(0, shareOnces, slotBytes), r, ^uint64(0))
	s.flags.init(rows(0, shareFlags, slotBytes), r, ^uint64(0))
	s.tallies.init(rows(o.Tallies, shareTallies, 8+tallyBytes), r)
	s.walls.init(rows(o.Profiles, shareWalls, 8+wallBytes), r)
	s.histories.init(rows(o.Profiles, shareHistories, 112), r)
	s.spent.init(rows(o.Spent, shareSpent, slotBytes), r)
	if o.KeptBytes <= 0 {
		o.KeptBytes = 32 << 20
	}
	if o.Kept <= 0 {
		o.Kept = 20_000
	}
	s.kept.init(o.KeptBytes, o.Kept)
	s.records.init()
	s.rows.init(s)
	return s
}

// places are where the keys of one reservation may stand.
type places struct {
	charge, once  [store.MaxCharges]place
	tally         [store.MaxTallies]place
	wall, history place
}

func (s *Store) find(r *store.Reserve, at *places) {
	for i := range r.Charges {
		c := &r.Charges[i]
		at.charge[i] = s.counters.of(c.Key)
		if !c.Once.IsZero() {
			at.once[i] = s.onces.of(c.Once)
		}
	}
	for i := range r.Tallies {
		at.tally[i] = s.tallies.of(r.Tallies[i].Key)
	}
	at.wall, at.history = s.walls.of(r.Wall.Key), s.histories.of(r.Profile)
}

// touchLocked reads the first line of every set before any is worked on: the
// reads do not wait for each other, where looking one up after the other
// would wait for memory each time.
func (s *Store) touchLocked(r *store.Reserve, at *places) {
	var x uint64
	for i := range r.Charges {
		x += s.counters.touch(at.charge[i])
		if at.once[i].tag != 0 {
			x += s.onces.touch(at.once[i])
		}
	}
	for i := range r.Tallies {
		x += s.tallies.touch(at.tally[i])
	}
	if !r.Profile.IsZero() {
		x += s.histories.touch(at.history)
	}
	if !r.Wall.Key.IsZero() {
		x += s.walls.touch(at.wall)
	}
	s.warm += x
}

// Reserve implements store.Store.
func (s *Store) Reserve(_ context.Context, r *store.Reserve, out *store.Reserved) error {
	if !r.Fits() {
		return store.ErrTooMany
	}
	*out = store.Reserved{}
	now := r.Now.UnixNano()
	var at places
	s.find(r, &at)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touchLocked(r, &at)
	s.readLocked(r, &at, out, now)
	busy := len(r.Tallies) > 0 && r.BusyAbove > 0 && out.Tallies[0].SucceededOf > r.BusyAbove

	// Look at everything first: all or none.
	stop := out.Wall.Wait > 0
	var skip uint32
	for i := range r.Charges {
		c := &r.Charges[i]
		if !c.Once.IsZero() && s.onces.within(at.once[i], now, int64(c.OnceFor)) {
			skip |= 1 << i
			continue
		}
		wait := s.counters.wait(at.charge[i], c, now)
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
	for i := range r.Charges {
		c := &r.Charges[i]
		if (skip|out.Over)&(1<<i) != 0 {
			continue
		}
		s.counters.take(at.charge[i], c, now)
		if !c.Once.IsZero() {
			s.onces.set(at.once[i], now+int64(c.OnceFor), now)
		}
		out.Taken |= 1 << i
	}
	if !r.Wall.Key.IsZero() {
		out.WallGap, out.WallSet = s.walls.hit(at.wall, &r.Wall, now)
		out.WallTaken = true
	}
	s.changed++
	return nil
}

// readLocked reads what a reservation only reads.
func (s *Store) readLocked(r *store.Reserve, at *places, out *store.Reserved, now int64) {
	for i := range r.Tallies {
		out.Tallies[i] = s.tallies.read(at.tally[i], &r.Tallies[i], now)
	}
	if !r.Profile.IsZero() {
		out.Profile = s.histories.read(at.history, now)
	}
	if len(s.marks) > 0 {
		for i, k := range r.Marks {
			if m, ok := s.marks[k]; ok && r.Now.Before(m.until) {
				out.Marks[i] = m.at
			}
		}
	}
	if !r.Wall.Key.IsZero() {
		out.Wall = s.walls.read(at.wall, &r.Wall, now)
	}
}

// Settle implements store.Store. A visit reaches the disk soon after.
func (s *Store) Settle(_ context.Context, q *store.Settle) error {
	if tag, write := s.settle(q); write && s.disk != nil {
		s.disk.visited(tag)
	}
	return nil
}

func (s *Store) settle(q *store.Settle) (tag uint64, write bool) {
	now := q.Now.UnixNano()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed++
	for i := range q.Refund {
		c := &q.Refund[i]
		if !c.Key.IsZero() {
			s.counters.refund(s.counters.of(c.Key), int64(c.Every), now)
		}
		if !c.Once.IsZero() {
			s.onces.drop(s.onces.of(c.Once))
		}
	}
	for i := range q.Counts {
		s.tallies.count(&q.Counts[i], now)
	}
	if !q.Wall.IsZero() && (q.WallRefund || q.WallReset) {
		s.walls.settle(q, now)
	}
	if !q.Visit.Key.IsZero() {
		return s.histories.visit(&q.Visit, now)
	}
	return 0, false
}

// Forget implements store.Store.
func (s *Store) Forget(_ context.Context, keys ...store.Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed++
	for _, k := range keys {
		s.counters.drop(s.counters.of(k))
		s.onces.drop(s.onces.of(k))
		s.flags.drop(s.flags.of(k))
		s.tallies.drop(s.tallies.of(k))
		s.walls.drop(s.walls.of(k))
	}
	return nil
}

// Flag implements store.Store.
func (s *Store) Flag(_ context.Context, ttl time.Duration, keys ...store.Key) error {
	now := s.clock().UnixNano()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed++
	for _, k := range keys {
		s.flags.set(s.flags.of(k), now+int64(ttl), now)
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
		out[i] = s.flags.live(s.flags.of(k), now)
	}
	return out, nil
}

// Stats implements store.Store.
func (s *Store) Stats() store.Stats {
	n, bytes := s.kept.size()
	s.mu.Lock()
	out := store.Stats{
		Kept:      n,
		KeptBytes: bytes,
		Rows: s.counters.grid.rows() + s.onces.grid.rows() + s.flags.grid.rows() + s.tallies.grid.rows() +
			s.walls.grid.rows() + s.histories.grid.rows() + s.spent.slots.grid.rows(),
		Evictions: s.counters.evicted + s.onces.evicted + s.flags.evicted + s.tallies.evicted +
			s.walls.evicted + s.histories.evicted,
		EvictedPenalised: s.counters.penalised + s.tallies.penalised + s.walls.penalised,
	}
	s.mu.Unlock()
	if s.disk != nil {
		s.disk.stats(&out)
	}
	s.rows.stats(&out)
	return out
}
