package blackbox_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// What a sender chooses must not make a right password look like a wrong one:
// a refusal is let go, as there is nothing to hold.
func TestARightPasswordIsNotTakenForARefusal(t *testing.T) {
	alice := shoptest.Alice()
	password := url.QueryEscape(alice.Password)
	of := func(preset string) door {
		for _, d := range doors {
			if d.preset == preset {
				return d
			}
		}
		t.Fatal(preset)
		return door{}
	}
	posts := func(path, body string, more ...string) func(p *person, e *prey) {
		return func(p *person, e *prey) { p.post(path, body, more...) }
	}
	for _, c := range []struct {
		preset, name string
		try          func(p *person, e *prey)
	}{
		{"opencart3", "to be led back to the form", func(p *person, e *prey) {
			p.post("/index.php?route=account/login", "email="+alice.Email+"&password="+password+"&redirect="+url.QueryEscape(p.base+"/index.php?route=account/login"))
		}},
		{"opencart3", "by the checkout, with a basket", func(p *person, e *prey) {
			p.post("/index.php?route=checkout/cart/add", "product_id=1")
			p.post("/index.php?route=checkout/login/save", "email="+alice.Email+"&password="+password, "Sec-Fetch-Mode", "cors")
		}},
		{"opencart3", "spelled otherwise", func(p *person, e *prey) {
			for _, path := range []string{"/index.php?route=account/login/index", "/?route=account/login", "/index.php?route=account%2Flogin", "/index.php?route=acc-ount/login", "/INDEX.PHP?route=account/login", "/index.php?x&route=account/login", "/index.php/?route=account/login", "/x?_route_=login&route=account/login"} {
				p.post(path, "email="+alice.Email+"&password="+password)
				p.post(path, "email=bob%40shop.example&email="+alice.Email+"&password="+password)
			}
		}},
		{"opencart4", "to be led back to the form", func(p *person, e *prey) {
			to, form := p.loginForm("/index.php?route=account/login", alice.Email, alice.Password)
			form.Set("redirect", p.base+"/index.php?route=account/login")
			p.post(to, form.Encode(), "Sec-Fetch-Mode", "cors")
			p.get("/")
			form.Set("redirect", e.shop.URL+"/index.php?route=account/login")
			p.post(to, form.Encode(), "Sec-Fetch-Mode", "cors")
		}},
		{"", "from the private page", posts("/login", credentials(alice.Email, alice.Password), "Referer", "http://shop.example/account")},
		{"", "without a session", func(p *person, e *prey) {
			q := visitor(p.t, p.base, "203.0.113.88")
			q.client.Transport = p.client.Transport
			r := q.post("/login", credentials(alice.Email, alice.Password), "Referer", p.base+"/account")
			if r.Header.Get("Location") != "" {
				p.t.Errorf("the shop's answer went out: %s %v", r.Status, r.Header)
			}
			q.get("/account")
		}},
		{"", "by HTTP Basic", func(p *person, e *prey) {
			r := p.request("POST", "/login", formType, "")
			r.SetBasicAuth(alice.Email, alice.Password)
			p.do(r)
		}},
		{"woocommerce", "by XML-RPC, also in a batch with one that is wrong", func(p *person, e *prey) {
			call := func(user, pw string) string {
				return `<methodCall><methodName>wp.getUsersBlogs</methodName><params><param><value><string>` + user + `</string></value></param><param><value><string>` + pw + `</string></value></param></params></methodCall>`
			}
			item := func(user, pw string) string {
				return `<value><struct><member><name>methodName</name><value><string>wp.getUsersBlogs</string></value></member><member><name>params</name><value><array><data><value><string>` + user + `</string></value><value><string>` + pw + `</string></value></data></array></value></member></struct></value>`
			}
			batch := func(items ...string) string {
				return `<methodCall><methodName>system.multicall</methodName><params><param><value><array><data>` + strings.Join(items, "") + `</data></array></value></param></params></methodCall>`
			}
			for _, name := range []string{alice.Name, alice.Email, "ALICE", " alice"} {
				for _, body := range []string{call(name, alice.Password), batch(item(name, alice.Password), item("bob", "x")), batch(item("bob", "x"), item(name, alice.Password)), batch(item("bob", shoptest.Bob().Password), item(name, alice.Password))} {
					r := p.do(p.request("POST", "/xmlrpc.php", "text/xml", body))
					if strings.Contains(r.body, "blogid") || strings.Contains(r.body, "<methodResponse>") && !strings.Contains(r.body, "fault") {
						p.t.Errorf("XML-RPC answered %q: %s", name, cut(r.body))
					}
				}
			}
		}},
		{"woocommerce", "at WordPress' own form, by name and by address", func(p *person, e *prey) {
			for _, name := range []string{alice.Name, alice.Email, strings.ToUpper(alice.Name)} {
				for _, path := range []string{"/wp-login.php", "/wp-login.php?redirect_to=/wp-login.php", "/WP-LOGIN.PHP", "/wp-login.php/x", "//wp-login.php"} {
					p.post(path, "log="+url.QueryEscape(name)+"&pwd="+password+"&wp-submit=Log+In&testcookie=1&rememberme=forever", "Cookie", "wordpress_test_cookie=WP%20Cookie%20check")
					p.get("/my-account/")
				}
			}
		}},
		{"woocommerce", "by name at the shop's form", func(p *person, e *prey) {
			to, form := p.loginForm("/my-account/", alice.Name, alice.Password)
			form.Set("rememberme", "forever")
			form.Set("redirect", "/my-account/lost-password/")
			p.post(to, form.Encode())
		}},
	} {
		t.Run(c.preset+" "+c.name, func(t *testing.T) {
			t.Parallel()
			e := enrolled(t, of(c.preset))
			thief := visitor(t, e.g.URL, "203.0.113.9")
			thief.get("/")
			thief.spied(e.hers())
			c.try(thief, e)
			for _, s := range thief.sessions() {
				if strings.Contains(s.Name, "logged_in") || strings.Contains(s.Name, "remember") {
					t.Errorf("the shop's cookie %s went out", s.Name)
				}
			}
			thief.get(e.private)
			thief.get("/")
		})
	}
}

