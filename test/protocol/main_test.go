// Package protocol_test speaks HTTP to the gateway as nobody should: raw
// bytes, raw frames, early data, upgrades, and very slowly. A login must never
// reach the shop unless the gateway has counted it, and what the shop gets
// must be one request for every request that the gateway saw, however
// leniently it is read. What is no login must pass as through Caddy itself.
package protocol_test

import (
	"crypto/tls"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
)

// TestMain lets more tests run at once than there are processors: they
// mostly wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f != nil && f.Value.String() == f.DefValue {
		_ = f.Value.Set("8")
	}
	os.Exit(m.Run())
}

// guard is the directive under test, without limits and checks: every login
// that can be read goes on to the shop, and has a decision in the log.
const guard = `
	login_guard {
		site shop
		ladder slider off picture off second_factor off deny off
		limit pair off
		limit address off
		limit attempts off
		limit network off
		limit account off
		limit device off
		limit accounts off
	}`

// config is a Caddyfile that serves one upstream on $PORT in plain HTTP, on
// $PORT2 with TLS and on $PORT3 in plain HTTP with h2c, with a directive in
// front and an access log.
func config(directive, upstream string) string {
	site := func(address string) string {
		return address + " {\n\tlog\n" + directive + "\n\treverse_proxy " + strings.TrimPrefix(upstream, "http://") + "\n}\n"
	}
	app := ""
	if strings.Contains(directive, "login_guard") {
		app = "\tlogin_guard {\n\t\tkey $KEY\n\t}\n"
	}
	return "{\n\t$GLOBAL\n\tservers :$PORT3 {\n\t\tprotocols h1 h2 h2c\n\t}\n" + app + "}\n" +
		site("http://localhost:$PORT") + site("https://localhost:$PORT2") + site("http://localhost:$PORT3")
}

// guarded is a gateway in front of upstream, and bare the same Caddy without
// the guard.
func guarded(t *testing.T, upstream string) *guardtest.Gateway {
	t.Helper()
	return withTLS(t, guardtest.Start(t, config(guard, upstream)))
}

func bare(t *testing.T, upstream string) *guardtest.Gateway {
	t.Helper()
	return withTLS(t, guardtest.Start(t, config("", upstream)))
}

// trusting accepts any certificate: the gateway's authority is a moment old.
func trusting(protocols ...string) *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, ServerName: "localhost", NextProtos: protocols}
}

// withTLS waits until a gateway has made its certificate.
func withTLS(t *testing.T, g *guardtest.Gateway) *guardtest.Gateway {
	t.Helper()
	eventually(t, "certificate", func() bool {
		conn, err := tls.Dial("tcp", secure(g), trusting())
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return g
}

// secure is the address of a gateway's TLS port.
func secure(g *guardtest.Gateway) string { return g.Expand("localhost:$PORT2") }

// counted are how many attempts a gateway has counted, and how many of them
// it sent to the shop.
func counted(g *guardtest.Gateway) (attempts, sent int) {
	for _, d := range g.Decisions() {
		n := max(1, d.Count)
		attempts += n
		if d.Outcome != "none" {
			sent += n
		}
	}
	return attempts, sent
}

// wantCounted waits for so many attempts in the log, none of which may have
// gone to the shop.
func wantCounted(t *testing.T, g *guardtest.Gateway, attempts int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d attempts in the log", attempts), func() bool { n, _ := counted(g); return n >= attempts })
	if n, sent := counted(g); n != attempts || sent != 0 {
		t.Errorf("%d attempts, of which %d went to the shop; want %d and none", n, sent, attempts)
	}
}

// handled is how many requests the gateway's access log has.
func handled(g *guardtest.Gateway) int {
	return strings.Count(g.Log(), `"msg":"handled request"`)
}

// eventually waits for something that another process does.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s", what)
		}
	}
}

const formType = "application/x-www-form-urlencoded"

// canary is a login's body; account and password are told apart from
// everything else on the wire.
const canary = "email=a%40b.c&password=CANARY"

// get fetches a page.
func get(t *testing.T, url string) *http.Response {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}

// raw is a request as it stands on the wire; lines are joined by CR LF.
func raw(body string, lines ...string) string {
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}

// post is a plain request with a form, with more lines in its head.
func post(path, body string, lines ...string) string {
	head := append([]string{"POST " + path + " HTTP/1.1", "Host: localhost", "Content-Type: " + formType}, lines...)
	return raw(body, head...)
}

// sized is the Content-Length of a body.
func sized(body string) string { return fmt.Sprintf("Content-Length: %d", len(body)) }
