package risk

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func TestWhatAReasonCameOfCanBeTakenAway(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	tried := map[string]int{}
	for range 20_000 {
		f := randomFacts(r)
		a := Assess(f)
		var sum float64
		for _, family := range Families(a) {
			sum += family.Points
			if family.Cap > 0 && family.Points > family.Cap || family.Cap < 0 && family.Points < family.Cap {
				t.Fatalf("%+v is over its cap in %+v", family, a)
			}
		}
		if sum != a.Score {
			t.Fatalf("families sum to %v: %+v", sum, a)
		}
		for _, reason := range a.Reasons {
			if reason.Points <= 0 || strings.HasSuffix(reason.Code, ".cap") {
				continue
			}
			without, ok := Without(f, reason.Code)
			if !ok {
				t.Fatalf("%s cannot be taken away", reason.Code)
			}
			tried[reason.Code]++
			other := Assess(without)
			if other.Score > a.Score {
				t.Fatalf("without %s the score is %v in place of %v", reason.Code, other.Score, a.Score)
			}
			for _, left := range other.Reasons {
				if left.Code == reason.Code {
					t.Fatalf("without %s there still is %+v", reason.Code, left)
				}
			}
		}
	}
	if len(tried) < 25 {
		t.Errorf("%d codes were tried: %v", len(tried), tried)
	}
	for _, code := range []string{CodeDeviceKnown, CodeTrustCap, CodeOverrideDeny, "check.nothing", WithoutAttack, "x"} {
		if f, ok := Without(Facts{}, code); ok || !reflect.DeepEqual(f, Facts{}) {
			t.Errorf("%s was taken away from nothing", code)
		}
	}
}
