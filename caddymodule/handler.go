package caddymodule

import (
	"context"
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
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/engine"
	"github.com/login-guard/login-guard/internal/factor"
	"github.com/login-guard/login-guard/internal/held"
	"github.com/login-guard/login-guard/internal/hold"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/page"
	"github.com/login-guard/login-guard/internal/picture"
	"github.com/login-guard/login-guard/internal/record"
	"github.com/login-guard/login-guard/internal/signal"
	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/unguarded"
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

	app     *App
	name    string // of the site
	prefix  string // of reserved paths
	ownMode string // as configured
	reader  *login.Reader
	pages   *page.Pages
	script  page.Guard // for the shop's own pages
	limits  map[string]config.Limit

	endpoints []config.Endpoint
	sessions  []string // cookie names of the shop's sessions
	signs     *unguarded.Signs
	unguarded *unguarded.Table
	logins    *rate.Limiter
	pictures  *rate.Limiter
	ready     func() (*guard, error)
	denials   *denials
	now       func() time.Time
	random    io.Reader
	// anyHost: the site's block names no host, so that a request says what it
	// likes.
	anyHost bool
	// standIn: what fails here goes on to another shop.
	standIn bool
	second  *second // nil: accounts have no second factor
}

// guard is what a handler needs the key for.
type guard struct {
	ring      *keys.Ring
	ledger    *ledger.Ledger
	engine    *engine.Engine
	checks    *challenge.Checks
	held      *held.Keeper
	store     store.Store
	collector *signal.Collector
	answers   *hold.Keeper
	vault     *factor.Vault
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
	h.anyHost = host == ""
	if h.name = h.Site.Site; h.name == "" {
		if h.name = host; h.name == "" {
			h.name = "default"
		}
	}
	h.prefix = h.Prefix()
	h.ownMode, _ = h.EffectiveMode()
	h.limits = h.EffectiveLimits()
	for _, e := range h.EffectiveEndpoints() {
		// Side ways whose limit is off are not looked for.
		if e.Kind == config.KindLogin || !h.limits[e.Kind].Off {
			h.endpoints = append(h.endpoints, e)
		}
	}
	endpoints := h.endpoints
	if h.reader, err = login.NewReader(endpoints, login.Options{
		Original: original, Watch: h.watches, CountsAll: true, Sides: true, Now: h.now}); err != nil {
		return err
	}
	for _, e := range endpoints {
		h.sessions = append(h.sessions, e.SessionCookies...)
	}
	if h.second, err = newSecond(h); err != nil {
		return err
	}
	h.signs, h.unguarded = unguarded.NewSigns(config.KnownSessionNames(), endpoints), h.app.state.unguardedOf(h.name)
	p := h.Page.WithDefaults()
	if p.Name == "" {
		p.Name = host
	}
	if h.pages, err = page.New(page.Theme{Name: p.Name, Colours: p.Colours(), Radius: p.Radius, Font: p.Font, Logo: p.Logo, LogoDark: p.LogoDark, Support: p.Support, Reset: p.Reset,
		Prefix: h.prefix, Language: p.Language, Languages: p.Languages, Digits: p.Picture == config.PictureDigits}); err != nil {
		return err
	}
	forms, err := login.FormNamesOf(endpoints)
	if err != nil {
		return err
	}
	if h.script, err = page.NewGuard(h.prefix, forms); err != nil {
		return err
	}
	for _, l := range h.pages.Lacks() {
		ctx.Logger().Warn("a language of the pages is not whole: what it lacks is in another one",
			zap.String("site", h.name), zap.String("language", l.Tag), zap.String("from", l.From), zap.Strings("lacks", l.Keys))
	}
	limits := h.limits
	h.logins, h.pictures = limiter(limits[config.LimitLogins]), limiter(limits[config.LimitPictures])
	h.denials = new(denials)
	h.standIn = hasStandIn(ctx)
	h.ready = sync.OnceValues(h.build)
	h.app.noteHellos(ctx)
	h.app.enter(h, ctx.Logger())
	return nil
}

// painter holds the outlines of the fonts: some milliseconds of work, once.
var painter = sync.OnceValues(picture.NewPainter)

// limiter is a limit of the whole site; off is no limit.
func limiter(l config.Limit) *rate.Limiter {
	if l.Off || l.Every <= 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Every(time.Duration(l.Every)), max(1, l.Burst))
}

