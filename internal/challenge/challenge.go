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
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/evidence"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/picture"
	"github.com/login-guard/login-guard/internal/store"
)

// Kind is the kind of a check.
type Kind byte

// Kinds.
const (
	Slider  Kind = 1
	Picture Kind = 2
	Slow    Kind = 3 // proof of work and a wait, for who cannot do the others
	Sound   Kind = 4 // spoken digits, for who cannot see the picture
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
	case Sound:
		return "sound"
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
	// DoubtLife is how long a drag that looked automated is remembered of an
	// address and account.
	DoubtLife = 10 * time.Minute
)

// Ways of answering.
const (
	WayPointer  = "pointer"
	WayTouch    = "touch"
	WayPen      = "pen"
	WayKeyboard = "keyboard"
	WayPress    = "press"
	WayPicture  = "picture"
	WaySound    = "sound"
	WaySlow     = "slow"
)

// Spec says what a check is for.
type Spec struct {
	Kind    Kind
	Hold    [16]byte // id of the held login, zero when it could not be kept
	Account device.Account
	// Budget counts passed checks of an address and account. Zero: the check
	// is for no account yet; it counts, and its sender is doubted, when its
	// voucher is used.
	Budget store.Key
	// Place is where the slow way stands in line; other kinds have none.
	Place store.Key
	// Work is how many times the usual proof of work is asked for: 1, 4 or
	// 16. Zero is 1.
	Work byte
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
	// Picture names the picture to draw and Sound the digits to speak, empty
	// for other kinds.
	Picture, Sound string
}

// Checks issues and judges the checks of one site.
type Checks struct {
	Ring   *keys.Ring
	Store  store.Store
	Site   string
	Random io.Reader
	// Tracks remembers drags, so that one is good once. nil: none are.
	Tracks *evidence.Tracks
	// Pictures draws what the checks show. Without it pictures and sounds are
	// issued and judged, and none is drawn.
	Pictures *picture.Pool
	// Style of the pictures. Default: letters
	Style picture.Style
}

const (
	tokenVersion = 2
	tokenLen     = 1 + 1 + 1 + 1 + 16 + 16 + 16 + 16 + 8 + 4
)

// Issue makes a check.
func (c *Checks) Issue(now time.Time, s Spec) (Issued, error) {
	t := Token{Spec: s, Issued: now}
	var err error
	if t.Nonce, err = c.nonce(s.Kind); err != nil {
		return Issued{}, fmt.Errorf("issuing a check: %w", err)
	}
	b := make([]byte, 0, tokenLen)
	b = append(b, tokenVersion, byte(s.Kind), s.Renewals, s.Work)
	b = append(b, t.Nonce[:]...)
	b = append(b, s.Hold[:]...)
	b = append(b, s.Account[:]...)
	counts := s.Budget
	if s.Kind == Slow {
		counts = s.Place
	}
	b = append(b, counts[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(now.UnixMilli()))
	b = binary.BigEndian.AppendUint32(b, uint32(s.After.Milliseconds()))
	token := base64.RawURLEncoding.EncodeToString(c.Ring.Seal(keys.Challenge, b, c.bound()))
	out := c.Reissued(t, token)
	out.Floor = max(s.After, floor(s.Kind, ""))
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
	t.Kind, t.Renewals, t.Work = Kind(b[1]), b[2], b[3]
	copy(t.Nonce[:], b[4:])
	copy(t.Hold[:], b[20:])
	copy(t.Account[:], b[36:])
	if t.Kind == Slow {
		copy(t.Place[:], b[52:])
	} else {
		copy(t.Budget[:], b[52:])
	}
	t.Issued = time.UnixMilli(int64(binary.BigEndian.Uint64(b[68:])))
	t.After = time.Duration(binary.BigEndian.Uint32(b[76:])) * time.Millisecond
	t.Expires = t.Issued.Add(Life)
	// A clock that went back is no reason to send a person away, but a token
	// from the future was not issued by this site's clocks.
	if now.After(t.Expires) || t.Issued.Sub(now) > time.Minute {
		return t, ErrToken
	}
	return t, nil
}

// Reissued is what a page gets of a check that it has already: its token is
// still good.
func (c *Checks) Reissued(t Token, token string) Issued {
	out := Issued{Token: token, Salt: salt(token), Cost: Cost, Target: target(t.Kind, "", t.Work)}
	c.names(&out, t)
	return out
}
