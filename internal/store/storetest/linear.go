package storetest

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/login-guard/login-guard/internal/store"
)

// RunLinearizable checks with porcupine that concurrent calls to the stores
// that open makes can be put in one order, each call between its start and
// its end, in which every answer is right: that what is good once is had
// once, and that budgets are taken all or none and never beyond their burst.
// It does so on the store as it is and on one that fails calls before or
// after they happened; such a call may have happened or not, then or later.
//
// late says that Settle may answer before it is done.
func RunLinearizable(t *testing.T, late bool, open func(t *testing.T, c *Clock) store.Store) {
	const rounds = 30
	for _, test := range []struct {
		name  string
		check func(s store.Store, c *Clock, round int) error
	}{
		{"WhatIsGoodOnceIsHadOnce", func(s store.Store, _ *Clock, round int) error { return CheckOnce(s, round) }},
		{"ARowIsSwappedFromItsLatestVersion", func(s store.Store, _ *Clock, round int) error { return CheckRows(s, round) }},
		{"BudgetsAreTakenAllOrNone", func(s store.Store, c *Clock, round int) error { return CheckReserve(s, c.Now(), round, late) }},
	} {
		for _, faults := range []bool{false, true} {
			name := test.name
			if faults {
				name += "AlsoWhenCallsFail"
			}
			t.Run(name, func(t *testing.T) {
				c := NewClock()
				s := open(t, c)
				if faults {
					s = Faulty(s, 8)
				}
				undecided := 0
				for round := range rounds {
					err := test.check(s, c, round)
					if errors.Is(err, errUndecided) {
						undecided++
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				if undecided > rounds/3 {
					t.Errorf("%d of %d rounds were too long to decide", undecided, rounds)
				}
			})
		}
	}
}

const (
	clients = 12
	calls   = 10
	// patience of the checker: it may need exponential time, and is done in
	// milliseconds unless something is wrong.
	patience = 3 * time.Second
)

// errUndecided: the checker's patience ended. On a machine that is short of
// time, calls overlap more and orders are many.
var errUndecided = errors.New("too many orders to look at")

// history is what clients saw.
type history struct {
	start time.Time
	mu    sync.Mutex
	ops   []porcupine.Operation
}

// call runs f and writes it down. Without a result, or a late one, the call
// may take effect at any time after.
func (h *history) call(client int, input any, f func() (output any, open bool)) {
	from := time.Since(h.start)
	output, open := f()
	to := int64(time.Since(h.start))
	if open {
		to = math.MaxInt64
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, porcupine.Operation{ClientId: client, Input: input, Call: int64(from), Output: output, Return: to})
}

func (h *history) check(m porcupine.Model) error {
	switch got := porcupine.CheckOperationsTimeout(m, h.ops, patience); got {
	case porcupine.Ok:
		return nil
	case porcupine.Unknown:
		return errUndecided
	default:
		return fmt.Errorf("%d concurrent calls: %s as one order", len(h.ops), got)
	}
}

func concurrently(f func(client int, r *rand.Rand)) {
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() { f(i, rand.New(rand.NewPCG(uint64(i), rand.Uint64()))) })
	}
	wg.Wait()
}

// What is done with a thing that is good once.
type onceCall struct {
	key   int
	what  string
	value int // kept
}

type onceAnswer struct {
	unknown bool
	ok      bool
	value   int
}

// onceState of one key: the number that is kept, and whether it was spent.
type onceState struct {
	kept  int
	spent bool
}

func (s onceState) after(c onceCall) (onceState, onceAnswer) {
	switch c.what {
	case "keep":
		s.kept = c.value
		return s, onceAnswer{ok: true}
	case "take":
		got := onceAnswer{ok: s.kept != 0, value: s.kept}
		s.kept = 0
		return s, got
	case "peek":
		return s, onceAnswer{ok: s.kept != 0, value: s.kept}
	case "extend":
		return s, onceAnswer{ok: s.kept != 0}
	default: // spend
		got := onceAnswer{ok: !s.spent}
		s.spent = true
		return s, got
	}
}

// step turns a model of one call into one that allows for calls whose answer
// is not known.
func step[S, I, O comparable](after func(S, I) (S, O), unknown func(O) bool) func(state, input, output any) []any {
	return func(state, input, output any) []any {
		next, want := after(state.(S), input.(I))
		switch got := output.(O); {
		case unknown(got):
			return []any{state, next}
		case got == want:
			return []any{next}
		default:
			return nil
		}
	}
}

