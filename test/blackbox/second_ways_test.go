package blackbox_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// spy looks at all that somebody is sent, in header, trailer, informational
// answers and body, for a text that only who is signed in may see.
type spy struct {
	inside string
	base   http.RoundTripper

	mu   sync.Mutex
	seen []string
}

func (s *spy) look(where, text string) {
	if !strings.Contains(text, s.inside) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, where+": "+cut(text))
}

func (s *spy) RoundTrip(r *http.Request) (*http.Response, error) {
	name := fmt.Sprintf("%s %s %q", r.Method, r.URL.RequestURI(), r.Header["Cookie"])
	if from := r.Header.Get("X-Test-Referer"); from != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Referer", "http://"+r.URL.Host+from)
		r.Header.Del("X-Test-Referer")
	}
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			s.look(fmt.Sprint(name, " ", code), fmt.Sprint(h))
			return nil
		}}))
	resp, err := s.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	s.look(name, fmt.Sprint(resp.Header)+string(body)+fmt.Sprint(resp.Trailer))
	resp.Body = io.NopCloser(strings.NewReader(string(body)))
	return resp, err
}

// spied makes everything that a person gets be looked at for a text; the test
// fails at its end if it was there.
func (p *person) spied(inside string) *spy {
	s := &spy{inside: inside, base: p.client.Transport}
	p.client.Transport = s
	p.t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, seen := range s.seen {
			p.t.Errorf("the password alone got %s", seen)
		}
	})
	return s
}

// sessions are the cookies of the shop that a browser has.
func (p *person) sessions() (all []*http.Cookie) {
	u, err := url.Parse(p.base)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, c := range p.client.Jar.Cookies(u) {
		if !strings.Contains(c.Name, "login_guard_") {
			all = append(all, c)
		}
	}
	return all
}

// sendsCookies asks for a page with these cookie lines and no other cookie.
func (p *person) sendsCookies(method, path string, lines ...string) reply {
	p.t.Helper()
	q := *p
	c := *p.client
	c.Jar = nil
	q.client = &c
	r := q.request(method, path, "", "")
	r.Header["Cookie"] = lines
	return q.do(r)
}

// sendsBody is sendsCookies with a body of JSON, as a script sends it.
func (p *person) sendsBody(method, path, body string, lines ...string) reply {
	p.t.Helper()
	q := *p
	c := *p.client
	c.Jar = nil
	q.client = &c
	r := q.request(method, path, "application/json", body, "Sec-Fetch-Mode", "cors")
	r.Header["Cookie"] = lines
	return q.do(r)
}

// tries is like do, for what may end in an error.
func (p *person) tries(r *http.Request) {
	if resp, err := p.client.Do(r); err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}

// raw sends bytes to the site and returns all that comes.
func raw(t testing.TB, base, text string) string {
	t.Helper()
	conn := dial(t, base)
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(bufio.NewReader(conn))
	return string(got)
}

