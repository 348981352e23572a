package embedded_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

func TestConcurrentCallsHaveOneOrder(t *testing.T) {
	storetest.RunLinearizable(t, false, func(_ *testing.T, c *storetest.Clock) store.Store {
		return embedded.New(withClock(c))
	})
}

func TestConcurrentCallsHaveOneOrderWhileTheDiskFailsNowAndThen(t *testing.T) {
	var writes, failed atomic.Int64
	storetest.RunLinearizable(t, false, func(t *testing.T, c *storetest.Clock) store.Store {
		fault := func() error {
			if writes.Add(1)%5 == 4 {
				failed.Add(1)
				return errors.New("injected fault")
			}
			return nil
		}
		s := embedded.OpenFast(t.TempDir(), withClock(c), fault)
		s.RowsFail(fault)
		t.Cleanup(func() { _ = s.Close(context.Background()) })
		return s
	})
	if failed.Load() == 0 {
		t.Error("no write failed")
	}
}
