package caddymodule

import (
	"context"
	"net/http"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/factor"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/page"
	"github.com/login-guard/login-guard/internal/store"
)

// sends reports whether codes of a kind can be sent.
func (s *second) sends(k factor.Kind) bool { return s.senders[k] != nil }

// sending says what may be sent.
func (h *Handler) sending(g *guard) factor.Sending {
	s := factor.Sending{Budgets: budgets{h, g}}
	for _, c := range h.second.Codes {
		if c.Kind == config.SendSMS {
			s.Countries = c.Countries
		}
	}
	return s
}

// budgets are those of codes that accounts share, in the store.
type budgets struct {
	h *Handler
	g *guard
}

// Take takes one unit of each budget, or none.
func (b budgets) Take(ctx context.Context, now time.Time, all []factor.Budget) (time.Duration, error) {
	q := store.Reserve{Now: now}
	for _, one := range all {
		sum := b.g.ring.Sum(keys.Pseudonym, []byte("budget"), []byte(b.h.name), []byte(one.Name))
		q.Charges = append(q.Charges, store.Charge{Key: store.Key(sum[:16]), Burst: one.Burst, Every: one.Every})
	}
	var got store.Reserved
	if err := b.g.store.Reserve(ctx, &q, &got); err != nil {
		return 0, err
	}
	return got.MaxAfter(), nil
}

// sendCode sends a code for a challenge, and says how that went. known devices
// have counters of their own, see factor.Attempt.
func (h *Handler) sendCode(r *http.Request, g *guard, now time.Time, owner factor.ID, challenge, method string, known bool) asking {
	q := asking{method: method, err: page.SecondAway}
	class, contact := classOf(method)
	if class != factor.ClassCode {
		return asking{method: method}
	}
	d, err := g.vault.Send(r.Context(), now, owner, challenge, contact, known, h.sending(g))
	if err != nil {
		h.app.metrics.storeErrors.WithLabelValues("factor").Inc()
		return q
	}
	switch d.Why {
	case factor.Right:
	case factor.Wait, factor.ClassLocked:
		q.err, q.seconds = page.SecondMany, max(1, seconds(d.Wait))
		return q
	default:
		return q
	}
	how := h.second.senders[d.Message.Kind]
	if how == nil {
		return q
	}
	ctx, cancel := context.WithTimeout(r.Context(), sendWait)
	defer cancel()
	if err := h.deliver(ctx, r, how, d.Message); err != nil {
		h.app.logger.Error("a code could not be sent", zapKind(d.Message.Kind), zapError(err))
		h.app.metrics.challenges.WithLabelValues("code_"+d.Message.Kind.String(), "not_sent").Inc()
		return q
	}
	h.app.metrics.challenges.WithLabelValues("code_"+d.Message.Kind.String(), "sent").Inc()
	return asking{method: method}
}

// sendWait is how long a service may take to accept a message.
const sendWait = 10 * time.Second

// sentTo reports whether a code is on its way to a contact, and in how many
// seconds another may be asked for.
func sentTo(a *factor.Account, challenge, contact string, now time.Time) (sent bool, again int) {
	if a == nil {
		return false, 0
	}
	for _, s := range a.Sent {
		sent = sent || s.Challenge == challenge && s.Contact == contact && now.Before(s.Until)
	}
	return sent, seconds(a.SendWait(now))
}
