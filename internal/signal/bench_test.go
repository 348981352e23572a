package signal

import (
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/config"
)

const benchEntries = 200_000

// longList has 200,000 entries that do not merge, three in four of IPv4.
func longList(t testing.TB) ([]byte, []netip.Addr) {
	r := rand.New(rand.NewPCG(11, 12))
	var text strings.Builder
	var probes []netip.Addr
	for i := range benchEntries {
		var a netip.Addr
		if i%4 != 0 {
			n := r.Uint32()
			a = netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n) &^ 1})
		} else {
			var b [16]byte
			b[0] = 0x20
			for j := 1; j < 8; j++ {
				b[j] = byte(r.Uint32())
			}
			a = netip.AddrFrom16(b)
		}
		text.WriteString(a.String())
		text.WriteByte('\n')
		if i%13 == 0 {
			probes = append(probes, a)
			b := a.As16()
			b[5] ^= 0x40
			b[13] ^= 0x10
			probes = append(probes, netip.AddrFrom16(b).Unmap()) // mostly not listed
		}
	}
	r.Shuffle(len(probes), func(i, j int) { probes[i], probes[j] = probes[j], probes[i] })
	return []byte(text.String()), probes
}

func TestListLookupAllocatesNothing(t *testing.T) {
	text, probes := longList(t)
	l, err := parseList(text)
	if err != nil {
		t.Fatal(err)
	}
	if n := l.entries(); n < benchEntries*99/100 {
		t.Fatalf("%d entries of %d", n, benchEntries)
	}
	i := 0
	if n := testing.AllocsPerRun(1000, func() { l.contains(probes[i%len(probes)], 64496); i++ }); n != 0 {
		t.Errorf("%v allocations a lookup", n)
	}
}

func BenchmarkListLookup(b *testing.B) {
	text, probes := longList(b)
	l, err := parseList(text)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		l.contains(probes[i%len(probes)], 64496)
		i++
	}
}

func BenchmarkParseList(b *testing.B) {
	text, _ := longList(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseList(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGeo(b *testing.B) {
	for name, data := range map[string][]byte{"country": countryDatabase(b, "DE"), "asn": asnDatabase(b)} {
		g, err := openGeo(data)
		if err != nil {
			b.Fatal(err)
		}
		a := netip.MustParseAddr(inside)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s := Signals{Address: a}
				g.lookup(&s)
			}
		})
	}
}

// BenchmarkCollect is all that a login costs here: two databases, one list,
// the header.
func BenchmarkCollect(b *testing.B) {
	text, _ := longList(b)
	f := OpenFiles(
		[]string{tempFile(b, "country.mmdb", countryDatabase(b, "DE")), tempFile(b, "asn.mmdb", asnDatabase(b))},
		[]config.List{{Kind: KindBlocked, File: tempFile(b, "list", text)}}, nil)
	c := NewCollector(f)
	h := http.Header{"Accept-Language": {"de"}, "User-Agent": {
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"}}
	a := netip.MustParseAddr(inside)
	b.ReportAllocs()
	for b.Loop() {
		c.Collect(a, h, 2)
	}
}
