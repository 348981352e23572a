package protocol_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/login-guard/login-guard/internal/guardtest"
)

// classify is how long a login's body may take, and slack what a busy
// machine may add.
const (
	classify = 30 * time.Second
	slack    = 10 * time.Second
)

// resident is the memory that a process has now, in bytes.
func resident(t *testing.T, pid int) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kb << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

// drip sends a head at once and then a byte a second, until the gateway ends
// it. ended gets how long that took.
func drip(t *testing.T, address, head string, ended *sync.WaitGroup, took chan<- time.Duration) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Error(err)
		ended.Done()
		return
	}
	began := time.Now()
	gone := make(chan struct{})
	go func() { // what the gateway says does not matter, only that it ends
		io.Copy(io.Discard, conn)
		close(gone)
	}()
	go func() {
		defer ended.Done()
		defer conn.Close()
		io.WriteString(conn, head)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-gone:
				took <- time.Since(began)
				return
			case <-tick.C:
				io.WriteString(conn, "x")
			}
		}
	}()
}

func TestFiveHundredSlowLoginsEndInTimeAndDisturbNobody(t *testing.T) {
	t.Parallel()
	a := startApp(t)
	g := guarded(t, a.URL)
	steady(t, g, a, 20)
	before := resident(t, g.PID())

	const slow = 500
	var ended sync.WaitGroup
	took := make(chan time.Duration, slow)
	for i := range slow {
		head := raw("email=", "POST /login HTTP/1.1", "Host: localhost", "Content-Type: "+formType, "Content-Length: 4000")
		if i%2 == 1 {
			head = raw("fff\r\nemail=", "POST /login HTTP/1.1", "Host: localhost", "Content-Type: "+formType, "Transfer-Encoding: chunked")
		}
		ended.Add(1)
		drip(t, g.URL, head, &ended, took)
	}
	most := int64(0)
	for range 20 { // logins go on while they all hang
		steady(t, g, a, 10)
		most = max(most, resident(t, g.PID()))
	}
	if n := len(took); n > 0 {
		t.Errorf("%d of the slow ones had ended already: nothing was shown", n)
	}
	ended.Wait()
	close(took)
	n := 0
	for d := range took {
		n++
		if d > classify+slack {
			t.Errorf("one was let hang for %s", d)
		}
	}
	if n != slow {
		t.Errorf("%d of %d ended", n, slow)
	}
	t.Logf("memory: %.1f MiB, then at most %.1f MiB", float64(before)/(1<<20), float64(most)/(1<<20))
	// 128 KiB for each: two buffers of net/http, one of ours, the stacks.
	if most-before > slow*128<<10 {
		t.Errorf("%d slow logins took %d MiB", slow, (most-before)>>20)
	}
	steady(t, g, a, 20)
}

func TestASlowLoginEndsInTimeByEveryProtocol(t *testing.T) {
	t.Parallel()
	a := startApp(t)
	g := guarded(t, a.URL)
	head := form("content-length", "4000")
	ways := map[string]func() (drip func() error, answer func() (int, error)){
		"HTTP/2": func() (func() error, func() (int, error)) {
			c := dial2(t, g)
			c.SetDeadline(time.Now().Add(classify + 2*slack))
			c.head(1, head, false)
			return func() error { return c.WriteData(1, false, []byte("x")) }, func() (int, error) { return c.status(t, 1) }
		},
		"HTTP/3": func() (func() error, func() (int, error)) {
			ctx, cancel := context.WithTimeout(context.Background(), classify+2*slack)
			t.Cleanup(cancel)
			conn, err := quic.DialAddr(ctx, secure(g), trusting(http3.NextProtoH3), nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.CloseWithError(0, "") })
			str, err := conn.OpenStreamSync(ctx)
			if err != nil {
				t.Fatal(err)
			}
			str.SetDeadline(time.Now().Add(classify + 2*slack))
			str.Write(head3(head))
			return func() error { _, err := str.Write(frame3(dataFrame, []byte("x"))); return err }, func() (int, error) { return status3(str) }
		},
	}
	for name, open := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			drip, answer := open()
			done := make(chan struct{})
			go func() {
				tick := time.NewTicker(time.Second)
				defer tick.Stop()
				for {
					select {
					case <-done:
						return
					case <-tick.C:
						drip() // fails in the end, and that is the point
					}
				}
			}()
			began := time.Now()
			status, err := answer()
			close(done)
			if took := time.Since(began); took > classify+slack || status != 0 && status != http.StatusRequestTimeout {
				t.Errorf("%d (%v) after %s", status, err, took)
			}
			if len(a.ran()) != 0 {
				t.Error("it reached the shop")
			}
		})
	}
}

// steady sends logins that all must reach the shop.
func steady(t *testing.T, g *guardtest.Gateway, a *app, n int) {
	t.Helper()
	before := len(a.ran())
	for range n {
		resp, err := http.Post(g.URL+"/login", formType, strings.NewReader(canary))
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("a login got %s", resp.Status)
		}
	}
	if ran := len(a.ran()) - before; ran != n {
		t.Fatalf("%d of %d logins reached the shop", ran, n)
	}
}
