package embedded

import (
	"context"
	"os"
	"time"

	bolt "go.etcd.io/bbolt"
)

// What tests set and see of a store.

// OpenFast is Open with short waits for what happens by itself and a long one
// for a disk that others keep busy; fault is asked before every commit.
func OpenFast(dir string, o Options, fault func() error) *Store {
	s := New(o)
	s.disk = newDisk(s, dir)
	s.disk.retry, s.disk.snap.first, s.disk.snap.most = 50*time.Millisecond, 20*time.Millisecond, 100*time.Millisecond
	s.disk.patience = time.Minute
	if fault != nil {
		s.disk.fault = fault
	}
	s.disk.start()
	return s
}

// Impatient makes a store wait for its disk for a short time only.
func (s *Store) Impatient() { s.disk.patience = 50 * time.Millisecond }

// LongestSlice is how many bytes the snapshots copied under one lock at most.
func (s *Store) LongestSlice() int { return s.disk.snap.longest }

// SnapshotSize writes a snapshot and returns its size.
func (s *Store) SnapshotSize(now time.Time) (int64, error) {
	f, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	c := &counting{w: f}
	return c.n, s.snapshotTo(c, now.UnixNano(), newSnapper())
}

// Written reports whether all that happened before is on disk: a batch is
// written whole, so it waits for one.
func (s *Store) Written() bool { return s.toDisk(context.Background(), "none", "none") == nil }

// RowsFail has fault asked before every commit of rows.
func (s *Store) RowsFail(fault func() error) {
	s.rows.committing.Lock()
	defer s.rows.committing.Unlock()
	s.rows.fault = fault
}

// RowsKept is how many rows there are in the file, with those that ended.
func (s *Store) RowsKept() (n int) {
	s.rows.committing.Lock()
	defer s.rows.committing.Unlock()
	if s.rows.db == nil {
		return -1
	}
	_ = s.rows.db.View(func(tx *bolt.Tx) error {
		n = tx.Bucket(rowsBucket).Stats().KeyN
		return nil
	})
	return n
}
