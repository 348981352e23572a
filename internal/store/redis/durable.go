package redis

import (
	"context"
	"errors"
	"time"

	"github.com/login-guard/login-guard/internal/store"
)

var errNoRows = errors.New("rows in Redis are not there yet")

// LoadRow implements store.Store.
func (s *Store) LoadRow(context.Context, store.Key) (store.Row, error) { return store.Row{}, errNoRows }

// SwapRow implements store.Store.
func (s *Store) SwapRow(context.Context, store.Key, uint64, []byte, time.Duration) (uint64, error) {
	return 0, errNoRows
}

// KnownRow implements store.Store.
func (s *Store) KnownRow(store.Key) bool { return false }

// EachRow implements store.Store.
func (s *Store) EachRow(context.Context, uint64, func(store.Key, store.Row) error) error {
	return errNoRows
}

// AcceptLoss implements store.Store.
func (s *Store) AcceptLoss(context.Context) (int, error) { return 0, errNoRows }
