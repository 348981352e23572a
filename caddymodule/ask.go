package caddymodule

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/login-guard/login-guard/internal/factor"
	"github.com/login-guard/login-guard/internal/hold"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/page"
)

// Fields of the second factor's forms, beside fieldStep.
const (
	fieldMethod    = login.FieldPrefix + "method"
	fieldCode      = login.FieldPrefix + "code"
	fieldAssertion = login.FieldPrefix + "assertion"
	fieldTrust     = login.FieldPrefix + "trust"
)

// Steps of the second factor's forms.
const (
	stepSecond = "second"
	stepMethod = "method"
	stepResend = "resend"
	stepCancel = "cancel"
)

// secondAsk is a page that asks for the second factor of a held answer.
type secondAsk struct {
	held   *hold.Answer
	ticket hold.Ticket
	asking
}

// asking is what a page that asks for a factor is told of the last answer.
type asking struct {
	method  string // that is to be shown
	err     string
	seconds int
	left    int
}

// askSecond shows the page that asks for the second factor.
func (h *Handler) askSecond(w http.ResponseWriter, r *http.Request, g *guard, now time.Time, q secondAsk) error {
	if q.held.Enrol {
		return h.enrolHeld(w, r, g, now, q, nil, ownCookies{})
	}
	v := page.Second{Action: q.held.Action, Account: maskName(q.held.Name), TrustDays: days(h.second.TrustTime())}
	if q.held.Script && q.held.Login != [16]byte{} {
		v.Action = h.prefix + secondPath
	}
	err := h.fillAsking(r, g, now, &v, q.held.Owner, q.held.Challenge, q.held.Established, q.asking)
	if err != nil {
		h.app.metrics.storeErrors.WithLabelValues("factor").Inc()
		return h.secondPage(w, r, http.StatusServiceUnavailable, q.held.Ref,
			page.Second{State: page.SecondWait, Action: v.Action, Cancel: true, Seconds: seconds(storeRetry)})
	}
	return h.secondPage(w, r, h.EffectiveChallengeStatus(), q.held.Ref, v)
}

// fillAsking fills in the ways to answer a challenge.
func (h *Handler) fillAsking(r *http.Request, g *guard, now time.Time, v *page.Second, owner factor.ID, challenge string, known bool, q asking) error {
	account, err := g.vault.Load(r.Context(), owner)
	if err != nil {
		return err
	}
	methods := account.Methods(now, known, h.second.sends)
	if len(methods) == 0 {
		return errors.New("there is no way left to give a second factor")
	}
	shown := -1
	for i, m := range methods {
		way := wayOf(m)
		v.Methods = append(v.Methods, way)
		if way.Posted() == q.method || shown < 0 && q.method == "" && m.Try.Open() {
			shown = i
		}
	}
	shown = max(0, shown)
	m := methods[shown]
	v.Method, v.Error, v.Seconds, v.Left = v.Methods[shown], q.err, q.seconds, q.left
	switch {
	case v.Error != "" || m.Try.Open():
	case m.Try.Locked:
		v.Error = page.SecondLocked
	default:
		v.Error, v.Seconds = page.SecondSlow, max(1, seconds(m.Try.Wait))
	}
	switch m.Class {
	case factor.ClassPasskey:
		v.Options, err = h.passkeyOptions(r, g, account, owner, challenge)
	case factor.ClassCode:
		v.Sent, v.ResendIn = sentTo(account, challenge, m.Contact, now)
	}
	return err
}

// wayOf is a method as the page has it. What its form posts names the contact.
func wayOf(m factor.Method) page.Way {
	switch m.Class {
	case factor.ClassApp:
		return page.Way{Method: page.MethodApp}
	case factor.ClassPasskey:
		return page.Way{Method: page.MethodPasskey}
	case factor.ClassRecovery:
		return page.Way{Method: page.MethodRecovery}
	}
	way := page.Way{Method: page.MethodSMS, Value: "to:" + m.Contact, Contact: m.Hint}
	if m.Kind == factor.Email {
		way.Method = page.MethodEmail
	}
	return way
}

// classOf is the class and the contact that a form names.
func classOf(method string) (factor.Class, string) {
	if id, ok := strings.CutPrefix(method, "to:"); ok {
		return factor.ClassCode, id
	}
	switch page.Method(method) {
	case page.MethodApp:
		return factor.ClassApp, ""
	case page.MethodPasskey:
		return factor.ClassPasskey, ""
	case page.MethodRecovery:
		return factor.ClassRecovery, ""
	}
	return factor.ClassNone, ""
}

