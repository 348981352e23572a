//go:build shops

package shops

import (
	"encoding/base32"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/factor/totp"
)

const accountPage = "/.login-guard/account"

// step posts a step of the second factor's or the account's form.
func (v *visitor) step(page answer, to string, pairs ...string) answer {
	v.t.Helper()
	f := url.Values{}
	for _, tag := range regexp.MustCompile(`<input[^>]*type="hidden"[^>]*>`).FindAllString(string(page.body), -1) {
		name := regexp.MustCompile(`name="(login_guard_(?:token|ticket))"`).FindStringSubmatch(tag)
		value := regexp.MustCompile(`value="([^"]*)"`).FindStringSubmatch(tag)
		if name != nil && value != nil {
			f.Set(name[1], html.UnescapeString(value[1]))
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set("login_guard_"+pairs[i], pairs[i+1])
	}
	return v.send("POST", to, formType, strings.NewReader(f.Encode()), "Origin", v.origin(), "Sec-Fetch-Site", "same-origin")
}

// past is an app's code of the step before the present one. That is not good
// any more after the next step: with less than two seconds left it may come
// too late, so that it waits for the next.
func past(secret []byte) string {
	if left := totp.Period - time.Duration(time.Now().UnixNano())%totp.Period; left < 2*time.Second {
		time.Sleep(left)
	}
	return totp.Code(secret, totp.Step(time.Now())-1)
}

// enrol sets an app up for who is signed in.
func (v *visitor) enrol() (secret []byte) {
	v.t.Helper()
	a := v.step(v.get(accountPage), accountPage, "step", "add", "method", "app")
	u, err := url.Parse(html.UnescapeString(regexp.MustCompile(`otpauth://totp/[^"]*`).FindString(string(a.body))))
	if err != nil || u.Query().Get("secret") == "" {
		v.t.Fatalf("no secret on the page: %v\n%.1500s", err, a.body)
	}
	if secret, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(u.Query().Get("secret")); err != nil {
		v.t.Fatal(err)
	}
	a = v.step(a, accountPage, "step", "app", "code", past(secret))
	code := regexp.MustCompile(`[2-9A-HJ-NP-Z]{4}(-[2-9A-HJ-NP-Z]{4}){3}`).FindString(string(a.body))
	if code == "" {
		v.t.Fatalf("no recovery codes:\n%.1500s", a.body)
	}
	a = v.step(a, accountPage, "step", "saved")
	if a = v.step(a, accountPage, "step", "typed", "code", code); a.StatusCode != 303 {
		v.t.Fatalf("typing a code back: %d\n%.1500s", a.StatusCode, a.body)
	}
	return secret
}

func TestWordPressOpensWithTheSecondFactorAndNotWithThePasswordAlone(t *testing.T) {
	both(t, func(t *testing.T, site string) {
		owner := visit(t, second[site])
		if a := owner.post("/wp-login.php", login("erin", at.password)); !a.cookie("wordpress_logged_in_") {
			t.Fatalf("without a second factor: %s", a.Status)
		}
		secret := owner.enrol()

		// By name, by address, on other paths, by XML-RPC.
		for _, name := range []string{"erin", "ERIN", "erin@shop.example", " erin "} {
			for _, path := range []string{"/wp-login.php", "/wp-login.php?reauth=1", "//wp-login.php", "/wp-login.php/x"} {
				thief := visit(t, second[site])
				a := thief.post(path, login(name, at.password))
				if a.cookie("wordpress_logged_in_") || a.cookie("wordpress_sec_") || a.has("Howdy") {
					t.Errorf("%s as %q: the password alone signs in: %s", path, name, a.Status)
				}
				if p := thief.get("/wp-admin/profile.php"); p.StatusCode == 200 && p.has(`name="user_id"`) {
					t.Errorf("%s as %q: the profile is open", path, name)
				}
			}
		}
		thief := visit(t, second[site])
		if a := thief.send("POST", "/xmlrpc.php", "text/xml", strings.NewReader(call("wp.getUsersBlogs", "erin", at.password))); a.has("isAdmin") {
			t.Errorf("XML-RPC answers to the password alone: %s", a.Status)
		}

		back := visit(t, second[site])
		page := back.post("/wp-login.php", login("erin", at.password))
		if got := page.Header.Get("Login-Guard"); !strings.HasPrefix(got, "second-factor") {
			t.Fatalf("the login met %q: %s", got, page.Status)
		}
		a := back.step(page, "/wp-login.php", "step", "second", "method", "app", "code", totp.Code(secret, totp.Step(time.Now())))
		if a.StatusCode != 302 || !a.cookie("wordpress_logged_in_") {
			t.Fatalf("with the second factor: %s %.800s", a.Status, a.body)
		}
		if p := back.get("/wp-admin/profile.php"); p.StatusCode != 200 || !p.has(`name="user_id"`) {
			t.Errorf("the profile afterwards: %s", p.Status)
		}
		if n := len(back.seen("login")); n != 1 {
			t.Errorf("WordPress checked the password %d times", n)
		}
		// Others sign in as ever.
		if a := visit(t, second[site]).post("/wp-login.php", login("frank", at.password)); !a.cookie("wordpress_logged_in_") {
			t.Errorf("somebody without a second factor: %s", a.Status)
		}
	})
}
