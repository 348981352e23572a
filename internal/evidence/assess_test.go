package evidence_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/evidence"
	"github.com/login-guard/login-guard/internal/evidence/people"
)

// hand is the drag of a person by mouse, in a browser that nobody drives.
func hand() *evidence.Report {
	style := people.All()[0]
	half := 0.5
	r := &evidence.Report{
		Type: "mouse", Before: 30, DPR: 1, Pressure: &half, Coalesced: [2]int{60, 24},
		Track: style.Drag(rand.New(rand.NewPCG(1, 1))),
	}
	return r
}

// straight is a track at an even speed in steps.
func straight(steps int, every, way float64) []evidence.Point {
	track := []evidence.Point{{}}
	for i := 1; i <= steps; i++ {
		track = append(track, evidence.Point{T: 40 + every*float64(i), X: way * float64(i) / float64(steps)})
	}
	last := track[steps]
	last.T += 40
	return append(track, last)
}

func codes(e evidence.Evidence) (out []string) {
	for _, r := range e.Reasons {
		out = append(out, r.Code)
	}
	slices.Sort(out)
	return out
}

func TestEachFactOfADragIsSeen(t *testing.T) {
	if e := evidence.Assess(hand(), "pointer", time.Minute); len(e.Reasons) > 0 {
		t.Fatalf("a hand's drag: %v", e.Reasons)
	}
	none := 0.0
	for name, test := range map[string]struct {
		change func(*evidence.Report)
		codes  []string
		enough bool
	}{
		"events that a script made":      {func(r *evidence.Report) { r.Untrusted = 3 }, []string{evidence.CodeUntrusted}, true},
		"a browser that is driven":       {func(r *evidence.Report) { r.Webdriver = true }, []string{evidence.CodeWebdriver}, false},
		"no pressure":                    {func(r *evidence.Report) { r.Pressure = &none }, []string{evidence.CodePressure}, false},
		"a pressure that nobody tells":   {func(r *evidence.Report) { r.Pressure = nil }, nil, false},
		"no move before":                 {func(r *evidence.Report) { r.Before = 1 }, []string{evidence.CodeHover}, false},
		"moves that stand for no event":  {func(r *evidence.Report) { r.Coalesced = [2]int{0, 24} }, []string{evidence.CodeUncoupled}, false},
		"moves that stand for one event": {func(r *evidence.Report) { r.Coalesced = [2]int{24, 24} }, []string{evidence.CodeSingle}, false},
		"moves that nobody counts":       {func(r *evidence.Report) { r.Coalesced = [2]int{} }, nil, false},
		"a type that nobody tells":       {func(r *evidence.Report) { r.Type = "" }, nil, false},
		"another pointer":                {func(r *evidence.Report) { r.Type = "touch" }, []string{evidence.CodeMismatch}, true},
		"no track":                       {func(r *evidence.Report) { r.Track = nil }, []string{evidence.CodeMismatch}, true},
		"a way that the page calls a press": {func(r *evidence.Report) {
			for i := range r.Track {
				r.Track[i].X /= 12
			}
		}, []string{evidence.CodeMismatch}, true},
		"more time than there was": {func(r *evidence.Report) { r.Track[len(r.Track)-1].T = 90_000 }, []string{evidence.CodeClock}, true},
		"between pixels": {func(r *evidence.Report) {
			for i := range r.Track {
				r.Track[i].X += 0.3 * float64(i%2)
			}
		}, []string{evidence.CodeFractions}, false},
		"whole pixels of a fine screen": {func(r *evidence.Report) {
			r.DPR = 1.25
			for i := range r.Track {
				r.Track[i].X = math.Round(math.Round(r.Track[i].X*1.25)/1.25*10) / 10
			}
		}, nil, false},
		"whole pixels of a finer one": {func(r *evidence.Report) {
			r.DPR = 1.5
			for i := range r.Track {
				r.Track[i].X = math.Round(math.Round(r.Track[i].X*1.5)/1.5*10) / 10
			}
		}, nil, false},
		"the whole way at once": {func(r *evidence.Report) {
			r.Track = []evidence.Point{{}, {T: 150, X: 300, Y: 2}, {T: 300, X: 300, Y: 2}}
		}, []string{evidence.CodeFewPlaces, evidence.CodeOneMove}[1:], false},
		"at once and quickly": {func(r *evidence.Report) { r.Track = []evidence.Point{{}, {T: 5.1, X: 300, Y: 2}, {T: 9, X: 300, Y: 2}} }, []string{evidence.CodeOneMove, evidence.CodeQuick}, true},
		"quickly by a blurred clock": {func(r *evidence.Report) {
			r.Track = []evidence.Point{{}, {T: 0, X: 30}, {T: 0, X: 90}, {T: 100, X: 200}, {T: 100, X: 300, Y: 2}}
		}, []string{evidence.CodeFewPlaces}, false},
	} {
		r := hand()
		test.change(r)
		e := evidence.Assess(r, "pointer", time.Minute)
		if got := codes(e); !slices.Equal(got, test.codes) {
			t.Errorf("%s: %v, want %v", name, e.Reasons, test.codes)
		}
		if (e.Points >= evidence.Enough) != test.enough {
			t.Errorf("%s: %v points", name, e.Points)
		}
	}
}

