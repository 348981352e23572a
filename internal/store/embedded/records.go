package embedded

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// ErrNotDurable: a record was written to memory and not to disk; Stats says
// why. It reaches the disk by itself if that heals before this process ends.
var ErrNotDurable = errors.New("not written to disk")

// Bounds of records.
const (
	maxRecords     = 200_000
	maxRecordKey   = 255
	maxRecordValue = 64 << 10
	maxBucketName  = 64
)

// records are small durable things of several kinds, each kind a bucket: all
// in memory, and on disk where there is a folder.
type records struct {
	mu      sync.Mutex
	buckets map[string]map[string]record
	n       int
}

type record struct {
	value []byte
	until int64 // 0: for good
}

func (r record) live(now int64) bool { return r.until == 0 || r.until > now }

func (r *records) init() { r.buckets = make(map[string]map[string]record) }

func (r *records) get(bucket, key string) (record, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec, ok := r.buckets[bucket][key]
	return rec, ok
}

func (r *records) set(bucket, key string, rec record, now int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.buckets[bucket]
	if _, ok := b[key]; !ok {
		if r.n >= maxRecords {
			r.sweepLocked(now)
		}
		if r.n >= maxRecords {
			return store.ErrFull
		}
		r.n++
	}
	if b == nil {
		b = make(map[string]record)
		r.buckets[bucket] = b
	}
	b[key] = rec
	return nil
}

func (r *records) sweepLocked(now int64) {
	for _, b := range r.buckets {
		before := len(b)
		maps.DeleteFunc(b, func(_ string, rec record) bool { return !rec.live(now) })
		r.n -= before - len(b)
	}
}

func (r *records) drop(bucket, key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.buckets[bucket][key]; !ok {
		return false
	}
	delete(r.buckets[bucket], key)
	r.n--
	return true
}

// put is a record with its name.
type put struct {
	bucket, key string
	record
}

// all lists what is live.
func (r *records) all(now int64) []put {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []put
	for name, b := range r.buckets {
		for key, rec := range b {
			if rec.live(now) {
				out = append(out, put{bucket: name, key: key, record: rec})
			}
		}
	}
	return out
}

// Put writes a record for a time, for good when until is zero, in place of
// what was there. It returns when the record is on disk; ErrNotDurable if it
// is in memory only, store.ErrFull if there are 200,000. A store without a
// folder has nothing to fail.
func (s *Store) Put(ctx context.Context, bucket string, key, value []byte, until time.Time) error {
	if bucket == "" || len(bucket) > maxBucketName || len(key) == 0 || len(key) > maxRecordKey || len(value) > maxRecordValue {
		return fmt.Errorf("a record of bucket %q is out of bounds", bucket)
	}
	rec := record{value: bytes.Clone(value)}
	if !until.IsZero() {
		rec.until = until.UnixNano()
	}
	if err := s.records.set(bucket, string(key), rec, s.clock().UnixNano()); err != nil {
		return err
	}
	return s.toDisk(ctx, bucket, string(key))
}

// Get returns a record; store.ErrNotFound if there is none.
func (s *Store) Get(_ context.Context, bucket string, key []byte) ([]byte, error) {
	rec, ok := s.records.get(bucket, string(key))
	if !ok || !rec.live(s.clock().UnixNano()) {
		return nil, store.ErrNotFound
	}
	return bytes.Clone(rec.value), nil
}

// Delete removes a record; errors as Put.
func (s *Store) Delete(ctx context.Context, bucket string, key []byte) error {
	if !s.records.drop(bucket, string(key)) {
		return nil
	}
	return s.toDisk(ctx, bucket, string(key))
}

// Each calls f with every record of a bucket, by key, until it returns false.
// The slices are f's to keep.
func (s *Store) Each(bucket string, f func(key, value []byte) bool) {
	now := s.clock().UnixNano()
	var all []put
	for _, p := range s.records.all(now) {
		if p.bucket == bucket {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b put) int { return bytes.Compare([]byte(a.key), []byte(b.key)) })
	for _, p := range all {
		if !f([]byte(p.key), bytes.Clone(p.value)) {
			return
		}
	}
}

func (s *Store) toDisk(ctx context.Context, bucket, key string) error {
	if s.disk == nil {
		return nil
	}
	return s.disk.put(ctx, bucket, key)
}

// marked is the mark of one key.
type marked struct{ at, until time.Time }

// marksBucket holds marks on disk.
const marksBucket = "marks"

// Mark implements store.Store. It returns when the mark is on disk; when the
// disk fails it holds as long as this process, and Stats says so.
func (s *Store) Mark(ctx context.Context, key store.Key, at time.Time, ttl time.Duration) error {
	now := s.clock()
	m := marked{at: at, until: now.Add(ttl)}
	s.setMark(key, m, now)
	value := binary.BigEndian.AppendUint64(nil, uint64(at.UnixNano()))
	if err := s.Put(ctx, marksBucket, key[:], value, m.until); !errors.Is(err, ErrNotDurable) {
		return err
	}
	return nil
}

func (s *Store) setMark(key store.Key, m marked, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.marks) >= s.marksMost {
		maps.DeleteFunc(s.marks, func(_ store.Key, m marked) bool { return !now.Before(m.until) })
		s.marksMost = max(1024, 2*len(s.marks))
	}
	s.marks[key] = m
}

// readMarks makes marks of the records that were read from disk.
func (s *Store) readMarks() {
	now := s.clock()
	s.Each(marksBucket, func(key, value []byte) bool {
		if rec, ok := s.records.get(marksBucket, string(key)); ok && len(key) == len(store.Key{}) && len(value) == 8 {
			at := time.Unix(0, int64(binary.BigEndian.Uint64(value)))
			s.setMark(store.Key(key), marked{at: at, until: time.Unix(0, rec.until)}, now)
		}
		return true
	})
}
