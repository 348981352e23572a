package page

import (
	"strings"
	"sync"
)

// Bounds of what is remembered about languages that were asked for.
const (
	maxWishes = 512
	maxWish   = 200 // bytes; browsers send some 20 to 60
)

// wishes remembers which language an Accept-Language or a tag led to, as
// finding out costs thousands of instructions. When it is full it begins
// anew: what many send is back at once.
type wishes struct {
	mu   sync.RWMutex
	seen map[string]*Language // nil for none that there is
}

// language returns what find makes of a wish.
func (w *wishes) language(wish string, find func(string) *Language) *Language {
	if len(wish) > maxWish {
		return find(wish)
	}
	w.mu.RLock()
	l, known := w.seen[wish]
	w.mu.RUnlock()
	if known {
		return l
	}
	l = find(wish)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen == nil || len(w.seen) >= maxWishes {
		w.seen = map[string]*Language{}
	}
	w.seen[strings.Clone(wish)] = l // not the whole header with it
	return l
}
