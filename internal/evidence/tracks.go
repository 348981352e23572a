package evidence

import (
	"sync"
	"time"
)

// Figures of the memory for tracks.
const (
	// DefaultTracks is how many tracks are remembered, TracksLife how long.
	DefaultTracks = 2048
	TracksLife    = 24 * time.Hour
)

// Tracks remembers the shapes of drags that were accepted, so that a track is
// good once: copied, stretched, slowed down or trembled a little it is still
// the same. It knows nothing of who drew a track; a shape has no more to it
// than the places of one drag.
//
// It is bounded: of more tracks than it holds the oldest are forgotten. So
// who lets many drags of his own be accepted in between may use one again;
// what he needs for that is counted elsewhere. It is safe for concurrent use.
// There is one in a process.
type Tracks struct {
	mu sync.Mutex
	// A ring: what is looked at first by itself, the rest in shapes.
	glances []until
	shapes  []shape
	next    int
}

type until struct {
	seconds int64 // Unix
	glance
}

// NewTracks returns a memory for so many tracks. Default: DefaultTracks
func NewTracks(size int) *Tracks {
	if size <= 0 {
		size = DefaultTracks
	}
	return &Tracks{glances: make([]until, 0, size), shapes: make([]shape, 0, size)}
}

// Once reports whether a report's track is none of those of the last day, and
// remembers it then; both in one step, so that of many copies at once one is
// the first. Call it last, for drags that are otherwise accepted. A report
// without a track that can be told from others is always a first one.
func (t *Tracks) Once(now time.Time, r *Report) bool {
	s, ok := shapeOf(r)
	if !ok {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	seconds := now.Unix()
	for i := range t.glances {
		if g := &t.glances[i]; g.seconds > seconds && !s.other(&g.glance) && s.like(&t.shapes[i]) {
			return false
		}
	}
	g := until{now.Add(TracksLife).Unix(), s.glance}
	if len(t.glances) < cap(t.glances) {
		t.glances, t.shapes = append(t.glances, g), append(t.shapes, s)
		return true
	}
	t.glances[t.next], t.shapes[t.next] = g, s
	t.next = (t.next + 1) % len(t.glances)
	return true
}
