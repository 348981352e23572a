//go:build shops

package shops

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// checked reads the page of a check, which must be a slider.
func (v *visitor) checked(a answer) *shoptest.Check {
	v.t.Helper()
	check, err := shoptest.ReadCheck(a.Response, a.body)
	if errors.Is(err, shoptest.ErrNoCheck) {
		v.t.Fatalf("no check: %s, Login-Guard %q\n%.600s", a.Status, a.Header.Get("Login-Guard"), a.body)
	}
	if err != nil {
		v.t.Fatal(err)
	}
	if check.Kind != "slider" {
		v.t.Fatalf("the check is a %s", check.Kind)
	}
	if got := a.Header.Get("Cache-Control"); !strings.Contains(got, "no-store") {
		v.t.Errorf("a check's page has Cache-Control %q", got)
	}
	return check
}

// verified answers a slider and returns the clearance.
func (v *visitor) verified(check *shoptest.Check) string {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), 30*time.Second)
	defer cancel()
	verdict, err := check.Verify(ctx, v.client, v.header(), "pointer", "")
	if err != nil {
		v.t.Fatal(err)
	}
	if verdict.Status != "checked" || verdict.Clearance == "" {
		v.t.Fatalf("a right answer is %+v", verdict)
	}
	return verdict.Clearance
}

// went posts the form with the clearance.
func (v *visitor) went(check *shoptest.Check, clearance string) answer {
	v.t.Helper()
	response, err := check.Continue(v.t.Context(), v.client, v.header(), clearance)
	if err != nil {
		v.t.Fatal(err)
	}
	return v.read(response)
}

// held signs in with a right password, meets the slider, answers it and
// lands signed in, with the very bytes that were sent before the check.
func held(t *testing.T, v *visitor, account string) {
	t.Helper()
	const uri = "/wp-login.php?redirect_to=%2Fwp-admin%2Fprofile.php%3Fx%3D1"
	v.get(uri) // the shop's own cookie
	body := "log=" + account + "&pwd=" + at.password + "&wp-submit=Log+In&testcookie=1&odd=%7e+%zz&odd=%41"
	sum := sha256.Sum256([]byte(body))
	check := v.checked(v.send("POST", uri, formType, strings.NewReader(body)))
	if n := len(v.seen("login")); n != 0 {
		t.Fatalf("WordPress checked %d passwords before the check was answered", n)
	}
	if want := v.origin() + uri; check.Action != want {
		t.Errorf("the form posts to %s, the login was for %s", check.Action, want)
	}
	clearance := v.verified(check)
	a := v.went(check, clearance)
	if a.StatusCode != 302 || !a.cookie("wordpress_logged_in_") || !strings.HasSuffix(a.Header.Get("Location"), "/wp-admin/profile.php?x=1") {
		t.Fatalf("the held login: %s to %q\n%.400s", a.Status, a.Header.Get("Location"), a.body)
	}
	if a := v.get("/wp-admin/profile.php?x=1"); a.StatusCode != 200 || !a.has(account+"@shop.example") {
		t.Errorf("the profile after the held login: %s", a.Status)
	}
	if again := v.went(check, clearance); again.cookie("wordpress_logged_in_") {
		t.Error("one clearance signs in twice")
	}
	if got := v.seen("login"); len(got) != 1 || !got[0].Right || got[0].Account != account {
		t.Errorf("WordPress checked %+v", got)
	}
	forwarded := 0
	for _, s := range v.seen("request") {
		if s.Method != "POST" {
			continue
		}
		forwarded++
		if s.URI != uri || s.SHA256 != hex.EncodeToString(sum[:]) || s.Bytes != len(body) {
			t.Errorf("WordPress got %s with %d bytes %s, sent were %d bytes %x to %s", s.URI, s.Bytes, s.SHA256, len(body), sum, uri)
		}
	}
	if forwarded != 1 {
		t.Errorf("WordPress got %d posts", forwarded)
	}
	decisions := v.decided(2)
	if len(decisions) < 2 {
		t.Fatalf("decisions %+v", decisions)
	}
	first, last := decisions[0], decisions[1]
	if first.Action != "slider" || first.Outcome != "none" || last.Outcome != "success" || first.Ref != last.Ref || first.Ref != check.Ref {
		t.Errorf("decisions of %s: %+v", check.Ref, decisions)
	}
}

func TestAHeldLoginLandsSignedIn(t *testing.T) {
	both(t, func(t *testing.T, site string) {
		v := visit(t, asked[site])
		held(t, v, "erin")
		// The device is known now: nothing is asked.
		if a := v.post("/wp-login.php", login("erin", at.password)); a.StatusCode != 302 || !a.cookie("wordpress_logged_in_") {
			t.Errorf("the next login of a known device: %s, Login-Guard %q", a.Status, a.Header.Get("Login-Guard"))
		}
	})
}

// With nothing but the preset's line: once wrong passwords for an account
// came from some networks, five at the most, a newcomer to the account meets
// the slider, and the owner on a new device gets in over it.
func TestTheSliderAppearsWhenAnAccountIsGuessedAt(t *testing.T) {
	both(t, func(t *testing.T, site string) {
		reached := 0
		for ; reached < 5; reached++ {
			guesser := visit(t, site)
			if a := guesser.post("/wp-login.php", login("frank", "wrong")); a.Header.Get("Login-Guard") != "" {
				guesser.checked(a)
				break
			}
			guesser.outcomes("failure")
		}
		if reached < 3 {
			t.Errorf("the slider comes after %d wrong passwords of as many people", reached)
		}
		held(t, visit(t, site), "frank")
	})
}

func TestAHeldWrongPasswordIsAFailure(t *testing.T) {
	both(t, func(t *testing.T, site string) {
		v := visit(t, asked[site])
		check := v.checked(v.post("/wp-login.php", login("grace", "wrong")))
		if a := v.went(check, v.verified(check)); a.StatusCode != 200 || !a.has(`<div id="login_error"`) {
			t.Fatalf("the held wrong password: %s\n%.400s", a.Status, a.body)
		}
		v.outcomes("none", "failure")
	})
}

func TestAnAnswerFromAnotherSiteReplaysNothing(t *testing.T) {
	v := visit(t, asked[proxied])
	check := v.checked(v.post("/wp-login.php", login("heidi", at.password)))
	clearance := v.verified(check)
	form := "login_guard_hold=" + check.Hold + "&login_guard_clearance=" + clearance
	for _, header := range [][]string{
		{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
		{"Origin", "null"},
		{"Sec-Fetch-Site", "same-site"},
		{},
	} {
		a := v.send("POST", "/wp-login.php", formType, strings.NewReader(form), header...)
		if a.cookie("wordpress_") || len(v.seen("login")) != 0 {
			t.Fatalf("%q signs in: %s", header, a.Status)
		}
	}
}
