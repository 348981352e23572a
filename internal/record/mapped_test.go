package record_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/record"
)

// Is6 is true of ::ffff:192.0.2.77.
func TestAMappedAddressIsShownAsItsIPv4Network(t *testing.T) {
	if got := record.Truncated(netip.MustParseAddr("::ffff:192.0.2.77")); got != "192.0.2.0/24" {
		t.Errorf("got %q", got)
	}
}

func TestTheRecordOfManyHasNoPlaceOfOne(t *testing.T) {
	f, w := folder()
	for i := range 100 {
		d := denial(i)
		d.Country, d.ASN = "DE", 3320
		f.Add(start, d, nil)
	}
	f.Flush(start.Add(time.Second))
	if d := w.list[len(w.list)-1]; d.Country != "" || d.ASN != 0 {
		t.Errorf("it says %q, %d", d.Country, d.ASN)
	}
}
