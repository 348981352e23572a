package blackbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// Who passes many checks first and sends the guesses afterwards meets the
// limits of that moment.
func TestChecksPassedInAdvanceBuyNoGuessBeyondTheLimit(t *testing.T) {
	t.Parallel()
	shop, g := limited(t, append(but("pair 3 per 10m"), "ask_after 3d")...)
	p := visitor(t, g.URL, "203.0.113.70").withoutCookies()
	var checks []*shoptest.Check
	var clearances []string
	for i := range 6 {
		c := p.check(p.login(shoptest.Alice().Email, fmt.Sprint("guess", i)), "slider")
		checks, clearances = append(checks, c), append(clearances, p.clearance(c, "pointer", ""))
	}
	for i, c := range checks {
		if r := p.goOn(c, clearances[i]); i < 3 {
			p.wrong(r)
		} else {
			p.denied(r)
		}
	}
	ran(t, shop, 3)
}

// Another website may have its own login posted by whoever visits it. The
// visitor who passes the check must not be signed in as somebody else.
func TestALoginPostedByAnotherWebsiteIsNotKept(t *testing.T) {
	t.Parallel()
	shop, g := asking(t, "origins https://www.example")
	from := func(origin string) []string {
		return []string{"Sec-Fetch-Site", "cross-site", "Origin", origin, "Referer", origin + "/"}
	}
	p := visitor(t, g.URL, "203.0.113.74")
	p.shows(p.slide(p.check(p.alice(from("https://evil.example")...), "slider")), http.StatusOK, "once_more_title")
	q := visitor(t, g.URL, "203.0.113.75") // without script
	q.shows(q.typeIn(q.check(q.alice(from("https://evil.example")...), "slider")), http.StatusOK, "once_more_title")
	ran(t, shop, 0)
	q.signedIn(q.alice()) // typed by the visitor
	listed := visitor(t, g.URL, "203.0.113.78")
	listed.signedIn(listed.slide(listed.check(listed.alice(from("https://www.example")...), "slider")))
	if r := shop.Requests()[1]; r.Header.Get("Sec-Fetch-Site") != "cross-site" || r.Header.Get("Origin") != "https://www.example" {
		t.Errorf("the shop is told otherwise: %v", r.Header)
	}
}

