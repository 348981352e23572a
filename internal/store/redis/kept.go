package redis

import (
	"context"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// A small value is at most this long, and there is room for this many times
// as many of them as of others.
const (
	smallValue  = 64
	smallFactor = 5
)

// Kinds of room.
const (
	roomLarge = "n"
	roomSmall = "s"
)

// one runs a call of lua/kept.lua and waits for it.
func (s *Store) one(ctx context.Context, c *call) (any, error) {
	if err := s.lane.do(ctx, &op{calls: []*call{c}}); err != nil {
		return nil, s.explain(err)
	}
	return c.result()
}

func (s *Store) keptCall(what, key string, ttl time.Duration, args ...any) *call {
	return &call{script: keptScript, keys: []string{key}, args: append([]any{what, s.now(), micros(ttl)}, args...)}
}

// Keep implements store.Store. It takes two round trips, three with a group
// whose oldest goes. Places in groups and room are taken before the value is
// written: what is cut off in between holds a place until its time is over,
// and no value is kept without one.
func (s *Store) Keep(ctx context.Context, key store.Key, value []byte, ttl time.Duration, groups ...store.Group) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Timeout)
	defer cancel()
	var undo []*call
	defer func() {
		if err != nil && len(undo) > 0 {
			s.lane.put(&op{calls: undo})
		}
	}()
	who := string(key[:])
	join := func(replace bool) *op {
		o := &op{}
		for _, g := range groups {
			if g.Replace != replace {
				continue
			}
			name, oldest := s.o.key(kindGroup, g.Key), "0"
			if replace {
				oldest = "1"
			}
			o.calls = append(o.calls, s.keptCall("join", name, ttl, who, max(1, g.Max), oldest))
			undo = append(undo, s.keptCall("leave", name, 0, who))
		}
		return o
	}
	if o := join(true); len(o.calls) > 0 {
		if err := s.lane.do(ctx, o); err != nil {
			return s.explain(err)
		}
		if err := s.dropReplaced(ctx, o.calls); err != nil {
			return s.explain(err)
		}
	}

	kind, most := roomLarge, s.o.Kept
	if len(value) <= smallValue {
		kind, most = roomSmall, smallFactor*s.o.Kept
	}
	o := join(false)
	o.calls = append(o.calls, s.keptCall("admit", s.o.room(kindKept), ttl, kind, most, len(value), s.o.KeptBytes))
	if err := s.lane.do(ctx, o); err != nil {
		return s.explain(err)
	}
	for i, c := range o.calls {
		v, _ := c.result()
		if i < len(o.calls)-1 {
			if _, ok := v.([]any); !ok { // 0: the group is full
				err = store.ErrFull
			}
		} else if room, ok := readRoom(v); ok {
			s.kept.Store(room.things)
			s.keptBytes.Store(room.bytes)
			if !room.admitted {
				err = store.ErrFull
				continue
			}
			undo = append(undo, s.move(kind, len(value), room.until, 0))
		} else {
			err = s.explain(errAnswer)
		}
	}
	if err != nil {
		// A group that is full was not joined; leaving it does nothing, as
		// this key was not in it.
		return err
	}

	body := make(blob, 0, 1+16*len(groups)+len(value))
	body.byte(len(groups))
	for _, g := range groups {
		body = append(body, g.Key[:]...)
	}
	old, err := s.one(ctx, s.keptCall("keep", s.o.key(kindKept, key), ttl, []byte(append(body, value...))))
	if err != nil {
		return err
	}
	if it, ok := parseKept(old); ok {
		s.left(key, it, groups)
	}
	return nil
}

// dropReplaced removes what had to go from a group: its value, its places in
// other groups and its room. The next thing asked of Redis sees that.
func (s *Store) dropReplaced(ctx context.Context, joins []*call) error {
	var keys []store.Key
	o := &op{}
	for _, c := range joins {
		v, _ := c.result()
		gone, _ := v.([]any)
		for _, m := range gone {
			if name, _ := m.(string); len(name) == len(store.Key{}) {
				k := store.Key([]byte(name))
				keys = append(keys, k)
				o.calls = append(o.calls, s.keptCall("take", s.o.key(kindKept, k), 0))
			}
		}
	}
	if len(keys) == 0 {
		return nil
	}
	if err := s.lane.do(ctx, o); err != nil {
		return err
	}
	for i, c := range o.calls {
		v, _ := c.result()
		if it, ok := parseKept(v); ok {
			s.left(keys[i], it, nil)
		}
	}
	return nil
}

