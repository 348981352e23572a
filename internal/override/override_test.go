package override_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/override"
	"github.com/login-guard/login-guard/internal/risk"
)

var now = time.Unix(1_800_000_000, 0)

func order(do, subject string) override.Order {
	return override.Order{Do: do, Site: "shop", Subject: subject, Reason: "why", By: "anna", At: now, Until: now.Add(time.Hour)}
}

func TestAnOrderIsAboutWhatItNames(t *testing.T) {
	alice, bob := device.Account{1}, device.Account{2}
	for _, test := range []struct {
		do, subject string
		account     device.Account
		others      []device.Account
		address     string
		asn         uint32
		want        risk.Override
	}{
		{override.Deny, "203.0.113.7", alice, nil, "203.0.113.7", 0, risk.DenyOverride},
		{override.Deny, "203.0.113.7", alice, nil, "::ffff:203.0.113.7", 0, risk.DenyOverride},
		{override.Deny, "::ffff:203.0.113.0/120", alice, nil, "203.0.113.9", 0, risk.DenyOverride},
		{override.Deny, "203.0.113.7", alice, nil, "203.0.113.8", 0, risk.NoOverride},
		{override.Deny, "203.0.113.7", alice, nil, "", 0, risk.NoOverride},
		{override.Allow, "203.0.113.77/24", alice, nil, "203.0.113.8", 0, risk.AllowOverride},
		{override.Allow, "2001:db8::/32", alice, nil, "2001:db8:1::1", 0, risk.AllowOverride},
		{override.Allow, "2001:db8::/32", alice, nil, "2001:db9::1", 0, risk.NoOverride},
		{override.Deny, "as64500", alice, nil, "203.0.113.7", 64500, risk.DenyOverride},
		{override.Deny, "AS64500", alice, nil, "203.0.113.7", 0, risk.NoOverride},
		{override.Deny, override.OfAccount(alice), alice, nil, "203.0.113.7", 0, risk.DenyOverride},
		{override.Deny, override.OfAccount(alice), bob, []device.Account{alice}, "203.0.113.7", 0, risk.DenyOverride},
		{override.Allow, override.OfAccount(alice), alice, nil, "203.0.113.7", 0, risk.AllowOverride},
		{override.Allow, override.OfAccount(alice), alice, []device.Account{bob}, "203.0.113.7", 0, risk.NoOverride},
	} {
		l, err := (*override.List)(nil).With(now, order(test.do, test.subject))
		if err != nil {
			t.Errorf("%s: %v", test.subject, err)
			continue
		}
		var address netip.Addr
		if test.address != "" {
			address = netip.MustParseAddr(test.address)
		}
		got, entry := l.Look(now, "shop", test.account, test.others, address, test.asn)
		if got != test.want || (got != risk.NoOverride) != strings.Contains(entry, "anna") {
			t.Errorf("%s %s for %v, %s, AS%d: %v by %q, want %v", test.do, test.subject, test.account[0], test.address, test.asn, got, entry, test.want)
		}
		for what, do := range map[string]risk.Override{
			"an hour later": look(l, now.Add(time.Hour), "shop", test.account, test.others, address, test.asn),
			"another site":  look(l, now, "other", test.account, test.others, address, test.asn),
		} {
			if do != risk.NoOverride {
				t.Errorf("%s %s: %s it holds", test.do, test.subject, what)
			}
		}
	}
}

func look(l *override.List, now time.Time, site string, account device.Account, others []device.Account, address netip.Addr, asn uint32) risk.Override {
	do, _ := l.Look(now, site, account, others, address, asn)
	return do
}

func TestADenialIsStrongerThanWhatAllows(t *testing.T) {
	var l *override.List
	var err error
	for _, o := range []override.Order{order(override.Allow, "203.0.113.7"), order(override.Deny, "203.0.113.0/24"), order(override.Allow, "AS64500")} {
		if l, err = l.With(now, o); err != nil {
			t.Fatal(err)
		}
	}
	if got := look(l, now, "shop", device.Account{}, nil, netip.MustParseAddr("203.0.113.7"), 64500); got != risk.DenyOverride {
		t.Errorf("got %v", got)
	}
}

func TestALaterOrderTakesThePlaceOfAnEarlierOne(t *testing.T) {
	l, err := (*override.List)(nil).With(now, order(override.Deny, "203.0.113.7"))
	if err != nil {
		t.Fatal(err)
	}
	if l, err = l.With(now, order(override.Allow, "203.0.113.7")); err != nil || len(l.All()) != 1 || l.All()[0].Do != override.Allow {
		t.Errorf("%v, %v", l.All(), err)
	}
	b, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := override.Decode(now, b)
	if err != nil || look(again, now, "shop", device.Account{}, nil, netip.MustParseAddr("203.0.113.7"), 0) != risk.AllowOverride {
		t.Errorf("written and read it is %v, %v", again.All(), err)
	}
	l, found := l.Without(now, "shop", "203.0.113.7")
	if !found || len(l.All()) != 0 {
		t.Errorf("taken back: %v, %v", found, l.All())
	}
	if _, found := l.Without(now, "shop", "203.0.113.7"); found {
		t.Error("taken back twice")
	}
}

func TestAnOrderThatSaysTooLittleOrTooMuchIsRefused(t *testing.T) {
	for name, change := range map[string]func(*override.Order){
		"no reason":       func(o *override.Order) { o.Reason = "" },
		"no author":       func(o *override.Order) { o.By = "" },
		"a long reason":   func(o *override.Order) { o.Reason = strings.Repeat("x", 201) },
		"no time":         func(o *override.Order) { o.Until = o.At },
		"for ever":        func(o *override.Order) { o.Until = o.At.Add(400 * 24 * time.Hour) },
		"neither":         func(o *override.Order) { o.Do = "maybe" },
		"no site":         func(o *override.Order) { o.Site = "" },
		"no subject":      func(o *override.Order) { o.Subject = "" },
		"a name":          func(o *override.Order) { o.Subject = "shop.example" },
		"everybody":       func(o *override.Order) { o.Subject = "0.0.0.0/0" },
		"no AS":           func(o *override.Order) { o.Subject = "AS0" },
		"a zone":          func(o *override.Order) { o.Subject = "fe80::1%eth0" },
		"no account hash": func(o *override.Order) { o.Subject = "account:anna" },
	} {
		o := order(override.Deny, "203.0.113.7")
		change(&o)
		if l, err := (*override.List)(nil).With(now, o); err == nil {
			t.Errorf("%s: taken as %v", name, l.All())
		}
	}
}

func TestOrdersAreBounded(t *testing.T) {
	var all []override.Order
	for i := range override.Max {
		all = append(all, order(override.Deny, netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}).String()))
	}
	l := override.NewList(now, all)
	if _, err := l.With(now, order(override.Deny, "203.0.113.7")); err != override.ErrFull {
		t.Errorf("one more: %v", err)
	}
	if _, err := l.With(now, order(override.Allow, "10.0.0.1")); err != nil {
		t.Errorf("in place of another: %v", err)
	}
}
