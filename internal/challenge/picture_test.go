package challenge_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"image"
	"image/png"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/picture"
	"github.com/login-guard/login-guard/internal/store"
)

var painter = sync.OnceValues(picture.NewPainter)

// paints is a site that draws pictures of a style, as many as are asked for.
func paints(t testing.TB, style picture.Style) *site {
	t.Helper()
	p, err := painter()
	if err != nil {
		t.Fatal(err)
	}
	s := open(t)
	s.Style, s.Pictures = style, picture.NewPool(p, rate.NewLimiter(rate.Inf, 0))
	return s
}

// shift replaces what r is among from by what stands there in to.
func shift(from, to string) func(string) string {
	return func(text string) string {
		return strings.Map(func(r rune) rune {
			if i := strings.IndexRune(from, r); i >= 0 {
				return []rune(to)[i]
			}
			return r
		}, text)
	}
}

// other is a character of an alphabet that nobody takes for c.
func other(alphabet string, c byte) string {
	for i := strings.IndexByte(alphabet, c) + 1; ; i++ {
		if o := string(alphabet[i%len(alphabet)]); picture.Alike(o) != picture.Alike(string(c)) {
			return o
		}
	}
}

func TestAnswersAreReadAsPeopleTypeThem(t *testing.T) {
	const digits = "0123456789"
	kinds := []struct {
		name     string
		kind     challenge.Kind
		style    picture.Style
		way      string
		alphabet string
		count    int
	}{
		{"letters", challenge.Picture, "", challenge.WayPicture, picture.Alphabet, 5},
		{"letters by name", challenge.Picture, picture.StyleLetters, challenge.WayPicture, picture.Alphabet, 5},
		{"digits", challenge.Picture, picture.StyleDigits, challenge.WayPicture, digits, 6},
		{"sound", challenge.Sound, "", challenge.WaySound, digits, 8},
		{"sound beside digits", challenge.Sound, picture.StyleDigits, challenge.WaySound, digits, 8},
	}
	for _, k := range kinds {
		for name, test := range map[string]struct {
			write func(string) string
			want  challenge.Result
		}{
			"as it is":     {func(s string) string { return s }, challenge.Checked},
			"small":        {strings.ToLower, challenge.Checked},
			"Arabic-Indic": {shift(digits, "٠١٢٣٤٥٦٧٨٩"), challenge.Checked},
			"Devanagari":   {shift(digits, "०१२३४५६७८९"), challenge.Checked},
			"Cyrillic":     {shift("AEKMHPCTYX", "аекмнрстух"), challenge.Checked},
			"full width in two": {func(s string) string {
				return shift(digits, "０１２３４５６７８９")(s[:3]) + "\u3000" + s[3:]
			}, challenge.Checked},
			"with direction marks": {func(s string) string { return "\u200f" + s + "\u200e" }, challenge.Checked},

			"one off":      {func(s string) string { return other(k.alphabet, s[0]) + s[1:] }, challenge.Again},
			"the last off": {func(s string) string { return s[:k.count-1] + other(k.alphabet, s[k.count-1]) }, challenge.Again},
			"one short":    {func(s string) string { return s[:k.count-1] }, challenge.Again},
			"one more":     {func(s string) string { return s + s[k.count-1:] }, challenge.Again},
			"nothing":      {func(string) string { return "" }, challenge.Again},
			"a sign more":  {func(s string) string { return s + "!" }, challenge.Again},
			"too long":     {func(s string) string { return s + strings.Repeat(" ", 128) }, challenge.Again},
			"twice":        {func(s string) string { return s + s }, challenge.Again},
		} {
			t.Run(k.name+" "+name, func(t *testing.T) {
				s := open(t)
				s.Style = k.style
				i := s.issue(spec(k.kind))
				s.Move(time.Second)
				solution := s.solution(i.Token)
				if len(solution) != k.count || strings.Trim(solution, k.alphabet) != "" {
					t.Fatalf("the solution is %q", solution)
				}
				a := challenge.Answer{Token: i.Token, Way: k.way, Text: test.write(solution)}
				if res, _ := s.judge(a); res != test.want {
					t.Errorf("%q: %v, want %v", a.Text, res, test.want)
				}
			})
		}
	}
}

