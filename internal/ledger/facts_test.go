package ledger_test

import (
	"math"
	"testing"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/risk"
)

// at is an attempt from a place.
func at(a ledger.Attempt, country string, asn uint32, family string) ledger.Attempt {
	a.Country, a.ASN, a.Family = country, asn, family
	return a
}

func TestWhereAnAccountSucceededIsRememberedForHalfAYear(t *testing.T) {
	b := open(t)
	home := func() ledger.Attempt { return at(b.from(1, 1), "DE", 3320, "firefox") }
	b.try(home(), login.Success)
	b.try(at(b.from(2, 1), "FR", 3215, "chrome"), login.Failure)

	check := func(name string, a ledger.Attempt, n int, address, country, asn, family bool) {
		t.Helper()
		f := b.try(a, login.None).Facts
		if f.AccountSuccesses != n || f.AddressSucceeded != address || f.CountryKnown != country || f.ASNKnown != asn || f.FamilyKnown != family {
			t.Errorf("%s: %+v", name, f)
		}
		if f.Country != a.Country || f.ASN != a.ASN || f.Family != a.Family {
			t.Errorf("%s: the place is not that of the attempt: %+v", name, f)
		}
	}
	check("home", home(), 1, true, true, true, true)
	check("where only a failure was", at(b.from(2, 1), "FR", 3215, "chrome"), 1, false, false, false, false)
	check("another client at home", at(b.from(1, 1), "DE", 3320, "chrome"), 1, true, true, true, false)
	check("no place known", at(b.from(3, 1), "", 0, ""), 1, false, false, false, false)
	check("another account", at(b.from(1, 2), "DE", 3320, "firefox"), 0, false, false, false, false)
	b.Move(179 * 24 * time.Hour)
	check("after 179 days", home(), 1, true, true, true, true)
	b.Move(2 * 24 * time.Hour)
	check("after 181 days", home(), 0, false, false, false, false)
}

func TestAPlaceWithLessThanOneInTwoHundredOfTheSitesSuccessesIsRare(t *testing.T) {
	b := open(t).only()
	for i := range 1000 {
		country, asn, family := "DE", uint32(3320), "firefox"
		switch {
		case i < 3:
			country, asn, family = "NZ", 4771, "lynx"
		case i < 13:
			country, asn, family = "AT", 8447, "safari"
		}
		b.try(at(b.from(i, i), country, asn, family), login.Success)
	}
	for _, test := range []struct {
		country string
		asn     uint32
		family  string
		rare    bool
	}{{"DE", 3320, "firefox", false}, {"AT", 8447, "safari", false}, {"NZ", 4771, "lynx", true}, {"KP", 131279, "other", true}} {
		f := b.try(at(b.from(5000, 5000), test.country, test.asn, test.family), login.None).Facts
		if f.SiteCountryRare != test.rare || f.SiteASNRare != test.rare || f.SiteFamilyRare != test.rare || f.SiteSuccesses != 1000 {
			t.Errorf("%s: %+v, want rare %v of 1000", test.country, f, test.rare)
		}
	}
	if f := open(t).reserve(at(b.from(1, 1), "DE", 1, "x")).Facts; f.SiteCountryRare || f.SiteASNRare || f.SiteFamilyRare {
		t.Error("where nobody logged in yet, a place is rare")
	}
}

