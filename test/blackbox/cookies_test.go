package blackbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// cookie is the named cookie that an answer sets, nil if it sets none.
func (r reply) cookie(name string) *http.Cookie {
	for _, c := range r.Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// forget drops a cookie from the browser.
func (p *person) forget(name string) {
	p.t.Helper()
	u, err := url.Parse(p.base)
	if err != nil {
		p.t.Fatal(err)
	}
	p.client.Jar.SetCookies(u, []*http.Cookie{{Name: name, Path: "/", MaxAge: -1}})
}

func (p *person) has(name string) bool {
	p.t.Helper()
	u, err := url.Parse(p.base)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, c := range p.client.Jar.Cookies(u) {
		if c.Name == name {
			return true
		}
	}
	return false
}

const (
	deviceCookie = "login_guard_device"
	passCookie   = "login_guard_pass"
)

func TestAKnownDeviceIsNotAskedAgainForItsAccounts(t *testing.T) {
	t.Parallel()
	_, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	p.signedIn(p.slide(p.check(p.alice(), "slider")))
	p.forget(passCookie)
	p.signedIn(p.alice())
	p.signedIn(p.moved("198.51.100.9").alice())
	bob := func() reply { return p.login(shoptest.Bob().Email, shoptest.Bob().Password) }
	p.signedIn(p.slide(p.check(bob(), "slider")))
	p.forget(passCookie)
	p.signedIn(bob())
	p.signedIn(p.alice())
	p.forget(deviceCookie)
	p.check(bob(), "slider")
}

func TestADeviceOfOneSiteIsNoneOfAnother(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, twoSites(shop, ""))
	p := visitor(t, g.URL, "203.0.113.1")
	p.signedIn(p.alice())
	if !p.has(deviceCookie) {
		t.Fatal("no device cookie")
	}
	q := visitor(t, g.Expand("http://localhost:$PORT2"), "203.0.113.1")
	q.client.Jar = p.client.Jar // cookies know no ports
	q.check(q.alice(), "slider")
}

func TestAPassedCheckIsGoodForThreeWrongPasswords(t *testing.T) {
	t.Parallel()
	shop, g := asking(t, quiet)
	p := visitor(t, g.URL, "203.0.113.1")
	r := p.slide(p.check(p.login(shoptest.Alice().Email, "typo"), "slider"))
	p.wrong(r)
	if c := r.cookie(passCookie); c == nil || c.MaxAge != 600 || r.cookie(deviceCookie) != nil {
		t.Errorf("cookies of a check without a success: %q", r.Header["Set-Cookie"])
	}
	p.check(p.login(shoptest.Bob().Email, "x"), "slider") // another account's check it is not
	for i := range 3 {
		p.wrong(p.login(shoptest.Alice().Email, fmt.Sprint("typo", i)))
	}
	p.check(p.alice(), "slider")
	ran(t, shop, 4)
}

func TestACheckFollowedByASuccessIsRemembered(t *testing.T) {
	t.Parallel()
	_, g := asking(t, "remember 2h")
	p := visitor(t, g.URL, "203.0.113.1")
	r := p.slide(p.check(p.alice(), "slider"))
	p.signedIn(r)
	if c := r.cookie(passCookie); c == nil || c.MaxAge != 2*60*60 {
		t.Fatalf("%q", r.Header["Set-Cookie"])
	}
	p.forget(deviceCookie)
	for range 4 { // more than a check alone is good for
		p.signedIn(p.alice())
		p.forget(deviceCookie)
	}
	// Its network is not part of it, its browser's kind is.
	p.signedIn(p.moved("198.51.100.9").alice())
	p.forget(deviceCookie)
	p.header.Set("User-Agent", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15")
	p.check(p.alice(), "slider")
}

func TestWithoutCookiesEachLoginTakesOneCheckAndGetsIn(t *testing.T) {
	t.Parallel()
	shop, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1").withoutCookies()
	for range 3 {
		p.signedIn(p.typeIn(p.check(p.alice(), "slider")))
	}
	ran(t, shop, 3)
}

func TestCookiesThatWeDidNotMakeSayNothing(t *testing.T) {
	t.Parallel()
	_, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	p.signedIn(p.slide(p.check(p.alice(), "slider")))
	u, _ := url.Parse(p.base)
	for _, c := range p.client.Jar.Cookies(u) {
		if c.Name != deviceCookie && c.Name != passCookie {
			continue
		}
		q := visitor(t, g.URL, "203.0.113.2").withoutCookies()
		for what, value := range map[string]string{
			"cut": c.Value[:len(c.Value)-1], "changed": flip(c.Value), "made up": strings.Repeat("A", len(c.Value)), "empty": "",
			"long": strings.Repeat(c.Value, 20),
		} {
			q.check(q.alice("Cookie", c.Name+"="+value), "slider")
			_ = what
		}
		// Over plain HTTP the names of TLS are not ours.
		q.check(q.alice("Cookie", "__Host-"+c.Name+"="+c.Value), "slider")
		q.signedIn(q.alice("Cookie", c.Name+"="+c.Value))
	}
}

func flip(s string) string {
	b := []byte(s)
	if at := len(b) / 2; b[at] == 'x' {
		b[at] = 'y'
	} else {
		b[at] = 'x'
	}
	return string(b)
}

func TestCookiesOverPlainHTTP(t *testing.T) {
	t.Parallel()
	_, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	r := p.slide(p.check(p.alice(), "slider"))
	for name, age := range map[string]int{deviceCookie: 180 * 24 * 3600, passCookie: 24 * 3600} {
		c := r.cookie(name)
		if c == nil || c.MaxAge != age || !c.HttpOnly || c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("%s: %+v", name, c)
		}
	}
	// A trusted proxy in front ends TLS: then the cookies are those of TLS.
	q := visitor(t, g.URL, "203.0.113.2").withoutCookies()
	q.header.Set("X-Forwarded-Proto", "https")
	r = q.alice()
	c := q.check(r, "slider")
	r = q.goOn(c, q.clearance(c, "pointer", ""))
	for _, name := range []string{deviceCookie, passCookie} {
		if c := r.cookie("__Host-" + name); c == nil || !c.Secure || r.cookie(name) != nil {
			t.Errorf("behind TLS: %q", r.Header["Set-Cookie"])
		}
	}
}
