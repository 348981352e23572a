package browser_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// tagged puts the gateway before a shop and the tag into its pages, and
// changes nothing else.
func tagged(t testing.TB, preset string, shop http.Handler, options ...string) *place {
	t.Helper()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		shop.ServeHTTP(answer, r)
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		body := answer.Body.String()
		if strings.HasPrefix(answer.Header().Get("Content-Type"), "text/html") {
			body = strings.Replace(body, "</head>", tag+"</head>", 1)
			w.Header().Del("Content-Length")
		}
		w.WriteHeader(answer.Code)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(front.Close)
	file := caddyfile("http://localhost:$PORT", front.URL, "", options...)
	file = strings.Replace(file, "\tlogin_guard {\n\t\tsite", "\tlogin_guard "+preset+" {\n\t\tsite", 1)
	gate := guardtest.Start(t, file)
	return &place{t: t, gate: gate, url: gate.URL}
}

// The login pages of shops as they answer, with the one tag: slid before
// sending, and not slid.
func TestShopsWithTheTagAlone(t *testing.T) {
	t.Parallel()
	alice := shoptest.Alice()
	for name, test := range map[string]struct {
		preset, page, account string
		shop                  func() *shoptest.Shop
		inside                string // what is on the page of who is signed in
	}{
		"WooCommerce": {"woocommerce", "/my-account/", alice.Name, shoptest.WooCommerce, "document.body.innerText.includes('alice') && !document.querySelector('input[type=password], #lg-title')"},
		"WordPress":   {"woocommerce", "/wp-login.php", alice.Name, shoptest.WordPress, "location.pathname.startsWith('/wp-admin')"},
		"OpenCart 3":  {"opencart3", "/index.php?route=account/login", alice.Email, shoptest.OpenCart3, "location.search.includes('account/account')"},
		"OpenCart 4":  {"opencart4", "/index.php?route=account/login", alice.Email, shoptest.OpenCart4, "location.search.includes('account/account') && document.querySelector('strong')?.textContent === 'alice@shop.example'"},
		"Zen Cart":    {"zencart", "/index.php?main_page=login", alice.Email, shoptest.ZenCart, "!document.querySelector('input[type=password], #lg-title')"},
		"Django":      {"django", "/admin/login/", alice.Name, shoptest.Django, "!document.querySelector('input[type=password], #lg-title')"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := test.shop()
			at := tagged(t, test.preset, shop, sliderOnly...)
			fills := func(p *tab) string {
				p.visit(at.url + test.page)
				p.in(theBar, "#lg-bar")
				// The form that has the slider.
				eval[bool](p, `(() => {
					const form = document.querySelector('iframe').closest('form'), secret = form.querySelector('input[type=password]');
					const fields = [...form.querySelectorAll('input')].filter(e => e.type === 'text' || e.type === 'email');
					fields[0].id = 'lg-test-name';
					secret.id = 'lg-test-password';
					(form.querySelector('button:not([type=button]), input[type=submit]')).id = 'lg-test-send';
					return true;
				})()`)
				p.write("#lg-test-name", test.account)
				p.write("#lg-test-password", alice.Password)
				return "#lg-test-send"
			}
			logins := func() int { return len(shop.Logins()) }

			slid := shopper(t, from(t, "en"))
			send := fills(slid)
			slid.slides(theBar)
			slid.tells(theBar, "Checked")
			slid.press(send)
			slid.until("the shop greets the customer", "document.readyState === 'complete' && "+test.inside)
			for _, asked := range slid.asked() {
				if strings.Contains(asked, "/challenge/") || strings.Contains(asked, "/check/") {
					t.Errorf("asked again after sending: %s", asked)
				}
			}
			if logins() != 1 {
				t.Errorf("%d logins ran, want 1", logins())
			}

			not := shopper(t, from(t, "en"))
			send = fills(not)
			not.press(send)
			not.tells(theBar, hintSkipped)
			if logins() != 1 {
				t.Error("the form was sent")
			}
			if name != "OpenCart 4" {
				not.leaves(func() { not.press(send) })
				not.drag(unhurried)
			} else {
				// Sent by the shop's own script: the check comes in a dialog.
				not.press(send)
				not.slides(theDialog)
			}
			not.until("the shop greets the customer", "document.readyState === 'complete' && "+test.inside)
			if logins() != 2 {
				t.Errorf("%d logins ran, want 2", logins())
			}
		})
	}
}

// everShop is EverShop's storefront in the shape of 2.2.1: a React form whose
// button sends a submit event of its own, and a login by fetch that answers
// 200 or 400 in JSON and keeps the session's cookie.
type everShop struct{ logins []string }

