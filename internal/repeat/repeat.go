// Package repeat recognises somebody who sends the same account with the same
// password once more, from the same address: a password manager with an old
// password, a shopper who does not believe the error. Nothing is guessed by it.
//
// What it remembers is a keyed hash, in memory, for ten minutes. Its key is
// made when the process starts and never leaves it: no file, log, snapshot or
// other process ever has it, so what is remembered is worth nothing to anybody
// else. Memory is fixed; under a flood the oldest is forgotten, and a repeated
// login counts as a new one.
package repeat

import (
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"

	"github.com/login-guard/login-guard/internal/keys"
)

// Life is how long a login is remembered.
const Life = 10 * time.Minute

const (
	// sets and ways: 65,536 logins of 16 bytes, a megabyte. At 100 failed
	// logins a second that is ten minutes' worth.
	sets = 1 << 13
	ways = 8
)

// Tag stands for a login; the zero Tag for none.
type Tag [16]byte

// Sketch remembers logins. It is safe for concurrent use.
type Sketch struct {
	hash keys.Hasher

	mu   sync.Mutex
	rows [sets][ways]row
}

type row struct {
	tag uint64
	at  int64 // unix nanoseconds
}

// New makes a sketch with a key of its own.
func New() *Sketch {
	var key [16]byte
	_, _ = rand.Read(key[:]) // never fails (crypto/rand)
	return &Sketch{hash: keys.NewHasher(key)}
}

// Tag makes the tag of a login from the names of its address and account.
func (s *Sketch) Tag(address, account [16]byte, password string) Tag {
	var room [256]byte
	b := append(append(append(room[:0], address[:]...), account[:]...), password...)
	sum := s.hash.Sum(b)
	clear(b)
	return sum
}

// Seen reports whether a login was noted within Life.
func (s *Sketch) Seen(now time.Time, t Tag) bool {
	if t == (Tag{}) {
		return false
	}
	set, tag := place(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.rows[set] {
		if r := &s.rows[set][i]; r.tag == tag {
			age := now.UnixNano() - r.at
			return age >= 0 && age < int64(Life)
		}
	}
	return false
}

// Note remembers a login from now on.
func (s *Sketch) Note(now time.Time, t Tag) {
	if t == (Tag{}) {
		return
	}
	set, tag := place(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	oldest := &s.rows[set][0]
	for i := range s.rows[set] {
		r := &s.rows[set][i]
		if r.tag == tag {
			oldest = r
			break
		}
		if r.at < oldest.at {
			oldest = r
		}
	}
	*oldest = row{tag, now.UnixNano()}
}

// place is where a tag may stand, and what stands there for it.
func place(t Tag) (set int, tag uint64) {
	return int(binary.LittleEndian.Uint64(t[:8]) % sets), binary.LittleEndian.Uint64(t[8:]) | 1
}
