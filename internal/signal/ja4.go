package signal

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"slices"
)

// Extensions that JA4 counts and does not list.
const (
	extensionSNI  = 0x0000
	extensionALPN = 0x0010
)

// JA4 is the fingerprint of a TLS client over TCP (FoxIO's JA4, which unlike
// the rest of JA4+ is under BSD-3): what it offers and not in which order, as
// browsers shuffle it. It says which software speaks, and anybody can imitate
// it: a fact about a make of client, never about who it is.
//
// All that it takes is in what crypto/tls hands out, GREASE (RFC 8701)
// included. Of an encrypted ClientHello it is the inner one.
func JA4(h *tls.ClientHelloInfo) string {
	ciphers, extensions := plain(h.CipherSuites), plain(h.Extensions)
	sni := "i"
	if slices.Contains(extensions, extensionSNI) {
		sni = "d"
	}
	head := fmt.Sprintf("t%s%s%02d%02d%s", tlsVersion(h.SupportedVersions), sni,
		min(len(ciphers), 99), min(len(extensions), 99), firstALPN(h.SupportedProtos))

	slices.Sort(ciphers)
	listed := slices.DeleteFunc(extensions, func(x uint16) bool { return x == extensionSNI || x == extensionALPN })
	slices.Sort(listed)
	offered := hexList(listed)
	schemes := make([]uint16, len(h.SignatureSchemes))
	for i, s := range h.SignatureSchemes {
		schemes[i] = uint16(s)
	}
	if schemes = plain(schemes); len(schemes) > 0 {
		offered += "_" + hexList(schemes) // in the client's order
	}
	return head + "_" + shortHash(hexList(ciphers)) + "_" + shortHash(offered)
}

// plain is a copy of a list without GREASE.
func plain(list []uint16) []uint16 {
	return slices.DeleteFunc(slices.Clone(list), grease)
}

// grease: both bytes alike, and of the form ?a.
func grease(x uint16) bool { return x&0x0f0f == 0x0a0a && x>>8 == x&0xff }

// tlsVersion is the highest that the client offers.
func tlsVersion(versions []uint16) string {
	switch v := slices.Max(append(plain(versions), 0)); v {
	case 0:
		return "00"
	case 0x0300:
		return "s3"
	case tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13:
		return fmt.Sprintf("1%d", v-tls.VersionTLS10)
	default:
		return "00"
	}
}

// firstALPN is the first and last character of the first protocol, or of its
// hexadecimal form where they are no letters or digits.
func firstALPN(protos []string) string {
	if len(protos) == 0 || protos[0] == "" {
		return "00"
	}
	p := protos[0]
	if !alphanumeric(p[0]) || !alphanumeric(p[len(p)-1]) {
		p = hex.EncodeToString([]byte(p))
	}
	return string([]byte{p[0], p[len(p)-1]})
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// hexList is a list as JA4 hashes it.
func hexList(list []uint16) string {
	b := make([]byte, 0, 5*len(list))
	for i, x := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = hex.AppendEncode(b, []byte{byte(x >> 8), byte(x)})
	}
	return string(b)
}

// shortHash is the start of a hash; of nothing it is zeros.
func shortHash(s string) string {
	if s == "" {
		return "000000000000"
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}
