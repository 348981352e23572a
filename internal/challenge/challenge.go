// Package challenge issues checks and judges their answers.
//
// A check is a sealed token: nothing is stored when one is issued, so asking
// for many costs an attacker's bandwidth and not our memory. Its answer is
// good once: the token is spent before it is judged, whatever the judgement.
// What an answer earns is a clearance, good once, for one held login.
//
// A check is a price and a pause. It does not tell people from machines with
// certainty, and nothing here pretends that it does.
package challenge

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/store"
)

// Kind is the kind of a check.
type Kind byte

// Kinds.
const (
	Slider  Kind = 1
	Picture Kind = 2
	Slow    Kind = 3 // proof of work and a wait, for who cannot do the others
)

// String is the kind's name in metrics.
func (k Kind) String() string {
	switch k {
	case Slider:
		return "slider"
	case Picture:
		return "picture"
	case Slow:
		return "slow"
	}
	return "unknown"
}

// Times and prices.
const (
	// Life of a check. The page renews it.
	Life = 10 * time.Minute
	// Floor is the shortest time in which a person slides: quick drags last
	// 177 ms (1st percentile of SapiMouse), so nothing above 180 ms.
	Floor = 180 * time.Millisecond
	// PressFloor is how long a check without sliding takes at least.
	PressFloor = 3 * time.Second
	// SlowWait is how long the slow way takes.
	SlowWait = time.Minute
	// ClearanceLife: the page posts the login at once.
	ClearanceLife = 2 * time.Minute
	// Cost of one derivation, and how many a browser makes on average:
	// about 70 ms on a desktop, 0.3 s on a slow phone.
	Cost = 2000
	Work = 150
)

// Ways of answering.
const (
	WayPointer  = "pointer"
	WayTouch    = "touch"
	WayPen      = "pen"
	WayKeyboard = "keyboard"
	WayPress    = "press"
	WayPicture  = "picture"
	WaySlow     = "slow"
)

// Spec says what a check is for.
type Spec struct {
	Kind    Kind
	Hold    [16]byte // id of the held login, zero when it could not be kept
	Account device.Account
	// Budget counts passed checks of an address and account.
	Budget store.Key
	// After is how long no answer is accepted.
	After time.Duration
	// Renewals so far.
	Renewals byte
}

// Token is an issued check.
type Token struct {
	Spec
	Nonce   [16]byte
	Issued  time.Time
	Expires time.Time
}

// Issued is what the page gets.
type Issued struct {
	Token  string
	Salt   string
	Cost   int
	Target uint32
	Floor  time.Duration
	// Picture names the picture to draw, empty for other kinds.
	Picture string
}

// Checks issues and judges the checks of one site.
type Checks struct {
	Ring   *keys.Ring
	Store  store.Store
	Site   string
	Random io.Reader
}

const (
	tokenVersion = 1
	tokenLen     = 1 + 1 + 1 + 16 + 16 + 16 + 16 + 8 + 4
)

// Issue makes a check.
func (c *Checks) Issue(now time.Time, s Spec) (Issued, error) {
	t := Token{Spec: s, Issued: now}
	if _, err := io.ReadFull(c.Random, t.Nonce[:]); err != nil {
		return Issued{}, fmt.Errorf("issuing a check: %w", err)
	}
	b := make([]byte, 0, tokenLen)
	b = append(b, tokenVersion, byte(s.Kind), s.Renewals)
	b = append(b, t.Nonce[:]...)
	b = append(b, s.Hold[:]...)
	b = append(b, s.Account[:]...)
	b = append(b, s.Budget[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(now.UnixMilli()))
	b = binary.BigEndian.AppendUint32(b, uint32(s.After.Milliseconds()))
	token := base64.RawURLEncoding.EncodeToString(c.Ring.Seal(keys.Challenge, b, c.bound()))
	out := Issued{Token: token, Salt: salt(token), Cost: Cost, Target: target(s.Kind), Floor: max(s.After, floor(s.Kind, ""))}
	if s.Kind == Picture {
		out.Picture = c.pictureName(t)
	}
	return out, nil
}

func (c *Checks) bound() []byte { return []byte("challenge/" + c.Site) }

// ErrToken: the token is not ours, or it is too old.
var ErrToken = errors.New("check is unknown or expired")

// Open reads a token. The error is ErrToken whatever is wrong.
func (c *Checks) Open(token string, now time.Time) (Token, error) {
	var t Token
	if len(token) > 512 {
		return t, ErrToken
	}
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return t, ErrToken
	}
	b, err := c.Ring.Open(keys.Challenge, sealed, c.bound())
	if err != nil || len(b) != tokenLen || b[0] != tokenVersion {
		return t, ErrToken
	}
	t.Kind, t.Renewals = Kind(b[1]), b[2]
	copy(t.Nonce[:], b[3:])
	copy(t.Hold[:], b[19:])
	copy(t.Account[:], b[35:])
	copy(t.Budget[:], b[51:])
	t.Issued = time.UnixMilli(int64(binary.BigEndian.Uint64(b[67:])))
	t.After = time.Duration(binary.BigEndian.Uint32(b[75:])) * time.Millisecond
	t.Expires = t.Issued.Add(Life)
	// A clock that went back is no reason to send a person away, but a token
	// from the future was not issued by this site's clocks.
	if now.After(t.Expires) || t.Issued.Sub(now) > time.Minute {
		return t, ErrToken
	}
	return t, nil
}

