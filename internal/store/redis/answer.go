package redis

import (
	"errors"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// errAnswer: Redis answered what no script of ours answers.
var errAnswer = errors.New("an answer that cannot be read")

// answered reads what the scripts answered. It runs in the order in which
// things were sent. If one part stopped or failed, or if the caller has left,
// what the others took is given back.
func (b *booking) answered(gone bool) {
	if b.out.Brief {
		return
	}
	stop := gone || b.err != nil
	heads := make([]head, len(b.parts))
	for i := range b.parts {
		p := &b.parts[i]
		v, err := p.result()
		if err != nil {
			continue // b.err has it
		}
		h, ok := b.decode(p, v)
		if !ok {
			b.err, stop = errAnswer, true
			continue
		}
		heads[i] = h
		stop = stop || h.stop
		b.remember(p, h)
	}
	if !stop {
		for i := range b.n.charges {
			if b.far&b.out.Taken&(1<<i) != 0 {
				b.s.lane.put(&op{calls: b.s.small("flag", []store.Key{b.charges[i].Once}, string(rune(kindCounter)), micros(b.charges[i].OnceFor))})
			}
		}
		return
	}
	for i := range b.parts {
		b.giveBack(&b.parts[i], heads[i])
	}
	b.out.Taken, b.out.WallTaken = 0, false
	b.out.WallGap, b.out.WallSet = 0, 0
}

// head is the packed part of an answer.
type head struct {
	now         float64
	stop, busy  bool
	over, taken uint32 // by the order of the part
	wall        bool
	gap, set    float64
}

// decode reads the answer of one part into b.out.
func (b *booking) decode(p *part, v any) (h head, ok bool) {
	var rows []any
	if n, ok := v.(int64); ok && len(p.reads) == 0 && !p.wall {
		h.taken = uint32(n)
		for j, i := range p.charges {
			if h.taken&(1<<j) != 0 {
				b.out.Taken |= 1 << i
			}
		}
		return h, true
	}
	text, ok := v.(string)
	if !ok {
		if rows, ok = v.([]any); !ok || len(rows) != 1+len(p.reads) {
			return h, false
		}
		if text, ok = rows[0].(string); !ok {
			return h, false
		}
		rows = rows[1:]
	}
	u := unblob{b: text}
	h.now = u.double()
	flags := u.byte()
	h.stop, h.busy = flags&1 != 0, flags&2 != 0
	h.over, h.taken = u.uint32(), u.uint32()
	for j, i := range p.charges {
		if h.over&(1<<j) != 0 {
			b.out.Over |= 1 << i
			b.out.After[i] = duration(u.double())
		}
		if h.taken&(1<<j) != 0 {
			b.out.Taken |= 1 << i
		}
	}
	if p.wall {
		w := &b.out.Wall
		w.Failures, w.Row, w.Wait = int(u.double()), int(u.double()), duration(u.double())
		h.gap, h.set = u.double(), u.double()
		if !h.stop {
			h.wall = true
			b.out.WallTaken, b.out.WallGap, b.out.WallSet = true, int64(h.gap), int64(h.set)
		}
	}
	for j, r := range p.reads {
		if rows == nil {
			break
		}
		row, _ := rows[j].(string)
		switch r.kind {
		case kindTally:
			b.out.Tallies[r.at] = readTally(row, b.tallies[r.at], h.now)
		case kindProfile:
			b.out.Profile = readProfile(row, h.now)
		default:
			b.out.Marks[r.at] = readMark(row, h.now)
		}
	}
	return h, !u.short
}

func duration(us float64) time.Duration { return time.Duration(us) * time.Microsecond }

// remember notes budgets that were found spent, so that the next attempt
// does not reach Redis.
func (b *booking) remember(p *part, h head) {
	for j, i := range p.charges {
		c := &b.charges[i]
		if h.over&(1<<j) == 0 || c.Soft == store.SoftAlways || c.Soft == hardOnce {
			continue
		}
		tally := b.busyTally(c)
		if !tally.IsZero() && h.busy {
			continue
		}
		b.s.denied.add(c.Key, tally, b.s.clock(), b.out.After[i], h.now)
	}
}

// giveBack returns what one part took of a reservation that came to nothing.
func (b *booking) giveBack(p *part, h head) {
	if h.taken == 0 && !h.wall {
		return
	}
	var q store.Settle
	for j, i := range p.charges {
		if h.taken&(1<<j) != 0 {
			q.Refund = append(q.Refund, b.charges[i])
		}
	}
	if h.wall {
		q.Wall, q.WallRefund = b.wall.Key, true
		q.WallGap, q.WallSet = int64(h.gap), int64(h.set)
	}
	b.s.settle(&q)
}
