package login

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// What browsers and shops' scripts send is accepted and goes on byte for
// byte. The bodies are written as each client writes them.
func TestWhatClientsSendIsAccepted(t *testing.T) {
	passwords := []string{
		"", "pw", " ", "a+b&c=d%20", "päßwörd", "пароль", "كلمة السر", "密码", "🔐👩‍👩‍👧‍👦", "a\tb", `"';--\`, "{}", "[1]", "<b>", "null", "true", "\u2028\u0000",
		strings.Repeat("x", 4096), strings.Repeat("é", 2048), "login(username:1)", `\u0070`,
	}
	accounts := []string{"alice", "alice@shop.example", "a.b+tag@shop.example", "", "O'Hara@x.de", "jürgen@münchen.example", "名前", "+49 170 1234567"}
	opt := Options{CountsAll: true, Sides: true}
	n := 0
	for _, c := range clients {
		rd := presetReader(t, opt, c.preset)
		for i, password := range passwords {
			for j, account := range accounts {
				ct, body := c.body(account, password)
				n++
				t.Run(fmt.Sprintf("%s/%s/%d/%d", c.name, c.preset, i, j), func(t *testing.T) {
					r := post(c.target, ct, body)
					r.Header.Set("X-Requested-With", "XMLHttpRequest")
					got := read(rd, r)
					if got.Kind != Attempt || got.Account != account {
						t.Fatalf("kind %v, %s, account %q, want %q", got.Kind, got.Reason, got.Account, account)
					}
					if b, err := io.ReadAll(r.Body); err != nil || string(b) != body {
						t.Fatalf("bytes changed (%v)", err)
					}
				})
			}
		}
	}
	if n < 2000 {
		t.Errorf("%d requests, want 2000 or more", n)
	}
}

type client struct {
	name, preset, target string
	body                 func(account, password string) (contentType, body string)
}

const withCharset = "; charset=UTF-8"

// marshal writes JSON as JSON.stringify does: no escapes for HTML.
func marshal(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// searchParams writes pairs as URLSearchParams does.
func searchParams(pairs ...string) string {
	var b []string
	for i := 0; i < len(pairs); i += 2 {
		b = append(b, url.QueryEscape(pairs[i])+"="+url.QueryEscape(pairs[i+1]))
	}
	return strings.Join(b, "&")
}

// formData writes parts as fetch does with a FormData.
func formData(pairs ...string) (string, string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.SetBoundary("----WebKitFormBoundaryhMqQn2o9Jb1BxTzd"); err != nil {
		panic(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		p, err := w.CreatePart(map[string][]string{"Content-Disposition": {`form-data; name="` + pairs[i] + `"`}})
		if err != nil {
			panic(err)
		}
		io.WriteString(p, pairs[i+1])
	}
	w.Close()
	return w.FormDataContentType(), b.String()
}

type m = map[string]any

var clients = []client{
	{"fetch JSON", "generic", "/api/login", func(a, p string) (string, string) {
		return jsonType, marshal(m{"email": a, "password": p})
	}},
	{"fetch JSON, remember", "generic", "/api/auth", func(a, p string) (string, string) {
		return jsonType + withCharset, marshal(m{"username": a, "password": p, "remember": true, "captcha": m{"token": "x", "score": 0.9}, "redirect": nil})
	}},
	{"axios JSON", "evershop", "/customer/login", func(a, p string) (string, string) {
		return "application/json", `{"email":` + marshal(a) + `,"password":` + marshal(p) + `}`
	}},
	{"axios form", "evershop", "/customer/login", func(a, p string) (string, string) {
		return "application/x-www-form-urlencoded;charset=utf-8", searchParams("email", a, "password", p)
	}},
	{"axios multipart", "generic", "/login", func(a, p string) (string, string) { return formData("email", a, "password", p) }},
	{"jQuery", "opencart4", "/index.php?route=account/login.login&login_token=x&_=1700000000", func(a, p string) (string, string) {
		return urlencoded + withCharset, searchParams("email", a, "password", p, "redirect", "")
	}},
	{"jQuery nested", "generic", "/login", func(a, p string) (string, string) {
		return urlencoded + withCharset, searchParams("user[email]", a, "user[password]", p, "user[remember_me]", "0", "user[remember_me]", "1")
	}},
	{"URLSearchParams", "generic", "/login", func(a, p string) (string, string) {
		return urlencoded + ";charset=UTF-8", searchParams("email", a, "password", p, "login", "Sign in", "g-recaptcha-response", "03AGdBq2", "h-captcha-response", "P1_x", "cf-turnstile-response", "0.x", "wpcaptcha[a]", "1")
	}},
	{"FormData", "opencart3", "/index.php?route=account/login", func(a, p string) (string, string) {
		return formData("email", a, "password", p, "redirect", "/x?y=1")
	}},
	{"prefilled", "generic", "/login?email=x%40shop.example", func(a, p string) (string, string) {
		return urlencoded, searchParams("email", a, "password", p)
	}},
	{"failed before", "generic", "/login?login=failed&redirect=%2Faccount", func(a, p string) (string, string) {
		return urlencoded, searchParams("email", a, "password", p)
	}},
	{"prefilled, body only", "woocommerce", "/my-account/?username=x&login=failed", func(a, p string) (string, string) {
		return urlencoded, searchParams("username", a, "password", p, "login", "Log in", "rememberme", "forever")
	}},
	{"Apollo", "vendure", "/shop-api", func(a, p string) (string, string) {
		return jsonType, `{"operationName":"Login","variables":` + marshal(m{"u": a, "p": p}) + `,"extensions":{"clientLibrary":{"name":"@apollo/client","version":"4.0.0"}},"query":` +
			marshal("mutation Login($u: String!, $p: String!) {\n  login(username: $u, password: $p, rememberMe: true) {\n    ... on CurrentUser {\n      id\n      __typename\n    }\n    ...Err\n    __typename\n  }\n}\n\nfragment Err on ErrorResult {\n  errorCode\n  message\n  __typename\n}") + `}`
	}},
	{"urql", "vendure", "/shop-api?languageCode=en", func(a, p string) (string, string) {
		return jsonType, `{"operationName":"Auth","query":` + marshal("mutation Auth($input: AuthenticationInput!) {\n  authenticate(input: $input) {\n    __typename\n    ... on CurrentUser {\n      id\n    }\n  }\n}") +
			`,"variables":` + marshal(m{"input": m{"native": m{"username": a, "password": p}}}) + `,"extensions":{}}`
	}},
	{"Apollo upload", "saleor", "/graphql/", func(a, p string) (string, string) {
		return formData("operations", marshal(m{"query": "mutation($e: String!, $p: String!) { tokenCreate(email: $e, password: $p) { token errors { field } } }", "variables": m{"e": a, "p": p}}), "map", "{}")
	}},
	{"graphql-request", "magento2", "/graphql", func(a, p string) (string, string) {
		return jsonType, marshal(m{"query": "mutation { generateCustomerToken(email: " + gqlText(a) + ", password: " + gqlText(p) + ") { token } }"})
	}},
	{"Luma", "magento2", "/customer/account/loginPost/referer/aHR0/", func(a, p string) (string, string) {
		return urlencoded, searchParams("form_key", "x", "login[username]", a, "login[password]", p, "show-password", "on", "send", "")
	}},
	{"Luma's script", "magento2", "/customer/ajax/login", func(a, p string) (string, string) {
		return jsonType, marshal(m{"username": a, "password": p, "context": "checkout"})
	}},
	{"store API", "shopware6", "/store-api/account/login", func(a, p string) (string, string) {
		return jsonType, marshal(m{"email": a, "password": p, "includes": m{"x": []string{"id"}}})
	}},
	{"Odoo RPC", "odoo", "/web/session/authenticate", func(a, p string) (string, string) {
		return jsonType, marshal(m{"jsonrpc": "2.0", "method": "call", "id": 1, "params": m{"db": "x", "login": a, "password": p}})
	}},
	{"Medusa", "medusa2", "/auth/customer/emailpass", func(a, p string) (string, string) {
		return jsonType, marshal(m{"email": a, "password": p})
	}},
	{"Rails", "spree", "/user/sign_in?locale=de", func(a, p string) (string, string) {
		return urlencoded, searchParams("utf8", "✓", "authenticity_token", "x", "spree_user[email]", a, "spree_user[password]", p, "spree_user[remember_me]", "0")
	}},
}

// gqlText writes a string of GraphQL, which is JSON's.
func gqlText(s string) string { return marshal(s) }

// What is no login goes on untouched where JSON and GraphQL are read.
func TestWhatIsNoLoginIsLeftAlone(t *testing.T) {
	opt := Options{CountsAll: true, Sides: true}
	for _, preset := range []string{"generic", "vendure", "evershop", "saleor", "medusa2", "shopware6"} {
		rd := presetReader(t, opt, preset)
		for i := range 40 {
			for _, c := range []struct{ target, ct, body string }{
				{"/api/cart", jsonType, marshal(m{"items": []m{{"id": i, "qty": 2}}, "note": "my password is 'x'"})},
				{"/api/search", jsonType, marshal(m{"query": "login help", "filters": m{"user": "x"}})},
				{"/graphql", jsonType, marshal(m{"query": fmt.Sprintf("query P($n: Int = %d) { products(first: $n) { edges { node { id name } } } }", i), "variables": m{"n": i}})},
				{"/graphql", jsonType, `[` + marshal(m{"query": "{ a }"}) + `,` + marshal(m{"query": "{ b }"}) + `]`},
				{"/webhook", jsonType, strings.Repeat("[", 20) + fmt.Sprint(i) + strings.Repeat("]", 20)},
				{"/collect", "text/plain;charset=UTF-8", `{"event":"view","page":"/login","n":` + fmt.Sprint(i) + `}`},
				{"/csp", "application/csp-report", `{"csp-report":{"document-uri":"https://shop.example/login"}}`},
				{"/upload", "application/octet-stream", strings.Repeat("\x00\xff{", 100)},
				{"/rpc", "application/json-rpc", marshal(m{"method": "x"})},
				{"/address", jsonType, marshal(m{"firstName": "A", "email": "a@b.c", "street": i})},
			} {
				r := post(c.target, c.ct, c.body)
				r.Method = http.MethodPost
				wantOther(t, rd, r, c.body)
			}
		}
	}
}
