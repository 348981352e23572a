package caddymodule

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/engine"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/page"
	"github.com/login-guard/login-guard/internal/risk"
)

// forward sends an attempt on to the shop, keeps the answer back until the
// outcome is known, settles, and lets the answer go.
func (h *Handler) forward(w http.ResponseWriter, r *http.Request, a *attempt, next caddyhttp.Handler) error {
	if a.mode != config.ModeMonitor && !h.admit(r) {
		h.settle(r.Context(), a, login.None)
		a.verdict = risk.Verdict{Action: risk.Deny, Reasons: []risk.Reason{{Code: "limit." + config.LimitLogins}}}
		h.report(r, a, login.None)
		return h.writeDenial(w, r, a.ref, http.StatusTooManyRequests, 5*time.Second)
	}
	asked := login.Asked{Path: r.URL.Path, RawQuery: r.URL.RawQuery, Referer: r.Referer(), Cookies: r.Cookies()}
	h.setPlaceholders(r, a)
	forShop(r, a)
	body := &countingBody{ReadCloser: r.Body}
	r.Body = body

	pending, err := h.beforeShop(w, r, a)
	if err != nil {
		return h.keptBack(w, r, a, err)
	}
	if pending != nil {
		// An answer that breaks off ends the request with a panic.
		defer pending.landed()
	} else {
		w = h.watchShut(w, r, a.cookies, a.reading.Body)
	}
	if pending != nil && a.shutsFirst() {
		ctx, done := outlast(r)
		defer done()
		r = r.WithContext(ctx)
	}
	answer := newAnswerWriter(w)
	if pending != nil {
		h.seal(w, r, a, pending, answer, next)
	}
	if err = next.ServeHTTP(answer, r); err != nil {
		return h.brokeOff(w, r, a, pending, answer, next, err, neverSent(err, body))
	}
	o, refused := h.outcome(r, a, asked, answer, pending != nil)
	h.inDoubt(r, answer.Header(), a, o)
	if held, err := h.afterShop(w, r, a, pending, answer, o, refused, next); held {
		return err
	}
	h.settle(r.Context(), a, o)
	if !answer.released {
		h.remember(w, r, a, o)
		h.prove(w, r, a, o)
		h.offer(w, r, a, answer, o)
		if a.trust != "" {
			writeCookie(w, r, trustCookie, a.trust, h.second.TrustTime())
		}
	}
	h.report(r, a, o)
	if a.solved != nil && a.solved.login.Script && !answer.released {
		return h.afterScript(w, r, answer, a.solved.login.Referer)
	}
	return answer.release()
}

// forShop makes the request what the shop is to read.
func forShop(r *http.Request, a *attempt) {
	// The one header that changes: marks in the answer must be readable.
	r.Header["Accept-Encoding"] = []string{"identity"}
	if literal := a.reading.Literal; literal != nil && a.mode != config.ModeMonitor {
		// The shop must take the account for what it was counted as.
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(literal)), int64(len(literal))
		r.TransferEncoding = nil
		r.Header["Content-Length"] = []string{strconv.Itoa(len(literal))}
	}
}

// brokeOff ends a login that the shop did not answer whole; unsent says that it
// got none of it.
func (h *Handler) brokeOff(w http.ResponseWriter, r *http.Request, a *attempt, p *pending, answer *answerWriter, next caddyhttp.Handler, err error, unsent bool) error {
	if unsent && !h.standIn {
		h.unsent(r, a, p)
		h.settle(r.Context(), a, login.Retry)
		h.report(r, a, login.Retry)
		if a.solved != nil {
			return h.unreachable(w, r, a)
		}
		return err
	}
	h.afterNothing(w, r, a, p, answer, next)
	h.inDoubt(r, answer.Header(), a, login.Unknown)
	h.settle(r.Context(), a, login.Unknown)
	h.report(r, a, login.Unknown)
	if p != nil && h.standIn {
		// The stand-in would be asked, and nobody would hold its answer.
		return h.secondPage(w, r, http.StatusBadGateway, a.ref, page.Second{State: page.SecondExpired, Action: h.prefix + secondPath, Back: h.loginPath(), Cancel: true})
	}
	return err
}

