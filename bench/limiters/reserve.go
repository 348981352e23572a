package limiters

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
)

// Cost is what one decision costs.
type Cost struct {
	CPU     float64 // ns of the thread, the least of all rounds
	Again   float64 // ns, the least of as many rounds more: the noise
	Longest float64 // ns of the one decision that took longest
	Allocs  float64
}

const (
	rounds   = 4
	perRound = 40_000
)

// measure times one decision about subjects drawn at random.
func measure(subjects uint64, one func(subject uint64) error) (Cost, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	draw := rand.New(rand.NewPCG(1, 2))
	list := make([]uint64, perRound)
	lap := func() (float64, float64, error) {
		for i := range list {
			list[i] = draw.Uint64N(subjects)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := threadTime()
		for _, s := range list {
			if err := one(s); err != nil {
				return 0, 0, err
			}
		}
		took := threadTime() - began
		runtime.ReadMemStats(&after)
		return float64(took) / perRound, float64(after.Mallocs-before.Mallocs) / perRound, nil
	}
	var c Cost
	for range rounds {
		for _, least := range []*float64{&c.CPU, &c.Again} {
			ns, allocs, err := lap()
			if err != nil {
				return c, err
			}
			if c.Allocs = allocs; *least == 0 || ns < *least {
				*least = ns
			}
		}
	}
	for _, s := range list[:10_000] {
		began := threadTime()
		if err := one(s); err != nil {
			return c, err
		}
		c.Longest = max(c.Longest, float64(threadTime()-began))
	}
	return c, nil
}

// threadTime is the processor time of this thread.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// roomFor is a store in which n keys are known and nearly none is pushed out.
func roomFor(n int) *embedded.Store {
	return embedded.New(embedded.Options{Counters: n * 4 / 3, Tallies: n / 4, Profiles: n / 8})
}

// charges are the budgets of an attempt: five of its address and one of its
// network.
func charges(to []store.Charge, subject uint64) []store.Charge {
	to = to[:0]
	for what := range perAttempt {
		k := key(subject, what)
		if what == perAttempt-1 {
			k = key(subject|1<<62, what)
		}
		to = append(to, store.Charge{Key: k, Burst: 1_000_000, Every: time.Minute, Soft: store.SoftAlways})
	}
	return to
}

// Reserve is the cost of taking from six budgets at once while n keys are
// known; with whole it reads six tallies, a profile, two marks and the wall
// too, as an attempt does.
func Reserve(n int, whole bool) (Cost, error) {
	s := roomFor(n)
	subjects := uint64(max(1, n/perAttempt))
	room := make([]store.Charge, 0, perAttempt)
	asks := make([]store.Ask, store.MaxTallies)
	marks := make([]store.Key, store.MaxMarks)
	var q store.Reserve
	var got store.Reserved
	ctx := context.Background()
	now := start
	one := func(subject uint64) error {
		now = now.Add(time.Microsecond)
		room = charges(room, subject)
		q = store.Reserve{Now: now, Charges: room}
		if whole {
			account := subject | 1<<61
			asks[0] = store.Ask{Key: key(subject, 10), HalfLife: 12 * time.Hour, Window: 10 * time.Minute}
			asks[1] = store.Ask{Key: key(account, 11), HalfLife: time.Hour, Window: time.Hour}
			for i := 2; i < len(asks); i++ {
				asks[i] = store.Ask{Key: key(1<<60, i), HalfLife: 24 * time.Hour}
			}
			marks[0], marks[1] = key(account, 12), key(1<<60, 12)
			q.Tallies, q.BusyAbove, q.Marks = asks, 20, marks
			q.Profile = key(account, 13)
			q.Wall = store.Wall{Key: q.Profile, GapFrom: 20, RowFrom: 100}
		}
		if err := s.Reserve(ctx, &q, &got); err != nil {
			return err
		}
		if got.Taken != 1<<perAttempt-1 && got.Wall.Wait == 0 {
			return fmt.Errorf("of %d budgets %b were taken", perAttempt, got.Taken)
		}
		return nil
	}
	for i := range subjects {
		if err := one(i); err != nil {
			return Cost{}, err
		}
	}
	return measure(subjects, one)
}

// ReserveZones is the same with six zones of caddy-ratelimit. The keys'
// texts are made beforehand, which is work that its handler does a request.
func ReserveZones(n int) (Cost, error) {
	var zones [perAttempt]Zone
	for i := range zones {
		zones[i] = NewZone()
	}
	subjects := n / perAttempt
	texts := make([]string, subjects*perAttempt)
	one := func(subject uint64) error {
		for i := range zones {
			zones[i].Take(texts[int(subject)*perAttempt+i], peerEvents, time.Hour)
		}
		return nil
	}
	for i := range subjects {
		for what := range perAttempt {
			texts[i*perAttempt+what] = text(uint64(i), what)
		}
		if err := one(uint64(i)); err != nil {
			return Cost{}, err
		}
	}
	return measure(uint64(subjects), one)
}

// ReserveBuckets is the same with x/time/rate in one map.
func ReserveBuckets(n int) (Cost, error) {
	b := NewBuckets()
	subjects := n / perAttempt
	texts := make([]string, subjects*perAttempt)
	now := start
	one := func(subject uint64) error {
		now = now.Add(time.Microsecond)
		for what := range perAttempt {
			b.Take(texts[int(subject)*perAttempt+what], peerEvents, time.Hour, now)
		}
		return nil
	}
	for i := range subjects {
		for what := range perAttempt {
			texts[i*perAttempt+what] = text(uint64(i), what)
		}
		if err := one(uint64(i)); err != nil {
			return Cost{}, err
		}
	}
	return measure(uint64(subjects), one)
}

// peerEvents are the events of a zone, or the burst of a bucket: Login
// Guard's own budget of an address.
const peerEvents = 10
