package embedded

import (
	"math/bits"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// counters is a thin table of budgets. The time of a row is the theoretical
// arrival time of the generic cell rate algorithm: when the budget is full
// again. The low 16 bits of a tag are the budget's rate, roughly: what a row
// is worth is how many units are spent, and that is the time left by the rate.
//
// A full set gives up the row with the fewest spent units: exactly that many
// guesses does the loss give back, and that many requests did the row cost
// whoever made it. Among rows of one or two units the oldest goes, so that a
// new key gets the chance to become worth keeping; among dearer ones the
// newest, so that a flood of equals pushes out no row that was there before.
type counters struct{ slots }

// rateBits of a tag hold the rate.
const rateBits = 16

// dear is from how many units on a row is penalised: losing it is counted
// apart, and equals do not push it out.
const dear = 3

func (t *counters) init(n int, s seed) { t.slots.init(n, s, ^uint64(1<<rateBits-1)) }

// rate packs a duration into 16 bits, six of exponent and ten of digits,
// rounded up: a unit that was just taken must not look like more than one.
func rate(every time.Duration) uint64 {
	v := uint64(max(1, every))
	e := max(0, bits.Len64(v)-10)
	if v = (v + 1<<e - 1) >> e; v == 1<<10 {
		v, e = v>>1, e+1
	}
	return uint64(e)<<10 | v
}

// worth are the spent units of a live row, rounded up, and how long ago the
// last of them was full: the age of a row that was not hit since.
func (r *slot) worth(now int64) (units, age int64) {
	packed := r.tag & (1<<rateBits - 1)
	every := max(1, int64(packed&(1<<10-1))<<(packed>>10))
	left := r.until - now
	units = left / every
	if age = units*every - left; age < 0 {
		units, age = units+1, age+every
	}
	return units, age
}

// arrival returns the arrival time of a key, now if it has none or it has
// passed. No budget is ever spent deeper than its burst: more is left of a
// clock that was ahead, and is forgotten.
func (t *counters) arrival(p place, c *store.Charge, now int64) int64 {
	r := t.find(p)
	if r == nil || r.until <= now {
		return now
	}
	r.until = min(r.until, now+int64(c.Every)*int64(max(1, c.Burst)))
	return r.until
}

// wait returns how long until a unit of the budget comes back, 0 if there
// is one now.
func (t *counters) wait(p place, c *store.Charge, now int64) time.Duration {
	every := int64(c.Every)
	over := t.arrival(p, c, now) + every - int64(c.Burst)*every - now
	return time.Duration(max(0, over))
}

// goesBefore reports whether a row of some units and age is given up rather
// than another.
func goesBefore(units, age, otherUnits, otherAge int64) bool {
	switch {
	case units != otherUnits:
		return units < otherUnits
	case units < dear:
		return age > otherAge
	default:
		return age <= otherAge
	}
}

// take takes a unit.
func (t *counters) take(p place, c *store.Charge, now int64) {
	until := t.arrival(p, c, now) + int64(c.Every)
	*t.row(p, now) = slot{tag: p.tag | rate(c.Every), until: until}
}

// row returns the row of a key, making room for it if need be.
func (t *counters) row(p place, now int64) *slot {
	t.wrote(p)
	if r := t.find(p); r != nil {
		return r
	}
	if r := t.free(p, now); r != nil {
		return r
	}
	least := &t.rows[p.a]
	units, age := least.worth(now)
	for _, at := range [2]uint32{p.a, p.b} {
		set := (*[ways]slot)(t.rows[at:])
		for i := range set {
			if u, a := set[i].worth(now); goesBefore(u, a, units, age) {
				least, units, age = &set[i], u, a
			}
		}
	}
	t.evicted++
	if units >= dear {
		t.penalised++
	}
	return least
}

// refund gives a unit back.
func (t *counters) refund(p place, every, now int64) {
	if r := t.find(p); r != nil && r.until > now {
		r.until -= every
	}
}
