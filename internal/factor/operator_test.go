package factor

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/factor/passkey"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/store"
)

func TestADocumentOpensInItsOwnRowAndSiteOnly(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	other := ID{4, 5, 6}
	mine := b.rows.rows[b.id]
	b.rows.rows[other] = mine
	if _, err := b.Load(ctx, other); !errors.Is(err, ErrSealed) {
		t.Errorf("in another row: %v, want ErrSealed", err)
	}
	if _, _, err := b.Begin(ctx, b.now, other, false); !errors.Is(err, ErrSealed) {
		t.Errorf("a challenge of another row: %v, want ErrSealed", err)
	}
	elsewhere := *b.Vault
	elsewhere.Site = "shop2"
	if _, err := elsewhere.Load(ctx, b.id); !errors.Is(err, ErrSealed) {
		t.Errorf("in another site: %v, want ErrSealed", err)
	}
	for i := range mine.Value {
		changed := bytes.Clone(mine.Value)
		changed[i] ^= 1
		b.rows.rows[b.id] = store.Row{Value: changed, Version: mine.Version}
		if _, err := b.Load(ctx, b.id); !errors.Is(err, ErrSealed) {
			t.Fatalf("byte %d changed: %v, want ErrSealed", i, err)
		}
	}
}

func TestNoSecretStandsInARow(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	codes := b.saveRecovery(Actor{Established: true, Factor: b.app})
	value, _, err := b.Trust(ctx, b.now, b.id, "Firefox", home, 0)
	if err != nil {
		t.Fatal(err)
	}
	row := b.rows.rows[b.id].Value
	for _, secret := range []string{string(b.secret), "Phone", "Firefox", value} {
		if bytes.Contains(row, []byte(secret)) {
			t.Errorf("the row holds %q", secret)
		}
	}
	// Opened, it still has no recovery code and no cookie.
	a := b.load()
	for _, h := range append(a.Recovery, a.Trusted[0].Hash) {
		if len(h) != 32 {
			t.Errorf("hash of %d bytes", len(h))
		}
		for _, c := range codes {
			if bytes.Contains(h, []byte(strings.ReplaceAll(c, "-", ""))) {
				t.Error("a recovery code stands in the document")
			}
		}
	}
}

func TestAnotherKeyOpensNothingUntilRekeyedWithBoth(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	codes := b.saveRecovery(Actor{Established: true, Factor: b.app})
	both, err := keys.NewRing(masterKey(2), masterKey(1))
	if err != nil {
		t.Fatal(err)
	}
	b.Ring = both
	if tally, err := b.Count(ctx, 0); err != nil || tally.Old != 1 || tally.Enrolled != 1 || tally.Apps != 1 || tally.Sealed != 0 {
		t.Fatalf("%+v %v", tally, err)
	}
	b.rows.rows[ID{7}] = store.Row{Value: []byte("\x01rubbish"), Version: 1}
	for i, want := range []Rekeyed{{Changed: 1, Sealed: 1}, {Fresh: 1, Sealed: 1}} {
		if got, err := b.Rekey(ctx, 0); err != nil || got != want {
			t.Fatalf("run %d: %+v %v, want %+v", i, got, err, want)
		}
	}
	// The first key is dropped for opening, and stays for names.
	if err := both.Replace(masterKey(2)); err != nil {
		t.Fatal(err)
	}
	b.wantWhy(b.try(Attempt{Class: ClassApp, Code: b.code()}), Right)
	b.wantWhy(b.try(Attempt{Class: ClassRecovery, Code: codes[0]}), Right)
	only, err := keys.NewRing(masterKey(3))
	if err != nil {
		t.Fatal(err)
	}
	b.Ring = only
	if _, err := b.Load(ctx, b.id); !errors.Is(err, ErrSealed) {
		t.Errorf("with a key that never was: %v, want ErrSealed", err)
	}
	if err := b.Erase(ctx, b.id); err != nil {
		t.Errorf("erasing what does not open: %v", err)
	}
	b.wantErr(b.Erase(ctx, b.id), ErrNone)
}

