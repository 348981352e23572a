package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// pollInterval is how soon a gateway hears of the rows that others write.
const pollInterval = time.Second

// Memory is a file of this gateway that keeps which rows there are: while
// Redis is away nobody else could say who has a second factor.
type Memory interface {
	// Recall calls f with each key and when it ends, microseconds since 1970,
	// and returns what Remember was told beside them, nil if nothing ever.
	Recall(name string, f func(key store.Key, until int64)) (state []byte, err error)
	// Remember writes what changed; whole: nothing but put is left.
	Remember(name string, state []byte, put map[store.Key]int64, gone []store.Key, whole bool) error
}

// RememberIn has the store keep which rows there are in m. Without it a
// restarted gateway takes every account for one that has a second factor
// until it has reached Redis.
func (s *Store) RememberIn(m Memory) {
	b := s.book
	b.syncing.Lock()
	defer b.syncing.Unlock()
	if b.memory != m {
		b.memory, b.recalled = m, false
	}
}

// follow starts to poll, with the first use of rows, be it KnownRow: nothing
// is asked, read or written before.
func (s *Store) follow() {
	s.following.Do(func() {
		if s.ctx.Err() != nil {
			return // closed
		}
		s.done.Go(func() {
			t := time.NewTicker(pollInterval)
			defer t.Stop()
			for i := 0; ; i++ {
				_ = s.sync(s.ctx) // whoever needs an answer asks himself
				if i%60 == 0 {
					s.checkPolicy(s.ctx)
				}
				select {
				case <-t.C:
				case <-s.book.wake:
				case <-s.ctx.Done():
					return
				}
			}
		})
	})
}

// memoryName tells the lists of several databases apart.
func (s *Store) memoryName() string { return s.name + " " + s.o.Prefix }

// recall reads what was known before this process. syncing is held.
func (s *Store) recall() {
	b := s.book
	if b.memory == nil || b.recalled {
		return
	}
	found := make(map[store.Key]int64)
	state, err := b.memory.Recall(s.memoryName(), func(k store.Key, until int64) { found[k] = until })
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.problem = fmt.Sprintf("which accounts have a second factor cannot be read: %v", err)
		return
	}
	b.recalled, b.problem = true, ""
	epoch, since, _ := strings.Cut(string(state), " ")
	n, err := strconv.ParseInt(since, 10, 64)
	if err != nil {
		b.dirty = true
		return
	}
	// From here on changes are fetched again, also those that are known.
	b.epoch, b.since, b.synced = epoch, n, true
	for k, until := range b.known {
		found[k] = until
	}
	b.known = found
}

// news is what a poll brought.
type news struct {
	put   map[store.Key]int64
	gone  []store.Key
	whole bool
}

// sync fetches what changed, writes it down, and settles what was cut off.
func (s *Store) sync(ctx context.Context) error {
	b := s.book
	b.syncing.Lock()
	defer b.syncing.Unlock()
	s.recall()
	n := &news{put: make(map[store.Key]int64), gone: b.sweep(s.clock())}
	var waiting []string
	defer b.learning(false)
	for range 100 {
		b.learning(true)
		v, err := s.one(ctx, s.rowCall("poll", s.o.listKeys(), b.epoch, b.since))
		if err != nil {
			return err
		}
		p, err := readPoll(v)
		if err != nil {
			return s.explain(err)
		}
		if p.all {
			again, err := s.fetchAll(ctx, p)
			if err != nil {
				return err
			}
			if b.dirty = true; again {
				continue
			}
			break
		}
		b.apply(p, n)
		if waiting = p.waiting; len(p.changes) < 2*1000 {
			break
		}
	}
	s.writeDown(n)
	s.settleWaiting(ctx, waiting)
	if b.recount {
		return s.countLost(ctx)
	}
	return nil
}

// poll is what the script answered.
type poll struct {
	epoch            string
	seq              int64
	all              bool
	changes, waiting []string
}

func readPoll(v any) (p poll, err error) {
	all, _ := v.([]any)
	if len(all) < 3 {
		return p, errAnswer
	}
	head, ok := texts(all[:3])
	p.epoch = head[0]
	if p.seq, err = strconv.ParseInt(head[1], 10, 64); err != nil || !ok {
		return p, errAnswer
	}
	if p.all = head[2] == "all"; p.all {
		return p, nil
	}
	if len(all) != 5 {
		return p, errAnswer
	}
	var ok1, ok2 bool
	p.changes, ok1 = texts(all[3])
	p.waiting, ok2 = texts(all[4])
	if !ok1 || !ok2 || len(p.changes)%2+len(p.waiting)%2 != 0 {
		return p, errAnswer
	}
	return p, nil
}

// rowName reads a key and what stands beside it.
func rowName(who, number string) (k store.Key, n int64, ok bool) {
	n, err := strconv.ParseInt(number, 10, 64)
	if len(who) != len(k) || err != nil {
		return k, 0, false
	}
	return store.Key([]byte(who)), n, true
}

