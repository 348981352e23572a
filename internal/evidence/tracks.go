package evidence

import (
	"math"
	"sync"
	"time"
)

// Figures of the memory for tracks.
const (
	// shapePoints is how many places a remembered shape has.
	shapePoints = 32
	// perWay is how many units of a shape the whole way is.
	perWay = 100
	// alike is how far two shapes of one track are apart at most, in units.
	alike = 9.0
	// DefaultTracks is how many tracks are remembered; TracksLife how long.
	DefaultTracks = 2048
	TracksLife    = 24 * time.Hour
)

// Tracks remembers the shapes of drags that were accepted, so that a track is
// good once: copied, stretched, slowed down or trembled a little it is still
// the same. It knows nothing of who drew a track, and from a shape nobody can
// be told: 32 places in hundredths of the way, without their times.
//
// It is bounded: of more tracks than it holds the oldest are forgotten. So
// who lets many drags of his own be accepted in between may use one again;
// what he needs for that is counted elsewhere. It is safe for concurrent use.
// There is one in a process.
type Tracks struct {
	mu   sync.Mutex
	ring []kept
	next int
}

type kept struct {
	shape shape
	until int64 // Unix seconds
}

type shape [2 * shapePoints]int8

// NewTracks returns a memory for so many tracks. Default: DefaultTracks
func NewTracks(size int) *Tracks {
	if size <= 0 {
		size = DefaultTracks
	}
	return &Tracks{ring: make([]kept, 0, size)}
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
	for i := range t.ring {
		if k := &t.ring[i]; k.until > seconds && near(&k.shape, &s) {
			return false
		}
	}
	k := kept{shape: s, until: now.Add(TracksLife).Unix()}
	if len(t.ring) < cap(t.ring) {
		t.ring = append(t.ring, k)
		return true
	}
	t.ring[t.next] = k
	t.next = (t.next + 1) % len(t.ring)
	return true
}

// near reports whether two shapes are of one track.
func near(a, b *shape) bool {
	const most = int32(alike * alike)
	var sum int32
	for i := 0; i < len(a); i += 8 {
		for j := i; j < i+8; j++ {
			d := int32(a[j]) - int32(b[j])
			sum += d * d
		}
		if sum > most {
			return false
		}
	}
	return true
}

// shapeOf is where a drag was at 32 even times, in shares of its way.
func shapeOf(r *Report) (shape, bool) {
	var s shape
	if r == nil || len(r.Track) < fewest {
		return s, false
	}
	path := moving(r.Track)
	if len(path) < fewest {
		return s, false
	}
	first, last := path[0], path[len(path)-1]
	way, took := math.Abs(last.X-first.X), last.T-first.T
	if way < 1 || took <= 0 {
		return s, false
	}
	for k, i := 0, 0; k < shapePoints; k++ {
		p := place(path, &i, first.T+took*float64(k)/(shapePoints-1))
		s[k] = unit((p.X - first.X) / way)
		s[shapePoints+k] = unit((p.Y - first.Y) / way)
	}
	return s, true
}

// unit is a share of the way in units that fit.
func unit(v float64) int8 { return int8(math.Round(min(max(v*perWay, -127), 127))) }
