package embedded_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

var small = embedded.Options{Memory: 1 << 20}

func withClock(c *storetest.Clock) embedded.Options {
	o := small
	o.Clock = c.Now
	return o
}

func closed(t *testing.T, s *embedded.Store) {
	t.Helper()
	if err := s.Close(t.Context()); err != nil {
		t.Errorf("closing: %v", err)
	}
}

func TestStoreWithAFolderKeepsItsContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T, c *storetest.Clock) store.Store {
		s := embedded.OpenFast(t.TempDir(), withClock(c), nil)
		t.Cleanup(func() {
			if got := s.Stats(); !got.Durable || got.Problem != "" || got.Errors != 0 {
				t.Errorf("%+v", got)
			}
			if err := s.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
		return s
	})
}

// life is what one process leaves to the next.
type life struct {
	now    time.Time
	budget store.Charge
	once   store.Charge
	wall   store.Wall
	ask    store.Ask
}

func newLife(c *storetest.Clock) life {
	b := store.Charge{Key: storetest.Key("budget"), Burst: 3, Every: time.Hour}
	o := b
	o.Key, o.Once, o.OnceFor = storetest.Key("seen"), storetest.Key("once"), time.Hour
	return life{now: c.Now(), budget: b, once: o,
		wall: store.Wall{Key: storetest.Key("alice"), GapFrom: 20, RowFrom: 100},
		ask:  store.Ask{Key: storetest.Key("tally"), HalfLife: time.Hour, Window: time.Hour}}
}

// leave leaves something of each kind.
func (l life) leave(t *testing.T, s *embedded.Store) {
	t.Helper()
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		_, err := storetest.Reserve(s, store.Reserve{Now: l.now, Charges: []store.Charge{l.budget, l.once}, Wall: l.wall})
		check(err)
	}
	check(s.Settle(ctx, &store.Settle{Now: l.now, Counts: []store.Count{{Ask: l.ask, Failures: 4, FailedOf: 7 | 1<<63}},
		Visit: store.Visit{Key: storetest.Key("alice"), Country: 49, ASN: 3320}}))
	check(s.Flag(ctx, time.Hour, storetest.Key("session")))
	check(s.Mark(ctx, storetest.Key("revoked"), l.now, time.Hour))
	check(s.Put(ctx, "overrides", []byte("address"), []byte("allow"), time.Time{}))
	check(s.Put(ctx, "overrides", []byte("gone"), []byte("x"), time.Time{}))
	check(s.Delete(ctx, "overrides", []byte("gone")))
	if first, err := s.Spend(ctx, storetest.Key("nonce"), time.Hour); err != nil || !first {
		t.Fatal(first, err)
	}
	check(s.Keep(ctx, storetest.Key("held"), []byte("a login"), time.Hour, store.Group{Key: storetest.Key("host"), Max: 1}))
}

// durable checks what must be there whatever ended the process before.
func (l life) durable(t *testing.T, s *embedded.Store) {
	t.Helper()
	ctx := t.Context()
	if first, err := s.Spend(ctx, storetest.Key("nonce"), time.Hour); err != nil || first {
		t.Errorf("what was spent is good again (%v)", err)
	}
	got, err := storetest.Reserve(s, store.Reserve{Now: l.now, Profile: storetest.Key("alice"), Marks: []store.Key{storetest.Key("revoked")}})
	if err != nil || got.Profile != (store.Profile{Successes: 1, Last: got.Profile.Last, Countries: [4]uint32{49}, ASNs: [6]uint32{3320}}) {
		t.Errorf("history %+v, %v", got.Profile, err)
	}
	if !got.Marks[0].Equal(l.now) {
		t.Errorf("mark %v", got.Marks[0])
	}
	if v, err := s.Get(ctx, "overrides", []byte("address")); err != nil || string(v) != "allow" {
		t.Errorf("record %q, %v", v, err)
	}
	if _, err := s.Get(ctx, "overrides", []byte("gone")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a deleted record is back: %v", err)
	}
}

