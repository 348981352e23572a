package config

// vendure logs in by GraphQL, on any path that leads to one of its APIs.
// Whatever a client selects from the answer, a login that succeeded sets a
// new session, in a cookie or in a header.
func vendure() []Endpoint {
	return []Endpoint{{
		Kind: KindLogin, Name: "vendure",
		Paths:          []string{"*/shop-api", "*/shop-api/*", "*/admin-api", "*/admin-api/*"},
		SessionCookies: []string{"session", "session.sig"},
		// {activeCustomer{emailAddress}}
		Identity: &Identity{Path: "/shop-api?query=%7BactiveCustomer%7BemailAddress%7D%7D", JSON: "/data/activeCustomer/emailAddress", TokenHeader: "vendure-auth-token"},
		Inflates: true,
		GraphQL: []GraphQLLogin{
			{Field: "login", Account: "username", Password: "password"},
			{Field: "authenticate", Account: "input.native.username", Password: "input.native.password"},
		},
		Success: []Mark{{Status: []string{"200"}, Header: "vendure-auth-token"}, {Status: []string{"200"}, NewCookie: "session"}},
	}}
}

// everShop logs the session in that the browser has; its cookie stays. It
// reads JSON and forms, in any case of the path. Staff have a session of
// their own.
func everShop() []Endpoint {
	return []Endpoint{{
		Kind: KindLogin, Name: "evershop",
		InPlace: true, SessionCookies: []string{"sid", "asid"},
		// What its own pages load when somebody has signed in; the names of
		// what was asked for change with each build.
		Identity:       &Identity{Path: "/account?ajax=true", JSON: "/eContext/graphqlResponse/*/email"},
		Paths:          []string{"*/customer/login", "*/customer/tokens", "*/user/login", "*/user/tokens"},
		AccountFields:  []string{"/email"},
		PasswordFields: []string{"/password"},
		// A registration has the customer's name beside them.
		ExemptFields: []string{"/full_name"},
		ExemptPaths:  []string{"customers"},
		BodyOnly:     true,
		Inflates:     true,
		// ILIKE, with only the percent sign escaped.
		AccountPattern: true,
		Failure:        []Mark{{JSON: "/error"}},
		Success:        []Mark{{Status: []string{"200"}, JSON: "/data/sid", OnPath: true}, {Status: []string{"200"}, JSON: "/data/accessToken", OnPath: true}},
	}}
}

// saleor logs in by GraphQL. The answer has a token, errors or, where the
// client asked for neither, nothing to judge by.
func saleor() []Endpoint {
	return []Endpoint{{
		Kind: KindLogin, Name: "saleor",
		Paths:          []string{"*/graphql"},
		SessionCookies: []string{"refreshToken"},
		GraphQL:        []GraphQLLogin{{Field: "tokenCreate", Account: "email", Password: "password"}},
		Failure:        []Mark{{JSON: "/errors"}, {JSON: "/data/*/errors"}},
		Success:        []Mark{{JSON: "/data/*/token"}, {NewCookie: "refreshToken"}},
	}}
}

// medusa2 runs the same handler by GET and POST and answers with a token; a
// location instead leads to another provider.
func medusa2() []Endpoint {
	return []Endpoint{{
		Kind: KindLogin, Name: "medusa2",
		Paths:          []string{"*/emailpass"},
		AccountFields:  []string{"/email"},
		PasswordFields: []string{"/password"},
		// Making an identity takes the same fields, one level below.
		ExemptFields: []string{"/email"},
		ExemptPaths:  []string{"register", "update"},
		Inflates:     true,
		Failure:      []Mark{{Status: []string{"401"}}},
		Success:      []Mark{{Status: []string{"200"}, JSON: "/token", OnPath: true}},
	}}
}