func TestEveryCharacterIsAnAnswerAboutAsOften(t *testing.T) {
	for _, test := range []struct {
		kind     challenge.Kind
		style    picture.Style
		alphabet string
	}{{challenge.Picture, "", picture.Alphabet}, {challenge.Picture, picture.StyleDigits, "0123456789"}, {challenge.Sound, "", "0123456789"}} {
		s := open(t)
		s.Style = test.style
		seen, all := map[rune]int{}, 0
		for range 1500 {
			for _, c := range s.solution(s.issue(spec(test.kind)).Token) {
				seen[c]++
				all++
			}
		}
		fair := all / len(test.alphabet)
		for _, c := range test.alphabet {
			// Five deviations at most: sqrt(326) is 18.
			if n := seen[c]; n < fair*7/10 || n > fair*13/10 {
				t.Errorf("%v: %q is %d of %d characters", test.kind, c, n, all)
			}
		}
		if len(seen) != len(test.alphabet) {
			t.Errorf("%v: %d characters", test.kind, len(seen))
		}
	}
}

func TestASoundsAnswerIsNeverThePictures(t *testing.T) {
	s := open(t)
	s.Style = picture.StyleDigits
	for n := range byte(50) {
		of := func(k challenge.Kind) string {
			s.Random = rand.NewChaCha8([32]byte{n})
			return s.solution(s.issue(spec(k)).Token)
		}
		// The same nonce: six digits in a row of eight by chance once in 300,000.
		if p, sound := of(challenge.Picture), of(challenge.Sound); strings.Contains(sound, p) {
			t.Errorf("the picture shows %s, and the sound says %s", p, sound)
		}
	}
}

func TestPicturesAreWhatTheirStyleSays(t *testing.T) {
	for style, size := range map[picture.Style]image.Point{
		"":                   {picture.Width, picture.Height},
		picture.StyleLetters: {picture.Width, picture.Height},
		picture.StyleDigits:  {picture.DigitWidth, picture.DigitHeight},
	} {
		s := paints(t, style)
		b, err := s.Draw(ctx, s.issue(spec(challenge.Picture)).Picture, s.Now())
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if img.Bounds().Size() != size {
			t.Errorf("style %q: it is %v", style, img.Bounds())
		}
	}
	s := paints(t, "clouds")
	if _, err := s.Draw(ctx, s.issue(spec(challenge.Picture)).Picture, s.Now()); err == nil || errors.Is(err, challenge.ErrNoPicture) {
		t.Errorf("a style that there is not: %v", err)
	}
}

func TestOnlyWhatWasIssuedHereIsDrawnAndSpoken(t *testing.T) {
	for what, kind := range map[string]challenge.Kind{"picture": challenge.Picture, "sound": challenge.Sound} {
		name := func(s *site) string {
			i := s.issue(spec(kind))
			return i.Picture + i.Sound
		}
		show := func(s *site, name string, at time.Time) ([]byte, error) {
			if kind == challenge.Sound {
				return s.DrawSound(ctx, name, "en", at)
			}
			return s.Draw(ctx, name, at)
		}
		s := paints(t, "")
		good, wrong := name(s), s.issue(spec(challenge.Picture+challenge.Sound-kind))
		raw, err := base64.RawURLEncoding.DecodeString(good)
		if err != nil || len(raw) != 32 {
			t.Fatal(err, len(raw))
		}
		other, stranger := paints(t, ""), paints(t, "")
		other.Site, stranger.Ring = "other.example", ring(t, 2)
		names := map[string]string{
			"empty": "", "garbage": "garbage", "no base64": "%%%%", "cut": good[:len(good)-4], "longer": good + "AAAA",
			"made up": encode(make([]byte, 32)), "another site's": name(other), "another ring's": name(stranger),
			"a token": s.issue(spec(kind)).Token, "too long": strings.Repeat("A", 1<<16), "of the other kind": wrong.Picture + wrong.Sound,
		}
		for i := range raw {
			b := bytes.Clone(raw)
			b[i] ^= 1
			names["byte "+string(rune('A'+i))] = encode(b)
		}
		for as, text := range names {
			if b, err := show(s, text, s.Now()); !errors.Is(err, challenge.ErrNoPicture) || b != nil {
				t.Errorf("%s: %s is shown: %v", what, as, err)
			}
		}
		if b, err := show(s, good, s.Now().Add(challenge.Life+time.Second)); !errors.Is(err, challenge.ErrNoPicture) || b != nil {
			t.Errorf("%s: it is shown after its check: %v", what, err)
		}
		if b, err := show(s, good, s.Now().Add(challenge.Life)); err != nil || len(b) == 0 {
			t.Errorf("%s: it is not shown while its check is good: %v", what, err)
		}
	}
}