// counted checks what a snapshot brings back.
func (l life) counted(t *testing.T, s *embedded.Store) {
	t.Helper()
	got, err := storetest.Reserve(s, store.Reserve{Now: l.now, Charges: []store.Charge{l.budget, l.once}, Tallies: []store.Ask{l.ask}, Wall: l.wall})
	if err != nil || got.Over != 1 || got.After[0] != time.Hour || got.Wall.Failures != 3 || got.Wall.Row != 3 ||
		got.Tallies[0].Failures != 4 || got.Tallies[0].FailedOf != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if up, err := s.Flagged(t.Context(), storetest.Key("session")); err != nil || !up[0] {
		t.Errorf("the flag is down (%v)", err)
	}
}

func TestACleanEndLosesNothing(t *testing.T) {
	dir, c := t.TempDir(), storetest.NewClock()
	l := newLife(c)
	closed(t, embedded.Open(dir, withClock(c)))
	s := embedded.OpenFast(dir, withClock(c), nil)
	l.leave(t, s)
	closed(t, s)
	if _, err := s.Take(t.Context(), storetest.Key("held")); !errors.Is(err, store.ErrNotFound) {
		t.Error("what is on its way to the next process is still to be had in this one")
	}

	o := withClock(c)
	o.Memory *= 3 // tables of another size
	s = embedded.OpenFast(dir, o, nil)
	l.durable(t, s)
	l.counted(t, s)
	if err := s.Keep(t.Context(), storetest.Key("other"), nil, time.Hour, store.Group{Key: storetest.Key("host"), Max: 1}); !errors.Is(err, store.ErrFull) {
		t.Errorf("the group of a kept thing is forgotten: %v", err)
	}
	if v, err := s.Take(t.Context(), storetest.Key("held")); err != nil || string(v) != "a login" {
		t.Errorf("%q, %v", v, err)
	}
	closed(t, s)
	s = embedded.OpenFast(dir, withClock(c), nil)
	if _, err := s.Take(t.Context(), storetest.Key("held")); !errors.Is(err, store.ErrNotFound) {
		t.Error("taken twice")
	}
	closed(t, s)
	for _, name := range []string{"store.db", "counters.snap"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestWhatEndedIsNotReadBack(t *testing.T) {
	dir, c := t.TempDir(), storetest.NewClock()
	l := newLife(c)
	s := embedded.OpenFast(dir, withClock(c), nil)
	l.leave(t, s)
	closed(t, s)
	c.Move(200 * 24 * time.Hour)
	s = embedded.OpenFast(dir, withClock(c), nil)
	defer closed(t, s)
	if first, err := s.Spend(t.Context(), storetest.Key("nonce"), time.Hour); err != nil || !first {
		t.Error(first, err)
	}
	got, err := storetest.Reserve(s, store.Reserve{Now: c.Now(), Charges: []store.Charge{l.budget}, Profile: storetest.Key("alice"), Marks: []store.Key{storetest.Key("revoked")}})
	if err != nil || got.Over != 0 || got.Profile.Successes != 0 || !got.Marks[0].IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := s.Take(t.Context(), storetest.Key("held")); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
}

func TestAnOlderHistoryOnDiskIsJoined(t *testing.T) {
	dir, c := t.TempDir(), storetest.NewClock()
	o := withClock(c)
	o.Profiles = 8
	visit := func(s store.Store, name string, country uint32) {
		if err := s.Settle(t.Context(), &store.Settle{Now: c.Now(), Visit: store.Visit{Key: storetest.Key(name), Country: country}}); err != nil {
			t.Fatal(err)
		}
	}
	s := embedded.OpenFast(dir, o, nil)
	visit(s, "alice", 1)
	waitFor(t, "alice's history is on disk", s.Written)
	for i := range 100 { // alice has no room in memory any more
		c.Move(time.Second)
		visit(s, fmt.Sprint(i), 9)
	}
	if got, _ := storetest.Reserve(s, store.Reserve{Now: c.Now(), Profile: storetest.Key("alice")}); got.Profile.Successes != 0 {
		t.Fatal("the table is larger than the test thinks")
	}
	visit(s, "alice", 2)
	waitFor(t, "both are known", func() bool {
		got, err := storetest.Reserve(s, store.Reserve{Now: c.Now(), Profile: storetest.Key("alice")})
		return err == nil && got.Profile == store.Profile{Successes: 2, Last: got.Profile.Last, Countries: [4]uint32{2, 1}}
	})
	closed(t, s)
}

// waitFor waits for what happens in the background.
func waitFor(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came about that %s", what)
		}
	}
}

