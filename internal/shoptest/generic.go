package shoptest

import (
	"fmt"
	"net/http"
	"strings"
)

// Generic is a shop of no known make, written here: POST /login with `email`
// and `password`, a new session cookie on success, the form again with 200
// on failure. It reads forms as PHP does.
func Generic() *Shop { return newShop("generic", serveGeneric) }

func serveGeneric(v *visit) {
	id := v.cookie("session")
	s := v.shop.knownSession(id)
	if s == nil {
		id = random(32)
		s = v.shop.openSession(id)
		v.setCookie("session=" + id + "; Path=/; HttpOnly; SameSite=Lax")
	}
	var customer string
	var cart int
	v.shop.with(func() { customer, cart = s.customer, s.cart })
	switch strings.TrimSuffix(v.path, "/") {
	case "/login":
		genericLogin(v, s)
	case "/logout":
		v.shop.with(func() { s.customer = "" })
		v.redirect(http.StatusSeeOther, "/")
	case "/account":
		if customer == "" {
			v.redirect(http.StatusSeeOther, "/login")
			return
		}
		v.html(http.StatusOK, "Your account", "<p>Signed in: <strong>"+esc(customer)+"</strong></p>")
	case "/register":
		genericRegister(v, s)
	case "/cart":
		if v.r.Method == http.MethodPost {
			v.shop.with(func() { s.cart++ })
			v.redirect(http.StatusSeeOther, "/cart")
			return
		}
		v.html(http.StatusOK, "Cart", fmt.Sprintf(`<p>Items: <span id="count">%d</span></p>
<form method="post" action="/cart">%s<button>Add to cart</button></form>`, cart, hidden("product", "12")))
	case "/checkout":
		v.html(http.StatusOK, "Checkout", `<form method="post" action="/checkout">`+
			field("Email", "email", "email", "email", "email", "")+`<button>Order</button></form>`)
	case "/admin":
		v.received("Admin")
	case "":
		v.html(http.StatusOK, "Shop", `<p><a href="/login">Sign in</a></p>`)
	default:
		v.html(http.StatusNotFound, "Not found", "")
	}
}

func genericLogin(v *visit, s *session) {
	var alert, email string
	if v.r.Method == http.MethodPost {
		email, _ = v.post.Text("email")
		password, _ := v.post.Text("password")
		if a, known := v.shop.account(strings.TrimSpace(email), true, true); known && a.Password == password {
			v.login("login", email, password, Right)
			id := random(32)
			v.shop.with(func() {
				fresh := *s
				fresh.id, fresh.customer = id, a.Email
				delete(v.shop.sessions, s.id)
				v.shop.sessions[id] = &fresh
			})
			v.w.Header().Del("Set-Cookie")
			v.setCookie("session=" + id + "; Path=/; HttpOnly; SameSite=Lax")
			v.redirect(http.StatusSeeOther, "/account")
			return
		}
		v.login("login", email, password, Wrong)
		alert = "<p role=\"alert\">E-mail or password is wrong.</p>\n"
	}
	v.html(http.StatusOK, "Sign in", alert+`<form method="post" action="/login">
`+field("E-mail", "email", "email", "text", "username", email)+
		field("Password", "password", "password", "password", "current-password", "")+
		`<button>Sign in</button></form><p><a href="/register">Register</a></p>`)
}

func genericRegister(v *visit, s *session) {
	if v.r.Method == http.MethodPost {
		email, _ := v.post.Text("email")
		password, _ := v.post.Text("password")
		again, _ := v.post.Text("password2")
		if _, taken := v.shop.account(email, true, true); !taken && email != "" && password != "" && password == again {
			name, _, _ := strings.Cut(email, "@")
			v.shop.AddAccount(Account{Name: name, Email: email, Password: password})
			v.shop.with(func() { s.customer = email })
			v.redirect(http.StatusSeeOther, "/account")
			return
		}
	}
	v.html(http.StatusOK, "Register", `<form method="post" action="/register">`+
		field("E-mail", "email", "email", "email", "email", "")+
		field("Password", "password", "password", "password", "new-password", "")+
		field("Password again", "password2", "password2", "password", "new-password", "")+`<button>Register</button></form>`)
}
