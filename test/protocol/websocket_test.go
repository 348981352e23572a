package protocol_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/quic-go/qpack"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/quic-go/quicvarint"
	"golang.org/x/net/http2"
)

// sockets is an upstream with a WebSocket on every path that sends back what
// it gets.
func sockets(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Sec-WebSocket-Key") == "" {
			http.Error(w, "only WebSockets", http.StatusUpgradeRequired)
			return
		}
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n")
		rw.Flush()
		io.Copy(conn, rw)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// message is a masked frame of a WebSocket (RFC 6455 §5.2) whose text looks
// like a login, with a mask of nothing.
var message = append([]byte{0x81, 0x80 | byte(len(canary)), 0, 0, 0, 0}, canary...)

// talk sends messages and wants each back before the next.
func talk(t *testing.T, send func([]byte) error, receive io.Reader) {
	t.Helper()
	for range 5 {
		if err := send(message); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(message))
		if _, err := io.ReadFull(receive, got); err != nil || !bytes.Equal(got, message) {
			t.Fatalf("%q %v", got, err)
		}
	}
}

// Not in parallel: Go's HTTP/2 opens WebSockets only where the environment
// says so.
func TestWebSocketsPassByEveryProtocol(t *testing.T) {
	t.Setenv("GODEBUG", "http2xconnect=1")
	g := guarded(t, sockets(t))
	for _, path := range []string{"/socket", "/login", "/socket?token=x"} {
		t.Run("HTTP/1.1 on "+path, func(t *testing.T) {
			conn := dial(t, g.URL)
			io.WriteString(conn, raw("", "GET "+path+" HTTP/1.1", "Host: localhost", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="))
			br := bufio.NewReader(conn)
			resp, err := http.ReadResponse(br, nil)
			if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
				t.Fatalf("%v %v", resp, err)
			}
			talk(t, func(b []byte) error { _, err := conn.Write(b); return err }, br)
		})
		head := append([]field{{":protocol", "websocket"}}, fields("CONNECT", path, "sec-websocket-version", "13")...)
		t.Run("HTTP/2 on "+path, func(t *testing.T) {
			c := dial2(t, g)
			c.head(1, head, false)
			if status, err := c.status(t, 1); status != http.StatusOK {
				t.Fatalf("%d %v", status, err)
			}
			out, in := io.Pipe()
			go func() {
				for {
					f, err := c.ReadFrame()
					if d, ok := f.(*http2.DataFrame); ok {
						in.Write(d.Data())
					}
					if err != nil {
						in.CloseWithError(err)
						return
					}
				}
			}()
			talk(t, func(b []byte) error { return c.WriteData(1, false, b) }, out)
		})
		t.Run("HTTP/3 on "+path, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			conn, err := quic.DialAddr(ctx, secure(g), trusting(http3.NextProtoH3), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.CloseWithError(0, "")
			str, err := conn.OpenStreamSync(ctx)
			if err != nil {
				t.Fatal(err)
			}
			str.SetDeadline(time.Now().Add(20 * time.Second))
			str.Write(head3(head))
			in := &frames3{r: quicvarint.NewReader(str)}
			if err := in.next(); err != nil || in.kind != headersFrame {
				t.Fatalf("frame %d, %v", in.kind, err)
			}
			f, err := qpack.NewDecoder().Decode(in.rest)()
			if err != nil || f.Name != ":status" || f.Value != "200" {
				t.Fatalf("%v %v", f, err)
			}
			in.rest = nil
			talk(t, func(b []byte) error { _, err := str.Write(frame3(dataFrame, b)); return err }, in)
		})
	}
	if d := g.Decisions(); len(d) != 0 {
		t.Errorf("decisions on WebSockets: %+v", d)
	}
}
