package learn

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/login"
)

// said is one answer, and the cookies that its request had.
type said struct {
	status int
	cookie string // of the request
	header []string
	body   string
}

func (s said) facts(path string) *facts {
	h := http.Header{}
	for i := 0; i+1 < len(s.header); i += 2 {
		h.Add(s.header[i], s.header[i+1])
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "text/html")
	}
	r := http.Request{Header: http.Header{"Cookie": {s.cookie}}}
	return observe(login.Asked{Path: path, Cookies: r.Cookies(), Referer: "https://shop.example" + path},
		login.Reply{Status: s.status, Header: h, Body: []byte(s.body)}, newSecrets("alice.smith@shop.example"))
}

const form = `<form id="f"><input name="csrf" value="8f3a"><input type="password" name="p"></form>`

func TestMarksAreWhatOnlyOneAnswerHas(t *testing.T) {
	page := Found{Method: "POST", Path: "/login", Kind: "form", Account: "e", Password: "p"}
	script := Found{Method: "POST", Path: "/login", Kind: "JSON", Account: "/e", Password: "/p", Script: true}
	html := said{status: 200, body: form}
	for name, c := range map[string]struct {
		found        Found
		wrong, right said
		want         string // the block without its head
		strength     string
	}{
		"a cookie that proves it": {page, html, said{status: 302, header: []string{"Location", "/", "Set-Cookie", "logged_in_0123456789abcdef0123=x"}},
			"success cookie logged_in_*", Strong},
		"a cookie without a telling name": {page, html, said{status: 302, header: []string{"Location", "/home", "Set-Cookie", "xyz=1"}},
			"success cookie xyz on_path; failure status 200", Fair},
		"a session renewed": {page, said{status: 200, cookie: "sid=1", body: form},
			said{status: 302, cookie: "sid=1", header: []string{"Location", "/home", "Set-Cookie", "sid=2"}},
			"session_cookies sid; success status 3xx cookie sid not_location /login on_path; failure status 200", Fair},
		"a session that each answer renews says nothing": {page,
			said{status: 302, cookie: "sid=1", header: []string{"Location", "/login", "Set-Cookie", "sid=2"}},
			said{status: 302, cookie: "sid=2", header: []string{"Location", "/home", "Set-Cookie", "sid=3"}},
			"success status 3xx not_location /login on_path; failure status 3xx location /login", Weak},
		"a session given to a first visitor says nothing": {page,
			said{status: 302, cookie: "", header: []string{"Location", "/login", "Set-Cookie", "sid=2"}},
			said{status: 302, cookie: "sid=2", header: []string{"Location", "/home"}},
			"session_cookies sid; in_place; success status 3xx not_location /login on_path; failure status 3xx location /login", Weak},
		"a session given with the right answer only because the browser had none says nothing": {page,
			said{status: 200, cookie: "sid=1", body: form},
			said{status: 302, header: []string{"Location", "/home", "Set-Cookie", "sid=3"}},
			"success status 3xx not_location /login on_path; failure status 200", Weak},
		"a token": {script, said{status: 401, header: jsonType, body: `{"error":"no"}`}, said{status: 200, header: jsonType, body: `{"data":{"token":"x","name":"Alice"},"message":"Hello Alice"}`},
			"success json /data/token on_path; failure json /error; failure status 401", Strong},
		"a header": {script, said{status: 401}, said{status: 204, header: []string{"X-Auth-Token", "y"}},
			"success header x-auth-token; failure status 401", Strong},
		"true and false": {script, said{status: 200, header: jsonType, body: `{"success":false}`}, said{status: 200, header: jsonType, body: `{"success":true}`},
			"success json /success on_path", Strong},
		"words": {script, said{status: 200, header: jsonType, body: `{"status":"error","t":1}`}, said{status: 200, header: jsonType, body: `{"status":"welcome","t":2}`},
			"success json /status contains welcome on_path; failure json /status contains error", Fair},
		"a redirect back with an error in its query": {page, said{status: 302, header: []string{"Location", "/?error=1"}}, said{status: 302, header: []string{"Location", "/?hello=1"}},
			"success status 3xx not_location error= on_path", Weak},
		"a redirect that says where it came from": {page, said{status: 302, header: []string{"Location", "/login"}}, said{status: 302, header: []string{"Location", "/home?from=/login"}},
			"success status 3xx location /home on_path", Weak},
		"a page's text": {page, said{status: 200, body: form + `<p class="alert alert-danger">No`}, said{status: 200, body: `<a href="/logout">Out</a> Hello Alice`},
			"success status 200 body `href=\"/logout\"` on_path; failure body `class=\"alert alert-danger\"`", Weak},
		"only a status": {script, said{status: 401}, said{status: 204}, "failure status 401", None},
		"nothing":       {page, html, html, "failure status 401 403", None},
		"noise only": {page, said{status: 200, body: `<form><input name="csrf" value="1"><p id="m-5591" class="note-8842">Monday`, header: []string{"Etag", "1", "Set-Cookie", "_csrf=1"}},
			said{status: 200, body: `<form><input name="csrf" value="2"><p id="m-7720" class="note-1100">Tuesday`, header: []string{"Etag", "2", "Set-Cookie", "_csrf=2"}},
			"failure status 401 403", None},
	} {
		t.Run(name, func(t *testing.T) {
			r := conclude(c.found, c.wrong.facts(c.found.Path), c.right.facts(c.found.Path))
			var lines []string
			for line := range strings.SplitSeq(r.Block, "\n") {
				line = strings.TrimSpace(line)
				switch name, _, _ := strings.Cut(line, " "); name {
				case "success", "failure", "session_cookies", "in_place":
					lines = append(lines, line)
				}
			}
			if got := strings.Join(lines, "; "); got != c.want || r.Strength != c.strength {
				t.Errorf("%s: %s\nwant %s: %s\n%+v", r.Strength, got, c.strength, c.want, r.Differences)
			}
			if strings.Contains(strings.ToLower(r.Block+strings.Join(r.Warnings, " ")), "alice") {
				t.Errorf("the account in %+v", r)
			}
			site := config.Site{Endpoints: r.Endpoints}
			if err := site.Validate(); err != nil {
				t.Errorf("%v\n%s", err, r.Block)
			}
		})
	}
}

