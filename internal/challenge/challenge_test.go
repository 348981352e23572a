package challenge_test

import (
	"bytes"
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/challenge/challengetest"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

var ctx = context.Background()

func ring(t testing.TB, n byte) *keys.Ring {
	t.Helper()
	r, err := keys.NewRing(bytes.Repeat([]byte{n}, keys.Size))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// site is the checks of a site on an embedded store, with its clock.
type site struct {
	*challenge.Checks
	*storetest.Clock
	t testing.TB
}

func open(t testing.TB) *site {
	c := storetest.NewClock()
	s := embedded.New(embedded.Options{Counters: 1 << 12, Tallies: 64, Profiles: 64, Clock: c.Now})
	return &site{&challenge.Checks{Ring: ring(t, 1), Store: s, Site: "shop.example", Random: rand.Reader}, c, t}
}

func spec(k challenge.Kind) challenge.Spec {
	s := challenge.Spec{Kind: k, Hold: [16]byte{1, 2}, Account: device.Account{3, 4}, Work: 1}
	if k == challenge.Slow {
		s.Place = store.Key{7, 8}
	} else {
		s.Budget = store.Key{5, 6}
	}
	return s
}

func (s *site) issue(sp challenge.Spec) challenge.Issued {
	s.t.Helper()
	if sp.Kind == challenge.Slow {
		s.queue(sp.Place, s.Now().Add(challenge.SlowWait))
	}
	i, err := s.Issue(s.Now(), sp)
	if err != nil {
		s.t.Fatal(err)
	}
	return i
}

// queue stands in line for the slow way.
func (s *site) queue(place store.Key, end time.Time) {
	s.t.Helper()
	if err := s.Store.Keep(ctx, place, binary.BigEndian.AppendUint64(nil, uint64(end.UnixMilli())), time.Hour); err != nil {
		s.t.Fatal(err)
	}
}

// proves reports whether n is a proof of work for i, as the page's script
// finds it.
func proves(t testing.TB, i challenge.Issued, n uint32) bool {
	t.Helper()
	out, err := pbkdf2.Key(sha256.New, strconv.FormatUint(uint64(n), 10), []byte(i.Salt), i.Cost, 32)
	if err != nil {
		t.Fatal(err)
	}
	return binary.BigEndian.Uint32(out) < i.Target
}

// solve does what the page's script does.
func solve(t testing.TB, i challenge.Issued) uint32 {
	t.Helper()
	for n := range uint32(1 << 20) {
		if proves(t, i, n) {
			return n
		}
	}
	t.Fatal("no solution")
	return 0
}

// solved is an issued check of spec(k) with its right answer. It is solved
// once: every site that open makes has the same key ring, name and start.
func solved(t testing.TB, k challenge.Kind) challenge.Answer {
	answers.Lock()
	defer answers.Unlock()
	a, ok := answers.of[k]
	if !ok {
		s := open(t)
		// The press asks for the most work: enough for every way.
		a = s.right(s.issue(spec(k)), challenge.WayPress)
		answers.of[k] = a
	}
	return a
}

// by is the same answer, given in another way by a person.
func by(a challenge.Answer, way string) challenge.Answer {
	a.Way, a.Seen = way, person(way)
	return a
}

var answers = struct {
	sync.Mutex
	of map[challenge.Kind]challenge.Answer
}{of: make(map[challenge.Kind]challenge.Answer)}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// judge opens a token and judges an answer to it.
func (s *site) judge(a challenge.Answer) (challenge.Result, time.Duration) {
	s.t.Helper()
	tok, err := s.Open(a.Token, s.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	j, err := s.Judge(ctx, s.Now(), tok, a)
	if err != nil {
		s.t.Fatal(err)
	}
	return j.Result, j.Wait
}

// right is a right answer, with proof of work.
func (s *site) right(i challenge.Issued, way string) challenge.Answer {
	if way == challenge.WayPress {
		i.Target = min(i.Target, 1<<32/600)
	}
	a := challenge.Answer{Token: i.Token, Pow: solve(s.t, i), Way: way, Seen: person(way), Scripted: true}
	if i.Picture != "" || i.Sound != "" {
		a.Text = s.solution(i.Token)
	}
	return a
}

func (s *site) solution(token string) string {
	s.t.Helper()
	text, err := challengetest.Solution(s.Checks, token, s.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

func TestATokenSaysWhatItWasIssuedForAndNothingToOthers(t *testing.T) {
	s := open(t)
	want := spec(challenge.Picture)
	want.After, want.Renewals = 90*time.Second, 12
	i := s.issue(want)
	tok, err := s.Open(i.Token, s.Now())
	if err != nil || tok.Spec != want || !tok.Issued.Equal(s.Now()) || !tok.Expires.Equal(s.Now().Add(challenge.Life)) {
		t.Fatalf("got %+v and %v, want %+v", tok, err, want)
	}
	if again := s.issue(want); again.Token == i.Token || again.Salt == i.Salt || again.Picture == i.Picture {
		t.Error("two checks are alike")
	}
	if got := s.Reissued(tok, i.Token); got.Token != i.Token || got.Salt != i.Salt || got.Cost != i.Cost || got.Target != i.Target || got.Picture != i.Picture {
		t.Errorf("shown again it is %+v, was %+v", got, i)
	}
	for k, floor := range map[challenge.Kind]time.Duration{
		challenge.Slider: 180 * time.Millisecond, challenge.Picture: 180 * time.Millisecond, challenge.Slow: 0,
	} {
		if got := s.issue(spec(k)); got.Floor != floor || (got.Picture != "") != (k == challenge.Picture) {
			t.Errorf("%v: floor %v, picture %q", k, got.Floor, got.Picture)
		}
	}
	if a, b := s.issue(spec(challenge.Slider)), s.issue(spec(challenge.Slow)); a.Target/b.Target != 4 {
		t.Errorf("the slow way costs %d times the slider's work, want 4", a.Target/b.Target)
	}
}

func TestATokenThatIsNotOursOrTooOldIsErrToken(t *testing.T) {
	s := open(t)
	good := s.issue(spec(challenge.Slider)).Token
	other, stranger := open(t), open(t)
	other.Site, stranger.Ring = "other.example", ring(t, 2)
	for _, test := range []struct {
		name  string
		token string
		after time.Duration
		ok    bool
	}{
		{"at once", good, 0, true},
		{"after ten minutes", good, 10 * time.Minute, true},
		{"after ten minutes and a moment", good, 10*time.Minute + time.Millisecond, false},
		{"a minute before it was issued", good, -time.Minute, true},
		{"more than a minute before it was issued", good, -time.Minute - time.Millisecond, false},
		{"another site's", other.issue(spec(challenge.Slider)).Token, 0, false},
		{"another ring's", stranger.issue(spec(challenge.Slider)).Token, 0, false},
		{"empty", "", 0, false},
		{"garbage", "garbage", 0, false},
		{"no base64", "%%%%", 0, false},
		{"cut", good[:len(good)-4], 0, false},
		{"longer", good + "AAAA", 0, false},
		{"too long", strings.Repeat("A", 600), 0, false},
		{"changed", good[:60] + strings.Map(func(r rune) rune { return r ^ 1 }, good[60:61]) + good[61:], 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := s.Open(test.token, s.Now().Add(test.after)); (err == nil) != test.ok || (err != nil && err != challenge.ErrToken) {
				t.Errorf("got %v, want it to open: %v", err, test.ok)
			}
		})
	}
}

func TestARightAnswerEarnsOneClearanceThatIsTakenOnce(t *testing.T) {
	for _, test := range []struct {
		kind  challenge.Kind
		way   string
		after time.Duration
		rung  device.Rung
	}{
		{challenge.Slider, challenge.WayPointer, challenge.Floor, device.Slider},
		{challenge.Slider, challenge.WayPress, challenge.PressFloor, device.Slider},
		{challenge.Picture, challenge.WayPicture, challenge.Floor, device.Picture},
		{challenge.Slow, challenge.WaySlow, challenge.SlowWait, device.Picture},
	} {
		t.Run(test.way, func(t *testing.T) {
			s := open(t)
			a := by(solved(t, test.kind), test.way)
			if test.kind == challenge.Slow {
				s.queue(spec(test.kind).Place, s.Now().Add(test.after))
			}
			s.Move(test.after)
			if res, _ := s.judge(a); res != challenge.Checked {
				t.Fatalf("result %v, want Checked", res)
			}
			tok, err := s.Open(a.Token, s.Now())
			if err != nil {
				t.Fatal(err)
			}
			seen := challenge.Evidence{Points: 4.5, Detail: "check.webdriver 4 check.hover 0.5"}
			want := challenge.Clearance{Rung: test.rung, Hold: [16]byte{1, 2}, Account: device.Account{3, 4}, Evidence: seen}
			if tok.Earned(seen) != want {
				t.Fatalf("earns %+v, want %+v", tok.Earned(seen), want)
			}
			name, err := s.Clear(ctx, tok.Earned(seen))
			if err != nil {
				t.Fatal(err)
			}
			var got, gone atomic.Int32
			var wg sync.WaitGroup
			for range 16 {
				wg.Go(func() {
					cl, err := s.TakeClearance(ctx, name)
					switch {
					case err == nil && cl == want:
						got.Add(1)
					case errors.Is(err, challenge.ErrClearance) && cl == challenge.Clearance{}:
						gone.Add(1)
					}
				})
			}
			wg.Wait()
			if got.Load() != 1 || gone.Load() != 15 {
				t.Errorf("%d took it, %d were refused, want 1 and 15", got.Load(), gone.Load())
			}
		})
	}
}

func TestAClearanceThatIsUnknownOrOldIsErrClearance(t *testing.T) {
	s := open(t)
	fresh := func() string {
		name, err := s.Clear(ctx, challenge.Clearance{Rung: device.Slider})
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	other := *s.Checks
	other.Site = "other.example"
	elsewhere, err := other.Clear(ctx, challenge.Clearance{Rung: device.Picture})
	if err != nil {
		t.Fatal(err)
	}
	old := fresh()
	s.Move(challenge.ClearanceLife - time.Second)
	young := fresh()
	s.Move(time.Second)
	for name, c := range map[string]string{
		"empty": "", "garbage": "garbage", "made up": "AAAAAAAAAAAAAAAAAAAAAA", "another site's": elsewhere,
		"two minutes old": old, "too long": strings.Repeat("A", 4000),
	} {
		if cl, err := s.TakeClearance(ctx, c); err != challenge.ErrClearance || cl != (challenge.Clearance{}) {
			t.Errorf("%s: %+v and %v", name, cl, err)
		}
	}
	if _, err := s.TakeClearance(ctx, young); err != nil {
		t.Error(err)
	}
}

// FuzzOpenToken: no token but our own, as it is, opens, and whatever is
// sealed in it is read in one way or not at all.
func FuzzOpenToken(f *testing.F) {
	s := open(f)
	plain := func(kind byte, ms uint64) []byte {
		b := make([]byte, 80)
		b[0], b[1] = 2, kind
		binary.BigEndian.PutUint64(b[68:], ms)
		return b
	}
	now := uint64(s.Now().UnixMilli())
	f.Add("", []byte{}, uint16(0), byte(1))
	f.Add("AAAA", plain(1, now), uint16(3), byte(1))
	f.Add("====", plain(9, now-1), uint16(40), byte(0xff))
	f.Add("A\nA", plain(2, 1<<63), uint16(90), byte(0x20))
	f.Add("-_-_", plain(3, 1<<64-1), uint16(9), byte(0))
	f.Fuzz(func(t *testing.T, raw string, plain []byte, at uint16, x byte) {
		if _, err := s.Open(raw, s.Now()); err != challenge.ErrToken {
			t.Fatalf("%q: %v", raw, err)
		}
		b := s.Ring.Seal(keys.Challenge, plain, []byte("challenge/"+s.Site))
		tok, err := s.Open(encode(b), s.Now())
		switch {
		case err == nil:
			age := s.Now().Sub(tok.Issued)
			if len(plain) != 80 || plain[0] != 2 || age > challenge.Life || age < -time.Minute {
				t.Fatalf("%x is %+v", plain, tok)
			}
			i, err := s.Issue(tok.Issued, tok.Spec)
			if err != nil {
				t.Fatal(err)
			}
			again, err := s.Open(i.Token, s.Now())
			again.Nonce = tok.Nonce
			if err != nil || again != tok {
				t.Fatalf("%x is %+v and then %+v, %v", plain, tok, again, err)
			}
		case err != challenge.ErrToken:
			t.Fatal(err)
		}
		if x != 0 {
			b[int(at)%len(b)] ^= x
			if _, err := s.Open(encode(b), s.Now()); err != challenge.ErrToken {
				t.Fatalf("byte %d changed by %x: %v", int(at)%len(b), x, err)
			}
		}
	})
}

// person is what the page sees of a person who answers.
func person(way string) []byte {
	switch way {
	case challenge.WayPress:
		return []byte(`{"v":1,"type":"mouse","before":9,"click":[1,96]}`)
	case challenge.WayKeyboard:
		return []byte(`{"v":1,"keys":[[80,-1],[95,240]]}`)
	case challenge.WayTouch, challenge.WayPen:
		return []byte(`{"v":1,"type":"` + way + `","track":[[0,0,0],[60,20,1],[90,70,4],[120,140,8],[150,200,13],[200,240,17],[260,262,19],[330,280,20],[430,290,22],[520,298,23],[640,300,23]]}`)
	}
	return []byte(`{"v":1,"type":"mouse","before":9,"track":[[0,0,0],[60,20,1],[90,70,4],[120,140,8],[150,200,13],[200,240,17],[260,262,19],[330,280,20],[430,290,22],[520,298,23],[640,300,23]]}`)
}