func TestAPictureIsDrawnOnce(t *testing.T) {
	for kind, show := range map[challenge.Kind]func(*site, challenge.Issued) ([]byte, error){
		challenge.Picture: func(s *site, i challenge.Issued) ([]byte, error) { return s.Draw(ctx, i.Picture, s.Now()) },
		challenge.Sound:   func(s *site, i challenge.Issued) ([]byte, error) { return s.DrawSound(ctx, i.Sound, "en", s.Now()) },
	} {
		s, node := paints(t, ""), paints(t, "")
		node.Store = s.Store
		i := s.issue(spec(kind))
		first, err := show(s, i)
		if err != nil {
			t.Fatal(err)
		}
		// A browser that asks again gets the same bytes, as they are held.
		s.Move(9 * time.Second)
		if again, err := show(s, i); err != nil || !bytes.Equal(first, again) {
			t.Errorf("%v: asked again it is another one: %v", kind, err)
		}
		// Whoever does not hold them draws no second one.
		if b, err := show(node, i); !errors.Is(err, challenge.ErrNoPicture) || b != nil {
			t.Errorf("%v: another node draws it again: %v", kind, err)
		}
		s.Pictures = node.Pictures
		s.Move(challenge.Life - 10*time.Second)
		if b, err := show(s, i); !errors.Is(err, challenge.ErrNoPicture) || b != nil {
			t.Errorf("%v: it is drawn again: %v", kind, err)
		}
	}
}

