package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/picture"
	"github.com/login-guard/login-guard/internal/record"
	"github.com/login-guard/login-guard/internal/risk"
	"github.com/login-guard/login-guard/internal/signal"
	"github.com/login-guard/login-guard/internal/store/embedded"
)

// App is the part of Login Guard that all sites of one Caddy share: the
// store, the keys, GeoIP files and lists. It need not be configured.
//
// Counters and held logins survive `caddy reload`; counters, history and what
// is good once are also kept on disk, below Caddy's data folder, or in Redis
// where several gateways share them. The master key is kept in Caddy's storage
// unless one is given.
//
// It emits the event `login_guard.decision` for every decision, with the
// fields of the log line, and `login_guard.attack` when an attack on a site
// begins and when it is over.
type App struct {
	config.App

	logger    *zap.Logger
	storage   certmagic.Storage
	events    *caddyevents.App
	eventsCtx caddy.Context
	metrics   *collectors

	stateKey string
	state    *state

	// shared is the store that several gateways share, nil without one.
	shared       *sharedState
	sharedKey    string
	problem      string      // of the local store's file; of everySecond alone
	aside        string      // likewise: the damaged file that was put aside last
	wasDown      bool        // likewise
	sameKey      bool        // likewise
	canaryWarned atomic.Bool // the other nodes have another key

	keys   *keyring
	folder *record.Folder

	mu    sync.Mutex
	files *signal.Files
	sites map[string]*Handler // by name, for status and verbs
	// noting has the servers whose TLS clients are noted.
	noting map[*caddyhttp.Server]bool
	// guards sums up what is guarded, by site.
	guards map[string]uint64
	// decisions is the log that operators filter: that of the handlers.
	decisions *zap.Logger

	warned atomic.Int64 // when warnOfProxy last did, unix seconds
	lax    atomic.Int64 // when warnOfLaxProxies last did

	pools  []*picture.Pool // that draw ahead
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// CaddyModule returns the Caddy module information.
func (*App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: appID, New: func() caddy.Module { return new(App) }}
}

// Provision checks the settings and wires what is cheap. It opens no file
// and dials nothing, as `caddy validate` provisions too.
func (a *App) Provision(ctx caddy.Context) error {
	a.logger = ctx.Logger()
	a.storage = ctx.Storage()
	a.sites, a.guards = make(map[string]*Handler), make(map[string]uint64)
	if err := a.Validate(); err != nil {
		return err
	}
	events, err := ctx.App("events")
	if err != nil {
		return fmt.Errorf("getting the events app: %w", err)
	}
	a.events, a.eventsCtx = events.(*caddyevents.App), ctx
	a.metrics = theCollectors()
	if err := a.metrics.register(ctx.GetMetricsRegistry()); err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	key := stateDir()
	if a.state, err = acquireState(key); err != nil {
		return fmt.Errorf("opening the store: %w", err)
	}
	a.stateKey = key
	if err := a.acquireShared(); err != nil {
		return err
	}
	a.folder = &record.Folder{Burst: 10, Write: a.write}
	a.keys = &keyring{setting: a.Key, storage: a.storage, now: time.Now}
	return nil
}

// Start loads the key, reads GeoIP files and lists and watches them.
func (a *App) Start() error {
	if _, err := a.keys.load(); err != nil {
		return err
	}
	local := a.local()
	if a.shared != nil {
		a.shared.RememberIn(local)
	}
	risk.Version() // so that the first login does not wait some milliseconds for it
	ctx, cancel := context.WithCancel(context.Background())
	a.cancel = cancel
	if files := a.signalFiles(); files != nil {
		a.done.Add(1)
		go func() {
			defer a.done.Done()
			files.Run(ctx)
		}()
	}
	a.done.Add(1)
	go func() {
		defer a.done.Done()
		a.everySecond(ctx)
	}()
	a.watchAttacks(time.Now())
	for _, s := range a.siteList() {
		s.unguarded.Guarding(a.guardsOf(s.name))
		g, err := s.ready()
		if err != nil {
			return err
		}
		g.checks.Pictures.Start(g.checks.Ahead)
		a.pools = append(a.pools, g.checks.Pictures)
		mode, why := s.mode()
		a.logger.Info("guarding logins", zap.String("site", s.name), zap.String("mode", mode),
			zap.String("why", why), zap.Strings("endpoints", s.endpointNames()))
	}
	return nil
}

// everySecond writes folded records and refreshes gauges.
func (a *App) everySecond(ctx context.Context) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			a.folder.Flush(now)
			a.watchShared(ctx, now)
			a.watchLocal()
			a.watchAttacks(now)
			a.state.dropLearns(now)
		}
	}
}

// Stop ends the app's goroutines and waits for them.
func (a *App) Stop() error {
	if a.cancel != nil {
		a.cancel()
	}
	for _, p := range a.pools {
		p.Stop()
	}
	a.done.Wait()
	a.folder.Flush(time.Now().Add(time.Second))
	return nil
}

