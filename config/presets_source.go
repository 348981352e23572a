package config

// The presets in this file rest on the shops' sources. Where an answer that
// means success could also be had by somebody who does not know the password
// (a redirect that another page gives too), there is no success mark: then
// an answer without a failure mark is unknown.

// prestaShop reads its login from body and query, by any method and on any
// path, once submitLogin is there. Its one cookie is written anew by many
// pages, so it says nothing.
func prestaShop() []Endpoint {
	return []Endpoint{{
		Kind: KindLogin, Name: "prestashop",
		Paths:          []string{"*/login", "*/authentication", "*/connexion", "*/iniciar-sesion", "*/anmeldung", "*/accedi", "*/inloggen", "*/logowanie"},
		SessionCookies: []string{"PrestaShop-*"},
		AccountFields:  []string{"email"},
		PasswordFields: []string{"password"},
		Requires:       []string{"submitLogin"},
		FormOnly:       true,
		Failure:        []Mark{{Status: []string{"200"}}},
	}}
}

// bagisto stands for Laravel's usual login. Every answer has new cookies,
// right or wrong; a wrong password leads back to the page it came from.
func bagisto() []Endpoint {
	return []Endpoint{{
		Kind: KindLogin, Name: "bagisto",
		Paths:          []string{"*/customer/login", "*/api/customer/login"},
		SessionCookies: []string{"bagisto_session"},
		AccountFields:  []string{"email"},
		PasswordFields: []string{"password"},
		ExemptFields:   []string{"first_name", "last_name", "password_confirmation"},
		ExemptPaths:    []string{"register", "reset-password"},
		Failure: []Mark{
			{Status: []string{"3xx"}, Back: true},
			{Status: []string{"3xx"}, Location: []string{"/login"}},
			{Status: []string{"401", "403", "422"}},
		},
		Success: []Mark{{Status: []string{"3xx"}, Elsewhere: true, OnPath: true}},
	}}
}

// spree stands for Rails with Devise, which sends those who are logged in on
// without a look at the password.
func spree() []Endpoint {
	return []Endpoint{{
		Kind: KindLogin, Name: "spree",
		Paths:          []string{"*/login", "*/sign_in"},
		SessionCookies: []string{"_spree_session"},
		AccountFields:  []string{"spree_user[email]", "user[email]"},
		PasswordFields: []string{"spree_user[password]", "user[password]"},
		ExemptFields:   []string{"spree_user[password_confirmation]", "user[password_confirmation]"},
		ExemptPaths:    []string{"signup", "users", "sign_up", "password", "account"},
		Failure:        []Mark{{Status: []string{"200"}, Body: []string{`type="password"`}}, {Status: []string{"401", "422"}}},
	}}
}

// odoo gives the session a new name when it lets somebody in. With a second
// factor of its own it asks for that next, and nobody is in yet.
func odoo() []Endpoint {
	return []Endpoint{{
		Kind: KindLogin, Name: "odoo",
		Paths:          []string{"*/web/login"},
		SessionCookies: []string{"session_id"},
		AccountFields:  []string{"login"},
		PasswordFields: []string{"password"},
		FormOnly:       true,
		ExemptFields:   []string{"confirm_password"},
		ExemptPaths:    []string{"signup", "reset_password"},
		Failure:        []Mark{{Status: []string{"200"}}},
		Retry:          []Mark{{Status: []string{"3xx"}, Location: []string{"/web/login/totp"}}},
		Success:        []Mark{{Status: []string{"3xx"}, NewCookie: "session_id", NotLocation: []string{"/web/login"}, OnPath: true}},
	}, {
		Kind: KindLogin, Name: "odoo-rpc",
		Paths:          []string{"*/web/session/authenticate"},
		SessionCookies: []string{"session_id"},
		AccountFields:  []string{"/params/login"},
		PasswordFields: []string{"/params/password"},
		BodyOnly:       true,
		Failure:        []Mark{{JSON: "/error"}},
		Success:        []Mark{{Status: []string{"200"}, JSON: "/result/uid", OnPath: true}},
	}}
}

// nopCommerce sets its own cookie for those it let in, and for nobody else.
func nopCommerce() []Endpoint {
	return []Endpoint{{
		Kind: KindLogin, Name: "nopcommerce",
		Paths:          []string{"*/login"},
		SessionCookies: []string{".Nop.Authentication"},
		AccountFields:  []string{"Email", "Username"},
		PasswordFields: []string{"Password"},
		FormOnly:       true,
		ExemptFields:   []string{"ConfirmPassword", "FirstName", "NewPassword"},
		ExemptPaths:    []string{"register", "changepassword", "confirm"},
		Failure:        []Mark{{Status: []string{"200"}}},
		Success:        []Mark{{Status: []string{"3xx"}, NewCookie: ".Nop.Authentication"}},
	}}
}

// keycloak is not a shop but what some log in by. Each step of a flow has a
// page of its own; only at its end is there an identity.
func keycloak() []Endpoint {
	return []Endpoint{{
		Kind: KindLogin, Name: "keycloak",
		Paths:          []string{"*/login-actions/authenticate", "*/openid-connect/token"},
		SessionCookies: []string{"AUTH_SESSION_ID", "KEYCLOAK_IDENTITY"},
		AccountFields:  []string{"username"},
		PasswordFields: []string{"password"},
		BodyOnly:       true,
		FormOnly:       true,
		ExemptFields:   []string{"password-confirm", "firstName"},
		ExemptPaths:    []string{"registration"},
		Failure:        []Mark{{Status: []string{"400", "401"}}},
		Success:        []Mark{{Status: []string{"3xx"}, NewCookie: "KEYCLOAK_IDENTITY"}, {Status: []string{"200"}, JSON: "/access_token", OnPath: true}},
	}}
}
