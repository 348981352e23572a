package login

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"

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
	// CountsAll says that the caller counts an attempt on each of a
	// Reading's Accounts. Then a form whose address names an account
	// (`/login?email=x`) and whose body names another is an attempt on both;
	// without it is refused, as servers differ on which they take.
	// Default: false
	CountsAll bool
	// Sides says that the caller counts side ways (registrations, resets,
	// codes, changes). Without it their requests are Other. Default: false
	Sides bool
	// The clock that deadlines are set by. Default: time.Now
	Now func() time.Time
}

// Reader tells logins from everything else. It is immutable and safe for
// concurrent use.
type Reader struct {
	opt       Options
	endpoints []*Endpoint // logins
	sides     []*Endpoint // other ways to an account
	graphql   []graphQLLogin

	// Names worth keeping: first parts, and second parts behind any first.
	heads, inner map[string]bool
	// single has the tokens of each head, for names without brackets.
	single map[string]tokens
	// starts has for each length of a head a bit for each first letter.
	starts [maxPlain + 1]uint32
	// The same for passwords that a query may hold.
	queryHeads map[string]bool
	queryInner bool
	always     bool // an endpoint takes whole paths
	inflates   bool
	xmlrpc     bool
	json       bool // some shop's fields may come as JSON
	basic      bool
	gmail      bool
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
		e.countsAll = opt.CountsAll
		rd.gmail = rd.gmail || c.GmailDots
		if e.isSide() {
			if !opt.Sides {
				continue
			}
			rd.sides = append(rd.sides, e)
		} else {
			rd.endpoints = append(rd.endpoints, e)
		}
		for _, f := range slices.Concat(e.account, e.fallback, e.password, e.requires, e.exempt, e.conflicts) {
			if f.wild {
				rd.inner[f.toks[0]] = true
			} else {
				rd.heads[f.toks[0]] = true
			}
		}
		for _, g := range c.GraphQL {
			rd.graphql = append(rd.graphql, newGraphQLLogin(e, g))
			for part := range graphQLParts {
				rd.heads[part] = true
			}
			rd.queryHeads[partQuery], rd.queryHeads[partOperations] = true, true
			if len(c.Persisted) > 0 {
				for part := range graphQLParts {
					rd.queryHeads[part] = true
				}
			}
		}
		rd.json = rd.json || e.cfg.Body == bodyForm && !c.FormOnly
		rd.basic = rd.basic || e.cfg.Body == bodyBasic
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
	rd.single = make(map[string]tokens, len(rd.heads))
	for head := range rd.heads {
		rd.single[head] = tokens{head}
		if n := len(head); n > 0 && n <= maxPlain {
			rd.starts[n] |= 1 << (head[0] & 31)
		}
	}
	return rd, nil
}

// Read says what a request is. It reads the body of requests that could be
// a login, up to the cap, and puts back a body of the same bytes; w serves
// only to bound the time that takes. A request without body and without a
// query that could hold a password costs no allocation.
func (rd *Reader) Read(w http.ResponseWriter, r *http.Request) Reading {
	reading := rd.read(w, r)
	if reading.Kind == Attempt && (oddMarkup(reading.Account) || slices.ContainsFunc(reading.Accounts, oddMarkup)) {
		return refuse(reading.Endpoint, http.StatusBadRequest, ReasonField)
	}
	reading.addTwin()
	return reading
}

func (rd *Reader) read(w http.ResponseWriter, r *http.Request) Reading {
	hasBody := r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0
	if r.Method == http.MethodConnect && hasBody {
		if !opensWebSocket(r) {
			// Go's client sends it without saying where it ends, so the shop
			// reads what comes in it as requests of their own.
			return connectBody
		}
		hasBody = false
	}
	basic := rd.basic && (hasBasic(r.Header) || hintsBasic(r.Header))
	if !hasBody && !basic && !rd.queryMayHold(r.URL.RawQuery) && !(rd.always && r.URL.RawQuery != "") {
		return other
	}
	var (
		buf   *[]byte // the start of the body, once it was read
		whole bool
		err   error
	)
	if hasBody && !basic && rd.quick(r) {
		buf, whole, err = rd.readHead(w, r)
		if whole && err == nil && rd.dull(*buf) {
			r.Body = &replay{buf: buf, src: r.Body}
			return other
		}
	}
	if rd.tooLong(r) {
		if buf != nil {
			rd.giveUp(r, buf)
		}
		return longQuery
	}
	s := rd.newSubject(r)
	// A login that is none here leaves the rest of the request to be read.
	basic = basic && rd.decideBasic(s).Kind != Other
	if hasBody {
		s.media = readMedia(r.Header)
		if (rd.json || len(rd.graphql) > 0) && !rd.reads(s) && rd.onJSONPath(s) {
			// Servers that decode whatever they are sent as JSON do not ask
			// for its type.
			s.media.kind = mediaText
		}
		if s.media.kind == mediaGRPC && !basic {
			return other
		}
		if s.media.mixed && rd.onAnyPath(s) {
			return unreadable
		}
	}
	passwordInQuery := rd.passwordInQuery(s)
	if inEarlyData(r) && (basic || passwordInQuery || hasBody && !mayBeEmpty(r) && (rd.reads(s) || rd.wantsAny(s))) {
		return tooEarly
	}
	if basic {
		return rd.readBasic(w, s, hasBody)
	}
	if !hasBody {
		return rd.finish(s, nil, false)
	}
	return rd.readBody(w, s, start{buf, whole, err}, passwordInQuery)
}

