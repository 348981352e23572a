// Package device remembers browsers: which accounts logged in from one (the
// device cookie) and that a check was passed (the pass cookie).
//
// Both cookies are sealed with the key ring, so they say nothing to whoever
// reads them and cannot be made up. Neither is needed to log in: a browser
// without cookies is asked again, that is all.
package device

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/login-guard/login-guard/internal/keys"
)

// Limits of the cookies.
const (
	// Life of the device cookie, renewed at each success.
	Life = 180 * 24 * time.Hour
	// Accounts a device remembers; the one seen longest ago goes.
	MaxAccounts = 8
	// CheckLife is how long a check is good for that no success followed,
	// and CheckTries how many wrong passwords.
	CheckLife  = 10 * time.Minute
	CheckTries = 3
)

// Account is a keyed hash of an account.
type Account [16]byte

// Seen is an account that logged in from a device.
type Seen struct {
	Account Account
	At      time.Time // last success, to the second
	First   time.Time // first success, to the minute and within 45 days
}

// Device is a browser. The zero Device is one that we do not know.
type Device struct {
	ID       [16]byte
	Accounts []Seen // the last first
}

// New makes a device with a random id.
func New(random io.Reader) (Device, error) {
	var d Device
	_, err := io.ReadFull(random, d.ID[:])
	return d, err
}

// Last returns when account last logged in from here; ok is false when it
// never did, or longer than Life ago.
func (d Device) Last(account Account, now time.Time) (at time.Time, ok bool) {
	for _, s := range d.Accounts {
		if s.Account == account && now.Sub(s.At) < Life {
			return s.At, true
		}
	}
	return time.Time{}, false
}

// establishedAfter is how long a device has been an account's before it is
// believed where others are not. Whoever has just learned a password has no
// such device.
const establishedAfter = 7 * 24 * time.Hour

// Established reports whether account has logged in from here at least twice,
// and first at least a week ago.
func (d Device) Established(account Account, now time.Time) bool {
	for _, s := range d.Accounts {
		if s.Account == account {
			return now.Sub(s.At) < Life && s.At.After(s.First) && now.Sub(s.First) >= establishedAfter
		}
	}
	return false
}

// Without returns d as one that account never logged in from.
func (d Device) Without(account Account) Device {
	d.Accounts = slices.DeleteFunc(slices.Clone(d.Accounts), func(s Seen) bool { return s.Account == account })
	return d
}

// Succeeded returns d with account put first.
func (d Device) Succeeded(account Account, now time.Time) Device {
	list := []Seen{{account, now, now}}
	for _, s := range d.Accounts {
		switch {
		case now.Sub(s.At) >= Life:
		case s.Account == account:
			list[0].First = s.First
		case len(list) < MaxAccounts:
			list = append(list, s)
		}
	}
	d.Accounts = list
	return d
}

const (
	// Of version 1 cookies did not say when an account was first seen.
	deviceVersion = 2
	passVersion   = 2
	passTail      = 21 // family, issued, expires, succeeded
)

// Seal writes the device cookie of a site.
func (d Device) Seal(ring *keys.Ring, site string) string {
	b := append([]byte{deviceVersion}, d.ID[:]...)
	for _, s := range d.Accounts {
		b = append(b, s.Account[:]...)
		b = binary.BigEndian.AppendUint32(b, uint32(s.At.Unix()))
		b = binary.BigEndian.AppendUint16(b, uint16(max(0, min(s.At.Sub(s.First)/time.Minute, math.MaxUint16))))
	}
	return base64.RawURLEncoding.EncodeToString(ring.Seal(keys.Device, b, []byte("device/"+site)))
}

// Open reads a device cookie. A cookie that is not ours, or of another site,
// is no device: ok is false.
func Open(ring *keys.Ring, site, cookie string) (d Device, ok bool) {
	b, ok := open(ring, "device/"+site, cookie, deviceVersion)
	size := 22
	if !ok {
		b, ok = open(ring, "device/"+site, cookie, 1)
		size = 20
	}
	if !ok || len(b) < 16 || (len(b)-16)%size != 0 || (len(b)-16)/size > MaxAccounts {
		return Device{}, false
	}
	copy(d.ID[:], b)
	for b = b[16:]; len(b) > 0; b = b[size:] {
		var s Seen
		copy(s.Account[:], b)
		s.At = time.Unix(int64(binary.BigEndian.Uint32(b[16:])), 0)
		if s.First = s.At; size == 22 {
			s.First = s.At.Add(-time.Minute * time.Duration(binary.BigEndian.Uint16(b[20:])))
		}
		d.Accounts = append(d.Accounts, s)
	}
	return d, true
}

