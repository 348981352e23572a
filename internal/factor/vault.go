package factor

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"time"

	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/store"
)

// ID is the row of a customer: a keyed hash of who it is, made by the caller.
type ID = store.Key

// Errors; test them with errors.Is. Those of the store are handed on as they
// are.
var (
	// ErrSealed: a row is there and does not open: another key, another
	// site's or account's row, or damage. The account counts as enrolled.
	ErrSealed = errors.New("second factor does not open with this key")
	// ErrBusy: others kept changing the document. Nothing was done.
	ErrBusy = errors.New("account is being changed by too many at once")
	// ErrDenied: the actor may not do this, see Actor.
	ErrDenied = errors.New("not allowed with what was given in this session")
	// ErrNone: there is no such factor, device, notice or order.
	ErrNone = errors.New("there is none")
	// ErrMany: a bound of the document is reached.
	ErrMany = errors.New("too many already")
	// ErrOver: what was begun is over, was used, or is another's.
	ErrOver = errors.New("begin again")
	// ErrAlone: a sent code would be the only way in (NIST: SMS is a
	// restricted authenticator, an alternative has to be there).
	ErrAlone = errors.New("needs an app, a passkey or recovery codes beside it")

	// unchanged ends an Update that has nothing to store.
	unchanged = errors.New("unchanged")
)

// Rows is the part of a store that documents are kept in; store.Rows has it.
type Rows interface {
	LoadRow(ctx context.Context, key store.Key) (store.Row, error)
	SwapRow(ctx context.Context, key store.Key, old uint64, value []byte, ttl time.Duration) (uint64, error)
	KnownRow(key store.Key) bool
	EachRow(ctx context.Context, group uint64, f func(store.Key, store.Row) error) error
}

// Vault keeps the documents of one site. It is safe for concurrent use.
type Vault struct {
	Rows Rows
	Ring *keys.Ring
	// Site is the name of the site; documents do not open in another.
	Site string
	// Random draws secrets and codes. Default: crypto/rand.
	Random io.Reader
}

// version of the document and of what binds it.
const version = 1

// bound is what a document is bound to.
func (v *Vault) bound(what string, id ID) []byte {
	b := []byte("login-guard/factor/")
	b = append(b, version)
	for _, part := range []string{what, v.Site, string(id[:])} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	return b
}

func (v *Vault) seal(id ID, a *Account) ([]byte, error) {
	plain, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("writing a second factor: %w", err)
	}
	return append([]byte{version}, v.Ring.Seal(keys.Factor, plain, v.bound("account", id))...), nil
}

func (v *Vault) open(id ID, value []byte) (*Account, error) {
	if len(value) == 0 || value[0] != version {
		return nil, ErrSealed
	}
	plain, err := v.Ring.Open(keys.Factor, value[1:], v.bound("account", id))
	if err != nil {
		return nil, ErrSealed
	}
	a := new(Account)
	if err := json.Unmarshal(plain, a); err != nil {
		return nil, ErrSealed
	}
	return a, nil
}

// Load reads an account; nil and no error if there is nothing. Any error
// means that it is not known whether the account has a second factor.
func (v *Vault) Load(ctx context.Context, id ID) (*Account, error) {
	row, err := v.Rows.LoadRow(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("loading a second factor: %w", err)
	}
	return v.open(id, row.Value)
}

// tries of an Update. With 50 at once at one account the unluckiest waits for
// all others; more than that are refused rather than made to wait.
const tries = 64

// Update changes an account by compare-and-set: fn gets what is there, or an
// empty account, and is called again with what others have made of it if
// they were faster, so it must not act on anything but the account. If fn
// returns an error nothing is stored and the error comes back as it is.
func (v *Vault) Update(ctx context.Context, id ID, fn func(*Account) error) (*Account, error) {
	for n := range tries {
		a, err := v.once(ctx, id, fn)
		if !errors.Is(err, store.ErrConflict) {
			return a, err
		}
		// Whoever lost waits a little, each another time, so that one of
		// them gets through.
		pause := time.NewTimer(time.Duration(mathrand.Int64N(int64(min(n+1, 16)) * int64(time.Millisecond))))
		select {
		case <-ctx.Done():
			pause.Stop()
			return nil, ctx.Err()
		case <-pause.C:
		}
	}
	return nil, ErrBusy
}

func (v *Vault) once(ctx context.Context, id ID, fn func(*Account) error) (*Account, error) {
	row, err := v.Rows.LoadRow(ctx, id)
	a := new(Account)
	switch {
	case errors.Is(err, store.ErrNotFound):
		row = store.Row{}
	case err != nil:
		return nil, fmt.Errorf("loading a second factor: %w", err)
	default:
		if a, err = v.open(id, row.Value); err != nil {
			return nil, err
		}
	}
	if err := fn(a); errors.Is(err, unchanged) {
		return a, nil
	} else if err != nil {
		return nil, err
	}
	var value []byte
	var ttl time.Duration
	switch {
	case a.empty():
		if row.Version == 0 {
			return a, nil
		}
	default:
		if value, err = v.seal(id, a); err != nil {
			return nil, err
		}
		switch {
		case a.Enrolled():
		case !a.AskedSince.IsZero():
			ttl = AskedLife
		default:
			ttl = EmptyLife
		}
	}
	if _, err := v.Rows.SwapRow(ctx, id, row.Version, value, ttl); err != nil {
		return nil, fmt.Errorf("storing a second factor: %w", err)
	}
	return a, nil
}

// draw fills b with randomness.
func (v *Vault) draw(b []byte) error {
	r := v.Random
	if r == nil {
		r = rand.Reader
	}
	if _, err := io.ReadFull(r, b); err != nil {
		return fmt.Errorf("drawing random bytes: %w", err)
	}
	return nil
}

// source is where randomness comes from.
func (v *Vault) source() io.Reader {
	if v.Random == nil {
		return rand.Reader
	}
	return v.Random
}

// newID draws a name of 80 bits.
func (v *Vault) newID() (string, error) {
	var b [10]byte
	if err := v.draw(b[:]); err != nil {
		return "", err
	}
	return base32.StdEncoding.EncodeToString(b[:]), nil
}

// sum is a keyed hash of a secret of one account.
func (v *Vault) sum(what string, id ID, parts ...string) []byte {
	all := [][]byte{v.bound(what, id)}
	for _, p := range parts {
		all = append(all, []byte(p))
	}
	s := v.Ring.Sum(keys.Recovery, all...)
	return s[:]
}

// pending is what was begun and is not confirmed, sealed and handed to the
// caller in place of a row: nothing is stored before it is confirmed.
type pending struct {
	What  string    `json:"what"`
	Until time.Time `json:"until"`
	Setup string    `json:"setup"`
	Body  []byte    `json:"body"`
}

// put seals what was begun, bound to account and session.
func (v *Vault) put(id ID, session string, p pending) ([]byte, error) {
	plain, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("writing what was begun: %w", err)
	}
	return v.Ring.Seal(keys.Factor, plain, v.sum("pending", id, session)), nil
}

// get opens what put sealed; ErrOver if it is another's or over.
func (v *Vault) get(now time.Time, id ID, session, what string, state []byte) (*pending, error) {
	plain, err := v.Ring.Open(keys.Factor, state, v.sum("pending", id, session))
	if err != nil {
		return nil, ErrOver
	}
	p := new(pending)
	if json.Unmarshal(plain, p) != nil || p.What != what || !now.Before(p.Until) {
		return nil, ErrOver
	}
	return p, nil
}
