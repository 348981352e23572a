package limiters

import (
	"encoding/binary"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// start is the moment at which measurements begin. That it is fixed makes
// what is counted, and what is pushed out, the same in each run.
var start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// perAttempt is how many budgets an attempt from an unknown device takes from:
// pair, address, attempts, network, accounts and accounts an hour.
const perAttempt = 6

// mix spreads the bits of x (the finaliser of SplitMix64, Steele et al.,
// OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// key is the what-th key of the i-th subject. Keys of one subject share
// their first half, as those of the ledger do.
func key(i uint64, what int) (k store.Key) {
	binary.LittleEndian.PutUint64(k[:8], mix(i))
	binary.LittleEndian.PutUint64(k[8:], mix(mix(i)+uint64(what)))
	return k
}

// text is the key of a peer: an address as its placeholder gives it, with
// the zone in front.
func text(i uint64, what int) string {
	b := make([]byte, 0, 24)
	b = append(b, byte('a'+what), ':')
	for shift := 24; shift >= 0; shift -= 8 {
		octet := byte(i >> shift)
		if octet >= 100 {
			b = append(b, '0'+octet/100)
		}
		if octet >= 10 {
			b = append(b, '0'+octet/10%10)
		}
		b = append(b, '0'+octet%10)
		if shift > 0 {
			b = append(b, '.')
		}
	}
	return string(b)
}
