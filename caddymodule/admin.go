package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/device"
)

func init() { caddy.RegisterModule(adminAPI{}) }

// adminAPI serves /login_guard/… on Caddy's admin endpoint, for the verbs of
// the command line. Calls that change something need a JSON content type, so
// that no web page's form can make them.
type adminAPI struct{}

// CaddyModule returns the Caddy module information.
func (adminAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.login_guard", New: func() caddy.Module { return new(adminAPI) }}
}

// Routes implements caddy.AdminRouter.
func (a *adminAPI) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{
		{Pattern: "/login_guard/status", Handler: adminGet(status)},
		{Pattern: "/login_guard/release", Handler: adminPost(release)},
		{Pattern: "/login_guard/revoke", Handler: adminPost(revoke)},
		{Pattern: "/login_guard/mode", Handler: adminPost(setMode)},
		{Pattern: "/login_guard/rotate-key", Handler: adminPost(rotateKey)},
		{Pattern: "/login_guard/explain", Handler: adminPost(explain)},
		{Pattern: "/login_guard/events", Handler: caddy.AdminHandlerFunc(serveEvents)},
		{Pattern: "/login_guard/simulate", Handler: adminPost(simulate)},
		{Pattern: "/login_guard/erase", Handler: adminPost(erase)},
		{Pattern: "/login_guard/factor", Handler: adminPost(serveFactor)},
		{Pattern: "/login_guard/factor/export", Handler: caddy.AdminHandlerFunc(serveExport)},
		{Pattern: "/login_guard/factor/import", Handler: caddy.AdminHandlerFunc(serveImport)},
		{Pattern: "/login_guard/orders", Handler: adminPost(setOrder)},
		{Pattern: "/login_guard/orders/list", Handler: adminGet(listOrders)},
		{Pattern: "/login_guard/learn", Handler: caddy.AdminHandlerFunc(serveLearn)},
	}
}

// runningApp is the app of the configuration that runs.
func runningApp() (*App, error) {
	app, err := caddy.ActiveContext().AppIfConfigured(appID)
	if err != nil {
		return nil, caddy.APIError{HTTPStatus: http.StatusNotFound,
			Err: errors.New("no site of the running configuration has login_guard")}
	}
	return app.(*App), nil
}

func adminGet(serve func(*App) (any, error)) caddy.AdminHandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodGet {
			return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: errors.New("only GET")}
		}
		return adminReply(w, func(app *App) (any, error) { return serve(app) })
	}
}

func adminPost[T any](serve func(*App, *http.Request, T) (any, error)) caddy.AdminHandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodPost {
			return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: errors.New("only POST")}
		}
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			return caddy.APIError{HTTPStatus: http.StatusUnsupportedMediaType, Err: errors.New("want application/json")}
		}
		var q T
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
		d.DisallowUnknownFields()
		if err := d.Decode(&q); err != nil {
			return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: fmt.Errorf("reading the request: %w", err)}
		}
		return adminReply(w, func(app *App) (any, error) { return serve(app, r, q) })
	}
}