// CheckOnce keeps, takes, peeks, extends and spends a few keys of a round at
// once and returns an error if the answers fit no order.
func CheckOnce(s store.Store, round int) error {
	const keys = 4
	h := &history{start: time.Now()}
	name := func(i int) store.Key { return Key(fmt.Sprint("round ", round, " key ", i)) }
	concurrently(func(client int, r *rand.Rand) {
		for i := range calls {
			c := onceCall{key: r.IntN(keys), what: []string{"keep", "take", "take", "take", "peek", "extend", "spend"}[r.IntN(7)]}
			if c.what == "keep" {
				c.value = 1 + client*calls + i
			}
			runtime.Gosched()
			h.call(client, c, func() (any, bool) {
				a := onceDo(s, name(c.key), c)
				return a, a.unknown
			})
		}
	})
	model := porcupine.NondeterministicModel{
		Partition: func(all []porcupine.Operation) [][]porcupine.Operation {
			parts := make([][]porcupine.Operation, keys)
			for _, op := range all {
				k := op.Input.(onceCall).key
				parts[k] = append(parts[k], op)
			}
			return parts
		},
		Init: func() []any { return []any{onceState{}} },
		Step: step(onceState.after, func(a onceAnswer) bool { return a.unknown }),
	}
	return h.check(model.ToModel())
}

func onceDo(s store.Store, k store.Key, c onceCall) (a onceAnswer) {
	var err error
	value := func(b []byte, e error) {
		switch {
		case e == nil:
			a.ok = true
			_, _ = fmt.Sscan(string(b), &a.value)
		case !errors.Is(e, store.ErrNotFound):
			err = e
		}
	}
	switch c.what {
	case "keep":
		err = s.Keep(ctx, k, fmt.Append(nil, c.value), time.Minute)
		a.ok = true
	case "take":
		value(s.Take(ctx, k))
	case "peek":
		value(s.Peek(ctx, k))
	case "extend":
		a.ok, err = s.Extend(ctx, k, time.Minute)
	case "spend":
		a.ok, err = s.Spend(ctx, k, time.Minute)
	}
	if err != nil {
		return onceAnswer{unknown: true}
	}
	return a
}

// Two budgets and what is asked of them: bit 0 and bit 1.
type budgetCall struct {
	of     uint32
	refund bool
}

type budgetAnswer struct {
	unknown     bool
	taken, over uint32
}

type budgetState struct{ used [2]int }

var bursts = [2]int{3, 5}

func (s budgetState) after(c budgetCall) (budgetState, budgetAnswer) {
	var got budgetAnswer
	for i := range bursts {
		bit := uint32(1) << i
		switch {
		case c.of&bit == 0:
		case c.refund:
			s.used[i] = max(0, s.used[i]-1)
		case s.used[i] >= bursts[i]:
			got.over |= bit
		default:
			got.taken |= bit
		}
	}
	if c.refund || got.over != 0 {
		return s, budgetAnswer{over: got.over}
	}
	for i := range bursts {
		if got.taken&(1<<i) != 0 {
			s.used[i]++
		}
	}
	return s, got
}

// CheckReserve reserves two budgets alone and together and gives back what
// it took, all at once, and returns an error if the answers fit no order.
func CheckReserve(s store.Store, now time.Time, round int, late bool) error {
	h := &history{start: time.Now()}
	var budgets [2]store.Charge
	for i := range budgets {
		// A unit comes back after an hour, which no test takes.
		budgets[i] = store.Charge{Key: Key(fmt.Sprint("round ", round, " budget ", i)), Burst: bursts[i], Every: time.Hour}
	}
	concurrently(func(client int, r *rand.Rand) {
		var mine uint32 // taken and not given back
		for range calls {
			c := budgetCall{of: 1 + uint32(r.IntN(3))}
			if mine != 0 && r.IntN(2) == 0 {
				c, mine = budgetCall{of: mine, refund: true}, 0
			}
			if !c.refund && mine != 0 {
				continue
			}
			runtime.Gosched()
			h.call(client, c, func() (any, bool) {
				a := budgetDo(s, now, budgets, c)
				if !c.refund {
					mine = a.taken
				}
				return a, a.unknown || (c.refund && late)
			})
		}
	})
	model := porcupine.NondeterministicModel{
		Init: func() []any { return []any{budgetState{}} },
		Step: step(budgetState.after, func(a budgetAnswer) bool { return a.unknown }),
	}
	return h.check(model.ToModel())
}

func budgetDo(s store.Store, now time.Time, budgets [2]store.Charge, c budgetCall) budgetAnswer {
	var charges []store.Charge
	var bits []uint32
	for i, b := range budgets {
		if c.of&(1<<i) != 0 {
			charges, bits = append(charges, b), append(bits, 1<<i)
		}
	}
	if c.refund {
		if err := s.Settle(ctx, &store.Settle{Now: now, Refund: charges}); err != nil {
			return budgetAnswer{unknown: true}
		}
		return budgetAnswer{}
	}
	var out store.Reserved
	if err := s.Reserve(ctx, &store.Reserve{Now: now, Charges: charges}, &out); err != nil || out.Local || out.Brief {
		// Brief goes by what was true a while ago, and takes nothing.
		return budgetAnswer{unknown: true}
	}
	var a budgetAnswer
	for i, bit := range bits {
		if out.Taken&(1<<i) != 0 {
			a.taken |= bit
		}
		if out.Over&(1<<i) != 0 {
			a.over |= bit
		}
	}
	return a
}