// magento2 has four ways in: Luma's form, its script, REST tokens and
// GraphQL.
func magento2() []Endpoint {
	return []Endpoint{{
		Kind: KindLogin, Name: "magento2",
		Paths:          []string{"*/customer/account/loginpost", "*/customer/account/loginpost/*"},
		SessionCookies: []string{"PHPSESSID"},
		Identity:       &Identity{Path: "/customer/account/edit", Field: "email"},
		AccountFields:  []string{"login[username]"},
		PasswordFields: []string{"login[password]"},
		BodyOnly:       true,
		FormOnly:       true,
		// An expired form looks like a wrong password.
		Failure: []Mark{{Status: []string{"3xx"}, Location: []string{"customer/account/login"}}},
		Success: []Mark{{Status: []string{"3xx"}, NewCookie: "PHPSESSID", OnPath: true}},
	}, {
		Kind: KindLogin, Name: "magento2-api",
		Paths:          []string{"*/customer/ajax/login", "*/integration/customer/token", "*/integration/admin/token"},
		SessionCookies: []string{"PHPSESSID"},
		AccountFields:  []string{"/username"},
		PasswordFields: []string{"/password"},
		BodyOnly:       true,
		Failure:        []Mark{{JSON: "/errors"}, {Status: []string{"400", "401"}}},
		// The token is a JSON text by itself.
		Success: []Mark{
			{Status: []string{"200"}, JSON: "/message", OnPath: true},
			{Status: []string{"200"}, Body: []string{`"`}, OnPath: true},
		},
	}, {
		Kind: KindLogin, Name: "magento2-graphql",
		Paths:   []string{"*/graphql"},
		GraphQL: []GraphQLLogin{{Field: "generateCustomerToken", Account: "email", Password: "password"}},
		Failure: []Mark{{JSON: "/errors"}},
		Success: []Mark{{JSON: "/data/*/token"}},
	}}
}

// shopware6 takes `email` over `username` if both are sent; its storefront
// and its store API read both.
func shopware6() []Endpoint {
	return []Endpoint{{
		Kind: KindLogin, Name: "shopware6",
		Paths:          []string{"*/account/login"},
		SessionCookies: []string{"session-*"},
		AccountFields:  []string{"username", "email"},
		PasswordFields: []string{"password"},
		ExemptFields:   []string{"firstName", "lastName", "storefrontUrl", "acceptedDataProtection", "billingAddress[street]", "createCustomerAccount"},
		ExemptPaths:    []string{"register", "change-email", "change-password"},
		Failure:        []Mark{{Status: []string{"401", "403"}}},
		Success: []Mark{
			{Status: []string{"2xx"}, Header: "sw-context-token", OnPath: true},
			{Status: []string{"2xx", "3xx"}, NewCookie: "session-*", OnPath: true},
		},
	}}
}

// sylius has Symfony's form, which gives the session a new name when it lets
// somebody in, and an API with tokens.
func sylius() []Endpoint {
	return []Endpoint{{
		Kind: KindLogin, Name: "sylius",
		Paths:          []string{"*/login-check", "*/login_check"},
		SessionCookies: []string{"PHPSESSID"},
		AccountFields:  []string{"_username"},
		PasswordFields: []string{"_password"},
		BodyOnly:       true,
		FormOnly:       true,
		Failure:        []Mark{{Status: []string{"3xx"}, Location: []string{"/login"}}, {Status: []string{"401"}}},
		Success:        []Mark{{Status: []string{"2xx", "3xx"}, NewCookie: "PHPSESSID", OnPath: true}},
	}, {
		Kind: KindLogin, Name: "sylius-api",
		Paths:          []string{"*/shop/customers/token", "*/admin/administrators/token"},
		AccountFields:  []string{"/email"},
		PasswordFields: []string{"/password"},
		ExemptFields:   []string{"/firstName", "/lastName"},
		ExemptPaths:    []string{"customers"},
		BodyOnly:       true,
		Failure:        []Mark{{Status: []string{"401"}}},
		Success:        []Mark{{Status: []string{"200"}, JSON: "/token", OnPath: true}},
	}}
}
