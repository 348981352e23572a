// Package ledger counts. Before the shop is asked it takes from every limit
// that an attempt touches, all or none, and reads what is known of address
// and account; after the shop has answered it settles: a success gives its
// own charge back, a failure stays.
//
// A thousand guesses at once cost a thousand: there is no moment between
// looking and taking. The ledger sees keyed hashes only and decides nothing;
// package risk does.
package ledger

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/risk"
	"github.com/login-guard/login-guard/internal/store"
)

// Half-lives and windows.
const (
	addressHalfLife = 12 * time.Hour // StopGuessing's
	addressWindow   = 10 * time.Minute
	accountHalfLife = time.Hour
	accountWindow   = time.Hour
	siteHalfLife    = 30 * 24 * time.Hour

	// busyAbove: an address with more accounts that succeeded in a day is
	// shared by many people.
	busyAbove = 20
	// devicesAnHour: failures over all known devices of one account.
	devicesAnHour = 30
	// rareShare: a place with less of the site's successes is rare there.
	rareShare = 1.0 / 200
	// sameLife is how long the same login sent again charges nothing.
	sameLife = 10 * time.Minute
)

// Ledger counts for one site.
type Ledger struct {
	Ring   *keys.Ring
	Store  store.Store
	Site   string
	Limits map[string]config.Limit
}

// Attempt is what the ledger is told of an attempt.
type Attempt struct {
	Account device.Account
	Host    netip.Prefix // invalid when the address is not known
	Network netip.Prefix
	Device  [16]byte
	// Known: Device logged in to Account before.
	Known bool
	// Pass is the id of a pass that no success followed yet, zero if none.
	Pass [16]byte
	// Again: this login was counted when it was kept for a check, and comes
	// back once.
	Again bool
	// Same names this very login, sent again by the same client.
	Same store.Key

	Country string
	ASN     uint32
	Family  string
	// Lenient: limits of the address are reported and never stop it, for
	// private addresses and an operator's allow.
	Lenient bool
}

// Reservation is an attempt that was counted and not yet settled.
type Reservation struct {
	// Facts has what the ledger knows: account, site and address history.
	Facts risk.Facts
	Over  []risk.Over
	// Wall is the account's row of failures from unknown devices.
	Wall store.WallState
	// Busy: the address is shared by many people.
	Busy bool
	// PassSpent: the pass has had its wrong passwords.
	PassSpent bool
	// AccountRevoked and SiteRevoked: what is older is void.
	AccountRevoked, SiteRevoked time.Time

	a       Attempt
	charges []charge
	got     store.Reserved
}

// charge is one budget with what being over it means.
type charge struct {
	store.Charge
	limit    string
	demands  risk.Action
	personal bool
	stays    bool // not given back when the login is not sent
}

// Reserve counts an attempt.
func (l *Ledger) Reserve(ctx context.Context, now time.Time, a Attempt) (*Reservation, error) {
	r := &Reservation{a: a, charges: l.charges(a)}
	q := store.Reserve{
		Now:       now,
		BusyAbove: busyAbove,
		Tallies:   l.asks(a),
		Profile:   l.key("account", a.Account[:]),
		Marks:     []store.Key{l.key("revoked", a.Account[:]), l.key("revoked", nil)},
	}
	for _, c := range r.charges {
		q.Charges = append(q.Charges, c.Charge)
	}
	if w := l.Limits[config.LimitAccount]; !a.Known && !w.Off && len(w.Steps) == 3 {
		q.Wall = store.Wall{Key: q.Profile, GapFrom: w.Steps[1], RowFrom: w.Steps[2]}
	}
	var err error
	if r.got, err = l.Store.Reserve(ctx, q); err != nil {
		return nil, fmt.Errorf("reserving: %w", err)
	}
	l.read(r)
	return r, nil
}

