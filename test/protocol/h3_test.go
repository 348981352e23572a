package protocol_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/qpack"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/quic-go/quicvarint"
)

// field is one line of a head, of HTTP/2 or HTTP/3, as it is sent.
type field struct{ name, value string }

// fields is a head for a request, with more or other lines: a value that
// begins with "-" takes the line of that name away.
func fields(method, path string, more ...string) (out []field) {
	out = []field{{":method", method}, {":scheme", "https"}, {":authority", "localhost"}, {":path", path}}
	for i := 0; i+1 < len(more); i += 2 {
		out = append(out, field{more[i], more[i+1]})
	}
	return out
}

// form is the head of a login.
func form(more ...string) []field {
	return fields(http.MethodPost, "/login", append([]string{"content-type", formType}, more...)...)
}

// without is a head without a line.
func without(name string, in []field) (out []field) {
	for _, f := range in {
		if f.name != name {
			out = append(out, f)
		}
	}
	return out
}

// with is a head in which a line has another value.
func with(name, value string, in []field) (out []field) {
	for _, f := range in {
		if f.name == name {
			f.value = value
		}
		out = append(out, f)
	}
	return out
}

// errReset says that the server would not answer.
var errReset = errors.New("the stream was reset")

// Types of frames (RFC 9114 §7.2).
const dataFrame, headersFrame = 0, 1

func frame3(kind uint64, b []byte) []byte {
	return append(quicvarint.Append(quicvarint.Append(nil, kind), uint64(len(b))), b...)
}

// frames3 reads frames of HTTP/3; as a reader it is what the DATA frames
// hold.
type frames3 struct {
	r    quicvarint.Reader
	kind uint64
	rest []byte
}

func (f *frames3) next() error {
	kind, err := quicvarint.Read(f.r)
	if err != nil {
		return err
	}
	n, err := quicvarint.Read(f.r)
	if err != nil {
		return err
	}
	f.kind, f.rest = kind, make([]byte, n)
	_, err = io.ReadFull(f.r, f.rest)
	return err
}

