//go:build shops

package shops

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// requests are what shoppers and their browsers send beside logins.
var requests = []struct{ name, method, uri, contentType, body string }{
	{"start page", "GET", "/", "", ""},
	{"page by query", "GET", "/?p=1", "", ""},
	{"page that is not there", "GET", "/no-such-page/?x=%zz;y", "", ""},
	{"head of a page", "HEAD", "/", "", ""},
	{"script", "GET", "/wp-includes/js/jquery/jquery.min.js", "", ""},
	{"login form", "GET", "/wp-login.php", "", ""},
	{"login form with an account in the query", "GET", "/wp-login.php?log=alice&redirect_to=%2F", "", ""},
	{"form of a lost password", "GET", "/wp-login.php?action=lostpassword", "", ""},
	{"lost password", "POST", "/wp-login.php?action=lostpassword", formType, "user_login=alice&redirect_to=&wp-submit=Get+New+Password"},
	{"registration", "POST", "/wp-login.php?action=register", formType, "user_login=UNIQUE&user_email=UNIQUE%40shop.example&wp-submit=Register"},
	{"password of a protected page", "POST", "/wp-login.php?action=postpass", formType, "post_password=secret&Submit=Enter"},
	{"comment", "POST", "/wp-comments-post.php", formType, "author=UNIQUE&email=UNIQUE%40shop.example&url=&comment=I+like+UNIQUE&comment_post_ID=1&comment_parent=0"},
	{"cart", "POST", "/?add-to-cart=12", formType, "quantity=1&add-to-cart=12"},
	{"cart by script", "POST", "/?wc-ajax=add_to_cart", formType, "product_id=12&quantity=1"},
	{"check-out", "POST", "/?wc-ajax=checkout", formType, "billing_first_name=Al&billing_email=al%40shop.example&payment_method=cod&terms=on&createaccount=1&account_username=UNIQUE"},
	{"address", "POST", "/my-account/edit-address/billing/", formType, "billing_first_name=Al&billing_email=al%40shop.example&action=edit_address"},
	{"admin-ajax", "POST", "/wp-admin/admin-ajax.php", formType + "; charset=UTF-8", "action=heartbeat&interval=60&screen_id=front"},
	{"admin-ajax with odd fields", "POST", "/wp-admin/admin-ajax.php", formType, "a[b][]=1&a[b][]=2&a%5Bc=3&+x=%zz&&=1&d;e=4"},
	{"multipart without a login", "POST", "/contact/", "multipart/form-data; boundary=XX", "--XX\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nMy password does not work\r\n--XX--\r\n"},
	{"REST", "GET", "/wp-json/wp/v2/posts?per_page=1", "", ""},
	{"REST by query", "GET", "/?rest_route=/wp/v2/types", "", ""},
	{"REST that is refused", "POST", "/wp-json/wp/v2/posts", "application/json", `{"title":"x","password":"a reader's"}`},
	{"XML-RPC without a login", "POST", "/xmlrpc.php", "text/xml", call("demo.sayHello")},
	{"XML-RPC pingback", "POST", "/xmlrpc.php", "text/xml", call("pingback.ping", "http://a.example/", "http://b.example/")},
	{"XML-RPC list", "POST", "/xmlrpc.php", "text/xml", call("system.listMethods")},
	{"PUT", "PUT", "/wp-json/wp/v2/posts/1", "application/json", `{"title":"x"}`},
	{"DELETE", "DELETE", "/wp-json/wp/v2/posts/1", "", ""},
	{"OPTIONS", "OPTIONS", "/wp-json/wp/v2/posts", "", ""},
	{"body without a type", "POST", "/", "", "a=1"},
	{"body of zero bytes", "POST", "/?wc-ajax=get_refreshed_fragments", formType, ""},
	{"large form without a login", "POST", "/contact/", formType, "message=" + strings.Repeat("long+", 60000)},
	{"beacon", "POST", "/?beacon", "text/plain;charset=UTF-8", `{"t":1}`},
	{"binary", "POST", "/?binary", "application/octet-stream", "\x00\x01\x02&pwd=\xff"},
}

// Everything that is no login reaches WordPress with the same fields and the
// same bytes as without the guard, and gets the same answer.
func TestWhatIsNoLoginIsUntouched(t *testing.T) {
	both(t, func(t *testing.T, site string) {
		for _, request := range requests {
			t.Run(request.name, func(t *testing.T) {
				send := func(site string) (*visitor, answer, string) {
					v := visit(t, site)
					fill := strings.NewReplacer("UNIQUE", v.id)
					var body io.Reader
					text := fill.Replace(request.body)
					if request.method != "GET" && request.method != "HEAD" {
						body = strings.NewReader(text)
					}
					return v, v.send(request.method, request.uri, request.contentType, body, "Cookie", "theme=dark; theme=light"), text
				}
				plain, want, _ := send(bare[site])
				v, got, text := send(site)
				if got.StatusCode != want.StatusCode || got.Header.Get("Login-Guard") != "" {
					t.Errorf("answered %s, without the guard %s; Login-Guard %q", got.Status, want.Status, got.Header.Get("Login-Guard"))
				}
				for _, a := range []answer{got, want} {
					for _, moving := range []string{"Date", "Content-Length", "Link", "Location", "Set-Cookie", "X-Pingback", "Etag", "Last-Modified"} {
						a.Header.Del(moving)
					}
				}
				if diff := cmp.Diff(want.Header, got.Header); diff != "" {
					t.Errorf("the answer's header without (-) and with (+) the guard:\n%s", diff)
				}
				sum := sha256.Sum256([]byte(text))
				before, after := plain.seen("request"), v.seen("request")
				if len(before) != len(after) {
					t.Fatalf("PHP ran %d times, without the guard %d", len(after), len(before))
				}
				for i := range after {
					if text != "" && after[i].SHA256 != "" && after[i].SHA256 != hex.EncodeToString(sum[:]) {
						t.Errorf("PHP got %d bytes, sent were %d", after[i].Bytes, len(text))
					}
					if after[i].URI != before[i].URI || !slices.Equal(after[i].Post, before[i].Post) || !slices.Equal(after[i].Get, before[i].Get) {
						t.Errorf("PHP read\n%+v, without the guard\n%+v", after[i], before[i])
					}
					for _, moving := range []string{"HTTP_HOST", "HTTP_X_SHOPS_CASE", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST"} {
						delete(before[i].Headers, moving)
						delete(after[i].Headers, moving)
					}
					if diff := cmp.Diff(before[i].Headers, after[i].Headers); diff != "" {
						t.Errorf("PHP got a header without (-) and with (+) the guard:\n%s", diff)
					}
				}
				v.undecided()
			})
		}
	})
}

// Inside the guard, `encode` compresses pages and leaves a login's answer
// readable; the browser gets both.
func TestPagesStayCompressed(t *testing.T) {
	v := visit(t, fastcgi)
	a := v.get("/wp-login.php")
	if a.Header.Get("Content-Encoding") == "" {
		t.Errorf("the login form is not compressed: %v", a.Header)
	}
	if !a.has(`name="pwd"`) {
		t.Error("the login form does not decode")
	}
	wrong := v.send("POST", "/wp-login.php", formType, strings.NewReader(url.Values{"log": {"judy"}, "pwd": {"wrong"}}.Encode()))
	if !wrong.has(`id="login_error"`) {
		t.Errorf("a wrong login's answer does not decode: %v", wrong.Header)
	}
	v.outcomes("failure")
}