// maskName shows so much of a name that its owner knows it.
func maskName(name string) string {
	user, host, found := strings.Cut(name, "@")
	r := []rune(user)
	if len(r) > 1 {
		r = append(r[:1], []rune("•••")...)
	}
	if !found {
		return string(r)
	}
	return string(r) + "@" + host
}

func days(d time.Duration) int { return int(d / (24 * time.Hour)) }

// isSecondForm reports whether a form of ours is one of the second factor.
func (h *Handler) isSecondForm(f map[string]string, own ownCookies) bool {
	return h.second != nil && f[fieldHold] == "" && (own.second != "" || f[fieldStep] == stepCancel)
}

// secondForm handles what the page of the second factor posts.
func (h *Handler) secondForm(w http.ResponseWriter, r *http.Request, g *guard, f map[string]string, own ownCookies, shop caddyhttp.Handler) error {
	// A form on another site must not end or finish anybody's sign-in.
	if !sameOrigin(r) {
		return h.message(w, r, http.StatusForbidden, page.Foreign, "")
	}
	if f[fieldStep] == stepCancel {
		return h.cancelSecond(w, r, g, own, shop)
	}
	now := h.now()
	t, ok := hold.ParseTicket(own.second)
	if !ok {
		return h.secondPage(w, r, http.StatusOK, "", page.Second{State: page.SecondExpired, Action: h.action(r), Back: h.action(r), Cancel: true})
	}
	held, err := g.answers.Look(r.Context(), t, now)
	switch {
	case errors.Is(err, hold.ErrGone):
		h.signOutExpired(r, g, shop)
		return h.secondPage(w, r, http.StatusOK, "", page.Second{State: page.SecondExpired, Action: h.action(r), Back: h.action(r), Cancel: true})
	case err != nil:
		h.app.metrics.storeErrors.WithLabelValues("factor").Inc()
		return h.secondPage(w, r, http.StatusServiceUnavailable, "", page.Second{State: page.SecondWait, Action: h.action(r), Cancel: true, Seconds: seconds(storeRetry)})
	}
	q := secondAsk{held: held, ticket: t, asking: asking{method: f[fieldMethod]}}
	switch {
	case held.Enrol, f[fieldTicket] != "":
		return h.enrolHeld(w, r, g, now, q, f, own)
	case f[fieldStep] == stepSecond:
		return h.verifySecond(w, r, g, now, q, f, own, shop)
	case f[fieldStep] == stepResend:
		q.asking = h.sendCode(r, g, now, held.Owner, held.Challenge, q.method, held.Established)
	}
	return h.askSecond(w, r, g, now, q)
}

// verifySecond judges an answer and lets the held answer go when it is right.
func (h *Handler) verifySecond(w http.ResponseWriter, r *http.Request, g *guard, now time.Time, q secondAsk, f map[string]string, own ownCookies, shop caddyhttp.Handler) error {
	res, err := h.judgeFactor(r, g, now, q.held.Owner, q.held.Challenge, q.held.Established, false, f)
	if err != nil {
		h.app.metrics.storeErrors.WithLabelValues("factor").Inc()
		return h.secondPage(w, r, http.StatusServiceUnavailable, q.held.Ref,
			page.Second{State: page.SecondWait, Action: q.held.Action, Cancel: true, Seconds: seconds(storeRetry)})
	}
	h.notify(q.held.Name, res.Noticed)
	h.countSecond(f[fieldMethod], res)
	if !res.Right() {
		if q.asking = wrongly(q.method, f, res); res.Why == factor.Gone || res.Left == 0 && res.Why != factor.NotOffered {
			h.overHeld(r, g, q.ticket, res)
			if res.Why != factor.Gone {
				h.signOut(r, shop)
			}
			return h.secondPage(w, r, http.StatusOK, q.held.Ref, page.Second{State: page.SecondExpired, Action: q.held.Action, Back: backFrom(r, q.held), Cancel: true})
		}
		return h.askSecond(w, r, g, now, q)
	}
	trust := f[fieldTrust] != ""
	if h.inDialog(r) && q.held.Login != [16]byte{} {
		clearance, err := h.clearSecond(r, g, q.ticket, res, trust)
		if err != nil {
			h.app.metrics.storeErrors.WithLabelValues("factor").Inc()
			return h.secondPage(w, r, http.StatusServiceUnavailable, q.held.Ref,
				page.Second{State: page.SecondWait, Action: q.held.Action, Cancel: true, Seconds: seconds(storeRetry)})
		}
		return h.secondPage(w, r, http.StatusOK, q.held.Ref, page.Second{State: page.SecondCleared, Clearance: clearance})
	}
	if res.SetUpAgain && !q.held.Script {
		return h.setUpAgain(w, r, g, now, q, own)
	}
	return h.release(w, r, g, q.ticket, q.held, own, true, func(_ *attempt, p *proof) {
		p.Given, p.Epoch = res.Factor, res.Account.Epoch
		if trust {
			h.trustBrowser(w, r, g, now, q.held)
		}
	})
}

