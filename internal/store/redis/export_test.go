package redis

import "github.com/login-guard/login-guard/internal/store"

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
