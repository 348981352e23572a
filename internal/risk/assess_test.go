package risk

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/internal/evidence"
)

func TestAssess(t *testing.T) {
	// An account with much history, so that novelty counts nearly in full:
	// 95/(95+5) = 0.95.
	history := Facts{DeviceKnown: true, AccountSuccesses: 95, Country: "DE", ASN: 3320, Family: "firefox"}
	site := Facts{SiteSuccesses: 1000, Country: "DE", ASN: 3320, Family: "firefox",
		SiteCountryRare: true, SiteASNRare: true, SiteFamilyRare: true}
	tests := []struct {
		name  string
		facts Facts
		want  []Reason
	}{
		{"nothing known scores nothing", Facts{}, nil},
		{"a known device", Facts{DeviceKnown: true}, []Reason{{"device.known", -20}}},
		{"a known address", Facts{AddressSucceeded: true}, []Reason{{"address.known", -10}}},
		{"a check passed lately", Facts{CheckPassed: true}, []Reason{{"check.passed", -8}}},
		{"the usual place",
			Facts{AddressSucceeded: true, AccountSuccesses: 1, Country: "DE", CountryKnown: true, ASN: 3320, ASNKnown: true},
			[]Reason{{"address.known", -10}, {"place.known", -5}}},
		{"the usual country without an ASN file is no usual place",
			Facts{AddressSucceeded: true, AccountSuccesses: 1, Country: "DE", CountryKnown: true, ASNKnown: true},
			[]Reason{{"address.known", -10}}},
		{"a stranger in the account's usual place is like any other",
			Facts{AccountSuccesses: 95, Country: "DE", CountryKnown: true, ASN: 3320, ASNKnown: true, Family: "firefox", FamilyKnown: true}, nil},
		{"a stranger in a place that is new to the account is like any other",
			Facts{AccountSuccesses: 95, Country: "BR", ASN: 1, Family: "opera"}, nil},
		{"trust ends at -30",
			Facts{DeviceKnown: true, AddressSucceeded: true, CheckPassed: true,
				AccountSuccesses: 1, Country: "DE", CountryKnown: true, ASN: 3320, ASNKnown: true},
			[]Reason{{"device.known", -20}, {"address.known", -10}, {"place.known", -5},
				{"check.passed", -8}, {"trust.cap", 13}}},

		{"new country, ASN and client of a known device, held to the cap",
			history,
			[]Reason{{"device.known", -20}, {"place.country_new", 7.625}, {"place.asn_new", 2.875}, {"client.family_new", 2.875},
				{"novelty.cap", -1.375}}},
		{"one success makes novelty count a sixth",
			Facts{DeviceKnown: true, AccountSuccesses: 1, Country: "DE"}, []Reason{{"device.known", -20}, {"place.country_new", 1.375}}},
		{"five successes make novelty count half",
			Facts{DeviceKnown: true, AccountSuccesses: 5, Country: "DE"}, []Reason{{"device.known", -20}, {"place.country_new", 4}}},
		{"an unknown place is not a new one", Facts{DeviceKnown: true, AccountSuccesses: 95}, []Reason{{"device.known", -20}}},
		{"nothing is new while the site is learning",
			Facts{SiteSuccesses: 999, Country: "DE", SiteCountryRare: true, ASN: 1, SiteASNRare: true,
				Family: "opera", SiteFamilyRare: true}, nil},
		{"the site's history judges strangers", site,
			[]Reason{{"place.country_rare", 8}, {"place.asn_rare", 3}, {"client.family_rare", 3},
				{"novelty.cap", -2}}},
		{"and known devices not",
			Facts{DeviceKnown: true, AccountSuccesses: 5, CountryKnown: true, SiteSuccesses: 1e6, Country: "DE", SiteCountryRare: true},
			[]Reason{{"device.known", -20}}},

		{"address failures count by the share that failed",
			Facts{AddressFailures: 2, AddressFailureShare: 0.5}, []Reason{{"address.failures", 3}}},
		{"an office where nearly all succeed is nearly clean",
			Facts{AddressFailures: 10, AddressFailureShare: 0.01}, []Reason{{"address.failures", 0.25}}},
		{"three failed accounts at an address are free", Facts{AddressAccountsFailed: 3}, nil},
		{"each further account counts", Facts{AddressAccountsFailed: 5}, []Reason{{"address.accounts", 8}}},
		{"address ends at 20",
			Facts{AddressFailures: 5, AddressFailureShare: 1, AddressAccountsFailed: 6},
			[]Reason{{"address.failures", 15}, {"address.accounts", 12}, {"address.cap", -7}}},
		{"account failures", Facts{AccountFailures: 2, AccountNetworksFailed: 2}, []Reason{{"account.failures", 4}}},
		{"account failures of one network show at the address", Facts{AccountFailures: 9, AccountNetworksFailed: 1}, nil},
		{"each network beyond three", Facts{AccountNetworksFailed: 5}, []Reason{{"account.networks", 6}}},
		{"account ends at 12", Facts{AccountFailures: 5, AccountNetworksFailed: 4},
			[]Reason{{"account.failures", 10}, {"account.networks", 3}, {"account.cap", -1}}},
		{"a site as usual", Facts{SiteLearned: true, SiteCalm: true}, []Reason{{"site.calm", -3}}},
		{"a site that is not known is not calm", Facts{SiteCalm: true}, nil},
		{"the usual share of attack says nothing", Facts{SiteLearned: true, SiteAttack: 0.04}, nil},
		{"a fifth of the logins is an attack", Facts{SiteLearned: true, SiteAttack: 0.2}, []Reason{{"site.attack", 7.75}}},
		{"the prior ends at 10", Facts{SiteLearned: true, SiteCalm: true, SiteAttack: 0.9}, []Reason{{"site.attack", 10}}},
		{"the prior of a site that is not known ends at 3", Facts{SiteAttack: 1}, []Reason{{"site.attack", 3}}},
		{"an attack by other clients ends at 3", Facts{SiteLearned: true, ClientCalm: true, SiteAttack: 1}, []Reason{{"site.attack", 3}}},
		{"an attack from other places ends at 3",
			Facts{SiteLearned: true, PlaceCalm: true, ClientUsual: true, SiteAttack: 1, ClientAttack: 1}, []Reason{{"site.attack", 3}}},
		{"but not for a tool that no customer has",
			Facts{SiteLearned: true, PlaceCalm: true, SiteAttack: 1, ClientAttack: 1}, []Reason{{"site.attack", 3}, {"client.attack", 9}}},
		{"of operators that customers have only other clients are the attack's",
			Facts{SiteLearned: true, ClientCalm: true, PlaceUsual: true, SiteAttack: 1, ASNAttack: 1}, []Reason{{"site.attack", 3}}},
		{"but not of those that they do not have",
			Facts{SiteLearned: true, ClientCalm: true, SiteAttack: 1, ASNAttack: 1}, []Reason{{"site.attack", 3}, {"network.operator_attack", 7}}},
		{"nor in a network that attacks",
			Facts{SiteLearned: true, ClientCalm: true, PlaceUsual: true, SiteAttack: 1, NetworkAttack: 1}, []Reason{{"site.attack", 3}, {"network.attack", 7}}},
		{"one attack seen from all sides counts once",
			Facts{SiteLearned: true, SiteAttack: 0.2, NetworkAttack: 0.3, ASNAttack: 0.25, ClientAttack: 0.9},
			[]Reason{{"site.attack", 7.75}, {"network.attack", 2.25}, {"client.attack", 2}}},
		{"what is attacked least says nothing more",
			Facts{SiteLearned: true, SiteAttack: 0.9, NetworkAttack: 0.2, ASNAttack: 0.5}, []Reason{{"site.attack", 10}}},
		{"an operator's networks together", Facts{ASNAttack: 0.5}, []Reason{{"network.operator_attack", 10}}},
		{"client ends at 12", Facts{ClientAttack: 1, NoAcceptLanguage: true},
			[]Reason{{"client.attack", 12}, {"client.no_accept_language", 3}, {"client.cap", -3}}},
		{"no Accept-Language", Facts{NoAcceptLanguage: true}, []Reason{{"client.no_accept_language", 3}}},
		{"reputation ends at 10", Facts{Tor: true, Blocked: true, VPN: true, Hosting: true},
			[]Reason{{"reputation.tor", 8}, {"reputation.blocked", 6}, {"reputation.vpn", 3},
				{"reputation.hosting", 3}, {"reputation.cap", -10}}},
		{"evidence of a check", Facts{Check: []Reason{{"check.webdriver", 4.5}}}, []Reason{{"check.webdriver", 4.5}}},
		{"evidence of a check ends at 10", Facts{Check: []Reason{{"check.untrusted", 8}, {"check.level", 7}}},
			[]Reason{{"check.untrusted", 8}, {"check.level", 7}, {"check.cap", -5}}},

		{"what is no quantity counts nothing",
			Facts{SiteAttack: math.NaN(), ClientAttack: -1, NetworkAttack: math.Inf(-1), AddressFailures: math.NaN(), AddressFailureShare: math.NaN(), AccountFailures: -3,
				Check: []Reason{{"check.level", math.Inf(-1)}, {"check.clock", math.NaN()}}, AddressAccountsFailed: -7, AccountSuccesses: -1, Country: "DE"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Assess(tt.facts)
			if diff := cmp.Diff(tt.want, got.Reasons); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
			if total := total(got.Reasons); got.Score != total {
				t.Errorf("score %v, reasons sum to %v", got.Score, total)
			}
		})
	}
}

