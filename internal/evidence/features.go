package evidence

import "math"

// frame is the time between two places that a track is judged by: 60 Hz, what
// every browser delivers, whatever the mouse does.
const frame = 1000.0 / 60

// least is how many places a track needs to be judged at all.
const least = 5

// Shape is a track in figures. Zero: too little of a track to judge.
type Shape struct {
	// Linear is R² of the place along the bar on time.
	Linear float64
	// Even is mean over peak speed.
	Even float64
	// PeakAt is when speed peaks, Tail the share of the time spent on the
	// last 15 % of the way, both from 0 to 1.
	PeakAt, Tail float64
	// Varied is the standard deviation of speed over its mean.
	Varied float64
	// Slope is how steep the track runs, absolute; Range how far it strays up
	// and down; both over the distance.
	Slope, Range float64
	// Zigzag is how often a place turns from up to down or back.
	Zigzag float64
	// Places is how many places there were to judge by.
	Places int
}

var measures = map[string]func(*Shape) float64{
	"linear":  func(s *Shape) float64 { return s.Linear },
	"even":    func(s *Shape) float64 { return s.Even },
	"peak_at": func(s *Shape) float64 { return s.PeakAt },
	"tail":    func(s *Shape) float64 { return s.Tail },
	"varied":  func(s *Shape) float64 { return s.Varied },
	"slope":   func(s *Shape) float64 { return s.Slope },
	"range":   func(s *Shape) float64 { return s.Range },
	"zigzag":  func(s *Shape) float64 { return s.Zigzag },
}

// Measure puts a track into figures: from the first move to the last, at
// 60 Hz and in whole pixels, so that neither a fast mouse nor a fine screen
// makes a difference.
func Measure(track []Point) Shape {
	xs, ys := resample(moving(track))
	n := len(xs)
	if n < least {
		return Shape{}
	}
	way := xs[n-1] - xs[0]
	if way <= 0 {
		return Shape{}
	}
	s := Shape{Places: n}
	speeds := make([]float64, n-1)
	var sum, peak float64
	for i := range speeds {
		speeds[i] = math.Hypot(xs[i+1]-xs[i], ys[i+1]-ys[i])
		sum += speeds[i]
		if speeds[i] > peak {
			peak = speeds[i]
			s.PeakAt = (float64(i) + 0.5) / float64(n-1)
		}
	}
	mean := sum / float64(n-1)
	s.Even = mean / peak
	var square float64
	for _, v := range speeds {
		square += (v - mean) * (v - mean)
	}
	s.Varied = math.Sqrt(square/float64(n-1)) / mean
	s.Linear, s.Tail = linear(xs), tail(xs)
	slope, _ := fit(xs, ys)
	s.Slope = math.Abs(slope)
	lo, hi, last, turns := ys[0], ys[0], 0.0, 0
	for i := 1; i < n; i++ {
		lo, hi = min(lo, ys[i]), max(hi, ys[i])
		if d := ys[i] - ys[i-1]; d != 0 {
			if d*last < 0 {
				turns++
			}
			last = d
		}
	}
	s.Range = (hi - lo) / way
	s.Zigzag = float64(turns) / float64(n)
	return s
}

// still is the distance in px that is no move: a pointer that rests trembles.
const still = 0.75

// moving is the part of a track from the last place before it moves to the
// first where it has come to rest.
func moving(track []Point) []Point {
	from, to := 0, len(track)-1
	for from < to && apartFrom(track[from+1], track[0]) < still {
		from++
	}
	for to > from && apartFrom(track[to-1], track[len(track)-1]) < still {
		to--
	}
	return track[from : to+1]
}

func apartFrom(a, b Point) float64 { return math.Hypot(a.X-b.X, a.Y-b.Y) }

// resample puts a track on a grid of 60 Hz and of whole pixels.
func resample(track []Point) (xs, ys []float64) {
	if len(track) < 2 {
		return nil, nil
	}
	start, end := track[0].T, track[len(track)-1].T
	n := min(int((end-start)/frame)+1, 4096)
	xs, ys = make([]float64, 0, n+1), make([]float64, 0, n+1)
	i := 0
	for k := range n {
		t := start + float64(k)*frame
		for i < len(track)-2 && track[i+1].T <= t {
			i++
		}
		a, b := track[i], track[i+1]
		part := 1.0
		if b.T > a.T {
			part = min(max((t-a.T)/(b.T-a.T), 0), 1)
		}
		xs = append(xs, math.Round(a.X+part*(b.X-a.X)))
		ys = append(ys, math.Round(a.Y+part*(b.Y-a.Y)))
	}
	last := track[len(track)-1]
	return append(xs, math.Round(last.X)), append(ys, math.Round(last.Y))
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
