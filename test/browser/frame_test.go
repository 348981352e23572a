package browser_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// tag is what a shop adds to its pages, and all that it does.
const tag = `<script src="/.login-guard/guard.js" defer></script>`

// form is a login form as most shops have it.
const form = `<form method="post" action="/login">
<p><label>E-mail <input id="email" name="email" type="email" autocomplete="username"></label></p>
<p><label>Password <input id="password" name="password" type="password" autocomplete="current-password"></label></p>
<button id="send">Sign in</button>
</form>`

// site is a shop with pages of the test's own, an API to log in at, and the
// gateway before it.
type site struct {
	pages  map[string]string // by path
	policy string            // Content-Security-Policy of the pages
	extra  string            // before login_guard in the Caddyfile
	preset string

	mu  sync.Mutex
	api []sent // what reached the API
}

// sent is a request as the shop's API got it.
type sent struct{ Type, Body string }

// login answers a login by JSON or a form: 200 with a token, or 401.
func (s *site) login(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.api = append(s.api, sent{r.Header.Get("Content-Type"), string(body)})
	s.mu.Unlock()
	for name := range r.Header {
		if strings.HasPrefix(name, "Login-Guard") {
			w.Header().Set("X-Leaked", name)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	var said struct{ Email, Password string }
	if json.Unmarshal(body, &said) != nil {
		r.Body = io.NopCloser(bytes.NewReader(body))
		said.Email, said.Password = r.FormValue("email"), r.FormValue("password")
	}
	for _, a := range []shoptest.Account{shoptest.Alice(), shoptest.Bob()} {
		if said.Email == a.Email && said.Password == a.Password {
			http.SetCookie(w, &http.Cookie{Name: "auth", Value: "yes", Path: "/", HttpOnly: true})
			fmt.Fprintf(w, `{"token":"t-%s"}`, a.Name)
			return
		}
	}
	w.WriteHeader(http.StatusUnauthorized)
	fmt.Fprint(w, `{"error":"wrong"}`)
}

// got are the logins that reached the API.
func (s *site) got() []sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.api)
}

// opens starts the site. Every page gets the tag.
func (s *site) opens(t testing.TB, options ...string) *place {
	t.Helper()
	shop := shoptest.Generic().Start(t)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/login" {
			s.login(w, r)
			return
		}
		body, ok := s.pages[r.URL.Path]
		if !ok || r.Method != http.MethodGet {
			shop.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if s.policy != "" {
			w.Header().Set("Content-Security-Policy", s.policy)
		}
		fmt.Fprintf(w, "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Shop</title>%s</head><body><main><h1>Sign in</h1>%s</main></body></html>", tag, body)
	}))
	t.Cleanup(front.Close)
	file := caddyfile("http://localhost:$PORT", front.URL, s.extra, options...)
	if s.preset != "" {
		file = strings.Replace(file, "\tlogin_guard {\n\t\tsite", "\tlogin_guard "+s.preset+" {\n\t\tsite", 1)
	}
	gate := guardtest.Start(t, file)
	return &place{t: t, shop: shop, gate: gate, url: gate.URL}
}

// frame is a frame of ours: an expression for the element.
type frame string

const (
	// theBar is the slider beside the first login form.
	theBar frame = "document.querySelector('iframe')"
	// theDialog is the check in the dialog.
	theDialog frame = "[...document.body.children].find(e => e.shadowRoot)?.shadowRoot.querySelector('iframe')"
)

// in waits for an element in a frame and returns where it is in the window.
func (p *tab) in(f frame, selector string) box {
	p.t.Helper()
	p.until(fmt.Sprintf("%s in %s can be seen", selector, f), fmt.Sprintf("%s?.contentDocument?.querySelector(%q)?.checkVisibility() && %[1]s.getBoundingClientRect().height > 40", f, selector))
	return eval[box](p, fmt.Sprintf(`(() => {
		const frame = %s, e = frame.contentDocument.querySelector(%q);
		e.scrollIntoView({block: 'center', behavior: 'instant'});
		const around = frame.getBoundingClientRect(), b = e.getBoundingClientRect();
		return {X: around.x + b.x, Y: around.y + b.y, Width: b.width, Height: b.height};
	})()`, f, selector))
}

// holds waits for a condition on a frame's document, called page.
func (p *tab) holds(f frame, what, condition string) {
	p.t.Helper()
	p.until(what, fmt.Sprintf("(page => page && (%s))(%s?.contentDocument)", condition, f))
}

// tells waits until the status line of a frame starts with words, and until
// what stands below has made room for it.
func (p *tab) tells(f frame, words string) {
	p.t.Helper()
	p.holds(f, fmt.Sprintf("the frame says %q", words), fmt.Sprintf("page.querySelector('#lg-status')?.textContent.startsWith(%q)", words))
	p.settles(f)
}

// settles waits until a frame is as high as what is in it.
func (p *tab) settles(f frame) {
	p.t.Helper()
	p.until("the frame is as high as what is in it", fmt.Sprintf("Math.abs(%s.getBoundingClientRect().height - %[1]s.contentDocument.body.getBoundingClientRect().height) < 2", f))
}

// slides pulls the slider in a frame to its end.
func (p *tab) slides(f frame) {
	p.t.Helper()
	b := p.in(f, "#lg-bar")
	// The mouse is seen in the frame for a while before it takes hold, as a
	// hand's is; from outside the last step might be all.
	for _, x := range []float64{150, 100, 60} {
		p.hover(b.X+x, b.Y+b.Height/2)
		time.Sleep(held)
	}
	p.dragIn(b, unhurried)
}
