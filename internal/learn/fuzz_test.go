package learn

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/login"
)

// FuzzRequest gives the run whatever a client may send. What it takes for the
// login, the guard's own reader has to find again, with the same account.
func FuzzRequest(f *testing.F) {
	f.Add("POST", "/in", urlencoded, "email=a&p="+word)
	f.Add("POST", "/in?email=a", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"p\"\r\n\r\n"+word+"\r\n--b--\r\n")
	f.Add("PUT", "/", asJSON, `{"a":[{"b":"`+word+`"}],"email":"x"}`)
	f.Add("POST", "/api", asJSON, `{"query":"mutation($p:String={a:\"b\"}){l(u:\"a\",p:$p){t}}","variables":{"p":"`+word+`"}}`)
	f.Add("POST", "/api", "application/graphql", `mutation { l(email:"a",p:"`+word+`") { t } }`)
	f.Add("GET", "/index.php?route=a/b&user=x&p="+word, "", "")
	f.Fuzz(func(t *testing.T, method, target, kind, body string) {
		r, err := http.NewRequest(method, "http://shop.example", nil)
		if err != nil {
			return
		}
		path, query, _ := strings.Cut(target, "?")
		r.URL.Path, r.URL.RawQuery = path, query
		r.Header.Set("Content-Type", kind)
		run := New(Options{Word: word, Until: time.Unix(60, 0), Tag: func(a string) string { return login.FoldAccount(a) }})
		x := run.Request("c", r, []byte(body))
		if x == nil {
			return
		}
		out, _, err := read([]config.Endpoint{x.found.endpoint()}, r, []byte(body))
		if err != nil || out.Kind != login.Attempt || login.FoldAccount(out.Account) != x.account {
			t.Fatalf("%+v is not found again: %+v %v", x.found, out, err)
		}
		x.Answer(login.Reply{Status: 401})
		if x := run.Request("c", r, []byte(strings.ReplaceAll(body, word, "right"))); x != nil {
			x.Answer(login.Reply{Status: 302, Header: http.Header{"Location": {"/"}, "Set-Cookie": {"logged_in=1"}}})
		}
		checkBlock(t, run.State())
	})
}

// FuzzAnswers gives two answers of whatever a shop may say. What is made of
// them has to be settings that the guard takes, of lines that end where they
// seem to, and may not name the account.
func FuzzAnswers(f *testing.F) {
	f.Add(200, "", "sid=1", form, 302, "/home?a=b", "sid=2", "")
	f.Add(200, "", "", `{"error":{"a":[1]}}`, 200, "", "a=b; Max-Age=0", `{"token":"x","redirect":"/a?token=1","status":"ok"}`)
	f.Add(302, "/login;jsessionid=1?e=1", "logged_in_0123456789abcdef=1", "", 302, "//x/../%2e", "", "")
	f.Add(200, "", "", `<a class="alert">`, 200, "", "", "<b class='my-account' href=\"/logout\" id=\"`{}\">")
	f.Fuzz(func(t *testing.T, s1 int, l1, c1, b1 string, s2 int, l2, c2, b2 string) {
		for _, found := range []Found{
			{Method: "POST", Path: "/login", Kind: "form", Account: "e", Password: "p"},
			{Method: "POST", Path: "/index.php", Route: []string{"route", "account/login"}, Kind: "form", Account: "e", Password: "p", Script: true},
			{Method: "POST", Path: "/api", Kind: "GraphQL", GraphQL: &config.GraphQLLogin{Field: "login", Account: "u", Password: "p"}},
		} {
			one := func(status int, location, cookie, body string) *facts {
				h := http.Header{"Content-Type": {"text/html"}}
				if location != "" {
					h.Set("Location", location)
				}
				if cookie != "" {
					h.Set("Set-Cookie", cookie)
				}
				r := http.Request{Header: http.Header{"Cookie": {"sid=1"}}}
				return observe(login.Asked{Path: found.Path, Cookies: r.Cookies()}, login.Reply{Status: status, Header: h, Body: []byte(body)}, newSecrets("zaphod@shop.example"))
			}
			// Of a backend come three digits, the first of which says something.
			s1, s2 := 200+int(uint(s1)%400), 200+int(uint(s2)%400)
			r := conclude(found, one(s1, l1, c1, b1), one(s2, l2, c2, b2))
			checkBlock(t, State{Result: &r})
			if strings.Contains(strings.ToLower(r.Block), "zaphod") {
				t.Errorf("the account is in\n%s", r.Block)
			}
		}
	})
}

// checkBlock fails the test where a result is nothing that Caddy could take.
func checkBlock(t *testing.T, s State) {
	t.Helper()
	if s.Result == nil {
		return
	}
	site := config.Site{Endpoints: s.Result.Endpoints}
	if err := site.Validate(); err != nil {
		t.Errorf("%v\n%s", err, s.Result.Block)
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(s.Result.Block, "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "endpoint ") && strings.HasSuffix(line, " {"), line == "}":
		case strings.HasPrefix(line, "\t") && !strings.ContainsAny(line, "{}\\\r") && strings.Count(line, "`")%2 == 0:
		default:
			t.Errorf("the line %q in\n%s", line, s.Result.Block)
		}
	}
}