// charges lists the budgets an attempt touches. A known device has its own
// and no other, so nobody else's guessing locks its owner out.
func (l *Ledger) charges(a Attempt) []charge {
	var out []charge
	add := func(c charge) {
		lim := l.Limits[c.limit]
		if lim.Off {
			return
		}
		if c.Burst == 0 {
			c.Burst, c.Every = lim.Burst, time.Duration(lim.Every)
		}
		if c.Burst > 0 && c.Every > 0 {
			out = append(out, c)
		}
	}
	if a.Pass != [16]byte{} {
		// Nothing comes back within the pass's life.
		out = append(out, charge{limit: "pass", demands: risk.Allow, Charge: store.Charge{
			Key: l.key("pass", a.Pass[:]), Burst: device.CheckTries, Every: device.CheckLife, Soft: store.SoftAlways}})
	}
	if a.Known {
		add(charge{limit: config.LimitDevice, demands: risk.Deny, personal: true,
			Charge: store.Charge{Key: l.key("device", a.Device[:], a.Account[:])}})
		if !l.Limits[config.LimitDevice].Off {
			// Over all known devices of the account; a picture at most, so
			// that no device shuts out another.
			out = append(out, charge{limit: config.LimitDevice, demands: risk.Picture, Charge: store.Charge{
				Key: l.key("devices", a.Account[:]), Burst: devicesAnHour, Every: time.Hour / devicesAnHour, Soft: store.SoftAlways}})
		}
		return out
	}
	host, network := prefix(a.Host), prefix(a.Network)
	soft := store.SoftIfBusy
	if a.Lenient {
		soft = store.SoftAlways
	}
	add(charge{limit: config.LimitPair, demands: risk.Deny, personal: true,
		Charge: store.Charge{Key: l.key("pair", host, a.Account[:])}})
	add(charge{limit: config.LimitAddress, demands: risk.Deny,
		Charge: store.Charge{Key: l.key("address", host), Soft: soft}})
	add(charge{limit: config.LimitAttempts, demands: risk.Deny, stays: true,
		Charge: store.Charge{Key: l.key("attempts", host), Soft: soft, Once: a.Same, OnceFor: sameLife}})
	add(charge{limit: config.LimitNetwork, demands: risk.Picture,
		Charge: store.Charge{Key: l.key("network", network), Soft: store.SoftAlways}})
	accounts := l.Limits[config.LimitAccounts]
	add(charge{limit: config.LimitAccounts, demands: risk.Picture, Charge: store.Charge{
		Key: l.key("accounts", host), Soft: store.SoftAlways,
		Once: l.key("accounts-seen", host, a.Account[:]), OnceFor: time.Duration(accounts.Burst) * time.Duration(accounts.Every)}})
	if len(accounts.Steps) > 0 && accounts.Steps[0] > 0 {
		n := accounts.Steps[0]
		add(charge{limit: config.LimitAccounts, demands: risk.Deny, Charge: store.Charge{
			Key: l.key("accounts-hour", host), Soft: soft, Burst: n, Every: time.Hour / time.Duration(n),
			Once: l.key("accounts-hour-seen", host, a.Account[:]), OnceFor: time.Hour}})
	}
	return out
}

// Places of the tallies in a reservation.
const (
	tallyAddress = iota
	tallyAccount
	tallySite
	tallyCountry
	tallyASN
	tallyFamily
)

func (l *Ledger) asks(a Attempt) []store.Ask {
	var asn [4]byte
	binary.BigEndian.PutUint32(asn[:], a.ASN)
	return []store.Ask{
		tallyAddress: {Key: l.key("address-tally", prefix(a.Host)), HalfLife: addressHalfLife, Window: addressWindow},
		tallyAccount: {Key: l.key("account-tally", a.Account[:]), HalfLife: accountHalfLife, Window: accountWindow},
		tallySite:    {Key: l.key("site"), HalfLife: siteHalfLife},
		tallyCountry: {Key: l.key("site-country", []byte(a.Country)), HalfLife: siteHalfLife},
		tallyASN:     {Key: l.key("site-asn", asn[:]), HalfLife: siteHalfLife},
		tallyFamily:  {Key: l.key("site-family", []byte(a.Family)), HalfLife: siteHalfLife},
	}
}

