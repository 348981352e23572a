package factor

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/factor/totp"
	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
	"github.com/login-guard/login-guard/internal/store/redis"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
)

// onEachStore runs a test over rows in memory, over the embedded store, and
// over two gateways on one Redis.
func onEachStore(t *testing.T, test func(t *testing.T, b *bench)) {
	t.Run("memory", func(t *testing.T) { test(t, newBench(t)) })
	t.Run("embedded", func(t *testing.T) {
		s := embedded.Open(t.TempDir(), embedded.Options{})
		closing(t, s.Close)
		b := newBench(t)
		b.Rows = s
		test(t, b)
	})
	t.Run("redis", func(t *testing.T) {
		server := redistest.Start(t)
		pair := new(gateways)
		for i := range pair.rows {
			// The patience of a test that shares its processor.
			s, err := redis.New(redis.Options{Addrs: []string{server.Addr}, Timeout: 5 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			closing(t, s.Close)
			pair.rows[i] = s
		}
		b := newBench(t)
		b.Rows = pair
		test(t, b)
	})
}

func closing(t *testing.T, end func(context.Context) error) {
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := end(ctx); err != nil {
			t.Error(err)
		}
	})
}

// gateways are two that take calls in turn.
type gateways struct {
	rows  [2]Rows
	calls atomic.Uint64
}

func (g *gateways) next() Rows { return g.rows[g.calls.Add(1)%2] }

func (g *gateways) LoadRow(ctx context.Context, key store.Key) (store.Row, error) {
	return g.next().LoadRow(ctx, key)
}

func (g *gateways) SwapRow(ctx context.Context, key store.Key, old uint64, value []byte, ttl time.Duration) (uint64, error) {
	return g.next().SwapRow(ctx, key, old, value, ttl)
}

func (g *gateways) KnownRow(key store.Key) bool { return g.next().KnownRow(key) }

func (g *gateways) EachRow(ctx context.Context, group uint64, f func(store.Key, store.Row) error) error {
	return g.next().EachRow(ctx, group, f)
}

// atOnce runs n of f at the same time and returns how many said yes. ErrBusy
// is a no: nothing was done.
func atOnce(t *testing.T, n int, f func(i int) (bool, error)) int {
	t.Helper()
	var start, done sync.WaitGroup
	var mu sync.Mutex
	yes := 0
	start.Add(1)
	for i := range n {
		done.Go(func() {
			start.Wait()
			ok, err := f(i)
			mu.Lock()
			defer mu.Unlock()
			if err != nil && !errors.Is(err, ErrBusy) {
				t.Error(err)
			}
			if ok {
				yes++
			}
		})
	}
	start.Done()
	done.Wait()
	return yes
}

const crowd = 50

func TestOfFiftyAtOnceOneCodeOpensOneLogin(t *testing.T) {
	onEachStore(t, func(t *testing.T, b *bench) {
		b.addApp(owner)
		recovery := b.saveRecovery(Actor{Established: true, Factor: b.app})
		for name, answer := range map[string]Attempt{
			"app":      {Class: ClassApp, Code: b.code()},
			"recovery": {Class: ClassRecovery, Code: recovery[0]},
		} {
			challenges := [LiveChallenges]string{b.begin(), b.begin(), b.begin()}
			yes := atOnce(t, crowd, func(i int) (bool, error) {
				t := answer
				t.Challenge = challenges[i%len(challenges)]
				r, err := b.Verify(ctx, b.now, b.id, t)
				return r.Right(), err
			})
			if yes != 1 {
				t.Errorf("%s: %d logins opened, want 1", name, yes)
			}
		}
	})
}

