package keys_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/login-guard/login-guard/internal/keys"
)

// ring makes the ring whose master key is n, n+1, n+2 and so on.
func ring(t testing.TB, n byte) *keys.Ring {
	t.Helper()
	r, err := keys.NewRing(master(n))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func master(n byte) []byte {
	b := make([]byte, keys.Size)
	for i := range b {
		b[i] = n + byte(i)
	}
	return b
}

var sealing = []string{keys.Device, keys.Challenge, keys.Held, keys.Factor}

func TestWhatWasSealedOpensAsItWas(t *testing.T) {
	r := ring(t, 1)
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for name, plain := range map[string][]byte{
		"nothing": {}, "one byte": {0}, "every byte value": every, "64 KiB": bytes.Repeat(every, 256),
	} {
		for _, purpose := range sealing {
			t.Run(name+"/"+purpose, func(t *testing.T) {
				sealed := r.Seal(purpose, plain, []byte("here"))
				got, err := r.Open(purpose, sealed, []byte("here"))
				if err != nil || !bytes.Equal(got, plain) {
					t.Fatalf("got %d bytes and %v, want %d bytes as they were", len(got), err, len(plain))
				}
				if again := r.Seal(purpose, plain, []byte("here")); bytes.Equal(again, sealed) {
					t.Error("sealing twice gives the same bytes")
				}
				if len(plain) > 15 && bytes.Contains(sealed, plain[:16]) {
					t.Error("the sealed value holds the plain text")
				}
			})
		}
	}
}

func TestWhateverIsWrongTheErrorIsErrOpen(t *testing.T) {
	r, other := ring(t, 1), ring(t, 2)
	sealed := r.Seal(keys.Device, []byte("plain"), []byte("here"))
	change := func(i int) []byte {
		b := bytes.Clone(sealed)
		b[(i+len(b))%len(b)] ^= 1
		return b
	}
	// A value of another ring that says it is of this one.
	renamed := other.Seal(keys.Device, []byte("plain"), []byte("here"))
	renamed[0] = r.ID()
	for _, test := range []struct {
		name    string
		purpose string
		sealed  []byte
		bound   string
	}{
		{"purpose challenge", keys.Challenge, sealed, "here"},
		{"purpose held", keys.Held, sealed, "here"},
		{"bound to elsewhere", keys.Device, sealed, "there"},
		{"bound to more", keys.Device, sealed, "here "},
		{"bound to nothing", keys.Device, sealed, ""},
		{"ring", keys.Device, other.Seal(keys.Device, []byte("plain"), []byte("here")), "here"},
		{"ring under this ring's id", keys.Device, renamed, "here"},
		{"id", keys.Device, change(0), "here"},
		{"nonce", keys.Device, change(1), "here"},
		{"text", keys.Device, change(25), "here"},
		{"tag", keys.Device, change(-1), "here"},
		{"cut by one", keys.Device, sealed[:len(sealed)-1], "here"},
		{"one too many", keys.Device, append(bytes.Clone(sealed), 0), "here"},
		{"id alone", keys.Device, sealed[:1], "here"},
		{"nonce alone", keys.Device, sealed[:25], "here"},
		{"one short of nonce and tag", keys.Device, sealed[:40], "here"},
		{"empty", keys.Device, nil, "here"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := r.Open(test.purpose, test.sealed, []byte(test.bound))
			if !errors.Is(err, keys.ErrOpen) || err != keys.ErrOpen || got != nil {
				t.Fatalf("got %q and %v, want nothing and ErrOpen itself", got, err)
			}
		})
	}
}

func TestEveryBitOfASealedValueCounts(t *testing.T) {
	r := ring(t, 1)
	sealed := r.Seal(keys.Held, []byte("plain"), nil)
	for i := range len(sealed) * 8 {
		b := bytes.Clone(sealed)
		b[i/8] ^= 1 << (i % 8)
		if _, err := r.Open(keys.Held, b, nil); err != keys.ErrOpen {
			t.Fatalf("bit %d turned over: %v", i, err)
		}
	}
}

