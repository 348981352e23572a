package caddymodule

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/failover"
	"github.com/login-guard/login-guard/internal/store/redis"
)

// sharedPool holds the stores that several gateways share, by their URL. Like
// states it outlives a reload, also one that is rejected.
var sharedPool = caddy.NewUsagePool()

// sharedState is a store in Redis and whether it answers.
type sharedState struct {
	*redis.Store
	breaker *failover.Breaker
	// mark is a hash of the canary, 0 before it was seen: with another one,
	// the store has forgotten everything.
	mark atomic.Uint64
}

// look reads the canary and notes which it is.
func (s *sharedState) look(ctx context.Context) ([]byte, error) {
	left, err := s.Peek(ctx, canary)
	switch {
	case err == nil:
		h := fnv.New64a()
		_, _ = h.Write(left)
		s.mark.Store(h.Sum64())
	case errors.Is(err, store.ErrNotFound):
		s.mark.Store(0)
	}
	return left, err
}

// epoch is failover.Store's Epoch.
func (s *sharedState) epoch(ctx context.Context, ask bool) uint64 {
	if ask {
		_, err := s.look(ctx)
		s.breaker.Done(err)
	}
	return s.mark.Load()
}

// probes are flags that are set to see that the store takes something in; in
// a cluster each node has some of them.
var probes = func() []store.Key {
	out := make([]store.Key, 16)
	for i := range out {
		sum := sha256.Sum256([]byte{'p', 'r', 'o', 'b', 'e', byte(i)})
		out[i] = store.Key(sum[:16])
	}
	return out
}()

// probe asks for a sign of life, and whether it takes something in: a replica
// or a server without memory answers and is of no use.
func (s *sharedState) probe(ctx context.Context) error {
	if err := s.Ping(ctx); err != nil {
		return err
	}
	return s.Flag(ctx, time.Minute, probes...)
}

// Destruct implements caddy.Destructor: what waits to be sent is sent.
func (s *sharedState) Destruct() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return s.Close(ctx)
}

// acquireShared takes a reference to the store that the option names, nil for
// the embedded one. It dials nothing.
func (a *App) acquireShared() error {
	kind, text, _ := strings.Cut(a.Store, " ")
	if kind != "redis" {
		return nil
	}
	text, err := caddy.NewReplacer().ReplaceOrErr(text, true, true)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	options, err := redis.Parse(text)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	key := "redis:" + text
	v, _, err := sharedPool.LoadOrNew(key, func() (caddy.Destructor, error) {
		s, err := redis.New(options)
		if err != nil {
			return nil, err
		}
		return &sharedState{Store: s, breaker: &failover.Breaker{Clock: time.Now}}, nil
	})
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	a.shared, a.sharedKey = v.(*sharedState), key
	return nil
}

func (a *App) releaseShared() error {
	if a.sharedKey == "" {
		return nil
	}
	key := a.sharedKey
	a.sharedKey = ""
	_, err := sharedPool.Delete(key)
	return err
}

// siteStore is the store of one site: this node's own or, with a shared one,
// that, and this node's while it does not answer.
func (a *App) siteStore(h *Handler) store.Store {
	if a.shared == nil {
		return a.local()
	}
	return &failover.Store{Shared: a.shared, Local: a.local(), Breaker: a.shared.breaker, Deny: h.DeniesOnStoreError(), Epoch: a.shared.epoch,
		Failed: func(operation string, _ error) { a.metrics.storeErrors.WithLabelValues(operation).Inc() }}
}

// watchInterval is how often a store that answers is asked for a sign of life:
// while nobody logs in, status has it from that.
const watchInterval = 5 // seconds

// watchShared says when the shared store stops answering and when it does
// again: while it does not, nobody else asks. It also makes sure that all
// nodes have one key.
func (a *App) watchShared(ctx context.Context, now time.Time) {
	if a.shared == nil {
		return
	}
	b := a.shared.breaker
	due := now.Unix()%watchInterval == 0
	if due || !b.Closed() {
		b.Probe(func() error { return a.shared.probe(ctx) })
	}
	st := b.State()
	a.metrics.storeUp.Set(1)
	if !st.Since.IsZero() {
		a.metrics.storeUp.Set(0)
	}
	switch down := !st.Since.IsZero(); {
	case down && !a.wasDown:
		a.logger.Error("the shared store does not answer; each node counts by itself, or refuses logins where on_store_error says deny",
			zap.String("store", a.shared.Name()), zap.Error(st.Err))
	case !down && a.wasDown:
		a.logger.Info("the shared store answers again", zap.String("store", a.shared.Name()))
	}
	a.wasDown = !st.Since.IsZero()
	if !a.wasDown && (due || !a.sameKey) {
		a.checkKey(ctx)
		a.syncOrders(ctx, now)
	}
}

