package caddymodule

import (
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/login-guard/login-guard/internal/page"
)

// readForm reads a form of ours that was posted to an address of ours.
func (h *Handler) readForm(w http.ResponseWriter, r *http.Request) (map[string]string, bool) {
	_ = http.NewResponseController(w).SetReadDeadline(h.now().Add(30 * time.Second))
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		return nil, false
	}
	f := make(map[string]string, len(r.PostForm))
	for name, values := range r.PostForm {
		if len(values) != 1 {
			return nil, false
		}
		f[name] = values[0]
	}
	return f, true
}

// serveSecond is the second factor's own address: of logins that scripts sent,
// and of the button that ends a sign-in.
func (h *Handler) serveSecond(w http.ResponseWriter, r *http.Request, g *guard, shop caddyhttp.Handler) error {
	if h.second == nil {
		http.NotFound(w, r)
		return nil
	}
	own := ownCookies{second: cookieOf(r, secondCookie), device: cookieOf(r, deviceCookie), pass: cookieOf(r, passCookie), trust: cookieOf(r, trustCookie)}
	switch {
	case r.Method == http.MethodOptions:
		h.allowOrigin(w, r)
		w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
		w.WriteHeader(http.StatusNoContent)
		return nil
	case !navigates(r) && (r.Method == http.MethodGet || strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")):
		return h.serveSecondScript(w, r, g, own)
	case r.Method != http.MethodPost:
		return h.shutPage(w, r, g, own)
	}
	f, ok := h.readForm(w, r)
	if !ok {
		return h.message(w, r, http.StatusForbidden, page.Foreign, "")
	}
	return h.secondForm(w, r, g, f, own, shop)
}
