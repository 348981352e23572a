package redis

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// Rows are keys of their own; a list says which there are (lua/rows.lua). On
// one server a row and its place in the list are written by one script. In a
// cluster they may be on different nodes, so the list is written first: a
// row that the list has not would be an account whose second factor nobody
// asks for once its row is lost. What is cut off in between is pending in the
// list; after ten seconds a gateway that polls looks whether the row is there
// and settles it (follow.go). Until then nothing is lost by its absence.

// forever is the end of what has none: the largest whole number that a script
// can write, in microseconds since 1970.
const forever = 1<<53 - 1

// lateAfter is how long after its note a row may still be written, in
// microseconds; half of what pending waits for.
const lateAfter = 5e6

var (
	errLate   = errors.New("written too late, and so not at all")
	errMoving = errors.New("the row changes all the time")
)

// listKeys are those of the list of rows.
func (o *Options) listKeys() []string {
	out := make([]string, 0, 4)
	for _, c := range "hilp" {
		out = append(out, o.Prefix+"{rows}"+string(c))
	}
	return out
}

func (s *Store) rowCall(what string, keys []string, args ...any) *call {
	return &call{script: rowsScript, keys: keys, args: append([]any{what, s.now()}, args...)}
}

func (s *Store) rowKey(key store.Key) []string { return []string{s.o.key(kindRow, key)} }

func (s *Store) rowAndList(key store.Key) []string {
	return append(s.rowKey(key), s.o.listKeys()...)
}

func packVersion(v uint64) string {
	if v == 0 {
		return "\x00\x00\x00\x00\x00\x00\x00\x00"
	}
	return string(binary.BigEndian.AppendUint64(nil, v))
}

// readRow reads a row as it is kept.
func readRow(v any) (row store.Row, until int64, err error) {
	b, ok := v.(string)
	u := unblob{b: b}
	end := u.double()
	version := u.next(8)
	if !ok || u.short {
		return row, 0, errAnswer
	}
	return store.Row{Version: binary.BigEndian.Uint64([]byte(version)), Value: []byte(u.b)}, int64(end), nil
}

// asked is a key as scripts are told of it: who, until when this gateway knows
// it, in which epoch, and since which change.
func (s *Store) asked(key store.Key) []any {
	known, epoch, since := s.book.of(key)
	return []any{string(key[:]), known, epoch, since}
}

// LoadRow implements store.Store.
func (s *Store) LoadRow(ctx context.Context, key store.Key) (store.Row, error) {
	s.follow()
	was, _, _ := s.book.of(key)
	row, err := s.loadRow(ctx, key)
	switch {
	case errors.Is(err, store.ErrLost):
		s.book.noticeLoss()
	case errors.Is(err, store.ErrNotFound):
		s.book.forget(key, was)
	}
	return row, err
}

func (s *Store) loadRow(ctx context.Context, key store.Key) (store.Row, error) {
	if s.o.Topology == Cluster {
		row, _, err := s.loadApart(ctx, key)
		return row, err
	}
	v, err := s.one(ctx, s.rowCall("load", s.rowAndList(key), s.asked(key)...))
	switch {
	case err != nil:
		return store.Row{}, err
	case v == nil:
		return store.Row{}, store.ErrNotFound
	case v == "lost":
		return store.Row{}, store.ErrLost
	}
	row, _, err := readRow(v)
	return row, s.explain(err)
}

// getRow reads the row alone; version 0 if it is not there.
func (s *Store) getRow(ctx context.Context, key store.Key) (row store.Row, until int64, err error) {
	v, err := s.one(ctx, s.rowCall("get", s.rowKey(key)))
	if err != nil || v == nil {
		return row, 0, err
	}
	row, until, err = readRow(v)
	return row, until, s.explain(err)
}

// loadApart loads a row that is on another server than the list. One that is
// not there is lost only if the list has it before and after that was seen,
// with no change in between; the change is returned.
func (s *Store) loadApart(ctx context.Context, key store.Key) (row store.Row, change string, err error) {
	for range 5 {
		row, _, err := s.getRow(ctx, key)
		if err != nil || row.Version != 0 {
			return row, "", err
		}
		lost, now, err := s.askList(ctx, key)
		switch {
		case err != nil:
			return store.Row{}, "", err
		case !lost:
			return store.Row{}, "", store.ErrNotFound
		case now == change:
			return store.Row{}, change, store.ErrLost
		}
		change = now
	}
	return store.Row{}, "", s.explain(errMoving)
}

// askList asks the list alone whether a row that is not there is lost, and by
// which change it came to what it says.
func (s *Store) askList(ctx context.Context, key store.Key) (lost bool, change string, err error) {
	v, err := s.one(ctx, s.rowCall("ask", s.o.listKeys(), s.asked(key)...))
	if err != nil {
		return false, "", err
	}
	got, ok := texts(v)
	if !ok || len(got) != 3 {
		return false, "", s.explain(errAnswer)
	}
	return got[0] == "lost", got[1] + " " + got[2], nil
}

