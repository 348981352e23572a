package ledger_test

import (
	"testing"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/login"
)

// The charge of `attempts` is taken when the login is held, and given back
// with its success. Otherwise sixty logins with a check and a right password within ten minutes
// would lock an address out.
func TestALoginThatPassedACheckAndSucceededIsNoFailedAttempt(t *testing.T) {
	b := open(t).only(config.LimitAttempts)
	for i := range 100 {
		a := b.from(1, i)
		b.try(a, login.None) // held for a check
		a.Again = true       // the check was passed
		if r := b.try(a, login.Success); denied(r) {
			t.Fatalf("customer %d: %v", i+1, r.Over)
		}
		if r := b.reserve(b.from(1, 1000)); denied(r) {
			t.Fatalf("after %d customers who logged in: %v", i+1, r.Over)
		} else {
			b.settle(r, login.Success)
		}
	}
}

// Giving the wall back restores the gap as it was before the attempt, but not
// where another attempt started a longer one meanwhile.
func TestAnAttemptGivenBackLeavesAnothersGap(t *testing.T) {
	b := open(t)
	for i := range 22 {
		if i >= 20 {
			b.Move(b.reserve(b.from(100*i, 1)).Wall.Wait)
		}
		b.try(b.from(100*i, 1), login.Failure)
	}
	b.Move(b.reserve(b.from(5000, 1)).Wall.Wait)
	slow := b.reserve(b.from(5001, 1)) // the shop takes its time
	b.Move(b.reserve(b.from(5002, 1)).Wall.Wait)
	b.try(b.from(5003, 1), login.Failure)
	want := b.reserve(b.from(5004, 1)).Wall.Wait
	b.settle(slow, login.Retry)
	if got := b.reserve(b.from(5005, 1)).Wall.Wait; got == 0 {
		t.Errorf("the gap of %v is gone", want)
	}
}
