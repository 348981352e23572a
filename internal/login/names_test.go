package login

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/config"
)

func TestFormsAreKnownByTheirFields(t *testing.T) {
	for name, test := range map[string]struct {
		endpoint config.Endpoint
		want     []FormNames
	}{
		"a form": {
			config.Endpoint{AccountFields: []string{"email", "*[email]"}, AccountFallback: []string{"login"}, PasswordFields: []string{"password"},
				Requires: []string{"go"}, ExemptFields: []string{"password2"}, ExemptPaths: []string{"x"}, Conflicts: []string{"register"}},
			[]FormNames{{Account: []string{"email", "*[email]", "login"}, Password: []string{"password"}, Requires: []string{"go"}, Never: []string{"password2", "register"}, Query: map[string][]string{}}},
		},
		"JSON by its pointers": {
			config.Endpoint{AccountFields: []string{"/user/email", "/email"}, PasswordFields: []string{"/user/password"}},
			[]FormNames{{Account: []string{"user[email]", "email"}, Password: []string{"user[password]"}, Query: map[string][]string{}}},
		},
		"a route": {
			config.Endpoint{AccountFields: []string{"email"}, PasswordFields: []string{"password"}, QueryOptional: true,
				Query: map[string][]string{"route": {"account/login|Login", "account/login"}}},
			[]FormNames{{Account: []string{"email"}, Password: []string{"password"}, Optional: true, Query: map[string][]string{"route": {"account/login.login", "account/login"}}}},
		},
		"GraphQL by its arguments": {
			config.Endpoint{GraphQL: []config.GraphQLLogin{{Field: "login", Account: "input.native.username", Password: "input.native.secret"}, {Field: "signIn", Account: "email", Password: "password"}}},
			[]FormNames{{Account: []string{"username", "email"}, Password: []string{"secret", "password"}, Never: registers}},
		},
		"no login":         {config.Endpoint{Kind: config.KindRegister, AccountFields: []string{"email"}, PasswordFields: []string{"password"}}, nil},
		"fields unknown":   {config.Endpoint{Always: true, Paths: []string{"/login"}}, nil},
		"HTTP Basic":       {config.Endpoint{Basic: true, Paths: []string{"/api"}}, nil},
		"another protocol": {config.Endpoint{Body: "xmlrpc", Paths: []string{"/xmlrpc.php"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := FormNamesOf([]config.Endpoint{test.endpoint})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if _, err := FormNamesOf([]config.Endpoint{{}}); err == nil {
		t.Error("an endpoint without fields is no error")
	}
}
