package shoptest

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// WordPress is WordPress without a shop plugin: wp-login.php, xmlrpc.php,
// wp-admin, REST, comments. Shapes captured from WordPress 6.1 and 7.1.
func WordPress() *Shop {
	return newShop("wordpress", func(v *visit) { serveWordPress(v, nil) })
}

const testCookie = "wordpress_test_cookie=WP%20Cookie%20check; path=/"

// serveWordPress answers as WordPress; loaded is what a plugin does on
// wp_loaded, before any route, and says whether it has answered.
func serveWordPress(v *visit, loaded func(*visit) bool) {
	script := v.script()
	if script == "/wp-cron.php" { // ends before wp_loaded where nothing is due
		v.write(http.StatusOK, "text/html; charset=UTF-8", "")
		return
	}
	if loaded != nil && loaded(v) {
		return
	}
	switch {
	case script == "/wp-login.php":
		wpLogin(v)
	case script == "/xmlrpc.php":
		wpXMLRPC(v)
	case script == "/wp-comments-post.php":
		wpComment(v)
	case script == "/wp-admin/admin-ajax.php":
		v.write(http.StatusBadRequest, "text/html; charset=UTF-8", "0")
	case strings.HasPrefix(v.path, "/wp-admin"):
		wpAdmin(v)
	case strings.HasPrefix(v.path, "/wp-json"):
		v.write(http.StatusOK, "application/json; charset=UTF-8", `{"name":"Shop Example","namespaces":["wp\/v2"]}`)
	case v.path == "/" || script != "/index.php":
		v.html(http.StatusOK, "Shop Example", v.signedInLine()+`<p><a href="/wp-login.php">Log in</a></p>`)
	default:
		v.html(http.StatusNotFound, "Page not found", "")
	}
}

// siteHash is the COOKIEHASH, made from the site's URL.
func (v *visit) siteHash() string {
	sum := md5.Sum([]byte(v.origin()))
	return hex.EncodeToString(sum[:])
}

// wpUser is who the login cookie says is there.
func (v *visit) wpUser() (Account, bool) {
	value, err := url.QueryUnescape(v.cookie("wordpress_logged_in_" + v.siteHash()))
	if err != nil || value == "" {
		return Account{}, false
	}
	parts := strings.Split(value, "|")
	if len(parts) != 4 {
		return Account{}, false
	}
	s := v.shop.knownSession(parts[2])
	if s == nil || s.customer == "" {
		return Account{}, false
	}
	return v.shop.account(s.customer, false, true)
}

func (v *visit) signedInLine() string {
	a, ok := v.wpUser()
	if !ok {
		return ""
	}
	return fmt.Sprintf(`<p>Hello <strong>%s</strong> (<a href="/wp-login.php?action=logout">Log out</a>)</p>`, esc(a.Name))
}

// wpSignIn sets the cookies of wp_set_auth_cookie: one name twice, with two
// paths, and the login cookie.
func (v *visit) wpSignIn(a Account) {
	token := random(43)
	s := v.shop.openSession(token)
	v.shop.with(func() { s.customer = a.Email })
	value := func(mac string) string {
		return url.QueryEscape(a.Name) + "%7C4102444800%7C" + token + "%7C" + mac
	}
	auth, in := value(random(64)), value(random(64))
	hash := v.siteHash()
	v.setCookie("wordpress_" + hash + "=" + auth + "; path=/wp-content/plugins; HttpOnly")
	v.setCookie("wordpress_" + hash + "=" + auth + "; path=/wp-admin; HttpOnly")
	v.setCookie("wordpress_logged_in_" + hash + "=" + in + "; path=/; HttpOnly")
}

var wpNotInNames = []*regexp.Regexp{
	regexp.MustCompile(`(?is)<script[^>]*>.*?</script>`), regexp.MustCompile(`(?is)<style[^>]*>.*?</style>`),
	regexp.MustCompile(`<[^\s"'>](?:[^"'>]|"[^"]*"|'[^']*')*(?:>|$)`), regexp.MustCompile(`£`),
	regexp.MustCompile(`%[0-9a-fA-F]{2}`), regexp.MustCompile(`&.+?;`),
}