func TestRingsOfOneMasterKeyAreOne(t *testing.T) {
	a, b := ring(t, 7), ring(t, 7)
	if a.ID() != b.ID() {
		t.Error("their ids differ")
	}
	if _, err := b.Open(keys.Device, a.Seal(keys.Device, []byte("x"), nil), nil); err != nil {
		t.Error("what one seals the other cannot open:", err)
	}
	if a.Sum(keys.Pseudonym, []byte("x")) != b.Sum(keys.Pseudonym, []byte("x")) {
		t.Error("their sums differ")
	}
}

func TestNoTwoListsOfPartsHaveOneSum(t *testing.T) {
	p := func(s ...string) [][]byte {
		out := make([][]byte, len(s))
		for i := range s {
			out[i] = []byte(s[i])
		}
		return out
	}
	r := ring(t, 1)
	seen := map[[32]byte]int{}
	lists := [][][]byte{
		p(), p(""), p("", ""), p("", "", ""),
		p("ab"), p("a", "b"), p("ab", ""), p("", "ab"), p("a", "", "b"),
		p("a\x00b"), p("abc", "d"), p("ab", "cd"), p("a", "bcd"), p("abcd"),
		// parts that look like the length before a part
		p("\x00\x00\x00\x01a"), p("\x00\x00\x00\x01", "a"), p("a\x00\x00\x00\x01b"), p("\x00\x00\x00\x00"),
	}
	for i, parts := range lists {
		sum := r.Sum(keys.Pseudonym, parts...)
		if j, ok := seen[sum]; ok {
			t.Errorf("%q and %q have the same sum", lists[j], parts)
		}
		seen[sum] = i
		if sum != r.Sum(keys.Pseudonym, parts...) {
			t.Errorf("%q: the sum is not the same twice", parts)
		}
		if sum == r.Sum(keys.Drawing, parts...) {
			t.Errorf("%q: two purposes have one sum", parts)
		}
		if sum == ring(t, 2).Sum(keys.Pseudonym, parts...) {
			t.Errorf("%q: two rings have one sum", parts)
		}
	}
}

