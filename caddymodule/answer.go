package caddymodule

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/held"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/page"
	"github.com/login-guard/login-guard/internal/risk"
)

// Fields of the check's form.
const (
	fieldHold      = login.FieldPrefix + "hold"
	fieldClearance = login.FieldPrefix + "clearance"
	fieldChallenge = login.FieldPrefix + "challenge"
	fieldAnswer    = login.FieldPrefix + "answer"
	fieldStep      = login.FieldPrefix + "step"
)

// Steps that the form can ask for without a script.
const (
	stepPicture = "picture"
	stepNew     = "new"
	stepSlow    = "slow"
	stepWaited  = "waited"
	stepSound   = "sound"
	stepResume  = "resume" // the page's script, after a reload
)

// answer handles the post of a check's form to the login's own address.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, reading login.Reading, own ownCookies, next caddyhttp.Handler) error {
	g, err := h.ready()
	if err != nil {
		return caddyhttp.Error(http.StatusInternalServerError, err)
	}
	// A form on another site must not sign anyone in as somebody else.
	if !sameOrigin(r) {
		return h.message(w, r, http.StatusForbidden, page.Foreign, "")
	}
	f := reading.Fields
	if h.isSecondForm(f, own) {
		return h.secondForm(w, r, g, f, own, next)
	}
	if g.held.Foreign(f[fieldHold]) {
		h.app.foreign(h.now())
	}
	slip, err := g.held.Read(f[fieldHold])
	if err != nil || inline(slip) {
		return h.message(w, r, http.StatusOK, page.Gone, "")
	}
	action := h.action(r)
	switch {
	case f[fieldClearance] != "":
		cl, err := g.checks.TakeClearance(r.Context(), f[fieldClearance])
		if err != nil || cl.Hold != slip.Ticket.ID || cl.Account != slip.Account {
			return h.another(w, r, g, slip, challenge.Slider, action, "")
		}
		return h.cleared(w, r, g, slip, cl, own, next)
	case f[fieldStep] == stepSlow, f[fieldStep] == stepPicture, f[fieldStep] == stepNew, f[fieldStep] == stepSound:
		return h.lead(w, r, g, slip, f[fieldStep], action)
	case f[fieldStep] == stepResume:
		return h.resume(w, r, g, slip, f[fieldChallenge], action)
	case f[fieldStep] == stepWaited:
		return h.judgeForm(w, r, g, slip, challenge.Answer{Token: f[fieldChallenge], Way: challenge.WaySlow}, own, next)
	case f[fieldChallenge] != "":
		return h.judgeForm(w, r, g, slip, challenge.Answer{Token: f[fieldChallenge], Way: challenge.WayPicture, Text: f[fieldAnswer]}, own, next)
	default:
		// The script found the login gone and asks the server to say so, or
		// a form of ours came without an answer.
		return h.another(w, r, g, slip, challenge.Slider, action, "")
	}
}

// lead shows the check that a step leads to.
func (h *Handler) lead(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, step, action string) error {
	switch {
	case !h.waits(r, g, slip):
		return h.message(w, r, http.StatusOK, page.Gone, slip.Ref)
	case step == stepSlow:
		return h.startSlow(w, r, g, slip, action, slowChosen)
	case step == stepSound && h.maySound(r, g):
		return h.show(w, r, g, slip, checkPage{kind: challenge.Sound, action: action})
	case step == stepSound:
		return h.another(w, r, g, slip, challenge.Picture, action, "sound_busy")
	}
	return h.another(w, r, g, slip, challenge.Picture, action, "")
}

// waits reports whether the held login is still there, and keeps it for as
// long again. A login that could not be kept needs no keeping.
func (h *Handler) waits(r *http.Request, g *guard, slip held.Slip) bool {
	if !slip.Kept() {
		return true
	}
	ok, err := g.held.Renew(r.Context(), slip.Ticket)
	if err != nil {
		// Nobody knows. The check goes on: the login is there when the
		// store is.
		h.app.metrics.storeErrors.WithLabelValues("renew").Inc()
		return true
	}
	return ok
}

