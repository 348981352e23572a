// Package passkey registers passkeys and security keys and judges what they
// sign (Web Authentication Level 3). The library that does it stays behind
// this package.
//
// A state comes back from each Begin and goes into one Finish. The library
// accepts the same answer twice with the same state, so the caller takes the
// state from where it is kept before it calls Finish.
package passkey

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Errors; test them with errors.Is.
var (
	// ErrRefused: the answer is not right: another challenge, origin or host,
	// a key that is not the user's, a signature that is wrong.
	ErrRefused = errors.New("passkey refused")
	// ErrCopied: the signature counter did not rise, so that there may be a
	// copy of the key (Web Authentication §6.1.1).
	ErrCopied = errors.New("counter of the passkey went back")
	// ErrThere: the key is on the account already.
	ErrThere = errors.New("passkey is on the account already")
)

// challengeSize is 256 bits; Web Authentication §13.4.3 asks at least 128.
const challengeSize = 32

// timeout is what the browser is told, in milliseconds: five minutes, what
// Web Authentication §15.1 recommends where time limits trouble people.
const timeout = 300_000

// MaxResponse bounds an answer, in bytes.
const MaxResponse = 64 << 10

// Party is who asks.
type Party struct {
	// Host is the relying party ID: the host name, without port.
	Host string
	Name string // of the shop, as the browser shows it
	// Origin is where the page stands, such as https://shop.example: the only
	// one that is accepted.
	Origin string
}

// User is whose key it is.
type User struct {
	Handle []byte // 1 to 64 bytes that say nothing about the person
	Name   string // as the browser lists it
	Keys   []Key  // there are
}

// Key is a registered passkey.
type Key struct {
	ID         []byte   `json:"id"`
	Public     []byte   `json:"public"` // COSE
	Count      uint32   `json:"count,omitempty"`
	Transports []string `json:"transports,omitempty"`
	// BackupEligible: the key may be on several devices. It never changes.
	BackupEligible bool `json:"be,omitempty"`
	BackedUp       bool `json:"bs,omitempty"`
	// Verified: the device has checked who holds it, at least once.
	Verified bool   `json:"uv,omitempty"`
	Model    []byte `json:"model,omitempty"` // AAGUID
}

// user is a User for the library.
type user struct{ User }

func (u user) WebAuthnID() []byte          { return u.Handle }
func (u user) WebAuthnName() string        { return u.Name }
func (u user) WebAuthnDisplayName() string { return u.Name }
func (u user) WebAuthnCredentials() []webauthn.Credential {
	out := make([]webauthn.Credential, len(u.Keys))
	for i, k := range u.Keys {
		out[i] = webauthn.Credential{
			ID: k.ID, PublicKey: k.Public, Transport: transports(k.Transports),
			Flags:         webauthn.CredentialFlags{BackupEligible: k.BackupEligible, BackupState: k.BackedUp, UserVerified: k.Verified},
			Authenticator: webauthn.Authenticator{SignCount: k.Count, AAGUID: k.Model},
		}
	}
	return out
}

func transports(all []string) []protocol.AuthenticatorTransport {
	out := make([]protocol.AuthenticatorTransport, len(all))
	for i, t := range all {
		out[i] = protocol.AuthenticatorTransport(t)
	}
	return out
}

func (p Party) library() (*webauthn.WebAuthn, error) {
	if o, err := url.Parse(p.Origin); err != nil || !strings.EqualFold(o.Hostname(), p.Host) {
		return nil, fmt.Errorf("passkeys for %q: the page at %q is not on that host", p.Host, p.Origin)
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: p.Host, RPDisplayName: p.Name, RPOrigins: []string{p.Origin},
		// Which model it is is nobody's business: no attestation.
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			// A discoverable key is what password managers sync; one that
			// cannot be is as good here, the password came first.
			ResidentKey: protocol.ResidentKeyRequirementPreferred,
			// A key without PIN is a second factor too.
			UserVerification: protocol.VerificationPreferred,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys for %s at %s: %w", p.Host, p.Origin, err)
	}
	return w, nil
}

// BeginEnrol returns the options for navigator.credentials.create (JSON, as
// parseCreationOptionsFromJSON takes them) and the state for FinishEnrol.
func BeginEnrol(p Party, u User, random io.Reader) (options, state []byte, err error) {
	w, err := p.library()
	if err != nil {
		return nil, nil, err
	}
	challenge, err := draw(random)
	if err != nil {
		return nil, nil, err
	}
	var there []protocol.CredentialDescriptor
	for _, c := range (user{u}).WebAuthnCredentials() {
		there = append(there, protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: c.ID, Transport: c.Transport})
	}
	creation, session, err := w.BeginRegistration(user{u}, webauthn.WithExclusions(there),
		func(o *protocol.PublicKeyCredentialCreationOptions) error {
			o.Challenge, o.Timeout = challenge, timeout
			return nil
		})
	if err != nil {
		return nil, nil, fmt.Errorf("beginning to add a passkey: %w", err)
	}
	return pack(creation.Response, session)
}