func TestManySpendersShareACommit(t *testing.T) {
	var commits atomic.Int64
	s := embedded.OpenFast(t.TempDir(), small, func() error {
		commits.Add(1)
		time.Sleep(5 * time.Millisecond)
		return nil
	})
	defer closed(t, s)
	start := commits.Load()
	var wg sync.WaitGroup
	for i := range 500 {
		wg.Go(func() {
			if first, err := s.Spend(t.Context(), storetest.Key(fmt.Sprint(i)), time.Hour); err != nil || !first {
				t.Error(first, err)
			}
		})
	}
	wg.Wait()
	if n := commits.Load() - start; n > 100 {
		t.Errorf("500 spenders at once took %d commits", n)
	}
}

// A folder that is of no use, and what becomes of it.
func TestAStoreOpensWhateverItsFolderIsLike(t *testing.T) {
	c := storetest.NewClock()
	l := newLife(c)
	write := func(name string, f func(old []byte) []byte) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, name)
			old, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, f(old), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	edit := func(f func(tx *bolt.Tx) error) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			db, err := bolt.Open(filepath.Join(dir, "store.db"), 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(db.Update(f), db.Close()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, test := range []struct {
		name    string
		spoil   func(t *testing.T, dir string)
		problem string // that Stats tells of; "": none
		durable bool
		counted bool // the snapshot is read
		aside   string
		same    string // a file that is left as it is
	}{
		{name: "a database cut to half a page", spoil: write("store.db", func(b []byte) []byte { return b[:2000] }),
			durable: true, counted: true, aside: "store.db.damaged-*"},
		{name: "a database that lost its end", spoil: write("store.db", func(b []byte) []byte { return b[:3*4096] }),
			durable: true, counted: true, aside: "store.db.damaged-*"},
		{name: "a database of zeros", spoil: write("store.db", func(b []byte) []byte { return make([]byte, len(b)) }),
			durable: true, counted: true, aside: "store.db.damaged-*"},
		{name: "a database with both meta pages flipped", spoil: write("store.db", func(b []byte) []byte { b[40] ^= 1; b[4096+40] ^= 1; return b }),
			durable: true, counted: true, aside: "store.db.damaged-*"},
		{name: "a database with flipped bytes in every page but the first two", spoil: write("store.db", func(b []byte) []byte {
			for i := 2*4096 + 8; i < len(b); i += 512 {
				b[i] ^= 0x41
			}
			return b
		}), durable: true, counted: true, aside: "store.db.damaged-*"},
		{name: "a record that does not keep its checksum", spoil: edit(func(tx *bolt.Tx) error {
			return tx.Bucket([]byte("spent")).Put([]byte("0123456789abcdef"), []byte("xxxx"))
		}), durable: true, counted: true, aside: "store.db.damaged-*"},
		{name: "an empty database", spoil: write("store.db", func([]byte) []byte { return nil }), durable: true, counted: true},
		{name: "a database of a newer version", spoil: edit(func(tx *bolt.Tx) error {
			return tx.Bucket([]byte("meta")).Put([]byte("format"), []byte{0, 2})
		}), problem: "newer version", same: "store.db"},
		{name: "a database of somebody else", spoil: func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "store.db")); err != nil {
				t.Fatal(err)
			}
			edit(func(tx *bolt.Tx) error {
				_, err := tx.CreateBucket([]byte("theirs"))
				return err
			})(t, dir)
		}, problem: "not a file of Login Guard", same: "store.db"},
		{name: "a folder in place of the database", spoil: func(t *testing.T, dir string) {
			if err := errors.Join(os.Remove(filepath.Join(dir, "store.db")), os.Mkdir(filepath.Join(dir, "store.db"), 0o700)); err != nil {
				t.Fatal(err)
			}
		}, problem: "is a directory"},
		{name: "a file in place of the folder", spoil: func(t *testing.T, dir string) {
			if err := errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
		}, problem: "not a directory"},
		{name: "a snapshot that lost its end", spoil: write("counters.snap", func(b []byte) []byte { return b[:len(b)-1] }), durable: true, aside: "counters.snap.damaged-*"},
		{name: "a snapshot with a flipped bit", spoil: write("counters.snap", func(b []byte) []byte { b[len(b)/2] ^= 1; return b }), durable: true, aside: "counters.snap.damaged-*"},
		{name: "a snapshot that is none", spoil: write("counters.snap", func([]byte) []byte { return []byte("hello") }), durable: true, aside: "counters.snap.damaged-*"},
		{name: "a snapshot of a newer version", spoil: write("counters.snap", func(b []byte) []byte { b[6] = 2; return b }), durable: true, problem: "newer version", same: "counters.snap"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			s := embedded.OpenFast(dir, withClock(c), nil)
			l.leave(t, s)
			closed(t, s)
			test.spoil(t, dir)
			var before []byte
			if test.same != "" {
				before, _ = os.ReadFile(filepath.Join(dir, test.same))
			}

			s = embedded.OpenFast(dir, withClock(c), nil)
			got := s.Stats()
			if got.Durable != test.durable || !strings.Contains(got.Problem, test.problem) || (test.problem == "") != (got.Problem == "") {
				t.Errorf("durable %v, problem %q", got.Durable, got.Problem)
			}
			if test.problem != "" && !strings.Contains(got.Problem, dir) {
				t.Errorf("the problem does not name the file: %q", got.Problem)
			}
			if test.counted {
				l.counted(t, s)
			}
			if aside, _ := filepath.Glob(filepath.Join(dir, "*.damaged-*")); (len(aside) == 1) != (test.aside != "") {
				t.Errorf("put aside: %q", aside)
			}
			if aside, _ := filepath.Glob(filepath.Join(dir, test.aside)); test.aside != "" && len(aside) != 1 {
				t.Errorf("%s was not put aside", test.aside)
			}
			// It works, and what is spent now stays so as far as the disk goes.
			again := storetest.Key("again")
			if first, err := s.Spend(t.Context(), again, time.Hour); err != nil || !first {
				t.Error(first, err)
			}
			if first, err := s.Spend(t.Context(), again, time.Hour); err != nil || first {
				t.Error(first, err)
			}
			if _, err := storetest.Reserve(s, store.Reserve{Now: c.Now(), Charges: []store.Charge{{Key: again, Burst: 1, Every: time.Hour}}}); err != nil {
				t.Error(err)
			}
			if err := s.Close(t.Context()); (err == nil) != test.durable {
				t.Errorf("closing: %v", err)
			}
			if test.same != "" {
				if after, _ := os.ReadFile(filepath.Join(dir, test.same)); !bytes.Equal(before, after) {
					t.Errorf("%s was written", test.same)
				}
			}
			if test.durable {
				s = embedded.OpenFast(dir, withClock(c), nil)
				defer closed(t, s)
				if first, err := s.Spend(t.Context(), again, time.Hour); err != nil || first {
					t.Errorf("after a restart: %v, %v", first, err)
				}
			}
		})
	}
}

