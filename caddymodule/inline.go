package caddymodule

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/engine"
	"github.com/login-guard/login-guard/internal/held"
	"github.com/login-guard/login-guard/internal/page"
	"github.com/login-guard/login-guard/internal/record"
	"github.com/login-guard/login-guard/internal/risk"
)

// What stands in the shop's own pages, for shops that add the one tag: the
// script, and the slider beside a login form, which is slid before anybody
// knows for which account. What that earns is a voucher: worth what the same
// slider after sending would have been worth, for one attempt.

// guardLife is how long a browser uses the script without asking again.
const guardLife = "max-age=300"

// serveGuard sends the script for the shop's pages.
func (h *Handler) serveGuard(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return nil
	}
	header := w.Header()
	header.Set("Content-Type", "text/javascript; charset=utf-8")
	header.Set("Cache-Control", guardLife)
	header.Set("Etag", h.script.Tag)
	// Shops that isolate their pages load nothing that does not say so.
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	http.ServeContent(w, r, "guard.js", time.Time{}, bytes.NewReader(h.script.Code))
	return nil
}

// inline reports whether a slip belongs to a slider beside a login form: one
// that is for no account yet.
func inline(s held.Slip) bool { return s.Account == device.Account{} }

// serveInline says whether this browser would be asked for the slider, and
// draws it in a frame.
func (h *Handler) serveInline(w http.ResponseWriter, r *http.Request, g *guard) error {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return nil
	}
	u := original(r)
	scheme, drawn := framed(u, page.Inline)
	switch {
	case u.RawQuery == "":
		return sendJSON(w, http.StatusOK, struct {
			Ask bool `json:"ask"`
		}{h.wouldAsk(r, g)})
	case !drawn || h.watches():
		http.NotFound(w, r)
		return nil
	}
	// Of the account nothing is known, so the work is the most that a slider
	// after sending asks for. It is done while the shopper types.
	slip := held.Slip{Ref: record.NewRef(), Work: challenge.MaxWork / 4}
	task, err := h.issue(r, g, slip, challenge.Slider, 0)
	if err != nil {
		return err
	}
	h.mark(w, string(risk.Slider), slip.Ref)
	return h.pages.Write(w, r, http.StatusOK, page.View{Kind: page.Slider, Frame: page.Inline, Scheme: scheme,
		Action: u.EscapedPath(), Hold: g.held.Write(slip), Ref: slip.Ref, Task: task})
}

// wouldAsk reports whether a login from this browser would be asked for the
// slider, as far as can be told without the account. Where it would be asked
// for more, or for nothing, a slider beforehand is a bother.
func (h *Handler) wouldAsk(r *http.Request, g *guard) bool {
	if h.watches() {
		return false
	}
	pass, family := cookieOf(r, passCookie), g.ledger.FamilyTag(collectFrom(g, r).Family)
	if device.HasPass(g.ring, h.name, pass, family, h.now()) {
		return false
	}
	if _, ok := device.OpenVoucher(g.ring, h.name, pass, family, h.now()); ok {
		return false
	}
	d, err := h.look(r, g)
	return err == nil && d.Verdict.Action == risk.Slider // else the page after sending asks
}

// look is what is known of a browser before it logs in.
func (h *Handler) look(r *http.Request, g *guard) (*engine.Decision, error) {
	a := engine.Attempt{Signals: collectFrom(g, r)}
	if d, ok := device.Open(g.ring, h.name, cookieOf(r, deviceCookie)); ok && len(d.Accounts) > 0 {
		// Whoever logged in here last is likely to again.
		a.Device = d
		a.Seen, a.Known = d.Last(d.Accounts[0].Account, h.now())
	}
	d, err := g.engine.Look(r.Context(), h.now(), a)
	if err != nil {
		h.app.metrics.storeErrors.WithLabelValues("look").Inc()
	}
	return d, err
}

// voucher is the reply to a slider beside a login form that was passed. It
// counts as a check shown now: a login page that an office looks at is no
// attack. What it earns is the cookie; the page only looks whether there is
// a clearance.
func (h *Handler) voucher(r *http.Request, g *guard, t challenge.Token, e challenge.Evidence) (reply, error) {
	if t.Kind != challenge.Slider || h.watches() || !h.mayIssue(r, g) {
		return reply{Status: "gone"}, nil
	}
	v, s := t.Voucher(e), collectFrom(g, r)
	v.Host, v.Family = g.ledger.HostTag(s.Host), g.ledger.FamilyTag(s.Family)
	v.Issued, v.Expires = h.now(), h.now().Add(device.CheckLife)
	if _, err := io.ReadFull(h.random, v.ID[:]); err != nil {
		return reply{}, err
	}
	return reply{Status: "checked", Clearance: v.Seal(g.ring, h.name)}, nil
}

// keepVoucher sets the cookie that a reply earns, also when the reply is sent
// again, as the first was lost on its way.
func keepVoucher(w http.ResponseWriter, r *http.Request, slip held.Slip, body []byte) {
	var out reply
	if inline(slip) && json.Unmarshal(body, &out) == nil && out.Clearance != "" {
		writeCookie(w, r, passCookie, out.Clearance, device.CheckLife)
	}
}

// redeemVoucher takes the voucher that came with an attempt for what it is
// worth. From another address than it was earned at it counts as a check
// shown here too, so that checks answered elsewhere are not free here.
func (h *Handler) redeemVoucher(r *http.Request, a *attempt, v device.Voucher) {
	e, good, err := a.g.checks.Redeem(r.Context(), a.now, v, a.g.ledger.Budget(a.signals.Host, a.account))
	if err != nil {
		h.app.metrics.storeErrors.WithLabelValues("voucher").Inc()
	}
	if err != nil || !good || v.Host != a.g.ledger.HostTag(a.signals.Host) && !h.mayIssue(r, a.g) {
		return
	}
	a.pass, a.passed = device.Pass{Rung: v.Rung, Issued: v.Issued}, v.Rung
	a.voucher, a.evidence = true, e
}

// framed reports whether the address of a page of ours asks for it to be shown
// in such a frame, and in which colours.
func framed(u *url.URL, as page.Frame) (page.Scheme, bool) {
	if u.RawQuery == "" {
		return "", false
	}
	q := u.Query()
	scheme := page.Scheme(q.Get("scheme"))
	if scheme != page.Light && scheme != page.Dark {
		scheme = ""
	}
	return scheme, page.Frame(q.Get("frame")) == as
}

// frameAction is where the forms of a page in a dialog post to: its own
// address, so that what comes is in the dialog, the language and the colours
// as well.
func (h *Handler) frameAction(r *http.Request, scheme page.Scheme) string {
	q := url.Values{"frame": {string(page.Dialog)}, "lang": {h.pages.Language(r).Tag}}
	if scheme != "" {
		q.Set("scheme", string(scheme))
	}
	return original(r).EscapedPath() + "?" + q.Encode()
}

// showInFrame shows a script's check in the dialog of the shop's page. What
// it earns is for the request that the script repeats, so a held login that
// there is besides waits in vain. The page asks by its address for another
// step: a form that was posted would leave an entry in the shop's history.
func (h *Handler) showInFrame(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, kind challenge.Kind, scheme page.Scheme) error {
	action := h.frameAction(r, scheme)
	if step := original(r).Query().Get("step"); step != "" {
		return h.lead(w, r, g, slip, step, action)
	}
	return h.another(w, r, g, slip, kind, action, "")
}
