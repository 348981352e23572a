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
	// What a slice of the logins does now: of the site within about a
	// quarter of an hour, which a fast attack shows in, and a day, which a
	// slow one does.
	nowHalfLife   = 15 * time.Minute
	dayHalfLife   = 24 * time.Hour
	sliceHalfLife = 12 * time.Hour
	// daysHalfLife is that of customers' places and clients, taken together:
	// of a small shop it takes days until enough have come whom nobody knew.
	daysHalfLife = 3 * 24 * time.Hour
	// usualHalfLife is how fast the site's usual rate of success follows.
	usualHalfLife = 14 * 24 * time.Hour

	// Units of a failure that is not of the usual kind (StopGuessing's): the
	// same account and password again guess at nothing, and names that do
	// not exist come from lists.
	unitsRepeated = 0.1
	unitsUnknown  = 2

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
	Limits map[string]config.Limit
	// Sessions is how long it is remembered who used a session. Default: a day
	Sessions time.Duration

	store store.Store
	names names
}

// New makes a ledger that counts in s.
func New(ring *keys.Ring, s store.Store, site string, limits map[string]config.Limit) *Ledger {
	return &Ledger{Limits: limits, store: s, names: newNames(ring, site)}
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
	// Cluster is what clients of one make have in common, and Kin what they
	// have in common with those that only say that they are others; nil if
	// that is not known.
	Cluster, Kin []byte
	// Blind: the shop's answer never says that a password was right, so this
	// login says nothing of rates of success.
	Blind bool
	// Repeated: this address has sent the same account with the same
	// password a short while ago. A failure counts next to nothing then.
	Repeated bool
	// Lenient: limits of the address are reported and never stop it, for
	// private addresses and an operator's allow.
	Lenient bool
}

// Reservation is an attempt that was counted and not yet settled.
type Reservation struct {
	// Facts has what the ledger knows: account, site and address history.
	Facts risk.Facts
	Over  []risk.Over
	// Asked: the caller asks for a check. Who goes away then (login.None)
	// counts in rates of success.
	Asked bool
	// UnknownAccount: the shop's answer said that there is no such account.
	UnknownAccount bool
	// Wall is the account's row of failures from unknown devices.
	Wall store.WallState
	// Busy: the address is shared by many people.
	Busy bool
	// PassSpent: the pass has had its wrong passwords.
	PassSpent bool
	// AccountRevoked and SiteRevoked: what is older is void.
	AccountRevoked, SiteRevoked time.Time

	weight weights
	// Whether it is one of the slices of all customers' places and clients.
	inPlaces, inClusters bool

	a       Attempt
	account store.Key
	charges []charge
	asks    [store.MaxTallies]store.Ask
	room    [store.MaxCharges]charge // of charges
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
	r := &Reservation{a: a, account: l.names.account(a.Account)}
	host := l.names.host(a.Host)
	r.charges = r.room[:0]
	l.charge(r, host)
	l.asks(r, host)

	var charges [store.MaxCharges]store.Charge
	for i, c := range r.charges {
		charges[i] = c.Charge
	}
	q := store.Reserve{
		Now:       now,
		BusyAbove: busyAbove,
		Charges:   charges[:len(r.charges)],
		Tallies:   r.asks[:],
		Profile:   r.account,
		Marks:     []store.Key{l.revoked(a.Account), l.revoked(device.Account{}), l.names.siteSince},
	}
	if w := l.Limits[config.LimitAccount]; !a.Known && !w.Off && len(w.Steps) == 3 {
		q.Wall = store.Wall{Key: r.account, GapFrom: w.Steps[1], RowFrom: w.Steps[2]}
	}
	if err := l.store.Reserve(ctx, &q, &r.got); err != nil {
		return nil, fmt.Errorf("reserving: %w", err)
	}
	l.read(r)
	l.rates(now, r)
	return r, nil
}

