//go:build shops

package shops

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/factor/totp"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
)

// unlimited: it is the second factor that has to hold, not the limits.
var unlimited = []string{
	"second_factor optional", "ladder slider off picture off second_factor off deny off",
	"limit account off", "limit accounts off", "limit address off", "limit network off", "limit pair off", "limit attempts off", "limit device off", "limit challenges off",
}

// watched looks at all that a visitor is sent: header, informational answers,
// trailers and body.
type watched struct {
	http.RoundTripper
	v      *visitor
	inside string // what only who is signed in may see
}

func (s watched) look(where, text string) {
	if strings.Contains(text, s.inside) {
		s.v.t.Errorf("the password alone got %s: %.300s", where, text)
	}
}

func (s watched) RoundTrip(r *http.Request) (*http.Response, error) {
	name := fmt.Sprintf("%s %s %q", r.Method, r.URL.RequestURI(), r.Header["Cookie"])
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error { s.look(name, fmt.Sprint(code, h)); return nil },
	}))
	resp, err := s.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	s.look(name, fmt.Sprint(resp.Header)+string(body)+fmt.Sprint(resp.Trailer))
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, err
}

// thief is somebody with a password and nothing else. Everything that he gets
// is looked at, and at the end what Django took him for.
func (d *django) thief(t *testing.T, proto int, account string) *visitor {
	v := d.visits(t, proto)
	v.client.Transport = watched{v.client.Transport, v, "Signed in as [" + account}
	t.Cleanup(func() {
		for _, s := range v.seen("known") {
			// Django's own answer to the login is one that it was kept from.
			if s.Account == account && !strings.Contains(s.URI, "login") {
				t.Errorf("Django answered %s to %q as signed in", s.URI, s.Account)
			}
		}
	})
	return v
}

// tries is like send, for what may end in an error.
func (v *visitor) tries(method, uri, contentType, body string, more ...string) {
	r, err := http.NewRequest(method, v.origin()+uri, strings.NewReader(body))
	if err != nil {
		return
	}
	r.Header = v.header()
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(more); i += 2 {
		r.Header.Set(more[i], more[i+1])
	}
	if resp, err := v.client.Do(r); err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}

// looks asks for what only who is signed in may see.
func (v *visitor) looks() {
	for _, uri := range []string{"/accounts/profile/", "/", "/admin/", "/accounts/profile/?x=1", "//accounts/profile/", "/accounts/password_change/"} {
		v.tries("GET", uri, "", "")
	}
}

// raider is a thief's try at the account of a customer with an app.
type raider struct {
	*visitor
	door, account string
	d, other      *django // two gateways on one store
}

// posts sends a login with a fresh token, written by write.
func (r raider) posts(write func(token string) (uri, contentType, body string), more ...string) {
	form := r.form(r.door, r.account, at.password)
	uri, contentType, body := write(form.Get("csrfmiddlewaretoken"))
	r.tries("POST", uri, contentType, body, append([]string{"Referer", r.origin() + r.door, "Origin", r.origin(), "X-CSRFToken", form.Get("csrfmiddlewaretoken")}, more...)...)
	r.looks()
}

// multi is a login as multipart/form-data; head stands in each part's header.
func multi(head string, fields ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(fields); i += 2 {
		fmt.Fprintf(&b, "--XX\r\nContent-Disposition: form-data; %s\r\n%s\r\n%s\r\n", fields[i], head, fields[i+1])
	}
	return b.String() + "--XX--\r\n"
}

// recoded is a text in another charset, each character by to.
func recoded(text string, to func(c byte) []byte) string {
	var b []byte
	for i := range len(text) {
		b = append(b, to(text[i])...)
	}
	return string(b)
}

// ebcdic is a character of code page 37, of those that a login is made of.
func ebcdic(c byte) []byte {
	switch {
	case c >= 'a' && c <= 'i':
		return []byte{c - 'a' + 0x81}
	case c >= 'j' && c <= 'r':
		return []byte{c - 'j' + 0x91}
	case c >= 's' && c <= 'z':
		return []byte{c - 's' + 0xa2}
	case c >= 'A' && c <= 'I':
		return []byte{c - 'A' + 0xc1}
	case c >= 'J' && c <= 'R':
		return []byte{c - 'J' + 0xd1}
	case c >= 'S' && c <= 'Z':
		return []byte{c - 'S' + 0xe2}
	case c >= '0' && c <= '9':
		return []byte{c - '0' + 0xf0}
	case c == '=':
		return []byte{0x7e}
	case c == '&':
		return []byte{0x50}
	}
	return []byte{0x6f}
}

