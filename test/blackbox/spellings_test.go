package blackbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

func TestALoginOnAnyPathIsCounted(t *testing.T) {
	t.Parallel()
	shop := shoptest.WooCommerce().Start(t)
	// Failures from so many addresses are an attack, which is not what is tried.
	g := guardtest.Start(t, guardtest.Site(shop.URL, "woocommerce", "ladder slider off picture off second_factor off deny off"))
	const body = "username=alice&password=wrong&login=Log+in&woocommerce-login-nonce=4be2a1c09d"
	paths := []string{
		"/", "/index.php", "/my-account/", "/MY-ACCOUNT", "/my-account/lost-password/", "/checkout/", "/cart/",
		"/?p=8", "/product/teapot/", "/xmlrpc.php", "/no-such-page", "/wp-json/", "/wp-comments-post.php",
		"/wp-admin/admin-ajax.php", "//my-account//", "/index.php/my-account/",
	}
	for i, path := range paths {
		p := visitor(t, g.URL, fmt.Sprintf("198.51.%d.7", i))
		p.do(p.request(http.MethodPost, p.base+path, formType, strings.Replace(body, "alice", fmt.Sprintf("alice%d", i), 1)))
	}
	for i, body := range []string{"log=%s&pwd=wrong", "log=%s&pwd=wrong", "log=%s&pwd=wrong", "log=%s&pwd=wrong"} {
		path := []string{"/wp-login.php", "//wp-login.php", "/wp-login.php/x", "/wp%2Dlogin.php"}[i]
		p := visitor(t, g.URL, fmt.Sprintf("198.51.%d.8", i))
		p.do(p.request(http.MethodPost, p.base+path, formType, fmt.Sprintf(body, fmt.Sprintf("bob%d", i))))
	}
	n := len(paths) + 4
	if ran := len(shop.Logins()); ran != n {
		t.Fatalf("the shop ran %d logins, want %d", ran, n)
	}
	for i, d := range decided(t, g, n) {
		if d.Outcome != "failure" || d.Action != "allow" {
			t.Errorf("%d: %+v", i, d)
		}
	}
	if got := len(g.Decisions()); got != n {
		t.Errorf("%d decisions, want %d", got, n)
	}
}

func TestALoginByAnyQuerySpellingIsCounted(t *testing.T) {
	t.Parallel()
	shop := shoptest.OpenCart3().Start(t)
	// Failures from so many addresses are an attack, which is not what is tried.
	g := guardtest.Start(t, guardtest.Site(shop.URL, "opencart3", "ladder slider off picture off second_factor off deny off"))
	spellings := []string{
		"/index.php?route=account/login", "/?route=account/login", "/anything?route=account/login",
		"/index.php/x?route=account/login", "/?r%6Fute=account%2flogin", "/index.php?+route=account/login",
		"/index.php?route=%20account/login", "/index.php?route=common/home&route=account/login",
		"/index.php?route=account/log-in", "/index.php?route=account/login/index&language=en",
	}
	for i, to := range spellings {
		p := visitor(t, g.URL, fmt.Sprintf("198.51.%d.9", i))
		p.post(to, credentials(fmt.Sprintf("a%d@shop.example", i), "wrong"))
	}
	if n := len(shop.Logins()); n != len(spellings) {
		t.Fatalf("the shop ran %d logins, want %d", n, len(spellings))
	}
	for i, d := range decided(t, g, len(spellings)) {
		if d.Outcome != "failure" || d.Endpoint != "opencart3" {
			t.Errorf("%s: %+v", spellings[i], d)
		}
	}
}
