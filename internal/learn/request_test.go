package learn

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/config"
)

const word = "learn-abcd2345-wrong"

func request(method, target, kind, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

const (
	urlencoded = "application/x-www-form-urlencoded"
	asJSON     = "application/json"
	navigation = "navigate"
)

func TestTheLoginIsFoundWhereverTheWordIs(t *testing.T) {
	part := "--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; name=\"mail\"\r\n\r\nalice\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"geheim\"\r\n\r\n" + word + "\r\n--b--\r\n"
	for name, c := range map[string]struct {
		r       *http.Request
		body    string
		want    Found
		account string
	}{
		"a form": {request("POST", "/in", urlencoded, "", "Sec-Fetch-Mode", navigation), "csrf=8f3a8f3a8f3a&log=alice&pwd=" + word + "&wp-submit=Log+in&redirect_to=%2F",
			Found{Method: "POST", Path: "/in", Kind: "form", Account: "log", Password: "pwd"}, "alice"},
		"odd names beside an address": {request("POST", "/in", urlencoded, "", "Sec-Fetch-Mode", navigation), "feld1=alice%40shop.example&feld2=" + word + "&feld3=1",
			Found{Method: "POST", Path: "/in", Kind: "form", Account: "feld1", Password: "feld2"}, "alice@shop.example"},
		"two that could be it": {request("POST", "/in", urlencoded, "", "Sec-Fetch-Mode", navigation), "customer_id=7&email=alice%40shop.example&p=" + word,
			Found{Method: "POST", Path: "/in", Kind: "form", Account: "email", Password: "p", Guessed: true}, "alice@shop.example"},
		"brackets": {request("POST", "/in", urlencoded, "", "Sec-Fetch-Mode", navigation), "user%5Bemail%5D=alice&user%5Bpassword%5D=" + word,
			Found{Method: "POST", Path: "/in", Kind: "form", Account: "user[email]", Password: "user[password]"}, "alice"},
		"names of a language of its own": {request("POST", "/in", urlencoded, "", "Sec-Fetch-Mode", navigation), "token=1&kunde=4711&geheim=" + word,
			Found{Method: "POST", Path: "/in", Kind: "form", Account: "kunde", Password: "geheim", Guessed: true}, "4711"},
		"parts": {request("POST", "/in", "multipart/form-data; boundary=b", "", "Sec-Fetch-Mode", navigation), part,
			Found{Method: "POST", Path: "/in", Kind: "multipart form", Account: "mail", Password: "geheim"}, "alice"},
		"the address": {request("GET", "/in?user=alice&pw="+word, "", "", "Sec-Fetch-Mode", navigation), "",
			Found{Method: "GET", Path: "/in", Kind: "query", Account: "user", Password: "pw"}, "alice"},
		"JSON, deep": {request("PUT", "/in", asJSON, ""), `{"a":{"b":{"login":"alice","secret":"` + word + `"}},"n":1}`,
			Found{Method: "PUT", Path: "/in", Kind: "JSON", Account: "/a/b/login", Password: "/a/b/secret", Script: true}, "alice"},
		"JSON, parted": {request("POST", "/in", asJSON, ""), `{"user":{"email":"alice@shop.example"},"credentials":{"secret":"` + word + `"}}`,
			Found{Method: "POST", Path: "/in", Kind: "JSON", Account: "/user/email", Password: "/credentials/secret", Script: true}, "alice@shop.example"},
		"JSON keys with signs": {request("POST", "/in", asJSON, ""), `{"e/mail":"alice","p~w":"` + word + `"}`,
			Found{Method: "POST", Path: "/in", Kind: "JSON", Account: "/e~1mail", Password: "/p~0w", Script: true}, "alice"},
		"GraphQL, variables": {request("POST", "/api", asJSON, ""), `{"query":"mutation M($i: In!) { auth { signIn(input: $i) { t } } }","variables":{"i":{"email":"alice","password":"` + word + `"}}}`,
			Found{Method: "POST", Path: "/api", Kind: "GraphQL", Script: true, GraphQL: &config.GraphQLLogin{Field: "auth.signIn", Account: "input.email", Password: "input.password"}}, "alice"},
		"GraphQL, bare": {request("POST", "/api", "application/graphql", ""), `mutation { login(u: "alice", login: "alice", p: "` + word + `") { t } }`,
			Found{Method: "POST", Path: "/api", Kind: "GraphQL", Script: true, GraphQL: &config.GraphQLLogin{Field: "login", Account: "login", Password: "p"}}, "alice"},
		"GraphQL, in a form": {request("POST", "/api", urlencoded, ""), `query=mutation+%7B+login%28email%3A%22alice%22%2Cp%3A%22` + word + `%22%29+%7B+t+%7D+%7D`,
			Found{Method: "POST", Path: "/api", Kind: "GraphQL", Script: true, GraphQL: &config.GraphQLLogin{Field: "login", Account: "email", Password: "p"}}, "alice"},
		"Basic": {func() *http.Request {
			r := request("GET", "/api/me", "", "")
			r.SetBasicAuth("alice", word)
			return r
		}(), "", Found{Method: "GET", Path: "/api/me", Kind: "basic", Script: true}, "alice"},
		"a page by query": {request("POST", "/index.php?language=en&route=account/login", urlencoded, "", "Sec-Fetch-Mode", navigation), "email=alice&password=" + word,
			Found{Method: "POST", Path: "/index.php", Route: []string{"route", "account/login"}, Kind: "form", Account: "email", Password: "password"}, "alice"},
		"a path that names the account": {request("POST", "/u/alice/login", urlencoded, "", "Sec-Fetch-Mode", navigation), "email=alice&password=" + word,
			Found{Method: "POST", Kind: "form", Account: "email", Password: "password"}, "alice"},
	} {
		t.Run(name, func(t *testing.T) {
			if !carries(c.r, []byte(c.body), word) {
				t.Fatal("the word is not seen")
			}
			f, account, problem := find(c.r, []byte(c.body), word, nil)
			if diff := cmp.Diff(c.want, f); diff != "" || account != c.account || problem != "" {
				t.Errorf("%q %q\n%s", account, problem, diff)
			}
		})
	}
}

func TestTheNamedAccountBeatsTheLikelyOne(t *testing.T) {
	body := "email=shop%40shop.example&kunde=47110815&password=" + word
	f, account, _ := find(request("POST", "/in", urlencoded, ""), []byte(body), word, func(s string) bool { return s == "47110815" })
	if f.Account != "kunde" || f.Guessed || account != "47110815" {
		t.Errorf("%+v %q", f, account)
	}
}

func TestRequestsWithoutTheWordAreLeftAlone(t *testing.T) {
	r := request("POST", "/in?q=learn", urlencoded, "")
	r.SetBasicAuth("alice", "learn-wrong")
	if carries(r, []byte("password=learn-abcd2345-wron"), word) {
		t.Error("half a word is none")
	}
}
