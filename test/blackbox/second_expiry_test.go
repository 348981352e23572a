package blackbox_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// signOuts are the requests that signed a session out at the shop, by what
// they sent for cookies.
func signOuts(s *shoptest.Shop) (cookies []string) {
	for _, r := range s.Requests() {
		if strings.Contains(r.URI, "account/logout") {
			cookies = append(cookies, r.Method+" "+r.Header.Get("Cookie"))
		}
	}
	return cookies
}

// Where nobody gave the factor in time, nobody is signed in at the shop either.
func TestASessionWhoseFactorNobodyGaveIsSignedOutAtTheShopOnce(t *testing.T) {
	e, c := clocked(t, doors[0]) // signs in the session that is there
	alice := shoptest.Alice()
	owner := visitor(t, e.g.URL, "198.51.100.7")
	e.login(owner, alice.Email, alice.Password)
	e.app = owner.enrols()

	visiting, posting := visitor(t, e.g.URL, "198.51.100.8"), visitor(t, e.g.URL, "198.51.100.9")
	for _, p := range []*person{visiting, posting} {
		p.get("/")
	}
	e.in(visiting)
	asked := e.in(posting)
	session := func(p *person) string {
		for _, c := range p.sessions() {
			return c.Name + "=" + c.Value
		}
		t.Fatal("no session")
		return ""
	}
	inAtTheShop := func(p *person) bool {
		r, err := http.NewRequest("GET", e.shop.URL+e.private, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Cookie", session(p))
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}
	visiting.get(e.private)
	if got := signOuts(e.shop); len(got) > 0 || !inAtTheShop(visiting) {
		t.Fatalf("signed out while the factor may be given: %v", got)
	}
	c.goes(t, e, 11*time.Minute)
	e.app.off = c.off
	visiting.spied(e.hers())
	for range 3 {
		if r := visiting.get(e.private); r.guard() != "second-factor" {
			t.Errorf("after the time is over the session met %q", r.guard())
		}
	}
	posting.sends(asked, "step", "second", "method", "app", "code", e.app.code(0))
	posting.get("/")
	if got, want := signOuts(e.shop), []string{"GET " + session(visiting), "GET " + session(posting)}; !slices.Equal(got, want) {
		t.Errorf("signed out at the shop: %q, want %q", got, want)
	}
	if inAtTheShop(visiting) || inAtTheShop(posting) {
		t.Error("the session is still signed in at the shop")
	}
	p, r := e.enters(t, "198.51.100.10", "app", e.app.code(1))
	if !e.isIn(p) || len(signOuts(e.shop)) != 2 {
		t.Errorf("a login of afterwards: %d %s", r.StatusCode, cut(r.body))
	}
}
