package caddymodule

import (
	"slices"
	"sync"

	"github.com/login-guard/login-guard/internal/store"
)

// shutHere are the sessions that this node keeps shut by itself, while the
// store does not answer: of logins of which it is not known yet whose they
// are, or which nobody knows the end of. The zero value is ready.
type shutHere struct {
	mu  sync.Mutex
	all map[store.Key][][16]byte
}

// maxHere is how many sessions a node keeps shut by itself.
const maxHere = 1 << 16

// shut shuts sessions for a login, and reports whether there was room.
func (s *shutHere) shut(sessions []store.Key, entry [16]byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all)+len(sessions) > maxHere {
		return false
	}
	if s.all == nil {
		s.all = make(map[store.Key][][16]byte)
	}
	for _, k := range sessions {
		s.all[k] = append(s.all[k], entry)
	}
	return true
}

// open ends a login in its sessions.
func (s *shutHere) open(sessions []store.Key, entry [16]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range sessions {
		if s.all[k] == nil {
			continue
		}
		left := slices.DeleteFunc(s.all[k], func(e [16]byte) bool { return e == entry })
		if s.all[k] = left; len(left) == 0 {
			delete(s.all, k)
		}
	}
}

// isShut reports whether one of the sessions is shut here.
func (s *shutHere) isShut(sessions []store.Key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(sessions, func(k store.Key) bool { return len(s.all[k]) > 0 })
}
