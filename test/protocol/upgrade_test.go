package protocol_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// eager is an app that takes every offer to go on in HTTP/2 or TLS, as some
// servers do, and then counts whatever it is sent there as requests.
func eager(t *testing.T) (address string, tunnelled func() string) {
	t.Helper()
	behind := make(chan string, 16)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	serve := func(conn net.Conn) {
		defer conn.Close()
		br := bufio.NewReader(conn)
		for {
			r, err := http.ReadRequest(br)
			if err != nil {
				return
			}
			io.Copy(io.Discard, r.Body)
			protocol := r.Header.Get("Upgrade")
			if protocol == "" {
				fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno")
				continue
			}
			fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", protocol)
			line, _ := br.ReadString('\n')
			behind <- line
			fmt.Fprint(conn, "heard\n")
			return
		}
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return "http://" + l.Addr().String(), func() string {
		select {
		case line := <-behind:
			return line
		default:
			return ""
		}
	}
}

// dial opens a plain connection to a gateway.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

// What is said after such an upgrade nobody could read any more. Caddy passes
// the offer on, which the first run shows: else the second would prove
// nothing.
func TestNoOtherHTTPIsSpokenPastTheGuard(t *testing.T) {
	t.Parallel()
	shop, tunnelled := eager(t)
	offer := func(t *testing.T, address, offer string) (status int) {
		conn := dial(t, address)
		io.WriteString(conn, raw("", "GET /login HTTP/1.1", "Host: localhost", offer, "HTTP2-Settings: AAMAAABkAAQAAP__"))
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode == http.StatusSwitchingProtocols {
			fmt.Fprintf(conn, "%s\n", canary)
			io.ReadAll(conn)
		}
		return resp.StatusCode
	}
	open, g := bare(t, shop), guarded(t, shop)
	for _, line := range []string{
		"Connection: Upgrade\r\nUpgrade: h2c", "Connection: upgrade, x\r\nUpgrade: H2C", "Connection: Upgrade\r\nUpgrade: HTTP/2.0",
		"Connection: Upgrade\r\nUpgrade: TLS/1.0", "Connection: Upgrade\r\nUpgrade: foo, h2c", "Connection: Upgrade\r\nUpgrade: foo\r\nUpgrade: h2c",
	} {
		t.Run(line, func(t *testing.T) {
			if status := offer(t, open.URL, line); status != http.StatusSwitchingProtocols || tunnelled() != canary+"\n" {
				t.Fatalf("without the guard: %d", status)
			}
			if status := offer(t, g.URL, line); status != http.StatusOK {
				t.Errorf("with the guard: %d, want the answer to the request as it is", status)
			}
			if line := tunnelled(); line != "" {
				t.Errorf("%q got past the guard", line)
			}
		})
	}
	t.Run("websocket", func(t *testing.T) {
		if status := offer(t, g.URL, "Connection: Upgrade\r\nUpgrade: websocket"); status != http.StatusSwitchingProtocols || tunnelled() == "" {
			t.Errorf("a WebSocket is refused: %d", status)
		}
	})
}

func TestALoginThatAsksForAnotherProtocolIsRefusedAndCounted(t *testing.T) {
	t.Parallel()
	a := startApp(t)
	g := guarded(t, a.URL)
	for _, protocol := range []string{"websocket", "foo", "websocket, foo", "WebSocket"} {
		for _, body := range []string{"", canary} {
			path := "/login"
			if body == "" {
				path += "?" + canary
			}
			t.Run(fmt.Sprintf("%s, body %v", protocol, body != ""), func(t *testing.T) {
				before := look(a, g)
				row := smuggled{bytes: post(path, body, sized(body), "Connection: Upgrade", "Upgrade: "+protocol, "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="), answers: []int{400}}
				if got := answers(t, g.URL, row); len(got) != 1 || got[0] != http.StatusBadRequest {
					t.Errorf("answers %v", got)
				}
				before.check(t, 0)
			})
		}
	}
	wantCounted(t, g, 8)
}

// HTTP/3 opens WebSockets by CONNECT with an address (RFC 9220), of which
// Caddy makes a GET: a shop that knows no WebSockets runs that.
func TestALoginInAConnectIsRefusedAndCounted(t *testing.T) {
	t.Parallel()
	a := startApp(t)
	g := guarded(t, a.URL)
	for _, test := range []struct {
		what, protocol, path, contentType, body string
		status                                  int
	}{
		{"a WebSocket", "websocket", "/socket", "", "", http.StatusOK},
		{"a WebSocket with a login", "websocket", "/login?" + canary, "", "", http.StatusBadRequest},
		{"a WebSocket with a login elsewhere", "websocket", "/socket?" + canary, "", "", http.StatusBadRequest},
		{"another protocol with a login", "foo", "/socket?" + canary, "", "", http.StatusMethodNotAllowed},
		{"a login for a body", "foo", "/socket", formType, canary, http.StatusMethodNotAllowed},
		{"a request for a body", "foo", "/socket", "", hidden, http.StatusMethodNotAllowed},
		{"a WebSocket with a request for a body", "websocket", "/socket", "", hidden, http.StatusOK},
	} {
		t.Run(test.what, func(t *testing.T) {
			before := look(a, g)
			status := connect(t, secure(g), test.protocol, test.path, test.contentType, test.body)
			if status != test.status {
				t.Errorf("status %d, want %d", status, test.status)
			}
			before.check(t, 0)
		})
	}
	wantCounted(t, g, 5)
}

// connect sends an extended CONNECT over HTTP/3.
func connect(t *testing.T, address, protocol, path, contentType, body string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	transport := &http3.Transport{}
	defer transport.Close()
	conn, err := quic.DialAddr(ctx, address, trusting(http3.NextProtoH3), nil)
	if err != nil {
		t.Fatal(err)
	}
	client := transport.NewClientConn(conn)
	defer conn.CloseWithError(0, "")
	str, err := client.OpenRequestStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodConnect, "https://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Proto = protocol
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if err := str.SendRequestHeader(r); err != nil {
		t.Fatal(err)
	}
	if body != "" {
		io.WriteString(str, body)
		str.Close()
	}
	resp, err := str.ReadResponse()
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}
