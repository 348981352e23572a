package signal

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

func TestAFamilyThatIsRememberedIsTheOneThatIsTold(t *testing.T) {
	c := NewCollector(nil)
	long := strings.Repeat("x", maxFamilyRemember) + " Firefox/120.0"
	for range 3 {
		for _, ua := range []string{"", "curl/8.1", "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0",
			"Mozilla/5.0 (compatible; Googlebot/2.1)", "Mozilla/5.0 (Linux; Android 13) Chrome/120.0 Mobile", long} {
			got := c.Collect(netip.Addr{}, http.Header{"User-Agent": {ua}}, 1).Family
			if want := Family(ua); got != want {
				t.Errorf("%q is %q, told to be %q", ua, got, want)
			}
		}
	}
}

func TestFamiliesOfInventedClientsAreBounded(t *testing.T) {
	c := NewCollector(nil)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range maxFamilies {
				c.family(fmt.Sprintf("invented/%d.%d", g, i))
			}
		})
	}
	wg.Wait()
	if n := c.families.Len(); n > maxFamilies {
		t.Errorf("%d are remembered", n)
	}
}
