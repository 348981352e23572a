package redis

import (
	"context"

	"github.com/login-guard/login-guard/internal/store"
)

// Command is the script that a reservation runs on one server, as a command.
func (s *Store) Command(q *store.Reserve) []any {
	b := &booking{s: s, wall: q.Wall, profile: q.Profile, busy: q.BusyAbove}
	b.n.charges = copy(b.charges[:], q.Charges)
	b.n.tallies = copy(b.tallies[:], q.Tallies)
	b.n.marks = copy(b.marks[:], q.Marks)
	b.encode()
	c := &b.parts[0].call
	args := []any{"evalsha", c.script.sha, len(c.keys)}
	for _, k := range c.keys {
		args = append(args, k)
	}
	return append(args, c.args...)
}

// NoteOnly notes in the list what is then never written.
func (s *Store) NoteOnly(ctx context.Context, key store.Key, what string) error {
	n, err := s.note(ctx, what, &rowWrite{key: key, version: 1})
	if n == nil && err == nil {
		err = errAnswer
	}
	return err
}

// Pending is how much of the list is not settled, -1 if that is not known.
func (s *Store) Pending(ctx context.Context) int {
	n, err := s.client.ZCard(ctx, s.o.Prefix+"{rows}p").Result()
	if err != nil {
		return -1
	}
	return int(n)
}

// CheckPolicy looks at once.
func (s *Store) CheckPolicy(ctx context.Context) { s.checkPolicy(ctx) }

// Settled polls and reports whether there was nothing new.
func (s *Store) Settled() bool {
	_, _, before := s.book.of(store.Key{})
	err := s.sync(context.Background())
	_, _, now := s.book.of(store.Key{})
	return err == nil && now == before && now > 0
}

// LateAnswer takes in the answer of a poll that says that a row is gone, which
// was written here while the answer was on its way.
func (s *Store) LateAnswer(key store.Key) {
	s.book.syncing.Lock()
	defer s.book.syncing.Unlock()
	s.book.learning(true)
	defer s.book.learning(false)
	s.book.learn(key, forever)
	s.book.apply(poll{changes: []string{string(key[:]), "0"}}, &news{put: map[store.Key]int64{}})
}
