package shoptest

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/login-guard/login-guard/internal/evidence"
	"github.com/login-guard/login-guard/internal/evidence/people"
)

// Drag is the report of a drag as the check's page would send it of a person
// with a mouse, or by touch or pen as way says. No two are alike. It is what a
// patient imitator with the product's source sends: drags that its own judge
// doubts are drawn anew.
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
	rng := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	desk := people.All()[0]
	desk.Way, desk.Took, desk.Spread = [2]float64{220, 320}, 420, 0.25
	track := [][3]float64{}
	for _, p := range desk.Drag(rng) {
		track = append(track, [3]float64{p.T, p.X, p.Y})
	}
	moves := len(track)
	report, err := json.Marshal(map[string]any{
		"v": 1, "type": pointer, "untrusted": 0, "before": 6 + rng.IntN(30),
		"pressure": 0.5, "coalesced": []int{moves*2 + rng.IntN(9), moves}, "dpr": 1, "track": track,
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
