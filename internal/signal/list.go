package signal

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Kinds of lists: what being on one says.
const (
	KindTor     = "tor"
	KindVPN     = "vpn"
	KindHosting = "hosting"
	KindBlocked = "blocked"
)

// listed holds one list in sorted slices without pointers, so that the
// garbage collector does not walk it: 8 bytes an IPv4 range, 32 an IPv6
// range, 4 an AS number.
type listed struct {
	// Ranges, both ends included, sorted and apart from each other. First
	// and last stand in slices of their own so that the search touches half
	// the memory.
	first4, last4 []uint32
	first6, last6 []uint128
	asns          []uint32
}

// uint128 is an IPv6 address as a number.
type uint128 struct{ hi, lo uint64 }

func (a uint128) compare(b uint128) int {
	if c := cmp.Compare(a.hi, b.hi); c != 0 {
		return c
	}
	return cmp.Compare(a.lo, b.lo)
}

// contains says whether the address (unmapped) or its AS number is listed.
// An asn of 0 is on no list.
func (l *listed) contains(a netip.Addr, asn uint32) bool {
	if asn != 0 {
		if _, ok := slices.BinarySearch(l.asns, asn); ok {
			return true
		}
	}
	if a.Is4() {
		n := number4(a)
		i, exact := slices.BinarySearch(l.first4, n)
		return exact || i > 0 && n <= l.last4[i-1]
	}
	if a.Is6() {
		n := number6(a)
		i, exact := slices.BinarySearchFunc(l.first6, n, uint128.compare)
		return exact || i > 0 && n.compare(l.last6[i-1]) <= 0
	}
	return false
}

// entries is how many ranges and AS numbers are held, after merging.
func (l *listed) entries() int { return len(l.first4) + len(l.first6) + len(l.asns) }

// range4 and range6 are what parseList sorts; they live only while it runs.
type range4 struct{ first, last uint32 }
type range6 struct{ first, last uint128 }

// errNoEntries: a file with lines, none of which is an entry.
var errNoEntries = errors.New("no line is an address, a network such as 192.0.2.0/24 or an AS number such as AS64496")

// badLines says that part of a list was not understood and left out.
type badLines struct {
	count int
	line  int    // the first of them, from 1
	text  string // its first field, cut
}

func (e badLines) Error() string {
	return fmt.Sprintf("lines left out, as they are no address, network or AS number: %d; the first is line %d, %q",
		e.count, e.line, e.text)
}

// parseList reads a list: one address, network or AS number (AS64496) a
// line; # and ; start a comment; of lines with several columns the first
// counts. Under a header line whose first column is "asn" bare numbers are
// AS numbers.
//
// Lines it does not understand are left out and told by a badLines error
// beside the usable list. A file of which it understands no line gives
// errNoEntries; an empty one is an empty list.
func parseList(data []byte) (*listed, error) {
	var (
		v4     []range4
		v6     []range6
		l      listed
		bad    badLines
		bareAS bool
	)
	sc := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	for n := 1; sc.Scan(); n++ {
		field := firstField(sc.Text())
		if field == "" {
			continue
		}
		if n == 1 && isHeader(field) {
			bareAS = strings.EqualFold(field, "asn")
			continue
		}
		if asn, ok := parseASN(field, bareAS); ok {
			l.asns = append(l.asns, asn)
		} else if p, ok := parsePrefix(field); !ok {
			if bad.count++; bad.count == 1 {
				bad.line, bad.text = n, field[:min(len(field), 40)]
			}
		} else if p.Addr().Is4() {
			first := number4(p.Addr())
			v4 = append(v4, range4{first, first | ^uint32(0)>>p.Bits()})
		} else {
			v6 = append(v6, toRange6(p))
		}
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("reading lines: %w", err)
	}
	if bad.count > 0 && len(v4)+len(v6)+len(l.asns) == 0 {
		return nil, errNoEntries
	}
	l.pack(v4, v6)
	if bad.count > 0 {
		return &l, bad
	}
	return &l, nil
}

// pack sorts the ranges, joins those that touch and fills l.
func (l *listed) pack(v4 []range4, v6 []range6) {
	slices.SortFunc(v4, func(a, b range4) int { return cmp.Compare(a.first, b.first) })
	for _, r := range v4 {
		// Widened, since last+1 wraps at 255.255.255.255.
		if i := len(l.last4) - 1; i >= 0 && uint64(r.first) <= uint64(l.last4[i])+1 {
			l.last4[i] = max(l.last4[i], r.last)
			continue
		}
		l.first4, l.last4 = append(l.first4, r.first), append(l.last4, r.last)
	}
	slices.SortFunc(v6, func(a, b range6) int { return a.first.compare(b.first) })
	for _, r := range v6 {
		if i := len(l.last6) - 1; i >= 0 && r.first.compare(l.last6[i]) <= 0 {
			if r.last.compare(l.last6[i]) > 0 {
				l.last6[i] = r.last
			}
			continue
		}
		l.first6, l.last6 = append(l.first6, r.first), append(l.last6, r.last)
	}
	slices.Sort(l.asns)
	l.asns = slices.Compact(l.asns)
	l.first4, l.last4 = slices.Clip(l.first4), slices.Clip(l.last4)
	l.first6, l.last6 = slices.Clip(l.first6), slices.Clip(l.last6)
	l.asns = slices.Clip(l.asns)
}

// firstField returns the first column of a line, without comment, quotes
// and white space.
func firstField(line string) string {
	if i := strings.IndexAny(line, "#;"); i >= 0 {
		line = line[:i]
	}
	line = strings.TrimLeft(line, " \t\"'")
	if i := strings.IndexAny(line, ", \t\"'\r"); i >= 0 {
		line = line[:i]
	}
	return line
}

// isHeader says whether a first line names columns.
func isHeader(field string) bool {
	switch strings.ToLower(field) {
	case "asn", "as", "ip", "address", "network", "cidr", "prefix", "range", "ip_address":
		return true
	}
	return false
}

func parseASN(field string, bare bool) (uint32, bool) {
	digits := field
	if hasPrefixFold(field, "as") {
		digits = field[2:]
	} else if !bare {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), err == nil && n != 0
}

// parsePrefix reads an address or a network, host bits allowed, and turns an
// IPv4-mapped one into IPv4.
func parsePrefix(field string) (netip.Prefix, bool) {
	if !strings.Contains(field, "/") {
		a, err := netip.ParseAddr(field)
		if err != nil {
			return netip.Prefix{}, false
		}
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(field)
	if err != nil {
		return netip.Prefix{}, false
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

func toRange6(p netip.Prefix) range6 {
	first := number6(p.Addr())
	last := first
	if bits := p.Bits(); bits <= 64 {
		// A shift by 64 or more gives 0 in Go, so a /64 leaves hi alone.
		last.hi |= ^uint64(0) >> bits
		last.lo = ^uint64(0)
	} else {
		last.lo |= ^uint64(0) >> (bits - 64)
	}
	return range6{first, last}
}

func number4(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

func number6(a netip.Addr) uint128 {
	b := a.As16()
	var n uint128
	for i := range 8 {
		n.hi = n.hi<<8 | uint64(b[i])
		n.lo = n.lo<<8 | uint64(b[8+i])
	}
	return n
}
