package factor

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/width"
)

// recoveryLetters are 32: five bits each. 0, O, 1 and I are left out, as on
// paper they are one another.
const recoveryLetters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// recoveryLen is how many letters a code has.
const recoveryLen = RecoveryBits / 5

// RecoverySet is a set of recovery codes that is not saved yet.
type RecoverySet struct {
	Codes []string // four groups of four letters, with hyphens
	// State goes to ConfirmRecovery; sealed, and bound to account and session.
	State []byte
	Until time.Time
}

// MakeRecovery draws a set of recovery codes. They are shown this once; they
// take the place of the ones before when one of them was typed back.
func (v *Vault) MakeRecovery(now time.Time, id ID, session string) (*RecoverySet, error) {
	set := &RecoverySet{Until: now.Add(PendingLife)}
	hashes := make([][]byte, RecoveryCodes)
	for i := range hashes {
		var b [RecoveryBits / 8]byte
		if err := v.draw(b[:]); err != nil {
			return nil, err
		}
		code := spell(b)
		hashes[i] = v.sum("recovery", id, code)
		set.Codes = append(set.Codes, code[:4]+"-"+code[4:8]+"-"+code[8:12]+"-"+code[12:])
	}
	body, err := json.Marshal(hashes)
	if err != nil {
		return nil, fmt.Errorf("writing recovery codes: %w", err)
	}
	p := pending{What: "recovery", Until: set.Until, Body: body}
	if p.Setup, err = v.newID(); err != nil {
		return nil, err
	}
	set.State, err = v.put(id, session, p)
	return set, err
}

// spell writes 80 bits as 16 letters.
func spell(b [RecoveryBits / 8]byte) string {
	var out [recoveryLen]byte
	acc, bits, n := uint(0), 0, 0
	for _, x := range b {
		acc, bits = acc<<8|uint(x), bits+8
		for bits >= 5 {
			bits -= 5
			out[n] = recoveryLetters[acc>>bits&31]
			n++
		}
	}
	return string(out[:])
}

// readRecovery reads a recovery code as people type it: in any case, with or
// without hyphens and spaces, and with the letters that look alike.
func readRecovery(typed string) (string, bool) {
	if len(typed) > 128 {
		return "", false
	}
	var b strings.Builder
	for _, r := range strings.ToUpper(width.Narrow.String(typed)) {
		switch {
		case strings.ContainsRune(" \t\r\n-_.‐‑–—\u00a0\u200b\u200e\u200f\ufeff", r):
		case r < 128 && strings.ContainsRune(recoveryLetters, r):
			b.WriteRune(r)
		default:
			return "", false
		}
	}
	return b.String(), b.Len() == recoveryLen
}

// ConfirmRecovery saves a set once one of its codes was typed back; the set
// before is void from then on. The code that was typed stays good.
//
// A set may be saved before there is any factor, as a contact needs something
// beside it; it then waits RecoveryWaits for the factor.
func (v *Vault) ConfirmRecovery(ctx context.Context, now time.Time, id ID, by Actor, session string, state []byte, typed string) (*Confirmed, error) {
	p, err := v.get(now, id, session, "recovery", state)
	if err != nil {
		return nil, err
	}
	var hashes [][]byte
	if json.Unmarshal(p.Body, &hashes) != nil {
		return nil, ErrOver
	}
	code, ok := readRecovery(typed)
	if !ok {
		return &Confirmed{Why: Unreadable}, nil
	}
	hash := v.sum("recovery", id, code)
	if !slices.ContainsFunc(hashes, func(h []byte) bool { return subtle.ConstantTimeCompare(h, hash) == 1 }) {
		return &Confirmed{Why: Wrong}, nil
	}
	r := &Confirmed{Why: Right}
	r.Account, err = v.Update(ctx, id, func(a *Account) error {
		before := slices.Clone(a.Notices)
		switch {
		case a.RecoverySetup == p.Setup:
			return ErrOver
		case !a.mayAdd(by):
			return ErrDenied
		case len(a.Recovery) > 0 && !a.mayChange(now, by) && !now.Before(a.RecoveryUntil):
			// New codes void the old, which are another's.
			return ErrDenied
		}
		a.Recovery, a.RecoveryMade, a.RecoverySetup, a.RecoverySession, a.RecoveryUntil = hashes, now, p.Setup, by.Session, until(now, by)
		if f, _ := a.Find(by.Factor); f != nil && f.Provisional(now) {
			// Made with what can be undone, undone with it.
			a.RecoveryUntil = now.Add(Provisional)
		}
		a.right(ClassRecovery)
		if err := v.note(a, Notice{Event: RecoveryMade, At: now, From: by.From, Class: ClassRecovery}); err != nil {
			return err
		}
		r.Noticed = noticed(a, before)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}
