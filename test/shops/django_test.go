//go:build shops

package shops

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
)

// django is a gateway in front of the Django site, on https, as Django then
// wants a Referer of its own.
type django struct {
	*guardtest.Gateway
	base string
}

// startDjango starts a gateway with options in its login_guard block and
// store in the global one.
func startDjango(t *testing.T, store string, options ...string) *django {
	t.Helper()
	g := guardtest.StartWith(t, fmt.Sprintf(`{
	$GLOBAL
	login_guard {
		key $KEY
		%s
	}
}
https://localhost:$PORT {
	tls internal
	login_guard django {
		site shop
		%s
	}
	reverse_proxy 127.0.0.1:%s
}
`, store, strings.Join(options, "\n\t\t"), at.django), guardtest.With{Binary: at.binary})
	addr := fmt.Sprintf("localhost:%d", g.Port)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		// Its certificate is made when it has started.
		if conn, err := tls.Dial("tcp", strings.Replace(addr, "localhost", "127.0.0.1", 1), &tls.Config{ServerName: "localhost", InsecureSkipVerify: true}); err == nil {
			conn.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no certificate after 30 s:\n%s", g.Log())
		}
	}
	return &django{g, "https://" + addr}
}

// visits makes a visitor of the Django site, by HTTP/1.1 or 2.
func (d *django) visits(t *testing.T, proto int) *visitor {
	t.Helper()
	v := visit(t, "localhost")
	v.base = d.base
	v.client.Transport = &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", d.Port))
		},
		TLSClientConfig:    &tls.Config{InsecureSkipVerify: true}, // a certificate of the gateway's own making
		ForceAttemptHTTP2:  proto == 2,
		DisableCompression: true, MaxIdleConnsPerHost: 4,
	}
	return v
}

// at moves a visitor to another gateway, with all cookies.
func (v *visitor) at(d *django) *visitor {
	to := d.visits(v.t, 1)
	to.client.Jar, to.id = v.client.Jar, v.id
	return to
}

// token is what Django wants back with each form.
var token = regexp.MustCompile(`name="csrfmiddlewaretoken" value="([^"]+)"`)

// form opens a door of Django's, and returns its form filled in; without a
// token where the page has none.
func (v *visitor) form(door, name, password string) url.Values {
	v.t.Helper()
	form := url.Values{"username": {name}, "password": {password}, "next": {""}}
	if m := token.FindSubmatch(v.get(door).body); m != nil {
		form.Set("csrfmiddlewaretoken", html.UnescapeString(string(m[1])))
	}
	return form
}

// submits posts a form of Django's as a browser does.
func (v *visitor) submits(door string, form url.Values) answer {
	v.t.Helper()
	return v.send("POST", door, formType, strings.NewReader(form.Encode()), "Referer", v.origin()+door, "Origin", v.origin())
}

// signs signs in at a door of Django's.
func (v *visitor) signs(door, name, password string) answer {
	v.t.Helper()
	return v.submits(door, v.form(door, name, password))
}

// hasProfile reports whether Django takes the visitor for an account.
func (v *visitor) hasProfile(account string) bool {
	v.t.Helper()
	a := v.get("/accounts/profile/")
	return a.StatusCode == 200 && a.has("Signed in as ["+account+"]")
}

// outcomes checks the outcomes of all decisions of a gateway so far.
func (d *django) outcomes(t *testing.T, want ...string) {
	t.Helper()
	d.LastDecision(len(want))
	var got []string
	for _, decision := range d.Decisions() {
		got = append(got, decision.Outcome)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("decisions say outcomes %q, want %q", got, want)
	}
}

// doors are where Django's site signs customers in: its own view, that of a
// checkout, and the admin's.
var doors = []string{"/accounts/login/", "/checkout/login/", "/admin/login/"}

func TestDjangosRightAndWrongPasswordsAreToldApart(t *testing.T) {
	for _, door := range doors {
		t.Run(door, func(t *testing.T) {
			d := startDjango(t, "", "ladder slider off picture off second_factor off deny off")
			v := d.visits(t, 1)
			if a := v.signs(door, "alice", "not "+at.password); a.StatusCode != 200 || !a.has("errorlist") && !a.has("errornote") || a.cookie("sessionid") {
				t.Fatalf("wrong password: %s %q\n%s", a.Status, a.Header["Set-Cookie"], a.body)
			}
			form := v.form(door, "alice", at.password)
			form.Set("csrfmiddlewaretoken", strings.Repeat("x", 64))
			if a := v.submits(door, form); a.StatusCode != 403 || !a.has("CSRF") {
				t.Fatalf("a form that is not Django's: %s\n%s", a.Status, a.body)
			}
			if a := v.signs(door, "alice", at.password); a.StatusCode != 302 || !a.cookie("sessionid") || !a.cookie("csrftoken") {
				t.Fatalf("right password: %s %q\n%s", a.Status, a.Header["Set-Cookie"], a.body)
			}
			d.outcomes(t, "failure", "retry", "success")
			if !v.hasProfile("alice") {
				t.Error("not signed in afterwards")
			}
			if got := v.seen("login"); len(got) != 2 || got[0].Right || !got[1].Right {
				t.Errorf("Django checked %+v", got)
			}
		})
	}
}

