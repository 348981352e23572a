// Package hold keeps a shop's answer to a login while its sender proves a
// second factor, and keeps every session that the login touched shut.
//
// What is kept is ciphertext. Its key needs the key ring and a random half
// that lives only in the sender's cookie: neither the store nor the cookie
// opens it alone. An answer is taken once and then goes out as it came.
package hold

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/store"
)

// Bounds of held answers.
const (
	// TTL of a held answer: as long as a code may be typed (NIST SP 800-63B
	// gives ten minutes at most).
	TTL = 10 * time.Minute
	// PerAccount is how many logins of one account may wait at once; the
	// oldest goes, so that nobody who knows the password fills the room.
	PerAccount = 3
	// PerNetwork is how many a /24 or /48 may have.
	PerNetwork = 256
)

// ErrGone: there is no such held answer: it went out, or it expired, or the
// ticket is not ours.
var ErrGone = errors.New("held answer is gone")

// Answer is a shop's answer that waits, with what is needed to let it go.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte `json:"-"`

	Account device.Account // who typed, as limits count
	Owner   store.Key      // row of the factors
	Name    string         // as typed, for its owner to see
	// Action is the login's own address, where the page's forms post to.
	Action   string
	Endpoint string
	Ref      string
	// Sessions are those that the login touched, shut under Entry.
	Sessions []store.Key
	Entry    [16]byte
	// Hashes of the sessions after the login, as the proof of it has them.
	After []store.Key
	// Passed is the strongest check that was passed for the login, and Earned
	// says that it was for this very one.
	Passed device.Rung
	Earned bool
	// Challenge is what the factor answers, see package factor.
	Challenge string
	// Enrol: there is no factor yet, and the login waits until there is.
	Enrol bool
	// Script: a script sent the login. Login names it, for the script's second
	// request; zero where the shop's own script was led to a page.
	Script bool
	Login  [16]byte
	Back   string
	// Established: the device has been this account's for long enough to be
	// believed.
	Established bool
	At          time.Time
}

// Ticket names a held answer and carries the cookie's half of its key.
type Ticket struct {
	ID   [16]byte
	half [32]byte
}

// String is the ticket as the cookie has it.
func (t Ticket) String() string {
	return base64.RawURLEncoding.EncodeToString(append(t.ID[:], t.half[:]...))
}

// ParseTicket reads a ticket.
func ParseTicket(s string) (t Ticket, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(raw) != len(t.ID)+len(t.half) {
		return Ticket{}, false
	}
	copy(t.ID[:], raw)
	copy(t.half[:], raw[len(t.ID):])
	return t, true
}

// Keeper keeps the answers of one site.
type Keeper struct {
	Ring   *keys.Ring
	Store  store.Store
	Site   string
	Random io.Reader
}

const version = 1

// Keep stores an answer. network is the sender's. ErrFull of package store
// means that there is no room.
func (k *Keeper) Keep(ctx context.Context, now time.Time, a *Answer, network store.Key) (Ticket, error) {
	var t Ticket
	if _, err := io.ReadFull(k.Random, t.ID[:]); err != nil {
		return t, fmt.Errorf("making a ticket: %w", err)
	}
	if _, err := io.ReadFull(k.Random, t.half[:]); err != nil {
		return t, fmt.Errorf("making a ticket: %w", err)
	}
	a.At = now
	return t, k.put(ctx, t, a, now.Add(TTL), TTL, network)
}

func (k *Keeper) put(ctx context.Context, t Ticket, a *Answer, end time.Time, ttl time.Duration, network store.Key) error {
	id := k.Ring.ID()
	aead, err := k.Ring.Derived(id, t.half[:])
	if err != nil {
		return err
	}
	meta, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("writing a held answer: %w", err)
	}
	header := binary.BigEndian.AppendUint64([]byte{version, id}, uint64(end.Unix()))
	plain := binary.BigEndian.AppendUint32(nil, uint32(len(meta)))
	plain = append(append(plain, meta...), a.Body...)
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(k.Random, nonce); err != nil {
		return fmt.Errorf("sealing a held answer: %w", err)
	}
	value := append(append([]byte(nil), header...), nonce...)
	value = aead.Seal(value, nonce, plain, k.bound(header))
	clear(plain)
	// Those of devices that are believed have room of their own: a stranger
	// who knows the password must not push the owner's out.
	of := a.Owner
	if a.Established {
		of[len(of)-1] ^= 1
	}
	groups := []store.Group{{Key: k.group(of), Max: PerAccount, Replace: true}}
	if !network.IsZero() {
		groups = append(groups, store.Group{Key: k.group(network), Max: PerNetwork})
	}
	if err := k.Store.Keep(ctx, k.key(t), value, ttl, groups...); err != nil {
		return fmt.Errorf("keeping an answer: %w", err)
	}
	return nil
}

func (k *Keeper) bound(header []byte) []byte {
	return append(append([]byte("answer/"+k.Site+"/"), header...), 0)
}

func (k *Keeper) key(t Ticket) store.Key {
	sum := k.Ring.Sum(keys.Pseudonym, []byte("answer"), []byte(k.Site), t.ID[:])
	return store.Key(sum[:16])
}

func (k *Keeper) group(of store.Key) store.Key {
	sum := k.Ring.Sum(keys.Pseudonym, []byte("answers-of"), []byte(k.Site), of[:])
	return store.Key(sum[:16])
}

// Look returns a held answer and leaves it. Whatever is wrong, the error is
// ErrGone; an error of the store is wrapped as it is.
func (k *Keeper) Look(ctx context.Context, t Ticket, now time.Time) (*Answer, error) {
	value, err := k.Store.Peek(ctx, k.key(t))
	return k.opened(value, err, t, now)
}

// Take is Look, and removes the answer: of concurrent callers one gets it.
func (k *Keeper) Take(ctx context.Context, t Ticket, now time.Time) (*Answer, error) {
	value, err := k.Store.Take(ctx, k.key(t))
	return k.opened(value, err, t, now)
}

func (k *Keeper) opened(value []byte, err error, t Ticket, now time.Time) (*Answer, error) {
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("reading a held answer: %w", err)
	}
	const fixed = 2 + 8
	if len(value) < fixed || value[0] != version || !now.Before(time.Unix(int64(binary.BigEndian.Uint64(value[2:])), 0)) {
		return nil, ErrGone
	}
	aead, err := k.Ring.Derived(value[1], t.half[:])
	if errors.Is(err, keys.ErrOpen) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, err
	}
	header, sealed := value[:fixed], value[fixed:]
	if len(sealed) < aead.NonceSize() {
		return nil, ErrGone
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], k.bound(header))
	if err != nil || len(plain) < 4 {
		return nil, ErrGone
	}
	n := int(binary.BigEndian.Uint32(plain))
	if n > len(plain)-4 {
		return nil, ErrGone
	}
	a := new(Answer)
	if json.Unmarshal(plain[4:4+n], a) != nil {
		return nil, ErrGone
	}
	a.Body = plain[4+n:]
	return a, nil
}
