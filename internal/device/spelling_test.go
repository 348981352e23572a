package device_test

import (
	"testing"

	"github.com/login-guard/login-guard/internal/device"
)

// Base64 that is not Strict ignores the unused bits of the last
// character, and CR and LF anywhere.
func TestACookieHasOneSpelling(t *testing.T) {
	const abc = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	r := ring(t, 1)
	good := made(0).Seal(r, site)
	for _, last := range abc {
		other := good[:len(good)-1] + string(last)
		if _, ok := device.Open(r, site, other); ok && other != good {
			t.Errorf("%q opens as %q does", other[len(other)-3:], good[len(good)-3:])
		}
	}
	for _, other := range []string{"\n" + good, good + "\r\n", good[:9] + "\n" + good[9:]} {
		if _, ok := device.Open(r, site, other); ok {
			t.Errorf("%.12q... opens", other)
		}
	}
}
