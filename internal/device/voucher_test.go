package device_test

import (
	"bytes"
	"encoding/base64"
	"reflect"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/keys"
)

func earned() device.Voucher {
	return device.Voucher{
		ID: [16]byte{7, 8}, Rung: device.Slider, Evidence: []byte("\x19track.level 2.5"), Host: 99, Family: 77,
		Issued: start, Expires: start.Add(device.CheckLife),
	}
}

func TestAVoucherComesBackFromItsCookie(t *testing.T) {
	r := ring(t, 1)
	for name, change := range map[string]func(*device.Voucher){
		"as it is":             func(*device.Voucher) {},
		"without evidence":     func(v *device.Voucher) { v.Evidence = nil },
		"with much evidence":   func(v *device.Voucher) { v.Evidence = bytes.Repeat([]byte("x"), 400) },
		"the highest of all":   func(v *device.Voucher) { v.Host, v.Family = 1<<32-1, 1<<32-1 },
		"no host and family":   func(v *device.Voucher) { v.Host, v.Family = 0, 0 },
		"another rung":         func(v *device.Voucher) { v.Rung = device.Picture },
		"good for a long time": func(v *device.Voucher) { v.Expires = start.AddDate(20, 0, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			want := earned()
			change(&want)
			got, ok := device.OpenVoucher(r, site, want.Seal(r, site), want.Family, start)
			if !ok || !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, %v, want %v", got, ok, want)
			}
		})
	}
}

func TestAVoucherIsNoPassAndAPassNoVoucher(t *testing.T) {
	r := ring(t, 1)
	v, p := earned(), passed()
	cookie := v.Seal(r, site)
	if _, ok := device.OpenPass(r, site, cookie, device.Account{}, v.Family, start); ok {
		t.Error("a voucher is a pass for no account")
	}
	if device.HasPass(r, site, cookie, v.Family, start) {
		t.Error("a voucher counts as a pass")
	}
	if _, ok := device.OpenVoucher(r, site, p.Seal(r, site), p.Family, start); ok {
		t.Error("a pass is a voucher")
	}
	if !device.HasPass(r, site, p.Seal(r, site), p.Family, start) || device.HasPass(r, site, p.Seal(r, site), p.Family+1, start) || device.HasPass(r, site, p.Seal(r, site), p.Family, p.Expires) {
		t.Error("a pass is one for its family and time, whatever the account")
	}
}

func TestAVoucherIsGoodForItsSiteRingFamilyAndTime(t *testing.T) {
	r := ring(t, 1)
	good := earned().Seal(r, site)
	strong := earned()
	strong.Rung = device.Picture + 1
	zeros := func(version byte, n int) string {
		return base64.RawURLEncoding.EncodeToString(r.Seal(keys.Device, append([]byte{version}, make([]byte, n)...), []byte("pass/"+site)))
	}
	for _, test := range []struct {
		name, cookie string
		family       uint32
		after        time.Duration
		ok           bool
	}{
		{"at once", good, 77, 0, true},
		{"a second before its end", good, 77, device.CheckLife - time.Second, true},
		{"at its end", good, 77, device.CheckLife, false},
		{"another family", good, 78, 0, false},
		{"another site", earned().Seal(r, "other.example"), 77, 0, false},
		{"another ring", earned().Seal(ring(t, 2), site), 77, 0, false},
		{"a rung that there is not", strong.Seal(r, site), 77, 0, false},
		{"a device", made(2).Seal(r, site), 77, 0, false},
		{"another version", zeros(2, 41), 0, time.Unix(-1, 0).Sub(start), false},
		{"cut inside", zeros(3, 40), 0, time.Unix(-1, 0).Sub(start), false},
		{"whole", zeros(3, 41), 0, time.Unix(-1, 0).Sub(start), true},
		{"empty", "", 77, 0, false},
		{"garbage", "garbage", 77, 0, false},
		{"cut", good[:len(good)-4], 77, 0, false},
		{"longer", good + "AAAA", 77, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			v, ok := device.OpenVoucher(r, site, test.cookie, test.family, start.Add(test.after))
			if ok != test.ok || !ok && !reflect.DeepEqual(v, device.Voucher{}) {
				t.Errorf("%v, good: %v, want %v", v, ok, test.ok)
			}
		})
	}
}

// FuzzOpenVoucher: no cookie but our own, as it is, is a voucher, and one that
// is opens again as the same.
func FuzzOpenVoucher(f *testing.F) {
	r := ring(f, 1)
	f.Add("", []byte{3}, uint16(0), byte(1))
	f.Add("AAAA", append([]byte{3}, make([]byte, 41)...), uint16(3), byte(1))
	f.Add("-_-_", append([]byte{2}, make([]byte, 54)...), uint16(9), byte(0))
	f.Fuzz(func(t *testing.T, raw string, plain []byte, at uint16, x byte) {
		if _, ok := device.OpenVoucher(r, site, raw, 0, time.Unix(-1, 0)); ok {
			t.Fatalf("%q is a voucher", raw)
		}
		sealed := r.Seal(keys.Device, plain, []byte("pass/"+site))
		open := func(sealed []byte) (device.Voucher, bool) {
			return device.OpenVoucher(r, site, base64.RawURLEncoding.EncodeToString(sealed), 0, time.Unix(-1, 0))
		}
		if v, ok := open(sealed); ok {
			if again, ok := device.OpenVoucher(r, site, v.Seal(r, site), 0, time.Unix(-1, 0)); !ok || !reflect.DeepEqual(again, v) {
				t.Fatalf("%x is %v and then %v", plain, v, again)
			}
		}
		if x != 0 {
			sealed[int(at)%len(sealed)] ^= x
			if _, ok := open(sealed); ok {
				t.Fatalf("opens with byte %d changed by %x", int(at)%len(sealed), x)
			}
		}
	})
}
