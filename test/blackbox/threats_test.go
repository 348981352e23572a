package blackbox_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// greedy is a shop that takes a login from wherever it stands, whatever the
// method and type say. It counts the passwords it judged, by account; all of
// them are wrong.
type greedy struct {
	*httptest.Server
	mu     sync.Mutex
	judged map[string]int
}

func startGreedy(t *testing.T) *greedy {
	t.Helper()
	s := &greedy{judged: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body strings.Builder
		if _, err := bufio.NewReader(r.Body).WriteTo(&body); err != nil {
			return
		}
		for _, text := range []string{body.String(), r.URL.RawQuery} {
			if v, err := url.ParseQuery(text); err == nil && v.Get("password") != "" {
				s.mu.Lock()
				s.judged[v.Get("email")]++
				s.mu.Unlock()
				break
			}
		}
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *greedy) guesses(account string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.judged[account]
}

// counted waits until the log accounts for n decisions, those of folded
// lines too.
func counted(t *testing.T, g *guardtest.Gateway, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("account of %d tries", n), func() bool {
		sum := 0
		for _, d := range g.Decisions() {
			sum += max(1, d.Count)
		}
		return sum >= n
	})
}

// serving changes the servers of a running gateway.
func serving(t *testing.T, g *guardtest.Gateway, change func(server map[string]any)) {
	t.Helper()
	status, text := g.Admin(http.MethodGet, "/config/", "")
	var all struct {
		Apps map[string]json.RawMessage `json:"apps"`
	}
	var web struct {
		Servers map[string]map[string]any `json:"servers"`
	}
	rest := map[string]json.RawMessage{}
	if status != http.StatusOK || json.Unmarshal([]byte(text), &rest) != nil || json.Unmarshal([]byte(text), &all) != nil ||
		json.Unmarshal(all.Apps["http"], &web) != nil || len(web.Servers) == 0 {
		t.Fatalf("%d %s", status, text)
	}
	for _, server := range web.Servers {
		change(server)
	}
	var err error
	if all.Apps["http"], err = json.Marshal(web); err != nil {
		t.Fatal(err)
	}
	if rest["apps"], err = json.Marshal(all.Apps); err != nil {
		t.Fatal(err)
	}
	changed, err := json.Marshal(rest)
	if err != nil {
		t.Fatal(err)
	}
	defer shared.CloseIdleConnections()
	if status, why := g.Admin(http.MethodPost, "/load", string(changed)); status != http.StatusOK {
		t.Fatalf("%d %s", status, why)
	}
}

func TestAForgedAddressIsNoNewGuesser(t *testing.T) {
	t.Parallel()
	forged := []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "Cf-Connecting-Ip", "True-Client-Ip", "X-Client-Ip", "Client-Ip",
		"X-Cluster-Client-Ip", "Fastly-Client-Ip", "X-Originating-Ip", "X-Forwarded"}
	guess := func(t *testing.T, g *guardtest.Gateway, shop *shoptest.Shop, behind string) {
		p := visitor(t, g.URL, "")
		for i := range 12 {
			r := p.request(http.MethodPost, "/login", formType, credentials(shoptest.Alice().Email, fmt.Sprint("guess", i)))
			for _, name := range forged {
				r.Header.Set(name, fmt.Sprintf("198.51.%d.7", i))
			}
			r.Header.Set("Forwarded", fmt.Sprintf("for=198.51.%d.7", i))
			r.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.%d.7%s", i, behind))
			p.do(r)
		}
		ran(t, shop, 5)
		counted(t, g, 12)
		for _, d := range g.Decisions() {
			if strings.HasPrefix(d.Address, "198.51.") {
				t.Errorf("a forged address is believed: %+v", d)
			}
		}
	}
	t.Run("no proxy in front", func(t *testing.T) {
		t.Parallel()
		shop, g := limited(t, but("pair")...)
		serving(t, g, func(server map[string]any) { delete(server, "trusted_proxies") })
		guess(t, g, shop, "")
		// Nor is the client believed when it says that it came by TLS.
		p := visitor(t, g.URL, "").withoutCookies()
		r := p.login(shoptest.Bob().Email, shoptest.Bob().Password, "X-Forwarded-Proto", "https")
		if p.signedIn(r); r.cookie(deviceCookie) == nil || r.cookie("__Host-"+deviceCookie) != nil {
			t.Errorf("%q", r.Header["Set-Cookie"])
		}
	})
	t.Run("a proxy that appends, strict", func(t *testing.T) {
		t.Parallel()
		shop, g := limited(t, but("pair")...)
		serving(t, g, func(server map[string]any) { server["trusted_proxies_strict"] = 1 })
		guess(t, g, shop, ", 203.0.113.9")
	})
	t.Run("a proxy that appends, not strict, is warned of", func(t *testing.T) {
		t.Parallel()
		_, g := limited(t)
		if out := verb(t, g, "status"); strings.Contains(out, "trusted_proxies_strict") {
			t.Fatalf("warned without a reason:\n%s", out)
		}
		p := visitor(t, g.URL, "198.51.100.7, 203.0.113.9")
		p.wrong(p.login(shoptest.Alice().Email, "x"))
		if out := verb(t, g, "status"); !strings.Contains(out, "trusted_proxies_strict") {
			t.Errorf("status names no way out:\n%s", out)
		}
	})
}

