package device_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/keys"
)

var start = time.Unix(1_800_000_000, 0)

const site = "shop.example"

// ring makes a ring whose master key is all n.
func ring(t testing.TB, n byte) *keys.Ring {
	t.Helper()
	r, err := keys.NewRing(bytes.Repeat([]byte{n}, keys.Size))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func account(n int) device.Account { return device.Account{byte(n), byte(n >> 8), 1} }

// made makes a device on which n accounts logged in, an hour apart, the
// last at start.
func made(n int) device.Device {
	d := device.Device{ID: [16]byte{1, 2, 3}}
	for i := range n {
		d = d.Succeeded(account(i), start.Add(time.Duration(i+1-n)*time.Hour))
	}
	return d
}

func TestADeviceComesBackFromItsCookie(t *testing.T) {
	r := ring(t, 1)
	for n := range device.MaxAccounts + 1 {
		want := made(n)
		cookie := want.Seal(r, site)
		got, ok := device.Open(r, site, cookie)
		if !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%d accounts: got %v, %v, want %v", n, got, ok, want)
		}
		if strings.Trim(cookie, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("%q does not fit in a cookie", cookie)
		}
		if len(cookie) > 320 {
			t.Errorf("%d accounts make a cookie of %d bytes", n, len(cookie))
		}
	}
}

func TestTheCookieSaysNothing(t *testing.T) {
	d := made(3)
	a, b := d.Seal(ring(t, 1), site), d.Seal(ring(t, 1), site)
	if a == b {
		t.Error("the same device makes the same cookie twice")
	}
	raw, err := base64.RawURLEncoding.DecodeString(a)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw, d.ID[:4]) || bytes.Contains(raw, d.Accounts[0].Account[:4]) {
		t.Error("the cookie shows the device's id or an account")
	}
}

func TestACookieThatIsNotOursIsNoDevice(t *testing.T) {
	r := ring(t, 1)
	good := made(2).Seal(r, site)
	seal := func(purpose, bound string, plain []byte) string {
		return base64.RawURLEncoding.EncodeToString(r.Seal(purpose, plain, []byte(bound)))
	}
	plain := func(version byte, n int) []byte { return append([]byte{version}, make([]byte, n)...) }
	pass := device.Pass{Account: account(1), Expires: start.Add(time.Hour)}.Seal(r, site)
	for _, test := range []struct{ name, cookie string }{
		{"empty", ""},
		{"garbage", "garbage"},
		{"no base64", "%%%%"},
		{"base64 with padding", good + "="},
		{"cut", good[:len(good)-4]},
		{"longer", good + "AAAA"},
		{"too long", strings.Repeat("A", 4096)},
		{"another ring's", made(2).Seal(ring(t, 2), site)},
		{"another site's", made(2).Seal(r, "other.example")},
		{"a site's whose name begins like it", made(2).Seal(r, site+"x")},
		{"a pass", pass},
		{"another purpose", seal(keys.Challenge, "device/"+site, plain(1, 16))},
		{"another version", seal(keys.Device, "device/"+site, plain(9, 16))},
		{"no version", seal(keys.Device, "device/"+site, nil)},
		{"no id", seal(keys.Device, "device/"+site, plain(1, 0))},
		{"half an id", seal(keys.Device, "device/"+site, plain(1, 8))},
		{"half an account", seal(keys.Device, "device/"+site, plain(1, 16+10))},
		{"nine accounts", seal(keys.Device, "device/"+site, plain(1, 16+9*20))},
	} {
		t.Run(test.name, func(t *testing.T) {
			if d, ok := device.Open(r, site, test.cookie); ok || !reflect.DeepEqual(d, device.Device{}) {
				t.Errorf("got %v, %v, want no device", d, ok)
			}
		})
	}
}

func TestADeviceRemembersEightAccountsAndTheOldestGoes(t *testing.T) {
	d := made(12)
	if len(d.Accounts) != 8 {
		t.Fatalf("%d accounts, want 8", len(d.Accounts))
	}
	for i := range 12 {
		if _, ok := d.Last(account(i), start); ok != (i >= 4) {
			t.Errorf("account %d is remembered: %v", i, ok)
		}
	}
	for i, s := range d.Accounts {
		if s.Account != account(11-i) {
			t.Errorf("place %d has %v, want the last first", i, s.Account)
		}
	}
}

func TestASuccessPutsItsAccountFirstAndOnce(t *testing.T) {
	before := made(8)
	kept := append([]device.Seen(nil), before.Accounts...)
	now := start.Add(time.Minute)
	d := before.Succeeded(account(3), now)
	if len(d.Accounts) != 8 || d.Accounts[0] != (device.Seen{Account: account(3), At: now, First: kept[4].First}) {
		t.Fatalf("got %v", d.Accounts)
	}
	if at, ok := d.Last(account(3), now); !ok || !at.Equal(now) {
		t.Errorf("last success %v, %v, want now", at, ok)
	}
	if d.ID != before.ID {
		t.Error("a success changes the device's id")
	}
	if !reflect.DeepEqual(before.Accounts, kept) {
		t.Error("a success changes the device it was called on")
	}
}

