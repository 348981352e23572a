// Package held keeps a typed login while its sender answers a check, so that
// afterwards the very same request goes on to the shop.
//
// What is kept is ciphertext. Its key needs two things that are never in one
// place: the key ring and a random half that lives only in the page. The
// store alone, the page alone or the key ring alone opens nothing. A held
// login is taken once.
package held

import (
	"context"
	"crypto/cipher"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/store"
)

// Bounds of held logins.
const (
	// TTL of a held login; each renewal gives it as much again.
	TTL = 10 * time.Minute
	// MaxLife is the TTL and twelve renewals.
	MaxLife = 13 * TTL
	// PerHost is how many one address may have, PerLogin how many copies
	// of one login (reload, two tabs); the oldest copy goes.
	PerHost  = 32
	PerLogin = 4
	// PerNetwork is how many a /24 or /48 may have.
	PerNetwork = 256
)

// ErrGone: there is no such held login: it was sent, or it expired, or the
// ticket is not ours.
var ErrGone = errors.New("held login is gone")

// Login is a request that waits.
type Login struct {
	Method      string
	URI         string // as the next handler sees it
	Original    string // as the client sent it
	ContentType string
	Origin      string
	Referer     string
	FetchSite   string // Sec-Fetch-Site: what sort of page sent it
	Endpoint    string
	Session     [][]byte // keyed hashes of the shop's session cookies
	Ref         string
	Script      bool // a script sent it, and is gone
	Body        []byte

	same, host, network store.Key // the groups it counts in
	end                 time.Time // of its life, whatever renewals
}

// stored is a Login's ciphered form but for the body. Bytes, not text: a
// header may hold what is no UTF-8, and comes back as it was.
type stored struct {
	Method, URI, Original, ContentType, Origin, Referer, FetchSite, Endpoint []byte
	Session                                                                  [][]byte
	Ref                                                                      string
	Script                                                                   bool
	Same, Host, Network                                                      store.Key
}

func (l *Login) store() stored {
	return stored{
		Method: []byte(l.Method), URI: []byte(l.URI), Original: []byte(l.Original), ContentType: []byte(l.ContentType),
		Origin: []byte(l.Origin), Referer: []byte(l.Referer), FetchSite: []byte(l.FetchSite), Endpoint: []byte(l.Endpoint),
		Session: l.Session, Ref: l.Ref, Script: l.Script, Same: l.same, Host: l.host, Network: l.network,
	}
}

func (s *stored) login(body []byte, end time.Time) *Login {
	return &Login{
		Method: string(s.Method), URI: string(s.URI), Original: string(s.Original), ContentType: string(s.ContentType),
		Origin: string(s.Origin), Referer: string(s.Referer), FetchSite: string(s.FetchSite), Endpoint: string(s.Endpoint),
		Session: s.Session, Ref: s.Ref, Script: s.Script, Body: body, same: s.Same, host: s.Host, network: s.Network, end: end,
	}
}

// Ticket names a held login and carries the page's half of its key.
type Ticket struct {
	ID   [16]byte
	half [32]byte
}

// Keeper keeps the logins of one site.
type Keeper struct {
	Ring   *keys.Ring
	Store  store.Store
	Site   string
	Random io.Reader
}

// Keep stores a login. same names all copies of this very login, host and
// network the sender's. ErrFull of package store means that there is no room.
func (k *Keeper) Keep(ctx context.Context, now time.Time, l *Login, same, host, network store.Key) (Ticket, error) {
	var t Ticket
	if _, err := io.ReadFull(k.Random, t.ID[:]); err != nil {
		return t, fmt.Errorf("making a ticket: %w", err)
	}
	if _, err := io.ReadFull(k.Random, t.half[:]); err != nil {
		return t, fmt.Errorf("making a ticket: %w", err)
	}
	l.same, l.host, l.network, l.end = same, host, network, now.Add(MaxLife)
	return t, k.keep(ctx, t, l, PerHost)
}

