package caddymodule

import (
	"io"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/record"
)

// A shop may sign somebody in where no endpoint looks: by a link of a mail, by
// another provider, after a new password. Where the shop's cookie says who it
// is, a session for somebody with a second factor is held there too.

// egress watches an answer for such a session.
type egress struct {
	*answerWriter
	h       *Handler
	decided bool
	holds   bool
	name    string // who signed in
}

// WriteHeader lets the answer go unless it signs somebody in.
func (e *egress) WriteHeader(code int) {
	if code >= 100 && code < 200 && code != http.StatusSwitchingProtocols {
		if _, ok := identityOf(e.h.second.identity, e.Header()); !ok {
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
	if e.name, e.holds = identityOf(e.h.second.identity, e.Header()); e.holds {
		e.sealed = true
	}
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
	e := &egress{answerWriter: newAnswerWriter(w), h: h}
	err := next.ServeHTTP(e, r)
	if e.decide(); !e.holds { // of an answer without a body nobody may have written the header
		return err
	}
	p := &pending{header: header, landed: func() {}}
	if err != nil {
		h.dropAnswer(w, p, e.answerWriter)
		return err
	}
	a, aerr := h.egressAttempt(r, e.name)
	if aerr == nil {
		_, aerr = io.ReadFull(h.random, p.entry[:])
	}
	if aerr == nil {
		aerr = h.asks(w, r, a, p, h.owner(a.g, a.account))
	}
	if aerr != nil {
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

// egressAttempt is a sign-in that nobody typed, as if it had been.
func (h *Handler) egressAttempt(r *http.Request, name string) (*attempt, error) {
	a := &attempt{now: h.now(), ref: record.NewRef(), mode: h.modeNow()}
	var err error
	if a.g, err = h.ready(); err != nil {
		return a, err
	}
	a.reading = &login.Reading{Kind: login.Attempt, Account: name, Endpoint: h.reader.Endpoint(h.endpoints[0].Name)}
	for _, e := range h.endpoints {
		if e.IdentityCookie != "" {
			a.reading.Endpoint = h.reader.Endpoint(e.Name)
			break
		}
	}
	a.account = a.g.ledger.Account(h.reader.FoldAccount(name))
	a.signals = collectFrom(a.g, r)
	a.cookies = ownCookies{device: cookieOf(r, deviceCookie), trust: cookieOf(r, trustCookie)}
	if d, ok := device.Open(a.g.ring, h.name, a.cookies.device); ok {
		a.device = d
		a.seen, a.known = d.Last(a.account, a.now)
	}
	a.names = a.g.ledger.Names(a.signals.Host, a.account)
	return a, nil
}
