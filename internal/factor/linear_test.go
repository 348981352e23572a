package factor

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/login-guard/login-guard/internal/factor/totp"
)

// spending is the model of codes that are good once, in the order of their
// steps: a code is right if its step is after the last one that was, else it
// is used.
var spending = porcupine.Model{
	Init: func() any { return int64(0) },
	Step: func(state, input, output any) (bool, any) {
		last, step := state.(int64), input.(int64)
		if step > last {
			return output.(Why) == Right, step
		}
		return output.(Why) == Used, last
	},
}

// Whoever gave codes at the same time, the answers are those that one after
// the other would have got: no code is right twice, none is called used before
// somebody had it, and none is right after a later one was.
func TestCodesGivenAtOnceAreJudgedAsOneAfterTheOther(t *testing.T) {
	onEachStore(t, func(t *testing.T, b *bench) {
		// The same secret each time: two steps of some have one code.
		b.Random = rand.NewChaCha8([32]byte{1})
		b.addApp(owner)
		at := totp.Step(b.now)
		codes := map[int64]string{}
		for s := at - totp.Window; s <= at+totp.Window; s++ {
			codes[s] = totp.Code(b.secret, s)
		}
		if len(map[string]bool{codes[at-1]: true, codes[at]: true, codes[at+1]: true}) != 3 {
			t.Fatal("two steps have one code: choose another seed")
		}
		start := time.Now()
		var mu sync.Mutex
		var history []porcupine.Operation
		var done sync.WaitGroup
		for client := range 12 {
			done.Go(func() {
				for i := range 4 {
					step := at - totp.Window + int64((client+i)%3)
					var r Result
					call := time.Since(start).Nanoseconds()
					_, err := b.Update(ctx, b.id, func(a *Account) error {
						r = Result{}
						return b.judge(a, b.now, b.id, Attempt{Class: ClassApp, Code: codes[step]}, &r)
					})
					end := time.Since(start).Nanoseconds()
					if errors.Is(err, ErrBusy) {
						continue // nothing was done
					}
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					history = append(history, porcupine.Operation{ClientId: client, Input: step, Call: call, Output: r.Why, Return: end})
					mu.Unlock()
				}
			})
		}
		done.Wait()
		if len(history) < 12 {
			t.Errorf("only %d answers", len(history))
		}
		if got := porcupine.CheckOperationsTimeout(spending, history, 20*time.Second); got != porcupine.Ok {
			t.Errorf("%v: the answers are those of no order: %+v", got, history)
		}
	})
}
