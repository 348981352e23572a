package caddymodule

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/store"
)

// Second factors are found by names that the last key of the list makes. With
// another key in its place nobody would seem to have one, and every password
// would be enough. So a row that is found without a key says which key the
// others were made with, and with another one no login goes to the shop.

// keyRow is where it stands, in a store of one key.
var keyRow = store.Key{'s', 'e', 'c', 'o', 'n', 'd', '-', 'k', 'e', 'y', '-', 'c', 'h', 'e', 'c', 'k'}

// keyCheck is what is known of it.
type keyCheck struct{ state atomic.Int32 }

const (
	keyUnknown = iota
	keyRight
	keyWrong
)

var errOtherKey = errors.New("the second factors in the store were made with another key: put it back as the last one of the option key; " +
	"`login-guard factor forget-key` gives them up")

// check says whether the store's second factors are of this key. While the
// store does not answer it says yes: then what this node knows decides.
func (c *keyCheck) check(ctx context.Context, h *Handler, g *guard) error {
	if c.state.Load() == keyRight {
		return nil
	}
	want, site := h.keyValue(g)
	row, err := g.store.LoadRow(ctx, keyRow)
	if errors.Is(err, store.ErrNotFound) {
		row, err = store.Row{Value: want}, nil
	}
	sites := bytes.TrimPrefix(row.Value, want)
	switch {
	case err != nil:
		h.app.metrics.storeErrors.WithLabelValues("factor").Inc()
		if c.state.Load() == keyWrong {
			return errOtherKey
		}
	case bytes.HasPrefix(row.Value, want) && hasTag(sites, site):
		c.state.Store(keyRight)
	case bytes.HasPrefix(row.Value, want):
		if len(sites) > 0 {
			h.app.logger.Warn("there are no second factors of this site yet, and there are of another: if its name was changed, they are not found any more; the option site names it as before", zap.String("site", h.name))
		}
		if _, err := g.store.SwapRow(ctx, keyRow, row.Version, append(bytes.Clone(row.Value), site...), 0); err == nil {
			c.state.Store(keyRight)
		}
	default:
		// Asked again at each login: forget-key may be ordered at another gateway.
		if c.state.Swap(keyWrong) == keyWrong {
			return errOtherKey
		}
		h.app.logger.Error("no login goes on", zap.String("site", h.name), zap.Error(errOtherKey))
		return errOtherKey
	}
	return nil
}

// keyValue is what names of this key begin with, and the tag of the site. The
// row has the first, and then the tags of all sites.
func (h *Handler) keyValue(g *guard) (key, site []byte) {
	sum := g.ring.Sum(keys.Pseudonym, []byte("second-factors are made with this key"))
	group := h.rowGroup(g, "factors")
	return sum[:16:16], group[:]
}

func hasTag(tags, tag []byte) bool {
	for ; len(tags) >= len(tag); tags = tags[len(tag):] {
		if bytes.HasPrefix(tags, tag) {
			return true
		}
	}
	return false
}

// forgetKey gives up the second factors that another key made.
func (h *Handler) forgetKey(ctx context.Context, g *guard) error {
	row, err := g.store.LoadRow(ctx, keyRow)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	want, _ := h.keyValue(g)
	if _, err := g.store.SwapRow(ctx, keyRow, row.Version, want, 0); err != nil {
		return err
	}
	h.second.key.state.Store(keyUnknown)
	return nil
}
