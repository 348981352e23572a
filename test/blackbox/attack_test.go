package blackbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// campaign is n guesses, each at another account from another address.
func campaign(t *testing.T, g *guardtest.Gateway, n int) {
	t.Helper()
	for i := range n {
		visitor(t, g.URL, fmt.Sprintf("%d.%d.30.40", 20+i%200, i/200)).withoutCookies().login(fmt.Sprintf("listed%d@shop.example", i), "listed")
	}
}

func TestAnAttackFromManyAddressesIsToldByItsTwentiethAttempt(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, loud(shop))
	if text := verb(t, g, "status"); strings.Contains(text, "attack") {
		t.Errorf("an attack before there is one: %s", text)
	}
	campaign(t, g, 20)
	text := verb(t, g, "status")
	for _, want := range []string{"under attack since 20", " attempts, customers' too", "were asked for a check", "site.attack"} {
		if !strings.Contains(text, want) {
			t.Errorf("status has no %q:\n%s", want, text)
		}
	}
	var status struct {
		Sites []struct {
			Attack *struct {
				Now                                   bool
				Attempts, Challenged, Refused, Failed int
				Reasons                               []string
			}
		}
	}
	if err := json.Unmarshal([]byte(verb(t, g, "status", "--json")), &status); err != nil {
		t.Fatal(err)
	}
	a := status.Sites[0].Attack
	if a == nil || !a.Now || a.Challenged == 0 || a.Attempts < 10 || a.Challenged+a.Refused+a.Failed != a.Attempts || len(a.Reasons) == 0 {
		t.Errorf("status --json says %+v", a)
	}
	if want := `caddy_login_guard_attack{site="shop"} 1` + "\n"; !strings.Contains(metrics(t, g), want) {
		t.Errorf("the metrics have no %s", want)
	}
	told := func(log string) (warned, events int) {
		for line := range strings.SplitSeq(log, "\n") {
			if strings.Contains(line, `"level":"warn"`) && strings.Contains(line, `"msg":"the site is under attack"`) {
				warned++
			}
			if strings.Contains(line, `"name":"login_guard.attack"`) && strings.Contains(line, `"state":"start"`) {
				events++
			}
		}
		return warned, events
	}
	campaign(t, g, 40)
	if why := reload(g, loud(shop, "remember 1h")); why != "" {
		t.Fatal(why)
	}
	campaign(t, g, 10)
	if warned, events := told(g.Log()); warned != 1 || events != 1 {
		t.Errorf("it is told %d times by the log and %d times by an event, want once", warned, events)
	}
	if text := verb(t, g, "status"); !strings.Contains(text, fmt.Sprint(a.Attempts+50, " attempts")) {
		t.Errorf("a reload ends the attack of %d and 50 attempts:\n%s", a.Attempts, text)
	}
}

func TestMonitoringTellsOfAnAttackAndSaysThatNothingWasStopped(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "mode monitor"))
	campaign(t, g, 20)
	if text := verb(t, g, "status"); !strings.Contains(text, "would have been asked for a check") || !strings.Contains(text, "failed at the shop") {
		t.Errorf("status says:\n%s", text)
	}
	ran(t, shop, 20)
}

func TestCustomersWhoErrAreNoAttack(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, ""))
	for i := range 30 {
		name := fmt.Sprintf("customer%d@shop.example", i)
		shop.AddAccount(shoptest.Account{Name: name, Email: name, Password: "right for " + name})
		p := visitor(t, g.URL, fmt.Sprintf("%d.20.30.40", 20+i))
		if i%3 == 0 {
			p.wrong(p.login(name, "mistyped"))
		}
		if r := p.login(name, "right for "+name); r.StatusCode != http.StatusSeeOther && r.StatusCode != http.StatusFound {
			t.Fatalf("customer %d: %s %q", i, r.Status, r.guard())
		}
	}
	if text := verb(t, g, "status"); strings.Contains(text, "attack") {
		t.Errorf("status says:\n%s", text)
	}
}
