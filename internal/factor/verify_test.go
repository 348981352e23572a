package factor

import (
	"encoding/base32"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/factor/totp"
)

var b32 = base32.StdEncoding.WithPadding(base32.NoPadding)

func TestCodeOfAnAppOpensOneLogin(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	code := b.code()
	first := b.begin()
	r := b.try(Attempt{Challenge: first, Class: ClassApp, Code: code[:3] + " " + code[3:]})
	b.wantWhy(r, Right)
	if r.Factor != b.app {
		t.Errorf("factor %q, want %q", r.Factor, b.app)
	}
	b.wantWhy(b.try(Attempt{Challenge: first, Class: ClassApp, Code: code}), Gone)
	b.wantWhy(b.try(Attempt{Class: ClassApp, Code: code}), Used)
	b.later(totp.Period)
	b.wantWhy(b.try(Attempt{Class: ClassApp, Code: b.code()}), Right)
}

func TestTheCodeThatConfirmedAnAppOpensNoLogin(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	b.now = b.now.Add(-time.Minute)
	b.wantWhy(b.try(Attempt{Class: ClassApp, Code: b.code()}), Used)
}

func TestAnAppIsConfirmedOnceInItsSessionAndInTime(t *testing.T) {
	b := newBench(t)
	set, err := b.BeginApp(b.now, b.id, "session", "Shop", "anna")
	if err != nil {
		t.Fatal(err)
	}
	b.secret, _ = base32Decode(set.Key)
	confirm := func(id ID, session string) error {
		_, err := b.ConfirmApp(ctx, b.now, id, Actor{Factor: GivenRecovery}, session, set.State, b.code(), "")
		return err
	}
	b.wantErr(confirm(b.id, "another session"), ErrOver)
	b.wantErr(confirm(ID{9}, "session"), ErrOver)
	if a := b.load(); a != nil {
		t.Error("something was stored before it was confirmed")
	}
	if err := confirm(b.id, "session"); err != nil {
		t.Fatal(err)
	}
	b.later(totp.Period)
	b.wantErr(confirm(b.id, "session"), ErrOver)
	b.later(PendingLife)
	b.wantErr(confirm(ID{9}, "session"), ErrOver)
}

func TestAClockThatIsOffIsToldWhereItIsNoHelpToAGuesser(t *testing.T) {
	b := newBench(t)
	set, err := b.BeginApp(b.now, b.id, "session", "Shop", "anna")
	if err != nil {
		t.Fatal(err)
	}
	b.secret, _ = base32Decode(set.Key)
	ahead := totp.Code(b.secret, totp.Step(b.now.Add(4*time.Minute)))
	c, err := b.ConfirmApp(ctx, b.now, b.id, owner, "session", set.State, ahead, "")
	if err != nil || c.Why != Wrong || !c.Skewed || c.Skew != 4*time.Minute {
		t.Fatalf("enrolling with a clock 4 minutes ahead: %+v %v", c, err)
	}
	b.addApp(owner)
	ahead = totp.Code(b.secret, totp.Step(b.now.Add(4*time.Minute)))
	if r := b.try(Attempt{Class: ClassApp, Code: ahead}); r.Why != Wrong || r.Skewed {
		t.Errorf("a login tells the skew: %+v", r)
	}
	if r := b.try(Attempt{Class: ClassApp, Code: ahead, Test: true}); r.Why != Wrong || !r.Skewed || r.Skew != 4*time.Minute {
		t.Errorf("a test of the set-up does not tell the skew: %+v", r)
	}
	if r := b.try(Attempt{Class: ClassApp, Code: b.code(), Test: true}); r.Why != Right || !b.load().Apps[0].Tested.Equal(b.now) {
		t.Errorf("the test is not noted: %+v", r)
	}
}

func TestFiveWrongAnswersEndAChallenge(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	c := b.begin()
	for left := PerChallenge - 1; left >= 0; left-- {
		if r := b.try(Attempt{Challenge: c, Class: ClassApp, Code: b.wrongCode()}); r.Why != Wrong || r.Left != left {
			t.Fatalf("%v with %d left, want wrong with %d", r.Why, r.Left, left)
		}
	}
	b.wantWhy(b.try(Attempt{Challenge: c, Class: ClassApp, Code: b.code()}), Gone)
	b.wantWhy(b.try(Attempt{Class: ClassApp, Code: b.code()}), Right)
}

