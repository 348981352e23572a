package evidence_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/internal/evidence"
)

func TestReportIsReadAsThePageSendsIt(t *testing.T) {
	half := 0.5
	for text, want := range map[string]*evidence.Report{
		`{"v":1,"untrusted":0,"before":4,"inputs":0,"keys":[],"click":null,"pressure":0.5,"webdriver":false,"type":"mouse","coalesced":[36,18],"dpr":1.25,"track":[[0,0,0],[52.8,12,-0.8],[92.6,340,2]]}`: {
			Before: 4, Pressure: &half, Type: "mouse", Coalesced: [2]int{36, 18}, DPR: 1.25,
			Track: []evidence.Point{{}, {T: 52.8, X: 12, Y: -0.8}, {T: 92.6, X: 340, Y: 2}},
		},
		`{"v":1,"untrusted":1,"before":0,"inputs":2,"keys":[[156.8,166.3],[null,158.39999999850988]],"click":[0,null],"webdriver":true,"coalesced":[null,null],"dpr":1}`: {
			Untrusted: 1, Inputs: 2, Webdriver: true, DPR: 1,
			Keys: []evidence.Key{{Held: 156.8, Gap: 166.3}, {Held: -1, Gap: 158.39999999850988}}, Click: &evidence.Click{Detail: 0, Held: -1},
		},
		`{"v":1}`: {},
		// A clock that jumps back, as blurred ones do.
		`{"v":1,"track":[[0,0,0],[16.7,2,0],[16.6,5,0]]}`: {Track: []evidence.Point{{}, {T: 16.7, X: 2}, {T: 16.7, X: 5}}},
	} {
		got, err := evidence.Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n%s", text, diff)
		}
	}
}

func TestWhatNoPageSendsIsNoReport(t *testing.T) {
	track := func(n int) string {
		return `{"v":1,"track":[` + strings.TrimSuffix(strings.Repeat("[0,0,0],", n), ",") + `]}`
	}
	keys := func(n int) string {
		return `{"v":1,"keys":[` + strings.TrimSuffix(strings.Repeat("[9,9],", n), ",") + `]}`
	}
	if _, err := evidence.Parse([]byte(track(evidence.MaxPoints))); err != nil {
		t.Errorf("as many points as there may be: %v", err)
	}
	if _, err := evidence.Parse([]byte(keys(evidence.MaxKeys))); err != nil {
		t.Errorf("as many keys as there may be: %v", err)
	}
	for name, text := range map[string]string{
		"nothing": "", "null": "null", "a list": "[]", "a number": "1", "an open object": `{"v":1`, "two": `{"v":1}{"v":1}`, "more after": `{"v":1} x`,
		"no version": `{}`, "another version": `{"v":2}`, "a version that is no number": `{"v":"1"}`, "a broken version": `{"v":1.5}`,
		"an unknown field": `{"v":1,"x":1}`, "a field in other letters": `{"V":1}`, "a field twice": `{"v":1,"dpr":1,"dpr":1}`,
		"less than none": `{"v":1,"before":-1}`, "half a count": `{"v":1,"inputs":0.5}`, "too many": `{"v":1,"untrusted":1e9}`,
		"out of all numbers": `{"v":1,"dpr":1e999}`, "a huge pixel": `{"v":1,"dpr":101}`, "a pressure over 1": `{"v":1,"pressure":1.1}`,
		"an unknown pointer": `{"v":1,"type":"paw"}`, "a word for a truth": `{"v":1,"webdriver":"yes"}`,
		"three counts": `{"v":1,"coalesced":[1,2,3]}`, "broken counts": `{"v":1,"coalesced":[1.5,2]}`, "words for counts": `{"v":1,"coalesced":["1",2]}`,
		"one number of a click": `{"v":1,"click":[1]}`, "half a click": `{"v":1,"click":[0.5,9]}`, "a click held for less than nothing": `{"v":1,"click":[1,-3]}`,
		"a key of three": `{"v":1,"keys":[[1,2,3]]}`, "a key held for less than nothing": `{"v":1,"keys":[[-1,2]]}`, "too many keys": keys(evidence.MaxKeys + 1),
		"a point of two": `{"v":1,"track":[[0,0]]}`, "a point of four": `{"v":1,"track":[[0,0,0,0]]}`, "a point of words": `{"v":1,"track":[["0",0,0]]}`,
		"a point with nothing": `{"v":1,"track":[[0,null,0]]}`, "a point off every screen": `{"v":1,"track":[[0,1e7,0]]}`, "a time after all times": `{"v":1,"track":[[1e12,0,0]]}`,
		"too many points": track(evidence.MaxPoints + 1), "too long": `{"v":1,"dpr":1` + strings.Repeat(" ", evidence.MaxReport) + `}`,
	} {
		r, err := evidence.Parse([]byte(text))
		if !errors.Is(err, evidence.ErrReport) || r != nil {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
}

// Whatever is sent, it is worth from 0 to Max points, and its reasons say why.
func FuzzReport(f *testing.F) {
	for _, text := range []string{
		`{"v":1}`, `{"v":1,"type":"mouse","track":[[0,0,0],[10,300,0]]}`,
		`{"v":1,"before":4,"keys":[[80,1]],"click":[1,96],"pressure":0,"webdriver":true,"type":"touch","coalesced":[9,9],"dpr":1.5,"inputs":1,"untrusted":2,"track":[[0,0,0],[16.7,1,1],[33.3,20,2],[50,90,1],[66.7,200,0],[83.3,290,0],[200,290,0]]}`,
		`{"v":1,"track":[[0,0,0],[0,1,0],[0,300,0],[1e9,301,9]]}`,
		`{"v":1,"track":[[0,0,0],[1,1e5,-1e5],[2,-1e5,1e5],[3,40,0],[4,50,0],[5,60,0]]}`,
	} {
		f.Add([]byte(text), uint8(0), int64(0))
	}
	ways := []string{"pointer", "touch", "pen", "keyboard", "press", "picture"}
	f.Fuzz(func(t *testing.T, text []byte, way uint8, elapsed int64) {
		r, err := evidence.Parse(text)
		if err != nil {
			if r != nil {
				t.Error("a report and an error")
			}
			return
		}
		if len(r.Track) > evidence.MaxPoints || len(r.Keys) > evidence.MaxKeys {
			t.Errorf("%d points, %d keys", len(r.Track), len(r.Keys))
		}
		e := evidence.Assess(r, ways[int(way)%len(ways)], time.Duration(elapsed))
		sum := 0.0
		for _, reason := range e.Reasons {
			if !(reason.Points > 0 && reason.Points < 20) || reason.Code == "" {
				t.Errorf("reason %v", reason)
			}
			sum += reason.Points
		}
		if !(e.Points >= 0 && e.Points <= evidence.Max) || math.Abs(min(sum, evidence.Max)-e.Points) > 1e-6 {
			t.Errorf("%v points of reasons that make %v", e.Points, sum)
		}
		memory := evidence.NewTracks(4)
		memory.Once(time.Unix(1, 0), r)
		memory.Once(time.Unix(2, 0), r)
	})
}
