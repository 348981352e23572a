package tally

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"
)

// The values are those of Brown, Cai and DasGupta (2001) worked by hand.
func TestWilson(t *testing.T) {
	for _, test := range []struct {
		k, n      int
		low, high float64
	}{
		{0, 0, 0, 1},
		{0, 10, 0, 0.2775},
		{10, 10, 0.7225, 1},
		{5, 10, 0.2366, 0.7634},
		{1, 100, 0.0018, 0.0545},
		{0, 380, 0, 0.0100},
	} {
		low, high := Wilson(test.k, test.n)
		if math.Abs(low-test.low) > 5e-4 || math.Abs(high-test.high) > 5e-4 {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", test.k, test.n, low, high, test.low, test.high)
		}
	}
}

func TestARowSaysWhetherItsGoalIsMet(t *testing.T) {
	r := Report{Took: 3 * time.Minute}
	r.Add(Row{Group: "some", Adversary: "first", Path: "slider", Passed: 1, Tried: 100, Goal: 0.01, CPU: 5 * time.Second, Requests: 300})
	r.Add(Row{Group: "some", Adversary: "second", Path: "slider", Passed: 2, Tried: 100, Goal: 0.01})
	r.Add(Row{Group: "others", Adversary: "third", Path: "press", Passed: 3, Tried: 3, Counts: "sent on"})
	var out bytes.Buffer
	if err := r.Text(&out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{"SOME", "1 of 100", "0.050", "3.0", "≤ 1.0 % met", "≤ 1.0 % missed", "OTHERS", "sent on", "44-100", "3 minutes"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report has no %q:\n%s", want, text)
		}
	}
	if strings.Count(text, "met") != 1 || strings.Count(text, "missed") != 1 {
		t.Errorf("one goal is met and one missed:\n%s", text)
	}
}
