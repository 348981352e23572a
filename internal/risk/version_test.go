package risk

import (
	"reflect"
	"regexp"
	"testing"
)

func TestTheVersionIsTheSameEachTimeAndShort(t *testing.T) {
	if again := fingerprint(func(*Facts) {}); again != Version() || !regexp.MustCompile("^[0-9a-f]{12}$").MatchString(again) {
		t.Errorf("%q, then %q", Version(), again)
	}
}

func TestEveryFactIsInTheVersion(t *testing.T) {
	seen := map[string]string{Version(): "all of them"}
	facts := reflect.TypeFor[Facts]()
	for i := range facts.NumField() {
		name := facts.Field(i).Name
		got := fingerprint(func(f *Facts) { reflect.ValueOf(f).Elem().Field(i).SetZero() })
		if with := seen[got]; with != "" {
			t.Errorf("without %s the version is that of %s", name, with)
		}
		seen[got] = "without " + name
	}
}

// A weight that is off by the least that points are counted in is another
// weight.
func TestTheLeastChangeOfAPointIsAnotherVersion(t *testing.T) {
	for name, change := range map[string]func(*Facts){
		"points of a check": func(f *Facts) {
			for i := range f.Check {
				f.Check[i].Points += grain
			}
		},
		"failures": func(f *Facts) {
			if f.AddressFailures > 0 {
				f.AddressFailures += 0.1
			}
		},
		"a share": func(f *Facts) {
			if f.SiteAttack > 0 {
				f.SiteAttack *= 1.02
			}
		},
	} {
		if fingerprint(change) == Version() {
			t.Errorf("%s: not noticed", name)
		}
	}
}
