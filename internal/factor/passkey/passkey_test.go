package passkey_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/descope/virtualwebauthn"

	"github.com/login-guard/login-guard/internal/factor/passkey"
)

var (
	party  = passkey.Party{Host: "shop.example", Name: "Shop", Origin: "https://shop.example"}
	handle = []byte("0123456789abcdef0123456789abcdef")
)

// rp is what the virtual browser takes itself to be at.
func rp(origin string) virtualwebauthn.RelyingParty {
	return virtualwebauthn.RelyingParty{ID: party.Host, Name: party.Name, Origin: origin}
}

// browser has one virtual authenticator with one key.
type browser struct {
	auth virtualwebauthn.Authenticator
	cred virtualwebauthn.Credential
}

func newBrowser(kind virtualwebauthn.KeyType) *browser {
	return &browser{
		auth: virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: handle}),
		cred: newCredential(kind),
	}
}

// newCredential draws a key. The virtual authenticator leaves out leading
// zeros of a coordinate, against RFC 9053 §7.1.1: one key in 128 is refused.
// Those are drawn again.
func newCredential(kind virtualwebauthn.KeyType) virtualwebauthn.Credential {
	const whole = 77 // bytes of a P-256 key in COSE
	for {
		c := virtualwebauthn.NewCredential(kind)
		if kind != virtualwebauthn.KeyTypeEC2 || len(c.Key.AttestationData()) == whole {
			return c
		}
	}
}

// wrap is what the virtual browser expects options in.
func wrap(options []byte) string { return `{"publicKey":` + string(options) + `}` }

func (b *browser) create(t *testing.T, options []byte, at virtualwebauthn.RelyingParty) []byte {
	t.Helper()
	o, err := virtualwebauthn.ParseAttestationOptions(wrap(options))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(virtualwebauthn.CreateAttestationResponse(at, b.auth, b.cred, *o))
}

func (b *browser) get(t *testing.T, options []byte, at virtualwebauthn.RelyingParty) []byte {
	t.Helper()
	o, err := virtualwebauthn.ParseAssertionOptions(wrap(options))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(virtualwebauthn.CreateAssertionResponse(at, b.auth, b.cred, *o))
}

