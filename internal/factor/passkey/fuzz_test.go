package passkey_test

import (
	"crypto/rand"
	"errors"
	"testing"

	"github.com/descope/virtualwebauthn"

	"github.com/login-guard/login-guard/internal/factor/passkey"
)

// What a browser sends is judged without a panic, and nothing but what the
// key signed is accepted.
func FuzzAnswers(f *testing.F) {
	b := newBrowser(virtualwebauthn.KeyTypeEC2)
	u := passkey.User{Handle: handle, Name: "anna"}
	options, enrol, err := passkey.BeginEnrol(party, u, rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	o, err := virtualwebauthn.ParseAttestationOptions(wrap(options))
	if err != nil {
		f.Fatal(err)
	}
	made := []byte(virtualwebauthn.CreateAttestationResponse(rp(party.Origin), b.auth, b.cred, *o))
	key, err := passkey.FinishEnrol(party, u, enrol, made)
	if err != nil {
		f.Fatal(err)
	}
	owner := u
	owner.Keys = []passkey.Key{key}
	options, login, err := passkey.BeginLogin(party, owner, rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	l, err := virtualwebauthn.ParseAssertionOptions(wrap(options))
	if err != nil {
		f.Fatal(err)
	}
	b.cred.Counter = 1
	signed := []byte(virtualwebauthn.CreateAssertionResponse(rp(party.Origin), b.auth, b.cred, *l))
	f.Add(made)
	f.Add(signed)
	f.Add([]byte(`{"id":"","rawId":"","type":"public-key","response":{}}`))
	f.Fuzz(func(t *testing.T, response []byte) {
		if _, err := passkey.FinishEnrol(party, u, enrol, response); err != nil && !errors.Is(err, passkey.ErrRefused) {
			t.Errorf("enrolling: %v", err)
		}
		k, err := passkey.FinishLogin(party, owner, login, response)
		if err != nil && !errors.Is(err, passkey.ErrRefused) {
			t.Errorf("login: %v", err)
		}
		// Only its own signature counts, so that the counter is the one that
		// was signed.
		if err == nil && (k.Count != 1 || string(k.ID) != string(key.ID)) {
			t.Errorf("accepted with counter %d: %q", k.Count, response)
		}
	})
}
