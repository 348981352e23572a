package blackbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

func TestAPageThatStandsOpenIsRenewedTwelveTimes(t *testing.T) {
	t.Parallel()
	shop, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	c := p.check(p.alice(), "slider")
	renew := func(token string) reply {
		return p.do(p.request(http.MethodPost, c.Prefix+"renew", "application/json",
			fmt.Sprintf(`{"hold":%q,"challenge":%q}`, c.Hold, token), "Sec-Fetch-Mode", "cors"))
	}
	for i := range 12 {
		var v shoptest.Verdict
		r := renew(c.Task.Token)
		if err := json.Unmarshal([]byte(r.body), &v); err != nil || r.StatusCode != http.StatusOK || v.Task.Token == "" || v.Task.Token == c.Task.Token {
			t.Fatalf("renewal %d: %s %s", i+1, r.Status, r.body)
		}
		c.Task = v.Task
	}
	if r := renew(c.Task.Token); !strings.Contains(r.body, "gone") || strings.Contains(r.body, "token") {
		t.Errorf("a thirteenth time: %s %s", r.Status, r.body)
	}
	p.signedIn(p.slide(c)) // the last check is still good
	ran(t, shop, 1)
}

func TestANetworkThatIsWorseAsksForMoreAndLosesNoLogin(t *testing.T) {
	t.Parallel()
	list := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(list, []byte("198.51.100.0/24\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	shop := shoptest.Generic().Start(t)
	site := guardtest.Site(shop.URL, "", "ask_after 3d", "ladder slider 1 picture 2")
	g := guardtest.Start(t, strings.Replace(site, "key $KEY", "key $KEY\n\t\tlist tor "+list+"\n\t\tlist blocked "+list, 1))
	p := visitor(t, g.URL, "203.0.113.1")
	c := p.check(p.alice(), "slider")
	p = p.moved("198.51.100.7")
	asked := p.slide(c)
	ran(t, shop, 0)
	picture := p.check(asked, "picture")
	if picture.Action != c.Action || picture.Ref != c.Ref {
		t.Errorf("another login: %s %s, was %s %s", picture.Action, picture.Ref, c.Action, c.Ref)
	}
	p.signedIn(p.typeIn(picture))
	ran(t, shop, 1)
	if d := g.LastDecision(3); d.Action != "allow" || d.Outcome != "success" || !strings.Contains(fmt.Sprint(d.Reasons), "reputation.tor") {
		t.Errorf("%+v", d)
	}
}
