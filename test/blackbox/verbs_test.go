package blackbox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// verb runs `login-guard login-guard VERB …` against the running gateway.
func verb(t *testing.T, g *guardtest.Gateway, args ...string) string {
	t.Helper()
	out, err := g.Command(append(append([]string{"login-guard"}, args...), "--admin", g.AdminAddr)...)
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out
}

func TestReleaseForgetsWhatWasCounted(t *testing.T) {
	t.Parallel()
	for what, args := range map[string][]string{
		"both":                       {"--address", "203.0.113.1", "--account", "Alice@Shop.Example"},
		"address, of its own budget": {"--address", "203.0.113.1"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			options := but("pair")
			if len(args) == 2 {
				options = but("address")
			}
			_, g := limited(t, options...)
			p := visitor(t, g.URL, "203.0.113.1")
			for range 10 {
				p.login(shoptest.Alice().Email, "x")
			}
			p.denied(p.alice())
			if out := verb(t, g, append([]string{"release"}, args...)...); strings.Contains(strings.ToLower(out), "alice") {
				t.Errorf("the answer names the account: %s", out)
			}
			p.signedIn(p.alice())
		})
	}
}

func TestReleaseOfAnAccountTakesItsWallAway(t *testing.T) {
	t.Parallel()
	_, g := limited(t, but("account")...)
	for i := range 5 {
		p := visitor(t, g.URL, "203.0.113.1")
		p.wrong(p.login(shoptest.Alice().Email, strings.Repeat("x", i+1)))
	}
	p := visitor(t, g.URL, "203.0.113.1")
	p.check(p.alice(), "slider")
	verb(t, g, "release", "--account", shoptest.Alice().Email)
	p.signedIn(p.alice())
}

func TestRevokeForgetsDevicesAndPassesOfAnAccountOrOfAll(t *testing.T) {
	t.Parallel()
	_, g := asking(t)
	alice, bob := visitor(t, g.URL, "203.0.113.1"), visitor(t, g.URL, "203.0.113.2")
	bobs := func() reply { return bob.login(shoptest.Bob().Email, shoptest.Bob().Password) }
	alice.signedIn(alice.slide(alice.check(alice.alice(), "slider")))
	bob.signedIn(bob.slide(bob.check(bobs(), "slider")))
	alice.signedIn(alice.alice())
	verb(t, g, "revoke", "--account", shoptest.Alice().Email)
	bob.signedIn(bobs())
	c := alice.check(alice.alice(), "slider")
	verb(t, g, "revoke", "--all")
	bob.check(bobs(), "slider")
	// What is earned afterwards counts again.
	alice.signedIn(alice.slide(c))
}

func TestModeChangesAtRunTimeAndOutlivesAReload(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	site := guardtest.Site(shop.URL, "", "ask_after 3d")
	g := guardtest.Start(t, site)
	p := visitor(t, g.URL, "203.0.113.1").withoutCookies()
	p.check(p.alice(), "slider")
	verb(t, g, "mode", "monitor")
	p.signedIn(p.alice())
	if d := g.LastDecision(2); d.Mode != "monitor" || d.Action != "allow" || d.Would != "slider" {
		t.Errorf("%+v", d)
	}
	if why := reload(g, site+"# again\nhttp://localhost:$PORT2 {\n\trespond ok\n}\n"); why != "" {
		t.Fatal(why)
	}
	p.signedIn(p.alice())
	if out := verb(t, g, "status"); !strings.Contains(out, "monitor (set at run time)") {
		t.Errorf("status:\n%s", out)
	}
	verb(t, g, "mode", "default")
	p.check(p.alice(), "slider")
	if out, err := g.Command("login-guard", "mode", "off", "--admin", g.AdminAddr); err == nil {
		t.Errorf("there is no mode off:\n%s", out)
	}
}

