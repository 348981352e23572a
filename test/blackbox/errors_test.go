package blackbox_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
	"github.com/login-guard/login-guard/internal/testport"
)

// away is the address of a shop that does not answer.
func away(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", testport.Take(t, 1)[0])
}

func TestAShopThatStandsInForAnotherOneGetsNoMoreGuesses(t *testing.T) {
	t.Parallel()
	for name, onError := range map[string]string{
		"not guarded there": "reverse_proxy %s",
		"guarded there too": "route {\n\t\t\tlogin_guard {\n\t\t\t\tsite shop\n\t\t\t}\n\t\t\treverse_proxy %s\n\t\t}",
	} {
		t.Run(name, func(t *testing.T) {
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
		site shop
		%s
	}
	reverse_proxy %s
	handle_errors {
		%s
	}
}
`, strings.Join(but("pair 3 per 10m"), "\n\t\t"), away(t), fmt.Sprintf(onError, strings.TrimPrefix(shop.URL, "http://"))))
			p := visitor(t, g.URL, "203.0.113.1")
			for i := range 10 {
				p.login(shoptest.Alice().Email, fmt.Sprint("guess", i))
			}
			if got := len(shop.Logins()); got != 3 {
				t.Errorf("%d of 10 guesses reached the shop, want 3", got)
			}
			if got := g.Decisions(); len(got) == 0 {
				t.Error("no decisions")
			}
		})
	}
}
