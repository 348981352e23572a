package login

import (
	"net/http"
	"testing"

	"github.com/login-guard/login-guard/config"
)

// The answers of Vendure and EverShop are the captured shapes of the
// unmodified shops; the others are written after the shops' sources.
func TestOutcomeOfShopsWithAPIs(t *testing.T) {
	json := func(status int, body string, kv ...string) Reply {
		return Reply{Status: status, Header: header(append([]string{"Content-Type", "application/json"}, kv...)...), Body: []byte(body)}
	}
	to := func(status int, location string, kv ...string) Reply {
		return Reply{Status: status, Header: header(append([]string{"Location", location}, kv...)...)}
	}
	const shop = "https://shop.example"
	for _, c := range []struct {
		name, preset, endpoint string
		q                      Asked
		a                      Reply
		want                   Outcome
	}{
		{"right, nothing selected", "vendure", "vendure", Asked{}, json(200, `{"data":{"login":{}}}`, "vendure-auth-token", "abc", "Set-Cookie", "session=x; path=/"), Success},
		{"right, by cookie only", "vendure", "vendure", Asked{}, json(200, `{"data":{"login":{"__typename":"CurrentUser"}}}`, "Set-Cookie", "session=x; path=/"), Success},
		{"wrong", "vendure", "vendure", Asked{}, json(200, `{"data":{"login":{"__typename":"InvalidCredentialsError"}}}`), Failure},
		{"not understood", "vendure", "vendure", Asked{}, json(400, `{"errors":[{"message":"x"}]}`), Failure},
		{"the session it had", "vendure", "vendure", Asked{Cookies: []*http.Cookie{{Name: "session", Value: "x"}}}, json(200, `{}`, "Set-Cookie", "session=x"), Failure},

		{"right", "evershop", "evershop", Asked{Path: "/customer/login"}, json(200, `{"data":{"sid":"x"}}`, "Set-Cookie", "sid=s%3Ax"), Success},
		{"right, odd path", "evershop", "evershop", Asked{Path: "/CUSTOMER/login/"}, json(200, `{"data":{"sid":"x"}}`), Success},
		{"elsewhere", "evershop", "evershop", Asked{Path: "/api/x"}, json(200, `{"data":{"sid":"x"}}`), Failure},
		{"wrong", "evershop", "evershop", Asked{Path: "/customer/login"}, json(400, `{"error":{"status":400,"message":"Invalid email or password"}}`), Failure},
		{"its own limit", "evershop", "evershop", Asked{Path: "/customer/login"}, json(429, `{}`), Retry},

		{"right", "saleor", "saleor", Asked{}, json(200, `{"data":{"tokenCreate":{"token":"x","errors":[]}}}`), Success},
		{"right, alias", "saleor", "saleor", Asked{}, json(200, `{"data":{"a":{"token":"x"}}}`), Success},
		{"wrong", "saleor", "saleor", Asked{}, json(200, `{"data":{"tokenCreate":{"token":null,"errors":[{"field":"email"}]}}}`), Failure},
		{"right", "medusa2", "medusa2", Asked{Path: "/auth/customer/emailpass"}, json(200, `{"token":"x"}`), Success},
		{"registered", "medusa2", "medusa2", Asked{Path: "/auth/customer/emailpass/register"}, json(200, `{"token":"x"}`), Failure},
		{"another provider", "medusa2", "medusa2", Asked{Path: "/auth/customer/emailpass"}, json(200, `{"location":"https://x"}`), Failure},
		{"right", "magento2", "magento2", Asked{Path: "/customer/account/loginPost/"}, to(302, shop+"/customer/account/", "Set-Cookie", "PHPSESSID=n"), Success},
		{"wrong", "magento2", "magento2", Asked{Path: "/customer/account/loginPost/"}, to(302, shop+"/customer/account/login/", "Set-Cookie", "PHPSESSID=n"), Failure},
		{"in already", "magento2", "magento2", Asked{Path: "/customer/account/loginPost/"}, to(302, shop+"/customer/account/"), Failure},
		{"token", "magento2", "magento2-api", Asked{Path: "/rest/V1/integration/customer/token"}, json(200, `"abc"`), Success},
		{"script wrong", "magento2", "magento2-api", Asked{Path: "/customer/ajax/login"}, json(200, `{"errors":true,"message":"x"}`), Failure},
		{"script right", "magento2", "magento2-api", Asked{Path: "/customer/ajax/login"}, json(200, `{"errors":false,"message":"x"}`), Success},
		{"text elsewhere", "magento2", "magento2-api", Asked{Path: "/x"}, json(200, `"abc"`), Failure},
		{"right", "bagisto", "bagisto", Asked{Path: "/customer/login", Referer: shop + "/customer/login"}, to(302, shop+"/"), Success},
		{"wrong", "bagisto", "bagisto", Asked{Path: "/customer/login", Referer: shop + "/checkout"}, to(302, shop+"/checkout"), Failure},
		{"no Referer", "bagisto", "bagisto", Asked{Path: "/customer/login"}, to(302, shop+"/"), Failure},
		{"expired", "bagisto", "bagisto", Asked{Path: "/customer/login"}, Reply{Status: 419}, Retry},
		{"totp", "odoo", "odoo", Asked{Path: "/web/login"}, to(303, shop+"/web/login/totp", "Set-Cookie", "session_id=n"), Retry},
		{"right", "odoo", "odoo", Asked{Path: "/web/login"}, to(303, shop+"/my", "Set-Cookie", "session_id=n"), Success},
		{"rpc wrong", "odoo", "odoo-rpc", Asked{Path: "/web/session/authenticate"}, json(200, `{"error":{"code":200}}`), Failure},
		{"rpc factor", "odoo", "odoo-rpc", Asked{Path: "/web/session/authenticate"}, json(200, `{"result":{"uid":null}}`), Failure},
		{"right", "keycloak", "keycloak", Asked{}, to(302, shop+"/cb?code=x", "Set-Cookie", "KEYCLOAK_IDENTITY=x"), Success},
		{"next step", "keycloak", "keycloak", Asked{}, to(302, shop+"/login-actions/required-action?session_code=x"), Failure},
		{"right", "prestashop", "prestashop", Asked{}, to(302, shop+"/"), Unknown},
		{"wrong", "prestashop", "prestashop", Asked{}, Reply{Status: 200}, Failure},
		{"wrong", "generic", "generic-graphql", Asked{}, json(200, `{"errors":[{"message":"x"}],"data":null}`), Failure},
		{"right", "generic", "generic-graphql", Asked{}, json(200, `{"data":{"tokenCreate":{"token":"x"}}}`), Success},
		{"nobody knows", "generic", "generic-graphql", Asked{}, json(200, `{"data":{"login":{"id":"1"}}}`), Unknown},
	} {
		t.Run(c.preset+"/"+c.endpoint+"/"+c.name, func(t *testing.T) {
			if got := endpointOf(t, c.preset, c.endpoint).Outcome(c.q, c.a); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// Every preset's endpoints are ones that the reader takes.
func TestPresetsCanBeRead(t *testing.T) {
	for _, name := range config.PresetNames() {
		rd := presetReader(t, Options{Sides: true}, name)
		if len(rd.endpoints) == 0 {
			t.Errorf("%s has no login", name)
		}
	}
}
