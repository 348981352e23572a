package failover_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
	"github.com/login-guard/login-guard/internal/store/failover"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

var (
	ctx     = context.Background()
	errGone = errors.New("connection refused")
)

// shaky is a store that can be taken off the network. With lost its answers
// are lost on the way: the work is done.
type shaky struct {
	store.Store
	down, lost atomic.Bool
	calls      atomic.Int64
}

func (s *shaky) do(f func() error) error {
	s.calls.Add(1)
	if s.down.Load() {
		return errGone
	}
	if err := f(); err != nil || !s.lost.Load() {
		return err
	}
	return errGone
}

func (s *shaky) Reserve(ctx context.Context, q *store.Reserve, out *store.Reserved) error {
	return s.do(func() error { return s.Store.Reserve(ctx, q, out) })
}
func (s *shaky) Settle(ctx context.Context, q *store.Settle) error {
	return s.do(func() error { return s.Store.Settle(ctx, q) })
}
func (s *shaky) Forget(ctx context.Context, keys ...store.Key) error {
	return s.do(func() error { return s.Store.Forget(ctx, keys...) })
}
func (s *shaky) Keep(ctx context.Context, k store.Key, v []byte, ttl time.Duration, g ...store.Group) error {
	return s.do(func() error { return s.Store.Keep(ctx, k, v, ttl, g...) })
}
func (s *shaky) Extend(ctx context.Context, k store.Key, ttl time.Duration) (ok bool, err error) {
	err = s.do(func() error { ok, err = s.Store.Extend(ctx, k, ttl); return err })
	return ok, err
}
func (s *shaky) Peek(ctx context.Context, k store.Key) (v []byte, err error) {
	err = s.do(func() error { v, err = s.Store.Peek(ctx, k); return err })
	return v, err
}
func (s *shaky) Take(ctx context.Context, k store.Key) (v []byte, err error) {
	err = s.do(func() error { v, err = s.Store.Take(ctx, k); return err })
	return v, err
}
func (s *shaky) Spend(ctx context.Context, k store.Key, ttl time.Duration) (ok bool, err error) {
	err = s.do(func() error { ok, err = s.Store.Spend(ctx, k, ttl); return err })
	return ok, err
}
func (s *shaky) Flag(ctx context.Context, ttl time.Duration, keys ...store.Key) error {
	return s.do(func() error { return s.Store.Flag(ctx, ttl, keys...) })
}
func (s *shaky) Flagged(ctx context.Context, keys ...store.Key) (up []bool, err error) {
	err = s.do(func() error { up, err = s.Store.Flagged(ctx, keys...); return err })
	return up, err
}
func (s *shaky) Mark(ctx context.Context, k store.Key, at time.Time, ttl time.Duration) error {
	return s.do(func() error { return s.Store.Mark(ctx, k, at, ttl) })
}

// node is a gateway on a shared store.
type node struct {
	*failover.Store
	shared *shaky
	clock  *storetest.Clock
}

func network(c *storetest.Clock) store.Store { return embedded.New(embedded.Options{Clock: c.Now}) }

func join(s store.Store, c *storetest.Clock) *node {
	shared := &shaky{Store: s}
	return &node{shared: shared, clock: c, Store: &failover.Store{Shared: shared,
		Local: embedded.New(embedded.Options{Clock: c.Now}), Breaker: &failover.Breaker{Clock: c.Now}}}
}

func alone() *node {
	c := storetest.NewClock()
	return join(network(c), c)
}

// guess reports whether a guess at one account gets through.
func (n *node) guess(t *testing.T) bool {
	t.Helper()
	got, err := storetest.Reserve(n, store.Reserve{Now: n.clock.Now(), Charges: []store.Charge{
		{Key: storetest.Key("pair"), Burst: 5, Every: 2 * time.Minute}}})
	if err != nil {
		t.Fatal(err)
	}
	return got.Over == 0
}

func (n *node) keep(t *testing.T, name string) {
	t.Helper()
	if err := n.Keep(ctx, storetest.Key(name), []byte("login "+name), time.Hour); err != nil {
		t.Fatal(err)
	}
}

func (n *node) takes(name string) bool {
	v, err := n.Take(ctx, storetest.Key(name))
	return err == nil && string(v) == "login "+name
}

// heal brings the shared store back and lets the breaker see it.
func (n *node) heal() {
	n.shared.down.Store(false)
	n.shared.lost.Store(false)
	n.clock.Move(2 * time.Second)
	n.probe()
}

// probe is what the gateway does every second.
func (n *node) probe() {
	n.Breaker.Probe(func() error { return n.shared.Flag(ctx, time.Minute, storetest.Key("probe")) })
}

func TestStoreKeepsItsContractWhileTheSharedOneAnswers(t *testing.T) {
	storetest.Run(t, func(_ *testing.T, c *storetest.Clock) store.Store { return join(network(c), c) })
}

