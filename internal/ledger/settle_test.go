package ledger_test

import (
	"testing"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/risk"
	"github.com/login-guard/login-guard/internal/store"
)

func TestAnOutcomeKeepsOrGivesBackItsCharge(t *testing.T) {
	for _, test := range []struct {
		outcome login.Outcome
		keeps   map[string]bool // failure budgets, attempts
	}{
		{login.Failure, map[string]bool{"failures": true, "attempts": true}},
		{login.Unknown, map[string]bool{"failures": true, "attempts": true}},
		{login.Outcome("of a later version"), map[string]bool{"failures": true, "attempts": true}},
		{login.Retry, map[string]bool{"failures": false, "attempts": true}},
		{login.None, map[string]bool{"failures": false, "attempts": true}},
		{login.Success, map[string]bool{"failures": false, "attempts": false}},
	} {
		for _, limit := range []string{
			config.LimitPair, config.LimitAddress, config.LimitNetwork, config.LimitAccounts, config.LimitAttempts,
		} {
			t.Run(string(test.outcome)+"/"+limit, func(t *testing.T) {
				b := open(t).only(limit)
				kind := "failures"
				if limit == config.LimitAttempts {
					kind = "attempts"
				}
				burst, most := b.Limits[limit].Burst, 0
				for i := range 3 * burst {
					a := 1
					if limit == config.LimitAccounts {
						a = i
					}
					if r := b.try(b.from(1, a), test.outcome); len(r.Over) == 0 {
						most++
					}
				}
				want := 3 * burst
				if test.keeps[kind] {
					want = burst
				}
				if most != want {
					t.Errorf("%d of %d were within the limit, want %d", most, 3*burst, want)
				}
			})
		}
	}
}

func TestADevicesOwnChargeIsKeptByFailuresOnly(t *testing.T) {
	for o, keeps := range map[login.Outcome]bool{
		login.Failure: true, login.Unknown: true, login.Success: false, login.Retry: false, login.None: false,
	} {
		b := open(t)
		last := false
		for range 11 {
			last = denied(b.try(b.known(1, 1), o))
		}
		if last != keeps {
			t.Errorf("eleven of %s: denied %v, want %v", o, last, keeps)
		}
	}
}

func TestASuccessClearsNobodysFailures(t *testing.T) {
	b := open(t)
	for range 4 {
		b.try(b.from(1, 1), login.Failure)
	}
	before := b.reserve(b.from(1, 1))
	b.settle(before, login.Success)
	// The owner elsewhere, and another customer behind the same address.
	b.try(b.from(2, 1), login.Success)
	b.try(b.known(3, 1), login.Success)
	b.try(b.from(1, 2), login.Success)

	after := b.try(b.from(1, 1), login.Failure)
	if denied(after) {
		t.Fatalf("the fifth failure: %v", after.Over)
	}
	if after.Facts.AddressFailures != 4 || after.Facts.AccountFailures != 4 || after.Wall.Failures != 4 {
		t.Errorf("failures of address %v, account %v, wall %d, want 4 each",
			after.Facts.AddressFailures, after.Facts.AccountFailures, after.Wall.Failures)
	}
	if got, _ := over(b.reserve(b.from(1, 1)), config.LimitPair); got != risk.Deny {
		t.Errorf("the sixth guess: %s; the successes gave failures back", got)
	}
}

func TestAHeldLoginCostsNoFailureAndStaysAnAttempt(t *testing.T) {
	b := open(t)
	for i := range 60 {
		r := b.reserve(b.from(1, 1))
		if denied(r) {
			t.Fatalf("number %d: %v", i+1, r.Over)
		}
		b.settle(r, login.None)
		if r.Wall.Failures != 0 || r.Facts.AddressFailures != 0 {
			t.Fatalf("number %d: wall %d, address %v: what was not sent counts as failed", i+1, r.Wall.Failures, r.Facts.AddressFailures)
		}
	}
	if r := b.reserve(b.from(1, 1)); len(r.Over) != 1 || r.Over[0].Limit != config.LimitAttempts {
		t.Errorf("number 61: %v, want attempts", r.Over)
	}
}

func TestTheSameLoginSentAgainIsOneAttemptUntilItWasForwarded(t *testing.T) {
	for _, test := range []struct {
		name      string
		forwarded []login.Outcome
		attempts  int
	}{
		{"never", nil, 1},
		{"once", []login.Outcome{login.Failure}, 2},
		{"twice", []login.Outcome{login.Unknown, login.Retry}, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := open(t).only(config.LimitAttempts)
			a := b.from(1, 1)
			held := func() {
				for range 20 {
					b.try(a, login.None)
					b.Move(time.Millisecond)
				}
			}
			held()
			for _, o := range test.forwarded {
				b.try(a, o)
				held()
			}
			left := 0
			for !denied(b.try(b.from(1, 1), login.None)) {
				left++
			}
			if left != 60-test.attempts {
				t.Errorf("%d more attempts are within the limit, want %d", left, 60-test.attempts)
			}
		})
	}
}

func TestTheSameLoginIsANewAttemptAfterTenMinutes(t *testing.T) {
	b := open(t).only(config.LimitAttempts)
	b.Limits[config.LimitAttempts] = config.Limit{Burst: 1, Every: config.Duration(time.Hour)}
	a := b.from(1, 1)
	b.try(a, login.None)
	b.Move(10*time.Minute - time.Second)
	if r := b.reserve(a); denied(r) {
		t.Error("within ten minutes it is another attempt")
	}
	b.Move(2 * time.Second)
	if r := b.reserve(a); !denied(r) {
		t.Error("after ten minutes it is still the same")
	}
}

func TestALoginWithoutANameIsAlwaysAnAttempt(t *testing.T) {
	b := open(t).only(config.LimitAttempts)
	a := b.from(1, 1)
	a.Same = store.Key{}
	for range 60 {
		b.try(a, login.None)
	}
	if !denied(b.reserve(a)) {
		t.Error("number 61 is within the limit")
	}
}

func TestAReservationTakesAllOrNothing(t *testing.T) {
	b := open(t)
	for range 5 {
		b.try(b.from(1, 1), login.Failure)
	}
	for range 200 {
		b.try(b.from(1, 1), login.Failure) // pair is spent
	}
	// The address has five of its ten failures left, and 55 attempts.
	for i := range 5 {
		if r := b.try(b.from(1, 2+i%2), login.Failure); denied(r) {
			t.Fatalf("other account's failure %d: %v: refused guesses took from the address", i+1, r.Over)
		}
	}
	if got, _ := over(b.reserve(b.from(1, 4)), config.LimitAddress); got != risk.Deny {
		t.Errorf("failure 11 of the address: %s", got)
	}
}
