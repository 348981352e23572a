package protocol_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/login-guard/login-guard/internal/guardtest"
)

// conn2 is a connection that speaks HTTP/2 frame by frame.
type conn2 struct {
	*tls.Conn
	*http2.Framer
}

func dial2(t *testing.T, g *guardtest.Gateway) *conn2 {
	t.Helper()
	conn, err := tls.Dial("tcp", secure(g), trusting("h2"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(15 * time.Second))
	if _, err := conn.Write([]byte(http2.ClientPreface)); err != nil {
		t.Fatal(err)
	}
	c := &conn2{conn, http2.NewFramer(conn, conn)}
	c.AllowIllegalWrites = true
	c.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if err := c.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	return c
}

// block is a head as HPACK has it.
func block(head []field) []byte {
	var b bytes.Buffer
	enc := hpack.NewEncoder(&b)
	for _, f := range head {
		enc.WriteField(hpack.HeaderField{Name: f.name, Value: f.value})
	}
	return b.Bytes()
}

// head sends a head in as many frames as it needs.
func (c *conn2) head(stream uint32, head []field, end bool) {
	b := block(head)
	part := b[:min(len(b), 16<<10)]
	b = b[len(part):]
	c.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: part, EndStream: end, EndHeaders: len(b) == 0})
	for len(b) > 0 {
		part, b = b[:min(len(b), 16<<10)], b[min(len(b), 16<<10):]
		if c.WriteContinuation(stream, len(b) == 0, part) != nil {
			return
		}
	}
}

// status waits for the answer on a stream: its status, or 0 and how the
// server ended it.
func (c *conn2) status(t *testing.T, stream uint32) (int, error) {
	t.Helper()
	for {
		f, err := c.ReadFrame()
		if err != nil {
			return 0, fmt.Errorf("%w: %w", errReset, err)
		}
		switch f := f.(type) {
		case *http2.MetaHeadersFrame:
			var status int
			if fmt.Sscanf(f.PseudoValue("status"), "%d", &status); f.StreamID == stream && status >= 200 {
				return status, nil
			}
		case *http2.RSTStreamFrame:
			if f.StreamID == stream {
				return 0, fmt.Errorf("%w: %s", errReset, f.ErrCode)
			}
		case *http2.GoAwayFrame:
			if f.ErrCode != http2.ErrCodeNo {
				return 0, fmt.Errorf("%w: going away, %s", errReset, f.ErrCode)
			}
		case *http2.SettingsFrame:
			if !f.IsAck() {
				c.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !f.IsAck() {
				c.WritePing(true, f.Data)
			}
		}
	}
}

func TestNoOddFrameOfHTTP2ReachesTheShopUnseen(t *testing.T) {
	t.Parallel()
	a := startApp(t)
	g := guarded(t, a.URL)
	for _, row := range oddFrames() {
		t.Run(row.what, func(t *testing.T) {
			before := look(a, g)
			c := dial2(t, g)
			c.head(1, row.head, row.body == "")
			if row.body != "" {
				c.WriteData(1, true, []byte(row.body))
			}
			status, err := c.status(t, 1)
			row.verdict(t, status, err)
			before.check(t, row.logins)
		})
	}
}

// What only HTTP/2 can say.
func TestNoOrderOfFramesReachesTheShopUnseen(t *testing.T) {
	t.Parallel()
	a := startApp(t)
	g := guarded(t, a.URL)
	for _, row := range []struct {
		what   string
		send   func(*conn2)
		status []int
		logins int
	}{
		{"a head in pieces of one byte", func(c *conn2) {
			b := block(form())
			c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: b[:1]})
			for i := 1; i < len(b); i++ {
				c.WriteContinuation(1, i == len(b)-1, b[i:i+1])
			}
			c.WriteData(1, true, []byte(canary))
		}, []int{200}, 1},
		{"a body in pieces, with padding", func(c *conn2) {
			c.head(1, form(), false)
			for _, b := range []byte(canary) {
				c.WriteDataPadded(1, false, []byte{b}, make([]byte, 3))
			}
			c.WriteData(1, true, nil)
		}, []int{200}, 1},
		{"trailers", func(c *conn2) {
			c.head(1, form("trailer", "x-sum"), false)
			c.WriteData(1, false, []byte(canary))
			c.head(1, []field{{"x-sum", "1"}}, true)
		}, []int{200}, 1},
		{"trailers with a path", func(c *conn2) {
			c.head(1, form(), false)
			c.WriteData(1, false, []byte(canary))
			c.head(1, []field{{":path", "/hidden?" + canary}}, true)
		}, []int{0, 400}, 0},
		{"trailers with a length", func(c *conn2) {
			c.head(1, form("trailer", "content-length"), false)
			c.WriteData(1, false, []byte(canary))
			c.head(1, []field{{"content-length", "3"}}, true)
		}, []int{0, 200, 400}, -1},
		{"another stream in the midst of a head", func(c *conn2) {
			b := block(form())
			c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: b[:4]})
			c.head(3, form(), false)
			c.WriteContinuation(1, true, b[4:])
			c.WriteData(1, true, []byte(canary))
		}, []int{0}, 0},
		{"a continuation of nothing", func(c *conn2) { c.WriteContinuation(1, true, block(form())) }, []int{0}, 0},
		{"a body before its head", func(c *conn2) {
			c.WriteData(1, false, []byte(canary))
			c.head(1, form(), true)
		}, []int{0}, 0},
		{"a body after the end", func(c *conn2) {
			c.head(1, form("content-length", "0"), true)
			c.WriteData(1, true, []byte(canary))
		}, []int{0, 200}, 0},
		{"a second head on the stream", func(c *conn2) {
			c.head(1, form(), false)
			c.head(1, form(), false)
			c.WriteData(1, true, []byte(canary))
		}, []int{0, 400}, 0},
		{"an even stream", func(c *conn2) { c.head(2, form(), true); c.head(1, form(), true) }, []int{0}, 0},
		{"a head that is no HPACK", func(c *conn2) {
			c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0xff, 0xff, 0xff, 0xff}, EndHeaders: true, EndStream: true})
		}, []int{0}, 0},
		{"64 MiB of continuations", func(c *conn2) {
			c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block(form("x", "y"))})
			more := block([]field{{"x", strings.Repeat("~", 8<<10)}})
			for range 8 << 10 {
				if c.WriteContinuation(1, false, more) != nil {
					return
				}
			}
		}, []int{0}, 0},
	} {
		t.Run(row.what, func(t *testing.T) {
			before := look(a, g)
			c := dial2(t, g)
			row.send(c)
			status, err := c.status(t, 1)
			framed{status: row.status}.verdict(t, status, err)
			before.check(t, row.logins)
		})
	}
}

func TestAHundredLoginsAtOnceOnOneConnectionCountAsAHundred(t *testing.T) {
	t.Parallel()
	a := startApp(t)
	g := guarded(t, a.URL)
	before := look(a, g)
	c := dial2(t, g)
	const n = 100
	for i := range uint32(n) {
		c.head(2*i+1, form(), false)
		c.WriteData(2*i+1, true, []byte(canary))
	}
	for answers := 0; answers < n; {
		f, err := c.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if h, ok := f.(*http2.MetaHeadersFrame); ok {
			if h.PseudoValue("status") != "200" {
				t.Errorf("stream %d: %s", h.StreamID, h.PseudoValue("status"))
			}
			answers++
		}
	}
	before.check(t, n)
	if attempts, sent := counted(g); attempts != n || sent != n {
		t.Errorf("%d attempts, %d sent", attempts, sent)
	}
}
