package login

import (
	"encoding/base64"
	"net/http"
	"strings"
	"unicode/utf8"
)

// basicScheme is how the header of HTTP Basic begins (RFC 7617); schemes
// have no case.
const basicScheme = "basic"

// hasBasic reports whether a request could carry a password by HTTP Basic.
// It costs no allocation.
func hasBasic(h http.Header) bool {
	for _, v := range h["Authorization"] {
		v = strings.TrimLeft(v, " \t,")
		if len(v) >= len(basicScheme) && strings.EqualFold(v[:len(basicScheme)], basicScheme) {
			return true
		}
	}
	return false
}

// decideBasic reads the credentials of HTTP Basic by RFC 7617: one header,
// one space, padded base64 of the standard alphabet, a colon behind the
// account. Servers were seen to skip what is not base64, to take the last of
// two headers and to read other charsets than UTF-8; all that is refused.
func (rd *Reader) decideBasic(s *subject) Reading {
	if !rd.basic || !hasBasic(s.r.Header) {
		return other
	}
	for _, e := range rd.endpoints {
		if e.cfg.Body != bodyBasic || !e.applies(s) {
			continue
		}
		all := s.r.Header["Authorization"]
		if len(all) != 1 {
			return refuse(e, http.StatusBadRequest, ReasonBasic)
		}
		scheme, token, _ := strings.Cut(all[0], " ")
		text, err := base64.StdEncoding.Strict().DecodeString(token)
		account, password, ok := strings.Cut(string(text), ":")
		// DecodeString skips line ends.
		if !strings.EqualFold(scheme, basicScheme) || err != nil || !ok ||
			strings.ContainsAny(token, "\r\n") || !utf8.Valid(text) || hasControl(account) {
			return refuse(e, http.StatusBadRequest, ReasonBasic)
		}
		return Reading{Kind: Attempt, Endpoint: e, Account: account, password: password}
	}
	return other
}

// hasControl reports whether a text has control characters, at which some
// servers cut.
func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// readBasic reads a request with Basic credentials: its body is kept whole,
// as with any attempt, so it may not be larger than the cap.
func (rd *Reader) readBasic(w http.ResponseWriter, s *subject, hasBody bool) Reading {
	out := rd.decideBasic(s)
	if out.Kind != Attempt {
		return out
	}
	if asksForProtocol(s.r) {
		return refuse(out.Endpoint, http.StatusBadRequest, ReasonUpgrade)
	}
	if !hasBody {
		return rd.both(out, rd.finish(s, nil, false))
	}
	buf, whole, err := rd.readHead(w, s.r)
	switch {
	case err != nil:
		rd.giveUp(s.r, buf)
		return readError(err)
	case !whole:
		rd.giveUp(s.r, buf)
		return refuse(out.Endpoint, http.StatusRequestEntityTooLarge, ReasonTooLarge)
	}
	text := *buf
	if encodedBody(s.r.Header) {
		// What a shop that inflates finds in it may be a second login.
		plain, ok := inflate(s.r.Header["Content-Encoding"], text, rd.opt.MaxBody)
		if rd.inflates && !ok {
			rd.giveUp(s.r, buf)
			return badEncoding
		}
		if text = nil; rd.inflates {
			text = plain
		}
	}
	inBody := other
	if text != nil && (rd.reads(s) || rd.wantsAny(s)) {
		inBody = rd.readWhole(s, text)
	}
	if out = rd.both(out, inBody); out.Kind == Refused {
		rd.giveUp(s.r, buf)
		return out
	}
	out.Body = append(make([]byte, 0, len(*buf)), *buf...)
	release(buf)
	fix(s.r, out.Body)
	return out
}

// both joins what two parts of a request say. An answer to a check of ours
// does not reach the shop with these credentials, so it stays one.
func (rd *Reader) both(a, b Reading) Reading {
	switch {
	case b.Kind == Other, b.Kind == Side && a.Kind != Other:
		return a
	case a.Kind == Other, b.Kind != Attempt:
		return b
	case a.Kind == Attempt && (a.Account != b.Account || a.password != b.password):
		return refuse(b.Endpoint, http.StatusBadRequest, ReasonTwoLogins)
	}
	return a
}
