package blackbox_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// oddNames are ways to write alice that WordPress reads as her; N is a number, so
// that there are as many of each as anybody likes.
var oddNames = []string{
	`alice<a ">N">`, `al<a '>N'>ice`, `alice<script>N</script>`, `alice<style x>N</style>`, `al<bN>ice`, `alice%0N`, `alice%éN`, `alice&N;`, `alice<!--">N"-->`,
}

// spelled is the nth spelling of alice.
func spelled(n int) string {
	if n < len(oddNames) {
		return strings.ReplaceAll(oddNames[n], "N", "7")
	}
	return "al" + strings.Repeat("£", n) + "ice"
}

// WordPress changes a name before it looks it up, and XML-RPC does not say whose
// the calls are.
func TestAnOddNameOpensNothingAtADoorThatDoesNotTell(t *testing.T) {
	t.Parallel()
	shop := shoptest.WordPress().Start(t)
	alice := shoptest.Alice()
	joerg := shoptest.Account{Email: "joerg@shop.example", Name: "joerg", Password: alice.Password}
	shop.AddAccount(joerg)
	g := guardtest.Start(t, secondSite(door{preset: "woocommerce"}, shop, unlimited))
	for i, a := range []shoptest.Account{alice, joerg} {
		owner := visitor(t, g.URL, fmt.Sprintf("198.51.100.%d", 7+i))
		owner.post("/wp-login.php", url.Values{"log": {a.Name}, "pwd": {a.Password}}.Encode())
		owner.enrols()
	}
	call := func(p *person, name string) reply {
		name = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;").Replace(name)
		return p.do(p.request("POST", "/xmlrpc.php", "text/xml", "<?xml version=\"1.0\"?><methodCall><methodName>wp.getUsersBlogs</methodName><params><param><value><string>"+
			name+"</string></value></param><param><value><string>"+alice.Password+"</string></value></param></params></methodCall>"))
	}
	names := []string{"alice", "jörg", "joerg", "JÖRG", "jo\u0308rg"}
	for n := range len(oddNames) + 3 {
		names = append(names, spelled(n))
	}
	for i, name := range names {
		p := visitor(t, g.URL, fmt.Sprintf("203.0.113.%d", i+1))
		if r := call(p, name); strings.Contains(r.body, "blogName") {
			t.Errorf("as %q the password alone is answered: %s", name, cut(r.body))
		}
	}
	// Who has none has no such calls refused.
	p := visitor(t, g.URL, "198.51.100.20")
	bob := shoptest.Bob()
	r := p.do(p.request("POST", "/xmlrpc.php", "text/xml", "<?xml version=\"1.0\"?><methodCall><methodName>wp.getUsersBlogs</methodName><params><param><value><string>"+
		bob.Name+"</string></value></param><param><value><string>"+bob.Password+"</string></value></param></params></methodCall>"))
	if !strings.Contains(r.body, "blogName") {
		t.Errorf("who has no factor: %d %q %s", r.StatusCode, r.guard(), cut(r.body))
	}
}

// Nor is each spelling another account to guess at.
func TestAnOddNameHasNoBudgetOfItsOwn(t *testing.T) {
	t.Parallel()
	for preset, c := range map[string]struct {
		shop   *shoptest.Shop
		path   string
		fields func(n int) url.Values
	}{
		"woocommerce": {shoptest.WordPress().Start(t), "/wp-login.php", func(n int) url.Values {
			return url.Values{"log": {spelled(n)}, "pwd": {fmt.Sprint("guess", n)}}
		}},
		// Zen Cart takes backslashes out of the address.
		"zencart": {shoptest.ZenCart().Start(t), "/index.php?main_page=login", func(n int) url.Values {
			return url.Values{"email_address": {"al" + strings.Repeat(`\\`, n) + "ice@shop.example"}, "password": {fmt.Sprint("guess", n)}}
		}},
	} {
		t.Run(preset, func(t *testing.T) {
			g := guardtest.Start(t, guardtest.Site(c.shop.URL, preset, "ladder slider off picture off", "limit accounts off", "limit address off", "limit network off"))
			p := visitor(t, g.URL, "203.0.113.9")
			reached := 0
			for n := range 12 {
				r := p.post(c.path, c.fields(n).Encode())
				if r.guard() == "" && r.StatusCode != 400 && r.StatusCode != 429 {
					reached++
				}
			}
			if reached == 0 || reached > 5 {
				t.Errorf("%d of 12 spellings of one account reached the shop; five do", reached)
			}
		})
	}
}
