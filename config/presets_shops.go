package config

// wooCommerce answers its login on any path: the form handler runs before
// routing and wants `login` among the fields. WordPress' own form and
// XML-RPC open the same accounts.
func wooCommerce() []Endpoint {
	// A login sets this cookie, and nothing that fails does. The answer is a
	// redirect, or a page: where a theme or an expired session's popup logs in
	// by script, and also with an error on it, when WordPress misses its test
	// cookie and sets the session's all the same. So the cookie alone decides.
	loggedIn := []Mark{{Status: []string{"2xx", "3xx"}, NewCookie: "wordpress_logged_in_*"}}
	// WordPress says so unless a plugin hides it, in the language of the site;
	// elsewhere than in English all failures count the same.
	noSuchUser := []Mark{{Body: []string{"Unknown email address.", " is not registered on this site."}}}
	return append([]Endpoint{{
		Kind: KindLogin, Name: "woocommerce",
		Paths:          []string{"*/my-account"},
		AccountFields:  []string{"username"},
		PasswordFields: []string{"password"},
		Requires:       []string{"login"},
		Conflicts:      wordPressConflicts,
		SessionCookies: []string{"wordpress_logged_in_*"},
		IdentityCookie: "wordpress_logged_in_*",
		BodyOnly:       true,
		FormOnly:       true,
		Success:        loggedIn,
		UnknownAccount: noSuchUser,
	}, {
		Kind: KindLogin, Name: "wp-login",
		Paths:          []string{"*/wp-login.php", "*/wp-login.php/*"},
		AccountFields:  []string{"log"},
		PasswordFields: []string{"pwd"},
		Conflicts:      wordPressConflicts,
		SessionCookies: []string{"wordpress_logged_in_*"},
		IdentityCookie: "wordpress_logged_in_*",
		BodyOnly:       true,
		FormOnly:       true,
		Success:        loggedIn,
		UnknownAccount: noSuchUser,
	}, {
		Kind: KindLogin, Name: "xmlrpc",
		Paths: []string{"*/xmlrpc.php", "*/xmlrpc.php/*"},
		Body:  "xmlrpc",
	}}, wooCommerceSides()...)
}

// Fields of WordPress' and WooCommerce's forms that sign somebody in without
// a password of his: registration, also at the checkout, and the change of
// one's own password, which renews the cookie.
var wordPressConflicts = []string{
	"register", "createaccount", "account_password", "password_1", "password_2", "password_current",
	"save_account_details", "wc_reset_password", "pass1", "pass2", "user_pass",
}

// Fields and last path segments by which OpenCart's other forms with an
// e-mail address and a password (registration) are told from the login where
// search-engine-friendly paths hide the route.
var (
	openCartExemptFields = []string{"firstname", "telephone", "confirm"}
	openCartExemptPaths  = []string{"register", "create-account", "forgotten", "forgot-password", "guest"}
	// Elsewhere, or with _route_, OpenCart looks its page up by path.
	openCartQueryPaths  = []string{"/", "*/index.php"}
	openCartQueryUnless = []string{"_route_"}
)

func openCart4() []Endpoint {
	return append([]Endpoint{{
		Kind: KindLogin, Name: "opencart4", Script: "opencart4",
		InPlace: true, SessionCookies: []string{"OCSESSID"}, SignOut: "/index.php?route=account/logout",
		// Pages of the account want the token that the answer to a login has.
		Identity:       &Identity{Path: "/index.php?route=account/edit", Field: "email", TokenQuery: "customer_token"},
		Paths:          []string{"*/login"},
		AccountFields:  []string{"email"},
		PasswordFields: []string{"password"},
		Query: map[string][]string{"route": {
			"account/login", "account/login.login", "checkout/login", "checkout/login.save", "checkout/login.login",
		}},
		QueryOptional: true,
		QueryPaths:    openCartQueryPaths,
		QueryUnless:   openCartQueryUnless,
		ExemptFields:  openCartExemptFields,
		ExemptPaths:   openCartExemptPaths,
		BodyOnly:      true,
		FormOnly:      true,
		Failure:       []Mark{{JSON: "/error"}},
		// The token of the form was used up by another tab: the password
		// was not looked at.
		Retry:   []Mark{{JSON: "/redirect", JSONContains: "route=account/login"}},
		Success: []Mark{{JSON: "/redirect", JSONContains: "customer_token="}},
	}}, openCartSides("opencart4")...)
}

