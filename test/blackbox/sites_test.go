package blackbox_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

func TestSeveralPresetsGuardOneSite(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "woocommerce zencart django", quiet, "endpoint login api {\n\t\t\taccount_field who\n\t\t\tpassword_field secret\n\t\t}"))
	p := visitor(t, g.URL, "203.0.113.1")
	for i, test := range []struct{ path, body, endpoint string }{
		{"/my-account/", "username=a&password=b&login=1", "woocommerce"},
		{"/wp-login.php", "log=a&pwd=b", "wp-login"},
		{"/index.php?main_page=login", "email_address=a&password=b", "zencart"},
		{"/admin/login/", "username=a&password=b", "django"},
		{"/session", "who=a&secret=b", "api"},
	} {
		p.post(test.path, test.body)
		if d := g.LastDecision(i + 1); d.Endpoint != test.endpoint || d.Action != "allow" {
			t.Errorf("%s: %+v", test.path, d)
		}
	}
}

func TestCountersBelongToTheSiteByItsName(t *testing.T) {
	t.Parallel()
	for name, shares := range map[string]bool{"shop": true, "other": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := shoptest.Generic().Start(t)
			options := strings.Join(but("pair 3 per 10m"), "\n\t\t")
			g := guardtest.Start(t, guardtest.Site(shop.URL, "", options)+fmt.Sprintf(`
http://localhost:$PORT2 {
	login_guard {
		site %s
		%s
	}
	reverse_proxy %s
}
`, name, options, strings.TrimPrefix(shop.URL, "http://")))
			p, q := visitor(t, g.URL, "203.0.113.1"), visitor(t, g.Expand("http://localhost:$PORT2"), "203.0.113.1")
			for i := range 3 {
				p.wrong(p.login(shoptest.Alice().Email, fmt.Sprint("guess", i)))
			}
			p.denied(p.alice())
			if shares {
				q.denied(q.alice())
			} else {
				q.signedIn(q.alice())
			}
			// A Host header of the client's own choice is no other site.
			r := p.request("POST", "/login", formType, credentials(shoptest.Alice().Email, "x"))
			r.Host = "LOCALHOST:" + fmt.Sprint(g.Port)
			p.denied(p.do(r))
		})
	}
}
