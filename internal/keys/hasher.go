package keys

import (
	"encoding/binary"

	"github.com/dchest/siphash"
)

// Hasher is a keyed hash for names inside a store: SipHash-2-4 with 128 bits
// of result (Aumasson and Bernstein, INDOCRYPT 2012), a pseudorandom function
// made for short inputs. An attempt needs a dozen of them, and each costs a
// tenth of an HMAC. What people and logs get to see is made with Sum.
type Hasher struct{ k0, k1 uint64 }

// Hasher derives a hasher for one label.
func (r *Ring) Hasher(label string) Hasher {
	sum := r.Sum(Pseudonym, []byte("hasher"), []byte(label))
	return Hasher{binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:])}
}

// NewHasher makes a hasher of a key that is of no ring.
func NewHasher(key [16]byte) Hasher {
	return Hasher{binary.LittleEndian.Uint64(key[:]), binary.LittleEndian.Uint64(key[8:])}
}

// Sum is the keyed hash of b.
func (h Hasher) Sum(b []byte) (out [16]byte) {
	lo, hi := siphash.Hash128(h.k0, h.k1, b)
	binary.LittleEndian.PutUint64(out[:], lo)
	binary.LittleEndian.PutUint64(out[8:], hi)
	return out
}
