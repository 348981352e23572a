package held_test

import (
	"testing"

	"github.com/login-guard/login-guard/internal/held"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

// encoding/json writes U+FFFD for each byte of a text that is no UTF-8, and
// net/http takes such bytes in a request target and in header values.
func TestAURIThatIsNoUTF8ComesBackByteForByte(t *testing.T) {
	for _, want := range []held.Login{
		{URI: "/login?next=caf\xe9", Original: "/login?next=caf\xe9"},
		{Referer: "https://shop.example/caf\xe9"},
		{ContentType: "multipart/form-data; boundary=\"\xff\""},
		{Endpoint: "caf\xe9"},
	} {
		k, _, c := keeper(t)
		l := want
		got, err := k.Take(ctx, keep(t, k, c, &l, "same", "host"), c.Now())
		if err != nil {
			t.Fatal(err)
		}
		if got.URI != want.URI || got.Original != want.Original || got.Referer != want.Referer || got.ContentType != want.ContentType || got.Endpoint != want.Endpoint {
			t.Errorf("got %+v, want %+v", *got, want)
		}
	}
}

func TestAReturnedLoginStillCountsForItsAddress(t *testing.T) {
	k, _, c := keeper(t)
	for i := range held.PerHost {
		ticket := keep(t, k, c, login(nil), string(rune('A'+i)), "host")
		l, err := k.Take(ctx, ticket, c.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Return(ctx, ticket, c.Now(), l); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.Keep(ctx, c.Now(), login(nil), storetest.Key("more"), storetest.Key("host"), storetest.Key("network")); err == nil {
		t.Error("an address has a 33rd login")
	}
}

func TestReturningDoesNotLengthenALife(t *testing.T) {
	k, _, c := keeper(t)
	ticket := keep(t, k, c, login(nil), "same", "host")
	for at := c.Now(); c.Now().Sub(at) < held.MaxLife; c.Move(held.TTL / 2) {
		l, err := k.Take(ctx, ticket, c.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Return(ctx, ticket, c.Now(), l); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.Take(ctx, ticket, c.Now()); err != held.ErrGone {
		t.Errorf("after its longest life: %v", err)
	}
}