// room is the answer of "admit".
type room struct {
	admitted      bool
	things, bytes int64
	until         time.Time // when what was admitted ends, by Redis's clock
}

func readRoom(v any) (r room, ok bool) {
	a, _ := v.([]any)
	var n [4]int64
	if len(a) != len(n) {
		return r, false
	}
	for i := range n {
		if n[i], ok = a[i].(int64); !ok {
			return r, false
		}
	}
	return room{n[0] == 1, n[1], n[2], time.UnixMicro(n[3])}, true
}

// move counts room for a thing that would end at until and now ends in ttl; 0:
// it is gone.
func (s *Store) move(kind string, size int, until time.Time, ttl time.Duration) *call {
	return s.keptCall("move", s.o.room(kindKept), ttl, kind, size, until.UnixMicro())
}

// keptItem is a kept thing as lua/kept.lua writes it.
type keptItem struct {
	until  time.Time
	groups []store.Key
	value  string
}

func (it *keptItem) kind() string {
	if len(it.value) <= smallValue {
		return roomSmall
	}
	return roomLarge
}

func parseKept(v any) (it keptItem, ok bool) {
	text, ok := v.(string)
	if !ok {
		return it, false
	}
	u := unblob{b: text}
	it.until = time.UnixMicro(int64(u.double()))
	for range u.byte() {
		it.groups = append(it.groups, store.Key([]byte(u.next(16) + zeroKey)[:16]))
	}
	it.value = u.b
	return it, !u.short
}

var zeroKey = string(make([]byte, 16))

// left gives the room and the places of a thing that is gone, those in stays
// aside. Nobody waits for it: a place that is not given back ends with its
// time.
func (s *Store) left(key store.Key, it keptItem, stays []store.Group) {
	o := &op{calls: []*call{s.move(it.kind(), len(it.value), it.until, 0)}}
	for _, g := range it.groups {
		in := false
		for _, x := range stays {
			in = in || x.Key == g
		}
		if !in {
			o.calls = append(o.calls, s.keptCall("leave", s.o.key(kindGroup, g), 0, string(key[:])))
		}
	}
	s.lane.put(o)
}

// Extend implements store.Store.
func (s *Store) Extend(ctx context.Context, key store.Key, ttl time.Duration) (bool, error) {
	v, err := s.one(ctx, s.keptCall("extend", s.o.key(kindKept, key), ttl))
	if err != nil {
		return false, err
	}
	it, ok := parseKept(v)
	if !ok {
		return false, nil
	}
	o := &op{calls: []*call{s.move(it.kind(), len(it.value), it.until, ttl)}}
	for _, g := range it.groups {
		o.calls = append(o.calls, s.keptCall("stay", s.o.key(kindGroup, g), ttl, string(key[:])))
	}
	s.lane.put(o)
	return true, nil
}

// Peek implements store.Store.
func (s *Store) Peek(ctx context.Context, key store.Key) ([]byte, error) {
	v, err := s.one(ctx, s.keptCall("peek", s.o.key(kindKept, key), 0))
	if err != nil {
		return nil, err
	}
	it, ok := parseKept(v)
	if !ok {
		return nil, store.ErrNotFound
	}
	return []byte(it.value), nil
}

// Take implements store.Store. A value whose answer is lost on the way is
// lost: it is never given out twice.
func (s *Store) Take(ctx context.Context, key store.Key) ([]byte, error) {
	v, err := s.one(ctx, s.keptCall("take", s.o.key(kindKept, key), 0))
	if err != nil {
		return nil, err
	}
	it, ok := parseKept(v)
	if !ok {
		return nil, store.ErrNotFound
	}
	s.left(key, it, nil)
	return []byte(it.value), nil
}

// Spend implements store.Store.
func (s *Store) Spend(ctx context.Context, key store.Key, ttl time.Duration) (bool, error) {
	mark := s.keptCall("spend", s.o.key(kindSpent, key), ttl)
	admit := s.keptCall("admit", s.o.room(kindSpent), ttl, roomSmall, s.o.Spent, 0, 0)
	if err := s.lane.do(ctx, &op{calls: []*call{mark, admit}}); err != nil {
		return false, s.explain(err)
	}
	v, _ := mark.result()
	first, _ := v.(int64)
	a, _ := admit.result()
	room, _ := readRoom(a)
	if first != 1 && room.admitted {
		// It was counted before: spending the same thing again and again
		// must not fill the room.
		s.lane.put(&op{calls: []*call{s.keptCall("move", s.o.room(kindSpent), 0, roomSmall, 0, room.until.UnixMicro())}})
	}
	return first == 1 && room.admitted, nil
}
