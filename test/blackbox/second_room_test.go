package blackbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// A login with a second factor writes a row for each session that its sender
// names, for 30 days. An address must not fill the store with them.
func TestAnAddressShutsNoSessionsWithoutEnd(t *testing.T) {
	t.Parallel()
	e := &prey{door: doors[len(doors)-1], shop: shoptest.Generic().Start(t)}
	others := strings.ReplaceAll(unlimited, "limit attempts off", "limit attempts 100000 per 10m")
	e.g = guardtest.Start(t, secondSite(e.door, e.shop, others))
	alice := shoptest.Alice()
	owner := visitor(t, e.g.URL, "198.51.100.7")
	owner.login(alice.Email, alice.Password)
	e.app = owner.enrols()

	vandal := visitor(t, e.g.URL, "203.0.113.9")
	vandal.client.Jar = nil
	went := 0
	for i := range 130 {
		e.shop.Reset()
		r := vandal.login(alice.Email, alice.Password, "Cookie", fmt.Sprintf("session=%032d; sid=%032d", i, 1000+i))
		switch {
		case r.StatusCode == http.StatusTooManyRequests:
			if len(e.shop.Requests()) > 0 {
				t.Fatal("a login that was refused reached the shop")
			}
		case r.guard() == "second-factor":
			went++
		default:
			t.Fatalf("login %d met %d %q", i, r.StatusCode, r.guard())
		}
	}
	if went < 90 || went > 110 {
		t.Errorf("%d logins of one address went on, want about 100", went)
	}
	if _, r := e.thief(t, 3); r.guard() != "second-factor" {
		t.Errorf("another address met %d %q", r.StatusCode, r.guard())
	}
	p, r := e.enters(t, "198.51.100.8", "app", e.app.code(0))
	if !e.isIn(p) {
		t.Errorf("the owner is not in: %d %q", r.StatusCode, r.guard())
	}
}
