package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/login-guard/login-guard/internal/store"
)

// disk is the folder of a store:
//
//	rows.db         durable rows, once there are any; see rowsfile.go
//	store.db        what must survive a kill: spent markers, histories, marks
//	                and other records; and kept things, between a clean end
//	                and the next start only
//	counters.snap   budgets, tallies, walls and flags, every ten seconds
//	*.damaged-TIME  what could not be read, the last three
//
// What is promised:
//
//   - Spend, Mark, Put and Delete return when the disk has it. All that wait
//     share one commit.
//   - A history is on disk 50 ms after the success, but for one that brings
//     nothing new within an hour: only its count, which a clean end saves.
//   - Counters are at most ten seconds old, or as old as writing them at
//     4 MiB a second takes.
//   - Kept things survive a clean end (Close) and no kill: nothing can be
//     taken twice.
//   - When the disk fails, everything goes on from memory, Stats says so, and
//     every ten seconds all of it is tried again, from memory to disk.
type disk struct {
	s     *Store
	dir   string
	clock func() time.Time

	// Tests shorten these; fault is asked before every commit.
	soon, retry, patience time.Duration
	fault                 func() error

	mu      sync.Mutex
	state   state
	owns    bool   // the folder is ours: store.db is or was open
	problem string // of store.db
	aside   string // the last damaged file, and what was wrong with it
	snapped string // problem of counters.snap
	errors  int64
	next    *batch

	urgent, later chan struct{} // one place each
	stop          chan struct{}
	stopping      sync.Once
	running       sync.WaitGroup

	db      *bolt.DB // the writer's alone once that runs
	newFile bool     // nothing of memory is in db
	swept   []byte   // how far histories were swept
	snap    *snapper
}

// state of the database.
type state uint8

const (
	off      state = iota // memory only
	catching              // what is new is written, what was before is being
	live
)

const (
	dbName   = "store.db"
	snapName = "counters.snap"
)

var (
	errInUse   = errors.New("another process uses it")
	errForeign = errors.New("it is not a file of Login Guard")
)

// Open makes a store with a folder, which is made if need be (0700). It never
// fails: when the folder is of no use the store works from memory, Stats says
// why, and Open's folder is tried again every ten seconds. Close it.
func Open(dir string, o Options) *Store {
	s := New(o)
	s.disk = newDisk(s, dir)
	s.disk.start()
	return s
}

func newDisk(s *Store, dir string) *disk {
	return &disk{
		s: s, dir: dir, clock: s.clock,
		soon: 50 * time.Millisecond, retry: 10 * time.Second, patience: time.Second,
		fault:  func() error { return nil },
		next:   &batch{done: make(chan struct{})},
		urgent: make(chan struct{}, 1), later: make(chan struct{}, 1), stop: make(chan struct{}),
		snap: newSnapper(),
	}
}

func (d *disk) start() {
	d.attach(time.Second, false)
	d.s.rows.start(d.dir)
	d.running.Go(d.write)
	d.running.Go(d.snapshots)
}

// Close writes everything and ends the store's goroutines; kept things are
// then on disk and no longer in memory. An error says what was lost. A store
// without a folder has nothing to do.
func (s *Store) Close(ctx context.Context) error {
	d := s.disk
	if d == nil {
		return nil
	}
	d.stopping.Do(func() { close(d.stop) })
	ended := make(chan struct{})
	go func() { // ends with the goroutines that it waits for
		d.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		return fmt.Errorf("closing the store in %s: %w", d.dir, ctx.Err())
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.problem != "" {
		return errors.New(d.problem)
	}
	return nil
}

func (d *disk) file(name string) string { return filepath.Join(d.dir, name) }

func (d *disk) stats(out *store.Stats) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out.Errors += d.errors
	out.Durable = d.state == live
	out.Aside = d.aside
	out.Problem = d.problem
	if out.Problem == "" {
		out.Problem = d.snapped
	}
	out.Counters = int(d.snap.live.Load())
}