func TestOnlyARightAnswerOfTheClassEndsItsCounter(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	recovery := b.saveRecovery(Actor{Established: true, Factor: b.app})
	for range PerHour {
		b.wantWhy(b.try(Attempt{Class: ClassApp, Code: b.wrongCode()}), Wrong)
	}
	// A new challenge, a new login: nothing is given back.
	r := b.try(Attempt{Class: ClassApp, Code: b.code()})
	if r.Why != Wait || r.Wait <= 0 || r.Wait > time.Hour {
		t.Fatalf("%v, wait %v; want to wait up to an hour", r.Why, r.Wait)
	}
	// Another class is open, and leaves this one's counter.
	b.wantWhy(b.try(Attempt{Class: ClassRecovery, Code: recovery[0]}), Right)
	b.wantWhy(b.try(Attempt{Class: ClassApp, Code: b.code()}), Wait)
	// A known device has its own.
	b.wantWhy(b.try(Attempt{Class: ClassApp, Code: b.code(), Known: true}), Right)
	b.later(totp.Period)
	b.wantWhy(b.try(Attempt{Class: ClassApp, Code: b.wrongCode()}), Wrong)
	b.wantWhy(b.try(Attempt{Class: ClassApp, Code: b.code()}), Right)
	if c := b.load().Counters[ClassApp][0]; !c.isZero() {
		t.Errorf("after a right answer the counter stands at %+v", c)
	}
}

func TestTwentyTriesADayAndAHundredInARowLockTheClassAlone(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	recovery := b.saveRecovery(Actor{Established: true, Factor: b.app})
	wrong, day := 0, 0
	start := b.now
	for wrong < LockAfter {
		r := b.try(Attempt{Class: ClassApp, Code: b.wrongCode()})
		switch r.Why {
		case Wrong:
			wrong++
			if b.now.Sub(start) < 24*time.Hour {
				day++
			}
		case Wait:
			b.later(r.Wait)
		default:
			t.Fatalf("%v after %d wrong", r.Why, wrong)
		}
	}
	if day != PerDay {
		t.Errorf("%d tries in a day, want %d", day, PerDay)
	}
	b.later(30 * 24 * time.Hour)
	b.wantWhy(b.try(Attempt{Class: ClassApp, Code: b.code()}), ClassLocked)
	if !b.load().Try(b.now, ClassApp, false).Locked || b.load().Try(b.now, ClassRecovery, false).Locked {
		t.Error("not the class alone is locked")
	}
	if got := events(b.load()); !strings.Contains(got, "locked") {
		t.Errorf("notices %s, want one of the lock", got)
	}
	b.wantWhy(b.try(Attempt{Class: ClassRecovery, Code: recovery[0]}), Right)
	if _, err := b.Unlock(ctx, b.id); err != nil {
		t.Fatal(err)
	}
	b.wantWhy(b.try(Attempt{Class: ClassApp, Code: b.code()}), Right)
}

func events(a *Account) string {
	var out []string
	for _, n := range a.Notices {
		out = append(out, n.Event.String())
	}
	return strings.Join(out, " ")
}

func TestWhatIsNoCodeIsNotCounted(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	for _, typed := range []string{"", "12345", "abcdef", "1234567"} {
		b.wantWhy(b.try(Attempt{Class: ClassApp, Code: typed}), Unreadable)
	}
	b.wantWhy(b.try(Attempt{Class: ClassRecovery, Code: "AAAA"}), Unreadable)
	b.wantWhy(b.try(Attempt{Class: ClassPasskey}), Unreadable)
	b.wantWhy(b.try(Attempt{Class: Class(77), Code: "123456"}), Unreadable)
	b.wantWhy(b.try(Attempt{Class: ClassCode, Code: "123456"}), NotOffered)
	for c, counter := range b.load().Counters {
		if !counter[0].isZero() {
			t.Errorf("%v: counter %+v", Class(c), counter[0])
		}
	}
}