// A site that answers to every name, as many shops are set up.
func TestAnotherHostNameIsNoNewGuesser(t *testing.T) {
	t.Parallel()
	shop := startGreedy(t)
	site := strings.Replace(guardtest.Site(shop.URL, "", but("pair")...), "http://localhost:$PORT {", "http://:$PORT {", 1)
	g := guardtest.Start(t, strings.Replace(site, "site shop", "", 1))
	body := credentials("alice", "guess")
	tries := []string{"POST /login HTTP/1.1\r\nHost: localhost", "POST /login HTTP/1.0\r\nX-No: host"}
	for _, host := range []string{"shop.example", "SHOP.example", "shop.example.", "shop.example:81", "evil.example", "127.0.0.1", "[::1]"} {
		tries = append(tries, "POST /login HTTP/1.1\r\nHost: "+host, "POST http://"+host+"/login HTTP/1.1\r\nHost: localhost")
	}
	for _, head := range tries {
		conn, err := net.Dial("tcp", strings.TrimPrefix(g.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "%s\r\nX-Forwarded-For: 203.0.113.5\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", head, formType, len(body), body)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%q: %v", head, err)
		}
		resp.Body.Close()
		conn.Close()
	}
	counted(t, g, len(tries))
	if n := shop.guesses("alice"); n != 5 {
		t.Errorf("%d of %d guesses reached the shop, want 5", n, len(tries))
	}
}

// Browsers send requests for one name on a connection that was opened for
// another if both have one certificate; guessers may do so at will.
func TestALoginOnAConnectionForAnotherNameIsCounted(t *testing.T) {
	t.Parallel()
	shop := startGreedy(t)
	plain := guardtest.Site(shop.URL, "", but("pair")...)
	g := guardtest.Start(t, plain+strings.Replace(plain[strings.Index(plain, "http://localhost"):],
		"http://localhost:$PORT {", "https://localhost:$PORT2 {\n\ttls internal", 1)+
		"https://static.localhost:$PORT2 {\n\ttls internal\n\trespond static\n}\n")
	dials := 0
	p := visitor(t, g.Expand("https://static.localhost:$PORT2"), "203.0.113.5")
	p.client.Transport = &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // its authority is a minute old
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			dials++
			return new(net.Dialer).DialContext(ctx, network, g.Expand("127.0.0.1:$PORT2"))
		}}
	eventually(t, "certificate", func() bool { // it is made while the gateway starts
		dials = 0
		resp, err := p.client.Do(p.request(http.MethodGet, "/", "", ""))
		if err != nil {
			return false
		}
		r := p.read(resp)
		return r.body == "static" && r.ProtoMajor == 2
	})
	for i := range 8 {
		r := p.request(http.MethodPost, "/login", formType, credentials("alice", fmt.Sprint("guess", i)))
		r.Host = g.Expand("localhost:$PORT2")
		p.do(r)
	}
	counted(t, g, 8)
	if n := shop.guesses("alice"); n != 5 || dials != 1 {
		t.Errorf("%d of 8 guesses reached the shop over %d connections, want 5 over 1", n, dials)
	}
}

func TestNoMethodAndNoHeaderHidesALogin(t *testing.T) {
	t.Parallel()
	shop := startGreedy(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", but("pair")...))
	const tries = 8
	type how struct {
		method  string
		inQuery bool
		header  []string
		refused bool // else five reach the shop
	}
	ways := map[string]how{
		"X-HTTP-Method-Override": {method: "POST", header: []string{"X-Http-Method-Override", "GET"}},
		"X-Original-URL":         {method: "POST", header: []string{"X-Original-Url", "/cart", "X-Rewrite-Url", "/cart"}},
		"prefetch":               {method: "POST", header: []string{"Purpose", "prefetch", "Sec-Purpose", "prefetch"}},
		"an upgrade":             {method: "POST", header: []string{"Connection", "Upgrade", "Upgrade", "websocket"}, refused: true},
		"an offer of other HTTP": {method: "POST", header: []string{"Connection", "Upgrade", "Upgrade", "h2c"}},
		"no type":                {method: "POST", header: []string{"Content-Type", ""}, refused: true},
		"type dropped on the way": {method: "POST", refused: true,
			header: []string{"Content-Type", "application/grpc", "Connection", "Content-Type"}},
		"length dropped on the way": {method: "POST", header: []string{"Connection", "Content-Length"}},
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "GET", "OPTIONS", "post", "Post", "BREW", "PROPFIND"} {
		ways[method+" with a body"] = how{method: method}
	}
	for _, method := range []string{"POST", "GET", "HEAD", "OPTIONS", "get", "TRACE", "QUERY"} {
		ways[method+" with a query"] = how{method: method, inQuery: true}
	}
	n := 0
	for name, way := range ways {
		n++
		account := fmt.Sprintf("u%d", n)
		p := visitor(t, g.URL, fmt.Sprintf("203.0.%d.1", n)).withoutCookies()
		for i := range tries {
			path, contentType, body := "/login", formType, credentials(account, fmt.Sprint("guess", i))
			if way.inQuery {
				path, contentType, body = "/login?"+body, "", ""
			}
			p.do(p.request(way.method, path, contentType, body, way.header...))
		}
		counted(t, g, n*tries)
		want := 5
		if way.refused {
			want = 0
		}
		if got := shop.guesses(account); got != want {
			t.Errorf("%s: %d of %d guesses reached the shop, want %d", name, got, tries, want)
		}
	}
}
