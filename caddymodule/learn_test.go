package caddymodule

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/learn"
)

// TestWhatLearnPrintsIsReadAsItWasMeant writes endpoints as learn does and
// reads them as Caddy does.
func TestWhatLearnPrintsIsReadAsItWasMeant(t *testing.T) {
	for name, endpoints := range map[string][]config.Endpoint{
		"fields": {{Kind: "login", Paths: []string{"/login"}, AccountFields: []string{"user[email]"}, PasswordFields: []string{"user[password]"},
			Success: []config.Mark{{Status: []string{"3xx"}, NewCookie: "logged_in_*", NotLocation: []string{"/login", "status"}, OnPath: true}},
			Failure: []config.Mark{{Status: []string{"200"}, Body: []string{`class="alert alert-danger"`}}, {Body: []string{"type='password'", "json"}}}}},
		"JSON": {{Kind: "login", AccountFields: []string{"/user/e~1mail"}, PasswordFields: []string{"/user/p~0w"},
			Success: []config.Mark{{JSON: "/data/*/token"}, {JSON: "/redirect", JSONContains: "customer_token="}, {Header: "x-auth-token"}},
			Failure: []config.Mark{{JSON: "/error"}, {Location: []string{"error="}}}}},
		"GraphQL": {{Kind: "login", Paths: []string{"/shop-api"}, GraphQL: []config.GraphQLLogin{{Field: "auth.signIn", Account: "input.email", Password: "input.password"}},
			SessionCookies: []string{"session", "session.sig"}, Success: []config.Mark{{NewCookie: "session"}}}},
		"Basic": {{Kind: "login", Paths: []string{"/api/*"}, Basic: true, Success: []config.Mark{{Status: []string{"2xx"}, OnPath: true}}, Failure: []config.Mark{{Status: []string{"401"}}}}},
		"two": {{Kind: "login", Query: map[string][]string{"route": {"account/login"}}, AccountFields: []string{"email"}, PasswordFields: []string{"password"},
			SessionCookies: []string{"OCSESSID"}, InPlace: true, Script: "opencart4",
			Success: []config.Mark{{Status: []string{"3xx"}, NotRoute: map[string][]string{"route": {"account/login", "status"}}, OnPath: true}, {Status: []string{"3xx"}, Elsewhere: true}},
			Failure: []config.Mark{{Status: []string{"3xx"}, Route: map[string][]string{"route": {"account/login"}}, Back: true}}},
			{Kind: "login", Name: "elsewhere", AccountFields: []string{"email"}, PasswordFields: []string{"password"}, Failure: []config.Mark{{Status: []string{"401", "403"}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			text := learn.Caddyfile(endpoints)
			h, err := parseHandler(t, text)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if diff := cmp.Diff(endpoints, h.Endpoints); diff != "" {
				t.Errorf("%s\n%s", diff, text)
			}
			if err := h.Validate(); err != nil {
				t.Errorf("%v\n%s", err, text)
			}
		})
	}
}

func parseHandler(t *testing.T, block string) (*config.Site, error) {
	t.Helper()
	d := caddyfile.NewTestDispenser("login_guard {\n" + block + "}\n")
	d.Next()
	var s config.Site
	return &s, readBlock(d, directive, siteOptions(&s))
}

// TestMistakesInWhatLearnWrites are refused with what would work.
func TestMistakesInWhatLearnWrites(t *testing.T) {
	fields := "endpoint login {\naccount_field e\npassword_field p\n"
	for text, want := range map[string]string{
		"script magento\n":      "script opencart4",
		"in_place\n":            "session_cookies PHPSESSID",
		"session_cookies a*b\n": "no name of a cookie",
		"session_cookies\n":     "session_cookies PHPSESSID",
		"in_place yes\n":        "in_place",
	} {
		s, err := parseHandler(t, fields+text+"}\n")
		if err == nil {
			err = s.Validate()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in it", text, err, want)
		}
	}
}
