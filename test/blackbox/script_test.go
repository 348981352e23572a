package blackbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// script is a client that is no browser: it sends a login, and when it is
// told of a check it answers that and sends the very same login again with
// what it earned. It is all that an app needs.
type script struct {
	t      testing.TB
	client *http.Client
	header http.Header
}

// login sends a login and passes the check if it is asked for one.
func (s *script) login(to, contentType string, body []byte) *http.Response {
	s.t.Helper()
	resp := s.send(to, contentType, body, "")
	if resp.StatusCode != http.StatusForbidden || resp.Header.Get("Login-Guard") == "" {
		return resp
	}
	var problem struct{ Challenge string }
	if err := json.NewDecoder(resp.Body).Decode(&problem); err != nil || problem.Challenge == "" {
		s.t.Fatalf("the problem names no challenge: %v", err)
	}
	return s.send(to, contentType, body, s.pass(to, problem.Challenge))
}

func (s *script) send(to, contentType string, body []byte, clearance string) *http.Response {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for name, values := range s.header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Accept", "application/json")
	if clearance != "" {
		r.Header.Set("Login-Guard-Clearance", clearance)
	}
	resp, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp
}

// pass fetches the task, does the work, waits as long as it must and answers
// without sliding.
func (s *script) pass(login, challenge string) string {
	s.t.Helper()
	base, err := url.Parse(login)
	if err != nil {
		s.t.Fatal(err)
	}
	at := base.Scheme + "://" + base.Host + challenge
	var task struct {
		Kind string
		Task shoptest.Task
	}
	r, _ := http.NewRequest(http.MethodGet, at, nil)
	r.Header = s.header.Clone()
	resp, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := json.NewDecoder(resp.Body).Decode(&task); err != nil {
		s.t.Fatal(err)
	}
	n, err := shoptest.Solve(context.Background(), []byte(task.Task.Salt), task.Task.Cost, task.Task.Target)
	if err != nil {
		s.t.Fatal(err)
	}
	answer, _ := json.Marshal(map[string]any{"challenge": task.Task.Token, "pow": n, "way": "press"})
	for range 10 {
		r, _ := http.NewRequest(http.MethodPost, at, bytes.NewReader(answer))
		r.Header = s.header.Clone()
		r.Header.Set("Content-Type", "application/json")
		resp, err := s.client.Do(r)
		if err != nil {
			s.t.Fatal(err)
		}
		var said struct {
			Clearance, Status string
			Seconds           int
		}
		if err := json.NewDecoder(resp.Body).Decode(&said); err != nil {
			s.t.Fatal(err)
		}
		switch {
		case said.Clearance != "":
			return said.Clearance
		case said.Status != "wait":
			s.t.Fatalf("%s: %+v", resp.Status, said)
		}
		time.Sleep(time.Duration(said.Seconds) * time.Second)
	}
	s.t.Fatal("always too early")
	return ""
}

func newScript(t testing.TB, address string) *script {
	return &script{t: t, client: &http.Client{Transport: shared, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		header: http.Header{"User-Agent": {"shop-app/1"}, "Accept-Language": {"en"}, "X-Forwarded-For": {address}}}
}

func TestAScriptAnswersItsCheckAndSendsTheSameLoginAgain(t *testing.T) {
	t.Parallel()
	shop, g := asking(t)
	s := newScript(t, "203.0.113.40")
	body := []byte(credentials(shoptest.Alice().Email, shoptest.Alice().Password))
	resp := s.login(g.URL+"/login", formType, body)
	if resp.StatusCode != http.StatusSeeOther && resp.StatusCode != http.StatusFound {
		t.Fatalf("%s", resp.Status)
	}
	all := shop.Requests()
	if len(all) != 1 || !bytes.Equal(all[0].Body, body) {
		t.Fatalf("%d requests at the shop", len(all))
	}
	if all[0].Header.Get("Login-Guard-Clearance") != "" {
		t.Error("the shop sees our clearance")
	}
}

func TestAClearanceIsForOneBodyAndOnce(t *testing.T) {
	t.Parallel()
	shop, g := asking(t)
	s := newScript(t, "203.0.113.41")
	to := g.URL + "/login"
	mine := []byte(credentials(shoptest.Alice().Email, "guess 1"))
	earn := func() string {
		resp := s.send(to, formType, mine, "")
		var problem struct{ Challenge string }
		if err := json.NewDecoder(resp.Body).Decode(&problem); err != nil {
			t.Fatal(err)
		}
		return s.pass(to, problem.Challenge)
	}
	other := []byte(credentials(shoptest.Alice().Email, "guess 2"))
	clearance := earn()
	if resp := s.send(to, formType, other, clearance); resp.StatusCode != http.StatusForbidden {
		t.Errorf("another body with the clearance of the first: %s", resp.Status)
	}
	if resp := s.send(to, formType, mine, clearance); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a clearance that was shown with another body is still good: %s", resp.Status)
	}
	clearance = earn()
	if resp := s.send(to, formType, mine, clearance); resp.Header.Get("Login-Guard") != "" {
		t.Errorf("the right body is refused: %s", resp.Status)
	}
	if resp := s.send(to, formType, mine, clearance); resp.StatusCode != http.StatusForbidden {
		t.Errorf("twice: %s", resp.Status)
	}
	if n := len(shop.Logins()); n != 1 {
		t.Errorf("%d logins ran, want 1", n)
	}
}

