package signal

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// database builds a MaxMind file of the given type in memory.
func database(t testing.TB, kind string, records map[string]mmdbtype.Map) []byte {
	t.Helper()
	w, err := mmdbwriter.New(mmdbwriter.Options{
		DatabaseType: kind, RecordSize: 24, BuildEpoch: 1,
		Description:             map[string]string{"en": "fixture"},
		IncludeReservedNetworks: true, // documentation networks are reserved
	})
	if err != nil {
		t.Fatal(err)
	}
	for network, record := range records {
		_, n, err := net.ParseCIDR(network)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Insert(n, record); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// names are what makes a real country record large.
func names(name string) mmdbtype.Map {
	m := mmdbtype.Map{}
	for _, lang := range []string{"de", "en", "es", "fr", "ja", "pt-BR", "ru", "zh-CN"} {
		m[mmdbtype.String(lang)] = mmdbtype.String(name)
	}
	return m
}

func countryRecord(code string) mmdbtype.Map {
	return mmdbtype.Map{
		"continent": mmdbtype.Map{"code": mmdbtype.String("EU"), "names": names("Europe")},
		"country":   mmdbtype.Map{"iso_code": mmdbtype.String(code), "names": names(code)},
	}
}

func asnRecord(asn uint32) mmdbtype.Map {
	return mmdbtype.Map{
		"autonomous_system_number":       mmdbtype.Uint32(asn),
		"autonomous_system_organization": mmdbtype.String("Example Telecom"),
	}
}

func countryDatabase(t testing.TB, code string) []byte {
	return database(t, "GeoLite2-Country", map[string]mmdbtype.Map{
		"198.51.100.0/24": countryRecord(code),
		"2001:db8::/32":   countryRecord(code),
	})
}

func asnDatabase(t testing.TB) []byte {
	return database(t, "GeoLite2-ASN", map[string]mmdbtype.Map{
		"198.51.100.0/24": asnRecord(64496),
		"2001:db8::/32":   asnRecord(64497),
	})
}

// save writes a file and gives it a modification time of its own, as file
// systems with coarse clocks would not.
func save(t testing.TB, file string, data []byte, age time.Duration) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	when := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(-age)
	if err := os.Chtimes(file, when, when); err != nil {
		t.Fatal(err)
	}
}

func tempFile(t testing.TB, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	save(t, file, data, 0)
	return file
}

// reports collects what Files says is wrong.
type reports struct{ all []string }

func (r *reports) report(file string, err error) {
	text := "ok"
	if err != nil {
		text = err.Error()
	}
	r.all = append(r.all, filepath.Base(file)+": "+text)
}
