package protocol_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/quic-go/quicvarint"

	"github.com/login-guard/login-guard/internal/guardtest"
)

// Caddy takes early data over HTTP/3, and only there: without the guard a
// login in it reaches the shop, with a mark by Caddy that no shop reads.
func TestALoginInEarlyDataIsSentBackAndNotRun(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		what, method, path, body string
		login                    bool
	}{
		{what: "a form", method: http.MethodPost, path: "/login", body: canary, login: true},
		{what: "an address", method: http.MethodGet, path: "/login?" + canary, login: true},
		{what: "a page", method: http.MethodGet, path: "/login"},
	} {
		t.Run(test.what, func(t *testing.T) {
			t.Parallel()
			a := startApp(t)
			runs := 0
			if test.login {
				runs = 1
			}

			c := meet(t, bare(t, a.URL))
			if status, _ := c.ask(t, test.method, test.path, test.body); status != http.StatusOK || len(a.ran()) != runs {
				t.Fatalf("without the guard: %d, %d logins", status, len(a.ran()))
			}
			if n := strings.Count(strings.Join(a.sent(), ""), "Early-Data: 1"); n != 1 {
				t.Fatalf("%d requests in early data, want one", n)
			}

			g := guarded(t, a.URL)
			c = meet(t, g)
			before := look(a, g)
			status, again := c.ask(t, test.method, test.path, test.body)
			want := http.StatusOK
			if test.login {
				want = http.StatusTooEarly
			}
			if status != want {
				t.Errorf("in early data: %d, want %d", status, want)
			}
			before.check(t, 0)
			if test.login {
				wantCounted(t, g, 1)
			}
			// The same request on the same connection, once the handshake is
			// over.
			if status := again(); status != http.StatusOK {
				t.Errorf("afterwards: %d", status)
			}
			before.check(t, runs)
		})
	}
}

// A proxy that took a request in early data says so (RFC 8470).
func TestALoginThatAProxyTookEarlyIsSentBack(t *testing.T) {
	t.Parallel()
	a := startApp(t)
	g := guarded(t, a.URL)
	for i, value := range []string{"1", "0", "1\r\nEarly-Data: 1"} {
		t.Run(value, func(t *testing.T) {
			before := look(a, g)
			row := smuggled{bytes: post("/login", canary, sized(canary), "Early-Data: "+value), answers: []int{http.StatusTooEarly}}
			if got := answers(t, g.URL, row); len(got) != 1 || got[0] != http.StatusTooEarly {
				t.Errorf("answers %v", got)
			}
			before.check(t, 0)
			wantCounted(t, g, i+1)
		})
	}
	row := smuggled{bytes: raw("", "GET /login HTTP/1.1", "Host: localhost", "Early-Data: 1"), answers: []int{200}}
	if got := answers(t, g.URL, row); len(got) != 1 || got[0] != http.StatusOK {
		t.Errorf("a page: %v", got)
	}
}

// early is a client that comes back to a server.
type early struct {
	to    *net.UDPAddr
	cache tls.ClientSessionCache
}

// meet speaks to a server once and keeps its ticket to come back with.
func meet(t *testing.T, g *guardtest.Gateway) *early {
	t.Helper()
	to, err := net.ResolveUDPAddr("udp", secure(g))
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan struct{})
	e := &early{to, &watched{ClientSessionCache: tls.NewLRUClientSessionCache(4), got: got}}
	conf := trusting(http3.NextProtoH3)
	conf.ClientSessionCache = e.cache
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := quic.DialAddr(ctx, to.String(), conf, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseWithError(0, "")
	select {
	case <-got:
	case <-ctx.Done():
		t.Fatal("the server gives no ticket to come back with")
	}
	return e
}

// watched tells when the first ticket is kept.
type watched struct {
	tls.ClientSessionCache
	once sync.Once
	got  chan struct{}
}

func (w *watched) Put(key string, state *tls.ClientSessionState) {
	w.ClientSessionCache.Put(key, state)
	if state != nil {
		w.once.Do(func() { close(w.got) })
	}
}

