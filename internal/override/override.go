// Package override holds what an operator ordered about who may log in: to
// allow or deny an address, a network, an AS or an account, for a time, with a
// reason and an author.
package override

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/risk"
)

// Bounds of orders.
const (
	// Max is how many there may be: each attempt is held against all of them.
	Max = 2000
	// Longest is how long an order holds at most: one that nobody looks at
	// again must not stand for ever.
	Longest = 366 * 24 * time.Hour
	// MaxText bounds a reason and an author, in bytes.
	MaxText = 200
)

// What an order does.
const (
	Allow = "allow"
	Deny  = "deny"
)

// Order is one order.
type Order struct {
	Do   string `json:"do"`
	Site string `json:"site"`
	// Subject is an address, a network (203.0.113.0/24), an AS (AS64500), or
	// account:HASH, by the account's keyed hash.
	Subject string    `json:"subject"`
	Reason  string    `json:"reason"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Until   time.Time `json:"until"`

	prefix  netip.Prefix
	asn     uint32
	account device.Account
}

// OfAccount is the subject of an account.
func OfAccount(a device.Account) string { return accountStart + hex.EncodeToString(a[:]) }

const accountStart = "account:"

// Check reads an order's subject and refuses an order that says too little or
// too much. Its errors name what is wrong and what would work.
func (o *Order) Check() error {
	switch {
	case o.Do != Allow && o.Do != Deny:
		return fmt.Errorf("%q is neither %s nor %s", o.Do, Allow, Deny)
	case o.Site == "":
		return errors.New("an order is for a site: name it")
	case o.Reason == "" || len(o.Reason) > MaxText:
		return fmt.Errorf("give a reason of up to %d bytes, such as --reason \"office of our partner\"", MaxText)
	case o.By == "" || len(o.By) > MaxText:
		return fmt.Errorf("say who orders it in up to %d bytes, such as --by anna", MaxText)
	case !o.Until.After(o.At) || o.Until.Sub(o.At) > Longest:
		return fmt.Errorf("an order holds for a time of up to %d days, such as --for 4h", int(Longest/(24*time.Hour)))
	}
	return o.read()
}

// read makes out the subject, and writes it in its one form.
func (o *Order) read() error {
	s := strings.TrimSpace(o.Subject)
	switch rest, account := strings.CutPrefix(s, accountStart); {
	case account:
		b, err := hex.DecodeString(rest)
		if err != nil || len(b) != len(o.account) {
			return fmt.Errorf("%q names no account", o.Subject)
		}
		copy(o.account[:], b)
		return nil
	case len(s) > 2 && strings.EqualFold(s[:2], "AS") && !strings.ContainsAny(s, ".:"):
		n, err := strconv.ParseUint(s[2:], 10, 32)
		if err != nil || n == 0 {
			return fmt.Errorf("%q is no AS; one that works is AS64500", o.Subject)
		}
		o.asn, o.Subject = uint32(n), "AS"+strconv.FormatUint(n, 10)
		return nil
	case strings.Contains(s, "/"):
		p, err := netip.ParsePrefix(s)
		if err != nil || p.Addr().Zone() != "" {
			return fmt.Errorf("%q is no network; one that works is 203.0.113.0/24", o.Subject)
		}
		if p = p.Masked(); p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		if p.Bits() < 8 {
			return fmt.Errorf("%q is a large part of the Internet; name a network of /8 or smaller", o.Subject)
		}
		o.prefix, o.Subject = p, p.String()
		return nil
	default:
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return fmt.Errorf("%q is no address, network or AS; those that work are 203.0.113.7, 2001:db8::/48 and AS64500; an account goes by --account", o.Subject)
		}
		a = a.Unmap()
		o.prefix, o.Subject = netip.PrefixFrom(a, a.BitLen()), a.String()
		return nil
	}
}

// Same reports whether two orders are about the same: a later one takes the
// place of an earlier one.
func (o *Order) Same(other *Order) bool { return o.Site == other.Site && o.Subject == other.Subject }

// List is a set of orders. It is not changed once it is made.
type List struct{ orders []Order }

// NewList makes a list of orders. Those that are over are left out, and so are
// those that cannot be read.
func NewList(now time.Time, orders []Order) *List {
	l := &List{}
	for _, o := range orders {
		if o.Until.After(now) && o.read() == nil && (o.Do == Allow || o.Do == Deny) {
			l.orders = append(l.orders, o)
		}
	}
	slices.SortFunc(l.orders, func(a, b Order) int {
		return cmp.Or(cmp.Compare(a.Site, b.Site), a.At.Compare(b.At), cmp.Compare(a.Subject, b.Subject))
	})
	return l
}

// ErrFull: there are Max orders.
var ErrFull = fmt.Errorf("there are %d orders already: remove some, or order about a network instead of addresses", Max)

// With is the list with one more order, in place of one about the same.
func (l *List) With(now time.Time, o Order) (*List, error) {
	if err := o.Check(); err != nil {
		return l, err
	}
	rest, _ := l.Without(now, o.Site, o.Subject)
	if len(rest.orders) >= Max {
		return l, ErrFull
	}
	return NewList(now, append(rest.All(), o)), nil
}

// Without is the list without what was ordered about a subject, and whether
// there was anything.
func (l *List) Without(now time.Time, site, subject string) (*List, bool) {
	about := Order{Site: site, Subject: subject}
	if about.read() != nil {
		return l, false
	}
	rest := slices.DeleteFunc(l.All(), func(o Order) bool { return o.Same(&about) })
	return NewList(now, rest), l != nil && len(rest) < len(l.orders)
}

// All are the orders.
func (l *List) All() []Order {
	if l == nil {
		return nil
	}
	return slices.Clone(l.orders)
}

// Look is what was ordered about who attempts to log in: a denial before what
// allows. entry says by which order.
func (l *List) Look(now time.Time, site string, account device.Account, others []device.Account, address netip.Addr, asn uint32) (do risk.Override, entry string) {
	if l == nil {
		return risk.NoOverride, ""
	}
	address = address.Unmap().WithZone("")
	for i := range l.orders {
		o := &l.orders[i]
		if o.Site != site || !o.Until.After(now) || !o.about(account, others, address, asn) {
			continue
		}
		switch o.Do {
		case Allow:
			if do == risk.NoOverride {
				do, entry = risk.AllowOverride, o.String()
			}
		default:
			return risk.DenyOverride, o.String()
		}
	}
	return do, entry
}

func (o *Order) about(account device.Account, others []device.Account, address netip.Addr, asn uint32) bool {
	switch {
	case o.prefix.IsValid():
		return address.IsValid() && o.prefix.Contains(address)
	case o.asn != 0:
		return o.asn == asn
	case o.Do == Deny:
		return o.account == account || slices.Contains(others, o.account)
	}
	// What may be booked on another account is not allowed for this one.
	return o.account == account && len(others) == 0
}

// String says what an order is, in words for records.
func (o *Order) String() string {
	return fmt.Sprintf("%s %s until %s by %s: %s", o.Do, o.Subject, o.Until.UTC().Format(time.RFC3339), o.By, o.Reason)
}

// Encode and Decode are for stores.
func (l *List) Encode() ([]byte, error) { return json.Marshal(l.All()) }

// Decode reads what Encode wrote.
func Decode(now time.Time, b []byte) (*List, error) {
	var orders []Order
	if err := json.Unmarshal(b, &orders); err != nil {
		return nil, fmt.Errorf("reading orders: %w", err)
	}
	return NewList(now, orders), nil
}
