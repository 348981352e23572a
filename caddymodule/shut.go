package caddymodule

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/hold"
	"github.com/login-guard/login-guard/internal/page"
	"github.com/login-guard/login-guard/internal/record"
	"github.com/login-guard/login-guard/internal/store"
)

// shutOut reports whether a request was answered because its session waits
// for a second factor.
func (h *Handler) shutOut(w http.ResponseWriter, r *http.Request, own ownCookies, shop caddyhttp.Handler) (bool, error) {
	if h.second == nil || len(r.Header["Cookie"]) == 0 && r.URL.RawQuery == "" && !strings.Contains(original(r).Path, ";") || h.modeNow() == config.ModeMonitor {
		return false, nil
	}
	g, err := h.ready()
	if err != nil {
		return true, err
	}
	sessions := h.sessionsOf(r, nil, g)
	if len(sessions) == 0 {
		return false, nil
	}
	if len(sessions) <= maxSessions {
		shut, err := h.isShut(r.Context(), g, sessions)
		if err != nil {
			h.app.metrics.storeErrors.WithLabelValues("session").Inc()
		}
		if !shut {
			return false, nil
		}
	}
	if h.leadsOn(w, r, g) {
		return true, nil
	}
	h.signOutExpired(r, g, shop)
	return true, h.shutPage(w, r, g, own)
}

// leadsOn answers a visit whose address alone names the session that is shut:
// with the same address without it. It may be a text that many links have, such
// as the name of a campaign, and not a session at all.
func (h *Handler) leadsOn(w http.ResponseWriter, r *http.Request, g *guard) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	to := h.withoutSessions(r)
	if to == "" {
		return false
	}
	if has := h.sessionKeys(r.Header["Cookie"], g); len(has) > 0 {
		if shut, err := h.isShut(r.Context(), g, has); shut || err != nil || len(has) > maxSessions {
			return false
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusFound)
	return true
}

// isShut looks whether a session is shut. One whose login is with the shop at
// this moment is waited for, as most of them end at once: one of this node's
// until it has landed, and another's, of which it is not known yet whether a
// factor is due, by looking again.
func (h *Handler) isShut(ctx context.Context, g *guard, sessions []store.Key) (shut bool, err error) {
	begun := h.now()
	for waits := 0; ; {
		shut, err = hold.IsShut(ctx, g.store, sessions)
		if shut = shut || h.second.here.isShut(sessions); !shut {
			return false, err
		}
		if waits++; waits <= 2 && h.second.flying.wait(ctx, sessions) {
			continue
		}
		if err != nil || h.now().Sub(begun) >= flightWait || !hold.Asking(ctx, g.store, h.now(), sessions) || !pause(ctx, askPause) {
			return shut, err
		}
	}
}

// askPause is after how long it is looked again.
const askPause = 100 * time.Millisecond

// pause waits, and reports whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// shutPage answers in place of the shop: with the page that asks for the
// second factor where the browser has its ticket, else with one that says
// that a sign-in waits, and how to end it.
func (h *Handler) shutPage(w http.ResponseWriter, r *http.Request, g *guard, own ownCookies) error {
	ref := record.NewRef()
	if !navigates(r) {
		h.mark(w, markSecond, ref)
		h.allowOrigin(w, r)
		return h.pages.Problem(w, r, http.StatusForbidden, page.Problem{Kind: page.SecondFactor, Ref: ref})
	}
	now := h.now()
	if t, ok := hold.ParseTicket(own.second); ok {
		switch a, err := g.answers.Look(r.Context(), t, now); {
		case err == nil:
			return h.askSecond(w, r, g, now, secondAsk{held: a, ticket: t})
		case !errors.Is(err, hold.ErrGone):
			return h.secondPage(w, r, http.StatusServiceUnavailable, ref, page.Second{State: page.SecondWait, Action: h.prefix + secondPath, Cancel: true, Seconds: seconds(storeRetry)})
		}
		return h.secondPage(w, r, http.StatusOK, ref, page.Second{State: page.SecondExpired, Action: h.prefix + secondPath, Back: "/", Cancel: true})
	}
	return h.secondPage(w, r, http.StatusOK, ref, page.Second{State: page.SecondTab, Action: h.prefix + secondPath, Cancel: true})
}

// markSecond is what the header of our answers says.
const markSecond = "second-factor"

// secondPage writes a page of the second factor.
func (h *Handler) secondPage(w http.ResponseWriter, r *http.Request, status int, ref string, v page.Second) error {
	h.mark(w, markSecond, ref)
	v.Ref = ref
	if h.reserved(r) {
		if scheme, ok := framed(original(r), page.Dialog); ok {
			v.Frame, v.Scheme = page.Dialog, scheme
			v.Action = h.frameAction(r, scheme)
		}
	}
	return h.pages.WriteSecond(w, r, status, v)
}

// flights are the sessions whose login is with the shop at this moment.
type flights struct {
	mu  sync.Mutex
	all map[store.Key]*flight
}

type flight struct {
	logins int
	landed chan struct{}
}

// flightWait is how long a request of a session waits for its login: as long as
// a slow shop takes for it and for saying who signed in.
const flightWait = 10 * time.Second

// start notes a login of sessions until the function it returns is called.
func (f *flights) start(sessions []store.Key) (landed func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all == nil {
		f.all = make(map[store.Key]*flight)
	}
	for _, s := range sessions {
		if f.all[s] == nil {
			f.all[s] = &flight{landed: make(chan struct{})}
		}
		f.all[s].logins++
	}
	return sync.OnceFunc(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, s := range sessions {
			if l := f.all[s]; l.logins > 1 {
				l.logins--
			} else {
				close(l.landed)
				delete(f.all, s)
			}
		}
	})
}

// wait waits for logins of sessions, and reports whether there was one that
// has ended.
func (f *flights) wait(ctx context.Context, sessions []store.Key) bool {
	var landed chan struct{}
	f.mu.Lock()
	for _, s := range sessions {
		if l := f.all[s]; l != nil {
			landed = l.landed
		}
	}
	f.mu.Unlock()
	if landed == nil {
		return false
	}
	t := time.NewTimer(flightWait)
	defer t.Stop()
	select {
	case <-landed:
		return true
	case <-t.C:
	case <-ctx.Done():
	}
	return false
}

// lasting is a context for what has to be done although the client may have
// gone.
func lasting(r *http.Request, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(r.Context()), d)
}
