package embedded

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"time"
)

// loadSnapshot reads counters.snap into the tables, if there is one. One that
// is damaged is put aside; one of a newer version is left alone.
func (d *disk) loadSnapshot() {
	err := d.readSnapshotFile()
	problem := ""
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, errNewer):
		d.snap.leave.Store(true)
		problem = fmt.Sprintf("%s was written by a newer version of Login Guard and is left as it is: what is counted is lost when this process ends. Run that version, or move the file away.", d.file(snapName))
	case errors.Is(err, errDamaged):
		err = d.putAside(snapName, err)
		if err == nil {
			break
		}
		fallthrough
	default:
		problem = fmt.Sprintf("%s cannot be read: %v. What was counted before the start is forgotten.", d.file(snapName), err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.snapped, d.owns = problem, true
}

// readSnapshotFile reads the file twice: nothing of a damaged one counts.
func (d *disk) readSnapshotFile() error {
	f, err := os.Open(d.file(snapName))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := readSnapshot(bufio.NewReaderSize(f, 256<<10), func(int, []byte) {}); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	now := d.clock().UnixNano()
	return readSnapshot(bufio.NewReaderSize(f, 256<<10), func(table int, rows []byte) { d.s.restore(table, rows, now) })
}

// readSnapshot calls f with the rows of each chunk. The bytes are f's until
// it returns.
func readSnapshot(r io.Reader, f func(table int, rows []byte)) error {
	le := binary.LittleEndian
	head := make([]byte, len(snapMagic)+2)
	if err := readAll(r, head); err != nil {
		return err
	}
	if !bytes.Equal(head[:len(snapMagic)], []byte(snapMagic)) {
		return damaged("it does not start as a snapshot does")
	}
	if v := le.Uint16(head[len(snapMagic):]); v != snapVersion {
		if v > snapVersion {
			return errNewer
		}
		return damaged("it is of version %d", v)
	}
	var buf []byte
	for {
		var head [chunkHeader]byte
		if err := readAll(r, head[:]); err != nil {
			return err
		}
		table, size, n := int(head[0]), int(le.Uint16(head[2:])), int64(le.Uint32(head[4:]))
		known := table == snapEnd && size == 0 && n == 0 || table > snapEnd && table < len(snapRow) && size == snapRow[table]
		if !known || int64(size)*n > maxChunk {
			return damaged("a chunk of table %d has %d rows of %d bytes", table, n, size)
		}
		length := chunkHeader + size*int(n) + sumBytes
		if cap(buf) < length {
			buf = make([]byte, length)
		}
		b := buf[:length]
		copy(b, head[:])
		if err := readAll(r, b[chunkHeader:]); err != nil {
			return err
		}
		sum := length - sumBytes
		if crc32.Checksum(b[:sum], castagnoli) != le.Uint32(b[sum:]) {
			return damaged("a checksum is wrong")
		}
		if table == snapEnd {
			return nil
		}
		f(table, b[chunkHeader:sum])
	}
}

// readAll fills b; an end before is damage.
func readAll(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("it ends too early")
	}
	return err
}

// restore puts rows where they belong; what is there already is newer. A
// value that no table would hold is left out, whatever the checksum says.
func (s *Store) restore(table int, rows []byte, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	size := snapRow[table]
	for n := 0; len(rows) >= size; n, rows = n+1, rows[size:] {
		if n%256 == 255 { // others need the lock too
			s.mu.Unlock()
			s.mu.Lock()
		}
		tag, b := binary.LittleEndian.Uint64(rows), rows[8:size]
		if tag == 0 {
			continue
		}
		switch table {
		case snapCounters, snapOnces, snapFlags:
			until := int64(binary.LittleEndian.Uint64(b))
			if until <= now || until > now+int64(maxAhead) {
				continue
			}
			s.restoreSlot(table, tag, until, now)
		case snapTallies:
			if t, ok := readTally(b); ok {
				if r, fresh := s.tallies.make(s.tallies.place(tag), now); fresh {
					*r = t
				}
			}
		case snapWalls:
			if w, ok := readWall(b); ok {
				if r, fresh := s.walls.make(s.walls.place(tag), now); fresh {
					*r = w
				}
			}
		}
	}
}

// maxAhead is how far in the future anything counted may end.
const maxAhead = 366 * 24 * time.Hour

func (s *Store) restoreSlot(table int, tag uint64, until, now int64) {
	switch table {
	case snapCounters:
		p := s.counters.placeTag(tag)
		if s.counters.find(p) == nil {
			*s.counters.row(p, now) = slot{tag: tag, until: until}
		}
	case snapOnces:
		if p := s.onces.placeTag(tag); s.onces.find(p) == nil {
			s.onces.set(p, until, now)
		}
	case snapFlags:
		if p := s.flags.placeTag(tag); s.flags.find(p) == nil {
			s.flags.set(p, until, now)
		}
	}
}

// amount reports whether a number is one that is counted.
func amount(f float32) bool { return f >= 0 && f <= math.MaxFloat32 }

func readTally(b []byte) (tally, bool) {
	le := binary.LittleEndian
	t := tally{
		last:      int64(le.Uint64(b)),
		failures:  math.Float32frombits(le.Uint32(b[8:])),
		successes: math.Float32frombits(le.Uint32(b[12:])),
		failEpoch: le.Uint32(b[16:]),
		succEpoch: le.Uint32(b[20:]),
		fail:      [2]uint64{le.Uint64(b[24:]), le.Uint64(b[32:])},
		succ:      [2]uint64{le.Uint64(b[40:]), le.Uint64(b[48:])},
	}
	return t, amount(t.failures) && amount(t.successes) && t.last >= 0
}

func readWall(b []byte) (wall, bool) {
	le := binary.LittleEndian
	w := wall{
		at:       int64(le.Uint64(b)),
		gapUntil: int64(le.Uint64(b[8:])),
		units:    math.Float32frombits(le.Uint32(b[16:])),
		row:      le.Uint32(b[20:]),
	}
	return w, amount(w.units) && w.units <= wallCap && w.row <= wallCap && w.at >= 0
}
