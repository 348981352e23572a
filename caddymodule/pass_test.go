package caddymodule

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/store/embedded"
)

var nothing = caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return nil })

func visit(method, path, cookie string) (*httptest.ResponseRecorder, *http.Request) {
	r := httptest.NewRequest(method, path, nil)
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	w := httptest.NewRecorder()
	return w, caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, nil)
}

func TestWhatIsNoLoginCostsNoAllocation(t *testing.T) {
	h := withStore(t, config.Site{}, embedded.New(embedded.Options{}))
	for _, path := range []string{"/", "/shop/?page=2&sort=price", "/style.css?v=7"} {
		w, r := visit(http.MethodGet, path, "session=abc; cart=1")
		if n := testing.AllocsPerRun(100, func() {
			if err := h.ServeHTTP(w, r, nothing); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("GET %s: %v allocations", path, n)
		}
	}
}

func BenchmarkPassThrough(b *testing.B) {
	h := &Handler{}
	provision(b, h)
	w, r := visit(http.MethodGet, "/shop/?page=2", "session=abc; cart=1")
	b.ReportAllocs()
	for b.Loop() {
		_ = h.ServeHTTP(w, r, nothing)
	}
}

func BenchmarkLoginAllowed(b *testing.B) {
	h := &Handler{Site: config.Site{Limits: map[string]config.Limit{config.LimitPair: {Off: true}}}}
	provision(b, h)
	answer := caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Set-Cookie", "shop=x")
		w.Header().Set("Location", "/account")
		w.WriteHeader(http.StatusSeeOther)
		return nil
	})
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader("email=a@b.c&password=right"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, nil)
		if err := h.ServeHTTP(w, r, answer); err != nil {
			b.Fatal(err)
		}
	}
}