// names are spellings of an account, of which Django and MariaDB take many
// for the very one: NFKC and trimming are Django's, the rest the collation's.
func names(account string) []string {
	wide := recoded(account, func(c byte) []byte { return []byte(string(rune(c) - '!' + '！')) })
	accented := strings.NewReplacer("e", "é", "i", "ì", "a", "â").Replace(account)
	return []string{
		account, strings.ToUpper(account), strings.ToUpper(account[:1]) + account[1:], wide, accented, strings.ToUpper(accented),
		" " + account + " ", account + "\u3000", account + "\x00", account + "\u0301", account[:2] + "\u00ad" + account[2:], account[:2] + "\u200b" + account[2:],
		strings.ReplaceAll(account, "i", "ı"), strings.ReplaceAll(account, "i", "İ"), strings.ReplaceAll(account, "s", "ß"), strings.ReplaceAll(account, "s", "ſ"),
		account + "@shop.example", account + "%", account[:1] + "_" + account[2:], account + "'--", account + "\x0b", account + "\t", account + "\x1c",
	}
}

var raids = []struct {
	name string
	try  func(r raider)
}{
	{"the form as it is", func(r raider) { r.signs(r.door, r.account, at.password); r.looks() }},
	{"other names of the account", func(r raider) {
		for _, name := range names(r.account) {
			r.signs(r.door, name, at.password)
			r.looks()
		}
	}},
	{"the session of before, and its basket", func(r raider) {
		r.get("/basket/")
		u, _ := url.Parse(r.base)
		old := r.client.Jar.Cookies(u)
		r.signs(r.door, r.account, at.password)
		r.get("/basket/")
		r.looks()
		r.tries("POST", "/.login-guard/challenge/second", formType, "login_guard_step=cancel", "Origin", r.origin(), "Sec-Fetch-Site", "same-origin")
		r.looks()
		r.client.Jar.SetCookies(u, old)
		r.looks()
	}},
	{"the token renewed by the login", func(r raider) {
		r.signs(r.door, r.account, at.password)
		form := r.form("/accounts/login/", r.account, at.password)
		r.submits("/accounts/login/", form)
		r.submits("/accounts/password_change/", form)
		r.submits("/accounts/logout/", form)
		r.submits(r.door, form)
		r.looks()
	}},
	{"every door after one", func(r raider) {
		for _, door := range append([]string{r.door}, doors...) {
			r.signs(door, r.account, at.password)
			r.looks()
		}
		r.tries("POST", "/admin/", formType, "username="+r.account+"&password="+at.password+"&this_is_the_login_form=1")
		r.tries("POST", "/admin/auth/user/", formType, "username="+r.account+"&password="+at.password)
	}},
	{"another's login before and after", func(r raider) {
		r.signs(r.door, "judy", at.password)
		r.signs(r.door, r.account, at.password)
		r.looks()
		r.tries("GET", "/accounts/logout/", "", "")
		r.tries("POST", "/.login-guard/challenge/second", formType, "login_guard_step=cancel", "Origin", r.origin(), "Sec-Fetch-Site", "same-origin")
		r.signs(r.door, r.account, at.password)
		r.looks()
	}},
	{"where it leads", func(r raider) {
		for _, next := range []string{"/accounts/profile/", "//evil.example/", "/.login-guard/account", "/admin/", r.door, "https://evil.example/", "\\evil"} {
			form := r.form(r.door+"?next="+url.QueryEscape(next), r.account, at.password)
			form.Set("next", next)
			r.submits(r.door+"?next="+url.QueryEscape(next), form)
			r.looks()
		}
	}},
	{"paths that Django reads alike, and such that it does not", func(r raider) {
		for _, path := range []string{
			"/" + r.door, strings.Replace(r.door, "login", "log%69n", 1), strings.Replace(r.door, "login", "%6cogin", 1), "/." + r.door, "/x/.." + r.door,
			strings.ToUpper(r.door), strings.TrimSuffix(r.door, "/"), r.door + "?", r.door + ";x", r.door + "%20", r.door + "%00", r.door + "x",
			strings.Replace(r.door, "/login", "//login", 1), strings.Replace(r.door, "/login", "%2flogin", 1), strings.Replace(r.door, "login/", "login%2f", 1), r.door + "?login_guard=1", r.door + "#x",
		} {
			r.posts(func(token string) (string, string, string) {
				return path, formType, url.Values{"csrfmiddlewaretoken": {token}, "username": {r.account}, "password": {at.password}}.Encode()
			})
		}
		// Servers for Python take a part of the path for the place where the
		// site is mounted.
		for _, mount := range []string{"/x", "/accounts", strings.TrimSuffix(r.door, "login/")} {
			r.posts(func(token string) (string, string, string) {
				return "/x" + r.door, formType, url.Values{"csrfmiddlewaretoken": {token}, "username": {r.account}, "password": {at.password}}.Encode()
			}, "SCRIPT_NAME", mount, "Script-Name", mount)
		}
	}},
	{"methods", func(r raider) {
		for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "post", "Post"} {
			form := r.form(r.door, r.account, at.password)
			r.tries(method, r.door, formType, form.Encode(), "Referer", r.origin()+r.door)
			r.tries(method, r.door+"?"+form.Encode(), "", "", "Referer", r.origin()+r.door)
			r.tries("POST", r.door, formType, form.Encode()+"&_method="+method, "Referer", r.origin()+r.door, "X-HTTP-Method-Override", method)
			r.looks()
		}
	}},
	{"bodies that Django reads", func(r raider) {
		for _, write := range []func(token string) (string, string, string){
			func(string) (string, string, string) { // the token in the header
				return r.door, formType, "username=" + r.account + "&password=" + at.password
			},
			func(string) (string, string, string) {
				return r.door, formType, "username=judy&username=" + r.account + "&password=x&password=" + at.password
			},
			func(string) (string, string, string) {
				return r.door, formType, "%75sername=" + r.account + "&passw%6frd=" + at.password
			},
			func(string) (string, string, string) {
				return r.door, formType, "username=" + r.account + "&password=" + at.password + "&old_password=x&new_password1=y&new_password2=y&password1=z"
			},
			func(string) (string, string, string) {
				return r.door, formType, "username=" + r.account + "&password=" + at.password + "&email=x&registration-email=x%40y.example&registration-password1=z"
			},
			func(string) (string, string, string) {
				return r.door, formType, "username=" + r.account + "&password=" + at.password + "&login-username=judy&login-password=x"
			},
			func(string) (string, string, string) {
				return r.door + "?username=judy&password=x", formType, "username=" + r.account + "&password=" + at.password
			},
			func(string) (string, string, string) {
				return r.door, formType, "username=" + r.account + "&password=" + at.password + "&login_guard_hold=x&login_guard_clearance=x&login_guard_step=second&login_guard_code=000000"
			},
			func(string) (string, string, string) {
				return r.door, strings.ToUpper(formType), "username=" + r.account + "&password=" + at.password
			},
			func(string) (string, string, string) {
				return r.door, "multipart/form-data; boundary=XX", multi("", `name="username"`, r.account, `name="password"`, at.password)
			},
			func(string) (string, string, string) {
				return r.door, `multipart/form-data; boundary="XX"`, multi("", `name=username`, r.account, `name=password`, at.password)
			},
			func(string) (string, string, string) {
				return r.door, "multipart/form-data; boundary=XX", multi("", `name*=UTF-8''username`, r.account, `name*=utf-8'en'p%61ssword`, at.password)
			},
			func(string) (string, string, string) {
				return r.door, "multipart/form-data; boundary=XX", multi("Content-Transfer-Encoding: base64\r\n", `name="username"`, base64.StdEncoding.EncodeToString([]byte(r.account)), `name="password"`, base64.StdEncoding.EncodeToString([]byte(at.password)))
			},
			func(string) (string, string, string) {
				return r.door, formType + "; charset=cp037", recoded("username="+r.account+"&password="+at.password, ebcdic)
			},
			func(string) (string, string, string) {
				return r.door, formType + "; charset=utf-16le", recoded("username="+r.account+"&password="+at.password, func(c byte) []byte { return []byte{c, 0} })
			},
			func(string) (string, string, string) {
				return r.door, formType + "; charset=unicode_escape", strings.ReplaceAll("username="+r.account+"&password="+at.password, "a", `\x61`)
			},
			func(string) (string, string, string) {
				return r.door, formType + "; charset=utf-7", "+AHU-sername=" + r.account + "&+AHA-assword=" + at.password
			},
			func(string) (string, string, string) {
				return r.door, formType + "; charset=punycode", "username=" + r.account + "&password=" + at.password
			},
			func(string) (string, string, string) {
				return r.door, "multipart/form-data; boundary=XX; charset=cp037", multi("", `name="username"`, recoded(r.account, ebcdic), `name="password"`, recoded(at.password, ebcdic))
			},
			func(string) (string, string, string) {
				return r.door, "application/json", `{"username":"` + r.account + `","password":"` + at.password + `"}`
			},
		} {
			r.posts(write)
		}
	}},
	{"requests beside the login", func(r raider) {
		r.get("/basket/")
		var all sync.WaitGroup
		form := r.form(r.door, r.account, at.password)
		for range 3 {
			all.Go(func() {
				r.tries("POST", r.door, formType, form.Encode(), "Referer", r.origin()+r.door, "Origin", r.origin())
			})
		}
		for i := range 200 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				r.tries("GET", "/accounts/profile/", "", "")
			})
		}
		all.Wait()
		r.looks()
	}},
	{"the other gateway", func(r raider) {
		r.get("/basket/")
		r.signs(r.door, r.account, at.password)
		there := r.at(r.other)
		there.client.Transport = watched{there.client.Transport, there, "Signed in as [" + r.account}
		there.looks()
		there.signs(r.door, r.account, at.password)
		there.looks()
		r.looks()
	}},
	{"what the second factor's page takes", func(r raider) {
		page := r.signs(r.door, r.account, at.password)
		for _, fields := range [][]string{
			{"step", "second", "method", "app", "code", "000000"}, {"step", "second", "method", "app", "code", ""}, {"step", "second", "method", "recovery", "code", "AAAA-AAAA-AAAA-AAAA"},
			{"step", "second", "method", "none"}, {"step", "later"}, {"step", "setup"}, {"step", "saved"}, {"step", ""},
		} {
			r.step(page, r.door, fields...)
			r.step(page, "/.login-guard/challenge/second", fields...)
			r.step(page, "/.login-guard/account", fields...)
			r.looks()
		}
	}},
	{"cookies of one's own making", func(r raider) {
		r.signs(r.door, r.account, at.password)
		u, _ := url.Parse(r.base)
		for _, name := range []string{"__Host-login_guard_second", "__Host-login_guard_trust", "__Host-login_guard_login", "__Host-login_guard_pass", "sessionid"} {
			for _, value := range []string{"x", strings.Repeat("A", 64), strings.Repeat("0", 32)} {
				r.client.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: true}})
				r.looks()
			}
		}
	}},
}

