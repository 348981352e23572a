package evidence

import (
	"math"
	"slices"
)

// frame is the time between two places that a track is judged by: 60 Hz, what
// every browser delivers, whatever the mouse does.
const frame = 1000.0 / 60

// What divides tracks before they are judged.
const (
	// fewest is how many places at different times a track needs to be judged
	// at all, and few how many at 60 Hz to be judged like others.
	fewest = 4
	few    = 8
	// coarseGap is the time in ms between two places from which on speeds
	// say little: a remote desktop sends one in 110 ms.
	coarseGap = 40
	// flungStop is the speed at the end, of the peak, of who lets go in full
	// swing.
	flungStop = 0.35
	// still is the distance in px that is no move: a resting hand trembles.
	still = 0.75
)

// Kind is what tracks are judged apart by.
type Kind string

// The kinds of tracks.
const (
	Settled Kind = "settled" // came to rest at the end
	Flung   Kind = "flung"   // let go in full swing
	Coarse  Kind = "coarse"  // too few places to tell
)

// Shape is a track in figures. Zero: too little of a track to judge.
type Shape struct {
	Linear float64 // R² of the place along the bar on time
	Even   float64 // mean over peak speed
	PeakAt float64 // when speed peaks, of the time
	Tail   float64 // share of the time spent on the last 15 % of the way
	Varied float64 // standard deviation of speed over its mean
	Lean   float64 // mean share of the way that is done: 0.5 where start and end are alike
	Onset  float64 // speed of the first frame over the peak
	Stop   float64 // mean speed of the last three frames over the peak
	Slope  float64 // of down on along, absolute
	Range  float64 // how far it strays up and down, over the way
	Zigzag float64 // turns from up to down and back, a place
	// Buzz is how much each step up or down takes back of the step before,
	// beside a slow drift: 0.5 for a tremble drawn anew for each place, below
	// 0 for a hand, whose tremor is slower than 60 Hz shows.
	Buzz   float64
	Gap    float64 // usual time between two places in ms, as they came
	Places int     // how many there were at 60 Hz
}

// measures are the features that weights may name.
var measures = map[string]func(*Shape) float64{
	"linear":  func(s *Shape) float64 { return s.Linear },
	"even":    func(s *Shape) float64 { return s.Even },
	"peak_at": func(s *Shape) float64 { return s.PeakAt },
	"tail":    func(s *Shape) float64 { return s.Tail },
	"varied":  func(s *Shape) float64 { return s.Varied },
	"lean":    func(s *Shape) float64 { return s.Lean },
	"onset":   func(s *Shape) float64 { return s.Onset },
	"range":   func(s *Shape) float64 { return s.Range },
	"slope":   func(s *Shape) float64 { return s.Slope },
	"zigzag":  func(s *Shape) float64 { return s.Zigzag },
	// Steps of whole pixels may seem to take each other back where there is
	// no turn at all: there must be turns as well.
	"buzz": func(s *Shape) float64 { return min(s.Buzz, 2*s.Zigzag) },
}

// Get returns a feature by the name that weights have for it; 0 for a name
// that there is not.
func (s *Shape) Get(name string) float64 {
	if f := measures[name]; f != nil {
		return f(s)
	}
	return 0
}

// Kind says what the shape is to be judged with.
func (s *Shape) Kind() Kind {
	switch {
	case s.Gap >= coarseGap || s.Places < few:
		return Coarse
	case s.Stop >= flungStop:
		return Flung
	}
	return Settled
}

// Measure puts a track into figures: from the first move to the last, at
// 60 Hz and in whole pixels, so that neither rests at the ends nor a fast
// mouse nor a fine screen make a difference.
func Measure(track []Point) Shape { return measure(moving(track)) }

// MeasureAll puts a track into figures from the press to the release, as the
// published figures of people have it. Nothing is judged by them.
func MeasureAll(track []Point) Shape { return measure(track) }

func measure(track []Point) Shape {
	xs, ys := resample(track)
	n := len(xs)
	if len(track) < fewest || n < fewest || xs[n-1] <= xs[0] {
		return Shape{}
	}
	s := Shape{Places: n, Gap: usualGap(track), Linear: linear(xs), Tail: tail(xs), Buzz: buzz(track)}
	s.speed(xs, ys)
	s.height(xs, ys)
	for _, x := range xs {
		s.Lean += (x - xs[0]) / (xs[n-1] - xs[0]) / float64(n)
	}
	return s
}

// speed fills in what speeds say.
func (s *Shape) speed(xs, ys []float64) {
	speeds := make([]float64, len(xs)-1)
	var sum, peak float64
	for i := range speeds {
		speeds[i] = math.Hypot(xs[i+1]-xs[i], ys[i+1]-ys[i])
		sum += speeds[i]
		if speeds[i] > peak {
			peak = speeds[i]
			s.PeakAt = (float64(i) + 0.5) / float64(len(speeds))
		}
	}
	mean, square := sum/float64(len(speeds)), 0.0
	for _, v := range speeds {
		square += (v - mean) * (v - mean)
	}
	s.Even = mean / peak
	s.Varied = math.Sqrt(square/float64(len(speeds))) / mean
	s.Onset = speeds[0] / peak
	end := speeds[max(0, len(speeds)-3):]
	for _, v := range end {
		s.Stop += v / peak / float64(len(end))
	}
}

