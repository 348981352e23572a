package config

// generic takes any request for a login that carries one field for an
// account and one for a password by the names in common use, in body or
// query, by any method and on any path. Its outcome has no marks: the
// generic rules apply.
//
// A registration looks alike. On the paths below, with a second password or
// a name beside it, it is let through. A shop that logs in on every path and
// wants no further field would log in there too: such a shop wants an
// endpoint of its own.
func generic() []Endpoint {
	return []Endpoint{{
		Kind: KindLogin, Name: GenericPreset,
		Inflates: true, // some servers do by default
		// Sessions whose cookie stays the same from answer to answer.
		SessionCookies: []string{"PHPSESSID", "JSESSIONID", "ASP.NET_SessionId", "connect.sid", "sessionid"},
		Paths:          []string{"*login*", "*signin*", "*sign-in*", "*sign_in*", "*/authenticate*"},
		AccountFields: []string{
			"email", "Email", "EMail", "username", "Username", "UserName", "userName",
			"user_name", "user", "User", "log", "_username", "email_address", "emailAddress",
			"login-username", "login_email", "*[email]", "*[username]", "*[login]",
		},
		AccountFallback: []string{"login", "Login"},
		PasswordFields: []string{
			"password", "Password", "passwd", "Passwd", "pwd", "pass", "Pass",
			"_password", "login-password", "login_password", "*[password]", "*[pass]",
		},
		ExemptFields: []string{
			"password2", "password_confirm", "password_confirmation", "passwordConfirm", "passwordConfirmation",
			"confirm", "confirm_password", "confirmPassword", "ConfirmPassword", "repeat_password", "password_repeat",
			"new_password", "newPassword", "confirmation", "firstname", "first_name", "firstName", "FirstName",
			"*[password_confirmation]", "*[password_confirm]", "*[plainPassword]",
		},
		ExemptPaths: []string{
			"register", "registration", "signup", "sign-up", "sign_up", "create", "createpost", "create-account",
			"create_account", "new-account", "join", "users", "customers", "forgotten", "reset-password",
			"change-password", "password",
		},
	}, {
		// The login fields of GraphQL shops, by the names that they have in
		// Vendure, Saleor, Adobe Commerce, WPGraphQL and Shopify's API.
		Kind: KindLogin, Name: "generic-graphql",
		Paths: []string{"*/graphql"},
		GraphQL: []GraphQLLogin{
			{Field: "login", Account: "username", Password: "password"},
			{Field: "login", Account: "email", Password: "password"},
			{Field: "login", Account: "input.username", Password: "input.password"},
			{Field: "login", Account: "input.email", Password: "input.password"},
			{Field: "authenticate", Account: "input.native.username", Password: "input.native.password"},
			{Field: "signIn", Account: "email", Password: "password"},
			{Field: "signIn", Account: "input.email", Password: "input.password"},
			{Field: "tokenCreate", Account: "email", Password: "password"},
			{Field: "generateCustomerToken", Account: "email", Password: "password"},
			{Field: "customerAccessTokenCreate", Account: "input.email", Password: "input.password"},
		},
	}}
}
