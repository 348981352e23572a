// Package memo remembers what texts that clients send were found to mean.
package memo

import (
	"strings"
	"sync"
)

// Memo remembers the value of each of a bounded number of texts. Clients
// choose the texts: when it is full it begins anew, as what many send is back
// at once. It is safe for concurrent use.
type Memo[V any] struct {
	most, longest int

	mu   sync.RWMutex
	seen map[string]V
}

// New makes a memo for at most that many texts of at most longest bytes.
func New[V any](most, longest int) *Memo[V] { return &Memo[V]{most: most, longest: longest} }

// Of returns what find makes of a text, which depends on nothing else.
func (m *Memo[V]) Of(text string, find func(string) V) V {
	if len(text) > m.longest {
		return find(text)
	}
	m.mu.RLock()
	v, known := m.seen[text]
	m.mu.RUnlock()
	if known {
		return v
	}
	v = find(text)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen == nil || len(m.seen) >= m.most {
		m.seen = make(map[string]V)
	}
	m.seen[strings.Clone(text)] = v // not all that the text is a part of
	return v
}

// Len is how many texts are remembered.
func (m *Memo[V]) Len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.seen)
}
