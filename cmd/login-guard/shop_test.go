package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

const testPassword = "k7qd-2m4x-9tfw"

// openShop returns a shop on a loopback port, where its own guesses go too,
// and a browser that keeps cookies and follows no redirect.
func openShop(t *testing.T) (*shop, *httptest.Server, *http.Client) {
	t.Helper()
	srv := httptest.NewUnstartedServer(nil)
	addr := srv.Listener.Addr().String()
	s, err := newShop(shopOptions{
		Now:   func() time.Time { return time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC) },
		Email: demoCustomer, Password: testPassword, Gateway: addr, Host: addr,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.Config.Handler = s
	srv.Start()
	t.Cleanup(func() { s.Close(); srv.Close() })
	return s, srv, newBrowser(t)
}

func newBrowser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{
		Jar: jar, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func get(t *testing.T, c *http.Client, u string) (*http.Response, string) {
	t.Helper()
	resp, err := c.Get(u)
	return readAll(t, resp, err)
}

func post(t *testing.T, c *http.Client, u string, form url.Values) (*http.Response, string) {
	t.Helper()
	resp, err := c.PostForm(u, form)
	return readAll(t, resp, err)
}

func readAll(t *testing.T, resp *http.Response, err error) (*http.Response, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func credentials(email, password string) url.Values {
	return url.Values{"email": {email}, "password": {password}}
}

func sessionOf(resp *http.Response) string {
	for _, c := range resp.Cookies() {
		if c.Name == sessionCookie {
			return c.Value
		}
	}
	return ""
}

func TestWrongLoginIsAnsweredWithTheFormAndAnError(t *testing.T) {
	for name, form := range map[string]url.Values{
		"wrong password":        credentials(demoCustomer, "wrong"),
		"no such customer":      credentials("nobody@shop.example", testPassword),
		"empty":                 credentials("", ""),
		"longer than bcrypt's":  credentials(demoCustomer, strings.Repeat("x", 100)),
		"password in the query": {"email": {demoCustomer}},
	} {
		t.Run(name, func(t *testing.T) {
			s, srv, browser := openShop(t)
			resp, body := post(t, browser, srv.URL+"/account/login?password="+testPassword, form)
			if resp.StatusCode != http.StatusOK {
				t.Errorf("status %d, want 200", resp.StatusCode)
			}
			if !strings.Contains(body, `role="alert"`) || !strings.Contains(body, `type="password"`) {
				t.Error("the answer has no error or no password field")
			}
			if got := sessionOf(resp); got != "" {
				t.Errorf("a session %q was given", got)
			}
			if got := s.Tries(); got != (tries{Wrong: 1}) {
				t.Errorf("counted %+v, want one wrong", got)
			}
		})
	}
}

func TestRightLoginGoesToTheAccountWithANewSession(t *testing.T) {
	s, srv, browser := openShop(t)
	// A cart gives a session before the login.
	resp, _ := post(t, browser, srv.URL+"/cart", url.Values{"add": {"mug"}})
	before := sessionOf(resp)
	if before == "" {
		t.Fatal("the cart gave no session")
	}

	resp, _ = post(t, browser, srv.URL+"/account/login", credentials(" Alice@Shop.example", testPassword))
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/account" {
		t.Fatalf("answered %d to %q, want 303 to /account", resp.StatusCode, resp.Header.Get("Location"))
	}
	if after := sessionOf(resp); after == "" || after == before {
		t.Errorf("session %q before, %q after: want a new one", before, after)
	}
	if _, body := get(t, browser, srv.URL+"/account"); !strings.Contains(body, demoCustomer) {
		t.Error("the account page does not name the customer")
	}
	if _, body := get(t, browser, srv.URL+"/cart"); !strings.Contains(body, "Tide mug") {
		t.Error("the cart was lost at the login")
	}
	if got := s.Tries(); got != (tries{Right: 1}) {
		t.Errorf("counted %+v, want one right", got)
	}

	// The session of before the login is worth nothing now.
	stale, _ := http.NewRequest(http.MethodGet, srv.URL+"/account", nil)
	stale.AddCookie(&http.Cookie{Name: sessionCookie, Value: before})
	resp, err := newBrowser(t).Do(stale)
	if resp, _ = readAll(t, resp, err); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("the session of before the login opens the account: %d", resp.StatusCode)
	}

	post(t, browser, srv.URL+"/account/logout", nil)
	if resp, _ := get(t, browser, srv.URL+"/account"); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("the account page is open after signing out: %d", resp.StatusCode)
	}
}

func TestRegistration(t *testing.T) {
	for name, c := range map[string]struct {
		email, password, again string
		want                   int
	}{
		"makes an account and signs in": {"bo@shop.example", "long-enough", "long-enough", http.StatusSeeOther},
		"refuses two passwords":         {"bo@shop.example", "long-enough", "long-enouhg", http.StatusOK},
		"refuses a short password":      {"bo@shop.example", "short", "short", http.StatusOK},
		"refuses what is no address":    {"bo", "long-enough", "long-enough", http.StatusOK},
		"refuses a second Alice":        {"ALICE@shop.example", "long-enough", "long-enough", http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			s, srv, browser := openShop(t)
			resp, body := post(t, browser, srv.URL+"/account/register", url.Values{
				"email": {c.email}, "password": {c.password}, "password_confirm": {c.again},
			})
			if resp.StatusCode != c.want {
				t.Fatalf("status %d, want %d", resp.StatusCode, c.want)
			}
			if refused := strings.Contains(body, `role="alert"`); refused != (c.want == http.StatusOK) {
				t.Errorf("an error is shown: %v", refused)
			}
			if got := s.Tries(); got != (tries{}) {
				t.Errorf("a registration was counted as a login: %+v", got)
			}
		})
	}
}

