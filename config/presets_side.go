package config

// side makes an endpoint of a side way: what shops offer besides the login
// that guesses at accounts, makes them or sends mail.
func side(kind, name string, account, requires []string) Endpoint {
	return Endpoint{
		Kind: kind, Name: name, AccountFields: account, Requires: requires,
		BodyOnly: true, FormOnly: true,
	}
}

// on sets the paths on which a side way is seen.
func (e Endpoint) on(paths ...string) Endpoint {
	e.Paths = paths
	return e
}

// routed sets the query that chooses it.
func (e Endpoint) routed(name string, values ...string) Endpoint {
	e.Query, e.QueryOptional = map[string][]string{name: values}, len(e.Paths) > 0
	return e
}

// wooCommerceSides: the shop's own forms work on any path; WordPress' choose
// by action.
func wooCommerceSides() []Endpoint {
	wordpress := func(kind, name string, account []string, actions ...string) Endpoint {
		return side(kind, name, account, nil).routed("action", actions...)
	}
	return []Endpoint{
		side(KindRegister, "woocommerce-register", []string{"email"}, []string{"register"}),
		side(KindReset, "woocommerce-reset", []string{"user_login"}, []string{"wc_reset_password"}),
		wordpress(KindRegister, "wp-register", []string{"user_email"}, "register"),
		wordpress(KindReset, "wp-reset", []string{"user_login"}, "lostpassword", "retrievepassword"),
	}
}

func openCartSides(name string) []Endpoint {
	return []Endpoint{
		side(KindRegister, name+"-register", []string{"email"}, []string{"firstname", "password"}).
			on("*/register", "*/create-account").routed("route", "account/register", "account/register.register", "checkout/register.save", "checkout/register/save"),
		side(KindReset, name+"-reset", []string{"email"}, nil).
			on("*/forgotten", "*/forgot-password").routed("route", "account/forgotten", "account/forgotten.confirm"),
	}
}

func zenCartSides() []Endpoint {
	return []Endpoint{
		side(KindRegister, "zencart-register", []string{"email_address"}, []string{"firstname", "password"}).
			on("*/create_account").routed("main_page", "create_account"),
		side(KindReset, "zencart-reset", []string{"email_address"}, nil).
			on("*/password_forgotten").routed("main_page", "password_forgotten"),
	}
}

// djangoSides: Oscar registers on its login page, with a prefix before each
// field.
func djangoSides() []Endpoint {
	return []Endpoint{
		side(KindRegister, "oscar-register", []string{"registration-email"}, []string{"registration-password1"}),
		side(KindReset, "django-reset", []string{"email"}, nil).on("*/password-reset", "*/password_reset"),
	}
}
