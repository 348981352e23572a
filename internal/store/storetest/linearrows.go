package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/login-guard/login-guard/internal/store"
)

// What is done with a row. Values are told apart, so a row is its value here;
// 0 is none.
type rowCall struct {
	key  int
	what string // load, make, change, delete
	old  int    // the value whose version is replaced
	to   int
}

type rowAnswer struct {
	unknown bool
	ok      bool // false: a conflict
	value   int
}

type rowState struct{ value int }

func (s rowState) after(c rowCall) (rowState, rowAnswer) {
	switch {
	case c.what == "load":
		return s, rowAnswer{ok: true, value: s.value}
	case s.value != c.old:
		return s, rowAnswer{}
	default:
		return rowState{c.to}, rowAnswer{ok: true}
	}
}

// CheckRows loads, makes, changes and deletes a few rows of a round at once
// and returns an error if the answers fit no order. Half of the changes are
// from a version of before.
func CheckRows(s store.Store, round int) error {
	const keys = 3
	h := &history{start: time.Now()}
	name := func(i int) store.Key { return Key(fmt.Sprint("round ", round, " row ", i)) }
	concurrently(func(client int, r *rand.Rand) {
		var seen [keys][]seenRow // versions that this client knows
		for i := range calls {
			c := rowCall{key: r.IntN(keys), what: []string{"load", "load", "make", "change", "change", "delete"}[r.IntN(6)]}
			var old seenRow
			switch c.what {
			case "change", "delete":
				if n := len(seen[c.key]); n == 0 {
					c.what = "load"
				} else if old = seen[c.key][n-1]; r.IntN(4) == 0 {
					old = seen[c.key][r.IntN(n)]
				}
			}
			c.old = old.value
			if c.what == "make" || c.what == "change" {
				c.to = 1 + client*calls + i
			}
			runtime.Gosched()
			h.call(client, c, func() (any, bool) {
				a, version := rowDo(s, name(c.key), c, old.version)
				if value := max(a.value, c.to); version != 0 {
					seen[c.key] = append(seen[c.key], seenRow{value, version})
				}
				return a, a.unknown
			})
		}
	})
	model := porcupine.NondeterministicModel{
		Partition: func(all []porcupine.Operation) [][]porcupine.Operation {
			parts := make([][]porcupine.Operation, keys)
			for _, op := range all {
				k := op.Input.(rowCall).key
				parts[k] = append(parts[k], op)
			}
			return parts
		},
		Init: func() []any { return []any{rowState{}} },
		Step: step(rowState.after, func(a rowAnswer) bool { return a.unknown }),
	}
	return h.check(model.ToModel())
}

// seenRow is a value and the version that it had.
type seenRow struct {
	value   int
	version uint64
}

func rowDo(s store.Store, k store.Key, c rowCall, old uint64) (a rowAnswer, version uint64) {
	if c.what == "load" {
		got, err := s.LoadRow(ctx, k)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return rowAnswer{ok: true}, 0
		case err != nil:
			return rowAnswer{unknown: true}, 0
		}
		a.ok = true
		_, _ = fmt.Sscan(string(got.Value), &a.value)
		return a, got.Version
	}
	var value []byte
	if c.to != 0 {
		value = fmt.Append(nil, c.to)
	}
	version, err := s.SwapRow(ctx, k, old, value, time.Hour)
	switch {
	case errors.Is(err, store.ErrConflict):
		return rowAnswer{}, 0
	case err != nil:
		return rowAnswer{unknown: true}, 0
	}
	return rowAnswer{ok: true}, version
}
