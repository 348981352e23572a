package hold

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// A session that a login touched is shut from before the login goes to the
// shop until the second factor is given: shops that keep the session's name
// over a login sign in the very cookie that the browser already has, and so
// the cookie alone, on any route and at any gateway, would be enough.
//
// A session may be part of several logins at once. It opens when each of them
// has ended: by a refusal of the shop, or by the factor of its account. What
// came of a login that nobody knows the end of stays shut.

const (
	// ShutLife is how long a session stays shut that nobody opens: longer
	// than shops keep one.
	ShutLife = 30 * 24 * time.Hour
	// maxEntries of one session; more sign-ins than that at once are none.
	maxEntries = 16
	// tries at a row that others change too.
	tries = 20
)

// ErrBusy: too many logins in one session.
var ErrBusy = errors.New("too many logins wait in this session")

// entry is one login in a shut session.
type entry struct {
	ID    [16]byte  `json:"i"`
	Owner store.Key `json:"o"`
	At    int64     `json:"t,omitempty"` // when it began, in Unix seconds
	// Out: the shop was asked to sign the session out, as nobody gave the
	// factor in time.
	Out bool `json:"x,omitempty"`
	// Asks: the login is with the shop, and nobody is known to have to give a
	// factor for it.
	Asks bool `json:"a,omitempty"`
}

// Shut shuts sessions for a login of owner that begins now.
func Shut(ctx context.Context, rows store.Rows, now time.Time, sessions []store.Key, id [16]byte, owner store.Key) error {
	return shut(ctx, rows, sessions, entry{ID: id, Owner: owner, At: now.Unix()})
}

// Ask is Shut for a login of which only the shop's answer says whose factor it
// needs, if any: most need none, and open again at once. Shut with the same id
// says that a factor is due after all.
func Ask(ctx context.Context, rows store.Rows, now time.Time, sessions []store.Key, id [16]byte, owner store.Key) error {
	return shut(ctx, rows, sessions, entry{ID: id, Owner: owner, At: now.Unix(), Asks: true})
}

func shut(ctx context.Context, rows store.Rows, sessions []store.Key, e entry) error {
	for _, s := range sessions {
		if err := change(ctx, rows, s, func(all []entry) ([]entry, error) {
			if i := slices.IndexFunc(all, func(other entry) bool { return other.ID == e.ID }); i >= 0 {
				all[i].Asks = all[i].Asks && e.Asks
				return all, nil
			}
			if len(all) >= maxEntries {
				return nil, ErrBusy
			}
			return append(all, e), nil
		}); err != nil {
			return fmt.Errorf("shutting a session: %w", err)
		}
	}
	return nil
}

// ErrAnother: a login of somebody else waits in this session.
var ErrAnother = errors.New("a login of another account waits in this session")

// Waiting reports whether another login than id waits in one of the sessions;
// ErrAnother if it is one of another owner.
func Waiting(ctx context.Context, rows store.Rows, sessions []store.Key, id [16]byte, owner store.Key) (waiting bool, err error) {
	for _, s := range sessions {
		row, err := rows.LoadRow(ctx, s)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return true, err
		}
		var all []entry
		if err := json.Unmarshal(row.Value, &all); err != nil {
			return true, fmt.Errorf("a session's row: %w", err)
		}
		for _, e := range all {
			if e.ID == id {
				continue
			}
			if e.Owner != owner {
				return true, ErrAnother
			}
			waiting = true
		}
	}
	return waiting, nil
}

// Lift ends one login in its sessions: the shop refused it.
func Lift(ctx context.Context, rows store.Rows, sessions []store.Key, id [16]byte) error {
	return lift(ctx, rows, sessions, func(e entry) bool { return e.ID == id })
}

// Open ends the login id and all of owner's in sessions: he gave his second
// factor. The login may have been begun under the name that was typed, which
// is not always the owner's.
func Open(ctx context.Context, rows store.Rows, sessions []store.Key, id [16]byte, owner store.Key) error {
	return lift(ctx, rows, sessions, func(e entry) bool { return e.ID == id || e.Owner == owner })
}

