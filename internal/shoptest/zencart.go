package shoptest

import (
	"fmt"
	"net/http"
	"strings"
)

// ZenCart is Zen Cart 2.2: a session cookie that a login changes, a token
// kept in the session, and `time_out` where the token is not the session's.
func ZenCart() *Shop { return newShop("zencart", serveZenCart) }

// zenSpiders begin the client names that Zen Cart gives no session
// (includes/spiders.txt; curl is one of them).
var zenSpiders = []string{"curl", "wget", "bot", "spider", "crawl", "libwww", "python"}

func zenCookie(v *visit, id string) {
	host, _, _ := strings.Cut(v.r.Host, ":")
	v.setCookie("zenid=" + id + "; path=/; domain=" + host + "; HttpOnly; SameSite=Lax")
}

// zenSession opens the visitor's session, nil for a spider.
func zenSession(v *visit) *session {
	agent := strings.ToLower(v.r.UserAgent())
	for _, spider := range zenSpiders {
		if agent == "" || strings.Contains(agent, spider) {
			return nil
		}
	}
	id := v.cookie("zenid")
	if s := v.shop.knownSession(id); id != "" && s != nil {
		return s
	}
	id = random(26)
	zenCookie(v, id)
	s := v.shop.openSession(id)
	v.shop.with(func() { s.token = random(32) })
	return s
}

func zenLink(v *visit, page string) string { return v.origin() + "/index.php?main_page=" + page }

func serveZenCart(v *visit) {
	s := zenSession(v)
	page, _ := v.get.Text("main_page")
	action, _ := v.request.Text("action")
	// Every post with an action needs the session's token, before any page
	// sees it (includes/init_includes/init_sanitize.php).
	if v.r.Method == http.MethodPost && action != "" {
		token, _ := v.post.Text("securityToken")
		var want string
		if s != nil {
			v.shop.with(func() { want = s.token })
		}
		if want == "" || token != want {
			v.redirect(http.StatusFound, zenLink(v, "time_out"))
			return
		}
	}
	if s == nil {
		s = &session{}
	}
	switch page {
	case "login":
		zenLogin(v, s)
	case "logoff":
		v.shop.with(func() { s.customer = "" })
		v.redirect(http.StatusFound, zenLink(v, "index"))
	case "account", "account_edit":
		var customer string
		v.shop.with(func() { customer = s.customer })
		if customer == "" {
			v.redirect(http.StatusFound, zenLink(v, "login"))
			return
		}
		if page == "account_edit" {
			zenEdit(v, s, customer)
			return
		}
		v.html(http.StatusOK, "My Account Information", "<p>Signed in: <strong>"+esc(customer)+"</strong></p>")
	case "time_out":
		v.html(http.StatusOK, "Whoops! Your session has expired.", zenForm(v, s, "", ""))
	case "create_account":
		zenRegister(v, s)
	case "password_forgotten":
		v.html(http.StatusOK, "Forgotten Password", `<form method="post" action="`+esc(zenLink(v, "password_forgotten")+"&action=process")+`">`+
			zenToken(v, s)+field("Email Address", "email-address", "email_address", "email", "username", "")+`<button>Submit</button></form>`)
	case "shopping_cart", "product_info":
		if action == "add_product" {
			v.shop.with(func() { s.cart++ })
			v.redirect(http.StatusFound, zenLink(v, "shopping_cart"))
			return
		}
		var n int
		v.shop.with(func() { n = s.cart })
		v.html(http.StatusOK, "Your Shopping Cart", fmt.Sprintf(`<p>Items: <span id="count">%d</span></p>
<form method="post" action="%s">%s<button>Add to Cart</button></form>`, n, esc(zenLink(v, "product_info")+"&action=add_product"), zenToken(v, s)))
	case "checkout_shipping", "checkout_payment":
		v.html(http.StatusOK, "Checkout", "<p>Delivery</p>")
	default:
		if strings.HasPrefix(v.path, "/admin") && v.r.Method == http.MethodPost {
			v.received("Admin")
			return
		}
		v.html(http.StatusOK, "Zen Cart", `<p><a href="`+esc(zenLink(v, "login"))+`">Log In</a></p>`)
	}
}

