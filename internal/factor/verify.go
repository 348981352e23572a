package factor

import (
	"context"
	"crypto/subtle"
	"slices"
	"time"

	"github.com/login-guard/login-guard/internal/factor/passkey"
	"github.com/login-guard/login-guard/internal/factor/totp"
)

// Attempt is an answer to a challenge.
type Attempt struct {
	Challenge string // as Begin named it
	Class     Class
	// Code as it was typed: of an app, sent, or a recovery code.
	Code string
	// Of a passkey: who asks, what BeginPasskeyLogin kept, and what the
	// browser sent (JSON).
	Party    passkey.Party
	State    []byte
	Response []byte
	// Known: the device is trusted or established; it has counters of its
	// own. That is for the caller to know, never for the request to say.
	Known bool
	From  From
	// Test is for "test your set-up", by somebody who has given a second
	// factor in this very session: a wrong code of an app then tells by how
	// much its clock is off.
	Test bool
}

// Why says how an answer was taken.
type Why uint8

// The zero value is no answer at all, so that it is never taken for Right.
const (
	_ Why = iota
	// Right: the challenge is answered and gone.
	Right
	// Wrong: not the right code or key.
	Wrong
	// Used: it was right once. The next code of an app is good.
	Used
	// Unreadable: not what a code looks like. It was not counted.
	Unreadable
	// Gone: the challenge was answered, replaced, ended by wrong answers or
	// by time. Begin again.
	Gone
	// Wait: too many tries of this class; Result.Wait says how long.
	Wait
	// ClassLocked: this class is locked; another is not.
	ClassLocked
	// NotOffered: the account accepts no answer of this class.
	NotOffered
	// Copied: the counter of a passkey went back. It is refused.
	Copied
)

var whyNames = [...]string{"", "right", "wrong", "used", "unreadable", "gone", "wait", "locked", "not_offered", "copied"}

// String is the name, for logs and keys of texts.
func (w Why) String() string {
	if int(w) < len(whyNames) {
		return whyNames[w]
	}
	return ""
}

// Result is what became of an answer.
type Result struct {
	Why  Why
	Wait time.Duration // with Wait
	// Left is how many more wrong answers this challenge takes; with none
	// left it is over.
	Left int
	// Factor is the id of what was given, GivenRecovery for a recovery code:
	// Actor wants it.
	Factor string
	// SetUpAgain: a recovery code was used, so something is lost: lead the
	// customer to setting up again.
	SetUpAgain bool
	// Skewed: the code was right for a clock that is Skew ahead.
	Skewed bool
	Skew   time.Duration
	// Noticed are the notices that this made.
	Noticed []Notice
	// Account is as it was stored last; nil if there is none.
	Account *Account
}

// Right reports whether the answer was right. Everything else refuses.
func (r *Result) Right() bool { return r != nil && r.Why == Right }

// Verify judges an answer. The try is counted and stored first; then the
// answer is judged, and what is good once spent, on the document as it is
// then. Of all answers at once to one challenge, or with one code, exactly
// one is Right. An error is one of the store: the answer was not accepted,
// though it may have been counted or spent.
func (v *Vault) Verify(ctx context.Context, now time.Time, id ID, t Attempt) (*Result, error) {
	code, ok := t.read()
	if !ok {
		a, err := v.Load(ctx, id)
		return &Result{Why: Unreadable, Account: a, Left: a.left(now, t.Challenge)}, err
	}
	t.Code, t.From = code, t.From.fit()
	r := new(Result)
	// First count.
	a, err := v.Update(ctx, id, func(a *Account) error {
		*r = Result{}
		c := a.live(now, t.Challenge)
		switch {
		case c == nil:
			r.Why = Gone
			return unchanged
		case !a.offers(t.Class):
			r.Why, r.Left = NotOffered, PerChallenge-c.Wrong
			return unchanged
		}
		if closed := v.raise(a, now, t.Class, t.Known); closed.Why != 0 {
			*r = closed
			r.Left = PerChallenge - c.Wrong
			return unchanged
		}
		c.Wrong++
		return nil
	})
	if r.Account = a; err != nil || r.Why != 0 {
		return r, err
	}
	// Then judge.
	a, err = v.Update(ctx, id, func(a *Account) error {
		*r = Result{}
		before := slices.Clone(a.Notices)
		c := a.challenge(t.Challenge)
		if c == nil || !now.Before(c.Until) || !a.offers(t.Class) {
			r.Why = Gone
			return unchanged
		}
		if err := v.judge(a, now, id, t, r); err != nil {
			return err
		}
		if r.Why == Right {
			// This try was counted among the wrong ones and made no notice.
			a.forgive(now, t.From, c.Wrong-1)
			a.end(t.Challenge)
			a.right(t.Class)
		} else {
			r.Left = max(0, PerChallenge-c.Wrong)
			if err := v.wrong(a, now, t.Class, t.Known, t.From); err != nil {
				return err
			}
		}
		r.Noticed = noticed(a, before)
		return nil
	})
	if err != nil {
		return &Result{}, err
	}
	r.Account = a
	return r, nil
}