func lift(ctx context.Context, rows store.Rows, sessions []store.Key, ends func(entry) bool) error {
	var all error
	for _, s := range sessions {
		if err := change(ctx, rows, s, func(all []entry) ([]entry, error) {
			return slices.DeleteFunc(all, ends), nil
		}); err != nil {
			all = errors.Join(all, fmt.Errorf("opening a session: %w", err))
		}
	}
	return all
}

// askLife is how long a login is believed to be with the shop.
const askLife = time.Minute

// Asking reports whether sessions are shut for nothing but logins that are
// with the shop at this moment, at whatever gateway, and most likely open
// again soon.
func Asking(ctx context.Context, rows store.Rows, now time.Time, sessions []store.Key) (asking bool) {
	for _, s := range sessions {
		row, err := rows.LoadRow(ctx, s)
		if errors.Is(err, store.ErrNotFound) || err == nil && row.Version == 0 {
			continue
		}
		var all []entry
		if err != nil || json.Unmarshal(row.Value, &all) != nil {
			return false
		}
		for _, e := range all {
			if !e.Asks || now.Sub(time.Unix(e.At, 0)) > askLife {
				return false
			}
			asking = true
		}
	}
	return asking
}

// Expired reports whether one of the sessions is shut for logins alone whose
// answer is not held any more, so that nobody can give the factor. It says so
// once of each login: who learns it signs the session out at the shop.
func Expired(ctx context.Context, rows store.Rows, now time.Time, sessions []store.Key) (expired bool, err error) {
	for _, s := range sessions {
		found := false
		if err := change(ctx, rows, s, func(all []entry) ([]entry, error) {
			found = false
			for _, e := range all {
				if now.Before(time.Unix(e.At, 0).Add(TTL)) {
					found = false
					break
				}
				found = found || !e.Out
			}
			for i := range all {
				all[i].Out = all[i].Out || found
			}
			return all, nil
		}); err != nil {
			return expired, fmt.Errorf("marking a session that expired: %w", err)
		}
		expired = expired || found
	}
	return expired, nil
}

// change changes the entries of one session; without any the row goes.
func change(ctx context.Context, rows store.Rows, session store.Key, with func([]entry) ([]entry, error)) error {
	for range tries {
		row, err := rows.LoadRow(ctx, session)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		var before []entry
		if row.Version != 0 {
			if err := json.Unmarshal(row.Value, &before); err != nil {
				return fmt.Errorf("a session's row: %w", err)
			}
		}
		after, err := with(slices.Clone(before))
		if err != nil {
			return err
		}
		if slices.Equal(before, after) {
			return nil
		}
		var value []byte
		if len(after) > 0 {
			if value, err = json.Marshal(after); err != nil {
				return err
			}
		}
		if _, err = rows.SwapRow(ctx, session, row.Version, value, ShutLife); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return store.ErrConflict
}

// IsShut reports whether one of the sessions is shut. When the shared database
// does not answer, err says so and what this node knows decides. One that
// knows nothing lets the shop be shopped in: nobody with a second factor signs
// in at it meanwhile.
func IsShut(ctx context.Context, rows store.Rows, sessions []store.Key) (bool, error) {
	var down error
	for _, s := range sessions {
		row, err := rows.LoadRow(ctx, s)
		switch {
		case errors.Is(err, store.ErrNotFound):
		case errors.Is(err, store.ErrLost):
			return true, nil
		case err != nil:
			down = err
			if rows.KnownRow(s) && !blind(rows) {
				return true, err
			}
		case row.Version != 0:
			return true, nil
		}
	}
	return false, down
}

// blind reports whether a node cannot know which rows there are: then it says
// of any that there is one.
func blind(rows store.Rows) bool {
	return rows.KnownRow(store.Key{'n', 'o', 'n', 'e'})
}