// drained is a site whose budget has one picture a day, and that was taken.
func drained(t *testing.T) *site {
	t.Helper()
	s := paints(t, "")
	p, err := painter()
	if err != nil {
		t.Fatal(err)
	}
	s.Pictures = picture.NewPool(p, rate.NewLimiter(rate.Every(24*time.Hour), 1))
	if _, err := s.Draw(ctx, s.issue(spec(challenge.Picture)).Picture, s.Now()); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatTheBudgetRefusedIsThereForAnotherTry(t *testing.T) {
	s := drained(t)
	i := s.issue(spec(challenge.Picture))
	for range 3 {
		if _, err := s.Draw(ctx, i.Picture, s.Now()); !errors.Is(err, picture.ErrBusy) {
			t.Fatalf("over the budget: %v, want ErrBusy", err)
		}
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Draw(gone, i.Picture, s.Now()); !errors.Is(err, context.Canceled) {
		t.Fatalf("of a request that is gone: %v", err)
	}
	s.Pictures = paints(t, "").Pictures
	if b, err := s.Draw(ctx, i.Picture, s.Now()); err != nil || len(b) == 0 {
		t.Errorf("with budget again it is not drawn: %v", err)
	}
}

type noStore struct{ store.Store }

var errStore = errors.New("no connection")

func (noStore) Reserve(context.Context, *store.Reserve, *store.Reserved) error { return errStore }

func TestNothingIsDrawnThatCannotBeCounted(t *testing.T) {
	s := paints(t, "")
	i := s.issue(spec(challenge.Picture))
	s.Store = noStore{s.Store}
	if b, err := s.Draw(ctx, i.Picture, s.Now()); !errors.Is(err, errStore) || b != nil {
		t.Errorf("%v", err)
	}
	s.Pictures = nil
	if b, err := s.Draw(ctx, i.Picture, s.Now()); !errors.Is(err, challenge.ErrNoPicture) || b != nil {
		t.Errorf("without a pool: %v", err)
	}
}

func TestAPictureDrawnAheadIsTheOneThatIsJudged(t *testing.T) {
	for _, style := range []picture.Style{picture.StyleLetters, picture.StyleDigits} {
		s := paints(t, style)
		s.Pictures.Start(s.Ahead)
		t.Cleanup(s.Pictures.Stop)
		var id [16]byte
		for ok := false; !ok; id, ok = s.Pictures.Ready() {
			time.Sleep(time.Millisecond)
		}
		held, ok := s.Pictures.Held(id)
		if !ok {
			t.Fatal("what was drawn ahead is not held")
		}
		// A check with that nonce.
		pool := s.Pictures
		s.Pictures, s.Random = nil, bytes.NewReader(id[:])
		i := s.issue(spec(challenge.Picture))
		s.Pictures = pool
		shown, err := s.Draw(ctx, i.Picture, s.Now())
		if err != nil || !bytes.Equal(shown, held) {
			t.Errorf("%s: it is drawn once more: %v", style, err)
		}
		// Drawn for that check it is the same, so it shows what is judged.
		fresh := paints(t, style)
		if b, err := fresh.Draw(ctx, i.Picture, fresh.Now()); err != nil || !bytes.Equal(b, shown) {
			t.Errorf("%s: drawn ahead it is another picture: %v", style, err)
		}
		s.Move(time.Second)
		if res, _ := s.judge(challenge.Answer{Token: i.Token, Way: challenge.WayPicture, Text: s.solution(i.Token)}); res != challenge.Checked {
			t.Errorf("%s: %v", style, res)
		}
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
	for _, style := range []picture.Style{picture.StyleLetters, picture.StyleDigits} {
		s := open(t)
		s.Style = style
		alphabet := picture.Alphabet
		if style == picture.StyleDigits {
			alphabet = "0123456789"
		}
		hits := 0
		for range 300 {
			i := s.issue(spec(challenge.Picture))
			want := s.solution(i.Token)
			raw, err := base64.RawURLEncoding.DecodeString(i.Picture)
			if err != nil {
				t.Fatal(err)
			}
			plain := make([]byte, len(raw))
			for j, x := range raw {
				plain[j] = alphabet[int(x)%len(alphabet)]
			}
			if strings.Contains(string(plain), want) || bytes.Contains(raw, []byte(want)) || strings.Contains(i.Picture, want) ||
				strings.Contains(i.Token, want) || strings.Contains(i.Salt, want) {
				hits++
			}
		}
		// By chance it is in one of 300 with odds of about 1 in 100.
		if hits > 1 {
			t.Errorf("%d of 300 names show what their pictures do", hits)
		}
	}
}

// A browser asks again on a bad connection, and for a sound in parts; a
// picture is no file to fetch at will.
func TestAPictureIsSentAgainAFewTimesAndASoundMoreOften(t *testing.T) {
	s := paints(t, "")
	i, j := s.issue(spec(challenge.Picture)), s.issue(spec(challenge.Sound))
	for _, test := range []struct {
		times int
		show  func() ([]byte, error)
	}{
		{4, func() ([]byte, error) { return s.Draw(ctx, i.Picture, s.Now()) }},
		{31, func() ([]byte, error) { return s.DrawSound(ctx, j.Sound, "en", s.Now()) }},
	} {
		for n := range test.times {
			if _, err := test.show(); err != nil {
				t.Errorf("time %d of %d: %v", n+1, test.times, err)
			}
		}
		if b, err := test.show(); !errors.Is(err, challenge.ErrNoPicture) || b != nil {
			t.Errorf("after %d times: %v", test.times, err)
		}
	}
}
