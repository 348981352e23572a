package signal

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/login-guard/login-guard/config"
)

// lookup collects the facts of one address.
func lookup(t testing.TB, f *Files, address string) Signals {
	t.Helper()
	a, err := netip.ParseAddr(address)
	if err != nil {
		t.Fatal(err)
	}
	return NewCollector(f).Collect(a, http.Header{}, 2)
}

func TestCollectKnowsNetworks(t *testing.T) {
	tests := []struct {
		name, address string
		unmapped      string // "" is the address itself
		host, network string
		private       bool
	}{
		{"IPv4", "198.51.100.77", "", "198.51.100.77/32", "198.51.100.0/24", false},
		{"IPv6 counts by /64 and /48", "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64", "2001:db8:1::/48", false},
		{"IPv4 inside IPv6 is IPv4", "::ffff:198.51.100.77", "198.51.100.77", "198.51.100.77/32", "198.51.100.0/24", false},
		{"a zone is of this host only", "fe80::1%eth0", "fe80::1", "fe80::/64", "fe80::/48", true},
		{"loopback", "127.0.0.1", "", "127.0.0.1/32", "127.0.0.0/24", true},
		{"loopback of IPv6", "::1", "", "::/64", "::/48", true},
		{"mapped loopback", "::ffff:127.0.0.1", "127.0.0.1", "127.0.0.1/32", "127.0.0.0/24", true},
		{"RFC 1918, 10/8", "10.1.2.3", "", "10.1.2.3/32", "10.1.2.0/24", true},
		{"RFC 1918, 172.16/12, last", "172.31.255.255", "", "172.31.255.255/32", "172.31.255.0/24", true},
		{"beyond RFC 1918", "172.32.0.0", "", "172.32.0.0/32", "172.32.0.0/24", false},
		{"RFC 1918, 192.168/16", "192.168.0.1", "", "192.168.0.1/32", "192.168.0.0/24", true},
		{"link-local", "169.254.1.1", "", "169.254.1.1/32", "169.254.1.0/24", true},
		{"carrier-grade NAT, first", "100.64.0.0", "", "100.64.0.0/32", "100.64.0.0/24", true},
		{"carrier-grade NAT, last", "100.127.255.255", "", "100.127.255.255/32", "100.127.255.0/24", true},
		{"before carrier-grade NAT", "100.63.255.255", "", "100.63.255.255/32", "100.63.255.0/24", false},
		{"beyond carrier-grade NAT", "100.128.0.0", "", "100.128.0.0/32", "100.128.0.0/24", false},
		{"unique local", "fd12:3456::1", "", "fd12:3456::/64", "fd12:3456::/48", true},
		{"no address at all", "0.0.0.0", "", "0.0.0.0/32", "0.0.0.0/24", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := lookup(t, nil, tt.address)
			if tt.unmapped == "" {
				tt.unmapped = tt.address
			}
			want := Signals{Address: netip.MustParseAddr(tt.unmapped), Host: netip.MustParsePrefix(tt.host),
				Network: netip.MustParsePrefix(tt.network), Private: tt.private,
				HTTPVersion: "2", NoAcceptLanguage: true}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestCollectReadsTheHeader(t *testing.T) {
	tests := []struct {
		name   string
		header http.Header
		major  int
		want   Signals
	}{
		{"nothing", nil, 0, Signals{NoAcceptLanguage: true}},
		{"a language", http.Header{"Accept-Language": {"de"}}, 1, Signals{HTTPVersion: "1", Headers: 1 << 2}},
		{"a blank language is none", http.Header{"Accept-Language": {" "}}, 3,
			Signals{HTTPVersion: "3", Headers: 1 << 2, NoAcceptLanguage: true}},
		{"a client", http.Header{"Accept-Language": {"de"}, "User-Agent": {"curl/8.5.0"}}, 2,
			Signals{HTTPVersion: "2", Headers: 1<<2 | 1<<7, Family: "curl"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := NewCollector(nil).Collect(netip.Addr{}, tt.header, tt.major); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestCollectFindsPlaceAndFlags(t *testing.T) {
	flat := database(t, "country ipvAll", map[string]mmdbtype.Map{
		"198.51.100.0/24": {"country_code": mmdbtype.String("NL")},
		"2001:db8::/32":   {"country_code": mmdbtype.String("BR")},
	})
	flatASN := database(t, "asn ipvAll", map[string]mmdbtype.Map{"198.51.100.0/24": asnRecord(64500)})
	flatCity := database(t, "city ipvAll", map[string]mmdbtype.Map{"198.51.100.0/24": {
		"country_code": mmdbtype.String("FR"), "city": mmdbtype.String("Lyon"), "latitude": mmdbtype.Float32(45.7)}})
	city := database(t, "GeoIP2-City", map[string]mmdbtype.Map{"198.51.100.0/24": countryRecord("AT")})
	none := database(t, "country ipvAll", map[string]mmdbtype.Map{
		"198.51.100.0/24": {"country_code": mmdbtype.String("None")},
		"203.0.113.0/24":  {"country_code": mmdbtype.String("PT")},
	})
	isp := database(t, "GeoIP2-ISP", map[string]mmdbtype.Map{"198.51.100.0/24": asnRecord(64511)})
	anonymous := database(t, "GeoIP2-Anonymous-IP", map[string]mmdbtype.Map{
		"198.51.100.1/32": {"is_anonymous": mmdbtype.Bool(true), "is_tor_exit_node": mmdbtype.Bool(true)},
		"198.51.100.2/32": {"is_anonymous": mmdbtype.Bool(true), "is_anonymous_vpn": mmdbtype.Bool(true)},
		"198.51.100.3/32": {"is_hosting_provider": mmdbtype.Bool(true)},
	})
	plus := database(t, "GeoIP-Anonymous-Plus", map[string]mmdbtype.Map{
		"198.51.100.2/32": {"is_anonymous_vpn": mmdbtype.Bool(true), "is_tor_exit_node": mmdbtype.Bool(true)},
	})

	type facts struct {
		Country           string
		ASN               uint32
		Tor, VPN, Hosting bool
	}
	tests := []struct {
		name    string
		files   [][]byte
		address string
		want    facts
	}{
		{"no file, no place", nil, "198.51.100.9", facts{}},
		{"country", [][]byte{countryDatabase(t, "DE")}, "198.51.100.9", facts{Country: "DE"}},
		{"country of IPv6", [][]byte{countryDatabase(t, "DE")}, "2001:db8::1", facts{Country: "DE"}},
		{"country of mapped IPv4", [][]byte{countryDatabase(t, "DE")}, "::ffff:198.51.100.9", facts{Country: "DE"}},
		{"country of a city database", [][]byte{city}, "198.51.100.9", facts{Country: "AT"}},
		{"an address that is not in the file", [][]byte{countryDatabase(t, "DE")}, "203.0.113.1", facts{}},
		{"ASN", [][]byte{asnDatabase(t)}, "198.51.100.9", facts{ASN: 64496}},
		{"ASN of an ISP database", [][]byte{isp}, "198.51.100.9", facts{ASN: 64511}},
		{"country and ASN", [][]byte{countryDatabase(t, "DE"), asnDatabase(t)}, "2001:db8::1",
			facts{Country: "DE", ASN: 64497}},
		{"flat country", [][]byte{flat}, "198.51.100.9", facts{Country: "NL"}},
		{"flat country of IPv6", [][]byte{flat}, "2001:db8::1", facts{Country: "BR"}},
		{"flat ASN", [][]byte{flatASN}, "198.51.100.9", facts{ASN: 64500}},
		{"flat city", [][]byte{flatCity}, "198.51.100.9", facts{Country: "FR"}},
		{"a code that is no country is none", [][]byte{none}, "198.51.100.9", facts{}},
		{"the first file that knows wins", [][]byte{flat, countryDatabase(t, "DE")}, "198.51.100.9", facts{Country: "NL"}},
		{"a later file fills gaps", [][]byte{none, countryDatabase(t, "DE")}, "198.51.100.9", facts{Country: "DE"}},
		{"Tor by Anonymous-IP", [][]byte{anonymous}, "198.51.100.1", facts{Tor: true}},
		{"VPN by Anonymous-IP", [][]byte{anonymous}, "198.51.100.2", facts{VPN: true}},
		{"hosting by Anonymous-IP", [][]byte{anonymous}, "198.51.100.3", facts{Hosting: true}},
		{"nothing by Anonymous-IP", [][]byte{anonymous}, "198.51.100.4", facts{}},
		{"flags of two files add up", [][]byte{anonymous, plus}, "198.51.100.2", facts{Tor: true, VPN: true}},
		{"a private address has no place", [][]byte{countryDatabase(t, "DE")}, "10.0.0.1", facts{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var said reports
			var files []string
			for _, data := range tt.files {
				files = append(files, tempFile(t, "db.mmdb", data))
			}
			f := OpenFiles(files, nil, said.report)
			if len(said.all) > 0 {
				t.Fatalf("reported %q", said.all)
			}
			s := lookup(t, f, tt.address)
			got := facts{s.Country, s.ASN, s.Tor, s.VPN, s.Hosting}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCollectAsksLists(t *testing.T) {
	var said reports
	f := OpenFiles([]string{tempFile(t, "asn.mmdb", asnDatabase(t))}, []config.List{
		{Kind: KindTor, File: tempFile(t, "tor", []byte("203.0.113.1\n"))},
		{Kind: KindVPN, File: tempFile(t, "vpn", []byte("203.0.113.0/30\n"))},
		{Kind: KindHosting, File: tempFile(t, "hosting", []byte("AS64496\n"))},
		{Kind: KindBlocked, File: tempFile(t, "blocked", []byte("2001:db8::/48\n10.0.0.0/8\n"))},
		{Kind: KindBlocked, File: tempFile(t, "blocked2", []byte("203.0.113.200\n"))},
	}, said.report)
	if len(said.all) > 0 {
		t.Fatalf("reported %q", said.all)
	}
	type flags struct{ Tor, VPN, Hosting, Blocked bool }
	for address, want := range map[string]flags{
		"203.0.113.1":    {Tor: true, VPN: true},
		"203.0.113.3":    {VPN: true},
		"203.0.113.4":    {},
		"198.51.100.200": {Hosting: true}, // by its AS number
		"2001:db8::9":    {Blocked: true},
		"203.0.113.200":  {Blocked: true},
		"10.1.1.1":       {}, // private: lists of unroutable networks say nothing
	} {
		s := lookup(t, f, address)
		if got := (flags{s.Tor, s.VPN, s.Hosting, s.Blocked}); got != want {
			t.Errorf("%s: got %+v, want %+v", address, got, want)
		}
	}
}
