package ledger

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/store"
)

// sessionLife is Ledger.Sessions' default.
const sessionLife = 24 * time.Hour

// SessionUsed notes that the shop's sessions, each a keyed hash, may be
// logged in to somebody: by a registration, say. account is the zero value
// when it is not known whom.
func (l *Ledger) SessionUsed(ctx context.Context, sessions [][]byte, account device.Account) error {
	var flags []store.Key
	for _, s := range sessions {
		session := l.names.subject(subjectSession, s)
		flags = append(flags, session)
		if account != (device.Account{}) {
			flags = append(flags, l.names.of(session, "of", account[:]))
		}
	}
	if len(flags) == 0 {
		return nil
	}
	if err := l.store.Flag(ctx, cmp.Or(l.Sessions, sessionLife), flags...); err != nil {
		return fmt.Errorf("noting a session: %w", err)
	}
	return nil
}

// SessionOfAnother reports whether one of the sessions was used before, and
// not by account.
func (l *Ledger) SessionOfAnother(ctx context.Context, sessions [][]byte, account device.Account) (bool, error) {
	var flags []store.Key
	for _, s := range sessions {
		session := l.names.subject(subjectSession, s)
		flags = append(flags, session, l.names.of(session, "of", account[:]))
	}
	up, err := l.store.Flagged(ctx, flags...)
	if err != nil {
		return false, fmt.Errorf("looking a session up: %w", err)
	}
	for i := 0; i+1 < len(up); i += 2 {
		if up[i] && !up[i+1] {
			return true, nil
		}
	}
	return false, nil
}