// texts reads a list of strings.
func texts(v any) ([]string, bool) {
	all, ok := v.([]any)
	out := make([]string, 0, len(all))
	for _, x := range all {
		t, isText := x.(string)
		ok = ok && isText
		out = append(out, t)
	}
	return out, ok
}

// SwapRow implements store.Store.
func (s *Store) SwapRow(ctx context.Context, key store.Key, old uint64, value []byte, ttl time.Duration) (uint64, error) {
	if len(value) > store.MaxRow {
		return 0, store.ErrTooLarge
	}
	s.follow()
	w := &rowWrite{key: key, old: old, value: value, ttl: max(0, ttl)}
	if value != nil {
		w.version = store.NewVersion()
	}
	var err error
	if s.o.Topology == Cluster {
		err = s.swapApart(ctx, w)
	} else {
		err = s.swapHere(ctx, w)
	}
	switch {
	case errors.Is(err, store.ErrLost):
		s.book.noticeLoss()
	case err == nil && w.version == 0:
		s.book.learn(key, 0)
	case err == nil:
		s.book.learn(key, s.until(w.ttl))
	}
	if err != nil {
		return 0, err
	}
	return w.version, nil
}

// until is when what is written now ends, by this gateway's clock.
func (s *Store) until(ttl time.Duration) int64 {
	if ttl <= 0 {
		return forever
	}
	return s.clock().Add(ttl).UnixMicro()
}

// rowWrite is a SwapRow.
type rowWrite struct {
	key          store.Key
	old, version uint64
	value        []byte
	ttl          time.Duration
}

// fresh is the new version, empty for none.
func (w *rowWrite) fresh() string {
	if w.version == 0 {
		return ""
	}
	return packVersion(w.version)
}

// swapped makes an error of what a script answered.
func (s *Store) swapped(v any) error {
	switch v {
	case "ok":
		return nil
	case "conflict":
		return store.ErrConflict
	case "lost":
		return store.ErrLost
	case "late":
		return s.explain(errLate)
	}
	return s.explain(errAnswer)
}

func (s *Store) swapHere(ctx context.Context, w *rowWrite) error {
	args := append(s.asked(w.key), micros(w.ttl), packVersion(w.old), w.fresh(), w.value, s.book.fresh)
	v, err := s.one(ctx, s.rowCall("swap", s.rowAndList(w.key), args...))
	if err != nil {
		return err
	}
	return s.swapped(v)
}

// EachRow implements store.Store.
func (s *Store) EachRow(ctx context.Context, group uint64, f func(store.Key, store.Row) error) error {
	s.follow()
	if err := s.sync(ctx); err != nil {
		return err
	}
	keys := s.book.keys(group, s.clock().UnixMicro())
	return s.getAll(ctx, keys, func(k store.Key, row store.Row) error {
		if row.Version == 0 {
			return nil
		}
		return f(k, row)
	})
}

// getAll calls f with each row, version 0 for what is not there.
func (s *Store) getAll(ctx context.Context, keys []store.Key, f func(store.Key, store.Row) error) error {
	const atOnce = 32
	for len(keys) > 0 {
		n := min(atOnce, len(keys))
		o := &op{}
		for _, k := range keys[:n] {
			o.calls = append(o.calls, s.rowCall("get", s.rowKey(k)))
		}
		if err := s.lane.do(ctx, o); err != nil {
			return s.explain(err)
		}
		for i, k := range keys[:n] {
			v, err := o.calls[i].result()
			var row store.Row
			if err == nil && v != nil {
				row, _, err = readRow(v)
			}
			if err != nil {
				return s.explain(err)
			}
			if err := f(k, row); err != nil {
				return err
			}
		}
		keys = keys[n:]
	}
	return nil
}

// AcceptLoss implements store.Store. It holds for all gateways: the others
// hear of it within a second.
func (s *Store) AcceptLoss(ctx context.Context) (n int, err error) {
	s.follow()
	if err := s.sync(ctx); err != nil {
		return 0, err
	}
	for _, k := range s.book.keys(0, s.clock().UnixMicro()) {
		gone, err := s.acceptOne(ctx, k)
		if err != nil {
			return n, err
		}
		if gone {
			n++
		}
	}
	s.book.found(0)
	return n, s.sync(ctx)
}

func (s *Store) acceptOne(ctx context.Context, key store.Key) (bool, error) {
	if s.o.Topology != Cluster {
		v, err := s.one(ctx, s.rowCall("accept", s.rowAndList(key), string(key[:])))
		return v == int64(1), err
	}
	_, change, err := s.loadApart(ctx, key)
	if !errors.Is(err, store.ErrLost) {
		if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return false, err
	}
	v, err := s.one(ctx, s.settleCall(key, change, 0))
	return v == int64(1), err
}
