package factor

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/factor/totp"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/store"
)

// memory is rows in memory.
type memory struct {
	mu   sync.Mutex
	rows map[store.Key]store.Row
	ttls map[store.Key]time.Duration
	last uint64
	fail error // what every call answers
}

func (m *memory) LoadRow(_ context.Context, key store.Key) (store.Row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return store.Row{}, m.fail
	}
	row, ok := m.rows[key]
	if !ok {
		return store.Row{}, store.ErrNotFound
	}
	return row, nil
}

func (m *memory) SwapRow(_ context.Context, key store.Key, old uint64, value []byte, ttl time.Duration) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return 0, m.fail
	}
	if m.rows[key].Version != old {
		return 0, store.ErrConflict
	}
	if value == nil {
		delete(m.rows, key)
		return 0, nil
	}
	m.last++
	m.rows[key] = store.Row{Value: bytes.Clone(value), Version: m.last}
	m.ttls[key] = ttl
	return m.last, nil
}

func (m *memory) KnownRow(key store.Key) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.rows[key]
	return ok
}

func (m *memory) EachRow(_ context.Context, group uint64, f func(store.Key, store.Row) error) error {
	m.mu.Lock()
	all := make(map[store.Key]store.Row, len(m.rows))
	for k, r := range m.rows {
		if k.InGroup(group) {
			all[k] = r
		}
	}
	m.mu.Unlock()
	for k, r := range all {
		if err := f(k, r); err != nil {
			return err
		}
	}
	return nil
}

// bench is a vault with one account on it.
type bench struct {
	*Vault
	t    testing.TB
	rows *memory
	now  time.Time
	id   ID
	// secret of the app, once there is one.
	secret []byte
	app    string
}

func masterKey(n byte) []byte { return bytes.Repeat([]byte{n}, keys.Size) }

func newBench(t testing.TB) *bench {
	t.Helper()
	ring, err := keys.NewRing(masterKey(1))
	if err != nil {
		t.Fatal(err)
	}
	rows := &memory{rows: map[store.Key]store.Row{}, ttls: map[store.Key]time.Duration{}}
	return &bench{Vault: &Vault{Rows: rows, Ring: ring, Site: "shop"}, t: t, rows: rows,
		now: time.Unix(1_800_000_015, 0).UTC(), id: ID{1, 2, 3}}
}

var ctx = context.Background()

var home = From{Client: "Firefox", Place: "DE"}
var owner = Actor{Established: true, From: home}

func (b *bench) code() string { return totp.Code(b.secret, totp.Step(b.now)) }

// later moves the clock.
func (b *bench) later(d time.Duration) { b.now = b.now.Add(d) }

// addApp enrols an app and moves on to the next step, where its next code is
// good.
func (b *bench) addApp(by Actor) *Confirmed {
	b.t.Helper()
	set, err := b.BeginApp(b.now, b.id, "session", "Shop", "anna")
	if err != nil {
		b.t.Fatal(err)
	}
	if b.secret, err = base32Decode(set.Key); err != nil {
		b.t.Fatal(err)
	}
	c, err := b.ConfirmApp(ctx, b.now, b.id, by, "session", set.State, b.code(), "Phone")
	if err != nil || c.Why != Right {
		b.t.Fatalf("enrolling: %+v %v", c, err)
	}
	b.app = c.Factor
	b.later(time.Minute)
	return c
}

func base32Decode(key string) ([]byte, error) {
	return b32.DecodeString(strings.ReplaceAll(key, " ", ""))
}

// saveRecovery saves a set of recovery codes.
func (b *bench) saveRecovery(by Actor) []string {
	b.t.Helper()
	set, err := b.MakeRecovery(b.now, b.id, "session")
	if err != nil {
		b.t.Fatal(err)
	}
	c, err := b.ConfirmRecovery(ctx, b.now, b.id, by, "session", set.State, set.Codes[3])
	if err != nil || c.Why != Right {
		b.t.Fatalf("saving recovery codes: %+v %v", c, err)
	}
	return set.Codes
}

func (b *bench) begin() string {
	b.t.Helper()
	name, _, err := b.Begin(ctx, b.now, b.id, false)
	if err != nil || name == "" {
		b.t.Fatalf("beginning a challenge: %q %v", name, err)
	}
	return name
}

// try answers a fresh challenge.
func (b *bench) try(t Attempt) *Result {
	b.t.Helper()
	if t.Challenge == "" {
		t.Challenge = b.begin()
	}
	t.From = home
	r, err := b.Verify(ctx, b.now, b.id, t)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func (b *bench) load() *Account {
	b.t.Helper()
	a, err := b.Load(ctx, b.id)
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

func (b *bench) wantErr(got, want error) {
	b.t.Helper()
	if !errors.Is(got, want) {
		b.t.Errorf("error %v, want %v", got, want)
	}
}

func (b *bench) wantWhy(r *Result, want Why) {
	b.t.Helper()
	if r.Why != want {
		b.t.Errorf("answer is %v, want %v", r.Why, want)
	}
}

// wrongCode is six digits that no code of the app near now is.
func (b *bench) wrongCode() string {
	for n := range 100 {
		c := "0000" + string(rune('0'+n/10)) + string(rune('0'+n%10))
		if _, ok := totp.Skew(b.secret, c, b.now); !ok {
			return c
		}
	}
	panic("unreachable")
}
