// Package keys derives every key that Login Guard uses from one master key,
// one HKDF label a purpose, so that no key does two jobs.
//
// Keys can be changed while old values are still about: the first key of a
// Ring seals, all of them open. Names (keyed hashes) come of the last and stay
// as they are, or every counter and all history would be lost with each new
// key. A Ring is safe for concurrent use.
package keys

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/login-guard/login-guard/config"
)

// Size of a master key in bytes.
const Size = 32

// Purposes. Each has a key of its own.
const (
	Pseudonym = "pseudonym" // keyed hashes of accounts and addresses
	Device    = "device"    // device and pass cookies
	Challenge = "challenge" // tokens of checks
	Drawing   = "drawing"   // what a picture shows
	Held      = "held"      // held logins
	Factor    = "factor"    // second factors of customers
	// Recovery is for keyed hashes of what a person or browser keeps and that
	// is good once: recovery codes, sent codes, trusted devices. Like names
	// they stay when the key changes.
	Recovery = "recovery"
)

// ErrOpen: a sealed value was not made with this key for this purpose.
var ErrOpen = errors.New("not sealed with this key")

// Ring holds the keys of one or more master keys.
type Ring struct {
	// sealers open, and the first seals.
	sealers atomic.Pointer[[]*sealer]
	hashers map[string]*sync.Pool
}

// sealer is what one master key seals and opens with.
type sealer struct {
	id    byte
	aeads map[string]cipher.AEAD
	held  []byte
}

// NewMaster makes a master key.
func NewMaster() []byte {
	b := make([]byte, Size)
	rand.Read(b) // never fails: it ends the program instead
	return b
}

// Parse reads a master key written in base64 or hexadecimal.
func Parse(s string) ([]byte, error) {
	if b, ok := config.DecodeKey(s); ok {
		return b, nil
	}
	return nil, fmt.Errorf("key: want %d bytes in base64 or hexadecimal; `openssl rand -base64 %d` makes one", Size, Size)
}

// NewRing derives all keys. The first master key seals; older ones open, and
// the last makes the names.
func NewRing(master []byte, older ...[]byte) (*Ring, error) {
	r := &Ring{hashers: make(map[string]*sync.Pool)}
	if err := r.Replace(master, older...); err != nil {
		return nil, err
	}
	names := master
	if len(older) > 0 {
		names = older[len(older)-1]
	}
	for _, purpose := range []string{Pseudonym, Drawing, Recovery} {
		k, err := derive(names, purpose)
		if err != nil {
			return nil, err
		}
		r.hashers[purpose] = &sync.Pool{New: func() any { return hmac.New(sha256.New, k) }}
	}
	return r, nil
}

// Replace changes which master key seals and which open. Names stay.
func (r *Ring) Replace(master []byte, older ...[]byte) error {
	var all []*sealer
	for _, m := range append([][]byte{master}, older...) {
		s, err := newSealer(m)
		if err != nil {
			return err
		}
		for _, o := range all {
			if o.id == s.id {
				// One byte tells keys apart: one pair in 256 is alike.
				return errors.New("two of the keys cannot be told apart (or are the same); make another with `openssl rand -base64 32`")
			}
		}
		all = append(all, s)
	}
	r.sealers.Store(&all)
	return nil
}

func newSealer(master []byte) (*sealer, error) {
	if len(master) != Size {
		return nil, fmt.Errorf("master key has %d bytes, want %d", len(master), Size)
	}
	s := &sealer{aeads: make(map[string]cipher.AEAD)}
	for _, purpose := range []string{Device, Challenge, Held, Factor} {
		k, err := derive(master, purpose)
		if err != nil {
			return nil, err
		}
		if s.aeads[purpose], err = chacha20poly1305.NewX(k); err != nil {
			return nil, fmt.Errorf("making the %s key: %w", purpose, err)
		}
	}
	var err error
	if s.held, err = derive(master, Held); err != nil {
		return nil, err
	}
	// One byte tells a key from another in what it seals. It is no secret.
	id, err := derive(master, "id")
	if err != nil {
		return nil, err
	}
	s.id = id[0]
	return s, nil
}

func derive(master []byte, purpose string) ([]byte, error) {
	k, err := hkdf.Key(sha256.New, master, nil, "login-guard/v1/"+purpose, Size)
	if err != nil {
		return nil, fmt.Errorf("deriving the %s key: %w", purpose, err)
	}
	return k, nil
}

// first is what seals.
func (r *Ring) first() *sealer { return (*r.sealers.Load())[0] }

// byID returns the key with that id, nil if this ring has none.
func (r *Ring) byID(id byte) *sealer {
	for _, s := range *r.sealers.Load() {
		if s.id == id {
			return s
		}
	}
	return nil
}

// ID names the key that seals.
func (r *Ring) ID() byte { return r.first().id }

// Knows reports whether this ring has the key that a value names as its own.
// If not, the value was made by a node with another key, or made up.
func (r *Ring) Knows(sealed []byte) bool {
	return len(sealed) > 0 && r.byID(sealed[0]) != nil
}

// Seal encrypts plain for one purpose and binds it to bound: it opens only
// with the same bound.
func (r *Ring) Seal(purpose string, plain, bound []byte) []byte {
	s := r.first()
	a := s.aeads[purpose]
	out := make([]byte, 1+a.NonceSize(), 1+a.NonceSize()+len(plain)+a.Overhead())
	out[0] = s.id
	rand.Read(out[1:])
	return a.Seal(out, out[1:], plain, bound)
}

// Open decrypts what Seal made. The error is ErrOpen whatever is wrong.
func (r *Ring) Open(purpose string, sealed, bound []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, ErrOpen
	}
	s := r.byID(sealed[0])
	if s == nil {
		return nil, ErrOpen
	}
	a := s.aeads[purpose]
	n := 1 + a.NonceSize()
	if len(sealed) < n+a.Overhead() {
		return nil, ErrOpen
	}
	plain, err := a.Open(nil, sealed[1:n], sealed[n:], bound)
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}

// Derived returns an AEAD for held things under a key that needs both half
// and the key of this ring with that id; ErrOpen if there is none.
func (r *Ring) Derived(id byte, half []byte) (cipher.AEAD, error) {
	s := r.byID(id)
	if s == nil {
		return nil, ErrOpen
	}
	k, err := hkdf.Key(sha256.New, s.held, half, "login-guard/v1/"+Held+"/half", Size)
	if err != nil {
		return nil, fmt.Errorf("deriving the %s key: %w", Held, err)
	}
	return chacha20poly1305.NewX(k)
}

// Sum is a keyed hash over parts, each with its length before it, so that no
// two lists of parts have the same input.
func (r *Ring) Sum(purpose string, parts ...[]byte) [sha256.Size]byte {
	pool := r.hashers[purpose]
	h := pool.Get().(hash.Hash)
	h.Reset()
	var n [4]byte
	for _, p := range parts {
		n[0], n[1], n[2], n[3] = byte(len(p)>>24), byte(len(p)>>16), byte(len(p)>>8), byte(len(p))
		h.Write(n[:])
		h.Write(p)
	}
	var out [sha256.Size]byte
	h.Sum(out[:0])
	pool.Put(h)
	return out
}
