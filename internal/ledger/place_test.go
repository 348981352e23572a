package ledger

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/login-guard/login-guard/internal/keys"
)

func TestAPlaceIsItsOperatorOrWhatItsAddressBeginsWith(t *testing.T) {
	ring, err := keys.NewRing(bytes.Repeat([]byte{1}, keys.Size))
	if err != nil {
		t.Fatal(err)
	}
	l := New(ring, nil, "shop", nil)
	at := func(host string, asn uint32, lenient bool) *Attempt {
		a := &Attempt{ASN: asn, Lenient: lenient}
		if host != "" {
			a.Host = netip.MustParsePrefix(host)
		}
		return a
	}
	for _, test := range []struct {
		name   string
		a, b   *Attempt
		same   bool
		placed bool // both
	}{
		{"one operator, whatever the address", at("203.0.113.1/32", 64500, false), at("2001:db8::/64", 64500, false), true, true},
		{"two operators, one network", at("203.0.113.1/32", 64500, false), at("203.0.113.2/32", 64501, false), false, true},
		{"one /12", at("203.0.113.1/32", 0, false), at("203.15.7.9/32", 0, false), true, true},
		{"another /12", at("203.0.113.1/32", 0, false), at("203.16.0.1/32", 0, false), false, true},
		{"one /28 of IPv6", at("2001:db8::/64", 0, false), at("2001:dbf:1::/64", 0, false), true, true},
		{"another /28 of IPv6", at("2001:db8::/64", 0, false), at("2001:dc8::/64", 0, false), false, true},
		{"an address and an operator", at("203.0.113.1/32", 0, false), at("203.0.113.1/32", 64500, false), false, true},
		{"private addresses are nowhere", at("10.0.0.1/32", 0, true), at("192.168.0.1/32", 0, true), true, false},
		{"nor is who has no address", at("", 0, false), at("", 0, false), true, false},
	} {
		if same := l.place(test.a) == l.place(test.b); same != test.same {
			t.Errorf("%s: the same place is %v", test.name, same)
		}
		if test.a.placed() != test.placed || test.b.placed() != test.placed {
			t.Errorf("%s: it is known where is %v and %v", test.name, test.a.placed(), test.b.placed())
		}
	}
}
