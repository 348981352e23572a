package shoptest

import (
	"net/http"
	"net/url"
	"strings"
)

// OpenCart4 is OpenCart 4.1.0: the form is sent by a script and answered in
// JSON, with a token in the query that every view of the form makes anew.
func OpenCart4() *Shop { return newShop("opencart4", serveOpenCart4) }

const openCart4Attributes = "; SameSite=Strict"

func serveOpenCart4(v *visit) {
	s := openCartSession(v, openCart4Attributes)
	asked, _ := v.get.Text("route")
	if asked == "" {
		asked = "common/home"
	}
	// Classes are loaded by lower-cased file names, and `|` is an old `.`.
	route := openCart4Route.ReplaceAllString(asked, "")
	route = strings.ToLower(strings.ReplaceAll(route, "|", "."))
	switch route {
	case "account/login", "account/login.index":
		openCart4Form(v, s)
	case "account/login.login":
		openCart4Login(v, s)
	case "account/account", "account/account.index", "account/edit", "account/edit.index":
		var customer, second string
		v.shop.with(func() { customer, second = s.customer, s.second })
		if token, _ := v.get.Text("customer_token"); customer == "" || token == "" || token != second {
			v.redirect(http.StatusFound, openCart4Link(v, "account/login"))
			return
		}
		if strings.HasPrefix(route, "account/edit") {
			openCartEdit(v, customer)
			return
		}
		v.html(http.StatusOK, "My Account", "<p>Signed in: <strong>"+esc(customer)+"</strong></p>")
	case "account/logout":
		v.shop.with(func() { s.customer, s.second = "", "" })
		v.redirect(http.StatusFound, openCart4Link(v, "common/home"))
	default:
		if !openCartPages(v, s, route) {
			v.html(http.StatusNotFound, "The page you requested cannot be found!", "")
		}
	}
}

func openCart4Link(v *visit, route string) string {
	return v.origin() + "/index.php?route=" + route + "&language=en-gb"
}

func openCart4Form(v *visit, s *session) {
	token := random(26)
	v.shop.with(func() { s.token = token })
	action := openCart4Link(v, "account/login.login") + "&login_token=" + token
	v.html(http.StatusOK, "Account Login", `<div id="alert"></div>
<form id="form-login" action="`+esc(action)+`" method="post" data-oc-toggle="ajax">
`+field("E-Mail Address", "input-email", "email", "text", "username", "")+
		field("Password", "input-password", "password", "password", "current-password", "")+
		hidden("redirect", "")+`<button type="submit" class="btn btn-primary">Login</button>
</form>
<script>`+openCart4Script+`</script>`)
}

// openCart4Script does what matters of the shop's own script: posts the form
// as urlencoded XHR, follows `redirect`, shows `error.warning`.
const openCart4Script = `
document.querySelector('[data-oc-toggle=ajax]').addEventListener('submit', async (e) => {
  e.preventDefault();
  const form = e.target;
  const answer = await fetch(form.action, {method: 'POST', body: new URLSearchParams(new FormData(form)),
    headers: {'X-Requested-With': 'XMLHttpRequest', 'Accept': 'application/json, text/javascript, */*; q=0.01'}});
  const json = await answer.json();
  if (json.redirect) location = json.redirect;
  if (json.error && json.error.warning) {
    const alert = document.createElement('div');
    alert.className = 'alert alert-danger alert-dismissible';
    alert.textContent = json.error.warning;
    document.getElementById('alert').prepend(alert);
  }
});`

func openCart4Login(v *visit, s *session) {
	var want string
	v.shop.with(func() { want = s.token })
	if token, _ := v.get.Text("login_token"); want == "" || token != want {
		email, _ := v.post.Text("email")
		password, _ := v.post.Text("password")
		v.login("login", email, password, Retry)
		v.json(http.StatusOK, map[string]any{"redirect": openCart4Link(v, "account/login")})
		return
	}
	email, _ := v.post.Text("email")
	password, _ := v.post.Text("password")
	// OpenCart 4 decodes the entities that its own input filter made.
	if message := openCartLogin(v, "login", s, email, password); message != "" {
		v.json(http.StatusOK, map[string]any{"error": map[string]any{"warning": message}})
		return
	}
	token := random(26)
	v.shop.with(func() { s.second, s.token = token, "" })
	to := openCart4Link(v, "account/account") + "&customer_token=" + token
	if asked, _ := v.post.Text("redirect"); strings.HasPrefix(asked, v.origin()) {
		if plain, err := url.PathUnescape(asked); err == nil {
			to = plain + "&customer_token=" + token
		}
	}
	v.json(http.StatusOK, map[string]any{"redirect": to})
}
