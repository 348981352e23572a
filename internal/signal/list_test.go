package signal

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
)

func TestParseList(t *testing.T) {
	tests := []struct {
		name, text string
		in, out    []string // addresses, or AS numbers such as AS64496
		bad        int      // lines left out
		err        error
	}{
		{name: "empty", text: "", out: []string{"192.0.2.1", "::1", "AS1"}},
		{name: "only comments", text: "# nothing today\n; really\n\n", out: []string{"192.0.2.1"}},
		{name: "address", text: "192.0.2.7", in: []string{"192.0.2.7"}, out: []string{"192.0.2.6", "192.0.2.8"}},
		{name: "network", text: "192.0.2.0/25\n", in: []string{"192.0.2.0", "192.0.2.127"}, out: []string{"192.0.2.128", "192.0.1.255"}},
		{name: "network with host bits", text: "192.0.2.99/25\n", in: []string{"192.0.2.0", "192.0.2.127"}, out: []string{"192.0.2.128"}},
		{name: "everything of IPv4", text: "0.0.0.0/0", in: []string{"0.0.0.0", "255.255.255.255", "8.8.8.8"}, out: []string{"::1"}},
		{name: "the last address", text: "255.255.255.255\n255.255.255.254", in: []string{"255.255.255.255"}, out: []string{"255.255.255.253", "0.0.0.0"}},
		{name: "Windows line ends and a byte order mark", text: "\ufeff192.0.2.1\r\n192.0.2.3\r\n", in: []string{"192.0.2.1", "192.0.2.3"}, out: []string{"192.0.2.2"}},
		{name: "comments behind", text: "192.0.2.1 # somebody\n192.0.2.3;else\n192.0.2.5\t4\n",
			in: []string{"192.0.2.1", "192.0.2.3", "192.0.2.5"}, out: []string{"192.0.2.2"}},
		{name: "columns and a header", text: "network,who\n192.0.2.0/31,\"A, B\"\n\"192.0.2.8\",x\n 192.0.2.16 ,y\n",
			in: []string{"192.0.2.1", "192.0.2.8", "192.0.2.16"}, out: []string{"192.0.2.2"}},
		{name: "AS numbers", text: "AS64496\nas64497 # comment\nAS4294967295\n", in: []string{"AS64496", "AS64497", "AS4294967295"}, out: []string{"AS64498", "192.0.2.1"}},
		{name: "bare numbers under an ASN header", text: "ASN,Entity\n64496,\"X, DE\"\n64497, \"Y\"\n", in: []string{"AS64496", "AS64497"}, out: []string{"AS1"}},
		{name: "bare numbers are nothing by themselves", text: "64496\nAS1\n", in: []string{"AS1"}, out: []string{"AS64496"}, bad: 1},
		{name: "overlapping and touching networks", text: "192.0.2.0/28\n192.0.2.8/32\n192.0.2.16/28\n192.0.2.0/30\n",
			in: []string{"192.0.2.0", "192.0.2.15", "192.0.2.31"}, out: []string{"192.0.2.32"}},
		{name: "a small network inside a large one", text: "10.0.0.0/8\n10.0.0.0/16\n10.200.0.0/16\n",
			in: []string{"10.0.0.1", "10.199.0.1", "10.255.255.255"}, out: []string{"11.0.0.0", "9.255.255.255"}},
		{name: "IPv6", text: "2001:db8::/32\n2001:db9:0:1::/64\n2001:dba::5\n2001:dbb::/96",
			in:  []string{"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9:0:1::", "2001:db9:0:1:ffff:ffff:ffff:ffff", "2001:dba::5", "2001:dbb::ffff:ffff"},
			out: []string{"2001:db9::", "2001:db9:0:2::", "2001:dba::4", "2001:dba::6", "2001:dbb::1:0:0", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff"}},
		{name: "everything of IPv6", text: "::/0", in: []string{"::1", "ffff::"}, out: []string{"1.2.3.4"}},
		{name: "IPv4 written as IPv6", text: "::ffff:192.0.2.1\n::ffff:192.0.2.8/126\n", in: []string{"192.0.2.1", "192.0.2.11"}, out: []string{"192.0.2.2"}},
		{name: "lines that are nothing are left out", text: "192.0.2.1\nhello\n192.0.2\n192.0.2.0/33\nAS0\nAS99999999999\n",
			in: []string{"192.0.2.1"}, bad: 5},
		{name: "a page instead of a list", text: "<!doctype html>\n<html>\nNot found\n", err: errNoEntries},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := parseList([]byte(tt.text))
			var bad badLines
			switch {
			case tt.err != nil:
				if !errors.Is(err, tt.err) || l != nil {
					t.Fatalf("got %v and list %v, want %v", err, l, tt.err)
				}
				return
			case tt.bad > 0:
				if !errors.As(err, &bad) || bad.count != tt.bad {
					t.Fatalf("got %v, want %d lines left out", err, tt.bad)
				}
			case err != nil:
				t.Fatal(err)
			}
			has := func(what string) bool {
				if asn, ok := parseASN(what, false); ok {
					return l.contains(netip.MustParseAddr("203.0.113.113"), asn)
				}
				return l.contains(netip.MustParseAddr(what), 0)
			}
			for _, what := range tt.in {
				if !has(what) {
					t.Errorf("%s is missing", what)
				}
			}
			for _, what := range tt.out {
				if has(what) {
					t.Errorf("%s is there", what)
				}
			}
		})
	}
}

// TestListAgreesWithASearchOfEveryPrefix compares the packed table with the
// plain meaning of the lines.
func TestListAgreesWithASearchOfEveryPrefix(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 200 {
		var (
			prefixes []netip.Prefix
			text     strings.Builder
		)
		address := func() netip.Addr {
			if r.IntN(2) == 0 { // few bits differ, so that networks overlap
				return netip.AddrFrom4([4]byte{192, 0, byte(r.IntN(2)), byte(r.IntN(256))})
			}
			var b [16]byte
			b[0], b[1], b[7], b[8], b[15] = 0x20, 1, byte(r.IntN(4)), byte(r.IntN(2)), byte(r.IntN(8))
			return netip.AddrFrom16(b)
		}
		for range r.IntN(40) {
			a := address()
			p := netip.PrefixFrom(a, a.BitLen()-r.IntN(a.BitLen()/2))
			prefixes = append(prefixes, p)
			fmt.Fprintln(&text, p)
		}
		l, err := parseList([]byte(text.String()))
		if err != nil {
			t.Fatal(err)
		}
		for range 200 {
			a, want := address(), false
			for _, p := range prefixes {
				want = want || p.Contains(a)
			}
			if got := l.contains(a, 0); got != want {
				t.Fatalf("%s: got %v, want %v with\n%s", a, got, want, text.String())
			}
		}
	}
}

func FuzzParseList(f *testing.F) {
	f.Add("192.0.2.0/24\nAS1\n2001:db8::/32 # x\n\"1.2.3.4\",x")
	f.Add("asn\n1\n::ffff:1.2.3.4/97\nfe80::1%eth0")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := parseList([]byte(text))
		if l == nil {
			if err == nil {
				t.Fatal("neither list nor error")
			}
			return
		}
		for i := 1; i < len(l.first4); i++ {
			if l.first4[i] <= l.last4[i-1] {
				t.Fatal("IPv4 ranges overlap")
			}
		}
		for i := 1; i < len(l.first6); i++ {
			if l.first6[i].compare(l.last6[i-1]) <= 0 {
				t.Fatal("IPv6 ranges overlap")
			}
		}
		l.contains(netip.MustParseAddr("192.0.2.1"), 1)
	})
}