func TestSumIsSafeForManyAtOnce(t *testing.T) {
	r := ring(t, 1)
	want := r.Sum(keys.Pseudonym, []byte("a"), []byte("b"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				if r.Sum(keys.Pseudonym, []byte("a"), []byte("b")) != want {
					t.Error("a sum is another one under load")
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestADerivedKeyNeedsBothHalves(t *testing.T) {
	r := ring(t, 1)
	half := bytes.Repeat([]byte{9}, 32)
	nonce := make([]byte, 24)
	aead, err := r.Derived(r.ID(), half)
	if err != nil {
		t.Fatal(err)
	}
	sealed := aead.Seal(nil, nonce, []byte("plain"), nil)
	wrong := bytes.Clone(half)
	wrong[31] ^= 1
	for _, test := range []struct {
		name  string
		ring  *keys.Ring
		half  []byte
		opens bool
	}{
		{"both", ring(t, 1), half, true},
		{"another ring", ring(t, 2), half, false},
		{"another half", r, wrong, false},
		{"no half", r, nil, false},
		{"half of a half", r, half[:16], false},
	} {
		t.Run(test.name, func(t *testing.T) {
			aead, err := test.ring.Derived(test.ring.ID(), test.half)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := aead.Open(nil, nonce, sealed, nil); (err == nil) != test.opens {
				t.Errorf("opens: %v, want %v", err == nil, test.opens)
			}
		})
	}
	if _, err := r.Derived(r.ID()+1, half); err != keys.ErrOpen {
		t.Error("a key is derived that this ring does not have")
	}
	if _, err := r.Open(keys.Held, append(append([]byte{r.ID()}, nonce...), sealed...), nil); err != keys.ErrOpen {
		t.Error("the ring's own key opens what a derived key sealed")
	}
}

func TestAMasterKeyIsReadInBase64AndHexadecimal(t *testing.T) {
	// 0xfb and up give + and / in base64, - and _ in its URL form.
	key := master(0xe8)
	std := base64.StdEncoding.EncodeToString(key)
	for _, test := range []struct {
		name, text string
		ok         bool
	}{
		{"hexadecimal", hex.EncodeToString(key), true},
		{"hexadecimal in capitals", strings.ToUpper(hex.EncodeToString(key)), true},
		{"base64", std, true},
		{"base64 without padding", strings.TrimRight(std, "="), true},
		{"base64 for URLs", base64.URLEncoding.EncodeToString(key), true},
		{"base64 for URLs without padding", base64.RawURLEncoding.EncodeToString(key), true},
		{"empty", "", false},
		{"31 bytes", base64.StdEncoding.EncodeToString(key[:31]), false},
		{"33 bytes", base64.StdEncoding.EncodeToString(append(bytes.Clone(key), 1)), false},
		{"hexadecimal cut by one", hex.EncodeToString(key)[:63], false},
		{"32 letters that are no encoding", "correct horse battery staple 123", false},
		{"a placeholder left as it is", "{env.LOGIN_GUARD_KEY}", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := keys.Parse(test.text)
			if test.ok {
				if err != nil || !bytes.Equal(got, key) {
					t.Fatalf("got %x and %v, want the key", got, err)
				}
				return
			}
			if err == nil || got != nil {
				t.Fatalf("got %x and %v, want an error", got, err)
			}
			if want := "key: want 32 bytes in base64 or hexadecimal; `openssl rand -base64 32` makes one"; err.Error() != want {
				t.Errorf("error %q, want %q", err, want)
			}
		})
	}
}

func TestANewMasterKeyIsRandomAndRightInSize(t *testing.T) {
	a, b := keys.NewMaster(), keys.NewMaster()
	if len(a) != keys.Size || bytes.Equal(a, b) {
		t.Fatalf("got %x and %x", a, b)
	}
}

func TestAMasterKeyOfAnotherSizeIsRefused(t *testing.T) {
	for _, n := range []int{0, 16, 31, 33, 64} {
		if r, err := keys.NewRing(make([]byte, n)); err == nil || r != nil {
			t.Errorf("%d bytes make a ring", n)
		}
	}
}

// FuzzOpen: nothing opens that this ring did not seal for this purpose and
// bound data, and everything opens that it did.
func FuzzOpen(f *testing.F) {
	r := ring(f, 1)
	f.Add([]byte{}, []byte{}, []byte{}, uint16(0), byte(1))
	f.Add([]byte{r.ID()}, []byte("plain"), []byte("bound"), uint16(0), byte(0x80))
	f.Add(append([]byte{r.ID()}, make([]byte, 40)...), []byte("a longer plain text"), []byte("device/shop"), uint16(30), byte(2))
	f.Add(append([]byte{r.ID()}, make([]byte, 39)...), []byte{0, 1, 2}, []byte{0}, uint16(999), byte(0))
	f.Fuzz(func(t *testing.T, raw, plain, bound []byte, at uint16, x byte) {
		for _, purpose := range sealing {
			if _, err := r.Open(purpose, raw, bound); err != keys.ErrOpen {
				t.Fatalf("%x opens, or not with ErrOpen: %v", raw, err)
			}
			sealed := r.Seal(purpose, plain, bound)
			if got, err := r.Open(purpose, sealed, bound); err != nil || !bytes.Equal(got, plain) {
				t.Fatalf("%x does not come back: %x, %v", plain, got, err)
			}
			if x == 0 {
				continue
			}
			sealed[int(at)%len(sealed)] ^= x
			if _, err := r.Open(purpose, sealed, bound); err != keys.ErrOpen {
				t.Fatalf("byte %d changed by %x: %v", int(at)%len(sealed), x, err)
			}
		}
	})
}
