package login

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

// firstBuffer is how much a body's buffer holds at first; bodies of logins
// are below 1 KiB (largest captured: 300 B).
const firstBuffer = 4 << 10

// buffers keeps small buffers; larger ones are rare and left to the garbage
// collector, so that idle memory stays small.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, firstBuffer); return &b }}

// readHead reads the body up to the cap. whole says that it ended there.
// The deadline of the connection bounds it and is taken back afterwards.
func (rd *Reader) readHead(w http.ResponseWriter, r *http.Request) (buf *[]byte, whole bool, err error) {
	rc := http.NewResponseController(w)
	if rc.SetReadDeadline(rd.opt.Now().Add(rd.opt.ClassifyTimeout)) == nil {
		defer rc.SetReadDeadline(time.Time{})
	}
	buf = buffers.Get().(*[]byte)
	b := (*buf)[:0]
	limit := int(rd.opt.MaxBody)
	for {
		if len(b) == cap(b) {
			// Twice as large, but never beyond the cap and one more byte,
			// which tells a body of just the cap from a larger one.
			n := min(2*cap(b), limit+1)
			b = append(make([]byte, 0, n), b...)
		}
		room := min(cap(b), limit+1)
		n, err := r.Body.Read(b[len(b):room])
		b = b[:len(b)+n]
		*buf = b
		switch {
		case len(b) > limit:
			return buf, false, nil
		case err == io.EOF:
			return buf, true, nil
		case err != nil:
			return buf, false, err
		}
	}
}

// readError says what a failed read means for the client.
func readError(err error) Reading {
	var max *http.MaxBytesError
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refuse(nil, http.StatusRequestTimeout, ReasonTimeout)
	case errors.As(err, &max):
		return tooLarge
	}
	return refuse(nil, http.StatusBadRequest, ReasonRead)
}

// replay gives the bytes of a body once more, then the buffer back.
type replay struct {
	mu     sync.Mutex
	buf    *[]byte // nil once read or closed
	off    int
	closed bool
	src    io.Closer
}

func (p *replay) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return 0, http.ErrBodyReadAfterClose
	case p.buf == nil:
		return 0, io.EOF
	}
	n := copy(b, (*p.buf)[p.off:])
	p.off += n
	if p.off < len(*p.buf) {
		return n, nil
	}
	// Nobody needs to close a server's body, so the end is the time to give
	// the buffer back.
	release(p.buf)
	p.buf = nil
	return n, io.EOF
}

func (p *replay) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	if p.buf != nil {
		release(p.buf)
		p.buf = nil
	}
	return p.src.Close()
}

func release(buf *[]byte) {
	if cap(*buf) == firstBuffer {
		*buf = (*buf)[:0]
		buffers.Put(buf)
	}
}

// fix gives an attempt its bytes as a body of fixed length: what goes on can
// no longer be framed in two ways. php_fastcgi takes the length from the
// header, net/http from the field.
func fix(r *http.Request, body []byte) {
	r.Body = struct {
		io.Reader
		io.Closer
	}{bytes.NewReader(body), r.Body}
	r.ContentLength = int64(len(body))
	// Names are in canonical form, so the map is written to as it is.
	r.Header["Content-Length"] = []string{strconv.Itoa(len(body))}
	r.TransferEncoding = nil
	delete(r.Header, "Trailer")
	r.Trailer = nil
}