func TestOfFiftyAtOnceOneChallengeIsReleasedOnce(t *testing.T) {
	onEachStore(t, func(t *testing.T, b *bench) {
		b.addApp(owner)
		recovery := b.saveRecovery(Actor{Established: true, Factor: b.app})
		c := b.begin()
		yes := atOnce(t, crowd, func(i int) (bool, error) {
			// Every one is right by itself.
			a := Attempt{Challenge: c, Class: ClassRecovery, Code: recovery[i%len(recovery)]}
			if i%5 == 0 {
				a.Class, a.Code = ClassApp, totp.Code(b.secret, totp.Step(b.now)+int64(i/5%2))
			}
			r, err := b.Verify(ctx, b.now, b.id, a)
			return r.Right(), err
		})
		if yes != 1 {
			t.Errorf("released %d times, want once", yes)
		}
	})
}

// Here nothing but the compare-and-set stands between the fifty: no counter
// and no challenge.
func TestOfFiftyAtOnceWhatIsGoodOnceIsSpentOnce(t *testing.T) {
	onEachStore(t, func(t *testing.T, b *bench) {
		b.addApp(owner)
		recovery := b.saveRecovery(Actor{Established: true, Factor: b.app})
		read := Attempt{Class: ClassRecovery, Code: recovery[0]}
		read.Code, _ = read.read()
		spend := func(a Attempt) (bool, error) {
			var r Result
			_, err := b.Update(ctx, b.id, func(doc *Account) error {
				r = Result{}
				return b.judge(doc, b.now, b.id, a, &r)
			})
			return err == nil && r.Right(), err
		}
		for name, f := range map[string]func(int) (bool, error){
			"code of an app": func(int) (bool, error) { return spend(Attempt{Class: ClassApp, Code: b.code()}) },
			"recovery code":  func(int) (bool, error) { return spend(read) },
		} {
			if yes := atOnce(t, crowd, f); yes != 1 {
				t.Errorf("%s: %d times, want once", name, yes)
			}
		}
		value, _, err := b.Trust(ctx, b.now, b.id, "Firefox", home, 0)
		if err != nil {
			t.Fatal(err)
		}
		yes := atOnce(t, crowd, func(int) (bool, error) {
			next, _, err := b.UseTrust(ctx, b.now, b.id, value)
			return next != "", err
		})
		if yes != 1 {
			t.Errorf("new value of a trusted device: %d times, want once", yes)
		}
	})
}

func TestOfFiftyWrongAnswersAtOnceNoMoreThanFiveAreJudged(t *testing.T) {
	onEachStore(t, func(t *testing.T, b *bench) {
		b.addApp(owner)
		c, wrong := b.begin(), b.wrongCode()
		judged := atOnce(t, crowd, func(int) (bool, error) {
			r, err := b.Verify(ctx, b.now, b.id, Attempt{Challenge: c, Class: ClassApp, Code: wrong})
			return err == nil && r.Why == Wrong, err
		})
		if judged > PerChallenge {
			t.Errorf("%d answers judged, want at most %d", judged, PerChallenge)
		}
		if got := b.load().Counters[ClassApp][0].Row; got != PerChallenge {
			t.Errorf("%d tries counted, want %d", got, PerChallenge)
		}
	})
}

func TestOfFiftyConfirmationsAtOnceOneAddsTheApp(t *testing.T) {
	onEachStore(t, func(t *testing.T, b *bench) {
		set, err := b.BeginApp(b.now, b.id, "s", "Shop", "anna")
		if err != nil {
			t.Fatal(err)
		}
		b.secret, _ = base32Decode(set.Key)
		by := Actor{Factor: GivenRecovery}
		yes := atOnce(t, crowd, func(int) (bool, error) {
			c, err := b.ConfirmApp(ctx, b.now, b.id, by, "s", set.State, b.code(), "")
			if errors.Is(err, ErrOver) {
				return false, nil
			}
			return err == nil && c.Why == Right, err
		})
		if n := len(b.load().Apps); yes != 1 || n != 1 {
			t.Errorf("%d confirmations, %d apps; want one of each", yes, n)
		}
	})
}
