package limiters

import (
	"context"
	"runtime"
	"time"

	"github.com/login-guard/login-guard/internal/store/embedded"
)

// Hold is the longest that one caller keeps all others waiting.
type Hold struct {
	CPU  time.Duration
	Keys int // rows looked at
}

// ExpiredMarks is the hold of the call that finds all markers of spent
// checks expired, as many as there can be.
func ExpiredMarks() (Hold, error) {
	now := start
	s := embedded.New(embedded.Options{Clock: func() time.Time { return now }})
	ctx := context.Background()
	h := Hold{}
	for i := range uint64(1_000_000) {
		first, err := s.Spend(ctx, key(i, 0), 10*time.Minute)
		if err != nil {
			return h, err
		}
		if !first {
			break
		}
		h.Keys++
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	now = now.Add(time.Hour)
	began := threadTime()
	_, err := s.Spend(ctx, key(1<<50, 0), time.Minute)
	h.CPU = threadTime() - began
	return h, err
}

// ExpiredLogins is the hold of the call that finds all held logins expired,
// as many as there can be.
func ExpiredLogins() (Hold, error) {
	now := start
	s := embedded.New(embedded.Options{Clock: func() time.Time { return now }})
	ctx := context.Background()
	h := Hold{}
	for i := range uint64(1_000_000) {
		if s.Keep(ctx, key(i, 0), make([]byte, 600), 10*time.Minute) != nil {
			break
		}
		h.Keys++
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	now = now.Add(time.Hour)
	began := threadTime()
	err := s.Keep(ctx, key(1<<50, 0), make([]byte, 600), time.Minute)
	h.CPU = threadTime() - began
	return h, err
}

// ZoneSweep is the hold of caddy-ratelimit's sweep of n keys.
func ZoneSweep(n int) Hold {
	z := NewZone()
	for i := range uint64(n) {
		z.Take(text(i, 0), peerEvents, time.Hour)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := threadTime()
	z.Sweep()
	return Hold{CPU: threadTime() - began, Keys: n}
}
