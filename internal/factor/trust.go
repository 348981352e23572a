package factor

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"time"
)

// trustLen is how long the value of a trusted device is: 128 random bits.
const trustLen = 16

// Trust makes a device trusted for life (0: TrustLife) and returns the value
// to keep in its cookie. Only its keyed hash is stored. It is for somebody
// who has just answered a challenge and asked for it.
func (v *Vault) Trust(ctx context.Context, now time.Time, id ID, label string, from From, life time.Duration) (string, *Account, error) {
	if life <= 0 {
		life = TrustLife
	}
	value, hash, err := v.newTrust(id)
	if err != nil {
		return "", nil, err
	}
	t := Trusted{Hash: hash, Label: name(label), From: from.fit(), Added: now, Used: now, Until: now.Add(life)}
	if t.ID, err = v.newID(); err != nil {
		return "", nil, err
	}
	a, err := v.Update(ctx, id, func(a *Account) error {
		if !a.Enrolled() {
			return ErrNone
		}
		a.tidy(now)
		if len(a.Trusted) >= MaxTrusted {
			// The one that was not used for longest gives way.
			i := 0
			for j := range a.Trusted {
				if a.Trusted[j].Used.Before(a.Trusted[i].Used) {
					i = j
				}
			}
			a.Trusted = slices.Delete(a.Trusted, i, i+1)
		}
		t.Epoch = a.Epoch
		a.Trusted = append(a.Trusted, t)
		return v.note(a, Notice{Event: TrustGiven, At: now, From: from, Name: t.Label})
	})
	if err != nil {
		return "", nil, err
	}
	return value, a, nil
}

// UseTrust reports whether a cookie's value is a trusted device of this
// account, and puts a new value in its place: next replaces the cookie. The
// value before stays good for TrustOverlap, as two tabs send the same; for it
// there is no new one (next is empty, the cookie stays). The life is not
// renewed.
func (v *Vault) UseTrust(ctx context.Context, now time.Time, id ID, value string) (next string, trusted bool, err error) {
	old, ok := v.trustHash(id, value)
	if !ok {
		return "", false, nil
	}
	fresh, hash, err := v.newTrust(id)
	if err != nil {
		return "", false, err
	}
	_, err = v.Update(ctx, id, func(a *Account) error {
		next, trusted = "", false
		for i := range a.Trusted {
			t := &a.Trusted[i]
			if t.Epoch != a.Epoch || !now.Before(t.Until) {
				continue
			}
			switch {
			case subtle.ConstantTimeCompare(t.Hash, old) == 1:
				t.Before, t.Hash, t.Used = t.Hash, hash, now
				next, trusted = fresh, true
				return nil
			case subtle.ConstantTimeCompare(t.Before, old) == 1 && now.Sub(t.Used) < TrustOverlap:
				trusted = true
			}
		}
		return unchanged
	})
	if err != nil {
		return "", false, err
	}
	return next, trusted, nil
}

// newTrust draws a value and its hash.
func (v *Vault) newTrust(id ID) (value string, hash []byte, err error) {
	var b [trustLen]byte
	if err := v.draw(b[:]); err != nil {
		return "", nil, err
	}
	value = base64.RawURLEncoding.EncodeToString(b[:])
	return value, v.sum("trust", id, value), nil
}

// trustHash is the hash of a cookie's value, false if it is none.
func (v *Vault) trustHash(id ID, value string) ([]byte, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil || len(b) != trustLen {
		return nil, false
	}
	return v.sum("trust", id, value), true
}

// Device returns which trusted device a cookie's value is, without using it;
// empty if it is none. For the page that lists them.
func (v *Vault) Device(now time.Time, id ID, a *Account, value string) string {
	hash, ok := v.trustHash(id, value)
	if !ok || a == nil {
		return ""
	}
	for _, t := range a.Trusted {
		if t.Epoch == a.Epoch && now.Before(t.Until) && subtle.ConstantTimeCompare(t.Hash, hash) == 1 {
			return t.ID
		}
	}
	return ""
}

// Distrust ends the trust of one device. The device itself may always (own);
// others' take what Actor says.
func (v *Vault) Distrust(ctx context.Context, now time.Time, id ID, by Actor, own, device string) (*Account, error) {
	return v.Update(ctx, id, func(a *Account) error {
		i := slices.IndexFunc(a.Trusted, func(t Trusted) bool { return t.ID == device })
		switch {
		case i < 0 || device == "":
			return ErrNone
		case device != own && !a.mayChange(now, by):
			return ErrDenied
		}
		a.Trusted = slices.Delete(a.Trusted, i, i+1)
		return nil
	})
}

// SignOut ends the trust of all devices and begins a new security epoch.
func (v *Vault) SignOut(ctx context.Context, now time.Time, id ID, by Actor) (*Account, error) {
	return v.Update(ctx, id, func(a *Account) error {
		if !a.mayChange(now, by) {
			return ErrDenied
		}
		a.bump()
		return v.note(a, Notice{Event: SignedOut, At: now, From: by.From})
	})
}

// PasswordChanged begins a new security epoch: a change of the password was
// seen. An account without a document stays without.
func (v *Vault) PasswordChanged(ctx context.Context, id ID) error {
	_, err := v.Update(ctx, id, func(a *Account) error {
		if !a.Enrolled() && len(a.Trusted) == 0 {
			return unchanged
		}
		a.bump()
		return nil
	})
	return err
}