// outcome is what the shop's answer says of a login, and where an answer may
// have to be held, whether it is certain that the shop refused.
func (h *Handler) outcome(r *http.Request, a *attempt, asked login.Asked, answer *answerWriter, holds bool) (o login.Outcome, refused bool) {
	o = login.Unknown
	if !answer.released && !answer.over && answer.status() != statusLeft {
		reply := login.Reply{Status: answer.status(), Header: answer.Header(), Body: answer.body.Bytes()}
		if o = a.reading.Endpoint.Outcome(asked, reply); o == login.Failure {
			h.failed(a, a.reading.Endpoint.UnknownAccount(asked, reply))
		}
		refused = holds && (o == login.Failure || o == login.Retry) && a.reading.Endpoint.Refused(asked, reply, h.second.isSession)
	}
	if o == login.Success && len(a.others) > 0 {
		o = login.Unknown // of whom, only the shop knows
	}
	if o == login.Success && a.reading.Endpoint.Config().InPlace {
		o = h.inPlace(r, answer.Header(), a)
	}
	return o, refused
}

// keptBack answers a login that did not go to the shop because of a second
// factor.
func (h *Handler) keptBack(w http.ResponseWriter, r *http.Request, a *attempt, err error) error {
	h.settle(r.Context(), a, login.None)
	var full *noRoom
	switch {
	case errors.Is(err, errShut):
		a.verdict = risk.Verdict{Action: risk.SecondFactor, Reasons: a.verdict.Reasons}
		h.report(r, a, login.None)
		return h.shutPage(w, r, a.g, a.cookies)
	case errors.As(err, &full):
		a.verdict = risk.Verdict{Action: risk.Deny, RetryAfter: full.wait, Reasons: []risk.Reason{{Code: risk.CodeLimit + config.LimitAttempts}}}
		h.report(r, a, login.None)
		return h.writeDenial(w, r, a.ref, http.StatusTooManyRequests, full.wait)
	}
	a.verdict = engine.StoreDown()
	h.report(r, a, login.None)
	return h.secondDown(w, r, a, err)
}

// seal keeps an answer back until it is known whose it is.
func (h *Handler) seal(w http.ResponseWriter, r *http.Request, a *attempt, p *pending, answer *answerWriter, next caddyhttp.Handler) {
	answer.sealed = true
	answer.overflows = func() bool { return h.mayOverflow(w, r, a, p, answer, next) }
}

// failed notes what is particular about a failure.
func (h *Handler) failed(a *attempt, unknownAccount bool) {
	if a.decision != nil {
		a.decision.UnknownAccount = unknownAccount
	}
	h.app.state.pairs.Note(a.now, a.pair)
}

// inPlace doubts a success of a shop that keeps the browser's session: to
// somebody who is logged in already it gives the same answer whatever account
// and password were sent. Such an answer must not make the device one that is
// known for the account.
func (h *Handler) inPlace(r *http.Request, answer http.Header, a *attempt) login.Outcome {
	sessions := h.sessionTags(r, a.reading.Body, nil, a.g)
	another, err := a.g.ledger.SessionOfAnother(r.Context(), sessions, a.account)
	if err == nil && !another {
		err = a.g.ledger.SessionUsed(r.Context(), h.sessionTags(r, a.reading.Body, answer, a.g), a.account)
	}
	if err != nil {
		h.app.metrics.storeErrors.WithLabelValues("session").Inc()
	}
	if err != nil || another {
		return login.Unknown
	}
	return login.Success
}

// statusLeft is what Caddy's proxy answers for a client that left before the
// shop had answered: nobody knows what came of the login.
const statusLeft = 499

// inDoubt notes the sessions of an attempt whose outcome is not known: they
// may be logged in to anybody by now.
func (h *Handler) inDoubt(r *http.Request, answer http.Header, a *attempt, o login.Outcome) {
	if o == login.Unknown && a.reading.Endpoint.Config().InPlace {
		h.noteSessions(r, answer)
	}
}

// admit waits for the site's limit of logins a second, two seconds at most.
func (h *Handler) admit(r *http.Request) bool {
	res := h.logins.ReserveN(h.now(), 1)
	if !res.OK() {
		return false
	}
	wait := res.DelayFrom(h.now())
	if wait == 0 {
		return true
	}
	if wait > 2*time.Second {
		res.Cancel()
		return false
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		res.Cancel()
		return false
	}
}

