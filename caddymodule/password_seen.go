package caddymodule

import (
	"net/http"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/login"
)

// passwordSeen takes a password that was sent and is no login for a change of
// the password by whoever signed in last in this browser, and forgets the
// browsers that his account trusts: who changes it often does so because
// somebody else knows the old one. Whether the shop took it is not looked at;
// at worst the second factor is asked for once more.
func (h *Handler) passwordSeen(r *http.Request, reading *login.Reading, own ownCookies) {
	if h.second == nil || own.device == "" || !setsPassword(reading) || h.watches() {
		return
	}
	g, err := h.ready()
	if err != nil {
		return
	}
	d, ok := device.Open(g.ring, h.name, own.device)
	if !ok || len(d.Accounts) == 0 {
		return
	}
	owner := h.owner(g, d.Accounts[0].Account)
	if !g.store.KnownRow(owner) {
		return
	}
	ctx, cancel := lasting(r, 2*time.Second)
	defer cancel()
	if err := g.vault.PasswordChanged(ctx, owner); err != nil {
		h.app.metrics.storeErrors.WithLabelValues("factor").Inc()
		h.app.logger.Warn("a new password was seen, and the browsers that its account trusts stay trusted", zapError(err))
	}
}

// setsPassword reports whether a request that is no login may set a password
// of somebody who has an account.
func setsPassword(reading *login.Reading) bool {
	if e := reading.Endpoint; e != nil {
		switch e.Config().Kind {
		case config.KindChange:
			return true
		case config.KindRegister:
			return false
		}
	}
	return reading.Password
}
