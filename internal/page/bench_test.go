package page

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"
)

// discard is a connection that costs nothing, so that what is measured is the
// page.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }

// benchmark answers what a browser sends with each login.
func benchmark(b *testing.B, answer func(p *Pages, w http.ResponseWriter, r *http.Request) error) {
	p, err := New(Theme{})
	if err != nil {
		b.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/login", nil)
	r.Host, r.TLS = "shop.example", &tls.ConnectionState{}
	r.Header.Set("Accept-Language", "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7")
	r.Header.Set("Referer", "https://shop.example/login")
	w := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		if err := answer(p, w, r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDenialPage(b *testing.B) {
	benchmark(b, func(p *Pages, w http.ResponseWriter, r *http.Request) error {
		return p.Write(w, r, http.StatusTooManyRequests, View{Kind: Deny, Ref: "7KQ2-M4XD", Seconds: 120})
	})
}

func BenchmarkDenialProblem(b *testing.B) {
	benchmark(b, func(p *Pages, w http.ResponseWriter, r *http.Request) error {
		return p.Problem(w, r, http.StatusTooManyRequests, Problem{Kind: Deny, Ref: "7KQ2-M4XD", RetryAfter: 120})
	})
}

func BenchmarkSliderPage(b *testing.B) {
	v := view(Slider)
	benchmark(b, func(p *Pages, w http.ResponseWriter, r *http.Request) error {
		return p.Write(w, r, http.StatusOK, v)
	})
}

// BenchmarkNew is what each login_guard block costs when a configuration is
// loaded.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(Theme{}); err != nil {
			b.Fatal(err)
		}
	}
}
