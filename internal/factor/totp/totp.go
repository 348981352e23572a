// Package totp computes and checks the codes of authenticator apps: HOTP
// (RFC 4226) over time (RFC 6238) with SHA-1, six digits and 30 seconds, the
// one set that every app supports.
//
// It keeps no state. That a code is good once is up to the caller: Match
// takes the last step that was accepted and answers only later ones; the
// caller stores the step it gets before acting on it.
package totp

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"time"
)

// Figures of RFC 6238 and RFC 4226.
const (
	// Period is the time step X of RFC 6238 §4.1, its default.
	Period = 30 * time.Second
	// Digits is the least that RFC 4226 §5.3 allows, and what all apps show.
	Digits = 6
	// SecretSize is 160 bits, what RFC 4226 §4 R6 recommends.
	SecretSize = 20
	// Window is how many steps to each side of the expected one are accepted:
	// RFC 6238 §5.2 recommends at most one for delay on the way.
	Window = 1
	// MaxDrift caps the learned drift (RFC 6238 §6) at two minutes either
	// way: a clock that is further off is worth mending.
	MaxDrift = 4
	// SkewWindow is how far Skew looks, ten minutes either way.
	SkewWindow = 10 * time.Minute
)

// modulus is ten to the power of Digits.
const modulus = 1_000_000

// Step is the time step that now falls into, counted from the Unix epoch.
func Step(now time.Time) int64 {
	s := now.Unix()
	p := int64(Period / time.Second)
	if s < 0 {
		return (s - p + 1) / p
	}
	return s / p
}

// Code is the code of one step, Digits digits.
func Code(secret []byte, step int64) string {
	return digits(hotp(secret, uint64(step)) % modulus)
}

// hotp is the 31-bit number of RFC 4226 §5.3 (dynamic truncation).
func hotp(secret []byte, counter uint64) uint32 {
	var c [8]byte
	binary.BigEndian.PutUint64(c[:], counter)
	mac := hmac.New(sha1.New, secret)
	mac.Write(c[:])
	sum := mac.Sum(nil)
	return binary.BigEndian.Uint32(sum[sum[len(sum)-1]&15:]) & 0x7fffffff
}

func digits(n uint32) string {
	var b [Digits]byte
	for i := Digits - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return string(b[:])
}

// Match looks for code at now, for a clock that is drift steps ahead, and
// answers the step it belongs to. Only steps after last count: RFC 6238 §5.2
// forbids to accept a code a second time, and an earlier one has been seen
// over a shoulder. A used code gives used, so that a person can be told to
// wait for the next one.
//
// All steps of the window are computed whichever of them matches.
func Match(secret []byte, code string, now time.Time, drift int, last int64) (step int64, ok, used bool) {
	at := Step(now) + int64(clamp(drift))
	for s := at - Window; s <= at+Window; s++ {
		if !same(Code(secret, s), code) {
			continue
		}
		if s > last {
			// The earliest that matches: two steps with one code are one in
			// 500 000, and the later stays good.
			if !ok {
				step, ok = s, true
			}
			continue
		}
		used = true
	}
	return step, ok, used && !ok
}

// Learn says what the drift of a credential is after a code of step was
// accepted at now. It moves by what two codes in a row agree on: lean is what
// the one before said, to be stored and given back the next time.
func Learn(drift, lean int, step int64, now time.Time) (newDrift, newLean int) {
	drift = clamp(drift)
	off := int(step - Step(now) - int64(drift))
	if off < -Window || off > Window {
		return drift, 0
	}
	if off != 0 && off == lean {
		return clamp(drift + off), 0
	}
	return drift, off
}

func clamp(drift int) int { return max(-MaxDrift, min(MaxDrift, drift)) }

// Skew looks for code far around now and says how far the clock that made it
// is ahead (positive) or behind. It is for telling a person what is wrong
// with a clock, and only where that is no help to a guesser: against a secret
// that is being enrolled, or for somebody who has already given a second
// factor. A code that it finds is never accepted for it.
func Skew(secret []byte, code string, now time.Time) (time.Duration, bool) {
	at, found, ok := Step(now), int64(0), false
	for d := int64(0); d <= int64(SkewWindow/Period); d++ {
		for _, s := range []int64{d, -d} {
			if same(Code(secret, at+s), code) && !ok {
				found, ok = s, true
			}
		}
	}
	return time.Duration(found) * Period, ok
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
