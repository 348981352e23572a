package inproc

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Request is a request to play, and what its answer must be.
type Request struct {
	Method, Target string
	Header         [][2]string // names in canonical form
	Body           []byte
	Remote         string // host:port

	// Status of the answer. Guard is how its Login-Guard header begins, ""
	// for an answer without.
	Status int
	Guard  string
	// Next reads the answer's body and completes the request that follows.
	Next func(answer []byte, next *Request) error

	url *url.URL
}

// Player plays requests one after the other. It reuses what it hands to the
// server: a handler that keeps a request beyond ServeHTTP would see the next.
type Player struct {
	Server http.Handler
	// Keep says that all answers' bodies are kept, see Body, and not only
	// those that the request after them needs.
	Keep bool

	ctx    context.Context
	r      http.Request
	header http.Header
	values []string
	body   body
	answer answer
}

// PlayAll plays requests that belong together.
func (p *Player) PlayAll(requests []*Request) error {
	for i, q := range requests {
		if err := p.Play(q); err != nil {
			return err
		}
		if q.Next != nil && i+1 < len(requests) {
			if err := q.Next(p.Body(), requests[i+1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Play plays one request and says what is wrong with its answer.
func (p *Player) Play(q *Request) error {
	if p.ctx == nil {
		p.ctx = context.WithValue(context.Background(), http.ServerContextKey, new(http.Server))
		p.answer.header = make(http.Header)
		p.header = make(http.Header)
		p.values = make([]string, 64)
	}
	if q.url == nil {
		u, err := url.ParseRequestURI(q.Target)
		if err != nil {
			return err
		}
		q.url = u
	}
	header, u := p.header, p.r.URL
	if u == nil {
		u = new(url.URL)
	}
	*u = *q.url
	clear(header)
	for i, h := range q.Header {
		p.values[i] = h[1]
		header[h[0]] = p.values[i : i+1 : i+1]
	}
	p.body.Reset(q.Body)
	fresh := http.Request{Method: q.Method, URL: u, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header,
		Body: http.NoBody, ContentLength: int64(len(q.Body)), Host: Host, RemoteAddr: q.Remote, RequestURI: q.Target}
	if len(q.Body) > 0 {
		fresh.Body = &p.body
	}
	if p.r.URL == nil {
		p.r = *fresh.WithContext(p.ctx) // the one way to set a context
	} else {
		assign(&p.r, &fresh)
	}
	p.answer.reset(p.Keep || q.Next != nil)
	p.Server.ServeHTTP(&p.answer, &p.r)
	guard := ""
	if v := p.answer.header["Login-Guard"]; len(v) > 0 {
		guard = v[0]
	}
	if p.answer.status != q.Status || (q.Guard == "") != (guard == "") || !strings.HasPrefix(guard, q.Guard) {
		return fmt.Errorf("%s %s was answered %d (Login-Guard: %s), want %d (%s)", q.Method, q.Target, p.answer.status, guard, q.Status, q.Guard)
	}
	return nil
}

// assign sets all that a request is made of but its context.
func assign(to, from *http.Request) {
	to.Method, to.URL, to.Header, to.Body, to.ContentLength = from.Method, from.URL, from.Header, from.Body, from.ContentLength
	to.Host, to.RemoteAddr, to.RequestURI = from.Host, from.RemoteAddr, from.RequestURI
	to.Form, to.PostForm, to.MultipartForm, to.Trailer, to.TLS, to.Pattern = nil, nil, nil, nil, nil, ""
}

// Header and Body are those of the last answer.
func (p *Player) Header() http.Header { return p.answer.header }
func (p *Player) Body() []byte        { return p.answer.kept.Bytes() }

// Length is how many bytes the last answer's body had.
func (p *Player) Length() int { return p.answer.length }

// body is a request's body that can be used again.
type body struct{ bytes.Reader }

func (*body) Close() error { return nil }

// answer is a ResponseWriter that counts, and knows deadlines as those of
// net/http do.
type answer struct {
	header http.Header
	status int
	length int
	keep   bool
	kept   bytes.Buffer
}

func (a *answer) reset(keep bool) {
	clear(a.header)
	a.status, a.length, a.keep = 0, 0, keep
	a.kept.Reset()
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.length += len(b)
	if a.keep {
		a.kept.Write(b)
	}
	return len(b), nil
}

func (a *answer) Flush()                           {}
func (a *answer) SetReadDeadline(time.Time) error  { return nil }
func (a *answer) SetWriteDeadline(time.Time) error { return nil }
func (a *answer) EnableFullDuplex() error          { return nil }

var (
	_ io.ReadCloser       = (*body)(nil)
	_ http.ResponseWriter = (*answer)(nil)
)