// another shows a fresh check for the same held login.
func (h *Handler) another(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, kind challenge.Kind, action, why string) error {
	if !h.waits(r, g, slip) {
		return h.message(w, r, http.StatusOK, page.Gone, slip.Ref)
	}
	if kind == challenge.Picture {
		if out, err := g.checks.TriedOut(r.Context(), h.now(), slip.Ticket.ID, slip.Budget); err != nil || out {
			return h.startSlow(w, r, g, slip, action, slowSpent)
		}
	}
	if !h.mayIssue(r, g) {
		return h.startSlow(w, r, g, slip, action, slowLeft)
	}
	return h.show(w, r, g, slip, checkPage{kind: kind, action: action, err: why})
}

// judgeForm judges an answer that came without a script.
func (h *Handler) judgeForm(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, a challenge.Answer, own ownCookies, next caddyhttp.Handler) error {
	action := h.action(r)
	now := h.now()
	t, err := g.checks.Open(a.Token, now)
	if err != nil || t.Hold != slip.Ticket.ID || t.Account != slip.Account {
		return h.another(w, r, g, slip, challenge.Picture, action, "again")
	}
	// One form, two things to type: the check says which.
	if t.Kind == challenge.Sound {
		a.Way = challenge.WaySound
	}
	if a.Way != challenge.WaySlow && strings.TrimSpace(a.Text) == "" {
		return h.retype(w, r, g, slip, t.Kind, action, "empty")
	}
	j, err := g.checks.Judge(r.Context(), now, t, a)
	if err != nil {
		h.app.metrics.storeErrors.WithLabelValues("judge").Inc()
		return h.another(w, r, g, slip, challenge.Picture, action, "again")
	}
	h.countAnswer(t, j.Result, now.Sub(t.Issued))
	switch j.Result {
	case challenge.Checked:
		return h.cleared(w, r, g, slip, t.Earned(j.Evidence), own, next)
	case challenge.Wait:
		if !h.waits(r, g, slip) {
			return h.message(w, r, http.StatusOK, page.Gone, slip.Ref)
		}
		return h.showAgain(w, r, g, slip, t, checkPage{action: action, err: "wait"}, a.Token, j.Wait)
	case challenge.Spent:
		return h.startSlow(w, r, g, slip, action, slowSpent)
	default:
		return h.retype(w, r, g, slip, t.Kind, action, "wrong")
	}
}

// retype shows a fresh check after a wrong answer: another sound to who
// listens, as long as there are any, else another picture.
func (h *Handler) retype(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, kind challenge.Kind, action, why string) error {
	if kind == challenge.Sound && h.waits(r, g, slip) && h.maySound(r, g) {
		return h.show(w, r, g, slip, checkPage{kind: challenge.Sound, action: action, err: why})
	}
	return h.another(w, r, g, slip, challenge.Picture, action, why)
}

// showAgain shows a check that its page had before: its token is still good,
// and no answer is accepted for as long as wait.
func (h *Handler) showAgain(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, t challenge.Token, c checkPage, token string, wait time.Duration) error {
	again := g.checks.Reissued(t, token)
	again.Floor = max(0, wait)
	c.kind = t.Kind
	return h.showTask(w, r, g, slip, c, h.task(again), wait)
}

// cleared takes the held login and sends it on its way again: it is decided
// anew, now with the check that was passed.
func (h *Handler) cleared(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, cl challenge.Clearance, own ownCookies, next caddyhttp.Handler) error {
	if !slip.Kept() {
		return h.onceMore(w, r, g, slip, cl)
	}
	l, err := g.held.Take(r.Context(), slip.Ticket, h.now())
	if err != nil {
		if !errors.Is(err, held.ErrGone) {
			h.app.metrics.storeErrors.WithLabelValues("take").Inc()
			return h.tryAgain(w, r, g, slip, cl)
		}
		return h.message(w, r, http.StatusOK, page.Gone, slip.Ref)
	}
	if otherSession(l.Session, h.sessionHashes(r, g)) {
		// Somebody else may sit at this browser by now.
		return h.message(w, r, http.StatusOK, page.Gone, slip.Ref)
	}
	if err := restore(r, l); err != nil {
		return h.message(w, r, http.StatusOK, page.Gone, slip.Ref)
	}
	reading := h.reader.Read(w, r)
	if reading.Kind != login.Attempt || reading.Endpoint.Name() != l.Endpoint {
		// The configuration changed in between.
		return h.message(w, r, http.StatusOK, page.Gone, slip.Ref)
	}
	a := newAttempt(reading, own, "")
	a.solved, a.evidence = &solved{rung: cl.Rung, ticket: slip.Ticket, login: l}, cl.Evidence
	return h.attempt(w, r, a, next)
}

