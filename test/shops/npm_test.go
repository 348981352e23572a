//go:build shops && npm

package shops

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/factor/totp"
	"github.com/login-guard/login-guard/internal/guardtest"
)

// scripted is a way in to a shop whose login is sent by script.
type scripted struct {
	name, preset string
	port         func() string
	opens        string // a page that begins a session, or ""
	paths        []string
	bodies       []func(name, password string) (contentType, body string)
	asks, with   string // path and body of the question who is signed in
	token        func(a answer) string
}

func js(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // of strings and maps of them
	}
	return string(b)
}

type m = map[string]any

// vendureLogin are ways to write Vendure's login, the shop's own first.
var vendureLogin = []func(name, password string) (string, string){
	func(name, password string) (string, string) {
		return "application/json", js(m{"query": "mutation($u:String!,$p:String!){login(username:$u,password:$p){__typename ... on CurrentUser{identifier}}}", "variables": m{"u": name, "p": password}})
	},
	func(name, password string) (string, string) {
		return "application/json", js(m{"query": "mutation{authenticate(input:{native:{username:" + js(name) + ",password:" + js(password) + "}}){__typename}}"})
	},
	func(name, password string) (string, string) {
		return formType, url.Values{"query": {"mutation{x:login(username:" + js(name) + ",password:" + js(password) + "){__typename}}"}}.Encode()
	},
	func(name, password string) (string, string) {
		return "multipart/form-data; boundary=XX", multi("", `name="operations"`, js(m{"query": "mutation{login(username:" + js(name) + ",password:" + js(password) + "){__typename}}"}), `name="map"`, "{}")
	},
	func(name, password string) (string, string) {
		return "application/json", js(m{"query": "query Q{activeCustomer{id}} mutation L{login(username:" + js(name) + ",password:" + js(password) + "){__typename}}", "operationName": "L"})
	},
	func(name, password string) (string, string) {
		return "application/json", js(m{"query": "mutation{...F} fragment F on Mutation{login(username:" + js(name) + ",password:" + js(password) + "){__typename}}"})
	},
	func(name, password string) (string, string) {
		return "application/json", js([]m{{"query": "mutation{login(username:" + js(name) + ",password:" + js(password) + "){__typename}}"}})
	},
	func(name, password string) (string, string) {
		return "application/json", js(m{"query": "mutation{addItemToOrder(productVariantId:1,quantity:1){__typename} login(username:" + js(name) + ",password:" + js(password) + "){__typename}}"})
	},
	func(name, password string) (string, string) {
		return "text/plain", js(m{"query": "mutation{login(username:" + js(name) + ",password:" + js(password) + "){__typename}}"})
	},
}

var everShopLogin = []func(name, password string) (string, string){
	func(name, password string) (string, string) {
		return "application/json", js(m{"email": name, "password": password})
	},
	func(name, password string) (string, string) {
		return formType, url.Values{"email": {name}, "password": {password}}.Encode()
	},
	func(name, password string) (string, string) {
		return formType, strings.ReplaceAll(url.Values{"password": {password}, "email": {name}}.Encode(), "_", "%5f")
	},
	func(name, password string) (string, string) {
		return "application/json", strings.ReplaceAll(js(m{"email": name, "password": password, "full_name": "x"}), "_", `\u005f`)
	},
	func(name, password string) (string, string) {
		return "application/json; charset=utf-8", js(m{"email": name, "password": password, "remember": true})
	},
	func(name, password string) (string, string) {
		return "application/json", `{"email":"bob@shop.example","password":` + js(password) + `,"email":` + js(name) + `}`
	},
	func(name, password string) (string, string) {
		return "text/plain", js(m{"email": name, "password": password})
	},
}

func bearer(fields ...string) func(a answer) string {
	return func(a answer) string {
		if t := a.Header.Get("Vendure-Auth-Token"); t != "" {
			return t
		}
		var said any
		_ = json.Unmarshal(a.body, &said)
		for _, f := range fields {
			o, _ := said.(map[string]any)
			said = o[f]
		}
		t, _ := said.(string)
		return t
	}
}