// start is the first part of a body: all of it if whole. buf is nil until it
// was read.
type start struct {
	buf   *[]byte
	whole bool
	err   error
}

// readBody goes on with a request that has a body and may be a login.
func (rd *Reader) readBody(w http.ResponseWriter, s *subject, b start, passwordInQuery bool) Reading {
	r := s.r
	if !rd.reads(s) && !rd.wantsAny(s) {
		// The body stays unread, so a login may only not hide its other
		// half in it.
		if passwordInQuery && s.media.kind != mediaForeign || rd.decideAll(s, s.query, nil).Kind != Other {
			return unallowed
		}
		return rd.sideUnread(s)
	}
	if rd.reads(s) && !s.media.asciiCharset() {
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
	if b.buf == nil {
		b.buf, b.whole, b.err = rd.readHead(w, r)
	}
	switch {
	case b.err != nil:
		rd.giveUp(r, b.buf)
		return readError(b.err)
	case b.whole && int64(len(*b.buf)) < r.ContentLength:
		// HTTP/3 servers do not look; no shop should have to.
		rd.giveUp(r, b.buf)
		return refuse(nil, http.StatusBadRequest, ReasonRead)
	case len(*b.buf) > 0 && inEarlyData(r):
		rd.giveUp(r, b.buf)
		return tooEarly
	case b.whole && encoded:
		return rd.readEncoded(s, b.buf)
	case b.whole:
		return rd.decideOn(s, b.buf)
	case encoded:
		rd.giveUp(r, b.buf)
		return badEncoding
	case passwordInQuery || rd.wantsAny(s):
		rd.giveUp(r, b.buf)
		return tooLarge
	}
	return rd.startStream(s, b.buf)
}

// decideOn decides on a request whose whole body is in buf, and gives the
// request a body of the same bytes.
func (rd *Reader) decideOn(s *subject, buf *[]byte) Reading {
	out := other
	if len(*buf) == 0 {
		out = rd.finish(s, nil, false) // of unknown length, and nothing came
	} else {
		out = rd.readWhole(s, *buf)
	}
	switch out.Kind {
	case Attempt, Answer, Side:
		out.Body = append(make([]byte, 0, len(*buf)), *buf...)
		release(buf)
		fix(s.r, out.Body)
	case Other:
		s.r.Body = &replay{buf: buf, src: s.r.Body}
	default:
		rd.giveUp(s.r, buf)
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
	kind := s.media.kind
	if !rd.reads(s) {
		kind = mediaForeign // kept for XML-RPC or for an endpoint's whole path
	}
	switch kind {
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
	case mediaJSON:
		f = rd.parseJSONBody(text)
	case mediaGraphQL:
		f = form{text: text, notUTF8: !utf8.ValidString(text)}
	default: // XML-RPC is read from the text
		f.text = text
	}
	if f.broken {
		if rd.onAnyPath(s) {
			return unreadable
		}
		asJSON := s.media.kind == mediaJSON
		f = form{text: text, hidden: true}
		if !asJSON {
			f = rd.parseText(text)
		}
	}
	if (f.hidden || s.media.kind == mediaForm && startsJSON(text)) && rd.hidesJSON(s, text) {
		return hiddenFields
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

// Endpoint is the login of that name, nil if there is none.
func (rd *Reader) Endpoint(name string) *Endpoint {
	for _, e := range rd.endpoints {
		if e.Name() == name {
			return e
		}
	}
	return nil
}
