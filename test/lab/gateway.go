package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// masterKey of the gateway: with it the judge knows an account in the log.
const masterKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

// limits are off, and no check is asked, so that whatever can be read
// reaches the app.
const open = `
		mode enforce
		ladder slider off picture off second_factor off deny off
		limit pair off
		limit address off
		limit attempts off
		limit network off
		limit account off
		limit device off
		limit accounts off
		limit challenges off`

// gateway writes a Caddyfile and starts it. Each app has a site, over HTTP and
// HTTPS, and one without the guard.
func (f *Farm) gateway() error {
	var b strings.Builder
	fmt.Fprintf(&b, `{
	admin off
	persist_config off
	auto_https disable_redirects
	skip_install_trust
	grace_period 1s
	storage file_system %s/storage
	log default {
		output file %s {
			roll_disabled
		}
		format json
		level INFO
	}
	servers {
		protocols h1 h2 h2c h3
	}
	login_guard {
		key %s
	}
}
`, f.Work, f.Decisions(), masterKey)
	for _, app := range f.Backends {
		way := fmt.Sprintf(`reverse_proxy 127.0.0.1:%d {
		header_up X-Lab-Ref {http.login_guard.ref}
	}`, app.port)
		if app.FastCGI {
			way = fmt.Sprintf(`root * %s
	php_fastcgi 127.0.0.1:%d {
		env HTTP_X_LAB_REF {http.login_guard.ref}
		env LAB_NAME %s
		env LAB_LOGS %s
		env LAB_ROUTER pathinfo
	}`, filepath.Join(f.Here, "backends/php"), app.port, app.Name, f.Logs())
		}
		logins := `path /account/login */account/login
			account_field user
			password_field pass`
		if app.GraphQL {
			logins = `path /graphql
			graphql login user pass
			graphql authenticate input.native.user input.native.pass
			graphql auth.login user pass
			persisted signin ` + listedHash
		}
		basic := ""
		if app.Basic != "" {
			basic = `
		endpoint login basic {
			path /account/basic */account/basic
			basic
			success header X-Lab-In
			failure status 401
		}`
		}
		fmt.Fprintf(&b, `
(%s) {
	bind 127.0.0.1
	login_guard {
		site %s%s
		endpoint login {
			%s
			%s
			success header X-Lab-In
			failure status 401
		}%s
	}
	%s
}
http://:%d {
	import %s
}
https://localhost:%d {
	tls internal
	import %s
}
http://:%d {
	bind 127.0.0.1
	%s
}
`, app.Name, app.Name, open, logins, app.Endpoint, basic, way, app.plain, app.Name, app.secure, app.Name, app.bare, way)
	}
	file := filepath.Join(f.Work, "Caddyfile")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		return err
	}
	return f.run("gateway", f.Work, []string{"HOME=" + f.Work, "XDG_DATA_HOME=" + f.Work, "XDG_CONFIG_HOME=" + f.Work},
		f.Binary, "run", "--config", file, "--adapter", "caddyfile")
}
