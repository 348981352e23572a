package caddymodule

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/engine"
	"github.com/login-guard/login-guard/internal/held"
	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/record"
	"github.com/login-guard/login-guard/internal/repeat"
	"github.com/login-guard/login-guard/internal/risk"
	"github.com/login-guard/login-guard/internal/signal"
	"github.com/login-guard/login-guard/internal/store"
)

// attempt is one login attempt on its way through the guard.
type attempt struct {
	reading *login.Reading
	cookies ownCookies
	// clearance is what a script sent with its login, and cleared what it
	// was worth.
	clearance string
	cleared   device.Rung
	// solved is set when a check was passed for this very login.
	solved *solved
	// evidence is what the answering of that check said.
	evidence challenge.Evidence

	g       *guard
	now     time.Time
	ref     string
	signals signal.Signals
	account device.Account
	names   ledger.Names
	device  device.Device
	known   bool      // device logged in to account before
	seen    time.Time // when, the last time
	pass    device.Pass
	passed  device.Rung // strongest check passed that is still good
	voucher bool        // that was by a voucher, which is spent
	same    store.Key
	pair    repeat.Tag // the account and the password, as good as unreadable

	others     []device.Account // that shops might read instead
	decision   *engine.Decision // nil where none was needed
	assessment risk.Assessment
	verdict    risk.Verdict
	mode       string
	outcome    string
	basis      *record.Basis // of a denial that was made a moment before
	placed     bool          // its placeholders are known to the replacer
	trust      string        // what replaces the cookie of a trusted browser
	asked      bool          // the shop was asked who signed in
	found      string        // who that is, "" if it did not say
	untold     error         // it does not answer, and that may hide who it is
}

func newAttempt(reading login.Reading, cookies ownCookies, clearance string) *attempt {
	return &attempt{reading: &reading, cookies: cookies, clearance: clearance}
}

// solved is a check that was passed for a held login.
type solved struct {
	rung   device.Rung
	ticket held.Ticket
	login  *held.Login
}

// attempt decides on a login attempt and lets it meet the verdict.
func (h *Handler) attempt(w http.ResponseWriter, r *http.Request, a *attempt, next caddyhttp.Handler) error {
	h.decides(r, a.reading)
	a.mode = h.modeNow()
	watching := a.mode == config.ModeMonitor // refuses nothing, whatever breaks
	if err := h.collect(r, a); err != nil {
		if watching {
			return next.ServeHTTP(w, r)
		}
		return caddyhttp.Error(http.StatusInternalServerError, err)
	}
	if !watching && h.denied(a) {
		return h.deny(w, r, a)
	}
	if done, err := h.releaseScript(w, r, a); done {
		return err
	}
	h.collectMore(r, a)
	if err := h.decide(r.Context(), a); err != nil && !watching {
		return h.storeDown(w, r, a, err)
	}
	if watching {
		return h.forward(w, r, a, next)
	}
	switch a.verdict.Action {
	case risk.Allow:
		return h.forward(w, r, a, next)
	case risk.Slider, risk.Picture:
		return h.challenge(w, r, a)
	default:
		return h.deny(w, r, a)
	}
}

// collect gathers what is known of an attempt before anything is counted.
func (h *Handler) collect(r *http.Request, a *attempt) (err error) {
	if a.g, err = h.ready(); err != nil {
		return err
	}
	a.now = h.now()
	if h.otherWebsite(r) {
		// A website that leads its visitor to a login by a link sends the
		// visitor's cookies along. It must not spend their budgets.
		a.cookies = ownCookies{}
	}
	if a.ref = record.NewRef(); a.solved != nil {
		a.ref = a.solved.login.Ref
	}
	a.signals = collectFrom(a.g, r)
	h.watchProxies(r, a.now)
	a.account = a.g.ledger.Account(h.reader.FoldAccount(a.reading.Account))
	if device.Foreign(a.g.ring, a.cookies.device) {
		h.app.foreign(a.now)
	}
	if d, ok := device.Open(a.g.ring, h.name, a.cookies.device); ok {
		a.device = d
		a.seen, a.known = d.Last(a.account, a.now)
	}
	a.names = a.g.ledger.Names(a.signals.Host, a.account)
	return nil
}

