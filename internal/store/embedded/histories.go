package embedded

import (
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// history is where an account logged in from. With its tag 112 bytes. Only a
// success makes one, so no invented name ever takes its place.
type history struct {
	last      int64 // success
	successes uint32
	unsaved   uint32 // bits: unsaved, unmerged
	countries [4]uint32
	asns      [6]uint32
	families  [4]uint32
	addresses [8]uint32
}

const (
	// historyLife: half a year; older history says nothing more (Wiefling
	// et al., TOPS 2022).
	historyLife = 180 * 24 * time.Hour
	// historyGrain: within it, a success that brings nothing new but the
	// count is not written to disk at once.
	historyGrain = time.Hour
)

// What stands in history.unsaved.
const (
	// unsaved: what is on disk differs.
	unsaved = 1 << iota
	// unmerged: the row was made anew, and there may be an older one on disk.
	unmerged
)

type histories struct{ table[history, *history] }

// worth: those of one success go before others, and then the oldest. Both
// are below what is dear, where the newest would go.
func (r *history) worth(now int64) (units, age int64) {
	if now-r.last > int64(historyLife) {
		return 0, now - r.last
	}
	return int64(min(r.successes, dear-1)), now - r.last
}

func (t *histories) read(p place, now int64) store.Profile {
	r := t.find(p)
	if r == nil || r.successes == 0 || now-r.last > int64(historyLife) {
		return store.Profile{}
	}
	return store.Profile{
		Successes: int(r.successes),
		Last:      time.Unix(0, r.last),
		Countries: r.countries,
		ASNs:      r.asns,
		Families:  r.families,
		Addresses: r.addresses,
	}
}

// visit adds a success and reports whether that is worth writing to disk at
// once.
func (t *histories) visit(v *store.Visit, now int64) (tag uint64, write bool) {
	p := t.of(v.Key)
	r, fresh := t.make(p, now)
	if now-r.last > int64(historyLife) {
		*r = history{unsaved: r.unsaved}
	}
	if r.unsaved |= unsaved; fresh {
		r.unsaved |= unmerged
	}
	write = now-r.last >= int64(historyGrain)
	if r.successes < 1<<32-1 {
		r.successes++
	}
	r.last = max(r.last, now)
	for _, s := range []struct {
		set []uint32
		tag uint32
	}{{r.countries[:], v.Country}, {r.asns[:], v.ASN}, {r.families[:], v.Family}, {r.addresses[:], v.Address}} {
		if toFront(s.set, s.tag) {
			write = true
		}
	}
	return p.tag, write
}

// toFront puts tag first and lets the one seen longest ago go. It reports
// whether tag is new.
func toFront(set []uint32, tag uint32) bool {
	if tag == 0 {
		return false
	}
	i, isNew := len(set)-1, true
	for j, x := range set {
		if x == tag {
			i, isNew = j, false
			break
		}
	}
	copy(set[1:i+1], set[:i])
	set[0] = tag
	return isNew
}

// merge adds what an older record of the same account knew.
func (r *history) merge(old *history) {
	r.successes += min(old.successes, 1<<32-1-r.successes)
	r.last = max(r.last, old.last)
	append0(r.countries[:], old.countries[:])
	append0(r.asns[:], old.asns[:])
	append0(r.families[:], old.families[:])
	append0(r.addresses[:], old.addresses[:])
}

// append0 adds to the free places of set, zero at its end, what is in old and
// not in set.
func append0(set, old []uint32) {
	for _, tag := range old {
		for i, x := range set {
			if x == tag {
				break
			}
			if x == 0 {
				set[i] = tag
				break
			}
		}
	}
}