func TestStatusSaysWhatIsGuardedAndWhatHappened(t *testing.T) {
	t.Parallel()
	_, g := asking(t)
	p := visitor(t, g.URL, "203.0.113.1")
	p.signedIn(p.slide(p.check(p.alice(), "slider")))
	p.wrong(p.login(shoptest.Alice().Email, "x"))
	out := verb(t, g, "status")
	for _, want := range []string{"shop: enforce", "generic", "ask after  3d", "success 1", "failure 1", "slider 1"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	var s struct {
		Sites []struct {
			Site, Mode string
			Since      struct{ Attempts int } `json:"since_start"`
		}
	}
	if err := json.Unmarshal([]byte(verb(t, g, "status", "--json")), &s); err != nil || len(s.Sites) != 1 || s.Sites[0].Site != "shop" || s.Sites[0].Since.Attempts != 3 {
		t.Errorf("%v: %+v", err, s)
	}
	// Our own binary takes the verb directly too.
	if direct, err := g.Command("status", "--admin", g.AdminAddr); err != nil || !strings.Contains(direct, "shop: enforce") {
		t.Errorf("%v\n%s", err, direct)
	}
}

func TestChangesByTheAdminAPINeedJSON(t *testing.T) {
	t.Parallel()
	_, g := asking(t)
	r, err := http.Post("http://"+g.AdminAddr+"/login_guard/mode", formType, strings.NewReader(`{"mode":"monitor"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("a web page's form may set the mode: %s", r.Status)
	}
	for path, body := range map[string]string{"mode": `{"mode":"off"}`, "release": `{}`, "revoke": `{}`, "mode ": `{"mode":"monitor","extra":1}`} {
		if status, out := g.Admin(http.MethodPost, "/login_guard/"+strings.TrimSpace(path), body); status < 400 {
			t.Errorf("%s %s: %d %s", path, body, status, out)
		}
	}
	if status, _ := g.Admin(http.MethodGet, "/login_guard/release", ""); status != http.StatusMethodNotAllowed {
		t.Errorf("GET changes something: %d", status)
	}
}

func TestAReferenceLetsItsCustomerIn(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "ladder slider off picture off second_factor off deny off"))
	p := visitor(t, g.URL, "203.0.113.70")
	alice := shoptest.Alice()
	var r reply
	for range 6 {
		r = p.login(alice.Email, "wrong")
	}
	p.wants(r, http.StatusTooManyRequests, "deny")
	out, err := g.Command("release", "--ref", r.ref(), "--admin", g.AdminAddr)
	if err != nil || !strings.Contains(out, "released") {
		t.Fatalf("%v: %s", err, out)
	}
	p.signedIn(p.login(alice.Email, alice.Password))
	if out, err := g.Command("release", "--ref", "0000-0000", "--admin", g.AdminAddr); err == nil || !strings.Contains(out, "references") {
		t.Errorf("an unknown reference: %v: %s", err, out)
	}
}

func TestAKeyIsChangedWhileALoginIsHeldAndNobodyIsAskedAgain(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, strings.Replace(guardtest.Site(shop.URL, "", "ask_after 3d"), "key $KEY", "", 1))
	alice, bob := visitor(t, g.URL, "203.0.113.1"), visitor(t, g.URL, "203.0.113.2")
	alice.signedIn(alice.slide(alice.check(alice.alice(), "slider")))
	held := bob.check(bob.login(shoptest.Bob().Email, shoptest.Bob().Password), "slider")
	if out := verb(t, g, "rotate-key"); !strings.Contains(out, "180 days") {
		t.Errorf("got %s", out)
	}
	bob.signedIn(bob.slide(held))
	alice.signedIn(alice.alice())
	if why := reload(g, strings.Replace(guardtest.Site(shop.URL, "", "ask_after 3d"), "key $KEY", "", 1)); why != "" {
		t.Fatal(why)
	}
	alice.signedIn(alice.alice())
	bob.signedIn(bob.login(shoptest.Bob().Email, shoptest.Bob().Password))
}

// A node whose key is another's cannot open what that one made. Nothing gets
// through by it, and the shopper is asked afresh.
func TestWhatAnotherNodeMadeIsAskedAfreshAndCounted(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	site := guardtest.Site(shop.URL, "", "ask_after 3d")
	other := guardtest.Start(t, strings.Replace(site, "$KEY", strings.Repeat("7", 64), 1))
	g := guardtest.Start(t, site)
	p := visitor(t, other.URL, "203.0.113.1")
	p.signedIn(p.slide(p.check(p.alice(), "slider")))
	p.base = g.URL
	c := p.check(p.alice(), "slider")
	p.signedIn(p.slide(c))
	if _, metrics := g.Admin(http.MethodGet, "/metrics", ""); strings.Contains(metrics, "foreign_seals_total 0\n") || !strings.Contains(metrics, "foreign_seals_total ") {
		t.Error("it is not counted")
	}
	if !strings.Contains(g.Log(), "set the same `key` on each and `store redis`") {
		t.Error("the log does not say what to do")
	}
}