// What drivers of browsers do that nobody told to pretend, and the same done
// slowly, which is how a person's own tools do it.
func TestStockAutomationIsAskedForMoreAndTheSameByAHandIsNot(t *testing.T) {
	for name, test := range map[string]struct {
		way, report string
		enough      bool
	}{
		"a key not held":                              {"keyboard", `{"v":1,"webdriver":true,"dpr":1,"keys":[[3.8,200]],"inputs":0}`, true},
		"a key held":                                  {"keyboard", `{"v":1,"webdriver":true,"before":2,"dpr":1,"keys":[[80,200]],"inputs":0}`, false},
		"a key held, with no way there":               {"keyboard", `{"v":1,"webdriver":true,"before":1,"dpr":1,"keys":[[80,900]]}`, true},
		"keys held, with no way there":                {"keyboard", `{"v":1,"webdriver":true,"before":0,"dpr":1,"keys":[[80,900],[70,120],[90,140]]}`, true},
		"a key held, after Tab":                       {"keyboard", `{"v":1,"webdriver":true,"before":2,"dpr":1,"keys":[[80,900]]}`, false},
		"a key held, after a mouse":                   {"keyboard", `{"v":1,"webdriver":true,"before":9,"dpr":1,"keys":[[80,900]]}`, false},
		"a click held, with no way there":             {"press", `{"v":1,"webdriver":true,"dpr":1,"type":"mouse","before":1,"click":[1,80]}`, true},
		"a key held on the button, with no way there": {"press", `{"v":1,"webdriver":true,"dpr":1,"before":1,"keys":[[80,900]],"click":[0,null]}`, true},
		"a click not held":                            {"press", `{"v":1,"webdriver":true,"dpr":1,"type":"mouse","before":1,"click":[1,0.7]}`, true},
		"a click held, after a way":                   {"press", `{"v":1,"webdriver":true,"dpr":1,"type":"mouse","before":20,"click":[1,80]}`, false},
		"a bar that is filled":                        {"keyboard", `{"v":1,"webdriver":true,"untrusted":1,"dpr":1,"keys":[],"inputs":1}`, true},
		"a bar that is filled, hidden":                {"keyboard", `{"v":1,"untrusted":1,"dpr":1,"keys":[],"inputs":1}`, true},
		"a click by script":                           {"press", `{"v":1,"untrusted":1,"dpr":1,"click":[0,null]}`, true},
		"a tap not held":                              {"press", `{"v":1,"webdriver":true,"dpr":1,"type":"touch","before":0,"click":[1,1.2]}`, false},
	} {
		r, err := evidence.Parse([]byte(test.report))
		if err != nil {
			t.Fatal(err)
		}
		if e := evidence.Assess(r, test.way, time.Minute); (e.Points >= evidence.Enough) != test.enough {
			t.Errorf("%s: %v points: %v", name, e.Points, e.Reasons)
		}
	}
	// A drag in steps, and a drag at once, as Playwright's default is.
	for steps, enough := range map[int]bool{30: true, 12: true, 2: true} {
		r := hand()
		r.Webdriver, r.Before, r.Track = true, 1, straight(steps, 17, 290)
		if e := evidence.Assess(r, "pointer", time.Minute); (e.Points >= evidence.Enough) != enough {
			t.Errorf("%d steps: %v points: %v", steps, e.Points, e.Reasons)
		}
	}
}

