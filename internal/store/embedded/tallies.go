package embedded

import (
	"math"
	"math/bits"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// tally is what is known of one address, account or site. 64 bytes.
type tally struct {
	fp        uint64
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

// day is the window of SucceededOf.
const day = 24 * time.Hour

// tallies is a set-associative table. A full set gives up the row with the
// fewest failures, and of those the oldest.
type tallies struct{ table[tally, *tally] }

func (r *tally) print() uint64 { return r.fp }

func (t *tallies) read(a store.Ask, now int64) store.Tally {
	r, _, _ := t.find(a.Key)
	if r == nil {
		return store.Tally{}
	}
	return store.Tally{
		Failures:    decayed(r.failures, r.last, now, a.HalfLife),
		Successes:   decayed(r.successes, r.last, now, a.HalfLife),
		FailedOf:    distinct(r.fail, r.failEpoch, epoch(now, a.Window)),
		SucceededOf: distinct(r.succ, r.succEpoch, epoch(now, day)),
	}
}

func (t *tallies) count(c store.Count, now int64) {
	r, rows, fp := t.find(c.Key)
	if r == nil {
		r = &rows[0]
		for i := range rows {
			if less(&rows[i], r, now) {
				r = &rows[i]
			}
		}
		if r.fp != 0 {
			t.evicted++
		}
		*r = tally{fp: fp}
	}
	r.failures = float32(max(0, decayed(r.failures, r.last, now, c.HalfLife)+c.Failures))
	r.successes = float32(max(0, decayed(r.successes, r.last, now, c.HalfLife)+c.Successes))
	r.last = max(r.last, now)
	if c.FailedOf != 0 {
		mark(&r.fail, &r.failEpoch, epoch(now, c.Window), c.FailedOf)
	}
	if c.SucceededOf != 0 {
		mark(&r.succ, &r.succEpoch, epoch(now, day), c.SucceededOf)
	}
}

// less reports whether a is the better row to give up. The age of failures
// is taken at twelve hours for all rows: it only ranks them.
func less(a, b *tally, now int64) bool {
	fa := decayed(a.failures, a.last, now, 12*time.Hour)
	fb := decayed(b.failures, b.last, now, 12*time.Hour)
	if math.Abs(fa-fb) > 0.25 {
		return fa < fb
	}
	return a.last < b.last
}

func (t *tallies) drop(k store.Key) {
	if r, _, _ := t.find(k); r != nil {
		*r = tally{}
	}
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
	if x >= 64 {
		return 300 // past what 64 bits can tell
	}
	return int(math.Round(64 * math.Log(64/float64(64-x))))
}
