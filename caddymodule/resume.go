package caddymodule

import (
	"net/http"
	"time"

	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/held"
	"github.com/login-guard/login-guard/internal/page"
	"github.com/login-guard/login-guard/internal/record"
	"github.com/login-guard/login-guard/internal/risk"
)

// A check's page is the answer to a post: loaded again, a browser would ask
// whether to send the form once more, and Back would lead past it. With a
// script the page therefore takes an address of its own in the history, and
// keeps in the tab's sessionStorage what it takes to show the check again.

// serveCheck is that address. Nothing about the check is in it: the page's
// script brings the held login and posts it to the login's own address, as
// every form of a check does. Without, it leads back to signing in.
func (h *Handler) serveCheck(w http.ResponseWriter, r *http.Request, ref string) error {
	if !record.IsRef(ref) {
		http.NotFound(w, r)
		return nil
	}
	// Any method: a browser may send again the form whose answer it showed.
	// It is a login that was held already, and nothing of it is looked at.
	back := r.URL.Query().Get("from")
	if len(back) > maxBack || back == "" {
		back = "/"
	}
	h.mark(w, string(risk.Deny), ref) // not signed in, as with every message
	return h.pages.Write(w, r, http.StatusOK, page.View{Kind: page.Resume, Ref: ref, Back: back})
}

// serveHelp is the page that tells customers about the checks. It is the same
// for everybody who asks in a language.
func (h *Handler) serveHelp(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return nil
	}
	return h.pages.Write(w, r, http.StatusOK, page.View{Kind: page.Help})
}

// maxBack is the longest way back that is written into a page, in bytes.
const maxBack = 2000

// sameFor is how long after its issue a check is shown again as it is: its
// page renews it after 8 of its 10 minutes.
const sameFor = challenge.Life - 8*time.Minute

// resume shows the check that a page had before it was loaded again. That is
// no other check, so it costs none: for two minutes it is the very same one,
// then its successor, as if the page had stood open.
func (h *Handler) resume(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, token, action string) error {
	now := h.now()
	t, err := g.checks.Open(token, now)
	switch {
	case !h.waits(r, g, slip):
		return h.message(w, r, http.StatusOK, page.Gone, slip.Ref)
	case err != nil || t.Hold != slip.Ticket.ID || t.Account != slip.Account:
		return h.another(w, r, g, slip, challenge.Slider, action, "")
	case t.Kind == challenge.Slow:
		return h.startSlow(w, r, g, slip, action, slowChosen) // its place in line is kept
	case now.Sub(t.Issued) <= sameFor:
		return h.showAgain(w, r, g, slip, t, checkPage{action: action}, token, t.Issued.Add(t.After).Sub(now))
	}
	if may := h.mayShow(t.Kind); t.Renewals < maxRenewals && may(r, g) {
		if first, err := g.checks.Supersede(r.Context(), t); err == nil && first {
			return h.show(w, r, g, slip, checkPage{kind: t.Kind, action: action, renewals: t.Renewals + 1})
		}
	}
	if t.Kind == challenge.Slider {
		return h.another(w, r, g, slip, challenge.Slider, action, "")
	}
	return h.retype(w, r, g, slip, t.Kind, action, "")
}
