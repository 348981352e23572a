package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/login-guard/login-guard/internal/store"
)

// rows.db, with the checks of store.db (see format.go):
//
//	meta   "format" → version (2)
//	rows   key (16) → until (8, 0: for ever), version (8), value, checksum
//
// It is not one file with store.db, as that is begun anew when it is damaged:
// what is forgotten then is worth less than these.
const (
	rowsName    = "rows.db"
	rowsVersion = 1
	rowHead     = 8 + 8
)

var rowsBucket = []byte("rows")

// notesBucket of records has the keys of rows that last for ever.
const notesBucket = "rows"

func writeRow(key store.Key, r storedRow) []byte {
	b := make([]byte, 0, rowHead+len(r.Value)+sumBytes)
	b = binary.BigEndian.AppendUint64(b, uint64(r.until))
	b = binary.BigEndian.AppendUint64(b, r.Version)
	return seal(key[:], append(b, r.Value...))
}

// readRow reads a row; nil is version 0.
func readRow(key store.Key, value []byte) (r storedRow, err error) {
	if value == nil {
		return r, nil
	}
	b, err := unseal(key[:], value)
	if err != nil || len(b) < rowHead || len(b) > rowHead+store.MaxRow {
		return r, errRecord
	}
	r.until = int64(binary.BigEndian.Uint64(b))
	r.Version = binary.BigEndian.Uint64(b[8:])
	r.Value = append([]byte{}, b[rowHead:]...)
	if r.Version == 0 {
		return r, errRecord
	}
	return r, nil
}

// rowBucket is where a commit writes: the file's bucket, or memory.
type rowBucket interface {
	get(store.Key) (storedRow, error)
	put(store.Key, storedRow) error
	delete(store.Key) error
}

type fileRows struct{ b *bolt.Bucket }

func (f fileRows) get(k store.Key) (storedRow, error) { return readRow(k, f.b.Get(k[:])) }
func (f fileRows) put(k store.Key, r storedRow) error { return f.b.Put(k[:], writeRow(k, r)) }
func (f fileRows) delete(k store.Key) error           { return f.b.Delete(k[:]) }

type memRows map[store.Key]storedRow

func (m memRows) get(k store.Key) (storedRow, error) { return m[k], nil }
func (m memRows) put(k store.Key, r storedRow) error { m[k] = r; return nil }
func (m memRows) delete(k store.Key) error           { delete(m, k); return nil }

// write runs f in one transaction. The caller holds committing.
func (r *rows) write(f func(rowBucket) error) error {
	r.in.RLock()
	away, db := r.away, r.db
	r.in.RUnlock()
	if away != nil {
		return away
	}
	if db == nil {
		r.in.Lock()
		defer r.in.Unlock()
		return f(memRows(r.mem))
	}
	err := guarded(func() error {
		return db.Update(func(tx *bolt.Tx) error {
			if err := f(fileRows{tx.Bucket(rowsBucket)}); err != nil {
				return err
			}
			return r.fault()
		})
	})
	if err != nil {
		return r.failed(db, err)
	}
	r.wrote()
	return nil
}

// failed notes an error of the file. One that turned out damaged is closed;
// heal opens it again.
func (r *rows) failed(db *bolt.DB, err error) error {
	if errors.Is(err, errDamaged) {
		r.in.Lock()
		if r.db == db {
			r.db, r.away = nil, fmt.Errorf("%w: %w", errRows, err)
			defer abandon(db)
		}
		r.in.Unlock()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors++
	r.problem = fmt.Sprintf("%s cannot be used: %v. Look after the disk. Second factors and held sessions depend on it: who has one is refused.", r.file, err)
	return fmt.Errorf("%w: %w", errRows, err)
}

// wrote ends a problem that was none for long.
func (r *rows) wrote() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.lost) == 0 {
		r.problem = ""
	}
}

// tellLost is what an operator is told of lost rows. mu is held.
func (r *rows) tellLost() string {
	return fmt.Sprintf("%d durable rows (second factors) are gone from %s; who had one is refused. Put a backup of the file in place, or accept the loss.", len(r.lost), r.file)
}

// start reads the file that is there, if there is one.
func (r *rows) start(dir string) {
	r.committing.Lock()
	defer r.committing.Unlock()
	r.file = filepath.Join(dir, rowsName)
	if r.there() {
		r.open(time.Second)
	}
	r.compare()
}

// there reports whether there is a file, or may be one.
func (r *rows) there() bool {
	_, err := os.Stat(r.file)
	return !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR)
}

// heal tries again what failed, and removes what came to an end.
func (r *rows) heal() {
	r.committing.Lock()
	r.mu.RLock()
	now := r.s.clock().UnixNano()
	over := len(r.ends) > 0 && r.ends[0].until <= now
	r.mu.RUnlock()
	if r.db == nil && (len(r.mem) > 0 || r.there()) {
		r.open(0)
	}
	r.compare()
	r.committing.Unlock()
	if over {
		r.commit(nil)
	}
}

