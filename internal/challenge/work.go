package challenge

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"
)

// The price of a check is PBKDF2-HMAC-SHA-256, which browsers run in native
// code and off the page's thread: it costs an attacker's machine what it
// costs a shopper's. Plain SHA-256 in a page's script runs 13 times slower
// than natively (both measured in Chromium 156 and OpenSSL).
const (
	// Cost is the iterations of one derivation.
	Cost = 2000
	// Work is how many derivations a browser makes on average: about 70 ms on
	// a desktop, 0.3 s on a slow phone.
	Work = 150
	// PressWork is the least multiple of it for who does not slide.
	PressWork = 4
	// MaxWork is the largest multiple of Work that is asked for.
	MaxWork = 16
)

// salt is bound to the token and public.
func salt(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// target is the value below which a derivation counts. Who does not slide,
// which says nothing about him, works four times as much at least; the page's
// script knows.
func target(k Kind, way string, times byte) uint32 {
	times = min(max(times, 1), MaxWork)
	switch {
	case k == Slow:
		times *= 4
	case way == WayPress:
		times = max(times, PressWork)
	}
	return math.MaxUint32 / (Work * uint32(times))
}

// proved checks a proof of work: one derivation.
func proved(t Token, a Answer) bool {
	out, err := pbkdf2.Key(sha256.New, strconv.FormatUint(uint64(a.Pow), 10), []byte(salt(a.Token)), Cost, 32)
	return err == nil && binary.BigEndian.Uint32(out) < target(t.Kind, a.Way, t.Work)
}
