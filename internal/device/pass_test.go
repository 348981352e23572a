package device_test

import (
	"encoding/base64"
	"encoding/binary"
	"reflect"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/keys"
)

// passed is a pass for account 1 and client family 77, issued at start.
func passed() device.Pass {
	return device.Pass{
		ID: [16]byte{4, 5, 6}, Rung: device.Slider, Account: account(1), Family: 77,
		Issued: start, Expires: start.Add(device.CheckLife),
	}
}

func TestAPassComesBackFromItsCookie(t *testing.T) {
	r := ring(t, 1)
	for name, change := range map[string]func(*device.Pass){
		"slider":               func(*device.Pass) {},
		"picture":              func(p *device.Pass) { p.Rung = device.Picture },
		"no rung":              func(p *device.Pass) { p.Rung = device.NoRung },
		"with a success":       func(p *device.Pass) { p.Succeeded = true },
		"remembered for years": func(p *device.Pass) { p.Expires = start.AddDate(20, 0, 0) },
		"the highest family":   func(p *device.Pass) { p.Family = 1<<32 - 1 },
		"no family":            func(p *device.Pass) { p.Family = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			want := passed()
			change(&want)
			got, ok := device.OpenPass(r, site, want.Seal(r, site), want.Account, want.Family, start)
			if !ok || !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, %v, want %v", got, ok, want)
			}
		})
	}
}

func TestAPassIsGoodForItsAccountFamilySiteRingAndTime(t *testing.T) {
	r := ring(t, 1)
	p := passed()
	good := p.Seal(r, site)
	stronger := p
	stronger.Rung = device.Picture + 1
	seal := func(bound string, plain []byte) string {
		return base64.RawURLEncoding.EncodeToString(r.Seal(keys.Device, plain, []byte(bound)))
	}
	// Zeros are a pass that ends at the epoch; a second before that, only
	// what is wrong with its form speaks against it.
	epoch := time.Unix(-1, 0).Sub(start)
	zeros := func(version byte, n int) string {
		return seal("pass/"+site, append([]byte{version}, make([]byte, n)...))
	}
	for _, test := range []struct {
		name    string
		cookie  string
		account device.Account
		family  uint32
		after   time.Duration
		ok      bool
	}{
		{"at once", good, p.Account, 77, 0, true},
		{"a second before its end", good, p.Account, 77, device.CheckLife - time.Second, true},
		{"at its end", good, p.Account, 77, device.CheckLife, false},
		{"after its end", good, p.Account, 77, 24 * time.Hour, false},
		{"another account", good, account(2), 77, 0, false},
		{"no account", good, device.Account{}, 77, 0, false},
		{"another family", good, p.Account, 78, 0, false},
		{"no family", good, p.Account, 0, 0, false},
		{"another site", p.Seal(r, "other.example"), p.Account, 77, 0, false},
		{"another ring", p.Seal(ring(t, 2), site), p.Account, 77, 0, false},
		{"a rung that there is not", stronger.Seal(r, site), p.Account, 77, 0, false},
		{"a device", made(2).Seal(r, site), p.Account, 77, 0, false},
		{"zeros in the right form", zeros(2, 54), device.Account{}, 0, epoch, true},
		{"another version", zeros(1, 54), device.Account{}, 0, epoch, false},
		{"cut inside", zeros(2, 53), device.Account{}, 0, epoch, false},
		{"longer inside", zeros(2, 55), device.Account{}, 0, epoch, false},
		{"empty", "", p.Account, 77, 0, false},
		{"garbage", "garbage", p.Account, 77, 0, false},
		{"cut", good[:len(good)-4], p.Account, 77, 0, false},
		{"longer", good + "AAAA", p.Account, 77, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, ok := device.OpenPass(r, site, test.cookie, test.account, test.family, start.Add(test.after))
			if ok != test.ok {
				t.Fatalf("good: %v, want %v", ok, test.ok)
			}
			if !ok && !reflect.DeepEqual(got, device.Pass{}) {
				t.Errorf("a pass that is not good says %v", got)
			}
		})
	}
}

// FuzzOpenPass: no cookie but our own, as it is, is a pass, and whatever is
// sealed in it never counts for another account, family or time.
func FuzzOpenPass(f *testing.F) {
	r := ring(f, 1)
	plain := func(rung byte, expires uint64) []byte {
		b := append([]byte{2}, make([]byte, 54)...)
		b[17], b[18], b[54] = rung, 9, 1
		binary.BigEndian.PutUint32(b[34:], 77)
		binary.BigEndian.PutUint64(b[46:], expires)
		return b
	}
	f.Add("", []byte{}, uint16(0), byte(1))
	f.Add("AAAA", plain(1, 1_900_000_000), uint16(3), byte(1))
	f.Add("====", plain(2, 1<<63), uint16(40), byte(0xff))
	f.Add("A\nA", plain(3, 1<<64-1), uint16(90), byte(0x20))
	f.Add("-_-_", plain(0, 0), uint16(9), byte(0))
	f.Fuzz(func(t *testing.T, raw string, plain []byte, at uint16, x byte) {
		acc := device.Account{9}
		if _, ok := device.OpenPass(r, site, raw, acc, 77, start); ok {
			t.Fatalf("%q is a pass", raw)
		}
		sealed := r.Seal(keys.Device, plain, []byte("pass/"+site))
		p, ok := device.OpenPass(r, site, base64.RawURLEncoding.EncodeToString(sealed), acc, 77, start)
		if ok {
			if p.Account != acc || p.Family != 77 || !start.Before(p.Expires) || p.Rung > device.Picture {
				t.Fatalf("%x counts as %v", plain, p)
			}
			if again, ok := device.OpenPass(r, site, p.Seal(r, site), acc, 77, start); !ok || !reflect.DeepEqual(again, p) {
				t.Fatalf("%x is %v and then %v", plain, p, again)
			}
		}
		if x != 0 {
			sealed[int(at)%len(sealed)] ^= x
			if _, ok := device.OpenPass(r, site, base64.RawURLEncoding.EncodeToString(sealed), acc, 77, start); ok {
				t.Fatalf("opens with byte %d changed by %x", int(at)%len(sealed), x)
			}
		}
	})
}
