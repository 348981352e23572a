package challenge_test

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/challenge"
)

func TestThePictureIsReadWithDigitsOfOtherScriptsAndSpaces(t *testing.T) {
	in := func(zero rune) func(string) string {
		return func(text string) string {
			return strings.Map(func(r rune) rune { return zero + r - '0' }, text)
		}
	}
	for name, test := range map[string]struct {
		write func(string) string
		want  challenge.Result
	}{
		"as it is":                {func(s string) string { return s }, challenge.Checked},
		"Arabic-Indic":            {in('٠'), challenge.Checked},
		"Persian":                 {in('۰'), challenge.Checked},
		"full width":              {in('０'), challenge.Checked},
		"spaces around":           {func(s string) string { return "  " + s + " " }, challenge.Checked},
		"in threes":               {func(s string) string { return s[:3] + " " + s[3:] }, challenge.Checked},
		"with a hyphen":           {func(s string) string { return s[:3] + "-" + s[3:] }, challenge.Checked},
		"with a no-break space":   {func(s string) string { return s[:3] + "\u00a0" + s[3:] }, challenge.Checked},
		"with a full-width space": {func(s string) string { return s[:3] + "\u3000" + s[3:] }, challenge.Checked},
		"with direction marks":    {func(s string) string { return "\u200f" + s + "\u200e" }, challenge.Checked},
		"full width in threes":    {func(s string) string { return in('０')(s[:3]) + "\u3000" + in('０')(s[3:]) }, challenge.Checked},

		"one digit off":      {func(s string) string { return string('0'+(s[0]-'0'+1)%10) + s[1:] }, challenge.Again},
		"the last digit off": {func(s string) string { return s[:5] + string('0'+(s[5]-'0'+1)%10) }, challenge.Again},
		"one digit short":    {func(s string) string { return s[:5] }, challenge.Again},
		"one digit more":     {func(s string) string { return s + s[5:] }, challenge.Again},
		"nothing":            {func(string) string { return "" }, challenge.Again},
		"a letter more":      {func(s string) string { return s + "a" }, challenge.Again},
		"digit values":       {func(s string) string { return in(0)(s) }, challenge.Again},
		"too long":           {func(s string) string { return s + strings.Repeat(" ", 64) }, challenge.Again},
		"twice":              {func(s string) string { return s + s }, challenge.Again},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			i := s.issue(spec(challenge.Picture))
			s.Move(time.Second)
			a := challenge.Answer{Token: i.Token, Way: challenge.WayPicture, Text: test.write(s.solution(i.Token))}
			if res, _ := s.judge(a); res != test.want {
				t.Errorf("%q: %v, want %v", a.Text, res, test.want)
			}
		})
	}
}

func TestTheSolutionThatTestsReadIsTheOneThatIsJudged(t *testing.T) {
	s := open(t)
	seen := map[byte]int{}
	for n := range 50 {
		sp := spec(challenge.Picture)
		sp.Budget[0] = byte(n)
		i := s.issue(sp)
		s.Move(time.Second)
		text := s.solution(i.Token)
		for _, c := range []byte(text) {
			seen[c]++
		}
		if res, _ := s.judge(challenge.Answer{Token: i.Token, Way: challenge.WayPicture, Text: text}); res != challenge.Checked {
			t.Errorf("token %d, %q: %v", n, text, res)
		}
	}
	if len(seen) != 10 {
		t.Errorf("300 digits are of %d kinds only", len(seen))
	}
}

