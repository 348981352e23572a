package shoptest

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/login-guard/login-guard/internal/evidence"
)

// Drag is the report of a drag as the check's page would send it of a person
// with a mouse, or by touch or pen as way says: the speed of a hand is log-normal in time (Plamondon's
// kinematic theory), the arm drifts sideways, and there are pauses at both
// ends. No two are alike. It is what a patient imitator with the product's
// source sends: drags that its own judge doubts are drawn anew.
//
// It takes as long as it says: a report of more time than has passed is
// doubted.
func Drag(way string) (drag json.RawMessage, took time.Duration) {
	for {
		drag := draw(strings.Replace(way, "pointer", "mouse", 1))
		r, err := evidence.Parse(drag)
		if err != nil {
			panic(err) // the page's report has changed
		}
		if evidence.Assess(r, way, 0).Points < evidence.Enough/2 {
			last := r.Track[len(r.Track)-1]
			return drag, time.Duration(last.T * float64(time.Millisecond))
		}
	}
}

func draw(pointer string) json.RawMessage {
	way := 240 + 60*rand.Float64()
	took := 260 + 400*rand.Float64() // ms
	slope := (0.03 + 0.25*rand.Float64()) * float64(1-2*rand.IntN(2))
	type movement struct{ share, from, delay, spread, bow float64 }
	moved := []movement{{share: 1, delay: -1.2 - 0.7*rand.Float64(), spread: 0.6 + 0.6*rand.Float64()}}
	for range 3 {
		// What the first movement leaves, later and smaller ones mend.
		moved = append(moved, movement{share: 0.25 * rand.Float64(), from: 0.15 + 0.4*rand.Float64(), delay: -1.5 + rand.Float64(), spread: 0.3 + 0.5*rand.Float64()})
	}
	for i := range moved {
		moved[i].bow = 0.12 * (rand.Float64() - 0.5)
	}
	done := func(t float64) (p, bow float64) { // shares of the way at a share of the time
		for i, m := range moved {
			if t > m.from {
				p += m.share * 0.5 * math.Erfc(-(math.Log(t-m.from)-m.delay)/(m.spread*math.Sqrt2))
			}
			bow += m.bow * math.Sin(float64(i+1)*math.Pi*t)
		}
		return p, bow
	}
	end, _ := done(1)
	track := [][3]float64{{0, 0, 0}}
	moves := 0
	for ms := 40 + 60*rand.Float64(); ms < took; ms += 16 + rand.Float64() {
		p, bow := done(ms / took)
		p /= end
		x, y := math.Round(way*p), math.Round(way*(slope*p+bow))
		if last := track[len(track)-1]; x == last[1] && y == last[2] {
			continue
		}
		track = append(track, [3]float64{math.Round(ms*10) / 10, x, y})
		moves++
	}
	last := track[len(track)-1]
	track = append(track, [3]float64{math.Round(took + 40 + 60*rand.Float64()), last[1], last[2]})
	report, err := json.Marshal(map[string]any{
		"v": 1, "type": pointer, "untrusted": 0, "before": 6 + rand.IntN(30),
		"pressure": 0.5, "coalesced": []int{moves*2 + rand.IntN(9), moves}, "dpr": 1, "track": track,
	})
	if err != nil {
		panic(err) // numbers only
	}
	return report
}

// Seen is the report of a person who answered in a way, nil where the page
// sends none, and how long the answering took.
func Seen(way string) (json.RawMessage, time.Duration) {
	switch way {
	case "pointer", "touch", "pen":
		return Drag(way)
	case "press":
		return json.RawMessage(`{"v":1,"type":"mouse","before":9,"click":[1,96]}`), 0
	case "keyboard":
		return json.RawMessage(`{"v":1,"keys":[[80,400],[95,240]]}`), 0
	}
	return nil, 0
}
