package risk

import (
	"slices"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/evidence"
)

// Codes of reasons. They are stable: logs, dashboards and records carry
// them. docs/reasons.md says what each means.
const (
	CodeDeviceKnown  = "device.known"
	CodeAddressKnown = "address.known"
	CodePlaceKnown   = "place.known"
	CodeCheckPassed  = "check.passed"

	CodeCountryNew  = "place.country_new"
	CodeASNNew      = "place.asn_new"
	CodeFamilyNew   = "client.family_new"
	CodeCountryRare = "place.country_rare"
	CodeASNRare     = "place.asn_rare"
	CodeFamilyRare  = "client.family_rare"

	CodeAddressFailures = "address.failures"
	CodeAddressAccounts = "address.accounts"
	CodeAccountFailures = "account.failures"
	CodeAccountNetworks = "account.networks"

	CodeSiteAttack     = "site.attack"
	CodeSiteCalm       = "site.calm"
	CodeNetworkAttack  = "network.attack"
	CodeOperatorAttack = "network.operator_attack"
	CodeClientAttack   = "client.attack"

	CodeNoAcceptLanguage = "client.no_accept_language"

	CodeTor     = "reputation.tor"
	CodeBlocked = "reputation.blocked"
	CodeVPN     = "reputation.vpn"
	CodeHosting = "reputation.hosting"
)

// Codes of the difference that a family's cap makes. Prior and network have
// none: one signal of theirs reaches the cap and no further.
const (
	CodeTrustCap      = "trust.cap"
	CodeNoveltyCap    = "novelty.cap"
	CodeAddressCap    = "address.cap"
	CodeAccountCap    = "account.cap"
	CodeClientCap     = "client.cap"
	CodeReputationCap = "reputation.cap"
	CodeCheckCap      = "check.cap"
)

// Codes that Decide adds, all with 0 points: what beside the score made the
// verdict what it is.
const (
	CodeOverrideDeny  = "override.deny"
	CodeOverrideAllow = "override.allow"
	// CodeLimit and the limit's name: "limit.pair".
	CodeLimit = "limit."
	// A denial that became a picture, and why.
	CodeSparedDevice    = "spared.known_device"
	CodeSparedBlameless = "spared.shared_address"
	CodeSparedFew       = "spared.few_failures"
	// CodeCheckSatisfied: a check passed before is all that was asked for.
	CodeCheckSatisfied = "check.satisfied"
	// CodeFactorDue: the account's second factor is asked for, and
	// CodeFactorGiven: it was given.
	CodeFactorDue   = "factor.due"
	CodeFactorGiven = "factor.given"
)

// CodeFloorEvidence is the Floor that a check answered as machines answer
// puts under a login.
const CodeFloorEvidence = "floor.evidence"

// CodeAskAfter is the Floor of a site's ask_after setting; who builds the
// Situation puts it there.
const CodeAskAfter = "floor.ask_after"

// Codes lists every code that a verdict can carry, sorted: those of this
// package, one for each limit, and those of the floors named here.
func Codes() []string {
	codes := []string{
		CodeDeviceKnown, CodeAddressKnown, CodePlaceKnown, CodeCheckPassed,
		CodeCountryNew, CodeASNNew, CodeFamilyNew,
		CodeCountryRare, CodeASNRare, CodeFamilyRare,
		CodeAddressFailures, CodeAddressAccounts,
		CodeAccountFailures, CodeAccountNetworks,
		CodeSiteAttack, CodeSiteCalm, CodeNetworkAttack, CodeOperatorAttack, CodeClientAttack,
		CodeNoAcceptLanguage,
		CodeTor, CodeBlocked, CodeVPN, CodeHosting,
		CodeTrustCap, CodeNoveltyCap, CodeAddressCap, CodeAccountCap,
		CodeClientCap, CodeReputationCap, CodeCheckCap,
		CodeOverrideDeny, CodeOverrideAllow,
		CodeSparedDevice, CodeSparedBlameless, CodeSparedFew,
		CodeCheckSatisfied, CodeFactorDue, CodeFactorGiven, CodeAskAfter, CodeFloorEvidence,
	}
	for name := range config.DefaultLimits() {
		codes = append(codes, CodeLimit+name)
	}
	codes = append(codes, evidence.Codes()...)
	slices.Sort(codes)
	return codes
}
