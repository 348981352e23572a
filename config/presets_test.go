package config

import "testing"

func TestPresets(t *testing.T) {
	names := PresetNames()
	if len(names) != 19 {
		t.Fatalf("%v", names)
	}
	for _, name := range names {
		es, ok := Preset(name)
		if !ok || len(es) == 0 {
			t.Errorf("%s: %v %v %v", name, es, ok, Verified(name))
		}
		// Presets obey the rules that operators' endpoints do.
		if errs := checkEndpoints(es); len(errs) > 0 {
			t.Errorf("%s: %v", name, errs)
		}
		es[0].AccountFields = append(es[0].AccountFields, "x")
		es[0].Name = "changed"
		if again, _ := Preset(name); again[0].Name == "changed" {
			t.Errorf("%s: a caller's change stays", name)
		}
	}
	if _, ok := Preset("nope"); ok || Verified("nope") {
		t.Error("an unknown preset is none and not verified")
	}
}
