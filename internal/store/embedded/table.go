package embedded

import (
	"encoding/binary"
	"math/bits"

	"github.com/login-guard/login-guard/internal/store"
)

// ways is the number of rows in a set. At 8 and a load of one half, under 2 %
// of inserts push out a live row.
const ways = 8

// row is what a table holds: something with a fingerprint, zero when empty.
type row[R any] interface {
	*R
	print() uint64
}

// table is a set-associative table: a key has one set of rows, in which its
// fingerprint stands or not. Which row a full set gives up is for the tables
// of each kind to say.
type table[R any, P row[R]] struct {
	rows    []R
	sets    int
	evicted int64 // live rows that were given up
}

// init makes room for about n rows.
func (t *table[R, P]) init(n int) {
	t.sets = max(1, (n+ways-1)/ways)
	t.rows = make([]R, t.sets*ways)
}

// find returns the row of k, nil if it has none, with its set and
// fingerprint.
func (t *table[R, P]) find(k store.Key) (P, []R, uint64) {
	set, fp := setOf(k, t.sets)
	rows := t.rows[set*ways : (set+1)*ways]
	for i := range rows {
		if P(&rows[i]).print() == fp {
			return &rows[i], rows, fp
		}
	}
	return nil, rows, fp
}

// setOf splits a key into the number of its set and its fingerprint. The set
// comes of the half that says what is counted: the rows of one subject are
// spread over many sets, so that a busy address does not crowd its own.
func setOf(k store.Key, sets int) (set int, fp uint64) {
	subject, what := binary.LittleEndian.Uint64(k[:8]), binary.LittleEndian.Uint64(k[8:])
	if fp = subject ^ bits.RotateLeft64(what, 32); fp == 0 {
		fp = 1 // zero marks an empty row
	}
	hi, _ := bits.Mul64(what, uint64(sets))
	return int(hi), fp
}
