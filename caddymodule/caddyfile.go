package caddymodule

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/login-guard/login-guard/config"
)

// parseGlobalOption parses the global option. Syntax:
//
//	login_guard {
//	    store embedded
//	    geoip FILE...
//	    list  tor|vpn|hosting|blocked FILE
//	    key   VALUE
//	}
//
// Files are made absolute, relative to the folder of the Caddyfile that
// names them. Placeholders stay as they are: they are replaced when the
// server loads the configuration, so that a secret never gets into the JSON.
func parseGlobalOption(d *caddyfile.Dispenser, prev any) (any, error) {
	d.Next() // consume option name
	where := position(d)
	if prev != nil {
		return nil, d.Err("login_guard is given twice as a global option; put all of it in one block")
	}
	if d.NextArg() {
		return nil, d.Errf("the global option login_guard takes no value (%q); "+
			"presets belong to the directive in a site block, such as: login_guard woocommerce", d.Val())
	}
	var app config.App
	if err := readBlock(d, "login_guard", appOptions(&app)); err != nil {
		return nil, err
	}
	if err := app.Validate(); err != nil {
		return nil, fmt.Errorf("login_guard at %s: %w", where, err)
	}
	return httpcaddyfile.App{Name: appID, Value: caddyconfig.JSON(app, nil)}, nil
}

// parseDirective parses the directive of one site. Syntax:
//
//	login_guard [PRESET...] {
//	    mode             enforce|monitor
//	    ask_after        DURATION|off
//	    remember         DURATION
//	    ladder           [slider N|off] [picture N|off] [second_factor N|off] [deny N|off]
//	    limit            NAME N refill N/s|m|h
//	    limit            NAME N per DURATION
//	    limit            NAME off
//	    limit            account SLIDER GAP LONGEST
//	    limit            accounts PER_10M PER_HOUR
//	    second_factor    off|optional|required { ... }   # see secondOptions
//	    on_store_error   local|deny
//	    site             NAME
//	    page {
//	        name       TEXT
//	        accent     #RRGGBB [#RRGGBB]   # the second of each is for dark pages
//	        background #RRGGBB [#RRGGBB]
//	        card       #RRGGBB [#RRGGBB]
//	        text       #RRGGBB [#RRGGBB]
//	        dark       auto|off
//	        radius     PIXELS
//	        font       FAMILY...
//	        logo       PATH [PATH]
//	        support    URL
//	        reset      URL
//	        language   TAG
//	        languages  FOLDER
//	        picture    letters|digits
//	    }
//	    endpoint         login [NAME] { ... }   # see endpointOptions
//	    origins          URL...
//	    path_prefix      PATH
//	    challenge_status 200|401|403|429
//	    log_addresses    truncated|full
//	}
//
// There is no matcher: shops take a login on any path, so that a path would
// leave doors open.
func parseDirective(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	d := h.Dispenser
	d.Next() // consume directive name
	where := position(d)
	var handler Handler
	for d.NextArg() {
		if v := d.Val(); !d.Token().Quoted() && (v == "*" || strings.HasPrefix(v, "/") || strings.HasPrefix(v, "@")) {
			return nil, d.Errf("login_guard takes no matcher (%q): shops accept a login on any path, so it looks at every "+
				"request of the site and leaves alone those that carry no login; leave the matcher out, such as: login_guard woocommerce", v)
		}
		handler.Presets = append(handler.Presets, d.Val())
	}
	if err := readBlock(d, "login_guard", siteOptions(&handler.Site)); err != nil {
		return nil, err
	}
	if err := handler.Site.Validate(); err != nil {
		return nil, fmt.Errorf("login_guard at %s: %w", where, err)
	}
	return h.NewRoute(nil, &handler), nil
}

// appOptions are the options of the global block.
func appOptions(app *config.App) options {
	return options{
		"store": {example: "store embedded", min: 1, max: 2, secret: true, set: func(args []caddyfile.Token) error {
			app.Store = strings.Join(texts(args), " ")
			return nil
		}},
		"geoip": {example: "geoip GeoLite2-City.mmdb GeoLite2-ASN.mmdb", min: 1, max: -1, set: func(args []caddyfile.Token) error {
			for _, a := range args {
				f, err := absolute(a)
				if err != nil {
					return err
				}
				app.GeoIP = append(app.GeoIP, f)
			}
			return nil
		}},
		"list": {example: "list tor tor.txt", min: 2, max: 2, many: true, set: func(args []caddyfile.Token) error {
			f, err := absolute(args[1])
			app.Lists = append(app.Lists, config.List{Kind: args[0].Text, File: f})
			return err
		}},
		"key": {example: "key {env.LOGIN_GUARD_KEY}", min: 1, max: 4, secret: true, set: func(args []caddyfile.Token) error {
			return text(&app.Key)([]caddyfile.Token{{Text: strings.Join(texts(args), " ")}})
		}},
	}
}

