package held_test

import (
	"bytes"
	"encoding/base64"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/held"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/store"
)

func decode(t testing.TB, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func slip(ticket held.Ticket) held.Slip {
	return held.Slip{Ticket: ticket, Account: device.Account{1, 2, 255}, Budget: store.Key{3, 4, 254}, Ref: "7KQ2-M4XD",
		NotBefore: time.UnixMilli(1_800_000_000_123)}
}

func TestASlipComesBackAsItWasAndOpensItsLogin(t *testing.T) {
	k, _, c := keeper(t)
	want := slip(keep(t, k, c, login([]byte("x")), "same", "host"))
	text := k.Write(want)
	got, err := k.Read(text)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v and %v, want %v", got, err, want)
	}
	if !got.Kept() {
		t.Error("a slip with a ticket says that nothing is kept")
	}
	if len(text) > 512 {
		t.Errorf("%d bytes are more than are read", len(text))
	}
	if raw := decode(t, text); bytes.Contains(raw, want.Account[:3]) || strings.Contains(string(raw), "7KQ2") {
		t.Error("the slip shows the account or the reference")
	}
	if _, err := k.Take(ctx, got.Ticket, c.Now()); err != nil {
		t.Errorf("the ticket of the slip opens nothing: %v", err)
	}
}

func TestASlipWithoutALoginComesBackToo(t *testing.T) {
	k, _, _ := keeper(t)
	got, err := k.Read(k.Write(slip(held.Ticket{})))
	if err != nil || got.Kept() || got != slip(held.Ticket{}) {
		t.Errorf("got %v and %v", got, err)
	}
}

func TestASlipWithoutATimeHoldsNobodyBack(t *testing.T) {
	k, _, c := keeper(t)
	s := slip(held.Ticket{})
	s.NotBefore = time.Time{}
	got, err := k.Read(k.Write(s))
	if err != nil || got.NotBefore.After(c.Now()) || got.NotBefore.After(time.Unix(0, 0)) {
		t.Errorf("got %v and %v", got.NotBefore, err)
	}
}

func TestASlipThatWasChangedIsGone(t *testing.T) {
	k, _, c := keeper(t)
	good := decode(t, k.Write(slip(keep(t, k, c, login([]byte("x")), "a", "h"))))
	second := decode(t, k.Write(slip(keep(t, k, c, login([]byte("y")), "b", "h"))))
	other, _, _ := keeper(t)
	other.Site = "other.example"
	stranger, _, _ := keeper(t)
	stranger.Ring = ring(t, 2)
	long := slip(held.Ticket{})
	long.Ref = "7KQ2-M4XD-"
	short := slip(held.Ticket{})
	short.Ref = "7KQ2"

	texts := map[string]string{
		"empty":                          "",
		"garbage":                        "garbage",
		"no base64":                      "%%%%",
		"with padding":                   encode(good) + "==",
		"too long":                       strings.Repeat("A", 600),
		"one ticket with another's seal": encode(append(bytes.Clone(good[:48]), second[48:]...)),
		"the ticket alone":               encode(good[:48]),
		"half a ticket":                  encode(good[:20]),
		"cut":                            encode(good[:len(good)-1]),
		"longer":                         encode(append(bytes.Clone(good), 0)),
		"another site's":                 other.Write(slip(held.Ticket{})),
		"another ring's":                 stranger.Write(slip(held.Ticket{})),
		"a reference that is too long":   k.Write(long),
		"a reference that is too short":  k.Write(short),
	}
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 0x10
		texts["byte "+string(rune('0'+i/100))+string(rune('0'+i/10%10))+string(rune('0'+i%10))] = encode(b)
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			if s, err := k.Read(text); err != held.ErrGone || s != (held.Slip{}) {
				t.Errorf("got %v and %v, want ErrGone", s, err)
			}
		})
	}
}

// FuzzRead: no slip but our own, as it is, is read, and whatever is sealed
// in it is read in one way or not at all.
func FuzzRead(f *testing.F) {
	k, _, _ := keeper(f)
	ticket := make([]byte, 48)
	f.Add("", ticket, []byte{}, uint16(0), byte(1))
	f.Add(strings.Repeat("A", 140), bytes.Repeat([]byte{1}, 48), make([]byte, 49), uint16(3), byte(1))
	f.Add("A\nA", ticket, append(make([]byte, 40), "7KQ2-M4XD"...), uint16(60), byte(0x80))
	f.Add("====", ticket[:47], make([]byte, 49), uint16(130), byte(0))
	f.Add("-_-_", append(ticket, 0), make([]byte, 48), uint16(47), byte(0xff))
	f.Fuzz(func(t *testing.T, raw string, ticket, plain []byte, at uint16, x byte) {
		if _, err := k.Read(raw); err != held.ErrGone {
			t.Fatalf("%q: %v", raw, err)
		}
		b := append(bytes.Clone(ticket), k.Ring.Seal(keys.Challenge, plain, append([]byte("slip/"+k.Site+"/"), ticket...))...)
		s, err := k.Read(encode(b))
		switch {
		case err == nil:
			// No page of ours carries a time before 1970.
			if s.NotBefore.UnixMilli() < 0 {
				s.NotBefore = time.UnixMilli(0)
			}
			if again, err := k.Read(k.Write(s)); err != nil || again != s {
				t.Fatalf("%x is %v and then %v, %v", plain, s, again, err)
			}
		case err != held.ErrGone:
			t.Fatal(err)
		}
		if x != 0 {
			b[int(at)%len(b)] ^= x
			if _, err := k.Read(encode(b)); err != held.ErrGone {
				t.Fatalf("byte %d changed by %x: %v", int(at)%len(b), x, err)
			}
		}
	})
}
