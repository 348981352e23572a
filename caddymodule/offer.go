package caddymodule

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/login"
)

// A customer without a second factor is offered one, now and then, on the way
// from the login to where the shop leads him. The login is over by then: the
// shop's answer has gone out with its cookies, and only where it leads to is
// one page further.

// offered is what the browser keeps of an offer.
type offered struct {
	To string    `json:"to"` // where the shop led
	At time.Time `json:"at"`
}

// offer puts the offer before the page that the shop leads to, on a device
// that has been the customer's for a while: it is nobody else's to accept.
func (h *Handler) offer(w http.ResponseWriter, r *http.Request, a *attempt, answer *answerWriter, o login.Outcome) {
	switch {
	case h.second == nil, h.second.OfferTime() == 0, o != login.Success, a.mode == config.ModeMonitor, a.solved != nil && a.solved.login.Script:
		return
	case a.cookies.offer != "", !h.established(a), !navigates(r), h.otherWebsite(r):
		return
	case answer.status() != http.StatusFound && answer.status() != http.StatusSeeOther:
		return
	}
	to := sameSite(r, answer.Header().Get("Location"))
	if to == "" || len(to) > maxBack { // a cookie has 4 KiB
		return
	}
	// Only a fresh look says that there is none: what the login needed may
	// have been settled by a browser that is trusted.
	who := a.account
	if name, ok := h.identity(a, answer.Header()); ok {
		who = a.g.ledger.Account(h.reader.FoldAccount(name))
	}
	if account, err := a.g.vault.Load(r.Context(), h.owner(a.g, who)); err != nil || account.Enrolled() {
		return
	}
	plain, err := json.Marshal(offered{to, a.now})
	if err != nil {
		return
	}
	value := a.g.ring.Seal(keys.Factor, plain, []byte("offer/"+h.name))
	writeCookie(w, r, offerCookie, base64.RawURLEncoding.EncodeToString(value), h.second.OfferTime())
	answer.Header().Set("Location", h.prefix+accountPath+"?offer")
}

// notNow goes on to where the shop led before the offer.
func (d *desk) notNow() error {
	to := "/"
	if raw, err := base64.RawURLEncoding.DecodeString(cookieOf(d.r, offerCookie)); err == nil && len(raw) > 0 {
		var o offered
		if plain, err := d.g.ring.Open(keys.Factor, raw, []byte("offer/"+d.h.name)); err == nil && json.Unmarshal(plain, &o) == nil {
			if same := sameSite(d.r, o.To); same != "" {
				to = same
			}
		}
	}
	d.w.Header().Set("Location", to)
	d.w.WriteHeader(http.StatusSeeOther)
	return nil
}
