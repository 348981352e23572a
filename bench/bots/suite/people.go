package suite

import (
	"context"
	"encoding/json"
	"time"

	"github.com/login-guard/login-guard/bench/bots/forge"
	"github.com/login-guard/login-guard/bench/bots/tally"
	"github.com/login-guard/login-guard/internal/evidence"
	"github.com/login-guard/login-guard/internal/evidence/people"
)

// people counts how many drags of people are sent on to the picture. They are
// simulated out of published figures: no track of a real person is here. The
// judge is the gateway's own, with its memory of drags, without HTTP.
func (s *Suite) people(_ context.Context) error {
	for _, of := range []struct {
		group  string
		styles []people.Style
	}{
		{"people, simulated, whom the weights know", people.All()},
		{"people, simulated otherwise", people.Others()},
	} {
		all := tally.Row{Group: of.group, Adversary: "all of these", Path: "slider", Goal: 0.01, Counts: "sent on"}
		for _, style := range of.styles {
			row := tally.Row{Group: of.group, Adversary: style.Name, Path: "slider", Goal: 0.01, Counts: "sent on", Met: make(map[string]int)}
			rng, tracks := s.random("people "+style.Name), evidence.NewTracks(0)
			now, began := time.Unix(1_800_000_000, 0), time.Now()
			for row.Tried < s.count(5000, 1000) {
				row.Tried++
				now = now.Add(30 * time.Second)
				points, why := judged(tracks, now, forge.ReportOn("mouse", 1/style.Pixel, style.Drag(rng), rng))
				if points >= evidence.Enough {
					row.Passed++
				}
				row.Met[why]++
			}
			row.CPU = time.Since(began)
			all.Passed += row.Passed
			all.Tried += row.Tried
			all.CPU += row.CPU
			s.Report.Add(row)
		}
		s.Report.Add(all)
		s.say("%s: %s", of.group, all.Line())
	}
	return nil
}

// judged is what the gateway finds in one drag: the points, and what counted
// most.
func judged(tracks *evidence.Tracks, now time.Time, seen json.RawMessage) (points float64, why string) {
	r, err := evidence.Parse(seen)
	if err != nil {
		return evidence.Max, err.Error()
	}
	e := evidence.Assess(r, "pointer", 0)
	if e.Points < evidence.Enough && !tracks.Once(now, r) {
		return e.Points + evidence.Default().Repeated(), evidence.CodeRepeated
	}
	if e.Points < evidence.Enough {
		return e.Points, "fine"
	}
	return e.Points, e.Reasons[0].Code
}
