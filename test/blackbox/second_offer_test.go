package blackbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/shoptest"
)

func TestASecondFactorIsOfferedNowAndThenOnADeviceOfAWhile(t *testing.T) {
	e, c := clocked(t, doors[len(doors)-1])
	alice := shoptest.Alice()
	p := visitor(t, e.g.URL, "198.51.100.7")
	const offer = "/.login-guard/account?offer"
	login := func(when string, offered bool) reply {
		t.Helper()
		r := p.login(alice.Email, alice.Password)
		if r.StatusCode != http.StatusSeeOther || (r.Header.Get("Location") == offer) != offered || r.guard() != "" {
			t.Fatalf("%s: %d to %q, offered: want %v", when, r.StatusCode, r.Header.Get("Location"), offered)
		}
		if in := p.get("/account"); !strings.Contains(in.body, "Signed in") {
			t.Errorf("%s: not signed in", when)
		}
		return r
	}
	login("the first login", false)
	c.goes(t, e, 4*24*time.Hour)
	login("after four days", false)
	c.goes(t, e, 4*24*time.Hour)
	login("after eight days", true)
	page := p.get(offer)
	if !strings.Contains(page.body, `value="later"`) || !strings.Contains(page.body, `value="setup"`) {
		t.Fatalf("the offer: %s", cut(page.body))
	}
	if r := p.sends(page, "step", "later"); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/account" {
		t.Errorf("not now led to %q (%d)", r.Header.Get("Location"), r.StatusCode)
	}
	c.goes(t, e, 24*time.Hour)
	login("a day after the offer", false)

	// Elsewhere nobody is offered one.
	if r := visitor(t, e.g.URL, "203.0.113.8").login(alice.Email, alice.Password); r.Header.Get("Location") == offer {
		t.Error("offered to a strange device")
	}
	p.off = c.off
	e.app = p.enrols()
	q := visitor(t, e.g.URL, "198.51.100.7")
	q.client.Jar = p.client.Jar
	if r := q.login(alice.Email, alice.Password); r.Header.Get("Location") == offer {
		t.Error("offered to who has one")
	}
}