// Whatever is tried with the password alone, at any door, by HTTP/1.1 and 2,
// at one gateway and at two: Django answers no request as signed in.
func TestDjangoOpensWithTheSecondFactorAndNotWithThePasswordAlone(t *testing.T) {
	redis := redistest.Start(t, "--maxmemory-policy", "noeviction")
	d := startDjango(t, "store redis redis://"+redis.Addr, unlimited...)
	other := startDjango(t, "store redis redis://"+redis.Addr, unlimited...)
	for i, account := range []string{"erin", "heidi", "ivan"} {
		door := doors[i]
		t.Run(door, func(t *testing.T) {
			t.Parallel()
			owner := d.visits(t, 1)
			if a := owner.signs(door, account, at.password); a.StatusCode != 302 || !owner.hasProfile(account) {
				t.Fatalf("without a second factor: %s", a.Status)
			}
			secret := owner.enrol()
			for _, raid := range raids {
				for _, proto := range []int{1, 2} {
					t.Run(fmt.Sprintf("%s, HTTP %d", raid.name, proto), func(t *testing.T) {
						raid.try(raider{d.thief(t, proto, account), door, account, d, other})
					})
				}
			}
			// With the factor it opens at every door, at either gateway.
			for ahead, from := range []*django{d, other} {
				back := from.visits(t, 2-ahead)
				page := back.signs(door, strings.ToUpper(account), at.password)
				if got := page.Header.Get("Login-Guard"); !strings.HasPrefix(got, "second-factor") {
					t.Fatalf("the login met %q: %s", got, page.Status)
				}
				to := back
				if ahead == 1 {
					to = back.at(d) // the page came from the other
				}
				a := to.step(page, door, "step", "second", "method", "app", "code", totp.Code(secret, totp.Step(time.Now())+int64(ahead)))
				if a.StatusCode != 302 || !a.cookie("sessionid") {
					t.Fatalf("with the second factor: %s %.800s", a.Status, a.body)
				}
				if !to.hasProfile(account) {
					t.Error("not signed in with the second factor")
				}
				if a := to.get("/admin/"); a.StatusCode != 200 || !a.has("Site administration") {
					t.Errorf("the admin with the second factor: %s", a.Status)
				}
				if n := len(back.seen("login")); n != 1 {
					t.Errorf("Django checked the password %d times", n)
				}
			}
			if v := d.visits(t, 2); v.signs(door, "frank", at.password).StatusCode != 302 || !v.hasProfile("frank") {
				t.Error("somebody without a second factor is kept out")
			}
		})
	}
}

// The raids are worth something: without a guard in front, most spellings
// and many bodies sign in.
func TestDjangoTakesManySpellingsOfANameForOne(t *testing.T) {
	plain := &django{base: "http://localhost:" + at.django}
	var in []string
	for _, name := range names("heidi") {
		v := visit(t, "localhost")
		v.base = plain.base
		v.client.Transport = &http.Transport{DisableCompression: true}
		if v.signs("/accounts/login/", name, at.password); v.hasProfile("heidi") {
			in = append(in, name)
		}
	}
	if len(in) < 8 {
		t.Errorf("only %q sign in", in)
	}
}
