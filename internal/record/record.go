// Package record says what was decided and why: one record an attempt, in
// words that stay the same from version to version. It holds no password,
// code, token or account name; an account is a keyed hash, an address is
// truncated.
package record

import (
	"crypto/rand"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/login-guard/login-guard/internal/risk"
)

// Decision is one record.
type Decision struct {
	// At is when it was made; zero: now.
	At       time.Time
	Ref      string
	Site     string
	Endpoint string
	// Action is what the login met, Would what it would have met in
	// enforcing mode. They differ in monitoring mode only.
	Action, Would string
	Mode          string
	Score         float64
	Reasons       []risk.Reason
	Outcome       string
	Account       string // keyed hash
	// Accounts are all that an attempt counts on, Account first, where shops
	// could book it on different ones; nil where it is that one.
	Accounts []string
	Address  string
	Country  string
	ASN      uint32
	Duration time.Duration
	// Host is a keyed hash of the address, RetryAfter how long a denial
	// lasts, Override the operator's order, and Basis what the verdict came
	// of; the journal keeps them, and the log does without.
	Host       string
	RetryAfter time.Duration
	Override   string
	Basis      *Basis
	// Count is above one when the record stands for that many alike.
	Count int
}

// Codes are the codes of the reasons.
func (d *Decision) Codes() []string {
	out := make([]string, len(d.Reasons))
	for i, r := range d.Reasons {
		out[i] = r.Code
	}
	return out
}

// refAlphabet is Crockford's base32: no I, L, O or U.
const refAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewRef makes a reference such as 7KQ2-M4XD: 40 random bits, short enough
// to be read out on the telephone.
func NewRef() string {
	var b [8]byte
	rand.Read(b[:])
	out := make([]byte, 0, 9)
	for i, x := range b {
		if i == 4 {
			out = append(out, '-')
		}
		out = append(out, refAlphabet[x&31])
	}
	return string(out)
}

// IsRef reports whether a text is written as a reference is.
func IsRef(s string) bool {
	if len(s) != 9 || s[4] != '-' {
		return false
	}
	for i := range len(s) {
		if i != 4 && strings.IndexByte(refAlphabet, s[i]) < 0 {
			return false
		}
	}
	return true
}

// Truncated is an address as logs show it: its /24 or /48.
func Truncated(a netip.Addr) string {
	if a = a.Unmap(); !a.IsValid() {
		return ""
	}
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

// Folder keeps a flood of alike denials from flooding the log: past Burst a
// second, the rest of that second's become one record with their count.
type Folder struct {
	// Burst is how many of one kind a second are written as they are.
	Burst int
	// Write receives the records.
	Write func(Decision)

	mu     sync.Mutex
	second int64
	kinds  map[kind]*folded
}

// kind is what alike records have in common.
type kind struct {
	site, endpoint, action string
	codes                  [4]string
	more                   string // all codes, where there are more
}

func kindOf(d *Decision) kind {
	k := kind{site: d.Site, endpoint: d.Endpoint, action: d.Action}
	if len(d.Reasons) > len(k.codes) {
		k.more = strings.Join(d.Codes(), "\x00")
		return k
	}
	for i, r := range d.Reasons {
		k.codes[i] = r.Code
	}
	return k
}

type folded struct {
	seen int
	last Decision
}

// maxKinds bounds the folder's memory; kinds beyond it are written as they
// are.
const maxKinds = 256

// Add writes d, or folds it into the count of its kind. complete, unless it
// is nil, fills in what only a record that is written needs.
func (f *Folder) Add(now time.Time, d Decision, complete func(*Decision)) {
	if d.Action == string(risk.Deny) || d.Action == string(risk.Unreadable) {
		out, direct := f.fold(now, &d)
		for _, o := range out {
			f.Write(o)
		}
		if !direct {
			return
		}
	}
	if complete != nil {
		complete(&d)
	}
	f.Write(d)
}

// fold counts d and reports whether it is written by itself.
func (f *Folder) fold(now time.Time, d *Decision) (over []Decision, direct bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	over = f.turnLocked(now)
	name := kindOf(d)
	k := f.kinds[name]
	if k == nil {
		if len(f.kinds) >= maxKinds {
			return over, true
		}
		if f.kinds == nil {
			f.kinds = make(map[kind]*folded)
		}
		k = &folded{}
		f.kinds[name] = k
	}
	k.seen++
	if k.seen <= f.Burst {
		return over, true
	}
	k.last = *d
	return over, false
}

// Flush writes the counts of seconds that are over. Its owner calls it about
// once a second.
func (f *Folder) Flush(now time.Time) {
	f.mu.Lock()
	out := f.turnLocked(now)
	f.mu.Unlock()
	for _, o := range out {
		f.Write(o)
	}
}

func (f *Folder) turnLocked(now time.Time) []Decision {
	if now.Unix() == f.second {
		return nil
	}
	f.second = now.Unix()
	var out []Decision
	for kind, k := range f.kinds {
		if n := k.seen - f.Burst; n > 0 {
			d := k.last
			d.Count = n
			// The record stands for many: it names none of them.
			d.Address, d.Account, d.Accounts, d.Country, d.ASN, d.Duration = "", "", nil, "", 0, 0
			d.Host, d.Override, d.Basis = "", "", nil
			out = append(out, d)
		}
		delete(f.kinds, kind)
	}
	return out
}