// Return puts a login that was taken back under its ticket, for what is left
// of its life. It had its place and gets one again, also when its sender has
// taken all of them in between.
func (k *Keeper) Return(ctx context.Context, t Ticket, now time.Time, l *Login) error {
	if !now.Before(l.end) {
		return ErrGone
	}
	return k.keep(ctx, t, l, 2*PerHost)
}

const version = 1

func (k *Keeper) keep(ctx context.Context, t Ticket, l *Login, perHost int) error {
	id := k.Ring.ID()
	aead, err := k.Ring.Derived(id, t.half[:])
	if err != nil {
		return err
	}
	meta, err := json.Marshal(l.store())
	if err != nil {
		return fmt.Errorf("writing a held login: %w", err)
	}
	// header: version, key id, end of life, endpoint; all of it, and the
	// site, are bound to the ciphertext.
	header := []byte{version, id}
	header = binary.BigEndian.AppendUint64(header, uint64(l.end.Unix()))
	header = binary.BigEndian.AppendUint16(header, uint16(len(l.Endpoint)))
	header = append(header, l.Endpoint...)
	header = binary.BigEndian.AppendUint16(header, uint16(len(header)+2))

	plain := binary.BigEndian.AppendUint32(nil, uint32(len(meta)))
	plain = append(append(plain, meta...), l.Body...)
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(k.Random, nonce); err != nil {
		return fmt.Errorf("sealing a held login: %w", err)
	}
	value := append(append([]byte(nil), header...), nonce...)
	value = aead.Seal(value, nonce, plain, k.bound(header))
	clear(plain)
	return k.Store.Keep(ctx, k.key(t), value, TTL,
		store.Group{Key: l.same, Max: PerLogin, Replace: true},
		store.Group{Key: l.host, Max: perHost},
		store.Group{Key: l.network, Max: PerNetwork - PerHost + perHost})
}

func (k *Keeper) bound(header []byte) []byte {
	return append(append([]byte("held/"+k.Site+"/"), header...), 0)
}

func (k *Keeper) key(t Ticket) store.Key {
	sum := k.Ring.Sum(keys.Pseudonym, []byte("held"), []byte(k.Site), t.ID[:])
	return store.Key(sum[:16])
}

// Renew gives a held login its TTL again and reports whether it is there.
func (k *Keeper) Renew(ctx context.Context, t Ticket) (bool, error) {
	return k.Store.Extend(ctx, k.key(t), TTL)
}

// Take returns a held login and removes it. Whatever is wrong, the error is
// ErrGone; an error of the store is wrapped as it is.
func (k *Keeper) Take(ctx context.Context, t Ticket, now time.Time) (*Login, error) {
	value, err := k.Store.Take(ctx, k.key(t))
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("taking a held login: %w", err)
	}
	const fixed = 2 + 8 + 2
	if len(value) < fixed || value[0] != version {
		return nil, ErrGone
	}
	end := time.Unix(int64(binary.BigEndian.Uint64(value[2:])), 0)
	n := fixed + int(binary.BigEndian.Uint16(value[10:])) + 2
	if !now.Before(end) || len(value) < n {
		return nil, ErrGone
	}
	aead, err := k.Ring.Derived(value[1], t.half[:])
	if errors.Is(err, keys.ErrOpen) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, err
	}
	return k.open(aead, value[:n], value[n:], end)
}

func (k *Keeper) open(aead cipher.AEAD, header, sealed []byte, end time.Time) (*Login, error) {
	if len(sealed) < aead.NonceSize() {
		return nil, ErrGone
	}
	nonce, sealed := sealed[:aead.NonceSize()], sealed[aead.NonceSize():]
	plain, err := aead.Open(nil, nonce, sealed, k.bound(header))
	if err != nil || len(plain) < 4 {
		return nil, ErrGone
	}
	n := int(binary.BigEndian.Uint32(plain))
	if n > len(plain)-4 {
		return nil, ErrGone
	}
	var s stored
	if err := json.Unmarshal(plain[4:4+n], &s); err != nil {
		return nil, ErrGone
	}
	return s.login(plain[4+n:], end), nil
}
