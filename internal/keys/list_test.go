package keys_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/internal/keys"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func ringOf(t *testing.T, l keys.List, now time.Time) *keys.Ring {
	t.Helper()
	r, err := l.Ring(now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func opens(r *keys.Ring, sealed []byte) bool {
	plain, err := r.Open(keys.Device, sealed, nil)
	return err == nil && string(plain) == "x"
}

func TestAfterARotationOldValuesOpenForHalfAYearAndNamesStay(t *testing.T) {
	l := keys.List{{Key: master(1), Made: start}}
	before := ringOf(t, l, start)
	old := before.Seal(keys.Device, []byte("x"), nil)
	name := before.Sum(keys.Pseudonym, []byte("alice"))

	changed := start.Add(100 * 24 * time.Hour)
	l = l.Rotate(master(2), changed)
	after := ringOf(t, l, changed)
	fresh := after.Seal(keys.Device, []byte("x"), nil)
	if !opens(after, old) || !opens(after, fresh) {
		t.Error("not both open after the rotation")
	}
	if opens(before, fresh) {
		t.Error("the old key opens what the new one sealed")
	}
	if before.Knows(fresh) || !before.Knows(old) || !after.Knows(old) {
		t.Error("a ring does not know whose key it is")
	}
	later := changed.Add(keys.Overlap + time.Hour)
	if r := ringOf(t, l, later); opens(r, old) || !opens(r, fresh) || r.Sum(keys.Pseudonym, []byte("alice")) != name {
		t.Error("half a year later: the old key still opens, or the new does not, or names changed")
	}
	// The next rotation drops what opens nothing, but for the names.
	l = l.Rotate(master(3), later)
	l = l.Rotate(master(4), later.Add(keys.Overlap+time.Hour))
	if len(l) != 3 || ringOf(t, l, later).Sum(keys.Pseudonym, []byte("alice")) != name {
		t.Errorf("%d keys, want the new one, the one before and that of the names", len(l))
	}
}

func TestARunningRingTakesANewKeyAndKeepsItsNames(t *testing.T) {
	l := keys.List{{Key: master(1)}}
	r := ringOf(t, l, start)
	old, name := r.Seal(keys.Device, []byte("x"), nil), r.Sum(keys.Pseudonym, []byte("alice"))
	l = l.Rotate(master(2), start)
	if err := l.Refresh(r, start); err != nil {
		t.Fatal(err)
	}
	if !opens(r, old) || !opens(r, ringOf(t, l, start).Seal(keys.Device, []byte("x"), nil)) {
		t.Error("not both keys open")
	}
	if r.Sum(keys.Pseudonym, []byte("alice")) != name || ringOf(t, l, start).Sum(keys.Pseudonym, []byte("alice")) != name {
		t.Error("names changed")
	}
}

func TestAListOfKeysIsReadAsItWasWritten(t *testing.T) {
	l := keys.List{{Key: master(3), Made: start}, {Key: master(2)}, {Key: master(1), Made: start.Add(-time.Hour)}}
	got, err := keys.ParseList(l.String())
	if err != nil || cmp.Diff(l, got) != "" {
		t.Error(err, cmp.Diff(l, got))
	}
	for _, bad := range []string{"", " \n", "short", "2026-01-01T00:00:00Z", l.String() + " junk"} {
		if _, err := keys.ParseList(bad); err == nil {
			t.Errorf("%q is read", bad)
		} else if strings.Contains(err.Error(), "junk") {
			t.Errorf("the error repeats the key: %v", err)
		}
	}
	if _, err := (keys.List{{Key: master(1)}, {Key: master(1)}}).Ring(start); err == nil {
		t.Error("the same key twice is taken")
	}
}