func TestAPersonWhoOpensAScriptsCheckIsLetInNext(t *testing.T) {
	t.Parallel()
	_, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.42")
	r := p.wants(p.login(shoptest.Alice().Email, shoptest.Alice().Password, scripted...), http.StatusForbidden, "slider")
	page := p.get("/.login-guard/challenge/" + r.ref())
	done := p.slide(p.check(page, "slider"))
	if done.StatusCode != http.StatusOK || !strings.Contains(done.body, "sign in once more") {
		t.Fatalf("%s\n%.800s", done.Status, done.body)
	}
	p.signedIn(p.login(shoptest.Alice().Email, shoptest.Alice().Password))
}

func TestOpenCart4sOwnScriptLeadsToTheCheckAndIn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ password, lands string }{
		{shoptest.Alice().Password, "customer_token="},
		{"wrong", "route=account/login"},
	} {
		t.Run(c.password, func(t *testing.T) {
			t.Parallel()
			shop := shoptest.OpenCart4().Start(t)
			g := guardtest.Start(t, guardtest.Site(shop.URL, "opencart4", "ask_after 3d"))
			p := visitor(t, g.URL, "203.0.113.43")
			to, form := p.loginForm("/index.php?route=account/login", shoptest.Alice().Email, c.password)
			shop.Reset()
			r := p.post(to, form.Encode(), append([]string{"Referer", g.URL + "/index.php?route=account/login"}, scripted...)...)
			var said struct{ Redirect string }
			if err := json.Unmarshal([]byte(r.body), &said); err != nil || r.StatusCode != http.StatusOK || r.guard() != "slider" {
				t.Fatalf("%s %q\n%.400s", r.Status, r.guard(), r.body)
			}
			if said.Redirect != "/.login-guard/challenge/"+r.ref() {
				t.Fatalf("redirect %q", said.Redirect)
			}
			// The shop's script does: location = json.redirect.
			done := p.slide(p.check(p.get(said.Redirect), "slider"))
			if done.StatusCode != http.StatusSeeOther || !strings.Contains(done.Header.Get("Location"), c.lands) {
				t.Fatalf("%s to %q", done.Status, done.Header.Get("Location"))
			}
			logins := shop.Requests()
			if len(logins) != 1 || string(logins[0].Body) != form.Encode() {
				t.Errorf("%d requests at the shop", len(logins))
			}
			if cookie := logins[0].Header.Get("Cookie"); strings.Contains(cookie, "login_guard") {
				t.Errorf("the shop sees our cookie: %s", cookie)
			}
		})
	}
}

func TestOnlyListedOriginsMayReadAScriptsCheck(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "ask_after 3d", "origins https://www.example"))
	p := visitor(t, g.URL, "203.0.113.44")
	for origin, allowed := range map[string]string{"https://www.example": "https://www.example", "https://evil.example": ""} {
		r := p.login(shoptest.Alice().Email, "x", append([]string{"Origin", origin}, scripted...)...)
		if got := r.Header.Get("Access-Control-Allow-Origin"); got != allowed {
			t.Errorf("%s: the problem allows %q", origin, got)
		}
		task := p.get("/.login-guard/challenge/"+r.ref(), "Origin", origin, "Sec-Fetch-Mode", "cors")
		if got := task.Header.Get("Access-Control-Allow-Origin"); got != allowed {
			t.Errorf("%s: the task allows %q", origin, got)
		}
		o, _ := http.NewRequest(http.MethodOptions, g.URL+"/.login-guard/challenge/"+r.ref(), nil)
		o.Header.Set("Origin", origin)
		resp, err := p.client.Do(o)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		if got := resp.Header.Get("Access-Control-Allow-Origin"); got != allowed || resp.StatusCode != http.StatusNoContent {
			t.Errorf("%s: preflight %s allows %q", origin, resp.Status, got)
		}
	}
}
