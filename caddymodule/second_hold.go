package caddymodule

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/hold"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/page"
	"github.com/login-guard/login-guard/internal/risk"
)

// holdFor holds an answer for who has to give a second factor, and reports
// whether it did: the operator may just have taken the factors away.
func (h *Handler) holdFor(w http.ResponseWriter, r *http.Request, a *attempt, p *pending, answer *answerWriter, o login.Outcome) (held bool, err error) {
	challenge := ""
	if p.must {
		ctx, cancel := lasting(r, 2*time.Second)
		defer cancel()
		if challenge, _, err = a.g.vault.Begin(ctx, a.now, p.owner, h.established(a)); err != nil {
			h.dropAnswer(w, p, answer)
			return true, h.secondDown(w, r, a, err)
		}
		if challenge == "" {
			h.lift(r, a.g, p)
			return false, nil
		}
	}
	return true, h.holdAnswer(w, r, a, p, answer, challenge, o)
}

// dropAnswer takes back what the shop has written: not one header of it goes
// to the browser.
func (h *Handler) dropAnswer(w http.ResponseWriter, p *pending, answer *answerWriter) {
	header := w.Header()
	clear(header)
	for name, values := range p.header {
		header[name] = values
	}
	answer.body.Reset()
}

// holdAnswer keeps the shop's answer and asks for the second factor.
func (h *Handler) holdAnswer(w http.ResponseWriter, r *http.Request, a *attempt, p *pending, answer *answerWriter, challenge string, o login.Outcome) error {
	shop := &hold.Answer{
		Status: answer.status(), Header: answer.Header().Clone(), Body: slices.Clone(answer.body.Bytes()),
		Account: a.account, Owner: p.owner, Name: a.reading.Account, Action: h.action(r), Endpoint: a.reading.Endpoint.Name(),
		Ref: a.ref, Entry: p.entry, Passed: a.passed, Earned: a.solved != nil || a.cleared != device.NoRung || a.voucher,
		Challenge: challenge, Enrol: p.enrol, Established: h.established(a),
	}
	if name, ok := h.identity(a, shop.Header); ok && p.owner == h.owner(a.g, a.g.ledger.Account(h.reader.FoldAccount(name))) {
		shop.Account, shop.Name = a.g.ledger.Account(h.reader.FoldAccount(name)), name
	}
	set := h.sessionKeysOf((&http.Response{Header: shop.Header}).Cookies(), a.g)
	// Where the answer has no session, it can only be the one that was there.
	inPlace := a.reading.Endpoint.Config().InPlace || len(set) == 0
	if inPlace && len(p.sessions) == 0 {
		// Only the answer says who it is: nothing was shut for it yet.
		p.sessions = h.sessionsOf(r, a.reading.Body, a.g)
	}
	shop.After = set
	if len(set) == 0 {
		shop.After = p.sessions
	}
	shop.Sessions = append(slices.Clone(p.sessions), set...)
	if !navigates(r) && a.solved == nil {
		shop.Script, shop.Back = true, r.Referer()
		if !shaped(a) {
			shop.Login = h.loginHash(a.g, r, a.reading.Body)
		}
	} else if a.solved != nil && a.solved.login.Script {
		shop.Script, shop.Back = true, a.solved.login.Referer
	}
	tooLarge := answer.over
	h.dropAnswer(w, p, answer)
	if a.decision.Counted() {
		a.g.engine.AskFactor(a.decision)
		a.verdict = a.decision.Verdict
	} else { // at another door, nothing was counted
		a.verdict = risk.Verdict{Action: risk.SecondFactor, Reasons: []risk.Reason{{Code: risk.CodeFactorDue}}}
	}
	// Where the password was right nothing counts as failed. That somebody
	// signed in is only said when the factor has been given.
	counts := login.Retry
	if o == login.Failure {
		counts = o
	}
	h.settle(r.Context(), a, counts)
	h.report(r, a, o)
	if tooLarge || answer.status() == statusLeft {
		return h.secondPage(w, r, http.StatusBadGateway, a.ref, page.Second{State: page.SecondExpired, Action: shop.Action, Back: shop.Action, Cancel: true})
	}
	ctx, cancel := lasting(r, 2*time.Second)
	defer cancel()
	shut := set
	if inPlace {
		shut = shop.Sessions
	}
	err := hold.Shut(ctx, a.g.store, a.now, shut, p.entry, p.owner)
	var t hold.Ticket
	if err == nil {
		h.second.here.open(p.sessions, p.entry)
		t, err = a.g.answers.Keep(ctx, a.now, shop, a.g.ledger.HostKey(a.signals.Network))
	}
	if err != nil {
		h.notKept(err)
		return h.secondDown(w, r, a, err)
	}
	writeCookie(w, r, secondCookie, t.String(), hold.TTL)
	if shop.Script && a.solved == nil {
		return h.tellSecond(w, r, a)
	}
	return h.askSecond(w, r, a.g, a.now, secondAsk{held: shop, ticket: t})
}

// secondDown answers somebody of whom the store does not say what he needs.
func (h *Handler) secondDown(w http.ResponseWriter, r *http.Request, a *attempt, err error) error {
	if errors.Is(err, errUntold) {
		h.app.logger.Error("a login waits until the shop says who signed in: it may be of an account with a second factor", zapError(err))
	} else {
		h.app.metrics.storeErrors.WithLabelValues("factor").Inc()
		h.app.logger.Error("a login waits for the store: its account has, or may have, a second factor", zapError(err))
	}
	return h.writeDenial(w, r, a.ref, http.StatusServiceUnavailable, storeRetry)
}

// secondPath is where a script's second factor is, below the prefix.
const secondPath = "challenge/second"

// tellSecond answers a script's login with where its second factor is given.
func (h *Handler) tellSecond(w http.ResponseWriter, r *http.Request, a *attempt) error {
	h.mark(w, markSecond, a.ref)
	h.allowOrigin(w, r)
	if shape := scriptShapes[a.reading.Endpoint.Config().Script]; shape != nil {
		return shape(w, h.prefix+secondPath)
	}
	return h.pages.Problem(w, r, http.StatusForbidden, page.Problem{Kind: page.SecondFactor, Ref: a.ref, Challenge: h.prefix + secondPath})
}
