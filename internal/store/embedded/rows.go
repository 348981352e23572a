package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/login-guard/login-guard/internal/store"
)

// rows are the store's durable rows: their keys in memory, their values in a
// file of their own (see rowsfile.go), which is made with the first row. The
// keys of rows that last for ever stand in store.db as well: if rows.db is
// damaged or deleted, who had one is still known, and refused. Without a
// folder, or when there never was a file and none can be made, everything is
// in memory.
type rows struct {
	s    *Store
	file string // empty: memory only

	// Commits are one after the other; what comes meanwhile waits for the
	// next, and all of that shares it.
	committing sync.Mutex

	// in guards the file against being closed under a reader.
	in   sync.RWMutex
	db   *bolt.DB                // nil: mem
	mem  map[store.Key]storedRow // nil: db
	away error                   // why neither can be asked

	mu       sync.RWMutex
	index    map[store.Key]int64    // until when, 0: for ever
	lost     map[store.Key]struct{} // in index too
	blind    bool                   // there is a file, and it was never read
	compared bool                   // with what store.db knows
	leaving  map[store.Key]int      // swaps under way after which they are not to be noted
	ends     ends
	pending  []*swap
	running  bool
	closed   bool
	problem  string
	errors   int64
	fault    func() error // tests: asked before every commit
}

// storedRow is a row as it is kept.
type storedRow struct {
	store.Row
	until int64 // 0: for ever
}

func (r storedRow) live(now int64) bool { return r.until == 0 || r.until > now }

// swap is one SwapRow on its way to the disk.
type swap struct {
	key     store.Key
	old     uint64
	value   []byte
	until   int64
	version uint64
	leaves  bool // counted in leaving
	err     error
	done    chan struct{}
}

func (r *rows) init(s *Store) {
	r.s = s
	r.mem = make(map[store.Key]storedRow)
	r.index = make(map[store.Key]int64)
	r.lost = make(map[store.Key]struct{})
	r.leaving = make(map[store.Key]int)
	r.fault = func() error { return nil }
}

// errRows: the file of rows cannot be used.
var errRows = errors.New("the file of rows cannot be used")

// LoadRow implements store.Store.
func (s *Store) LoadRow(_ context.Context, key store.Key) (store.Row, error) {
	r := &s.rows
	got, err := r.read(key)
	if err != nil {
		return store.Row{}, err
	}
	if got.Version != 0 && got.live(s.clock().UnixNano()) {
		return got.Row, nil
	}
	if r.isLost(key) {
		return store.Row{}, store.ErrLost
	}
	return store.Row{}, store.ErrNotFound
}

// read returns what is kept of key; version 0 if nothing is. What is damaged
// is lost.
func (r *rows) read(key store.Key) (storedRow, error) {
	got, db, err := r.get(key)
	switch {
	case errors.Is(err, errRecord):
		r.loses(key)
		return storedRow{}, nil
	case err != nil && db != nil:
		return storedRow{}, r.failed(db, err)
	}
	return got, err
}

func (r *rows) get(key store.Key) (got storedRow, db *bolt.DB, err error) {
	r.in.RLock()
	defer r.in.RUnlock()
	switch {
	case r.away != nil:
		return got, nil, r.away
	case r.db == nil:
		return r.mem[key], nil, nil
	}
	err = guarded(func() error {
		return r.db.View(func(tx *bolt.Tx) (err error) {
			got, err = readRow(key, tx.Bucket(rowsBucket).Get(key[:]))
			return err
		})
	})
	return got, r.db, err
}

func (r *rows) isLost(key store.Key) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	_, lost := r.lost[key]
	return lost
}

func (r *rows) loses(key store.Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.index[key]; !ok {
		r.index[key] = 0
	}
	r.lost[key] = struct{}{}
	r.problem = r.tellLost()
}

// KnownRow implements store.Store.
func (s *Store) KnownRow(key store.Key) bool {
	r := &s.rows
	r.mu.RLock()
	until, ok := r.index[key]
	blind := r.blind
	r.mu.RUnlock()
	return blind || ok && (until == 0 || until > s.clock().UnixNano())
}

// SwapRow implements store.Store. What is written is on disk when it returns;
// calls at the same time share a commit.
func (s *Store) SwapRow(ctx context.Context, key store.Key, old uint64, value []byte, ttl time.Duration) (uint64, error) {
	if len(value) > store.MaxRow {
		return 0, store.ErrTooLarge
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	w := &swap{key: key, old: old, done: make(chan struct{})}
	if value != nil {
		w.value, w.version = bytes.Clone(value), store.NewVersion()
	}
	if ttl > 0 {
		w.until = s.clock().Add(ttl).UnixNano()
	}
	r := &s.rows
	if w.leaves = value == nil || ttl > 0; w.leaves {
		r.mu.Lock()
		r.leaving[key]++
		r.mu.Unlock()
		// Before the row goes: known and not there would be lost.
		r.unnote(ctx, key)
	}
	if err := r.enqueue(w); err != nil {
		return 0, err
	}
	var patience <-chan time.Time
	if s.disk != nil {
		t := time.NewTimer(s.disk.patience)
		defer t.Stop()
		patience = t.C
	}
	select {
	case <-w.done:
	case <-patience:
		return 0, fmt.Errorf("%w: it takes longer than %v to write", errRows, s.disk.patience)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if w.err != nil {
		return 0, w.err
	}
	return w.version, nil
}

func (r *rows) enqueue(w *swap) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return fmt.Errorf("%w: the store was closed", errRows)
	}
	r.pending = append(r.pending, w)
	if !r.running {
		r.running = true
		go r.run() // ends when nothing waits; close waits for it
	}
	return nil
}

