package engine_test

import (
	"errors"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/engine"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/risk"
)

// look is what somebody meets from the n-th network who has not tried yet.
func (b *bench) look(a engine.Attempt) risk.Action {
	b.t.Helper()
	a.Account = device.Account{}
	d, err := b.Look(ctx, b.Now(), a)
	if err != nil {
		b.t.Fatal(err)
	}
	if d.Counted() {
		b.t.Error("a look is to be settled")
	}
	return d.Verdict.Action
}

func TestALookSaysWhatAnAttemptWouldMeet(t *testing.T) {
	b := open(t)
	if got := b.look(from(1, 1)); got != risk.Allow {
		t.Errorf("nobody known: %s", got)
	}
	b.AskAfter = 24 * time.Hour
	for name, test := range map[string]struct {
		a    engine.Attempt
		want risk.Action
	}{
		"a new device":                {from(1, 1), risk.Slider},
		"one that logged in lately":   {known(1, 1, b.Now().Add(-time.Hour)), risk.Allow},
		"one that did so a while ago": {known(1, 1, b.Now().Add(-25*time.Hour)), risk.Slider},
	} {
		if got := b.look(test.a); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	// Failures of the address count, those of accounts nobody knows of yet.
	b.AskAfter = 0
	for i := range 5 {
		b.try(from(1, 10+i), login.Failure)
	}
	look, real := b.look(from(1, 1)), b.decide(from(1, 1)).Verdict.Action
	if look == risk.Allow || look != real {
		t.Errorf("after failures of its address: %s, and an attempt meets %s", look, real)
	}
	if got := b.look(from(2, 1)); got != risk.Allow {
		t.Errorf("another address: %s", got)
	}
}

func TestALookCountsNothing(t *testing.T) {
	b := open(t)
	for range 500 {
		b.look(from(1, 1))
	}
	if d := b.decide(from(1, 1)); d.Verdict.Action != risk.Allow || len(d.Situation.Over) > 0 {
		t.Errorf("after 500 looks an attempt meets %+v", d.Verdict)
	}
}

func TestALookObeysTheOperatorAndWhatWasRevoked(t *testing.T) {
	b := open(t)
	b.AskAfter = 24 * time.Hour
	b.Overrides = func(s engine.Subject) (risk.Override, string) {
		if s.Address == from(3, 1).Signals.Address {
			return risk.AllowOverride, "allow"
		}
		return risk.NoOverride, ""
	}
	if got := b.look(from(3, 1)); got != risk.Allow {
		t.Errorf("an address that is allowed: %s", got)
	}
	device1 := known(1, 1, b.Now().Add(-time.Hour))
	if err := b.Ledger.Revoke(ctx, b.Now(), device.Account{}); err != nil {
		t.Fatal(err)
	}
	b.Move(time.Minute)
	if got := b.look(device1); got != risk.Slider {
		t.Errorf("a device that was revoked: %s", got)
	}
}

func TestALookWithoutAStoreIsAnError(t *testing.T) {
	b := over(t, open(t).Clock, &failing{from: 1})
	if d, err := b.Look(ctx, b.Now(), from(1, 1)); !errors.Is(err, errDown) || d.Verdict.Action != risk.Deny {
		t.Errorf("%+v, %v", d.Verdict, err)
	}
}
