package factor

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Challenge is one time that a second factor is asked for: a held login, or
// an account page that wants one given again.
type Challenge struct {
	ID    string    `json:"id"`
	Until time.Time `json:"until"`
	// Wrong is how many answers were not right.
	Wrong int `json:"wrong,omitempty"`
	// Known: it was begun on a known device. Strangers' give way first.
	Known bool `json:"known,omitempty"`
}

// Begin opens a challenge and returns its name, which is to be kept with what
// waits for the answer; no name if the account has no second factor (none, or
// a reset has come due). At most LiveChallenges live at once: the oldest of a
// stranger gives way, and whoever waits there has to begin again.
func (v *Vault) Begin(ctx context.Context, now time.Time, id ID, known bool) (string, *Account, error) {
	name, err := v.newID()
	if err != nil {
		return "", nil, err
	}
	begun := false
	a, err := v.Update(ctx, id, func(a *Account) error {
		begun = false
		due, err := v.due(a, now)
		if err != nil {
			return err
		}
		if !a.Enrolled() {
			if due {
				return nil
			}
			return unchanged
		}
		begun = true
		a.tidy(now)
		for len(a.Challenges) >= LiveChallenges {
			i := max(0, slices.IndexFunc(a.Challenges, func(c Challenge) bool { return !c.Known }))
			if a.Challenges[i].Known && !known {
				// Only known devices are waiting: of strangers' challenges
				// there is room for none, so the oldest goes all the same.
				i = 0
			}
			a.Challenges = slices.Delete(a.Challenges, i, i+1)
		}
		a.Challenges = append(a.Challenges, Challenge{ID: name, Until: now.Add(ChallengeLife), Known: known})
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	if !begun {
		return "", a, nil
	}
	return name, a, nil
}

// End closes a challenge that will not be answered. It is no error if it is
// not there.
func (v *Vault) End(ctx context.Context, id ID, challenge string) error {
	_, err := v.Update(ctx, id, func(a *Account) error {
		n := len(a.Challenges)
		a.end(challenge)
		if len(a.Challenges) == n {
			return unchanged
		}
		return nil
	})
	return err
}

// live returns a challenge that may still be answered, nil if there is none.
func (a *Account) live(now time.Time, name string) *Challenge {
	for i := range a.Challenges {
		if c := &a.Challenges[i]; c.ID == name && name != "" && now.Before(c.Until) && c.Wrong < PerChallenge {
			return c
		}
	}
	return nil
}

func (a *Account) end(name string) {
	a.Challenges = slices.DeleteFunc(a.Challenges, func(c Challenge) bool { return c.ID == name })
	a.Sent = slices.DeleteFunc(a.Sent, func(s Sent) bool { return s.Challenge == name })
}

// Method is one way to answer a challenge.
type Method struct {
	Class Class
	// Of a code by SMS or e-mail: the contact, its kind and a hint of where
	// the code goes.
	Contact string
	Kind    Kind
	Hint    string
	// Try is what the class allows at the moment.
	Try Try
}

// Methods lists the ways to answer, the strongest first; recovery codes come
// last. can says which kinds of codes can be sent; nil: none.
func (a *Account) Methods(now time.Time, known bool, can func(Kind) bool) []Method {
	if a == nil {
		return nil
	}
	var out []Method
	for class := ClassApp; class < classes; class++ {
		if class != ClassCode && a.offers(class) {
			out = append(out, Method{Class: class, Try: a.Try(now, class, known)})
		}
	}
	if a.offers(ClassCode) && can != nil {
		for _, c := range a.Contacts {
			if !c.Pending && can(c.Kind) {
				out = append(out, Method{Class: ClassCode, Contact: c.ID, Kind: c.Kind, Hint: Hint(c.Kind, c.To), Try: a.Try(now, ClassCode, known)})
			}
		}
	}
	rank := [classes]int{ClassPasskey: 0, ClassApp: 1, ClassCode: 2, ClassRecovery: 3}
	slices.SortStableFunc(out, func(x, y Method) int { return cmp.Compare(rank[x.Class], rank[y.Class]) })
	return out
}

// offers reports whether answers of a class are accepted.
func (a *Account) offers(class Class) bool {
	switch class {
	case ClassApp:
		return len(a.Apps) > 0 && !a.keysOnly()
	case ClassPasskey:
		return len(a.Passkeys) > 0
	case ClassCode:
		return slices.ContainsFunc(a.Contacts, func(c Contact) bool { return !c.Pending }) && !a.keysOnly()
	case ClassRecovery:
		return len(a.Recovery) > 0
	default:
		return false
	}
}

// keysOnly: without a passkey the switch means nothing.
func (a *Account) keysOnly() bool { return a.KeysOnly && len(a.Passkeys) > 0 }

// Hint is a number or address of which only so much shows as its owner needs
// to know it.
func Hint(kind Kind, to string) string {
	const hidden = "•••"
	if kind == SMS {
		if len(to) < 8 {
			return hidden
		}
		return to[:3] + " " + hidden + " " + to[len(to)-2:]
	}
	user, host, ok := strings.Cut(to, "@")
	if !ok {
		return hidden
	}
	dot := strings.LastIndexByte(host, '.')
	if dot < 0 {
		dot = len(host)
	}
	return initial(user) + hidden + "@" + initial(host[:dot]) + hidden + host[dot:]
}

// initial is the first character of s.
func initial(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}
