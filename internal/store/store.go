// Package store says what Login Guard asks of a database: budgets that are
// taken before the shop is asked and given back after, what is known of an
// address or account, and things that are good once.
//
// Everything a caller hands over is already a keyed hash or sealed: a store
// never sees an account name, an address or a password. Package storetest is
// the contract in executable form; every store passes it.
package store

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Errors that a store returns; test them with errors.Is.
var (
	// ErrNotFound: there is no such thing, or it was taken, or it expired.
	ErrNotFound = errors.New("not found")
	// ErrFull: a bound of the store or of a group is reached.
	ErrFull = errors.New("store is full")
)

// Key is a keyed hash of what a row is about. Its first eight bytes name the
// subject (an address, an account, the site), the last eight what is counted
// of it: a store may keep together what shares a subject.
type Key [16]byte

// IsZero reports whether k names nothing.
func (k Key) IsZero() bool { return k == Key{} }

// Soft says whether a budget that is spent stops a reservation.
type Soft uint8

// Hard is the zero value: a budget that is spent takes nothing from any
// other. A soft one is only reported.
const (
	Hard Soft = iota
	SoftAlways
	// SoftIfBusy is soft when the first tally of the reservation shows more
	// than Reserve.BusyAbove accounts that succeeded within a day.
	SoftIfBusy
)

// Charge takes one unit from a budget that holds Burst units and gets one
// back each Every (generic cell rate algorithm).
type Charge struct {
	Key   Key
	Burst int
	Every time.Duration
	Soft  Soft
	// Once: the charge is taken only if this key was not charged within
	// OnceFor; that is how distinct things and repeated requests are
	// counted. Zero: always.
	Once    Key
	OnceFor time.Duration
}

// Ask names a tally to read and how its figures age.
type Ask struct {
	Key      Key
	HalfLife time.Duration
	// Window is how far back failures by distinct others are counted; the
	// answer covers between half of it and all of it.
	Window time.Duration
}

// Tally is what is known of an address, an account or a site, aged to now.
type Tally struct {
	Failures, Successes float64
	// FailedOf and SucceededOf count distinct others (accounts of an
	// address, networks of an account) that failed within the window and
	// that succeeded within a day. Estimates: exact to within one up to 10.
	FailedOf, SucceededOf int
}

// Wall asks for the row of failures of one account from unknown devices.
type Wall struct {
	Key Key
	// From how many failures on attempts share a growing gap, and from how
	// many in a row the gap is the longest. Zero: never.
	GapFrom, RowFrom int
}

// WallState is the wall before this reservation.
type WallState struct {
	Failures int // leaking one an hour
	Row      int // since the last success
	// Wait is how long until the next attempt is let through; above zero
	// nothing was reserved.
	Wait time.Duration
}

// Profile is where an account logged in from within half a year: tags of
// countries, networks (ASN), client families and addresses, the latest first
// and zero where there are no more.
type Profile struct {
	Successes int
	Last      time.Time // success
	Countries [4]uint32
	ASNs      [6]uint32
	Families  [4]uint32
	Addresses [8]uint32
}

// Bounds of one reservation. More is an error of the caller, and of a hard
// kind: it is refused.
const (
	MaxCharges = 12
	MaxTallies = 16
	MaxMarks   = 3
)

// ErrTooMany: a reservation has more charges, tallies or marks than fit.
var ErrTooMany = errors.New("too much for one reservation")

// Reserve asks for all budgets of one attempt at once.
type Reserve struct {
	// Now is the caller's clock. A store that several nodes share goes by a
	// clock of its own.
	Now       time.Time
	Charges   []Charge // at most MaxCharges
	Tallies   []Ask    // at most MaxTallies; the first is the address's
	BusyAbove int
	Wall      Wall // zero key: none
	Profile   Key  // zero: none
	// Marks are keys whose marks are read (see Store.Mark), at most MaxMarks.
	Marks []Key
}

// Fits reports whether a reservation is within its bounds.
func (r *Reserve) Fits() bool {
	return len(r.Charges) <= MaxCharges && len(r.Tallies) <= MaxTallies && len(r.Marks) <= MaxMarks
}

// Reserved is the answer. All or none: if a hard budget is spent or the wall
// says wait, nothing was taken.
type Reserved struct {
	// Over and Taken have a bit for each charge; After is how long until a
	// unit of each spent budget comes back.
	Over, Taken uint32
	After       [MaxCharges]time.Duration
	Tallies     [MaxTallies]Tally
	Wall        WallState
	// WallTaken: the wall was hit. WallGap is its gap before and WallSet the
	// one that this hit set, both opaque, for giving back.
	WallTaken        bool
	WallGap, WallSet int64
	Profile          Profile
	Marks            [MaxMarks]time.Time // zero: none
	// Brief: a budget is known to be spent without asking the database, and
	// only that is answered: tallies, wall, profile and marks were not read.
	Brief bool
	// Local: this node answered by itself, as the shared database did not.
	Local bool
}

