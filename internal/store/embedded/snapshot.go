package embedded

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// counters.snap, little-endian:
//
//	"LGSNAP", version (2)
//	chunks: table (1), 0 (1), bytes a row (2), rows (4), rows…, CRC-32C of all of it
//	the last chunk: table 0, no rows
//
// A row is its tag and what stands in it. Tags find their place under any
// seed and in tables of any size, so a snapshot survives a restart with other
// Options. A table or row length that is not known is a newer version's.
const (
	snapMagic   = "LGSNAP"
	snapVersion = 1
	chunkHeader = 8
	maxChunk    = 1 << 20 // bytes of rows
)

// Tables in a snapshot, and the bytes of their rows.
const (
	snapEnd = iota
	snapCounters
	snapOnces
	snapFlags
	snapTallies
	snapWalls
)

var snapRow = [...]int{snapCounters: slotBytes, snapOnces: slotBytes, snapFlags: slotBytes, snapTallies: 8 + tallyBytes, snapWalls: 8 + wallBytes}

// snapper is the state of writing snapshots.
type snapper struct {
	first, most time.Duration // pause before the first, and the longest
	rate        int64         // bytes a second, at most
	live        atomic.Int64  // live budgets at the last one
	leave       atomic.Bool   // the file is a newer version's
	longest     int           // bytes copied under one lock
}

func newSnapper() *snapper {
	return &snapper{first: time.Second, most: 10 * time.Second, rate: 4 << 20}
}

// snapshots is the goroutine that writes them: the first soon after the
// start, so that a crash loop still gets on, then less often.
func (d *disk) snapshots() {
	pause := d.snap.first
	var seen uint64
	for {
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-d.stop:
			t.Stop()
			d.snapshot(&seen)
			return
		}
		n := d.snapshot(&seen)
		pause = max(min(2*pause, d.snap.most), time.Duration(float64(n)/float64(d.snap.rate)*float64(time.Second)))
	}
}

// snapshot writes one if anything changed, and returns its size.
func (d *disk) snapshot(seen *uint64) int64 {
	d.s.mu.Lock()
	changed := d.s.changed
	d.s.mu.Unlock()
	if changed == *seen || !d.mine() || d.snap.leave.Load() {
		return 0
	}
	n, err := d.writeSnapshot()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.snapped = ""
	if err != nil {
		d.errors++
		d.snapped = fmt.Sprintf("%s cannot be written: %v. Until it can, what is counted is lost when this process ends.", d.file(snapName), err)
		return n
	}
	*seen = changed
	return n
}

// mine reports whether the folder is ours: who has store.db has the rest.
func (d *disk) mine() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.owns
}

func (d *disk) writeSnapshot() (n int64, err error) {
	if err := d.fault(); err != nil {
		return 0, err
	}
	temp := d.file(snapName + ".new")
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, err
	}
	w := &counting{w: f}
	err = d.s.snapshotTo(w, d.clock().UnixNano(), d.snap)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(temp)
		return w.n, err
	}
	if err := os.Rename(temp, d.file(snapName)); err != nil {
		return w.n, err
	}
	return w.n, syncDir(d.dir)
}

type counting struct {
	w io.Writer
	n int64
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// syncDir makes a rename last. Not every system can, and then it need not.
func syncDir(dir string) error {
	f, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	_ = f.Sync()
	return f.Close()
}

// snapshotTo writes all that is live. The lock is held for one slice of rows
// at a time: what changes meanwhile may be in or not.
func (s *Store) snapshotTo(to io.Writer, now int64, stats *snapper) error {
	w := bufio.NewWriterSize(to, 256<<10)
	if _, err := w.Write(binary.LittleEndian.AppendUint16([]byte(snapMagic), snapVersion)); err != nil {
		return err
	}
	buf := make([]byte, 0, chunkHeader+sliceRows*slotBytes+sumBytes)
	live := 0
	for _, thin := range []struct {
		table byte
		from  *slots
	}{{snapCounters, &s.counters.slots}, {snapOnces, &s.onces}, {snapFlags, &s.flags}} {
		room := make([]slot, sliceRows)
		for block := 0; block >= 0; {
			var rows []slot
			s.mu.Lock()
			rows, block = thin.from.usedRows(room, block, now)
			s.mu.Unlock()
			stats.longest = max(stats.longest, len(rows)*slotBytes)
			b := buf[:chunkHeader]
			for _, r := range rows {
				if r.until > now {
					b = binary.LittleEndian.AppendUint64(b, r.tag)
					b = binary.LittleEndian.AppendUint64(b, uint64(r.until))
				}
			}
			if thin.table == snapCounters {
				live += (len(b) - chunkHeader) / slotBytes
			}
			if err := writeChunk(w, thin.table, b); err != nil {
				return err
			}
		}
	}
	stats.live.Store(int64(live))
	if err := wideTo(s, w, &s.tallies.table, snapTallies, now, stats, appendTally); err != nil {
		return err
	}
	if err := wideTo(s, w, &s.walls.table, snapWalls, now, stats, appendWall); err != nil {
		return err
	}
	if err := writeChunk(w, snapEnd, buf[:chunkHeader]); err != nil {
		return err
	}
	return w.Flush()
}

func wideTo[R any, P row[R]](s *Store, w io.Writer, t *table[R, P], table byte, now int64, stats *snapper, add func([]byte, P) []byte) error {
	const rows = sliceRows / 4
	var buf []byte
	tags, copied := make([]uint64, rows), make([]R, rows)
	for block := 0; block >= 0; {
		var n int
		s.mu.Lock()
		n, block = t.usedRows(tags, copied, block)
		s.mu.Unlock()
		stats.longest = max(stats.longest, n*snapRow[table])
		b := append(buf[:0], make([]byte, chunkHeader)...)
		for j := range n {
			if r := P(&copied[j]); tags[j] != 0 {
				if units, _ := r.worth(now); units > 0 {
					b = add(binary.LittleEndian.AppendUint64(b, tags[j]), r)
				}
			}
		}
		if err := writeChunk(w, table, b); err != nil {
			return err
		}
		buf = b
	}
	return nil
}

// writeChunk writes b, rows after room for a header; nothing if there are
// none and it is not the end.
func writeChunk(w io.Writer, table byte, b []byte) error {
	if len(b) == chunkHeader && table != snapEnd {
		return nil
	}
	b[0], b[1] = table, 0
	size := 0
	if table != snapEnd {
		size = snapRow[table]
		binary.LittleEndian.PutUint32(b[4:], uint32((len(b)-chunkHeader)/size))
	} else {
		clear(b[4:8])
	}
	binary.LittleEndian.PutUint16(b[2:], uint16(size))
	_, err := w.Write(binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli)))
	return err
}

func appendTally(b []byte, r *tally) []byte {
	le := binary.LittleEndian
	b = le.AppendUint64(b, uint64(r.last))
	b = le.AppendUint32(b, math.Float32bits(r.failures))
	b = le.AppendUint32(b, math.Float32bits(r.successes))
	b = le.AppendUint32(b, r.failEpoch)
	b = le.AppendUint32(b, r.succEpoch)
	for _, x := range [...]uint64{r.fail[0], r.fail[1], r.succ[0], r.succ[1]} {
		b = le.AppendUint64(b, x)
	}
	return b
}

func appendWall(b []byte, r *wall) []byte {
	le := binary.LittleEndian
	b = le.AppendUint64(b, uint64(r.at))
	b = le.AppendUint64(b, uint64(r.gapUntil))
	b = le.AppendUint32(b, math.Float32bits(r.units))
	return le.AppendUint32(b, r.row)
}