// raise counts a try, if there is one to be had; if not it says why.
func (v *Vault) raise(a *Account, now time.Time, class Class, known bool) Result {
	c := &a.Counters[class][side(known)]
	try := c.try(now)
	switch {
	case try.Locked:
		return Result{Why: ClassLocked}
	case !try.Open():
		return Result{Why: Wait, Wait: try.Wait}
	}
	c.raise(now)
	return Result{}
}

// wrong notes a wrong answer, and that it was one too many.
func (v *Vault) wrong(a *Account, now time.Time, class Class, known bool, from From) error {
	if err := v.failed(a, now, from, class); err != nil {
		return err
	}
	if a.Counters[class][side(known)].Row == LockAfter {
		return v.note(a, Notice{Event: Locked, At: now, From: from, Class: class})
	}
	return nil
}

// challenge returns the challenge of that name, nil if there is none.
func (a *Account) challenge(name string) *Challenge {
	for i := range a.Challenges {
		if a.Challenges[i].ID == name && name != "" {
			return &a.Challenges[i]
		}
	}
	return nil
}

// left is how many wrong answers a challenge still takes.
func (a *Account) left(now time.Time, name string) int {
	if a == nil {
		return 0
	}
	c := a.live(now, name)
	if c == nil {
		return 0
	}
	return PerChallenge - c.Wrong
}

// read brings what was typed into the form that is compared.
func (t *Attempt) read() (string, bool) {
	switch t.Class {
	case ClassApp, ClassCode:
		code, err := totp.Parse(t.Code)
		return code, err == nil
	case ClassRecovery:
		return readRecovery(t.Code)
	case ClassPasskey:
		return "", len(t.Response) > 0 && len(t.State) > 0
	default:
		return "", false
	}
}

// judge looks at one answer and spends what is good once. r.Why is not Right
// unless it was.
func (v *Vault) judge(a *Account, now time.Time, id ID, t Attempt, r *Result) error {
	r.Why = Wrong
	switch t.Class {
	case ClassApp:
		a.judgeApp(now, t, r)
	case ClassCode:
		v.judgeSent(a, now, id, t.Challenge, "", t.Code, r)
	case ClassRecovery:
		return v.judgeRecovery(a, now, id, t, r)
	case ClassPasskey:
		return v.judgePasskey(a, now, id, t, r)
	}
	return nil
}

func (a *Account) judgeApp(now time.Time, t Attempt, r *Result) {
	for i := range a.Apps {
		app := &a.Apps[i]
		step, ok, used := totp.Match(app.Secret, t.Code, now, app.Drift, app.Last)
		if used {
			r.Why = Used
		}
		if !ok {
			continue
		}
		app.Drift, app.Lean = totp.Learn(app.Drift, app.Lean, step, now)
		app.Last = step
		a.gave(&app.Factor, now, t.Test, r)
		return
	}
	if !t.Test || r.Why == Used {
		return
	}
	for i := range a.Apps {
		if skew, ok := totp.Skew(a.Apps[i].Secret, t.Code, now); ok {
			r.Skew, r.Skewed = skew, true
			return
		}
	}
}

// gave marks a factor as given.
func (a *Account) gave(f *Factor, now time.Time, test bool, r *Result) {
	f.Used = now
	if test {
		f.Tested = now
	}
	r.Why, r.Factor = Right, f.ID
}

func (v *Vault) judgeRecovery(a *Account, now time.Time, id ID, t Attempt, r *Result) error {
	hash := v.sum("recovery", id, t.Code)
	i := slices.IndexFunc(a.Recovery, func(h []byte) bool { return subtle.ConstantTimeCompare(h, hash) == 1 })
	if i < 0 {
		return nil
	}
	a.Recovery = slices.Delete(a.Recovery, i, i+1)
	// Whoever needs a recovery code has lost a device, and may not be who
	// had it: nothing is trusted any more.
	a.bump()
	r.Why, r.Factor, r.SetUpAgain = Right, GivenRecovery, true
	return v.note(a, Notice{Event: RecoveryUsed, At: now, From: t.From, Class: ClassRecovery})
}
