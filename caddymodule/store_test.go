package caddymodule

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/held"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/signal"
	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/embedded"
	"github.com/login-guard/login-guard/internal/store/failover"
)

// deadStore answers nothing, as a database that cannot be reached.
type deadStore struct{ store.Store }

var errDead = errors.New("connection refused")

func (deadStore) Reserve(context.Context, *store.Reserve, *store.Reserved) error { return errDead }
func (deadStore) Settle(context.Context, *store.Settle) error                    { return errDead }
func (deadStore) Keep(context.Context, store.Key, []byte, time.Duration, ...store.Group) error {
	return errDead
}
func (deadStore) Extend(context.Context, store.Key, time.Duration) (bool, error) {
	return false, errDead
}
func (deadStore) Peek(context.Context, store.Key) ([]byte, error) { return nil, errDead }
func (deadStore) Take(context.Context, store.Key) ([]byte, error) { return nil, errDead }
func (deadStore) Spend(context.Context, store.Key, time.Duration) (bool, error) {
	return false, errDead
}
func (deadStore) Flag(context.Context, time.Duration, ...store.Key) error { return errDead }
func (deadStore) Flagged(context.Context, ...store.Key) ([]bool, error)   { return nil, errDead }

// provision provisions a handler as Caddy does.
func provision(t testing.TB, h *Handler) {
	t.Helper()
	ctx, err := caddy.ProvisionContext(&caddy.Config{
		StorageRaw: []byte(`{"module": "file_system", "root": "` + t.TempDir() + `"}`),
		Logging:    &caddy.Logging{Logs: map[string]*caddy.CustomLog{"default": {BaseLog: caddy.BaseLog{Level: "ERROR"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Provision(ctx); err != nil {
		t.Fatal(err)
	}
}

// withStore provisions a handler of one site whose store is s.
func withStore(t *testing.T, site config.Site, s store.Store) *Handler {
	t.Helper()
	h := &Handler{Site: site}
	provision(t, h)
	ring, err := keys.NewRing(keys.NewMaster())
	if err != nil {
		t.Fatal(err)
	}
	s = &failover.Store{Shared: s, Local: embedded.New(embedded.Options{}), Breaker: &failover.Breaker{Clock: time.Now}, Deny: h.DeniesOnStoreError()}
	g := &guard{
		ring:      ring,
		ledger:    ledger.New(ring, s, h.name, h.limits),
		checks:    &challenge.Checks{Ring: ring, Store: s, Site: h.name, Random: h.random},
		store:     s,
		held:      &held.Keeper{Ring: ring, Store: s, Site: h.name, Random: h.random},
		collector: signal.NewCollector(nil),
	}
	g.engine = h.decidesBy(g.ledger)
	h.ready = func() (*guard, error) { return g, nil }
	return h
}

// try sends one login and reports the answer's status and whether the shop
// saw it.
func try(t *testing.T, h *Handler, path string) (status int, reached bool) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader("email=a@b.c&password=guess"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	w := httptest.NewRecorder()
	r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, nil)
	caddyhttp.SetVar(r.Context(), caddyhttp.ClientIPVarKey, netip.MustParseAddr("203.0.113.7").String())
	err := h.ServeHTTP(w, r, caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		reached = true
		w.WriteHeader(http.StatusUnauthorized)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, reached
}

func TestWithoutAStoreLoginsAreCountedByThisProcess(t *testing.T) {
	h := withStore(t, config.Site{Ladder: &config.Ladder{Slider: config.RungOff, Picture: config.RungOff, SecondFactor: config.RungOff, Deny: config.RungOff}}, deadStore{})
	through := 0
	for range 20 {
		if _, reached := try(t, h, "/login"); reached {
			through++
		}
	}
	if through == 0 || through > 5 {
		t.Errorf("%d of 20 guesses reached the shop, want those of the pair limit", through)
	}
}

func TestWithoutAStoreAndOnStoreErrorDenyNoLoginGoesOn(t *testing.T) {
	h := withStore(t, config.Site{OnStoreError: config.OnStoreErrorDeny}, deadStore{})
	status, reached := try(t, h, "/login")
	if reached || status != http.StatusServiceUnavailable {
		t.Errorf("status %d, reached the shop: %v", status, reached)
	}
}

func TestWithoutAStoreMonitoringRefusesNothing(t *testing.T) {
	h := withStore(t, config.Site{Mode: config.ModeMonitor, OnStoreError: config.OnStoreErrorDeny}, deadStore{})
	if status, reached := try(t, h, "/login"); !reached || status != http.StatusUnauthorized {
		t.Errorf("status %d, reached the shop: %v", status, reached)
	}
}

func TestACheckIsShownThoughTheLoginCannotBeKept(t *testing.T) {
	h := withStore(t, config.Site{AskAfter: config.Duration(time.Hour)}, deadStore{})
	status, reached := try(t, h, "/login")
	if reached || status != http.StatusOK {
		t.Errorf("status %d, reached the shop: %v", status, reached)
	}
}
