package redis_test

import (
	"testing"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

func TestConcurrentCallsHaveOneOrderOnOneServer(t *testing.T) {
	r := redistest.Start(t)
	storetest.RunLinearizable(t, true, func(t *testing.T, c *storetest.Clock) store.Store {
		r.Flush()
		return open(t, "redis://"+r.Addr, moved(c))
	})
}

// In a cluster only what is good once has one order: a reservation that is
// refused may for a moment hold units of budgets on other nodes, so one that
// would pass may be refused. See the package's comment.
func TestWhatIsGoodOnceIsHadOnceInACluster(t *testing.T) {
	r := redistest.StartCluster(t)
	c := storetest.NewClock()
	s := open(t, r.URL(), moved(c))
	for round := range 30 {
		if err := storetest.CheckOnce(s, round); err != nil {
			t.Fatal(err)
		}
		if err := storetest.CheckOnce(storetest.Faulty(s, 8), 100+round); err != nil {
			t.Fatal(err)
		}
	}
}
