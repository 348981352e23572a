package caddymodule

import (
	"net/http"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/page"
	"github.com/login-guard/login-guard/internal/record"
	"github.com/login-guard/login-guard/internal/risk"
	"github.com/login-guard/login-guard/internal/store"
)

func zapError(err error) zap.Field { return zap.Error(err) }

// mark says on an answer of ours what it is, as an RFC 9651 item.
func (h *Handler) mark(w http.ResponseWriter, what, ref string) {
	w.Header()["Login-Guard"] = []string{what + `; ref="` + ref + `"`}
}

// first is the first value of a header whose name is in canonical form:
// http.Header.Get checks that anew each time, at some cost.
func first(h http.Header, canonical string) string {
	if v := h[canonical]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// page writes a page, in a dialog of the shop's page where its address says so.
func (h *Handler) page(w http.ResponseWriter, r *http.Request, status int, v page.View) error {
	if h.reserved(r) {
		if scheme, ok := framed(original(r), page.Dialog); ok {
			v.Frame, v.Scheme = page.Dialog, scheme
		}
	}
	return h.pages.Write(w, r, status, v)
}

// writeDenial answers that nobody gets in for now.
func (h *Handler) writeDenial(w http.ResponseWriter, r *http.Request, ref string, status int, wait time.Duration) error {
	secs := max(1, seconds(wait))
	h.mark(w, string(risk.Deny), ref)
	w.Header()["Retry-After"] = []string{strconv.Itoa(secs)}
	if !navigates(r) {
		h.allowOrigin(w, r)
		return h.pages.Problem(w, r, status, page.Problem{Kind: page.Deny, Ref: ref, RetryAfter: secs})
	}
	return h.page(w, r, status, page.View{Kind: page.Deny, Ref: ref, Seconds: secs, Back: h.back(r)})
}

// back is where a page that only says something leads to: the address that the
// login was sent to, which shows the form where browsers ask for it.
func (h *Handler) back(r *http.Request) string {
	if h.reserved(r) {
		return "/"
	}
	return h.action(r)
}

// message shows a page that only says something.
func (h *Handler) message(w http.ResponseWriter, r *http.Request, status int, kind page.Kind, ref string) error {
	if ref == "" {
		ref = record.NewRef()
	}
	h.mark(w, string(risk.Deny), ref) // whatever it says, the login did not go on
	return h.page(w, r, status, page.View{Kind: kind, Ref: ref, Back: h.back(r)})
}

// refuse handles what could be a login and cannot be read without doubt.
// Monitoring refuses nothing.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, reading login.Reading, next caddyhttp.Handler) error {
	if h.modeNow() == config.ModeMonitor {
		h.reportRefusal(r, &reading, record.NewRef(), true)
		counted(r)
		return next.ServeHTTP(w, r)
	}
	return h.refused(w, r, &reading)
}

// refused tells the client that its login was not read, and counts it.
func (h *Handler) refused(w http.ResponseWriter, r *http.Request, reading *login.Reading) error {
	ref := record.NewRef()
	h.reportRefusal(r, reading, ref, false)
	if g, err := h.ready(); err == nil {
		s := collectFrom(g, r)
		after, err := g.ledger.Count(r.Context(), h.now(), config.LimitAttempts, s.Host, store.Key{})
		if err == nil && after > 0 && !s.Private {
			return h.writeDenial(w, r, ref, http.StatusTooManyRequests, after)
		}
	}
	h.mark(w, string(risk.Unreadable), ref)
	status := reading.Status
	if status < 400 || status > 499 {
		status = http.StatusBadRequest
	}
	// What is left of the body is not worth reading.
	if r.ProtoMajor == 1 {
		w.Header().Set("Connection", "close")
	}
	kind := page.Unreadable
	if status == http.StatusRequestEntityTooLarge {
		kind = page.TooLarge
	}
	if !navigates(r) {
		h.allowOrigin(w, r)
		return h.pages.Problem(w, r, status, page.Problem{Kind: kind, Ref: ref})
	}
	return h.pages.Write(w, r, status, page.View{Kind: kind, Ref: ref, Back: h.action(r)})
}
