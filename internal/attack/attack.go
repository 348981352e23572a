// Package attack notices that a site is under attack, and that the attack is
// over, from what its logins meet one after the other.
//
// It decides on nothing. How much of the logins is an attack is estimated in
// package ledger and scored in package risk; here somebody is told, once when
// it begins and once when it ends. It holds counts and no address or account.
package attack

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/login-guard/login-guard/internal/risk"
)

const (
	// startSite and startSlice are shares of attack from which an attempt is
	// loud: of the whole site, or of a network, operator or make of client,
	// of which fewer logins are known. Without an attack a site's share
	// stayed below 0.17 in all that the generator makes of everyday, rush,
	// office and phone networks (`make eval`).
	startSite  = 0.3
	startSlice = 0.5
	// Below staySite and staySlice an attempt does not prolong an attack.
	staySite  = 0.2
	staySlice = 0.35
	// enough loud attempts are an attack, none more than Calm after the one
	// before.
	enough = 5
	// Calm is how long no attempt may have prolonged an attack until it is
	// over.
	Calm = 30 * time.Minute
	// maxCodes bounds the codes that are counted, topCodes those told.
	maxCodes = 64
	topCodes = 3
)

// Seen is what one attempt came to.
type Seen struct {
	// Facts it was judged by; nil where it was refused without a look.
	Facts *risk.Facts
	// Would is what it met, or would have met in enforcing mode.
	Would   risk.Action
	Reasons []risk.Reason
	// Again: it is the same attempt, back with the answer to its check.
	Again bool
	// Succeeded and Failed are the shop's answer; neither: not known, or the
	// shop was not asked.
	Succeeded, Failed bool
}

// Attack is one attack on a site. All logins since its first sign are in it,
// customers' too.
type Attack struct {
	Since time.Time `json:"since"`
	// Until is when it was last seen; zero as long as it lasts.
	Until time.Time `json:"until,omitzero"`
	// Share is the largest estimate so far of the share of attack among the
	// logins of strangers, 0 to 1: of the site, a network, an operator or a
	// make of client.
	Share float64 `json:"share"`
	// Attempts, and how many of them were asked for a check, refused, and
	// failed at the shop.
	Attempts   int `json:"attempts"`
	Challenged int `json:"challenged"`
	Refused    int `json:"refused"`
	Failed     int `json:"failed"`
	// Reasons are the codes most often given, the most frequent first.
	Reasons []string `json:"reasons"`
}

// Change is an attack that has begun, or one that is over.
type Change struct {
	Attack
	Over bool
}

// Watch watches one site. Its zero value is ready; it is safe for concurrent
// use. Time is what it is told: the gateway's, or a log's.
type Watch struct {
	mu    sync.Mutex
	on    bool
	begun bool // something was loud, and may become an attack
	loud  int
	heard time.Time // the last attempt that prolongs it
	now   Attack
	codes map[string]int
	last  Attack // the one before, zero without
}

// Note takes in an attempt and returns what changed by it, mostly nothing.
func (w *Watch) Note(now time.Time, s Seen) []Change {
	w.mu.Lock()
	defer w.mu.Unlock()
	changes := w.tickLocked(now)
	site, slice := shares(s.Facts)
	suspect := s.Facts != nil && !s.Facts.DeviceKnown && !s.Facts.AddressSucceeded && !s.Succeeded && !s.Again
	loud := suspect && (site >= startSite || slice >= startSlice)
	if loud && !w.begun {
		w.begun, w.loud, w.codes = true, 0, make(map[string]int)
		w.now = Attack{Since: now}
	}
	if !w.begun {
		return changes
	}
	w.count(&s)
	switch {
	case loud:
		w.loud++
		w.now.Share = max(w.now.Share, site, slice)
		w.heard = now
	case suspect && (site >= staySite || slice >= staySlice):
		w.heard = now
	case s.Again && s.Succeeded && !w.on && w.loud > 0:
		w.loud-- // it was loud when it was asked, and no attacker's
	}
	if !w.on && w.loud >= enough {
		w.on = true
		changes = append(changes, Change{Attack: w.snapshot()})
	}
	return changes
}

// shares are the site's share of attack and the largest of the others'.
func shares(f *risk.Facts) (site, slice float64) {
	if f == nil {
		return 0, 0
	}
	return number(f.SiteAttack), max(number(f.NetworkAttack), number(f.ASNAttack), number(f.ClientAttack))
}

// number is a share that can be compared and told.
func number(x float64) float64 {
	if !(x > 0) {
		return 0
	}
	return math.Min(x, 1)
}

// count adds an attempt to the attack that is watched.
func (w *Watch) count(s *Seen) {
	if s.Failed {
		w.now.Failed++
	}
	if s.Again {
		return
	}
	w.now.Attempts++
	switch s.Would {
	case risk.Allow:
		return
	case risk.Slider, risk.Picture, risk.SecondFactor:
		w.now.Challenged++
	default:
		w.now.Refused++
	}
	for _, r := range s.Reasons {
		if _, known := w.codes[r.Code]; r.Points > 0 && (known || len(w.codes) < maxCodes) {
			w.codes[r.Code]++
		}
	}
}

// Tick ends an attack that has been over for long enough, also when nobody
// logs in any more. Its owner calls it now and then.
func (w *Watch) Tick(now time.Time) []Change {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tickLocked(now)
}

func (w *Watch) tickLocked(now time.Time) []Change {
	if !w.begun || now.Sub(w.heard) < Calm {
		return nil
	}
	was := w.on
	w.on, w.begun = false, false
	if !was {
		return nil // a few loud attempts that came to nothing
	}
	w.last = w.snapshot()
	w.last.Until = w.heard
	return []Change{{Attack: w.last, Over: true}}
}

// Now is the attack that goes on, if one does, and Last the one before, zero
// without.
func (w *Watch) Now() (attack Attack, on bool, last Attack) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on {
		attack = w.snapshot()
	}
	return attack, w.on, w.last
}

// snapshot is the attack as it stands.
func (w *Watch) snapshot() Attack {
	a := w.now
	a.Reasons = make([]string, 0, len(w.codes))
	for code := range w.codes {
		a.Reasons = append(a.Reasons, code)
	}
	slices.SortFunc(a.Reasons, func(x, y string) int {
		return cmp.Or(cmp.Compare(w.codes[y], w.codes[x]), cmp.Compare(x, y))
	})
	a.Reasons = a.Reasons[:min(topCodes, len(a.Reasons))]
	return a
}
