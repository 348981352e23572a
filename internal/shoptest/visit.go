package shoptest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// maxBody bounds what one request may make a shop keep in memory.
const maxBody = 64 << 20

// session is a shop's own state for one session cookie.
type session struct {
	id       string
	customer string // e-mail of who is signed in; empty: nobody
	token    string // login_token, securityToken or CSRF secret
	second   string // OpenCart 4's customer_token
	cart     int
	failures int
}

// visit is one request on its way through a shop.
type visit struct {
	shop *Shop
	w    http.ResponseWriter
	r    *http.Request
	rec  *Request

	path    string // decoded, slashes and dots resolved, as web servers hand it on
	get     Array
	post    Array
	request Array // post over get
	files   map[string]File
}

func newVisit(s *Shop, w http.ResponseWriter, r *http.Request) *visit {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	sum := sha256.Sum256(body)
	rec := &Request{
		Method: r.Method, URI: r.RequestURI, Host: r.Host, Proto: r.Proto, Header: r.Header.Clone(),
		Body: body, SHA256: hex.EncodeToString(sum[:]), Truncated: err != nil,
	}
	if r.ContentLength >= 0 && (r.ContentLength > 0 || r.Method == http.MethodPost) {
		rec.Header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	if len(r.TransferEncoding) > 0 {
		rec.Header.Set("Transfer-Encoding", strings.Join(r.TransferEncoding, ", "))
	}
	v := &visit{shop: s, w: w, r: r, rec: rec, files: map[string]File{}}
	uriPath, query, _ := strings.Cut(r.RequestURI, "?")
	v.path = resolve(uriPath)
	v.get, v.post = ParsePHP(query), Array{}
	contentType := r.Header.Get("Content-Type")
	// PHP fills $_POST for POST only, by the type up to `;`, any case.
	if r.Method == http.MethodPost {
		kind, _, _ := strings.Cut(contentType, ";")
		switch kind, _, _ = strings.Cut(strings.ToLower(kind), ","); strings.TrimSpace(kind) {
		case "application/x-www-form-urlencoded":
			v.post = ParsePHP(string(body))
		case "multipart/form-data":
			v.post, v.files = ParsePHPMultipart(contentType, body)
		}
	}
	v.request = merged(v.get, v.post)
	return v
}

// resolve is what nginx and Apache do to a path before they look for the
// script: decode once, merge slashes, resolve dots. A slash at the end stays.
func resolve(raw string) string {
	p := path.Clean("/" + unescapePath(raw))
	if strings.HasSuffix(raw, "/") && p != "/" {
		p += "/"
	}
	return p
}

// unescapePath decodes percent escapes but not `+`.
func unescapePath(s string) string { return unescape(strings.ReplaceAll(s, "+", "%2B")) }

// script splits /wp-login.php/x into the script and its PATH_INFO; without a
// script it is index.php.
func (v *visit) script() string {
	if at := strings.Index(v.path, ".php"); at >= 0 {
		rest := v.path[at+len(".php"):]
		if rest == "" || rest[0] == '/' {
			return v.path[:at+len(".php")]
		}
	}
	return "/index.php"
}

// login records one run of the shop's login handler.
func (v *visit) login(door, account, password string, result Result) {
	v.shop.mu.Lock()
	defer v.shop.mu.Unlock()
	v.rec.Logins = append(v.rec.Logins, Login{Door: door, Account: account, Password: password, Result: result})
}

func (v *visit) cookie(name string) string {
	// The first of several, as PHP takes it.
	c, err := v.r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

func (v *visit) setCookie(line string) { v.w.Header().Add("Set-Cookie", line) }

// origin is the shop's own address as the browser knows it.
func (v *visit) origin() string {
	scheme := "http"
	if v.https() {
		scheme = "https"
	}
	return scheme + "://" + v.r.Host
}

func (v *visit) https() bool { return v.r.TLS != nil || v.r.Header.Get("X-Forwarded-Proto") == "https" }

func (v *visit) write(status int, contentType string, body string) {
	v.shop.mu.Lock()
	v.rec.Status = status
	v.shop.mu.Unlock()
	if contentType != "" {
		v.w.Header().Set("Content-Type", contentType)
	}
	v.w.WriteHeader(status)
	if v.r.Method != http.MethodHead {
		_, _ = io.WriteString(v.w, body) // a client that left is no concern of the shop
	}
}

func (v *visit) html(status int, title, body string) {
	v.write(status, "text/html; charset=UTF-8", `<!DOCTYPE html>
<html lang="en">
<head><meta charset="UTF-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>`+html.EscapeString(title)+`</title></head>
<body><main>
<h1>`+html.EscapeString(title)+"</h1>\n"+body+`
<p><a href="/">Shop</a></p>
</main></body>
</html>
`)
}

// json writes as PHP's json_encode does, slashes escaped.
func (v *visit) json(status int, value any) {
	b, err := json.Marshal(value)
	if err != nil {
		v.html(http.StatusInternalServerError, "Error", "")
		return
	}
	v.write(status, "application/json", strings.ReplaceAll(string(b), "/", `\/`))
}

func (v *visit) redirect(status int, location string) {
	v.w.Header().Set("Location", location)
	v.write(status, "text/html; charset=UTF-8", "")
}

// received answers an administration page's post with what came, so that a
// test sees that nothing of it was lost.
func (v *visit) received(title string) {
	body := fmt.Sprintf("<p>%d bytes, SHA-256 <code>%s</code></p>\n", len(v.rec.Body), v.rec.SHA256)
	for name, f := range v.files {
		body += fmt.Sprintf("<p>%s: %s, %d bytes, SHA-256 <code>%s</code></p>\n", esc(name), esc(f.Name), f.Size, f.SHA256)
	}
	v.html(http.StatusOK, title, body)
}

// openSession returns the session with this id, made if need be.
func (s *Shop) openSession(id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[id] == nil {
		s.sessions[id] = &session{id: id}
	}
	return s.sessions[id]
}

// knownSession returns the session with this id, nil where there is none.
func (s *Shop) knownSession(id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[id]
}

// with runs f with the shop's state locked: sessions and accounts are shared
// by concurrent requests.
func (s *Shop) with(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func esc(s string) string { return html.EscapeString(s) }

// random returns n lower-case hexadecimal digits.
func random(n int) string {
	b := make([]byte, (n+1)/2)
	rand.Read(b) // never fails since Go 1.24
	return hex.EncodeToString(b)[:n]
}

// field is one labelled input of a form that a person or a password manager
// can fill in.
func field(label, id, name, kind, autocomplete, value string) string {
	return fmt.Sprintf(`<p><label for="%[2]s">%[1]s</label> <input type="%[4]s" name="%[3]s" id="%[2]s" value="%[6]s" autocomplete="%[5]s"></p>`+"\n",
		esc(label), esc(id), esc(name), kind, autocomplete, esc(value))
}

func hidden(name, value string) string {
	return fmt.Sprintf(`<input type="hidden" name="%s" value="%s">`+"\n", esc(name), esc(value))
}
