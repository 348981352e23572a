package people

// Published are the 5th, 50th and 95th percentile of what people did who
// dragged 150 to 350 px, mostly sideways, in tasks at a desktop: SapiMouse
// (Antal, Fejér, Buza 2021), 120 people, places logged by a browser at 60 Hz,
// from the press to the release. They were counted for this project from the
// public set; the tracks are not here.
var Published = map[string][3]float64{
	"took":    {250, 512, 1089}, // ms; 1st and 99th: 177, 1585
	"points":  {13, 24, 54},
	"step":    {0, 42, 90}, // the largest, px; the 5th was not counted
	"linear":  {0.45, 0.76, 0.91},
	"even":    {0.12, 0.23, 0.40},
	"peak_at": {0.13, 0.23, 0.44},
	"tail":    {0.32, 0.58, 0.78},
	"varied":  {0.85, 1.36, 2.4},
	"slope":   {0.01, 0.11, 0.23},
	"zigzag":  {0, 0.03, 0.10},
	"range":   {0.03, 0.13, 0.25},
}

// PublishedPuzzle are the same percentiles of how long people took for the
// sliders of puzzles, in ms: 1,246 tracks made by hand for a public generator.
var PublishedPuzzle = [3]float64{1393, 1936, 2720}