// Answer is what a page sends.
type Answer struct {
	Token string
	Pow   uint32
	Way   string
	Text  string
	// Scripted: the page's script sent it, with a proof of work. Without
	// script only the picture and the slow way can be answered.
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

// Judge judges an answer to an opened token. wait is set with Wait.
func (c *Checks) Judge(ctx context.Context, now time.Time, t Token, a Answer) (res Result, wait time.Duration, err error) {
	if early := max(t.After, floor(t.Kind, a.Way)) - now.Sub(t.Issued); early > 0 {
		return Wait, early, nil
	}
	// Without the work an answer is not looked at and leaves no trace: marks
	// of what is spent must cost their sender more than us.
	if !fits(t.Kind, a) || (a.Scripted && !proved(a.Token, a.Pow, t.Kind)) {
		return Again, 0, nil
	}
	first, err := c.Store.Spend(ctx, c.key("spent", t.Nonce[:]), Life+time.Minute)
	if err != nil {
		return Again, 0, fmt.Errorf("spending a check: %w", err)
	}
	if !first {
		return Again, 0, nil
	}
	if t.Kind == Picture && !c.reads(t, a.Text) {
		return Again, 0, nil
	}
	if t.Kind != Slow {
		var got store.Reserved
		if err := c.Store.Reserve(ctx, &store.Reserve{Now: now, Charges: []store.Charge{
			{Key: c.key("passed", t.Budget[:]), Burst: passesAnHour, Every: time.Hour / passesAnHour},
		}}, &got); err != nil {
			return Again, 0, fmt.Errorf("counting a passed check: %w", err)
		}
		if got.Over != 0 {
			return Spent, 0, nil
		}
	}
	return Checked, 0, nil
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

// passesAnHour: slider, picture and press together, an address × account.
const passesAnHour = 12

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
	case Slow:
		return a.Way == WaySlow
	}
	return false
}

func floor(k Kind, way string) time.Duration {
	switch {
	case k == Slow:
		return SlowWait
	case way == WayPress:
		return PressFloor
	}
	return Floor
}

// salt is bound to the token and public.
func salt(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// target is the value below which a derivation counts.
func target(k Kind) uint32 {
	work := uint32(Work)
	if k == Slow {
		work *= 4
	}
	return math.MaxUint32 / work
}

// proved checks a proof of work: one derivation.
func proved(token string, n uint32, k Kind) bool {
	out, err := pbkdf2.Key(sha256.New, strconv.FormatUint(uint64(n), 10), []byte(salt(token)), Cost, 32)
	return err == nil && binary.BigEndian.Uint32(out) < target(k)
}

func (c *Checks) key(what string, part []byte) store.Key {
	sum := c.Ring.Sum(keys.Pseudonym, []byte("challenge"), []byte(what), []byte(c.Site), part)
	return store.Key(sum[:16])
}

// Reissued is what a page gets of a check that it has already: its token is
// still good.
func (c *Checks) Reissued(t Token, token string) Issued {
	out := Issued{Token: token, Salt: salt(token), Cost: Cost, Target: target(t.Kind)}
	if t.Kind == Picture {
		out.Picture = c.pictureName(t)
	}
	return out
}
