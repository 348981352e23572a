package redis

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// errAnswer: Redis answered what no script of ours answers.
var errAnswer = errors.New("an answer that cannot be read")

// booking is a reservation on its way.
type booking struct {
	op
	s *Store

	// What is asked; the caller's slices may change once it has left.
	charges [store.MaxCharges]store.Charge
	tallies [store.MaxTallies]store.Ask
	marks   [store.MaxMarks]store.Key
	n       struct{ charges, tallies, marks int }
	wall    store.Wall
	profile store.Key
	busy    int

	// Charges whose once marker is on another server than their budget, and
	// those that were charged before and are left out.
	far, skip uint32

	parts []part
	out   store.Reserved
}

// part is what one script does: all of it on one server, in a cluster all of
// one subject.
type part struct {
	call
	id      store.Key // any of its keys: names the subject
	charges []int     // places in the reservation, in the order of the script
	reads   []read
	wall    bool
}

// read is a row that comes back as it is.
type read struct {
	kind byte
	at   int // place in the reservation
}

// Reserve implements store.Store.
func (s *Store) Reserve(ctx context.Context, q *store.Reserve, out *store.Reserved) error {
	if !q.Fits() {
		return store.ErrTooMany
	}
	*out = store.Reserved{}
	s.listen()
	b := &booking{s: s, wall: q.Wall, profile: q.Profile, busy: q.BusyAbove}
	b.n.charges = copy(b.charges[:], q.Charges)
	b.n.tallies = copy(b.tallies[:], q.Tallies)
	b.n.marks = copy(b.marks[:], q.Marks)
	if b.knownHere() {
		*out = b.out
		return nil
	}
	if err := b.foresee(ctx); err != nil {
		return s.explain(err)
	}
	b.encode()
	b.local, b.done = b.knownHere, b.answered
	if len(b.parts) == 0 {
		return nil // nothing was asked
	}
	if err := s.lane.do(ctx, &b.op); err != nil {
		return s.explain(err)
	}
	*out = b.out
	return nil
}

// knownHere answers a reservation that stops anyway, as a budget is known to
// be spent. A charge that may have been taken before is not stopped so.
func (b *booking) knownHere() bool {
	now := b.s.clock()
	for i := range b.n.charges {
		c := &b.charges[i]
		if c.Soft == store.SoftAlways || !c.Once.IsZero() {
			continue
		}
		after := b.s.denied.wait(c.Key, b.busyTally(c), now)
		if after <= 0 {
			continue
		}
		b.out.Over |= 1 << i
		b.out.After[i] = after
	}
	if b.out.Over == 0 {
		return false
	}
	b.out.Brief = true
	b.s.brief.Add(1)
	return true
}

// busyTally is the tally that says whether c stops, zero if c always does.
func (b *booking) busyTally(c *store.Charge) store.Key {
	if c.Soft != store.SoftIfBusy || b.busy <= 0 || b.n.tallies == 0 {
		return store.Key{}
	}
	return b.tallies[0].Key
}

// foresee looks beforehand at what a budget depends on and what is on another
// server: whether its address is busy, whether it was charged before. Package
// ledger keeps them together, and then nothing is asked here.
func (b *booking) foresee(ctx context.Context) error {
	var tally store.Key
	var onces []store.Key
	for i := range b.n.charges {
		c := &b.charges[i]
		if t := b.busyTally(c); !t.IsZero() && b.s.o.apart(c.Key, t) {
			tally = t
		}
		if !c.Once.IsZero() && b.s.o.apart(c.Key, c.Once) {
			onces = append(onces, c.Once)
			b.far |= 1 << i
		}
	}
	if len(onces) > 0 {
		up, err := b.s.Flagged(ctx, onces...)
		if err != nil {
			return err
		}
		for i, n := 0, 0; i < b.n.charges; i++ {
			if b.far&(1<<i) != 0 {
				if up[n] {
					b.skip |= 1 << i
				}
				n++
			}
		}
	}
	if tally.IsZero() {
		return nil
	}
	var got store.Reserved
	if err := b.s.Reserve(ctx, &store.Reserve{Tallies: b.tallies[:1]}, &got); err != nil {
		return err
	}
	for i := range b.n.charges {
		c := &b.charges[i]
		switch {
		case c.Soft != store.SoftIfBusy || !b.s.o.apart(c.Key, tally):
		case got.Tallies[0].SucceededOf > b.busy:
			c.Soft = store.SoftAlways
		default:
			c.Soft = hardOnce
		}
	}
	return nil
}

// hardOnce is a budget that stops this reservation and maybe not the next: it
// is not remembered as spent.
const hardOnce store.Soft = 100

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
		if k.IsZero() {
			return 0
		}
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
		once := c.Once
		if b.far&(1<<i) != 0 {
			once = store.Key{}
		}
		body.byte(soft)
		body.byte(index(c.Key))
		body.byte(index(once))
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

// answered reads what the scripts answered. It runs in the order in which
// things were sent. If one part stopped or failed, or if the caller has left,
// what the others took is given back.
func (b *booking) answered(gone bool) {
	if b.out.Brief {
		return
	}
	stop := gone || b.err != nil
	now := make([]float64, len(b.parts))
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
		heads[i], now[i] = h, h.now
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

// estimate is how many distinct others set x of 64 bits (linear counting,
// Whang et al. 1990).
func estimate(x int) int {
	if x >= 64 {
		return 300 // past what 64 bits can tell
	}
	return int(math.Round(64 * math.Log(64/float64(64-x))))
}
