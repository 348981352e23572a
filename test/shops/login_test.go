//go:build shops

package shops

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

func TestRightAndWrongPasswordsAreToldApart(t *testing.T) {
	both(t, func(t *testing.T, site string) {
		v := visit(t, site)
		if a := v.get("/wp-login.php"); a.StatusCode != 200 || !a.cookie("wordpress_test_cookie") {
			t.Fatalf("the form: %s", a.Status)
		}
		form := login("alice", "not "+at.password)
		form.Set("testcookie", "1")
		if a := v.post("/wp-login.php", form); a.StatusCode != 200 || !a.has(`<div id="login_error"`) || a.cookie("wordpress_logged_in_") {
			t.Fatalf("wrong password: %s\n%s", a.Status, a.body)
		}
		v.outcomes("failure")
		form.Set("pwd", at.password)
		a := v.post("/wp-login.php", form)
		if a.StatusCode != 302 || !a.cookie("wordpress_logged_in_") {
			t.Fatalf("right password: %s\n%s", a.Status, a.body)
		}
		v.outcomes("failure", "success")
		// WordPress sets one cookie name twice, with two paths.
		paths := 0
		for _, c := range a.Cookies() {
			if strings.HasPrefix(c.Name, "wordpress_") && (c.Path == "/wp-admin" || c.Path == "/wp-content/plugins") {
				paths++
			}
		}
		if paths != 2 {
			t.Errorf("cookies %q", a.Header["Set-Cookie"])
		}
		if a := v.get("/wp-admin/profile.php"); a.StatusCode != 200 {
			t.Errorf("the profile after the login: %s", a.Status)
		}
		if got := v.seen("login"); len(got) != 2 || got[0].Right || !got[1].Right {
			t.Errorf("WordPress checked %+v", got)
		}
	})
}

// WordPress signs in first and complains of missing cookies then, so that
// the page of an error comes with the session's cookies.
func TestARightPasswordThatComesWithAnErrorPageIsASuccess(t *testing.T) {
	both(t, func(t *testing.T, site string) {
		v := visit(t, site)
		form := login("bob", at.password)
		form.Set("testcookie", "1") // and no cookie
		if a := v.post("/wp-login.php", form); a.StatusCode != 200 || !a.has(`<div id="login_error"`) || !a.cookie("wordpress_logged_in_") {
			t.Fatalf("WordPress answers otherwise than it did: %s %q", a.Status, a.Header["Set-Cookie"])
		}
		v.outcomes("success")
	})
}

// call is an XML-RPC call as blog clients send it.
func call(method string, texts ...string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><methodCall><methodName>` + method + `</methodName><params>`)
	for _, text := range texts {
		b.WriteString("<param><value><string>" + text + "</string></value></param>")
	}
	b.WriteString("</params></methodCall>")
	return b.String()
}

func TestXMLRPCIsALoginToo(t *testing.T) {
	both(t, func(t *testing.T, site string) {
		v := visit(t, site)
		if a := v.send("POST", "/xmlrpc.php", "text/xml", strings.NewReader(call("wp.getUsersBlogs", "carol", "wrong"))); a.StatusCode != 200 || !a.has("<int>403</int>") {
			t.Fatalf("wrong password: %s\n%s", a.Status, a.body)
		}
		v.outcomes("failure")
		if a := v.send("POST", "/xmlrpc.php", "text/xml", strings.NewReader(call("wp.getUsersBlogs", "carol", at.password))); a.StatusCode != 200 || !a.has("isAdmin") {
			t.Fatalf("right password: %s\n%s", a.Status, a.body)
		}
		v.outcomes("failure", "success")
	})
}

func TestAThousandParallelGuessesReachTheShopFiveTimesAtMost(t *testing.T) {
	both(t, func(t *testing.T, site string) {
		v := visit(t, site)
		v.client.Transport.(*http.Transport).MaxConnsPerHost = 100
		var all sync.WaitGroup
		guesses := make(chan url.Values)
		for range 100 {
			all.Go(func() {
				for form := range guesses {
					r, err := http.NewRequest("POST", v.origin()+"/wp-login.php", strings.NewReader(form.Encode()))
					if err != nil {
						t.Error(err)
						continue
					}
					r.Header = v.header()
					r.Header.Set("Content-Type", formType)
					answer, err := v.client.Do(r)
					if err != nil {
						t.Error(err)
						continue
					}
					answer.Body.Close()
				}
			})
		}
		for i := range 1000 {
			guesses <- login("dave", "guess "+strings.Repeat("x", i%40))
		}
		close(guesses)
		all.Wait()
		if n := len(v.seen("login")); n > 5 || n == 0 {
			t.Errorf("%d guesses reached WordPress", n)
		}
	})
}
