package factor

import (
	"slices"
	"time"
)

// Counter is what is known of the tries of one class of factor by devices of
// one kind (strange or known).
type Counter struct {
	// Row is how many tries followed one another without a right one.
	Row int `json:"r,omitempty"`
	// Times are when the last of them were, in seconds since 1970, at most
	// PerDay of them.
	Times []int64 `json:"t,omitempty"`
}

// Try is what a class allows at the moment.
type Try struct {
	// Locked: LockAfter tries in a row were wrong. Waiting does not help.
	Locked bool
	// Wait is how long until the next try; zero: now.
	Wait time.Duration
}

// Open reports whether a try is allowed now.
func (t Try) Open() bool { return !t.Locked && t.Wait <= 0 }

func (c *Counter) within(now time.Time, d time.Duration) (n int, oldest time.Time) {
	for _, s := range c.Times {
		at := time.Unix(s, 0)
		// What lies ahead (a clock that was put back) counts as now.
		if now.Sub(at) < d {
			if n == 0 {
				oldest = at
			}
			n++
		}
	}
	return n, oldest
}

func (c *Counter) try(now time.Time) Try {
	if c.Row >= LockAfter {
		return Try{Locked: true}
	}
	var t Try
	for _, b := range [...]struct {
		max int
		per time.Duration
	}{{PerHour, time.Hour}, {PerDay, 24 * time.Hour}} {
		if n, oldest := c.within(now, b.per); n >= b.max {
			// A clock that was put back must not make the wait longer.
			t.Wait = max(t.Wait, min(oldest.Add(b.per).Sub(now), b.per))
		}
	}
	return t
}

// raise counts a try before it is judged.
func (c *Counter) raise(now time.Time) {
	c.Row++
	c.Times = append(c.Times, now.Unix())
	if n := len(c.Times) - PerDay; n > 0 {
		c.Times = slices.Delete(c.Times, 0, n)
	}
}

func (c *Counter) isZero() bool { return c.Row == 0 && len(c.Times) == 0 }

// side is which counter of a class a device has: known devices have their
// own, so that a stranger who guesses does not keep the owner out.
func side(known bool) int {
	if known {
		return 1
	}
	return 0
}

// Try says whether a class may be tried now by a device that is known or not.
func (a *Account) Try(now time.Time, class Class, known bool) Try {
	if a == nil || class >= classes {
		return Try{Locked: true}
	}
	return a.Counters[class][side(known)].try(now)
}

// right ends both counters of a class: the owner was there.
func (a *Account) right(class Class) { a.Counters[class] = [2]Counter{} }
