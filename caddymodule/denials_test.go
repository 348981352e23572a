package caddymodule

import (
	"fmt"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/risk"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

func TestADenialIsRememberedForAMomentAndItsWaitGrowsShorter(t *testing.T) {
	d, now := new(denials), time.Unix(1_800_000_000, 0)
	v := risk.Verdict{Action: risk.Deny, RetryAfter: time.Minute}
	d.note(now, storetest.Key("a"), v, 12, nil)
	got, ok := d.find(now.Add(3*time.Second), storetest.Key("b"), storetest.Key("a"))
	if !ok || got.verdict.RetryAfter != 57*time.Second || got.score != 12 {
		t.Errorf("%v %+v", ok, got)
	}
	if _, ok := d.find(now, storetest.Key("b")); ok {
		t.Error("another is denied")
	}
	if _, ok := d.find(now.Add(denialLife), storetest.Key("a")); ok {
		t.Error("still denied without a look at the limits")
	}
	d.note(now, storetest.Key("a"), risk.Verdict{Action: risk.Deny, RetryAfter: 2 * time.Second}, 0, nil)
	if _, ok := d.find(now.Add(2*time.Second), storetest.Key("a")); ok {
		t.Error("denied for longer than the limit says")
	}
	d.clear()
	if _, ok := d.find(now, storetest.Key("a")); ok {
		t.Error("denied after a release")
	}
}

func TestDenialsThatAreRememberedAreBounded(t *testing.T) {
	d, now := new(denials), time.Unix(1_800_000_000, 0)
	for i := range 3 * denialsMax {
		d.note(now, storetest.Key(fmt.Sprint(i)), risk.Verdict{RetryAfter: time.Hour}, 0, nil)
	}
	if len(d.of) > denialsMax {
		t.Errorf("%d are kept", len(d.of))
	}
}
