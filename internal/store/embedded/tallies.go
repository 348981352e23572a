package embedded

import (
	"math"
	"math/bits"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// tally is what is known of one address, account or site. With its tag 64
// bytes.
type tally struct {
	last      int64 // of failures and successes, unix nanoseconds
	failures  float32
	successes float32

	// Distinct others, as bitmaps of one hash each (linear counting, Whang
	// et al. 1990), of this half window and the one before.
	failEpoch uint32
	succEpoch uint32
	fail      [2]uint64
	succ      [2]uint64
}

const tallyBytes = 56

// clockSlack is how far apart the clocks of calls at once may be.
const clockSlack = time.Minute

// day is the window of SucceededOf.
const day = 24 * time.Hour

// tallies is a wide table. Successes are worth as much as failures: what a
// site knows of its countries, and an office of many accounts, are successes
// only, which nobody can invent.
type tallies struct{ table[tally, *tally] }

// worth is taken at a half-life of twelve hours for all rows: it only ranks
// them.
func (r *tally) worth(now int64) (units, age int64) {
	halves := max(0, now-r.last) / int64(12*time.Hour)
	return int64(math.Ldexp(float64(r.failures)+float64(r.successes), -int(min(halves, 64))) + 0.5), now - r.last
}

func (t *tallies) read(p place, a *store.Ask, now int64) store.Tally {
	r := t.find(p)
	if r == nil {
		return store.Tally{}
	}
	if r.last > now+int64(clockSlack) { // left of a clock that was ahead
		r.last = now
	}
	left := left(r.last, now, a.HalfLife)
	return store.Tally{
		Failures:    float64(r.failures) * left,
		Successes:   float64(r.successes) * left,
		FailedOf:    distinct(r.fail, r.failEpoch, epoch(now, a.Window)),
		SucceededOf: distinct(r.succ, r.succEpoch, epoch(now, day)),
	}
}

func (t *tallies) count(c *store.Count, now int64) {
	r, _ := t.make(t.of(c.Key), now)
	left := left(r.last, now, c.HalfLife)
	r.failures = float32(max(0, float64(r.failures)*left+c.Failures))
	r.successes = float32(max(0, float64(r.successes)*left+c.Successes))
	r.last = max(r.last, now)
	if c.FailedOf != 0 {
		mark(&r.fail, &r.failEpoch, epoch(now, c.Window), c.FailedOf)
	}
	if c.SucceededOf != 0 {
		mark(&r.succ, &r.succEpoch, epoch(now, day), c.SucceededOf)
	}
}

// left is how much of a figure is left of what it was at last.
func left(last, now int64, half time.Duration) float64 {
	if half <= 0 || now <= last {
		return 1
	}
	return math.Exp2(-float64(now-last) / float64(half))
}

// epoch numbers the half windows.
func epoch(now int64, window time.Duration) uint32 {
	if window <= 0 {
		return 0
	}
	return uint32(now / (int64(window) / 2))
}

func mark(m *[2]uint64, at *uint32, now uint32, h uint64) {
	switch {
	case now == *at:
	case now == *at+1:
		m[1], m[0] = m[0], 0
	default:
		m[0], m[1] = 0, 0
	}
	*at = now
	m[0] |= 1 << (h & 63)
}

func distinct(m [2]uint64, at, now uint32) int {
	var all uint64
	switch {
	case now == at:
		all = m[0] | m[1]
	case now == at+1:
		all = m[0]
	}
	x := bits.OnesCount64(all)
	if x == 0 {
		return 0
	}
	if x >= 64 {
		return 300 // past what 64 bits can tell
	}
	return int(math.Round(64 * math.Log(64/float64(64-x))))
}
