package caddymodule

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/quic-go/quic-go/http3"

	"github.com/login-guard/login-guard/internal/testport"
)

// ja4Probe stands behind login_guard and answers with what is known of the
// client's TLS.
type ja4Probe struct{}

func (ja4Probe) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.login_guard_ja4_probe", New: func() caddy.Module { return new(ja4Probe) }}
}

func (ja4Probe) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	version := "none"
	if r.TLS != nil {
		version = tls.VersionName(r.TLS.Version)
	}
	_, err := fmt.Fprintf(w, "%s %s %s", r.Proto, version, ja4Of(r))
	return err
}

func init() {
	caddy.RegisterModule(ja4Probe{})
	httpcaddyfile.RegisterHandlerDirective("login_guard_ja4_probe", func(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		h.Next()
		return ja4Probe{}, nil
	})
	httpcaddyfile.RegisterDirectiveOrder("login_guard_ja4_probe", httpcaddyfile.Before, "respond")
}

// wire carries connections to a server and keeps what clients said first.
type wire struct {
	net.Listener
	mu    sync.Mutex
	first [][]byte
}

// cut makes a wire to a port of loopback.
func cut(t *testing.T, port int) *wire {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: ln}
	t.Cleanup(func() { ln.Close() })
	go func() { // ends with the listener
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go w.carry(c, port)
		}
	}()
	return w
}

func (w *wire) carry(c net.Conn, port int) {
	defer c.Close()
	s, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return
	}
	defer s.Close()
	head := make([]byte, 5)
	if _, err := io.ReadFull(c, head); err != nil {
		return
	}
	record := make([]byte, binary.BigEndian.Uint16(head[3:]))
	if _, err := io.ReadFull(c, record); err != nil {
		return
	}
	w.mu.Lock()
	w.first = append(w.first, record)
	w.mu.Unlock()
	go func() {
		_, _ = io.Copy(s, io.MultiReader(bytes.NewReader(head), bytes.NewReader(record), c))
		s.Close()
	}()
	_, _ = io.Copy(c, s)
}

// said are the fingerprints of all that clients said, made of the bytes on
// the wire and nothing else.
func (w *wire) said(t *testing.T) (out []string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, record := range w.first {
		out = append(out, wireJA4(t, record))
	}
	return out
}

// wireJA4 reads a ClientHello (RFC 8446, section 4.1.2) and makes its JA4.
func wireJA4(t *testing.T, b []byte) string {
	t.Helper()
	take := func(n int) []byte {
		if len(b) < n {
			t.Fatalf("a ClientHello that ends early: %d of %d", len(b), n)
		}
		out := b[:n]
		b = b[n:]
		return out
	}
	number := func(n int) (v int) {
		for _, x := range take(n) {
			v = v<<8 | int(x)
		}
		return v
	}
	numbers := func(b []byte) (out []string) {
		for i := 0; i+1 < len(b); i += 2 {
			if x := fmt.Sprintf("%02x%02x", b[i], b[i+1]); x[1] != 'a' || x[3] != 'a' || x[0] != x[2] {
				out = append(out, x)
			}
		}
		return out
	}
	if number(1) != 1 {
		t.Fatal("no ClientHello")
	}
	number(3)
	version := fmt.Sprintf("%04x", number(2))
	take(32)
	take(number(1))
	ciphers := numbers(take(number(2)))
	take(number(1))
	var extensions, listed, schemes []string
	sni, alpn := "i", "00"
	for rest := number(2); rest > 0 && len(b) > 0; {
		kind := numbers(take(2))
		data := take(number(2))
		if rest -= 4 + len(data); len(kind) == 0 {
			continue
		}
		extensions = append(extensions, kind[0])
		switch kind[0] {
		case "0000":
			sni = "d"
		case "0010":
			name := data[3 : 3+data[2]]
			alpn = string([]byte{name[0], name[len(name)-1]})
		case "002b":
			version = slices.Max(numbers(data[1:]))
			listed = append(listed, kind[0])
		case "000d":
			schemes = numbers(data[2:])
			listed = append(listed, kind[0])
		default:
			listed = append(listed, kind[0])
		}
	}
	short := func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s)))[:12] }
	slices.Sort(ciphers)
	slices.Sort(listed)
	offered := strings.Join(listed, ",")
	if len(schemes) > 0 {
		offered += "_" + strings.Join(schemes, ",")
	}
	names := map[string]string{"0304": "13", "0303": "12", "0302": "11", "0301": "10"}
	return fmt.Sprintf("t%s%s%02d%02d%s_%s_%s", names[version], sni, len(ciphers), len(extensions), alpn,
		short(strings.Join(ciphers, ",")), short(offered))
}