func (h *Handler) build() (*guard, error) {
	ring, err := h.app.keys.load()
	if err != nil {
		// This configuration will not start, but Caddy may have opened its
		// sites before it knew: until they are closed again logins go on as
		// in the one that runs.
		running, rerr := runningApp()
		if rerr != nil || running == h.app {
			return nil, err
		}
		if ring, rerr = running.keys.load(); rerr != nil {
			return nil, err
		}
	}
	painter, err := painter()
	if err != nil {
		return nil, err
	}
	s := h.app.siteStore(h)
	g := &guard{
		ring:   ring,
		ledger: ledger.New(ring, s, h.name, h.limits),
		checks: &challenge.Checks{Ring: ring, Store: s, Site: h.name, Random: h.random, Tracks: h.app.state.tracks,
			Pictures: picture.NewPool(painter, h.pictures), Style: picture.Style(h.Page.WithDefaults().Picture)},
		held:      &held.Keeper{Ring: ring, Store: s, Site: h.name, Random: h.random},
		store:     s,
		collector: signal.NewCollector(h.app.signalFiles()),
		answers:   &hold.Keeper{Ring: ring, Store: s, Site: h.name, Random: h.random},
		vault:     &factor.Vault{Rows: s, Ring: ring, Site: h.name, Random: h.random},
	}
	if h.second != nil {
		// Whoever keeps a session alive for longer could have it taken for
		// another's, and add a factor to that account.
		g.ledger.Sessions = hold.ShutLife
	}
	g.engine = h.decidesBy(g.ledger)
	return g, nil
}

// decidesBy is what decides on the site's logins.
func (h *Handler) decidesBy(l *ledger.Ledger) *engine.Engine {
	return &engine.Engine{Ledger: l, Ladder: h.EffectiveLadder(), AskAfter: time.Duration(h.AskAfter), Limits: h.limits, Overrides: h.overrides}
}

// Cleanup ends idle connections; the app owns what lasts.
func (h *Handler) Cleanup() error {
	h.second.close()
	return nil
}

// mode is the mode that holds, and why.
func (h *Handler) mode() (mode, why string) {
	if m := h.app.state.mode(h.name); m != "" {
		return m, "set at run time"
	}
	return h.EffectiveMode()
}

// modeNow is the mode of this moment.
func (h *Handler) modeNow() string {
	if m := h.app.state.mode(h.name); m != "" {
		return m
	}
	return h.ownMode
}

// watches reports whether nothing is refused at this moment.
func (h *Handler) watches() bool { return h.modeNow() == config.ModeMonitor }

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
	if h.second != nil && isOwn(r) {
		return next.ServeHTTP(w, r)
	}
	if h.reserved(r) {
		return h.serveOwn(w, r, next)
	}
	login.DropHTTPUpgrade(r.Header)
	if run := h.learning(); run != nil {
		l := learner{h: h, run: run, next: next}
		defer l.answered(w)
		next = l
	}
	own := takeCookies(r)
	if own.proof != "" {
		h.leaves(w, r)
	}
	clearance := ""
	if sent := r.Header[clearanceHeader]; len(sent) > 0 {
		clearance = sent[0]
		delete(r.Header, clearanceHeader)
	}
	reading := h.reader.Read(w, r)
	if reading.Kind != login.Attempt && reading.Kind != login.Answer {
		if out, err := h.shutOut(w, r, own, next); out {
			return err
		}
		w = h.watchShut(w, r, own, nil)
	}
	switch {
	case reading.Kind == login.Other && h.ownPreflight(r):
		return h.preflight(w, r, next)
	case reading.Plain():
		seen := h.before(w, r)
		err := h.asksShop(w, r, next)
		h.after(r, seen)
		return err
	case reading.Kind == login.Other:
		seen := h.before(w, r)
		err := h.pass(w, r, reading, own, next)
		h.after(r, seen)
		return err
	case reading.Kind == login.Side:
		// Not marked as passed: to a second login_guard it may be a login.
		return h.side(w, r, newAttempt(reading, own, clearance), next)
	case h.decided(r, reading):
		return next.ServeHTTP(w, r) // by another login_guard
	case reading.Kind == login.Attempt:
		return h.attempt(w, r, newAttempt(reading, own, clearance), next)
	case reading.Kind == login.Answer:
		return h.answer(w, r, reading, own, next)
	default:
		return h.refuse(w, r, reading, next)
	}
}

