package redis

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

const (
	// deaf is how long a budget is taken for spent while this node does not
	// hear what others give back.
	deaf = 10 * time.Second
	// unsure is how long at most where an address that turns out to be shared
	// by many would no longer be stopped: other nodes do not tell of that.
	unsure = time.Minute
	// tombstone is how long it is remembered that a budget was given back: an
	// answer that is older may still be on its way.
	tombstone = 5 * time.Second
)

// denied remembers which budgets were found spent, and until when: an attack
// that goes on asks Redis nothing. It is as right as Redis's answer was, as a
// budget is refilled by time alone, or by what forget is told of.
type denied struct {
	max int
	// live: a subscription tells of what other nodes give back.
	live atomic.Bool

	mu   sync.Mutex
	rows map[store.Key]denial
	// of finds the budgets that depend on a tally.
	of map[store.Key][]store.Key
	// held counts what this node is giving back.
	held map[store.Key]int
}

type denial struct {
	// tally that says whether the budget stops; zero: it always does.
	tally        store.Key
	since, until time.Time
	// from is Redis's time, microseconds, of the answer or of what took it
	// back; then until is when that is forgotten.
	from float64
	gone bool
}

func newDenied(most int) *denied {
	return &denied{max: most, rows: make(map[store.Key]denial), of: make(map[store.Key][]store.Key),
		held: make(map[store.Key]int)}
}

func (d *denied) len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.rows)
}

// wait is how long a budget is known to be spent, 0 if it is not known to be.
func (d *denied) wait(k, tally store.Key, now time.Time) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	r, ok := d.rows[k]
	if ok && r.gone && !now.Before(r.until) {
		d.removeLocked(k)
	}
	if !ok || r.gone || (!r.tally.IsZero() || !tally.IsZero()) && r.tally != tally {
		return 0
	}
	if !now.Before(r.until) {
		d.removeLocked(k)
		return 0
	}
	if age := now.Sub(r.since); (!d.live.Load() && age >= deaf) || (!r.tally.IsZero() && age >= unsure) {
		return 0
	}
	return r.until.Sub(now)
}

// add notes that a budget was found spent at Redis's time from.
func (d *denied) add(k, tally store.Key, now time.Time, after time.Duration, from float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r, ok := d.rows[k]; ok && r.gone && r.from >= from {
		return // given back since
	}
	if d.held[k] > 0 || d.held[tally] > 0 {
		return
	}
	d.putLocked(k, denial{tally: tally, since: now, until: now.Add(after), from: from}, now)
	if !tally.IsZero() {
		d.of[tally] = append(d.of[tally], k)
	}
}

// hold drops what is known of budgets that this node gives back, and of what
// depends on tallies that it counts successes in. Until release nothing is
// known of them: what Redis answers meanwhile may say the old, or the new.
func (d *denied) hold(keys []store.Key) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, k := range keys {
		d.held[k]++
		if _, ok := d.rows[k]; ok {
			d.removeLocked(k)
		}
		for _, x := range d.of[k] {
			delete(d.rows, x)
		}
		delete(d.of, k)
	}
}

// release ends a hold.
func (d *denied) release(keys []store.Key) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, k := range keys {
		if d.held[k]--; d.held[k] <= 0 {
			delete(d.held, k)
		}
	}
}

// heard drops what is known of k up to Redis's time at: another node gave it
// back.
func (d *denied) heard(k store.Key, at float64, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.putLocked(k, denial{gone: true, from: at, since: now, until: now.Add(tombstone)}, now)
}

// clear drops all.
func (d *denied) clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.rows)
	clear(d.of)
}

func (d *denied) putLocked(k store.Key, r denial, now time.Time) {
	if _, ok := d.rows[k]; ok {
		d.removeLocked(k)
	} else if len(d.rows) >= d.max {
		d.evictLocked(now)
	}
	d.rows[k] = r
}

// evictLocked makes room: of a few rows, in the map's random order, the one
// that ends first goes.
func (d *denied) evictLocked(now time.Time) {
	var victim store.Key
	var first time.Time
	n := 0
	for k, r := range d.rows {
		if n == 0 || r.until.Before(first) {
			victim, first = k, r.until
		}
		if n++; n == 8 || r.until.Before(now) {
			break
		}
	}
	d.removeLocked(victim)
}

func (d *denied) removeLocked(k store.Key) {
	r := d.rows[k]
	delete(d.rows, k)
	if r.tally.IsZero() {
		return
	}
	left := d.of[r.tally][:0]
	for _, x := range d.of[r.tally] {
		if x != k {
			left = append(left, x)
		}
	}
	if d.of[r.tally] = left; len(left) == 0 {
		delete(d.of, r.tally)
	}
}