func adminReply(w http.ResponseWriter, serve func(*App) (any, error)) error {
	app, err := runningApp()
	if err != nil {
		return err
	}
	out, err := serve(app)
	if err != nil {
		var api caddy.APIError
		if errors.As(err, &api) {
			return err
		}
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(out)
}

// siteStatus is what status says of a site.
type siteStatus struct {
	Site      string                  `json:"site"`
	Mode      string                  `json:"mode"`
	Why       string                  `json:"why"`
	Endpoints []string                `json:"endpoints"`
	AskAfter  string                  `json:"ask_after"`
	Remember  string                  `json:"remember"`
	Ladder    config.Ladder           `json:"ladder"`
	Limits    map[string]config.Limit `json:"limits"`
	Since     sinceStart              `json:"since_start"`
	// Attack goes on, or was the last since the start; null without one.
	Attack   *attackStatus `json:"attack"`
	Warnings []string      `json:"warnings"`
	// Unguarded are the ways in that no endpoint guards.
	Unguarded []unguardedRoute `json:"unguarded"`
}

// statusReply is what status says.
type statusReply struct {
	Sites []siteStatus `json:"sites"`
	Store storeStatus  `json:"store"`
	Files []fileStatus `json:"files"`
}

type fileStatus struct {
	File  string `json:"file"`
	Error string `json:"error,omitempty"`
}

func status(app *App) (any, error) {
	var out statusReply
	out.Store = app.storeStatus()
	out.Files = []fileStatus{}
	if files := app.signalFiles(); files != nil {
		for _, f := range files.Status() {
			out.Files = append(out.Files, fileStatus{File: f.File, Error: f.Problem})
		}
	}
	for _, h := range app.siteList() {
		mode, why := h.mode()
		s := siteStatus{Site: h.name, Mode: mode, Why: why, Endpoints: h.endpointNames(),
			AskAfter: "off", Remember: h.EffectiveRemember().String(), Ladder: h.EffectiveLadder(),
			Limits: h.limits, Since: app.state.seen(h.name), Attack: app.state.attackOf(h.name), Warnings: []string{}, Unguarded: unguardedRoutes(h.unguarded.List())}
		if h.AskAfter > 0 {
			s.AskAfter = h.AskAfter.String()
		}
		if s.Since.Attempts >= 20 && s.Since.Private == s.Since.Attempts {
			s.Warnings = append(s.Warnings, "every login came from a private address: name your proxy in trusted_proxies (global option servers), or limits of addresses count all customers as one")
		}
		if s.Since.Outcomes["unknown"] >= 10 && s.Since.Outcomes["success"] == 0 {
			s.Warnings = append(s.Warnings, "no login was ever seen to succeed: what the shop answers to a right password is not recognised; name a preset, or write an endpoint with success")
		}
		if h.second != nil && mode == config.ModeMonitor {
			s.Warnings = append(s.Warnings, "second_factor is on, and nobody is asked for it in monitor mode: the password alone is enough; write mode enforce when you have seen enough")
		}
		if n := s.Since.Identities; n[probeMissed] > 0 {
			s.Warnings = append(s.Warnings, fmt.Sprintf("at %d of %d logins since the start the shop did not say who signed in, and the name that was typed decided whose second factor it is; the log says why, see identity in the documentation of the second factor", n[probeMissed], n[probeMissed]+n[probeFound]+n[probeSilent]))
		}
		if n := s.Since.Identities; n[probeSilent] > 0 {
			s.Warnings = append(s.Warnings, fmt.Sprintf("%d logins since the start were answered with 503: the shop's page that says who signed in did not come, and they may be of accounts with a second factor", n[probeSilent]))
		}
		if app.lax.Load() > 0 {
			s.Warnings = append(s.Warnings, laxProxies)
		}
		out.Sites = append(out.Sites, s)
	}
	return out, nil
}

type releaseAsk struct {
	Site    string `json:"site,omitempty"`
	Address string `json:"address,omitempty"`
	Account string `json:"account,omitempty"`
	Ref     string `json:"ref,omitempty"`
}

// release forgets what was counted against an address, an account, or both.
func release(app *App, r *http.Request, q releaseAsk) (any, error) {
	if q.Ref != "" {
		return releaseRef(app, r, q)
	}
	h, g, err := siteGuard(app, q.Site)
	if err != nil {
		return nil, err
	}
	if q.Address == "" && q.Account == "" {
		return nil, errors.New("name --ref, or --address, --account or both")
	}
	defer h.denials.clear()
	var host netip.Prefix
	var done []string
	if q.Address != "" {
		addr, err := netip.ParseAddr(q.Address)
		if err != nil {
			return nil, fmt.Errorf("%q is no address; one that works is 203.0.113.7", q.Address)
		}
		s := g.collector.Collect(addr, http.Header{}, 0)
		host = s.Host
		if err := g.ledger.ReleaseAddress(r.Context(), s.Host, s.Network); err != nil {
			return nil, err
		}
		done = append(done, "address "+host.String()+" and its network")
	}
	if q.Account != "" {
		account := g.ledger.Account(h.reader.FoldAccount(q.Account))
		if err := g.ledger.ReleaseAccount(r.Context(), account, host); err != nil {
			return nil, err
		}
		done = append(done, "account "+g.ledger.Pseudonym(account))
	}
	return map[string]any{"site": h.name, "released": done}, nil
}

// releaseRef releases both the address and the account that a reference is
// about.
func releaseRef(app *App, r *http.Request, q releaseAsk) (any, error) {
	if q.Address != "" || q.Account != "" {
		return nil, errors.New("a reference stands for its address and account: name nothing else")
	}
	rec, ok := app.state.findRef(strings.ToUpper(strings.TrimSpace(q.Ref)))
	if !ok {
		return nil, fmt.Errorf("%q is none of the last %d references of this process; name --account and --address", q.Ref, recentRefs)
	}
	h, g, err := siteGuard(app, rec.site)
	if err != nil {
		return nil, err
	}
	defer h.denials.clear()
	if err := g.ledger.ReleaseAddress(r.Context(), rec.host, rec.network); err != nil {
		return nil, err
	}
	if err := g.ledger.ReleaseAccount(r.Context(), rec.account, rec.host); err != nil {
		return nil, err
	}
	return map[string]any{"site": h.name, "released": []string{
		"address " + rec.host.String() + " and its network", "account " + g.ledger.Pseudonym(rec.account)}}, nil
}

type revokeAsk struct {
	Site    string `json:"site,omitempty"`
	Account string `json:"account,omitempty"`
	All     bool   `json:"all,omitempty"`
}

// revoke voids passes and remembered devices of an account or of a site.
func revoke(app *App, r *http.Request, q revokeAsk) (any, error) {
	h, g, err := siteGuard(app, q.Site)
	if err != nil {
		return nil, err
	}
	if (q.Account == "") == !q.All {
		return nil, errors.New("name --account NAME, or --all")
	}
	var account device.Account
	what := "all accounts"
	if !q.All {
		account = g.ledger.Account(h.reader.FoldAccount(q.Account))
		what = "account " + g.ledger.Pseudonym(account)
	}
	// Cookies hold whole seconds: what was issued in this one is older.
	if err := g.ledger.Revoke(r.Context(), h.now().Truncate(time.Second), account); err != nil {
		return nil, err
	}
	if err := h.distrust(r.Context(), g, account); err != nil {
		return nil, err
	}
	return map[string]any{"site": h.name, "revoked": what}, nil
}

type modeAsk struct {
	Site string `json:"site,omitempty"`
	Mode string `json:"mode"`
}

// setMode sets a site's mode until the process ends.
func setMode(app *App, _ *http.Request, q modeAsk) (any, error) {
	h, err := app.site(q.Site)
	if err != nil {
		return nil, err
	}
	switch q.Mode {
	case config.ModeEnforce, config.ModeMonitor:
		app.state.setMode(h.name, q.Mode)
	case "default":
		app.state.setMode(h.name, "")
	default:
		return nil, fmt.Errorf("mode %q is none of enforce, monitor, default", q.Mode)
	}
	mode, why := h.mode()
	return map[string]any{"site": h.name, "mode": mode, "why": why}, nil
}

func siteGuard(app *App, site string) (*Handler, *guard, error) {
	h, err := app.site(site)
	if err != nil {
		return nil, nil, err
	}
	g, err := h.ready()
	return h, g, err
}

// Interface guards
var _ caddy.AdminRouter = (*adminAPI)(nil)

// rotateKey makes a new master key.
func rotateKey(app *App, r *http.Request, _ struct{}) (any, error) {
	if err := app.keys.rotate(r.Context()); err != nil {
		return nil, err
	}
	if err := app.rekeyFactors(r.Context()); err != nil {
		return nil, err
	}
	app.logger.Info("a new key seals cookies and held logins from now on; the old one still opens them for 180 days")
	return map[string]bool{"rotated": true}, nil
}
