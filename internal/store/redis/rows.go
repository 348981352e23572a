package redis

import (
	"math"
	"math/bits"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

const (
	day = 24 * time.Hour
	// historyLife: half a year; older history says nothing more (Wiefling
	// et al., TOPS 2022).
	historyLife = 180 * day
)

// readTally reads a tally as lua/settle.lua writes it, aged to now.
func readTally(row string, a store.Ask, now float64) (t store.Tally) {
	if row == "" {
		return t
	}
	u := unblob{b: row}
	last := u.double()
	t.Failures, t.Successes = u.float(), u.float()
	failed, succeeded := u.uint32(), u.uint32()
	fail := [2]uint64{u.uint64(), u.uint64()}
	succ := [2]uint64{u.uint64(), u.uint64()}
	if u.short {
		return store.Tally{}
	}
	if half := micros(a.HalfLife); half > 0 && now > last {
		left := math.Exp2((last - now) / half)
		t.Failures *= left
		t.Successes *= left
	}
	t.FailedOf = distinct(fail, failed, epoch(now, a.Window))
	t.SucceededOf = distinct(succ, succeeded, epoch(now, day))
	return t
}

// epoch numbers the half windows.
func epoch(now float64, window time.Duration) uint32 {
	if window <= 0 {
		return 0
	}
	return uint32(uint64(now / halfWindow(window)))
}

// halfWindow is half a window in microseconds.
func halfWindow(window time.Duration) float64 { return micros(window / 2) }

func distinct(m [2]uint64, at, now uint32) int {
	var all uint64
	switch now {
	case at:
		all = m[0] | m[1]
	case at + 1:
		all = m[0]
	}
	return estimate(bits.OnesCount64(all))
}

// readProfile reads a profile as lua/settle.lua writes it.
func readProfile(row string, now float64) (p store.Profile) {
	if row == "" {
		return p
	}
	u := unblob{b: row}
	last := u.double()
	p.Successes = int(u.uint32())
	p.Last = time.UnixMicro(int64(last))
	for _, set := range [][]uint32{p.Countries[:], p.ASNs[:], p.Families[:], p.Addresses[:]} {
		for i := range set {
			set[i] = u.uint32()
		}
	}
	if u.short || now-last > micros(historyLife) {
		return store.Profile{}
	}
	return p
}

// readMark reads a mark: until when it counts, and its time.
func readMark(row string, now float64) time.Time {
	if row == "" {
		return time.Time{}
	}
	u := unblob{b: row}
	until := u.double()
	sec, nsec := int64(u.uint64()), int64(u.uint32())
	if u.short || until <= now {
		return time.Time{}
	}
	return time.Unix(sec, nsec)
}

// packTime is a time as readMark reads it.
func packTime(t time.Time) []byte {
	var b blob
	sec := uint64(t.Unix())
	b.uint32(uint32(sec))
	b.uint32(uint32(sec >> 32))
	b.uint32(uint32(t.Nanosecond()))
	return b
}

// estimate is how many distinct others set x of 64 bits (linear counting,
// Whang et al. 1990).
func estimate(x int) int {
	if x >= 64 {
		return 300 // past what 64 bits can tell
	}
	return int(math.Round(64 * math.Log(64/float64(64-x))))
}
