package risk

import (
	"testing"

	"github.com/login-guard/login-guard/config"
)

func TestASecondFactorIsAskedForOnceNothingElseIsAndStandsForAnyCheck(t *testing.T) {
	slider := []Floor{{Demands: Slider, Code: CodeAskAfter}}
	picture := []Floor{{Demands: Picture, Code: CodeFloorEvidence}}
	for name, test := range map[string]struct {
		s    Situation
		want Action
		code string
	}{
		"due":                          {Situation{FactorDue: true}, SecondFactor, CodeFactorDue},
		"due, and a slider is asked":   {Situation{FactorDue: true, Floors: slider}, Slider, CodeAskAfter},
		"due, and the slider passed":   {Situation{FactorDue: true, Floors: slider, Passed: Slider}, SecondFactor, CodeFactorDue},
		"due, and the operator denies": {Situation{FactorDue: true, Override: DenyOverride}, Deny, CodeOverrideDeny},
		"due, and the operator allows": {Situation{FactorDue: true, Override: AllowOverride}, SecondFactor, CodeFactorDue},
		"given":                        {Situation{FactorGiven: true}, Allow, CodeFactorGiven},
		"given, where a picture is":    {Situation{FactorGiven: true, Floors: picture}, Allow, CodeFactorGiven},
		"given and due":                {Situation{FactorGiven: true, FactorDue: true}, Allow, CodeFactorGiven},
		"given, and denied":            {Situation{FactorGiven: true, Override: DenyOverride}, Deny, CodeOverrideDeny},
		"given, and over a limit":      {Situation{FactorGiven: true, Over: []Over{{Limit: "device", Demands: Deny, Personal: true}}}, Deny, "limit.device"},
		"given, unknown demand":        {Situation{FactorGiven: true, Floors: []Floor{{Demands: "shrug", Code: "floor.x"}}}, Deny, "floor.x"},
		"neither":                      {Situation{}, Allow, ""},
	} {
		v := Decide(config.DefaultLadder, test.s)
		if v.Action != test.want {
			t.Errorf("%s: %s, want %s", name, v.Action, test.want)
		}
		found := test.code == ""
		for _, r := range v.Reasons {
			found = found || r.Code == test.code && r.Points == 0
		}
		if !found {
			t.Errorf("%s: reasons %v lack %s", name, v.Reasons, test.code)
		}
	}
}
