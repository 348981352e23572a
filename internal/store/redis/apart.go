package redis

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/login-guard/login-guard/internal/store"
)

// swapApart swaps a row that is on another server than the list: note, write,
// settle.
func (s *Store) swapApart(ctx context.Context, w *rowWrite) error {
	// Half of it is not given up because a visitor left.
	end, ok := ctx.Deadline()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Timeout)
	defer cancel()
	if ok {
		ctx, cancel = context.WithDeadline(ctx, end)
		defer cancel()
	}
	known, _, _ := s.book.of(w.key)
	what := "change"
	switch {
	case w.value == nil:
		what = "delete"
	case w.old == 0:
		what = "make"
	case w.ttl == 0 && known == forever: // the list says so already
		return s.writeApart(ctx, w, nil)
	}
	if what != "make" { // of what is not there nothing is noted
		row, _, err := s.loadApart(ctx, w.key)
		switch {
		case errors.Is(err, store.ErrNotFound) && w.old == 0:
			return nil
		case errors.Is(err, store.ErrNotFound):
			return store.ErrConflict
		case err != nil:
			return err
		case row.Version != w.old:
			return store.ErrConflict
		}
	}
	for range 5 {
		n, err := s.note(ctx, what, w)
		if err != nil {
			return err
		}
		if n != nil {
			return s.writeApart(ctx, w, n)
		}
		_, _, err = s.loadApart(ctx, w.key) // it is in the list
		switch {
		case err == nil:
			return store.ErrConflict
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
	}
	return s.explain(errMoving)
}

// noted is what the list answered.
type noted struct {
	change string
	ends   int64 // of the row
	now    float64
}

// note has the list expect a row; nil: it does already, and that is not what
// the row's absence would mean.
func (s *Store) note(ctx context.Context, what string, w *rowWrite) (*noted, error) {
	args := append(s.asked(w.key), micros(w.ttl), what, s.book.fresh)
	v, err := s.one(ctx, s.rowCall("note", s.o.listKeys(), args...))
	if err != nil {
		return nil, err
	}
	got, ok := texts(v)
	switch {
	case ok && len(got) == 1 && got[0] == "lost":
		return nil, nil
	case !ok || len(got) != 4:
		return nil, s.explain(errAnswer)
	}
	ends, err1 := strconv.ParseInt(got[2], 10, 64)
	now, err2 := strconv.ParseFloat(got[3], 64)
	if err1 != nil || err2 != nil {
		return nil, s.explain(errAnswer)
	}
	return &noted{got[1], ends, now}, nil
}

// writeApart writes the row; n is nil if the list need not know.
func (s *Store) writeApart(ctx context.Context, w *rowWrite, n *noted) error {
	ends, before := int64(forever), float64(forever)
	if n != nil {
		ends, before = n.ends, n.now+lateAfter
	}
	v, err := s.one(ctx, s.rowCall("write", s.rowKey(w.key), ends, packVersion(w.old), w.fresh(), w.value, before))
	switch {
	case err != nil:
		return err
	case v == "absent":
		if _, _, err := s.loadApart(ctx, w.key); errors.Is(err, store.ErrLost) {
			return err
		}
		return store.ErrConflict
	}
	if err := s.swapped(v); err != nil || n == nil {
		return err
	}
	if w.version == 0 {
		ends = 0
	}
	s.lane.put(&op{calls: []*call{s.settleCall(w.key, n.change, ends)}})
	return nil
}

// settleCall tells the list what became of a row since a change: when it ends,
// 0 for gone. If there was another change since, it says nothing.
func (s *Store) settleCall(key store.Key, change string, ends int64) *call {
	change, _, _ = strings.Cut(change, " ")
	return s.rowCall("settle", s.o.listKeys(), string(key[:]), change, ends)
}
