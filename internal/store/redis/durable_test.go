package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
	"github.com/login-guard/login-guard/internal/store/redis"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

// row makes a row that lasts for ever.
func row(t testing.TB, s store.Store, name string) uint64 {
	t.Helper()
	v, err := s.SwapRow(ctx, storetest.Key(name), 0, []byte(name), 0)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func knows(s store.Store, name string) bool { return s.KnownRow(storetest.Key(name)) }

// loads reports whether loading a row ends so; nil: it is there.
func loads(s store.Store, name string, want error) bool {
	got, err := s.LoadRow(ctx, storetest.Key(name))
	if want == nil {
		return err == nil && string(got.Value) == name
	}
	return errors.Is(err, want)
}

// allKeys are those of one server.
func allKeys(t testing.TB, r *redistest.Server) []string {
	t.Helper()
	keys, err := r.Client().Keys(ctx, "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// folder is a node's own store.
func folder(t testing.TB, dir string) *embedded.Store {
	t.Helper()
	m := embedded.Open(dir, embedded.Options{Memory: 1 << 20})
	t.Cleanup(func() { _ = m.Close(context.Background()) })
	return m
}

// each runs a test on one server and on a cluster.
func each(t *testing.T, test func(t *testing.T, url string, flush func(), servers []*redistest.Server)) {
	t.Run("one server", func(t *testing.T) {
		r := redistest.Start(t)
		test(t, "redis://"+r.Addr, r.Flush, []*redistest.Server{r})
	})
	t.Run("cluster", func(t *testing.T) {
		c := redistest.StartCluster(t)
		test(t, c.URL(), c.Flush, c.Nodes[:])
	})
}

func TestGatewaysKnowEachOthersRows(t *testing.T) {
	each(t, func(t *testing.T, url string, _ func(), _ []*redistest.Server) {
		a, b := open(t, url, nil), open(t, url, nil)
		eventually(t, "nobody has a row", func() bool { return !knows(a, "x") && !knows(b, "x") })
		v := row(t, a, "x")
		from := time.Now()
		eventually(t, "the other knows", func() bool { return knows(b, "x") })
		t.Logf("known to the other after %v", time.Since(from))
		if !loads(b, "x", nil) || !knows(a, "x") {
			t.Error("it is not there")
		}
		if _, err := b.SwapRow(ctx, storetest.Key("x"), v, nil, 0); err != nil {
			t.Fatal(err)
		}
		if !loads(a, "x", store.ErrNotFound) {
			t.Error("it is not gone for the other at once")
		}
		eventually(t, "the other forgets", func() bool { return !knows(a, "x") })
		if _, err := a.SwapRow(ctx, storetest.Key("short"), 0, []byte("short"), 5*time.Second); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the other knows", func() bool { return knows(b, "short") })
		eventually(t, "it ends on both", func() bool { return !knows(a, "short") && !knows(b, "short") })
		if !loads(a, "short", store.ErrNotFound) || !loads(b, "short", store.ErrNotFound) {
			t.Error("what ended is lost, or still there")
		}
	})
}

// With the rows of an emptied database went the second factors of all who had
// one. Nobody is let through for that.
func TestADatabaseThatWasEmptiedRefusesWhomItKnewUntilThatIsAccepted(t *testing.T) {
	each(t, func(t *testing.T, url string, flush func(), _ []*redistest.Server) {
		a, b := open(t, url, nil), open(t, url, nil)
		versions := map[string]uint64{}
		for i := range 40 {
			name := fmt.Sprint(i)
			versions[name] = row(t, a, name)
		}
		eventually(t, "the other knows", func() bool { return !knows(b, "none") && b.Stats().KnownRows == 40 })
		eventually(t, "this one knows", func() bool { return a.Stats().KnownRows == 40 })
		pause := time.Now()
		eventually(t, "both have polled", func() bool { return time.Since(pause) > 1500*time.Millisecond })
		flush()
		for i := range 40 { // at once, and while it is noticed
			name := fmt.Sprint(i)
			if !loads(a, name, store.ErrLost) || !loads(b, name, store.ErrLost) {
				t.Fatal(name, "is not lost")
			}
			for _, old := range []uint64{0, versions[name]} {
				if _, err := a.SwapRow(ctx, storetest.Key(name), old, []byte("mine"), 0); !errors.Is(err, store.ErrLost) {
					t.Fatal(name, old, err)
				}
			}
			if !knows(a, name) || !knows(b, name) {
				t.Fatal(name, "is not known")
			}
		}
		eventually(t, "it is told", func() bool {
			return a.Stats().LostRows == 40 && strings.Contains(a.Stats().Problem, "40 durable rows")
		})
		fresh := open(t, url, nil) // knows of them from the others
		eventually(t, "a new gateway refuses as well", func() bool { return loads(fresh, "7", store.ErrLost) && knows(fresh, "7") })
		row(t, b, "new")
		if !loads(a, "new", nil) {
			t.Error("a new row is not there")
		}
		if n, err := b.AcceptLoss(ctx); n != 40 || err != nil {
			t.Fatal(n, err)
		}
		eventually(t, "all hear of it", func() bool {
			return loads(a, "7", store.ErrNotFound) && !knows(a, "7") && !knows(b, "7") && !knows(fresh, "7")
		})
		if !loads(a, "new", nil) || a.Stats().KnownRows != 1 {
			t.Errorf("what was not lost: %+v", a.Stats())
		}
		v := row(t, a, "7")
		if v == versions["7"] || !loads(b, "7", nil) {
			t.Error("it cannot be made anew")
		}
		eventually(t, "nothing is complained about", func() bool { return a.Stats().LostRows == 0 && b.Stats().Problem == "" })
	})
}

func TestADatabaseThatIsAsItWasBeforeHasLostWhatCameSince(t *testing.T) {
	r := redistest.Start(t)
	s := open(t, "redis://"+r.Addr, nil)
	row(t, s, "early")
	gone := row(t, s, "deleted since")
	r.Do("save")
	row(t, s, "late")
	if _, err := s.SwapRow(ctx, storetest.Key("deleted since"), gone, nil, 0); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		row(t, s, fmt.Sprint(i))
	}
	eventually(t, "it has polled", func() bool { return !knows(s, "none") && s.Settled() })
	r.Restart()
	eventually(t, "it is there", func() bool { return loads(s, "early", nil) })
	if !loads(s, "late", store.ErrLost) || !knows(s, "late") {
		t.Error("what came since is taken for what never was")
	}
	eventually(t, "it is counted", func() bool { return s.Stats().LostRows == 6 })
	other := open(t, "redis://"+r.Addr, nil)
	if !loads(other, "late", store.ErrLost) || !loads(other, "deleted since", nil) {
		t.Error("a new gateway sees it otherwise")
	}
	if n, err := other.AcceptLoss(ctx); n != 6 || err != nil {
		t.Error(n, err)
	}
	eventually(t, "it is accepted", func() bool { return loads(s, "late", store.ErrNotFound) && loads(s, "early", nil) })
}

func TestARowThatRedisPushedOutIsLost(t *testing.T) {
	each(t, func(t *testing.T, url string, _ func(), servers []*redistest.Server) {
		s := open(t, url, nil)
		row(t, s, "a")
		row(t, s, "b")
		gone := 0
		for _, r := range servers {
			for _, k := range allKeys(t, r) {
				if a := storetest.Key("a"); strings.HasSuffix(k, "}r"+string(a[8:])) {
					n, _ := r.Do("del", k).(int64)
					gone += int(n)
				}
			}
		}
		if gone != 1 {
			t.Fatalf("%d keys", gone)
		}
		other := open(t, url, nil)
		if !loads(s, "a", store.ErrLost) || !loads(other, "a", store.ErrLost) || !loads(other, "b", nil) {
			t.Error("it is not lost")
		}
		if n, err := other.AcceptLoss(ctx); n != 1 || err != nil {
			t.Error(n, err)
		}
		if !loads(s, "a", store.ErrNotFound) || !loads(s, "b", nil) {
			t.Error("it stays lost")
		}
	})
}

func TestWhileRedisIsAwayItIsKnownWhoHasARowAndNothingElse(t *testing.T) {
	for name, cut := range map[string]func(*redistest.Server, *redistest.Proxy){
		"cut off": func(_ *redistest.Server, p *redistest.Proxy) { p.Cut() },
		"hanging": func(r *redistest.Server, _ *redistest.Proxy) { r.Pause() },
	} {
		t.Run(name, func(t *testing.T) {
			r := redistest.Start(t)
			p := redistest.StartProxy(t, r.Addr)
			s := open(t, "redis://"+p.Addr, func(o *redis.Options) { o.Timeout = 200 * time.Millisecond })
			eventually(t, "it is there", func() bool {
				_, err := s.SwapRow(ctx, storetest.Key("a"), 0, []byte("a"), 0)
				return err == nil || errors.Is(err, store.ErrConflict)
			})
			eventually(t, "it has polled", func() bool { return knows(s, "a") && !knows(s, "c") })
			cut(r, p)
			defer r.Resume()
			for range 3 {
				from := time.Now()
				_, err := s.LoadRow(ctx, storetest.Key("a"))
				if err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrLost) {
					t.Errorf("loading: %v", err)
				}
				if _, err := s.SwapRow(ctx, storetest.Key("b"), 0, []byte("b"), 0); err == nil || errors.Is(err, store.ErrConflict) {
					t.Errorf("swapping: %v", err)
				}
				if took := time.Since(from); took > 5*time.Second { // two of 200 ms, on a machine that others use
					t.Errorf("took %v", took)
				}
				if !knows(s, "a") || knows(s, "c") {
					t.Error("known is wrong")
				}
			}
			p.Heal()
			r.Resume()
			eventually(t, "it works", func() bool { return loads(s, "a", nil) })
			eventually(t, "what was cut off is settled", func() bool {
				got, err := s.LoadRow(ctx, storetest.Key("b"))
				return (err == nil && string(got.Value) == "b" && knows(s, "b")) || (errors.Is(err, store.ErrNotFound) && !knows(s, "b"))
			})
		})
	}
}

func TestARestartedGatewayKnowsWhoHasARowWithoutRedis(t *testing.T) {
	each(t, func(t *testing.T, url string, flush func(), servers []*redistest.Server) {
		dir := t.TempDir()
		s, m := open(t, url, nil), folder(t, dir)
		s.RememberIn(m)
		eventually(t, "it follows", func() bool { return !knows(s, "0") })
		other := open(t, url, nil)
		for i := range 30 {
			row(t, other, fmt.Sprint(i))
		}
		if _, err := other.SwapRow(ctx, storetest.Key("5"), row5(t, other), nil, 0); err != nil {
			t.Fatal(err)
		}
		recalled := func() (n int, five bool) {
			_, _ = m.Recall(s.Name()+" lg:", func(k store.Key, _ int64) {
				n++
				five = five || k == storetest.Key("5")
			})
			return n, five
		}
		eventually(t, "it is written down", func() bool { n, five := recalled(); return n == 29 && !five })
		_ = s.Close(ctx)
		_ = other.Close(ctx)
		_ = m.Close(ctx)
		for _, r := range servers {
			r.Pause()
			defer r.Resume()
		}
		s, m = open(t, url, func(o *redis.Options) { o.Timeout = 50 * time.Millisecond }), folder(t, dir)
		s.RememberIn(m)
		eventually(t, "it is read", func() bool { return !knows(s, "unknown") })
		for i := range 30 {
			if knows(s, fmt.Sprint(i)) != (i != 5) {
				t.Errorf("row %d: known %v", i, i == 5)
			}
		}
		// Meanwhile everything is emptied: who was known before is refused.
		for _, r := range servers {
			r.Resume()
		}
		_ = s.Close(ctx)
		eventually(t, "it answers", func() bool { return open(t, url, nil).Ping(ctx) == nil })
		flush()
		s = open(t, url, nil)
		s.RememberIn(m)
		eventually(t, "it is lost", func() bool { return loads(s, "4", store.ErrLost) && knows(s, "4") })
		if !loads(s, "5", store.ErrNotFound) || !loads(s, "unknown", store.ErrNotFound) {
			t.Error("what never was is lost")
		}
	})
}

func row5(t *testing.T, s store.Store) uint64 {
	t.Helper()
	got, err := s.LoadRow(ctx, storetest.Key("5"))
	if err != nil {
		t.Fatal(err)
	}
	return got.Version
}

// A gateway that starts while Redis is away and has no file cannot say that
// somebody has no second factor.
func TestAGatewayThatNeverReachedRedisTakesAllForKnown(t *testing.T) {
	r := redistest.Start(t)
	r.Kill()
	s := open(t, "redis://"+r.Addr, func(o *redis.Options) { o.Timeout = 100 * time.Millisecond })
	s.RememberIn(folder(t, t.TempDir()))
	if !knows(s, "a") {
		t.Error("it says that it knows of nothing")
	}
	r.Restart()
	eventually(t, "it knows", func() bool { return !knows(s, "a") })
}

func TestAGatewayThatWasAwayForLongKnowsWhatIsThereNow(t *testing.T) {
	each(t, func(t *testing.T, url string, _ func(), servers []*redistest.Server) {
		dir := t.TempDir()
		s, m := open(t, url, nil), folder(t, dir)
		s.RememberIn(m)
		row(t, s, "stays")
		v := row(t, s, "goes")
		eventually(t, "it is written down", func() bool {
			n := 0
			_, _ = m.Recall(s.Name()+" lg:", func(store.Key, int64) { n++ })
			return n == 2
		})
		_ = s.Close(ctx)
		other := open(t, url, nil)
		if _, err := other.SwapRow(ctx, storetest.Key("goes"), v, nil, 0); err != nil {
			t.Fatal(err)
		}
		row(t, other, "comes")
		// The log was cut since: what went cannot be read from it.
		cut := 0
		for _, r := range servers {
			for _, k := range allKeys(t, r) {
				if strings.HasSuffix(k, "{rows}l") {
					r.Do("del", k)
					r.Do("hset", strings.TrimSuffix(k, "l")+"h", "trim", 1000)
					r.Do("hset", strings.TrimSuffix(k, "l")+"h", "seq", 1000)
					cut++
				}
			}
		}
		if cut != 1 {
			t.Fatalf("%d logs", cut)
		}
		s = open(t, url, nil)
		s.RememberIn(m)
		eventually(t, "it knows", func() bool { return knows(s, "comes") && !knows(s, "goes") && knows(s, "stays") })
		if !loads(s, "stays", nil) || !loads(s, "comes", nil) || !loads(s, "goes", store.ErrNotFound) {
			t.Error("rows are wrong")
		}
	})
}

func TestRowsAreSwappedByManyGatewaysOnce(t *testing.T) {
	each(t, func(t *testing.T, url string, _ func(), _ []*redistest.Server) {
		gateways := make([]*redis.Store, 4)
		for i := range gateways {
			gateways[i] = open(t, url, nil)
		}
		v := row(t, gateways[0], "a")
		for range 5 {
			var won atomic.Int32
			var next atomic.Uint64
			var wg sync.WaitGroup
			for i := range 100 {
				wg.Go(func() {
					got, err := gateways[i%4].SwapRow(ctx, storetest.Key("a"), v, fmt.Append(nil, i), time.Duration(i%2)*time.Hour)
					switch {
					case err == nil:
						won.Add(1)
						next.Store(got)
					case !errors.Is(err, store.ErrConflict):
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if won.Load() != 1 {
				t.Fatalf("%d of 100 won", won.Load())
			}
			v = next.Load()
		}
	})
}

// A gateway that is cut off between the list and the row leaves nobody locked
// out, and nobody unknown.
func TestWhatWasCutOffBetweenListAndRowIsSettled(t *testing.T) {
	c := redistest.StartCluster(t)
	s := open(t, c.URL(), nil)
	if err := s.NoteOnly(ctx, storetest.Key("never"), "make"); err != nil {
		t.Fatal(err)
	}
	v := row(t, s, "kept")
	if err := s.NoteOnly(ctx, storetest.Key("kept"), "delete"); err != nil {
		t.Fatal(err)
	}
	if !loads(s, "never", store.ErrNotFound) || !loads(s, "kept", nil) {
		t.Error("half of a write is seen")
	}
	other := open(t, c.URL(), nil)
	eventually(t, "the other knows of both", func() bool { return knows(other, "never") && knows(other, "kept") })
	eventually(t, "it is settled", func() bool {
		return !knows(other, "never") && !knows(s, "never") && s.Pending(ctx) == 0
	})
	if !loads(other, "never", store.ErrNotFound) || !loads(other, "kept", nil) || !knows(other, "kept") {
		t.Error("settled wrongly")
	}
	if _, err := other.SwapRow(ctx, storetest.Key("kept"), v, nil, 0); err != nil {
		t.Fatal(err)
	}
	if !loads(s, "kept", store.ErrNotFound) {
		t.Error("not deleted")
	}
}

func TestAPolicyThatPushesRowsOutIsTold(t *testing.T) {
	r := redistest.Start(t, "--maxmemory", "64mb", "--maxmemory-policy", "volatile-ttl")
	s := open(t, "redis://"+r.Addr, nil)
	if _, err := one(s, budget("a", 1)); err != nil {
		t.Fatal(err)
	}
	if p := s.Stats().Problem; p != "" {
		t.Errorf("without rows: %q", p)
	}
	row(t, s, "a")
	eventually(t, "it is told", func() bool {
		return strings.Contains(s.Stats().Problem, "set maxmemory-policy noeviction, it is volatile-ttl")
	})
	good := open(t, "redis://"+redistest.Start(t).Addr, nil)
	row(t, good, "a")
	good.CheckPolicy(ctx)
	if p := good.Stats().Problem; p != "" {
		t.Errorf("noeviction: %q", p)
	}
	r.Do("acl", "setuser", "blind", "on", ">secret", "~*", "&*", "+@all", "-info", "-config")
	blind := open(t, "redis://blind:secret@"+r.Addr+"?prefix=b:", nil)
	row(t, blind, "a")
	eventually(t, "it says that it cannot know", func() bool {
		return strings.Contains(blind.Stats().Problem, "could not be checked")
	})
	r.Do("acl", "setuser", "config", "on", ">secret", "~*", "&*", "+@all", "-info")
	half := open(t, "redis://config:secret@"+r.Addr+"?prefix=c:", nil)
	row(t, half, "a")
	eventually(t, "CONFIG GET does as well", func() bool {
		return strings.Contains(half.Stats().Problem, "it is volatile-ttl")
	})
}

func TestRowsInAClusterHaveOneOrder(t *testing.T) {
	r := redistest.StartCluster(t)
	s := open(t, r.URL(), moved(storetest.NewClock()))
	for round := range 20 {
		if err := storetest.CheckRows(s, round); err != nil {
			t.Fatal(err)
		}
		if err := storetest.CheckRows(storetest.Faulty(s, 8), 100+round); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAPollThatIsOlderThanARowDoesNotForgetIt(t *testing.T) {
	s := polled(t, open(t, "redis://"+redistest.Start(t).Addr, nil))
	s.LateAnswer(storetest.Key("a"))
	if !knows(s, "a") {
		t.Error("it is forgotten")
	}
}

// A gateway that has just started knows only what it wrote itself. That is no
// reason to put what was deleted meanwhile back into the list.
func TestARowThatIsDeletedDuringTheFirstPollStaysGone(t *testing.T) {
	r := redistest.Start(t)
	for range 50 {
		r.Flush()
		s := polled(t, open(t, "redis://"+r.Addr, nil))
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * 20 * time.Microsecond)
				k := storetest.Key(fmt.Sprint(i))
				v, err := s.SwapRow(ctx, k, 0, []byte("x"), 0)
				if err == nil {
					_, err = s.SwapRow(ctx, k, v, nil, 0)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if err := s.EachRow(ctx, 0, func(store.Key, store.Row) error { return nil }); err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			if _, err := s.LoadRow(ctx, storetest.Key(fmt.Sprint(i))); !errors.Is(err, store.ErrNotFound) {
				t.Fatal(err)
			}
		}
		// It would take the next round's flush for a loss of what it polled.
		_ = s.Close(ctx)
	}
}
