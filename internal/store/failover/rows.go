package failover

import (
	"context"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

// Rows are the shared store's alone: this node's own would say of an account
// that has a second factor that it has none. While the shared store is away
// they are an error, and KnownRow says whom that concerns.

// LoadRow implements store.Store.
func (s *Store) LoadRow(ctx context.Context, key store.Key) (row store.Row, err error) {
	_, err = s.ask("load row", func() error {
		row, err = s.Shared.LoadRow(ctx, key)
		return err
	})
	return row, err
}

// SwapRow implements store.Store.
func (s *Store) SwapRow(ctx context.Context, key store.Key, old uint64, value []byte, ttl time.Duration) (version uint64, err error) {
	_, err = s.ask("swap row", func() error {
		version, err = s.Shared.SwapRow(ctx, key, old, value, ttl)
		return err
	})
	return version, err
}

// KnownRow implements store.Store. It asks nobody.
func (s *Store) KnownRow(key store.Key) bool { return s.Shared.KnownRow(key) }

// EachRow implements store.Store. What f returns says nothing of the store.
func (s *Store) EachRow(ctx context.Context, group uint64, f func(store.Key, store.Row) error) error {
	var own error
	_, err := s.ask("each row", func() error {
		err := s.Shared.EachRow(ctx, group, func(k store.Key, r store.Row) error {
			own = f(k, r)
			return own
		})
		if own != nil {
			return nil
		}
		return err
	})
	if own != nil {
		return own
	}
	return err
}

// AcceptLoss implements store.Store.
func (s *Store) AcceptLoss(ctx context.Context) (n int, err error) {
	_, err = s.ask("accept loss", func() error {
		n, err = s.Shared.AcceptLoss(ctx)
		return err
	})
	return n, err
}