// Browsers send cookies along when a website leads its visitor to a shop's
// address. Such guesses are not the owner's.
func TestAnotherWebsiteCannotSpendTheBudgetOfItsVisitorsDevice(t *testing.T) {
	t.Parallel()
	_, g := limited(t)
	p := visitor(t, g.URL, "203.0.113.77")
	p.signedIn(p.alice())
	for i := range 15 {
		p.get("/login?"+credentials(shoptest.Alice().Email, fmt.Sprint("guess", i)), "Sec-Fetch-Site", "cross-site", "Referer", "https://evil.example/")
	}
	counted(t, g, 16)
	p.signedIn(p.alice())
	// Nor can it make the device its own.
	bob := shoptest.Bob()
	p.signedIn(p.moved("198.51.100.20").login(bob.Email, bob.Password, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"))
	for i := range 6 { // strangers meet the check from now on
		q := visitor(t, g.URL, fmt.Sprintf("5.9.%d.7", i))
		q.login(shoptest.Alice().Email, fmt.Sprint("guess", i))
	}
	p.signedIn(p.alice())
}

// Shops that judge a request by what sort of page sent it must see the page
// of the login, not that of the check.
func TestAHeldLoginSaysWhichPageSentIt(t *testing.T) {
	t.Parallel()
	for _, site := range []string{"same-origin", "same-site", "none", ""} {
		t.Run("from "+site, func(t *testing.T) {
			t.Parallel()
			shop, g := asking(t)
			p := visitor(t, g.URL, "203.0.113.76")
			p.signedIn(p.slide(p.check(p.alice("Sec-Fetch-Site", site, "Origin", "https://www.shop.example"), "slider")))
			r := shop.Requests()[0]
			if got := r.Header.Get("Sec-Fetch-Site"); got != site || r.Header.Get("Origin") != "https://www.shop.example" {
				t.Errorf("the shop sees Sec-Fetch-Site %q, Origin %q", got, r.Header.Get("Origin"))
			}
		})
	}
}

func TestNoPageOfOursNamesThePasswordOrTheAccount(t *testing.T) {
	t.Parallel()
	secrets := canaries{}
	account, password := "Canary.Account@shop.example", "Canary-Passw0rd&x"
	secrets.add("account", account)
	secrets.add("password", password)
	form := credentials(account, password)
	graphql := "query=" + url.QueryEscape(fmt.Sprintf("mutation { login(username: %q, password: %q) { __typename } }", account, password))
	for what, test := range map[string]struct{ method, path, contentType, body string }{
		"GraphQL in a query":   {http.MethodGet, "/shop-api?" + graphql, "", ""},
		"GraphQL variables":    {http.MethodGet, "/shop-api?query=" + url.QueryEscape("mutation L($u: String!, $p: String!) { login(username: $u, password: $p) { __typename } }") + "&variables=" + url.QueryEscape(fmt.Sprintf(`{"u":%q,"p":%q}`, account, password)), "", ""},
		"fields without names": {http.MethodGet, "/legacy?" + url.Values{"a": {account}, "b": {password}}.Encode(), "", ""},
		"a PIN in brackets":    {http.MethodGet, "/club?" + url.Values{"user[name]": {account}, "user[pin]": {password}}.Encode(), "", ""},
		"a form":               {http.MethodPost, "/login", formType, form},
		"a query":              {http.MethodGet, "/login?back=%2Fcart&" + form, "", ""},
		"a query and a form":   {http.MethodPost, "/login?" + form, formType, form},
		"JSON":                 {http.MethodPost, "/login", "application/json", fmt.Sprintf(`{"email":%q,"password":%q}`, account, password)},
		"unreadable":           {http.MethodPost, "/login?" + form, formType, form + "&email=twice"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			shop := shoptest.Generic().Start(t)
			own := "endpoint login legacy {\n\t\t\tpath /legacy /again/legacy\n\t\t\talways\n\t\t}"
			if what != "fields without names" {
				own = ""
			}
			g := guardtest.Start(t, guardtest.Site(shop.URL, "generic vendure", "ask_after 3d", "limit attempts 3 per 10m", own,
				"endpoint login club {\n\t\t\taccount_field *[name]\n\t\t\tpassword_field *[pin]\n\t\t}"))
			p := visitor(t, g.URL, "203.0.113.71")
			pages := map[string]reply{"the first page": p.do(p.request(test.method, test.path, test.contentType, test.body))}
			if what != "unreadable" {
				c := p.check(pages["the first page"], "slider")
				picture := p.submit(c, "step", "picture")
				pages["the picture"] = picture
				pages["the slow way"] = p.submit(p.check(picture, "picture"), "step", "slow")
			}
			for range 3 {
				pages["the refusal"] = p.post("/login", form+"&email=twice")
			}
			// The very same login again would be the one that waits.
			pages["the denial"] = p.do(p.request(test.method, "/again"+test.path, test.contentType, test.body))
			p.denied(pages["the denial"])
			pages["what scripts get"] = p.do(p.request(test.method, test.path, test.contentType, test.body, scripted...))
			for page, r := range pages {
				secrets.find(t, page, fmt.Sprint(r.Header, r.body))
			}
		})
	}
}

// OpenCart's own script reads where to go from JSON; once its login was
// held, the guard makes a redirect of it.
func TestNoRedirectOfOursLeavesTheShop(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]string{
		"/index.php?route=account/account":    "/index.php?route=account/account",
		"https://evil.example/":               "/",
		"//evil.example":                      "/",
		`/\evil.example`:                      "/",
		" //evil.example":                     "/",
		"/\t/evil.example":                    "/",
		"http:evil.example":                   "/",
		"javascript:alert(1)":                 "/",
		"http://localhost.evil.example/":      "/",
		"http://localhost:$PORT@evil.example": "/",
		"http://evil@localhost:$PORT/":        "/",
	} {
		t.Run(to, func(t *testing.T) {
			t.Parallel()
			var g *guardtest.Gateway
			shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_ = json.NewEncoder(w).Encode(map[string]string{"redirect": g.Expand(to)})
			}))
			t.Cleanup(shop.Close)
			g = guardtest.Start(t, guardtest.Site(shop.URL, "opencart4", "ask_after 3d"))
			p := visitor(t, g.URL, "203.0.113.72")
			held := p.post("/index.php?route=account/login.login", credentials("alice@shop.example", "x"),
				append([]string{"Referer", strings.TrimSpace(strings.ReplaceAll(g.Expand(to), "\t", ""))}, scripted...)...)
			if held.guard() != "slider" {
				t.Fatalf("%s %q", held.Status, held.guard())
			}
			done := p.slide(p.check(p.get("/.login-guard/challenge/"+held.ref()), "slider"))
			if at := done.Header.Get("Location"); done.StatusCode != http.StatusSeeOther || at != want {
				t.Errorf("%s to %q, want %q", done.Status, at, want)
			}
		})
	}
}

