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

// ExpiredLogins is the hold of the call that finds all held logins expired,
// as many as there can be. It drops some and leaves the others to the next.
func ExpiredLogins() (Hold, error) {
	now := start
	s := embedded.New(embedded.Options{Clock: func() time.Time { return now }})
	ctx := context.Background()
	h := Hold{}
	for i := range uint64(1_000_000) {
		if s.Keep(ctx, key(i, 0), make([]byte, 600), 10*time.Minute) != nil {
			break
		}
	}
	were := s.Stats().Kept
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	now = now.Add(time.Hour)
	began := threadTime()
	err := s.Keep(ctx, key(1<<50, 0), make([]byte, 600), time.Minute)
	h.CPU = threadTime() - began
	now = start // so that looking drops no more of them
	h.Keys = were + 1 - s.Stats().Kept
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