func TestAnOutageGivesAGuesserOneMoreBudgetANodeAndNoMore(t *testing.T) {
	n := alone()
	for i := range 5 {
		if !n.guess(t) {
			t.Fatal(i)
		}
	}
	if n.guess(t) {
		t.Fatal("the budget is spent")
	}
	through := 0
	for range 10 { // flapping brings no more than one outage does
		n.shared.down.Store(true)
		for range 20 {
			if n.guess(t) {
				through++
			}
		}
		n.heal()
	}
	if through != 5 {
		t.Errorf("%d guesses got through in ten outages of 2 s, want the 5 of this node", through)
	}
	if n.guess(t) {
		t.Error("the shared budget was given back by an outage")
	}
}

func TestAStoreThatDoesNotAnswerIsAskedByTheProbeAlone(t *testing.T) {
	n := alone()
	n.shared.down.Store(true)
	for range 50 {
		n.guess(t)
		n.clock.Move(time.Second)
	}
	if got := n.shared.calls.Load(); got != 1 {
		t.Errorf("asked %d times, want once", got)
	}
	n.probe()
	if st := n.Breaker.State(); st.Trips != 1 || st.Since.IsZero() || !errors.Is(st.Err, errGone) {
		t.Errorf("%+v", st)
	}
	n.heal()
	n.guess(t)
	if st := n.Breaker.State(); !st.Since.IsZero() || st.Err != nil {
		t.Errorf("after it answered: %+v", st)
	}
}

// A store that only reads, or answers from what it remembers, has not come
// back: each second a shopper would wait for it in vain.
func TestACallThatWasUnderWayWhenTheStoreFailedClosesNothing(t *testing.T) {
	n := alone()
	for _, err := range []error{nil, store.ErrNotFound, context.Canceled} {
		n.Breaker.Done(errGone)
		if !n.Breaker.Done(err) || n.Breaker.Closed() {
			t.Errorf("%v: %+v", err, n.Breaker.State())
		}
		n.heal()
	}
}

func TestALoginIsFoundThoughTheSharedStoreForgotIt(t *testing.T) {
	for name, forget := range map[string]func(*node, *uint64){
		"emptied as it runs": func(_ *node, epoch *uint64) { *epoch++ },
		"gone, and back as it was earlier": func(n *node, _ *uint64) {
			n.shared.down.Store(true)
			n.guess(t)
			n.heal()
		},
	} {
		t.Run(name, func(t *testing.T) {
			n, epoch := alone(), uint64(7)
			n.Epoch = func(context.Context, bool) uint64 { return epoch }
			n.keep(t, "a")
			if _, err := n.shared.Take(ctx, storetest.Key("a")); err != nil {
				t.Fatal(err)
			}
			if ok, _ := n.Extend(ctx, storetest.Key("a"), time.Hour); ok {
				t.Fatal("it is there although another node took it")
			}
			forget(n, &epoch)
			if ok, err := n.Extend(ctx, storetest.Key("a"), time.Hour); !ok || err != nil {
				t.Fatal(ok, err)
			}
			if v, err := n.Peek(ctx, storetest.Key("a")); err != nil || string(v) != "login a" {
				t.Fatalf("%q, %v", v, err)
			}
			var found atomic.Int32
			var done sync.WaitGroup
			for range 20 {
				done.Go(func() {
					if n.takes("a") {
						found.Add(1)
					}
				})
			}
			if done.Wait(); found.Load() != 1 {
				t.Errorf("taken %d times", found.Load())
			}
		})
	}
}

func TestALoginHeldBeforeAnOutageIsFoundDuringIt(t *testing.T) {
	n := alone()
	n.keep(t, "a")
	n.shared.down.Store(true)
	if ok, err := n.Extend(ctx, storetest.Key("a"), time.Hour); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if !n.takes("a") {
		t.Fatal("the login is lost")
	}
	if n.takes("a") {
		t.Fatal("taken twice")
	}
	n.heal()
	if n.takes("a") {
		t.Fatal("taken again when the store was back")
	}
}

func TestALoginHeldDuringAnOutageIsFoundAfterIt(t *testing.T) {
	for name, breakIt := range map[string]func(*node){
		"not reached": func(n *node) { n.shared.down.Store(true) },
		"answer lost": func(n *node) { n.shared.lost.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			n := alone()
			breakIt(n)
			n.keep(t, "a")
			n.heal()
			if ok, err := n.Extend(ctx, storetest.Key("a"), time.Hour); !ok || err != nil {
				t.Fatal(ok, err)
			}
			if !n.takes("a") {
				t.Fatal("the login is lost")
			}
			if n.takes("a") {
				t.Fatal("taken twice")
			}
		})
	}
}