// failed notes that the disk is of no use and answers all that wait.
func (d *disk) failed(err error) {
	d.mu.Lock()
	b := d.next
	d.next = &batch{done: make(chan struct{})}
	d.state = off
	d.errors++
	d.problem = d.explain(err)
	d.mu.Unlock()
	b.end(err)
}

// explain is what an operator is told.
func (d *disk) explain(err error) string {
	const lost = " Logins go on from memory; what is counted, spent and revoked is lost when this process ends."
	path := d.file(dbName)
	switch {
	case errors.Is(err, errInUse):
		return fmt.Sprintf("%s is in use by another process. Stop that one, or give this one a folder of its own.%s", path, lost)
	case errors.Is(err, errNewer):
		return fmt.Sprintf("%s was written by a newer version of Login Guard and is left as it is. Run that version, or move the file away.%s", path, lost)
	case errors.Is(err, errForeign):
		return fmt.Sprintf("%s is not a file of Login Guard and is left as it is. Move it away.%s", path, lost)
	case errors.Is(err, os.ErrPermission):
		return fmt.Sprintf("%s cannot be written: %v. Let the user that runs this process write to the folder.%s", path, err, lost)
	case isFull(err):
		return fmt.Sprintf("%s cannot be written: %v. Make room on the disk.%s", path, err, lost)
	}
	return fmt.Sprintf("%s cannot be used: %v. Look after the disk.%s", path, err, lost)
}

// attach opens the database and reads it into memory, which may hold more
// than the file by then: later says so.
func (d *disk) attach(timeout time.Duration, later bool) {
	fresh, err := d.open(timeout)
	if err != nil {
		d.failed(err)
		return
	}
	if !d.mine() {
		d.loadSnapshot()
	}
	d.newFile = d.newFile || fresh
	d.mu.Lock()
	if d.state, d.problem = live, ""; later || fresh {
		d.state = catching
	}
	d.mu.Unlock()
	if later || fresh {
		d.catchUp()
	}
}

// open opens the database, in a new file if what is there is damaged.
func (d *disk) open(timeout time.Duration) (fresh bool, err error) {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return false, err
	}
	err = d.openAndLoad(timeout)
	if !errors.Is(err, errDamaged) {
		return false, err
	}
	if err := d.putAside(dbName, err); err != nil {
		return false, err
	}
	return true, d.openAndLoad(timeout)
}

// openAndLoad opens the file that is there and reads it into memory.
func (d *disk) openAndLoad(timeout time.Duration) error {
	var db *bolt.DB
	err := guarded(func() (err error) {
		db, err = openBolt(d.file(dbName), timeout)
		return err
	})
	if err != nil {
		return sorted(err)
	}
	if err := guarded(func() error { return d.load(db) }); err != nil {
		abandon(db)
		return sorted(err)
	}
	d.db = db
	return nil
}

// openBolt opens a database, which is checked under its lock.
func openBolt(path string, timeout time.Duration) (*bolt.DB, error) {
	return bolt.Open(path, 0o600, &bolt.Options{
		Timeout:      timeout + 20*time.Millisecond,
		FreelistType: bolt.FreelistMapType,
		NoStatistics: true,
		OpenFile: func(name string, flag int, perm os.FileMode) (*os.File, error) {
			f, err := os.OpenFile(name, flag, perm)
			if err != nil {
				return nil, err
			}
			if err := lockAndCheck(f, timeout); err != nil {
				return nil, errors.Join(err, f.Close())
			}
			return f, nil
		},
	})
}

// putAside renames a damaged file, so that a new one can take its place, and
// keeps the last three of those.
func (d *disk) putAside(name string, why error) error {
	to := fmt.Sprintf("%s.damaged-%d", d.file(name), d.clock().UnixNano())
	if err := os.Rename(d.file(name), to); err != nil {
		return errors.Join(why, err)
	}
	d.mu.Lock()
	d.errors++
	d.aside = fmt.Sprintf("%s: %v", to, why)
	d.mu.Unlock()
	old, err := filepath.Glob(d.file(name) + ".damaged-*")
	for err == nil && len(old) > 3 { // sorted: the oldest first
		err = os.Remove(old[0])
		old = old[1:]
	}
	return nil
}
