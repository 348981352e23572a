package factor

import (
	"errors"
	"strings"
	"testing"

	"github.com/descope/virtualwebauthn"

	"github.com/login-guard/login-guard/internal/factor/passkey"
)

var party = passkey.Party{Host: "shop.example", Name: "Shop", Origin: "https://shop.example"}

// key is a virtual security key at a browser.
type key struct {
	t    *testing.T
	auth virtualwebauthn.Authenticator
	cred virtualwebauthn.Credential
}

func newKey(b *bench, t *testing.T) *key {
	k := &key{t: t, auth: virtualwebauthn.NewAuthenticator()}
	k.auth.Options.UserHandle = b.user(b.id, nil, "").Handle
	// The virtual authenticator drops leading zeros; see package passkey's
	// tests.
	for k.cred = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(k.cred.Key.AttestationData()) != 77; {
		k.cred = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return k
}

func (k *key) at(origin string) virtualwebauthn.RelyingParty {
	return virtualwebauthn.RelyingParty{ID: party.Host, Name: party.Name, Origin: origin}
}

func (k *key) sign(options []byte, origin string) []byte {
	k.t.Helper()
	o, err := virtualwebauthn.ParseAssertionOptions(`{"publicKey":` + string(options) + `}`)
	if err != nil {
		k.t.Fatal(err)
	}
	return []byte(virtualwebauthn.CreateAssertionResponse(k.at(origin), k.auth, k.cred, *o))
}

// addPasskey enrols a key.
func (b *bench) addPasskey(k *key, by Actor, called string) (*Confirmed, error) {
	b.t.Helper()
	options, state, err := b.BeginPasskey(b.now, b.id, b.load(), "session", party, "anna")
	if err != nil {
		b.t.Fatal(err)
	}
	o, err := virtualwebauthn.ParseAttestationOptions(`{"publicKey":` + string(options) + `}`)
	if err != nil {
		b.t.Fatal(err)
	}
	answer := []byte(virtualwebauthn.CreateAttestationResponse(k.at(party.Origin), k.auth, k.cred, *o))
	return b.FinishPasskey(ctx, b.now, b.id, by, "session", party, state, answer, called)
}

// ask begins a challenge and asks for a passkey.
func (b *bench) ask() (challenge string, options, state []byte) {
	b.t.Helper()
	challenge = b.begin()
	options, state, err := b.BeginPasskeyLogin(b.now, b.id, b.load(), challenge, party)
	if err != nil {
		b.t.Fatal(err)
	}
	return challenge, options, state
}

func TestAPasskeyOpensALoginOnce(t *testing.T) {
	b := newBench(t)
	k := newKey(b, t)
	c, err := b.addPasskey(k, owner, "Yubi")
	if err != nil || c.Why != Right {
		t.Fatal(c, err)
	}
	challenge, options, state := b.ask()
	k.cred.Counter = 7
	answer := Attempt{Challenge: challenge, Class: ClassPasskey, Party: party, State: state, Response: k.sign(options, party.Origin)}
	r := b.try(answer)
	b.wantWhy(r, Right)
	if r.Factor != c.Factor || b.load().Passkeys[0].Key.Count != 7 {
		t.Errorf("factor %q, counter %d", r.Factor, b.load().Passkeys[0].Key.Count)
	}
	// The same again, and against a new challenge: the state is not its.
	b.wantWhy(b.try(answer), Gone)
	answer.Challenge = b.begin()
	b.wantWhy(b.try(answer), Wrong)
	// At a phisher's.
	challenge, options, state = b.ask()
	k.cred.Counter = 8
	b.wantWhy(b.try(Attempt{Challenge: challenge, Class: ClassPasskey, Party: party, State: state, Response: k.sign(options, "https://evil.example")}), Wrong)
	// An answer to another challenge of the same account.
	_, options2, _ := b.ask()
	b.wantWhy(b.try(Attempt{Challenge: challenge, Class: ClassPasskey, Party: party, State: state, Response: k.sign(options2, party.Origin)}), Wrong)
	// Each wrong one was counted.
	if got := b.load().Counters[ClassPasskey][0].Row; got != 3 {
		t.Errorf("%d wrong tries counted, want 3", got)
	}
}

func TestACopyOfAPasskeyIsRefusedAndNoticed(t *testing.T) {
	b := newBench(t)
	k := newKey(b, t)
	k.cred.Counter = 5
	if _, err := b.addPasskey(k, owner, "Yubi"); err != nil {
		t.Fatal(err)
	}
	challenge, options, state := b.ask()
	k.cred.Counter = 3
	r := b.try(Attempt{Challenge: challenge, Class: ClassPasskey, Party: party, State: state, Response: k.sign(options, party.Origin)})
	b.wantWhy(r, Copied)
	if got := events(b.load()); !strings.Contains(got, "cloned") {
		t.Errorf("notices %s", got)
	}
	if got := b.load().Passkeys[0].Key.Count; got != 5 {
		t.Errorf("stored counter %d, want 5 as before", got)
	}
}

func TestPasskeysAreSeveralWithNamesAndEachOnce(t *testing.T) {
	b := newBench(t)
	first, second := newKey(b, t), newKey(b, t)
	c, err := b.addPasskey(first, owner, "Yubi")
	if err != nil {
		t.Fatal(err)
	}
	by := Actor{Established: true, Factor: c.Factor}
	if _, err := b.addPasskey(second, by, "Phone"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.addPasskey(first, by, "Yubi again"); !errors.Is(err, passkey.ErrThere) {
		t.Errorf("the same key twice: %v", err)
	}
	if _, err := b.addPasskey(newKey(b, t), owner, "x"); !errors.Is(err, ErrDenied) {
		t.Errorf("without a factor given: %v", err)
	}
	a := b.load()
	if len(a.Passkeys) != 2 || a.Passkeys[0].Name != "Yubi" || a.Passkeys[1].Name != "Phone" {
		t.Errorf("passkeys %+v", a.Passkeys)
	}
}

func TestAPasskeyIsFinishedInItsSessionAndForItsAccount(t *testing.T) {
	b := newBench(t)
	k := newKey(b, t)
	options, state, err := b.BeginPasskey(b.now, b.id, nil, "session", party, "anna")
	if err != nil {
		t.Fatal(err)
	}
	o, err := virtualwebauthn.ParseAttestationOptions(`{"publicKey":` + string(options) + `}`)
	if err != nil {
		t.Fatal(err)
	}
	answer := []byte(virtualwebauthn.CreateAttestationResponse(k.at(party.Origin), k.auth, k.cred, *o))
	_, err = b.FinishPasskey(ctx, b.now, b.id, owner, "another session", party, state, answer, "")
	b.wantErr(err, ErrOver)
	_, err = b.FinishPasskey(ctx, b.now, ID{9}, owner, "session", party, state, answer, "")
	b.wantErr(err, ErrOver)
	_, err = b.FinishPasskey(ctx, b.now.Add(PendingLife), b.id, owner, "session", party, state, answer, "")
	b.wantErr(err, ErrOver)
	if c, err := b.FinishPasskey(ctx, b.now, b.id, owner, "session", party, state, answer, ""); err != nil || c.Why != Right {
		t.Fatal(c, err)
	}
	_, err = b.FinishPasskey(ctx, b.now, b.id, Actor{Factor: GivenRecovery}, "session", party, state, answer, "")
	b.wantErr(err, ErrOver)
}

func TestKeysOnlyNeedsAWayBack(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	by := Actor{Established: true, Factor: b.app}
	_, err := b.SetKeysOnly(ctx, b.now, b.id, by, true)
	b.wantErr(err, ErrAlone)
	if _, err := b.addPasskey(newKey(b, t), by, "Yubi"); err != nil {
		t.Fatal(err)
	}
	_, err = b.SetKeysOnly(ctx, b.now, b.id, by, true)
	b.wantErr(err, ErrAlone)
	b.saveRecovery(by)
	if _, err = b.SetKeysOnly(ctx, b.now, b.id, by, true); err != nil {
		t.Fatal(err)
	}
	b.wantWhy(b.try(Attempt{Class: ClassApp, Code: b.code()}), NotOffered)
	var got []string
	for _, m := range b.load().Methods(b.now, false, nil) {
		got = append(got, m.Class.String())
	}
	if strings.Join(got, " ") != "passkey recovery" {
		t.Errorf("methods %v", got)
	}
}