// charge lists the budgets an attempt touches. A known device has its own
// and no other, so nobody else's guessing locks its owner out.
func (l *Ledger) charge(r *Reservation, host store.Key) {
	a, n := &r.a, &l.names
	add := func(c charge) {
		lim := l.Limits[c.limit]
		if lim.Off {
			return
		}
		if c.Burst == 0 {
			c.Burst, c.Every = lim.Burst, time.Duration(lim.Every)
		}
		if c.Burst > 0 && c.Every > 0 {
			r.charges = append(r.charges, c)
		}
	}
	if a.Pass != [16]byte{} {
		// Nothing comes back within the pass's life.
		r.charges = append(r.charges, charge{limit: "pass", demands: risk.Allow, Charge: store.Charge{
			Key: n.of(r.account, "pass", a.Pass[:]), Burst: device.CheckTries, Every: device.CheckLife, Soft: store.SoftAlways}})
	}
	if a.Known {
		add(charge{limit: config.LimitDevice, demands: risk.Deny, personal: true,
			Charge: store.Charge{Key: n.of(r.account, "device", a.Device[:])}})
		if !l.Limits[config.LimitDevice].Off {
			// Over all known devices of the account; a picture at most, so
			// that no device shuts out another.
			r.charges = append(r.charges, charge{limit: config.LimitDevice, demands: risk.Picture, Charge: store.Charge{
				Key: n.of(r.account, "devices"), Burst: devicesAnHour, Every: time.Hour / devicesAnHour, Soft: store.SoftAlways}})
		}
		return
	}
	soft := store.SoftIfBusy
	if a.Lenient {
		soft = store.SoftAlways
	}
	add(charge{limit: config.LimitPair, demands: risk.Deny, personal: true,
		Charge: store.Charge{Key: l.pair(host, r.account)}})
	add(charge{limit: config.LimitAddress, demands: risk.Deny,
		Charge: store.Charge{Key: n.of(host, config.LimitAddress), Soft: soft}})
	add(charge{limit: config.LimitAttempts, demands: risk.Deny, stays: true,
		Charge: store.Charge{Key: n.of(host, config.LimitAttempts), Soft: soft, Once: a.Same, OnceFor: sameLife}})
	add(charge{limit: config.LimitNetwork, demands: risk.Picture,
		Charge: store.Charge{Key: n.of(n.network(a.Network), config.LimitNetwork), Soft: store.SoftAlways}})
	accounts := l.Limits[config.LimitAccounts]
	add(charge{limit: config.LimitAccounts, demands: risk.Picture, Charge: store.Charge{
		Key: n.of(host, "accounts"), Soft: store.SoftAlways,
		Once: n.of(host, "accounts-seen", r.account[:]), OnceFor: time.Duration(accounts.Burst) * time.Duration(accounts.Every)}})
	if len(accounts.Steps) > 0 && accounts.Steps[0] > 0 {
		hour := accounts.Steps[0]
		add(charge{limit: config.LimitAccounts, demands: risk.Deny, Charge: store.Charge{
			Key: n.of(host, "accounts-hour"), Soft: soft, Burst: hour, Every: time.Hour / time.Duration(hour),
			Once: n.of(host, "accounts-hour-seen", r.account[:]), OnceFor: time.Hour}})
	}
}

// pair names the budget of one account from one address.
func (l *Ledger) pair(host, account store.Key) store.Key {
	return l.names.of(host, config.LimitPair, account[:])
}

// revoked names the mark of an account, or of the whole site when it is the
// zero value.
func (l *Ledger) revoked(a device.Account) store.Key {
	if a == (device.Account{}) {
		return l.names.of(l.names.site, "revoked")
	}
	return l.names.of(l.names.account(a), "revoked")
}

// Places of the tallies in a reservation.
const (
	tallyAddress = iota
	tallyAccount
	// Of successes: what is rare at the site.
	tallySite
	tallyCountry // or tallyElsewhere, where no country is known
	tallyFamily
	// Rates of success: see rates.go.
	tallyNow
	tallyDay
	tallyUsual
	tallyNetwork
	tallyPlaceDay
	tallyPlaceUsual
	tallyPlaces
	tallyClusterDay
	tallyClusterUsual
	tallyClusters
	tallyKin

	tallyElsewhere = tallyCountry
)

func (l *Ledger) asks(r *Reservation, host store.Key) {
	a, n := &r.a, &l.names
	place := l.place(a)
	cluster := n.of(n.site, "cluster", a.Cluster)
	r.asks = [...]store.Ask{
		tallyAddress:      l.addressAsk(host),
		tallyAccount:      {Key: n.of(r.account, "tally"), HalfLife: accountHalfLife, Window: accountWindow},
		tallySite:         {Key: n.site, HalfLife: siteHalfLife},
		tallyCountry:      {Key: n.of(n.site, "country", []byte(a.Country)), HalfLife: siteHalfLife},
		tallyFamily:       {Key: n.of(n.site, "family", []byte(a.Family)), HalfLife: siteHalfLife},
		tallyNow:          {Key: n.siteNow, HalfLife: nowHalfLife},
		tallyDay:          {Key: n.siteDay, HalfLife: dayHalfLife},
		tallyUsual:        {Key: n.siteUsual, HalfLife: usualHalfLife},
		tallyNetwork:      l.networkAsk(n.network(a.Network)),
		tallyPlaceDay:     {Key: n.of(place, "day"), HalfLife: sliceHalfLife},
		tallyPlaceUsual:   {Key: n.of(place, "usual"), HalfLife: siteHalfLife},
		tallyPlaces:       {Key: n.sitePlaces, HalfLife: daysHalfLife},
		tallyClusterDay:   {Key: n.of(cluster, "day"), HalfLife: sliceHalfLife},
		tallyClusterUsual: {Key: n.of(cluster, "usual"), HalfLife: siteHalfLife},
		tallyClusters:     {Key: n.siteClusters, HalfLife: daysHalfLife},
		tallyKin:          {Key: n.of(n.site, "kin", a.Kin), HalfLife: sliceHalfLife},
	}
	if a.elsewhere() {
		r.asks[tallyElsewhere] = store.Ask{Key: n.siteElsewhere, HalfLife: daysHalfLife}
	}
}