// Rung is the strength of a check.
type Rung byte

// Rungs.
const (
	NoRung  Rung = 0
	Slider  Rung = 1
	Picture Rung = 2
)

// Pass says that a check was passed for one account, by one device or, where
// there is none, by whoever holds the cookie.
type Pass struct {
	ID        [16]byte
	Rung      Rung
	Account   Account
	Family    uint32 // tag of the client family
	Issued    time.Time
	Expires   time.Time
	Succeeded bool // a right password followed
}

// Seal writes the pass cookie of a site.
func (p Pass) Seal(ring *keys.Ring, site string) string {
	var b bytes.Buffer
	b.WriteByte(passVersion)
	b.Write(p.ID[:])
	b.WriteByte(byte(p.Rung))
	b.Write(p.Account[:])
	var n [passTail]byte
	binary.BigEndian.PutUint32(n[0:], p.Family)
	binary.BigEndian.PutUint64(n[4:], uint64(p.Issued.Unix()))
	binary.BigEndian.PutUint64(n[12:], uint64(p.Expires.Unix()))
	if p.Succeeded {
		n[20] = 1
	}
	b.Write(n[:])
	return base64.RawURLEncoding.EncodeToString(ring.Seal(keys.Device, b.Bytes(), []byte("pass/"+site)))
}

// OpenPass reads a pass cookie; ok is false unless it is ours, of this site,
// for this account and client family, and still good.
func OpenPass(ring *keys.Ring, site, cookie string, account Account, family uint32, now time.Time) (p Pass, ok bool) {
	if p, ok = readPass(ring, site, cookie, family, now); !ok || p.Account != account {
		return Pass{}, false
	}
	return p, true
}

// HasPass reports whether a pass cookie would be good for some account.
func HasPass(ring *keys.Ring, site, cookie string, family uint32, now time.Time) bool {
	_, ok := readPass(ring, site, cookie, family, now)
	return ok
}

// readPass is OpenPass for whichever account it is.
func readPass(ring *keys.Ring, site, cookie string, family uint32, now time.Time) (p Pass, ok bool) {
	b, ok := open(ring, "pass/"+site, cookie, passVersion)
	if !ok || len(b) != 16+1+16+passTail {
		return Pass{}, false
	}
	copy(p.ID[:], b)
	p.Rung = Rung(b[16])
	copy(p.Account[:], b[17:])
	p.Family = binary.BigEndian.Uint32(b[33:])
	p.Issued = time.Unix(int64(binary.BigEndian.Uint64(b[37:])), 0)
	p.Expires = time.Unix(int64(binary.BigEndian.Uint64(b[45:])), 0)
	p.Succeeded = b[53] == 1
	if p.Family != family || !now.Before(p.Expires) || p.Rung > Picture {
		return Pass{}, false
	}
	return p, true
}

// maxCookie is longer than any cookie of ours.
const maxCookie = 1024

// Foreign reports whether a cookie was sealed with a key that ring does not
// have: by another node, or long ago. Whoever sends it may have made it up.
func Foreign(ring *keys.Ring, cookie string) bool {
	if cookie == "" || len(cookie) > maxCookie {
		return false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookie)
	return err == nil && len(sealed) > 0 && !ring.Knows(sealed)
}

func open(ring *keys.Ring, bound, cookie string, version byte) ([]byte, bool) {
	if cookie == "" || len(cookie) > maxCookie {
		return nil, false
	}
	// One cookie has one spelling: no line ends, no bits left over.
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(cookie)
	if err != nil || strings.ContainsAny(cookie, "\r\n") {
		return nil, false
	}
	b, err := ring.Open(keys.Device, sealed, []byte(bound))
	if err != nil || len(b) == 0 || b[0] != version {
		return nil, false
	}
	return b[1:], true
}
