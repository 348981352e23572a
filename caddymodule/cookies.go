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
	// Of a second factor: a held answer's ticket, the proof of a login of a
	// few minutes ago, a browser that is not asked again, and one that was
	// offered a second factor.
	secondCookie = "login_guard_second"
	proofCookie  = "login_guard_login"
	trustCookie  = "login_guard_trust"
	offerCookie  = "login_guard_offer"
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
type ownCookies struct{ device, pass, second, proof, trust, offer string }

// of is where the value of a cookie of ours goes, nil if it is no such cookie.
func (o *ownCookies) of(name string) *string {
	switch name {
	case deviceCookie:
		return &o.device
	case passCookie:
		return &o.pass
	case secondCookie:
		return &o.second
	case proofCookie:
		return &o.proof
	case trustCookie:
		return &o.trust
	case offerCookie:
		return &o.offer
	}
	return nil
}

// expireCookie takes a cookie of ours away.
func expireCookie(w http.ResponseWriter, r *http.Request, name string) {
	c := &http.Cookie{Name: cookieName(r, name), Path: "/", MaxAge: -1, HttpOnly: true, Secure: secure(r), SameSite: http.SameSiteLaxMode}
	w.Header().Add("Set-Cookie", c.String())
}

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
			plain := strings.TrimPrefix(name, hostPrefix)
			switch to := own.of(plain); {
			case to != nil:
				if name == cookieName(r, plain) {
					*to = value
				}
			case plain == holdCookie: // for the page of a check only
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