// asksShop sends a request on. Only where customers have second factors, and
// the shop says who signed in, its answer is watched.
func (h *Handler) asksShop(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if h.second == nil || len(h.second.identity)+len(h.second.tells) == 0 || h.watches() {
		return next.ServeHTTP(w, r)
	}
	return h.watchEgress(w, r, next)
}

// pass sends on what is no login. A body that was cut before a password key
// has not reached the shop whole; that is told instead of the shop's answer.
func (h *Handler) pass(w http.ResponseWriter, r *http.Request, reading login.Reading, own ownCookies, next caddyhttp.Handler) error {
	defer h.passwordSeen(r, &reading, own)
	if reading.Password && h.inPlaceShop() {
		h.noteSessions(r, nil)
		defer func() { h.noteSessions(r, w.Header()) }()
	}
	err := h.asksShop(w, r, next)
	if !reading.Cut() {
		return err
	}
	reading.Status, reading.Reason = http.StatusRequestEntityTooLarge, login.ReasonTooLarge
	if err == nil || h.watches() {
		// Monitoring cuts nothing; or the shop answered before the cut.
		h.reportRefusal(r, &reading, record.NewRef(), h.watches())
		return err
	}
	return h.refused(w, r, &reading)
}

// inPlaceShop reports whether an endpoint logs in to the browser's session.
func (h *Handler) inPlaceShop() bool {
	for i := range h.endpoints {
		if h.endpoints[i].InPlace {
			return true
		}
	}
	return false
}

// noteSessions notes that a registration or the like may have logged the
// browser's session in, or the one that the answer sets.
func (h *Handler) noteSessions(r *http.Request, answer http.Header) {
	g, err := h.ready()
	if err != nil {
		return
	}
	sessions := h.sessionTags(r, nil, answer, g)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Second)
	defer cancel()
	if err := g.ledger.SessionUsed(ctx, sessions, device.Account{}); err != nil {
		h.app.metrics.storeErrors.WithLabelValues("session").Inc()
	}
}

// reserved reports whether a request is for us, also when an earlier handler
// rewrote its path.
func (h *Handler) reserved(r *http.Request) bool {
	if strings.HasPrefix(r.URL.Path, h.prefix) {
		return true
	}
	u := original(r)
	return u != r.URL && strings.HasPrefix(u.Path, h.prefix)
}

// original is the URL as the client sent it.
func original(r *http.Request) *url.URL {
	if o, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok && o.URL != nil {
		return o.URL
	}
	return r.URL
}

// clearanceHeader is how scripts repeat a request that was checked. It never
// reaches the shop.
const clearanceHeader = "Login-Guard-Clearance"

const passedVar = "login_guard.passed"

// decided reports whether a login_guard before this one decided on the very
// login that this one reads. What carries another login besides is decided on
// here too: it was counted on another account there. One that refuses nothing
// decides for none that does, and one that knows of no second factor for none
// that asks for it.
func (h *Handler) decided(r *http.Request, reading login.Reading) bool {
	same, _ := caddyhttp.GetVar(r.Context(), passedVar).(func(login.Reading, bool, bool) bool)
	return same != nil && same(reading, h.watches(), h.second != nil)
}

// decides notes which login this login_guard decides on. What is noted can be
// printed as a placeholder, so it is a function and no login.
func (h *Handler) decides(r *http.Request, reading *login.Reading) {
	watched, second := h.watches(), h.second != nil
	caddyhttp.SetVar(r.Context(), passedVar, func(other login.Reading, watches, asksSecond bool) bool {
		return (watches || !watched) && (watches || second || !asksSecond) && reading.SameLogin(other)
	})
}

// hasStandIn reports whether the server's error routes lead to a shop, as a
// handle_errors with a reverse_proxy does: a login that the first could not be
// asked about is asked there, and nobody sees the answer. They are provisioned
// after the others, so they still stand there as they were written.
func hasStandIn(ctx caddy.Context) bool {
	srv, _ := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if srv == nil || srv.Errors == nil {
		return false
	}
	for _, route := range srv.Errors.Routes {
		for _, raw := range route.HandlersRaw {
			for _, name := range []string{`"reverse_proxy"`, `"php"`, `"cgi"`} {
				if strings.Contains(string(raw), name) {
					return true
				}
			}
		}
	}
	return false
}

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
