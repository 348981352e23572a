package held_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/login-guard/login-guard/internal/held"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

var ctx = context.Background()

// spy is a store that remembers the values it was given to keep and can
// change them when they are taken.
type spy struct {
	store.Store
	mu     sync.Mutex
	keys   []store.Key
	values [][]byte
	change func([]byte) []byte
}

func (s *spy) Keep(ctx context.Context, k store.Key, v []byte, ttl time.Duration, g ...store.Group) error {
	s.mu.Lock()
	s.keys, s.values = append(s.keys, k), append(s.values, bytes.Clone(v))
	s.mu.Unlock()
	return s.Store.Keep(ctx, k, v, ttl, g...)
}

func (s *spy) Take(ctx context.Context, k store.Key) ([]byte, error) {
	v, err := s.Store.Take(ctx, k)
	if s.change != nil && err == nil {
		v = s.change(bytes.Clone(v))
	}
	return v, err
}

func ring(t testing.TB, n byte) *keys.Ring {
	t.Helper()
	r, err := keys.NewRing(bytes.Repeat([]byte{n}, keys.Size))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// keeper makes a keeper on an embedded store of its own.
func keeper(t testing.TB) (*held.Keeper, *spy, *storetest.Clock) {
	c := storetest.NewClock()
	s := &spy{Store: embedded.New(embedded.Options{Counters: 64, Tallies: 64, Profiles: 64, Clock: c.Now})}
	return &held.Keeper{Ring: ring(t, 1), Store: s, Site: "shop.example", Random: rand.Reader}, s, c
}

// allBytes is n bytes in which every value occurs.
func allBytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func login(body []byte) *held.Login {
	return &held.Login{
		Method: "POST", URI: "/index.php?route=account/login", Original: "/my-account/?next=%2Fcart&x=<&>",
		ContentType: "application/x-www-form-urlencoded", Origin: "https://shop.example",
		Referer: "https://shop.example/my-account/", FetchSite: "same-site", Endpoint: "woocommerce",
		Session: [][]byte{{0, 1, 255}, allBytes(32)}, Ref: "7KQ2-M4XD", Body: body,
	}
}

func keep(t *testing.T, k *held.Keeper, c *storetest.Clock, l *held.Login, same, host string) held.Ticket {
	t.Helper()
	ticket, err := k.Keep(ctx, c.Now(), l, storetest.Key(same), storetest.Key(host), storetest.Key("network"))
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

func TestAKeptLoginComesBackByteForByte(t *testing.T) {
	for name, l := range map[string]*held.Login{
		"a form":                      login([]byte("log=alice%40shop.example&pwd=a+b%26c")),
		"every byte value":            login(allBytes(256)),
		"64 KiB":                      login(allBytes(64 << 10)),
		"no body":                     login([]byte{}),
		"only method and body":        {Method: "PUT", Body: []byte("x")},
		"a URI that is no UTF-8 text": {Method: "POST", URI: "/a?b=%ff%00", Original: "/ä?\u2028", Body: []byte{0xff}},
		"a long endpoint":             {Endpoint: strings.Repeat("e", 300), Body: []byte("x")},
	} {
		t.Run(name, func(t *testing.T) {
			k, _, c := keeper(t)
			want := *l
			want.Body = bytes.Clone(l.Body)
			got, err := k.Take(ctx, keep(t, k, c, l, "same", "host"), c.Now())
			if err != nil {
				t.Fatal(err)
			}
			if !same(got, &want) {
				t.Errorf("another login came back:\n%.600s", fmt.Sprintf("%+v\n%+v", *got, want))
			}
		})
	}
}

func TestALoginIsTakenOnceAlsoByManyAtOnce(t *testing.T) {
	k, _, c := keeper(t)
	for range 20 {
		ticket := keep(t, k, c, login(allBytes(1000)), "same", "host")
		var got, gone atomic.Int32
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				switch l, err := k.Take(ctx, ticket, c.Now()); {
				case err == nil && l != nil:
					got.Add(1)
				case err == held.ErrGone && l == nil:
					gone.Add(1)
				}
			})
		}
		wg.Wait()
		if got.Load() != 1 || gone.Load() != 15 {
			t.Fatalf("%d got it and %d were told that it is gone, want 1 and 15", got.Load(), gone.Load())
		}
	}
}

