package login

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/login-guard/login-guard/config"
)

// Options of a Reader. The zero value of each means its default.
type Options struct {
	// Bytes of a body that are kept to be read whole; larger bodies stream.
	// Default: 65536
	MaxBody int64
	// How long a client may take until its body is read. Default: 30s
	ClassifyTimeout time.Duration
	// Original gives the URL as the client sent it, where the server has
	// rewritten it since; nil if unknown. Paths and routes are looked for in
	// both. Default: none
	Original func(*http.Request) *url.URL
	// Watch says that nothing is refused for now: whatever Read returns, the
	// request's body is whole, and a streamed one is never cut. It is asked
	// only where that makes a difference. Default: never
	Watch func() bool
	// The clock that deadlines are set by. Default: time.Now
	Now func() time.Time
}

// Reader tells logins from everything else. It is immutable and safe for
// concurrent use.
type Reader struct {
	opt       Options
	endpoints []*Endpoint

	// Names worth keeping: first parts, and second parts behind any first.
	heads, inner map[string]bool
	// The same for passwords that a query may hold.
	queryHeads map[string]bool
	queryInner bool
	always     bool // an endpoint takes whole paths
	inflates   bool
	xmlrpc     bool
}

// NewReader makes a reader of the endpoints, of which the first that matches
// wins. Its errors name the endpoint and the option that is wrong.
func NewReader(endpoints []config.Endpoint, opt Options) (*Reader, error) {
	if opt.MaxBody <= 0 {
		opt.MaxBody = 64 << 10
	}
	if opt.ClassifyTimeout <= 0 {
		opt.ClassifyTimeout = 30 * time.Second
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	rd := &Reader{opt: opt, heads: map[string]bool{}, inner: map[string]bool{}, queryHeads: map[string]bool{}}
	for _, c := range endpoints {
		e, err := newEndpoint(c)
		if err != nil {
			return nil, err
		}
		rd.endpoints = append(rd.endpoints, e)
		for _, f := range slices.Concat(e.account, e.fallback, e.password, e.requires, e.exempt) {
			if f.wild {
				rd.inner[f.toks[0]] = true
			} else {
				rd.heads[f.toks[0]] = true
			}
		}
		if !c.BodyOnly && e.cfg.Body == bodyForm {
			for _, f := range e.password {
				if f.wild {
					rd.queryInner = true
				} else {
					rd.queryHeads[f.toks[0]] = true
				}
			}
		}
		rd.always = rd.always || c.Always
		rd.inflates = rd.inflates || c.Inflates
		rd.xmlrpc = rd.xmlrpc || e.cfg.Body == bodyXMLRPC
	}
	return rd, nil
}

// Read says what a request is. It reads the body of requests that could be
// a login, up to the cap, and puts back a body of the same bytes; w serves
// only to bound the time that takes. A request without body and without a
// query that could hold a password costs no allocation.
func (rd *Reader) Read(w http.ResponseWriter, r *http.Request) Reading {
	if r.Method == http.MethodConnect {
		return other
	}
	hasBody := r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0
	if !hasBody && !rd.queryMayHold(r.URL.RawQuery) && !(rd.always && r.URL.RawQuery != "") {
		return other
	}
	s := rd.newSubject(r)
	if hasBody {
		if s.media = readMedia(r.Header); s.media.kind == mediaGRPC {
			return other
		}
	}
	passwordInQuery := rd.passwordInQuery(s)
	if r.TLS != nil && !r.TLS.HandshakeComplete {
		if passwordInQuery || hasBody && (s.media.kind.readable() || rd.wantsAny(s)) {
			return tooEarly
		}
	}
	if !hasBody {
		return rd.finish(s, nil, false)
	}
	if !s.media.kind.readable() && !rd.wantsAny(s) {
		// The body stays unread, so a login may only not hide its other
		// half in it.
		if passwordInQuery && s.media.kind != mediaForeign || rd.decide(s, s.query).Kind != Other {
			return unallowed
		}
		return other
	}
	if s.media.kind.readable() && !s.media.asciiCharset() {
		return badCharset
	}
	encoded := encodedBody(r.Header)
	if encoded {
		if rd.onAnyPath(s) || passwordInQuery {
			return badEncoding
		}
		if !rd.inflates {
			return other
		}
	}
	buf, whole, err := rd.readHead(w, r)
	if err != nil {
		rd.giveUp(r, buf)
		return readError(err)
	}
	if !whole {
		if encoded || passwordInQuery || rd.wantsAny(s) {
			rd.giveUp(r, buf)
			if encoded {
				return badEncoding
			}
			return tooLarge
		}
		return rd.startStream(s, buf)
	}
	if encoded {
		return rd.readEncoded(s, buf)
	}
	out := rd.readWhole(s, *buf)
	switch out.Kind {
	case Attempt, Answer:
		out.Body = append(make([]byte, 0, len(*buf)), *buf...)
		release(buf)
		fix(r, out.Body)
	case Other:
		r.Body = &replay{buf: buf, src: r.Body}
	default:
		rd.giveUp(r, buf)
	}
	return out
}

// giveUp ends the reading of a body that is refused: it is not needed any
// more, unless nothing is refused for now.
func (rd *Reader) giveUp(r *http.Request, buf *[]byte) {
	if rd.opt.Watch == nil || !rd.opt.Watch() {
		release(buf)
		return
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(*buf), r.Body), r.Body}
}

