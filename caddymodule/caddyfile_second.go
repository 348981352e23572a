package caddymodule

import (
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/login-guard/login-guard/config"
)

// parseSecond parses what a login needs beside the password:
//
//	second_factor off|optional|required {
//	    grace       DURATION|off
//	    trust       DURATION|off
//	    offer       DURATION|off
//	    reset_delay DURATION
//	    code        sms|email URL { ... }   # see senderOptions
//	    notify      URL { secret TEXT; header NAME VALUE }
//	}
func parseSecond(s *config.Site, args []caddyfile.Token, d *caddyfile.Dispenser) error {
	f := &config.SecondFactor{}
	if err := text(&f.Mode)(args); err != nil {
		return d.Errf("second_factor: %w; one that works: second_factor optional", err)
	}
	s.SecondFactor = f
	return readBlock(d, "second_factor", secondOptions(f))
}

func secondOptions(f *config.SecondFactor) options {
	return options{
		"grace":       {example: "grace 14d", min: 1, max: 1, set: orOff(&f.Grace, &f.GraceOff)},
		"trust":       {example: "trust 30d", min: 1, max: 1, set: orOff(&f.Trust, &f.TrustOff)},
		"offer":       {example: "offer 90d", min: 1, max: 1, set: orOff(&f.Offer, &f.OfferOff)},
		"reset_delay": {example: "reset_delay 24h", min: 1, max: 1, set: duration(&f.ResetDelay)},
		"code": {example: "code sms https://sms.example/send { countries +49 }", min: 2, max: 2, many: true, bare: true, secret: true,
			block: func(args []caddyfile.Token, d *caddyfile.Dispenser) error {
				c := config.CodeSender{Kind: args[0].Text, Hook: config.Hook{URL: args[1].Text}}
				err := readBlock(d, "code", senderOptions(&c))
				f.Codes = append(f.Codes, c)
				return err
			}},
		"notify": {example: "notify https://shop.example/notices", min: 1, max: 1, bare: true, secret: true,
			block: func(args []caddyfile.Token, d *caddyfile.Dispenser) error {
				f.Notify = &config.Hook{URL: args[0].Text}
				return readBlock(d, "notify", options{"secret": secretOption(&f.Notify.Secret), "header": headerOption(&f.Notify.Header)})
			}},
	}
}

// senderOptions are the options of one way to send codes:
//
//	code sms|email URL {
//	    secret    TEXT
//	    header    NAME VALUE
//	    from      ADDRESS
//	    body      TEXT
//	    countries +NUMBER...
//	}
func senderOptions(c *config.CodeSender) options {
	return options{
		"secret":    secretOption(&c.Secret),
		"header":    headerOption(&c.Header),
		"from":      {example: "from shop@shop.example", min: 1, max: 1, set: text(&c.From)},
		"body":      {example: "body `{\"to\": \"{to}\", \"text\": \"{text}\"}`", min: 1, max: 1, set: text(&c.Body)},
		"countries": {example: "countries +49 +43", min: 1, max: -1, set: list(&c.Countries)},
	}
}

func secretOption(to *string) option {
	return option{example: "secret {$HOOK_SECRET}", min: 1, max: 1, secret: true, set: text(to)}
}

// orOff sets a duration above zero, or says that there is none.
func orOff(to *config.Duration, off *bool) func([]caddyfile.Token) error {
	return func(args []caddyfile.Token) error {
		if strings.EqualFold(args[0].Text, "off") {
			*off = true
			return nil
		}
		return duration(to)(args)
	}
}

// headerOption adds a field of a request's header.
func headerOption(to *map[string]string) option {
	return option{example: "header Authorization \"Bearer {$SMS_TOKEN}\"", min: 2, max: 2, many: true, secret: true, set: func(args []caddyfile.Token) error {
		if *to == nil {
			*to = make(map[string]string)
		}
		(*to)[args[0].Text] = args[1].Text
		return nil
	}}
}
