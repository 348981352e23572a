package store

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"time"
)

// Errors of rows; test them with errors.Is.
var (
	// ErrConflict: the row is not, or no longer, of the version that was to
	// be replaced.
	ErrConflict = errors.New("changed meanwhile")
	// ErrLost: there was a row, nobody deleted it, and the database does not
	// have it any more: it was emptied, damaged, or pushed it out. Whoever
	// depends on the row is refused until AcceptLoss.
	ErrLost = errors.New("known here and gone from the database")
	// ErrTooLarge: the value is longer than MaxRow.
	ErrTooLarge = errors.New("value of a row is too large")
)

// MaxRow bounds the value of a row, in bytes.
const MaxRow = 64 << 10

// Row is a durable value. Version says which it is: every write makes another
// one, never the same twice, in no order. 0: there is none.
type Row struct {
	Value   []byte
	Version uint64
}

// Rows are durable values that are changed by compare-and-set only. Unlike
// everything else in a store they are never pushed out, and a write has
// reached the disk (of this node, or what the shared database calls one) when
// it returns. Values are sealed by the caller.
type Rows interface {
	// LoadRow returns a row; its value is the caller's to keep and not to
	// change. ErrNotFound: there is none. ErrLost: there should be one. Any
	// other error: the database did not answer, see KnownRow.
	LoadRow(ctx context.Context, key Key) (Row, error)
	// SwapRow puts value in place of the row of version old and returns the
	// new version; the row ends after ttl, 0: never. With old 0 there must be
	// none yet. A nil value deletes the row, and the version returned is 0.
	// ErrConflict, ErrLost and ErrTooLarge say that nothing was changed;
	// after any other error it may have been: load the row to see.
	SwapRow(ctx context.Context, key Key, old uint64, value []byte, ttl time.Duration) (uint64, error)
	// KnownRow reports whether there is, or should be, a row as far as this
	// node knows. It asks nobody, and answers while the database is away.
	// A node that cannot know (its own file cannot be read, or it never
	// reached the shared database) answers true.
	KnownRow(key Key) bool
	// EachRow calls f with all rows whose key begins with group (its first
	// eight bytes, big-endian), 0: with all rows, in no order, until f
	// returns an error, which EachRow returns. Rows that are written
	// meanwhile may be missed; lost ones are left out. f may change rows.
	EachRow(ctx context.Context, group uint64, f func(Key, Row) error) error
	// AcceptLoss gives up all rows that are lost: they are known no more, and
	// may be written anew. It returns how many there were. It is an
	// operator's decision, for whoever had one is without from then on.
	AcceptLoss(ctx context.Context) (int, error)
}

// Group is what EachRow calls the group of a key.
func (k Key) Group() uint64 { return binary.BigEndian.Uint64(k[:8]) }

// InGroup reports whether EachRow of group has rows of key k.
func (k Key) InGroup(group uint64) bool { return group == 0 || k.Group() == group }

// NewVersion makes a version. Being random, it is the same as an earlier one
// of the same key only by a chance of 1 in 2^63, also after the row was
// deleted, or the database restored from a backup.
func NewVersion() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return binary.BigEndian.Uint64(b[:])>>1 | 1<<62
}
