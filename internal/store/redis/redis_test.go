package redis_test

import (
	"context"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/redis"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

var ctx = context.Background()

// patient is longer than any answer takes on a machine that many tests share.
const patient = 10 * time.Second

// open makes a store of a URL, changed as change says, and closes it with the
// test.
func open(t testing.TB, url string, change func(*redis.Options)) *redis.Store {
	t.Helper()
	o, err := redis.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	o.Timeout = patient
	if change != nil {
		change(&o)
	}
	s, err := redis.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_ = s.Close(ctx)
	})
	return s
}

// polled waits until a store knows which rows there are; before, it takes all
// for known.
func polled(t testing.TB, s *redis.Store) *redis.Store {
	t.Helper()
	eventually(t, "it has polled", func() bool { return !s.KnownRow(storetest.Key("none")) })
	return s
}

func moved(c *storetest.Clock) func(*redis.Options) {
	return func(o *redis.Options) { o.Clock = c.Now }
}

func TestOneServerKeepsTheContract(t *testing.T) {
	r := redistest.Start(t)
	storetest.Run(t, func(t *testing.T, c *storetest.Clock) store.Store {
		r.Flush()
		return polled(t, open(t, "redis://"+r.Addr, moved(c)))
	})
}

func TestSentinelsKeepTheContract(t *testing.T) {
	r := redistest.StartTrio(t)
	storetest.Run(t, func(t *testing.T, c *storetest.Clock) store.Store {
		r.Servers[0].Flush()
		return polled(t, open(t, r.URL(), moved(c)))
	})
}

func TestAClusterKeepsTheContract(t *testing.T) {
	r := redistest.StartCluster(t)
	storetest.Run(t, func(t *testing.T, c *storetest.Clock) store.Store {
		r.Flush()
		return polled(t, open(t, r.URL(), moved(c)))
	})
}
