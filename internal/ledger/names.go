package ledger

import (
	"encoding/binary"
	"net/netip"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/store"
)

// names makes the store's keys of one site. The first half of a key is the
// subject's, the second what is counted of it.
type names struct {
	hash keys.Hasher
	site store.Key
}

func newNames(ring *keys.Ring, site string) names {
	n := names{hash: ring.Hasher("ledger/" + site)}
	n.site = n.subject(subjectSite, nil)
	return n
}

// Kinds of subjects.
const (
	subjectSite byte = iota
	subjectHost
	subjectNetwork
	subjectAccount
	subjectName
	subjectSession
	subjectSame
	subjectTag
)

// subject names an address, an account and the like.
func (n *names) subject(kind byte, b []byte) store.Key {
	var buf [64]byte
	return n.hash.Sum(append(append(buf[:0], kind), b...))
}

func (n *names) host(p netip.Prefix) store.Key    { return n.prefix(subjectHost, p) }
func (n *names) network(p netip.Prefix) store.Key { return n.prefix(subjectNetwork, p) }
func (n *names) account(a device.Account) store.Key {
	return n.subject(subjectAccount, a[:])
}

// prefix names a network; all senders whose address is not known are one.
func (n *names) prefix(kind byte, p netip.Prefix) store.Key {
	var b [18]byte
	if p.IsValid() {
		p = p.Masked()
		a := p.Addr().As16()
		copy(b[:], a[:])
		b[16], b[17] = byte(p.Bits()), 1
		if p.Addr().Is4() {
			b[17] = 4
		}
	}
	return n.subject(kind, b[:])
}

// of names what is counted of a subject: whatever more tells it apart.
func (n *names) of(subject store.Key, what string, more ...[]byte) store.Key {
	var buf [96]byte
	b := append(buf[:0], subject[8:]...)
	b = append(append(b, byte(len(what))), what...)
	for _, m := range more {
		b = append(b, m...)
	}
	sum := n.hash.Sum(b)
	copy(subject[8:], sum[:8])
	return subject
}

// tag is a short keyed hash, 0 for nothing.
func (n *names) tag(b []byte) uint32 {
	if len(b) == 0 {
		return 0
	}
	s := n.subject(subjectTag, b)
	return binary.LittleEndian.Uint32(s[:]) | 1
}

// hash64 is eight bytes of a keyed hash, never 0.
func hash64(b []byte) uint64 { return binary.BigEndian.Uint64(b) | 1<<63 }
