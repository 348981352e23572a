// Package factor is what Login Guard knows of second factors, without HTTP:
// authenticator apps, passkeys, codes by SMS and e-mail, recovery codes and
// trusted devices of a customer, kept in one sealed document an account.
//
// What it promises:
//
//   - What is good once is good once, on all nodes: the step of a code, a
//     recovery code, a sent code, the counter of a passkey and the challenge
//     itself are spent by a compare-and-set of the document.
//   - A try is counted and stored before it is judged. Counters are of an
//     account and class of factor; a new login, a new challenge and a new
//     code leave them, a right answer of that class ends them. A class locks,
//     an account never does.
//   - A document opens only in the row and site it was sealed for.
//   - A factor added from a device that is not established is provisional: it
//     is asked for, and the owner undoes it from an established device with
//     the password alone.
//
// What it leaves to the caller: that a password was right, who the account
// is, which device is established, that a state handed out for a passkey is
// taken (store.Take) before the answer to it is judged, and sending.
//
// Time and randomness are passed in. Nothing here writes a log.
package factor

import "time"

// Figures. NIST is SP 800-63B-4 (final, 2025); OWASP the multifactor
// authentication cheat sheet (2026); where no source is named the figure is
// our own choice.
const (
	// PerChallenge is how many wrong answers end a challenge.
	PerChallenge = 5
	// PerHour and PerDay are how many tries an account and class has while
	// none of them is right. With codes of six digits, of which three are
	// good at a time, a day of guessing is right once in 16 000.
	PerHour = 10
	PerDay  = 20
	// LockAfter is how many tries in a row without a right one lock a class:
	// NIST allows at most 100 consecutive failures. 100 guesses at three good
	// codes in a million are right once in 3 300.
	LockAfter = 100

	// ChallengeLife bounds how long a challenge may be answered, as long as a
	// held login is kept.
	ChallengeLife = 10 * time.Minute
	// LiveChallenges an account has at most; the oldest gives way.
	LiveChallenges = 3

	// PendingLife is how long what was begun may be confirmed: an app, a
	// passkey, recovery codes.
	PendingLife = 10 * time.Minute

	// RecoveryCodes in a set, RecoveryBits each: NIST asks 64 bits of saved
	// recovery codes. At 80 bits an offline search is hopeless even without
	// the key of the hash.
	RecoveryCodes = 10
	RecoveryBits  = 80
	// RecoveryLow is when to warn.
	RecoveryLow = 3

	// CodeLife is how long a sent code is good: NIST allows ten minutes at
	// most.
	CodeLife = 5 * time.Minute
	// ResendAfter is how long until another may be sent; it doubles with
	// each for as long as they follow one another within an hour.
	ResendAfter = 30 * time.Second
	// SendsPerHour and SendsPerDay bound the codes sent to one account
	// (OWASP asks for a limit against pumping and bombing).
	SendsPerHour = 3
	SendsPerDay  = 10

	// TrustLife is the default life of a trusted device.
	TrustLife = 30 * 24 * time.Hour
	// TrustOverlap is how long the value before the last of a trusted device
	// stays good: two tabs send the same one.
	TrustOverlap = time.Minute

	// Provisional is how long a factor that was added from a device that is
	// not established stays provisional.
	Provisional = 72 * time.Hour

	// TestedFor is how long a test of the set-up counts for the level.
	TestedFor = 180 * 24 * time.Hour

	// EmptyLife is how long a document without any factor is kept, for its
	// notices and counters.
	EmptyLife = 30 * 24 * time.Hour
	// AskedLife is how long it is remembered since when a customer knows that
	// a factor is required: beyond the longest grace period, however seldom
	// he comes.
	AskedLife = 3 * 365 * 24 * time.Hour
)

// Bounds of a document, so that it stays within a few KiB.
const (
	MaxApps     = 5
	MaxPasskeys = 10
	MaxContacts = 4
	MaxTrusted  = 20
	MaxNotices  = 20
	maxName     = 40 // characters of a name that a customer gave
)
