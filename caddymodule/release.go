package caddymodule

import (
	"errors"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/engine"
	"github.com/login-guard/login-guard/internal/hold"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/page"
	"github.com/login-guard/login-guard/internal/risk"
)

// release lets a held answer go: its second factor was given. What may have
// changed since the password was typed is looked at again: whether the
// operator or a limit says no, and whether the answer is still there. asPage
// says that a browser shows what comes, also in place of a script.
func (h *Handler) release(w http.ResponseWriter, r *http.Request, g *guard, t hold.Ticket, held *hold.Answer, own ownCookies, asPage bool, given func(*attempt, *proof)) error {
	a, err := h.released(r, g, held, own)
	if err != nil {
		return h.secondDown(w, r, a, err)
	}
	if a.verdict.Action != risk.Allow {
		h.settle(r.Context(), a, login.None)
		h.report(r, a, login.None)
		return h.writeDenial(w, r, a.ref, http.StatusTooManyRequests, a.verdict.RetryAfter)
	}
	ctx, cancel := lasting(r, 5*time.Second)
	defer cancel()
	// The sessions open first: what was taken cannot be put back.
	if err := hold.Open(ctx, g.store, held.Sessions, held.Entry, held.Owner); err != nil {
		h.settle(r.Context(), a, login.None)
		return h.secondDown(w, r, a, err)
	}
	shop, err := g.answers.Take(ctx, t, a.now)
	if err != nil {
		h.settle(r.Context(), a, login.None)
		if !errors.Is(err, hold.ErrGone) {
			return h.secondDown(w, r, a, err)
		}
		return h.secondPage(w, r, http.StatusOK, held.Ref, page.Second{State: page.SecondReplaced, Action: held.Action, Back: backFrom(r, held)})
	}
	h.settle(ctx, a, login.Success)
	h.remember(w, r, a, login.Success)
	p := proof{Account: shop.Account, Owner: shop.Owner, Name: shop.Name, Sessions: shop.After, Established: shop.Established}
	given(a, &p)
	h.proveFor(w, r, a, p)
	expireCookie(w, r, secondCookie)
	h.report(r, a, login.Success)
	return h.writeHeld(w, r, shop, asPage)
}

// writeHeld writes the shop's answer as it came, beside cookies of ours.
func (h *Handler) writeHeld(w http.ResponseWriter, r *http.Request, shop *hold.Answer, asPage bool) error {
	header := w.Header()
	for name, values := range shop.Header {
		if name == "Set-Cookie" {
			header[name] = append(append([]string(nil), values...), header[name]...)
			continue
		}
		header[name] = values
	}
	answer := newAnswerWriter(w)
	answer.code = shop.Status
	answer.body.Write(shop.Body)
	if shop.Script && asPage {
		return h.afterScript(w, r, answer, shop.Back)
	}
	return answer.release()
}

// released makes an attempt of a held answer, decided on anew.
func (h *Handler) released(r *http.Request, g *guard, held *hold.Answer, own ownCookies) (*attempt, error) {
	a := &attempt{g: g, now: h.now(), ref: held.Ref, account: held.Account, mode: h.modeNow(), cookies: own, passed: held.Passed, voucher: held.Earned}
	a.reading = &login.Reading{Kind: login.Attempt, Endpoint: h.reader.Endpoint(held.Endpoint), Account: held.Name}
	if a.reading.Endpoint == nil {
		return a, errors.New("the endpoint of a held answer is not configured any more")
	}
	a.signals = collectFrom(g, r)
	if d, ok := device.Open(g.ring, h.name, own.device); ok {
		a.device = d
		a.seen, a.known = d.Last(a.account, a.now)
	}
	a.names = g.ledger.Names(a.signals.Host, a.account)
	var err error
	// Who gave the second factor is the owner, whatever others do to the
	// account or came from the same network: only what is his own counts.
	a.decision, err = g.engine.Decide(r.Context(), a.now, engine.Attempt{
		Account: a.account, Signals: a.signals, Device: a.device, Known: true, Factor: true, Seen: a.seen, Solved: true, Rung: held.Passed,
		Blind: !a.reading.Endpoint.TellsSuccess(),
	})
	a.assessment, a.verdict = a.decision.Assessment, a.decision.Verdict
	a.known = a.known && a.decision.Known // it may have been revoked
	return a, err
}