// Tokens in JSON, GraphQL and headers, also where the one who asks names the
// fields of the answer or has an error beside the token.
func TestATokenIsHeldWhateverItIsCalled(t *testing.T) {
	alice := shoptest.Alice()
	for _, preset := range []string{"vendure", "saleor", ""} {
		t.Run(preset, func(t *testing.T) {
			t.Parallel()
			path, call := "/shop-api", "login(username: %q, password: %q)"
			if preset == "saleor" {
				path, call = "/graphql/", "tokenCreate(email: %q, password: %q)"
			}
			if preset == "" {
				path = "/graphql"
			}
			answer := `{"data":{"login":{"id":"1"}}}`
			l := startLoose(t)
			shop := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				w.Header().Set("Content-Type", "application/json")
				switch {
				case r.Method != http.MethodPost:
					fmt.Fprint(w, `<html><p>Signed in: <strong></strong></p>`)
				case strings.Contains(string(body), strings.ReplaceAll(fmt.Sprintf(`%q`, alice.Password), `"`, ``)):
					if preset != "saleor" {
						w.Header().Set("Set-Cookie", "session=fresh-"+canary+"; Path=/")
						w.Header().Set("Vendure-Auth-Token", canary)
					}
					fmt.Fprint(w, answer)
				default:
					fmt.Fprint(w, `{"data":{"login":{"errorCode":"INVALID_CREDENTIALS_ERROR","message":"wrong"},"tokenCreate":{"token":null,"errors":[{"code":"INVALID","message":"Please, enter valid credentials"}]}}}`)
				}
			})
			l.Config.Handler = shop
			g := guardtest.Start(t, looseSite(l, preset, "mode enforce"))
			send := func(p *person, account, password string, more ...string) reply {
				body := fmt.Sprintf(`{"query":%q}`, "mutation { a: "+fmt.Sprintf(call, account, password)+" { __typename } }")
				return p.do(p.request("POST", path, "application/json", body, append([]string{"Sec-Fetch-Mode", "cors"}, more...)...))
			}
			owner := visitor(t, g.URL, "198.51.100.7")
			answer = `{"data":{"login":{"token":"` + canary + `"},"tokenCreate":{"token":"` + canary + `","errors":[]}}}`
			send(owner, alice.Email, alice.Password)
			owner.enrols()
			for i, with := range []string{
				`{"data":{"login":{"token":"` + canary + `"},"tokenCreate":{"token":"` + canary + `"}}}`,
				`{"data":{"a":{"t":"` + canary + `"}}}`,
				`{"data":{"a":{"t":"` + canary + `"}},"errors":[{"message":"of another field"}]}`,
				`{"data":{"a":{"errors":"` + canary + `"}}}`,
				`{"data":{"a":{"errors":[{"code":"x"}],"errorCode":"x","userErrors":[1],"t":"` + canary + `"}}}`,
				`[{"data":{"a":{"t":"` + canary + `"}}},{"errors":[{"message":"x"}]}]`,
				`{"error":"x","data":"` + canary + `"}`,
				`{"error":{"a":"` + canary + `"}}`,
				`"` + canary + `"`,
				canary,
			} {
				answer = with
				thief := visitor(t, g.URL, fmt.Sprintf("203.0.113.%d", i+1))
				thief.spied(canary)
				if r := send(thief, alice.Email, alice.Password); r.guard() != "second-factor" && r.StatusCode == http.StatusOK && strings.Contains(r.body, "data") {
					t.Errorf("%s went out as %s", with, cut(r.body))
				}
				send(thief, alice.Email, alice.Password, "Accept", "text/html", "Sec-Fetch-Mode", "navigate")
			}
			wrong := visitor(t, g.URL, "203.0.113.99")
			if r := send(wrong, alice.Email, "wrong"); r.guard() != "" || !strings.Contains(r.body, "INVALID") {
				t.Errorf("a wrong password met %q: %s", r.guard(), cut(r.body))
			}
		})
	}
}
