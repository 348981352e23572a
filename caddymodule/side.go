package caddymodule

import (
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/engine"
	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/risk"
)

// side counts a registration, a reset, a code or a change under a limit of
// its own. It is never asked for a check, and what comes of it earns nothing.
func (h *Handler) side(w http.ResponseWriter, r *http.Request, a *attempt, next caddyhttp.Handler) error {
	a.mode = h.modeNow()
	counted(r)
	if err := h.collect(r, a); err != nil {
		if a.mode == config.ModeMonitor {
			return next.ServeHTTP(w, r)
		}
		return caddyhttp.Error(http.StatusInternalServerError, err)
	}
	limit := a.reading.Endpoint.Config().Kind
	q := ledger.Attempt{Account: a.account, Host: a.signals.Host, Known: a.known, Lenient: a.signals.Private}
	if a.reading.Account == "" {
		q.Account = [16]byte{} // nobody's, not that of the empty name
	}
	after, err := a.g.ledger.Side(r.Context(), a.now, limit, q)
	if err != nil {
		h.app.logger.Error("the store does not answer; the request is refused", zapError(err))
	}
	a.verdict = risk.Verdict{Action: risk.Allow}
	switch {
	case err != nil:
		a.verdict = engine.StoreDown()
	case after > 0:
		a.verdict = risk.Verdict{Action: risk.Deny, RetryAfter: after, Reasons: []risk.Reason{{Code: risk.CodeLimit + limit}}}
	}
	if a.verdict.Action != risk.Allow && a.mode != config.ModeMonitor {
		h.report(r, a, login.None)
		status := http.StatusTooManyRequests
		if err != nil {
			status, after = http.StatusServiceUnavailable, storeRetry
		}
		return h.writeDenial(w, r, a.ref, status, after)
	}
	h.report(r, a, login.Unknown)
	return h.pass(w, r, *a.reading, a.cookies, next)
}
