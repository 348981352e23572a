package shoptest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Nonces of logged-out visitors, which WordPress gives to everybody alike
// and which need no cookie.
const (
	wooLoginNonce    = "4be2a1c09d"
	wooRegisterNonce = "91f03c77aa"
)

// WooCommerce is WordPress with WooCommerce 11: its login and registration
// run on wp_loaded, before routing, so on any path.
func WooCommerce() *Shop {
	return newShop("woocommerce", func(v *visit) { serveWordPress(v, wooLoaded) })
}

// wooLoaded is what WooCommerce does before any route; true once it has
// answered.
func wooLoaded(v *visit) bool {
	nonce, _ := v.request.Text("woocommerce-login-nonce")
	if !v.request.Has("woocommerce-login-nonce") {
		nonce, _ = v.request.Text("_wpnonce")
	}
	var message string
	if v.post.Has("login") && v.post.Has("username") && v.post.Has("password") && nonce == wooLoginNonce {
		var done bool
		if message, done = wooLogin(v); done {
			return true
		}
	}
	if v.post.Has("register") && v.post.Has("email") {
		if n, _ := v.post.Text("woocommerce-register-nonce"); n == wooRegisterNonce && wooRegister(v) {
			return true
		}
	}
	if wooAjax(v) {
		return true
	}
	switch strings.TrimSuffix(v.path, "/") {
	case "/my-account":
		wooAccount(v, message)
	case "/my-account/lost-password":
		wooLostPassword(v)
	case "/my-account/edit-account", "/my-account/edit-address":
		if _, ok := v.wpUser(); !ok {
			wooAccount(v, message)
			return true
		}
		if v.r.Method == http.MethodPost {
			v.redirect(http.StatusFound, v.origin()+"/my-account/")
			return true
		}
		v.html(http.StatusOK, "Account details", "")
	case "/cart", "/shop":
		v.html(http.StatusOK, "Cart", fmt.Sprintf(`<p>Items: <span id="count">%s</span></p>
<form method="post" action="/cart/">%s<button>Add to cart</button></form>`, v.wooItems(), hidden("add-to-cart", "12")))
	case "/checkout":
		v.html(http.StatusOK, "Checkout", wooNotice(message)+wooLoginForm(v.origin()+"/checkout/", "")+
			`<form method="post" action="/?wc-ajax=checkout">`+field("Email", "billing_email", "billing_email", "email", "email", "")+`<button>Place order</button></form>`)
	default:
		if message == "" {
			return false
		}
		v.html(http.StatusOK, "Shop Example", wooNotice(message)+wooLoginForm(v.origin()+"/my-account/", ""))
	}
	return true
}

// wooLogin is WC_Form_Handler::process_login.
func wooLogin(v *visit) (message string, done bool) {
	name, _ := v.post.Text("username")
	password, _ := v.post.Text("password")
	if name = strings.TrimSpace(name); name == "" {
		return "<strong>Error:</strong> Username is required.", false
	}
	a, message := v.wpAuthenticate("my-account", name, password)
	if message != "" {
		return message, false
	}
	v.wpSignIn(a)
	to := v.origin() + "/my-account/"
	referer := v.r.Header.Get("Referer")
	asked, _ := v.post.Text("redirect")
	for _, candidate := range []string{asked, referer} {
		if u, err := url.Parse(candidate); err == nil && candidate != "" && (u.Host == v.r.Host || u.Host == "" && strings.HasPrefix(candidate, "/")) {
			to = candidate
			break
		}
	}
	v.w.Header().Set("X-Redirect-By", "WordPress")
	v.redirect(http.StatusFound, to)
	return "", true
}

func wooRegister(v *visit) bool {
	email, _ := v.post.Text("email")
	name, _ := v.post.Text("username")
	password, _ := v.post.Text("password")
	if !strings.Contains(email, "@") {
		return false
	}
	if _, taken := v.shop.account(email, false, true); taken {
		return false
	}
	if name == "" {
		name, _, _ = strings.Cut(email, "@")
	}
	if password == "" {
		password = random(24)
	}
	a := Account{Name: name, Email: email, Password: password}
	v.shop.AddAccount(a)
	v.wpSignIn(a)
	v.redirect(http.StatusFound, v.origin()+"/my-account/")
	return true
}

