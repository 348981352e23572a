package risk

import (
	"strings"

	"github.com/login-guard/login-guard/config"
)

// WithoutAttack is a code that Without knows beside those of reasons: all
// shares of attack at once, since each of them says what the others do.
const WithoutAttack = "attack"

// Without is the facts without what one reason came of, and whether there was
// such a reason to take away. Assess says what the score would have been,
// caps and all.
func Without(f Facts, code string) (Facts, bool) {
	switch code {
	case CodeCountryNew:
		f.CountryKnown = true
	case CodeCountryRare:
		f.SiteCountryRare = false
	case CodeASNNew:
		f.ASNKnown = true
	case CodeASNRare:
		f.SiteASNRare = false
	case CodeFamilyNew:
		f.FamilyKnown = true
	case CodeFamilyRare:
		f.SiteFamilyRare = false
	case CodeAddressFailures:
		f.AddressFailures = 0
	case CodeAddressAccounts:
		f.AddressAccountsFailed = 0
	case CodeAccountFailures:
		f.AccountFailures = 0
	case CodeAccountNetworks:
		f.AccountNetworksFailed = min(f.AccountNetworksFailed, freeNetworks)
	case CodeSiteAttack:
		f.SiteAttack = 0
	case CodeNetworkAttack:
		f.NetworkAttack = 0
	case CodeOperatorAttack:
		f.ASNAttack = 0
	case CodeClientAttack:
		f.ClientAttack = 0
	case WithoutAttack:
		if f.SiteAttack == 0 && f.NetworkAttack == 0 && f.ASNAttack == 0 && f.ClientAttack == 0 {
			return f, false
		}
		f.SiteAttack, f.NetworkAttack, f.ASNAttack, f.ClientAttack = 0, 0, 0, 0
	case CodeNoAcceptLanguage:
		f.NoAcceptLanguage = false
	case CodeTor:
		f.Tor = false
	case CodeBlocked:
		f.Blocked = false
	case CodeVPN:
		f.VPN = false
	case CodeHosting:
		f.Hosting = false
	default:
		if !strings.HasPrefix(code, "check.") {
			return f, false
		}
		var rest []Reason
		for _, r := range f.Check {
			if r.Code != code {
				rest = append(rest, r)
			}
		}
		if len(rest) == len(f.Check) {
			return f, false
		}
		f.Check = rest
	}
	return f, true
}

// StandingLadder is a ladder as Decide takes it: a rung that it says nothing
// of is the default's.
func StandingLadder(l config.Ladder) config.Ladder { return withDefaults(l) }

// Released is what was found as it will be once address, network and account
// were released; what is known of the rest of the site stays.
func Released(f Facts, s Situation) (Facts, Situation) {
	f.AddressFailures, f.AddressAccountsFailed, f.AddressFailureShare = 0, 0, 0
	f.AccountFailures, f.AccountNetworksFailed, f.NetworkAttack = 0, 0, 0
	s.AddressUnits = 0
	var over []Over
	for _, o := range s.Over {
		if o.Limit == config.LimitDevice {
			over = append(over, o)
		}
	}
	s.Over = over
	var floors []Floor
	for _, floor := range s.Floors {
		if floor.Code != CodeLimit+config.LimitAccount {
			floors = append(floors, floor)
		}
	}
	s.Floors = floors
	return f, s
}

// Family is a group of signals that counts up to its cap only.
type Family struct {
	Name string `json:"family"`
	// Points it counts, cap and all.
	Points float64 `json:"points"`
	// Cap is the most that it can count; below zero: the least.
	Cap float64 `json:"cap"`
}

// Families are the families that an assessment's score is the sum of, those
// that counted anything, in the order of its reasons.
func Families(a Assessment) []Family {
	out := []Family{}
	for _, r := range a.Reasons {
		f := familyOf(r.Code)
		if n := len(out); n > 0 && out[n-1].Name == f.Name {
			out[n-1].Points += r.Points
			continue
		}
		f.Points = r.Points
		out = append(out, f)
	}
	return out
}

func familyOf(code string) Family {
	switch code {
	case CodeDeviceKnown, CodeAddressKnown, CodePlaceKnown, CodeCheckPassed, CodeTrustCap:
		return Family{Name: "trust", Cap: capTrust}
	case CodeCountryNew, CodeASNNew, CodeFamilyNew, CodeCountryRare, CodeASNRare, CodeFamilyRare, CodeNoveltyCap:
		return Family{Name: "novelty", Cap: capNovelty}
	case CodeAddressFailures, CodeAddressAccounts, CodeAddressCap:
		return Family{Name: "address", Cap: capAddress}
	case CodeAccountFailures, CodeAccountNetworks, CodeAccountCap:
		return Family{Name: "account", Cap: capAccount}
	case CodeSiteAttack, CodeSiteCalm:
		return Family{Name: "site", Cap: capPrior}
	case CodeNetworkAttack, CodeOperatorAttack:
		return Family{Name: "network", Cap: capNetwork}
	case CodeClientAttack, CodeNoAcceptLanguage, CodeClientCap:
		return Family{Name: "client", Cap: capClient}
	case CodeTor, CodeBlocked, CodeVPN, CodeHosting, CodeReputationCap:
		return Family{Name: "reputation", Cap: capReputation}
	}
	return Family{Name: "check", Cap: capCheck}
}
