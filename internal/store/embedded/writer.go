package embedded

import (
	"context"
	"errors"
	"time"

	bolt "go.etcd.io/bbolt"
)

// batch is what the next commit writes: one for all that come while the one
// before is on its way to the disk.
type batch struct {
	spent  []slot
	visits []uint64    // tags of histories; written as they are by then
	puts   [][2]string // buckets and keys of records; likewise
	done   chan struct{}
	err    error // once done is closed
}

// maxVisits bounds a batch that a stuck disk lets grow. What is left out is
// marked unsaved and written at the end or when the disk is well again.
const maxVisits = 4096

func (b *batch) empty() bool { return len(b.spent)+len(b.visits)+len(b.puts) == 0 }

func (b *batch) end(err error) {
	b.err = err
	close(b.done)
}

// poke fills a channel of one place.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// join adds to the next batch and returns it, nil when there is no disk to
// wait for.
func (d *disk) join(wake chan struct{}, add func(*batch)) *batch {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state == off {
		return nil
	}
	add(d.next)
	poke(wake)
	if d.state != live {
		return nil
	}
	return d.next
}

// visited has a history written soon.
func (d *disk) visited(tag uint64) {
	d.join(d.later, func(b *batch) {
		if len(b.visits) < maxVisits {
			b.visits = append(b.visits, tag)
		}
	})
}

// spend returns when a marker is on disk, or the disk has failed or takes too
// long. The error is the context's only.
func (d *disk) spend(ctx context.Context, tag uint64, until int64) error {
	b := d.join(d.urgent, func(b *batch) { b.spent = append(b.spent, slot{tag: tag, until: until}) })
	if err := d.wait(ctx, b); ctx.Err() != nil && err != nil {
		return ctx.Err()
	}
	return nil
}

// put returns when a record is on disk.
func (d *disk) put(ctx context.Context, bucket, key string) error {
	return d.wait(ctx, d.join(d.urgent, func(b *batch) { b.puts = append(b.puts, [2]string{bucket, key}) }))
}

