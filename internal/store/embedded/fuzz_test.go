package embedded

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/login-guard/login-guard/internal/store"
)

// sample is a store with something of each kind, in a folder.
func sample(tb testing.TB, dir string) {
	tb.Helper()
	ctx := tb.Context()
	now := time.Unix(1_800_000_000, 0)
	s := Open(dir, Options{Memory: 256 << 10, Clock: func() time.Time { return now }})
	s.disk.patience = time.Minute
	k := func(b byte) store.Key { return store.Key{b, 1, 2, 3, 4, 5, 6, 7, 8, b} }
	var out store.Reserved
	err := errors.Join(
		s.Reserve(ctx, &store.Reserve{Now: now, Charges: []store.Charge{{Key: k(1), Burst: 2, Every: time.Hour, Once: k(2), OnceFor: time.Hour}},
			Wall: store.Wall{Key: k(3), GapFrom: 1, RowFrom: 2}}, &out),
		s.Settle(ctx, &store.Settle{Now: now, Counts: []store.Count{{Ask: store.Ask{Key: k(4), HalfLife: time.Hour}, Failures: 1}}, Visit: store.Visit{Key: k(5), Country: 1}}),
		s.Flag(ctx, time.Hour, k(6)), s.Mark(ctx, k(7), now, time.Hour),
		s.Put(ctx, "overrides", []byte("key"), []byte("value"), time.Time{}),
		s.Keep(ctx, k(8), []byte("held"), time.Hour, store.Group{Key: k(9), Max: 1}))
	if first, spendErr := s.Spend(ctx, k(10), time.Hour); !first || spendErr != nil {
		tb.Fatal(first, spendErr)
	}
	if err := errors.Join(err, s.Close(ctx)); err != nil {
		tb.Fatal(err)
	}
}

// FuzzSnapshot: whatever is in counters.snap, it is refused or read, and what
// is read is what a table may hold.
func FuzzSnapshot(f *testing.F) {
	dir := f.TempDir()
	sample(f, dir)
	b, err := os.ReadFile(filepath.Join(dir, snapName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:len(b)/2])
	f.Add([]byte(snapMagic))
	now := time.Unix(1_800_000_000, 0).UnixNano()
	f.Fuzz(func(t *testing.T, b []byte) {
		err := readSnapshot(bytes.NewReader(b), func(int, []byte) {})
		if err != nil && !errors.Is(err, errDamaged) && !errors.Is(err, errNewer) {
			t.Fatalf("an error of no kind: %v", err)
		}
		s := New(Options{Memory: 16 << 10})
		_ = readSnapshot(bytes.NewReader(b), func(table int, rows []byte) { s.restore(table, rows, now) })
		restored(t, s, now)
		var again bytes.Buffer
		if err := s.snapshotTo(&again, now, newSnapper()); err != nil {
			t.Fatal(err)
		}
		if err := readSnapshot(&again, func(int, []byte) {}); err != nil {
			t.Fatalf("what was read cannot be written and read again: %v", err)
		}
	})
}

// FuzzSnapshotRows is past the checksum: rows of any table.
func FuzzSnapshotRows(f *testing.F) {
	for table := snapCounters; table <= snapWalls; table++ {
		f.Add(table, bytes.Repeat([]byte{0x18, 0xff, 0x7f, 1}, 64))
	}
	now := time.Unix(1_800_000_000, 0).UnixNano()
	f.Fuzz(func(t *testing.T, table int, rows []byte) {
		if table < snapCounters || table > snapWalls {
			return
		}
		s := New(Options{Memory: 16 << 10})
		s.restore(table, rows, now)
		restored(t, s, now)
	})
}