func TestFailuresOfAddressAndAccountAgeByTheirHalfLives(t *testing.T) {
	b := open(t).only()
	for i := range 8 {
		b.try(b.from(1, i%4), login.Failure)
	}
	for range 2 {
		b.try(b.from(1, 9), login.Success)
	}
	near := func(name string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-3 {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	f := b.try(b.from(1, 0), login.None).Facts
	near("failures", f.AddressFailures, 8)
	near("share", f.AddressFailureShare, 0.56)
	near("account", f.AccountFailures, 2)
	if f.AddressAccountsFailed != 4 || f.AccountNetworksFailed != 1 {
		t.Errorf("%d accounts failed, %d networks, want 4 and 1", f.AddressAccountsFailed, f.AccountNetworksFailed)
	}
	b.Move(time.Hour)
	f = b.try(b.from(1, 0), login.None).Facts
	near("account after an hour", f.AccountFailures, 1)
	if f.AddressAccountsFailed != 0 {
		t.Errorf("after an hour %d accounts failed lately", f.AddressAccountsFailed)
	}
	b.Move(11 * time.Hour)
	f = b.try(b.from(1, 0), login.None).Facts
	near("failures after twelve hours", f.AddressFailures, 4)
	near("share after twelve hours", f.AddressFailureShare, 0.571827)
}

func TestABusyAddressAndAPrivateOneAreToldAndNotStopped(t *testing.T) {
	for name, prepare := range map[string]func(*book) func(ledger.Attempt) ledger.Attempt{
		"busy": func(b *book) func(ledger.Attempt) ledger.Attempt {
			for i := range 40 {
				b.try(b.from(1, 1000+i), login.Success)
			}
			return func(a ledger.Attempt) ledger.Attempt { return a }
		},
		"private": func(*book) func(ledger.Attempt) ledger.Attempt {
			return func(a ledger.Attempt) ledger.Attempt { a.Lenient = true; return a }
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			lenient := prepare(b)
			var last *ledger.Reservation
			for i := range 80 {
				last = b.reserve(lenient(b.from(1, i)))
				b.settle(last, login.Failure)
			}
			for _, limit := range []string{config.LimitAddress, config.LimitAttempts, config.LimitAccounts} {
				if got, _ := over(last, limit); got != risk.Deny {
					t.Errorf("%s is not reported: %v", limit, last.Over)
				}
			}
			if last.Busy != (name == "busy") {
				t.Errorf("busy: %v", last.Busy)
			}
			// It was counted, so it was let through.
			if last.Facts.AddressFailures != 79 {
				t.Errorf("%v failures, want 79", last.Facts.AddressFailures)
			}
			// One account still meets its own limit: the failures of the
			// pair were taken each time.
			for range 4 {
				b.settle(b.reserve(lenient(b.from(1, 7))), login.Failure)
			}
			if got, _ := over(b.reserve(lenient(b.from(1, 7))), config.LimitPair); got != risk.Deny {
				t.Errorf("five failures at one account: %s, want a denial", got)
			}
		})
	}
	b := open(t)
	for i := range 12 {
		b.try(b.from(1, 1000+i), login.Success)
	}
	if b.reserve(b.from(1, 1)).Busy {
		t.Error("an address of 12 accounts is busy")
	}
}

func TestAReleaseForgetsWhatWasCountedAndKeepsTheHistory(t *testing.T) {
	b := open(t)
	b.try(at(b.from(1, 1), "DE", 3320, "firefox"), login.Success)
	for range 5 {
		b.try(b.from(1, 1), login.Failure)
	}
	for i := range 30 {
		b.try(b.from(1, 2+i), login.Failure)
	}
	a := b.from(1, 1)
	if !denied(b.reserve(a)) {
		t.Fatal("nothing to release")
	}
	if err := b.ReleaseAccount(ctx, a.Account, a.Host); err != nil {
		t.Fatal(err)
	}
	if got, _ := over(b.reserve(b.from(1, 1)), config.LimitPair); got != risk.Allow {
		t.Error("the pair is still denied")
	}
	if err := b.ReleaseAddress(ctx, a.Host, a.Network); err != nil {
		t.Fatal(err)
	}
	r := b.reserve(at(b.from(1, 1), "DE", 3320, "firefox"))
	if len(r.Over) != 0 || r.Wall.Failures != 0 || r.Facts.AddressFailures != 0 || r.Facts.AccountFailures != 0 || r.Facts.AddressAccountsFailed != 0 {
		t.Errorf("still counted: %v, wall %d, %+v", r.Over, r.Wall.Failures, r.Facts)
	}
	if r.Facts.AccountSuccesses != 1 || !r.Facts.CountryKnown || !r.Facts.AddressSucceeded {
		t.Errorf("the history is gone: %+v", r.Facts)
	}
}

func TestARevocationIsReadByItsAccountOrByAll(t *testing.T) {
	b := open(t)
	first := b.Now()
	if err := b.Revoke(ctx, first, account(1)); err != nil {
		t.Fatal(err)
	}
	r, other := b.reserve(b.from(1, 1)), b.reserve(b.from(1, 2))
	if !r.AccountRevoked.Equal(first) || !r.SiteRevoked.IsZero() || !other.AccountRevoked.IsZero() || !other.SiteRevoked.IsZero() {
		t.Errorf("of one account: %v, %v, and of another %v, %v", r.AccountRevoked, r.SiteRevoked, other.AccountRevoked, other.SiteRevoked)
	}
	b.Move(time.Hour)
	if err := b.Revoke(ctx, b.Now(), device.Account{}); err != nil {
		t.Fatal(err)
	}
	r, other = b.reserve(b.from(1, 1)), b.reserve(b.from(1, 2))
	if !r.AccountRevoked.Equal(first) || !r.SiteRevoked.Equal(b.Now()) || !other.SiteRevoked.Equal(b.Now()) {
		t.Errorf("of all: %v, %v, %v", r.AccountRevoked, r.SiteRevoked, other.SiteRevoked)
	}
	b.Move(device.Life)
	if r := b.reserve(b.from(1, 1)); !r.AccountRevoked.IsZero() || !r.SiteRevoked.IsZero() {
		t.Error("a revocation outlives all that it could void")
	}
}
