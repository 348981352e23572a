package caddymodule

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"golang.org/x/time/rate"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/held"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/page"
	"github.com/login-guard/login-guard/internal/signal"
)

// Handler guards the login of one site. It goes in front of the handler that
// leads to the shop and changes nothing but logins: it limits guessing,
// scores the risk of each attempt, asks for a check when in doubt, and then
// sends the very same request on to the shop.
//
// It sets the placeholders `{http.login_guard.action}`, `.score`,
// `.reasons`, `.ref`, `.outcome`, `.country` and `.asn` on login attempts.
type Handler struct {
	config.Site

	app    *App
	name   string // of the site
	prefix string // of reserved paths
	reader *login.Reader
	pages  *page.Pages
	limits map[string]config.Limit

	endpoints []config.Endpoint
	sessions  []string // cookie names of the shop's sessions
	logins    *rate.Limiter
	pictures  *rate.Limiter
	ready     func() (*guard, error)
	now       func() time.Time
	random    io.Reader
}

// guard is what a handler needs the key for.
type guard struct {
	ring      *keys.Ring
	ledger    *ledger.Ledger
	fallback  *ledger.Ledger // counts in this process when the store does not answer
	checks    *challenge.Checks
	held      *held.Keeper
	collector *signal.Collector
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: handlerID, New: func() caddy.Module { return new(Handler) }}
}

// Provision checks the settings and builds readers and pages.
func (h *Handler) Provision(ctx caddy.Context) error {
	if err := h.Validate(); err != nil {
		return err
	}
	app, err := ctx.App(appID)
	if err != nil {
		return fmt.Errorf("getting the login_guard app: %w", err)
	}
	h.app = app.(*App)
	h.now, h.random = time.Now, rand.Reader
	host := firstHost(ctx)
	if h.name = h.Site.Site; h.name == "" {
		if h.name = host; h.name == "" {
			h.name = "default"
		}
	}
	h.prefix = h.Prefix()
	h.endpoints = h.EffectiveEndpoints()
	endpoints := h.endpoints
	if h.reader, err = login.NewReader(endpoints, login.Options{Original: original}); err != nil {
		return err
	}
	for _, e := range endpoints {
		h.sessions = append(h.sessions, e.SessionCookies...)
	}
	p := h.Page.WithDefaults()
	if p.Name == "" {
		p.Name = host
	}
	if h.pages, err = page.New(page.Theme{Name: p.Name, Accent: p.Accent, Support: p.Support, Reset: p.Reset,
		Prefix: h.prefix, Language: p.Language}); err != nil {
		return err
	}
	h.limits = h.EffectiveLimits()
	limits := h.limits
	h.logins, h.pictures = limiter(limits[config.LimitLogins]), limiter(limits[config.LimitPictures])
	h.ready = sync.OnceValues(h.build)
	h.app.enter(h, ctx.Logger())
	return nil
}

// limiter is a limit of the whole site; off is no limit.
func limiter(l config.Limit) *rate.Limiter {
	if l.Off || l.Every <= 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Every(time.Duration(l.Every)), max(1, l.Burst))
}

func (h *Handler) build() (*guard, error) {
	ring, err := h.app.ring()
	if err != nil {
		return nil, err
	}
	s := h.app.store()
	return &guard{
		ring:      ring,
		ledger:    &ledger.Ledger{Ring: ring, Store: s, Site: h.name, Limits: h.limits},
		fallback:  &ledger.Ledger{Ring: ring, Store: h.app.state.local, Site: h.name, Limits: h.limits},
		checks:    &challenge.Checks{Ring: ring, Store: s, Site: h.name, Random: h.random},
		held:      &held.Keeper{Ring: ring, Store: s, Site: h.name, Random: h.random},
		collector: signal.NewCollector(h.app.signalFiles()),
	}, nil
}

// Cleanup has nothing to release: the app owns what lasts.
func (h *Handler) Cleanup() error { return nil }

// mode is the mode that holds, and why.
func (h *Handler) mode() (mode, why string) {
	if m := h.app.state.mode(h.name); m != "" {
		return m, "set at run time"
	}
	return h.EffectiveMode()
}

func (h *Handler) endpointNames() []string {
	var out []string
	for _, e := range h.endpoints {
		out = append(out, e.Name)
	}
	return out
}

// ServeHTTP is the way of one login. Whatever carries no login goes on with
// the writer and the body that it came with.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if h.reserved(r) {
		return h.serveOwn(w, r)
	}
	own := takeCookies(r)
	r.Header.Del(clearanceHeader)
	reading := h.reader.Read(w, r)
	if reading.Kind == login.Other {
		return h.pass(w, r, &reading, next)
	}
	if passed(r) {
		return next.ServeHTTP(w, r) // another login_guard has decided
	}
	caddyhttp.SetVar(r.Context(), passedVar, true)
	switch reading.Kind {
	case login.Attempt:
		return h.attempt(w, r, &attempt{reading: &reading, cookies: own}, next)
	case login.Answer:
		return h.answer(w, r, &reading, own, next)
	default:
		return h.refuse(w, r, &reading, next)
	}
}

// pass sends on what is no login. A body that was cut before a password key
// has not reached the shop whole; that is told instead of the shop's answer.
func (h *Handler) pass(w http.ResponseWriter, r *http.Request, reading *login.Reading, next caddyhttp.Handler) error {
	err := next.ServeHTTP(w, r)
	if err != nil && reading.Cut() {
		reading.Status, reading.Reason = http.StatusRequestEntityTooLarge, "body.too_large"
		return h.refused(w, r, reading)
	}
	return err
}

// reserved reports whether a request is for us, also when an earlier handler
// rewrote its path.
func (h *Handler) reserved(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, h.prefix) || strings.HasPrefix(original(r).Path, h.prefix)
}

// original is the URL as the client sent it.
func original(r *http.Request) *url.URL {
	if o, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok && o.URL != nil {
		return o.URL
	}
	return r.URL
}

// clearanceHeader is how scripts will repeat a request that was checked. It
// never reaches the shop.
const clearanceHeader = "Login-Guard-Clearance"

const passedVar = "login_guard.passed"

// passed reports whether a login_guard before this one saw the request.
func passed(r *http.Request) bool { return caddyhttp.GetVar(r.Context(), passedVar) != nil }

// firstHost is the first host name of the site block that is being
// provisioned, "" if it has none. Caddy provisions the matchers of all routes
// of a server before their handlers, and clears a route's handlers as they
// load: the first route that still names us is the one that this is in.
func firstHost(ctx caddy.Context) string {
	srv, _ := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if srv == nil {
		return ""
	}
	for _, route := range srv.Routes {
		names := false
		for _, raw := range route.HandlersRaw {
			names = names || strings.Contains(string(raw), `"`+appID+`"`)
		}
		if !names {
			continue
		}
		for _, set := range route.MatcherSets {
			for _, m := range set {
				switch hosts := m.(type) {
				case caddyhttp.MatchHost:
					if len(hosts) > 0 {
						return hosts[0]
					}
				case *caddyhttp.MatchHost:
					if len(*hosts) > 0 {
						return (*hosts)[0]
					}
				}
			}
		}
		return ""
	}
	return ""
}
