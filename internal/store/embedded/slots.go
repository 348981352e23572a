package embedded

import "github.com/login-guard/login-guard/internal/store"

// slot is a row of a thin table: something that is so until a time. 16 bytes.
type slot struct {
	tag   uint64
	until int64 // unix nanoseconds; past: as good as empty
}

// slots is a thin table. A set is one cache line.
type slots struct {
	grid
	mask      uint64 // of a tag, the bits that tell keys apart
	rows      []slot
	evicted   int64 // live rows that were given up
	penalised int64 // of those, the ones that cost an attacker something
}

const slotBytes = 16

func (t *slots) init(n int, s seed, mask uint64) {
	t.grid, t.mask = shape(n, s), mask
	t.rows = make([]slot, t.grid.rows())
}

// of finds where k may stand.
func (t *slots) of(k store.Key) place { return t.placeTag(tagOf(k)) }

func (t *slots) placeTag(tag uint64) place {
	tag &= t.mask
	if tag == 0 {
		tag = 1 << 63
	}
	return t.place(tag)
}

// touch reads both sets, so that the memory is on its way while others are
// touched.
func (t *slots) touch(p place) uint64 { return t.rows[p.a].tag + t.rows[p.b].tag }

// find returns the row of a key, nil if it has none. It looks at all eight
// without a branch: where among them a key stands is random, and guessing it
// wrong costs more than the looking.
func (t *slots) find(p place) *slot {
	a, b := (*[ways]slot)(t.rows[p.a:]), (*[ways]slot)(t.rows[p.b:])
	at, m := none, t.mask
	for i := range uint32(ways) {
		if a[i].tag&m == p.tag {
			at = p.a + i
		}
	}
	for i := range uint32(ways) {
		if b[i].tag&m == p.tag {
			at = p.b + i
		}
	}
	if at == none {
		return nil
	}
	return &t.rows[at]
}

// live reports whether a key's time has not come.
func (t *slots) live(p place, now int64) bool {
	r := t.find(p)
	return r != nil && r.until > now
}

// within is live for a key that nobody marks for longer than most: more is
// left of a clock that was ahead, and is forgotten.
func (t *slots) within(p place, now, most int64) bool {
	r := t.find(p)
	if r == nil || r.until <= now {
		return false
	}
	r.until = min(r.until, now+most)
	return true
}

// free returns an empty row in the set that has more of them, nil if both
// are full.
func (t *slots) free(p place, now int64) *slot {
	var row [2]*slot
	var n [2]int
	for s, at := range [2]uint32{p.a, p.b} {
		set := (*[ways]slot)(t.rows[at:])
		for i := range set {
			if set[i].until <= now {
				if n[s]++; row[s] == nil {
					row[s] = &set[i]
				}
			}
		}
	}
	if n[1] > n[0] {
		return row[1]
	}
	return row[0]
}

// first returns the live row that ends first.
func (t *slots) first(p place) *slot {
	least := &t.rows[p.a]
	for _, at := range [2]uint32{p.a, p.b} {
		set := (*[ways]slot)(t.rows[at:])
		for i := range set {
			if set[i].until < least.until {
				least = &set[i]
			}
		}
	}
	return least
}

// set writes a marker, in place of the one that ends first when there is no
// room.
func (t *slots) set(p place, until, now int64) {
	t.wrote(p)
	r := t.find(p)
	if r == nil {
		if r = t.free(p, now); r == nil {
			r = t.first(p)
			t.evicted++
		}
	}
	*r = slot{tag: p.tag, until: until}
}

// usedRows copies the rows of used blocks, from a block on, until to is full. It
// returns the rows and the block to go on from, -1 at the end. A block without
// a live row is used no more.
func (t *slots) usedRows(to []slot, block int, now int64) (rows []slot, next int) {
	rows = to[:0]
	for block = t.nextUsed(block); block >= 0 && len(rows)+blockRows <= cap(to); block = t.nextUsed(block + 1) {
		from := len(rows)
		rows = append(rows, t.rows[block*blockRows:min(len(t.rows), (block+1)*blockRows)]...)
		live := false
		for _, r := range rows[from:] {
			live = live || r.until > now
		}
		if !live {
			t.unuse(block)
		}
	}
	return rows, block
}

func (t *slots) drop(p place) {
	if r := t.find(p); r != nil {
		*r = slot{}
	}
}