func TestASecondProcessWorksFromMemoryUntilTheFirstEnds(t *testing.T) {
	dir, c := t.TempDir(), storetest.NewClock()
	l := newLife(c)
	first := embedded.OpenFast(dir, withClock(c), nil)
	l.leave(t, first)
	second := embedded.OpenFast(dir, withClock(c), nil)
	if got := second.Stats(); got.Durable || !strings.Contains(got.Problem, "another process") || got.Errors == 0 {
		t.Fatalf("%+v", got)
	}
	if ok, err := second.Spend(t.Context(), storetest.Key("second's"), time.Hour); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := second.Put(t.Context(), "overrides", []byte("second's"), []byte("deny"), time.Time{}); !errors.Is(err, embedded.ErrNotDurable) {
		t.Fatalf("%v", err)
	}
	closed(t, first)
	waitFor(t, "the second has the file", func() bool { return second.Stats().Durable })
	l.durable(t, second)
	closed(t, second)

	third := embedded.OpenFast(dir, withClock(c), nil)
	defer closed(t, third)
	l.durable(t, third)
	if ok, err := third.Spend(t.Context(), storetest.Key("second's"), time.Hour); err != nil || ok {
		t.Errorf("what the second spent without the file is good again (%v)", err)
	}
	if v, err := third.Get(t.Context(), "overrides", []byte("second's")); err != nil || string(v) != "deny" {
		t.Errorf("%q, %v", v, err)
	}
}

