// Package challengetest reads pictures and sounds for tests that hold the key
// ring. No shipped binary imports it.
package challengetest

import (
	"time"

	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/picture"
)

// Solution is what the picture of an issued check shows, or its sound says.
func Solution(c *challenge.Checks, token string, now time.Time) (string, error) {
	t, err := c.Open(token, now)
	if err != nil {
		return "", err
	}
	what, alphabet, count := "letters", "ACDEFGHJKMNPRTVWXY3679", 5
	switch {
	case t.Kind == challenge.Sound:
		what, alphabet, count = "sound", "0123456789", 8
	case c.Style == picture.StyleDigits:
		what, alphabet, count = "digits", "0123456789", 6
	}
	n := len(alphabet)
	var out []byte
	for block := byte(0); ; block++ {
		sum := c.Ring.Sum(keys.Drawing, []byte(what), []byte(c.Site), t.Nonce[:], []byte{block})
		for _, b := range sum {
			if int(b) < 256/n*n {
				if out = append(out, alphabet[int(b)%n]); len(out) == count {
					return string(out), nil
				}
			}
		}
	}
}
