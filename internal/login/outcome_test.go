package login

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/login-guard/login-guard/config"
)

func endpointOf(t *testing.T, preset, name string) *Endpoint {
	t.Helper()
	es, _ := config.Preset(preset)
	for _, c := range es {
		if c.Name == name {
			e, err := newEndpoint(c)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
	}
	t.Fatalf("no endpoint %s in %s", name, preset)
	return nil
}

func header(kv ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(kv); i += 2 {
		h.Add(kv[i], kv[i+1])
	}
	return h
}

// The answers are the captured shapes of the unmodified shops.
func TestOutcomeOfKnownShops(t *testing.T) {
	const shop = "https://shop.example"
	had := func(kv ...string) []*http.Cookie {
		var l []*http.Cookie
		for i := 0; i < len(kv); i += 2 {
			l = append(l, &http.Cookie{Name: kv[i], Value: kv[i+1]})
		}
		return l
	}
	for _, c := range []struct {
		name, preset, endpoint string
		q                      Asked
		a                      Reply
		want                   Outcome
	}{
		{"success returns to the login's own URL", "woocommerce", "woocommerce", Asked{Path: "/my-account/", Referer: shop + "/my-account/"},
			Reply{Status: 302, Header: header("Location", shop+"/my-account/", "Set-Cookie", "wordpress_logged_in_ab=alice%7C1; path=/; HttpOnly")}, Success},
		{"wrong password", "woocommerce", "woocommerce", Asked{Path: "/my-account/"},
			Reply{Status: 200, Body: []byte(`<ul class="woocommerce-error" role="alert"><li>`)}, Failure},
		{"stale nonce is silent", "woocommerce", "woocommerce", Asked{}, Reply{Status: 200, Body: []byte(`<form>`)}, Failure},
		{"redirect without the cookie", "woocommerce", "woocommerce", Asked{}, Reply{Status: 302, Header: header("Location", "/")}, Failure},
		{"cookie that was there", "woocommerce", "woocommerce", Asked{Cookies: had("wordpress_logged_in_ab", "x")},
			Reply{Status: 302, Header: header("Set-Cookie", "wordpress_logged_in_ab=x")}, Failure},
		{"cookie that is deleted", "woocommerce", "wp-login", Asked{},
			Reply{Status: 302, Header: header("Set-Cookie", "wordpress_logged_in_ab=%20; expires=Sun, 23-Nov-2025 03:00:00 GMT; Max-Age=0; path=/")}, Failure},
		{"wp-login right", "woocommerce", "wp-login", Asked{},
			Reply{Status: 302, Header: header("Set-Cookie", "wordpress_test_cookie=WP; path=/", "Set-Cookie", "wordpress_logged_in_ab=a; path=/", "Location", "/wp-admin/")}, Success},
		{"wp-login wrong", "woocommerce", "wp-login", Asked{},
			Reply{Status: 200, Header: header("Set-Cookie", "wordpress_test_cookie=WP"), Body: []byte(`<div id="login_error" class="notice">`)}, Failure},
		{"xmlrpc right", "woocommerce", "xmlrpc", Asked{}, Reply{Status: 200, Body: []byte(`<?xml version="1.0"?><methodResponse><params><param/></params></methodResponse>`)}, Success},
		{"xmlrpc wrong", "woocommerce", "xmlrpc", Asked{}, Reply{Status: 200, Body: []byte(`<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>403</int></value></member></struct></value></fault></methodResponse>`)}, Failure},
		{"xmlrpc not understood", "woocommerce", "xmlrpc", Asked{}, Reply{Status: 200, Body: []byte(`<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>-32700</int></value></member></struct></value></fault></methodResponse>`)}, Unknown},
		{"right", "opencart4", "opencart4", Asked{}, Reply{Status: 200, Header: header("Set-Cookie", "OCSESSID=same"), Body: []byte(`{"redirect":"https:\/\/shop.example\/index.php?route=account\/account&customer_token=ab"}`)}, Success},
		{"wrong", "opencart4", "opencart4", Asked{}, Reply{Status: 200, Body: []byte(`{"error":{"warning":"Warning: No match"}}`)}, Failure},
		{"token used up by another tab", "opencart4", "opencart4", Asked{}, Reply{Status: 200, Body: []byte(`{"redirect":"https:\/\/shop.example\/index.php?route=account\/login&language=en-gb"}`)}, Retry},
		{"no JSON", "opencart4", "opencart4", Asked{}, Reply{Status: 200, Body: []byte(`<html>customer_token=`)}, Failure},
		{"right", "opencart3", "opencart3", Asked{}, Reply{Status: 302, Header: header("Location", shop+"/index.php?route=account/account", "Set-Cookie", "OCSESSID=same")}, Success},
		{"wrong", "opencart3", "opencart3", Asked{}, Reply{Status: 200, Header: header("Set-Cookie", "OCSESSID=same"), Body: []byte(`<div class="alert alert-danger alert-dismissible">`)}, Failure},
		{"back to the login", "opencart3", "opencart3", Asked{}, Reply{Status: 302, Header: header("Location", shop+"/index.php?route=account/login")}, Failure},
		{"checkout right", "opencart3", "opencart3", Asked{}, Reply{Status: 200, Body: []byte(`{"redirect":"https:\/\/s\/index.php?route=checkout\/checkout"}`)}, Success},
		{"checkout wrong", "opencart3", "opencart3", Asked{}, Reply{Status: 200, Body: []byte(`{"error":{"warning":"No match"}}`)}, Failure},
		{"checkout with an empty basket", "opencart3", "opencart3", Asked{}, Reply{Status: 200, Body: []byte(`{"redirect":"https:\/\/s\/index.php?route=checkout\/cart"}`)}, Retry},
		{"right", "zencart", "zencart", Asked{Cookies: had("zenid", "old")}, Reply{Status: 302, Header: header("Location", shop+"/index.php?main_page=account", "Set-Cookie", "zenid=new; domain=shop.example")}, Success},
		{"wrong", "zencart", "zencart", Asked{}, Reply{Status: 200, Body: []byte(`<div class="messageStackError">`)}, Failure},
		{"stale token", "zencart", "zencart", Asked{}, Reply{Status: 302, Header: header("Location", shop+"/index.php?main_page=time_out")}, Retry},
		{"no cookie", "zencart", "zencart", Asked{}, Reply{Status: 302, Header: header("Location", "/index.php?main_page=cookie_usage", "Set-Cookie", "zenid=new")}, Retry},
		{"signed in already", "zencart", "zencart", Asked{Cookies: had("zenid", "old")}, Reply{Status: 302, Header: header("Location", "/index.php?main_page=account")}, Failure},
		{"right", "django", "django", Asked{}, Reply{Status: 302, Header: header("Location", "/admin/", "Set-Cookie", "csrftoken=n", "Set-Cookie", "sessionid=s; HttpOnly")}, Success},
		{"wrong", "django", "django", Asked{}, Reply{Status: 200, Header: header("Set-Cookie", "csrftoken=n"), Body: []byte(`<p class="errornote">`)}, Failure},
		{"csrf", "django", "django", Asked{}, Reply{Status: 403, Body: []byte(`<p>CSRF verification failed. Request aborted.</p>`)}, Retry},
		{"forbidden otherwise", "django", "django", Asked{}, Reply{Status: 403, Body: []byte(`no`)}, Failure},
		{"to the login", "django", "django", Asked{}, Reply{Status: 302, Header: header("Location", "/admin/login/?next=/admin/")}, Failure},
		{"oscar right", "django", "oscar", Asked{}, Reply{Status: 302, Header: header("Location", "/accounts/", "Set-Cookie", "sessionid=s")}, Success},
		{"oscar wrong", "django", "oscar", Asked{}, Reply{Status: 200}, Failure},
		{"too many", "opencart4", "opencart4", Asked{}, Reply{Status: 429, Body: []byte(`{"error":1}`)}, Retry},
		{"expired", "django", "django", Asked{}, Reply{Status: 419}, Retry},
		{"more to come", "django", "django", Asked{}, Reply{Status: 302, Truncated: true, Header: header("Set-Cookie", "sessionid=s")}, Unknown},
	} {
		t.Run(c.endpoint+"/"+c.name, func(t *testing.T) {
			if c.a.Header == nil {
				c.a.Header = http.Header{}
			}
			if got := endpointOf(t, c.preset, c.endpoint).Outcome(c.q, c.a); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestOutcomeByTheGenericRules(t *testing.T) {
	e := endpointOf(t, "generic", "generic")
	form := []byte(`<form><input type="password" name="password"></form>`)
	for _, c := range []struct {
		name string
		q    Asked
		a    Reply
		want Outcome
	}{
		{"too many", Asked{}, Reply{Status: 429}, Retry},
		{"expired", Asked{}, Reply{Status: 419}, Retry},
		{"broken shop", Asked{}, Reply{Status: 502}, Unknown},
		{"maintenance", Asked{}, Reply{Status: 503}, Unknown},
		{"401", Asked{}, Reply{Status: 401}, Failure},
		{"422", Asked{}, Reply{Status: 422}, Failure},
		{"403", Asked{}, Reply{Status: 403, Body: []byte("forbidden")}, Failure},
		{"403 csrf", Asked{}, Reply{Status: 403, Body: []byte("CSRF token missing")}, Retry},
		{"404", Asked{}, Reply{Status: 404}, Unknown},
		{"JSON error", Asked{}, Reply{Status: 200, Body: []byte(`{"errors":true,"message":"x"}`)}, Failure},
		{"JSON no error and no token", Asked{}, Reply{Status: 200, Body: []byte(`{"errors":false,"message":"x"}`)}, Unknown},
		{"JSON token", Asked{}, Reply{Status: 200, Body: []byte(`{"token":"x"}`)}, Success},
		{"JSON empty token", Asked{}, Reply{Status: 200, Body: []byte(`{"token":""}`)}, Unknown},
		{"new session that leads on", Asked{Path: "/login"}, Reply{Status: 302, Header: header("Location", "/account", "Set-Cookie", "sid=new")}, Success},
		{"first visit that leads back", Asked{Path: "/login"}, Reply{Status: 302, Header: header("Location", "/login", "Set-Cookie", "sid=new")}, Failure},
		{"proof of a login that leads back", Asked{Path: "/my-account/"}, Reply{Status: 302, Header: header("Location", "/my-account/", "Set-Cookie", "wordpress_logged_in_x=new")}, Success},
		{"403 form with its token", Asked{}, Reply{Status: 403, Body: []byte(`<input name="csrf_token"><input type="password">`)}, Failure},
		{"same session", Asked{Path: "/login", Cookies: []*http.Cookie{{Name: "sid", Value: "x"}}}, Reply{Status: 302, Header: header("Location", "/account", "Set-Cookie", "sid=x")}, Unknown},
		{"Laravel wrong", Asked{Path: "/customer/login", Referer: "https://s/customer/login"},
			Reply{Status: 302, Header: header("Location", "https://s/customer/login", "Set-Cookie", "XSRF-TOKEN=n", "Set-Cookie", "bagisto_session=n")}, Failure},
		{"Laravel right", Asked{Path: "/customer/login", Referer: "https://s/customer/login"},
			Reply{Status: 302, Header: header("Location", "https://s/account", "Set-Cookie", "XSRF-TOKEN=n", "Set-Cookie", "bagisto_session=n")}, Unknown},
		{"back to the form's page", Asked{Path: "/do", Referer: "https://s/enter?x=1"}, Reply{Status: 302, Header: header("Location", "/enter")}, Failure},
		{"form again", Asked{}, Reply{Status: 200, Body: form}, Failure},
		{"page", Asked{}, Reply{Status: 200, Body: []byte("hello")}, Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.a.Header == nil {
				c.a.Header = http.Header{}
			}
			if got := e.Outcome(c.q, c.a); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestOutcomeOfCompressedAnswers(t *testing.T) {
	e := endpointOf(t, "opencart4", "opencart4")
	plain := []byte(`{"redirect":"/?customer_token=1"}`)
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	w.Write(plain)
	w.Close()
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	zs := enc.EncodeAll(plain, nil)
	var bomb bytes.Buffer
	w = gzip.NewWriter(&bomb)
	w.Write([]byte(strings.Repeat(" ", maxDecoded+1)))
	w.Close()
	for _, c := range []struct {
		name, encoding string
		body           []byte
		want           Outcome
	}{
		{"gzip", "gzip", gz.Bytes(), Success},
		{"zstd", "zstd", zs, Success},
		{"identity", "identity", plain, Success},
		{"br", "br", plain, Unknown},
		{"two", "gzip, gzip", gz.Bytes(), Unknown},
		{"cut gzip", "gzip", gz.Bytes()[:20], Unknown},
		{"cut zstd", "zstd", zs[:len(zs)-3], Unknown},
		{"bomb", "gzip", bomb.Bytes(), Unknown},
	} {
		if got := e.Outcome(Asked{}, Reply{Status: 200, Header: header("Content-Encoding", c.encoding), Body: c.body}); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
