package shoptest

import (
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// client keeps cookies and follows no redirect.
func client(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func do(t *testing.T, c *http.Client, method, to, contentType, body string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, to, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", browser)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(b)
}

const formType = "application/x-www-form-urlencoded"

var (
	inputs = regexp.MustCompile(`<input type="([^"]*)" name="([^"]*)"[^>]*?value="([^"]*)"`)
	forms  = regexp.MustCompile(`(?s)<form[^>]*>.*?</form>`)
	action = regexp.MustCompile(`<form[^>]* action="([^"]*)"`)
)

// loginForm fetches a page and fills in the first form that has a password.
func loginForm(t *testing.T, c *http.Client, page, account, password string) (to string, values url.Values) {
	t.Helper()
	_, body := do(t, c, "GET", page, "", "")
	for _, form := range forms.FindAllString(body, -1) {
		if !strings.Contains(form, `type="password"`) {
			continue
		}
		values = url.Values{}
		for _, in := range inputs.FindAllStringSubmatch(form, -1) {
			switch in[1] {
			case "hidden":
				values.Set(in[2], in[3])
			case "password":
				values.Set(in[2], password)
			default:
				values.Set(in[2], account)
			}
		}
		if strings.Contains(form, `name="login" value="Log in"`) {
			values.Set("login", "Log in")
		}
		at := action.FindStringSubmatch(form)
		base, _ := url.Parse(page)
		u, err := base.Parse(strings.ReplaceAll(at[1], "&amp;", "&"))
		if err != nil {
			t.Fatal(err)
		}
		return u.String(), values
	}
	t.Fatalf("%s has no login form:\n%s", page, body)
	return "", nil
}

// shops is what each shop's login looks like from outside.
var shops = []struct {
	name     string
	make     func() *Shop
	form     string // path of the login form
	account  func(Account) string
	right    int
	location string // of the right answer, after the origin
	cookie   string // start of a cookie's name that only the right answer sets
	wrong    int
	mark     string // in the wrong answer
	inside   string // path that shows who is signed in
}{
	{"woocommerce", WooCommerce, "/my-account/", name, 302, "/my-account/", "wordpress_logged_in_", 200, `<ul class="woocommerce-error" role="alert">`, "/my-account/"},
	{"wordpress", WordPress, "/wp-login.php", name, 302, "/wp-admin/profile.php", "wordpress_logged_in_", 200, `<div id="login_error"`, "/wp-admin/"},
	{"opencart3", OpenCart3, "/index.php?route=account/login", email, 302, "/index.php?route=account/account", "", 200, `class="alert alert-danger`, "/index.php?route=common/home"},
	{"opencart4", OpenCart4, "/index.php?route=account/login", email, 200, "", "", 200, `"error":{"warning":"Warning: No match`, "/index.php?route=common/home"},
	{"zencart", ZenCart, "/index.php?main_page=login", email, 302, "/index.php?main_page=index", "zenid", 200, "messageStackError", "/index.php?main_page=account"},
	{"django", Django, "/admin/login/", name, 302, "", "sessionid", 200, `<p class="errornote">`, "/admin/"},
	{"generic", Generic, "/login", email, 303, "", "session", 200, `role="alert"`, "/account"},
}

func name(a Account) string  { return a.Name }
func email(a Account) string { return a.Email }

func TestEachShopTellsRightFromWrongInItsOwnShape(t *testing.T) {
	for _, shop := range shops {
		t.Run(shop.name, func(t *testing.T) {
			s := shop.make().Start(t)
			c := client(t)
			to, form := loginForm(t, c, s.URL+shop.form, shop.account(Alice()), "wrong "+Alice().Password)
			s.Reset()
			answer, body := do(t, c, "POST", to, formType, form.Encode())
			if answer.StatusCode != shop.wrong || !strings.Contains(body, shop.mark) {
				t.Errorf("wrong password: %s, mark %q in:\n%s", answer.Status, shop.mark, body)
			}
			for _, cookie := range answer.Cookies() {
				if shop.cookie != "" && strings.HasPrefix(cookie.Name, shop.cookie) {
					t.Errorf("wrong password sets %s", cookie.Name)
				}
			}
			to, form = loginForm(t, c, s.URL+shop.form, shop.account(Alice()), Alice().Password)
			answer, body = do(t, c, "POST", to, formType, form.Encode())
			if answer.StatusCode != shop.right {
				t.Fatalf("right password: %s\n%s", answer.Status, body)
			}
			if shop.location != "" && answer.Header.Get("Location") != s.URL+shop.location {
				t.Errorf("right password leads to %q", answer.Header.Get("Location"))
			}
			found := shop.cookie == ""
			for _, cookie := range answer.Cookies() {
				found = found || strings.HasPrefix(cookie.Name, shop.cookie)
			}
			if !found {
				t.Errorf("right password sets no %s: %q", shop.cookie, answer.Header["Set-Cookie"])
			}
			if _, body := do(t, c, "GET", s.URL+shop.inside, "", ""); !strings.Contains(body, "alice") {
				t.Errorf("not signed in at %s:\n%s", shop.inside, body)
			}
			got := s.Logins()
			for i := range got {
				got[i].Door = ""
			}
			want := []Login{
				{Account: shop.account(Alice()), Password: "wrong " + Alice().Password, Result: Wrong},
				{Account: shop.account(Alice()), Password: Alice().Password, Result: Right},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("logins as the shop read them:\n%s", diff)
			}
		})
	}
}

func TestARequestIsRecordedByteForByteAndRunsWhenCut(t *testing.T) {
	s := WordPress().Start(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	body := "log=alice&pwd=hunter"
	fmt.Fprintf(conn, "POST //wp-login.php?x=%%41 HTTP/1.1\r\nHost: shop.example\r\nx-odd: 1\r\nContent-Type: %s\r\nContent-Length: 500\r\n\r\n%s", formType, body)
	conn.(*net.TCPConn).CloseWrite()
	io.Copy(io.Discard, conn)
	conn.Close()
	got := s.Requests()
	if len(got) != 1 {
		t.Fatalf("%d requests", len(got))
	}
	r := got[0]
	if r.URI != "//wp-login.php?x=%41" || string(r.Body) != body || !r.Truncated || r.Header.Get("X-Odd") != "1" || r.Header.Get("Content-Length") != "500" || r.Host != "shop.example" {
		t.Errorf("recorded %+v", r)
	}
	if len(r.Logins) != 1 || r.Logins[0].Password != "hunter" {
		t.Errorf("php-fpm runs a script on a cut body; logins %v", r.Logins)
	}
}

func TestDownRefusesConnectionsAndUpServesTheSamePort(t *testing.T) {
	s := Generic().Start(t)
	before := s.URL
	s.Down()
	if _, err := client(t).Get(s.URL + "/"); err == nil {
		t.Fatal("still answers")
	}
	if err := s.Up(); err != nil {
		t.Fatal(err)
	}
	if answer, _ := do(t, client(t), "GET", s.URL+"/", "", ""); answer.StatusCode != 200 || s.URL != before {
		t.Errorf("%s at %s, before %s", answer.Status, s.URL, before)
	}
}

// A process that is being started has a copy of every listener until it is
// another program.
func TestAShopComesUpAgainWhileProcessesAreStarted(t *testing.T) {
	s := Generic().Start(t)
	end := make(chan struct{})
	var starting sync.WaitGroup
	for range 3 {
		starting.Go(func() {
			for {
				select {
				case <-end:
					return
				default:
				}
				if err := exec.Command(os.Args[0], "-test.run=^$").Run(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 300 {
		s.Down()
		if err := s.Up(); err != nil {
			t.Error(err)
			break
		}
	}
	close(end)
	starting.Wait()
}

func TestDelayHoldsTheAnswerBack(t *testing.T) {
	s := Generic().Start(t)
	s.SetDelay(150 * time.Millisecond)
	began := time.Now()
	do(t, client(t), "GET", s.URL+"/", "", "")
	if took := time.Since(began); took < 150*time.Millisecond {
		t.Errorf("took %s", took)
	}
}

func TestCartRegistrationAndAdministrationWorkAndAreNoLogins(t *testing.T) {
	for _, test := range []struct {
		make            func() *Shop
		cart, form, see string
	}{
		{WooCommerce, "/?add-to-cart=12", "", "/cart/"},
		{OpenCart3, "/index.php?route=checkout/cart/add", "product_id=40&quantity=1", "/index.php?route=checkout/cart"},
		{OpenCart4, "/index.php?route=checkout/cart.add", "product_id=40&quantity=1", "/index.php?route=checkout/cart"},
		{Generic, "/cart", "product=12", "/cart"},
	} {
		s := test.make()
		t.Run(s.Name, func(t *testing.T) {
			s.Start(t)
			c := client(t)
			do(t, c, "POST", s.URL+test.cart, formType, test.form)
			if _, body := do(t, c, "GET", s.URL+test.see, "", ""); !strings.Contains(body, `<span id="count">1</span>`) {
				t.Errorf("cart:\n%s", body)
			}
			if n := len(s.Logins()); n != 0 {
				t.Errorf("%d logins", n)
			}
		})
	}
}

func TestAnUploadIsAnsweredWithWhatCame(t *testing.T) {
	s := WordPress().Start(t)
	c := client(t)
	to, form := loginForm(t, c, s.URL+"/wp-login.php", "admin", Admin().Password)
	do(t, c, "POST", to, formType, form.Encode())
	var body strings.Builder
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("async-upload", "a.zip")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(part, strings.Repeat("\r\n--x\x00", 100000))
	w.Close()
	if _, got := do(t, c, "POST", s.URL+"/wp-admin/async-upload.php", w.FormDataContentType(), body.String()); !strings.Contains(got, `"filesizeInBytes":600000`) {
		t.Error(got)
	}
}
