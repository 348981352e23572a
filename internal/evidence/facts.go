package evidence

import (
	"math"
	"time"
)

// What is a fact. Times in ms.
const (
	instant  = 25  // no finger presses and lets go of a key or button in less
	quick    = 120 // a drag: the quickest in a hundred lasts 177
	rushAway = 30  // from the press to the first move
	rushOff  = 20  // from the last move to the release
	slack    = 100 // clocks run differently, and timers are coarse
	singles  = 8   // moves before "each is exactly one event" says something
	blur     = 100 // the coarsest clock that a browser shows
	leastWay = 30  // px: the page takes less for a press at the bar's end
)

// common are the facts of every way.
func (s *sum) common(r *Report, way string, elapsed time.Duration) {
	if r.Untrusted > 0 {
		s.fact(CodeUntrusted)
	}
	if r.Webdriver {
		s.tool(CodeWebdriver)
	}
	if ms := float64(elapsed) / float64(time.Millisecond); elapsed > 0 && r.lasted(way) > ms*1.02+slack {
		s.fact(CodeClock)
	}
}

// lasted is how long the answer took by the page's clock at least, in ms.
func (r *Report) lasted(way string) float64 {
	switch n := len(r.Track); {
	case way == wayPress && r.Click != nil:
		return r.Click.Held
	case way == wayKeyboard:
		if n := len(r.Keys); n > 0 {
			return r.Keys[n-1].Held
		}
	case n > 0:
		return r.Track[n-1].T
	}
	return 0
}

// drag judges a slider that was dragged.
func (s *sum) drag(r *Report, way string) {
	if kind := map[string]string{wayPointer: "mouse"}[way]; r.Type != "" && r.Type != kind && r.Type != way {
		s.fact(CodeMismatch)
		return
	}
	n := len(r.Track)
	if n < 2 || r.Track[n-1].X < leastWay {
		// The page sends what the pointer did with every drag.
		s.fact(CodeMismatch)
		return
	}
	if way == wayPointer {
		s.mouse(r)
	}
	if r.Track[n-1].T+blurred(r.Track) < quick {
		s.fact(CodeQuick)
	}
	if places(r.Track) < 2 {
		s.fact(CodeOneMove)
		return
	}
	s.track(r, way)
}

// blurred is how much later something may have been than a track's clock has
// it: browsers that hide who uses them show a time in 100 ms.
func blurred(track []Point) float64 {
	for _, p := range track {
		if math.Mod(p.T, blur) != 0 {
			return 0
		}
	}
	return blur
}

// mouse are the facts of a mouse that was dragged.
func (s *sum) mouse(r *Report) {
	if r.Pressure != nil && *r.Pressure == 0 {
		s.fact(CodePressure)
	}
	if r.Before < 2 {
		s.tool(CodeHover)
	}
	if c := r.Coalesced; c[1] > 0 {
		switch {
		case c[0] == 0:
			s.tool(CodeUncoupled)
		case c[0] == c[1] && c[1] >= singles:
			s.tool(CodeSingle)
		}
	}
	if n := len(r.Track); n > 3 && r.Track[1].T < rushAway && r.Track[n-1].T-r.Track[n-2].T < rushOff && blurred(r.Track) == 0 {
		s.tool(CodeRush)
	}
	if r.fractions() {
		s.tool(CodeFractions)
	}
}

// fractions reports whether the track is neither in whole CSS pixels nor in
// whole pixels of the device. Places are told in tenths, and a frame in
// another page may itself lie at a fraction: only differences count.
func (r *Report) fractions() bool {
	dpr := r.DPR
	if dpr <= 0 {
		dpr = 1
	}
	var steps, off int
	for i := 1; i < len(r.Track); i++ {
		d := r.Track[i].X - r.Track[0].X
		if r.Track[i].X == r.Track[i-1].X {
			continue
		}
		steps++
		if apart(d) > 0.07 && apart(d*dpr) > 0.07*max(dpr, 1) {
			off++
		}
	}
	return steps >= 5 && off*2 > steps
}

// apart is how far a number is from a whole one.
func apart(v float64) float64 { return math.Abs(v - math.Round(v)) }

// places is how many places a track has that are neither where it was pressed
// nor where it was let go.
func places(track []Point) int {
	n := 0
	for _, p := range track {
		if distance(p, track[0]) >= still && distance(p, track[len(track)-1]) >= still {
			n++
		}
	}
	return n
}

// keyboard judges a slider moved by keys, or by assistive technology without
// any: then there is nothing to see, and nothing counts.
func (s *sum) keyboard(r *Report) {
	if len(r.Keys) == 0 && r.Inputs == 0 && r.Untrusted == 0 {
		s.fact(CodeMismatch)
		return
	}
	if held, known := usualHold(r.Keys); known && held < instant {
		s.fact(CodeInstantKey)
	}
	if len(r.Keys) > 0 {
		s.noWay(r)
	}
}

// noWay is for a browser that says it is driven, and nothing else: a key on
// the bar or the button without any before it, and no pointer either. Drivers
// put the focus where they want it, and how long they hold a key depends on
// how busy the machine is. A screen reader and a dialog put it there too, so
// that in a browser of a person's own it says nothing.
func (s *sum) noWay(r *Report) {
	if r.Webdriver && r.Before < 2 {
		s.fact(CodeNoWay)
	}
}

// usualHold is the median time a key was held.
func usualHold(keys []Key) (float64, bool) {
	var held []float64
	for _, k := range keys {
		if k.Held >= 0 {
			held = append(held, k.Held)
		}
	}
	if len(held) == 0 {
		return 0, false
	}
	return median(held), true
}

// press judges the button, and a click on the end of the bar. Screen readers
// click without a press, or with one of no length at the middle of the
// button; so neither says much by itself.
func (s *sum) press(r *Report) {
	held := -1.0
	switch {
	case r.Click != nil:
		held = r.Click.Held
		if r.Click.Detail == 0 && held < 0 {
			// By a key, or by no event at all.
			if held, known := usualHold(r.Keys); known {
				if held < instant {
					s.fact(CodeInstantKey)
				}
				s.noWay(r)
			}
			return
		}
	case len(r.Track) > 1:
		held = r.Track[len(r.Track)-1].T
	default:
		s.fact(CodeMismatch)
		return
	}
	if held >= 0 && held < instant {
		s.fact(CodeInstant)
	}
	if r.Type == "mouse" && r.Before < 2 {
		s.tool(CodeHover)
		s.noWay(r)
	}
}
