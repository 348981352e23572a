package config

// SessionNames says by which cookies and headers shops keep who is signed in.
// A name has at most one `*`, at its start or its end, which stands for
// anything. `__Host-` and `__Secure-` before a cookie's name are not part of it.
type SessionNames struct {
	// Cookies that only somebody who signed in ever gets.
	Login []string
	// Cookies that every visitor may get before signing in. A new value in
	// place of an old one says that somebody signed in, if the shop gives a
	// new one at no other time.
	Visitor []string
	// Cookies against forged requests that a login renews and hardly anything
	// else does.
	Renewed []string
	// Headers of an answer with a token for whoever signed in.
	Token []string
	// Headers with a token that every visitor may get first.
	VisitorToken []string
}

// KnownSessionNames are the names that shops and the frameworks under them
// use by default, each from its maker's documentation or source.
//
// Left out are names of tokens that headless shops give to visitors too
// (access_token), and PrestaShop's cookie: it holds the session's content, so
// each change of a basket changes it.
func KnownSessionNames() SessionNames {
	return SessionNames{
		Login: []string{
			"wordpress_logged_in_*",     // WordPress
			".Nop.Authentication",       // nopCommerce
			".AspNetCore.Identity.*",    // ASP.NET Core Identity
			".AspNetCore.Cookies",       // ASP.NET Core without it
			".ASPXAUTH",                 // ASP.NET forms authentication
			"KEYCLOAK_IDENTITY",         // Keycloak
			"remember_web_*",            // Laravel
			"remember_user_token",       // Devise on Rails
			"remember_spree_user_token", // Spree
			"REMEMBERME", "remember-me", // Symfony, Spring Security
		},
		Visitor: []string{
			"PHPSESSID",         // PHP: Magento, Sylius, many more
			"OCSESSID", "zenid", // OpenCart, Zen Cart
			"frontend",        // Magento 1, OpenMage
			"session-*",       // Shopware
			"ci_session",      // CodeIgniter
			"*_session",       // Laravel's and Rails' way of naming
			"laravel_session", // where the shop has no name
			"SESS*", "SSESS*", // Drupal
			"connect.sid",           // Express
			"sid", "session", "SID", // Express, Fastify, Vendure, EverShop, Go
			"koa.sid", "koa.sess", // Koa
			"JSESSIONID", "SESSION", // Java servlets, Spring Session
			"ASP.NET_SessionId",       // ASP.NET
			".AspNetCore.Session",     // ASP.NET Core
			"sessionid",               // Django
			"session_id", "sessionId", // Odoo, many more
			"_session_id", "SessionID", // Rails before 3, others
		},
		Renewed:      []string{"csrftoken"}, // Django renews it where it signs somebody in, and nowhere else
		Token:        []string{"Authorization", "X-Auth-Token", "X-Access-Token", "Access-Token"},
		VisitorToken: []string{"Vendure-Auth-Token", "Sw-Context-Token"},
	}
}
