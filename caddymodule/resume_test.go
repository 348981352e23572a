package caddymodule

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/shoptest"
	"github.com/login-guard/login-guard/internal/store/embedded"
)

// asks is a site that asks every new device for the slider and shows so many
// checks to an address in ten minutes.
func asks(t *testing.T, checks int) *Handler {
	t.Helper()
	return withStore(t, config.Site{AskAfter: config.Duration(time.Hour),
		Limits: map[string]config.Limit{config.LimitChallenges: {Burst: checks, Every: config.Duration(time.Hour)}}}, embedded.New(embedded.Options{}))
}

// posts sends a form as a browser does and returns the page that comes.
func posts(t *testing.T, h *Handler, form url.Values) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "https://shop.example/login", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, nil)
	caddyhttp.SetVar(r.Context(), caddyhttp.ClientIPVarKey, netip.MustParseAddr("203.0.113.7").String())
	if err := h.ServeHTTP(w, r, caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		t.Error("something reached the shop")
		return nil
	})); err != nil {
		t.Fatal(err)
	}
	answer := w.Result()
	answer.Request = r
	return answer, w.Body.String()
}

func logsIn(t *testing.T, h *Handler, account string) *shoptest.Check {
	t.Helper()
	return checkOn(t, h, url.Values{"email": {account}, "password": {"guess"}}, "slider")
}

func resumes(t *testing.T, h *Handler, c *shoptest.Check, kind string) *shoptest.Check {
	t.Helper()
	return checkOn(t, h, url.Values{"login_guard_hold": {c.Hold}, "login_guard_step": {"resume"}, "login_guard_challenge": {c.Task.Token}}, kind)
}

func checkOn(t *testing.T, h *Handler, form url.Values, kind string) *shoptest.Check {
	t.Helper()
	answer, body := posts(t, h, form)
	c, err := shoptest.ReadCheck(answer, []byte(body))
	if err != nil {
		t.Fatalf("%v: %d %s %.300s", err, answer.StatusCode, answer.Header.Get("Login-Guard"), body)
	}
	if c.Kind != kind {
		t.Fatalf("a check of kind %s, want %s", c.Kind, kind)
	}
	return c
}

func TestACheckIsShownAgainAsItIsForTwoMinutesAtNoCost(t *testing.T) {
	h := asks(t, 1)
	now := time.Now()
	h.now = func() time.Time { return now }
	first, begin := logsIn(t, h, "a@b.c"), now
	for range 19 {
		now = now.Add(6 * time.Second)
		if c := resumes(t, h, first, "slider"); c.Task.Token != first.Task.Token || c.Ref != first.Ref {
			t.Fatalf("after %s it is another check", now.Sub(begin))
		}
	}
}

func TestAnOlderCheckIsFollowedByOneSuccessorThatCounts(t *testing.T) {
	h := asks(t, 2)
	now := time.Now()
	h.now = func() time.Time { return now }
	first := logsIn(t, h, "a@b.c")
	now = now.Add(sameFor + time.Second)
	second := resumes(t, h, first, "slider")
	g, err := h.ready()
	if err != nil {
		t.Fatal(err)
	}
	if before, err := g.checks.Open(second.Task.Token, now); err != nil || second.Task.Token == first.Task.Token || before.Renewals != 1 {
		t.Errorf("%v, %d renewals; want the check's first successor", err, before.Renewals)
	}
	// Its predecessor again: a check like any other, and both are spent.
	answer, body := posts(t, h, url.Values{"login_guard_hold": {first.Hold}, "login_guard_step": {"resume"}, "login_guard_challenge": {first.Task.Token}})
	if c, err := shoptest.ReadCheck(answer, []byte(body)); err == nil && c.Kind == "slider" {
		t.Error("a third check within a limit of two")
	}
}

func TestOnlyTheChecksOwnPageGetsItAgain(t *testing.T) {
	h := asks(t, 20)
	a, b := logsIn(t, h, "a@b.c"), logsIn(t, h, "b@b.c")
	mixed := *a
	mixed.Task.Token = b.Task.Token
	if c := resumes(t, h, &mixed, "slider"); c.Task.Token == b.Task.Token {
		t.Error("a login got the check of another")
	}
	g, err := h.ready()
	if err != nil {
		t.Fatal(err)
	}
	slip, err := g.held.Read(a.Hold)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.held.Take(t.Context(), slip.Ticket, h.now()); err != nil {
		t.Fatal(err)
	}
	if _, body := posts(t, h, url.Values{"login_guard_hold": {a.Hold}, "login_guard_step": {"resume"}, "login_guard_challenge": {a.Task.Token}}); !strings.Contains(body, h.pages.Language(&http.Request{}).Text("gone_title")) || strings.Contains(body, "lg-form") {
		t.Errorf("a login that was sent is answered with %.300s", body)
	}
}
