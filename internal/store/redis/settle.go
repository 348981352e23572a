package redis

import (
	"context"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// noOther: a count names no other that failed or succeeded.
const noOther = 255

// Settle implements store.Store. It answers before Redis has: what fails then
// shows in Stats. What this node asks later sees it.
func (s *Store) Settle(_ context.Context, q *store.Settle) error {
	s.settle(q)
	return nil
}

func (s *Store) settle(q *store.Settle) {
	if o := s.settling(q); o != nil {
		s.lane.put(o)
	}
}

// settled is what one script of a Settle does.
type settled struct {
	call
	id                     store.Key
	refunds, drops, counts blob
	nRefund, nDrop, nCount int
	wall, profile          int
}

// settling makes the op of a Settle, nil if there is nothing to do.
func (s *Store) settling(q *store.Settle) *op {
	var parts []*settled
	part := func(k store.Key) *settled {
		for _, p := range parts {
			if !s.o.apart(p.id, k) {
				return p
			}
		}
		parts = append(parts, &settled{id: k})
		return parts[len(parts)-1]
	}
	for i := range q.Refund {
		c := &q.Refund[i]
		if !c.Key.IsZero() {
			p := part(c.Key)
			every := micros(c.Every)
			p.refunds.byte(p.index(s.o.key(kindCounter, c.Key)))
			p.refunds.double(every)
			p.refunds.double(float64(c.Burst-1) * every)
			p.nRefund++
		}
		if !c.Once.IsZero() {
			p := part(c.Once)
			p.drops.byte(p.index(s.o.key(kindCounter, c.Once)))
			p.nDrop++
		}
	}
	for i := range q.Counts {
		c := &q.Counts[i]
		p := part(c.Key)
		p.counts.byte(p.index(s.o.key(kindTally, c.Key)))
		p.counts.double(c.Failures)
		p.counts.double(c.Successes)
		p.counts.double(micros(c.HalfLife))
		p.counts.double(windowOf(c.Window))
		p.counts.byte(bitOf(c.FailedOf))
		p.counts.byte(bitOf(c.SucceededOf))
		p.nCount++
	}
	if !q.Wall.IsZero() && (q.WallRefund || q.WallReset) {
		p := part(q.Wall)
		p.wall = p.index(s.o.key(kindWall, q.Wall))
	}
	if !q.Visit.Key.IsZero() {
		p := part(q.Visit.Key)
		p.profile = p.index(s.o.key(kindProfile, q.Visit.Key))
	}
	if len(parts) == 0 {
		return nil
	}
	o := &op{}
	for _, p := range parts {
		p.script, p.args = settleScript, []any{[]byte(p.encode(s.now(), q)), s.o.channel()}
		o.calls = append(o.calls, &p.call)
	}
	if held := changes(q); len(held) > 0 {
		s.denied.hold(held)
		o.done = func(bool) { s.denied.release(held) }
	}
	return o
}

// index returns the place of a key among the script's, adding it if need be.
func (p *settled) index(key string) int {
	for i, k := range p.keys {
		if k == key {
			return i + 1
		}
	}
	p.keys = append(p.keys, key)
	return len(p.keys)
}

// encode writes the script's argument. See lua/settle.lua.
func (p *settled) encode(now float64, q *store.Settle) blob {
	var b blob
	b.double(now)
	b.byte(p.nRefund)
	b.byte(p.nDrop)
	b.byte(p.nCount)
	b.byte(p.wall)
	how := 0
	if q.WallRefund {
		how++
	}
	if q.WallReset {
		how += 2
	}
	b.byte(how)
	b.byte(p.profile)
	b = append(append(append(b, p.refunds...), p.drops...), p.counts...)
	if p.wall > 0 {
		b.double(float64(q.WallGap))
		b.double(float64(q.WallSet))
	}
	if v := &q.Visit; p.profile > 0 {
		b.uint32(v.Country)
		b.uint32(v.ASN)
		b.uint32(v.Family)
		b.uint32(v.Address)
	}
	return b
}

func windowOf(d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return halfWindow(d)
}

// bitOf is which of 64 bits a hash sets.
func bitOf(h uint64) int {
	if h == 0 {
		return noOther
	}
	return int(h & 63)
}

// changes are the keys of which something known here may be so no longer. q is
// not kept.
func changes(q *store.Settle) []store.Key {
	var keys []store.Key
	for i := range q.Refund {
		if k := q.Refund[i].Key; !k.IsZero() {
			keys = append(keys, k)
		}
	}
	for i := range q.Counts {
		if q.Counts[i].SucceededOf != 0 {
			keys = append(keys, q.Counts[i].Key)
		}
	}
	return keys
}
