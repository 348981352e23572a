package redis

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strings"

	"github.com/login-guard/login-guard/internal/store"
)

// Kinds of keys: the letter after the hash tag. docs/redis.md says what each
// holds and for how long. A value that is laid out anew gets another letter:
// gateways of two versions on one Redis, or one that goes back, never read
// what they do not understand.
const (
	kindCounter = 'c' // budgets, once markers, flags: a moment
	kindTally   = 't'
	kindWall    = 'w'
	kindProfile = 'p'
	kindMark    = 'm'
	kindKept    = 'k'
	kindGroup   = 'g'
	kindSpent   = 's'
	kindRow     = 'r'
)

// A key is PREFIX{SUBJECT}KIND and eight bytes. SUBJECT is the first eight
// bytes of the store's key in base64url, and the hash tag: in a cluster all
// that is known of one address is on one node.
const (
	subjectLen = 8
	tagLen     = 11 // of eight bytes in base64url
)

var tagCode = base64.RawURLEncoding.Strict()

// key is k as Redis knows it.
func (o *Options) key(kind byte, k store.Key) string {
	b := make([]byte, 0, len(o.Prefix)+tagLen+3+len(k)-subjectLen)
	b = append(append(b, o.Prefix...), '{')
	b = tagCode.AppendEncode(b, k[:subjectLen])
	b = append(b, '}', kind)
	return string(append(b, k[subjectLen:]...))
}

// unkey is the reverse of key; ok is false for what is no key of that kind.
func (o *Options) unkey(kind byte, s string) (k store.Key, ok bool) {
	s, ok = strings.CutPrefix(s, o.Prefix+"{")
	if !ok || len(s) != tagLen+2+len(k)-subjectLen || s[tagLen] != '}' || s[tagLen+1] != kind {
		return k, false
	}
	if n, err := tagCode.Decode(k[:subjectLen], []byte(s[:tagLen])); err != nil || n != subjectLen {
		return k, false
	}
	copy(k[subjectLen:], s[tagLen+2:])
	return k, true
}

// channel is where gateways tell each other of budgets that are no longer
// spent.
func (o *Options) channel() string { return o.Prefix + "forget" }

// room names the counts of kept things and of spent markers.
func (o *Options) room(kind byte) string { return o.Prefix + "{room}" + string(kind) }

// apart reports whether two keys may be on different servers.
func (o *Options) apart(a, b store.Key) bool {
	return o.Topology == Cluster && [subjectLen]byte(a[:subjectLen]) != [subjectLen]byte(b[:subjectLen])
}

// blob packs numbers the way struct.unpack with '<' reads them.
type blob []byte

func (b *blob) byte(v int)       { *b = append(*b, byte(v)) }
func (b *blob) double(v float64) { *b = binary.LittleEndian.AppendUint64(*b, math.Float64bits(v)) }
func (b *blob) uint32(v uint32)  { *b = binary.LittleEndian.AppendUint32(*b, v) }

// unblob reads them. Reading past the end gives zero and sets short.
type unblob struct {
	b     string
	short bool
}

func (u *unblob) next(n int) string {
	if len(u.b) < n {
		u.b, u.short = "", true
		return ""
	}
	s := u.b[:n]
	u.b = u.b[n:]
	return s
}

func (u *unblob) byte() byte {
	if s := u.next(1); s != "" {
		return s[0]
	}
	return 0
}

func (u *unblob) uint32() (v uint32) {
	for i, s := 0, u.next(4); i < len(s); i++ {
		v |= uint32(s[i]) << (8 * i)
	}
	return v
}

func (u *unblob) uint64() (v uint64) {
	for i, s := 0, u.next(8); i < len(s); i++ {
		v |= uint64(s[i]) << (8 * i)
	}
	return v
}

func (u *unblob) double() float64 { return math.Float64frombits(u.uint64()) }
func (u *unblob) float() float64  { return float64(math.Float32frombits(u.uint32())) }
