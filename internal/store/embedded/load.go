package embedded

import (
	"encoding/binary"
	"errors"

	bolt "go.etcd.io/bbolt"
)

// Buckets of store.db; see format.go.
var (
	metaBucket    = []byte("meta")
	spentBucket   = []byte("spent")
	historyBucket = []byte("history")
	keptBucket    = []byte("kept")
	recordsBucket = []byte("records")
	formatKey     = []byte("format")
)

// load reads the database into memory, adding to what is there. Kept things
// are removed from it before they can be had, so that no kill brings them
// back.
func (d *disk) load(db *bolt.DB) error {
	if err := d.prepare(db); err != nil {
		return err
	}
	var kept []*item
	err := db.View(func(tx *bolt.Tx) (err error) {
		if err := errors.Join(d.loadSpent(tx), d.loadHistories(tx), d.loadRecords(tx)); err != nil {
			return err
		}
		kept, err = loadKept(tx)
		return err
	})
	if err != nil {
		return err
	}
	d.s.readMarks()
	if len(kept) > 0 {
		if err := d.saveKept(db, nil); err != nil {
			return nil // good for no second time, and so for none
		}
		d.s.kept.restore(kept, d.clock().UnixNano())
	}
	return nil
}

// prepare makes the buckets of a new file and looks at the version of another.
func (d *disk) prepare(db *bolt.DB) error {
	return prepareFile(db, formatVersion, metaBucket, spentBucket, historyBucket, keptBucket, recordsBucket)
}

// prepareFile does so with any of our files; the first bucket has its version.
func prepareFile(db *bolt.DB, latest uint16, meta []byte, others ...[]byte) error {
	ready := false
	if err := db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket(meta)
		if b == nil {
			if k, _ := tx.Cursor().First(); k != nil {
				return errForeign
			}
			return nil
		}
		version := b.Get(formatKey)
		if len(version) != 2 {
			return damaged("no format is written in it")
		}
		if binary.BigEndian.Uint16(version) > latest {
			return errNewer
		}
		ready = true
		return nil
	}); err != nil || ready {
		return err
	}
	return db.Update(func(tx *bolt.Tx) error {
		for _, name := range append([][]byte{meta}, others...) {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return tx.Bucket(meta).Put(formatKey, binary.BigEndian.AppendUint16(nil, latest))
	})
}

// each calls f with every record of a bucket. A damaged one does not keep the
// others from being read.
func each(b *bolt.Bucket, f func(k, v []byte) error) error {
	if b == nil {
		return damaged("a bucket is missing")
	}
	var bad error
	if err := b.ForEach(func(k, v []byte) error {
		if err := f(k, v); err != nil && bad == nil {
			bad = damaged("%v", err)
		}
		return nil
	}); err != nil {
		return err
	}
	return bad
}

func (d *disk) loadSpent(tx *bolt.Tx) error {
	now := d.clock().UnixNano()
	return each(tx.Bucket(spentBucket), func(k, v []byte) error {
		tag, until, err := readSpent(k, v)
		if err == nil && until > now {
			d.s.spent.mark(tag, until, now)
		}
		return err
	})
}

func (d *disk) loadHistories(tx *bolt.Tx) error {
	now := d.clock().UnixNano()
	return each(tx.Bucket(historyBucket), func(k, v []byte) error {
		tag, old, err := readHistory(k, v)
		if err == nil && now-old.last <= int64(historyLife) {
			d.s.mu.Lock()
			defer d.s.mu.Unlock()
			r, fresh := d.s.histories.make(d.s.histories.place(tag), now)
			if fresh {
				*r = old
			} else if r.unsaved&unmerged != 0 {
				r.merge(&old)
				r.unsaved &^= unmerged
			}
		}
		return err
	})
}

func (d *disk) loadRecords(tx *bolt.Tx) error {
	all := tx.Bucket(recordsBucket)
	if all == nil {
		return damaged("a bucket is missing")
	}
	now := d.clock().UnixNano()
	return all.ForEachBucket(func(name []byte) error {
		return each(all.Bucket(name), func(k, v []byte) error {
			rec, err := readRecord(k, v)
			if err != nil || !rec.live(now) {
				return err
			}
			if _, ok := d.s.records.get(string(name), string(k)); ok {
				return nil // memory's is newer
			}
			return d.s.records.set(string(name), string(k), rec, now)
		})
	})
}

func loadKept(tx *bolt.Tx) (kept []*item, err error) {
	err = each(tx.Bucket(keptBucket), func(k, v []byte) error {
		it, err := readKept(k, v)
		if err == nil {
			kept = append(kept, it)
		}
		return err
	})
	return kept, err
}

// saveKept replaces the kept things on disk.
func (d *disk) saveKept(db *bolt.DB, items []*item) error {
	return d.updateIn(db, func(tx *bolt.Tx) error {
		if err := tx.DeleteBucket(keptBucket); err != nil {
			return err
		}
		b, err := tx.CreateBucket(keptBucket)
		if err != nil {
			return err
		}
		for _, it := range items {
			k, v := writeKept(it)
			if err := b.Put(k, v); err != nil {
				return err
			}
		}
		return nil
	})
}