func TestTheStoreHoldsNoPlainText(t *testing.T) {
	k, s, c := keeper(t)
	l := login([]byte("log=alice@shop.example&pwd=correct-horse-battery&again=correct-horse-battery"))
	l.URI = "/my-account/?account=alice"
	ticket := keep(t, k, c, l, "same", "host")
	again, err := k.Take(ctx, ticket, c.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Return(ctx, ticket, c.Now(), again); err != nil {
		t.Fatal(err)
	}
	if len(s.values) != 2 {
		t.Fatalf("%d values, want 2", len(s.values))
	}
	text := k.Write(held.Slip{Ticket: ticket, Ref: "7KQ2-M4XD"})
	raw := decode(t, text)
	id, half := raw[:16], raw[16:48]
	for i, v := range s.values {
		for _, secret := range []string{"correct-horse", "alice", "shop.example", "my-account", "pwd=", "POST", "7KQ2"} {
			if bytes.Contains(v, []byte(secret)) {
				t.Errorf("value %d shows %q", i, secret)
			}
		}
		if bytes.Contains(v, half[:8]) || bytes.Contains(v, id[:8]) || bytes.Contains(s.keys[i][:], id[:8]) {
			t.Errorf("value %d or its key shows the ticket", i)
		}
	}
	if bytes.Equal(s.values[0][40:], s.values[1][40:]) {
		t.Error("the same login kept again is the same ciphertext")
	}
}

func TestNoTicketButItsOwnOpensALogin(t *testing.T) {
	type sut struct {
		k *held.Keeper
		s *spy
		t held.Ticket
	}
	for _, test := range []struct {
		name   string
		change func(t *testing.T, u *sut)
	}{
		{"no ticket", func(_ *testing.T, u *sut) { u.t = held.Ticket{} }},
		{"another id", func(_ *testing.T, u *sut) { u.t.ID[0] ^= 1 }},
		{"an id without its half", func(_ *testing.T, u *sut) { u.t = held.Ticket{ID: u.t.ID} }},
		{"the id with another login's half", func(t *testing.T, u *sut) {
			other, err := u.k.Keep(ctx, storetest.NewClock().Now(), login(nil), storetest.Key("b"), storetest.Key("h"), storetest.Key("network"))
			if err != nil {
				t.Fatal(err)
			}
			other.ID = u.t.ID
			u.t = other
		}},
		{"another ring", func(t *testing.T, u *sut) { u.k.Ring = ring(t, 2) }},
		{"another site", func(_ *testing.T, u *sut) { u.k.Site = "other.example" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			k, s, c := keeper(t)
			u := &sut{k, s, keep(t, k, c, login([]byte("x")), "same", "host")}
			test.change(t, u)
			if l, err := u.k.Take(ctx, u.t, c.Now()); err != held.ErrGone || l != nil {
				t.Errorf("got %v and %v, want ErrGone", l, err)
			}
		})
	}
}

func TestAValueThatWasChangedInTheStoreIsGone(t *testing.T) {
	cut := func(n int) func([]byte) []byte { return func(v []byte) []byte { return v[:n] } }
	flip := func(i int) func([]byte) []byte {
		return func(v []byte) []byte { v[(i+len(v))%len(v)] ^= 1; return v }
	}
	changes := map[string]func([]byte) []byte{
		"empty": cut(0), "cut in its header": cut(5), "cut in its endpoint": cut(15), "cut in its nonce": cut(30), "cut in its text": cut(80),
		"last bit": flip(-1), "longer": func(v []byte) []byte { return append(v, 0) },
		"an endpoint longer than all of it": func(v []byte) []byte { v[10], v[11] = 0xff, 0xff; return v },
		"a later end":                       func(v []byte) []byte { v[5]++; return v },
	}
	for i := range 60 {
		changes[fmt.Sprintf("byte %d", i)] = flip(i)
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			k, s, c := keeper(t)
			ticket := keep(t, k, c, login([]byte("x")), "same", "host")
			s.change = change
			if l, err := k.Take(ctx, ticket, c.Now()); err != held.ErrGone || l != nil {
				t.Errorf("got %v and %v, want ErrGone", l, err)
			}
		})
	}
}

func TestALoginExpiresUnlessItIsRenewedAndLivesNoLongerThanMaxLife(t *testing.T) {
	for _, test := range []struct {
		name     string
		renewals int           // one every nine minutes
		then     time.Duration // after the last
		ok       bool
	}{
		{"a second before its end", 0, held.TTL - time.Second, true},
		{"at its end", 0, held.TTL, false},
		{"renewed once", 1, held.TTL - time.Second, true},
		{"renewed once and left alone", 1, held.TTL, false},
		{"renewed twelve times", 12, held.TTL - time.Second, true},
		{"renewed for a second less than its longest life", 14, held.MaxLife - 14*9*time.Minute - time.Second, true},
		{"renewed for its longest life", 14, held.MaxLife - 14*9*time.Minute, false},
		{"renewed for ever", 60, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			k, _, c := keeper(t)
			ticket := keep(t, k, c, login([]byte("x")), "same", "host")
			for i := range test.renewals {
				c.Move(9 * time.Minute)
				if ok, err := k.Renew(ctx, ticket); !ok || err != nil {
					t.Fatalf("renewal %d: %v, %v", i+1, ok, err)
				}
			}
			c.Move(test.then)
			_, err := k.Take(ctx, ticket, c.Now())
			if test.ok && err != nil || !test.ok && err != held.ErrGone {
				t.Errorf("got %v, want it there: %v", err, test.ok)
			}
			if ok, err := k.Renew(ctx, ticket); ok || err != nil {
				t.Errorf("what was taken or is gone is renewed: %v, %v", ok, err)
			}
		})
	}
}