// apply takes in changes.
func (b *book) apply(p poll, n *news) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := 0; i < len(p.changes); i += 2 {
		k, until, ok := rowName(p.changes[i], p.changes[i+1])
		if here, wrote := b.learned[k]; wrote {
			until = here // it may be newer, and then it comes again
		}
		switch {
		case !ok:
		case until == 0:
			delete(b.known, k)
			delete(n.put, k)
			n.gone = append(n.gone, k)
		default: // a key may come twice, and is put after all are deleted
			b.known[k], n.put[k] = until, until
		}
	}
	b.since, b.synced = p.seq, true
	b.recount = b.recount || b.lost > 0 && len(p.changes) > 0
}

// fetchAll makes known what is in the list. If the list was emptied, or is an
// older one, what this gateway knows goes back into it first, so that all of
// them refuse what is lost; again says that this happened.
func (s *Store) fetchAll(ctx context.Context, p poll) (again bool, err error) {
	b := s.book
	all, err := s.scan(ctx)
	if err != nil {
		return false, err
	}
	now := s.clock().UnixMicro()
	b.mu.Lock()
	// Without an epoch nothing is known but what was written here since the
	// start, and that may be deleted again by now.
	first := b.epoch == ""
	trimmed := p.epoch == b.epoch && b.since <= p.seq
	var missing []any
	if !first && !trimmed {
		for k, until := range b.known {
			if _, there := all[k]; !there && until > now {
				missing = append(missing, string(k[:]), until)
			}
		}
	}
	if len(missing) == 0 {
		for k, until := range b.learned {
			if all[k] = until; until == 0 {
				delete(all, k)
			}
		}
		b.known, b.epoch, b.since, b.synced = all, p.epoch, p.seq, true
		b.mu.Unlock()
		return false, nil
	}
	b.mu.Unlock()
	b.recount = true
	const atOnce = 1000
	for len(missing) > 0 {
		n := min(atOnce, len(missing))
		if _, err := s.one(ctx, s.rowCall("restore", s.o.listKeys(), append([]any{b.fresh}, missing[:n]...)...)); err != nil {
			return false, err
		}
		missing = missing[n:]
	}
	return true, nil
}

// scan reads the list as a whole.
func (s *Store) scan(ctx context.Context) (map[store.Key]int64, error) {
	all := make(map[store.Key]int64)
	for at := "0"; ; {
		v, err := s.one(ctx, s.rowCall("scan", s.o.listKeys(), at))
		if err != nil {
			return nil, err
		}
		got, _ := v.([]any)
		if len(got) != 2 {
			return nil, s.explain(errAnswer)
		}
		page, ok := texts(got[1])
		if at, _ = got[0].(string); !ok || at == "" || len(page)%2 != 0 {
			return nil, s.explain(errAnswer)
		}
		for i := 0; i < len(page); i += 2 {
			end, err := strconv.ParseFloat(page[i+1], 64)
			if k, _, ok := rowName(page[i], "0"); ok && err == nil {
				all[k] = int64(end)
			}
		}
		if at == "0" {
			return all, nil
		}
	}
}

// whole is all that is known, to be written down.
func (b *book) whole() *news {
	b.mu.RLock()
	defer b.mu.RUnlock()
	n := &news{put: make(map[store.Key]int64, len(b.known)), whole: true}
	for k, until := range b.known {
		n.put[k] = until
	}
	return n
}

// writeDown remembers news. syncing is held.
func (s *Store) writeDown(n *news) {
	b := s.book
	if b.memory == nil || !b.recalled || len(n.put)+len(n.gone) == 0 && !b.dirty {
		return
	}
	if b.dirty {
		n = b.whole()
	}
	err := b.memory.Remember(s.memoryName(), fmt.Appendf(nil, "%s %d", b.epoch, b.since), n.put, n.gone, n.whole)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dirty, b.problem = err != nil, ""; err != nil {
		b.problem = fmt.Sprintf("which accounts have a second factor cannot be written down: %v. Until it can, a restart while Redis is away knows of too few or of all.", err)
	}
}

// settleWaiting looks what became of rows whose writing was cut off.
func (s *Store) settleWaiting(ctx context.Context, waiting []string) {
	for i := 0; i+1 < len(waiting); i += 2 {
		k, _, ok := rowName(waiting[i], waiting[i+1])
		if !ok {
			continue
		}
		_, until, err := s.getRow(ctx, k)
		if err != nil {
			return // the next poll has it again
		}
		s.lane.put(&op{calls: []*call{s.settleCall(k, waiting[i+1], until)}})
	}
}

// countLost counts rows that are known and gone, for Stats.
func (s *Store) countLost(ctx context.Context) error {
	lost := 0
	err := s.getAll(ctx, s.book.keys(0, s.clock().UnixMicro()), func(_ store.Key, row store.Row) error {
		if row.Version == 0 {
			lost++
		}
		return nil
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	s.book.found(lost)
	s.book.recount = false
	return err
}
