package blackbox_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

var (
	nonce   = regexp.MustCompile(`'nonce-([A-Za-z0-9+/_=-]{16,})'`)
	fetches = regexp.MustCompile(`(?i)<(?:link|script|iframe|object)[^>]+(?:src|href)=|@import|url\(`)
)

func TestEveryPageOfOursIsSealedOffAndKeptByNobody(t *testing.T) {
	t.Parallel()
	_, g := asking(t, "limit attempts 3 per 10m")
	p := visitor(t, g.URL, "203.0.113.1")
	slider := p.alice()
	c := p.check(slider, "slider")
	picture := p.submit(c, "step", "picture")
	pages := map[string]reply{
		"slider": slider, "picture": picture,
		"slow":       p.submit(p.check(picture, "picture"), "step", "slow"),
		"gone":       p.submit(&shoptest.Check{Action: g.URL + "/login", Hold: "AAAA"}),
		"foreign":    p.post(c.Action, "login_guard_hold="+c.Hold, "Sec-Fetch-Site", "cross-site"),
		"unreadable": p.post("/login", "email=a&email=b&password=c"),
		"too large":  p.post("/login", credentials("a", "b")+"&x="+strings.Repeat("y", 70<<10)),
	}
	for range 3 {
		pages["deny"] = p.post("/login", "email=a&email=b&password=c")
	}
	p.denied(pages["deny"])
	for what, r := range pages {
		h := r.Header
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'self'") {
			t.Errorf("%s: Content-Security-Policy %q", what, csp)
		}
		if n := nonce.FindStringSubmatch(csp); n == nil || strings.Contains(r.body, "<style>") || !strings.Contains(r.body, `nonce="`+n[1]+`"`) {
			t.Errorf("%s: the style has no nonce of %q", what, csp)
		}
		if h.Get("Referrer-Policy") != "same-origin" || h.Get("Cache-Control") != "no-store" || !strings.HasPrefix(h.Get("Content-Type"), "text/html") ||
			h.Get("X-Content-Type-Options") != "nosniff" || len(r.ref()) != 9 {
			t.Errorf("%s: %v", what, h)
		}
		if !strings.Contains(r.body, r.ref()) && what != "gone" && what != "foreign" {
			t.Errorf("%s: the page does not show its reference", what)
		}
		if m := fetches.FindString(r.body); m != "" {
			t.Errorf("%s: the page fetches something: %s", what, m)
		}
		if what != "picture" && len(r.body) > 14<<10 {
			t.Errorf("%s: %d bytes", what, len(r.body))
		}
	}
}

func TestScriptsGetProblemsAndBrowsersPages(t *testing.T) {
	t.Parallel()
	_, g := limited(t, but("pair 1 per 10m")...)
	p := visitor(t, g.URL, "203.0.113.1")
	p.wrong(p.login(shoptest.Alice().Email, "x"))
	for what, test := range map[string]struct {
		more    []string
		problem bool
	}{
		"a browser":                   {nil, false},
		"an old browser":              {[]string{"Sec-Fetch-Mode", "", "Sec-Fetch-Site", ""}, false},
		"fetch":                       {[]string{"Sec-Fetch-Mode", "cors"}, true},
		"old jQuery":                  {[]string{"Sec-Fetch-Mode", "", "Sec-Fetch-Site", "", "X-Requested-With", "XMLHttpRequest"}, true},
		"an app":                      {[]string{"Sec-Fetch-Mode", "", "Sec-Fetch-Site", "", "Accept", "application/json"}, true},
		"curl":                        {[]string{"Sec-Fetch-Mode", "", "Sec-Fetch-Site", "", "Accept", "*/*"}, true},
		"an app's built-in browser":   {[]string{"X-Requested-With", "com.example.app"}, false},
		"an old one of these":         {[]string{"Sec-Fetch-Mode", "", "Sec-Fetch-Site", "", "X-Requested-With", "com.example.app"}, false},
		"a browser that posts a form": {[]string{"Accept", "*/*"}, false},
	} {
		r := p.alice(test.more...)
		p.denied(r)
		if got := r.Header.Get("Content-Type") == "application/problem+json"; got != test.problem {
			t.Errorf("%s gets %s", what, r.Header.Get("Content-Type"))
		}
		if test.problem && (!strings.Contains(r.body, `"status":429`) || !strings.Contains(r.body, r.ref())) {
			t.Errorf("%s: %s", what, r.body)
		}
	}
}

func TestTheStatusOfACheckIsTheOperatorsChoice(t *testing.T) {
	t.Parallel()
	_, g := asking(t, "challenge_status 403")
	p := visitor(t, g.URL, "203.0.113.1")
	r := p.wants(p.alice(), http.StatusForbidden, "slider")
	p.signedIn(p.slide(p.check(r, "slider")))
}

func TestNothingIsToldToAGuesser(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, ""))
	owner := visitor(t, g.URL, "198.51.100.1")
	owner.signedIn(owner.alice()) // an account with history, at another place
	meets := func(account, network string) (out []string) {
		for i := range 12 {
			p := visitor(t, g.URL, fmt.Sprintf("%s.%d", network, 1+i/4))
			r := p.login(account, fmt.Sprint("guess", i))
			out = append(out, fmt.Sprintf("%d %s", r.StatusCode, r.guard()))
		}
		return out
	}
	known, unknown := meets(shoptest.Alice().Email, "203.0.113"), meets("nobody@shop.example", "192.0.2")
	if diff := cmp.Diff(known, unknown); diff != "" {
		t.Errorf("an account that exists meets something else:\n%s", diff)
	}
}

func TestThePresetsKnowTheirShopsSessions(t *testing.T) {
	t.Parallel()
	for preset, test := range map[string]struct{ path, body, cookie string }{
		"zencart":     {"/index.php?main_page=login&action=process", "email_address=alice%40shop.example&password=x&securityToken=y", "zenid"},
		"opencart3":   {"/index.php?route=account/login", credentials("alice@shop.example", "x"), "OCSESSID"},
		"opencart4":   {"/index.php?route=account/login.login", credentials("alice@shop.example", "x"), "OCSESSID"},
		"django":      {"/admin/login/", "username=alice&password=x&csrfmiddlewaretoken=y", "sessionid"},
		"woocommerce": {"/wp-login.php", "log=alice&pwd=x", "wordpress_logged_in_0123"},
	} {
		t.Run(preset, func(t *testing.T) {
			t.Parallel()
			shop := shoptest.Generic().Start(t)
			g := guardtest.Start(t, guardtest.Site(shop.URL, preset, "ask_after 3d"))
			p := visitor(t, g.URL, "203.0.113.1").withoutCookies()
			p.header.Set("Cookie", test.cookie+"=aaaaaaaaaaaaaaaaaaaaaaaaaa; cart=1")
			c := p.check(p.post(test.path, test.body), "slider")
			again := p.check(p.post(test.path, test.body), "slider")
			p.header.Set("Cookie", test.cookie+"=bbbbbbbbbbbbbbbbbbbbbbbbbb; cart=1")
			p.shows(p.typeIn(c), http.StatusOK, "gone_title")
			if n := len(shop.Requests()); n != 0 {
				t.Fatalf("%d requests reached the shop", n)
			}
			p.header.Set("Cookie", test.cookie+"=aaaaaaaaaaaaaaaaaaaaaaaaaa; cart=2")
			p.typeIn(again)
			if all := shop.Requests(); len(all) != 1 || string(all[0].Body) != test.body {
				t.Fatalf("%+v", all)
			}
		})
	}
}
