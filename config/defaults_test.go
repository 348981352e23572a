package config

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestModeThatHolds(t *testing.T) {
	for name, test := range map[string]struct {
		site Site
		mode string
		why  string
	}{
		"nothing said":                {Site{}, ModeEnforce, "default"},
		"an endpoint of one's own":    {Site{Endpoints: login(nil)}, ModeEnforce, "default"},
		"a verified preset":           {Site{Presets: []string{"woocommerce"}}, ModeEnforce, "default"},
		"monitor is written":          {Site{Mode: ModeMonitor}, ModeMonitor, "is written"},
		"a preset nobody verified":    {Site{Presets: []string{"woocommerce", unverified(t)}}, ModeMonitor, unverified(t)},
		"enforce is written for that": {Site{Mode: ModeEnforce, Presets: []string{unverified(t)}}, ModeEnforce, "is written"},
	} {
		mode, why := test.site.EffectiveMode()
		if mode != test.mode || !strings.Contains(why, test.why) {
			t.Errorf("%s: got %s because %q, want %s because of %q", name, mode, why, test.mode, test.why)
		}
	}
}

// unverified is a preset that was not tried with the running shop. A name
// that is no preset counts as such, too.
func unverified(t *testing.T) string {
	t.Helper()
	for _, name := range PresetNames() {
		if !Verified(name) {
			return name
		}
	}
	return "no-such-shop"
}

func TestLadderKeepsDefaultsOfWhatIsNotSaid(t *testing.T) {
	s := Site{Ladder: &Ladder{Picture: RungOff, Deny: 50}}
	want := Ladder{Slider: 10, Picture: RungOff, SecondFactor: 25, Deny: 50}
	if diff := cmp.Diff(want, s.EffectiveLadder()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(DefaultLadder, (&Site{}).EffectiveLadder()); diff != "" {
		t.Error(diff)
	}
}

func TestLadderReadsAndWritesOff(t *testing.T) {
	const text = `{"slider":10.5,"picture":"off"}`
	var l Ladder
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		t.Fatal(err)
	}
	if want := (Ladder{Slider: 10.5, Picture: RungOff}); l != want {
		t.Errorf("read %v, want %v", l, want)
	}
	if b, err := json.Marshal(l); err != nil || string(b) != text {
		t.Errorf("wrote %s (%v), want %s", b, err, text)
	}
	for _, bad := range []string{`{"slider":0}`, `{"slider":-1}`, `{"slider":"on"}`, `{"slider":null}`, `{"slider":true}`, `{"slider":1e9}`} {
		if err := json.Unmarshal([]byte(bad), &l); err == nil {
			t.Errorf("%s was read as %v", bad, l)
		}
	}
}

func TestLimitsKeepDefaultsOfWhatIsNotSaid(t *testing.T) {
	minute := Duration(time.Minute)
	s := Site{Limits: map[string]Limit{
		"pair":     {Off: true},
		"address":  {Burst: 20}, // the default's 10 minutes for a full budget
		"device":   {Burst: 3, Every: hour},
		"network":  {Every: minute},
		"account":  {Steps: []int{3, 9, 27}},
		"accounts": {Burst: 8, Every: minute},
	}}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	want := DefaultLimits()
	want["pair"] = Limit{Off: true}
	want["address"] = Limit{Burst: 20, Every: minute / 2}
	want["device"] = Limit{Burst: 3, Every: hour}
	want["network"] = Limit{Burst: 40, Every: minute}
	want["account"] = Limit{Steps: []int{3, 9, 27}}
	want["accounts"] = Limit{Burst: 8, Every: minute, Steps: []int{20}}
	if diff := cmp.Diff(want, s.EffectiveLimits()); diff != "" {
		t.Error(diff)
	}
}

func TestDefaultLimitsAreValid(t *testing.T) {
	if err := (&Site{Limits: DefaultLimits()}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestEndpointsOfTheOperatorComeFirst(t *testing.T) {
	s := Site{Presets: []string{"woocommerce"}, Endpoints: login(nil)}
	got := s.EffectiveEndpoints()
	if len(got) < 2 || got[0].Name != "login" || got[0].Kind != KindLogin {
		t.Fatalf("got %+v, want the operator's endpoint with its default name and kind, then the preset's", got)
	}
	if s.Endpoints[0].Name != "" {
		t.Error("the settings themselves were changed")
	}
	for _, e := range (&Site{}).EffectiveEndpoints() {
		if e.Name == "" || e.Kind == "" {
			t.Errorf("the generic endpoint has no name or kind: %+v", e)
		}
	}
	if len((&Site{}).EffectiveEndpoints()) == 0 {
		t.Error("without preset and endpoint nothing is guarded")
	}
}

func TestPrefixIsOneFolder(t *testing.T) {
	for given, want := range map[string]string{
		"": "/.login-guard/", "check": "/check/", "/check": "/check/", "/a/b/": "/a/b/", "/": "/.login-guard/",
	} {
		if got := (&Site{PathPrefix: given}).Prefix(); got != want {
			t.Errorf("%q: got %s, want %s", given, got, want)
		}
	}
}

func TestDurationsReadAndWrite(t *testing.T) {
	for text, want := range map[string]string{
		"90s": "1m30s", "10m": "10m", "24h": "1d", "1d12h": "36h", "36h": "36h", "3d": "3d", "1h30m": "1h30m",
		"0": "0s", "0d": "0s", "250ms": "250ms", "1h0m1s": "1h0m1s",
	} {
		d, err := ParseDuration(text)
		if err != nil || d.String() != want {
			t.Errorf("%s: got %s (%v), want %s", text, d, err, want)
		}
		if again, err := ParseDuration(d.String()); again != d || err != nil {
			t.Errorf("%s is read as %s (%v)", d, again, err)
		}
	}
	for _, text := range []string{"", "d", "x", "-1h", "-1d", "1d-1h", "nand", "infd", "1.5d", "1d1d", "36501d", "200000d", "99999999h", "10"} {
		if d, err := ParseDuration(text); err == nil {
			t.Errorf("%q was read as %s", text, d)
		}
	}
	for _, text := range []string{`"x"`, `-5`, `true`, `{}`} {
		var d Duration
		if err := json.Unmarshal([]byte(text), &d); err == nil {
			t.Errorf("JSON %s was read as %s", text, d)
		}
	}
	var d Duration
	if err := json.Unmarshal([]byte("3600000000000"), &d); err != nil || d != hour {
		t.Errorf("nanoseconds: got %s (%v), want 1h", d, err)
	}
}
