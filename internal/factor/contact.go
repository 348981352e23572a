package factor

import (
	"context"
	"errors"
	"net/mail"
	"slices"
	"strings"
	"time"
)

// ErrAddress: no number or address that codes may be sent to.
var ErrAddress = errors.New("no number or address that codes are sent to")

// Number reads a phone number in international form (ITU-T E.164): a plus,
// or 00, and 8 to 15 digits, with spaces, hyphens and brackets where people
// put them. It has to begin with one of countries.
//
// A table of all numbering plans would know more (which numbers exist, which
// are dear), yet ages with every release; the allow-list and the budgets bound
// what a wrong number costs.
func Number(typed string, countries []string) (string, error) {
	var b strings.Builder
	for i, r := range strings.TrimSpace(typed) {
		switch {
		case r == '+' && i == 0, r >= '0' && r <= '9':
			b.WriteRune(r)
		case strings.ContainsRune(" -./()\u00a0\u2011\u2013", r):
		default:
			return "", ErrAddress
		}
	}
	n := b.String()
	if rest, ok := strings.CutPrefix(n, "00"); ok {
		n = "+" + rest
	}
	if len(n) < 9 || len(n) > 16 || n[0] != '+' || n[1] == '0' || country(n, countries) == "" {
		return "", ErrAddress
	}
	return n, nil
}

// country is the longest of countries that number begins with.
func country(number string, countries []string) string {
	best := ""
	for _, c := range countries {
		if len(c) > 1 && c[0] == '+' && len(c) > len(best) && strings.HasPrefix(number, c) {
			best = c
		}
	}
	return best
}

// Address reads an address of e-mail: one, without a name.
func Address(typed string) (string, error) {
	s := strings.TrimSpace(typed)
	a, err := mail.ParseAddress(s)
	// What the parser takes out or puts in is nothing to send mail by.
	if err != nil || a.Address != s || len(s) > 254 || strings.ContainsAny(s, " \t\r\n\"<>(),;:\\[]") {
		return "", ErrAddress
	}
	if at := strings.LastIndexByte(s, '@'); !strings.Contains(s[at:], ".") {
		return "", ErrAddress
	}
	return s, nil
}

// AddContact puts a number or address on the account that is not accepted
// before ConfirmContact; Send sends the code. ErrAlone: there is nothing else
// on the account.
func (v *Vault) AddContact(ctx context.Context, now time.Time, id ID, by Actor, kind Kind, typed, called string, s Sending) (string, *Account, error) {
	var to string
	var err error
	switch kind {
	case SMS:
		to, err = Number(typed, s.Countries)
	case Email:
		to, err = Address(typed)
	default:
		err = ErrAddress
	}
	if err != nil {
		return "", nil, err
	}
	f, err := v.newFactor(now, by, called, "")
	if err != nil {
		return "", nil, err
	}
	a, err := v.Update(ctx, id, func(a *Account) error {
		a.tidy(now)
		a.first(now, by)
		// One that waits to be confirmed gives way to the next.
		for _, c := range a.Contacts {
			if c.Pending {
				a.drop(c.ID)
				break
			}
		}
		switch {
		case !a.mayAdd(by):
			return ErrDenied
		case len(a.Apps)+len(a.Passkeys)+len(a.Recovery) == 0:
			return ErrAlone
		case len(a.Contacts) >= MaxContacts:
			return ErrMany
		}
		a.Contacts = append(a.Contacts, Contact{Factor: f, Kind: kind, To: to, Pending: true})
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	return f.ID, a, nil
}

// ConfirmContact adds a contact for good if the code is the one that was sent
// to it. Wrong codes are counted as those of a login.
func (v *Vault) ConfirmContact(ctx context.Context, now time.Time, id ID, by Actor, contact, typed string) (*Confirmed, error) {
	t := Attempt{Class: ClassCode, Code: typed}
	code, ok := t.read()
	if !ok {
		return &Confirmed{Why: Unreadable}, nil
	}
	r := new(Confirmed)
	waiting := func(a *Account) *Contact {
		for i := range a.Contacts {
			if c := &a.Contacts[i]; c.ID == contact && c.Pending && now.Before(c.Added.Add(PendingLife)) {
				return c
			}
		}
		return nil
	}
	var err error
	r.Account, err = v.Update(ctx, id, func(a *Account) error {
		*r = Confirmed{}
		switch {
		case waiting(a) == nil:
			return ErrOver
		case !a.mayAdd(by):
			return ErrDenied
		}
		if closed := v.raise(a, now, ClassCode, by.Established); closed.Why != 0 {
			r.Why, r.Wait = closed.Why, closed.Wait
			return unchanged
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if r.Why != 0 {
		return r, nil
	}
	a, err := v.Update(ctx, id, func(a *Account) error {
		*r = Confirmed{}
		before := slices.Clone(a.Notices)
		c := waiting(a)
		switch {
		case c == nil:
			return ErrOver
		case !a.mayAdd(by): // the first factor may have come meanwhile
			return ErrDenied
		}
		var judged Result
		if v.judgeSent(a, now, id, contact, contact, code, &judged); judged.Why != Right {
			r.Why = Wrong
			return unchanged
		}
		c.Pending = false
		r.Why, r.Factor = Right, c.ID
		if err := v.added(a, now, by, &c.Factor, ClassCode); err != nil {
			return err
		}
		r.Noticed = noticed(a, before)
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.Account = a
	return r, nil
}