// restore turns the request that brought the answer into the held one.
// Method, address, body and the headers that belong to them come from the
// held login; everything else, cookies too, is the sender's of this moment.
func restore(r *http.Request, l *held.Login) error {
	u, err := url.ParseRequestURI(l.URI)
	if err != nil {
		return err
	}
	r.Method, r.RequestURI = l.Method, l.URI
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery, r.URL.ForceQuery = u.Path, u.RawPath, u.RawQuery, u.ForceQuery
	for name, value := range map[string]string{"Content-Type": l.ContentType, "Origin": l.Origin, "Referer": l.Referer, "Sec-Fetch-Site": l.FetchSite} {
		if r.Header.Del(name); value != "" {
			r.Header.Set(name, value)
		}
	}
	r.TransferEncoding, r.Trailer = nil, nil
	r.ContentLength = int64(len(l.Body))
	if len(l.Body) == 0 {
		r.Body = http.NoBody
		r.Header.Del("Content-Length")
		return nil
	}
	r.Body = io.NopCloser(bytes.NewReader(l.Body))
	r.Header.Set("Content-Length", strconv.Itoa(len(l.Body)))
	return nil
}

// onceMore tells someone whose login could not be kept that the check is
// passed: the pass cookie lets the next one through.
func (h *Handler) onceMore(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, cl challenge.Clearance) error {
	now := h.now()
	s := collectFrom(g, r)
	p := device.Pass{Rung: cl.Rung, Account: cl.Account, Family: g.ledger.FamilyTag(s.Family), Issued: now, Expires: now.Add(device.CheckLife)}
	if _, err := io.ReadFull(h.random, p.ID[:]); err != nil {
		return err
	}
	writeCookie(w, r, passCookie, p.Seal(g.ring, h.name), device.CheckLife)
	return h.message(w, r, http.StatusOK, page.OnceMore, slip.Ref)
}

// unreachable puts a login back that the shop could not be asked about, with
// a button that tries again without another check.
func (h *Handler) unreachable(w http.ResponseWriter, r *http.Request, a *attempt) error {
	slip := held.Slip{Ticket: a.solved.ticket, Account: a.account, Budget: a.g.ledger.Budget(a.signals.Host, a.account), Ref: a.ref}
	if err := a.g.held.Return(r.Context(), slip.Ticket, h.now(), a.solved.login); err != nil {
		h.notKept(err)
		return h.message(w, r, http.StatusBadGateway, page.Gone, a.ref)
	}
	return h.tryAgain(w, r, a.g, slip, challenge.Clearance{Rung: a.solved.rung, Hold: slip.Ticket.ID, Account: a.account})
}

// tryAgain shows a page whose button sends the held login once more, with
// what the check was worth: the shop, or the store that holds the login, does
// not answer right now.
func (h *Handler) tryAgain(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, cl challenge.Clearance) error {
	clearance, err := g.checks.Clear(r.Context(), cl)
	if err != nil {
		h.notKept(err)
	}
	h.mark(w, string(risk.Deny), slip.Ref) // not signed in yet, as with every message
	return h.pages.Write(w, r, http.StatusBadGateway, page.View{Kind: page.Unreachable,
		Action: h.action(r), Hold: g.held.Write(slip), Ref: slip.Ref, Clearance: clearance})
}
