// Package caddymodule is Login Guard as Caddy modules: the app
// `login_guard`, which owns what all sites share, and the handler
// `http.handlers.login_guard`, which guards one site's login.
//
// A blank import of this package builds it into any Caddy.
package caddymodule

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Names that others rely on.
const (
	appID     = "login_guard"
	handlerID = "http.handlers.login_guard"
	directive = "login_guard"
)

func init() {
	caddy.RegisterModule(new(App))
	caddy.RegisterModule(Handler{})
	httpcaddyfile.RegisterGlobalOption(directive, parseGlobalOption)
	httpcaddyfile.RegisterDirective(directive, parseDirective)
	httpcaddyfile.RegisterDirectiveOrder(directive, httpcaddyfile.Before, "basic_auth")
}

// Interface guards
var (
	_ caddy.App                   = (*App)(nil)
	_ caddy.Provisioner           = (*App)(nil)
	_ caddy.CleanerUpper          = (*App)(nil)
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