var scripts = []scripted{
	{"Vendure", "vendure", func() string { return at.vendure }, "", []string{"/shop-api", "/SHOP-API/", "/shop-api/x", "/admin-api"}, vendureLogin,
		"/shop-api", `{"query":"{activeCustomer{emailAddress}}"}`, bearer()},
	{"EverShop", "evershop", func() string { return at.evershop }, "/account/login", []string{"/customer/login", "/CUSTOMER/login/", "/customer/login?x=1"}, everShopLogin,
		"/api/graphql", `{"query":"{currentCustomer{email}}"}`, bearer()},
	{"EverShop's tokens", "evershop", func() string { return at.evershop }, "/", []string{"/api/customer/tokens", "/API/customer/tokens"}, everShopLogin,
		"/api/graphql", `{"query":"{currentCustomer{email}}"}`, bearer("data", "accessToken")},
	{"EverShop's staff", "evershop", func() string { return at.evershop }, "/admin/login", []string{"/admin/user/login", "/ADMIN/user/login"}, everShopLogin,
		"/api/admin/graphql", `{"query":"{currentAdminUser{email}}"}`, bearer()},
}

// starts puts a gateway in front of the shop.
func (s scripted) starts(t *testing.T) *guardtest.Gateway {
	t.Helper()
	return guardtest.StartWith(t, guardtest.Site("http://127.0.0.1:"+s.port(), s.preset, unlimited...), guardtest.With{Binary: at.binary})
}

// visits makes a visitor at a gateway, with what begins a session.
func (s scripted) visits(t *testing.T, g *guardtest.Gateway) *visitor {
	t.Helper()
	v := visit(t, "localhost")
	v.base = g.URL
	v.client.Transport = &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4}
	if s.opens != "" {
		v.get(s.opens)
	}
	return v
}

func (v *visitor) script(path, contentType, body string, more ...string) answer {
	v.t.Helper()
	return v.send("POST", path, contentType, strings.NewReader(body), append([]string{
		"Sec-Fetch-Mode", "cors", "Sec-Fetch-Site", "same-origin", "Origin", v.base, "Accept", "application/json", "Apollo-Require-Preflight", "1",
	}, more...)...)
}

// signs sends the login as the shop's own script does.
func (s scripted) signs(v *visitor, name, password string, more ...string) answer {
	v.t.Helper()
	contentType, body := s.bodies[0](name, password)
	return v.script(s.paths[0], contentType, body, more...)
}

// knows reports whether the shop takes a visitor for alice, by what cookies
// it has and by a token.
func (s scripted) knows(v *visitor, token string) bool {
	v.t.Helper()
	var more []string
	if token != "" {
		more = []string{"Authorization", "Bearer " + token}
	}
	return v.script(s.asks, "application/json", s.with, more...).has("alice@shop.example")
}

const alice = "alice@shop.example"

func TestNPMShopsTellRightFromWrongPasswords(t *testing.T) {
	for _, s := range scripts {
		t.Run(s.name, func(t *testing.T) {
			g := s.starts(t)
			outcome := func(n int, want string) {
				t.Helper()
				if d := g.LastDecision(n); d.Outcome != want {
					t.Errorf("the outcome is %q, want %q", d.Outcome, want)
				}
			}
			v := s.visits(t, g)
			a := s.signs(v, alice, "not "+at.password)
			outcome(1, "failure")
			if s.knows(v, s.token(a)) {
				t.Fatalf("a wrong password signs in: %s %s", a.Status, a.body)
			}
			a = s.signs(v, alice, at.password)
			outcome(2, "success")
			if !s.knows(v, s.token(a)) {
				t.Errorf("a right password does not sign in: %s %s", a.Status, a.body)
			}
			// An address with an underscore is an address like others.
			john := s.visits(t, g)
			s.signs(john, "john_doe@shop.example", at.password)
			outcome(3, "success")
		})
	}
}

// patterns are names that could stand for alice's.
var patterns = []string{
	alice, "ALICE@SHOP.EXAMPLE", " " + alice, alice + "\t", "álice@shop.example", "alıce@shop.example", "ALİCE@shop.example", "ａlice@shop.example",
	"a_ice@shop.example", "_____@shop.example", "alice_shop_example", `al\ice@shop.example`, `\a\l\i\c\e@shop.example`, "a%@shop.example", "%", `\%`, `a\_ice@shop.example`,
	alice + "\x00", "\"alice\"@shop.example", "alice @shop.example", alice + "'",
}

// spelled asks for pages in the sessions of a visitor, as cookies of JSON.
func (s scripted) spelled(t *testing.T, v *visitor, g *guardtest.Gateway) {
	t.Helper()
	base, err := url.Parse(v.base)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range v.client.Jar.Cookies(base) {
		value, err := url.PathUnescape(c.Value)
		if err != nil {
			continue
		}
		for _, to := range []string{js(value), " " + strings.Replace(js(value), "s:", `\u0073:`, 1)} {
			thief := s.visits(t, g)
			for _, page := range []string{"/account", "/", "/admin", "/account?ajax=true"} {
				if p := thief.send("GET", page, "", nil, "Cookie", c.Name+"="+url.PathEscape("j:"+to)); p.has(alice) {
					t.Errorf("%s in the session as JSON: the password alone is shown %s", page, p.Status)
				}
			}
		}
	}
}

