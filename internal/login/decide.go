package login

import (
	"net/http"
	"strings"
)

// finish decides over query and body together.
func (rd *Reader) finish(s *subject, f *form, hasBody bool) Reading {
	pairs := s.query
	if f != nil {
		pairs = append(pairs, f.pairs...)
	}
	out := rd.decideAll(s, pairs, f)
	if out.Kind == Other && hasBody && rd.xmlrpc {
		out = rd.decideXMLRPC(s, f)
	}
	if out.Kind == Other {
		out = rd.decideAlways(s, pairs)
	}
	if out.Kind == Other && len(rd.sides) > 0 {
		out = rd.decideSide(s, pairs)
	}
	if out.Kind == Other {
		out.Password = rd.carriesPassword(pairs)
	}
	if out.Kind != Attempt && !(out.Kind == Side && out.Endpoint.guesses()) {
		return out
	}
	if asksForProtocol(s.r) {
		return refuse(out.Endpoint, http.StatusBadRequest, ReasonUpgrade)
	}
	if strings.IndexByte(s.r.URL.RawQuery, ' ') >= 0 {
		// HTTP/2 and HTTP/3 can carry it; in HTTP/1 it ends the address, or
		// the request is none.
		return refuse(out.Endpoint, http.StatusBadRequest, ReasonUnreadable)
	}
	if out.Kind == Attempt && out.Endpoint.cfg.AccountPattern {
		if out = rd.literal(s, f, out); out.Kind == Refused {
			return out
		}
	}
	if !hasBody && !validUTF8(s.query) {
		return refuse(out.Endpoint, http.StatusBadRequest, ReasonUTF8)
	}
	if !hasBody || out.Endpoint.cfg.Always || out.Endpoint.cfg.Body == bodyXMLRPC {
		return out
	}
	switch {
	case !s.media.clean || s.media.kind == mediaText || !s.media.kind.readable():
		return refuse(out.Endpoint, http.StatusUnsupportedMediaType, ReasonType)
	case !s.media.utf8Charset():
		return refuse(out.Endpoint, http.StatusUnsupportedMediaType, ReasonCharset)
	case len(s.r.Header["Content-Encoding"]) > 0:
		return refuse(out.Endpoint, http.StatusUnsupportedMediaType, ReasonEncoding)
	case f.notUTF8 || !validUTF8(s.query):
		return refuse(out.Endpoint, http.StatusBadRequest, ReasonUTF8)
	}
	return out
}

// decideAll finds the login in a request's fields or its GraphQL.
func (rd *Reader) decideAll(s *subject, pairs []pair, f *form) Reading {
	out := rd.decide(s, pairs)
	if out.Kind == Refused || len(rd.graphql) == 0 {
		return out
	}
	return rd.both(out, rd.decideGraphQL(s, f))
}

// decide finds the endpoint whose login the pairs are.
func (rd *Reader) decide(s *subject, pairs []pair) Reading {
	if len(pairs) == 0 {
		return other
	}
	out := other
	var first found
	for _, e := range rd.endpoints {
		if e.cfg.Body != bodyForm || !e.applies(s) || len(e.password) == 0 {
			continue
		}
		f := e.judge(pairs)
		if !f.attempt && f.reason == "" || e.exempted(s, pairs) {
			continue
		}
		if f.reason != "" {
			return refuse(e, http.StatusBadRequest, f.reason)
		}
		if e.conflicted(pairs) {
			return refuse(e, http.StatusBadRequest, ReasonTwoLogins)
		}
		if out.Kind != Attempt {
			out, first = Reading{Kind: Attempt, Endpoint: e, Account: f.account, Accounts: f.accounts, password: f.password}, f
			continue
		}
		// A second endpoint's login beside the first: which of them the shop
		// runs is not ours to guess. The button of the first, which the
		// second would take for an account, is no second login.
		if (f.account != first.account || f.password != first.password) && !isButton(out.Endpoint, f.accountBy) {
			return refuse(e, http.StatusBadRequest, ReasonTwoLogins)
		}
	}
	return out
}

func isButton(e *Endpoint, by *credential) bool {
	for i := range e.requires {
		if by != nil && e.requires[i].name == by.name {
			return true
		}
	}
	return false
}

// decideAlways takes what an operator declared a login as a whole.
func (rd *Reader) decideAlways(s *subject, pairs []pair) Reading {
	for _, e := range rd.endpoints {
		if e.cfg.Always && e.onPath(s) {
			f := e.judge(pairs)
			return Reading{Kind: Attempt, Endpoint: e, Account: f.account}
		}
	}
	return other
}

// conflicted reports whether a field of another action is there that sets the
// same cookie as a login does.
func (e *Endpoint) conflicted(pairs []pair) bool {
	for i := range pairs {
		for j := range e.conflicts {
			if e.conflicts[j].loose(pairs[i].toks) || e.conflicts[j].loose(pairs[i].alt) {
				return true
			}
		}
	}
	return false
}

// carriesPassword reports whether one of the pairs is a password of any
// endpoint, as loosely as shops read names.
func (rd *Reader) carriesPassword(pairs []pair) bool {
	for i := range pairs {
		for _, e := range rd.endpoints {
			if e.hasPassword(pairs[i].toks, pairs[i].alt) {
				return true
			}
		}
	}
	return false
}

// could reports whether the pairs could be any applicable endpoint's login.
func (rd *Reader) could(s *subject, pairs []pair) bool {
	for _, e := range rd.endpoints {
		if len(e.password) > 0 && e.applies(s) && e.could(pairs) {
			return true
		}
	}
	return false
}

// onAnyPath reports whether the request is on an endpoint's own path.
func (rd *Reader) onAnyPath(s *subject) bool {
	for _, e := range rd.endpoints {
		if e.onPath(s) {
			return true
		}
	}
	return false
}

// onJSONPath reports whether the request is on a path of an endpoint whose
// shop may read JSON.
func (rd *Reader) onJSONPath(s *subject) bool {
	for _, e := range rd.endpoints {
		if (e.cfg.Body == bodyForm && !e.cfg.FormOnly || e.cfg.Body == bodyGraphQL) && e.onPath(s) {
			return true
		}
	}
	return false
}

// wantsAny reports whether an endpoint takes bodies of every type here.
func (rd *Reader) wantsAny(s *subject) bool {
	if !rd.always && !rd.xmlrpc {
		return false
	}
	for _, e := range rd.endpoints {
		if (e.cfg.Always || e.cfg.Body == bodyXMLRPC) && e.onPath(s) {
			return true
		}
	}
	return false
}
