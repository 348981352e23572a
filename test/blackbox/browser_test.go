package blackbox_test

import (
	"context"
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/challenge/challengetest"
	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

const (
	formType = "application/x-www-form-urlencoded"
	firefox  = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
)

// person is somebody at a browser: an address, a jar of cookies and the
// header that browsers send. Redirects are not followed.
type person struct {
	t      testing.TB
	base   string // the site's URL, without a slash at the end
	header http.Header
	client *http.Client
	opened map[string]openForm // in other tabs, where they are of use
	off    time.Duration       // of the gateway's clock, where a test set it
}

// openForm is a login form that stands open.
type openForm struct {
	to, account, password string // account and password are names of fields
	values                url.Values
}

// shared is one pool of connections for all, so that hundreds of people cost
// no hundreds of sockets.
var shared = &http.Transport{MaxIdleConnsPerHost: 32, IdleConnTimeout: 10 * time.Second, DisableCompression: true}

// visitor is a person at an address, which the gateway takes from
// X-Forwarded-For as it trusts loopback; "" is loopback itself.
func visitor(t testing.TB, base, address string) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &person{t: t, base: base, header: http.Header{
		"User-Agent":      {firefox},
		"Accept-Language": {"en-GB,en;q=0.5"},
	}}
	p.client = &http.Client{Transport: shared, Jar: jar, Timeout: 60 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if address != "" {
		p.header.Set("X-Forwarded-For", address)
	}
	// Another gateway may have this one's port next.
	t.Cleanup(shared.CloseIdleConnections)
	return p
}

// withoutCookies makes the browser keep none.
func (p *person) withoutCookies() *person {
	p.client.Jar = nil
	return p
}

// moved is the same browser at another address.
func (p *person) moved(address string) *person {
	q := *p
	q.header = p.header.Clone()
	q.header.Set("X-Forwarded-For", address)
	return &q
}

// reply is an answer with its body.
type reply struct {
	*http.Response
	body string
	at   time.Time
}

// request makes a request as a navigating browser does; more are names and
// values of further headers, "" takes one away.
func (p *person) request(method, path, contentType, body string, more ...string) *http.Request {
	p.t.Helper()
	to := path
	if !strings.HasPrefix(path, "http") {
		to = p.base + path
	}
	r, err := http.NewRequest(method, to, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	maps.Copy(r.Header, p.header.Clone())
	r.Header.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == http.MethodPost {
		r.Header.Set("Origin", strings.ToLower(p.base))
		r.Header.Set("Referer", to)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] == "" {
			r.Header.Del(more[i])
		} else {
			r.Header.Set(more[i], more[i+1])
		}
	}
	return r
}

func (p *person) do(r *http.Request) reply {
	p.t.Helper()
	resp, err := p.client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.read(resp)
}

func (p *person) read(resp *http.Response) reply {
	p.t.Helper()
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return reply{Response: resp, body: string(b), at: time.Now()}
}

func (p *person) get(path string, more ...string) reply {
	p.t.Helper()
	return p.do(p.request(http.MethodGet, path, "", "", more...))
}

func (p *person) post(path, body string, more ...string) reply {
	p.t.Helper()
	return p.do(p.request(http.MethodPost, path, formType, body, more...))
}

// login posts a login to the shop of no known make.
func (p *person) login(account, password string, more ...string) reply {
	p.t.Helper()
	return p.post("/login", credentials(account, password), more...)
}

func credentials(account, password string) string {
	return "email=" + url.QueryEscape(account) + "&password=" + url.QueryEscape(password)
}

// guard is the item of the Login-Guard header, "" where it is the shop's
// answer.
func (r reply) guard() string {
	item, _, _ := strings.Cut(r.Header.Get("Login-Guard"), ";")
	return item
}

func (r reply) ref() string {
	_, ref, _ := strings.Cut(r.Header.Get("Login-Guard"), `ref="`)
	return strings.TrimSuffix(ref, `"`)
}

// check is the check whose page the answer is; the test ends if it is not of
// that kind.
func (p *person) check(r reply, kind string) *shoptest.Check {
	p.t.Helper()
	if r.guard() != kind {
		p.t.Fatalf("%s, Login-Guard %q, want a %s:\n%.2000s", r.Status, r.Header.Get("Login-Guard"), kind, r.body)
	}
	c, err := shoptest.ReadCheck(r.Response, []byte(r.body))
	if err != nil {
		p.t.Fatalf("%v in:\n%.2000s", err, r.body)
	}
	return c
}

// wants fails the test unless the answer is the gateway's own of that kind.
func (p *person) wants(r reply, status int, kind string) reply {
	p.t.Helper()
	if r.StatusCode != status || r.guard() != kind {
		p.t.Fatalf("%s, Login-Guard %q, want %d and %q:\n%.2000s", r.Status, r.Header.Get("Login-Guard"), status, kind, r.body)
	}
	return r
}

// slide passes a slider with the page's script; what comes back stands in
// the browser then.
func (p *person) slide(c *shoptest.Check) reply {
	p.t.Helper()
	return p.goOn(c, p.clearance(c, "pointer", ""))
}

// clearance answers a check with the page's script.
func (p *person) clearance(c *shoptest.Check, way, text string) string {
	p.t.Helper()
	v := p.verify(c, way, text)
	if v.Status != "checked" {
		p.t.Fatalf("the answer to a %s: %+v", c.Kind, v)
	}
	return v.Clearance
}

func (p *person) verify(c *shoptest.Check, way, text string) shoptest.Verdict {
	p.t.Helper()
	solving.Lock() // two cores: one proof of work at a time keeps timings sane
	v, err := c.Verify(context.Background(), p.client, p.header, way, text)
	solving.Unlock()
	if err != nil {
		p.t.Fatal(err)
	}
	return v
}

var solving sync.Mutex

func (p *person) goOn(c *shoptest.Check, clearance string) reply {
	p.t.Helper()
	resp, err := c.Continue(context.Background(), p.client, p.header, clearance)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.read(resp)
}

// submit posts a check's form as a browser without script does.
func (p *person) submit(c *shoptest.Check, fields ...string) reply {
	p.t.Helper()
	form := url.Values{"login_guard_hold": {c.Hold}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set("login_guard_"+fields[i], fields[i+1])
	}
	return p.post(c.Action, form.Encode())
}

// readOff is what the picture of a check shows.
func (p *person) readOff(c *shoptest.Check) string {
	p.t.Helper()
	return picture(p.t, c.Task.Token)
}

func picture(t testing.TB, token string) string {
	t.Helper()
	text, err := challengetest.Solution(guardtest.Checks(t, "shop"), token, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// typeIn passes a check without script: from the slider on to the picture,
// and what it shows.
func (p *person) typeIn(c *shoptest.Check) reply {
	p.t.Helper()
	if c.Kind == "slider" {
		c = p.check(p.submit(c, "step", "picture"), "picture")
	}
	time.Sleep(time.Until(time.Now().Add(time.Duration(c.Task.Floor+10) * time.Millisecond)))
	return p.submit(c, "challenge", c.Task.Token, "answer", p.readOff(c))
}

var (
	forms  = regexp.MustCompile(`(?s)<form[^>]*>.*?</form>`)
	target = regexp.MustCompile(`<form[^>]* action="([^"]*)"`)
	inputs = regexp.MustCompile(`<input type="([^"]*)" name="([^"]*)"[^>]*?value="([^"]*)"`)
)

// loginForm fetches a page and fills in the first form with a password.
func (p *person) loginForm(page, account, password string) (to string, values url.Values) {
	p.t.Helper()
	r := p.get(page)
	var open openForm
	for _, form := range forms.FindAllString(r.body, -1) {
		if !strings.Contains(form, `type="password"`) || strings.Contains(form, "login_guard_") {
			continue
		}
		values = url.Values{}
		for _, in := range inputs.FindAllStringSubmatch(form, -1) {
			switch in[1] {
			case "hidden":
				values.Set(in[2], html.UnescapeString(in[3]))
			case "password":
				values.Set(in[2], password)
				open.password = in[2]
			case "text", "email":
				values.Set(in[2], account)
				open.account = in[2]
			}
		}
		if strings.Contains(form, `name="login" value="Log in"`) {
			values.Set("login", "Log in") // the button is a field too
		}
		u, err := r.Request.URL.Parse(html.UnescapeString(target.FindStringSubmatch(form)[1]))
		if err != nil {
			p.t.Fatal(err)
		}
		if open.to, open.values = u.String(), values; p.opened != nil {
			p.opened[page] = open
		}
		return u.String(), values
	}
	if open, ok := p.opened[page]; ok { // still there in another tab
		values = maps.Clone(open.values)
		values.Set(open.account, account)
		values.Set(open.password, password)
		return open.to, values
	}
	p.t.Fatalf("%s has no login form: %s\n%s", page, r.Status, r.body)
	return "", nil
}

// decided waits for n decisions and returns all there are.
func decided(t testing.TB, g *guardtest.Gateway, n int) []guardtest.Decision {
	t.Helper()
	if n > 0 {
		g.LastDecision(n)
	}
	return g.Decisions()
}

// reload loads another Caddyfile and drops the connections that Caddy closes
// with the old one: a client that sends on such a connection in that moment
// cannot know whether its request arrived.
func reload(g *guardtest.Gateway, caddyfile string) string {
	defer shared.CloseIdleConnections()
	return g.Reload(caddyfile)
}