func TestALoginThatIsPutBackDuringAnOutageIsTakenAgain(t *testing.T) {
	n := alone()
	n.keep(t, "a")
	n.shared.down.Store(true)
	if !n.takes("a") {
		t.Fatal("lost")
	}
	n.keep(t, "a")
	if !n.takes("a") {
		t.Fatal("lost after it was put back here")
	}
	n.keep(t, "a")
	n.heal()
	if !n.takes("a") {
		t.Fatal("lost after the store came back")
	}
	if n.takes("a") {
		t.Fatal("taken twice")
	}
}

func TestWhatAnotherNodeTookIsNotTakenFromTheCopyHere(t *testing.T) {
	c := storetest.NewClock()
	shared := network(c)
	a, b := join(shared, c), join(shared, c)
	a.keep(t, "x")
	if !b.takes("x") {
		t.Fatal("the other node does not find it")
	}
	if a.takes("x") {
		t.Fatal("taken on both nodes")
	}
}

func TestACheckSpentHereStaysSpentDuringAnOutage(t *testing.T) {
	n := alone()
	spend := func() bool {
		first, err := n.Spend(ctx, storetest.Key("check"), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return first
	}
	if !spend() {
		t.Fatal("the first")
	}
	n.shared.down.Store(true)
	if spend() {
		t.Fatal("good twice in an outage")
	}
	n.heal()
	if spend() {
		t.Fatal("good twice after it")
	}
}

func TestDenyCountsNothingHere(t *testing.T) {
	n := alone()
	n.Deny = true
	n.shared.down.Store(true)
	if _, err := storetest.Reserve(n, store.Reserve{Now: n.clock.Now()}); !errors.Is(err, errGone) {
		t.Errorf("reserve: %v", err)
	}
	if err := n.Keep(ctx, storetest.Key("a"), nil, time.Hour); !errors.Is(err, failover.ErrDown) || !errors.Is(err, errGone) {
		t.Errorf("keep, without asking: %v", err)
	}
	if first, err := n.Spend(ctx, storetest.Key("b"), time.Hour); first || err == nil {
		t.Errorf("spend: %v, %v", first, err)
	}
}

func TestWhatIsReservedHereIsSettledHere(t *testing.T) {
	n := alone()
	n.shared.down.Store(true)
	charge := store.Charge{Key: storetest.Key("k"), Burst: 1, Every: time.Hour}
	got, err := storetest.Reserve(n, store.Reserve{Now: n.clock.Now(), Charges: []store.Charge{charge}})
	if err != nil || !got.Local {
		t.Fatal(got, err)
	}
	n.heal()
	if err := n.Settle(ctx, &store.Settle{Now: n.clock.Now(), Refund: []store.Charge{charge}, Local: got.Local}); err != nil {
		t.Fatal(err)
	}
	n.shared.down.Store(true)
	if got, _ := storetest.Reserve(n, store.Reserve{Now: n.clock.Now(), Charges: []store.Charge{charge}}); got.Over != 0 {
		t.Error("the unit that was taken here was not given back here")
	}
}

func TestARevocationDuringAnOutageHoldsHereAndSaysSo(t *testing.T) {
	n := alone()
	n.shared.down.Store(true)
	at := n.clock.Now()
	if err := n.Mark(ctx, storetest.Key("m"), at, time.Hour); err == nil {
		t.Error("nobody is told that the other nodes do not know")
	}
	got, err := storetest.Reserve(n, store.Reserve{Now: at, Marks: []store.Key{storetest.Key("m")}})
	if err != nil || !got.Marks[0].Equal(at) {
		t.Errorf("%v, %v", got.Marks, err)
	}
}

func TestWhatTheStoreRefusesIsNoOutage(t *testing.T) {
	n := alone()
	if n.takes("nothing") {
		t.Fatal("took nothing")
	}
	if err := n.Reserve(ctx, &store.Reserve{Charges: make([]store.Charge, store.MaxCharges+1)}, new(store.Reserved)); !errors.Is(err, store.ErrTooMany) {
		t.Error(err)
	}
	if st := n.Breaker.State(); st.Trips != 0 {
		t.Errorf("%+v", st)
	}
}

func TestAVisitorWhoLeavesSaysNothingOfTheStore(t *testing.T) {
	c := storetest.NewClock()
	b := &failover.Breaker{Clock: c.Now}
	if !b.Done(context.Canceled) || !b.Closed() {
		t.Error("a visitor who left is no failure of the store")
	}
	b.Done(errGone)
	if !b.Done(context.Canceled) || b.Closed() {
		t.Error("a visitor who left made a store that does not answer one that does")
	}
	b.Probe(func() error { return context.Canceled })
	if b.Closed() {
		t.Error("a probe that was ended made a store that does not answer one that does")
	}
}
