package keys

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Overlap is how long a key that another has replaced still opens what it
// sealed: as long as the longest-lived thing, a device cookie, lives.
const Overlap = 180 * 24 * time.Hour

// Entry is a master key of a list.
type Entry struct {
	Key []byte
	// Made is when it became the first; zero: not known.
	Made time.Time
}

// List is one or more master keys, the newest first.
type List []Entry

// ParseList reads keys that are separated by white space, each followed by
// when it was made (RFC 3339) if that is known.
func ParseList(text string) (List, error) {
	var l List
	for _, field := range strings.Fields(text) {
		if made, err := time.Parse(time.RFC3339, field); err == nil && len(l) > 0 {
			l[len(l)-1].Made = made
			continue
		}
		key, err := Parse(field)
		if err != nil {
			return nil, err
		}
		l = append(l, Entry{Key: key})
	}
	if len(l) == 0 {
		return nil, errors.New("key: there is none; `openssl rand -base64 32` makes one")
	}
	return l, nil
}

// String writes the list, a key a line, as ParseList reads it.
func (l List) String() string {
	var b strings.Builder
	for _, e := range l {
		b.WriteString(base64.StdEncoding.EncodeToString(e.Key))
		if !e.Made.IsZero() {
			b.WriteString(" " + e.Made.UTC().Format(time.RFC3339))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Rotate puts a new key first and drops what opens nothing any more. The
// last, which makes the names, stays.
func (l List) Rotate(key []byte, now time.Time) List {
	out := List{{Key: key, Made: now}}
	out = append(out, l...)
	open := out.opening(now)
	if last := len(out) - 1; open <= last {
		out = append(out[:open:open], out[last])
	}
	return out
}

// opening is how many keys of the list, from the first on, still open: each
// whose successor is younger than Overlap.
func (l List) opening(now time.Time) int {
	n := 1
	for n < len(l) && (l[n-1].Made.IsZero() || now.Sub(l[n-1].Made) < Overlap) {
		n++
	}
	return n
}

// Ring makes the ring of a list.
func (l List) Ring(now time.Time) (*Ring, error) {
	all := l.keys()
	if len(all) == 0 {
		return nil, errors.New("an empty list of keys")
	}
	r, err := NewRing(all[0], all[1:]...)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return r, l.Refresh(r, now)
}

// Refresh gives a ring the keys of a list. Names stay as they are.
func (l List) Refresh(r *Ring, now time.Time) error {
	open := l.keys()[:l.opening(now)]
	return r.Replace(open[0], open[1:]...)
}

func (l List) keys() [][]byte {
	out := make([][]byte, len(l))
	for i, e := range l {
		out[i] = e.Key
	}
	return out
}
