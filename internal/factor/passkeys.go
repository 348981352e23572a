package factor

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/login-guard/login-guard/internal/factor/passkey"
)

// user is the account as a passkey sees it. The handle is a keyed hash: it
// says nothing about the person and is the same for all keys of an account,
// so that a password manager replaces rather than adds.
func (v *Vault) user(id ID, a *Account, called string) passkey.User {
	u := passkey.User{Handle: v.sum("handle", id), Name: called}
	if a != nil {
		for _, k := range a.Passkeys {
			u.Keys = append(u.Keys, k.Key)
		}
	}
	return u
}

// BeginPasskey returns what the browser needs to make a passkey (JSON for
// parseCreationOptionsFromJSON) and a sealed state for FinishPasskey, which
// the caller keeps and takes. a may be nil; called is the account's name as
// the browser lists it.
func (v *Vault) BeginPasskey(now time.Time, id ID, a *Account, session string, p passkey.Party, called string) (options, state []byte, err error) {
	options, body, err := passkey.BeginEnrol(p, v.user(id, a, called), v.source())
	if err != nil {
		return nil, nil, err
	}
	begun := pending{What: "passkey", Until: now.Add(PendingLife), Body: body}
	if begun.Setup, err = v.newID(); err != nil {
		return nil, nil, err
	}
	state, err = v.put(id, session, begun)
	return options, state, err
}

// FinishPasskey adds the passkey that the browser made. Why is Right or
// Wrong; errors as of ConfirmApp, and passkey.ErrThere for a key that is on
// the account.
func (v *Vault) FinishPasskey(ctx context.Context, now time.Time, id ID, by Actor, session string, p passkey.Party, state, response []byte, called string) (*Confirmed, error) {
	begun, err := v.get(now, id, session, "passkey", state)
	if err != nil {
		return nil, err
	}
	f, err := v.newFactor(now, by, called, begun.Setup)
	if err != nil {
		return nil, err
	}
	key, err := passkey.FinishEnrol(p, v.user(id, nil, ""), begun.Body, response)
	if errors.Is(err, passkey.ErrRefused) {
		return &Confirmed{Why: Wrong}, nil
	}
	if err != nil {
		return nil, err
	}
	return v.add(ctx, now, id, by, f, ClassPasskey, func(a *Account) error {
		switch {
		case slices.ContainsFunc(a.Passkeys, func(x Passkey) bool { return x.Setup == begun.Setup }):
			return ErrOver
		case slices.ContainsFunc(a.Passkeys, func(x Passkey) bool { return bytes.Equal(x.Key.ID, key.ID) }):
			return passkey.ErrThere
		case len(a.Passkeys) >= MaxPasskeys:
			return ErrMany
		}
		a.Passkeys = append(a.Passkeys, Passkey{Factor: f, Key: key})
		return nil
	})
}

// BeginPasskeyLogin returns what the browser needs to ask for one of the
// account's passkeys (JSON for parseRequestOptionsFromJSON) and a sealed
// state, good for this challenge only, which the caller keeps and takes.
func (v *Vault) BeginPasskeyLogin(now time.Time, id ID, a *Account, challenge string, p passkey.Party) (options, state []byte, err error) {
	if a == nil || len(a.Passkeys) == 0 {
		return nil, nil, ErrNone
	}
	options, body, err := passkey.BeginLogin(p, v.user(id, a, ""), v.source())
	if err != nil {
		return nil, nil, err
	}
	state, err = v.put(id, challenge, pending{What: "assertion", Until: now.Add(PendingLife), Body: body})
	return options, state, err
}

func (v *Vault) judgePasskey(a *Account, now time.Time, id ID, t Attempt, r *Result) error {
	begun, err := v.get(now, id, t.Challenge, "assertion", t.State)
	if err != nil {
		return nil // wrong: over, or another challenge's
	}
	key, err := passkey.FinishLogin(t.Party, v.user(id, a, ""), begun.Body, t.Response)
	i := slices.IndexFunc(a.Passkeys, func(k Passkey) bool { return bytes.Equal(k.Key.ID, key.ID) })
	switch {
	case errors.Is(err, passkey.ErrRefused):
		return nil
	case errors.Is(err, passkey.ErrCopied) && i >= 0:
		r.Why = Copied
		return v.note(a, Notice{Event: Cloned, At: now, From: t.From, Class: ClassPasskey, Name: a.Passkeys[i].Name})
	case err != nil:
		return err
	case i < 0:
		return nil
	}
	a.Passkeys[i].Key = key
	a.gave(&a.Passkeys[i].Factor, now, t.Test, r)
	return nil
}
