package challenge

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/store"
)

// Answer is what a page sends.
type Answer struct {
	Token string
	Pow   uint32
	Way   string
	Text  string
	// Seen is what the page saw of the answering, as it was sent.
	Seen []byte
	// Scripted: the page's script sent it, with a proof of work. Without
	// script only the picture, the sound and the slow way can be answered.
	Scripted bool
}

// Result is a judgement.
type Result int

// Results. The zero Result is Again: a fresh check.
const (
	Again   Result = iota // not passed; the token is spent
	Wait                  // too early; the token is still good
	Spent                 // budget of passed checks is spent: only the slow way
	Checked               // passed
)

// Judgement is what became of an answer.
type Judgement struct {
	Result
	// Wait is how much too early it was, with Wait.
	Wait time.Duration
	// Evidence is what the answering says about who answered.
	Evidence Evidence
}

// Judge judges an answer to an opened token.
func (c *Checks) Judge(ctx context.Context, now time.Time, t Token, a Answer) (Judgement, error) {
	early := max(t.After, floor(t.Kind, a.Way)) - now.Sub(t.Issued)
	if t.Kind == Slow {
		end, err := c.placeEnd(ctx, t.Place)
		if err != nil {
			return Judgement{}, err
		}
		early = max(early, end.Sub(now))
	}
	if early > 0 {
		return Judgement{Result: Wait, Wait: early}, nil
	}
	// Without the work an answer is not looked at and leaves no trace: marks
	// of what is spent must cost their sender more than us.
	if !fits(t.Kind, a) || (a.Scripted && !proved(t, a)) {
		return Judgement{}, nil
	}
	first, err := c.Store.Spend(ctx, c.key("spent", t.Nonce[:]), Life+time.Minute)
	if err != nil {
		return Judgement{}, fmt.Errorf("spending a check: %w", err)
	}
	if !first {
		return Judgement{}, nil
	}
	return c.judge(ctx, now, t, a)
}

// judge judges the first answer to a token.
func (c *Checks) judge(ctx context.Context, now time.Time, t Token, a Answer) (Judgement, error) {
	var out Judgement
	switch t.Kind {
	case Slider:
		var err error
		if out.Evidence, err = c.evidence(ctx, now, t, a); err != nil {
			return Judgement{}, err
		}
	case Picture, Sound:
		if ok, err := c.tries(ctx, now, t); err != nil || !ok {
			return Judgement{Result: Spent}, err
		}
		if !c.reads(t, a.Text) {
			return Judgement{}, nil
		}
	case Slow:
		// One place in line is good for one login.
		switch _, err := c.Store.Take(ctx, t.Place); {
		case errors.Is(err, store.ErrNotFound):
			return Judgement{}, nil
		case err != nil:
			return Judgement{}, fmt.Errorf("leaving the line: %w", err)
		}
		out.Result = Checked
		return out, nil
	default:
		return Judgement{}, nil
	}
	if t.Budget.IsZero() {
		out.Result = Checked
		return out, nil
	}
	ok, err := c.PayPass(ctx, now, t.Budget, t.Kind)
	if err != nil {
		return Judgement{}, err
	}
	if out.Result = Checked; !ok {
		out.Result = Spent
	}
	return out, nil
}

// triesEach is how many pictures and sounds may be answered for one held
// login: a program that reads 4 of 5 passes 99 in 100 of them in three tries,
// and each more is worth less to people than to it. After them there is the
// slow way.
const triesEach = 3

// tries counts an answer to a picture or sound, and reports whether it may be
// looked at.
func (c *Checks) tries(ctx context.Context, now time.Time, t Token) (bool, error) {
	var got store.Reserved
	key := c.triesKey(t.Hold, t.Budget)
	if err := c.Store.Reserve(ctx, &store.Reserve{Now: now, Charges: []store.Charge{
		{Key: key, Burst: triesEach, Every: triesLife}}}, &got); err != nil {
		return false, fmt.Errorf("counting a try: %w", err)
	}
	if got.Over == 0 {
		return true, nil
	}
	// As with a doubt: it holds here in any case.
	_ = c.Store.Mark(ctx, c.key("tried-out", key[:]), now, triesLife)
	return false, nil
}

// triesLife is longer than a login is held.
const triesLife = 3 * time.Hour

// TriedOut reports whether a held login has had its tries at pictures.
func (c *Checks) TriedOut(ctx context.Context, now time.Time, hold [16]byte, budget store.Key) (bool, error) {
	key := c.triesKey(hold, budget)
	at, err := c.marked(ctx, now, c.key("tried-out", key[:]))
	if err != nil {
		return false, fmt.Errorf("looking for tries: %w", err)
	}
	return !at.IsZero(), nil
}

// triesKey names the tries of a held login, or of an address and account
// where it could not be kept.
func (c *Checks) triesKey(hold [16]byte, budget store.Key) store.Key {
	return c.key("tries", append(hold[:], budget[:]...))
}

// Budgets of passed checks, an address × account and hour. What was taken
// comes back after an hour, one by one, so that no hour has more.
const (
	passesAnHour = 12 // slider, press, picture and sound together
	soundsAnHour = 3  // of them by sound: the easiest to read for a machine
)

// PayPass takes a passed check from its budget, and reports whether there was
// one left.
func (c *Checks) PayPass(ctx context.Context, now time.Time, budget store.Key, k Kind) (bool, error) {
	var got store.Reserved
	q := store.Reserve{Now: now, Charges: []store.Charge{
		{Key: c.key("passed", budget[:]), Burst: passesAnHour, Every: time.Hour}}}
	if k == Sound {
		q.Charges = append(q.Charges, store.Charge{Key: c.key("passed-sound", budget[:]), Burst: soundsAnHour, Every: time.Hour})
	}
	if err := c.Store.Reserve(ctx, &q, &got); err != nil {
		return false, fmt.Errorf("counting a passed check: %w", err)
	}
	return got.Over == 0, nil
}

// placeEnd is when a place in line is over. A place that is not there, or
// was used, ends now: its answer is judged, and is worth nothing.
func (c *Checks) placeEnd(ctx context.Context, place store.Key) (time.Time, error) {
	value, err := c.Store.Peek(ctx, place)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, fmt.Errorf("looking at the line: %w", err)
	case len(value) != 8:
		return time.Time{}, nil
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(value))), nil
}

// Supersede notes that a check was renewed and reports whether it is for the
// first time.
func (c *Checks) Supersede(ctx context.Context, t Token) (bool, error) {
	first, err := c.Store.Spend(ctx, c.key("superseded", t.Nonce[:]), Life+time.Minute)
	if err != nil {
		return false, fmt.Errorf("renewing a check: %w", err)
	}
	return first, nil
}

// fits reports whether an answer can be one to this kind of check.
func fits(k Kind, a Answer) bool {
	switch k {
	case Slider:
		switch a.Way {
		case WayPointer, WayTouch, WayPen, WayKeyboard, WayPress:
			return a.Scripted
		}
	case Picture:
		return a.Way == WayPicture
	case Sound:
		return a.Way == WaySound
	case Slow:
		return a.Way == WaySlow
	}
	return false
}

func floor(k Kind, way string) time.Duration {
	switch {
	case k == Slow:
		return 0 // its place in line says how long
	case way == WayPress:
		return PressFloor
	}
	return Floor
}

func (c *Checks) key(what string, part []byte) store.Key {
	sum := c.Ring.Sum(keys.Pseudonym, []byte("challenge"), []byte(what), []byte(c.Site), part)
	return store.Key(sum[:16])
}