// open opens the file unless it is open, and makes it if need be; what was in
// memory only goes there. The caller holds committing.
func (r *rows) open(timeout time.Duration) {
	r.mu.RLock()
	closed := r.closed
	r.mu.RUnlock()
	if r.file == "" || r.db != nil || closed {
		return
	}
	was := r.there()
	db, found, err := r.openFile(timeout)
	if errors.Is(err, errDamaged) {
		// Whoever is known is refused from now on; see compare.
		if err = r.s.disk.putAside(rowsName, err); err == nil {
			db, found, err = r.openFile(timeout)
		}
	}
	if err == nil && len(r.mem) > 0 {
		err = guarded(func() error { return db.Update(func(tx *bolt.Tx) error { return r.save(tx, found) }) })
		if err != nil {
			abandon(db)
		}
	}
	r.in.Lock()
	defer r.in.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.errors++
		r.problem = fmt.Sprintf("%s cannot be used: %v. Second factors and held sessions depend on it.", r.file, sorted(err))
		if was && len(r.mem) == 0 {
			r.blind, r.away = true, fmt.Errorf("%w: %w", errRows, sorted(err))
		}
		return
	}
	r.db, r.away, r.blind, r.problem, r.compared = db, nil, false, "", false
	r.mem = nil
	now := r.s.clock().UnixNano()
	for k, until := range r.index { // of a file before
		if _, ok := found[k]; !ok && (until == 0 || until > now) {
			r.lost[k] = struct{}{}
		}
	}
	for k, f := range found {
		if f.damaged {
			r.index[k], r.lost[k] = 0, struct{}{}
			continue
		}
		r.index[k] = f.until
		if f.until != 0 {
			r.ends.add(k, f.until)
		}
	}
	if len(r.lost) > 0 {
		r.problem = r.tellLost()
	}
}

// foundRow is what the file has of a row.
type foundRow struct {
	until   int64
	damaged bool
}

// openFile opens the file and reads which rows there are.
func (r *rows) openFile(timeout time.Duration) (*bolt.DB, map[store.Key]foundRow, error) {
	if err := os.MkdirAll(filepath.Dir(r.file), 0o700); err != nil {
		return nil, nil, err
	}
	var db *bolt.DB
	err := guarded(func() (err error) {
		db, err = openBolt(r.file, timeout)
		return err
	})
	if err != nil {
		return nil, nil, sorted(err)
	}
	found := make(map[store.Key]foundRow)
	now := r.s.clock().UnixNano()
	err = guarded(func() error {
		if err := prepareFile(db, rowsVersion, metaBucket, rowsBucket); err != nil {
			return err
		}
		return db.View(func(tx *bolt.Tx) error {
			b := tx.Bucket(rowsBucket)
			if b == nil {
				return damaged("a bucket is missing")
			}
			return b.ForEach(func(k, v []byte) error {
				if len(k) != len(store.Key{}) {
					return damaged("a key of a row is %d bytes long", len(k))
				}
				got, err := readRow(store.Key(k), v)
				if err != nil || got.live(now) {
					found[store.Key(k)] = foundRow{until: got.until, damaged: err != nil}
				}
				return nil
			})
		})
	})
	if err != nil {
		abandon(db)
		return nil, nil, sorted(err)
	}
	return db, found, nil
}

// save writes what was in memory only, and adds it to what was found.
func (r *rows) save(tx *bolt.Tx, found map[store.Key]foundRow) error {
	b := fileRows{tx.Bucket(rowsBucket)}
	for k, row := range r.mem {
		if _, ok := found[k]; ok {
			continue // what was made without looking does not count
		}
		if err := b.put(k, row); err != nil {
			return err
		}
		found[k] = foundRow{until: row.until}
	}
	return nil
}

// compare sees which rows store.db knows of and the file does not have: those
// are lost; and has the others noted. The caller holds committing.
func (r *rows) compare() {
	d := r.s.disk
	if d == nil || d.is() == off || r.away != nil {
		return
	}
	noted := make(map[store.Key]bool)
	r.s.Each(notesBucket, func(key, _ []byte) bool {
		if len(key) == len(store.Key{}) {
			noted[store.Key(key)] = true
		}
		return true
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.compared {
		return
	}
	r.compared = true
	for k := range noted {
		if _, ok := r.index[k]; !ok {
			r.index[k], r.lost[k] = 0, struct{}{}
		}
	}
	for k, until := range r.index {
		if until == 0 && !noted[k] {
			r.noteLocked(k)
		}
	}
	if len(r.lost) > 0 {
		r.problem = r.tellLost()
	}
}

// close waits for what is being written and closes the file.
func (r *rows) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.committing.Lock()
	defer r.committing.Unlock()
	r.in.Lock()
	defer r.in.Unlock()
	if r.db != nil {
		abandon(r.db)
		r.db = nil
	}
	r.away = fmt.Errorf("%w: the store was closed", errRows)
}
