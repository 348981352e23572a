package login

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strings"
)

// readEncoded looks into a compressed body for endpoints that inflate. A
// login may not come so; everything else goes on as it came.
func (rd *Reader) readEncoded(s *subject, buf *[]byte) Reading {
	plain, ok := inflate(s.r.Header["Content-Encoding"], *buf, rd.opt.MaxBody)
	if ok {
		out := rd.readWhole(s, plain)
		if ok = out.Kind == Other; ok {
			s.r.Body = &replay{buf: buf, src: s.r.Body}
			return other
		}
	}
	rd.giveUp(s.r, buf)
	return badEncoding
}

// inflate undoes one gzip or deflate encoding, of at most limit bytes. A
// deflate without zlib's frame, as some clients send it, is taken too.
func inflate(encodings []string, b []byte, limit int64) ([]byte, bool) {
	if len(encodings) != 1 {
		return nil, false
	}
	var r io.Reader
	var err error
	switch strings.ToLower(strings.TrimSpace(encodings[0])) {
	case "gzip", "x-gzip":
		r, err = gzip.NewReader(bytes.NewReader(b))
	case "deflate":
		if r, err = zlib.NewReader(bytes.NewReader(b)); err != nil {
			r, err = flate.NewReader(bytes.NewReader(b)), nil
		}
	default:
		return nil, false
	}
	if err != nil {
		return nil, false
	}
	plain, err := io.ReadAll(io.LimitReader(r, limit+1))
	return plain, err == nil && int64(len(plain)) <= limit
}