// A login that waits for a check lands with the very bytes that were sent,
// with the Referer and Origin that Django looks at, on HTTP/1.1 and 2.
func TestDjangosHeldLoginLandsSignedIn(t *testing.T) {
	for _, proto := range []int{1, 2} {
		t.Run(fmt.Sprintf("HTTP %d", proto), func(t *testing.T) {
			d := startDjango(t, "", "ask_after 1h")
			v := d.visits(t, proto)
			const uri = "/accounts/login/?next=/accounts/profile/%3Fx%3D1"
			form := v.form(uri, "bob", at.password)
			body := "csrfmiddlewaretoken=" + form.Get("csrfmiddlewaretoken") + "&username=bob&password=" + at.password + "&odd=%7e+%zz&odd=%41&next=%2Faccounts%2Fprofile%2F%3Fx%3D1"
			sum := sha256.Sum256([]byte(body))
			check := v.checked(v.send("POST", uri, formType, strings.NewReader(body), "Referer", v.origin()+uri, "Origin", v.origin()))
			if n := len(v.seen("login")); n != 0 {
				t.Fatalf("Django checked %d passwords before the check was answered", n)
			}
			clearance := v.verified(check)
			a := v.went(check, clearance)
			if a.StatusCode != 302 || !a.cookie("sessionid") || a.Header.Get("Location") != "/accounts/profile/?x=1" {
				t.Fatalf("the held login: %s to %q\n%.400s", a.Status, a.Header.Get("Location"), a.body)
			}
			if !v.hasProfile("bob") {
				t.Error("not signed in after the held login")
			}
			if again := v.went(check, clearance); again.cookie("sessionid") {
				t.Error("one clearance signs in twice")
			}
			if got := v.seen("login"); len(got) != 1 || !got[0].Right || got[0].Account != "bob" {
				t.Errorf("Django checked %+v", got)
			}
			posts := 0
			for _, s := range v.seen("request") {
				if s.Method != "POST" {
					continue
				}
				posts++
				if s.URI != uri || s.SHA256 != hex.EncodeToString(sum[:]) || s.Bytes != len(body) {
					t.Errorf("Django got %s with %d bytes %s, sent were %d bytes %x to %s", s.URI, s.Bytes, s.SHA256, len(body), sum, uri)
				}
			}
			if posts != 1 {
				t.Errorf("Django got %d posts", posts)
			}
			if a := v.signs("/accounts/login/", "bob", at.password); a.StatusCode != 302 {
				t.Errorf("the next login of a known device: %s, Login-Guard %q", a.Status, a.Header.Get("Login-Guard"))
			}
		})
	}
}

// What a customer does beside signing in is no login, and goes on.
func TestDjangosOtherFormsAreNoLogin(t *testing.T) {
	d := startDjango(t, "", "second_factor optional", "ladder slider off picture off")
	v := d.visits(t, 2)
	if a := v.signs("/accounts/login/", "carol", at.password); a.StatusCode != 302 {
		t.Fatalf("the login: %s", a.Status)
	}
	fresh := at.password + "2"
	for _, to := range []struct{ old, new string }{{at.password, fresh}, {fresh, at.password}} {
		form := v.form("/accounts/password_change/", "", "")
		form.Del("username")
		form.Del("password")
		form.Set("old_password", to.old)
		form.Set("new_password1", to.new)
		form.Set("new_password2", to.new)
		// Django renews the session with the password.
		if a := v.submits("/accounts/password_change/", form); a.StatusCode != 302 || !a.cookie("sessionid") {
			t.Errorf("a change of the password: %s %q\n%.600s", a.Status, a.Header.Get("Login-Guard"), a.body)
		}
	}
	if a := v.get("/basket/"); a.StatusCode != 200 || !a.has("in the basket") {
		t.Errorf("the basket: %s", a.Status)
	}
	if !v.hasProfile("carol") {
		t.Error("not signed in any more")
	}
	d.outcomes(t, "success")
}
