package redis

import (
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// encode writes the scripts' arguments. See lua/reserve.lua.
func (b *booking) encode() {
	for i := range b.n.charges {
		if b.skip&(1<<i) == 0 {
			p := b.part(b.charges[i].Key)
			p.charges = append(p.charges, i)
		}
	}
	if !b.wall.Key.IsZero() {
		b.part(b.wall.Key).wall = true
	}
	for i := range b.n.tallies {
		p := b.part(b.tallies[i].Key)
		p.reads = append(p.reads, read{kindTally, i})
	}
	if !b.profile.IsZero() {
		p := b.part(b.profile)
		p.reads = append(p.reads, read{kindProfile, 0})
	}
	for i := range b.n.marks {
		p := b.part(b.marks[i])
		p.reads = append(p.reads, read{kindMark, i})
	}
	for i := range b.parts {
		b.encodePart(&b.parts[i])
		b.calls = append(b.calls, &b.parts[i].call)
	}
}

// part returns the script that k belongs to.
func (b *booking) part(k store.Key) *part {
	for i := range b.parts {
		if !b.s.o.apart(b.parts[i].id, k) {
			return &b.parts[i]
		}
	}
	b.parts = append(b.parts, part{id: k})
	return &b.parts[len(b.parts)-1]
}

func (b *booking) encodePart(p *part) {
	o := &b.s.o
	// A row that is named twice is one key.
	var rows [2 * store.MaxCharges]store.Key
	n := 0
	index := func(k store.Key) int {
		for i := range n {
			if rows[i] == k {
				return i + 1
			}
		}
		rows[n] = k
		n++
		p.keys = append(p.keys, o.key(kindCounter, k))
		return n
	}
	p.keys = make([]string, 0, 2*len(p.charges)+1+len(p.reads))
	body := make(blob, 0, 16+26*len(p.charges))
	for _, i := range p.charges {
		c := &b.charges[i]
		soft := int(c.Soft)
		if c.Soft == store.SoftIfBusy && b.busyTally(c).IsZero() || c.Soft == hardOnce {
			soft = int(store.Hard)
		}
		body.byte(soft)
		body.byte(index(c.Key))
		if c.Once.IsZero() || b.far&(1<<i) != 0 {
			body.byte(0)
		} else {
			body.byte(index(c.Once))
		}
		every := micros(c.Every)
		body.double(every)
		body.double(float64(c.Burst-1) * every)
		body.double(micros(c.OnceFor))
	}
	wall, busy, reads := 0, 0, 0
	if p.wall {
		p.keys = append(p.keys, o.key(kindWall, b.wall.Key))
		wall = len(p.keys)
		body.double(float64(b.wall.GapFrom))
		body.double(float64(b.wall.RowFrom))
	}
	for i, r := range p.reads {
		var k store.Key
		switch r.kind {
		case kindTally:
			k = b.tallies[r.at].Key
		case kindProfile:
			k = b.profile
		default:
			k = b.marks[r.at]
		}
		p.keys = append(p.keys, o.key(r.kind, k))
		if i == 0 {
			reads = len(p.keys)
		}
		if r.kind == kindTally && r.at == 0 {
			busy = len(p.keys)
		}
	}
	head := make(blob, 0, 13+len(body))
	head.double(b.s.now())
	head.byte(len(p.charges))
	head.byte(wall)
	head.byte(busy)
	head.byte(bitsAbove(b.busy))
	head.byte(reads)
	p.script, p.args = reserveScript, []any{[]byte(append(head, body...))}
}

// micros are whole microseconds, at least one of anything.
func micros(d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(max(1, d.Microseconds()))
}

// bitsAbove is how many of 64 bits say more than n distinct others.
func bitsAbove(n int) int {
	for x := range 65 {
		if n > 0 && estimate(x) > n {
			return x
		}
	}
	return 255
}