// caddyWith runs Caddy in this process until the test ends.
func caddyWith(t *testing.T, caddyfile string) {
	t.Helper()
	out, err := adapt("Caddyfile", caddyfile)
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(out, true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
}

// get asks over a transport and returns the answer, of which the test says
// the connection is new.
func get(t *testing.T, transport http.RoundTripper, url string) string {
	t.Helper()
	c := &http.Client{Transport: transport, Timeout: 20 * time.Second}
	defer c.CloseIdleConnections()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// named asks for a host by another address than its name's.
type named struct {
	http.RoundTripper
	host string
}

func (n named) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host = n.host
	return n.RoundTripper.RoundTrip(r)
}

func TestAConnectionsClientIsKnownByItsHandshake(t *testing.T) {
	ports := testport.Take(t, 3)
	caddyWith(t, fmt.Sprintf(`{
		admin off
		storage file_system %s
		skip_install_trust
		auto_https disable_redirects
		default_sni one.test
		log {
			level ERROR
		}
		servers :%[4]d {
			trusted_proxies static 127.0.0.0/8
		}
	}
	https://one.test:%[2]d {
		tls internal
		login_guard
		login_guard_ja4_probe
	}
	https://two.test:%[2]d {
		tls internal {
			protocols tls1.2 tls1.2
		}
		login_guard
		login_guard_ja4_probe
	}
	https://one.test:%[3]d {
		tls internal
		login_guard_ja4_probe
	}
	https://one.test:%[4]d {
		tls internal
		login_guard
		login_guard_ja4_probe
	}`, t.TempDir(), ports[0], ports[1], ports[2]))

	// Its authority makes the certificates a moment after the start.
	for _, name := range []string{"one.test", "two.test"} {
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			c, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", ports[0]), &tls.Config{InsecureSkipVerify: true, ServerName: name})
			if err == nil {
				c.Close()
				break
			}
			if time.Now().After(deadline) {
				t.Fatal(err)
			}
		}
	}
	dial := func(w *wire, sni string, more func(*tls.Config)) *http.Transport {
		trust := &tls.Config{InsecureSkipVerify: true, ServerName: sni} // the authority is a moment old
		if more != nil {
			more(trust)
		}
		return &http.Transport{TLSClientConfig: trust, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", w.Addr().String())
		}}
	}
	for _, test := range []struct {
		name string
		sni  string
		more func(*tls.Config)
		h2   bool
		want string
	}{
		{"HTTP/1.1", "one.test", nil, false, "HTTP/1.1 TLS 1.3"},
		{"HTTP/2", "one.test", nil, true, "HTTP/2.0 TLS 1.3"},
		{"another policy", "two.test", nil, true, "HTTP/2.0 TLS 1.2"},
		{"an old client", "one.test", func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, false, "HTTP/1.1 TLS 1.2"},
		{"other ciphers", "one.test", func(c *tls.Config) {
			c.MaxVersion = tls.VersionTLS12
			c.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
		}, false, "HTTP/1.1 TLS 1.2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := cut(t, ports[0])
			transport := dial(w, test.sni, test.more)
			transport.ForceAttemptHTTP2 = test.h2
			got := get(t, transport, "https://"+test.sni)
			if said := w.said(t); len(said) != 1 || got != test.want+" "+said[0] {
				t.Errorf("got %q, on the wire was %q", got, said)
			}
		})
	}
	t.Run("curl", func(t *testing.T) {
		w := cut(t, ports[0])
		_, port, _ := net.SplitHostPort(w.Addr().String())
		out, err := exec.Command("curl", "-sSk", "--max-time", "20", "--resolve", "one.test:"+port+":127.0.0.1", "https://one.test:"+port).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if said := w.said(t); len(said) != 1 || !strings.HasSuffix(string(out), " "+said[0]) {
			t.Errorf("got %q, on the wire was %q", out, said)
		}
	})
	t.Run("absent where nobody guards", func(t *testing.T) {
		if got := get(t, dial(cut(t, ports[1]), "one.test", nil), "https://one.test"); got != "HTTP/1.1 TLS 1.3 " {
			t.Errorf("got %q", got)
		}
	})
	t.Run("absent behind a trusted proxy", func(t *testing.T) {
		if got := get(t, dial(cut(t, ports[2]), "one.test", nil), "https://one.test"); got != "HTTP/1.1 TLS 1.3 " {
			t.Errorf("got %q", got)
		}
	})
	t.Run("absent with HTTP/3", func(t *testing.T) {
		quic := &http3.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: "one.test"}}
		defer quic.Close()
		if got := get(t, named{quic, "one.test"}, fmt.Sprintf("https://127.0.0.1:%d", ports[0])); got != "HTTP/3.0 TLS 1.3 " {
			t.Errorf("got %q", got)
		}
	})
}

// A matcher that an operator wrote down, in a server without a login_guard,
// and a handshake that is nobody's, do no harm.
func TestTheMatcherAlwaysMatches(t *testing.T) {
	if !(helloMatcher{}).Match(&tls.ClientHelloInfo{}) {
		t.Error("a handshake without a connection is refused")
	}
}
