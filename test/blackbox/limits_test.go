package blackbox_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// quiet takes the score out, so that one limit is seen by itself.
const quiet = "ladder slider off picture off second_factor off deny off"

// but turns all limits of addresses and accounts off except those named.
func but(kept ...string) []string {
	out := []string{quiet}
	for _, name := range []string{"pair", "address", "attempts", "network", "account", "device", "accounts", "challenges"} {
		off := true
		for _, k := range kept {
			if strings.HasPrefix(k, name+" ") || k == name {
				off = false
				if k != name {
					out = append(out, "limit "+k)
				}
			}
		}
		if off {
			out = append(out, "limit "+name+" off")
		}
	}
	return out
}

func limited(t *testing.T, options ...string) (*shoptest.Shop, *guardtest.Gateway) {
	t.Helper()
	shop := shoptest.Generic().Start(t)
	return shop, guardtest.Start(t, guardtest.Site(shop.URL, "", options...))
}

// denied fails the test unless nobody gets in for now, and says for how long.
func (p *person) denied(r reply) time.Duration {
	p.t.Helper()
	p.wants(r, http.StatusTooManyRequests, "deny")
	secs, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if err != nil || secs < 1 {
		p.t.Fatalf("Retry-After %q", r.Header.Get("Retry-After"))
	}
	return time.Duration(secs) * time.Second
}

// wrong fails the test unless the shop itself says that the password is
// wrong.
func (p *person) wrong(r reply) {
	p.t.Helper()
	if r.guard() != "" || r.StatusCode != http.StatusOK || !strings.Contains(r.body, `role="alert"`) {
		p.t.Fatalf("%s, Login-Guard %q, want the shop's own word on a wrong password", r.Status, r.Header.Get("Login-Guard"))
	}
}

func TestPairLimitStopsAnAddressAtOneAccountOnly(t *testing.T) {
	t.Parallel()
	shop, g := limited(t, but("pair")...)
	p := visitor(t, g.URL, "203.0.113.1")
	for i := range 5 {
		p.wrong(p.login(shoptest.Alice().Email, fmt.Sprint("guess", i)))
	}
	// One comes back every two minutes; spellings of the account are one.
	if after := p.denied(p.alice()); after > 2*time.Minute {
		t.Errorf("Retry-After %s", after)
	}
	p.denied(p.login("ALICE@shop.example", "x"))
	p.denied(p.login(" alice@shop.example", "x"))
	p.signedIn(p.login(shoptest.Bob().Email, shoptest.Bob().Password))
	other := visitor(t, g.URL, "203.0.113.2")
	other.signedIn(other.alice())
	ran(t, shop, 7)
}

// Who is told to come back later needs a way to do so.
func TestARefusalLeadsBackToTheFormThatWasSent(t *testing.T) {
	t.Parallel()
	_, g := limited(t, but("pair")...)
	p := visitor(t, g.URL, "203.0.113.1")
	for i := range 5 {
		p.wrong(p.login(shoptest.Alice().Email, fmt.Sprint("guess", i)))
	}
	body := credentials(shoptest.Alice().Email, "guess")
	for sent, back := range map[string]string{"/login?next=%2Fcart": "/login?next=%2Fcart", "/login?password=guess": "/login"} {
		r := p.post(sent, body)
		p.denied(r)
		if link := `id="lg-back" href="` + back + `"`; !strings.Contains(r.body, link) {
			t.Errorf("%s: no %s in\n%s", sent, link, r.body)
		}
	}
}

func TestASuccessIsNotChargedAndClearsNobodysFailures(t *testing.T) {
	t.Parallel()
	_, g := limited(t, quiet)
	p := visitor(t, g.URL, "203.0.113.1").withoutCookies()
	for range 15 {
		p.signedIn(p.alice())
	}
	for i := range 5 {
		p.wrong(p.login(shoptest.Bob().Email, fmt.Sprint("guess", i)))
		p.signedIn(p.alice()) // the guesser's own account
	}
	p.denied(p.login(shoptest.Bob().Email, "guess"))
}

