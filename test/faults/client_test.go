package faults_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// patience is how long any answer may take. A hang is more than a second;
// the rest is for a machine with more to do than it can.
const patience = 3 * time.Second

// visitor is somebody at a browser.
type visitor struct {
	t      testing.TB
	base   string
	header http.Header
	client *http.Client
	slow   *slowest
	stays  context.Context // it leaves at its end; nil: it stays
}

// slowest is the longest that somebody waited for an answer.
type slowest struct {
	mu   sync.Mutex
	took time.Duration
}

func (s *slowest) saw(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took = max(s.took, d)
}

// newVisitor is a visitor of base at an address, which the gateway takes from
// X-Forwarded-For as it trusts loopback.
func newVisitor(t testing.TB, base, address string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, base: base, slow: &slowest{}, header: http.Header{
		"X-Forwarded-For": {address}, "Accept-Language": {"en-GB,en;q=0.5"},
		"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
	}, client: &http.Client{Jar: jar, Timeout: patience, Transport: pool,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// at is the same browser at another gateway.
func (v *visitor) at(base string) *visitor {
	w := *v
	w.base = base
	return &w
}

// pool keeps no connection for long: gateways are killed.
var pool = &http.Transport{MaxIdleConnsPerHost: 32, IdleConnTimeout: time.Second, DisableCompression: true}

// answer is what came back.
type answer struct {
	*http.Response
	body string
}

// guard is the item of the Login-Guard header, "" where the shop answered.
func (a answer) guard() string {
	item, _, _ := strings.Cut(a.Header.Get("Login-Guard"), ";")
	return item
}

// try sends a request as a navigating browser does.
func (v *visitor) try(method, path, body string) (answer, error) {
	r, err := http.NewRequest(method, v.base+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if v.stays != nil {
		r = r.WithContext(v.stays)
	}
	for name, values := range v.header {
		r.Header[name] = values
	}
	r.Header.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == http.MethodPost {
		r.Header.Set("Origin", strings.ToLower(v.base))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	began := time.Now()
	resp, err := v.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	v.slow.saw(time.Since(began))
	return answer{resp, string(b)}, err
}

func (v *visitor) send(method, path, body string) answer {
	v.t.Helper()
	a, err := v.try(method, path, body)
	if err != nil {
		v.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

func form(account, password string) string {
	return "email=" + url.QueryEscape(account) + "&password=" + url.QueryEscape(password)
}

// check is the check whose page the answer is.
func (v *visitor) check(a answer) *shoptest.Check {
	v.t.Helper()
	c, err := shoptest.ReadCheck(a.Response, []byte(a.body))
	if err != nil {
		v.t.Fatalf("%v: %s, Login-Guard %q:\n%.2000s", err, a.Status, a.Header.Get("Login-Guard"), a.body)
	}
	return c
}

// solve answers a check with the page's script and returns its clearance.
func (v *visitor) solve(c *shoptest.Check) string {
	v.t.Helper()
	solving.Lock() // one proof of work at a time leaves the others their time
	defer solving.Unlock()
	patient := *v.client
	patient.Timeout = 30 * time.Second // it has a shortest time, and a proof of work
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	got, err := c.Verify(ctx, &patient, v.header, "pointer", "")
	if err != nil || got.Status != "checked" {
		v.t.Fatalf("%+v, %v", got, err)
	}
	return got.Clearance
}

var solving sync.Mutex

// goOn is the page after a passed check: it sends the held login.
func (v *visitor) goOn(c *shoptest.Check, clearance string) answer {
	v.t.Helper()
	began := time.Now()
	resp, err := c.Continue(context.Background(), v.client, v.header, clearance)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.slow.saw(time.Since(began))
	return answer{resp, string(b)}
}

// signedIn fails the test unless the shop itself took the login.
func (v *visitor) signedIn(a answer) {
	v.t.Helper()
	if a.guard() != "" || a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/account" {
		v.t.Fatalf("%s, Login-Guard %q, Location %q, want the shop's own answer:\n%.2000s", a.Status, a.Header.Get("Login-Guard"), a.Header.Get("Location"), a.body)
	}
}

// eventually waits until ok, half a minute at most, and returns how long.
func eventually(t testing.TB, what string, ok func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !ok() {
		if time.Since(began) > 30*time.Second {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return time.Since(began)
}

// odd is a login's body that only survives if nobody reads and rewrites it.
func odd(a shoptest.Account, mark int) string {
	return fmt.Sprintf("next=%%2fcart&%s&note=%%f0%%9F%%8d%%b0+%%e2%%82%%AC&empty=&mark=%d", form(a.Email, a.Password), mark)
}