// inDialog reports whether a request is of a page in the dialog of the shop's
// own page.
func (h *Handler) inDialog(r *http.Request) bool {
	_, ok := framed(original(r), page.Dialog)
	return ok && h.reserved(r)
}

// trustBrowser remembers a browser whose owner asked for it.
func (h *Handler) trustBrowser(w http.ResponseWriter, r *http.Request, g *guard, now time.Time, held *hold.Answer) {
	if h.second.TrustTime() == 0 {
		return
	}
	place := from(r, g)
	value, _, err := g.vault.Trust(r.Context(), now, held.Owner, place.Client, place, h.second.TrustTime())
	if err != nil {
		h.app.logger.Warn("a browser that was to be trusted is not", zapError(err))
		return
	}
	writeCookie(w, r, trustCookie, value, h.second.TrustTime())
}

// backFrom is the shop's page that a held login came from: of a form its own
// address, of a script that of the page it ran on, as there is nothing to see
// where a script posts to.
func backFrom(r *http.Request, held *hold.Answer) string {
	if !held.Script {
		return held.Action
	}
	if back := sameSite(r, held.Back); back != "" {
		return back
	}
	return "/"
}

// judgeFactor judges what a form brought as a second factor.
func (h *Handler) judgeFactor(r *http.Request, g *guard, now time.Time, owner factor.ID, challenge string, known, test bool, f map[string]string) (*factor.Result, error) {
	class, _ := classOf(f[fieldMethod])
	t := factor.Attempt{Challenge: challenge, Class: class, Code: f[fieldCode], Known: known, From: from(r, g), Test: test}
	if class == factor.ClassPasskey {
		t.Party, t.Response = h.party(r), []byte(f[fieldAssertion])
		var err error
		if t.State, err = h.takePasskey(r, g, owner, challenge); err != nil {
			return nil, err
		}
	}
	return g.vault.Verify(r.Context(), now, owner, t)
}

// wrongly is what the page says to an answer that was not right.
func wrongly(method string, f map[string]string, res *factor.Result) asking {
	q := asking{method: method, err: page.SecondWrong, left: res.Left}
	switch res.Why {
	case factor.Used:
		q.err = page.SecondUsed
	case factor.Unreadable:
		if q.err = page.SecondUnreadable; strings.TrimSpace(f[fieldCode]) == "" {
			q.err = page.SecondEmpty
		}
	case factor.Copied:
		q.err = page.SecondCopied
	case factor.Wait:
		q.err, q.seconds = page.SecondSlow, max(1, seconds(res.Wait))
	case factor.ClassLocked:
		q.err = page.SecondLocked
	case factor.NotOffered:
		q.method, q.err = "", page.SecondStopped
	}
	if class, _ := classOf(method); class == factor.ClassPasskey && (res.Why == factor.Wrong || res.Why == factor.Unreadable) {
		q.err = page.SecondStopped
	}
	return q
}

// countSecond counts an answer.
func (h *Handler) countSecond(method string, res *factor.Result) {
	class, _ := classOf(method)
	h.app.metrics.challenges.WithLabelValues("second_factor_"+class.String(), res.Why.String()).Inc()
}

// overHeld forgets a held answer whose challenge wrong answers ended. One whose
// challenge is gone stays: it may be on its way to whoever gave the right
// answer in this moment, as a form that is sent twice is.
func (h *Handler) overHeld(r *http.Request, g *guard, t hold.Ticket, res *factor.Result) {
	if res.Why != factor.Gone {
		h.dropHeld(r, g, t)
	}
}

// dropHeld forgets a held answer. Its sessions stay shut.
func (h *Handler) dropHeld(r *http.Request, g *guard, t hold.Ticket) {
	if _, err := g.answers.Take(r.Context(), t, h.now()); err != nil && !errors.Is(err, hold.ErrGone) {
		h.app.metrics.storeErrors.WithLabelValues("take").Inc()
	}
}

// endChallenge ends the challenge of a held answer that nobody will have.
func (h *Handler) endChallenge(r *http.Request, g *guard, held *hold.Answer) {
	if err := g.vault.End(r.Context(), held.Owner, held.Challenge); err != nil {
		h.app.metrics.storeErrors.WithLabelValues("factor").Inc()
	}
}