// restored checks what tables hold after they were read.
func restored(t *testing.T, s *Store, now int64) {
	t.Helper()
	for _, rows := range [][]slot{s.counters.rows, s.onces.rows, s.flags.rows} {
		for i := range rows {
			if rows[i].tag != 0 && (rows[i].until <= now || rows[i].until > now+int64(maxAhead)) {
				t.Fatalf("a row ends at %d", rows[i].until)
			}
			if units, age := rows[i].worth(now); rows[i].tag != 0 && (units < 1 || age < 0) {
				t.Fatalf("a row of %d units is %d old", units, age)
			}
		}
	}
	for i := range s.tallies.rows {
		if r := &s.tallies.rows[i]; !(r.failures >= 0 && r.successes >= 0) {
			t.Fatalf("%+v", r)
		}
	}
	for i := range s.walls.rows {
		if r := &s.walls.rows[i]; !(r.units >= 0 && r.units <= wallCap) || r.row > wallCap {
			t.Fatalf("%+v", r)
		}
	}
}

// FuzzRecords: the records of store.db, with and without a right checksum.
func FuzzRecords(f *testing.F) {
	k, v := writeHistory(7, &history{last: 1, successes: 2, asns: [6]uint32{3}})
	f.Add(k, v, false)
	f.Add(k, v[:len(v)-sumBytes], true)
	k, v = writeKept(&item{key: store.Key{1}, value: []byte("v"), until: 5, groups: []store.Key{{2}, {3}}})
	f.Add(k, v, false)
	f.Add(k, v[:10], true)
	f.Add([]byte("key"), writeRecord([]byte("key"), record{value: []byte("v"), until: 3}), false)
	f.Add(spentKey(1, 2), seal(spentKey(1, 2), nil), false)
	f.Fuzz(func(t *testing.T, key, value []byte, sum bool) {
		if sum {
			value = seal(key, bytes.Clone(value))
		}
		if tag, h, err := readHistory(key, value); err == nil {
			if k, v := writeHistory(tag, &h); !bytes.Equal(k, key) || !bytes.Equal(v, value) {
				t.Error("a history is not what was written")
			}
		}
		if it, err := readKept(key, value); err == nil {
			if k, v := writeKept(it); !bytes.Equal(k, key) || !bytes.Equal(v, value) {
				t.Error("a kept thing is not what was written")
			}
		}
		if r, err := readRecord(key, value); err == nil {
			if v := writeRecord(key, r); !bytes.Equal(v, value) {
				t.Error("a record is not what was written")
			}
		}
		if tag, until, err := readSpent(key, value); err == nil {
			if k := spentKey(tag, until); !bytes.Equal(k, key) {
				t.Error("a marker is not what was written")
			}
		}
	})
}

// FuzzDatabase: a database with bytes changed anywhere is used or refused,
// and nothing that is used ends the process. What checkPages lets pass is
// opened and read by bbolt itself.
func FuzzDatabase(f *testing.F) {
	dir := f.TempDir()
	sample(f, dir)
	good, err := os.ReadFile(filepath.Join(dir, dbName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(0), []byte{}, uint32(0))
	f.Add(uint32(16), []byte("xxxx"), uint32(0))
	f.Add(uint32(4096*3+8), []byte{1, 0, 255, 255}, uint32(0))
	f.Add(uint32(4096*4+20), []byte{255, 255}, uint32(100))
	f.Fuzz(func(t *testing.T, at uint32, change []byte, cut uint32) {
		b := bytes.Clone(good)
		b = b[:len(b)-int(cut)%len(b)]
		copy(b[int(at)%len(b):], change)
		err := checkPages(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if !errors.Is(err, errDamaged) && !errors.Is(err, errNewer) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		path := filepath.Join(t.TempDir(), dbName)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := readAnyhow(path); err != nil && !errors.Is(sorted(err), errDamaged) && !errors.Is(err, errForeign) && !errors.Is(err, errNewer) {
			t.Fatalf("%v", err)
		}
	})
}

// readAnyhow reads a database and writes to it.
func readAnyhow(path string) error {
	s := New(Options{Memory: 16 << 10})
	return guarded(func() error {
		db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second, NoSync: true, FreelistType: bolt.FreelistMapType})
		if err != nil {
			return err
		}
		defer db.Close()
		if err := newDisk(s, filepath.Dir(path)).load(db); err != nil {
			return err
		}
		return db.Update(func(tx *bolt.Tx) error { return tx.Bucket(spentBucket).Put(spentKey(1, 2), seal(spentKey(1, 2), nil)) })
	})
}