// Screen readers, voice control and switches: no events, or some that no hand
// makes. None of that alone asks for more, and what is absent counts nothing.
func TestAssistiveTechnologyIsNotAskedForMore(t *testing.T) {
	for name, test := range map[string]struct {
		way, report string
		most        float64
	}{
		"the bar moved without a key":          {"keyboard", `{"v":1,"inputs":1,"keys":[]}`, 0},
		"the bar moved in twenty steps":        {"keyboard", `{"v":1,"inputs":20,"keys":[]}`, 0},
		"keys that are typed for somebody":     {"keyboard", `{"v":1,"keys":[[0,900]]}`, 4},
		"a key that is down still":             {"keyboard", `{"v":1,"keys":[[null,900]]}`, 0},
		"the focus put on the bar, and a key":  {"keyboard", `{"v":1,"webdriver":false,"before":0,"keys":[[80,900]]}`, 0},
		"the same, typed for somebody":         {"keyboard", `{"v":1,"webdriver":false,"before":0,"keys":[[0,900]]}`, 4},
		"the focus put on the button, a key":   {"press", `{"v":1,"webdriver":false,"before":0,"keys":[[80,900]],"click":[0,null]}`, 0},
		"a bar moved by nothing, driven":       {"keyboard", `{"v":1,"webdriver":true,"before":0,"keys":[],"inputs":1}`, 4},
		"a click without a press":              {"press", `{"v":1,"click":[0,null]}`, 0},
		"TalkBack: a press of no length":       {"press", `{"v":1,"type":"mouse","before":0,"click":[1,0]}`, 4},
		"a click with a key held":              {"press", `{"v":1,"click":[0,null],"keys":[[96,300]]}`, 0},
		"a click on the bar's end, by a mouse": {"press", `{"v":1,"type":"mouse","before":9,"track":[[0,0,0],[80,1,0]]}`, 0},
		"a tap":                                {"press", `{"v":1,"type":"touch","click":[1,70]}`, 0},
		"no way to see anything: slow":         {"slow", `{"v":1}`, 0},
	} {
		r, err := evidence.Parse([]byte(test.report))
		if err != nil {
			t.Fatal(err)
		}
		if e := evidence.Assess(r, test.way, time.Minute); e.Points > test.most {
			t.Errorf("%s: %v points, want %v at most: %v", name, e.Points, test.most, e.Reasons)
		}
	}
}

func TestNoReportIsNotTheSameAsACleanOne(t *testing.T) {
	for way, want := range map[string][]string{
		"pointer": {evidence.CodeNothing}, "touch": {evidence.CodeNothing}, "pen": {evidence.CodeNothing}, "keyboard": {evidence.CodeNothing},
		"press": {evidence.CodeBarePress}, "picture": nil, "sound": nil, "slow": nil, "": nil,
	} {
		if e := evidence.Assess(nil, way, time.Minute); !slices.Equal(codes(e), want) {
			t.Errorf("%s: %v, want %v", way, e.Reasons, want)
		}
	}
	// A report that has nothing of what the page always has.
	for _, way := range []string{"pointer", "touch", "pen", "keyboard", "press"} {
		if e := evidence.Assess(&evidence.Report{}, way, time.Minute); !slices.Contains(codes(e), evidence.CodeMismatch) {
			t.Errorf("an empty report by %s: %v", way, e.Reasons)
		}
	}
}

// Only what cannot be a person's is enough by itself.
func TestNoSingleThingAsksForMoreButWhatIsImpossible(t *testing.T) {
	w := evidence.Default()
	impossible := []string{"untrusted", "nothing", "mismatch", "clock", "repeated"}
	for code, points := range w.Facts {
		if enough := points >= evidence.Enough; enough != slices.Contains(impossible, code) {
			t.Errorf("%s: %v points", code, points)
		}
	}
	if w.DrivenCap >= evidence.Enough-2 {
		t.Errorf("all facts of a driven browser are %v points: too many for a person in one", w.DrivenCap)
	}
	for group, points := range w.Groups {
		if group != "speed" && points >= evidence.Enough {
			t.Errorf("%s alone is %v points", group, points)
		}
	}
}

// There is no data of fingers and pens: they are judged by half.
func TestTracksOfFingersCountLess(t *testing.T) {
	r := hand()
	r.Track = straight(30, 17, 290)
	mouse := evidence.Assess(r, "pointer", time.Minute)
	for _, way := range []string{"touch", "pen"} {
		r.Type = way
		if e := evidence.Assess(r, way, time.Minute); e.Points >= mouse.Points && mouse.Points < evidence.Max {
			t.Errorf("%s: %v points, a mouse %v", way, e.Points, mouse.Points)
		}
	}
	// A finger that slides evenly for once, trembling and drifting as one does.
	rng := rand.New(rand.NewPCG(2, 2))
	for i := range r.Track {
		r.Track[i].Y = math.Round(float64(i)/2 + rng.Float64())
	}
	r.Type = "touch"
	touch := evidence.Assess(r, "touch", time.Minute)
	r.Type = "mouse"
	if e := evidence.Assess(r, "pointer", time.Minute); !(touch.Points < e.Points) {
		t.Errorf("a finger %v points, a mouse %v", touch.Points, e.Points)
	}
}
