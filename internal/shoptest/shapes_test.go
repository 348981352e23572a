package shoptest

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOpenCartKeepsItsSessionCookieAndZenCartChangesIt(t *testing.T) {
	for _, shop := range shops {
		change := map[string]bool{"opencart3": false, "opencart4": false, "zencart": true}
		want, listed := change[shop.name]
		if !listed {
			continue
		}
		t.Run(shop.name, func(t *testing.T) {
			s := shop.make().Start(t)
			c := client(t)
			to, form := loginForm(t, c, s.URL+shop.form, Alice().Email, Alice().Password)
			u, _ := url.Parse(s.URL)
			before := c.Jar.Cookies(u)
			do(t, c, "POST", to, formType, form.Encode())
			after := c.Jar.Cookies(u)
			if changed := before[0].Value != after[0].Value; changed != want {
				t.Errorf("%s changed: %v", before[0].Name, changed)
			}
		})
	}
}

func TestWooCommerceLogsInOnAnyPathButCron(t *testing.T) {
	s := WooCommerce().Start(t)
	form := url.Values{"username": {"alice"}, "password": {Alice().Password}, "login": {"Log in"}, "woocommerce-login-nonce": {wooLoginNonce}}
	for _, path := range []string{"/my-account/", "/", "/shop/", "/no/such/page", "/?p=8", "/wp-admin/admin-ajax.php", "/wp-json/", "/wp-comments-post.php", "/xmlrpc.php", "//my-account/", "/wp-login.php", "/checkout/", "/cart/", "/my-account/lost-password/", "/x/../my-account/", "/wp-cron.php"} {
		s.Reset()
		answer, _ := do(t, client(t), "POST", s.URL+path, formType, form.Encode())
		want := path != "/wp-cron.php"
		if in := answer.StatusCode == 302 && len(s.Logins()) == 1; in != want {
			t.Errorf("%s: %s, logins %v", path, answer.Status, s.Logins())
		}
	}
}

func TestWooCommerceIsSilentOnABadNonce(t *testing.T) {
	s := WooCommerce().Start(t)
	answer, body := do(t, client(t), "POST", s.URL+"/my-account/", formType, "username=alice&password=x&login=1&woocommerce-login-nonce=0")
	if answer.StatusCode != 200 || strings.Contains(body, "woocommerce-error") || len(s.Logins()) != 0 {
		t.Errorf("%s, logins %v", answer.Status, s.Logins())
	}
}

func TestPHPShopsReadTheLastOfTwoAccounts(t *testing.T) {
	s := WooCommerce().Start(t)
	do(t, client(t), "POST", s.URL+"/", formType, "username=victim&password=a&username=+bob&login=1&password=b&_wpnonce="+wooLoginNonce)
	want := []Login{{Door: "my-account", Account: "bob", Password: "b", Result: Wrong}}
	if diff := cmp.Diff(want, s.Logins()); diff != "" {
		t.Error(diff)
	}
}

func TestOpenCartRoutesAreReadAsTheShopReadsThem(t *testing.T) {
	for _, version := range []struct {
		make   func() *Shop
		login  []string
		others []string
	}{
		{OpenCart3, []string{"/?route=account/login", "/anything?route=account/login", "/index.php?route=account/log-in", "/index.php?route=account/login/index", "/index.php?r%6Fute=account/login", "/index.php?+route=account/login", "/index.php?route=common/home&route=account/login", "/index.php?route=%20account/login"},
			[]string{"/index.php?route=Account/Login", "/index.php?route=account/login&route=common/home", "/index.php?route=account/login/nothing"}},
		{OpenCart4, []string{"/?route=account/login.login", "/anything?route=account/login.login", "/index.php/x?route=account/login.login", "/?r%6Fute=account/login.login", "/?+route=account/login.login", "/?route=%20account/login.login", "/?route=account/login|login", "/?route=Account/Login.login", "/?route=common/home&route=account/login.login"},
			[]string{"/?route=account/login.login&route=common/home", "/?route=account/login"}},
	} {
		s := version.make()
		t.Run(s.Name, func(t *testing.T) {
			s.Start(t)
			for _, uri := range append(version.login, version.others...) {
				c, token := client(t), ""
				if s.Name == "opencart4" {
					_, body := do(t, c, "GET", s.URL+"/index.php?route=account/login", "", "")
					token = "&login_token=" + regexp.MustCompile(`login_token=(\w+)`).FindStringSubmatch(body)[1]
				}
				s.Reset()
				do(t, c, "POST", s.URL+uri+token, formType, "email=alice@shop.example&password=nope")
				want := 0
				for _, login := range version.login {
					if login == uri {
						want = 1
					}
				}
				if got := s.Logins(); len(got) != want || want == 1 && got[0].Result != Wrong {
					t.Errorf("%s: logins %v, want %d", uri, got, want)
				}
			}
		})
	}
}