// wpUserName is what sanitize_user leaves of a name, as far as a German
// WordPress was tried: tags, octets and entities go, letters lose their accents,
// or become two.
func wpUserName(name string) string {
	for _, not := range wpNotInNames {
		name = not.ReplaceAllString(name, "")
	}
	return strings.NewReplacer("é", "e", "ı", "i", "ö", "oe", "þ", "th").Replace(name)
}

// wpAuthenticate checks a name or e-mail and a password and returns
// WordPress' own words when they are wrong.
func (v *visit) wpAuthenticate(door, name, password string) (Account, string) {
	name = strings.TrimSpace(wpUserName(name))
	if name == "" {
		return Account{}, "<strong>Error:</strong> The username field is empty."
	}
	if password == "" {
		return Account{}, "<strong>Error:</strong> The password field is empty."
	}
	a, known := v.shop.account(name, true, true)
	if known && a.Password == password {
		v.login(door, name, password, Right)
		return a, ""
	}
	v.login(door, name, password, Wrong)
	mail := strings.Contains(name, "@")
	switch {
	case !known && mail:
		return Account{}, "Unknown email address. Check again or try your username."
	case !known:
		return Account{}, "<strong>Error:</strong> The username <strong>" + esc(name) + "</strong> is not registered on this site. If you are unsure of your username, try your email address instead."
	case mail:
		return Account{}, "<strong>Error:</strong> The password you entered for the email address <strong>" + esc(name) + "</strong> is incorrect. <a href=\"" + v.origin() + "/wp-login.php?action=lostpassword\">Lost your password?</a>"
	default:
		return Account{}, "<strong>Error:</strong> The password you entered for the username <strong>" + esc(name) + "</strong> is incorrect. <a href=\"" + v.origin() + "/wp-login.php?action=lostpassword\">Lost your password?</a>"
	}
}

// wpLogin is wp-login.php. An action that it does not know is a login.
func wpLogin(v *visit) {
	h := v.w.Header()
	h.Set("Expires", "Wed, 11 Jan 1984 05:00:00 GMT")
	h.Set("Cache-Control", "no-cache, must-revalidate, max-age=0")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	v.setCookie(testCookie)
	action, _ := v.request.Text("action")
	if v.request.Has("key") {
		action = "resetpass"
	}
	switch action {
	case "register":
		wpRegister(v)
		return
	case "lostpassword", "retrievepassword":
		if v.r.Method == http.MethodPost {
			v.redirect(http.StatusFound, v.origin()+"/wp-login.php?checkemail=confirm")
			return
		}
		v.html(http.StatusOK, "Lost Password", `<form method="post" action="/wp-login.php?action=lostpassword">`+
			field("Username or Email Address", "user_login", "user_login", "text", "username", "")+`<button>Get New Password</button></form>`)
		return
	case "logout":
		v.setCookie("wordpress_logged_in_" + v.siteHash() + "=%20; expires=Sat, 01 Jan 2000 00:00:00 GMT; Max-Age=0; path=/")
		v.redirect(http.StatusFound, v.origin()+"/wp-login.php?loggedout=true")
		return
	case "rp", "resetpass", "postpass", "checkemail", "confirmaction":
		v.redirect(http.StatusFound, v.origin()+"/wp-login.php?action=lostpassword&error=invalidkey")
		return
	}
	name, _ := v.post.Text("log")
	password, _ := v.post.Text("pwd")
	var message string
	if name != "" || password != "" {
		var a Account
		a, message = v.wpAuthenticate("wp-login", name, password)
		if message == "" {
			// The cookies go out even where the next step then complains
			// that the browser keeps none.
			v.wpSignIn(a)
			if !v.post.Has("testcookie") || v.cookie("wordpress_test_cookie") != "" {
				h.Set("X-Redirect-By", "WordPress")
				v.redirect(http.StatusFound, v.wpAfterLogin(a))
				return
			}
			message = `<strong>Error:</strong> Cookies are blocked or not supported by your browser. You must <a href="https://wordpress.org/support/article/cookies/#enable-cookies-in-your-browser">enable cookies</a> to use WordPress.`
			name = ""
		}
	}
	wpLoginForm(v, name, message)
}

