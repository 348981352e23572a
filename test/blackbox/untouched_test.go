package blackbox_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/internal/guardtest"
)

// errand is a request that is no login.
type errand struct{ method, path, contentType, body string }

func errands(name string) []errand {
	upload := "--x\r\nContent-Disposition: form-data; name=\"async-upload\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\x00\xff\r\n--x--\r\n"
	large := "content=" + strings.Repeat("lorem+ipsum%0D%0A", 8000) + "&post_ID=7"
	common := []errand{
		{"GET", "/?q=a%20b&&x", "", ""},
		{"POST", "/api/track?e=%ff", "application/json", `{"password":"not a form"}`},
		{"PUT", "/files/a.bin", "application/octet-stream", "\x00\x01\xfe\xff" + strings.Repeat("z", 5000)},
		{"POST", "/upload", "multipart/form-data; boundary=x", upload},
		{"DELETE", "/cart/items/7", "", ""},
	}
	own := map[string][]errand{
		"woocommerce": {
			{"POST", "/?wc-ajax=add_to_cart", formType, "product_id=12&quantity=1"},
			{"POST", "/cart/", formType, "add-to-cart=12&quantity=1"},
			{"POST", "/?wc-ajax=checkout", formType, "billing_email=a%40b.c&billing_first_name=%C3%84&payment_method=cod&createaccount=1&account_password=Long-Enough-1"},
			{"POST", "/my-account/", formType, "email=new%40b.c&password=Long-Enough-1&register=Register&woocommerce-register-nonce=91f03c77aa"},
			{"POST", "/my-account/edit-address/", formType, "billing_city=K%C3%B6ln&save_address=1"},
			{"POST", "/wp-admin/post.php", formType, large},
			{"POST", "/wp-admin/async-upload.php", "multipart/form-data; boundary=x", upload},
		},
		"wordpress": {
			{"POST", "/wp-comments-post.php", formType, "comment=hello&author=x"},
			{"POST", "/wp-login.php?action=lostpassword", formType, "user_login=alice"},
			{"POST", "/wp-login.php?action=register", formType, "user_login=new&user_email=n%40b.c"},
			{"POST", "/wp-admin/post.php", formType, large},
			{"POST", "/wp-admin/async-upload.php", "multipart/form-data; boundary=x", upload},
		},
		"opencart3": {
			{"POST", "/index.php?route=checkout/cart/add", formType, "product_id=40&quantity=1"},
			{"POST", "/index.php?route=account/register", formType, "firstname=A&email=n%40b.c&password=Long-Enough-1&confirm=Long-Enough-1&agree=1"},
			{"POST", "/index.php?route=account/forgotten", formType, "email=a%40b.c"},
			{"POST", "/admin/index.php?route=catalog/product/edit", formType, large},
		},
		"opencart4": {
			{"POST", "/index.php?route=checkout/cart.add", formType, "product_id=40&quantity=1"},
			{"POST", "/index.php?route=account/register.register", formType, "firstname=A&email=n%40b.c&password=Long-Enough-1&agree=1"},
			{"POST", "/admin/index.php?route=catalog/product.save", formType, large},
		},
		"zencart": {
			{"POST", "/index.php?main_page=product_info&action=add_product", formType, "products_id=3&cart_quantity=1&securityToken=x"},
			{"POST", "/index.php?main_page=create_account", formType, "action=process&email_address=n%40b.c&password=Long-Enough-1&confirmation=Long-Enough-1&securityToken=x"},
			{"POST", "/admin/index.php?cmd=product", formType, large},
		},
		"django": {
			{"POST", "/basket/add/7/", formType, "quantity=1"},
			{"POST", "/admin/shop/product/1/change/", formType, large},
			{"POST", "/accounts/register/", formType, "username=new&password1=Long-Enough-1&password2=Long-Enough-1"},
		},
		"generic": {
			{"POST", "/cart", formType, "product=12"},
			{"POST", "/checkout", formType, "email=a%40b.c"},
			{"POST", "/register", formType, "email=n%40b.c&password=Long-Enough-1&password2=Long-Enough-1"},
			{"POST", "/admin", formType, large},
		},
	}
	return append(common, own[name]...)
}

func TestWhatIsNoLoginIsNeverTouched(t *testing.T) {
	t.Parallel()
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			shop := k.make().Start(t)
			g := guardtest.Start(t, guardtest.Site(shop.URL, k.preset, "ask_after 3d"))
			p := visitor(t, g.URL, "").withoutCookies()
			for _, e := range errands(k.name) {
				shop.Reset()
				r := p.request(e.method, p.base+e.path, e.contentType, e.body,
					"Accept-Encoding", "gzip, br;q=0.5", "X-Odd", "a, b;c=\"d\"", "Cookie", "a=1; b=\"2\"; login_guardian=3", "If-None-Match", `W/"7"`)
				if got := p.do(r); got.guard() != "" {
					t.Errorf("%s %s is refused: %s", e.method, e.path, got.Header.Get("Login-Guard"))
					continue
				}
				all := shop.Requests()
				if len(all) != 1 {
					t.Errorf("%s %s: %d requests at the shop", e.method, e.path, len(all))
					continue
				}
				got := all[0]
				if got.Method != e.method || got.URI != e.path || string(got.Body) != e.body || got.Host != strings.TrimPrefix(g.URL, "http://") {
					t.Errorf("%s %s arrives as %s %s with %d bytes for %d", e.method, e.path, got.Method, got.URI, len(got.Body), len(e.body))
				}
				want := r.Header.Clone()
				for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Via", "Content-Length", "Transfer-Encoding"} {
					want.Del(name) // the proxy's and net/http's
					got.Header.Del(name)
				}
				if diff := cmp.Diff(want, got.Header); diff != "" {
					t.Errorf("%s %s: header changed on its way:\n%s", e.method, e.path, diff)
				}
			}
			if d := g.Decisions(); len(d) != 0 {
				t.Errorf("decisions on what is no login: %+v", d)
			}
		})
	}
}