// read turns the store's answer into facts.
func (l *Ledger) read(r *Reservation) {
	for i, c := range r.charges {
		if r.got.Over&(1<<i) == 0 {
			continue
		}
		if c.limit == "pass" {
			r.PassSpent = true
			continue
		}
		r.Over = append(r.Over, risk.Over{Limit: c.limit, RetryAfter: r.got.After[i], Demands: c.demands, Personal: c.personal})
	}
	r.Wall = r.got.Wall
	if r.Wall.Wait > 0 {
		r.Over = append(r.Over, risk.Over{Limit: config.LimitAccount, RetryAfter: r.Wall.Wait, Demands: risk.Deny, Personal: true})
	}
	if len(r.got.Marks) == 2 {
		r.AccountRevoked, r.SiteRevoked = r.got.Marks[0], r.got.Marks[1]
	}

	t, f, a := r.got.Tallies, &r.Facts, r.a
	r.Busy = t[tallyAddress].SucceededOf > busyAbove
	f.AddressFailures = t[tallyAddress].Failures
	if sum := t[tallyAddress].Failures + t[tallyAddress].Successes; sum > 0 {
		f.AddressFailureShare = t[tallyAddress].Failures / sum
	}
	f.AddressAccountsFailed = t[tallyAddress].FailedOf
	f.AccountFailures = t[tallyAccount].Failures
	f.AccountNetworksFailed = t[tallyAccount].FailedOf

	f.Country, f.ASN, f.Family = a.Country, a.ASN, a.Family
	p := r.got.Profile
	f.AccountSuccesses = p.Successes
	f.CountryKnown = has(p.Countries, l.tag(a.Country))
	f.ASNKnown = has(p.ASNs, a.ASN)
	f.FamilyKnown = has(p.Families, l.tag(a.Family))
	f.AddressSucceeded = a.Host.IsValid() && has(p.Addresses, l.tag(string(prefix(a.Host))))

	site := t[tallySite].Successes
	f.SiteSuccesses = int(site)
	f.SiteCountryRare = t[tallyCountry].Successes < site*rareShare
	f.SiteASNRare = t[tallyASN].Successes < site*rareShare
	f.SiteFamilyRare = t[tallyFamily].Successes < site*rareShare
}

func has(set []uint32, tag uint32) bool {
	for _, x := range set {
		if x == tag && tag != 0 {
			return true
		}
	}
	return false
}

// prefix is p as bytes; all senders whose address is not known are one.
func prefix(p netip.Prefix) []byte {
	if !p.IsValid() {
		return []byte("unknown")
	}
	b, err := p.Masked().MarshalBinary()
	if err != nil {
		return []byte("unknown")
	}
	return b
}

// key is a keyed hash for one purpose of this site.
func (l *Ledger) key(what string, parts ...[]byte) store.Key {
	all := make([][]byte, 0, 6)
	all = append(all, []byte("ledger"), []byte(l.Site), []byte(what))
	sum := l.Ring.Sum(keys.Pseudonym, append(all, parts...)...)
	return store.Key(sum[:16])
}

// tag is a short keyed hash, 0 for the empty text.
func (l *Ledger) tag(s string) uint32 {
	if s == "" {
		return 0
	}
	sum := l.Ring.Sum(keys.Pseudonym, []byte("tag"), []byte(l.Site), []byte(s))
	return binary.BigEndian.Uint32(sum[:]) | 1
}

// Account is the keyed hash of an account name that was folded already.
func Account(ring *keys.Ring, site, folded string) device.Account {
	sum := ring.Sum(keys.Pseudonym, []byte("account"), []byte(site), []byte(folded))
	return device.Account(sum[:16])
}
