package blackbox_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

func TestAnotherSitesFormSignsNobodyIn(t *testing.T) {
	t.Parallel()
	shop, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	c := p.check(p.alice(), "slider")
	clearance := p.clearance(c, "pointer", "")
	form := url.Values{"login_guard_hold": {c.Hold}, "login_guard_clearance": {clearance}}.Encode()
	for what, more := range map[string][]string{
		"cross-site":              {"Sec-Fetch-Site", "cross-site"},
		"same site, other origin": {"Sec-Fetch-Site", "same-site"},
		"typed in or a bookmark":  {"Sec-Fetch-Site", "none"},
		"another origin":          {"Sec-Fetch-Site", "", "Origin", "https://evil.example"},
		"our host by https":       {"Sec-Fetch-Site", "", "Origin", strings.Replace(g.URL, "http:", "https:", 1)},
		"an opaque origin":        {"Sec-Fetch-Site", "", "Origin", "null"},
		"no word of origin":       {"Sec-Fetch-Site", "", "Origin", ""},
	} {
		r := p.post(c.Action, form, more...)
		if r.StatusCode != http.StatusForbidden || !strings.Contains(html.UnescapeString(r.body), words(t, "foreign_title")) {
			t.Errorf("%s: %s", what, r.Status)
		}
	}
	ran(t, shop, 0)
	p.signedIn(p.post(c.Action, form, "Sec-Fetch-Site", "")) // an old browser, with our Origin
	ran(t, shop, 1)
}

func TestAClearanceOpensOnlyTheLoginItWasEarnedFor(t *testing.T) {
	t.Parallel()
	shop, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	mine := p.check(p.alice(), "slider")
	other := p.check(p.login(shoptest.Bob().Email, "guess"), "slider")
	same := p.check(p.alice(), "slider") // another hold of the same account
	clearance := p.clearance(mine, "pointer", "")
	p.check(p.goOn(other, clearance), "slider")
	p.check(p.goOn(same, p.clearance(p.check(p.alice(), "slider"), "pointer", "")), "slider")
	ran(t, shop, 0)
	// A check's token answers for no other login either.
	foreign := *other
	foreign.Task = p.check(p.alice(), "slider").Task
	if v := p.verify(&foreign, "pointer", ""); v.Status == "checked" || v.Clearance != "" {
		t.Errorf("%+v", v)
	}
	ran(t, shop, 0)
	p.signedIn(p.slide(p.check(p.submit(mine), "slider"))) // its answer is spent, the login is not
}

func TestNothingOfOursReachesTheShop(t *testing.T) {
	t.Parallel()
	shop, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	p.signedIn(p.slide(p.check(p.alice(), "slider")))
	p.signedIn(p.alice())
	p.get("/account", "Login-Guard-Clearance", "abc")
	p.get("/cart", "Cookie", "a=1; login_guard_pass=x; b=2;c=3; __Host-login_guard_device=y; d=4")
	var own strings.Builder
	for _, r := range shop.Requests() {
		fmt.Fprintf(&own, "%s %s\n%v\n%s\n", r.Method, r.URI, r.Header, r.Body)
	}
	if i := strings.Index(strings.ToLower(own.String()), "login_guard"); i >= 0 {
		t.Errorf("a cookie or field: …%.200s", own.String()[i:])
	}
	if i := strings.Index(strings.ToLower(own.String()), "login-guard"); i >= 0 {
		t.Errorf("a header or path: …%.200s", own.String()[i:])
	}
	all := shop.Requests()
	if got := all[len(all)-1].Header.Get("Cookie"); !strings.HasPrefix(got, "a=1; b=2;c=3; d=4") {
		t.Errorf("the shop's cookies became %q", got)
	}
}

func TestReservedPathsNeverReachTheShop(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.WriteFile(root+"/index.php", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, directives := range map[string]string{
		"plain":                 "",
		"behind rewrite":        "rewrite * /index.php?p={uri}",
		"behind try_files":      "root * " + root + "\n\ttry_files {path} /index.php?p={path}",
		"behind strip_prefix":   "uri strip_prefix /.login-guard",
		"rewritten to it":       "rewrite /verify /.login-guard/verify",
		"a prefix of their own": "",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			shop := shoptest.Generic().Start(t)
			prefix := "/.login-guard/"
			var options []string
			if what == "a prefix of their own" {
				prefix, options = "/checks/", []string{"path_prefix /checks/"}
			}
			site := guardtest.Site(shop.URL, "", append(options, "ask_after 3d")...)
			site = strings.Replace(site, "\tlogin_guard  {", "\t"+directives+"\n\tlogin_guard {", 1)
			site += "http://localhost:$PORT2 {\n\t" + directives + "\n\treverse_proxy " + strings.TrimPrefix(shop.URL, "http://") + "\n}\n"
			g := guardtest.Start(t, site)
			p := visitor(t, g.URL, "203.0.113.1")
			for _, path := range []string{"verify", "renew", "slow", "picture/x", "guard.js", "challenge/X", "no-such", ""} {
				p.get(prefix + path)
				p.post(prefix+path, "email=a&password=b")
			}
			if strings.HasPrefix(directives, "rewrite /verify") {
				p.post("/verify", "email=a&password=b")
			}
			if all := shop.Requests(); len(all) != 0 {
				t.Fatalf("%d requests reached the shop, the first %s %s", len(all), all[0].Method, all[0].URI)
			}
			c := p.check(p.alice(), "slider")
			if c.Action != g.URL+"/login" || c.Prefix != prefix {
				t.Errorf("the form posts to %s, its script to %s", c.Action, c.Prefix)
			}
			p.slide(c)
			bare := visitor(t, g.Expand("http://localhost:$PORT2"), "203.0.113.2")
			bare.alice()
			all := shop.Requests()
			if len(all) != 2 || string(all[0].Body) != string(all[1].Body) || all[0].URI != all[1].URI || all[0].Method != all[1].Method {
				t.Fatalf("with the guard and without: %+v", all)
			}
		})
	}
}

func TestASecondGuardInOneSiteStepsAside(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, fmt.Sprintf(`{
	$GLOBAL
	login_guard {
		key $KEY
	}
}
http://localhost:$PORT {
	route {
		login_guard {
			site shop
			ask_after 3d
		}
		login_guard {
			site other
			ask_after 3d
		}
		reverse_proxy %s
	}
}
`, strings.TrimPrefix(shop.URL, "http://")))
	p := visitor(t, g.URL, "203.0.113.1")
	p.signedIn(p.slide(p.check(p.alice(), "slider")))
	ran(t, shop, 1)
	all := decided(t, g, 2)
	if len(all) != 2 || all[0].Site != "shop" || all[1].Site != "shop" || all[0].Ref != all[1].Ref {
		t.Errorf("want the check and its end, of one guard: %+v", all)
	}
}
