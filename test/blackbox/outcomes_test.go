package blackbox_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

func TestALargeAnswerToALoginGoesOutWholeAndIsUnknown(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("0123456789abcdef", 200<<10) // 3.2 MB
	g := behind(t, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "fresh"})
		w.Header().Set("Location", "/account")
		w.WriteHeader(http.StatusSeeOther)
		if r.URL.Path == "/login" {
			io.WriteString(w, large)
		}
	})
	p := visitor(t, g.URL, "203.0.113.1")
	small := p.post("/small/login", credentials("small@shop.example", "x"))
	if d := g.LastDecision(1); d.Outcome != "success" || small.cookie(deviceCookie) == nil {
		t.Fatalf("the same without its length: %+v", d)
	}
	r := p.alice()
	if r.body != large || r.cookie("session") == nil || r.cookie(deviceCookie) != nil {
		t.Errorf("%s, %d bytes of %d, %q", r.Status, len(r.body), len(large), r.Header["Set-Cookie"])
	}
	if d := g.LastDecision(2); d.Outcome != "unknown" || d.Action != "allow" {
		t.Errorf("%+v", d)
	}
}

func TestASlowShopKeepsNobodyElseWaiting(t *testing.T) {
	t.Parallel()
	shop, g := asking(t)
	slow, quick := visitor(t, g.URL, "203.0.113.1"), visitor(t, g.URL, "203.0.113.2")
	c := slow.check(slow.alice(), "slider")
	clearance := slow.clearance(c, "pointer", "")
	shop.SetDelay(5 * time.Second)
	done := make(chan reply, 1)
	go func() { done <- slow.goOn(c, clearance) }()
	eventually(t, "request at the shop", func() bool { return len(shop.Requests()) > 0 })
	quick.check(quick.login(shoptest.Bob().Email, "x"), "slider")
	select {
	case r := <-done:
		t.Errorf("a check came after the answer of the slow shop: %s", r.Status)
	default:
		slow.signedIn(<-done)
	}
	ran(t, shop, 1)
}

func TestWhoLeavesBeforeTheAnswerIsChargedAllTheSame(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		make         func() *shoptest.Shop
		preset, body string
	}{
		"no known shop": {shoptest.Generic, "", "email=alice%40shop.example&password=guess"},
		"a preset":      {shoptest.OpenCart3, "opencart3", "email=alice%40shop.example&password=guess"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := test.make().Start(t)
			g := guardtest.Start(t, guardtest.Site(shop.URL, test.preset, but("pair 2 per 10m")...))
			shop.SetDelay(10 * time.Second)
			p := visitor(t, g.URL, "203.0.113.1")
			for i := range 2 {
				ctx, cancel := context.WithCancel(context.Background())
				r := p.request(http.MethodPost, "/login", formType, test.body).WithContext(ctx)
				go func() {
					for len(shop.Requests()) <= i {
						time.Sleep(5 * time.Millisecond)
					}
					cancel()
				}()
				if resp, err := p.client.Do(r); err == nil {
					resp.Body.Close()
					t.Fatal("the answer came before the client left")
				}
				if d := g.LastDecision(i + 1); d.Outcome != "unknown" {
					t.Errorf("nobody knows what came of it: %+v", d)
				}
			}
			p.denied(p.post("/login", test.body))
		})
	}
}