// cancelSecond ends a sign-in that waits for its second factor: the browser
// loses the sessions that are shut, so that it can go on shopping, and the
// shop signs them out where it is known how.
func (h *Handler) cancelSecond(w http.ResponseWriter, r *http.Request, g *guard, own ownCookies, shop caddyhttp.Handler) error {
	back := "/"
	about := []string{path.Dir(strings.TrimSuffix(h.prefix, "/")) + "/", h.notOurs(r.Referer())}
	if t, ok := hold.ParseTicket(own.second); ok {
		if held, err := g.answers.Take(r.Context(), t, h.now()); err == nil {
			if back = sameSite(r, backFrom(r, held)); back == "" {
				back = "/"
			}
			about = append(about, h.notOurs(held.Action))
			h.endChallenge(r, g, held)
		}
	}
	h.signOut(r, shop)
	h.expireSessions(w, r, cookiePaths(about))
	expireCookie(w, r, secondCookie)
	if h.inDialog(r) {
		return h.secondPage(w, r, http.StatusOK, "", page.Second{State: page.SecondCleared})
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", back)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// notOurs is an address unless it is one of our own.
func (h *Handler) notOurs(address string) string {
	if u, err := url.Parse(address); err != nil || strings.HasPrefix(u.Path, h.prefix) {
		return ""
	}
	return address
}

// maxCookiePaths bounds the paths that a session's cookie is looked for at.
const maxCookiePaths = 8

// cookiePaths are the paths that cookies of a shop may have been set for, which
// has pages at these addresses: a shop below a directory sets them for that.
func cookiePaths(addresses []string) []string {
	all := []string{"/"}
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil || !strings.HasPrefix(u.Path, "/") {
			continue
		}
		for i, c := range u.Path {
			if p := u.Path[:i]; i > 0 && c == '/' && len(all) < maxCookiePaths && !slices.Contains(all, p) {
				all = append(all, p, p+"/")
			}
		}
	}
	return all
}

// expireSessions takes the shop's sessions from the browser. With which domain
// and path a cookie was set nobody says, so it is taken for all that it may be.
// A cookie of a directory is not sent to us: it goes by its name.
func (h *Handler) expireSessions(w http.ResponseWriter, r *http.Request, paths []string) {
	host := r.Host
	if u, err := url.Parse("//" + r.Host); err == nil {
		host = u.Hostname()
	}
	domains := []string{"", host}
	if _, parent, ok := strings.Cut(host, "."); ok && strings.Contains(parent, ".") {
		domains = append(domains, parent)
	}
	var names []string
	for _, c := range r.Cookies() {
		if !slices.Contains(names, c.Name) && h.second.isSession(c.Name) {
			names = append(names, c.Name)
		}
	}
	if unseen := h.second.sessions; len(paths) > 1 && len(unseen) <= maxUnseen {
		for _, name := range unseen {
			if !slices.Contains(names, name) && !strings.Contains(name, "*") {
				names = append(names, name)
			}
		}
	}
	for _, name := range names {
		for _, d := range domains {
			for _, p := range paths {
				if d != "" && strings.HasPrefix(name, "__Host-") {
					continue
				}
				gone := http.Cookie{Name: name, Path: p, Domain: d, MaxAge: -1, Secure: secure(r), HttpOnly: true}
				if text := gone.String(); text != "" {
					w.Header().Add("Set-Cookie", text)
				}
			}
		}
	}
}

// maxUnseen is how many names of sessions are expired unseen: an answer has room
// for those of a preset, not for all that are in common use.
const maxUnseen = 4

// signsOut is where a session is signed out at the shop, nil if that is not
// known.
func (h *Handler) signsOut() *url.URL {
	for _, e := range h.endpoints {
		if e.Kind != config.KindLogin || e.SignOut == "" {
			continue
		}
		if u, err := url.ParseRequestURI(e.SignOut); err == nil {
			return u
		}
	}
	return nil
}

// signOut asks the shop to sign the request's session out.
func (h *Handler) signOut(r *http.Request, shop caddyhttp.Handler) {
	u := h.signsOut()
	if u == nil || shop == nil {
		return
	}
	ctx, cancel := lasting(r, 5*time.Second)
	defer cancel()
	// It stays shut here, whatever the shop says to this.
	if _, err := askShop(ctx, r, shop, u, nil); err != nil {
		h.app.logger.Debug("signing out at the shop", zapError(err))
	}
}

// signOutExpired signs a session out at the shop that is shut for a login whose
// factor nobody gave in time: once, when its browser comes again.
func (h *Handler) signOutExpired(r *http.Request, g *guard, shop caddyhttp.Handler) {
	sessions := h.sessionsOf(r, nil, g)
	if len(sessions) == 0 || len(sessions) > maxSessions || shop == nil || h.signsOut() == nil {
		return
	}
	expired, err := hold.Expired(r.Context(), g.store, h.now(), sessions)
	if err != nil {
		h.app.metrics.storeErrors.WithLabelValues("session").Inc()
	}
	if expired {
		h.signOut(r, shop)
	}
}

// unsent opens what was shut for a login that never reached the shop.
func (h *Handler) unsent(r *http.Request, a *attempt, p *pending) {
	if p != nil {
		h.lift(r, a.g, p)
		p.landed()
	}
}

// afterNothing is for a login of which nobody knows what came of it: what was
// shut stays so, unless the shop says that it is the session of somebody
// without a factor, and nothing that the shop wrote goes out.
func (h *Handler) afterNothing(w http.ResponseWriter, r *http.Request, a *attempt, p *pending, answer *answerWriter, next caddyhttp.Handler) {
	if p == nil {
		return
	}
	defer p.landed()
	h.dropAnswer(w, p, answer)
	if p.must || p.enrol || len(p.sessions) == 0 {
		return
	}
	begun := *p
	h.probe(r, a, answer, false, next)
	if err := h.named(w, r, a, p, answer); err == nil && a.found != "" && !p.must && !p.enrol {
		h.lift(r, a.g, &begun)
	}
}

// mayOverflow reports whether an answer that is longer than can be held may go
// out: no factor is due for it.
func (h *Handler) mayOverflow(w http.ResponseWriter, r *http.Request, a *attempt, p *pending, answer *answerWriter, next caddyhttp.Handler) bool {
	if p.must || p.enrol {
		return false
	}
	begun := *p
	h.probe(r, a, answer, false, next)
	if err := h.named(w, r, a, p, answer); err != nil || p.must || p.enrol {
		return false
	}
	h.lift(r, a.g, &begun)
	p.landed()
	shut, _ := h.isShut(r.Context(), a.g, h.sessionsOf(r, a.reading.Body, a.g)) // an error is counted at the next request
	return !shut
}
