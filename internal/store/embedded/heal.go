package embedded

import (
	"errors"

	bolt "go.etcd.io/bbolt"
)

// sliceRows is how many rows are copied under the lock at a time: 64 KiB of
// slots, a few microseconds.
const sliceRows = 4096

// historySlice is the same for histories, which are wider and only looked at.
const historySlice = 512

// catchUp writes what memory holds and the disk does not, after the disk
// failed or in a new file. What happens meanwhile comes in the next batch.
func (d *disk) catchUp() {
	err := d.update(d.allRecords)
	if err == nil {
		err = d.allSpent()
	}
	if err == nil {
		err = d.allHistories(d.newFile)
	}
	if err != nil {
		d.lost(err)
		return
	}
	d.newFile = false
	d.mu.Lock()
	d.state, d.problem = live, ""
	d.mu.Unlock()
}

func (d *disk) allRecords(tx *bolt.Tx) error {
	if err := tx.DeleteBucket(recordsBucket); err != nil {
		return err
	}
	if _, err := tx.CreateBucket(recordsBucket); err != nil {
		return err
	}
	for _, p := range d.s.records.all(d.clock().UnixNano()) {
		if err := d.saveRecord(tx, p.bucket, p.key); err != nil {
			return err
		}
	}
	return nil
}

func (d *disk) allSpent() error {
	now := d.clock().UnixNano()
	rows := make([]slot, sliceRows)
	for i := 0; ; {
		n := d.s.spent.slice(i, rows)
		if n == 0 {
			return nil
		}
		i += n
		var b batch
		for _, r := range rows[:n] {
			if r.until > now {
				b.spent = append(b.spent, r)
			}
		}
		if len(b.spent) == 0 {
			continue
		}
		if err := d.writeBatch(&b); err != nil {
			return err
		}
	}
}

// allHistories writes the histories that differ from what is on disk, or all.
func (d *disk) allHistories(all bool) error {
	now := d.clock().UnixNano()
	s := d.s
	var b batch
	for i := 0; i < len(s.histories.rows); i += historySlice {
		b.visits = s.unsavedHistories(b.visits, i, all, now)
		if last := i+historySlice >= len(s.histories.rows); len(b.visits) == 0 || (!last && len(b.visits) < maxVisits) {
			continue
		}
		if err := d.writeBatch(&b); err != nil {
			return err
		}
		b.visits = b.visits[:0]
	}
	return nil
}

// unsavedHistories adds to tags those of a slice of rows, of all or of those
// that differ from what is on disk.
func (s *Store) unsavedHistories(tags []uint64, from int, all bool, now int64) []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := from; i < min(from+historySlice, len(s.histories.rows)); i++ {
		r := &s.histories.rows[i]
		if s.histories.tags[i] != 0 && (all || r.unsaved != 0) && now-r.last <= int64(historyLife) {
			tags = append(tags, s.histories.tags[i])
		}
	}
	return tags
}

// sweep removes what ended: spent markers, records, and histories, of which
// it looks at a thousand at a time.
func (d *disk) sweep(tx *bolt.Tx) error {
	now := d.clock().UnixNano()
	n, err := sweepSpent(tx.Bucket(spentBucket), now, 10_000)
	if err != nil {
		return err
	}
	b := tx.Bucket(historyBucket)
	c := b.Cursor()
	var gone [][]byte
	k, v := c.Seek(d.swept)
	for i := 0; k != nil && i < 1000; i++ {
		if _, old, err := readHistory(k, v); err != nil || now-old.last > int64(historyLife) {
			gone = append(gone, k)
		}
		k, v = c.Next()
	}
	d.swept = append(d.swept[:0], k...) // from the start again after the last
	for _, k := range gone {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	m, err := sweepRecords(tx.Bucket(recordsBucket), now)
	if err == nil && n+m+len(gone) == 0 {
		return errIdle
	}
	return err
}

// errIdle: there was nothing to sweep, and nothing is to be written.
var errIdle = errors.New("nothing to do")

func sweepRecords(all *bolt.Bucket, now int64) (n int, err error) {
	err = all.ForEachBucket(func(name []byte) error {
		b := all.Bucket(name)
		var gone [][]byte
		if err := b.ForEach(func(k, v []byte) error {
			if rec, err := readRecord(k, v); err != nil || !rec.live(now) {
				gone = append(gone, k)
			}
			return nil
		}); err != nil {
			return err
		}
		for _, k := range gone {
			if err := b.Delete(k); err != nil {
				return err
			}
		}
		n += len(gone)
		return nil
	})
	return n, err
}

// end writes what is left and closes the database.
func (d *disk) end() {
	if d.is() == off && d.db != nil {
		d.heal() // one more try
	}
	d.commit()
	if d.is() == live {
		if err := d.allHistories(false); err != nil {
			d.lost(err)
		}
	}
	if d.is() == live {
		if err := d.saveKept(d.db, d.s.kept.empty()); err != nil {
			d.lost(err)
		}
	}
	d.mu.Lock()
	d.state = off
	d.mu.Unlock()
	if d.db != nil {
		abandon(d.db)
	}
	d.s.rows.close()
}
