package blackbox_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/held"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/shoptest"
	"strings"
)

// Of nodes that share their storage one makes a new key; the check of a page
// that it showed then is answered to another, which has not heard of the key.
func TestTheFirstAnswerUnderAKeyThatAnotherNodeMadeKeepsItsLogin(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, strings.Replace(guardtest.Site(shop.URL, "", "ask_after 3d"), "key $KEY", "", 1))
	p := visitor(t, g.URL, "203.0.113.1")
	c := p.check(p.alice(), "slider")
	clearance := p.clearance(c, "pointer", "")

	file := filepath.Join(g.Storage(), "login_guard", "key")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	list, err := keys.ParseList(string(text))
	if err != nil {
		t.Fatal(err)
	}
	master := make([]byte, keys.Size) // never alike with the gateway's own: it is drawn until it is not
	var rings [2]*keys.Ring
	next := list
	for i := range byte(8) {
		master[0] = i
		next = list.Rotate(master, time.Now())
		if rings[1], err = next.Ring(time.Now()); err == nil {
			break
		}
	}
	if rings[0], err = list.Ring(time.Now()); err != nil || rings[1] == nil {
		t.Fatal(err)
	}
	slip, err := (&held.Keeper{Ring: rings[0], Site: "shop"}).Read(c.Hold)
	if err != nil {
		t.Fatal(err)
	}
	c.Hold = (&held.Keeper{Ring: rings[1], Site: "shop"}).Write(slip)
	if err := os.WriteFile(file, []byte(next.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	p.signedIn(p.goOn(c, clearance))
}
