package caddymodule

import (
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Names of our cookies. Over TLS they carry the `__Host-` prefix, so that no
// neighbouring subdomain can plant one (RFC 6265bis §4.1.3.2).
const (
	deviceCookie = "login_guard_device"
	passCookie   = "login_guard_pass"
	hostPrefix   = "__Host-"
)

// secure reports whether the client came by TLS, also to a proxy that the
// operator trusts.
func secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	trusted, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool)
	return trusted && strings.EqualFold(first(r.Header, "X-Forwarded-Proto"), "https")
}

func cookieName(r *http.Request, name string) string {
	if secure(r) {
		return hostPrefix + name
	}
	return name
}

func writeCookie(w http.ResponseWriter, r *http.Request, name, value string, life time.Duration) {
	c := &http.Cookie{
		Name: cookieName(r, name), Value: value, Path: "/", MaxAge: int(life / time.Second),
		HttpOnly: true, Secure: secure(r), SameSite: http.SameSiteLaxMode,
	}
	w.Header().Add("Set-Cookie", c.String())
}

// cookieOf is the value of a cookie of ours, "" without.
func cookieOf(r *http.Request, name string) string {
	if c, err := r.Cookie(cookieName(r, name)); err == nil {
		return c.Value
	}
	return ""
}

// ownCookies are the values of our cookies that a request carried.
type ownCookies struct{ device, pass string }

// takeCookies takes our cookies out of what the shop will see, leaves the
// others as they are, to the byte, and returns the values of ours.
func takeCookies(r *http.Request) (own ownCookies) {
	lines := r.Header["Cookie"]
	for i, line := range lines {
		if !strings.Contains(line, "login_guard_") {
			continue
		}
		var kept []string
		for _, part := range strings.Split(line, ";") {
			name, value, _ := strings.Cut(strings.Trim(part, " \t"), "=")
			switch strings.TrimPrefix(name, hostPrefix) {
			case holdCookie: // for the page of a check only
			case deviceCookie:
				if name == cookieName(r, deviceCookie) {
					own.device = value
				}
			case passCookie:
				if name == cookieName(r, passCookie) {
					own.pass = value
				}
			default:
				kept = append(kept, part)
			}
		}
		lines[i] = strings.TrimLeft(strings.Join(kept, ";"), " ")
	}
	if len(lines) == 1 && lines[0] == "" {
		r.Header.Del("Cookie")
	}
	return own
}