// elsewhere reports whether the rate of all places that customers do not come
// from is asked for: without GeoIP each of them is known by its first bits
// alone, and an attack may use thousands.
func (a *Attempt) elsewhere() bool { return a.Country == "" && a.ASN == 0 && a.placed() }

// Bits of an address that stand in for its operator where that is not known:
// those in which what the registries of the internet hand out to an operator
// is mostly alike.
const (
	placeBits4 = 12
	placeBits6 = 28
)

// placed reports whether it is known where an attempt comes from.
func (a *Attempt) placed() bool { return a.ASN != 0 || a.Host.IsValid() && !a.Lenient }

// place names where an attempt comes from: its operator's network or, where
// that is not known, the addresses that begin as its own does. A private
// address, of which nothing is known, is lenient.
func (l *Ledger) place(a *Attempt) store.Key {
	n := &l.names
	var b [17]byte
	if a.ASN != 0 || !a.placed() {
		return n.of(n.site, "asn", binary.BigEndian.AppendUint32(b[:0], a.ASN))
	}
	bits := placeBits6
	if a.Host.Addr().Is4() {
		bits = placeBits4
	}
	// Prefix fails only on more bits than the address has.
	p, _ := a.Host.Addr().Prefix(bits)
	raw := p.Addr().As16()
	copy(b[:], raw[:])
	b[16] = byte(bits)
	return n.of(n.site, "place", b[:])
}

func (l *Ledger) networkAsk(network store.Key) store.Ask {
	return store.Ask{Key: l.names.of(network, "tally"), HalfLife: sliceHalfLife}
}

func (l *Ledger) addressAsk(host store.Key) store.Ask {
	return store.Ask{Key: l.names.of(host, "tally"), HalfLife: addressHalfLife, Window: addressWindow}
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
	r.AccountRevoked, r.SiteRevoked = r.got.Marks[0], r.got.Marks[1]

	t, f, a := &r.got.Tallies, &r.Facts, &r.a
	r.Busy = t[tallyAddress].SucceededOf > busyAbove
	f.AddressFailures = t[tallyAddress].Failures
	f.AddressAccountsFailed = t[tallyAddress].FailedOf
	f.AccountFailures = t[tallyAccount].Failures
	f.AccountNetworksFailed = t[tallyAccount].FailedOf

	f.Country, f.ASN, f.Family = a.Country, a.ASN, a.Family
	if p := &r.got.Profile; p.Successes > 0 {
		v := l.visit(r)
		f.AccountSuccesses = p.Successes
		f.CountryKnown = has(p.Countries[:], v.Country)
		f.ASNKnown = has(p.ASNs[:], v.ASN)
		f.FamilyKnown = has(p.Families[:], v.Family)
		f.AddressSucceeded = has(p.Addresses[:], v.Address)
	}

	site := t[tallySite].Successes
	f.SiteSuccesses = int(site)
	f.SiteCountryRare = a.Country != "" && t[tallyCountry].Successes < site*rareShare
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

// visit is where an attempt came from, as tags.
func (l *Ledger) visit(r *Reservation) store.Visit {
	v := store.Visit{Key: r.account, ASN: r.a.ASN,
		Country: l.names.tag([]byte(r.a.Country)), Family: l.names.tag([]byte(r.a.Family))}
	if r.a.Host.IsValid() {
		v.Address = l.HostTag(r.a.Host)
	}
	return v
}

// Account is the keyed hash of an account name that was folded already.
func (l *Ledger) Account(folded string) device.Account {
	return device.Account(l.names.subject(subjectName, []byte(folded)))
}

// Names are what an attempt counts under.
type Names struct{ Host, Account, Pair store.Key }

// Names names an address, an account and the two together.
func (l *Ledger) Names(host netip.Prefix, account device.Account) Names {
	n := Names{Host: l.names.host(host), Account: l.names.account(account)}
	n.Pair = l.pair(n.Host, n.Account)
	return n
}
