package signal

import (
	"crypto/tls"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// hello makes a ClientHello of lists in hexadecimal.
func hello(t *testing.T, versions, ciphers, extensions, schemes string, protos ...string) *tls.ClientHelloInfo {
	t.Helper()
	list := func(text string) (out []uint16) {
		for x := range strings.SplitSeq(text, ",") {
			if x == "" {
				continue
			}
			n, err := strconv.ParseUint(x, 16, 16)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, uint16(n))
		}
		return out
	}
	h := &tls.ClientHelloInfo{SupportedVersions: list(versions), CipherSuites: list(ciphers), Extensions: list(extensions), SupportedProtos: protos}
	for _, s := range list(schemes) {
		h.SignatureSchemes = append(h.SignatureSchemes, tls.SignatureScheme(s))
	}
	return h
}

// The first four are FoxIO's own: lists in the client's order and the
// expected fingerprint from the test data of its repository (python/test/testdata:
// tls3, badcurveball and sigalg-grease). GREASE stands where browsers put it.
func TestJA4(t *testing.T) {
	const (
		chrome  = "1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"
		schemes = "0403,0804,0401,0503,0805,0501,0806,0601"
	)
	for _, test := range []struct {
		name  string
		hello *tls.ClientHelloInfo
		want  string
	}{
		{"Chrome", hello(t, "2a2a,0304,0303", "8a8a,"+chrome,
			"3a3a,0023,0033,ff01,000a,0012,0005,0017,4469,0000,001b,000d,002d,000b,002b,0010,dada,0015", schemes, "h2", "http/1.1"),
			"t13d1516h2_8daaf6152771_e5627efa2ab1"},
		{"Chrome that goes on with a session", hello(t, "0304,0303", chrome,
			"0033,000a,0005,000d,0012,0000,0010,002b,0023,001b,0017,002d,ff01,4469,000b,0029", schemes, "h2", "http/1.1"),
			"t13d1516h2_8daaf6152771_9b887d9acb53"},
		{"an older Chrome", hello(t, "0304,0303,0302,0301", chrome+",000a",
			"0000,0017,ff01,000a,000b,0023,0010,0005,000d,0012,0033,002d,002b,001b,0015", schemes+",0201", "h2", "http/1.1"),
			"t13d1615h2_46e7e9700bed_45f260be83e2"},
		{"GREASE among the signature schemes", hello(t, "0304,0303", chrome,
			"fe0d,0010,0017,0033,44cd,ff01,000a,000d,0023,002b,000b,ca34,002d,0000,0005,001b,0012", "fafa,0904,0905,0906,"+schemes, "h2", "http/1.1"),
			"t13d1517h2_8daaf6152771_cb7bf5808d99"},
		{"nothing at all", hello(t, "", "", "", ""), "t00i000000_000000000000_000000000000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := slices.Clone(test.hello.Extensions)
			if got := JA4(test.hello); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if !slices.Equal(before, test.hello.Extensions) {
				t.Error("the hello was changed, which crypto/tls goes on to use")
			}
		})
	}
}

func TestTheFirstPartOfJA4(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat("c02b,", 120), ",")
	for _, test := range []struct {
		name  string
		hello *tls.ClientHelloInfo
		want  string
	}{
		{"TLS 1.2, an address in place of a name", hello(t, "0303", "c02b", "000d", "0403", "http/1.1"), "t12i0101h1"},
		{"TLS 1.1", hello(t, "0302,0301", "c02b", "", ""), "t11i010000"},
		{"TLS 1.0", hello(t, "0301", "c02b", "", ""), "t10i010000"},
		{"SSL 3", hello(t, "0300", "c02b", "", ""), "ts3i010000"},
		{"a version to come", hello(t, "0305", "c02b", "", ""), "t00i010000"},
		{"GREASE is no version", hello(t, "fafa,0303", "c02b", "", ""), "t12i010000"},
		{"no more than 99", hello(t, "0303", many, many, ""), "t12i999900"},
		{"a protocol of one letter", hello(t, "0303", "c02b", "", "", "x"), "t12i0100xx"},
		{"a protocol of no letters", hello(t, "0303", "c02b", "", "", "\xab\xcd"), "t12i0100ad"},
		{"a protocol that ends in none", hello(t, "0303", "c02b", "", "", "h\xab"), "t12i01006b"},
	} {
		if got, _, _ := strings.Cut(JA4(test.hello), "_"); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	// Without signature schemes there is no second list.
	if a, b := JA4(hello(t, "0303", "c02b", "000a", "")), JA4(hello(t, "0303", "c02b", "000a", "5a5a")); a != b {
		t.Errorf("%s with only GREASE, %s without", b, a)
	}
}
