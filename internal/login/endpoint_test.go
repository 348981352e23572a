package login

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/config"
)

func newReader(t *testing.T, opt Options, es ...config.Endpoint) *Reader {
	t.Helper()
	rd, err := NewReader(es, opt)
	if err != nil {
		t.Fatal(err)
	}
	return rd
}

func TestAlwaysTakesEverythingThatCarriesSomething(t *testing.T) {
	rd := newReader(t, Options{}, config.Endpoint{Always: true, Paths: []string{"/api/login"}, AccountFields: []string{"user"}})
	wantAttempt(t, rd, post("/API/login/", "application/json", `{"a":1}`), `{"a":1}`, "login", "")
	wantAttempt(t, rd, post("/api/login", "application/octet-stream", "x"), "x", "login", "")
	wantOther(t, rd, post("/api/other", "application/json", `{"a":1}`), `{"a":1}`)
	wantRefused(t, rd, post("/api/login", "application/octet-stream", strings.Repeat("x", 70000)), 413, ReasonTooLarge)
	if got := read(rd, httptest.NewRequest("GET", "/api/login", nil)); got.Kind != Other {
		t.Errorf("its page: %v", got.Kind)
	}
}

func TestInflatingShopsMayNotBeSentCompressedLogins(t *testing.T) {
	rd := newReader(t, Options{}, config.Endpoint{AccountFields: []string{"user"}, PasswordFields: []string{"pass"}, Inflates: true})
	for body, other := range map[string]bool{"user=a&pass=b": false, "a=b": true, strings.Repeat("x", 70000): false} {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write([]byte(body))
		w.Close()
		r := post("/", urlencoded, b.String())
		r.Header.Set("Content-Encoding", "gzip")
		if other {
			wantOther(t, rd, r, b.String())
		} else {
			wantRefused(t, rd, r, 415, ReasonEncoding)
		}
	}
}

func TestPathsAreLookedForBeforeAndAfterARewrite(t *testing.T) {
	original := &url.URL{Path: "/account/login"}
	rd := newReader(t, Options{Original: func(*http.Request) *url.URL { return original }},
		config.Endpoint{Paths: []string{"/account/login"}, AccountFields: []string{"user"}, PasswordFields: []string{"pass"}})
	wantRefused(t, rd, post("/index.php", "multipart/form-data; boundary=b", "junk"), 400, ReasonUnreadable)
}

func TestEndpointsThatMatchNothingAreErrors(t *testing.T) {
	for name, e := range map[string]config.Endpoint{
		"no password":  {AccountFields: []string{"user"}},
		"no account":   {PasswordFields: []string{"pass"}},
		"empty name":   {AccountFields: []string{" "}, PasswordFields: []string{"pass"}},
		"bare star":    {AccountFields: []string{"*x"}, PasswordFields: []string{"pass"}},
		"body":         {AccountFields: []string{"u"}, PasswordFields: []string{"pass"}, Body: "json"},
		"always where": {Always: true},
		"xmlrpc where": {Body: "xmlrpc"},
	} {
		if _, err := NewReader([]config.Endpoint{e}, Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
