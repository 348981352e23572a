package embedded

import (
	"crypto/rand"
	"encoding/binary"
	"math/bits"

	"github.com/login-guard/login-guard/internal/store"
)

// ways is the number of rows in a set. A key has two sets to stand in (power
// of two choices, Azar et al. 1994), and a new one goes where more room is:
// eight candidates at the price of two cache lines, and next to no live row
// pushed out below a load of three quarters.
const ways = 4

// seed says which sets a tag has. It is random and of this process alone, so
// that nobody can prepare keys that crowd one set; what is written to disk
// are tags, which any seed finds room for.
type seed struct{ a, b uint64 }

func newSeed() seed {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return seed{binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:]) | 1}
}

// tagOf folds a key into the tag that stands for it in a table and in files.
// Keys are keyed hashes: two of 10 million share one with a chance of 3 in a
// million. Changing this makes files of before unreadable.
func tagOf(k store.Key) uint64 {
	t := binary.LittleEndian.Uint64(k[:8]) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(k[8:]), 32)
	if t == 0 {
		t = 1 // zero marks an empty row
	}
	return t
}

// place is where a key may stand: its tag and the first row of either set.
type place struct {
	tag  uint64
	a, b uint32
}

// none is no row.
const none = ^uint32(0)

// grid is the shape of a table.
type grid struct {
	seed seed
	sets uint32
	// used has a bit for each block of rows that something was written to, so
	// that a snapshot looks at no others.
	used []uint64
}

// blockRows is how many rows a bit of used stands for.
const blockRows = 64

// shape makes room for about n rows, in at least two sets.
func shape(n int, s seed) grid {
	g := grid{seed: s, sets: uint32(min(max(2, (n+ways-1)/ways), 1<<29))}
	g.used = make([]uint64, g.rows()/(64*blockRows)+1)
	return g
}

// wrote notes that a row of p is written to.
func (g *grid) wrote(p place) {
	a, b := p.a/blockRows, p.b/blockRows
	g.used[a/64] |= 1 << (a % 64)
	g.used[b/64] |= 1 << (b % 64)
}

// nextUsed returns the first used block from block on, -1 if there is none.
func (g *grid) nextUsed(block int) int {
	for w := block / 64; w < len(g.used); w++ {
		bitmap := g.used[w]
		if w == block/64 {
			bitmap &^= 1<<(block%64) - 1
		}
		if bitmap != 0 {
			return w*64 + bits.TrailingZeros64(bitmap)
		}
	}
	return -1
}

// unuse forgets that a block was written to.
func (g *grid) unuse(block int) { g.used[block/64] &^= 1 << (block % 64) }

func (g *grid) rows() int { return int(g.sets) * ways }

// place finds the sets of a tag.
func (g *grid) place(tag uint64) place {
	hi, lo := bits.Mul64(tag^g.seed.a, g.seed.b)
	h := hi ^ lo
	h = (h ^ h>>32) * 0x9e3779b97f4a7c15
	h ^= h >> 29
	a := uint32((h >> 32) * uint64(g.sets) >> 32)
	b := uint32((h & 0xffffffff) * uint64(g.sets) >> 32)
	if a == b {
		if b++; b == g.sets {
			b = 0
		}
	}
	return place{tag: tag, a: a * ways, b: b * ways}
}