// MaxAfter is how long until all spent budgets have a unit.
func (r *Reserved) MaxAfter() time.Duration { return slices.Max(r.After[:]) }

// Count adds to a tally.
type Count struct {
	Ask
	Failures, Successes float64
	// FailedOf and SucceededOf are hashes of the other that failed or
	// succeeded; zero: none.
	FailedOf, SucceededOf uint64
}

// Visit adds to a profile. Zero tags are left out.
type Visit struct {
	Key                           Key
	Country, ASN, Family, Address uint32
}

// Settle ends a reservation.
type Settle struct {
	Now time.Time
	// Refund are charges that were taken and are given back, with their
	// Once key where it is to be forgotten too.
	Refund []Charge
	Counts []Count
	// Wall is given back when WallRefund is set: one failure, and the gap as
	// it was unless another attempt has set a new one. WallReset ends the
	// row.
	Wall             Key
	WallRefund       bool
	WallGap, WallSet int64
	WallReset        bool
	Visit            Visit // zero key: none
	// Local as in the Reserved that this ends.
	Local bool
}

// Group bounds how many kept things share a key.
type Group struct {
	Key Key
	Max int
	// Replace: the oldest goes when the group is full. Otherwise Keep
	// answers ErrFull.
	Replace bool
}

// Store is a database for limits, history and one-time things. All methods
// are safe for concurrent use. A store that cannot be reached returns an
// error within the context's deadline and changes nothing.
type Store interface {
	// Reserve takes all charges or none, and reads. What out held before is
	// overwritten; on an error it means nothing. ErrTooMany if q does not fit.
	Reserve(ctx context.Context, q *Reserve, out *Reserved) error
	// Settle gives back and counts. It is never refused for want of room. A
	// shared store may answer before it is done; then errors show in Stats.
	// q is not kept.
	Settle(ctx context.Context, q *Settle) error
	// Forget drops counters, tallies, walls and profiles.
	Forget(ctx context.Context, keys ...Key) error

	// Keep stores value for ttl. The value is not copied: the caller leaves
	// it alone.
	Keep(ctx context.Context, key Key, value []byte, ttl time.Duration, groups ...Group) error
	// Extend gives a kept thing a new ttl and reports whether it is there.
	Extend(ctx context.Context, key Key, ttl time.Duration) (bool, error)
	// Peek returns a kept thing and leaves it; for what is no secret and good
	// more than once. ErrNotFound if it is not there.
	Peek(ctx context.Context, key Key) ([]byte, error)
	// Take returns a kept thing and removes it; of concurrent callers
	// exactly one gets it, the others ErrNotFound.
	Take(ctx context.Context, key Key) ([]byte, error)
	// Spend marks key as spent for ttl and reports whether this call was
	// the first. When there is no room it reports false: better a fresh
	// check than one that is good twice.
	Spend(ctx context.Context, key Key, ttl time.Duration) (bool, error)

	// Flag raises a flag for ttl. Flags live among the counters: they cost a
	// row each, and under pressure the one that ends first goes.
	Flag(ctx context.Context, ttl time.Duration, keys ...Key) error
	// Flagged reports for each key whether its flag is up.
	Flagged(ctx context.Context, keys ...Key) ([]bool, error)

	// Mark writes the time at for a key, for ttl: "all that is older is
	// revoked". A later mark replaces an earlier one.
	Mark(ctx context.Context, key Key, at time.Time, ttl time.Duration) error

	Rows

	// Stats for status and metrics.
	Stats() Stats
}

// Stats describes how full a store is.
type Stats struct {
	Kept      int   // held logins and clearances
	KeptBytes int64 // their values
	Counters  int   // live counters, 0 where unknown
	Rows      int   // room for rows of all kinds, 0 where unbounded or unknown
	Evictions int64 // live rows pushed out since the start
	// EvictedPenalised are those of Evictions that were worth at least three
	// failures: above zero, the store is too small for the attack.
	EvictedPenalised int64
	Errors           int64 // of what went on in the background since the start

	// KnownRows is how many rows this node knows of, LostRows how many of
	// them are gone from the database (see Rows.AcceptLoss); the latter is
	// only as far as was noticed.
	KnownRows, LostRows int

	// Durable: what must survive this process does. Problem is why not, for
	// an operator: it names the file and what to do. Both zero for a store
	// that was made to keep nothing.
	Durable bool
	Problem string
	// Aside says which damaged file was put aside last since the start, and
	// what was wrong with it; what stood in it is forgotten.
	Aside string
}