// run commits until nothing waits.
func (r *rows) run() {
	for {
		r.mu.Lock()
		all := r.pending
		r.pending = nil
		if len(all) == 0 {
			r.running = false
			r.mu.Unlock()
			return
		}
		r.mu.Unlock()
		r.commit(all)
		for _, w := range all {
			close(w.done)
		}
	}
}

// commit writes some swaps and what came to an end, all or nothing of it, and
// answers them.
func (r *rows) commit(all []*swap) {
	r.committing.Lock()
	defer r.committing.Unlock()
	if len(all) > 0 {
		r.open(0)
	}
	now := r.s.clock().UnixNano()
	over := r.over(now, 2*len(all)+1000)
	err := r.write(func(b rowBucket) error {
		for _, w := range all {
			if err := r.apply(b, w, now); err != nil {
				return err
			}
		}
		for _, k := range over {
			if old, err := b.get(k); err == nil && old.Version != 0 && !old.live(now) {
				if err := b.delete(k); err != nil {
					return err
				}
			}
		}
		return nil
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		for _, w := range all {
			w.err = err
			r.stayLocked(w)
		}
		return
	}
	for _, k := range over {
		if until, ok := r.index[k]; ok && until != 0 && until <= now {
			delete(r.index, k)
			delete(r.lost, k)
		}
	}
	for _, w := range all {
		if w.err == nil {
			r.learnLocked(w.key, w.version, w.until)
		}
		r.stayLocked(w)
	}
}

// apply does one swap if its version is right.
func (r *rows) apply(b rowBucket, w *swap, now int64) error {
	w.err = nil
	old, err := b.get(w.key)
	if errors.Is(err, errRecord) || r.isLost(w.key) {
		w.err = store.ErrLost
		return nil
	}
	if err != nil {
		return err
	}
	if !old.live(now) {
		old.Version = 0
	}
	switch {
	case old.Version != w.old:
		w.err = store.ErrConflict
		return nil
	case w.version == 0:
		return b.delete(w.key)
	}
	return b.put(w.key, storedRow{Row: store.Row{Value: w.value, Version: w.version}, until: w.until})
}

// learnLocked notes what became of a row.
func (r *rows) learnLocked(key store.Key, version uint64, until int64) {
	if version == 0 {
		delete(r.index, key)
		return
	}
	r.index[key] = until
	if until != 0 {
		r.ends.add(key, until)
		return
	}
	r.noteLocked(key)
}

// EachRow implements store.Store.
func (s *Store) EachRow(ctx context.Context, group uint64, f func(store.Key, store.Row) error) error {
	r := &s.rows
	r.mu.RLock()
	keys := make([]store.Key, 0, len(r.index))
	for k := range r.index {
		if k.InGroup(group) {
			keys = append(keys, k)
		}
	}
	blind := r.blind
	r.mu.RUnlock()
	if blind {
		_, err := r.read(store.Key{})
		return err
	}
	for _, k := range keys {
		if err := ctx.Err(); err != nil {
			return err
		}
		got, err := s.LoadRow(ctx, k)
		switch {
		case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrLost):
			continue
		case err != nil:
			return err
		}
		if err := f(k, got); err != nil {
			return err
		}
	}
	return nil
}

// AcceptLoss implements store.Store.
func (s *Store) AcceptLoss(ctx context.Context) (int, error) {
	r := &s.rows
	r.committing.Lock()
	defer r.committing.Unlock()
	r.mu.Lock()
	gone := make([]store.Key, 0, len(r.lost))
	for k := range r.lost {
		gone = append(gone, k)
	}
	r.mu.Unlock()
	if len(gone) == 0 {
		return 0, nil
	}
	for _, k := range gone {
		r.unnote(ctx, k)
	}
	if err := r.write(func(b rowBucket) error {
		for _, k := range gone { // what stands there is damaged
			if err := b.delete(k); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range gone {
		delete(r.lost, k)
		delete(r.index, k)
	}
	if r.away == nil {
		r.problem = ""
	}
	return len(gone), nil
}

func (r *rows) stats(out *store.Stats) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out.KnownRows, out.LostRows = len(r.index), len(r.lost)
	out.Errors += r.errors
	if r.problem != "" {
		out.Durable = out.Durable && len(r.lost) > 0
		if out.Problem == "" {
			out.Problem = r.problem
		}
	}
}