// ask sends a request in early data. The end of the handshake is kept from
// the server until the answer is there, so that the request cannot be
// anything else. again sends it once more when the handshake is over.
func (e *early) ask(t *testing.T, method, path, body string) (status int, again func() int) {
	t.Helper()
	relay := hold(t, e.to)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	conf := trusting(http3.NextProtoH3)
	conf.ClientSessionCache = e.cache
	conn, err := quic.DialAddrEarly(ctx, relay.front.LocalAddr().String(), conf, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseWithError(0, "") })
	head := fields(method, path)
	if body != "" {
		head = append(head, field{"content-type", formType}, field{"content-length", fmt.Sprint(len(body))})
	}
	send := func() int {
		t.Helper()
		status, err := ask3(ctx, conn, head, body)
		if err != nil {
			t.Fatal(err)
		}
		return status
	}
	// Until the server is heard, the client has nothing but early data to
	// send: the whole request goes out in it.
	time.AfterFunc(50*time.Millisecond, relay.hear)
	status = send()
	if !conn.ConnectionState().Used0RTT {
		t.Fatal("the server did not take early data")
	}
	return status, func() int {
		t.Helper()
		relay.release()
		eventually(t, "end of the handshake", func() bool { return relay.passed() })
		return send()
	}
}

// relay carries packets between a client and a server, and keeps those that
// end the handshake to itself until release.
type relay struct {
	front net.PacketConn // the client's side
	back  *net.UDPConn   // the server's

	mu       sync.Mutex
	client   net.Addr
	kept     [][]byte
	open     bool
	answered bool // by the server, since it is open
	heard    chan struct{}
}

// hear lets the client hear the server.
func (r *relay) hear() { close(r.heard) }

func hold(t *testing.T, to *net.UDPAddr) *relay {
	t.Helper()
	front, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	back, err := net.DialUDP("udp", nil, to)
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{front: front, back: back, heard: make(chan struct{})}
	t.Cleanup(func() { front.Close(); back.Close() })
	go func() {
		b := make([]byte, 64<<10)
		for {
			n, client, err := front.ReadFrom(b)
			if err != nil {
				return
			}
			r.fromClient(client, append([]byte(nil), b[:n]...))
		}
	}()
	go func() {
		b := make([]byte, 64<<10)
		for {
			n, err := back.Read(b)
			if err != nil {
				return
			}
			<-r.heard
			r.mu.Lock()
			client := r.client
			r.answered = r.answered || r.open
			r.mu.Unlock()
			front.WriteTo(b[:n], client)
		}
	}()
	return r
}

func (r *relay) fromClient(client net.Addr, packet []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.client = client
	if !r.open && endsHandshake(packet) {
		r.kept = append(r.kept, packet)
		return
	}
	r.back.Write(packet)
}

// release lets everything through, what was kept first.
func (r *relay) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open = true
	for _, packet := range r.kept {
		r.back.Write(packet)
	}
}

// passed reports whether the server has said something since.
func (r *relay) passed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.answered
}

// endsHandshake reports whether a datagram has anything beyond Initial and
// 0-RTT packets (RFC 9000 §17.2): only those come before the server knows
// that the client is no replay.
func endsHandshake(b []byte) bool {
	for len(b) > 7 && b[0] != 0 {
		kind := b[0] >> 4 & 3
		if b[0]&0x80 == 0 || kind > 1 {
			return true
		}
		at := 5
		for range 2 { // connection ids
			if at >= len(b) {
				return true
			}
			at += 1 + int(b[at])
		}
		if kind == 0 && at < len(b) {
			token, n, err := quicvarint.Parse(b[at:])
			if err != nil {
				return true
			}
			at += n + int(token)
		}
		if at >= len(b) {
			return true
		}
		length, n, err := quicvarint.Parse(b[at:])
		if err != nil || at+n+int(length) > len(b) {
			return true
		}
		b = b[at+n+int(length):]
	}
	return false
}