// siteOptions are the options of a site's block.
func siteOptions(s *config.Site) options {
	return options{
		"mode":      {example: "mode monitor", min: 1, max: 1, set: text(&s.Mode)},
		"ask_after": {example: "ask_after 3d", min: 1, max: 1, set: durationOrOff(&s.AskAfter)},
		"remember":  {example: "remember 24h", min: 1, max: 1, set: duration(&s.Remember)},
		"ladder":    {example: exampleLadder, min: 2, max: 8, set: func(args []caddyfile.Token) error { return parseLadder(s, args) }},
		"limit":     {example: exampleLimit, min: 2, max: 4, many: true, set: func(args []caddyfile.Token) error { return parseLimit(s, args) }},
		"second_factor": {example: "second_factor optional", min: 1, max: 1, bare: true, block: func(args []caddyfile.Token, d *caddyfile.Dispenser) error {
			return parseSecond(s, args, d)
		}},
		"on_store_error":   {example: "on_store_error local", min: 1, max: 1, set: text(&s.OnStoreError)},
		"site":             {example: "site shop", min: 1, max: 1, set: text(&s.Site)},
		"origins":          {example: "origins https://www.shop.example", min: 1, max: -1, set: list(&s.Origins)},
		"path_prefix":      {example: "path_prefix /.login-guard/", min: 1, max: 1, set: text(&s.PathPrefix)},
		"challenge_status": {example: "challenge_status 200", min: 1, max: 1, set: whole(&s.ChallengeStatus)},
		"log_addresses":    {example: "log_addresses truncated", min: 1, max: 1, set: text(&s.LogAddresses)},
		"page": {example: `page { ... } with lines such as: name "Shop Example"`, block: func(_ []caddyfile.Token, d *caddyfile.Dispenser) error {
			return readBlock(d, "page", pageOptions(&s.Page))
		}},
		"endpoint": {example: exampleEndpoint, min: 1, max: 2, many: true, block: func(args []caddyfile.Token, d *caddyfile.Dispenser) error {
			return parseEndpoint(s, args, d)
		}},
	}
}

// pageOptions are the options of the page block.
func pageOptions(p *config.Page) options {
	return options{
		"name":       {example: `name "Shop Example"`, min: 1, max: 1, set: text(&p.Name)},
		"accent":     {example: `accent "#1558c0"`, min: 1, max: 2, set: pair(&p.Accent, &p.AccentDark)},
		"background": {example: `background "#f3f5f8" "#11151a"`, min: 1, max: 2, set: pair(&p.Background, &p.BackgroundDark)},
		"card":       {example: `card "#ffffff" "#1a1f25"`, min: 1, max: 2, set: pair(&p.Card, &p.CardDark)},
		"text":       {example: `text "#1a1f26" "#e9ecf0"`, min: 1, max: 2, set: pair(&p.Text, &p.TextDark)},
		"dark":       {example: "dark off", min: 1, max: 1, set: text(&p.Dark)},
		"radius":     {example: "radius 8", min: 1, max: 1, set: pixels(&p.Radius)},
		"font":       {example: `font "Source Sans 3" sans-serif`, min: 1, max: -1, set: list(&p.Font)},
		"logo":       {example: "logo /images/logo.svg", min: 1, max: 2, set: pair(&p.Logo, &p.LogoDark)},
		"support":    {example: "support https://shop.example/contact", min: 1, max: 1, set: text(&p.Support)},
		"reset":      {example: "reset https://shop.example/lost-password", min: 1, max: 1, set: text(&p.Reset)},
		"language":   {example: "language de", min: 1, max: 1, set: text(&p.Language)},
		"languages": {example: "languages /etc/caddy/languages", min: 1, max: 1, set: func(args []caddyfile.Token) (err error) {
			if err = text(&p.Languages)(args); err == nil {
				p.Languages, err = absolute(args[0])
			}
			return err
		}},
		"picture": {example: "picture letters", min: 1, max: 1, set: text(&p.Picture)},
	}
}

// absolute makes a file's name absolute, relative to the folder of the file
// that the token stands in. What Validate refuses stays as it was written.
func absolute(t caddyfile.Token) (string, error) {
	if filepath.IsAbs(t.Text) || t.Text == "" || strings.HasPrefix(t.Text, "{") {
		return t.Text, nil
	}
	return filepath.Abs(filepath.Join(filepath.Dir(t.File), t.Text))
}
