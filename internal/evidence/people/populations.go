package people

// bar is the way of our slider in px, from a narrow window to a wide one.
var bar = [2]float64{210, 400}

// All returns the populations that weights are derived from. The first has
// published figures throughout (see Published), those after it in part; the
// others are the same people with another device, another speed, another
// hand, and on a bar that leads straight to the right, where nobody aims at
// anything above or below.
func All() []Style {
	all, _ := styles()
	return all
}

// Others returns populations that no weights are derived from: people who
// move in ways that those of All do not.
func Others() []Style {
	_, others := styles()
	return others
}

func styles() (all, others []Style) {
	desk := Style{
		Way: [2]float64{150, 350}, Took: 512, Spread: 0.45, Rest: 0.15, Hold: 0.38,
		Burst: 0.56, BurstSpread: 0.42, Reach: [2]float64{0.7, 1}, Slant: 0.13, Arc: 0.04, Drift: 3, Tremor: 0.1,
		Frame: 1000.0 / 60, Late: 0.1, Pixel: 1, Fling: 0.05,
	}
	slider := desk
	slider.Way, slider.Slant, slider.Arc, slider.Drift, slider.Tremor = bar, 0.03, 0.025, 2.5, 0.15
	to := &all
	add := func(name string, of Style, change func(*Style)) {
		of.Name = name
		change(&of)
		*to = append(*to, of)
	}
	add("desktop tasks, 150-350 px", desk, func(*Style) {})
	add("desktop tasks, 350-900 px", desk, func(s *Style) { s.Way, s.Took = [2]float64{350, 900}, 760 })
	add("puzzle sliders", slider, func(s *Style) {
		s.Way, s.Took, s.Spread, s.Frame = [2]float64{100, 260}, 1936, 0.203, 33.3
	})
	add("administrators, 15.6 ms", desk, func(s *Style) { s.Frame, s.Took, s.Spread = 15.6, 640, 0.55 })
	add("administrators, 110 ms", desk, func(s *Style) { s.Frame, s.Took, s.Spread, s.Late = 110, 700, 0.5, 0.05 })
	add("our bar", slider, func(*Style) {})
	add("our bar, slow", slider, func(s *Style) { s.Took, s.Spread, s.Fling = 3500, 0.5, 0 })
	add("our bar, quick", slider, func(s *Style) { s.Took, s.Spread, s.Fling, s.Hold = 290, 0.25, 0.15, 0.2 })
	add("our bar, short", slider, func(s *Style) { s.Way, s.Took = [2]float64{120, 200}, 430 })
	add("our bar, jerky", slider, func(s *Style) {
		s.Reach, s.Drift, s.Arc, s.Took, s.Tremor = [2]float64{0.2, 0.8}, 7, 0.06, 1300, 0.5
	})
	add("our bar, tremor", slider, func(s *Style) { s.Tremor, s.Took = 2, 1100 })
	add("our bar, touchpad", slider, func(s *Style) { s.Burst, s.Took, s.Spread, s.Slant, s.Hold = 0.75, 850, 0.4, 0.04, 0.25 })
	add("our bar, remote desktop", slider, func(s *Style) { s.Frame, s.Took, s.Late = 110, 800, 0.05 })
	add("our bar, 1000 Hz", slider, func(s *Style) { s.Between, s.Late = 15, 0.3 })
	add("our bar, dpr 1.25", slider, func(s *Style) { s.Pixel, s.Between = 0.8, 1 })
	add("our bar, dpr 1.5", slider, func(s *Style) { s.Pixel = 1 / 1.5 })
	add("our bar, dpr 2", slider, func(s *Style) { s.Pixel, s.Between = 0.5, 3 })
	add("our bar, whole CSS pixels and ms", slider, func(s *Style) { s.Blur = 1 })
	add("our bar, clock blurred to 16.7 ms", slider, func(s *Style) { s.Blur = 1000.0 / 60 })
	add("our bar, clock blurred to 100 ms", slider, func(s *Style) { s.Blur = 100 })
	add("our bar, 30 Hz", slider, func(s *Style) { s.Frame, s.Late = 33.3, 0.4 })

	to = &others
	add("smooth strokes", slider, func(s *Style) { s.Smooth, s.Burst = true, 0.45 })
	add("smooth strokes, desktop tasks", desk, func(s *Style) { s.Smooth, s.Burst = true, 0.45 })
	add("smooth strokes, quick", slider, func(s *Style) { s.Smooth, s.Burst, s.Took, s.Spread = true, 0.45, 320, 0.3 })
	add("stops on the way", slider, func(s *Style) { s.Pause, s.Took = 0.7, 700 })
	add("pressed in motion", slider, func(s *Style) { s.Running = 1 })
	add("straighter than most", slider, func(s *Style) { s.Slant, s.Arc, s.Drift, s.Tremor = 0.008, 0.006, 0.8, 0.05 })
	add("tremor of 5 px", slider, func(s *Style) { s.Tremor, s.Took = 5, 1600 })
	add("one steady pull", slider, func(s *Style) {
		s.Burst, s.BurstSpread, s.Reach, s.Took = 0.8, 0.2, [2]float64{0.9, 1}, 900
	})
	return all, others
}