func openCart3() []Endpoint {
	return append([]Endpoint{{
		Kind: KindLogin, Name: "opencart3",
		InPlace: true, SessionCookies: []string{"OCSESSID"}, SignOut: "/index.php?route=account/logout",
		Identity:       &Identity{Path: "/index.php?route=account/edit", Field: "email"},
		Paths:          []string{"*/login"},
		AccountFields:  []string{"email"},
		PasswordFields: []string{"password"},
		// Dashes and an action of `index` are dropped before the look-up.
		Query:         map[string][]string{"route": {"account/login", "checkout/login/save"}},
		QueryOptional: true,
		QueryPaths:    openCartQueryPaths,
		QueryUnless:   openCartQueryUnless,
		ExemptFields:  openCartExemptFields,
		ExemptPaths:   openCartExemptPaths,
		BodyOnly:      true,
		FormOnly:      true,
		Failure: []Mark{
			{Status: []string{"200"}, Body: []string{"alert-danger"}},
			{JSON: "/error"},
		},
		// With an empty basket the checkout never looks at the password.
		Retry: []Mark{{JSON: "/redirect", JSONContains: "route=checkout/cart"}},
		Success: []Mark{
			{Status: []string{"302", "303"}, NotRoute: map[string][]string{"route": {"account/login"}}},
			{JSON: "/redirect", JSONContains: "checkout/checkout"},
		},
	}}, openCartSides("opencart3")...)
}

// zenCart looks at main_page only; the path is free.
func zenCart() []Endpoint {
	return append([]Endpoint{{
		Kind: KindLogin, Name: "zencart",
		SessionCookies: []string{"zenid"}, SignOut: "/index.php?main_page=logoff",
		Identity:       &Identity{Path: "/index.php?main_page=account_edit", Field: "email_address"},
		Paths:          []string{"*/login"},
		AccountFields:  []string{"email_address"},
		PasswordFields: []string{"password"},
		Query:          map[string][]string{"main_page": {"login"}},
		QueryOptional:  true,
		QueryPaths:     []string{"/", "*/index.php"},
		ExemptFields:   []string{"confirmation", "firstname"},
		ExemptPaths:    []string{"create_account", "create-account", "register"},
		BodyOnly:       true,
		FormOnly:       true,
		Failure:        []Mark{{Status: []string{"200"}}},
		// A stale token or a browser without the session's cookie: the
		// password was not looked at.
		Retry: []Mark{{Status: []string{"3xx"}, Route: map[string][]string{"main_page": {"time_out", "cookie_usage"}}}},
		Success: []Mark{{
			Status: []string{"3xx"}, NewCookie: "zenid",
			NotRoute: map[string][]string{"main_page": {"time_out", "cookie_usage", "login"}},
		}},
	}}, zenCartSides()...)
}

// django knows Django's own forms (the admin's too) and Oscar's, whose login
// page has a prefix before each field because it registers as well.
func django() []Endpoint {
	one := func(name, account, password string) Endpoint {
		return Endpoint{
			Kind: KindLogin, Name: name,
			SessionCookies: []string{"sessionid"},
			// Django's own forms that sign somebody in, or renew the session.
			Conflicts:      []string{"old_password", "new_password1", "new_password2", "password1", "password2"},
			Paths:          []string{"*/login"},
			AccountFields:  []string{account},
			PasswordFields: []string{password},
			BodyOnly:       true,
			FormOnly:       true,
			Failure:        []Mark{{Status: []string{"200"}}},
			Retry:          []Mark{{Status: []string{"403"}, Body: []string{"CSRF"}}},
			Success:        []Mark{{Status: []string{"302", "303"}, NewCookie: "sessionid"}},
		}
	}
	oscar := one("oscar", "login-username", "login-password")
	oscar.Identity = &Identity{Path: "/accounts/profile/edit/", Field: "email"}
	return append([]Endpoint{one("django", "username", "password"), oscar}, djangoSides()...)
}
