package risk

import (
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/config"
)

// TestEveryReasonIsExplained holds docs/reasons.md to the codes, both ways:
// each has a heading of its own there, and no heading is about nothing.
func TestEveryReasonIsExplained(t *testing.T) {
	doc, err := os.ReadFile("../../docs/reasons.md")
	if err != nil {
		t.Fatal(err)
	}
	var explained []string
	for _, m := range regexp.MustCompile("(?m)^### `([^`]+)`\n+[^#\n]").FindAllSubmatch(doc, -1) {
		explained = append(explained, string(m[1]))
	}
	slices.Sort(explained)
	if diff := cmp.Diff(Codes(), explained); diff != "" {
		t.Errorf("docs/reasons.md (-codes +headings with a text):\n%s", diff)
	}
}

// TestCodesAreTheOnesEmitted finds each code in some verdict, and no verdict
// with another.
func TestCodesAreTheOnesEmitted(t *testing.T) {
	seen := map[string]bool{}
	r := rand.New(rand.NewPCG(7, 8))
	var limits []string
	for name := range config.DefaultLimits() {
		limits = append(limits, name)
	}
	slices.Sort(limits)
	for range 50_000 {
		a := Assess(randomFacts(r))
		if r.IntN(4) == 0 {
			a.Score = 100 // far up the ladder, where few random facts get
		}
		s := Situation{Assessment: a, Override: Override(r.IntN(3)), DeviceKnown: r.IntN(3) == 0,
			Blameless: r.IntN(3) == 0, AddressUnits: r.Float64() * 9, Passed: []Action{Allow, Slider, Picture}[r.IntN(3)],
			FactorDue: r.IntN(8) == 0, FactorGiven: r.IntN(8) == 0}
		if r.IntN(2) == 0 {
			s.Over = append(s.Over, Over{Limit: limits[r.IntN(len(limits))], Demands: []Action{Slider, Picture, Deny}[r.IntN(3)]})
		}
		if r.IntN(4) == 0 {
			s.Floors = []Floor{{Slider, CodeAskAfter}, {Picture, CodeFloorEvidence}}
		}
		for _, reason := range Decide(config.Ladder{}, s).Reasons {
			seen[reason.Code] = true
		}
	}
	var got []string
	for code := range seen {
		got = append(got, code)
	}
	slices.Sort(got)
	if diff := cmp.Diff(Codes(), got); diff != "" {
		t.Errorf("codes (-listed +emitted):\n%s", diff)
	}
}

func TestCodesStandOnce(t *testing.T) {
	codes := Codes()
	if len(slices.Compact(slices.Clone(codes))) != len(codes) {
		t.Errorf("a code is listed twice: %v", codes)
	}
}
