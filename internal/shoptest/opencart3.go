package shoptest

import (
	"net/http"
	"strings"
)

// OpenCart3 is OpenCart 3.0.5: a multipart form without a token, a session
// cookie that a login does not change, and a second login in the check-out.
func OpenCart3() *Shop { return newShop("opencart3", serveOpenCart3) }

// openCart3Controllers are the files under catalog/controller that matter;
// what follows one in a route is a method of it (system/engine/action.php).
var openCart3Controllers = []string{
	"account/login", "account/account", "account/edit", "account/register", "account/forgotten", "account/logout",
	"checkout/login", "checkout/cart", "checkout/checkout", "checkout/register", "common/home",
}

func serveOpenCart3(v *visit) {
	s := openCartSession(v, "")
	asked, _ := v.get.Text("route")
	if words, _ := v.get.Text("_route_"); words == "login" {
		asked = "account/login" // as its table of addresses for search engines may have it
	}
	if asked == "" {
		asked = "common/home"
	}
	route, method := openCart3Resolve(openCart3Route.ReplaceAllString(asked, ""))
	switch route + "." + method {
	case "account/login.index":
		openCart3Login(v, s)
	case "checkout/login.index":
		v.html(http.StatusOK, "Checkout", `<form method="post" action="/index.php?route=checkout/login/save">`+
			field("E-Mail", "input-email", "email", "text", "username", "")+
			field("Password", "input-password", "password", "password", "current-password", "")+`<button>Login</button></form>`)
	case "checkout/login.save":
		openCart3CheckoutLogin(v, s)
	case "account/account.index", "account/edit.index":
		var customer string
		v.shop.with(func() { customer = s.customer })
		if customer == "" {
			v.redirect(http.StatusFound, v.origin()+"/index.php?route=account/login")
			return
		}
		if route == "account/edit" {
			openCartEdit(v, customer)
			return
		}
		v.html(http.StatusOK, "My Account", "<p>Signed in: <strong>"+esc(customer)+"</strong></p>")
	case "account/logout.index":
		v.shop.with(func() { s.customer = "" })
		v.redirect(http.StatusFound, v.origin()+"/index.php?route=common/home")
	default:
		if method != "index" {
			route += "/" + method
		}
		if !openCartPages(v, s, route) {
			v.html(http.StatusNotFound, "The page you requested cannot be found!", "")
		}
	}
}

// openCart3Resolve splits a route as action.php does: the longest start that
// is a controller's file, then the method.
func openCart3Resolve(route string) (controller, method string) {
	parts := strings.Split(route, "/")
	for n := len(parts); n > 0; n-- {
		start := strings.Join(parts[:n], "/")
		for _, c := range openCart3Controllers {
			if c == start {
				if n < len(parts) {
					return c, parts[n]
				}
				return c, "index"
			}
		}
	}
	return route, "index"
}

func openCart3Login(v *visit, s *session) {
	var message string
	email, _ := v.post.Text("email")
	password, _ := v.post.Text("password")
	var customer string
	v.shop.with(func() { customer = s.customer })
	if customer != "" {
		// Before anything is read: whoever is signed in is sent on.
		v.redirect(http.StatusFound, v.origin()+"/index.php?route=account/account")
		return
	}
	if v.r.Method == http.MethodPost {
		if message = openCartLogin(v, "login", s, email, password); message == "" {
			to := v.origin() + "/index.php?route=account/account"
			if asked, _ := v.post.Text("redirect"); strings.HasPrefix(asked, v.origin()) && asked != v.origin()+"/index.php?route=account/logout" {
				to = asked
			}
			v.redirect(http.StatusFound, to)
			return
		}
	}
	// The failure page has the password in its form again; so has the shop's.
	v.html(http.StatusOK, "Account Login", openCartAlert(message)+
		`<form action="`+v.origin()+`/index.php?route=account/login" method="post" enctype="multipart/form-data">
`+field("E-Mail Address", "input-email", "email", "text", "username", email)+
		field("Password", "input-password", "password", "password", "current-password", password)+
		`<p><a href="/index.php?route=account/forgotten">Forgotten Password</a></p>
<input type="submit" value="Login" class="btn btn-primary">
</form>
<p><a href="/index.php?route=account/register">Register</a></p>`)
}

// openCart3CheckoutLogin answers in JSON; with an empty cart it only sends
// the shopper to the cart, whatever the password.
func openCart3CheckoutLogin(v *visit, s *session) {
	link := func(route string) map[string]any {
		return map[string]any{"redirect": v.origin() + "/index.php?route=" + route}
	}
	var customer string
	var cart int
	v.shop.with(func() { customer, cart = s.customer, s.cart })
	switch {
	case customer != "":
		v.json(http.StatusOK, link("checkout/checkout"))
		return
	case cart == 0:
		v.json(http.StatusOK, link("checkout/cart"))
		return
	}
	email, _ := v.post.Text("email")
	password, _ := v.post.Text("password")
	if message := openCartLogin(v, "checkout", s, email, password); message != "" {
		v.json(http.StatusOK, map[string]any{"error": map[string]any{"warning": message}})
		return
	}
	v.json(http.StatusOK, link("checkout/checkout"))
}
