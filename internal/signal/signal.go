// Package signal collects facts about the client of an attempt: network,
// place, lists and client family. It judges nothing. A fact that cannot be
// had is absent, and absent is never suspicious.
package signal

import "net/netip"

// Signals are the facts of one request.
type Signals struct {
	Address netip.Addr   // unmapped; invalid when the server knows none
	Host    netip.Prefix // the address for IPv4, its /64 for IPv6
	Network netip.Prefix // its /24, or /48
	// Private: loopback, private, link-local or carrier-grade NAT
	// (RFC 6598), where one address is many people or a proxy.
	Private bool

	Country string // ISO 3166-1 alpha-2, "" without a GeoIP file
	ASN     uint32 // 0 without a GeoIP file

	Tor, Blocked, VPN, Hosting bool

	Family           string // client family by User-Agent: "chrome", "safari-mobile", …; "" unknown
	HTTPVersion      string
	JA4              string // fingerprint of the TLS client, "" where it cannot be had
	Headers          uint8  // which headers there are, of those that tell browsers apart
	NoAcceptLanguage bool
}
