package held

import (
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/store"
)

// Slip is what a check's page carries of a held login: its ticket, and what
// is needed to issue another check for it without opening it.
type Slip struct {
	Ticket  Ticket // zero when the login could not be kept
	Account device.Account
	Budget  store.Key
	Ref     string
	// Work is how many times the usual proof of work its checks ask for.
	Work byte
	// NotBefore is when an answer is accepted at the earliest, whichever
	// check it answers.
	NotBefore time.Time
}

const (
	ticketLen = 16 + 32
	refLen    = 9
)

// Kept reports whether there is a held login. A ticket without its half opens
// none: its ID then names the login that a script keeps itself.
func (s Slip) Kept() bool { return s.Ticket.half != [32]byte{} }

// Write returns the slip as it stands in the page. The ticket's half key is
// not sealed: it is the page's secret. The rest is sealed and bound to the
// ticket.
func (k *Keeper) Write(s Slip) string {
	b := append(append([]byte(nil), s.Ticket.ID[:]...), s.Ticket.half[:]...)
	plain := append(append([]byte(nil), s.Account[:]...), s.Budget[:]...)
	plain = binary.BigEndian.AppendUint64(plain, uint64(max(0, s.NotBefore.UnixMilli())))
	plain = append(append(plain, s.Work), s.Ref...)
	b = append(b, k.Ring.Seal(keys.Challenge, plain, k.slipBound(b))...)
	return base64.RawURLEncoding.EncodeToString(b)
}

// Foreign reports whether a slip was sealed with a key that this node does
// not have. Whoever sends it may have made it up.
func (k *Keeper) Foreign(text string) bool {
	if len(text) > maxSlip {
		return false
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && len(b) > ticketLen && !k.Ring.Knows(b[ticketLen:])
}

// maxSlip is longer than any slip.
const maxSlip = 512

// Read reads what Write wrote. The error is ErrGone whatever is wrong.
func (k *Keeper) Read(text string) (Slip, error) {
	var s Slip
	if len(text) > maxSlip {
		return s, ErrGone
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < ticketLen {
		return s, ErrGone
	}
	plain, err := k.Ring.Open(keys.Challenge, b[ticketLen:], k.slipBound(b[:ticketLen]))
	if err != nil || len(plain) != 16+16+8+1+refLen {
		return s, ErrGone
	}
	copy(s.Ticket.ID[:], b)
	copy(s.Ticket.half[:], b[16:])
	copy(s.Account[:], plain)
	copy(s.Budget[:], plain[16:])
	s.NotBefore = time.UnixMilli(int64(binary.BigEndian.Uint64(plain[32:])))
	s.Work, s.Ref = plain[40], string(plain[41:])
	return s, nil
}

func (k *Keeper) slipBound(ticket []byte) []byte {
	return append([]byte("slip/"+k.Site+"/"), ticket...)
}