// wpAfterLogin is where wp_safe_redirect goes: the asked address if it is
// this site's.
func (v *visit) wpAfterLogin(a Account) string {
	if to, _ := v.request.Text("redirect_to"); to != "" && to != v.origin()+"/wp-admin/" {
		if u, err := url.Parse(to); err == nil && (u.Host == "" && strings.HasPrefix(to, "/") || u.Host == v.r.Host) {
			return to
		}
	}
	if a.Admin {
		return v.origin() + "/wp-admin/"
	}
	return v.origin() + "/wp-admin/profile.php"
}

func wpLoginForm(v *visit, name, message string) {
	var alert string
	if message != "" {
		alert = "\t<div id=\"login_error\">\t" + message + "<br />\n</div>\n"
	}
	v.html(http.StatusOK, "Log In ‹ Shop Example — WordPress", alert+`
<form name="loginform" id="loginform" action="`+v.origin()+`/wp-login.php" method="post">
`+field("Username or Email Address", "user_login", "log", "text", "username", name)+
		field("Password", "user_pass", "pwd", "password", "current-password", "")+
		`<p class="forgetmenot"><input name="rememberme" type="checkbox" id="rememberme" value="forever"> <label for="rememberme">Remember Me</label></p>
<p class="submit"><input type="submit" name="wp-submit" id="wp-submit" value="Log In">
`+hidden("redirect_to", v.origin()+"/wp-admin/")+hidden("testcookie", "1")+`</p>
</form>
<p id="nav"><a href="/wp-login.php?action=register">Register</a> | <a href="/wp-login.php?action=lostpassword">Lost your password?</a></p>`)
}

func wpRegister(v *visit) {
	if v.r.Method == http.MethodPost {
		name, _ := v.post.Text("user_login")
		email, _ := v.post.Text("user_email")
		if name != "" && strings.Contains(email, "@") {
			v.shop.AddAccount(Account{Name: name, Email: email, Password: random(24)}) // WordPress mails a link
			v.redirect(http.StatusFound, v.origin()+"/wp-login.php?checkemail=registered")
			return
		}
	}
	v.html(http.StatusOK, "Registration Form", `<form method="post" action="/wp-login.php?action=register">`+
		field("Username", "user_login", "user_login", "text", "username", "")+
		field("Email", "user_email", "user_email", "email", "email", "")+`<button>Register</button></form>`)
}

func wpComment(v *visit) {
	if text, _ := v.post.Text("comment"); text == "" {
		v.html(http.StatusOK, "Comment Submission Failure", "<p>Please type your comment text.</p>")
		return
	}
	v.redirect(http.StatusFound, v.origin()+"/hello-world/#comment-2")
}

// wpAdmin is the administration: a post with any body, an upload.
func wpAdmin(v *visit) {
	a, ok := v.wpUser()
	if !ok {
		v.redirect(http.StatusFound, v.origin()+"/wp-login.php?redirect_to="+url.QueryEscape(v.origin()+v.r.RequestURI)+"&reauth=1")
		return
	}
	if v.r.Method != http.MethodPost {
		v.html(http.StatusOK, "Dashboard", "<p>Howdy, "+esc(a.Name)+"</p>")
		return
	}
	if f, uploaded := v.files["async-upload"]; uploaded && v.script() == "/wp-admin/async-upload.php" {
		v.json(http.StatusOK, map[string]any{"success": true, "data": map[string]any{
			"filename": f.Name, "filesizeInBytes": f.Size, "sha256": f.SHA256, "id": strconv.Itoa(f.Size)}})
		return
	}
	v.received("Edit Post")
}