// canary is where the nodes leave a value that all of them can open.
var canary = store.Key([]byte("login-guard-key."))

// canaryLife is longer than a gateway runs without a restart or a reload.
const canaryLife = 365 * 24 * time.Hour

// checkKey looks whether the other nodes have this node's key. With another
// one, nothing that they hold can be opened here, and nothing that is counted
// here counts there.
func (a *App) checkKey(ctx context.Context) {
	ring, err := a.keys.load()
	if err != nil {
		return
	}
	left, err := a.shared.look(ctx)
	if errors.Is(err, store.ErrNotFound) {
		if a.shared.Keep(ctx, canary, ring.Seal(keys.Challenge, []byte("key"), canary[:]), canaryLife) != nil {
			return
		}
		left, err = a.shared.look(ctx) // of two that leave one, the later stays
	}
	if err != nil {
		return
	}
	a.sameKey = opensCanary(ring, left)
	switch {
	case !a.sameKey && a.canaryWarned.CompareAndSwap(false, true):
		a.metrics.foreignSeals.Inc()
		a.logger.Error("the other nodes of this store have another key: set the same `key` on each; until then their logins are counted apart, and a check begun there is asked afresh here",
			zap.String("store", a.shared.Name()))
	case a.sameKey && a.canaryWarned.Swap(false):
		a.logger.Info("the other nodes of this store have the same key now")
	}
}

func opensCanary(ring *keys.Ring, sealed []byte) bool {
	_, err := ring.Open(keys.Challenge, sealed, canary[:])
	return err == nil
}

// storeStatus is what status says of the store.
type storeStatus struct {
	Kind      string `json:"kind"`
	Kept      int    `json:"kept"`
	KeptBytes int64  `json:"kept_bytes"`
	Evictions int64  `json:"evictions"`
	// EvictedPenalised above zero: the tables are too small for the attack.
	EvictedPenalised int64 `json:"evicted_penalised"`
	Errors           int64 `json:"errors"`
	// Durable: history and what is good once survive a restart.
	Durable bool   `json:"durable"`
	Problem string `json:"problem,omitempty"`
	// PutAside is the damaged file that was put aside last since the start.
	PutAside string `json:"put_aside,omitempty"`
	// Rows are durable rows known here; who had one of those lost is refused.
	Rows     int `json:"rows,omitempty"`
	RowsLost int `json:"rows_lost,omitempty"`

	// Of a shared store:
	Name       string     `json:"name,omitempty"`
	Up         *bool      `json:"up,omitempty"`
	DownSince  *time.Time `json:"down_since,omitempty"`
	Error      string     `json:"error,omitempty"`
	Outages    int64      `json:"outages,omitempty"`
	DeniedHere int64      `json:"denied_here,omitempty"`
	OtherKey   bool       `json:"other_key,omitempty"`
}

func (a *App) storeStatus() storeStatus {
	local := a.local().Stats()
	out := storeStatus{Kind: "embedded", Kept: local.Kept, KeptBytes: local.KeptBytes, Evictions: local.Evictions,
		EvictedPenalised: local.EvictedPenalised, Errors: local.Errors, Durable: local.Durable, Problem: local.Problem, PutAside: local.Aside, Rows: local.KnownRows, RowsLost: local.LostRows}
	if a.shared == nil {
		return out
	}
	stats, st := a.shared.Stats(), a.shared.breaker.State()
	up := st.Since.IsZero()
	out.Kind, out.Name, out.Up, out.Kept, out.KeptBytes = "redis", a.shared.Name(), &up, stats.Kept, stats.KeptBytes
	out.Errors += stats.Errors
	out.Rows, out.RowsLost = stats.KnownRows, stats.LostRows
	if out.Problem == "" {
		out.Problem = stats.Problem
	}
	out.Outages, out.DeniedHere, out.OtherKey = st.Trips, a.shared.Status().DeniedHere, a.canaryWarned.Load()
	if !up {
		out.DownSince = &st.Since
		if st.Err != nil {
			out.Error = st.Err.Error()
		}
	}
	return out
}
