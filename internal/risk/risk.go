// Package risk turns what is known about an attempt into a score that
// explains itself, and the score, the limits and what was passed already
// into a verdict. Both are pure functions of their arguments: the same facts
// give the same verdict, today and from a record next week.
//
// Points are decibans, 10·log10 of the likelihood ratio between an attack
// and the account's owner, so they add up (naive Bayes in log odds) and each
// can be read as evidence. Families are capped, so that evidence that comes
// together is not counted twice.
package risk

import "time"

// Action is what a login meets.
type Action string

// Actions, weakest first.
const (
	Allow        Action = "allow"
	Slider       Action = "slider"
	Picture      Action = "picture"
	SecondFactor Action = "second_factor"
	Deny         Action = "deny"
	Unreadable   Action = "unreadable"
)

// Facts is all that Assess looks at. The zero value of each field means
// "nothing known", which never adds points (unknown is not new).
type Facts struct {
	// Trust.
	DeviceKnown      bool // the device cookie names this account
	AddressSucceeded bool // this address succeeded for this account within 180 days
	CheckPassed      bool // a check was passed lately and is still good

	// Place of the address; empty and zero where there is no GeoIP file.
	Country string
	ASN     uint32
	Family  string // client family, such as "firefox" or "chrome-mobile"

	// Account history: it counts for a client that is near the owner only,
	// on a known device or at a known address.
	AccountSuccesses int  // successes seen, 0 = no history
	CountryKnown     bool // Country is in the account's history
	ASNKnown         bool // ASN is in the account's history
	FamilyKnown      bool // Family is in the account's history
	// Site history, by which everybody is judged whose device is not known.
	SiteSuccesses   int
	SiteCountryRare bool // less than 1 in 200 of the site's successes come from Country
	SiteASNRare     bool
	SiteFamilyRare  bool

	// Address: failure units (half-life 12 h), the share of its logins that
	// failed more than is usual with its successes (0..1), distinct accounts that failed in the last 10 minutes.
	AddressFailures       float64
	AddressFailureShare   float64
	AddressAccountsFailed int
	// Account: failures from unknown devices (half-life 1 h), distinct
	// networks that failed in the last hour.
	AccountFailures       float64
	AccountNetworksFailed int

	// Shares of attack (0..1) among the logins of strangers now, each a
	// cautious estimate: of the whole site, of the address's network (/24,
	// /48) and operator (its ASN, or else what the address begins with), of
	// clients of this make. They see one attack from several sides.
	SiteAttack    float64
	NetworkAttack float64
	ASNAttack     float64
	ClientAttack  float64
	// SiteLearned: the site has been watched for three days and 1,000
	// successes, so that its usual rate of success is known. SiteCalm: it is
	// as usual now.
	SiteLearned, SiteCalm bool
	// Of an attack on the site these say that it comes from elsewhere:
	// ClientCalm: clients of this make come in numbers now, and succeed as
	// usual; or it is one of the makes that customers have, and those that
	// are not under attack do, taken together. PlaceCalm: so do people from
	// this network, operator or all that customers have.
	ClientCalm, PlaceCalm bool
	// ClientUsual: customers of the site have clients of this make.
	// PlaceUsual: and come from this operator.
	ClientUsual, PlaceUsual bool

	// Client.
	NoAcceptLanguage bool

	// Reputation.
	Tor, Blocked, VPN, Hosting bool

	// Check is the evidence of the check just answered.
	Check []Reason
}

// Reason is one piece of evidence. Codes are stable and documented.
type Reason struct {
	Code   string  `json:"code"`
	Points float64 `json:"points"`
}

// Assessment is a score and why.
type Assessment struct {
	Score   float64  `json:"score"`
	Reasons []Reason `json:"reasons"`
}

// Over is a limit that an attempt is over.
type Over struct {
	Limit      string        // its name, such as "pair"
	RetryAfter time.Duration // until one unit comes back
	Demands    Action        // Deny, Picture or Slider
	// Personal limits (pair, account, device) stay when an operator's allow
	// override lifts those of address, network and site.
	Personal bool
}

// Override is what the operator said about an address or account.
type Override int

// Overrides.
const (
	NoOverride Override = iota
	AllowOverride
	DenyOverride
)

// Situation is all that Decide looks at.
type Situation struct {
	Assessment Assessment
	Override   Override
	Over       []Over
	// DeviceKnown: the device cookie names the account; such a device is
	// limited by its own budget only.
	DeviceKnown bool
	// Blameless: a private or shared address, behind which are many people;
	// limits that are not personal and the score demand at most a picture
	// of it.
	Blameless bool
	// AddressUnits are the failure units of the address family: the score
	// alone denies only from five.
	AddressUnits float64
	// Floors: what is demanded whatever the score, with its reason code.
	Floors []Floor
	// Passed is the strongest check that this login or its pass has passed:
	// Allow (none), Slider or Picture.
	Passed Action
	// FactorDue: the password was right, and the account's second factor is
	// asked for. FactorGiven: it was given for this very login.
	FactorDue, FactorGiven bool
}

// Floor is a demand that does not come from the score.
type Floor struct {
	Demands Action
	Code    string
}

// Verdict is what the login meets and why.
type Verdict struct {
	Action     Action
	Reasons    []Reason      // of the assessment, then limits and floors with 0 points
	RetryAfter time.Duration // Deny: how long
	// Gap: with Picture from the second_factor rung on, the time before
	// which an answer is not accepted.
	Gap time.Duration
}