func zenToken(v *visit, s *session) string {
	var token string
	v.shop.with(func() { token = s.token })
	return hidden("securityToken", token)
}

func zenForm(v *visit, s *session, message, email string) string {
	if message != "" {
		message = `<div class="messageStackError larger">` + esc(message) + "</div>\n"
	}
	return message + `<form name="login" action="` + esc(zenLink(v, "login")+"&action=process") + `" method="post" id="loginForm">
` + zenToken(v, s) + field("Email Address:", "login-email-address", "email_address", "email", "username", email) +
		field("Password:", "login-password", "password", "password", "current-password", "") +
		`<input type="submit" value="Sign In"></form>
<p><a href="` + esc(zenLink(v, "create_account")) + `">Create an account</a> <a href="` + esc(zenLink(v, "password_forgotten")) + `">Forgot your password?</a></p>`
}

// zenEdit is the page on which a customer changes his details.
func zenEdit(v *visit, s *session, customer string) {
	v.html(http.StatusOK, "My Account Information", `<form name="account_edit" action="`+esc(zenLink(v, "account_edit"))+`" method="post">
`+zenToken(v, s)+hidden("action", "process")+`<label class="inputLabel" for="firstname">First Name:</label>
<input type="text" name="firstname" value="" id="firstname"><br class="clearBoth">
<label class="inputLabel" for="email-address">Email Address:</label>
<input type="email" name="email_address" value="`+esc(customer)+`" id="email-address" required><span class="alert">*</span><br class="clearBoth">
<label class="inputLabel" for="telephone">Telephone:</label>
<input type="tel" name="telephone" value="" id="telephone"></form>`)
}

func zenLogin(v *visit, s *session) {
	action, _ := v.get.Text("action")
	if v.r.Method != http.MethodPost || action != "process" {
		v.html(http.StatusOK, "Welcome, Please Sign In", zenForm(v, s, "", ""))
		return
	}
	email, _ := v.post.Text("email_address")
	password, _ := v.post.Text("password")
	email, password = strings.TrimSpace(email), strings.TrimSpace(password)
	locked := false
	v.shop.with(func() { locked = v.shop.OwnLimits && s.failures >= 9 })
	if locked {
		v.login("login", email, password, Retry)
		v.redirect(http.StatusFound, zenLink(v, "time_out"))
		return
	}
	a, known := v.shop.account(email, false, true)
	if !known || a.Password != password {
		v.shop.with(func() { s.failures++ })
		v.login("login", email, password, Wrong)
		v.html(http.StatusOK, "Welcome, Please Sign In",
			zenForm(v, s, "Error: Sorry, there is no match for that email address and/or password.", email))
		return
	}
	v.login("login", email, password, Right)
	id := random(26) // zen_session_recreate
	v.shop.with(func() {
		fresh := *s
		fresh.id, fresh.customer, fresh.failures = id, a.Email, 0
		delete(v.shop.sessions, s.id)
		v.shop.sessions[id] = &fresh
	})
	zenCookie(v, id)
	v.redirect(http.StatusFound, zenLink(v, "index"))
}

func zenRegister(v *visit, s *session) {
	if v.r.Method == http.MethodPost {
		email, _ := v.post.Text("email_address")
		password, _ := v.post.Text("password")
		if _, taken := v.shop.account(email, false, true); !taken && email != "" && password != "" {
			name, _, _ := strings.Cut(email, "@")
			v.shop.AddAccount(Account{Name: name, Email: email, Password: password})
			v.shop.with(func() { s.customer = email })
			v.redirect(http.StatusFound, zenLink(v, "create_account_success"))
			return
		}
	}
	v.html(http.StatusOK, "My Account Information", `<form method="post" action="`+esc(zenLink(v, "create_account"))+`">`+
		zenToken(v, s)+hidden("action", "process")+
		field("Email Address:", "email-address", "email_address", "email", "email", "")+
		field("Password:", "password-new", "password", "password", "new-password", "")+
		field("Confirm Password:", "password-confirm", "confirmation", "password", "new-password", "")+`<button>Submit</button></form>`)
}
