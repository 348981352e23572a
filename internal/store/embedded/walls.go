package embedded

import (
	"math"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// wall is an account's failures from unknown devices. With its tag 32 bytes.
// Every name that an attacker invents has one, so it holds nothing else.
type wall struct {
	at       int64 // of units
	gapUntil int64
	units    float32 // leaking one an hour
	row      uint32  // since the last success; never leaks
}

const wallBytes = 24

const (
	// One failure of the wall leaks away an hour.
	wallLeak = time.Hour
	wallCap  = 1000
	gapFirst = 30 * time.Second
	gapMax   = time.Hour
)

type walls struct{ table[wall, *wall] }

func (r *wall) leaked(now int64) float64 {
	return max(0, float64(r.units)-max(0, float64(now-r.at)/float64(wallLeak)))
}

func (r *wall) worth(now int64) (units, age int64) {
	return max(int64(r.row), int64(math.Ceil(r.leaked(now)))), now - r.at
}

func (t *walls) read(p place, w *store.Wall, now int64) store.WallState {
	r := t.find(p)
	if r == nil {
		return store.WallState{}
	}
	// What no clock of now would have written is left of one that was ahead.
	if r.at > now+int64(clockSlack) {
		r.at = now
	}
	r.gapUntil = min(r.gapUntil, now+int64(gapMax))
	s := store.WallState{Failures: int(math.Round(r.leaked(now))), Row: int(r.row)}
	if walled(w, s) && r.gapUntil > now {
		s.Wait = time.Duration(r.gapUntil - now)
	}
	return s
}

func walled(w *store.Wall, s store.WallState) bool {
	return (w.GapFrom > 0 && s.Failures >= w.GapFrom) || (w.RowFrom > 0 && s.Row >= w.RowFrom)
}

// hit adds a failure to the wall and starts the next gap; it returns the gap
// as it was and as it is.
func (t *walls) hit(p place, w *store.Wall, now int64) (before, after int64) {
	r, _ := t.make(p, now)
	before = r.gapUntil
	r.units = float32(min(wallCap, r.leaked(now)+1))
	r.at = now
	r.row = min(wallCap, r.row+1)
	s := store.WallState{Failures: int(math.Round(float64(r.units))), Row: int(r.row)}
	switch {
	case w.RowFrom > 0 && s.Row >= w.RowFrom:
		r.gapUntil = now + int64(gapMax)
	case w.GapFrom > 0 && s.Failures >= w.GapFrom:
		gap := gapMax
		if n := s.Failures - w.GapFrom; n < 7 { // 30 s · 2^7 > 1 h
			gap = gapFirst << n
		}
		r.gapUntil = now + int64(gap)
	}
	return before, r.gapUntil
}

func (t *walls) settle(q *store.Settle, now int64) {
	r := t.find(t.of(q.Wall))
	if r == nil {
		return
	}
	if q.WallRefund {
		r.units = float32(max(0, r.leaked(now)-1))
		r.at = now
		if r.row > 0 {
			r.row--
		}
		if r.gapUntil == q.WallSet {
			r.gapUntil = q.WallGap
		}
	}
	if q.WallReset {
		r.row = 0
	}
}
