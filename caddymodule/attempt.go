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
	"github.com/login-guard/login-guard/internal/held"
	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/record"
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
	same    store.Key

	reserved   *ledger.Reservation
	others     []*ledger.Reservation // on the accounts that shops might read instead
	assessment risk.Assessment
	verdict    risk.Verdict
	mode       string
	outcome    string
	placed     bool // its placeholders are known to the replacer
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
	h.collectMore(r, a)
	if err := h.reserve(r.Context(), a); err != nil {
		if watching {
			a.verdict = storeDown
			return h.forward(w, r, a, next)
		}
		return h.storeDown(w, r, a, err)
	}
	a.assessment = risk.Assess(h.facts(a))
	a.verdict = risk.Decide(h.EffectiveLadder(), h.situation(a))
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
	}
	a.same = a.g.ledger.Same(a.signals.Host, a.reading.Endpoint.Name(), original(r).RequestURI(), a.reading.Body)
	h.redeem(r, a, a.clearance)
}

// collectFrom collects the signals of a request. All who come by a socket
// that knows no addresses look like one: that one is many people.
func collectFrom(g *guard, r *http.Request) signal.Signals {
	s := g.collector.Collect(clientAddress(r), r.Header, r.ProtoMajor)
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

// reserve counts the attempt. When a shared store does not answer,
// on_store_error says whether this node counts by itself or nobody gets in.
func (h *Handler) reserve(ctx context.Context, a *attempt) (err error) {
	q := ledger.Attempt{
		Account: a.account, Host: a.signals.Host, Network: a.signals.Network,
		Device: a.device.ID, Known: a.known, Same: a.same,
		Country: a.signals.Country, ASN: a.signals.ASN, Family: a.signals.Family,
		Lenient: a.signals.Private, Again: a.solved != nil || a.cleared != device.NoRung,
	}
	if a.passed != device.NoRung && !a.pass.Succeeded {
		q.Pass = a.pass.ID
	}
	if a.reserved, err = a.g.ledger.Reserve(ctx, a.now, q); err != nil {
		return err
	}
	for _, name := range a.reading.Accounts[min(1, len(a.reading.Accounts)):] {
		other := q
		other.Account, other.Known, other.Pass, other.Same = a.g.ledger.Account(h.reader.FoldAccount(name)), false, [16]byte{}, store.Key{}
		r, err := a.g.ledger.Reserve(ctx, a.now, other)
		if err != nil {
			return err
		}
		a.others = append(a.others, r)
		a.reserved.Over = append(a.reserved.Over, r.Over...)
	}
	if a.signals.Private && len(a.reserved.Over) > 0 {
		h.app.warnOfProxy(a.now, h.name, a.reserved.Over[0].Limit)
	}
	h.revoke(a)
	if a.reserved.PassSpent {
		a.passed = device.NoRung
	}
	if a.solved != nil {
		a.passed = max(a.passed, a.solved.rung)
	}
	a.passed = max(a.passed, a.cleared)
	return nil
}

// revoke drops what the operator revoked: a device or pass from before.
func (h *Handler) revoke(a *attempt) {
	void := a.reserved.AccountRevoked
	if a.reserved.SiteRevoked.After(void) {
		void = a.reserved.SiteRevoked
	}
	if void.IsZero() {
		return
	}
	if a.known && !a.seen.After(void) {
		a.known = false
	}
	if a.passed != device.NoRung && !a.pass.Issued.After(void) {
		a.passed = device.NoRung
	}
}

// facts is all that the score looks at.
func (h *Handler) facts(a *attempt) risk.Facts {
	f := a.reserved.Facts
	f.DeviceKnown = a.known
	f.CheckPassed = a.passed != device.NoRung
	a.evidence.Each(func(code string, points float64) { f.Check = append(f.Check, risk.Reason{Code: code, Points: points}) })
	f.NoAcceptLanguage = a.signals.NoAcceptLanguage
	f.Tor, f.Blocked, f.VPN, f.Hosting = a.signals.Tor, a.signals.Blocked, a.signals.VPN, a.signals.Hosting
	return f
}

// situation is all that the verdict looks at.
func (h *Handler) situation(a *attempt) risk.Situation {
	s := risk.Situation{
		Assessment:   a.assessment,
		Over:         a.reserved.Over,
		DeviceKnown:  a.known,
		Blameless:    a.signals.Private || a.reserved.Busy,
		AddressUnits: a.reserved.Facts.AddressFailures,
		Passed:       passedAction(a.passed),
	}
	if after := time.Duration(h.AskAfter); after > 0 && (!a.known || a.now.Sub(a.seen) > after) {
		s.Floors = append(s.Floors, risk.Floor{Demands: risk.Slider, Code: risk.CodeAskAfter})
	}
	if a.evidence.Points >= challenge.Doubt && h.EffectiveLadder().Picture != config.RungOff {
		s.Floors = append(s.Floors, risk.Floor{Demands: risk.Picture, Code: risk.CodeFloorEvidence})
	}
	account := h.limits[config.LimitAccount]
	if !a.known && !account.Off && len(account.Steps) > 0 && a.reserved.Wall.Failures >= account.Steps[0] {
		s.Floors = append(s.Floors, risk.Floor{Demands: risk.Slider, Code: risk.CodeLimit + config.LimitAccount})
	}
	return s
}

func passedAction(r device.Rung) risk.Action {
	switch r {
	case device.Slider:
		return risk.Slider
	case device.Picture:
		return risk.Picture
	default:
		return risk.Allow
	}
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

// storeDown is the verdict while the store does not answer.
var storeDown = risk.Verdict{Action: risk.Deny, Reasons: []risk.Reason{{Code: "store.down"}}}

// storeDown answers while the store does not and on_store_error says deny.
func (h *Handler) storeDown(w http.ResponseWriter, r *http.Request, a *attempt, cause error) error {
	h.app.logger.Error("the store does not answer; logins are refused", zapError(cause))
	a.verdict = storeDown
	h.report(r, a, login.None)
	return h.writeDenial(w, r, a.ref, http.StatusServiceUnavailable, storeRetry)
}

// settle ends the reservation, also when the client has gone.
func (h *Handler) settle(ctx context.Context, a *attempt, o login.Outcome) {
	if a.reserved == nil {
		return
	}
	ctx = context.WithoutCancel(ctx) // stores bound their own time
	for _, res := range append(a.others, a.reserved) {
		if err := a.g.ledger.Settle(ctx, h.now(), res, o); err != nil {
			h.app.logger.Warn("settling an attempt", zapError(err))
		}
	}
}
