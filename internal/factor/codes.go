package factor

import (
	"context"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Sent is a code that was sent and is good for one challenge.
type Sent struct {
	Challenge string    `json:"challenge"`
	Contact   string    `json:"contact"`
	Hash      []byte    `json:"hash"`
	Until     time.Time `json:"until"`
}

// Budget is one unit of a budget that accounts share.
type Budget struct {
	Name  string // stable; holds a number's range, so hash it before it is a key
	Burst int
	Every time.Duration
}

// Budgets takes one unit of each or none, and says how long until there is
// one. store.Reserve does that.
type Budgets interface {
	Take(ctx context.Context, now time.Time, all []Budget) (wait time.Duration, err error)
}

// Sending says what may be sent.
type Sending struct {
	// Countries are the prefixes of numbers that SMS go to, such as +49.
	// None: no SMS at all.
	Countries []string
	// Budgets that accounts share; nil: nothing is sent.
	Budgets Budgets
	// PerSite bounds the codes sent in a day by one site, PerCountry those to
	// one of Countries, PerRange those to numbers alike but for the last four
	// digits, as pumping rents whole ranges. Default: 500, 300, 5.
	PerSite, PerCountry, PerRange int
}

// Message is a code to send. It is in no document: only its keyed hash is.
type Message struct {
	Kind Kind
	To   string
	Code string
}

// Dispatch is what became of asking for a code.
type Dispatch struct {
	// Why is Right (send Message), Wait, ClassLocked, Gone or NotOffered.
	Why     Why
	Wait    time.Duration // with Wait
	Message Message
	Until   time.Time // until when the code is good
	// Again is how long until another may be asked for.
	Again   time.Duration
	Contact string
	Account *Account
}

// Send draws a code for a contact and a challenge, and stores its hash; the
// one before is void. The counters of wrong codes stay. For a contact that is
// not confirmed the challenge is the contact's own id.
//
// The account's own budget is taken first, and stored: of many who ask at once
// one comes to the shared budgets, or anyone could spend those for everybody.
func (v *Vault) Send(ctx context.Context, now time.Time, id ID, challenge, contact string, known bool, s Sending) (*Dispatch, error) {
	var d Dispatch
	var c Contact
	look := func(a *Account, turn bool) {
		d = Dispatch{Contact: contact}
		i := slices.IndexFunc(a.Contacts, func(c Contact) bool { return c.ID == contact })
		if i < 0 || s.Budgets == nil {
			d.Why = NotOffered
			return
		}
		c = a.Contacts[i]
		try := a.Try(now, ClassCode, known)
		var wait time.Duration
		if turn {
			wait = a.sendWait(now)
		}
		switch {
		case c.Pending && challenge != c.ID,
			!c.Pending && a.live(now, challenge) == nil,
			c.Pending && !now.Before(c.Added.Add(PendingLife)):
			d.Why = Gone
		case !c.Pending && !a.offers(ClassCode), c.Kind == SMS && country(c.To, s.Countries) == "":
			d.Why = NotOffered
		case try.Locked:
			d.Why = ClassLocked
		case max(wait, try.Wait) > 0:
			d.Why, d.Wait = Wait, max(wait, try.Wait)
		}
	}
	a, err := v.Load(ctx, id)
	if err != nil {
		return nil, err
	}
	if a == nil {
		return &Dispatch{Why: NotOffered}, nil
	}
	a, err = v.Update(ctx, id, func(a *Account) error {
		if look(a, true); d.Why != 0 {
			return unchanged
		}
		a.tidy(now)
		a.Sends = append(a.Sends, now.Unix())
		return nil
	})
	if err != nil {
		return nil, err
	}
	if d.Account = a; d.Why != 0 {
		return &d, nil
	}
	wait, err := s.Budgets.Take(ctx, now, s.budgets(c))
	if err != nil || wait > 0 {
		if d.Account, err = a, errors.Join(err, v.unsent(ctx, now, id)); err != nil {
			return nil, fmt.Errorf("asking the budgets of codes: %w", err)
		}
		d.Why, d.Wait = Wait, wait
		return &d, nil
	}
	code, err := v.newCode()
	if err != nil {
		return nil, err
	}
	a, err = v.Update(ctx, id, func(a *Account) error {
		a.tidy(now)
		if look(a, false); d.Why != 0 {
			return unchanged
		}
		a.Sent = slices.DeleteFunc(a.Sent, func(x Sent) bool { return x.Challenge == challenge })
		d.Until = now.Add(CodeLife)
		a.Sent = append(a.Sent, Sent{Challenge: challenge, Contact: contact, Hash: v.sum("sent", id, challenge, code), Until: d.Until})
		d.Why, d.Again = Right, a.sendWait(now)
		d.Message = Message{Kind: c.Kind, To: c.To, Code: code}
		return nil
	})
	if err != nil {
		return nil, err
	}
	d.Account = a
	return &d, nil
}

// unsent gives the account's own budget back for a code that is not sent.
func (v *Vault) unsent(ctx context.Context, now time.Time, id ID) error {
	_, err := v.Update(ctx, id, func(a *Account) error {
		i := slices.Index(a.Sends, now.Unix())
		if i < 0 {
			return unchanged
		}
		a.Sends = slices.Delete(a.Sends, i, i+1)
		return nil
	})
	return err
}

// sendWait is how long until another code may be sent to this account.
func (a *Account) sendWait(now time.Time) time.Duration {
	c := Counter{Times: a.Sends}
	inHour, oldestHour := c.within(now, time.Hour)
	inDay, oldestDay := c.within(now, 24*time.Hour)
	var wait time.Duration
	if inHour > 0 {
		last := time.Unix(a.Sends[len(a.Sends)-1], 0)
		gap := ResendAfter << (inHour - 1)
		wait = min(last.Add(gap).Sub(now), gap)
	}
	if inHour >= SendsPerHour {
		wait = max(wait, min(oldestHour.Add(time.Hour).Sub(now), time.Hour))
	}
	if inDay >= SendsPerDay {
		wait = max(wait, min(oldestDay.Add(24*time.Hour).Sub(now), 24*time.Hour))
	}
	return max(0, wait)
}

// budgets that accounts share, for one contact.
func (s Sending) budgets(c Contact) []Budget {
	daily := func(name string, n, fallback int) Budget {
		if n <= 0 {
			n = fallback
		}
		return Budget{Name: name, Burst: n, Every: 24 * time.Hour / time.Duration(n)}
	}
	out := []Budget{daily("code/site", s.PerSite, 500)}
	if c.Kind == SMS {
		out = append(out,
			daily("code/country/"+country(c.To, s.Countries), s.PerCountry, 300),
			daily("code/range/"+c.To[:len(c.To)-4], s.PerRange, 5))
	}
	return out
}

// newCode draws six digits, each of the million as likely as any other: what
// would make the low ones likelier is drawn again.
func (v *Vault) newCode() (string, error) {
	const n, limit = 1_000_000, 1 << 32 / 1_000_000 * 1_000_000
	for {
		var b [4]byte
		if err := v.draw(b[:]); err != nil {
			return "", err
		}
		if x := binary.BigEndian.Uint32(b[:]); x < limit {
			return fmt.Sprintf("%06d", x%n), nil
		}
	}
}

// judgeSent looks for a sent code; only of a contact that is confirmed,
// unless pending names one that is not.
func (v *Vault) judgeSent(a *Account, now time.Time, id ID, challenge, pending, code string, r *Result) {
	hash := v.sum("sent", id, challenge, code)
	for i, s := range a.Sent {
		if s.Challenge != challenge || !now.Before(s.Until) || subtle.ConstantTimeCompare(s.Hash, hash) != 1 {
			continue
		}
		j := slices.IndexFunc(a.Contacts, func(c Contact) bool {
			return c.ID == s.Contact && c.Pending == (pending != "") && (pending == "" || c.ID == pending)
		})
		if j < 0 {
			continue
		}
		a.Sent = slices.Delete(a.Sent, i, i+1)
		a.gave(&a.Contacts[j].Factor, now, false, r)
		return
	}
}
