package challenge_test

import (
	"bytes"
	"testing"

	"github.com/login-guard/login-guard/internal/challenge"
)

// Were the noise seeded from the digits alone,
// within one process each of the million solutions has one picture.
func TestTwoPicturesOfTheSameDigitsDiffer(t *testing.T) {
	s := open(t)
	byDigits := map[string]string{}
	for range 20_000 {
		i := s.issue(spec(challenge.Picture))
		text := s.solution(i.Token)
		if name, ok := byDigits[text]; ok {
			a, _, _ := s.Draw(name, s.Now())
			b, _, _ := s.Draw(i.Picture, s.Now())
			if bytes.Equal(a, b) {
				t.Fatalf("two checks that show %s have the same picture, byte for byte", text)
			}
			return
		}
		byDigits[text] = i.Picture
	}
	t.Fatal("no two of 20,000 alike")
}
