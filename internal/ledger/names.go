package ledger

import (
	"encoding/binary"
	"net/netip"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/store"
)

// names makes the store's keys of one site. The first half of a key is the
// subject's, the second what is counted of it.
type names struct {
	hash keys.Hasher
	site store.Key
	// What every attempt counts of the site.
	siteNow, siteDay, siteUsual, siteSince, sitePlaces, siteClusters, siteElsewhere store.Key
	// salts are secret numbers, one for each thing that every attempt counts
	// of a subject: with one at hand its name needs no hash of its own.
	salts map[string]uint64
}

func newNames(ring *keys.Ring, site string) names {
	n := names{hash: ring.Hasher("ledger/" + site), salts: make(map[string]uint64)}
	n.site = n.subject(subjectSite, nil)
	for _, what := range []string{config.LimitAddress, config.LimitAttempts, config.LimitNetwork, "accounts", "accounts-hour",
		"tally", "devices", "revoked", "held", "log", "now", "day", "usual", "since", "places", "clusters", "elsewhere"} {
		salt := n.subject(subjectSalt, []byte(what))
		n.salts[what] = binary.LittleEndian.Uint64(salt[:])
	}
	n.siteNow, n.siteDay = n.of(n.site, "now"), n.of(n.site, "day")
	n.siteUsual, n.siteSince = n.of(n.site, "usual"), n.of(n.site, "since")
	n.sitePlaces, n.siteClusters = n.of(n.site, "places"), n.of(n.site, "clusters")
	n.siteElsewhere = n.of(n.site, "elsewhere")
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
	subjectSalt
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
	if salt, ok := n.salts[what]; ok && len(more) == 0 {
		// The subject's half is a keyed hash already: mixed with a secret it
		// is as good as another.
		x := binary.LittleEndian.Uint64(subject[8:]) + salt
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9 // SplitMix64, Steele et al. 2014
		x = (x ^ x>>27) * 0x94d049bb133111eb
		binary.LittleEndian.PutUint64(subject[8:], x^x>>31)
		return subject
	}
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