// collectMore gathers what only an attempt needs that is not denied at once.
func (h *Handler) collectMore(r *http.Request, a *attempt) {
	family := a.g.ledger.FamilyTag(a.signals.Family)
	if p, ok := device.OpenPass(a.g.ring, h.name, a.cookies.pass, a.account, family, a.now); ok {
		a.pass, a.passed = p, p.Rung
	} else if v, ok := device.OpenVoucher(a.g.ring, h.name, a.cookies.pass, family, a.now); ok {
		h.redeemVoucher(r, a, v)
	}
	for _, name := range a.reading.Accounts[min(1, len(a.reading.Accounts)):] {
		a.others = append(a.others, a.g.ledger.Account(h.reader.FoldAccount(name)))
	}
	a.same = a.g.ledger.Same(a.signals.Host, a.reading.Endpoint.Name(), original(r).RequestURI(), a.reading.Body)
	a.pair = a.reading.Secret(func(password string) [16]byte {
		return h.app.state.pairs.Tag(a.names.Host, a.account, password)
	})
	h.redeem(r, a, a.clearance)
}

// collectFrom collects the signals of a request. All who come by a socket
// that knows no addresses look like one: that one is many people.
func collectFrom(g *guard, r *http.Request) signal.Signals {
	s := g.collector.Collect(clientAddress(r), r.Header, r.ProtoMajor)
	s.JA4 = ja4Of(r)
	s.Private = s.Private || !s.Address.IsValid()
	return s
}

// watchProxies warns when clients can choose their address: behind trusted
// proxies that are not strict Caddy takes the first address of the header,
// and a proxy that appends leaves the first to the client.
func (h *Handler) watchProxies(r *http.Request, now time.Time) {
	trusted, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool)
	if !trusted || !strings.Contains(strings.Join(r.Header["X-Forwarded-For"], ","), ",") {
		return
	}
	if srv, ok := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server); ok && srv != nil && srv.TrustedProxiesStrict == 0 {
		h.app.warnOfLaxProxies(now)
	}
}

// clientAddress is the client as Caddy's trusted_proxies make it out.
func clientAddress(r *http.Request) netip.Addr {
	text, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

// decide counts the attempt and says what it meets. When a shared store does
// not answer, on_store_error says whether this node counts by itself or
// nobody gets in.
func (h *Handler) decide(ctx context.Context, a *attempt) (err error) {
	q := engine.Attempt{
		Account: a.account, Others: a.others, Signals: a.signals,
		Device: a.device, Known: a.known, Seen: a.seen, Pass: a.pass, Passed: a.passed,
		Solved: a.solved != nil || a.cleared != device.NoRung, Rung: a.cleared, Same: a.same,
		Repeated: h.app.state.pairs.Seen(a.now, a.pair),
		Blind:    !a.reading.Endpoint.TellsSuccess(),
	}
	if a.solved != nil {
		q.Rung = max(q.Rung, a.solved.rung)
	}
	a.evidence.Each(func(code string, points float64) {
		q.Evidence = append(q.Evidence, risk.Reason{Code: code, Points: points})
	})
	a.decision, err = a.g.engine.Decide(ctx, a.now, q)
	d := a.decision
	a.known, a.passed, a.assessment, a.verdict = d.Known, d.Passed, d.Assessment, d.Verdict
	if a.signals.Private && len(d.Situation.Over) > 0 {
		h.app.warnOfProxy(a.now, h.name, d.Situation.Over[0].Limit)
	}
	return err
}

// deny answers 429. The budgets are given back: what was not tried costs
// nothing but the attempt.
func (h *Handler) deny(w http.ResponseWriter, r *http.Request, a *attempt) error {
	h.settle(r.Context(), a, login.None)
	h.noteDenial(a)
	h.report(r, a, login.None)
	return h.writeDenial(w, r, a.ref, http.StatusTooManyRequests, a.verdict.RetryAfter)
}

// storeRetry is when it is worth trying again.
const storeRetry = 10 * time.Second

// storeDown answers while the store does not and on_store_error says deny.
func (h *Handler) storeDown(w http.ResponseWriter, r *http.Request, a *attempt, cause error) error {
	h.app.logger.Error("the store does not answer; logins are refused", zapError(cause))
	a.verdict = engine.StoreDown()
	h.report(r, a, login.None)
	return h.writeDenial(w, r, a.ref, http.StatusServiceUnavailable, storeRetry)
}

// settle ends what was counted, also when the client has gone.
func (h *Handler) settle(ctx context.Context, a *attempt, o login.Outcome) {
	if !a.decision.Counted() {
		return
	}
	if err := a.g.engine.Settle(ctx, h.now(), a.decision, o); err != nil {
		h.app.logger.Warn("settling an attempt", zapError(err))
	}
}
