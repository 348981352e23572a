package factor

import (
	"strings"
	"testing"
	"time"
)

func TestRecoveryCodesAreGoodOnceEachAndEndAllTrust(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	codes := b.saveRecovery(Actor{Established: true, Factor: b.app})
	if len(codes) != RecoveryCodes {
		t.Fatalf("%d codes, want %d", len(codes), RecoveryCodes)
	}
	value, _, err := b.Trust(ctx, b.now, b.id, "Firefox", home, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, code := range codes {
		if len(code) != 19 || strings.ContainsAny(code, "01OI") || seen[code] {
			t.Fatalf("code %q", code)
		}
		seen[code] = true
	}
	for i, code := range codes[:2] {
		// As people type it.
		r := b.try(Attempt{Class: ClassRecovery, Code: " " + strings.ToLower(strings.ReplaceAll(code, "-", " ")) + "\n"})
		b.wantWhy(r, Right)
		if !r.SetUpAgain || len(r.Account.Recovery) != RecoveryCodes-1-i || r.Factor != GivenRecovery {
			t.Errorf("code %d: %+v", i, r)
		}
		b.wantWhy(b.try(Attempt{Class: ClassRecovery, Code: code}), Wrong)
	}
	if _, ok, err := b.UseTrust(ctx, b.now, b.id, value); ok || err != nil {
		t.Errorf("the device is still trusted: %v %v", ok, err)
	}
	if got := events(b.load()); !strings.Contains(got, "recovery_used") {
		t.Errorf("notices %s", got)
	}
}

func TestNewRecoveryCodesVoidTheOldOnceOneIsTypedBack(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	by := Actor{Established: true, Factor: b.app}
	old := b.saveRecovery(by)
	set, err := b.MakeRecovery(b.now, b.id, "session")
	if err != nil {
		t.Fatal(err)
	}
	c, err := b.ConfirmRecovery(ctx, b.now, b.id, by, "session", set.State, old[0])
	if err != nil || c.Why != Wrong {
		t.Fatalf("an old code confirms the new set: %+v %v", c, err)
	}
	b.wantWhy(b.try(Attempt{Class: ClassRecovery, Code: old[0]}), Right)
	if c, err = b.ConfirmRecovery(ctx, b.now, b.id, by, "session", set.State, set.Codes[9]); err != nil || c.Why != Right {
		t.Fatal(c, err)
	}
	_, err = b.ConfirmRecovery(ctx, b.now, b.id, by, "session", set.State, set.Codes[9])
	b.wantErr(err, ErrOver)
	b.wantWhy(b.try(Attempt{Class: ClassRecovery, Code: old[1]}), Wrong)
	b.wantWhy(b.try(Attempt{Class: ClassRecovery, Code: set.Codes[9]}), Right)
}

func TestTheValueOfATrustedDeviceChangesWithEachUse(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	value, a, err := b.Trust(ctx, b.now, b.id, "Firefox", home, 0)
	if err != nil {
		t.Fatal(err)
	}
	if b.Device(b.now, b.id, a, value) == "" || b.Device(b.now, b.id, a, "x") != "" {
		t.Error("the device is not told from others")
	}
	next, ok, err := b.UseTrust(ctx, b.now, b.id, value)
	if err != nil || !ok || next == value || next == "" {
		t.Fatalf("%q %v %v", next, ok, err)
	}
	// Another tab sends the same.
	if again, ok, _ := b.UseTrust(ctx, b.now, b.id, value); !ok || again != "" {
		t.Errorf("the other tab: %q %v", again, ok)
	}
	if _, ok, _ := b.UseTrust(ctx, b.now, ID{9}, next); ok {
		t.Error("another account trusts it")
	}
	b.later(TrustOverlap)
	if _, ok, _ := b.UseTrust(ctx, b.now, b.id, value); ok {
		t.Error("an old value is still good")
	}
	b.later(TrustLife - 2*TrustOverlap)
	if next, ok, _ = b.UseTrust(ctx, b.now, b.id, next); !ok {
		t.Error("not good any more within its life")
	}
	b.later(2 * TrustOverlap)
	if _, ok, _ := b.UseTrust(ctx, b.now, b.id, next); ok {
		t.Error("use made its life longer")
	}
}

func TestASecurityEpochEndsAllTrust(t *testing.T) {
	for name, end := range map[string]func(b *bench) error{
		"sign out everywhere": func(b *bench) error {
			_, err := b.SignOut(ctx, b.now, b.id, Actor{Factor: b.app})
			return err
		},
		"password changed": func(b *bench) error { return b.PasswordChanged(ctx, b.id) },
		"factor added": func(b *bench) error {
			b.addApp(Actor{Established: true, Factor: b.app})
			return nil
		},
		"factor removed": func(b *bench) error {
			b.addApp(Actor{Factor: b.app})
			value, _, _ := b.Trust(ctx, b.now, b.id, "x", home, 0)
			_, err := b.Remove(ctx, b.now, b.id, Actor{Factor: b.load().Apps[0].ID}, b.app)
			if _, ok, _ := b.UseTrust(ctx, b.now, b.id, value); ok {
				b.t.Error("trust outlives a removed factor")
			}
			return err
		},
		"reset": func(b *bench) error {
			_, err := b.Reset(ctx, b.now, b.id, 0)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.addApp(owner)
			value, a, err := b.Trust(ctx, b.now, b.id, "Firefox", home, 0)
			if err != nil {
				t.Fatal(err)
			}
			epoch := a.Epoch
			if err := end(b); err != nil {
				t.Fatal(err)
			}
			if _, ok, _ := b.UseTrust(ctx, b.now, b.id, value); ok {
				t.Error("still trusted")
			}
			if got := b.load().Epoch; got <= epoch {
				t.Errorf("epoch %d, was %d", got, epoch)
			}
		})
	}
}

