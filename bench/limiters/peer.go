package limiters

import (
	"sync"
	"time"
	"unsafe"

	_ "github.com/mholt/caddy-ratelimit" // the package under the names below
	"golang.org/x/time/rate"
)

// Zone is one zone of caddy-ratelimit: its own code, under the names that it
// has in v0.1.0.
type Zone struct{ m unsafe.Pointer }

//go:linkname newRateLimiterMap github.com/mholt/caddy-ratelimit.newRateLimiterMap
func newRateLimiterMap() unsafe.Pointer

//go:linkname getOrInsert github.com/mholt/caddy-ratelimit.(*rateLimitersMap).getOrInsert
func getOrInsert(m unsafe.Pointer, key string, maxEvents int, window time.Duration) unsafe.Pointer

//go:linkname when github.com/mholt/caddy-ratelimit.(*ringBufferRateLimiter).When
func when(ring unsafe.Pointer) time.Duration

//go:linkname sweep github.com/mholt/caddy-ratelimit.(*rateLimitersMap).sweep
func sweep(m unsafe.Pointer)

// NewZone makes a zone.
func NewZone() Zone { return Zone{newRateLimiterMap()} }

// Take counts one event, as its handler does for a request.
func (z Zone) Take(key string, events int, window time.Duration) time.Duration {
	return when(getOrInsert(z.m, key, events, window))
}

// Sweep drops what has expired, as its handler does once a minute.
func (z Zone) Sweep() { sweep(z.m) }

// Buckets are token buckets of x/time/rate in a map, the usual way.
type Buckets struct {
	mu sync.Mutex
	m  map[string]*rate.Limiter
}

// NewBuckets makes an empty map.
func NewBuckets() *Buckets { return &Buckets{m: make(map[string]*rate.Limiter)} }

// Take takes one token.
func (b *Buckets) Take(key string, events int, window time.Duration, now time.Time) bool {
	b.mu.Lock()
	l, ok := b.m[key]
	if !ok {
		l = rate.NewLimiter(rate.Every(window/time.Duration(events)), events)
		b.m[key] = l
	}
	b.mu.Unlock()
	return l.AllowN(now, 1)
}
