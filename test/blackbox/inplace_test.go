package blackbox_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// OpenCart 3 answers whoever is logged in already as if the login succeeded,
// whatever was typed. That must not make a device known for somebody else.
func TestASessionThatIsLoggedInMakesNoDeviceKnownForAnotherAccount(t *testing.T) {
	for _, first := range []string{"login", "login without a session", "registration"} {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			shop := shoptest.OpenCart3().Start(t)
			g := guardtest.Start(t, guardtest.Site(shop.URL, "opencart3"))
			jar, err := cookiejar.New(nil)
			if err != nil {
				t.Fatal(err)
			}
			client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			post := func(route string, form url.Values) *http.Response {
				req, _ := http.NewRequest(http.MethodPost, g.URL+"/index.php?route="+route, strings.NewReader(form.Encode()))
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				req.Header.Set("Accept", "text/html")
				resp, err := client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				return resp
			}
			if first != "login without a session" {
				resp, err := client.Get(g.URL + "/index.php?route=account/login")
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
			}
			own := 0
			if first == "registration" {
				post("account/register", url.Values{"firstname": {"M"}, "lastname": {"M"}, "email": {"m@shop.example"}, "telephone": {"12345"},
					"password": {"Mallory-1"}, "confirm": {"Mallory-1"}, "agree": {"1"}})
			} else {
				bob := shoptest.Bob()
				post("account/login", url.Values{"email": {bob.Email}, "password": {bob.Password}})
				if d := g.LastDecision(1); d.Outcome != "success" {
					t.Fatalf("Bob's own login: %+v", d)
				}
				own = 1
			}
			resp := post("account/login", url.Values{"email": {shoptest.Alice().Email}, "password": {"a guess"}})
			if resp.StatusCode != http.StatusFound {
				t.Fatalf("the shop of the test should answer 302 to who is logged in, not %d", resp.StatusCode)
			}
			if d := g.LastDecision(own + 1); d.Outcome != "unknown" {
				t.Errorf("a guess in a session that is logged in counts as %q", d.Outcome)
			}
		})
	}
}