func TestADiskThatFailsStopsNobodyAndHeals(t *testing.T) {
	dir, c := t.TempDir(), storetest.NewClock()
	l := newLife(c)
	var failing atomic.Bool
	s := embedded.OpenFast(dir, withClock(c), func() error {
		if failing.Load() {
			return errors.New("the disk is on fire")
		}
		return nil
	})
	if err := s.Put(t.Context(), "overrides", []byte("before"), []byte("x"), time.Time{}); err != nil {
		t.Fatal(err)
	}
	failing.Store(true)
	// In the commit that fails.
	if err := s.Settle(t.Context(), &store.Settle{Now: l.now, Visit: store.Visit{Key: storetest.Key("bob"), Country: 44}}); err != nil {
		t.Fatal(err)
	}
	if first, err := s.Spend(t.Context(), storetest.Key("lost"), time.Hour); err != nil || !first {
		t.Fatal(first, err)
	}
	if first, err := s.Spend(t.Context(), storetest.Key("lost"), time.Hour); err != nil || first {
		t.Fatal("without a disk it is good twice", err)
	}
	if got := s.Stats(); got.Durable || !strings.Contains(got.Problem, "on fire") || !strings.Contains(got.Problem, dir) || got.Errors == 0 {
		t.Fatalf("%+v", got)
	}
	if err := s.Delete(t.Context(), "overrides", []byte("before")); !errors.Is(err, embedded.ErrNotDurable) {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), "overrides", []byte("gone"), nil, time.Time{}); !errors.Is(err, embedded.ErrNotDurable) {
		t.Fatal(err)
	}
	_ = s.Delete(t.Context(), "overrides", []byte("gone"))
	if err := s.Put(t.Context(), "overrides", []byte("address"), []byte("allow"), time.Time{}); !errors.Is(err, embedded.ErrNotDurable) {
		t.Fatal(err)
	}
	if err := s.Mark(t.Context(), storetest.Key("revoked"), l.now, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := s.Settle(t.Context(), &store.Settle{Now: l.now, Visit: store.Visit{Key: storetest.Key("alice"), Country: 49, ASN: 3320}}); err != nil {
		t.Fatal(err)
	}
	if first, err := s.Spend(t.Context(), storetest.Key("nonce"), time.Hour); err != nil || !first {
		t.Fatal(first, err)
	}
	failing.Store(false)
	waitFor(t, "the disk is well again", func() bool { got := s.Stats(); return got.Durable && got.Problem == "" })
	// A kill from here on loses nothing: another store reads a copy.
	copied := t.TempDir()
	b, err := os.ReadFile(filepath.Join(dir, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(copied, "store.db"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	s = embedded.OpenFast(copied, withClock(c), nil)
	defer closed(t, s)
	l.durable(t, s)
	if first, _ := s.Spend(t.Context(), storetest.Key("lost"), time.Hour); first {
		t.Error("what was spent while the disk failed is good again")
	}
	if got, err := storetest.Reserve(s, store.Reserve{Now: l.now, Profile: storetest.Key("bob")}); err != nil || got.Profile.Successes != 1 {
		t.Errorf("a history of the commit that failed: %+v, %v", got.Profile, err)
	}
	if _, err := s.Get(t.Context(), "overrides", []byte("before")); !errors.Is(err, store.ErrNotFound) {
		t.Error("what was deleted while the disk failed is back")
	}
}

func TestADiskThatHangsKeepsNobodyWaiting(t *testing.T) {
	hang := make(chan struct{})
	var hanging atomic.Bool
	s := embedded.OpenFast(t.TempDir(), small, func() error {
		if hanging.Load() {
			<-hang
		}
		return nil
	})
	hanging.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if first, err := s.Spend(ctx, storetest.Key("client gone"), time.Hour); !errors.Is(err, context.DeadlineExceeded) || first {
		t.Errorf("%v, %v", first, err)
	}
	s.Impatient() // not before: of two times that are over by now either may count
	if first, err := s.Spend(t.Context(), storetest.Key("a"), time.Hour); err != nil || !first {
		t.Errorf("%v, %v", first, err)
	}
	if s.Stats().Errors == 0 {
		t.Error("nobody is told that the disk hangs")
	}
	if _, err := storetest.Reserve(s, store.Reserve{Now: time.Now(), Charges: []store.Charge{{Key: storetest.Key("b"), Burst: 1, Every: time.Hour}}}); err != nil {
		t.Error(err)
	}
	hanging.Store(false)
	close(hang)
	closed(t, s)
}

func TestAFileSpoiledWhileInUseIsReplacedFromMemory(t *testing.T) {
	dir, c := t.TempDir(), storetest.NewClock()
	l := newLife(c)
	s := embedded.OpenFast(dir, withClock(c), nil)
	l.leave(t, s)
	waitFor(t, "all is written", s.Written)
	// What another program writes over a file that is in use shows in memory.
	path := filepath.Join(dir, "store.db")
	if err := os.Truncate(path, 2*4096); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if first, err := s.Spend(t.Context(), storetest.Key(fmt.Sprint("later ", i)), time.Hour); err != nil || !first {
			t.Fatal(first, err)
		}
	}
	waitFor(t, "a new file is there", func() bool {
		aside, _ := filepath.Glob(path + ".damaged-*")
		return len(aside) == 1 && s.Stats().Durable
	})
	closed(t, s)
	s = embedded.OpenFast(dir, withClock(c), nil)
	defer closed(t, s)
	l.durable(t, s)
	if first, _ := s.Spend(t.Context(), storetest.Key("later 0"), time.Hour); first {
		t.Error("what was spent while the file was spoiled is good again")
	}
}

func TestNoMoreThanThreeDamagedFilesAreKept(t *testing.T) {
	dir, c := t.TempDir(), storetest.NewClock()
	for range 6 {
		c.Move(time.Second)
		if err := os.WriteFile(filepath.Join(dir, "store.db"), []byte("junk"), 0o600); err != nil {
			t.Fatal(err)
		}
		closed(t, embedded.OpenFast(dir, withClock(c), nil))
	}
	if aside, _ := filepath.Glob(filepath.Join(dir, "store.db.damaged-*")); len(aside) != 3 {
		t.Errorf("%q", aside)
	}
}

func TestRecordsAreBounded(t *testing.T) {
	s := embedded.New(small)
	for _, p := range []struct {
		bucket     string
		key, value []byte
	}{{"", []byte("k"), nil}, {"b", nil, nil}, {"b", make([]byte, 256), nil}, {"b", []byte("k"), make([]byte, 64<<10+1)}} {
		if err := s.Put(t.Context(), p.bucket, p.key, p.value, time.Time{}); err == nil {
			t.Errorf("a record of %d and %d bytes was put in %q", len(p.key), len(p.value), p.bucket)
		}
	}
	for i := range 3 {
		if err := s.Put(t.Context(), "b", []byte{'c' - byte(i)}, []byte{byte(i)}, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	var keys string
	s.Each("b", func(k, _ []byte) bool { keys += string(k); return len(keys) < 2 })
	if keys != "ab" {
		t.Errorf("in order %q", keys)
	}
}

func TestSnapshotsHoldTheLockForASliceOnly(t *testing.T) {
	dir := t.TempDir()
	s := embedded.OpenFast(dir, embedded.Options{}, nil)
	for i := range 1000 {
		if _, err := storetest.Reserve(s, store.Reserve{Now: time.Now(), Charges: []store.Charge{{Key: storetest.Key(fmt.Sprint(i)), Burst: 1, Every: time.Hour}}}); err != nil {
			t.Fatal(err)
		}
	}
	closed(t, s)
	if n := s.LongestSlice(); n == 0 || n > 64<<10 {
		t.Errorf("%d bytes were copied under one lock", n)
	}
}