var jsonType = []string{"Content-Type", "application/json"}

func TestNothingOfTheCustomerIsKept(t *testing.T) {
	a := said{status: 302, cookie: "alice-visits=1; sid=1",
		header: []string{"Location", "/u/alice.smith/home?name=Smith&next=x", "Set-Cookie", "greeting_smith=1", "X-Alice", "1"}}.facts("/login")
	b := said{status: 200, header: jsonType, body: `{"alice":{"status":"alice"},"status":"Alice","smith@x":1,"4711":2,"deep":{"redirect":"/u/alice?token_smith=1","name":"Alice"}}`}.facts("/login")
	c := said{status: 200, body: `<a href="/alice/logout" id="logout-alice" class="my-account-smith">Alice</a><b class="my-account">`}.facts("/login")
	for _, f := range []*facts{a, b, c} {
		kept := strings.ToLower(f.leadsTo() + strings.Join(names(f.carried, nil), " ") + strings.Join(names(f.cookies, nil), " ") + strings.Join(names(f.headers, nil), " "))
		if f.json != nil {
			kept += strings.ToLower(strings.Join(names(f.json.places, nil), " "))
			for _, m := range []map[string]string{f.json.words, f.json.links} {
				for k, v := range m {
					kept += " " + strings.ToLower(k+v)
				}
			}
		}
		if f.page != nil {
			kept += strings.ToLower(strings.Join(f.page.texts, " "))
		}
		if strings.Contains(kept, "alice") || strings.Contains(kept, "smith") || strings.Contains(kept, "4711") {
			t.Errorf("kept: %s", kept)
		}
	}
	if diff := cmp.Diff([]string{`class="my-account"`}, c.page.texts); diff != "" {
		t.Errorf("what is nobody's is kept all the same:\n%s", diff)
	}
}

func TestAMarkOfAPageIsNowhereInTheOther(t *testing.T) {
	right := pageFactsOf(`<b class="my-account">`, nil)
	for _, other := range []string{
		`<b class="my-account">`, `<!-- class="my-account" -->`, `<script>x='<b class="my-account">'</script>`, `<b data-class="my-account">`,
	} {
		if got := right.only(pageFactsOf(other, nil), inside); got != "" {
			t.Errorf("%s is in %s", got, other)
		}
	}
	if got := right.only(pageFactsOf(`<b class="my-account-menu">`, nil), inside); got == "" {
		t.Error("another class counts as the same")
	}
}

func TestValuesAreWrittenAsOneTokenEach(t *testing.T) {
	for in, want := range map[string]string{
		"email": "email", "user[email]": `"user[email]"`, `class="a b"`: "`class=\"a b\"`", "a b": `"a b"`, "": `""`,
		"x\n}\nrespond no": `"xrespond no"`, "a`b": "ab", "{$HOME}": "$HOME", `a\`: "a", "*/x": "*/x", "#no": `"#no"`,
	} {
		if got := quote(in); got != want {
			t.Errorf("%q is written %s, want %s", in, got, want)
		}
	}
	m := config.Mark{Status: []string{"200"}, Body: []string{"first", "status"}}
	if got := markWords(&m); got != ` status 200 body first "status"` {
		t.Error(got)
	}
}
