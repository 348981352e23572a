package failover_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/failover"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

func (s *shaky) LoadRow(ctx context.Context, k store.Key) (row store.Row, err error) {
	err = s.do(func() error { row, err = s.Store.LoadRow(ctx, k); return err })
	return row, err
}

func (s *shaky) SwapRow(ctx context.Context, k store.Key, old uint64, v []byte, ttl time.Duration) (version uint64, err error) {
	err = s.do(func() error { version, err = s.Store.SwapRow(ctx, k, old, v, ttl); return err })
	return version, err
}

func (s *shaky) EachRow(ctx context.Context, group uint64, f func(store.Key, store.Row) error) error {
	return s.do(func() error { return s.Store.EachRow(ctx, group, f) })
}

func (s *shaky) AcceptLoss(ctx context.Context) (n int, err error) {
	err = s.do(func() error { n, err = s.Store.AcceptLoss(ctx); return err })
	return n, err
}

// The stand-in knows of no second factor: what it would answer is that there
// is none.
func TestRowsAreNeverTheStandInsAndWhoHasOneStaysKnown(t *testing.T) {
	n := alone()
	k := storetest.Key("a")
	v, err := n.SwapRow(ctx, k, 0, []byte("factors"), 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]store.Key{"one that is there": k, "another": storetest.Key("b")} {
		n.shared.down.Store(true)
		if _, err := n.LoadRow(ctx, k); !errors.Is(err, errGone) || errors.Is(err, store.ErrNotFound) {
			t.Errorf("loading %s: %v", name, err)
		}
		if _, err := n.SwapRow(ctx, k, 0, []byte("mine"), time.Hour); !errors.Is(err, failover.ErrDown) {
			t.Errorf("swapping %s: %v", name, err)
		}
		if err := n.EachRow(ctx, 0, func(store.Key, store.Row) error { return nil }); err == nil {
			t.Error("nothing is listed, and that is no error")
		}
		if _, err := n.AcceptLoss(ctx); err == nil {
			t.Error("a loss is accepted that nobody knows of")
		}
		if n.KnownRow(k) != (name == "one that is there") {
			t.Errorf("%s: known %v", name, n.KnownRow(k))
		}
		if n.Local.KnownRow(k) {
			t.Error("the stand-in has it")
		}
		n.heal()
	}
	if got, err := n.LoadRow(ctx, k); err != nil || got.Version != v || string(got.Value) != "factors" {
		t.Errorf("%q of version %d, %v", got.Value, got.Version, err)
	}
}

func TestAConflictSaysNothingAgainstTheSharedStore(t *testing.T) {
	n := alone()
	k := storetest.Key("a")
	if _, err := n.SwapRow(ctx, k, 0, []byte("x"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := n.SwapRow(ctx, k, 0, []byte("x"), 0); !errors.Is(err, store.ErrConflict) {
		t.Error(err)
	}
	if _, err := n.SwapRow(ctx, k, 0, make([]byte, store.MaxRow+1), 0); !errors.Is(err, store.ErrTooLarge) {
		t.Error(err)
	}
	own := errors.New("the caller's")
	if err := n.EachRow(ctx, 0, func(store.Key, store.Row) error { return own }); !errors.Is(err, own) {
		t.Error(err)
	}
	if !n.Breaker.Closed() {
		t.Errorf("%+v", n.Breaker.State())
	}
	if n.Breaker.Done(store.ErrLost); !n.Breaker.Closed() {
		t.Error("a lost row opens it")
	}
}
