package unguarded

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of a Table.
const (
	maxRoutes = 256
	// Sums of what was seen are halved at these, so that what a shop does
	// now outweighs what it did last month.
	routeMemory = 32
	kindMemory  = 64
	// watched is how many answers to readers are looked at after a session
	// was replaced, to learn whether this shop replaces them all the time.
	watched = 8
	// proven is how many replaced sessions make a route known for good:
	// somebody who guesses there would else drown the logins.
	proven = 3
)

// between is how often an operator hears of the same route.
const between = 24 * time.Hour

// Table counts by route what Signs found on one site. It holds at most 256
// routes and is safe for concurrent use.
//
// That a session was replaced is a weaker sign than that one was issued. It
// counts only while the shop is seen to leave sessions of the kind alone when
// somebody just reads a page, and only on a route that replaces a fair share
// of the sessions sent to it: a shop that finds a session too old replaces
// it as well, now and then, wherever it is sent.
type Table struct {
	learning atomic.Bool

	mu     sync.Mutex
	guards uint64 // what was guarded when the counts began
	left   int    // answers to readers still to be looked at
	kinds  map[string]*tally
	routes map[Route]*entry
}

// tally counts sessions that were left alone and such that were replaced.
type tally struct{ kept, replaced int }

func (t *tally) add(replaced bool, memory int) {
	if replaced {
		t.replaced++
	} else {
		t.kept++
	}
	if t.kept+t.replaced > memory {
		t.kept, t.replaced = t.kept/2, (t.replaced+1)/2
	}
}

// fair reports whether at least a quarter was replaced.
func (t *tally) fair() bool { return t.replaced > 0 && 4*t.replaced >= t.kept+t.replaced }

// stays reports whether sessions were seen to be left alone, as a rule.
func (t *tally) stays() bool { return t.kept > 0 && !t.fair() }

// entry is one route.
type entry struct {
	issued      string // what, last
	sure        int64  // issued
	kinds       map[string]*change
	first, last time.Time // seen
	asked       time.Time // any request, for making room

	told     time.Time
	reported int64
}

// change is what a route did to sessions of one kind.
type change struct {
	replaced int64
	share    tally
	proven   bool
}

// Seen is one route that issues sessions or tokens unguarded.
type Seen struct {
	Route
	// Issued is Session or Token.
	Issued string
	// Times it did, since when, and when last.
	Times       int64
	First, Last time.Time
}

// Learning reports whether Read wants to know of answers to readers.
func (t *Table) Learning() bool { return t.learning.Load() }

// Guarding says what is guarded now. If it is not what it was, the counts
// begin anew.
func (t *Table) Guarding(what uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.guards != what {
		t.guards, t.routes = what, nil
	}
}

// Read notes what the answer to somebody who only reads did to sessions. It
// reports whether sessions of a kind mean something since, so that Due may
// have more to tell.
func (t *Table) Read(f Finding) (means bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.left = max(0, t.left-1)
	for _, kind := range f.Kept {
		means = t.learn(kind, false) || means
	}
	for _, kind := range f.Replaced {
		means = t.learn(kind, true) || means
	}
	t.learning.Store(t.left > 0)
	return means
}

// learn notes what became of a session, for its kind, and reports whether it
// means something since.
func (t *Table) learn(kind string, replaced bool) bool {
	if kind == "" {
		return false
	}
	n := t.kinds[kind]
	if n == nil {
		if t.kinds == nil {
			t.kinds = make(map[string]*tally)
		}
		n = &tally{}
		t.kinds[kind] = n
	}
	before := n.stays()
	n.add(replaced, kindMemory)
	if replaced {
		t.left = watched
	}
	return !before && n.stays()
}

// Issued notes that somebody was surely signed in.
func (t *Table) Issued(now time.Time, r Route, what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entry(now, r)
	e.sure++
	e.saw(now, what)
}

// Changed notes what a request that may change something did to sessions.
func (t *Table) Changed(now time.Time, r Route, f Finding) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entry(now, r)
	for _, kind := range f.Kept {
		if kind != "" {
			e.change(kind).share.add(false, routeMemory)
		}
	}
	for _, kind := range f.Replaced {
		if kind == "" {
			continue
		}
		c := e.change(kind)
		c.share.add(true, routeMemory)
		c.replaced++
		c.proven = c.proven || c.replaced >= proven && t.means(kind, c)
		e.saw(now, Session)
		// Whoever reads next shows whether that means something.
		t.left = watched
		t.learning.Store(true)
	}
}

func (e *entry) change(kind string) *change {
	c := e.kinds[kind]
	if c == nil {
		if e.kinds == nil {
			e.kinds = make(map[string]*change)
		}
		c = &change{}
		e.kinds[kind] = c
	}
	return c
}

func (e *entry) saw(now time.Time, what string) {
	if e.first.IsZero() {
		e.first = now
	}
	e.last, e.issued = now, what
}

// means reports whether the sessions of a kind that a route replaced say that
// somebody was signed in.
func (t *Table) means(kind string, c *change) bool {
	n := t.kinds[kind]
	return n != nil && n.stays() && (c.proven || c.share.fair())
}

// times is how often a route signed somebody in. A login may replace sessions
// of two kinds at once.
func (t *Table) times(e *entry) int64 {
	var most int64
	for kind, c := range e.kinds {
		if c.replaced > most && t.means(kind, c) {
			most = c.replaced
		}
	}
	return e.sure + most
}

// entry finds a route or makes room for it.
func (t *Table) entry(now time.Time, r Route) *entry {
	e := t.routes[r]
	if e == nil {
		if t.routes == nil {
			t.routes = make(map[Route]*entry)
		}
		if len(t.routes) >= maxRoutes {
			t.makeRoom()
		}
		e = &entry{}
		t.routes[r] = e
	}
	e.asked = now
	return e
}

// makeRoom drops a route: first those that issued nothing, which anybody can
// make up, of them the one that was quiet for longest.
func (t *Table) makeRoom() {
	var drop Route
	var worst *entry
	for r, e := range t.routes {
		if worst == nil || cmp.Or(idle(e)-idle(worst), worst.asked.Compare(e.asked)) > 0 {
			drop, worst = r, e
		}
	}
	delete(t.routes, drop)
}

func idle(e *entry) int {
	if e.last.IsZero() {
		return 1
	}
	return 0
}

// List is all routes that issue sessions or tokens unguarded, those that do
// most first.
func (t *Table) List() []Seen {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []Seen
	for r, e := range t.routes {
		if n := t.times(e); n > 0 {
			all = append(all, Seen{r, e.issued, n, e.first, e.last})
		}
	}
	slices.SortFunc(all, func(a, b Seen) int {
		return cmp.Or(cmp.Compare(b.Times, a.Times), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	return all
}

// Due is what came since it was asked last: how many sessions and tokens, and
// the routes that an operator is to hear of, each once a day at most.
func (t *Table) Due(now time.Time) (more int64, tell []Seen) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for r, e := range t.routes {
		n := t.times(e)
		if n <= e.reported {
			continue
		}
		more += n - e.reported
		e.reported = n
		if e.told.IsZero() || now.Sub(e.told) >= between {
			e.told = now
			tell = append(tell, Seen{r, e.issued, n, e.first, e.last})
		}
	}
	return more, tell
}