func TestNPMShopsOpenWithTheSecondFactorAndNotWithThePasswordAlone(t *testing.T) {
	for _, s := range scripts {
		t.Run(s.name, func(t *testing.T) {
			g := s.starts(t)
			owner := s.visits(t, g)
			if a := s.signs(owner, alice, at.password); !s.knows(owner, s.token(a)) {
				t.Fatalf("without a second factor: %s %s", a.Status, a.body)
			}
			secret := owner.enrol()

			in := func(v *visitor, a answer, how string) {
				t.Helper()
				token := s.token(a)
				if s.knows(v, "") || token != "" && s.knows(s.visits(t, g), token) || a.has(`"sid"`) || a.has("accessToken") || a.has("CurrentUser") {
					t.Errorf("%s: the password alone signs in: %s %.300s", how, a.Status, a.body)
				}
			}
			for _, path := range s.paths {
				for i, write := range s.bodies {
					v := s.visits(t, g)
					contentType, body := write(alice, at.password)
					in(v, v.script(path, contentType, body), fmt.Sprintf("%s, body %d", path, i))
				}
			}
			for _, name := range patterns {
				v := s.visits(t, g)
				in(v, s.signs(v, name, at.password), fmt.Sprintf("%q", name))
				contentType, body := s.bodies[2](name, at.password)
				in(v, v.script(s.paths[0], contentType, body), fmt.Sprintf("%q in a form", name))
			}
			// In a session that is another's already, by this door or another.
			for _, other := range scripts {
				if other.preset != s.preset {
					continue
				}
				v := s.visits(t, g)
				if other.opens != "" {
					v.get(other.opens)
				}
				other.signs(v, "bob@shop.example", at.password)
				in(v, s.signs(v, alice, at.password), "in a session of "+other.name)
			}
			t.Run("beside the login", func(t *testing.T) {
				v := s.visits(t, g)
				s.knows(v, "")
				var all sync.WaitGroup
				var a answer
				all.Go(func() { a = s.signs(v, alice, at.password) })
				for i := range 200 {
					all.Go(func() {
						time.Sleep(time.Duration(i) * 2 * time.Millisecond)
						if s.knows(v, "") {
							t.Error("a request beside the login is answered as alice's")
						}
					})
				}
				all.Wait()
				in(v, a, "with others beside it")
				for _, page := range []string{"/", "/account", "/admin", "/account/orders", "/.login-guard/account"} {
					if p := v.get(page); p.has(alice) || p.has("otpauth:") {
						t.Errorf("%s: the password alone is shown %s", page, p.Status)
					}
				}
				in(v, v.script("/api/user/session/tokens", "application/json", "{}"), "tokens of a session")
				s.spelled(t, v, g)
			})

			// By script, with the clearance.
			back := s.visits(t, g)
			var task struct{ Challenge, Clearance string }
			if a := s.signs(back, alice, at.password); json.Unmarshal(a.body, &task) != nil || task.Challenge == "" {
				t.Fatalf("the login met %q: %s %s", a.Header.Get("Login-Guard"), a.Status, a.body)
			}
			a := back.script(task.Challenge, "application/json", js(m{"method": "app", "code": totp.Code(secret, totp.Step(time.Now()))}))
			if json.Unmarshal(a.body, &task) != nil || task.Clearance == "" {
				t.Fatalf("the code: %s %s", a.Status, a.body)
			}
			a = s.signs(back, alice, at.password, "Login-Guard-Clearance", task.Clearance)
			if token := s.token(a); a.StatusCode != 200 || !s.knows(back, token) || token != "" && !s.knows(s.visits(t, g), token) {
				t.Errorf("with the second factor: %s %s", a.Status, a.body)
			}
			// By the page, where the browser keeps a session.
			page := s.visits(t, g)
			a = s.signs(page, alice, at.password)
			second := page.get("/.login-guard/challenge/second")
			page.step(second, "/.login-guard/challenge/second", "step", "second", "method", "app", "code", totp.Code(secret, totp.Step(time.Now())+1))
			if s.name != "EverShop's tokens" && !s.knows(page, "") {
				t.Errorf("with the second factor on its page the session is not alice's\n%.600s", bytes.TrimSpace(second.body))
			}
			if !strings.HasPrefix(a.Header.Get("Login-Guard"), "second-factor") {
				t.Errorf("the login met %q", a.Header.Get("Login-Guard"))
			}
		})
	}
}