func TestAResetWaitsAndAnEstablishedLoginCancelsIt(t *testing.T) {
	b := newBench(t)
	_, err := b.Reset(ctx, b.now, b.id, 0)
	b.wantErr(err, ErrNone)
	b.addApp(owner)
	if _, err := b.Reset(ctx, b.now, b.id, 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	b.later(24*time.Hour - time.Second)
	b.wantWhy(b.try(Attempt{Class: ClassApp, Code: b.wrongCode()}), Wrong)
	_, err = b.CancelReset(ctx, b.now, b.id, Actor{})
	b.wantErr(err, ErrDenied)
	if _, err = b.CancelReset(ctx, b.now, b.id, owner); err != nil {
		t.Fatal(err)
	}
	b.later(48 * time.Hour)
	b.wantWhy(b.try(Attempt{Class: ClassApp, Code: b.code()}), Right)
	if _, err := b.Reset(ctx, b.now, b.id, 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	b.later(24 * time.Hour)
	name, a, err := b.Begin(ctx, b.now, b.id, false)
	if err != nil || name != "" || a.Enrolled() {
		t.Fatalf("after the delay: %q %+v %v", name, a, err)
	}
	if got := events(a); !strings.HasSuffix(got, "reset_done") || !strings.Contains(got, "reset_ordered") {
		t.Errorf("notices %s", got)
	}
	_, err = b.CancelReset(ctx, b.now, b.id, owner)
	b.wantErr(err, ErrNone)
	if b.rows.ttls[b.id] != EmptyLife {
		t.Errorf("a document without a factor is kept %v, want %v", b.rows.ttls[b.id], EmptyLife)
	}
}

func TestARowWithAFactorNeverEnds(t *testing.T) {
	b := newBench(t)
	if b.rows.KnownRow(b.id) {
		t.Error("known before anything was stored")
	}
	b.addApp(owner)
	if ttl := b.rows.ttls[b.id]; ttl != 0 || !b.rows.KnownRow(b.id) {
		t.Errorf("ttl %v", ttl)
	}
	if err := b.Erase(ctx, b.id); err != nil || b.rows.KnownRow(b.id) {
		t.Error("not erased", err)
	}
	// Looking leaves no row.
	if name, _, err := b.Begin(ctx, b.now, b.id, false); name != "" || err != nil || b.rows.KnownRow(b.id) {
		t.Errorf("%q %v", name, err)
	}
	since, err := b.Required(ctx, b.now, b.id)
	if err != nil || !since.Equal(b.now) {
		t.Fatal(since, err)
	}
	b.later(time.Hour)
	if again, err := b.Required(ctx, b.now, b.id); err != nil || !again.Equal(since) {
		t.Errorf("the grace period began anew: %v %v", again, err)
	}
}

func TestAnExportComesBackWholeOrNotAtAll(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	b.saveRecovery(Actor{Established: true, Factor: b.app})
	first, secret := b.id, b.secret
	b.id = ID{9, 9}
	b.addApp(owner)
	b.id, b.secret = first, secret
	var file bytes.Buffer
	if n, err := b.Export(ctx, &file, 0); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	whole := file.String()
	lines := strings.SplitAfter(whole, "\n")
	for name, bad := range map[string]string{
		"empty":          "",
		"cut":            strings.Join(lines[:3], ""),
		"a line dropped": lines[0] + lines[2] + lines[3],
		"lines swapped":  lines[0] + lines[2] + lines[1] + lines[3],
		"a line twice":   lines[0] + lines[1] + lines[1] + lines[3],
		"more at end":    whole + lines[1],
		"another head":   strings.Replace(whole, lines[0], fileHead+"00\n", 1),
		"damage":         lines[0] + lines[1] + "A" + lines[2][1:] + lines[3],
		"not base64":     lines[0] + "?\n" + lines[3],
	} {
		to := newBench(t)
		if _, err := to.Import(ctx, strings.NewReader(bad), false); !errors.Is(err, ErrFile) {
			t.Errorf("%s: %v, want ErrFile", name, err)
		}
		if len(to.rows.rows) != 0 {
			t.Errorf("%s: something was written", name)
		}
	}
	other := newBench(t)
	other.Site = "shop2"
	if _, err := other.Import(ctx, strings.NewReader(whole), false); !errors.Is(err, ErrFile) {
		t.Errorf("into another site: %v, want ErrFile", err)
	}
	to := newBench(t)
	to.now, to.secret, to.app = b.now, b.secret, b.app
	if got, err := to.Import(ctx, strings.NewReader(whole), false); err != nil || got.Added != 2 {
		t.Fatalf("%+v %v", got, err)
	}
	code := to.code()
	to.wantWhy(to.try(Attempt{Class: ClassApp, Code: code}), Right)
	if got, err := to.Import(ctx, strings.NewReader(whole), false); err != nil || got.Kept != 2 {
		t.Fatalf("%+v %v", got, err)
	}
	// Replacing brings back no spent code.
	if got, err := to.Import(ctx, strings.NewReader(whole), true); err != nil || got.Replaced != 2 {
		t.Fatalf("%+v %v", got, err)
	}
	to.wantWhy(to.try(Attempt{Class: ClassApp, Code: code}), Used)
}

// What happened since the export stays so, also where the file replaces.
func TestAnImportBringsNothingSpentBack(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	by := Actor{Established: true, Factor: b.app}
	old := b.saveRecovery(by)
	if _, err := b.Update(ctx, b.id, func(a *Account) error {
		a.Passkeys = append(a.Passkeys, Passkey{Factor: Factor{ID: "K"}, Key: passkey.Key{ID: []byte("key"), Count: 5}})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Reset(ctx, b.now, b.id, time.Hour); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if n, err := b.Export(ctx, &file, 0); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	bring := func() *Account {
		t.Helper()
		if got, err := b.Import(ctx, bytes.NewReader(file.Bytes()), true); err != nil || got.Replaced != 1 {
			t.Fatalf("%+v %v", got, err)
		}
		return b.load()
	}
	if _, err := b.CancelReset(ctx, b.now, b.id, by); err != nil {
		t.Fatal(err)
	}
	b.wantWhy(b.try(Attempt{Class: ClassRecovery, Code: old[0]}), Right)
	b.wantWhy(b.try(Attempt{Class: ClassRecovery, Code: spell([RecoveryBits / 8]byte{1})}), Wrong)
	if _, err := b.Update(ctx, b.id, func(a *Account) error {
		a.Passkeys[0].Key.Count = 9
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	notices := len(b.load().Notices)
	a := bring()
	if len(a.Recovery) != RecoveryCodes-1 || a.Passkeys[0].Key.Count != 9 || !a.ResetAt.IsZero() ||
		a.Counters[ClassRecovery][0].Row != 1 || len(a.Notices) != notices {
		t.Errorf("%d recovery codes, counter of the passkey %d, reset at %v, %d wrong answers, %d notices of %d",
			len(a.Recovery), a.Passkeys[0].Key.Count, a.ResetAt, a.Counters[ClassRecovery][0].Row, len(a.Notices), notices)
	}
	b.wantWhy(b.try(Attempt{Class: ClassRecovery, Code: old[0]}), Wrong)
	// New codes made the file's void.
	b.later(time.Minute)
	fresh := b.saveRecovery(by)
	bring()
	b.wantWhy(b.try(Attempt{Class: ClassRecovery, Code: old[1]}), Wrong)
	b.wantWhy(b.try(Attempt{Class: ClassRecovery, Code: fresh[1]}), Right)
	// Where nothing is left, what the file has comes back.
	if _, err := b.Reset(ctx, b.now, b.id, 0); err != nil {
		t.Fatal(err)
	}
	if a := bring(); !a.Enrolled() || len(a.Recovery) != RecoveryCodes {
		t.Errorf("after a reset %d recovery codes came back", len(a.Recovery))
	}
}

func TestAFullDocumentFitsInARow(t *testing.T) {
	b := newBench(t)
	long := strings.Repeat("名", maxName)
	f := Factor{ID: strings.Repeat("A", 16), Name: long, Added: b.now, From: From{Client: long, Place: long}, Used: b.now, Tested: b.now, Until: b.now, Setup: strings.Repeat("A", 16)}
	_, err := b.Update(ctx, b.id, func(a *Account) error {
		for range MaxApps {
			a.Apps = append(a.Apps, App{Factor: f, Secret: make([]byte, 20), Last: 1 << 40})
		}
		for range MaxPasskeys {
			// The longest id of Web Authentication, and a key of RSA-4096.
			a.Passkeys = append(a.Passkeys, Passkey{Factor: f, Key: passkey.Key{ID: make([]byte, 1023), Public: make([]byte, 600),
				Transports: []string{"usb", "nfc", "ble", "internal", "hybrid", "smart-card"}, Model: make([]byte, 16)}})
		}
		for range MaxContacts {
			a.Contacts = append(a.Contacts, Contact{Factor: f, To: strings.Repeat("x", 254)})
		}
		for range RecoveryCodes {
			a.Recovery = append(a.Recovery, make([]byte, 32))
		}
		for range MaxTrusted {
			a.Trusted = append(a.Trusted, Trusted{ID: f.ID, Hash: make([]byte, 32), Before: make([]byte, 32), Label: long, From: f.From, Added: b.now, Used: b.now, Until: b.now})
		}
		for range MaxNotices {
			a.Notices = append(a.Notices, Notice{ID: f.ID, Event: Failed, At: b.now, From: f.From, Name: long, Count: 1 << 30})
		}
		for range LiveChallenges {
			a.Challenges = append(a.Challenges, Challenge{ID: f.ID, Until: b.now, Wrong: 5})
			a.Sent = append(a.Sent, Sent{Challenge: f.ID, Contact: f.ID, Hash: make([]byte, 32), Until: b.now})
		}
		for c := range a.Counters {
			for s := range a.Counters[c] {
				a.Counters[c][s] = Counter{Row: 1 << 30, Times: make([]int64, PerDay)}
				for i := range a.Counters[c][s].Times {
					a.Counters[c][s].Times[i] = b.now.Unix()
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(b.rows.rows[b.id].Value); n > store.MaxRow {
		t.Errorf("%d bytes, and a row takes %d", n, store.MaxRow)
	} else {
		t.Logf("%d of %d bytes", n, store.MaxRow)
	}
}