func (f *frames3) Read(p []byte) (int, error) {
	for len(f.rest) == 0 || f.kind != dataFrame {
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// ask3 sends a request over HTTP/3 frame by frame and returns the status of
// the answer.
func ask3(ctx context.Context, conn *quic.Conn, head []field, body ...string) (int, error) {
	str, err := conn.OpenStreamSync(ctx)
	if err != nil {
		return 0, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		str.SetDeadline(deadline)
	}
	out := head3(head)
	for _, b := range body {
		out = append(out, frame3(dataFrame, []byte(b))...)
	}
	if _, err := str.Write(out); err == nil {
		str.Close()
	}
	return status3(str)
}

// head3 is a HEADERS frame.
func head3(head []field) []byte {
	var b bytes.Buffer
	enc := qpack.NewEncoder(&b)
	for _, f := range head {
		enc.WriteField(qpack.HeaderField{Name: f.name, Value: f.value})
	}
	return frame3(headersFrame, b.Bytes())
}

// status3 waits for the answer on a stream.
func status3(str io.Reader) (int, error) {
	in := &frames3{r: quicvarint.NewReader(str)}
	for {
		if err := in.next(); err != nil {
			return 0, fmt.Errorf("%w: %w", errReset, err)
		}
		if in.kind != headersFrame {
			continue
		}
		decode := qpack.NewDecoder().Decode(in.rest)
		for {
			f, err := decode()
			if err != nil {
				return 0, err
			}
			var status int
			if _, err := fmt.Sscanf(f.Value, "%d", &status); f.Name == ":status" && err == nil {
				return status, nil
			}
		}
	}
}

// framed is a request in frames, of HTTP/2 or HTTP/3.
type framed struct {
	what   string
	head   []field
	body   string
	status []int // any of these; 0: reset or closed
	logins int
}

// oddFrames is the table for HTTP/2 and HTTP/3 alike.
func oddFrames() []framed {
	reset := []int{0, 400}
	ok := []int{200}
	return []framed{
		{"a plain login", form(), canary, ok, 1},
		{"a login with its length", form("content-length", fmt.Sprint(len(canary))), canary, ok, 1},
		{"a login in an address", fields("GET", "/login?"+canary), "", ok, 1},
		{"a login by HEAD", fields("HEAD", "/login?"+canary), "", ok, 1},
		{"a length that is too small", form("content-length", "5"), canary, reset, 0},
		{"a length that is too large", form("content-length", "99"), canary, reset, 0},
		{"a length of nothing", form("content-length", "0"), canary, append(ok, reset...), 0},
		{"two lengths", form("content-length", fmt.Sprint(len(canary)), "content-length", "5"), canary, append(ok, reset...), -1}, // net/http takes the first, and so does the shop
		{"a length with a sign", form("content-length", "+29"), canary, reset, 0},
		{"an encoding", form("transfer-encoding", "chunked"), zero + hidden, reset, 0},
		{"Connection", form("connection", "keep-alive, content-length"), canary, reset, 0},
		{"Upgrade", form("upgrade", "h2c"), canary, reset, 0},
		{"Proxy-Connection", form("proxy-connection", "keep-alive"), canary, reset, 0},
		{"TE", form("te", "chunked"), canary, append(ok, reset...), -1},
		{"two methods", append([]field{{":method", "GET"}}, form()...), canary, reset, 0},
		{"two paths", append([]field{{":path", "/a"}}, form()...), canary, reset, 0},
		{"two authorities", append([]field{{":authority", "evil"}}, form()...), canary, reset, 0},
		{"a path after the head", append(without(":path", form()), field{":path", "/login"}), canary, reset, 0},
		{"an unknown pseudo-header", append([]field{{":unknown", "x"}}, form()...), canary, reset, 0},
		{"a status", append([]field{{":status", "200"}}, form()...), canary, reset, 0},
		{"no path", without(":path", form()), canary, reset, 0},
		{"no method", without(":method", form()), canary, reset, 0},
		{"an empty path", with(":path", "", form()), canary, reset, 0},
		{"a path without a slash", with(":path", "login", form()), canary, reset, 0},
		{"a path with a space", with(":path", "/log in", form()), canary, ok, 1},
		{"a path with a version", with(":path", "/login HTTP/1.1", form()), canary, ok, 1},
		{"a query with a version", with(":path", "/login?x HTTP/1.1", form()), canary, []int{400}, 0},
		{"a login in a query with a space", fields("GET", "/login?password=b&email=alice x"), "", []int{400}, 0},
		{"a path with a line", with(":path", "/a HTTP/1.1\r\nX: y\r\n\r\nGET /login?"+canary, form()), "", reset, 0},
		{"a path with a tab", with(":path", "/a\tb", form()), canary, reset, 0},
		{"a method with a line", with(":method", "GET /login?"+canary+" HTTP/1.1\r\nX:", form()), "", reset, 0},
		{"a long method with a space", with(":method", "GET /login?"+canary, form()), "", []int{0, 400, 405}, 0},
		{"a method with a space", with(":method", "GET /a HTTP/1.1", form()), canary, []int{0, 400, 502}, 0},
		{"an authority with a line", with(":authority", "localhost\r\nX: y", form()), canary, reset, 0},
		{"an authority with a user", with(":authority", "a@localhost", form()), canary, append(reset, 200), -1},
		{"another host", form("host", "evil"), canary, append(ok, reset...), -1},
		{"two hosts", form("host", "localhost", "host", "evil"), canary, append(ok, reset...), -1},
		{"a name in upper case", form("X-Upper", "x"), canary, reset, 0},
		{"a name with a colon", form("x:y", "x"), canary, reset, 0},
		{"a name with a line", form("x\r\ntransfer-encoding: chunked\r\ny", "x"), canary, reset, 0},
		{"a name with a space", form("transfer-encoding ", "chunked"), canary, reset, 0},
		{"an empty name", form("", "x"), canary, reset, 0},
		{"a value with a line", form("x", "y\r\ntransfer-encoding: chunked"), canary, reset, 0},
		{"a value with LF", form("x", "y\ncontent-length: 5"), canary, reset, 0},
		{"a value with NUL", form("x", "y\x00z"), canary, reset, 0},
		{"a CONNECT with a path", fields("CONNECT", "/login?"+canary), "", reset, 0},
		{"a CONNECT with a request for a body", without(":path", without(":scheme", fields("CONNECT", ""))), hidden, []int{0, 400, 405}, 0},
		{"an extended CONNECT", append([]field{{":protocol", "foo"}}, fields("CONNECT", "/login?"+canary)...), "", []int{0, 400, 405}, 0},
		{"a body that looks like chunks", form(), chunk(canary) + zero + hidden, []int{200, 400}, 0},
		{"a head of 2 MiB", form("x", strings.Repeat("y", 2<<20)), canary, []int{0, 431}, 0},
	}
}

func TestNoOddFrameOfHTTP3ReachesTheShopUnseen(t *testing.T) {
	t.Parallel()
	a := startApp(t)
	g := guarded(t, a.URL)
	for _, row := range oddFrames() {
		t.Run(row.what, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
			defer cancel()
			conn, err := quic.DialAddr(ctx, secure(g), trusting(http3.NextProtoH3), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.CloseWithError(0, "")
			before := look(a, g)
			status, err := ask3(ctx, conn, row.head, row.body)
			row.verdict(t, status, err)
			before.check(t, row.logins)
		})
	}
}

// verdict fails the test unless the answer is one of those that the row
// allows.
func (row framed) verdict(t *testing.T, status int, err error) {
	t.Helper()
	if errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	for _, want := range row.status {
		if status == want {
			return
		}
	}
	t.Errorf("status %d (%v), want %v", status, err, row.status)
}