// enrol registers the browser's key.
func (b *browser) enrol(t *testing.T, u passkey.User) passkey.Key {
	t.Helper()
	options, state, err := passkey.BeginEnrol(party, u, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k, err := passkey.FinishEnrol(party, u, state, b.create(t, options, rp(party.Origin)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestAKeyThatWasAddedOpensALogin(t *testing.T) {
	for _, kind := range []virtualwebauthn.KeyType{virtualwebauthn.KeyTypeEC2, virtualwebauthn.KeyTypeRSA} {
		t.Run(string(kind), func(t *testing.T) {
			b := newBrowser(kind)
			u := passkey.User{Handle: handle, Name: "anna"}
			u.Keys = []passkey.Key{b.enrol(t, u)}
			// What is stored is what is used.
			stored, err := json.Marshal(u.Keys)
			if err != nil {
				t.Fatal(err)
			}
			u.Keys = nil
			if err := json.Unmarshal(stored, &u.Keys); err != nil {
				t.Fatal(err)
			}
			for _, count := range []uint32{1, 2, 70} {
				b.cred.Counter = count
				options, state, err := passkey.BeginLogin(party, u, rand.Reader)
				if err != nil {
					t.Fatal(err)
				}
				k, err := passkey.FinishLogin(party, u, state, b.get(t, options, rp(party.Origin)))
				if err != nil || k.Count != count || !k.Verified {
					t.Fatalf("count %d verified %v: %v", k.Count, k.Verified, err)
				}
				u.Keys[0] = k
			}
		})
	}
}

func TestOptionsAskForNoMoreThanNeeded(t *testing.T) {
	b := newBrowser(virtualwebauthn.KeyTypeEC2)
	u := passkey.User{Handle: handle, Name: "anna"}
	u.Keys = []passkey.Key{b.enrol(t, u)}
	options, _, err := passkey.BeginEnrol(party, u, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var o struct {
		RP                     struct{ ID, Name string }
		User                   struct{ ID, Name string }
		Challenge              string
		Timeout                int
		Attestation            string
		ExcludeCredentials     []struct{ ID, Type string }
		AuthenticatorSelection struct{ UserVerification, ResidentKey string }
	}
	if err := json.Unmarshal(options, &o); err != nil {
		t.Fatal(err)
	}
	id := base64.RawURLEncoding.EncodeToString(b.cred.ID)
	if o.RP.ID != party.Host || o.User.ID != base64.RawURLEncoding.EncodeToString(handle) || o.Attestation != "" && o.Attestation != "none" ||
		o.AuthenticatorSelection.UserVerification != "preferred" || o.Timeout != 300_000 || len(o.Challenge) != 43 ||
		len(o.ExcludeCredentials) != 1 || o.ExcludeCredentials[0].ID != id {
		t.Errorf("options %s", options)
	}
	options, _, err = passkey.BeginLogin(party, u, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var l struct {
		RPID             string `json:"rpId"`
		UserVerification string
		AllowCredentials []struct{ ID string }
	}
	if err := json.Unmarshal(options, &l); err != nil {
		t.Fatal(err)
	}
	if l.RPID != party.Host || l.UserVerification != "preferred" || len(l.AllowCredentials) != 1 || l.AllowCredentials[0].ID != id {
		t.Errorf("options %s", options)
	}
}

func TestWhatIsNotForThisLoginIsRefused(t *testing.T) {
	b := newBrowser(virtualwebauthn.KeyTypeEC2)
	u := passkey.User{Handle: handle, Name: "anna"}
	u.Keys = []passkey.Key{b.enrol(t, u)}
	b.cred.Counter = 1
	options, state, err := passkey.BeginLogin(party, u, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	others, otherState, err := passkey.BeginLogin(party, u, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := b.get(t, options, rp(party.Origin))
	stranger := newBrowser(virtualwebauthn.KeyTypeEC2)
	// A key of the same id, that is not the same.
	forged := &browser{auth: b.auth, cred: newCredential(virtualwebauthn.KeyTypeEC2)}
	forged.cred.ID, forged.cred.Counter = b.cred.ID, 1
	otherHost := rp(party.Origin)
	otherHost.ID = "evil.example"
	for name, test := range map[string]struct{ state, response []byte }{
		"origin of a phisher":        {state, b.get(t, options, rp("https://shop.example.evil.example"))},
		"origin of a sub-domain":     {state, b.get(t, options, rp("https://evil.shop.example"))},
		"origin without TLS":         {state, b.get(t, options, rp("http://shop.example"))},
		"origin on another port":     {state, b.get(t, options, rp("https://shop.example:444"))},
		"host of another":            {state, b.get(t, options, otherHost)},
		"challenge of another login": {state, b.get(t, others, rp(party.Origin))},
		"state of another login":     {otherState, good},
		"key that is not the user's": {state, stranger.get(t, options, rp(party.Origin))},
		"signature of another key":   {state, forged.get(t, options, rp(party.Origin))},
		"no state":                   {nil, good},
		"state that is none":         {[]byte("{}"), good},
		"no response":                {state, nil},
		"response that is none":      {state, []byte(`{"id":1}`)},
		"too long":                   {state, []byte(strings.Repeat(" ", passkey.MaxResponse) + string(good))},
	} {
		t.Run(name, func(t *testing.T) {
			if k, err := passkey.FinishLogin(party, u, test.state, test.response); !errors.Is(err, passkey.ErrRefused) {
				t.Fatalf("key %x, error %v; want ErrRefused", k.ID, err)
			}
		})
	}
	elsewhere := party
	elsewhere.Host, elsewhere.Origin = "other.example", "https://other.example"
	if _, err := passkey.FinishLogin(elsewhere, u, state, good); !errors.Is(err, passkey.ErrRefused) {
		t.Errorf("at another host: %v", err)
	}
	if _, err := passkey.FinishLogin(party, u, state, good); err != nil {
		t.Errorf("the right one: %v", err)
	}
}

func TestACounterThatDoesNotRiseIsRefused(t *testing.T) {
	b := newBrowser(virtualwebauthn.KeyTypeEC2)
	u := passkey.User{Handle: handle, Name: "anna"}
	u.Keys = []passkey.Key{b.enrol(t, u)}
	login := func(stored, sent uint32) error {
		u.Keys[0].Count, b.cred.Counter = stored, sent
		options, state, err := passkey.BeginLogin(party, u, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		_, err = passkey.FinishLogin(party, u, state, b.get(t, options, rp(party.Origin)))
		return err
	}
	for _, test := range []struct {
		stored, sent uint32
		want         error
	}{
		{0, 0, nil}, {0, 5, nil}, {5, 6, nil}, {5, 5, passkey.ErrCopied}, {5, 4, passkey.ErrCopied}, {5, 0, passkey.ErrCopied},
	} {
		if err := login(test.stored, test.sent); !errors.Is(err, test.want) {
			t.Errorf("stored %d, sent %d: %v, want %v", test.stored, test.sent, err, test.want)
		}
	}
}

func TestAnEnrolmentIsBoundToItsChallengeAndOrigin(t *testing.T) {
	b := newBrowser(virtualwebauthn.KeyTypeEC2)
	u := passkey.User{Handle: handle, Name: "anna"}
	options, state, err := passkey.BeginEnrol(party, u, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, otherState, err := passkey.BeginEnrol(party, u, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other := u
	other.Handle = []byte("another account's handle")
	good := b.create(t, options, rp(party.Origin))
	for name, try := range map[string]func() (passkey.Key, error){
		"origin": func() (passkey.Key, error) {
			return passkey.FinishEnrol(party, u, state, b.create(t, options, rp("https://evil.example")))
		},
		"challenge": func() (passkey.Key, error) { return passkey.FinishEnrol(party, u, otherState, good) },
		"account":   func() (passkey.Key, error) { return passkey.FinishEnrol(party, other, state, good) },
		"nothing":   func() (passkey.Key, error) { return passkey.FinishEnrol(party, u, state, []byte("{")) },
	} {
		if _, err := try(); !errors.Is(err, passkey.ErrRefused) {
			t.Errorf("%s: %v, want ErrRefused", name, err)
		}
	}
	k, err := passkey.FinishEnrol(party, u, state, good)
	if err != nil {
		t.Fatal(err)
	}
	u.Keys = []passkey.Key{k}
	if _, err := passkey.FinishEnrol(party, u, state, good); !errors.Is(err, passkey.ErrThere) {
		t.Errorf("the same key again: %v, want ErrThere", err)
	}
}

func TestAPartyThatCannotBeIsAnError(t *testing.T) {
	u := passkey.User{Handle: handle}
	for name, p := range map[string]passkey.Party{
		"no host":   {Name: "Shop", Origin: "https://shop.example"},
		"no origin": {Host: "shop.example", Name: "Shop"},
		"a URL":     {Host: "https://shop.example", Name: "Shop", Origin: "https://shop.example"},
	} {
		if _, _, err := passkey.BeginEnrol(p, u, rand.Reader); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, _, err := passkey.BeginEnrol(party, u, iotest.ErrReader(iotest.ErrTimeout)); err == nil {
		t.Error("no randomness: no error")
	}
}