func (d *disk) wait(ctx context.Context, b *batch) error {
	if b == nil {
		return ErrNotDurable
	}
	patience := time.NewTimer(d.patience)
	defer patience.Stop()
	select {
	case <-b.done:
		if b.err != nil {
			return ErrNotDurable
		}
		return nil
	case <-patience.C:
		d.mu.Lock()
		d.errors++
		d.mu.Unlock()
		return ErrNotDurable
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write is the one goroutine that writes the database.
func (d *disk) write() {
	retry := time.NewTicker(d.retry)
	defer retry.Stop()
	for {
		select {
		case <-d.urgent:
		case <-d.later:
			d.pause()
		case <-retry.C:
			d.heal()
			d.s.rows.heal()
		case <-d.stop:
			d.end()
			return
		}
		d.commit()
	}
}

// pause lets more come together, unless somebody waits.
func (d *disk) pause() {
	t := time.NewTimer(d.soon)
	defer t.Stop()
	select {
	case <-t.C:
	case <-d.urgent:
	case <-d.stop:
	}
}

func (d *disk) is() state {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.state
}

// heal tries a disk that failed again; of one that did not it sweeps.
func (d *disk) heal() {
	switch {
	case d.is() != off:
		if err := d.update(d.sweep); err != nil && !errors.Is(err, errIdle) {
			d.lost(err)
		}
	case d.db == nil:
		d.attach(0, true)
	default:
		d.mu.Lock()
		d.state = catching
		d.mu.Unlock()
	}
}

// commit writes a batch.
func (d *disk) commit() {
	if d.is() == catching {
		d.catchUp()
	}
	d.mu.Lock()
	b := d.next
	if d.state == off || b.empty() {
		d.mu.Unlock()
		return
	}
	d.next = &batch{done: make(chan struct{})}
	d.mu.Unlock()
	err := d.writeBatch(b)
	if err != nil {
		d.failed(err) // so that who waited finds it in Stats
	}
	b.end(err)
	d.replace(err)
}

// writeBatch writes a batch or nothing of it.
func (d *disk) writeBatch(b *batch) error {
	err := d.update(func(tx *bolt.Tx) error { return d.apply(tx, b) })
	if err != nil {
		d.s.unsave(b.visits)
	}
	return err
}

// unsave notes that histories are not on disk after all.
func (s *Store) unsave(tags []uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, tag := range tags {
		if r := s.histories.find(s.histories.place(tag)); r != nil {
			r.unsaved |= unsaved
		}
	}
}

// update runs one transaction.
func (d *disk) update(f func(*bolt.Tx) error) error { return d.updateIn(d.db, f) }

func (d *disk) updateIn(db *bolt.DB, f func(*bolt.Tx) error) error {
	return guarded(func() error {
		return db.Update(func(tx *bolt.Tx) error {
			if err := f(tx); err != nil {
				return err
			}
			return d.fault()
		})
	})
}

// lost notes a failed write.
func (d *disk) lost(err error) {
	d.failed(err)
	d.replace(err)
}

// replace puts a file aside that turned out damaged; the next try starts a
// new one from memory.
func (d *disk) replace(err error) {
	if !errors.Is(err, errDamaged) {
		return
	}
	abandon(d.db)
	d.db = nil
	if d.putAside(dbName, err) == nil {
		d.newFile = true
	}
}

func (d *disk) apply(tx *bolt.Tx, b *batch) error {
	spent := tx.Bucket(spentBucket)
	for _, s := range b.spent {
		k := spentKey(s.tag, s.until)
		if err := spent.Put(k, seal(k, nil)); err != nil {
			return err
		}
	}
	// Each commit removes more than it adds, so that the file stays small.
	if _, err := sweepSpent(spent, d.clock().UnixNano(), 2*len(b.spent)+8); err != nil {
		return err
	}
	for _, tag := range b.visits {
		if err := d.saveHistory(tx, tag); err != nil {
			return err
		}
	}
	for _, p := range b.puts {
		if err := d.saveRecord(tx, p[0], p[1]); err != nil {
			return err
		}
	}
	return nil
}

// saveHistory writes a history as it is now, joined with an older one of the
// same account that had no room in memory.
func (d *disk) saveHistory(tx *bolt.Tx, tag uint64) error {
	b := tx.Bucket(historyBucket)
	key, _ := writeHistory(tag, &history{})
	_, old, err := readHistory(key, b.Get(key))
	s := d.s
	s.mu.Lock()
	r := s.histories.find(s.histories.place(tag))
	if r == nil {
		s.mu.Unlock()
		return nil
	}
	if r.unsaved&unmerged != 0 && err == nil && r.last-old.last <= int64(historyLife) && !d.newFile {
		r.merge(&old)
	}
	r.unsaved = 0
	now := *r
	s.mu.Unlock()
	key, value := writeHistory(tag, &now)
	return b.Put(key, value)
}

// saveRecord writes a record as it is now.
func (d *disk) saveRecord(tx *bolt.Tx, bucket, key string) error {
	rec, ok := d.s.records.get(bucket, key)
	if !ok {
		if b := tx.Bucket(recordsBucket).Bucket([]byte(bucket)); b != nil {
			return b.Delete([]byte(key))
		}
		return nil
	}
	b, err := tx.Bucket(recordsBucket).CreateBucketIfNotExists([]byte(bucket))
	if err != nil {
		return err
	}
	return b.Put([]byte(key), writeRecord([]byte(key), rec))
}

// sweepSpent removes the first n markers that ended.
func sweepSpent(b *bolt.Bucket, now int64, n int) (int, error) {
	c := b.Cursor()
	var gone [][]byte
	for k, v := c.First(); k != nil && len(gone) < n; k, v = c.Next() {
		if _, until, err := readSpent(k, v); err == nil && until > now {
			break
		}
		gone = append(gone, k)
	}
	for _, k := range gone {
		if err := b.Delete(k); err != nil {
			return 0, err
		}
	}
	return len(gone), nil
}
