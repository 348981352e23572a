package risk

import "time"

// Points of each signal, in decibans (10·log10 of the likelihood ratio
// between an attack and the account's owner): +10 makes an attack ten times
// as likely. They are starting values, set from the literature below and a
// replay of real logs, and not yet calibrated on a shop.
//
// Sources: device cookies and failure units: Tian, Herley and Schechter,
// "StopGuessing" (Euro S&P 2019) and its published code, where a client that
// succeeded before is exempt; place before client: Freeman et al., "Who Are
// You?" (NDSS 2016) and Wiefling et al. (FC 2021, TOPS 2022), who also find
// that attack data should be used with caution, hence small points for lists
// of networks. Hosting: ordinary visitors come from networks listed as
// hosting about half as often as attackers do, a ratio of 2 or 3 decibans.
const (
	pointsDeviceKnown  = -20
	pointsAddressKnown = -10
	pointsPlaceKnown   = -5 // country and ASN both in the account's history
	pointsCheckPassed  = -8

	pointsCountryNew = 8
	pointsASNNew     = 3
	pointsFamilyNew  = 3

	pointsAddressFailure = 3 // a failure unit, times the address's failure share
	pointsAddressAccount = 4 // each distinct failed account beyond freeAccounts

	pointsAccountFailure = 2 // a failure unit
	pointsAccountNetwork = 3 // each distinct failing network beyond freeNetworks

	pointsSiteCalm = -3

	pointsNoAcceptLanguage = 3 // browsers always send it; many tools do not

	pointsTor     = 8
	pointsBlocked = 6
	pointsVPN     = 3
	pointsHosting = 3
)

// Caps of the families. Signals of one family come together (a new country
// is nearly always a new ASN), so adding them up without end would count one
// thing several times.
const (
	capTrust      = -30
	capNovelty    = 12
	capAddress    = 20
	capAccount    = 12
	capPrior      = 10
	capNetwork    = 10
	capClient     = 12
	capReputation = 10
	capCheck      = 10
)

// Where evidence begins.
const (
	// freeAccounts: so many people of one household or typing errors in the
	// name fail at one address within 10 minutes.
	freeAccounts = 3
	// freeNetworks: at home, on the phone, at work within an hour.
	freeNetworks = 3
	// siteLearned: successes from which the site's own history says what is
	// rare. Below it nothing is new to an account without history.
	siteLearned = 1000
	// historyHalf: successes of an account at which novelty counts half
	// (n/(n+5)): one login says little about where somebody usually is.
	historyHalf = 5
	// capElsewhere holds the prior while a site's usual rate of success is a
	// guess, for the first 72 hours and 1,000 successes; and for who comes
	// from where, or with what, the attack does not.
	capElsewhere = 3
	// attackUsual is the share of attack at which rates of success say
	// nothing: there always is some.
	attackUsual = 0.04
	// denyUnits: failure units of the address family without which the
	// score alone never denies.
	denyUnits = 5
)

// Times of a verdict.
const (
	// denyFor is how long a denial by score or by the operator lasts before
	// the client is asked to try again.
	denyFor = 10 * time.Minute
	// minRetry keeps Retry-After from rounding to nothing.
	minRetry = time.Second
	// firstGap doubles with each failure unit up to MaxGap.
	firstGap = time.Second
	MaxGap   = time.Minute
)

// grain is what points are rounded to. An eighth of a deciban is far below
// what any of the figures is good for, and binary fractions add up without
// error, so that reasons sum to the score exactly and in any order.
const grain = 1.0 / 8