// dial is a connection of one's own to the site.
func dial(t testing.TB, base string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(strings.ReplaceAll(base, "localhost", "127.0.0.1"), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// prey is a shop with a customer who has an authenticator app.
type prey struct {
	door
	shop *shoptest.Shop
	g    *guardtest.Gateway
	app  *phone
}

// way is one that somebody tries who knows the password. He begins at the
// shop with a session of his own, and asks for the private page at the end.
type way struct {
	name string
	try  func(p *person, e *prey)
}

func (e *prey) in(p *person, more ...string) reply {
	alice := shoptest.Alice()
	return e.login(p, alice.Email, alice.Password)
}

// spellings are ways to spell a session's value that some shop reads alike.
var spellings = []func(string) string{
	strings.ToUpper, strings.ToLower,
	func(v string) string { return `"` + v + `"` },
	func(v string) string { return fmt.Sprintf("%%%02x", v[0]) + v[1:] },
	func(v string) string { return fmt.Sprintf("%%25%02x", v[0]) + v[1:] },
	func(v string) string { return fmt.Sprintf(`"\%03o%s"`, v[0], v[1:]) },
	func(v string) string { return v + "%00" }, func(v string) string { return v + "%20" }, func(v string) string { return " " + v },
	func(v string) string { return v + "%0a" },
	func(v string) string { return string(rune(v[0])-'!'+'！') + v[1:] },
	func(v string) string { return v + "\u200d" }, func(v string) string { return v + "%cc%81" },
	func(v string) string { return v + "%" }, func(v string) string { return v + "%00%zz" },
	// Express' cookie-parser takes JSON from a cookie that says it is some.
	func(v string) string { return url.QueryEscape(`j:"` + v + `"`) },
	func(v string) string { return url.PathEscape(`j: "` + fmt.Sprintf(`\u%04x`, v[0]) + v[1:] + `" `) },
	func(v string) string { return `"j:%22` + v + `%22"` },
}

var ways = []way{
	{"the session of before on every route", func(p *person, e *prey) {
		e.in(p)
		for _, path := range []string{"/", e.private, e.private + "?x=1", e.private + "/", "/x.css", "/a.js", "/favicon.ico", "/robots.txt", "//", "/%2e/", "/./" + strings.TrimPrefix(e.private, "/"), "/index.php/" + strings.TrimPrefix(e.private, "/")} {
			p.get(path)
		}
	}},
	{"every method", func(p *person, e *prey) {
		e.in(p)
		for _, m := range []string{"HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "REPORT", "QUERY"} {
			p.do(p.request(m, e.private, "", ""))
			p.do(p.request(m, e.private, formType, "a=b"))
		}
		p.post(e.private, "a=b")
		p.do(p.request("POST", e.private, "application/json", "{}"))
		p.do(p.request("POST", e.private, "multipart/form-data; boundary=x", "--x--\r\n"))
		p.post(e.private, "a=b", "X-HTTP-Method-Override", "GET")
	}},
	{"headers that lead elsewhere", func(p *person, e *prey) {
		e.in(p)
		for _, h := range [][]string{
			{"Range", "bytes=0-100"}, {"If-None-Match", "*"}, {"If-Modified-Since", "Mon, 01 Jan 2024 00:00:00 GMT"}, {"Accept", "application/json"},
			{"X-Original-URL", e.private}, {"X-Rewrite-URL", e.private}, {"Sec-Fetch-Mode", "no-cors"}, {"Sec-Fetch-Mode", "cors", "X-Requested-With", "XMLHttpRequest"},
			{"Sec-Fetch-Dest", "image"}, {"Purpose", "prefetch"}, {"Expect", "100-continue"}, {"Authorization", "Basic eDp5"}, {"Origin", "https://evil.example"},
			{"Cache-Control", "only-if-cached"}, {"X-Forwarded-Host", "evil.example"}, {"Forwarded", "for=1.2.3.4"}, {"Login-Guard", "passed"}, {"Login-Guard-Clearance", "x"},
		} {
			p.get(e.private, h...)
		}
	}},
	{"an upgrade", func(p *person, e *prey) {
		e.in(p)
		for _, to := range []string{"websocket", "h2c"} {
			p.tries(p.request("GET", e.private, "", "", "Connection", "Upgrade", "Upgrade", to, "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version", "13", "HTTP2-Settings", "AAMAAABkAAQAAP__"))
		}
	}},
	{"the absolute form, HTTP/1.0, another host, cookies in two lines", func(p *person, e *prey) {
		e.in(p)
		var lines []string
		for _, c := range p.sessions() {
			lines = append(lines, "Cookie: "+c.Name+"="+c.Value)
		}
		host := strings.TrimPrefix(p.base, "http://")
		cookies := strings.Join(lines, "\r\n") + "\r\n"
		for _, text := range []string{
			"GET " + p.base + e.private + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n" + cookies + "\r\n",
			"GET " + e.private + " HTTP/1.0\r\nHost: " + host + "\r\n" + cookies + "\r\n",
			"GET " + e.private + " HTTP/1.1\r\nHost: " + strings.ToUpper(host) + "\r\nConnection: close\r\n" + cookies + "\r\n",
			"GET " + e.private + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\nCookie: a=b\r\ncookie: c=d\r\nCOOKIE" + strings.TrimPrefix(cookies, "Cookie") + "\r\n",
			"GET " + e.private + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close, Cookie\r\n" + cookies + "\r\n",
		} {
			if got := raw(p.t, p.base, text); strings.Contains(got, e.inside) {
				p.t.Errorf("open to %.300q", text)
			}
		}
	}},
	{"the session spelled otherwise", func(p *person, e *prey) {
		e.in(p)
		for _, c := range p.sessions() {
			for _, spell := range spellings {
				p.sendsCookies("GET", e.private, c.Name+"="+spell(c.Value))
			}
			for _, lines := range [][]string{
				{c.Name + "=" + c.Value}, {c.Name + "=x; " + c.Name + "=" + c.Value}, {c.Name + "=" + c.Value + "; " + c.Name + "=x"},
				{"a=b", c.Name + "=" + c.Value}, {c.Name + "=x", c.Name + "=" + c.Value}, {"a=b, " + c.Name + "=" + c.Value}, {"a=b;" + c.Name + "=" + c.Value + ";c=d"},
				{" " + c.Name + " = " + c.Value}, {fmt.Sprintf("%%%02x%s=%s", c.Name[0], c.Name[1:], c.Value)}, {"__Host-" + c.Name + "=" + c.Value}, {"__Secure-" + c.Name + "=" + c.Value},
				{strings.ToLower(c.Name) + "=" + c.Value}, {strings.ReplaceAll(c.Name, "_", ".") + "=" + c.Value}, {strings.ReplaceAll(c.Name, ".", "_") + "=" + c.Value},
				{c.Name + "%00x=" + c.Value}, {c.Name + "[]=" + c.Value}, {"$Version=1; " + c.Name + "=" + c.Value + "; $Path=/"},
			} {
				p.sendsCookies("GET", e.private, lines...)
			}
			sep := "?"
			if strings.Contains(e.private, "?") {
				sep = "&"
			}
			p.sendsCookies("GET", e.private+sep+c.Name+"="+c.Value)
			p.sendsCookies("GET", e.private+";"+c.Name+"="+c.Value)
		}
	}},
	{"paths of the gateway", func(p *person, e *prey) {
		e.in(p)
		for _, path := range []string{"account", "challenge/second", "challenge/x", "guard.js", "inline", "help", "check/x", "verify", "renew", "x", "../" + e.private, "%2e%2e" + e.private, "..%2f" + e.private, "", "//" + e.private} {
			p.get("/.login-guard/" + path)
			p.post("/.login-guard/"+path, "login_guard_step=second")
		}
	}},
	{"tickets, proofs and trust that are not his", func(p *person, e *prey) {
		page := e.in(p)
		cookies := []string{"login_guard_second", "login_guard_login", "login_guard_trust", "login_guard_device", "login_guard_pass"}
		var all []string
		for _, c := range p.sessions() {
			all = append(all, c.Name+"="+c.Value)
		}
		for _, v := range []string{"x", strings.Repeat("A", 64), strings.Repeat("A", 22), "", strings.Repeat("_", 5000)} {
			line := strings.Join(all, "; ")
			for _, name := range cookies {
				line += "; " + name + "=" + v
			}
			p.sendsCookies("GET", e.private, line)
			p.sendsCookies("GET", "/.login-guard/account", line)
			p.sendsCookies("GET", "/.login-guard/challenge/second", line)
		}
		_ = page
	}},
	{"what scripts send", func(p *person, e *prey) {
		e.in(p)
		for _, c := range []string{"x", "s2.x", "s2." + strings.Repeat("A", 64)} {
			p.header.Set("Login-Guard-Clearance", c)
			e.in(p)
			p.get(e.private)
		}
		p.header.Del("Login-Guard-Clearance")
		for _, body := range []string{`{}`, `{"step":"second","method":"app","code":"000000"}`, `{"method":"none"}`, `{"method":"recovery","code":"AAAA-AAAA-AAAA-AAAA"}`, `{"method":"passkey","assertion":{}}`, `[]`, `{"ok":true,"clearance":"x"}`} {
			p.do(p.request("POST", "/.login-guard/challenge/second", "application/json", body, "Sec-Fetch-Mode", "cors"))
		}
	}},
	{"codes that are wrong, empty, or of the wrong kind", func(p *person, e *prey) {
		e.in(p)
		for _, fields := range [][]string{
			{"step", "second"}, {"step", "second", "method", "app"}, {"step", "second", "method", "app", "code", "000000"}, {"step", "second", "method", "none", "code", ""},
			{"step", "second", "method", "passkey", "assertion", "{}"}, {"step", "second", "method", "to:x", "code", "000000"}, {"step", "resend", "method", "to:x"},
			{"step", "later"}, {"step", "setup"}, {"step", "saved"}, {"step", "delete"}, {"step", "typed"}, {"step", ""},
		} {
			form := url.Values{}
			for i := 0; i+1 < len(fields); i += 2 {
				form.Set("login_guard_"+fields[i], fields[i+1])
			}
			p.post("/.login-guard/challenge/second", form.Encode())
			p.get(e.private)
		}
	}},
	{"another's login in the same session", func(p *person, e *prey) {
		e.in(p)
		e.login2(p, shoptest.Bob())
		p.get(e.private)
		p.get("/")
	}},
	{"another's login first, then this one, and the other's again", func(p *person, e *prey) {
		e.login2(p, shoptest.Bob())
		e.in(p)
		e.login2(p, shoptest.Bob())
		wrong := shoptest.Bob()
		wrong.Password = "x"
		e.login2(p, wrong)
	}},
	{"wrong passwords before and after", func(p *person, e *prey) {
		wrong := shoptest.Alice()
		wrong.Password = "x"
		e.login2(p, wrong)
		e.in(p)
		e.login2(p, wrong)
		e.login2(p, wrong)
		p.get(e.private)
	}},
	{"the login twice", func(p *person, e *prey) {
		e.in(p)
		e.in(p)
		p.get(e.private)
		e.in(p)
	}},
	{"cancel, and the old session", func(p *person, e *prey) {
		e.in(p)
		old := p.sessions()
		p.follows(p.post("/.login-guard/challenge/second", "login_guard_step=cancel"))
		for _, c := range old {
			p.sendsCookies("GET", e.private, c.Name+"="+c.Value)
		}
	}},
	{"another browser and address", func(p *person, e *prey) {
		e.in(p)
		q := p.moved("192.0.2.200")
		q.header.Set("User-Agent", "curl/8")
		q.get(e.private)
		q.get("/")
	}},
	{"the account page", func(p *person, e *prey) {
		e.in(p)
		r := p.get("/.login-guard/account")
		for _, step := range []string{"setup", "add", "app", "codes", "saved", "typed", "delete", "remove", "undo", "signout", "forget", "rename", "test", "second", "dismiss"} {
			p.post("/.login-guard/account", url.Values{"login_guard_step": {step}, "login_guard_method": {"app"}, "login_guard_id": {"x"}, "login_guard_token": {"x"}}.Encode())
		}
		if strings.Contains(r.body, "otpauth:") {
			p.t.Error("a second factor can be added with the password alone")
		}
	}},
	{"a login that comes from the private page", func(p *person, e *prey) {
		for _, from := range []string{e.private, "/", "/account", "/account/login"} {
			p.header.Set("X-Test-Referer", from)
			e.in(p)
			p.get(e.private)
		}
	}},
	{"a login as if it were a registration", func(p *person, e *prey) {
		alice := shoptest.Alice()
		for _, to := range []string{"/register?_route_=login", "/index.php/register?_route_=login", "/index.php/register?route=account/login", "/create_account?main_page=login", "/register?main_page=login"} {
			form := url.Values{"email": {alice.Email}, "email_address": {alice.Email}, "password": {alice.Password}, "firstname": {"x"}, "telephone": {"1"}, "confirm": {alice.Password}, "confirmation": {alice.Password}}
			p.post(to, form.Encode())
			p.get(e.private)
		}
	}},
	{"a session without cookies", func(p *person, e *prey) {
		q := visitor(p.t, p.base, "203.0.113.77")
		q.client.Transport = p.client.Transport
		r := e.in(q)
		for _, c := range r.Cookies() {
			if !strings.Contains(c.Name, "login_guard_") {
				p.t.Errorf("the shop's cookie %s went out", c.Name)
			}
		}
		q.get(e.private)
	}},
}

// hers is what only Alice may see, or who signed in as her.
func (e *prey) hers() string {
	for _, greeting := range []string{"Welcome, <strong>", "Hello <strong>"} {
		if e.inside == greeting {
			return greeting + "alice"
		}
	}
	return "Signed in: <strong>alice"
}

// login2 is a login of any account.
func (e *prey) login2(p *person, a shoptest.Account) reply { return e.login(p, a.Email, a.Password) }

// enrolled starts a shop with Alice's app on it.
func enrolled(t *testing.T, d door, options ...string) *prey {
	t.Helper()
	e := &prey{door: d, shop: d.shop().Start(t)}
	e.g = guardtest.Start(t, secondSite(d, e.shop, append([]string{unlimited}, options...)...))
	alice := shoptest.Alice()
	owner := visitor(t, e.g.URL, "198.51.100.7")
	d.login(owner, alice.Email, alice.Password)
	if r := owner.get(d.private); !strings.Contains(r.body, d.inside) {
		t.Fatalf("without a second factor Alice is not in: %d %s", r.StatusCode, cut(r.body))
	}
	e.app = owner.enrols()
	return e
}

// unlimited: it is the second factor that has to hold, not the limits.
const unlimited = "limit account off\n\t\tlimit accounts off\n\t\tlimit address off\n\t\tlimit network off\n\t\tlimit pair off\n\t\tlimit attempts off\n\t\tlimit device off\n\t\tlimit challenges off"

func TestThirtyWaysWithThePasswordAlone(t *testing.T) {
	for _, d := range doors {
		t.Run(d.preset, func(t *testing.T) {
			t.Parallel()
			e := enrolled(t, d)
			for i, w := range ways {
				t.Run(w.name, func(t *testing.T) {
					thief := visitor(t, e.g.URL, fmt.Sprintf("203.0.113.%d", i+1))
					thief.opened = map[string]openForm{}
					wrong := shoptest.Alice()
					wrong.Password = "x"
					e.login2(thief, wrong)
					thief.spied(e.hers())
					w.try(thief, e)
					thief.get(e.private)
				})
			}
			owner := visitor(t, e.g.URL, "198.51.100.8")
			page := e.in(owner)
			if page.StatusCode != http.StatusOK || !strings.Contains(page.Header.Get("Content-Type"), "text/html") {
				page = owner.get("/.login-guard/challenge/second")
			}
			owner.sends(page, "step", "second", "method", "app", "code", e.app.code(0))
			if r := owner.get(e.private); !strings.Contains(r.body, e.inside) {
				t.Errorf("after all that the owner is not in with the second factor: %d %s\n%s", r.StatusCode, r.guard(), cut(r.body))
			}
		})
	}
}
