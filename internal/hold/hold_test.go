package hold_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/hold"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
)

var (
	ctx   = context.Background()
	start = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
)

func memory(t testing.TB) *embedded.Store {
	t.Helper()
	s := embedded.New(embedded.Options{Clock: func() time.Time { return start }})
	t.Cleanup(func() { _ = s.Close(ctx) })
	return s
}

func keeper(t testing.TB, s store.Store, site string) *hold.Keeper {
	t.Helper()
	ring, err := keys.NewRing(make([]byte, keys.Size))
	if err != nil {
		t.Fatal(err)
	}
	return &hold.Keeper{Ring: ring, Store: s, Site: site, Random: rand.Reader}
}

func answer() *hold.Answer {
	return &hold.Answer{Status: 302, Header: http.Header{"Set-Cookie": {"sid=1; Path=/", "b=2"}, "Location": {"/account"}},
		Body: []byte("moved\x00\xff"), Owner: store.Key{1}, Name: "anna@shop.example", Action: "/login", Sessions: []store.Key{{2}, {3}}}
}

func TestAHeldAnswerComesBackAsItWasAndOnce(t *testing.T) {
	k := keeper(t, memory(t), "shop")
	ticket, err := k.Keep(ctx, start, answer(), store.Key{9})
	if err != nil {
		t.Fatal(err)
	}
	same, ok := hold.ParseTicket(ticket.String())
	if !ok || same != ticket {
		t.Fatal("the ticket does not come back from its cookie")
	}
	want := answer()
	want.At = start
	for range 2 {
		if got, err := k.Look(ctx, ticket, start); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("looked at: %+v (%v)\nwant %+v", got, err, want)
		}
	}
	var got, gone int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			a, err := k.Take(ctx, ticket, start)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && reflect.DeepEqual(a, want):
				got++
			case errors.Is(err, hold.ErrGone):
				gone++
			default:
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
	if wg.Wait(); got != 1 || gone != 49 {
		t.Errorf("of 50 at once %d got it and %d found it gone", got, gone)
	}
}

func TestAHeldAnswerOpensToNobodyElse(t *testing.T) {
	s := memory(t)
	k := keeper(t, s, "shop")
	ticket, err := k.Keep(ctx, start, answer(), store.Key{})
	if err != nil {
		t.Fatal(err)
	}
	other := ticket.String()
	forged, _ := hold.ParseTicket(other[:40] + string(rune('A'+(other[40]-'A'+1)%26)) + other[41:])
	for name, look := range map[string]func() (*hold.Answer, error){
		"another half of the key": func() (*hold.Answer, error) { return k.Look(ctx, forged, start) },
		"another site":            func() (*hold.Answer, error) { return keeper(t, s, "other").Look(ctx, ticket, start) },
		"when its time is over":   func() (*hold.Answer, error) { return k.Look(ctx, ticket, start.Add(hold.TTL)) },
		"no ticket at all":        func() (*hold.Answer, error) { return k.Look(ctx, hold.Ticket{}, start) },
	} {
		if a, err := look(); !errors.Is(err, hold.ErrGone) || a != nil {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	if _, err := k.Look(ctx, ticket, start); err != nil {
		t.Errorf("its owner: %v", err)
	}
	for _, bad := range []string{"", "x", other + "A", other[:10], "%%%"} {
		if _, ok := hold.ParseTicket(bad); ok {
			t.Errorf("%q is taken for a ticket", bad)
		}
	}
}

func TestAnAccountsOldestHeldAnswerGivesWay(t *testing.T) {
	k := keeper(t, memory(t), "shop")
	var all []hold.Ticket
	for range hold.PerAccount + 1 {
		ticket, err := k.Keep(ctx, start, answer(), store.Key{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, ticket)
	}
	for i, ticket := range all {
		if _, err := k.Look(ctx, ticket, start); (err == nil) != (i > 0) {
			t.Errorf("number %d: %v", i, err)
		}
	}
}
