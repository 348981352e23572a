package caddymodule

import (
	"io"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/record"
)

// A shop may sign somebody in where no endpoint looks: by a link of a mail, by
// another provider, after a new password. Where the shop says who it is, by a
// cookie or when it is asked, a session for somebody with a second factor is
// held there too.

// egress watches an answer for such a session.
type egress struct {
	*answerWriter
	h       *Handler
	r       *http.Request
	decided bool
	holds   bool
	name    string           // who signed in
	asks    *config.Endpoint // whose shop says so when it is asked
}

// WriteHeader lets the answer go unless it signs somebody in.
func (e *egress) WriteHeader(code int) {
	if code >= 100 && code < 200 && code != http.StatusSwitchingProtocols {
		if _, ok := identityOf(e.h.second.identity, e.Header()); !ok && e.h.begins(e.r, e.Header()) == nil {
			e.ResponseWriter.WriteHeader(code)
		}
		return
	}
	e.decide()
	if e.holds {
		e.answerWriter.WriteHeader(code)
		return
	}
	e.released = true
	e.code = code
	e.ResponseWriter.WriteHeader(code)
}

// decide looks once whether the answer has to wait.
func (e *egress) decide() {
	if e.decided {
		return
	}
	e.decided = true
	if e.name, e.holds = identityOf(e.h.second.identity, e.Header()); !e.holds {
		e.asks = e.h.begins(e.r, e.Header())
		e.holds = e.asks != nil
	}
	e.sealed = e.holds
}

// begins is the login whose sessions an answer begins anew, so that somebody
// may have signed in: the shop gives the session another name, answers more
// than a question with a first one, or has a token. A visitor's first session
// on a page is none of these. nil: it does not.
func (h *Handler) begins(r *http.Request, answer http.Header) *config.Endpoint {
	if strings.HasPrefix(answer.Get("Content-Type"), "text/event-stream") {
		return nil // it has no end to wait for
	}
	sent := sentCookies(r.Header["Cookie"])
	for i, e := range h.second.tells {
		if e.Identity.TokenHeader != "" && answer.Get(e.Identity.TokenHeader) != "" {
			return &h.second.tells[i]
		}
		for _, c := range (&http.Response{Header: answer}).Cookies() {
			if c.Value == "" || c.MaxAge < 0 || !h.second.isSession(c.Name) {
				continue
			}
			had, same := false, false
			for _, s := range sent {
				if sameCookie(s.Name, c.Name) {
					had, same = true, same || s.Value == c.Value
				}
			}
			if !same && (had || r.Method != http.MethodGet && r.Method != http.MethodHead) {
				return &h.second.tells[i]
			}
		}
	}
	return nil
}

func (e *egress) Write(p []byte) (int, error) {
	if !e.decided {
		e.WriteHeader(http.StatusOK)
	}
	return e.answerWriter.Write(p)
}

// ReadFrom keeps io.Copy from going around Write; once the answer may go it
// goes the short way again.
func (e *egress) ReadFrom(r io.Reader) (int64, error) {
	if !e.decided {
		e.WriteHeader(http.StatusOK)
	}
	if e.released {
		return e.ResponseWriterWrapper.ReadFrom(r)
	}
	return e.answerWriter.ReadFrom(r)
}

// FlushError sends what there is, where the answer may go.
func (e *egress) FlushError() error {
	if !e.decided {
		e.WriteHeader(http.StatusOK)
	}
	return e.answerWriter.FlushError()
}

// Flush is FlushError for those who ask the old way.
func (e *egress) Flush() { _ = e.FlushError() }

// watchEgress asks the shop for what is no login, and holds the answer if it
// signs in somebody with a second factor.
func (h *Handler) watchEgress(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	header := w.Header().Clone()
	e := &egress{answerWriter: newAnswerWriter(w), h: h, r: r}
	p := &pending{header: header, landed: func() {}}
	var a *attempt
	var aerr error
	look := func() { // once
		if a == nil {
			a, aerr = h.entered(w, r, e, p, next)
		}
	}
	e.overflows = func() bool {
		look()
		return aerr == nil && !p.must && !p.enrol
	}
	err := next.ServeHTTP(e, r)
	if e.decide(); !e.holds || e.released { // of an answer without a body nobody may have written the header
		return err
	}
	if err != nil {
		h.dropAnswer(w, p, e.answerWriter)
		return err
	}
	if look(); aerr != nil {
		h.dropAnswer(w, p, e.answerWriter)
		return h.secondDown(w, r, a, aerr)
	}
	let := func() error {
		if a.trust != "" {
			writeCookie(w, r, trustCookie, a.trust, h.second.TrustTime())
		}
		return e.release()
	}
	if !p.must && !p.enrol {
		return let()
	}
	p.sessions = h.sessionKeys(r.Header["Cookie"], a.g)
	held, err := h.holdFor(w, r, a, p, e.answerWriter, login.Success)
	if held || err != nil {
		return err
	}
	return let()
}

// entered finds out who signed in by an answer, and makes p that of him.
func (h *Handler) entered(w http.ResponseWriter, r *http.Request, e *egress, p *pending, next caddyhttp.Handler) (*attempt, error) {
	a, err := h.egressAttempt(r, e.asks)
	if err != nil {
		return a, err
	}
	if e.asks != nil {
		if h.probe(r, a, e.answerWriter, false, next); a.found == "" {
			return a, nil // nobody
		}
		e.name = a.found
	}
	h.egressName(r, a, e.name)
	if _, err := io.ReadFull(h.random, p.entry[:]); err != nil {
		return a, err
	}
	return a, h.asks(w, r, a, p, h.owner(a.g, a.account))
}

// egressAttempt is a sign-in that nobody typed, as if it had been: at one
// login's door, or where a cookie says who it is.
func (h *Handler) egressAttempt(r *http.Request, at *config.Endpoint) (*attempt, error) {
	a := &attempt{now: h.now(), ref: record.NewRef(), mode: h.modeNow()}
	var err error
	if a.g, err = h.ready(); err != nil {
		return a, err
	}
	a.reading = &login.Reading{Kind: login.Attempt, Endpoint: h.reader.Endpoint(h.endpoints[0].Name)}
	for i := range h.endpoints {
		if e := &h.endpoints[i]; at != nil && e.Name == at.Name || at == nil && e.IdentityCookie != "" {
			a.reading.Endpoint = h.reader.Endpoint(e.Name)
			break
		}
	}
	a.signals = collectFrom(a.g, r)
	a.cookies = ownCookies{device: cookieOf(r, deviceCookie), trust: cookieOf(r, trustCookie)}
	return a, nil
}

// egressName is who signed in there.
func (h *Handler) egressName(r *http.Request, a *attempt, name string) {
	a.reading.Account = name
	a.account = a.g.ledger.Account(h.reader.FoldAccount(name))
	if d, ok := device.Open(a.g.ring, h.name, a.cookies.device); ok {
		a.device = d
		a.seen, a.known = d.Last(a.account, a.now)
	}
	if a.known { // unless it was revoked since
		is, err := a.g.ledger.Look(r.Context(), a.now, ledger.Attempt{Account: a.account, Host: a.signals.Host, Network: a.signals.Network})
		a.known = err == nil && a.seen.After(is.AccountRevoked) && a.seen.After(is.SiteRevoked)
	}
	a.names = a.g.ledger.Names(a.signals.Host, a.account)
}
