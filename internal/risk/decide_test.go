package risk

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/config"
)

const minute = time.Minute

func scored(points float64) Assessment { return Assessment{Score: points} }

func over(limit string, demands Action, retry time.Duration) Over {
	personal := limit == config.LimitPair || limit == config.LimitAccount || limit == config.LimitDevice
	return Over{Limit: limit, RetryAfter: retry, Demands: demands, Personal: personal}
}

func TestDecide(t *testing.T) {
	pair := over(config.LimitPair, Deny, 2*minute)
	address := over(config.LimitAddress, Deny, minute)
	network := over(config.LimitNetwork, Picture, minute)
	account := over(config.LimitAccount, Slider, 0)
	accountGap := over(config.LimitAccount, Deny, 30*time.Second)
	device := over(config.LimitDevice, Deny, minute)

	off := config.Ladder{Slider: config.RungOff, Picture: config.RungOff, SecondFactor: config.RungOff, Deny: config.RungOff}
	tests := []struct {
		name   string
		ladder config.Ladder
		s      Situation
		want   Verdict
	}{
		{"nothing known passes", config.Ladder{}, Situation{}, Verdict{Action: Allow}},

		{"just below the slider", config.Ladder{}, Situation{Assessment: scored(9.875)}, Verdict{Action: Allow}},
		{"slider from 10", config.Ladder{}, Situation{Assessment: scored(10)}, Verdict{Action: Slider}},
		{"slider up to 17", config.Ladder{}, Situation{Assessment: scored(16.875)}, Verdict{Action: Slider}},
		{"picture from 17", config.Ladder{}, Situation{Assessment: scored(17)}, Verdict{Action: Picture}},
		{"picture up to 25", config.Ladder{}, Situation{Assessment: scored(24.875)}, Verdict{Action: Picture}},
		{"picture with a gap from 25", config.Ladder{}, Situation{Assessment: scored(25)},
			Verdict{Action: Picture, Gap: time.Second}},
		{"the gap doubles with each failure", config.Ladder{}, Situation{Assessment: scored(25), AddressUnits: 3},
			Verdict{Action: Picture, Gap: 8 * time.Second}},
		{"the gap ends at a minute", config.Ladder{}, Situation{Assessment: scored(34), AddressUnits: 1e9},
			Verdict{Action: Picture, Gap: minute}},
		{"deny from 35 with five failures", config.Ladder{}, Situation{Assessment: scored(35), AddressUnits: 5},
			Verdict{Action: Deny, RetryAfter: 10 * minute}},
		{"a score alone denies nobody with fewer failures", config.Ladder{},
			Situation{Assessment: scored(80), AddressUnits: 4.9},
			Verdict{Action: Picture, Gap: 29857 * time.Millisecond, Reasons: []Reason{{Code: "spared.few_failures"}}}},
		{"nor when the failures are no number", config.Ladder{},
			Situation{Assessment: scored(80), AddressUnits: math.NaN()},
			Verdict{Action: Picture, Gap: time.Second, Reasons: []Reason{{Code: "spared.few_failures"}}}},
		{"a score that is no number counts as the worst", config.Ladder{},
			Situation{Assessment: scored(math.NaN()), AddressUnits: 5}, Verdict{Action: Deny, RetryAfter: 10 * minute}},

		{"a rung that is off is skipped", config.Ladder{Picture: config.RungOff},
			Situation{Assessment: scored(20)}, Verdict{Action: Slider}},
		{"a ladder of its own", config.Ladder{Slider: 5, Picture: 6}, Situation{Assessment: scored(6)}, Verdict{Action: Picture}},
		{"all rungs off: the score demands nothing", off,
			Situation{Assessment: scored(99), AddressUnits: 99}, Verdict{Action: Allow}},
		{"all rungs off: limits still do", off,
			Situation{Assessment: scored(99), Over: []Over{address}},
			Verdict{Action: Deny, RetryAfter: minute, Reasons: []Reason{{Code: "limit.address"}}}},
		{"deny is off: the strongest rung below", config.Ladder{Deny: config.RungOff},
			Situation{Assessment: scored(99), AddressUnits: 99}, Verdict{Action: Picture, Gap: minute}},
		{"a spared denial is a picture also without a picture rung",
			config.Ladder{Slider: config.RungOff, Picture: config.RungOff, SecondFactor: config.RungOff},
			Situation{Assessment: scored(40)},
			Verdict{Action: Picture, Reasons: []Reason{{Code: "spared.few_failures"}}}},

		{"the address limit denies", config.Ladder{}, Situation{Over: []Over{address}},
			Verdict{Action: Deny, RetryAfter: minute, Reasons: []Reason{{Code: "limit.address"}}}},
		{"the longest denying limit says when", config.Ladder{}, Situation{Over: []Over{address, pair, account}},
			Verdict{Action: Deny, RetryAfter: 2 * minute,
				Reasons: []Reason{{Code: "limit.address"}, {Code: "limit.pair"}, {Code: "limit.account"}}}},
		{"a limit that denies nobody has no say in when", config.Ladder{},
			Situation{Over: []Over{over(config.LimitNetwork, Picture, time.Hour), address}},
			Verdict{Action: Deny, RetryAfter: minute,
				Reasons: []Reason{{Code: "limit.network"}, {Code: "limit.address"}}}},
		{"at least a second", config.Ladder{}, Situation{Over: []Over{over(config.LimitPair, Deny, 0)}},
			Verdict{Action: Deny, RetryAfter: time.Second, Reasons: []Reason{{Code: "limit.pair"}}}},
		{"the network limit asks for a picture", config.Ladder{}, Situation{Over: []Over{network}},
			Verdict{Action: Picture, Reasons: []Reason{{Code: "limit.network"}}}},
		{"the account limit asks for the slider", config.Ladder{}, Situation{Over: []Over{account}},
			Verdict{Action: Slider, Reasons: []Reason{{Code: "limit.account"}}}},
		{"a floor demands whatever the score", config.Ladder{},
			Situation{Assessment: scored(-30), Floors: []Floor{{Slider, CodeAskAfter}}},
			Verdict{Action: Slider, Reasons: []Reason{{Code: "floor.ask_after"}}}},

		{"the operator denies", config.Ladder{}, Situation{Override: DenyOverride},
			Verdict{Action: Deny, RetryAfter: 10 * minute, Reasons: []Reason{{Code: "override.deny"}}}},
		{"the operator denies a known device that passed a picture", config.Ladder{},
			Situation{Override: DenyOverride, DeviceKnown: true, Blameless: true, Passed: Picture},
			Verdict{Action: Deny, RetryAfter: 10 * minute, Reasons: []Reason{{Code: "override.deny"}}}},
		{"the operator allows: score, floors and common limits are lifted", config.Ladder{},
			Situation{Override: AllowOverride, Assessment: scored(60), AddressUnits: 20,
				Over: []Over{address, network}, Floors: []Floor{{Picture, CodeAskAfter}}},
			Verdict{Action: Allow, Reasons: []Reason{{Code: "override.allow"}}}},
		{"the operator allows: the pair limit stays", config.Ladder{},
			Situation{Override: AllowOverride, Over: []Over{address, pair}},
			Verdict{Action: Deny, RetryAfter: 2 * minute,
				Reasons: []Reason{{Code: "override.allow"}, {Code: "limit.pair"}}}},
		{"the operator allows: the account limit stays", config.Ladder{},
			Situation{Override: AllowOverride, Over: []Over{account}},
			Verdict{Action: Slider, Reasons: []Reason{{Code: "override.allow"}, {Code: "limit.account"}}}},
		{"an override that does not exist denies", config.Ladder{}, Situation{Override: 7},
			Verdict{Action: Deny, RetryAfter: 10 * minute, Reasons: []Reason{{Code: "override.deny"}}}},

		{"a known device is not denied for its address", config.Ladder{},
			Situation{DeviceKnown: true, Over: []Over{address}},
			Verdict{Action: Picture, Reasons: []Reason{{Code: "limit.address"}, {Code: "spared.known_device"}}}},
		{"nor for its pair", config.Ladder{}, Situation{DeviceKnown: true, Over: []Over{pair}},
			Verdict{Action: Picture, Reasons: []Reason{{Code: "limit.pair"}, {Code: "spared.known_device"}}}},
		{"nor for its score", config.Ladder{},
			Situation{DeviceKnown: true, Assessment: scored(60), AddressUnits: 20},
			Verdict{Action: Picture, Reasons: []Reason{{Code: "spared.known_device"}}}},
		{"nor made to wait", config.Ladder{},
			Situation{DeviceKnown: true, Assessment: scored(30), AddressUnits: 20}, Verdict{Action: Picture}},
		{"strangers guessing its account do not touch a known device", config.Ladder{},
			Situation{DeviceKnown: true, Over: []Over{accountGap}}, Verdict{Action: Allow}},
		{"a known device's own budget denies", config.Ladder{}, Situation{DeviceKnown: true, Over: []Over{device, address}},
			Verdict{Action: Deny, RetryAfter: minute,
				Reasons: []Reason{{Code: "limit.device"}, {Code: "limit.address"}}}},

		{"a shared address is not denied", config.Ladder{}, Situation{Blameless: true, Over: []Over{address}},
			Verdict{Action: Picture, Reasons: []Reason{{Code: "limit.address"}, {Code: "spared.shared_address"}}}},
		{"nor for its score", config.Ladder{}, Situation{Blameless: true, Assessment: scored(50), AddressUnits: 50},
			Verdict{Action: Picture, Reasons: []Reason{{Code: "spared.shared_address"}}}},
		{"a shared address is denied for guessing at one account", config.Ladder{},
			Situation{Blameless: true, Over: []Over{pair}},
			Verdict{Action: Deny, RetryAfter: 2 * minute, Reasons: []Reason{{Code: "limit.pair"}}}},

		{"a picture passed satisfies a picture", config.Ladder{},
			Situation{Passed: Picture, Assessment: scored(20)},
			Verdict{Action: Allow, Reasons: []Reason{{Code: "check.satisfied"}}}},
		{"a picture passed satisfies the slider", config.Ladder{}, Situation{Passed: Picture, Over: []Over{account}},
			Verdict{Action: Allow, Reasons: []Reason{{Code: "limit.account"}, {Code: "check.satisfied"}}}},
		{"a picture passed in its time satisfies the second_factor rung", config.Ladder{},
			Situation{Passed: Picture, Assessment: scored(30), AddressUnits: 9},
			Verdict{Action: Allow, Reasons: []Reason{{Code: "check.satisfied"}}}},
		{"a slider passed satisfies the slider", config.Ladder{}, Situation{Passed: Slider, Assessment: scored(12)},
			Verdict{Action: Allow, Reasons: []Reason{{Code: "check.satisfied"}}}},
		{"a slider passed does not satisfy a picture", config.Ladder{},
			Situation{Passed: Slider, Assessment: scored(20)}, Verdict{Action: Picture}},
		{"nothing passed satisfies a denial", config.Ladder{}, Situation{Passed: Picture, Over: []Over{address}},
			Verdict{Action: Deny, RetryAfter: minute, Reasons: []Reason{{Code: "limit.address"}}}},
		{"a passed check that is none satisfies nothing", config.Ladder{},
			Situation{Passed: Deny, Assessment: scored(12)}, Verdict{Action: Slider}},

		{"an unknown demand of a limit denies", config.Ladder{},
			Situation{Over: []Over{over(config.LimitNetwork, "", minute)}},
			Verdict{Action: Deny, RetryAfter: minute, Reasons: []Reason{{Code: "limit.network"}}}},
		{"an unknown demand denies also what an override lifts", config.Ladder{},
			Situation{Override: AllowOverride, Floors: []Floor{{"captcha", "floor.x"}}},
			Verdict{Action: Deny, RetryAfter: 10 * minute,
				Reasons: []Reason{{Code: "override.allow"}, {Code: "floor.x"}}}},
		{"the assessment's reasons come first", config.Ladder{},
			Situation{Assessment: Assessment{Score: 8, Reasons: []Reason{{CodeTor, 8}}}, Over: []Over{account}},
			Verdict{Action: Slider, Reasons: []Reason{{CodeTor, 8}, {Code: "limit.account"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Decide(tt.ladder, tt.s)
			got.Gap = got.Gap.Round(time.Millisecond)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecideLeavesTheAssessmentAlone(t *testing.T) {
	reasons := make([]Reason, 1, 8)
	reasons[0] = Reason{CodeTor, 8}
	Decide(config.Ladder{}, Situation{Assessment: Assessment{8, reasons}, Override: DenyOverride})
	if spare := reasons[:2][1]; spare != (Reason{}) {
		t.Errorf("wrote %+v behind the assessment's reasons", spare)
	}
}

func TestEveryDefaultRungStandsForItsZero(t *testing.T) {
	for score := -40.0; score <= 90; score += 0.5 {
		s := Situation{Assessment: scored(score), AddressUnits: 7}
		if diff := cmp.Diff(Decide(config.DefaultLadder, s), Decide(config.Ladder{}, s)); diff != "" {
			t.Fatalf("score %v: %s", score, diff)
		}
	}
}
