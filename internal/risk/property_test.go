package risk

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/login-guard/login-guard/config"
)

// The scores, units and limits of the whole space below: one of each side of
// every line that Decide draws.
var (
	allScores = []float64{-30, 9.9, 10, 17, 25, 35, 76, math.NaN(), math.Inf(1)}
	allUnits  = []float64{0, 4.9, 5, 40, math.NaN()}
	allPassed = []Action{"", Allow, Slider, Picture, SecondFactor, Deny, Unreadable, "x"}
	allSets   = [][]Over{
		nil,
		{over(config.LimitPair, Deny, time.Minute)},
		{over(config.LimitAccount, Slider, 0)},
		{over(config.LimitAccount, Deny, time.Hour)},
		{over(config.LimitDevice, Deny, time.Minute)},
		{over(config.LimitAddress, Deny, time.Minute)},
		{over(config.LimitNetwork, Picture, 0)},
		{over(config.LimitAccounts, Picture, 0), over(config.LimitAttempts, Deny, time.Minute)},
	}
	allFloors = [][]Floor{nil, {{Slider, CodeAskAfter}}, {{Picture, "floor.p"}}, {{Deny, "floor.d"}}}
)

// each visits every situation of that space.
func each(visit func(Situation)) {
	for _, override := range []Override{NoOverride, AllowOverride, DenyOverride, -1, 9} {
		for flags := range 4 {
			for _, score := range allScores {
				for _, units := range allUnits {
					for _, passed := range allPassed {
						for _, set := range allSets {
							for _, floors := range allFloors {
								visit(Situation{
									Assessment: scored(score), Override: override, Over: set, Floors: floors,
									DeviceKnown: flags&1 != 0, Blameless: flags&2 != 0,
									AddressUnits: units, Passed: passed,
								})
							}
						}
					}
				}
			}
		}
	}
}

// TestPromisesHoldEverywhere states what holds of every verdict, without
// repeating how Decide gets there.
func TestPromisesHoldEverywhere(t *testing.T) {
	each(func(s Situation) {
		v := Decide(config.Ladder{}, s)
		fail := func(what string) {
			t.Helper()
			t.Fatalf("%s: %+v gives %+v", what, s, v)
		}
		var personal, deviceBudget, floorDenies, anyOver bool
		for _, o := range s.Over {
			anyOver = true
			personal = personal || o.Personal && o.Demands == Deny
			deviceBudget = deviceBudget || o.Limit == config.LimitDevice
		}
		for _, f := range s.Floors {
			floorDenies = floorDenies || f.Demands == Deny
		}
		known := s.Override == NoOverride || s.Override == AllowOverride

		switch v.Action {
		case Allow, Slider, Picture, Deny:
		default:
			fail("no action that a login can meet")
		}
		if (v.Action == Deny) != (v.RetryAfter >= time.Second) {
			fail("a denial says when to come back, and nothing else does")
		}
		if v.Gap != 0 && (v.Action != Picture || v.Gap < time.Second || v.Gap > time.Minute) {
			fail("a gap of 1 to 60 s goes with a picture only")
		}
		if !known && v.Action != Deny {
			fail("a deny override, or one that does not exist, denies")
		}
		if known && v.Action == Deny && s.DeviceKnown && !deviceBudget && (!floorDenies || s.Override == AllowOverride) {
			fail("a known device is denied by its own budget only")
		}
		if known && v.Action == Deny && s.Blameless && !personal && !floorDenies {
			fail("a shared address is denied by personal limits only")
		}
		if known && v.Action == Deny && !anyOver && !floorDenies && !(s.AddressUnits >= 5) {
			fail("the score alone denies only from five failures")
		}
		if v.Gap != 0 && (s.DeviceKnown || s.Blameless) {
			fail("nobody blameless waits")
		}
		if s.Override == AllowOverride && !personal && v.Action != Allow && v.Action != Slider {
			fail("an allow override leaves personal limits only")
		}
		if personal && !s.DeviceKnown && v.Action != Deny {
			fail("a personal limit denies strangers whatever was allowed or passed")
		}
		if s.Passed != Slider && s.Passed != Picture {
			bare := s
			bare.Passed = Allow
			if Decide(config.Ladder{}, bare).Action != v.Action {
				fail("only a slider or picture counts as passed")
			}
		}
		if s.Passed == Picture && (v.Action == Slider || v.Action == Picture) {
			fail("a picture passed satisfies picture and slider")
		}
	})
}

func TestAnAddedDemandNeverWeakensTheVerdict(t *testing.T) {
	// A known device shrugs most demands off; a demand may then change
	// nothing, but never for the weaker.
	limits := []string{config.LimitPair, config.LimitAddress, config.LimitNetwork, config.LimitAccount,
		config.LimitDevice, config.LimitAccounts, config.LimitLogins, "x"}
	actions := []Action{Allow, Slider, Picture, SecondFactor, Deny, Unreadable, "", "x"}
	r := rand.New(rand.NewPCG(5, 6))
	each(func(s Situation) {
		if r.IntN(20) != 0 {
			return // a sample; the whole space is visited above
		}
		before := Decide(config.Ladder{}, s)
		check := func(what string, added Situation) {
			t.Helper()
			after := Decide(config.Ladder{}, added)
			if strength(after.Action) < strength(before.Action) ||
				after.Action == Deny && after.RetryAfter < before.RetryAfter ||
				after.Action == before.Action && after.Gap < before.Gap {
				t.Fatalf("%s turns %+v into %+v: %+v", what, before, after, added)
			}
		}
		with := s
		with.Over = append(append([]Over(nil), s.Over...), Over{
			Limit: limits[r.IntN(len(limits))], Demands: actions[r.IntN(len(actions))],
			RetryAfter: time.Duration(r.IntN(100)) * time.Second, Personal: r.IntN(2) == 0})
		check("a limit", with)
		with = s
		with.Floors = append(append([]Floor(nil), s.Floors...), Floor{actions[r.IntN(len(actions))], "floor.x"})
		check("a floor", with)
		with = s
		with.Assessment.Score += 1 + r.Float64()*40
		check("a higher score", with)
		with = s
		with.AddressUnits += 1 + r.Float64()*10
		check("more failures", with)
		with = s
		with.Override = DenyOverride
		check("a deny override", with)
	})
}

func TestAnUnknownActionNeverAllows(t *testing.T) {
	each(func(s Situation) {
		if math.IsNaN(s.Assessment.Score) || math.IsNaN(s.AddressUnits) {
			return
		}
		for _, unknown := range []Action{"", "x", "ALLOW", Unreadable} {
			with := s
			with.Floors = []Floor{{unknown, "floor.x"}}
			if v := Decide(config.Ladder{}, with); v.Action != Deny {
				t.Fatalf("floor %q: %+v gives %+v", unknown, with, v)
			}
			with = s
			with.Over = []Over{{Limit: config.LimitAccount, Demands: unknown, Personal: len(s.Floors) > 0}}
			if v := Decide(config.Ladder{}, with); v.Action != Deny {
				t.Fatalf("limit %q: %+v gives %+v", unknown, with, v)
			}
		}
	})
}
