package blackbox_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// nested is a gateway with a guard in front of another one: what the outer
// reads is none of the inner's login.
func nested(t *testing.T, shop *shoptest.Shop, outer string) *guardtest.Gateway {
	return guardtest.Start(t, fmt.Sprintf(`{
	$GLOBAL
	login_guard {
		key $KEY
	}
}
http://localhost:$PORT {
	login_guard {
		site outer
		%s
		endpoint login api {
			account_field who
			password_field secret
		}
	}
	route {
		login_guard {
			site inner
			%s
		}
		reverse_proxy %s
	}
}
`, outer, strings.Join(but("pair 3 per 10m"), "\n\t\t\t"), strings.TrimPrefix(shop.URL, "http://")))
}

func TestFieldsOfOneGuardsLoginDoNotHideTheLoginOfAnotherBehindIt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ mode, besides string }{
		"another login": {"enforce", "&who=nobody%d&secret=x"},
		"another login, nothing refused in front": {"monitor", "&who=nobody%d&secret=x"},
		"unreadable, nothing refused in front":    {"monitor", "&who=a%d&who=b&secret=x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := shoptest.Generic().Start(t)
			g := nested(t, shop, "mode "+test.mode)
			p := visitor(t, g.URL, "203.0.113.1")
			for i := range 10 {
				p.post("/login", credentials(shoptest.Alice().Email, fmt.Sprint("guess", i))+fmt.Sprintf(test.besides, i))
			}
			if got := len(shop.Logins()); got != 3 {
				t.Errorf("%d of 10 guesses at one account reached the shop, want 3", got)
			}
		})
	}
}

func TestALoginThatTwoGuardsReadAlikeCountsOnce(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := nested(t, shop, "endpoint login same {\n\t\t\taccount_field email\n\t\t\tpassword_field password\n\t\t}")
	p := visitor(t, g.URL, "203.0.113.1")
	p.signedIn(p.alice())
	if d := g.LastDecision(1); d.Site != "outer" || len(g.Decisions()) != 1 {
		t.Errorf("%+v", g.Decisions())
	}
}

func TestAGuardThatOnlyMonitorsDecidesForNoneThatEnforces(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, fmt.Sprintf(`{
	$GLOBAL
	login_guard {
		key $KEY
	}
}
http://localhost:$PORT {
	login_guard {
		site outer
		mode monitor
	}
	route {
		login_guard {
			site inner
			%s
		}
		reverse_proxy %s
	}
}
`, strings.Join(but("pair 3 per 10m"), "\n\t\t\t"), strings.TrimPrefix(shop.URL, "http://")))
	p := visitor(t, g.URL, "203.0.113.1")
	for i := range 10 {
		p.login(shoptest.Alice().Email, fmt.Sprint("guess", i))
	}
	if got := len(shop.Logins()); got != 3 {
		t.Errorf("%d of 10 guesses reached the shop, want 3", got)
	}
}