func total(reasons []Reason) float64 {
	var t float64
	for _, r := range reasons {
		t += r.Points
	}
	return t
}

// randomFacts mixes plausible values with wild ones.
func randomFacts(r *rand.Rand) Facts {
	yes := func() bool { return r.IntN(2) == 0 }
	amount := func() float64 {
		switch r.IntN(12) {
		case 0:
			return math.NaN()
		case 1:
			return math.Inf(1)
		case 2:
			return -r.Float64()
		case 3:
			return math.MaxFloat64
		default:
			return r.ExpFloat64() * 3
		}
	}
	count := func() int {
		if r.IntN(20) == 0 {
			return []int{math.MaxInt, math.MinInt, 1000, 100_000}[r.IntN(4)]
		}
		return r.IntN(12)
	}
	share := func() float64 {
		if r.IntN(2) == 0 {
			return 0
		}
		return []float64{r.Float64(), r.Float64(), 1, amount()}[r.IntN(4)]
	}
	return Facts{
		DeviceKnown: yes(), AddressSucceeded: yes(), CheckPassed: yes(),
		Country: []string{"", "DE"}[r.IntN(2)], ASN: uint32(r.IntN(2)), Family: []string{"", "chrome"}[r.IntN(2)],
		AccountSuccesses: count(), CountryKnown: yes(), ASNKnown: yes(), FamilyKnown: yes(),
		SiteSuccesses: r.IntN(2000), SiteCountryRare: yes(), SiteASNRare: yes(), SiteFamilyRare: yes(),
		AddressFailures: amount(), AddressFailureShare: r.Float64() * 1.2, AddressAccountsFailed: count(),
		AccountFailures: amount(), AccountNetworksFailed: count(),
		SiteAttack: share(), NetworkAttack: share(), ASNAttack: share(), ClientAttack: share(),
		SiteLearned: yes(), SiteCalm: yes(), ClientCalm: yes(), PlaceCalm: yes(), ClientUsual: yes(), PlaceUsual: yes(),
		NoAcceptLanguage: yes(), Tor: yes(), Blocked: yes(), VPN: yes(), Hosting: yes(),
		Check: []Reason{{evidence.Codes()[r.IntN(len(evidence.Codes()))], amount()}, {evidence.CodeDoubt, amount()}},
	}
}

func TestReasonsSumToTheScoreInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		f := randomFacts(r)
		a := Assess(f)
		if math.IsNaN(a.Score) || a.Score < capTrust+pointsSiteCalm || a.Score > capNovelty+capAddress+capAccount+capPrior+capClient+capReputation+capCheck {
			t.Fatalf("score %v out of bounds for %+v", a.Score, f)
		}
		if total(a.Reasons) != a.Score {
			t.Fatalf("score %v, reasons sum to %v: %+v", a.Score, total(a.Reasons), f)
		}
		r.Shuffle(len(a.Reasons), func(i, j int) { a.Reasons[i], a.Reasons[j] = a.Reasons[j], a.Reasons[i] })
		if total(a.Reasons) != a.Score {
			t.Fatalf("shuffled reasons sum to %v instead of %v: %+v", total(a.Reasons), a.Score, f)
		}
		for _, reason := range a.Reasons {
			if reason.Points == 0 || !slices.Contains(Codes(), reason.Code) {
				t.Fatalf("reason %+v is worth nothing or not among Codes", reason)
			}
		}
	}
}

// worse lists every way in which evidence of an attack can grow. Each
// changes the facts for the worse or leaves them.
var worse = map[string]func(r *rand.Rand, f *Facts){
	"device unknown":         func(_ *rand.Rand, f *Facts) { f.DeviceKnown = false },
	"address unknown":        func(_ *rand.Rand, f *Facts) { f.AddressSucceeded = false },
	"no check":               func(_ *rand.Rand, f *Facts) { f.CheckPassed = false },
	"country new":            func(_ *rand.Rand, f *Facts) { f.CountryKnown = false },
	"ASN new":                func(_ *rand.Rand, f *Facts) { f.ASNKnown = false },
	"family new":             func(_ *rand.Rand, f *Facts) { f.FamilyKnown = false },
	"country rare":           func(_ *rand.Rand, f *Facts) { f.SiteCountryRare = true },
	"ASN rare":               func(_ *rand.Rand, f *Facts) { f.SiteASNRare = true },
	"family rare":            func(_ *rand.Rand, f *Facts) { f.SiteFamilyRare = true },
	"address fails more":     func(r *rand.Rand, f *Facts) { f.AddressFailures += r.Float64() * 5 },
	"address fails oftener":  func(r *rand.Rand, f *Facts) { f.AddressFailureShare += r.Float64() / 2 },
	"another account failed": func(_ *rand.Rand, f *Facts) { f.AddressAccountsFailed = more(f.AddressAccountsFailed) },
	"account fails more":     func(r *rand.Rand, f *Facts) { f.AccountFailures += r.Float64() * 5 },
	"another network failed": func(_ *rand.Rand, f *Facts) { f.AccountNetworksFailed = more(f.AccountNetworksFailed) },
	"site more attacked":     func(r *rand.Rand, f *Facts) { f.SiteAttack += r.Float64() / 4 },
	"network more attacked":  func(r *rand.Rand, f *Facts) { f.NetworkAttack += r.Float64() / 4 },
	"operator more attacked": func(r *rand.Rand, f *Facts) { f.ASNAttack += r.Float64() / 4 },
	"clients more attacking": func(r *rand.Rand, f *Facts) { f.ClientAttack += r.Float64() / 4 },
	"site not calm":          func(_ *rand.Rand, f *Facts) { f.SiteCalm = false },
	"clients not calm":       func(_ *rand.Rand, f *Facts) { f.ClientCalm = false },
	"place not calm":         func(_ *rand.Rand, f *Facts) { f.PlaceCalm = false },
	"client not usual":       func(_ *rand.Rand, f *Facts) { f.ClientUsual = false },
	"place not usual":        func(_ *rand.Rand, f *Facts) { f.PlaceUsual = false },
	"no Accept-Language":     func(_ *rand.Rand, f *Facts) { f.NoAcceptLanguage = true },
	"tor":                    func(_ *rand.Rand, f *Facts) { f.Tor = true },
	"blocked":                func(_ *rand.Rand, f *Facts) { f.Blocked = true },
	"vpn":                    func(_ *rand.Rand, f *Facts) { f.VPN = true },
	"hosting":                func(_ *rand.Rand, f *Facts) { f.Hosting = true },
	"check suspicious": func(r *rand.Rand, f *Facts) {
		f.Check = append(slices.Clone(f.Check), Reason{evidence.CodeClock, r.Float64() * 5})
	},
}

