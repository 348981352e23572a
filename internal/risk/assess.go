package risk

import "math"

// Assess adds the evidence up. Reasons come in a fixed order, family by
// family, each with its points; a family over its cap ends with a reason
// that takes the rest back, so that the reasons always sum to the score
// exactly. Evidence worth nothing gives no reason.
//
// More evidence of an attack never lowers the score, and none of the facts'
// values, however wild, makes it infinite.
func Assess(f Facts) Assessment {
	var s sum
	s.trust(f)
	s.novelty(f)
	s.address(f)
	s.account(f)
	s.rates(f)
	s.reputation(f)
	for _, r := range f.Check {
		s.add(r.Code, amount(r.Points))
	}
	s.end(CodeCheckCap, capCheck)
	return s.Assessment
}

// sum is an assessment in the making.
type sum struct {
	Assessment
	family float64 // points of the family so far
}

// add gives the family a reason.
func (s *sum) add(code string, points float64) {
	points = math.Round(points/grain) * grain
	if points == 0 {
		return
	}
	s.family += points
	s.Reasons = append(s.Reasons, Reason{Code: code, Points: points})
}

// end holds the family to its cap, a floor if it is negative, and adds it to
// the score. With the cap of a family that cannot reach it the code is
// never used.
func (s *sum) end(code string, limit float64) {
	over := s.family - limit
	if limit < 0 && over < 0 || limit > 0 && over > 0 {
		s.Reasons = append(s.Reasons, Reason{Code: code, Points: -over})
		s.family = limit
	}
	s.Score += s.family
	s.family = 0
}

func (s *sum) trust(f Facts) {
	if f.DeviceKnown {
		s.add(CodeDeviceKnown, pointsDeviceKnown)
	}
	if f.AddressSucceeded {
		s.add(CodeAddressKnown, pointsAddressKnown)
	}
	if near(f) && f.AccountSuccesses > 0 && f.Country != "" && f.CountryKnown && f.ASN != 0 && f.ASNKnown {
		s.add(CodePlaceKnown, pointsPlaceKnown)
	}
	if f.CheckPassed {
		s.add(CodeCheckPassed, pointsCheckPassed)
	}
	s.end(CodeTrustCap, capTrust)
}

// near says whether a client has shown that it is near the account's owner:
// by the owner's device, or from the very address that the owner uses. Only
// then does the account's history count. Anybody else must meet the same
// whether the account has a history or not: from the victim's own country and
// operator a guesser would be asked less for names that exist, and from any
// other more, and would so learn which do.
func near(f Facts) bool { return f.DeviceKnown || f.AddressSucceeded }

// novelty judges a known device by the account's history: a stolen cookie
// shows in it. Everybody else is judged by the site's, so that it says nothing
// of the account.
func (s *sum) novelty(f Facts) {
	if f.DeviceKnown {
		n := float64(max(0, f.AccountSuccesses))
		weight := n / (n + historyHalf)
		if f.Country != "" && !f.CountryKnown {
			s.add(CodeCountryNew, pointsCountryNew*weight)
		}
		if f.ASN != 0 && !f.ASNKnown {
			s.add(CodeASNNew, pointsASNNew*weight)
		}
		if f.Family != "" && !f.FamilyKnown {
			s.add(CodeFamilyNew, pointsFamilyNew*weight)
		}
	} else if f.SiteSuccesses >= siteLearned {
		if f.Country != "" && f.SiteCountryRare {
			s.add(CodeCountryRare, pointsCountryNew)
		}
		if f.ASN != 0 && f.SiteASNRare {
			s.add(CodeASNRare, pointsASNNew)
		}
		if f.Family != "" && f.SiteFamilyRare {
			s.add(CodeFamilyRare, pointsFamilyNew)
		}
	}
	s.end(CodeNoveltyCap, capNovelty)
}

func (s *sum) address(f Facts) {
	share := math.Min(amount(f.AddressFailureShare), 1)
	s.add(CodeAddressFailures, pointsAddressFailure*amount(f.AddressFailures)*share)
	s.add(CodeAddressAccounts, pointsAddressAccount*beyond(f.AddressAccountsFailed, freeAccounts))
	s.end(CodeAddressCap, capAddress)
}

// account counts failures from the second network on: those of one network
// are mostly of one address, which shows them itself, and somebody who errs
// twice on a new device is not to be counted twice for it.
func (s *sum) account(f Facts) {
	if f.AccountNetworksFailed > 1 {
		s.add(CodeAccountFailures, pointsAccountFailure*amount(f.AccountFailures))
	}
	s.add(CodeAccountNetworks, pointsAccountNetwork*beyond(f.AccountNetworksFailed, freeNetworks))
	s.end(CodeAccountCap, capAccount)
}

func (s *sum) reputation(f Facts) {
	if f.Tor {
		s.add(CodeTor, pointsTor)
	}
	if f.Blocked {
		s.add(CodeBlocked, pointsBlocked)
	}
	if f.VPN {
		s.add(CodeVPN, pointsVPN)
	}
	if f.Hosting {
		s.add(CodeHosting, pointsHosting)
	}
	s.end(CodeReputationCap, capReputation)
}

// maxAmount bounds a count of anything, so that sums stay exact and finite.
// Every family is at its cap long before.
const maxAmount = 1e6

// amount reads a quantity: below zero is zero, and so is not-a-number, which
// says nothing known.
func amount(x float64) float64 {
	if x > 0 {
		return math.Min(x, maxAmount)
	}
	return 0
}

// beyond is how many of n exceed the free ones.
func beyond(n, free int) float64 {
	if n <= free {
		return 0
	}
	return amount(float64(n) - float64(free))
}
