// Package keys derives every key that Login Guard uses from one master key,
// one HKDF label a purpose, so that no key does two jobs.
//
// A Ring is immutable and safe for concurrent use.
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
)

// ErrOpen: a sealed value was not made with this key for this purpose.
var ErrOpen = errors.New("not sealed with this key")

// Ring holds the keys of one master key.
type Ring struct {
	id      byte
	master  [Size]byte
	aeads   map[string]cipher.AEAD
	hashers map[string]*sync.Pool
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

// NewRing derives all keys.
func NewRing(master []byte) (*Ring, error) {
	if len(master) != Size {
		return nil, fmt.Errorf("master key has %d bytes, want %d", len(master), Size)
	}
	r := &Ring{aeads: make(map[string]cipher.AEAD), hashers: make(map[string]*sync.Pool)}
	copy(r.master[:], master)
	for _, purpose := range []string{Device, Challenge, Held} {
		k, err := r.derive(purpose)
		if err != nil {
			return nil, err
		}
		if r.aeads[purpose], err = chacha20poly1305.NewX(k); err != nil {
			return nil, fmt.Errorf("making the %s key: %w", purpose, err)
		}
	}
	for _, purpose := range []string{Pseudonym, Drawing} {
		k, err := r.derive(purpose)
		if err != nil {
			return nil, err
		}
		r.hashers[purpose] = &sync.Pool{New: func() any { return hmac.New(sha256.New, k) }}
	}
	// One byte tells a ring from another in what it seals. It is no secret.
	k, err := r.derive("id")
	if err != nil {
		return nil, err
	}
	r.id = k[0]
	return r, nil
}

func (r *Ring) derive(purpose string) ([]byte, error) {
	k, err := hkdf.Key(sha256.New, r.master[:], nil, "login-guard/v1/"+purpose, Size)
	if err != nil {
		return nil, fmt.Errorf("deriving the %s key: %w", purpose, err)
	}
	return k, nil
}

// ID tells rings apart.
func (r *Ring) ID() byte { return r.id }

// Seal encrypts plain for one purpose and binds it to bound: it opens only
// with the same bound.
func (r *Ring) Seal(purpose string, plain, bound []byte) []byte {
	a := r.aeads[purpose]
	out := make([]byte, 1+a.NonceSize(), 1+a.NonceSize()+len(plain)+a.Overhead())
	out[0] = r.id
	rand.Read(out[1:])
	return a.Seal(out, out[1:], plain, bound)
}

// Open decrypts what Seal made. The error is ErrOpen whatever is wrong.
func (r *Ring) Open(purpose string, sealed, bound []byte) ([]byte, error) {
	a := r.aeads[purpose]
	n := 1 + a.NonceSize()
	if len(sealed) < n+a.Overhead() || sealed[0] != r.id {
		return nil, ErrOpen
	}
	plain, err := a.Open(nil, sealed[1:n], sealed[n:], bound)
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}

// Derived returns an AEAD under a key that needs both this ring and half.
func (r *Ring) Derived(purpose string, half []byte) (cipher.AEAD, error) {
	base, err := r.derive(purpose)
	if err != nil {
		return nil, err
	}
	k, err := hkdf.Key(sha256.New, base, half, "login-guard/v1/"+purpose+"/half", Size)
	if err != nil {
		return nil, fmt.Errorf("deriving the %s key: %w", purpose, err)
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
