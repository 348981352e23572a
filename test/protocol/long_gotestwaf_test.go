//go:build protocol

package protocol_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/internal/guardtest"
)

// arrived is a request as the shop has it.
type arrived struct {
	Method, URI, Host, Body string
	Header                  http.Header
}

// witness is an upstream that keeps what arrives by the number that the test
// gave it.
type witness struct {
	mu    sync.Mutex
	cases map[string]arrived
}

const caseHeader = "X-Case"

func (w *witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h := r.Header.Clone()
	n := h.Get(caseHeader)
	h.Del(caseHeader)
	h.Del("X-Forwarded-Host") // the name of the gateway's port
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cases[n] = arrived{r.Method, r.RequestURI, "", string(body), h}
}

func (w *witness) at(n string) (arrived, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a, ok := w.cases[n]
	return a, ok
}

func witnessed(t *testing.T) (*witness, string) {
	t.Helper()
	w := &witness{cases: map[string]arrived{}}
	s := httptest.NewServer(w)
	t.Cleanup(s.Close)
	return w, s.URL
}

// replayed is the answer to a request's very bytes: its status, 0 if the
// connection was dropped, and the answer's head.
func replayed(address string, text []byte) (int, http.Header) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		return 0, nil
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	go conn.Write(text)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, nil
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0, nil
	}
	return resp.StatusCode, resp.Header
}

// TestLongGotestwafFindsNothingThatCaddyItselfDoesNotHave sends each attack
// of GoTestWAF, byte for byte, to the gateway and to the same Caddy without
// the guard. The guard is no filter of attacks: what is no login must arrive
// unchanged, and nothing may fail that does not fail without it.
func TestLongGotestwafFindsNothingThatCaddyItselfDoesNotHave(t *testing.T) {
	t.Parallel()
	program, source := tool(t, "LOGIN_GUARD_GOTESTWAF"), tool(t, "LOGIN_GUARD_GOTESTWAF_SOURCE")
	without, upstream := witnessed(t)
	open := guardtest.Start(t, config("", upstream))
	with, upstream := witnessed(t)
	g := guardtest.Start(t, config(guard, upstream))

	var mu sync.Mutex
	var total, refused, reached int
	both := func(conn net.Conn) {
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(30 * time.Second))
		var text bytes.Buffer
		r, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, &text)))
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Errorf("reading what GoTestWAF sends: %v", err)
			return
		}
		mu.Lock()
		total++
		n := fmt.Sprint(total)
		mu.Unlock()
		named := bytes.Replace(text.Bytes(), []byte("\r\nHost: "+r.Host), []byte("\r\nHost: localhost"), 1) // a site of the gateway
		bytesOf := bytes.Replace(named, []byte("\r\n"), []byte("\r\n"+caseHeader+": "+n+"\r\n"), 1)
		want, _ := replayed(open.URL, bytesOf)
		got, head := replayed(g.URL, bytesOf)
		answer := got
		if got == 0 {
			answer = http.StatusBadGateway
		}
		const graphQL = `{"data":{"__typename":"Query"}}` // else it takes us for none
		fmt.Fprintf(conn, "HTTP/1.1 %d x\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", answer, len(graphQL), graphQL)
		short := text.Bytes()[:min(text.Len(), 1500)]
		if what := head.Get("Login-Guard"); what != "" {
			// Only what could be a login may be refused: something like a
			// password in it, a body that nobody can read on a login's path,
			// or one that calls itself compressed and is not.
			mu.Lock()
			refused++
			mu.Unlock()
			low := strings.ToLower(text.String())
			could := strings.Contains(low, "pass") || strings.Contains(low, "pwd") || strings.Contains(low, "\r\ncontent-encoding:") || strings.HasPrefix(r.URL.Path, "/login")
			if !could {
				t.Errorf("%s: refused, %s:\n%q", n, what, short)
			}
			return
		}
		if got != want {
			t.Errorf("%s: %d with the guard, %d without:\n%q", n, got, want, short)
			return
		}
		a, hadA := without.at(n)
		b, hadB := with.at(n)
		if hadA {
			mu.Lock()
			reached++
			mu.Unlock()
		}
		if diff := cmp.Diff(a, b); hadA != hadB || diff != "" {
			t.Errorf("%s: changed on its way:\n%s\n%q", n, diff, short)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go both(conn)
		}
	}()
	for _, path := range []string{"/", "/login"} {
		front := "http://" + l.Addr().String()
		out, err := exec.Command(program, "--url", front+path, "--graphqlURL", front+"/graphql",
			"--configPath", filepath.Join(source, "config.yaml"), "--testCasesPath", filepath.Join(source, "testcases"),
			"--noEmailReport", "--reportFormat", "none", "--reportPath", t.TempDir(), "--skipWAFBlockCheck", "--skipWAFIdentification",
			"--sendDelay", "0", "--randomDelay", "1", "--workers", "4", "--quiet", "--nonBlockedAsPassed").CombinedOutput()
		if err != nil {
			t.Errorf("GoTestWAF: %v\n%s", err, out[max(0, len(out)-2000):])
		}
	}
	t.Logf("%d requests, of which %d reached the shop and the guard refused %d", total, reached, refused)
	if reached < 1400 {
		t.Errorf("%d requests are too few", reached)
	}
	eventually(t, "decision on each that was refused", func() bool { n, _ := counted(g); return n >= refused })
	if status := get(t, g.URL+"/").StatusCode; status != http.StatusOK {
		t.Errorf("afterwards: %d", status)
	}
	if strings.Contains(g.Log(), "panic") && !strings.Contains(open.Log(), "panic") {
		t.Error("the gateway panicked")
	}
}
