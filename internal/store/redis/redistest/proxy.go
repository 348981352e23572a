package redistest

import (
	"net"
	"strconv"
	"sync"
	"testing"
)

// Proxy stands between a gateway and a server, and can break what is between
// them: one gateway loses its Redis while another has it.
type Proxy struct {
	Addr string

	target string
	l      net.Listener
	done   sync.WaitGroup

	mu    sync.Mutex
	state proxyState
	open  map[net.Conn]bool
}

type proxyState int

const (
	proxyWorks  proxyState = iota
	proxyCut               // connections are closed at once
	proxyLoses             // the next answer does not arrive
	proxyClosed            // the test is over
)

// StartProxy starts one in front of addr; it ends with the test.
func StartProxy(t testing.TB, addr string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: l.Addr().String(), target: addr, l: l, open: make(map[net.Conn]bool)}
	p.done.Go(p.accept)
	t.Cleanup(func() {
		p.set(proxyClosed)
		_ = l.Close()
		p.done.Wait()
	})
	return p
}

// Cut breaks all connections and every new one.
func (p *Proxy) Cut() { p.set(proxyCut) }

// LoseAnswer lets what is asked through to the server, breaks the connection
// at its next answer, and works again.
func (p *Proxy) LoseAnswer() { p.set(proxyLoses) }

// Heal ends both.
func (p *Proxy) Heal() { p.set(proxyWorks) }

func (p *Proxy) set(s proxyState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = s
	if s == proxyCut || s == proxyClosed {
		for c := range p.open {
			_ = c.Close()
		}
	}
}

// is reports the state, noting c as open unless connections are cut.
func (p *Proxy) is(c net.Conn) proxyState {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == proxyWorks || p.state == proxyLoses {
		p.open[c] = true
	}
	return p.state
}

// lost reports whether this answer is the one that is lost.
func (p *Proxy) lost() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state != proxyLoses {
		return false
	}
	p.state = proxyWorks
	return true
}

func (p *Proxy) accept() {
	for {
		c, err := p.l.Accept()
		if err != nil {
			return
		}
		p.done.Go(func() { p.serve(c) })
	}
}

func (p *Proxy) serve(c net.Conn) {
	defer c.Close()
	if s := p.is(c); s == proxyCut || s == proxyClosed {
		return
	}
	up, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer up.Close()
	if s := p.is(up); s == proxyCut || s == proxyClosed {
		return
	}
	p.done.Go(func() { p.copy(up, c, false) })
	p.copy(c, up, true)
	p.mu.Lock()
	delete(p.open, c)
	delete(p.open, up)
	p.mu.Unlock()
}

func (p *Proxy) copy(to, from net.Conn, answers bool) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil || (answers && p.lost()) {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// Announce puts a proxy in front of each node and makes the cluster tell
// gateways of those instead of the nodes.
func (c *Cluster) Announce(t testing.TB) (proxies []*Proxy) {
	t.Helper()
	for _, n := range c.Nodes {
		p := StartProxy(t, n.Addr)
		_, port, _ := net.SplitHostPort(p.Addr)
		n.Do("config", "set", "cluster-announce-port", port)
		proxies = append(proxies, p)
	}
	for _, n := range c.Nodes {
		n.Eventually("all nodes tell of the proxies", func() bool {
			slots, _ := n.Do("cluster", "slots").([]any)
			known := 0
			for _, s := range slots {
				node, _ := s.([]any)[2].([]any)
				port, _ := node[1].(int64)
				for _, p := range proxies {
					if _, own, _ := net.SplitHostPort(p.Addr); own == strconv.FormatInt(port, 10) {
						known++
					}
				}
			}
			return known == len(slots) && known > 0
		})
	}
	return proxies
}