// FinishEnrol judges the answer to BeginEnrol. ErrRefused or ErrThere.
func FinishEnrol(p Party, u User, state, response []byte) (Key, error) {
	w, session, err := unpack(p, state, response)
	if err != nil {
		return Key{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return Key{}, refused(err)
	}
	c, err := w.CreateCredential(user{u}, *session, parsed)
	if err != nil {
		return Key{}, refused(err)
	}
	k := Key{
		ID: c.ID, Public: c.PublicKey, Count: c.Authenticator.SignCount, Model: c.Authenticator.AAGUID,
		BackupEligible: c.Flags.BackupEligible, BackedUp: c.Flags.BackupState, Verified: c.Flags.UserVerified,
	}
	for _, t := range c.Transport {
		// What the browser says is kept for as long as it is sensible.
		if len(k.Transports) < 8 && len(t) <= 16 {
			k.Transports = append(k.Transports, string(t))
		}
	}
	for _, have := range u.Keys {
		if string(have.ID) == string(k.ID) {
			return Key{}, ErrThere
		}
	}
	return k, nil
}

// BeginLogin returns the options for navigator.credentials.get (JSON, as
// parseRequestOptionsFromJSON takes them) and the state for FinishLogin.
func BeginLogin(p Party, u User, random io.Reader) (options, state []byte, err error) {
	w, err := p.library()
	if err != nil {
		return nil, nil, err
	}
	challenge, err := draw(random)
	if err != nil {
		return nil, nil, err
	}
	assertion, session, err := w.BeginLogin(user{u}, webauthn.WithChallenge(challenge),
		func(o *protocol.PublicKeyCredentialRequestOptions) error {
			o.Timeout = timeout
			return nil
		})
	if err != nil {
		return nil, nil, fmt.Errorf("beginning to ask for a passkey: %w", err)
	}
	return pack(assertion.Response, session)
}

// FinishLogin judges the answer to BeginLogin and returns the key that was
// used with its counter and flags as they are to be stored. ErrRefused or
// ErrCopied, with which the key that it concerns comes too.
func FinishLogin(p Party, u User, state, response []byte) (Key, error) {
	w, session, err := unpack(p, state, response)
	if err != nil {
		return Key{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return Key{}, refused(err)
	}
	c, err := w.ValidateLogin(user{u}, *session, parsed)
	if err != nil {
		return Key{}, refused(err)
	}
	for _, k := range u.Keys {
		if string(k.ID) != string(c.ID) {
			continue
		}
		if c.Authenticator.CloneWarning {
			return k, ErrCopied
		}
		k.Count = c.Authenticator.SignCount
		k.BackedUp = c.Flags.BackupState
		k.Verified = k.Verified || parsed.Response.AuthenticatorData.Flags.HasUserVerified()
		return k, nil
	}
	return Key{}, ErrRefused
}

func draw(random io.Reader) ([]byte, error) {
	b := make([]byte, challengeSize)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, fmt.Errorf("drawing a challenge: %w", err)
	}
	return b, nil
}

func pack(options any, session *webauthn.SessionData) (o, state []byte, err error) {
	if o, err = json.Marshal(options); err != nil {
		return nil, nil, fmt.Errorf("writing options of a passkey: %w", err)
	}
	if state, err = json.Marshal(session); err != nil {
		return nil, nil, fmt.Errorf("writing the state of a passkey: %w", err)
	}
	return o, state, nil
}

func unpack(p Party, state, response []byte) (*webauthn.WebAuthn, *webauthn.SessionData, error) {
	if len(response) > MaxResponse {
		return nil, nil, ErrRefused
	}
	w, err := p.library()
	if err != nil {
		return nil, nil, err
	}
	session := new(webauthn.SessionData)
	if err := json.Unmarshal(state, session); err != nil || session.Challenge == "" {
		return nil, nil, ErrRefused
	}
	// An answer to a challenge of another of the shop's hosts is none here.
	if !strings.EqualFold(session.RelyingPartyID, p.Host) {
		return nil, nil, ErrRefused
	}
	return w, session, nil
}

// refused hides what the library says behind ErrRefused; its words hold parts
// of the answer, and are for a debugger only.
func refused(err error) error {
	var e *protocol.Error
	if errors.As(err, &e) && e.Type != "" {
		return fmt.Errorf("%w: %s", ErrRefused, e.Type)
	}
	return ErrRefused
}