// readWhole reads a body that is there whole.
func (rd *Reader) readWhole(s *subject, body []byte) Reading {
	text := string(body)
	var f form
	switch s.media.kind {
	case mediaForm:
		f = rd.parseForm(text)
		if f.ours && s.media.clean && s.media.utf8Charset() {
			return f.answer()
		}
	case mediaMultipart:
		if s.media.clean {
			f = rd.parseMultipart(text, s.media.boundary)
		} else {
			f.broken = true
		}
	case mediaText:
		f = rd.parseText(text)
	default: // XML-RPC is read from the text
		f.text = text
	}
	if f.broken {
		if rd.onAnyPath(s) {
			return unreadable
		}
		f = rd.parseText(text)
		f.hidden = true
	}
	if f.hidden {
		if rd.could(s, append(s.query, f.pairs...)) || f.unclear && rd.couldUnclear() {
			return hiddenFields
		}
		// What was found by guessing takes no part in what follows.
		f.pairs = nil
	}
	return rd.finish(s, &f, true)
}

// finish decides over query and body together.
func (rd *Reader) finish(s *subject, f *form, hasBody bool) Reading {
	pairs := s.query
	if f != nil {
		pairs = append(pairs, f.pairs...)
	}
	out := rd.decide(s, pairs)
	if out.Kind == Other && hasBody && rd.xmlrpc {
		out = rd.decideXMLRPC(s, f)
	}
	if out.Kind == Other {
		out = rd.decideAlways(s, pairs)
	}
	if out.Kind == Other {
		out.Password = rd.carriesPassword(pairs)
	}
	if out.Kind != Attempt {
		return out
	}
	if len(s.r.Header["Upgrade"]) > 0 {
		return refuse(out.Endpoint, http.StatusBadRequest, ReasonUpgrade)
	}
	if !hasBody || out.Endpoint.cfg.Always || out.Endpoint.cfg.Body == bodyXMLRPC {
		return out
	}
	switch {
	case !s.media.clean || s.media.kind != mediaForm && s.media.kind != mediaMultipart:
		return refuse(out.Endpoint, http.StatusUnsupportedMediaType, ReasonType)
	case !s.media.utf8Charset():
		return refuse(out.Endpoint, http.StatusUnsupportedMediaType, ReasonCharset)
	case len(s.r.Header["Content-Encoding"]) > 0:
		return refuse(out.Endpoint, http.StatusUnsupportedMediaType, ReasonEncoding)
	case f.notUTF8:
		return refuse(out.Endpoint, http.StatusBadRequest, ReasonUTF8)
	}
	return out
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
		if out.Kind != Attempt {
			out, first = Reading{Kind: Attempt, Endpoint: e, Account: f.account}, f
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
