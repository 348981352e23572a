package embedded

import "github.com/login-guard/login-guard/internal/store"

// row is what a wide table holds.
type row[R any] interface {
	*R
	// worth says how dear a row is and how old; see goesBefore. Without a
	// unit it is as good as empty.
	worth(now int64) (units, age int64)
}

// table is a set-associative table of rows wider than a slot. The tags stand
// apart, so that looking a key up reads two cache lines of them and no row
// of another key.
type table[R any, P row[R]] struct {
	grid
	tags      []uint64 // zero: empty
	rows      []R
	evicted   int64 // live rows that were given up
	penalised int64 // of those, the dear ones
}

func (t *table[R, P]) init(n int, s seed) {
	t.grid = shape(n, s)
	t.tags = make([]uint64, t.grid.rows())
	t.rows = make([]R, t.grid.rows())
}

// of finds where k may stand.
func (t *table[R, P]) of(k store.Key) place { return t.place(tagOf(k)) }

// touch reads the tags of both sets; see slots.touch.
func (t *table[R, P]) touch(p place) uint64 { return t.tags[p.a] + t.tags[p.b] }

// find returns the row of a key, nil if it has none.
func (t *table[R, P]) find(p place) P {
	a, b := (*[ways]uint64)(t.tags[p.a:]), (*[ways]uint64)(t.tags[p.b:])
	at := none
	for i := range uint32(ways) {
		if a[i] == p.tag {
			at = p.a + i
		}
	}
	for i := range uint32(ways) {
		if b[i] == p.tag {
			at = p.b + i
		}
	}
	if at == none {
		return nil
	}
	return &t.rows[at]
}

// make returns the row of a key and whether it is a new, empty one, in place
// of another where there is no room.
func (t *table[R, P]) make(p place, now int64) (P, bool) {
	t.wrote(p)
	if r := t.find(p); r != nil {
		return r, false
	}
	var empty [2]int
	var free [2]uint32
	for s, at := range [2]uint32{p.a, p.b} {
		for i := at; i < at+ways; i++ {
			if t.tags[i] == 0 {
				if empty[s]++; empty[s] == 1 {
					free[s] = i
				}
			}
		}
	}
	var i uint32
	switch {
	case empty[0] == 0 && empty[1] == 0:
		i = t.least(p, now)
	case empty[1] > empty[0]:
		i = free[1]
	default:
		i = free[0]
	}
	var zero R
	t.tags[i], t.rows[i] = p.tag, zero
	return &t.rows[i], true
}

// least gives up a row.
func (t *table[R, P]) least(p place, now int64) uint32 {
	least := p.a
	units, age := P(&t.rows[least]).worth(now)
	for _, first := range [2]uint32{p.a, p.b} {
		for i := first; i < first+ways; i++ {
			if u, a := P(&t.rows[i]).worth(now); goesBefore(u, a, units, age) {
				least, units, age = i, u, a
			}
		}
	}
	if units > 0 {
		t.evicted++
	}
	if units >= dear {
		t.penalised++
	}
	return least
}

// usedRows copies the rows of used blocks as slots.usedRows does. A block
// without any row is used no more.
func (t *table[R, P]) usedRows(tags []uint64, to []R, block int) (n, next int) {
	for block = t.nextUsed(block); block >= 0 && n+blockRows <= len(tags); block = t.nextUsed(block + 1) {
		from, end := block*blockRows, min(len(t.rows), (block+1)*blockRows)
		copied := copy(tags[n:], t.tags[from:end])
		copy(to[n:], t.rows[from:end])
		any := uint64(0)
		for _, tag := range tags[n : n+copied] {
			any |= tag
		}
		if any == 0 {
			t.unuse(block)
		}
		n += copied
	}
	return n, block
}

func (t *table[R, P]) drop(p place) {
	for _, at := range [2]uint32{p.a, p.b} {
		for i := at; i < at+ways; i++ {
			if t.tags[i] == p.tag {
				var zero R
				t.tags[i], t.rows[i] = 0, zero
				return
			}
		}
	}
}
