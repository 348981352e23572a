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

// hasBasic reports whether a request says that it carries a password by HTTP
// Basic, be it behind another scheme or a byte order mark. It costs no
// allocation.
func hasBasic(h http.Header) bool {
	for _, v := range h["Authorization"] {
		v = strings.TrimLeft(v, " \t,")
		if len(v) >= len(basicScheme) && strings.EqualFold(v[:len(basicScheme)], basicScheme) {
			return true
		}
		for {
			i := indexFold(v, basicScheme)
			if i < 0 {
				break
			}
			// No token of another scheme has blanks in it.
			if v = v[i+len(basicScheme):]; v != "" && v[0] <= ' ' {
				return true
			}
		}
	}
	return false
}

// hintsBasic reports whether a request carries what is an account and a
// password to servers that do not look at the scheme and skip what is not
// base64, as many hand-written ones do. Tokens of other schemes are no clear
// text, or JSON.
func hintsBasic(h http.Header) bool {
	for _, v := range h["Authorization"] {
		_, rest, _ := strings.Cut(v, " ")
		second, _, _ := strings.Cut(rest, " ")
		if looseCredentials(v) || looseCredentials(rest) || looseCredentials(second) {
			return true
		}
	}
	return false
}

// looseCredentials reports whether a token is base64, of either alphabet and
// with whatever in between, of a text with a colon. JSON is none: an account
// has no braces. It costs no allocation and ends at the first byte that is no
// text, as other schemes' tokens do early.
func looseCredentials(token string) bool {
	var bits, n uint32
	var part [utf8.UTFMax]byte
	have, account, colon := 0, 0, false
	for i := 0; i < len(token) && token[i] != '='; i++ {
		six := sixBits(token[i])
		if six < 0 {
			continue
		}
		if bits, n = bits<<6|uint32(six), n+6; n < 8 {
			continue
		}
		n -= 8
		part[have] = byte(bits >> n)
		if have++; !utf8.FullRune(part[:have]) {
			continue
		}
		r, size := utf8.DecodeRune(part[:have])
		have = 0
		switch {
		case r == utf8.RuneError && size <= 1, r < ' ', r == 0x7f, !colon && (r == '{' || r == '"'), r == ':' && account == 0:
			return false
		case r == ':':
			colon = true
		case !colon:
			account++
		}
	}
	return colon && have == 0
}

// sixBits is what a letter of base64 stands for; -1 for what is none.
func sixBits(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return int(c - 'A')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 26
	case c >= '0' && c <= '9':
		return int(c-'0') + 52
	case c == '+' || c == '-':
		return 62
	case c == '/' || c == '_':
		return 63
	}
	return -1
}

// decideBasic reads the credentials of HTTP Basic by RFC 7617: one header,
// one space, padded base64 of the standard alphabet, a colon behind the
// account. Servers were seen to skip what is not base64, to take the last of
// two headers and to read other charsets than UTF-8; all that is refused. On
// the endpoint's own paths so is what is credentials under another scheme.
func (rd *Reader) decideBasic(s *subject) Reading {
	if !rd.basic {
		return other
	}
	said := hasBasic(s.r.Header)
	for _, e := range rd.endpoints {
		if e.cfg.Body != bodyBasic || !e.applies(s) || !said && !e.onPath(s) {
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