func TestThePictureIsSmallAndItsBackgroundIsWhite(t *testing.T) {
	s := open(t)
	largest := 0
	for range 40 {
		b, ok, err := s.Draw(s.issue(spec(challenge.Picture)).Picture, s.Now())
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		largest = max(largest, len(b))
		img, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if r := img.Bounds(); r.Dx() != 240 || r.Dy() != 80 {
			t.Fatalf("it is %v, want 240 by 80", r)
		}
		white, dark := 0, 0
		for y := range 80 {
			for x := range 240 {
				switch r, g, b, a := img.At(x, y).RGBA(); {
				case a != 0xffff:
					t.Fatalf("pixel %d,%d is not opaque", x, y)
				case r+g+b == 3*0xffff:
					white++
				default:
					dark++
				}
			}
		}
		if white < 240*80/2 || dark < 300 {
			t.Fatalf("%d white pixels and %d others", white, dark)
		}
	}
	t.Logf("the largest of 40 pictures has %d bytes", largest)
	if largest > 4096 {
		t.Errorf("a picture has %d bytes, want at most 4096", largest)
	}
}

func TestOnlyPicturesThatWereIssuedHereAreDrawn(t *testing.T) {
	s := open(t)
	good := s.issue(spec(challenge.Picture)).Picture
	raw, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	other, stranger := open(t), open(t)
	other.Site, stranger.Ring = "other.example", ring(t, 2)
	names := map[string]string{
		"empty": "", "garbage": "garbage", "no base64": "%%%%", "cut": good[:len(good)-4], "longer": good + "AAAA",
		"made up": encode(make([]byte, 32)), "another site's": other.issue(spec(challenge.Picture)).Picture,
		"another ring's": stranger.issue(spec(challenge.Picture)).Picture,
		"a token":        s.issue(spec(challenge.Picture)).Token,
		"too long":       strings.Repeat("A", 1<<16),
	}
	for i := range raw {
		b := bytes.Clone(raw)
		b[i] ^= 1
		names["byte "+string(rune('A'+i))] = encode(b)
	}
	for name, text := range names {
		if b, ok, err := s.Draw(text, s.Now()); ok || err != nil || b != nil {
			t.Errorf("%s is drawn: %v, %v", name, ok, err)
		}
	}
	if _, ok, _ := s.Draw(good, s.Now().Add(challenge.Life)); !ok {
		t.Error("it is not drawn while its check is good")
	}
	if _, ok, _ := s.Draw(good, s.Now().Add(challenge.Life+time.Second)); ok {
		t.Error("it is drawn after its check")
	}
	a, _, _ := s.Draw(good, s.Now())
	b, _, _ := s.Draw(good, s.Now())
	if !bytes.Equal(a, b) {
		t.Error("drawn again it is another picture, so that many of them can be averaged")
	}
}

func TestThePicturesNameTellsNothing(t *testing.T) {
	// The same randomness with another ring or site has another solution, so
	// what is in the name does not determine it.
	issue := func(n byte, name string) (string, string) {
		s := open(t)
		s.Ring, s.Site = ring(t, n), name
		s.Random = rand.NewChaCha8([32]byte{9})
		i := s.issue(spec(challenge.Picture))
		return i.Picture, s.solution(i.Token)
	}
	nameA, a := issue(1, "shop.example")
	nameB, b := issue(2, "shop.example")
	nameC, c := issue(1, "other.example")
	if nameA[:26] != nameB[:26] || nameA[:26] != nameC[:26] {
		t.Fatal("the randomness is not the same")
	}
	if a == b || a == c {
		t.Errorf("solutions %s, %s, %s of one nonce", a, b, c)
	}
	s := open(t)
	hits := 0
	for range 300 {
		i := s.issue(spec(challenge.Picture))
		want := s.solution(i.Token)
		raw, err := base64.RawURLEncoding.DecodeString(i.Picture)
		if err != nil {
			t.Fatal(err)
		}
		digits := make([]byte, len(raw))
		for j, x := range raw {
			digits[j] = '0' + x%10
		}
		if strings.Contains(string(digits), want) || bytes.Contains(raw, []byte(want)) || strings.Contains(i.Picture, want) ||
			strings.Contains(i.Token, want) || strings.Contains(i.Salt, want) {
			hits++
		}
	}
	// By chance it is in one of 300 with odds of about 1 in 100.
	if hits > 1 {
		t.Errorf("%d of 300 names show their digits", hits)
	}
}
