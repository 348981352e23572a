package blackbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// large is a shop in which everybody whose name begins with customer is one.
func large(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.PostFormValue("email")
		if r.PostFormValue("password") == "right for "+name && regexp.MustCompile(`^customer\d+@`).MatchString(name) {
			w.Header().Add("Set-Cookie", "member_session=1; Path=/; HttpOnly")
			http.Redirect(w, r, "/account", http.StatusSeeOther)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, "<p role=alert>wrong")
	}))
	t.Cleanup(s.Close)
	return s
}

// secrets are what differs from page to page.
var secrets = regexp.MustCompile(`[A-Za-z0-9_+/=-]{9,}|[0-9A-Z]{4}-[0-9A-Z]{4}`)

func TestAGuesserFromFreshAddressesSeesNoDifferenceBetweenNamesThatExistAndOthers(t *testing.T) {
	t.Parallel()
	shop := large(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "",
		"endpoint login {\n path /login\n account_field email\n password_field password\n success status 303 cookie member_session\n failure status 401\n}"))
	n := 0
	fresh := func() *person {
		n++
		return visitor(t, g.URL, fmt.Sprintf("%d.%d.%d.7", 20+n>>16, n>>8&0xff, n&0xff)).withoutCookies()
	}
	const names = 1000
	for i := range names {
		name := fmt.Sprintf("customer%d@shop.example", i)
		if r := fresh().login(name, "right for "+name); r.StatusCode != http.StatusSeeOther {
			t.Fatalf("customer %d: %s, %q", i, r.Status, r.guard())
		}
	}
	for i := range 60 { // a campaign begins
		fresh().login(fmt.Sprintf("listed%d@shop.example", i), "x")
	}
	met := map[string]map[string]int{"customer": {}, "nobody": {}}
	for i := range names {
		kinds := []string{"customer", "nobody"}
		if i%2 == 0 {
			slices.Reverse(kinds)
		}
		for _, kind := range kinds {
			r := fresh().login(fmt.Sprintf("%s%d@shop.example", kind, i), "x")
			var headers []string
			for name := range r.Header {
				headers = append(headers, name)
			}
			slices.Sort(headers)
			page := secrets.ReplaceAllString(r.body, "")
			met[kind][fmt.Sprintf("%d %s %v, page of %d: %.40q", r.StatusCode, r.guard(), headers, len(page), page)]++
		}
	}
	if diff := cmp.Diff(met["nobody"], met["customer"]); diff != "" {
		t.Errorf("what they meet differs (-nobody +customer):\n%s", diff)
	}
	if len(met["nobody"]) != 1 {
		t.Errorf("they meet %d kinds of answers: %v", len(met["nobody"]), met["nobody"])
	}
}

// scores are what the attempts of an address scored, in order.
func scores(g *guardtest.Gateway, attempts int) []float64 {
	g.LastDecision(attempts)
	var out []float64
	for _, d := range g.Decisions() {
		out = append(out, d.Score)
	}
	return out
}

func TestTheSamePasswordAgainCountsATenth(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, ""))
	p := visitor(t, g.URL, "203.0.113.1").withoutCookies()
	for range 4 {
		p.wrong(p.login(shoptest.Alice().Email, "an old password"))
	}
	q := visitor(t, g.URL, "203.0.114.1").withoutCookies()
	for i := range 4 {
		q.login(shoptest.Bob().Email, fmt.Sprint("a guess ", i))
	}
	got := scores(g, 8)
	// One failure is three points, and each repeated one 0.3 more.
	if want := []float64{0, 3, 3.25, 3.625}; !slices.Equal(got[:4], want) {
		t.Errorf("the same password again scores %v, want %v", got[:4], want)
	}
	if got[7] < 9 {
		t.Errorf("guesses score %v, want 3 points and more for each", got[4:])
	}
	if log := g.Log(); regexp.MustCompile(`an old password|a guess`).MatchString(log) {
		t.Error("a password is in the log")
	}
}

func TestAnAccountThatTheShopSaysItDoesNotHaveCountsDouble(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		account string
		want    float64
	}{
		"a wrong password":               {shoptest.Alice().Email, 3},
		"an address that has no account": {"nobody@shop.example", 6},
		"a name that has no account":     {"nobody", 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := shoptest.WooCommerce().Start(t)
			g := guardtest.Start(t, guardtest.Site(shop.URL, "woocommerce"))
			p := visitor(t, g.URL, "203.0.113.1").withoutCookies()
			for i := range 2 {
				p.post("/my-account/", fmt.Sprintf("username=%s&password=wrong%d&login=Log+in&woocommerce-login-nonce=4be2a1c09d", test.account, i))
			}
			if got := scores(g, 2); got[1] != test.want {
				t.Errorf("the next attempt scores %v, want %v", got[1], test.want)
			}
		})
	}
}
