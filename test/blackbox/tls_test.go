package blackbox_test

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"

	"github.com/quic-go/quic-go/http3"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

func TestAHeldLoginGoesInOverTLSByEveryProtocol(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	plain := guardtest.Site(shop.URL, "", "ask_after 3d")
	g := guardtest.Start(t, plain+strings.Replace(plain[strings.Index(plain, "http://localhost"):],
		"http://localhost:$PORT {", "https://localhost:$PORT2 {\n\ttls internal", 1))
	trust := &tls.Config{InsecureSkipVerify: true} // the authority is a minute old
	protocols := map[string]http.RoundTripper{
		"HTTP/1.1": &http.Transport{TLSClientConfig: trust.Clone(), TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}},
		"HTTP/2.0": &http.Transport{TLSClientConfig: trust.Clone(), ForceAttemptHTTP2: true},
		"HTTP/3.0": &http3.Transport{TLSClientConfig: trust.Clone()},
	}
	for proto, transport := range protocols {
		t.Run(proto, func(t *testing.T) {
			t.Parallel()
			p := visitor(t, g.Expand("https://localhost:$PORT2"), "203.0.113.1")
			p.client.Transport = transport
			first := p.alice()
			if first.Proto != proto {
				t.Fatalf("%s is spoken", first.Proto)
			}
			r := p.slide(p.check(first, "slider"))
			p.signedIn(r)
			for _, name := range []string{deviceCookie, passCookie} {
				c := r.cookie("__Host-" + name)
				if c == nil || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || r.cookie(name) != nil {
					t.Errorf("%s in %q", name, r.Header["Set-Cookie"])
				}
			}
			p.signedIn(p.alice())
			p.wrong(p.login(shoptest.Alice().Email, "typo"))
			p.check(p.login(shoptest.Bob().Email, "x"), "slider")
			p.wants(p.post("/login", "email=a&email=b&password=c"), http.StatusBadRequest, "unreadable")
			p.get("/account")
		})
	}
}
