package blackbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// tracks are the places that were told of sliders being moved: how a hand
// moves is a trait of its person, and no output may have it.
type tracks [][3]float64

// of adds the track of a report and gives it back as it came.
func (s *tracks) of(t *testing.T, report json.RawMessage) json.RawMessage {
	t.Helper()
	var has struct{ Track [][3]float64 }
	if err := json.Unmarshal(report, &has); err != nil || len(has.Track) < 5 {
		t.Fatalf("a report without a track: %s", report)
	}
	for _, p := range has.Track[1:] { // the first is 0 in all of them
		if p[1] > 20 { // small numbers stand side by side in any log
			*s = append(*s, p)
		}
	}
	return report
}

var number = regexp.MustCompile(`-?\d+(?:\.\d+)?`)

// in counts the places that a text has: time and place as two numbers that
// follow one another, whatever stands around and between them, in the report's
// own unit or in tenths.
func (s tracks) in(text string) (found int) {
	numbers := number.FindAllString(text, -1)
	next := map[[2]string]bool{}
	for i := 1; i < len(numbers); i++ {
		next[[2]string(numbers[i-1:i+1])] = true
	}
	for _, p := range s {
		if slices.ContainsFunc([]float64{1, 10}, func(unit float64) bool {
			return next[[2]string{strconv.FormatFloat(p[0]*unit, 'f', -1, 64), strconv.FormatFloat(p[1]*unit, 'f', -1, 64)}]
		}) {
			found++
		}
	}
	return found
}

// The log is at debug level here, and Caddy's own lines are in it too.
func TestNoOutputHasTheTrackOfASlider(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, loud(shop, "ask_after 3d"))
	var told tracks
	// answer sends what the page's script sends, with a report of its own.
	answer := func(p *person, c *shoptest.Check, report json.RawMessage, took time.Duration) reply {
		solving.Lock()
		n, err := shoptest.Solve(context.Background(), []byte(c.Task.Salt), c.Task.Cost, c.Task.Target)
		solving.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(max(took, time.Duration(c.Task.Floor)*time.Millisecond) + 20*time.Millisecond)
		body, err := json.Marshal(map[string]any{"hold": c.Hold, "challenge": c.Task.Token, "pow": n, "way": "pointer", "seen": report})
		if err != nil {
			t.Fatal(err)
		}
		return p.do(p.request(http.MethodPost, c.Prefix+"verify", "application/json", string(body), "Sec-Fetch-Mode", "cors"))
	}

	hand, took := shoptest.Drag("pointer")
	told.of(t, hand)
	robot := json.RawMessage(`{"v":1,"type":"mouse","webdriver":true,"before":0,"track":[[0,0,0],[31.3,57.9,0],[62.7,115.3,0],[93.1,172.7,0],[124.9,229.1,0],[155.3,287.7,0]]}`)
	told.of(t, robot)
	broken := json.RawMessage(`{"v":1,"type":"mouse","track":[[0,0,0],[41.7,61.1,0],[83.3,121.9,1.3],[125.1,183.3,1.7],[167.9,243.7,2.9],[1e12,301.3,3.1]]}`)
	told.of(t, broken)

	p := visitor(t, g.URL, "203.0.113.1")
	held := p.alice()
	var v shoptest.Verdict
	c := p.check(held, "slider")
	if r := answer(p, c, hand, took); json.Unmarshal([]byte(r.body), &v) != nil || v.Status != "checked" {
		t.Fatalf("a hand's drag: %s %s", r.Status, r.body)
	}
	p.signedIn(p.goOn(c, v.Clearance))
	for address, report := range map[string]json.RawMessage{"203.0.113.2": hand, "203.0.113.3": robot, "203.0.113.4": broken} {
		q := visitor(t, g.URL, address)
		c := q.check(q.login(shoptest.Bob().Email, shoptest.Bob().Password), "slider")
		r := answer(q, c, report, took)
		if json.Unmarshal([]byte(r.body), &v) == nil && v.Clearance != "" {
			q.goOn(c, v.Clearance)
		}
		if n := told.in(r.body); n > 0 {
			t.Errorf("the answer to %s has %d places of its track: %s", address, n, r.body)
		}
	}
	// A script's body that cannot be read at all.
	q := visitor(t, g.URL, "203.0.113.5")
	c = q.check(q.alice(), "slider")
	q.do(q.request(http.MethodPost, c.Prefix+"verify", "application/json", fmt.Sprintf(`{"hold":%q,"seen":%s,`, c.Hold, hand), "Sec-Fetch-Mode", "cors"))

	eventually(t, "line of what the shop said", func() bool { return strings.Contains(g.Log(), `"guard_outcome":"success"`) })
	reload(g, loud(shop, "ask_after 4d"))
	for where, text := range map[string]string{
		"the log":                 g.Log(),
		"the metrics":             metrics(t, g),
		"what explain says":       verb(t, g, "explain", held.ref()),
		"what explain --json has": verb(t, g, "explain", held.ref(), "--json"),
		"the events":              verb(t, g, "events", "--json"),
		"the status":              verb(t, g, "status", "--json"),
	} {
		if n := told.in(text); n > 0 {
			t.Errorf("%s: %d places of the tracks are there", where, n)
		}
		if where != "the metrics" && where != "the status" && !strings.Contains(text, held.ref()) {
			t.Errorf("%s says nothing of the login that was slid", where)
		}
	}
	if !strings.Contains(g.Log(), `"level":"debug"`) {
		t.Error("the log is not at debug level")
	}
	// What is looked for would be found.
	for _, spelled := range []string{string(hand), strconv.Quote(string(hand)), fmt.Sprintf("%v", told), fmt.Sprintf("%+v", struct{ Track tracks }{told})} {
		if n := told.in(spelled); n < 5 {
			t.Errorf("only %d places were found in %.200s", n, spelled)
		}
	}
}