func TestCart(t *testing.T) {
	_, srv, browser := openShop(t)
	cart := srv.URL + "/cart"
	for _, change := range []struct {
		form url.Values
		want string
	}{
		{url.Values{"add": {"mug"}}, "€18.00"},
		{url.Values{"add": {"mug"}}, "€36.00"},
		{url.Values{"id": {"mug"}, "n": {"1000"}}, "€1782.00"},
		{url.Values{"id": {"mug"}, "n": {"-1"}}, "Nothing in it yet"},
		{url.Values{"add": {"no such thing"}}, "Nothing in it yet"},
	} {
		post(t, browser, cart, change.form)
		if _, body := get(t, browser, cart); !strings.Contains(body, change.want) {
			t.Errorf("after %v the cart does not say %q", change.form, change.want)
		}
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	s, srv, browser := openShop(t)
	req, _ := http.NewRequest(http.MethodPost, srv.URL+"/account/login",
		strings.NewReader(credentials(demoCustomer, testPassword).Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := browser.Do(req)
	if resp, _ = readAll(t, resp, err); resp.StatusCode != http.StatusForbidden {
		t.Errorf("status %d, want 403", resp.StatusCode)
	}
	if got := s.Tries(); got != (tries{}) {
		t.Errorf("it was counted: %+v", got)
	}
}

func TestEveryPageIsDrawnAndNeedsNoInlineCode(t *testing.T) {
	_, srv, browser := openShop(t)
	post(t, browser, srv.URL+"/account/login", credentials(demoCustomer, testPassword))
	inline := regexp.MustCompile(`(?i)\sstyle=|\son\w+=|<style|<script(?:[^>]*[^>"])?>[^<]`)
	for path, want := range map[string]string{
		"/":                               testPassword,
		"/cart":                           "Cart",
		"/account":                        "Sign out",
		"/account/login":                  `action="/account/login"`,
		"/account/login?lang=ar":          `dir="rtl"`,
		"/account/login?lang=xx":          "Sign in",
		"/account/login?visitor=1&bare=1": `action="/account/login?bare=1"`,
		"/account/register":               "New account",
		"/demo/phone":                     `src="/account/login?bare=1&amp;visitor=1"`,
		"/demo/phone?lang=ar":             "lang=ar",
		"/demo/keyboard":                  "<kbd>",
	} {
		resp, body := get(t, browser, srv.URL+path)
		if resp.StatusCode != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: status %d, or without %q", path, resp.StatusCode, want)
		}
		if found := inline.FindString(body); found != "" {
			t.Errorf("%s: the policy forbids %q", path, found)
		}
		if csp := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
	if resp, _ := get(t, browser, srv.URL+"/no/such/page"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a page that is not there: %d", resp.StatusCode)
	}
}

// Without a guard in front every guess reaches the shop, and the page says so.
func TestGuessesAreCountedWhereTheyArrive(t *testing.T) {
	s, srv, browser := openShop(t)
	req, _ := http.NewRequest(http.MethodPost, srv.URL+"/demo/guesses", nil)
	req.Header.Set("Accept", "application/json")
	resp, err := browser.Do(req)
	readAll(t, resp, err)

	var state guessState
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		_, body := get(t, browser, srv.URL+"/demo/guesses")
		if err := json.Unmarshal([]byte(body), &state); err != nil {
			t.Fatal(err)
		}
		if state.Met[metShop] >= 5 {
			break
		}
	}
	if !state.Running || state.Total != guessCount || state.Met[metShop] < 5 || state.Reached < 5 {
		t.Errorf("after a while: %+v", state)
	}
	// A browser without script is led back, and the page loads itself again.
	if resp, _ := post(t, browser, srv.URL+"/demo/guesses", nil); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("status %d, want 303", resp.StatusCode)
	}
	if _, body := get(t, browser, srv.URL+"/"); !strings.Contains(body, `http-equiv="refresh"`) {
		t.Error("the start page does not move without script")
	}
	s.Close()
	if state := s.guesses.State(); state.Running || state.Sent >= guessCount {
		t.Errorf("closing the shop did not end the guessing: %+v", state)
	}
	s.guesses.Start()
	if s.guesses.State().Running {
		t.Error("a closed shop began to guess")
	}
}

func TestEveryGuessHasANetworkOfItsOwn(t *testing.T) {
	networks := map[[3]byte]bool{}
	words := map[string]bool{}
	for i := range guessCount {
		addr := guessAddr(i, 1)
		if !isGuessing(addr) {
			t.Fatalf("guess %d comes from %s, outside %s", i, addr, guessNet)
		}
		b := addr.As4()
		networks[[3]byte(b[:3])] = true
		words[guessWord(i, 1)] = true
		if addr == guessAddr(i, 2) {
			t.Errorf("guess %d comes from %s in two rounds", i, addr)
		}
	}
	if len(networks) != guessCount || len(words) != guessCount {
		t.Errorf("%d networks and %d words for %d guesses", len(networks), len(words), guessCount)
	}
}