func TestAFactorFromADeviceThatIsNotEstablishedIsProvisional(t *testing.T) {
	b := newBench(t)
	stranger := Actor{From: From{Client: "curl"}}
	b.addApp(stranger)
	// It is asked for.
	r := b.try(Attempt{Class: ClassApp, Code: b.code()})
	b.wantWhy(r, Right)
	if n := len(b.load().Undoable(b.now)); n != 1 {
		t.Fatalf("%d can be undone, want 1", n)
	}
	// The stranger gives it, and leaves recovery codes and trust behind.
	stranger.Factor = r.Factor
	left := b.saveRecovery(stranger)
	value, _, err := b.Trust(ctx, b.now, b.id, "curl", stranger.From, 0)
	if err != nil {
		t.Fatal(err)
	}
	// The owner undoes it with the password alone, from an established device
	// only.
	_, err = b.Undo(ctx, b.now, b.id, Actor{}, b.app)
	b.wantErr(err, ErrDenied)
	a, err := b.Undo(ctx, b.now, b.id, owner, b.app)
	if err != nil || a.Enrolled() {
		t.Fatalf("undoing: %+v %v", a, err)
	}
	b.addApp(owner)
	if _, ok, _ := b.UseTrust(ctx, b.now, b.id, value); ok {
		t.Error("the stranger's device is still trusted")
	}
	b.wantWhy(b.try(Attempt{Class: ClassRecovery, Code: left[0]}), NotOffered)
	// What is not provisional is not undone.
	_, err = b.Undo(ctx, b.now, b.id, owner, b.app)
	b.wantErr(err, ErrDenied)
}

func TestAProvisionalFactorEndsAfterThreeDaysAndStays(t *testing.T) {
	b := newBench(t)
	b.addApp(Actor{})
	b.later(Provisional)
	_, err := b.Undo(ctx, b.now, b.id, owner, b.app)
	b.wantErr(err, ErrDenied)
}

func TestAProvisionalFactorTouchesNobodyElses(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	first := b.app
	full := Actor{Factor: first}
	b.saveRecovery(Actor{Established: true, Factor: first})
	value, a, err := b.Trust(ctx, b.now, b.id, "Firefox", home, 0)
	if err != nil {
		t.Fatal(err)
	}
	device := a.Trusted[0].ID
	b.addApp(full) // from a device that is not established
	weak := Actor{Factor: b.app}
	if next, ok, _ := b.UseTrust(ctx, b.now, b.id, value); !ok {
		t.Error("a provisional factor ended others' trust")
	} else {
		value = next
	}
	_, err = b.Remove(ctx, b.now, b.id, weak, first)
	b.wantErr(err, ErrDenied)
	_, err = b.SignOut(ctx, b.now, b.id, weak)
	b.wantErr(err, ErrDenied)
	_, err = b.Distrust(ctx, b.now, b.id, weak, "", device)
	b.wantErr(err, ErrDenied)
	_, err = b.SetKeysOnly(ctx, b.now, b.id, weak, true)
	b.wantErr(err, ErrDenied)
	set, _ := b.MakeRecovery(b.now, b.id, "s")
	_, err = b.ConfirmRecovery(ctx, b.now, b.id, weak, "s", set.State, set.Codes[0])
	b.wantErr(err, ErrDenied)
	if _, err = b.Distrust(ctx, b.now, b.id, weak, device, device); err != nil {
		t.Errorf("a device may end its own trust: %v", err)
	}
	if _, err = b.Remove(ctx, b.now, b.id, weak, b.app); err != nil {
		t.Errorf("a provisional factor may remove itself: %v", err)
	}
	if _, err = b.Remove(ctx, b.now, b.id, full, first); err != nil {
		t.Errorf("a full factor may: %v", err)
	}
	if b.load().Enrolled() || len(b.load().Recovery) != 0 {
		t.Error("with the last factor the recovery codes go")
	}
}

