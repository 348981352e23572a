package blackbox_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// A shop below a directory sets its cookies for that, and Cancel takes them all
// the same: they are shut for a month, and a browser that keeps one is out.
func TestCancelTakesTheSessionOfAShopInADirectory(t *testing.T) {
	t.Parallel()
	l := startLoose(t)
	var below atomic.Bool
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		r.URL.Path = "/" + strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/store"), "/")
		l.ServeHTTP(answer, r)
		for name, values := range answer.Header() {
			for _, v := range values {
				if below.Load() {
					v = strings.Replace(v, "; Path=/;", "; Path=/store/;", 1)
				}
				w.Header().Add(name, v)
			}
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}))
	t.Cleanup(front.Close)
	g := guardtest.Start(t, guardtest.Site(front.URL, "evershop", "second_factor optional", "ladder slider off picture off", unlimited))
	alice := shoptest.Alice()
	enter := func(p *person) reply {
		return p.do(p.request("POST", "/store/customer/login", "application/json", `{"email":"`+alice.Email+`","password":"`+alice.Password+`"}`, "Sec-Fetch-Mode", "cors"))
	}
	owner := visitor(t, g.URL, "198.51.100.7")
	owner.get("/store/")
	enter(owner)
	owner.enrols()

	below.Store(true)
	p := visitor(t, g.URL, "198.51.100.9")
	p.get("/store/")
	u, err := url.Parse(p.base + "/store/")
	if err != nil || len(p.client.Jar.Cookies(u)) == 0 || len(p.sessions()) != 0 {
		t.Fatalf("no cookie of the directory alone: %v %v", p.client.Jar.Cookies(u), p.sessions())
	}
	if r := enter(p); r.guard() != "second-factor" {
		t.Fatalf("the login met %q: %d", r.guard(), r.StatusCode)
	}
	if r := p.get("/store/account"); r.guard() != "second-factor" {
		t.Fatalf("the session is open: %d %q", r.StatusCode, r.guard())
	}
	p.follows(p.sends(p.get("/.login-guard/challenge/second"), "step", "cancel"))
	if r := p.get("/store/"); r.guard() != "" || r.StatusCode != http.StatusOK {
		t.Errorf("after Cancel the shop is shut: %d %q", r.StatusCode, r.guard())
	}
}