// height fills in what going up and down says.
func (s *Shape) height(xs, ys []float64) {
	slope, _ := fit(xs, ys)
	s.Slope = math.Abs(slope)
	lo, hi, last, turns := ys[0], ys[0], 0.0, 0
	for i := 1; i < len(ys); i++ {
		lo, hi = min(lo, ys[i]), max(hi, ys[i])
		if d := ys[i] - ys[i-1]; d != 0 {
			if d*last < 0 {
				turns++
			}
			last = d
		}
	}
	s.Range = (hi - lo) / (xs[len(xs)-1] - xs[0])
	s.Zigzag = float64(turns) / float64(len(ys))
}

// moving is the part of a track from the last place before it moves to the
// first where it has come to rest. Places come when there is a new one, so
// the move began no longer before its first place than they usually come. Of
// places at one time, as blurred clocks have them, the last stays.
func moving(track []Point) []Point {
	from, to := 0, len(track)-1
	for from < to && distance(track[from+1], track[0]) < still {
		from++
	}
	for to > from && distance(track[to-1], track[len(track)-1]) < still {
		to--
	}
	path := make([]Point, 0, to-from+1)
	for i := from; i <= to; i++ {
		if n := len(path); n > 1 && path[n-1].T == track[i].T {
			path = path[:n-1]
		}
		path = append(path, track[i])
	}
	if len(path) > 2 {
		path[0].T = max(path[0].T, path[1].T-usualGap(path[1:]))
	}
	return path
}

func distance(a, b Point) float64 { return math.Hypot(a.X-b.X, a.Y-b.Y) }

// usualGap is the median time between two places, at least that of a fast
// mouse.
func usualGap(path []Point) float64 {
	gaps := make([]float64, 0, len(path))
	for i := 1; i < len(path); i++ {
		gaps = append(gaps, path[i].T-path[i-1].T)
	}
	if len(gaps) == 0 {
		return 0
	}
	return max(median(gaps), 1)
}

// resample puts a track on a grid of 60 Hz and of whole pixels.
func resample(track []Point) (xs, ys []float64) {
	if len(track) < 2 {
		return nil, nil
	}
	start, last := track[0].T, track[len(track)-1]
	n := int(min((last.T-start)/frame, 4096)) + 1
	xs, ys = make([]float64, 0, n+1), make([]float64, 0, n+1)
	for k, i := 0, 0; k < n; k++ {
		p := place(track, &i, start+float64(k)*frame)
		xs, ys = append(xs, math.Round(p.X)), append(ys, math.Round(p.Y))
	}
	return append(xs, math.Round(last.X)), append(ys, math.Round(last.Y))
}

// place is where a track of at least two points is at a time. from is the
// index of a point before it, and is moved on.
func place(track []Point, from *int, t float64) Point {
	i := *from
	for i < len(track)-2 && track[i+1].T <= t {
		i++
	}
	*from = i
	a, b := track[i], track[i+1]
	part := 1.0
	if b.T > a.T {
		part = min(max((t-a.T)/(b.T-a.T), 0), 1)
	}
	return Point{T: t, X: a.X + part*(b.X-a.X), Y: a.Y + part*(b.Y-a.Y)}
}

// linear is R² of a straight line through places at even times.
func linear(xs []float64) float64 {
	ts := make([]float64, len(xs))
	for i := range ts {
		ts[i] = float64(i)
	}
	_, r2 := fit(ts, xs)
	return r2
}

// fit is the slope of y on x, and R².
func fit(x, y []float64) (slope, r2 float64) {
	n := float64(len(x))
	var mx, my float64
	for i := range x {
		mx += x[i] / n
		my += y[i] / n
	}
	var xx, xy, yy float64
	for i := range x {
		xx += (x[i] - mx) * (x[i] - mx)
		xy += (x[i] - mx) * (y[i] - my)
		yy += (y[i] - my) * (y[i] - my)
	}
	if xx == 0 {
		return 0, 0
	}
	if yy == 0 {
		return 0, 1
	}
	return xy / xx, xy * xy / (xx * yy)
}

// tail is the share of the time after 85 % of the way were done for good.
func tail(xs []float64) float64 {
	n := len(xs)
	mark := xs[0] + 0.85*(xs[n-1]-xs[0])
	i := n - 1
	for i > 0 && xs[i-1] >= mark {
		i--
	}
	return float64(n-1-i) / float64(n-1)
}

// buzz is Shape.Buzz of the places as they came; 0 for a track that hardly
// goes up and down.
func buzz(track []Point) float64 {
	const around, enough = 3, 6
	steps, moves := make([]float64, 0, len(track)), 0
	for i := 1; i < len(track); i++ {
		d := track[i].Y - track[i-1].Y
		if d != 0 {
			moves++
		}
		steps = append(steps, d)
	}
	if moves < enough {
		return 0
	}
	var both, square, last float64
	for i, d := range steps {
		near := steps[max(0, i-around):min(len(steps), i+around+1)]
		for _, other := range near {
			d -= other / float64(len(near))
		}
		both += d * last
		square += d * d
		last = d
	}
	if square == 0 {
		return 0
	}
	return -both / square
}

// median sorts v.
func median(v []float64) float64 {
	slices.Sort(v)
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}
