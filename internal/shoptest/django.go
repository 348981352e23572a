package shoptest

import (
	"bytes"
	"crypto/rand"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
)

// Django is a Django site's login view (captured from the admin's at
// /admin/login/): exact path, CSRF token and cookie, Referer over https.
func Django() *Shop {
	s := newShop("django", serveDjango)
	s.keepsTruncated = false // Django raises UnreadablePostError
	return s
}

const (
	djangoAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	djangoSecret   = 32 // letters of a CSRF secret
)

func djangoRandom(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	for i := range b {
		b[i] = djangoAlphabet[int(b[i])%len(djangoAlphabet)]
	}
	return string(b)
}

// djangoMask makes a token of a secret as django.middleware.csrf does: a
// mask, then the secret shifted by it.
func djangoMask(secret string) string {
	mask := djangoRandom(djangoSecret)
	out := []byte(mask)
	for i := range secret {
		n := strings.IndexByte(djangoAlphabet, secret[i]) + strings.IndexByte(djangoAlphabet, mask[i])
		out = append(out, djangoAlphabet[n%len(djangoAlphabet)])
	}
	return string(out)
}

// djangoUnmask returns a token's secret, empty for what is no token.
func djangoUnmask(token string) string {
	if len(token) == djangoSecret {
		return token
	}
	if len(token) != 2*djangoSecret {
		return ""
	}
	var out []byte
	for i := range djangoSecret {
		mask, c := strings.IndexByte(djangoAlphabet, token[i]), strings.IndexByte(djangoAlphabet, token[djangoSecret+i])
		if mask < 0 || c < 0 {
			return ""
		}
		out = append(out, djangoAlphabet[(c-mask+len(djangoAlphabet))%len(djangoAlphabet)])
	}
	return string(out)
}

// djangoForm reads a body as Django's request.POST: names as they are, the
// last of several wins.
func djangoForm(v *visit) map[string]string {
	form := map[string]string{}
	kind, params, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	if err != nil || v.r.Method != http.MethodPost {
		return form
	}
	switch kind {
	case "application/x-www-form-urlencoded":
		for pair := range strings.SplitSeq(string(v.rec.Body), "&") {
			if name, value, _ := strings.Cut(pair, "="); pair != "" {
				form[unescape(name)] = unescape(value)
			}
		}
	case "multipart/form-data":
		reader := multipart.NewReader(bytes.NewReader(v.rec.Body), params["boundary"])
		for {
			part, err := reader.NextPart()
			if err != nil {
				return form
			}
			value, err := io.ReadAll(part)
			if err != nil {
				return form
			}
			if part.FileName() == "" {
				form[part.FormName()] = string(value)
			}
		}
	}
	return form
}

// djangoCSRF says why a post is refused; empty where it is not.
func djangoCSRF(v *visit, form map[string]string) string {
	own := v.origin()
	if origin := v.r.Header.Get("Origin"); origin != "" {
		if origin != own {
			return "Origin checking failed."
		}
	} else if v.https() {
		u, err := url.Parse(v.r.Header.Get("Referer"))
		if err != nil || u.Host == "" {
			return "Referer checking failed - no Referer."
		}
		if u.Scheme != "https" || u.Host != v.r.Host {
			return "Referer checking failed."
		}
	}
	secret := djangoUnmask(v.cookie("csrftoken"))
	if secret == "" {
		return "CSRF cookie not set."
	}
	if token := djangoUnmask(form["csrfmiddlewaretoken"]); token != secret {
		return "CSRF token missing or incorrect."
	}
	return ""
}

func djangoSetCSRF(v *visit, secret string) {
	v.setCookie("csrftoken=" + djangoMask(secret) + "; expires=Mon, 22 Nov 2027 00:00:00 GMT; Max-Age=31449600; Path=/; SameSite=Lax")
}

func serveDjango(v *visit) {
	path, _, _ := strings.Cut(v.r.RequestURI, "?")
	path = unescapePath(path) // Django resolves no dots and merges no slashes
	var customer string
	if s := v.shop.knownSession(v.cookie("sessionid")); s != nil {
		v.shop.with(func() { customer = s.customer })
	}
	form := djangoForm(v)
	if v.r.Method == http.MethodPost {
		if why := djangoCSRF(v, form); why != "" {
			v.html(http.StatusForbidden, "Forbidden (403)", "<p>CSRF verification failed. Request aborted.</p>\n<p>"+esc(why)+"</p>")
			return
		}
	}
	switch {
	case path == "/admin/login/":
		djangoLogin(v, form)
	case path == "/admin/login":
		v.redirect(http.StatusMovedPermanently, "/admin/login/")
	case path == "/admin/logout/":
		v.setCookie(`sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax`)
		v.html(http.StatusOK, "Logged out", "")
	case strings.HasPrefix(path, "/admin/"):
		if customer == "" {
			v.redirect(http.StatusFound, "/admin/login/?next="+url.QueryEscape(path))
			return
		}
		if v.r.Method == http.MethodPost {
			v.received("Saved")
			return
		}
		v.html(http.StatusOK, "Site administration", "<p>Welcome, <strong>"+esc(customer)+"</strong></p>")
	case path == "/basket/add/", path == "/checkout/", path == "/accounts/register/":
		v.html(http.StatusOK, "Shop", "<p>Thank you.</p>")
	case path == "/":
		v.html(http.StatusOK, "Shop", `<p><a href="/admin/login/">Log in</a></p>`)
	default:
		v.html(http.StatusNotFound, "Not Found", "")
	}
}

func djangoLogin(v *visit, form map[string]string) {
	secret := djangoUnmask(v.cookie("csrftoken"))
	var note, name string
	if v.r.Method == http.MethodPost {
		name = form["username"]
		a, known := v.shop.account(strings.TrimSpace(name), true, false)
		if known && a.Password == form["password"] {
			v.login("admin", name, form["password"], Right)
			id := djangoRandom(32)
			s := v.shop.openSession(id)
			v.shop.with(func() { s.customer = a.Email })
			djangoSetCSRF(v, djangoRandom(djangoSecret)) // rotate_token
			v.setCookie("sessionid=" + id + "; expires=Mon, 07 Dec 2026 00:00:00 GMT; HttpOnly; Max-Age=1209600; Path=/; SameSite=Lax")
			v.w.Header().Set("Cache-Control", "max-age=0, no-cache, no-store, must-revalidate, private")
			to := "/admin/"
			if next := form["next"]; strings.HasPrefix(next, "/") && !strings.HasPrefix(next, "//") {
				to = next
			}
			v.redirect(http.StatusFound, to)
			return
		}
		v.login("admin", name, form["password"], Wrong)
		note = `<p class="errornote">Please enter the correct username and password for a staff account. Note that both fields may be case-sensitive.</p>` + "\n"
	}
	if secret == "" {
		secret = djangoRandom(djangoSecret)
	}
	djangoSetCSRF(v, secret)
	next, _ := v.get.Text("next")
	v.w.Header().Set("Vary", "Cookie")
	v.html(http.StatusOK, "Log in | Django site admin", note+`<form action="`+esc(v.r.RequestURI)+`" method="post" id="login-form">
`+hidden("csrfmiddlewaretoken", djangoMask(secret))+
		field("Username:", "id_username", "username", "text", "username", name)+
		field("Password:", "id_password", "password", "password", "current-password", "")+
		hidden("next", next)+`<input type="submit" value="Log in"></form>`)
}