const everShopPage = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Login</title></head><body><main>
<h1>Login</h1><p id="error" role="alert"></p>
<form id="loginForm" method="POST">
<div class="form-field-container"><label for="email">Email</label><div class="field-wrapper flex"><input id="email" name="email" type="text" placeholder="Email"></div></div>
<div class="form-field-container"><label for="password">Password</label><div class="field-wrapper flex"><input id="password" name="password" type="password" placeholder="Password"><button type="button">show</button></div></div>
<div class="form-submit-button"><button id="send" type="button"><span>Sign In</span></button></div>
</form></main><script>
const retry = async (send, times = 3) => { try { return await send(); } catch (e) { if (!times) throw e; return retry(send, times - 1); } };
document.getElementById('send').onclick = () => loginForm.dispatchEvent(new Event('submit', {cancelable: true, bubbles: true}));
loginForm.onsubmit = async e => {
	e.preventDefault();
	const response = await retry(() => fetch('/customer/login', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(Object.fromEntries(new FormData(loginForm)))}));
	const json = await response.json();
	if (!response.ok) error.textContent = json.error?.message || 'Login failed';
	else location.href = '/account';
};
</script></body></html>`

func (s *everShop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: "sid", Value: "s%3A1", Path: "/", HttpOnly: true})
	switch r.URL.Path {
	case "/customer/login":
		body, _ := io.ReadAll(r.Body)
		s.logins = append(s.logins, string(body))
		w.Header().Set("Content-Type", "application/json")
		if !strings.Contains(string(body), shoptest.Alice().Password) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":{"status":400,"message":"Invalid email or password"}}`)
			return
		}
		fmt.Fprint(w, `{"data":{"sid":"1"}}`)
	case "/account":
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><html lang=en><title>Account</title><h1>My account</h1>")
	default:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, everShopPage)
	}
}

func TestEverShopsStorefrontWithTheTagAlone(t *testing.T) {
	t.Parallel()
	shop := &everShop{}
	at := tagged(t, "evershop", shop, sliderOnly...)
	p := shopper(t, from(t, "en"))
	p.allow("status of 40")
	p.visit(at.url + "/login")
	p.in(theBar, "#lg-bar")
	p.write("#email", shoptest.Alice().Email)
	p.write("#password", "a guess")
	p.press("#send")
	p.tells(theBar, hintSkipped)
	if len(shop.logins) != 0 {
		t.Error("the form was sent")
	}
	p.slides(theBar)
	p.tells(theBar, "Checked")
	p.press("#send")
	p.until("the shop says what is wrong", "error.textContent === 'Invalid email or password'")
	p.write("#password", shoptest.Alice().Password)
	p.press("#send")
	p.until("the account is there", "location.pathname === '/account'")
	if len(shop.logins) != 2 {
		t.Errorf("logins: %q", shop.logins)
	}
	// Not slid at all: in a dialog.
	q := shopper(t, from(t, "en"))
	q.allow("status of 403")
	q.visit(at.url + "/login")
	q.in(theBar, "#lg-bar")
	q.write("#email", shoptest.Alice().Email)
	q.write("#password", shoptest.Alice().Password)
	q.press("#send")
	q.tells(theBar, hintSkipped)
	eval[bool](q, "new Promise(go => setTimeout(go, 600, true))")
	q.press("#send")
	q.slides(theDialog)
	q.until("the account is there", "location.pathname === '/account'")
	if len(shop.logins) != 3 {
		t.Errorf("logins: %q", shop.logins)
	}
}

// vendure is Vendure's API in the shape of 3.7.3, and a storefront of the kind
// that its documentation shows: GraphQL by fetch, with an AbortController.
type vendure struct{ logins int }

const vendurePage = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sign in</title></head><body><main>
<h1>Sign in</h1><p id="error" role="alert"></p>
<form id="f"><label>Email <input id="email" autocomplete="username"></label><label>Password <input id="password" type="password"></label><button id="send">Sign in</button></form></main>
<script type="module">
f.onsubmit = async e => {
	e.preventDefault();
	const stop = new AbortController();
	const request = new Request('/shop-api', {method: 'POST', credentials: 'include', signal: stop.signal,
		headers: new Headers({'content-type': 'application/json', accept: 'application/graphql-response+json, application/json'}),
		body: JSON.stringify({operationName: 'Login', query: 'mutation Login($u: String!, $p: String!) { login(username: $u, password: $p) { __typename ... on CurrentUser { id } ... on ErrorResult { errorCode message } } }', variables: {u: email.value, p: password.value}})});
	const response = await fetch(request);
	const {data, errors} = await response.json();
	if (!response.ok || errors) error.textContent = 'failed ' + response.status;
	else if (data.login.__typename === 'CurrentUser') location.href = '/account?' + response.headers.get('vendure-auth-token');
	else error.textContent = data.login.message;
};
</script></body></html>`

func (s *vendure) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/shop-api":
		body, _ := io.ReadAll(r.Body)
		s.logins++
		w.Header().Set("Content-Type", "application/json")
		if !strings.Contains(string(body), shoptest.Alice().Password) {
			fmt.Fprint(w, `{"data":{"login":{"__typename":"InvalidCredentialsError","errorCode":"INVALID_CREDENTIALS_ERROR","message":"The provided credentials are invalid"}}}`)
			return
		}
		w.Header().Set("vendure-auth-token", "t1")
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "e30", Path: "/", HttpOnly: true})
		fmt.Fprint(w, `{"data":{"login":{"__typename":"CurrentUser","id":"1"}}}`)
	default:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, vendurePage)
	}
}

func TestVenduresStorefrontWithTheTagAlone(t *testing.T) {
	t.Parallel()
	shop := &vendure{}
	at := tagged(t, "vendure", shop, sliderOnly...)
	p := shopper(t, from(t, "en"))
	p.allow("status of 403")
	p.visit(at.url + "/")
	p.write("#email", shoptest.Alice().Email)
	p.write("#password", "a guess")
	p.press("#send")
	p.slides(theDialog)
	p.until("the shop says what is wrong", "error.textContent === 'The provided credentials are invalid'")
	p.write("#password", shoptest.Alice().Password)
	p.press("#send") // the check is good for a few tries
	p.until("the account is there", "location.href.endsWith('/account?t1')")
	if shop.logins != 2 {
		t.Errorf("%d logins", shop.logins)
	}
}