func TestLimitsOfAnAddressStopItForAllAccounts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		what    string
		options []string
		tries   int
		same    bool // one address, else neighbours
		kind    string
	}{
		{"address", but("address"), 10, true, "deny"},
		{"address, an IPv6 /64", but("address"), 10, false, "deny"},
		{"attempts", but("attempts 7 per 10m"), 7, true, "deny"},
		{"network", but("network 6 refill 1/m"), 6, false, "picture"},
		{"accounts in ten minutes", but("accounts"), 5, true, "picture"},
		{"accounts in an hour", but("accounts 6 7"), 7, true, "deny"},
	} {
		t.Run(test.what, func(t *testing.T) {
			t.Parallel()
			shop, g := limited(t, test.options...)
			at := func(i int) *person {
				switch {
				case test.same:
					return visitor(t, g.URL, "203.0.113.1")
				case strings.Contains(test.what, "IPv6"):
					return visitor(t, g.URL, fmt.Sprintf("2001:db8:7:7::%x", i+1))
				}
				return visitor(t, g.URL, fmt.Sprintf("203.0.113.%d", i+1))
			}
			for i := range test.tries {
				p := at(i)
				r := p.login(fmt.Sprintf("nobody%d@shop.example", i), "x")
				if i == 6 && test.kind == "deny" && r.guard() == "picture" { // the limit of ten minutes
					r = p.typeIn(p.check(r, "picture"))
				}
				p.wrong(r)
			}
			p := at(test.tries)
			r := p.alice()
			if test.kind == "deny" {
				p.denied(r)
			} else {
				p.check(r, test.kind)
			}
			ran(t, shop, test.tries)
			far := visitor(t, g.URL, "198.51.100.1")
			far.signedIn(far.alice())
		})
	}
}

func TestAKnownDeviceHasItsOwnBudgetOnly(t *testing.T) {
	t.Parallel()
	_, g := limited(t)
	p := visitor(t, g.URL, "203.0.113.1")
	p.signedIn(p.alice())
	for i := range 10 {
		p.wrong(p.login(shoptest.Alice().Email, fmt.Sprint("slip", i)))
	}
	p.denied(p.alice())
	// Somebody else at that address is none of its business.
	q := visitor(t, g.URL, "203.0.113.1")
	q.signedIn(q.login(shoptest.Bob().Email, shoptest.Bob().Password))
}

func TestAPrivateAddressIsNeverDeniedForAllItsCustomers(t *testing.T) {
	t.Parallel()
	for what, address := range map[string]string{"loopback": "", "RFC 1918": "10.1.2.3", "carrier-grade NAT": "100.64.3.4", "link-local": "169.254.3.4", "IPv6": "fd00::1"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			_, g := limited(t)
			for i := range 70 {
				p := visitor(t, g.URL, address)
				r := p.login(fmt.Sprintf("customer%d@shop.example", i), "x")
				if r.StatusCode != http.StatusOK {
					t.Fatalf("the %d. customer: %s, %q", i+1, r.Status, r.Header.Get("Login-Guard"))
				}
			}
			p := visitor(t, g.URL, address)
			r := p.alice()
			c := p.check(r, "picture")
			if r := p.typeIn(c); r.guard() != "" { // no room: once more
				p.shows(r, http.StatusOK, "once_more_title")
				p.signedIn(p.alice())
			}
			out, err := g.Command("login-guard", "status", "--admin", g.AdminAddr)
			if err != nil || !strings.Contains(out, "trusted_proxies") {
				t.Errorf("status names no way out: %v\n%s", err, out)
			}
		})
	}
}

func TestAnAddressSharedByManyIsNotDenied(t *testing.T) {
	t.Parallel()
	shop, g := limited(t)
	const people = 21
	for i := range people {
		shop.AddAccount(shoptest.Account{Name: fmt.Sprint("u", i), Email: fmt.Sprintf("u%d@shop.example", i), Password: "p"})
		p := visitor(t, g.URL, "203.0.113.1")
		p.signedIn(p.login(fmt.Sprintf("u%d@shop.example", i), "p"))
	}
	for i := range 50 {
		p := visitor(t, g.URL, "203.0.113.1")
		if r := p.login(fmt.Sprintf("nobody%d@shop.example", i), "x"); r.StatusCode == http.StatusTooManyRequests {
			t.Fatalf("the %d. failure of an address that %d people share: %s", i+1, people, r.Status)
		}
	}
	// Nor is who asks for another picture after others there have had all checks,
	// and all places of the slow way.
	for i := range 10 {
		p := visitor(t, g.URL, "203.0.113.1")
		p.submit(p.check(p.login(fmt.Sprintf("waiting%d@shop.example", i), "x"), "picture"), "step", "slow")
	}
	p := visitor(t, g.URL, "203.0.113.1")
	r := p.alice()
	for range 15 {
		c := p.check(r, "picture")
		if r = p.submit(c, "step", "picture"); r.StatusCode != http.StatusOK {
			t.Fatalf("another picture: %s", r.Status)
		}
	}
}