// Cleanup releases what Provision acquired; after a failed Provision that
// may be nothing.
func (a *App) Cleanup() error {
	err := a.releaseShared()
	if a.stateKey == "" {
		return err
	}
	key := a.stateKey
	a.stateKey = ""
	return errors.Join(err, releaseState(key))
}

// local is this node's own store. The first who asks opens it: not before the
// start, as `caddy validate` provisions too.
func (a *App) local() *embedded.Store { return a.state.store() }

// watchLocal refreshes the gauges of this node's store, and says what is wrong
// with its file.
func (a *App) watchLocal() {
	s := a.local().Stats()
	kept := s.Kept
	if a.shared != nil {
		kept = a.shared.Stats().Kept
	}
	a.metrics.heldLogins.Set(float64(kept))
	a.metrics.evictions.WithLabelValues("all").Set(float64(s.Evictions))
	a.metrics.evictions.WithLabelValues("penalised").Set(float64(s.EvictedPenalised))
	if s.Aside != a.aside {
		a.aside = s.Aside
		a.logger.Error("a file of the store was damaged and is put aside; what stood in it is forgotten, and a new one is begun", zap.String("file", s.Aside))
	}
	if s.Problem != a.problem {
		if a.problem = s.Problem; s.Problem == "" {
			a.logger.Info("the store's file is in use again")
		} else if s.Durable {
			a.logger.Error("something of the store needs an operator", zap.String("problem", s.Problem))
		} else {
			a.logger.Error("the store keeps nothing on disk: counting goes on in memory, and a restart forgets it", zap.String("problem", s.Problem))
		}
	}
}

// signalFiles reads GeoIP files and lists on first use; nil when there are
// none.
func (a *App) signalFiles() *signal.Files {
	if len(a.GeoIP) == 0 && len(a.Lists) == 0 {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.files == nil {
		a.files = signal.OpenFiles(a.GeoIP, a.Lists, func(file string, err error) {
			a.logger.Warn("reading a file", zap.String("file", file), zap.Error(err))
		})
	}
	return a.files
}

// enter makes a site known to status and verbs, and its log the one that
// decisions go to.
func (a *App) enter(h *Handler, log *zap.Logger) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sites[h.name] = h
	a.guards[h.name] += h.guards() // whatever the order of its site blocks
	a.decisions = log
}

// guardsOf sums up what is guarded at a site.
func (a *App) guardsOf(site string) uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.guards[site]
}

func (a *App) decisionLog() *zap.Logger {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.decisions == nil {
		return a.logger
	}
	return a.decisions
}

// warnOfProxy says, once a minute, that a private address is over a limit:
// it is mostly a proxy that Caddy was not told of.
func (a *App) warnOfProxy(now time.Time, site, limit string) {
	last := a.warned.Load()
	if now.Unix()-last < 60 || !a.warned.CompareAndSwap(last, now.Unix()) {
		return
	}
	a.logger.Warn("a private address is over a limit; if it is your own proxy, name it in trusted_proxies (global option servers)",
		zap.String("site", site), zap.String("limit", limit))
}

// laxProxies is what warnOfLaxProxies and status say.
const laxProxies = "logins come with several addresses in X-Forwarded-For and trusted_proxies_strict is off: a client can choose its address; add trusted_proxies_strict (global option servers)"

// warnOfLaxProxies says, once a minute, that clients can choose their address.
func (a *App) warnOfLaxProxies(now time.Time) {
	last := a.lax.Load()
	if now.Unix()-last >= 60 && a.lax.CompareAndSwap(last, now.Unix()) {
		a.logger.Warn(laxProxies)
	}
}

// foreign counts what was sealed with a key that this node does not have, and
// says what to do about it.
func (a *App) foreign(now time.Time) {
	a.metrics.foreignSeals.Inc()
	if a.keys.foreign(now) {
		a.logger.Warn("a page or cookie was made by another node, or before the key was changed; where several nodes serve one site, set the same `key` on each and `store redis`")
	}
}

// siteList returns the sites by name.
func (a *App) siteList() []*Handler {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make([]*Handler, 0, len(a.sites))
	for _, h := range a.sites {
		out = append(out, h)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].name < out[j].name })
	return out
}

// site returns one site; with the empty name the only one there is.
func (a *App) site(name string) (*Handler, error) {
	all := a.siteList()
	if name == "" && len(all) == 1 {
		return all[0], nil
	}
	var names []string
	for _, h := range all {
		if h.name == name {
			return h, nil
		}
		names = append(names, h.name)
	}
	if name == "" {
		return nil, fmt.Errorf("there are %d sites; name one of %q", len(all), names)
	}
	return nil, fmt.Errorf("there is no site %q; sites are %q", name, names)
}
