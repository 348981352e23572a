// Package caddymodule is Login Guard as Caddy modules: the app
// `login_guard`, which owns what all sites share, and the handler
// `http.handlers.login_guard`, which guards one site's login. A blank import
// of it builds both into any Caddy.
//
// One login goes this way, and Handler.ServeHTTP reads like it:
//
//	read       is it a login, and whose? (package login)
//	collect    network, place, lists, device, client (signal, device)
//	reserve    take from every limit, read the history (ledger)
//	assess     a score with reasons; decide: a verdict (risk)
//	  allow      forward, learn from the shop's answer, settle, remember
//	  challenge  keep the login, show a check; its answer comes to the same
//	             address, and the kept login goes this way again (held,
//	             challenge, page)
//	  deny       say for how long and whose fault it is not
//	report     one record an attempt: log, event, metrics (record)
//
// What is no login goes on with the writer and the body that it came with.
// The package decides nothing: it moves plain structs between the packages
// that do, and speaks HTTP and Caddy for them.
package caddymodule

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddytls"
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
	caddy.RegisterModule(helloMatcher{})
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
	_ caddytls.ConnectionMatcher  = helloMatcher{}
)