func TestAWrongTryIsNoticedUnlessTheRightAnswerFollows(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	c := b.begin()
	r := b.try(Attempt{Challenge: c, Class: ClassApp, Code: b.wrongCode()})
	if len(r.Noticed) != 1 || r.Noticed[0].Event != Failed || r.Noticed[0].From != home {
		t.Fatalf("noticed %+v, want a failed try from home", r.Noticed)
	}
	if r = b.try(Attempt{Challenge: c, Class: ClassApp, Code: b.wrongCode()}); len(r.Noticed) != 0 {
		t.Errorf("a second notice of the same: %+v", r.Noticed)
	}
	b.wantWhy(b.try(Attempt{Challenge: c, Class: ClassApp, Code: b.code()}), Right)
	if got := events(b.load()); got != "added" {
		t.Errorf("notices %q after the right answer, want the enrolment's alone", got)
	}
	b.later(totp.Period)
	b.wantWhy(b.try(Attempt{Class: ClassApp, Code: b.wrongCode()}), Wrong)
	b.wantWhy(b.try(Attempt{Class: ClassApp, Code: b.code()}), Right)
	if got := events(b.load()); got != "added failed" {
		t.Errorf("notices %q: the right answer to another challenge forgives nothing", got)
	}
}

func TestAnAccountHasThreeLiveChallengesAndStrangersGiveWayFirst(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	known, _, err := b.Begin(ctx, b.now, b.id, true)
	if err != nil {
		t.Fatal(err)
	}
	first := b.begin()
	for range LiveChallenges - 1 {
		b.begin()
	}
	b.wantWhy(b.try(Attempt{Challenge: first, Class: ClassApp, Code: b.code()}), Gone)
	if n := len(b.load().Challenges); n != LiveChallenges {
		t.Errorf("%d live challenges, want %d", n, LiveChallenges)
	}
	b.wantWhy(b.try(Attempt{Challenge: known, Class: ClassApp, Code: b.code()}), Right)
	late := b.begin()
	b.later(ChallengeLife)
	b.wantWhy(b.try(Attempt{Challenge: late, Class: ClassApp, Code: b.code()}), Gone)
}

func TestAStoreThatIsAwayAcceptsNothing(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	c := b.begin()
	away := errors.New("database away")
	b.rows.fail = away
	if _, err := b.Load(ctx, b.id); !errors.Is(err, away) {
		t.Errorf("load: %v", err)
	}
	if _, _, err := b.Begin(ctx, b.now, b.id, false); !errors.Is(err, away) {
		t.Errorf("begin: %v", err)
	}
	r, err := b.Verify(ctx, b.now, b.id, Attempt{Challenge: c, Class: ClassApp, Code: b.code()})
	if !errors.Is(err, away) || r.Right() {
		t.Errorf("verify: %+v %v", r, err)
	}
	if _, ok, err := b.UseTrust(ctx, b.now, b.id, "AAAAAAAAAAAAAAAAAAAAAA"); !errors.Is(err, away) || ok {
		t.Errorf("trust: %v %v", ok, err)
	}
}

func TestWhereSomethingWasDoneFromIsShort(t *testing.T) {
	b := newBench(t)
	long := From{Client: strings.Repeat("x", 5000) + "\r\n", Place: strings.Repeat("名", 5000)}
	b.addApp(Actor{Established: true, From: long})
	c := b.begin()
	for range 2 {
		if _, err := b.Verify(ctx, b.now, b.id, Attempt{Challenge: c, Class: ClassApp, Code: b.wrongCode(), From: long}); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := b.Trust(ctx, b.now, b.id, long.Client, long, 0); err != nil {
		t.Fatal(err)
	}
	a := b.load()
	for _, f := range []From{a.Apps[0].From, a.Notices[0].From, a.Notices[1].From, a.Trusted[0].From} {
		if len([]rune(f.Client)) != maxName || len([]rune(f.Place)) != maxName {
			t.Errorf("%d and %d characters", len([]rune(f.Client)), len([]rune(f.Place)))
		}
	}
	if a.Notices[1].Count != 2 {
		t.Errorf("two tries from one place are %d notices of %d", len(a.Notices)-2, a.Notices[1].Count)
	}
}
