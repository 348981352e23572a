package embedded

import (
	"math"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// profile is an account's history and its wall. 144 bytes.
type profile struct {
	fp        uint64
	last      int64 // last success
	successes uint32

	row      uint32 // failures from unknown devices since the last success
	units    float32
	unitsAt  int64
	gapUntil int64

	countries [4]uint32
	asns      [6]uint32
	families  [4]uint32
	addresses [8]uint32
}

const (
	// historyLife: half a year; older history says nothing more (Wiefling
	// et al., TOPS 2022).
	historyLife = 180 * 24 * time.Hour
	// One failure of the wall leaks away an hour.
	wallLeak = time.Hour
	wallCap  = 1000
	gapFirst = 30 * time.Second
	gapMax   = time.Hour
)

type profiles struct{ table[profile, *profile] }

func (r *profile) print() uint64 { return r.fp }

// make returns k's row, in place of an account that never succeeded and has
// the lowest wall where there is no room: names that an attacker invents
// push out each other first, and no penalised account.
func (t *profiles) make(k store.Key, now int64) *profile {
	r, rows, fp := t.find(k)
	if r != nil {
		return r
	}
	worth := func(p *profile) float64 {
		if p.fp == 0 {
			return -1
		}
		w := leaked(p, now)
		if p.successes > 0 && now-p.last < int64(historyLife) {
			w += 2
		}
		return w
	}
	r = &rows[0]
	for i := range rows {
		if worth(&rows[i]) < worth(r) {
			r = &rows[i]
		}
	}
	if r.fp != 0 {
		t.evicted++
	}
	*r = profile{fp: fp}
	return r
}

func (t *profiles) read(k store.Key, now int64) store.Profile {
	r, _, _ := t.find(k)
	if r == nil || r.successes == 0 || now-r.last > int64(historyLife) {
		return store.Profile{}
	}
	return store.Profile{
		Successes: int(r.successes),
		Countries: r.countries,
		ASNs:      r.asns,
		Families:  r.families,
		Addresses: r.addresses,
	}
}

func (t *profiles) visit(v store.Visit, now int64) {
	r := t.make(v.Key, now)
	if now-r.last > int64(historyLife) {
		r.successes = 0
		r.countries, r.asns, r.families, r.addresses = [4]uint32{}, [6]uint32{}, [4]uint32{}, [8]uint32{}
	}
	r.successes++
	r.last = now
	toFront(r.countries[:], v.Country)
	toFront(r.asns[:], v.ASN)
	toFront(r.families[:], v.Family)
	toFront(r.addresses[:], v.Address)
}

// toFront puts tag first and lets the one seen longest ago go.
func toFront(set []uint32, tag uint32) {
	if tag == 0 {
		return
	}
	i := len(set) - 1
	for j, x := range set {
		if x == tag {
			i = j
			break
		}
	}
	copy(set[1:i+1], set[:i])
	set[0] = tag
}

func leaked(r *profile, now int64) float64 {
	return max(0, float64(r.units)-max(0, float64(now-r.unitsAt)/float64(wallLeak)))
}

func (t *profiles) wall(w store.Wall, now int64) store.WallState {
	r, _, _ := t.find(w.Key)
	if r == nil {
		return store.WallState{}
	}
	units := int(math.Round(leaked(r, now)))
	s := store.WallState{Failures: units, Row: int(r.row)}
	if walled(w, s) && r.gapUntil > now {
		s.Wait = time.Duration(r.gapUntil - now)
	}
	return s
}

func walled(w store.Wall, s store.WallState) bool {
	return (w.GapFrom > 0 && s.Failures >= w.GapFrom) || (w.RowFrom > 0 && s.Row >= w.RowFrom)
}

// hit adds a failure to the wall and starts the next gap; it returns the gap
// as it was and as it is.
func (t *profiles) hit(w store.Wall, now int64) (before, after int64) {
	r := t.make(w.Key, now)
	before = r.gapUntil
	r.units = float32(min(wallCap, leaked(r, now)+1))
	r.unitsAt = now
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

func (t *profiles) settleWall(q *store.Settle, now int64) {
	r, _, _ := t.find(q.Wall)
	if r == nil {
		return
	}
	if q.WallRefund {
		r.units = float32(max(0, leaked(r, now)-1))
		r.unitsAt = now
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

func (t *profiles) dropWall(k store.Key) {
	if r, _, _ := t.find(k); r != nil {
		r.row, r.units, r.gapUntil = 0, 0, 0
	}
}