func TestUnreadableRequestsAreCountedAndDeniedAtLast(t *testing.T) {
	t.Parallel()
	shop, g := limited(t)
	p := visitor(t, g.URL, "203.0.113.1")
	const doubled = "email=a&email=b&password=c"
	for range 60 {
		p.wants(p.post("/login", doubled), http.StatusBadRequest, "unreadable")
	}
	p.denied(p.post("/login", doubled))
	p.denied(p.alice())
	ran(t, shop, 0)
	far := visitor(t, g.URL, "198.51.100.1")
	far.signedIn(far.alice())
	private := visitor(t, g.URL, "")
	for range 65 {
		private.wants(private.post("/login", doubled), http.StatusBadRequest, "unreadable")
	}
}

func TestARetryIsNoFailureAndAnAbandonedCheckIsAnAttempt(t *testing.T) {
	t.Parallel()
	t.Run("retry", func(t *testing.T) {
		t.Parallel()
		shop := shoptest.ZenCart().Start(t)
		g := guardtest.Start(t, guardtest.Site(shop.URL, "zencart", but("pair", "attempts 9 per 10m")...))
		p := visitor(t, g.URL, "203.0.113.1")
		for range 9 {
			p.post("/index.php?main_page=login&action=process", "email_address=alice%40shop.example&password=x&securityToken=stale")
		}
		for _, d := range decided(t, g, 9) {
			if d.Outcome != "retry" || d.Action != "allow" {
				t.Errorf("%+v", d)
			}
		}
		p.denied(p.post("/index.php?main_page=login&action=process", "email_address=alice%40shop.example&password=x&securityToken=stale"))
	})
	t.Run("abandoned", func(t *testing.T) {
		t.Parallel()
		_, g := limited(t, append(but("attempts 4 per 10m"), "ask_after 3d")...)
		p := visitor(t, g.URL, "203.0.113.1")
		for i := range 4 {
			p.check(p.login(fmt.Sprint("u", i), "x"), "slider")
		}
		p.denied(p.login("u5", "x"))
	})
}

// Databases disagree whether ß is one s or two, so such a name is a guess at
// both accounts.
func TestGuessesUnderANameThatOpensTwoAccountsAreGuessesAtBoth(t *testing.T) {
	t.Parallel()
	for what, names := range map[string][]string{
		"one spelling":    {"bo\u00df@shop.example", "bo\u00df@shop.example"},
		"first the plain": {"bos@shop.example", "bo\u00df@shop.example"},
		"then the plain":  {"bo\u00df@shop.example", "bos@shop.example"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			shop, g := limited(t, but("account")...)
			for i := range 5 {
				p := visitor(t, g.URL, fmt.Sprintf("198.51.100.%d", i+1))
				p.wrong(p.login(names[0], "guess"))
			}
			p := visitor(t, g.URL, "203.0.113.1")
			if r := p.login(names[1], "guess"); r.guard() == "" {
				t.Errorf("the sixth guess reached the shop: %s", r.Status)
			}
			ran(t, shop, 5)
		})
	}
}

func TestALoginOverAPrefilledNameCountsOnBothAccountsAndTheLogSaysSo(t *testing.T) {
	t.Parallel()
	_, g := limited(t, but("pair")...)
	p := visitor(t, g.URL, "203.0.113.7")
	for i := range 5 {
		p.wrong(p.post("/login?email=bob%40shop.example", credentials("carol@shop.example", fmt.Sprint("guess", i))))
	}
	both := g.LastDecision(5)
	for i, account := range []string{"carol@shop.example", "bob@shop.example"} {
		p.denied(p.login(account, "guess"))
		alone := g.LastDecision(6 + i)
		if len(both.Accounts) != 2 || both.Accounts[i] != alone.Account || len(alone.Accounts) != 0 {
			t.Fatalf("accounts %q, want %s in place %d; for itself it has %q", both.Accounts, alone.Account, i, alone.Accounts)
		}
	}
	if both.Account != both.Accounts[0] {
		t.Errorf("account %s, of %q", both.Account, both.Accounts)
	}
}
