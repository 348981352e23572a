package login

import (
	"net/http"

	"github.com/login-guard/login-guard/config"
)

// isSide reports whether an endpoint is no login but another way to an
// account: a registration, a reset, a code, a change.
func (e *Endpoint) isSide() bool { return e.cfg.Kind != config.KindLogin }

// guesses reports whether the endpoint is one at which somebody could guess,
// so that what cannot be read without doubt is refused there.
func (e *Endpoint) guesses() bool {
	return e.cfg.Kind == config.KindCode || e.cfg.Kind == config.KindChange
}

// EndpointKind is what the endpoint does: login, register, reset, code or
// change.
func (e *Endpoint) EndpointKind() string { return e.cfg.Kind }

// sideUnread finds the side way that takes whole paths, for a request whose
// body is not read.
func (rd *Reader) sideUnread(s *subject) Reading {
	for _, e := range rd.sides {
		if e.cfg.Always && e.applies(s) && e.onPath(s) {
			return Reading{Kind: Side, Endpoint: e}
		}
	}
	return other
}

// decideSide finds the side way that the pairs take. Unlike a login it
// needs only those fields that its endpoint names.
func (rd *Reader) decideSide(s *subject, pairs []pair) Reading {
	for _, e := range rd.sides {
		if !e.applies(s) {
			continue
		}
		if e.cfg.Always {
			if e.onPath(s) {
				f := e.judge(pairs)
				return Reading{Kind: Side, Endpoint: e, Account: f.account, Password: rd.carriesPassword(pairs)}
			}
			continue
		}
		if e.cfg.Body != bodyForm {
			continue // decideGraphQL finds it
		}
		// Its few fields are those of many forms, so its paths do limit it.
		if len(e.paths) > 0 && !e.onPath(s) || e.exempted(s, pairs) {
			continue
		}
		f := e.judge(pairs)
		if f.reason != "" && e.guesses() {
			return refuse(e, http.StatusBadRequest, f.reason)
		}
		if f.reason != "" {
			// Read in two ways it makes an account or sends a mail all the
			// same; it counts, under no account.
			return Reading{Kind: Side, Endpoint: e, Password: len(e.password) > 0}
		}
		if f.attempt {
			return Reading{Kind: Side, Endpoint: e, Account: f.account, Password: len(e.password) > 0, password: f.password}
		}
	}
	return other
}
