package faults_test

import (
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"testing"

	"github.com/login-guard/login-guard/internal/store/redis/redistest"
)

// wire is what lies between a gateway and its Redis.
type wire struct {
	addr, to string

	mu    sync.Mutex
	how   cut
	conns []net.Conn
}

// cut is what is wrong with a wire.
type cut int

const (
	whole   cut = iota
	refuses     // connections end
	silent      // nothing goes through, and nobody says so
)

func newWire(t testing.TB, to string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{addr: l.Addr().String(), to: to}
	t.Cleanup(func() { _ = l.Close(); w.set(refuses) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go w.carry(c)
		}
	}()
	return w
}

func (w *wire) carry(c net.Conn) {
	defer c.Close()
	w.mu.Lock()
	how := w.how
	if how != refuses {
		w.conns = append(w.conns, c)
	}
	w.mu.Unlock()
	if how == refuses {
		return
	}
	d, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer d.Close()
	w.mu.Lock()
	w.conns = append(w.conns, d)
	w.mu.Unlock()
	go func() { w.copy(c, d); _ = c.Close() }()
	w.copy(d, c)
}

// copy carries bytes one way, and swallows them while the wire is silent.
func (w *wire) copy(to io.Writer, from io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		w.mu.Lock()
		how := w.how
		w.mu.Unlock()
		if how == silent {
			continue
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// set changes what is wrong. What was swallowed does not come after.
func (w *wire) set(how cut) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if was := w.how; how == refuses || was == silent {
		for _, c := range w.conns {
			_ = c.Close()
		}
		w.conns = nil
	}
	w.how = how
}

func TestOneGatewayIsCutOffFromRedis(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]cut{"connections end": refuses, "nothing goes through": silent} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := redistest.Start(t)
			w := newWire(t, r.Addr)
			f := newFleet(t, []string{"redis://" + r.Addr + "?timeout=5s", whose(w.addr)})
			f.await(true, f.gates...)
			total := f.spend()
			own, others := f.hold(1), f.hold(0)
			w.set(how)
			f.shops(0)
			f.shops(1)
			own.pass()
			// A login that the other gateway holds cannot be had from here now:
			// its page has a button, and after the cut that sends it.
			at := others.v.at(f.gates[1].URL)
			c := *others.check
			c.Action = f.gates[1].URL + "/login"
			button := at.goOn(&c, at.solve(&c))
			if button.StatusCode != http.StatusBadGateway {
				t.Fatalf("%s %.2000s", button.Status, button.body)
			}
			gained := f.guess()
			total = total.plus(gained)
			f.await(false, f.gates[1])
			f.await(true, f.gates[0])
			during := f.hold(1)
			w.set(whole)
			healed := f.await(true, f.gates...)
			during.pass()
			at.signedIn(at.send(http.MethodPost, "/login", fields(t, button.body)))
			f.arrived(others.body)
			total = total.plus(f.guess())
			t.Logf("guesses while it lasts %+v, in all %+v; healed %v; slowest answer %v", gained, total, healed, f.slow.took)
			if most := once.times(2); !total.within(most) {
				t.Errorf("%+v guesses reached the shop, want at most %+v", total, most)
			}
		})
	}
}

var hiddenFields = regexp.MustCompile(`name="?(login_guard_[a-z]+)"? value="([^"]*)"`)

// fields are those of the form in a page of the gateway.
func fields(t testing.TB, page string) string {
	t.Helper()
	out := url.Values{}
	for _, m := range hiddenFields.FindAllStringSubmatch(page, -1) {
		out.Set(m[1], html.UnescapeString(m[2]))
	}
	if out.Get("login_guard_clearance") == "" {
		t.Fatalf("no clearance in\n%s", page)
	}
	return out.Encode()
}
