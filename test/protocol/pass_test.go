package protocol_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/quic-go/quic-go/http3"

	"github.com/login-guard/login-guard/internal/guardtest"
)

// protocols are the ways into a gateway.
func protocols(t *testing.T, g *guardtest.Gateway) map[string]func(path string) (string, http.RoundTripper) {
	t.Helper()
	h1 := &http.Transport{}
	tls1 := &http.Transport{TLSClientConfig: trusting("http/1.1"), TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}
	h2 := &http.Transport{TLSClientConfig: trusting("h2"), ForceAttemptHTTP2: true}
	h2c := &http.Transport{Protocols: new(http.Protocols)}
	h2c.Protocols.SetUnencryptedHTTP2(true)
	h3 := &http3.Transport{TLSClientConfig: trusting(http3.NextProtoH3)}
	t.Cleanup(func() {
		h3.Close()
		for _, tr := range []*http.Transport{h1, tls1, h2, h2c} {
			tr.CloseIdleConnections()
		}
	})
	at := func(base string, tr http.RoundTripper) func(string) (string, http.RoundTripper) {
		return func(path string) (string, http.RoundTripper) { return base + path, tr }
	}
	return map[string]func(string) (string, http.RoundTripper){
		"HTTP/1.1":          at(g.URL, h1),
		"HTTP/1.1 over TLS": at("https://"+secure(g), tls1),
		"HTTP/2":            at("https://"+secure(g), h2),
		"HTTP/2 in plain":   at("http://"+g.Expand("localhost:$PORT3"), h2c),
		"HTTP/3":            at("https://"+secure(g), h3),
	}
}

// echo is an upstream that answers in every way that HTTP has.
func echo(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		switch r.URL.Path {
		case "/talk": // line by line, both ways at once
			rc.EnableFullDuplex()
			rc.Flush()
			lines := bufio.NewScanner(r.Body)
			for lines.Scan() {
				fmt.Fprintf(w, "heard %s\n", lines.Text())
				rc.Flush()
			}
		case "/hints":
			w.Header().Set("Link", "</a.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Del("Link")
			fallthrough
		default:
			w.Header().Set("Trailer", "X-Sum")
			body, err := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%d bytes, %v, trailer %q, expects %q", len(body), err, r.Trailer, r.Header.Get("Expect"))
			rc.Flush()
			w.Header().Set("X-Sum", "42")
			w.Header().Set(http.TrailerPrefix+"X-Late", "43")
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// told is all that a client is told.
type told struct {
	Status  int
	Body    string
	Trailer http.Header
	Hints   int
	Asked   bool // for the body, by 100
}

// TestTrailersHintsAndExpectationsPassAsThroughCaddyItself compares the guard
// with the same Caddy without it.
func TestTrailersHintsAndExpectationsPassAsThroughCaddyItself(t *testing.T) {
	t.Parallel()
	upstream := echo(t)
	open, g := protocols(t, bare(t, upstream)), protocols(t, guarded(t, upstream))
	ask := func(t *testing.T, way func(string) (string, http.RoundTripper), kind, body string, expect bool) (out told) {
		t.Helper()
		path := "/hints"
		if expect {
			path = "/plain" // net/http mixes up 100 and 103 if both go out at once
		}
		address, transport := way(path)
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				if code == http.StatusEarlyHints && h.Get("Link") != "" {
					out.Hints++
				}
				return nil
			},
			Got100Continue: func() { out.Asked = true },
		})
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, io.MultiReader(strings.NewReader(body))) // of unknown length
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		if r.Trailer = (http.Header{"X-Check": {"7"}}); isHTTP3(transport) {
			r.Trailer = nil // Caddy loses them
		}
		if expect {
			r.Header.Set("Expect", "100-continue")
		}
		resp, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		out.Status, out.Body, out.Trailer = resp.StatusCode, string(b), resp.Trailer
		return out
	}
	large := strings.Repeat("x=y&", 50_000)
	for name := range open {
		for _, test := range []struct{ what, kind, body string }{
			{"a small form", formType, "a=b"},
			{"an empty form", formType, ""},
			{"a large form", formType, large},
			{"a file", "application/octet-stream", large},
		} {
			for _, expect := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %s, expects %v", name, test.what, expect), func(t *testing.T) {
					want := ask(t, open[name], test.kind, test.body, expect)
					hinted, trailed := want.Hints == 1, strings.Contains(want.Body, `"X-Check":["7"]`)
					if want.Trailer.Get("X-Sum") != "42" || hinted == expect || test.body != "" && !trailed && name != "HTTP/3" {
						t.Fatalf("without the guard: %+v", want)
					}
					if diff := cmp.Diff(want, ask(t, g[name], test.kind, test.body, expect)); diff != "" {
						t.Errorf("the guard changes it:\n%s", diff)
					}
				})
			}
		}
	}
}

func isHTTP3(tr http.RoundTripper) bool {
	_, ok := tr.(*http3.Transport)
	return ok
}

func TestBothSidesTalkAtOnce(t *testing.T) {
	t.Parallel()
	upstream := echo(t)
	for name, way := range protocols(t, guarded(t, upstream)) {
		if strings.HasPrefix(name, "HTTP/1") {
			continue // Caddy reads the whole request first
		}
		t.Run(name, func(t *testing.T) {
			address, transport := way("/talk")
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			in, out := io.Pipe()
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, in)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/octet-stream")
			resp, err := transport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			lines := bufio.NewReader(resp.Body)
			for i := range 5 {
				fmt.Fprintf(out, "%d\n", i)
				if line, err := lines.ReadString('\n'); err != nil || line != fmt.Sprintf("heard %d\n", i) {
					t.Fatalf("%q %v", line, err)
				}
			}
			out.Close()
			if rest, err := io.ReadAll(lines); err != nil || !bytes.Equal(rest, nil) {
				t.Errorf("%q %v", rest, err)
			}
		})
	}
}
