package redis

import (
	"context"

	"github.com/login-guard/login-guard/internal/store"
)

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
