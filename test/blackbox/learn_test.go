package blackbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// signIn is one way to send a login to a shop.
type signIn func(p *person, account, password string) reply

// byForm fills in the shop's own form.
func byForm(page string, headers ...string) signIn {
	return func(p *person, account, password string) reply {
		p.t.Helper()
		to, form := p.loginForm(page, account, password)
		return p.post(to, form.Encode(), headers...)
	}
}

// byMultipart sends it as the form of OpenCart 3 does.
func byMultipart(page string) signIn {
	return func(p *person, account, password string) reply {
		p.t.Helper()
		to, form := p.loginForm(page, account, password)
		var b strings.Builder
		for name := range form {
			fmt.Fprintf(&b, "--x7\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n", name, form.Get(name))
		}
		b.WriteString("--x7--\r\n")
		return p.do(p.request(http.MethodPost, to, "multipart/form-data; boundary=x7", b.String()))
	}
}

// byJSON sends it as a script does; %q in the pattern are account and
// password.
func byJSON(path, pattern string) signIn {
	return func(p *person, account, password string) reply {
		p.t.Helper()
		return p.do(p.request(http.MethodPost, path, "application/json", fmt.Sprintf(pattern, account, password), scripted...))
	}
}

// byBasic sends it with HTTP Basic.
func byBasic(path string) signIn {
	return func(p *person, account, password string) reply {
		p.t.Helper()
		r := p.request(http.MethodGet, path, "", "", scripted...)
		r.SetBasicAuth(account, password)
		return p.do(r)
	}
}

// learnable is a shop that nothing is known of.
type learnable struct {
	name    string
	url     func(testing.TB) string
	account string
	login   signIn
	args    []string
	options []string
	preset  string // that reads it as well
	// lines that the block has, and some that it has not.
	want, wantNot []string
}

func shopURL(make func() *shoptest.Shop) func(testing.TB) string {
	return func(t testing.TB) string { return make().Start(t).URL }
}

func learnables() []learnable {
	alice := shoptest.Alice()
	return []learnable{
		{name: "woocommerce", preset: "woocommerce", url: shopURL(shoptest.WooCommerce), account: alice.Name, login: byForm("/my-account/"),
			args:    []string{"--account", alice.Name},
			want:    []string{"path /my-account/", "account_field username", "password_field password", "success cookie wordpress_logged_in_*"},
			wantNot: []string{"requires", "query", "in_place"}},
		{name: "opencart3", preset: "opencart3", url: shopURL(shoptest.OpenCart3), account: alice.Email, login: byMultipart("/index.php?route=account/login"),
			want:    []string{"query route account/login", "session_cookies OCSESSID", "in_place", "not_route route account/login", "endpoint login elsewhere"},
			wantNot: []string{"path /index.php"}},
		{name: "opencart4", preset: "opencart4", url: shopURL(shoptest.OpenCart4), account: alice.Email, login: byForm("/index.php?route=account/login", scripted...),
			want: []string{"script opencart4", "in_place", "success json /redirect contains customer_token= on_path", "failure json /error"}},
		{name: "zencart", preset: "zencart", url: shopURL(shoptest.ZenCart), account: alice.Email, login: byForm("/index.php?main_page=login"),
			want: []string{"query main_page login", "account_field email_address", "cookie zenid", "not_route main_page login"}, wantNot: []string{"in_place"}},
		{name: "django", preset: "django", url: shopURL(shoptest.Django), account: alice.Name, login: byForm("/admin/login/"),
			want: []string{"path /admin/login/", "account_field username", "success cookie sessionid"}, wantNot: []string{"csrf"}},
		{name: "generic", url: shopURL(shoptest.Generic), account: alice.Email, login: byForm("/login"),
			want: []string{"path /login", "account_field email", "success status 3xx cookie session not_location /login on_path"}},
		{name: "vendure's shape", preset: "vendure", url: graphQLShop, account: alice.Email,
			login: byJSON("/shop-api", `{"operationName":"In","variables":{"u":%q,"p":%q},"query":"mutation In($u: String!, $p: String!) { login(username: $u, password: $p) { __typename ... on ErrorResult { errorCode message } } }"}`),
			want:  []string{"path /shop-api", "graphql login username password", "success cookie session", "failure json /data/*/errorCode"}},
		{name: "evershop's shape", preset: "evershop", url: everShop, account: alice.Email, login: byJSON("/customer/login", `{"email":%q,"password":%q}`),
			want: []string{"account_field /email", "password_field /password", "success json /data/sid on_path", "failure json /error", "session_cookies sid", "in_place"}},
		{name: "HTTP Basic", url: basicShop, account: alice.Email, login: byBasic("/api/orders"),
			want: []string{"path /api/orders", "basic", "success status 2xx on_path", "failure status 401"}, wantNot: []string{"account_field"}},
		{name: "an API of no known make", url: apiShop, account: alice.Email, login: byJSON("/api/session", `{"client":"web","user":{"mail":%q,"secret":%q}}`),
			options: []string{"mode monitor"},
			want:    []string{"path /api/session", "account_field /user/mail", "password_field /user/secret", "success json /token on_path", "failure status 401"},
			wantNot: []string{"in_place", "alice", "Alice"}},
	}
}

func TestWhatIsLearntOfAShopTellsRightFromWrong(t *testing.T) {
	t.Parallel()
	for _, s := range learnables() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			upstream := s.url(t)
			g := guardtest.Start(t, guardtest.Site(upstream, "", s.options...))
			p := visitor(t, g.URL, "203.0.113.7")
			right := shoptest.Alice().Password
			l := g.Learn(s.args...)
			l.Waits("wrong")
			s.login(p, s.account, l.Word)
			l.Waits("right")
			s.login(p, s.account, right)
			out := l.End()
			block := l.Block(out)
			t.Log("\n" + out)
			for _, line := range s.want {
				if !strings.Contains(block, line) {
					t.Errorf("no %q in\n%s", line, block)
				}
			}
			for _, line := range append(s.wantNot, right, shoptest.Alice().Email) {
				if strings.Contains(block, line) {
					t.Errorf("%q in\n%s", line, block)
				}
			}
			for _, secret := range []string{right, shoptest.Alice().Email, "Alice"} {
				if strings.Contains(out, secret) {
					t.Errorf("%q was printed:\n%s", secret, out)
				}
			}

			if _, presets, _ := strings.Cut(out, "These presets read both answers right: "); !strings.Contains(presets, s.preset) {
				t.Errorf("the preset %s is not proposed:\n%s", s.preset, out)
			}

			// The block is what a Caddyfile can have, and it does its work.
			if why := reload(g, guardtest.Site(upstream, "", "mode enforce\n"+block)); why != "" {
				t.Fatalf("%s\n%s", why, block)
			}
			n := len(g.Decisions())
			fresh := visitor(t, g.URL, "203.0.113.8")
			s.login(fresh, s.account, "not the word")
			if d := g.LastDecision(n + 1); d.Outcome != "failure" || d.Mode != "enforce" {
				t.Errorf("a wrong password: %+v\n%s", d, block)
			}
			s.login(fresh, s.account, right)
			if d := g.LastDecision(n + 2); d.Outcome != "success" {
				t.Errorf("the right password: %+v\n%s", d, block)
			}
			if d := g.LastDecision(n + 2); !strings.HasPrefix(d.Endpoint, "login") {
				t.Errorf("the endpoint is %q", d.Endpoint)
			}
		})
	}
}
