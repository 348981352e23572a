package embedded

import (
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// counter is one budget of the generic cell rate algorithm: the theoretical
// arrival time says when the budget is full again. 16 bytes.
type counter struct {
	fp  uint64
	tat int64 // unix nanoseconds
}

// counters is a set-associative table of budgets. A row whose time has come
// is as good as empty; a full set gives up the one that is full again first.
type counters struct{ table[counter, *counter] }

func (r *counter) print() uint64 { return r.fp }

// tat returns the arrival time of k, now if it has none or it has passed.
func (t *counters) tat(k store.Key, now int64) int64 {
	if c, _, _ := t.find(k); c != nil && c.tat > now {
		return c.tat
	}
	return now
}

func (t *counters) live(k store.Key, now int64) bool { return t.tat(k, now) > now }

// wait returns how long until a unit of the budget comes back, 0 if there
// is one now.
func (t *counters) wait(c store.Charge, now int64) time.Duration {
	every := int64(c.Every)
	over := t.tat(c.Key, now) + every - int64(c.Burst)*every - now
	return time.Duration(max(0, over))
}

func (t *counters) add(k store.Key, every, now int64) { t.set(k, t.tat(k, now)+every, now) }

// set writes an arrival time, making room for it if need be.
func (t *counters) set(k store.Key, tat, now int64) {
	c, rows, fp := t.find(k)
	if c == nil {
		c = &rows[0]
		for i := range rows {
			if rows[i].tat < c.tat {
				c = &rows[i]
			}
		}
		if c.tat > now {
			t.evicted++
		}
	}
	*c = counter{fp: fp, tat: tat}
}

func (t *counters) refund(k store.Key, every, now int64) {
	if c, _, _ := t.find(k); c != nil && c.tat > now {
		c.tat -= every
	}
}

func (t *counters) drop(k store.Key) {
	if c, _, _ := t.find(k); c != nil {
		*c = counter{}
	}
}