// remember writes the cookies that an outcome earns. A login that another
// website had sent earns none: its visitor's own stay as they are.
func (h *Handler) remember(w http.ResponseWriter, r *http.Request, a *attempt, o login.Outcome) {
	if h.otherWebsite(r) {
		return
	}
	if o == login.Success && !h.freshDevice(a) {
		d := a.device
		if !a.known { // also where it was, and was revoked: its time begins anew
			d = d.Without(a.account)
		}
		if d.ID == [16]byte{} {
			var err error
			if d, err = device.New(h.random); err != nil {
				return
			}
		}
		writeCookie(w, r, deviceCookie, d.Succeeded(a.account, a.now).Seal(a.g.ring, h.name), device.Life)
	}
	if a.mode == config.ModeMonitor || a.passed == device.NoRung {
		return
	}
	p := device.Pass{Rung: a.passed, Account: a.account, Family: a.g.ledger.FamilyTag(a.signals.Family), Issued: a.now}
	switch {
	case o == login.Success && a.solved == nil && a.cleared == device.NoRung && a.pass.Succeeded:
		return // good until it was promised to be, not for ever
	case o == login.Success:
		p.Succeeded, p.Expires = true, a.now.Add(h.EffectiveRemember())
	case a.solved != nil, a.cleared != device.NoRung, a.voucher:
		// Passed just now and the password was wrong: the next try is not
		// asked again.
		p.Expires = a.now.Add(device.CheckLife)
	default:
		return
	}
	if _, err := io.ReadFull(h.random, p.ID[:]); err != nil {
		return
	}
	writeCookie(w, r, passCookie, p.Seal(a.g.ring, h.name), p.Expires.Sub(a.now))
}

// deviceRenewal is how old a device's last success may be before its cookie
// is written anew: "not seen for days" needs no finer clock.
const deviceRenewal = time.Hour

// freshDevice reports whether the browser's cookie says already what a success
// of this moment would say.
func (h *Handler) freshDevice(a *attempt) bool {
	return a.known && len(a.device.Accounts) > 0 && a.device.Accounts[0].Account == a.account && a.now.Sub(a.seen) < deviceRenewal
}

// countingBody knows whether anything was read from it.
type countingBody struct {
	io.ReadCloser
	read bool
}

func (b *countingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read = b.read || n > 0
	return n, err
}

// neverSent reports whether an error means that no byte of the login reached
// the shop: it could not be dialled, and nobody read the body.
func neverSent(err error, body *countingBody) bool {
	if body.read {
		return false
	}
	var dial reverseproxy.DialError
	var op *net.OpError
	if errors.As(err, &dial) || (errors.As(err, &op) && op.Op == "dial") {
		return true
	}
	var herr caddyhttp.HandlerError
	return errors.As(err, &herr) && herr.StatusCode == http.StatusServiceUnavailable
}

// maxAnswer is how much of an answer is kept back.
const maxAnswer = 1 << 20

// answerWriter keeps an answer back until release, or until it is larger
// than maxAnswer: then it goes out as it comes and its outcome is unknown.
type answerWriter struct {
	*caddyhttp.ResponseWriterWrapper
	code     int
	body     bytes.Buffer
	released bool
	// sealed: nothing goes out before it is known whether it may, not even
	// informational answers. What is larger than maxAnswer is over and gone.
	sealed, over bool
	// overflows is asked once what is sealed becomes larger than that, and
	// says whether it may go out; nil: it may not.
	overflows func() bool
}

func newAnswerWriter(w http.ResponseWriter) *answerWriter {
	return &answerWriter{ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w}}
}

func (a *answerWriter) status() int {
	if a.code == 0 {
		return http.StatusOK
	}
	return a.code
}

// WriteHeader keeps the status. Informational answers go out at once: they
// say nothing of the outcome.
func (a *answerWriter) WriteHeader(code int) {
	switch {
	case code >= 100 && code < 200 && code != http.StatusSwitchingProtocols:
		if !a.sealed {
			a.ResponseWriter.WriteHeader(code)
		}
	case a.code == 0:
		a.code = code
	}
}

func (a *answerWriter) Write(p []byte) (int, error) {
	if a.code == 0 {
		a.code = http.StatusOK
	}
	if a.sealed && !a.released && a.body.Len()+len(p) > maxAnswer {
		if a.over || a.overflows == nil || !a.overflows() {
			a.over = true
			return len(p), nil
		}
		a.sealed = false
	}
	if !a.released && a.body.Len()+len(p) > maxAnswer {
		if err := a.release(); err != nil {
			return 0, err
		}
	}
	if a.released {
		return a.ResponseWriter.Write(p)
	}
	return a.body.Write(p)
}

// ReadFrom keeps io.Copy from going around Write.
func (a *answerWriter) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{a}, r)
}

// FlushError does nothing while the answer is kept back.
func (a *answerWriter) FlushError() error {
	if a.released {
		return http.NewResponseController(a.ResponseWriter).Flush()
	}
	return nil
}

// Flush is FlushError for those who ask the old way.
func (a *answerWriter) Flush() { _ = a.FlushError() }

// release lets the answer go.
func (a *answerWriter) release() error {
	if a.released {
		return nil
	}
	a.released = true
	a.ResponseWriter.WriteHeader(a.status())
	_, err := a.ResponseWriter.Write(a.body.Bytes())
	return err
}