func more(n int) int {
	if n < math.MaxInt {
		n++
	}
	return n
}

func TestMoreEvidenceNeverLowersTheScore(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 3_000 {
		f := randomFacts(r)
		before := Assess(f).Score
		for name, change := range worse {
			g := f
			change(r, &g)
			if after := Assess(g).Score; after < before {
				t.Fatalf("%s lowers %v to %v: %+v", name, before, after, f)
			}
		}
	}
}

// What an account's history holds must not show in what a guesser meets.
func TestAStrangerScoresTheSameWhateverTheAccountsHistory(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 20_000 {
		f := randomFacts(r)
		f.DeviceKnown, f.AddressSucceeded = false, false
		none := f
		none.AccountSuccesses, none.CountryKnown, none.ASNKnown, none.FamilyKnown = 0, false, false, false
		if diff := cmp.Diff(Assess(none), Assess(f)); diff != "" {
			t.Fatalf("history tells (-without +with):\n%s\n%+v", diff, f)
		}
	}
}

func TestAssessDoesNotChangeItsAnswer(t *testing.T) {
	f := Facts{DeviceKnown: true, ClientAttack: 0.3, AccountFailures: 3, Tor: true, AccountSuccesses: 2, Country: "BR"}
	if diff := cmp.Diff(Assess(f), Assess(f)); diff != "" {
		t.Error(diff)
	}
}