// Registrations, resets, codes and changes have budgets of their own, and
// logins go on meanwhile.
func TestOtherWaysToAnAccountHaveBudgetsOfTheirOwn(t *testing.T) {
	t.Parallel()
	for kind, byAccount := range map[string]bool{"register": false, "reset": true, "code": true, "change": false} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			shop, g := limited(t, quiet, "limit "+kind+" 4 per 1h",
				"endpoint "+kind+" {\n\t\t\tpath /side\n\t\t\taccount_field email\n\t\t\tpassword_field code\n\t\t}")
			reached := func() (n int) {
				for _, r := range shop.Requests() {
					if strings.HasPrefix(r.URI, "/side") {
						n++
					}
				}
				return n
			}
			send := func(p *person, account string, i int) reply {
				return p.post("/side", fmt.Sprintf("email=%s&code=%06d", account, i))
			}
			one := visitor(t, g.URL, "203.0.113.73")
			for i := range 10 {
				if r := send(one, fmt.Sprintf("u%d%%40shop.example", i), i); i >= 4 {
					one.denied(r)
				}
			}
			if n := reached(); n != 4 {
				t.Errorf("%d of 10 from one address reached the shop, want 4", n)
			}
			one.signedIn(one.alice())
			if !byAccount {
				return
			}
			shop.Reset()
			for i := range 10 { // at one account, half of it
				send(visitor(t, g.URL, fmt.Sprintf("5.6.%d.7", i)), "victim%40shop.example", i)
			}
			if n := reached(); n != 2 {
				t.Errorf("%d of 10 at one account reached the shop, want 2", n)
			}
		})
	}
}

// Whoever could add a label by guessing could fill a monitoring system.
func TestMetricsDoNotGrowWithGuessers(t *testing.T) {
	t.Parallel()
	shop := startGreedy(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", quiet))
	series := func() (names []string) {
		for line := range strings.SplitSeq(metrics(t, g), "\n") {
			if name, _, ok := strings.Cut(line, " "); ok && strings.HasPrefix(name, "caddy_login_guard_") {
				names = append(names, name)
			}
		}
		return names
	}
	guess := func(i int) {
		p := visitor(t, g.URL, fmt.Sprintf("198.51.%d.7", i)).withoutCookies()
		p.header.Set("User-Agent", fmt.Sprintf("client %d/%d", i, i))
		p.post(fmt.Sprintf("/login/%d", i), credentials(fmt.Sprintf("u%d@shop.example", i), "x"))
	}
	guess(0)
	counted(t, g, 1)
	first := series()
	for i := range 40 {
		guess(1 + i)
	}
	counted(t, g, 41)
	// A verdict or a kind of error that comes up for the first time is a series
	// too; a label of a guesser's own would be forty.
	if then := series(); len(first) == 0 || len(then) > len(first)+9 {
		t.Errorf("series after one guesser (-) and after forty more (+):\n%s", cmp.Diff(first, then))
	}
}