func TestAFifthCopyOfALoginReplacesTheOldest(t *testing.T) {
	k, _, c := keeper(t)
	var tickets []held.Ticket
	for range held.PerLogin + 2 {
		tickets = append(tickets, keep(t, k, c, login([]byte("x")), "same", "host"))
	}
	other := keep(t, k, c, login([]byte("y")), "another", "host")
	for i, ticket := range append(tickets, other) {
		_, err := k.Take(ctx, ticket, c.Now())
		if want := i >= 2; (err == nil) != want {
			t.Errorf("copy %d is there: %v, want %v", i+1, err == nil, want)
		}
	}
}

func TestAnAddressHasThirtyTwoLoginsAndNoMore(t *testing.T) {
	k, _, c := keeper(t)
	var tickets []held.Ticket
	for i := range held.PerHost {
		tickets = append(tickets, keep(t, k, c, login([]byte("x")), fmt.Sprint(i), "host"))
	}
	full := func(same, host string) error {
		_, err := k.Keep(ctx, c.Now(), login([]byte("x")), storetest.Key(same), storetest.Key(host), storetest.Key("network"))
		return err
	}
	if err := full("more", "host"); !errors.Is(err, store.ErrFull) {
		t.Fatalf("got %v, want store.ErrFull", err)
	}
	if err := full("more", "another"); err != nil {
		t.Errorf("another address has no room: %v", err)
	}
	for i, ticket := range slices.Backward(tickets) {
		if _, err := k.Take(ctx, ticket, c.Now()); err != nil {
			t.Fatalf("login %d had to go: %v", i, err)
		}
	}
	if err := full("more", "host"); err != nil {
		t.Errorf("after its logins went, the address has no room: %v", err)
	}
}

func TestALoginThatWasReturnedIsTakenAgainOnce(t *testing.T) {
	k, _, c := keeper(t)
	ticket := keep(t, k, c, login(allBytes(5000)), "same", "host")
	for range 3 {
		l, err := k.Take(ctx, ticket, c.Now())
		if err != nil {
			t.Fatal(err)
		}
		if !same(l, login(allBytes(5000))) {
			t.Fatal("it is another one")
		}
		if _, err := k.Take(ctx, ticket, c.Now()); err != held.ErrGone {
			t.Fatalf("taken twice: %v", err)
		}
		if err := k.Return(ctx, ticket, c.Now(), l); err != nil {
			t.Fatal(err)
		}
		c.Move(held.TTL - time.Second)
	}
	c.Move(2 * time.Second)
	if _, err := k.Take(ctx, ticket, c.Now()); err != held.ErrGone {
		t.Errorf("a returned login does not expire: %v", err)
	}
}

// broken is a store that cannot be reached.
type broken struct{ store.Store }

var errBroken = errors.New("no store")

func (broken) Take(context.Context, store.Key) ([]byte, error) { return nil, errBroken }
func (broken) Keep(context.Context, store.Key, []byte, time.Duration, ...store.Group) error {
	return errBroken
}

func TestAStoreThatFailsIsNotALoginThatIsGone(t *testing.T) {
	k, _, c := keeper(t)
	ticket := keep(t, k, c, login([]byte("x")), "same", "host")
	k.Store = broken{}
	if _, err := k.Take(ctx, ticket, c.Now()); !errors.Is(err, errBroken) || errors.Is(err, held.ErrGone) {
		t.Errorf("taking: %v", err)
	}
	if _, err := k.Keep(ctx, c.Now(), login(nil), store.Key{1}, store.Key{2}, store.Key{3}); !errors.Is(err, errBroken) {
		t.Errorf("keeping: %v", err)
	}
}

func TestWithoutRandomnessNothingIsKept(t *testing.T) {
	k, s, c := keeper(t)
	for n := range 16 + 32 + 24 {
		k.Random = bytes.NewReader(make([]byte, n))
		if _, err := k.Keep(ctx, c.Now(), login(nil), store.Key{1}, store.Key{2}, store.Key{3}); err == nil {
			t.Fatalf("%d random bytes are enough", n)
		}
	}
	if len(s.values) != 0 {
		t.Error("something was kept")
	}
}

// same compares what a login carries.
func same(a, b *held.Login) bool {
	return cmp.Equal(a, b, cmpopts.IgnoreUnexported(held.Login{}), cmpopts.EquateEmpty())
}