func TestAnAccountIsKnownFor180Days(t *testing.T) {
	d := made(1)
	for _, test := range []struct {
		after time.Duration
		ok    bool
	}{
		{0, true}, {-time.Hour, true}, // a clock that went back
		{180*24*time.Hour - time.Second, true},
		{180 * 24 * time.Hour, false},
		{365 * 24 * time.Hour, false},
	} {
		at, ok := d.Last(account(0), start.Add(test.after))
		if ok != test.ok || (ok && !at.Equal(start)) {
			t.Errorf("after %v: %v, %v, want %v", test.after, at, ok, test.ok)
		}
	}
	if _, ok := d.Last(account(1), start); ok {
		t.Error("an account that never logged in here is known")
	}
	later := d.Succeeded(account(1), start.Add(device.Life))
	if len(later.Accounts) != 1 || later.Accounts[0].Account != account(1) {
		t.Errorf("an account that is forgotten is still carried: %v", later.Accounts)
	}
}

func TestANewDeviceHasARandomId(t *testing.T) {
	d, err := device.New(bytes.NewReader([]byte("0123456789abcdefgh")))
	if err != nil || string(d.ID[:]) != "0123456789abcdef" || len(d.Accounts) != 0 {
		t.Errorf("got %q, %v and %v", d.ID, d.Accounts, err)
	}
	if _, err := device.New(bytes.NewReader([]byte("short"))); err == nil {
		t.Error("too little randomness makes a device")
	}
	broken := errors.New("broken")
	if _, err := device.New(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v, want the reader's error", err)
	}
}

// FuzzOpen: no cookie but our own, as it is, opens, and whatever is sealed
// in it is read in one way or not at all.
func FuzzOpen(f *testing.F) {
	r := ring(f, 1)
	f.Add("", []byte{}, uint16(0), byte(1))
	f.Add(strings.Repeat("A", 78), append([]byte{1}, make([]byte, 16)...), uint16(3), byte(1))
	f.Add("====", append([]byte{1}, make([]byte, 16+20)...), uint16(40), byte(0xff))
	f.Add("A\nA", append([]byte{1}, bytes.Repeat([]byte{7}, 16+8*20)...), uint16(300), byte(0x20))
	f.Add("-_-_", append([]byte{2}, make([]byte, 54)...), uint16(9), byte(0))
	f.Fuzz(func(t *testing.T, raw string, plain []byte, at uint16, x byte) {
		if _, ok := device.Open(r, site, raw); ok {
			t.Fatalf("%q opens", raw)
		}
		sealed := r.Seal(keys.Device, plain, []byte("device/"+site))
		if d, ok := device.Open(r, site, base64.RawURLEncoding.EncodeToString(sealed)); ok {
			again, ok := device.Open(r, site, d.Seal(r, site))
			if !ok || !reflect.DeepEqual(again, d) {
				t.Fatalf("%x is %v and then %v", plain, d, again)
			}
		}
		if x != 0 {
			sealed[int(at)%len(sealed)] ^= x
			if _, ok := device.Open(r, site, base64.RawURLEncoding.EncodeToString(sealed)); ok {
				t.Fatalf("opens with byte %d changed by %x", int(at)%len(sealed), x)
			}
		}
	})
}

func TestADeviceIsEstablishedAWeekAndTwoLoginsAfterItsFirst(t *testing.T) {
	r := ring(t, 1)
	d, day := device.Device{}, 24*time.Hour
	at := func(after time.Duration) time.Time { return start.Add(after) }
	for _, step := range []struct {
		login time.Duration // zero: none
		now   time.Duration
		want  bool
	}{
		{login: time.Hour, now: time.Hour},
		{now: 8 * day}, // one login
		{login: 2 * time.Hour, now: 2 * time.Hour},
		{login: 3 * day, now: 3 * day},
		{now: 6 * day},
		{now: 8 * day, want: true},
		{login: 60 * day, now: 60 * day, want: true},
	} {
		if step.login > 0 {
			opened, ok := device.Open(r, "shop", d.Succeeded(account(1), at(step.login)).Seal(r, "shop"))
			if !ok {
				t.Fatal("its cookie does not open")
			}
			d = opened
		}
		if got := d.Established(account(1), at(step.now)); got != step.want {
			t.Errorf("login after %s, now %s: %v, want %v", step.login, step.now, got, step.want)
		}
		if d.Established(account(2), at(step.now)) {
			t.Error("established for another account")
		}
	}
}

func TestADeviceThatWasRevokedBeginsAnew(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	d := device.Device{}.Succeeded(device.Account{1}, now).Succeeded(device.Account{2}, now)
	now = now.Add(8 * 24 * time.Hour)
	d = d.Succeeded(device.Account{1}, now)
	again := d.Without(device.Account{1}).Succeeded(device.Account{1}, now).Succeeded(device.Account{1}, now.Add(time.Hour))
	if !d.Established(device.Account{1}, now) || again.Established(device.Account{1}, now.Add(time.Hour)) {
		t.Error("what was revoked is established as before")
	}
	if _, ok := again.Last(device.Account{2}, now); !ok {
		t.Error("another account is forgotten with it")
	}
}
