package blackbox_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
)

// behind is an upstream of the test's own with the guard in front.
func behind(t *testing.T, serve http.HandlerFunc, options ...string) *guardtest.Gateway {
	t.Helper()
	upstream := httptest.NewServer(serve)
	t.Cleanup(upstream.Close)
	return guardtest.Start(t, guardtest.Site(upstream.URL, "", options...))
}

func TestProtocolsThatAreNoLoginPassThrough(t *testing.T) {
	t.Parallel()
	g := behind(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/socket", "/login":
			if r.Header.Get("Upgrade") != "websocket" {
				return
			}
			conn, rw, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			rw.Flush()
			io.Copy(conn, rw) // an echo
		case "/events":
			w.Header().Set("Content-Type", "text/event-stream")
			for i := range 3 {
				fmt.Fprintf(w, "data: %d\n\n", i)
				http.NewResponseController(w).Flush()
				if i == 1 {
					<-r.Context().Done() // the rest never comes
					return
				}
			}
		case "/file":
			http.ServeContent(w, r, "a.bin", time.Unix(1e9, 0), strings.NewReader(strings.Repeat("0123456789", 1000)))
		case "/hints":
			w.Header().Set("Link", "</a.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			fmt.Fprint(w, "done")
		}
	})
	for _, path := range []string{"/socket", "/login"} {
		t.Run("websocket on "+path, func(t *testing.T) {
			conn, err := net.Dial("tcp", strings.TrimPrefix(g.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(20 * time.Second))
			fmt.Fprintf(conn, "GET %s?token=a HTTP/1.1\r\nHost: localhost:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", path, g.Port)
			br := bufio.NewReader(conn)
			resp, err := http.ReadResponse(br, nil)
			if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
				t.Fatalf("%v %+v", err, resp)
			}
			for i := range 3 {
				fmt.Fprintf(conn, "message %d\n", i)
				if line, err := br.ReadString('\n'); err != nil || line != fmt.Sprintf("message %d\n", i) {
					t.Fatalf("%q %v", line, err)
				}
			}
		})
	}
	t.Run("server-sent events", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, g.URL+"/events", nil)
		resp, err := shared.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		br := bufio.NewReader(resp.Body)
		for i := range 2 { // while the answer is still open
			if line, err := br.ReadString('\n'); err != nil || line != fmt.Sprintf("data: %d\n", i) {
				t.Fatalf("%q %v", line, err)
			}
			br.ReadString('\n')
		}
	})
	t.Run("ranges", func(t *testing.T) {
		p := visitor(t, g.URL, "")
		r := p.get("/file", "Range", "bytes=5-14")
		if r.StatusCode != http.StatusPartialContent || r.body != "5678901234" || r.Header.Get("Content-Range") != "bytes 5-14/10000" {
			t.Errorf("%s %q %v", r.Status, r.body, r.Header)
		}
	})
	t.Run("early hints", func(t *testing.T) { hinted(t, visitor(t, g.URL, "").request(http.MethodGet, "/hints", "", "")) })
	t.Run("early hints of a login", func(t *testing.T) {
		hinted(t, visitor(t, g.URL, "").request(http.MethodPost, "/hints", formType, "email=a&password=b"))
	})
}

// hinted fails the test unless a 103 comes before the answer.
func hinted(t *testing.T, r *http.Request) {
	t.Helper()
	early := 0
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		if code == http.StatusEarlyHints && h.Get("Link") != "" {
			early++
		}
		return nil
	}}
	resp, err := shared.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); early != 1 || string(b) != "done" || resp.StatusCode != http.StatusOK {
		t.Errorf("%d early hints, then %s %q", early, resp.Status, b)
	}
}