func TestOpenCart4SendsBackToTheFormOnAStaleToken(t *testing.T) {
	s := OpenCart4().Start(t)
	c := client(t)
	to, form := loginForm(t, c, s.URL+"/index.php?route=account/login", Alice().Email, Alice().Password)
	loginForm(t, c, s.URL+"/index.php?route=account/login", "", "") // a second tab
	answer, body := do(t, c, "POST", to, formType, form.Encode())
	if answer.StatusCode != 200 || !strings.Contains(body, `route=account\/login`) || strings.Contains(body, "customer_token") {
		t.Errorf("%s %s", answer.Status, body)
	}
	if got := s.Logins(); len(got) != 1 || got[0].Result != Retry {
		t.Errorf("logins %v", got)
	}
}

func TestZenCartSendsSpidersAndStaleTokensToTimeOut(t *testing.T) {
	s := ZenCart().Start(t)
	c := client(t)
	to, form := loginForm(t, c, s.URL+"/index.php?main_page=login", Alice().Email, Alice().Password)
	form.Set("securityToken", "stale")
	answer, _ := do(t, c, "POST", to, formType, form.Encode())
	if got := answer.Header.Get("Location"); answer.StatusCode != 302 || got != s.URL+"/index.php?main_page=time_out" {
		t.Errorf("stale token: %s %s", answer.Status, got)
	}
	r, err := http.NewRequest("GET", s.URL+"/index.php?main_page=login", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", "curl/8.5")
	answer, err = client(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if len(answer.Cookies()) != 0 {
		t.Errorf("a spider got a session: %v", answer.Cookies())
	}
	if len(s.Logins()) != 0 {
		t.Errorf("logins %v", s.Logins())
	}
}

func TestDjangoRefusesForeignOrigins(t *testing.T) {
	for _, test := range []struct {
		name   string
		header http.Header
		want   int
	}{
		{"own origin", http.Header{"Origin": {"http://HOST"}}, 302},
		{"null origin", http.Header{"Origin": {"null"}}, 403},
		{"other origin", http.Header{"Origin": {"http://evil.example"}}, 403},
		{"https without Referer", http.Header{"X-Forwarded-Proto": {"https"}}, 403},
		{"https with a Referer of the site", http.Header{"X-Forwarded-Proto": {"https"}, "Referer": {"https://HOST/.login-guard/x"}}, 302},
		{"https with another Referer", http.Header{"X-Forwarded-Proto": {"https"}, "Referer": {"https://evil.example/"}}, 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := Django().Start(t)
			c := client(t)
			to, form := loginForm(t, c, s.URL+"/admin/login/", "alice", Alice().Password)
			r, _ := http.NewRequest("POST", to, strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", formType)
			for k, v := range test.header {
				r.Header.Set(k, strings.ReplaceAll(v[0], "HOST", r.URL.Host))
			}
			answer, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != test.want {
				t.Errorf("got %s, want %d", answer.Status, test.want)
			}
		})
	}
}

func TestXMLRPCAnswers200BothWaysAndStopsAMulticallAtTheFirstWrongPassword(t *testing.T) {
	s := WordPress().Start(t)
	one := func(method, account, password string) string {
		return "<methodCall><methodName>" + method + "</methodName><params><param><value><string>" + account +
			"</string></value></param><param><value><string>" + strings.ReplaceAll(password, "&", "&amp;") + "</string></value></param></params></methodCall>"
	}
	if answer, body := do(t, client(t), "POST", s.URL+"/xmlrpc.php", "text/xml", one("wp.getUsersBlogs", "alice", Alice().Password)); answer.StatusCode != 200 || strings.Contains(body, "faultCode") {
		t.Errorf("right: %s %s", answer.Status, body)
	}
	if answer, body := do(t, client(t), "POST", s.URL+"//xmlrpc.php", "", one("wp.getUsersBlogs", "alice", "x")); answer.StatusCode != 200 || !strings.Contains(body, "<value><int>403</int></value>") {
		t.Errorf("wrong: %s %s", answer.Status, body)
	}
	s.Reset()
	part := func(password string) string {
		return "<value><struct><member><name>methodName</name><value><string>wp.getUsersBlogs</string></value></member><member><name>params</name><value><array><data><value>alice</value><value>" + password + "</value></data></array></value></member></struct></value>"
	}
	do(t, client(t), "POST", s.URL+"/xmlrpc.php", "text/xml", "<?xml version=\"1.0\"?><methodCall><methodName>system.multicall</methodName><params><param><value><array><data>"+
		part("a")+part("b")+part("c")+"</data></array></value></param></params></methodCall>")
	if got := s.Logins(); len(got) != 1 || got[0].Password != "a" {
		t.Errorf("logins %v", got)
	}
}
