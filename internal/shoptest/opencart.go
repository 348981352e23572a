package shoptest

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// What OpenCart's two generations share: one session cookie that is sent
// with every answer and never changes, the cart, the lock.

var (
	openCartSessionID = regexp.MustCompile(`^[a-zA-Z0-9,-]{22,52}$`)
	openCart3Route    = regexp.MustCompile(`[^a-zA-Z0-9_/]`)
	openCart4Route    = regexp.MustCompile(`[^a-zA-Z0-9_|/.]`)
)

// Texts that OpenCart's English language files have.
const (
	openCartNoMatch = "Warning: No match for E-Mail Address and/or Password."
	openCartLocked  = "Warning: Your account has exceeded allowed number of login attempts. Please try again in 1 hour."
)

// openCartSession opens the session of the cookie, whoever chose its value,
// and sends the cookie again: OpenCart does both.
func openCartSession(v *visit, attributes string) *session {
	id := v.cookie("OCSESSID")
	if !openCartSessionID.MatchString(id) {
		id = random(26)
	}
	v.setCookie("OCSESSID=" + id + "; path=/" + attributes)
	return v.shop.openSession(id)
}

// openCartLogin checks a password; message is empty where it is right. With
// OwnLimits, five failures lock the e-mail (an hour in the shop, until the
// test ends here).
func openCartLogin(v *visit, door string, s *session, email, password string) (message string) {
	key := strings.ToLower(email)
	locked := false
	v.shop.with(func() { locked = v.shop.OwnLimits && v.shop.failures[key] >= 5 })
	if locked {
		v.login(door, email, password, Retry)
		return openCartLocked
	}
	a, known := v.shop.account(email, false, true)
	if !known || a.Password != password {
		v.shop.with(func() { v.shop.failures[key]++ })
		v.login(door, email, password, Wrong)
		return openCartNoMatch
	}
	v.shop.with(func() {
		delete(v.shop.failures, key)
		s.customer = a.Email
	})
	v.login(door, email, password, Right)
	return ""
}

// openCartEdit is the page on which a customer changes his details; its caller
// has made sure that somebody is signed in.
func openCartEdit(v *visit, customer string) {
	name, _, _ := strings.Cut(customer, "@")
	input := func(kind, name, value, placeholder string) string {
		return fmt.Sprintf(`<div class="form-group required"><label class="col-sm-2 control-label" for="input-%[2]s">%[4]s</label>
<div class="col-sm-10"><input type="%[1]s" name="%[2]s" value="%[3]s" placeholder="%[4]s" id="input-%[2]s" class="form-control" /></div></div>
`, kind, name, esc(value), placeholder)
	}
	v.html(http.StatusOK, "My Account Information", `<form action="`+v.origin()+`/index.php?route=account/edit" method="post" enctype="multipart/form-data" class="form-horizontal">
<fieldset><legend>Your Personal Details</legend>
`+input("text", "firstname", name, "First Name")+input("text", "lastname", "", "Last Name")+input("email", "email", customer, "E-Mail")+input("tel", "telephone", "0", "Telephone")+
		`</fieldset><input type="submit" value="Continue" class="btn btn-primary" /></form>`)
}

func openCartAlert(message string) string {
	if message == "" {
		return ""
	}
	return `<div class="alert alert-danger alert-dismissible"><i class="fa fa-exclamation-circle"></i> ` + esc(message) + `</div>` + "\n"
}

// openCartPages are the routes that both generations have; false where the
// route is none of them.
func openCartPages(v *visit, s *session, route string) bool {
	var customer string
	var cart int
	v.shop.with(func() { customer, cart = s.customer, s.cart })
	switch route {
	case "common/home":
		line := `<p><a href="` + v.origin() + `/index.php?route=account/login">Login</a></p>`
		if customer != "" {
			line = "<p>Signed in: <strong>" + esc(customer) + "</strong></p>"
		}
		v.html(http.StatusOK, "Your Store", line)
	case "checkout/cart/add", "checkout/cart.add":
		v.shop.with(func() { s.cart++ })
		v.json(http.StatusOK, map[string]any{"success": "Success: You have added MacBook to your shopping cart!"})
	case "checkout/cart":
		v.html(http.StatusOK, "Shopping Cart", fmt.Sprintf(`<p>Items: <span id="count">%d</span></p>`, cart))
	case "checkout/checkout":
		v.html(http.StatusOK, "Checkout", "<p>Guest checkout</p>")
	case "account/register", "account/register.register", "checkout/register/save", "checkout/register.save":
		openCartRegister(v, s, route)
	case "account/forgotten", "account/forgotten.confirm":
		v.html(http.StatusOK, "Forgot Your Password?", `<form method="post">`+field("E-Mail Address", "input-email", "email", "email", "email", "")+`<button>Continue</button></form>`)
	default:
		if strings.HasPrefix(v.path, "/admin") && v.r.Method == http.MethodPost {
			v.received("Dashboard")
			return true
		}
		return false
	}
	return true
}

func openCartRegister(v *visit, s *session, route string) {
	if v.r.Method != http.MethodPost {
		v.html(http.StatusOK, "Register Account", `<form method="post" enctype="multipart/form-data">`+
			field("First Name", "input-firstname", "firstname", "text", "given-name", "")+
			field("E-Mail", "input-email", "email", "email", "email", "")+
			field("Password", "input-password", "password", "password", "new-password", "")+
			field("Password Confirm", "input-confirm", "confirm", "password", "new-password", "")+
			`<p><label><input type="checkbox" name="agree" value="1"> I agree</label></p><button>Continue</button></form>`)
		return
	}
	email, _ := v.post.Text("email")
	password, _ := v.post.Text("password")
	if _, taken := v.shop.account(email, false, true); taken || email == "" || password == "" {
		v.html(http.StatusOK, "Register Account", openCartAlert("Warning: E-Mail Address is already registered!"))
		return
	}
	name, _, _ := strings.Cut(email, "@")
	v.shop.AddAccount(Account{Name: name, Email: email, Password: password})
	v.shop.with(func() { s.customer = email })
	if strings.Contains(route, ".") || strings.HasPrefix(route, "checkout/") {
		v.json(http.StatusOK, map[string]any{"redirect": v.origin() + "/index.php?route=account/success"})
		return
	}
	v.redirect(http.StatusFound, v.origin()+"/index.php?route=account/success")
}
