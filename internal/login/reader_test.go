package login

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/config"
)

const urlencoded = "application/x-www-form-urlencoded"

func readerFor(t testing.TB, presets ...string) *Reader {
	t.Helper()
	var all []config.Endpoint
	for _, name := range presets {
		es, ok := config.Preset(name)
		if !ok {
			t.Fatalf("no preset %s", name)
		}
		all = append(all, es...)
	}
	rd, err := NewReader(all, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return rd
}

func post(target, contentType, body string) *http.Request {
	r := httptest.NewRequest("POST", "http://shop.example/", strings.NewReader(body))
	u, err := url.ParseRequestURI(target)
	if err != nil {
		panic(err)
	}
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery = u.Path, u.RawPath, u.RawQuery
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

func read(rd *Reader, r *http.Request) Reading { return rd.Read(httptest.NewRecorder(), r) }

// wantAttempt fails unless the request is an attempt at the account whose
// body goes on byte for byte, framed by its length.
func wantAttempt(t *testing.T, rd *Reader, r *http.Request, body, endpoint, account string) {
	t.Helper()
	got := read(rd, r)
	if got.Kind != Attempt {
		t.Fatalf("kind %v, %d %s; want an attempt", got.Kind, got.Status, got.Reason)
	}
	if got.Endpoint.Name() != endpoint || got.Account != account {
		t.Errorf("%s of %q; want %s of %q", got.Endpoint.Name(), got.Account, endpoint, account)
	}
	b, err := io.ReadAll(r.Body)
	if err != nil || string(b) != body || string(got.Body) != body {
		t.Errorf("body is not the same bytes (%v)", err)
	}
	if body != "" && (r.ContentLength != int64(len(body)) || r.Header.Get("Content-Length") != fmt.Sprint(len(body)) || r.TransferEncoding != nil || r.Trailer != nil) {
		t.Errorf("framing: %d %q %v", r.ContentLength, r.Header.Get("Content-Length"), r.TransferEncoding)
	}
}

func wantOther(t *testing.T, rd *Reader, r *http.Request, body string) {
	t.Helper()
	n := r.ContentLength
	got := read(rd, r)
	if got.Kind != Other {
		t.Fatalf("kind %v, %d %s; want other", got.Kind, got.Status, got.Reason)
	}
	b, err := io.ReadAll(r.Body)
	if err != nil || string(b) != body {
		t.Errorf("body is not the same bytes (%v)", err)
	}
	if r.ContentLength != n {
		t.Errorf("length changed from %d to %d", n, r.ContentLength)
	}
}

func wantRefused(t *testing.T, rd *Reader, r *http.Request, status int, reason string) {
	t.Helper()
	got := read(rd, r)
	if got.Kind != Refused || got.Status != status || reason != "" && got.Reason != reason {
		t.Errorf("kind %v, %d %s, account %q; want refused with %d %s", got.Kind, got.Status, got.Reason, got.Account, status, reason)
	}
}

func TestWooCommerceLogsInOnAnyPath(t *testing.T) {
	rd := readerFor(t, "woocommerce")
	const body = "username=alice&password=pw&woocommerce-login-nonce=1&login=Log+in"
	for _, path := range []string{
		"/", "/my-account/", "/my-account", "/shop/", "/no-such-page", "/?p=8", "/wp-admin/admin-ajax.php", "/wp-json/",
		"/wp-comments-post.php", "/xmlrpc.php", "//my-account/", "/MY-ACCOUNT/", "/checkout/", "/index.php/my-account/",
		"/%6dy-account/", "/x/../my-account/",
	} {
		t.Run(path, func(t *testing.T) {
			wantAttempt(t, rd, post(path, urlencoded, body), body, "woocommerce", "alice")
		})
	}
	for _, path := range []string{"/wp-login.php", "//wp-login.php", "/wp-login.php/x", "/wp%2Dlogin.php", "/x/../wp-login.php", "/"} {
		const body = "log=alice&pwd=pw&wp-submit=Log+In&testcookie=1"
		wantAttempt(t, rd, post(path, urlencoded, body), body, "wp-login", "alice")
	}
}

func TestOpenCartQuerySpellingsAreAttempts(t *testing.T) {
	rd := readerFor(t, "opencart4", "opencart3")
	const body = "email=alice%40shop.example&password=pw&redirect="
	for _, target := range []string{
		"/?route=account/login.login", "/anything?route=account/login.login", "/index.php/x?route=account/login.login",
		"/?r%6Fute=account/login.login", "/?+route=account/login.login", "/?route=%20account/login.login",
		"/?route=ac%00count/log%ffin.login", "/?route=account/login.login%00x", "/?route=account/login|login", "/?route=Account/Login.login",
		"/?route=common/home&route=account/login.login", "/index.php?route=account/login.login&language=en-gb&login_token=x",
		"/login", "/en-gb/login", "/login?route=common/home", "/?_route_=login&route=common/home",
		"/index.php?ROUTE=account/register", "/login/cash-register?route=x",
	} {
		t.Run(target, func(t *testing.T) {
			wantAttempt(t, rd, post(target, urlencoded, body), body, "opencart4", "alice@shop.example")
		})
	}
	three := readerFor(t, "opencart3")
	for _, route := range []string{"account/login", "account/log-in", "account/login/index", "checkout/login/save", "account//login"} {
		wantAttempt(t, three, post("/index.php?route="+route, urlencoded, body), body, "opencart3", "alice@shop.example")
	}
	for _, target := range []string{
		"/index.php?route=account/register", "/?route=checkout/register.save", "/admin/index.php?route=user/user.save",
	} {
		wantOther(t, rd, post(target, urlencoded, body), body)
	}
	const register = "firstname=A&email=alice%40shop.example&password=pw"
	wantOther(t, rd, post("/en-gb/register", urlencoded, register), register)
	wantOther(t, rd, post("/en-gb/register?_route_=en-gb/register", urlencoded, register), register)
	wantOther(t, rd, post("/register?_route_=Register/", urlencoded, register), register)
	for _, target := range []string{
		"/register/login", "/login?x=register", "/login/cash-register", "/login?route=account/register",
		// OpenCart's own rewriting puts the path into _route_, and the last counts.
		"/register?_route_=login", "/index.php/register?_route_=my-account-login", "/register?_route_=register&_route_=login", "/register?_route_[=login",
		"/register?%5froute.=login", "/login/register", "/register?_route_=en-gb/login/register",
	} {
		if got := read(rd, post(target, urlencoded, register)); got.Kind != Attempt {
			t.Errorf("%s with a registration's field: %v, want an attempt", target, got.Kind)
		}
	}
}

func TestZenCart(t *testing.T) {
	rd := readerFor(t, "zencart")
	const body = "email_address=a%40b.example&password=pw&securityToken=1"
	for _, target := range []string{"/index.php?main_page=login&action=process", "/x?main_page=login", "/?main_page=index&main.page=login", "/login"} {
		wantAttempt(t, rd, post(target, urlencoded, body), body, "zencart", "a@b.example")
	}
	wantOther(t, rd, post("/index.php?main_page=create_account", urlencoded, body), body)
	for _, name := range []string{"email.address", "email+address", "email%5Baddress", "+email_address", "email_address%00x", "email_address[]"} {
		for _, body := range []string{name + "=v&password=pw", "email_address=a&" + name + "=v&password=pw"} {
			wantRefused(t, rd, post("/index.php?main_page=login", urlencoded, body), 400, ReasonField)
		}
	}
}

// The table of bodies that seven servers were measured to read differently:
// each is one account or refused.
func TestBodiesThatServersReadDifferently(t *testing.T) {
	rd, err := NewReader([]config.Endpoint{{
		Name: "login", Paths: []string{"/account/login"},
		AccountFields: []string{"user"}, PasswordFields: []string{"pass"},
	}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	mp := func(user string) string {
		return "--b\r\n" + user + "--b\r\nContent-Disposition: form-data; name=\"pass\"\r\n\r\np\r\n--b--\r\n"
	}
	part := func(head string) string { return mp(head + "\r\n\r\na\r\n") }
	const mpType = "multipart/form-data; boundary=b"
	for _, c := range []struct {
		name, ct, body string
		account        string // of an attempt
		status         int
	}{
		{"plain", urlencoded, "user=a&pass=p", "a", 0},
		{"duplicate", urlencoded, "user=a&user=b&pass=p", "", 400},
		{"semicolon before a second account", urlencoded, "user=a;user=b&pass=p", "", 400},
		{"login behind semicolons", urlencoded, "x=1;user=a;pass=p", "", 400},
		{"login behind a semicolon in a name", urlencoded, "x;user=a;pass=p", "", 400},
		{"semicolon in an account", urlencoded, "user=a;x&pass=p", "", 400},
		{"semicolon in a password", urlencoded, "user=a&pass=p;q", "a", 0},
		{"array beside", urlencoded, "user=a&user[]=b&pass=p", "", 400},
		{"escaped array", urlencoded, "user=a&user%5B%5D=b&pass=p", "", 400},
		{"leading blank", urlencoded, "+user=b&pass=p", "", 400},
		{"NUL", urlencoded, "user%00=b&pass=p", "", 400},
		{"NUL and text", urlencoded, "user%00x=b&pass=p", "", 400},
		{"case", urlencoded, "USER=b&pass=p", "", 400},
		{"full width", urlencoded, "%EF%BD%95ser=b&user=a&pass=p", "", 400},
		{"brackets first", urlencoded, "[user]=b&pass=p", "", 400},
		{"password twice", urlencoded, "user=a&pass=p&pass=q", "", 400},
		{"broken escape", urlencoded, "user=a%zz&pass=p", "", 400},
		{"not UTF-8", urlencoded, "user=%ff&pass=p", "", 400},
		{"no type", "", "user=a&pass=p", "", 400},
		{"text", "text/plain", "user=a&pass=p", "", 400},
		{"text lines", "text/plain", "user=a\r\npass=p\r\n", "", 400},
		{"upper-case type", "APPLICATION/X-WWW-FORM-URLENCODED", "user=a&pass=p", "a", 0},
		{"charset utf-8", urlencoded + "; charset=UTF-8", "user=a&pass=p", "a", 0},
		{"charset utf-16", urlencoded + "; charset=utf-16", "user=a&pass=p", "", 415},
		{"charset ibm037", urlencoded + "; charset=ibm037", "\xa4\xa2", "", 415},
		{"charset latin1", urlencoded + "; charset=iso-8859-1", "user=a&pass=p", "", 415},
		{"two types in one", urlencoded + ", text/plain", "user=a&pass=p", "", 400},
		{"junk type", "x", "user=a&pass=p", "", 400},
		{"multipart", mpType, part(`Content-Disposition: form-data; name="user"`), "a", 0},
		{"multipart two boundaries", mpType + "; boundary=c", part(`Content-Disposition: form-data; name="user"`), "", 400},
		{"multipart single quotes", mpType, part(`Content-Disposition: form-data; name='user'`), "", 400},
		{"multipart two names", mpType, part(`Content-Disposition: form-data; name="zzz"; name="user"`), "", 400},
		{"multipart extended name", mpType, part(`Content-Disposition: form-data; name*=utf-8''user`), "", 400},
		{"multipart base64", mpType, part("Content-Disposition: form-data; name=\"user\"\r\nContent-Transfer-Encoding: base64"), "", 400},
		{"multipart LF", mpType, strings.ReplaceAll(part(`Content-Disposition: form-data; name="user"`), "\r\n", "\n"), "", 400},
		{"multipart open end", mpType, strings.TrimSuffix(part(`Content-Disposition: form-data; name="user"`), "--\r\n"), "", 400},
		{"multipart file", mpType, part(`Content-Disposition: form-data; name="user"; filename="x"`), "", 400},
		{"multipart part charset", mpType, part("Content-Disposition: form-data; name=\"user\"\r\nContent-Type: text/plain; charset=utf-16"), "", 400},
		{"multipart twice", mpType, "--b\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\nx\r\n" + part(`Content-Disposition: form-data; name="user"`), "", 400},
		{"multipart preamble", mpType, "x\r\n" + part(`Content-Disposition: form-data; name="user"`), "", 400},
		{"multipart epilogue", mpType, part(`Content-Disposition: form-data; name="user"`) + "x", "", 400},
		{"multipart mixed", "multipart/mixed; boundary=b", part(`Content-Disposition: form-data; name="user"`), "", 400},
	} {
		for _, path := range []string{"/account/login", "/elsewhere"} {
			t.Run(c.name+path, func(t *testing.T) {
				r := post(path, c.ct, c.body)
				if c.status == 0 {
					wantAttempt(t, rd, r, c.body, "login", c.account)
				} else {
					wantRefused(t, rd, r, c.status, "")
				}
			})
		}
	}
	t.Run("two types", func(t *testing.T) {
		r := post("/", urlencoded, "user=a&pass=p")
		r.Header.Add("Content-Type", "text/plain")
		wantRefused(t, rd, r, 400, "")
	})
	t.Run("upgrade", func(t *testing.T) {
		r := post("/", urlencoded, "user=a&pass=p")
		r.Header.Set("Upgrade", "h2c")
		wantRefused(t, rd, r, 400, ReasonUpgrade)
	})
	t.Run("early data", func(t *testing.T) {
		r := post("/", urlencoded, "a=b")
		r.TLS = &tls.ConnectionState{}
		wantRefused(t, rd, r, 425, ReasonEarly)
	})
	t.Run("identity", func(t *testing.T) {
		r := post("/", urlencoded, "user=a&pass=p")
		r.Header.Set("Content-Encoding", "identity")
		wantRefused(t, rd, r, 415, ReasonEncoding)
	})
	t.Run("query and body", func(t *testing.T) {
		wantAttempt(t, rd, post("/?user=a", urlencoded, "user=a&pass=p"), "user=a&pass=p", "login", "a")
		wantAttempt(t, rd, post("/?user=a", urlencoded, "pass=p"), "pass=p", "login", "a")
		wantRefused(t, rd, post("/?user=b", urlencoded, "user=a&pass=p"), 400, ReasonField)
		wantRefused(t, rd, post("/?User=a", urlencoded, "user=a&pass=p"), 400, ReasonField)
		wantAttempt(t, rd, post("/?user=a&pass=p", "application/json", "{}"), "{}", "login", "a")
		wantRefused(t, rd, post("/?user=a&pass=p", "image/png", "x"), 415, ReasonType)
		wantRefused(t, rd, post("/?pass=p", "application/json", `{"user":1}`), 400, ReasonField)
		r := httptest.NewRequest("GET", "/?user=a&pass=p", nil)
		if got := read(rd, r); got.Kind != Attempt || got.Account != "a" {
			t.Errorf("GET: %+v", got)
		}
	})
}

func TestCompressedBodies(t *testing.T) {
	rd := readerFor(t, "opencart3")
	enc := func(path string) *http.Request {
		r := post(path, urlencoded, "\x1f\x8b junk")
		r.Header.Set("Content-Encoding", "gzip")
		return r
	}
	wantOther(t, rd, enc("/api/import"), "\x1f\x8b junk")
	wantRefused(t, rd, enc("/en/login"), 415, ReasonEncoding)
	wantRefused(t, rd, enc("/?route=account/login"), 415, ReasonEncoding)
}

func TestOddButValidLoginsArriveIdentical(t *testing.T) {
	passwords := []string{
		"", " ", "+", "a+b", "&=%", "päßwörd", "пароль", "كلمة", "密码", "🔐🔑", "a\tb", "\u200b", `"';--`, "%41", "<script>",
		strings.Repeat("x", 4096), strings.Repeat("é", 2000), "password", "login[password]=x", "a\r\nb", "--b", "\x00",
	}
	accounts := []string{
		"alice", "alice@shop.example", "a+tag@shop.example", "", "ALICE@SHOP.example ", "o'hara@x.de", "جميل@x.eg", "名前", "a b", "a&b@x.de",
	}
	type shop struct{ preset, target, account, password, rest, endpoint string }
	for _, s := range []shop{
		{"woocommerce", "/my-account/", "username", "password", "&rememberme=forever&woocommerce-login-nonce=ab&_wp_http_referer=%2Fmy-account%2F&login=Log+in", "woocommerce"},
		{"woocommerce", "/wp-login.php?redirect_to=%2F&log=x", "log", "pwd", "&wp-submit=Log+In&testcookie=1", "wp-login"},
		{"opencart3", "/index.php?route=account/login&email=other", "email", "password", "&redirect=", "opencart3"},
		{"opencart4", "/index.php?route=account/login.login&login_token=1", "email", "password", "", "opencart4"},
		{"zencart", "/index.php?main_page=login&action=process", "email_address", "password", "&x=1&y=2", "zencart"},
		{"django", "/accounts/login/?next=/a", "username", "password", "&csrfmiddlewaretoken=x&next=", "django"},
		{"django", "/en-gb/accounts/login/", "login-username", "login-password", "&login-redirect_url=&login_submit=Log+In", "oscar"},
		{"generic", "/login", "email", "password", "&login=Sign+in&remember=1&_token=x", "generic"},
		{"generic", "/login", "UserName", "Password", "&Login=Sign+in&__VIEWSTATE=x", "generic"},
		{"generic", "/users/sign_in", "user[email]", "user[password]", "&user%5Bremember_me%5D=0&user%5Bremember_me%5D=1&authenticity_token=x&commit=Log+in", "generic"},
		{"generic", "/customer/account/loginPost/", "login[username]", "login[password]", "&form_key=x&send=", "generic"},
		{"generic", "/web/login", "login", "password", "&csrf_token=x&redirect=", "generic"},
		{"generic", "/en/login-check", "_username", "_password", "&_csrf_shop_security_token=x", "generic"},
		{"generic", "/x/login?back=my-account", "email", "password", "&submitLogin=1&back=my-account", "generic"},
	} {
		rd := readerFor(t, s.preset)
		for i, pw := range passwords {
			for j, acc := range accounts {
				body := url.QueryEscape(s.account) + "=" + url.QueryEscape(acc) + "&" + url.QueryEscape(s.password) + "=" + url.QueryEscape(pw) + s.rest
				t.Run(fmt.Sprintf("%s/%s/%d/%d", s.endpoint, s.account, i, j), func(t *testing.T) {
					wantAttempt(t, rd, post(s.target, urlencoded, body), body, s.endpoint, acc)
				})
			}
			// The same from a browser's multipart form.
			var b bytes.Buffer
			w := multipart.NewWriter(&b)
			for _, f := range [][2]string{{s.account, "alice"}, {s.password, pw}} {
				if err := w.WriteField(f[0], f[1]); err != nil {
					t.Fatal(err)
				}
			}
			rest, _ := url.ParseQuery(s.rest)
			for k, vs := range rest {
				_ = w.WriteField(k, vs[0])
			}
			w.Close()
			wantAttempt(t, rd, post(s.target, w.FormDataContentType(), b.String()), b.String(), s.endpoint, "alice")
		}
	}
	rd := readerFor(t, "generic")
	wantAttempt(t, rd, post("/login?email=a%40b.c", urlencoded, "email=a%40b.c&password=p"), "email=a%40b.c&password=p", "generic", "a@b.c")
}

func TestOtherRequestsGoOnUntouched(t *testing.T) {
	all := readerFor(t, "woocommerce", "opencart3", "zencart", "django")
	generic := readerFor(t, "generic")
	for _, c := range []struct{ target, ct, body string }{
		{"/cart/", urlencoded, "quantity[abc]=2&update_cart=1"},
		{"/checkout/", urlencoded, "billing_email=a%40b.c&billing_first_name=A&payment_method=cod"},
		{"/?wc-ajax=checkout", urlencoded, "billing_email=a%40b.c&account_password=secret&createaccount=1"},
		{"/my-account/", urlencoded, "email=a%40b.c&password=p&woocommerce-register-nonce=1&register=Register"},
		{"/wp-admin/post.php", urlencoded, "post_title=x&content=" + strings.Repeat("a%20", 5000)},
		{"/wp-admin/options.php", urlencoded, "option_page=mail&smtp[password]=x&smtp[username]=y"},
		{"/index.php?route=account/address", urlencoded, "firstname=A&email=a"},
		{"/graphql", "application/graphql", "{ shop }"},
		{"/api", "application/json", `{"a":1}`},
		{"/beacon", "text/plain;charset=UTF-8", `{"event":"view","name":"x"}`},
		{"/upload", "image/png", "\x89PNG"},
		{"/upload", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"password.txt\"\r\nContent-Type: text/plain\r\n\r\nemail password\r\n--b--\r\n"},
		{"/upload", "multipart/form-data; boundary=b", "--b\nContent-Disposition: form-data; name=\"f\"\n\nx\n--b--\n"},
		{"/", urlencoded, ""},
		{"/", urlencoded, "&&&"},
		{"/x", "", "hello"},
		{"/wp-json/wc/v3/products", "application/json", `{"name":"x"}`},
		{"/web_login_guard", urlencoded, "a=1&login_guard_x=2"},
	} {
		// The generic endpoint takes a mail server's account in an admin's
		// form for a login; a preset does not.
		if !strings.Contains(c.target, "my-account") && !strings.Contains(c.body, "smtp") {
			wantOther(t, generic, post(c.target, c.ct, c.body), c.body)
		}
		if c.target != "/my-account/" {
			wantOther(t, all, post(c.target, c.ct, c.body), c.body)
		}
	}
	wantOther(t, readerFor(t, "woocommerce"), post("/my-account/", urlencoded, "email=a&password=p&register=Register"), "email=a&password=p&register=Register")
	const register = "email=a%40b.c&password=p&password_confirmation=p"
	wantOther(t, generic, post("/customer/register", urlencoded, register), register)
	for _, c := range []struct{ target, body string }{
		{"/login", register}, {"/register/login", register}, {"/", register}, {"/register", "email=a%40b.c&password=p"},
		{"/register", register + "&login=1"}, {"/wp-login.php/register", register},
	} {
		if got := read(generic, post(c.target, urlencoded, c.body)); got.Kind != Attempt {
			t.Errorf("%s %s: %v, want an attempt", c.target, c.body, got.Kind)
		}
	}
}

func TestTwoLoginsInOneAreRefused(t *testing.T) {
	rd := readerFor(t, "woocommerce", "generic")
	wantRefused(t, rd, post("/wp-login.php", urlencoded, "username=me&password=x&login=1&log=victim&pwd=guess"), 400, ReasonTwoLogins)
	wantRefused(t, readerFor(t, "django"), post("/login/", urlencoded, "username=me&password=x&login-username=victim&login-password=guess"), 400, ReasonTwoLogins)
	g := readerFor(t, "generic")
	wantRefused(t, g, post("/login", urlencoded, "email=a@b.c&username=victim&password=x"), 400, ReasonTwoAccounts)
	wantRefused(t, g, post("/web/login", urlencoded, "email=a@b.c&login=victim@b.c&password=x"), 400, ReasonTwoAccounts)
	wantRefused(t, g, post("/login", urlencoded, "email=a@b.c&password=x&pwd=y"), 400, ReasonTwoPasswords)
	const body = "username=alice&password=pw&login=Log+in"
	wantAttempt(t, rd, post("/", urlencoded, body), body, "woocommerce", "alice")
}

func TestAnswersToOurChecks(t *testing.T) {
	rd := readerFor(t, "generic")
	r := post("/login?email=a&password=b", urlencoded, "login_guard_held=x&login_guard_answer=12+34")
	got := read(rd, r)
	if got.Kind != Answer || got.Fields["login_guard_answer"] != "12 34" || len(got.Fields) != 2 {
		t.Fatalf("%+v", got)
	}
	wantRefused(t, rd, post("/", urlencoded, "login_guard_a=1&login_guard_a=2"), 400, ReasonDuplicate)
	wantOther(t, rd, post("/", urlencoded, "login_guard_a=1&x=2"), "login_guard_a=1&x=2")
}

func TestXMLRPC(t *testing.T) {
	rd := readerFor(t, "woocommerce")
	call := func(method string, params ...string) string {
		s := `<?xml version="1.0"?><methodCall><methodName>` + method + `</methodName><params>`
		for _, p := range params {
			s += `<param><value>` + p + `</value></param>`
		}
		return s + `</params></methodCall>`
	}
	str := func(s string) string { return "<string>" + s + "</string>" }
	for _, c := range []struct {
		name, body, account, reason string
		kind                        Kind
	}{
		{"blogs", call("wp.getUsersBlogs", str("alice"), str("pw")), "alice", "", Attempt},
		{"untyped", call("wp.getUsersBlogs", "alice", "pw"), "alice", "", Attempt},
		{"escaped", call("wp.getUsersBlogs", "a&#108;ice", "pw"), "alice", "", Attempt},
		{"post", call("wp.newPost", "<int>1</int>", str("alice"), str("pw"), "<struct><member><name>a</name><value>b</value></member></struct>"), "alice", "", Attempt},
		{"weblog", call("metaWeblog.getRecentPosts", "1", str("alice"), "pw", "<int>3</int>"), "alice", "", Attempt},
		{"blogger", call("blogger.getUsersBlogs", "key", str("alice"), "pw"), "alice", "", Attempt},
		{"blogger post", call("blogger.deletePost", "key", "7", str("alice"), "pw"), "alice", "", Attempt},
		{"none", call("demo.sayHello"), "", "", Other},
		{"pingback", call("pingback.ping", "http://a", "http://b"), "", "", Other},
		{"list", "<methodCall><methodName>system.listMethods</methodName></methodCall>", "", "", Other},
		{"unknown", call("plugin.login", "alice", "pw"), "", ReasonMethod, Refused},
		{"many", call("system.multicall", "<array/>"), "", ReasonXML, Refused},
		{"base64", call("wp.getUsersBlogs", "<base64>YWxpY2U=</base64>", "pw"), "", ReasonXML, Refused},
		{"doctype", "<!DOCTYPE x>" + call("wp.getUsersBlogs", "a", "b"), "", ReasonXML, Refused},
		{"trailing", call("demo.sayHello") + call("wp.getUsersBlogs", "a", "b"), "", ReasonXML, Refused},
		{"broken", "<methodCall>", "", ReasonXML, Refused},
	} {
		for _, path := range []string{"/xmlrpc.php", "/blog/xmlrpc.php", "//XMLRPC.php", "/xmlrpc.php/x"} {
			for _, ct := range []string{"text/xml", "application/json", "", "image/png", urlencoded} {
				r := post(path, ct, c.body)
				got := read(rd, r)
				if got.Kind != c.kind || got.Account != c.account || got.Reason != c.reason {
					t.Errorf("%s %s %s: %+v", c.name, path, ct, got)
				}
				if got.Kind != Refused {
					if b, _ := io.ReadAll(r.Body); string(b) != c.body {
						t.Errorf("%s: bytes changed", c.name)
					}
				}
			}
		}
	}
	wantOther(t, rd, post("/feed.xml", "text/xml", call("wp.getUsersBlogs", "a", "b")), call("wp.getUsersBlogs", "a", "b"))
}

func TestRequestsThatCannotBeLoginsCostNoAllocation(t *testing.T) {
	rd := readerFor(t, "woocommerce", "opencart3", "generic")
	w := httptest.NewRecorder()
	for _, target := range []string{"/", "/shop?page=2&sort=price", "/search?q=red+shoes%20x"} {
		r := httptest.NewRequest("GET", target, nil)
		r.Body = http.NoBody
		if n := testing.AllocsPerRun(100, func() { rd.Read(w, r) }); n != 0 {
			t.Errorf("%s: %v allocations", target, n)
		}
	}
}

func TestGRPCIsOther(t *testing.T) {
	rd := readerFor(t, "generic")
	r := post("/", "application/grpc+proto", "email=a&password=b")
	wantOther(t, rd, r, "email=a&password=b")
}
