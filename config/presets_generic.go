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
			"new_password", "newPassword", "confirmation", "firstname", "first_name", "FirstName",
			"*[password_confirmation]", "*[password_confirm]", "*[plainPassword]",
		},
		ExemptPaths: []string{
			"register", "registration", "signup", "sign-up", "sign_up", "create", "createpost", "create-account",
			"create_account", "new-account", "join", "users", "customers", "forgotten", "reset-password",
			"change-password", "password",
		},
	}}
}
