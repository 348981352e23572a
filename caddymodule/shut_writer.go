package caddymodule

import (
	"bufio"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/store"
)

// A request may wait in the shop, before a session's lock or for a worker,
// while a login that came after it signs its session in. So the session is
// looked at again when its answer comes: what began before the session was
// shut must not bring what only its owner may see.

// shutWriter lets an answer go unless its session has been shut since.
type shutWriter struct {
	*caddyhttp.ResponseWriterWrapper
	h        *Handler
	r        *http.Request
	g        *guard
	own      ownCookies
	sessions []store.Key
	before   http.Header // of our answer, before the shop wrote to it

	wrote, dropped bool
	nowhere        http.Header // where headers go of what is dropped
}

// watchShut wraps a writer where the answer has to be looked at.
func (h *Handler) watchShut(w http.ResponseWriter, r *http.Request, own ownCookies, body []byte) http.ResponseWriter {
	if h.second == nil || h.modeNow() == config.ModeMonitor {
		return w
	}
	g, err := h.ready()
	if err != nil {
		return w
	}
	sessions := h.sessionsOf(r, body, g)
	if len(sessions) == 0 {
		return w
	}
	s := &shutWriter{ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w}, h: h, r: r.Clone(r.Context()), g: g, own: own,
		sessions: sessions, before: w.Header().Clone()}
	if r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0 && r.Method != http.MethodConnect {
		r.Body = &shutBody{ReadCloser: r.Body, isShut: func() bool {
			shut, _ := h.isShut(s.r.Context(), g, sessions) // an error is counted when the answer comes
			return shut
		}}
	}
	return s
}

// shutBody is the body of a request whose session may be shut before all of it
// came. Shops begin when they have the whole: a sender who keeps the end back
// until another request has signed the session in would have it done by whoever
// that login was for, and needs no answer to a change of the e-mail address.
type shutBody struct {
	io.ReadCloser
	isShut func() bool
}

// Read looks at the session before it gives anything out.
func (b *shutBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if (n > 0 || err == io.EOF) && b.isShut() {
		return 0, errShut
	}
	return n, err
}

// Header is the answer's, or one that nobody reads.
func (s *shutWriter) Header() http.Header {
	if s.dropped {
		return s.nowhere
	}
	return s.ResponseWriter.Header()
}

// shut drops the answer if it must not go out.
func (s *shutWriter) shut() bool {
	if s.dropped {
		return true
	}
	shut, err := s.h.isShut(s.r.Context(), s.g, s.sessions)
	if err != nil {
		s.h.app.metrics.storeErrors.WithLabelValues("session").Inc()
	}
	if !shut {
		return false
	}
	s.dropped, s.wrote, s.nowhere = true, true, http.Header{}
	header := s.ResponseWriter.Header()
	clear(header)
	maps.Copy(header, s.before)
	if err := s.h.shutPage(s.ResponseWriter, s.r, s.g, s.own); err != nil {
		s.h.app.logger.Debug("writing the page of a shut session", zapError(err))
	}
	return true
}

// WriteHeader looks at the session first.
func (s *shutWriter) WriteHeader(code int) {
	if s.wrote {
		return
	}
	if code >= 100 && code < 200 && code != http.StatusSwitchingProtocols {
		if !s.shut() {
			s.ResponseWriter.WriteHeader(code)
		}
		return
	}
	if !s.shut() {
		s.wrote = true
		s.ResponseWriter.WriteHeader(code)
	}
}

func (s *shutWriter) Write(p []byte) (int, error) {
	if s.WriteHeader(http.StatusOK); s.dropped {
		return len(p), nil
	}
	return s.ResponseWriter.Write(p)
}

// ReadFrom keeps the short way for files.
func (s *shutWriter) ReadFrom(r io.Reader) (int64, error) {
	if s.WriteHeader(http.StatusOK); s.dropped {
		return io.Copy(io.Discard, r)
	}
	return s.ResponseWriterWrapper.ReadFrom(r)
}

// FlushError sends what there is.
func (s *shutWriter) FlushError() error {
	if s.WriteHeader(http.StatusOK); s.dropped {
		return nil
	}
	return http.NewResponseController(s.ResponseWriter).Flush()
}

// Flush is FlushError for those who ask the old way.
func (s *shutWriter) Flush() { _ = s.FlushError() }

// Hijack gives the connection away, for WebSockets and the like.
func (s *shutWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if s.shut() {
		return nil, nil, errors.New("the session waits for a second factor")
	}
	s.wrote = true
	return http.NewResponseController(s.ResponseWriter).Hijack()
}
