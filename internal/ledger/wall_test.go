package ledger_test

import (
	"testing"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/risk"
)

func TestFromTwentyFailuresOnAttemptsAtAnAccountShareAGrowingGap(t *testing.T) {
	b := open(t)
	for i := range 20 {
		r := b.try(b.from(100*i, 1), login.Failure)
		if denied(r) {
			t.Fatalf("failure %d: %v", i+1, r.Over)
		}
		// From five on the account's logins meet a slider; the ledger says
		// how many there were.
		if r.Wall.Failures != i || r.Wall.Row != i {
			t.Errorf("before failure %d: %d failures, row of %d", i+1, r.Wall.Failures, r.Wall.Row)
		}
	}
	for i, gap := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute,
		8 * time.Minute, 16 * time.Minute} {
		r := b.reserve(b.from(100*(50+i), 1))
		if got, after := over(r, config.LimitAccount); got != risk.Deny || after != gap || !r.Over[0].Personal {
			t.Fatalf("gap %d: %s after %v, want a personal denial of %v", i+1, got, after, gap)
		}
		b.settle(r, login.None)
		b.Move(gap - time.Second)
		if r := b.reserve(b.from(100*(60+i), 1)); !denied(r) {
			t.Fatalf("gap %d is over a second early", i+1)
		}
		b.Move(time.Second)
		if r := b.try(b.from(100*(70+i), 1), login.Failure); denied(r) {
			t.Fatalf("after gap %d: %v", i+1, r.Over)
		}
	}
	// One failure an hour leaks away, so the gap no longer doubles each time;
	// it grows to an hour and no further.
	last := time.Duration(0)
	for i := range 20 {
		_, gap := over(b.reserve(b.from(100*80, 1)), config.LimitAccount)
		if gap < last || gap > time.Hour {
			t.Errorf("gap %d is %v after one of %v", 7+i, gap, last)
		}
		last = gap
		b.Move(gap)
		b.try(b.from(100*(81+i), 1), login.Failure)
	}
	if last != time.Hour {
		t.Errorf("the last gap is %v, want an hour", last)
	}
	if r := b.reserve(b.from(100*199, 2)); len(r.Over) != 0 {
		t.Errorf("another account: %v", r.Over)
	}
}

func TestFromAHundredInARowTheGapIsAnHourUntilASuccess(t *testing.T) {
	b := open(t)
	for i := range 100 {
		if r := b.try(b.from(100*i, 1), login.Failure); denied(r) {
			t.Fatalf("failure %d: %v", i+1, r.Over)
		}
		if i < 99 {
			b.Move(3 * time.Hour) // so slow that the twenty are never reached
		}
	}
	for i := range 3 {
		if got, after := over(b.reserve(b.from(100*(200+i), 1)), config.LimitAccount); got != risk.Deny || after != time.Hour {
			t.Fatalf("failure %d: %s after %v, want a denial of an hour", 101+i, got, after)
		}
		b.Move(time.Hour)
		b.try(b.from(100*(200+i), 1), login.Failure)
	}
	r := b.reserve(b.known(1, 1))
	if denied(r) {
		t.Fatalf("the owner's device: %v", r.Over)
	}
	b.settle(r, login.Success)
	b.Move(3 * time.Hour)
	for i := range 3 {
		if r := b.try(b.from(100*(300+i), 1), login.Failure); denied(r) || r.Wall.Row != i {
			t.Errorf("after a success, failure %d: row %d, %v", i+1, r.Wall.Row, r.Over)
		}
	}
}

func TestTheOwnersDeviceIsNeverDeniedWhileTenThousandGuessesComeFromThreeThousandAddresses(t *testing.T) {
	for name, off := range map[string]bool{"with the wall": false, "without the wall": true} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			if off {
				b.Limits[config.LimitAccount] = config.Limit{Off: true}
			}
			reached := 0
			for i := range 10_000 {
				if r := b.try(b.from(i%3000, 1), login.Failure); !denied(r) {
					reached++
				}
				if i%50 != 0 {
					continue
				}
				// The owner, behind an address that guesses too.
				r := b.reserve(b.known(i%3000, 1))
				if len(r.Over) != 0 || r.Wall.Wait != 0 {
					t.Fatalf("after %d guesses the owner meets %v", i+1, r.Over)
				}
				b.settle(r, login.Success)
			}
			if off && reached < 9_000 || !off && reached > 25 {
				t.Errorf("%d guesses reached the shop", reached)
			}
		})
	}
}

func TestAKnownDeviceTouchesItsOwnBudgetOnly(t *testing.T) {
	b := open(t)
	for range 10 {
		b.try(b.known(1, 1), login.Failure)
	}
	r := b.reserve(b.from(1, 1))
	if len(r.Over) != 0 || r.Wall.Failures != 0 || r.Facts.AddressFailures != 0 || r.Facts.AccountFailures != 0 || r.Facts.AddressAccountsFailed != 0 {
		t.Errorf("its ten failures show elsewhere: %v, wall %d, %+v", r.Over, r.Wall.Failures, r.Facts)
	}
	b.settle(r, login.None)
	if r := b.reserve(b.known(2, 1)); len(r.Over) != 1 || r.Over[0].Limit != config.LimitDevice {
		t.Errorf("failure 11 from another network: %v, want device", r.Over)
	}
	other := b.known(1, 1)
	other.Device[0]++
	if r := b.reserve(other); len(r.Over) != 0 {
		t.Errorf("another device: %v", r.Over)
	}
	if r := b.reserve(b.known(1, 2)); len(r.Over) != 0 {
		t.Errorf("another account on a device: %v", r.Over)
	}
}

// However many devices an account has, thirty failures an hour over all of
// them are followed by a picture, and never by a denial.
func TestManyKnownDevicesOfOneAccountShareABudgetThatAsksForAPicture(t *testing.T) {
	b := open(t)
	asked := 0
	for i := range 60 {
		a := b.known(i, 7)
		a.Device = [16]byte{byte(i), 1}
		r := b.try(a, login.Failure)
		for _, o := range r.Over {
			if o.Demands != risk.Picture {
				t.Fatalf("failure %d: %+v", i+1, o)
			}
			asked++
		}
		if asked > 0 && i < 30 {
			t.Fatalf("asked at failure %d already", i+1)
		}
	}
	if asked < 29 {
		t.Errorf("%d of the last 30 were asked for a picture", asked)
	}
}