// wooAjax answers cart and checkout, by query or by form.
func wooAjax(v *visit) bool {
	what, _ := v.get.Text("wc-ajax")
	switch {
	case what == "checkout":
		v.json(http.StatusOK, map[string]any{"result": "success", "redirect": v.origin() + "/checkout/order-received/7/"})
	case what == "apply_coupon":
		v.html(http.StatusOK, "Coupon", `<ul class="woocommerce-error" role="alert"><li>Coupon does not exist!</li></ul>`)
	case what == "add_to_cart" || v.request.Has("add-to-cart"):
		id := v.cookie("wp_woocommerce_session_" + v.siteHash())
		if id == "" {
			id = "t_" + random(30)
			v.setCookie("wp_woocommerce_session_" + v.siteHash() + "=" + id + "; path=/; HttpOnly")
		}
		s := v.shop.openSession(id)
		v.shop.with(func() { s.cart++ })
		v.setCookie("woocommerce_items_in_cart=1; path=/")
		if what == "" {
			v.redirect(http.StatusFound, v.origin()+"/cart/")
			return true
		}
		v.json(http.StatusOK, map[string]any{"fragments": map[string]string{}, "cart_hash": random(32)})
	case strings.HasPrefix(v.path, "/wp-json/wc/store/v1/cart"):
		v.json(http.StatusOK, map[string]any{"items": []any{}, "items_count": 0})
	default:
		return false
	}
	return true
}

func (v *visit) wooItems() string {
	n := 0
	if s := v.shop.knownSession(v.cookie("wp_woocommerce_session_" + v.siteHash())); s != nil {
		v.shop.with(func() { n = s.cart })
	}
	return fmt.Sprint(n)
}

func wooNotice(message string) string {
	if message == "" {
		return ""
	}
	return "<div class=\"woocommerce-notices-wrapper\"><ul class=\"woocommerce-error\" role=\"alert\">\n\t<li>\n\t\t\t" + message + "\t\t</li>\n</ul>\n</div>\n"
}

func wooLoginForm(action, name string) string {
	return `<form class="woocommerce-form woocommerce-form-login login" method="post" action="` + esc(action) + `">
` + field("Username or email address", "username", "username", "text", "username", name) +
		field("Password", "password", "password", "password", "current-password", "") +
		`<p><label><input name="rememberme" type="checkbox" id="rememberme" value="forever"> <span>Remember me</span></label>
` + hidden("woocommerce-login-nonce", wooLoginNonce) + hidden("_wp_http_referer", "/my-account/") +
		`<button type="submit" class="woocommerce-button button woocommerce-form-login__submit" name="login" value="Log in">Log in</button></p>
<p class="woocommerce-LostPassword lost_password"><a href="/my-account/lost-password/">Lost your password?</a></p>
</form>
`
}

// wooAccount is /my-account/: the account, or login and registration.
func wooAccount(v *visit, message string) {
	if _, ok := v.wpUser(); ok {
		v.html(http.StatusOK, "My account", v.signedInLine())
		return
	}
	name := ""
	if message != "" {
		name, _ = v.post.Text("username")
	}
	v.html(http.StatusOK, "My account", wooNotice(message)+"<h2>Login</h2>\n"+wooLoginForm(v.origin()+"/my-account/", name)+
		`<h2>Register</h2>
<form method="post" class="woocommerce-form woocommerce-form-register register" action="/my-account/">
`+field("Email address", "reg_email", "email", "email", "email", "")+
		field("Password", "reg_password", "password", "password", "new-password", "")+
		hidden("woocommerce-register-nonce", wooRegisterNonce)+
		`<button type="submit" name="register" value="Register">Register</button></form>`)
}

func wooLostPassword(v *visit) {
	if v.r.Method == http.MethodPost && v.post.Has("wc_reset_password") {
		v.redirect(http.StatusFound, v.origin()+"/my-account/lost-password/?reset-link-sent=true")
		return
	}
	v.html(http.StatusOK, "Lost password", `<form method="post" action="/my-account/lost-password/">`+
		field("Username or email", "user_login", "user_login", "text", "username", "")+
		hidden("wc_reset_password", "true")+`<button>Reset password</button></form>`)
}
