package redis

import (
	"crypto/rand"
	"sync"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// book is which rows there are, as far as this gateway knows.
type book struct {
	// syncing is held while what Redis knows is fetched.
	syncing  sync.Mutex
	memory   Memory
	recalled bool
	dirty    bool // all is to be written down, not only what is new
	recount  bool // rows may be lost: count them
	sweepAt  time.Time

	fresh string // the epoch of a database that has none yet
	wake  chan struct{}

	mu      sync.RWMutex
	known   map[store.Key]int64 // until when, microseconds
	learned map[store.Key]int64 // of those, what was written here during a poll; nil: there is none
	epoch   string
	since   int64 // the last change that known has
	synced  bool  // known was once what Redis has
	lost    int
	policy  string // what is wrong with how Redis is set up
	problem string // and with memory
}

func newBook() *book {
	return &book{fresh: rand.Text(), wake: make(chan struct{}, 1), known: make(map[store.Key]int64)}
}

// of is what is known of a key: until when (0: not at all), in which epoch
// and since which change. Without an epoch nothing can be said of absence.
func (b *book) of(key store.Key) (until int64, epoch string, since int64) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.epoch == "" {
		return 0, "", 0
	}
	return b.known[key], b.epoch, b.since
}

// learn notes a row that was written here; until 0: deleted.
func (b *book) learn(key store.Key, until int64) {
	b.mu.Lock()
	was := b.known[key]
	if until == 0 {
		delete(b.known, key)
	} else {
		b.known[key] = until
	}
	if b.learned != nil {
		b.learned[key] = until
	}
	b.mu.Unlock()
	if was != until && (was == forever || until == forever) {
		b.poke() // so that it is soon written down
	}
}

// learning begins or ends to note what is written here while a poll is on its
// way: its answer may be older.
func (b *book) learning(begin bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.learned = nil; begin {
		b.learned = make(map[store.Key]int64)
	}
}

// forget drops a row that is not there, unless it was written since.
func (b *book) forget(key store.Key, was int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if was != 0 && b.known[key] == was {
		delete(b.known, key)
	}
}

// poke has the next poll come at once.
func (b *book) poke() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *book) keys(group uint64, now int64) []store.Key {
	b.mu.RLock()
	defer b.mu.RUnlock()
	out := make([]store.Key, 0, len(b.known))
	for k, until := range b.known {
		if until > now && k.InGroup(group) {
			out = append(out, k)
		}
	}
	return out
}

func (b *book) noticeLoss() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lost = max(b.lost, 1)
}

func (b *book) found(lost int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lost = lost
}

// KnownRow implements store.Store.
func (s *Store) KnownRow(key store.Key) bool {
	s.follow()
	b := s.book
	b.mu.RLock()
	until, ok := b.known[key]
	synced := b.synced
	b.mu.RUnlock()
	return !synced || ok && (until == forever || until > s.clock().UnixMicro())
}

// sweep drops what ended, now and then, and has lost rows counted again.
func (b *book) sweep(now time.Time) (gone []store.Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.sweepAt) {
		return nil
	}
	b.sweepAt = now.Add(sweepEvery)
	b.recount = b.recount || b.lost > 0
	for k, until := range b.known {
		if until <= now.UnixMicro() {
			delete(b.known, k)
			gone = append(gone, k)
		}
	}
	return gone
}

// sweepEvery: a row of 100 bytes that ended stays known about so long.
const sweepEvery = 30 * time.Second