func TestWithAFactorOneIsGivenBeforeAnotherIsAdded(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	set, err := b.BeginApp(b.now, b.id, "s", "Shop", "anna")
	if err != nil {
		t.Fatal(err)
	}
	secret := b.secret
	b.secret, _ = base32Decode(set.Key)
	_, err = b.ConfirmApp(ctx, b.now, b.id, owner, "s", set.State, b.code(), "")
	b.wantErr(err, ErrDenied)
	r, err := b.MakeRecovery(b.now, b.id, "s")
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.ConfirmRecovery(ctx, b.now, b.id, owner, "s", r.State, r.Codes[0])
	b.wantErr(err, ErrDenied)
	_, err = b.Rename(ctx, b.now, b.id, owner, b.app, "mine")
	b.wantErr(err, ErrDenied)
	b.secret = secret
	if _, err := b.Rename(ctx, b.now, b.id, Actor{Factor: b.app}, b.app, "  my\x00 \u202ephone"+strings.Repeat("x", 90)); err != nil {
		t.Fatal(err)
	}
	if got := b.load().Apps[0].Name; got != "my phone"+strings.Repeat("x", maxName-8) {
		t.Errorf("name %q", got)
	}
}

func TestNoticesAreAtMostTwentyAndGoOneByOne(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	for range MaxNotices + 5 {
		if _, err := b.SignOut(ctx, b.now, b.id, Actor{Factor: b.app}); err != nil {
			t.Fatal(err)
		}
	}
	all := b.load().Notices
	if len(all) != MaxNotices {
		t.Fatalf("%d notices, want %d", len(all), MaxNotices)
	}
	a, err := b.Dismiss(ctx, b.now, b.id, owner, all[7].ID)
	if err != nil || len(a.Notices) != MaxNotices-1 {
		t.Fatal(len(a.Notices), err)
	}
	_, err = b.Dismiss(ctx, b.now, b.id, owner, all[7].ID)
	b.wantErr(err, ErrNone)
}

func TestProvisionalRecoveryCodesGiveNoMoreThanTheFactorThatMadeThem(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	first := b.app
	// Somebody with the first factor adds another on a new device, and makes
	// recovery codes with that one: there were none.
	b.addApp(Actor{Factor: first})
	weak := Actor{Factor: b.app}
	codes := b.saveRecovery(weak)
	b.wantWhy(b.try(Attempt{Class: ClassRecovery, Code: codes[0]}), Right)
	_, err := b.Remove(ctx, b.now, b.id, Actor{Factor: GivenRecovery}, first)
	b.wantErr(err, ErrDenied)
	_, err = b.SignOut(ctx, b.now, b.id, Actor{Factor: GivenRecovery})
	b.wantErr(err, ErrDenied)
	// They go with what made them.
	a, err := b.Undo(ctx, b.now, b.id, owner, b.app)
	if err != nil || !a.Enrolled() || len(a.Recovery) != 0 {
		t.Fatalf("%d recovery codes are left: %v", len(a.Recovery), err)
	}
}

func TestRecoveryCodesLeftByWhoeverHadThePasswordDoNotWaitForTheOwner(t *testing.T) {
	for name, test := range map[string]struct {
		by   Actor // who makes the codes
		then Actor // who adds the factor
		wait time.Duration
		left int
	}{
		"a stranger's":               {Actor{}, owner, time.Minute, 0},
		"old ones":                   {owner, owner, RecoveryWaits, 0},
		"the owner's of a while ago": {owner, owner, time.Minute, RecoveryCodes},
		"a stranger's, for who comes on a new phone": {Actor{Session: "his"}, Actor{Session: "hers"}, time.Minute, 0},
		"without a session":                          {Actor{}, Actor{}, time.Minute, 0},
		"established, for who is not":                {owner, Actor{Session: "another"}, time.Minute, 0},
		"made in the very session":                   {Actor{Session: "hers"}, Actor{Session: "hers"}, time.Minute, RecoveryCodes},
		"old ones of the session":                    {Actor{Session: "hers"}, Actor{Session: "hers"}, RecoveryWaits, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.saveRecovery(test.by)
			if ttl := b.rows.ttls[b.id]; ttl != EmptyLife {
				t.Errorf("a row without a factor is kept %v", ttl)
			}
			b.later(test.wait)
			b.addApp(test.then)
			if n := len(b.load().Recovery); n != test.left {
				t.Errorf("%d recovery codes, want %d", n, test.left)
			}
		})
	}
}

func TestWhoHasOnlyAFactorOnTrialHidesNothing(t *testing.T) {
	b := newBench(t)
	b.addApp(Actor{})
	his := Actor{Factor: b.app}
	told := b.load().Notices[0]
	if told.Event != Added {
		t.Fatalf("the first notice is %v", told.Event)
	}
	_, err := b.Dismiss(ctx, b.now, b.id, his, told.ID)
	b.wantErr(err, ErrDenied)
	// Nor by what else he does.
	for range MaxNotices + 5 {
		b.saveRecovery(his)
	}
	if a := b.load(); a.Notices[0].ID != told.ID || len(a.Notices) != MaxNotices {
		t.Errorf("of %d notices the first is %v", len(a.Notices), a.Notices[0])
	}
	if _, err := b.Dismiss(ctx, b.now, b.id, owner, told.ID); err != nil {
		t.Errorf("on an established device: %v", err)
	}
}
