package signal

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/login-guard/login-guard/internal/memo"
)

// Collector turns a request's address and header into Signals. It is safe
// for concurrent use, and takes what Files has read at that moment; nothing
// it does waits for a file.
type Collector struct {
	files    *Files
	families *memo.Memo[string] // by User-Agent
}

// NewCollector returns a collector that looks addresses up in files. With
// nil files there is no place and no list.
func NewCollector(files *Files) *Collector {
	return &Collector{files: files, families: memo.New[string](maxFamilies, maxFamilyRemember)}
}

// Collect gathers the facts. The address is the client's, as the server
// that trusts its proxies knows it; an invalid one leaves every fact that
// hangs on an address absent. protoMajor is http.Request.ProtoMajor.
//
// A private address has no place, and lists say nothing of it: public lists
// of unroutable networks name them all, and what sends logins from one is
// mostly a proxy of the shop's own.
func (c *Collector) Collect(addr netip.Addr, h http.Header, protoMajor int) Signals {
	s := Signals{
		Family:           c.family(first(h, "User-Agent")),
		NoAcceptLanguage: strings.TrimSpace(first(h, "Accept-Language")) == "",
		Headers:          headersOf(h),
	}
	if protoMajor > 0 {
		s.HTTPVersion = strconv.Itoa(protoMajor)
	}
	if !addr.IsValid() {
		return s
	}
	s.Address = addr.Unmap().WithZone("")
	s.Host, s.Network = prefixes(s.Address)
	s.Private = private(s.Address)
	if !s.Private && c != nil && c.files != nil {
		c.files.lookup(&s)
	}
	return s
}

// family is Family of a User-Agent that mostly came before.
func (c *Collector) family(userAgent string) string {
	if c == nil || c.families == nil {
		return Family(userAgent)
	}
	return c.families.Of(userAgent, Family)
}

// Bounds of what is remembered of clients.
const (
	maxFamilies       = 512
	maxFamilyRemember = 256 // bytes of a User-Agent
)

// first is the first value of a header whose name is in canonical form.
func first(h http.Header, canonical string) string {
	if v := h[canonical]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// sharedSpace is the space of carrier-grade NAT (RFC 6598).
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

// private says whether an address (unmapped) is nobody's own on the public
// internet: loopback, RFC 1918, RFC 4193, link-local, RFC 6598, or none.
func private(a netip.Addr) bool {
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() ||
		a.IsUnspecified() || sharedSpace.Contains(a)
}

// prefixes returns what counts as one host and one network. An IPv6 customer
// holds at least a /64 and may change addresses in it at will (RFC 8981),
// and often a /48 (RFC 6177).
func prefixes(a netip.Addr) (host, network netip.Prefix) {
	hostBits, networkBits := 32, 24
	if a.Is6() {
		hostBits, networkBits = 64, 48
	}
	// Prefix fails only on more bits than the address has.
	host, _ = a.Prefix(hostBits)
	network, _ = a.Prefix(networkBits)
	return host, network
}
