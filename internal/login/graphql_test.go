package login

import (
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/config"
)

// gql writes a JSON body around a GraphQL document.
func gql(query, variables string) string {
	q, _ := json.Marshal(query)
	if variables == "" {
		return `{"query":` + string(q) + `}`
	}
	return `{"operationName":"X","variables":` + variables + `,"query":` + string(q) + `}`
}

func TestParseGraphQL(t *testing.T) {
	for _, s := range []string{
		`{a}`, `{ a, b: c(x: 1, y: [$z, {k: ENUM, l: null}]) @d(e: "f") { ...F ... on T @x { g } ...@y{h} } } fragment F on T { i }`,
		`query Q($a: [Int!]! = [1], $b: In = {c: "d"} @x) @y { a }`, "subscription { a } # \" comment {",
		`{a(s:"""block \""" " { } """)}`, "\ufeff{a}", `{a(s:"A\u{1F600}")}`, `{a(n:-1.5e3)}`,
	} {
		if _, err := parseGraphQL(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []string{
		``, `{}`, `{a`, `a`, `{a}}`, `{a(x:1,x:2)}`, `{a(x:{k:1,k:2})}`, `query Q($a:I,$a:I){a}`, `query Q{a} query Q{b}`, `type T {a:Int}`, `extend type T{a:Int}`,
		`fragment on on T {a}`, `{a(x:")}`, "{a(x:\"a\nb\")}", `{a(x:"\q")}`, `{a(x:01)}`, `{a(x:1a)}`, `{a()}`, `{..}`, `{a(x:"\u{110000}")}`, "{a\x00}", `{a(x:$)}`, `fragment F on T{a}`,
		strings.Repeat("{a", 100) + strings.Repeat("}", 100),
	} {
		if _, err := parseGraphQL(s); err == nil {
			t.Errorf("%s: no error", s)
		}
	}
	l := gqlLexer{s: "\"\"\"\n    a\n      b\n\n  \"\"\" \"x\\u0041\\n\t\""}
	if tok, err := l.next(); err != nil || tok.text != "a\n  b" {
		t.Errorf("block string: %q %v", tok.text, err)
	}
	if tok, err := l.next(); err != nil || tok.text != "xA\n\t" {
		t.Errorf("string: %q %v", tok.text, err)
	}
}

func TestGraphQLLogins(t *testing.T) {
	rd := readerFor(t, "vendure")
	type account = string
	for name, c := range map[string]struct {
		body string
		want account
	}{
		"inline":       {gql(`mutation { login(username: "a", password: "p") { __typename } }`, ""), "a"},
		"query":        {gql(`{ login(username: "a", password: "p") { __typename } }`, ""), "a"},
		"variables":    {gql(`mutation X($u: String!, $p: String!) { login(username: $u, password: $p, rememberMe: true) { ...C __typename } __typename } fragment C on CurrentUser { id }`, `{"u":"a","p":"p"}`), "a"},
		"as a string":  {gql(`mutation X($u: String!, $p: String!) { login(username: $u, password: $p) { id } }`, `"{\"u\":\"a\",\"p\":\"p\"}"`), "a"},
		"default":      {gql(`mutation X($u: String = "a", $p: String!) { login(username: $u, password: $p) { id } }`, `{"p":"p"}`), "a"},
		"input":        {gql(`mutation X($i: AuthenticationInput!) { authenticate(input: $i) { id } }`, `{"i":{"native":{"username":"a","password":"p"}}}`), "a"},
		"inner":        {gql(`mutation X($n: N!) { authenticate(input: {native: $n}) { id } }`, `{"n":{"username":"a","password":"p"}}`), "a"},
		"block string": {gql(`mutation { login(username: """a""", password: "p") { id } }`, ""), "a"},
		"alias":        {gql(`mutation { login: login(username: "a", password: "p") { id } }`, ""), "a"},
		"batch of one": {`[` + gql(`mutation { login(username: "a", password: "p") { id } }`, "") + `]`, "a"},
		"no variables": {gql(`mutation X($u: String, $p: String) { login(username: $u, password: $p) { id } }`, ""), ""},
		"no account":   {gql(`mutation { login(password: "p") { id } }`, ""), ""},
		"APQ unknown":  {gql(`mutation { login(username: "a", password: "p") { id } }`, "{}"), "a"},
		"comments":     {gql("mutation # login(username: \"x\")\n{ login(username: \"a\", password: \"p\") { id } }", ""), "a"},
	} {
		for _, path := range []string{"/shop-api", "/Shop-API/", "/x", "/shop-api?languageCode=en", "/graphql?operationName=X"} {
			t.Run(name+path, func(t *testing.T) {
				wantAttempt(t, rd, post(path, jsonType, c.body), c.body, "vendure", c.want)
			})
		}
	}
	const doc = `mutation{login(username:"a",password:"p"){id}}`
	wantAttempt(t, rd, post("/shop-api", "application/graphql", doc), doc, "vendure", "a")
	form := "query=" + url.QueryEscape(`mutation($u:S,$p:S){login(username:$u,password:$p){id}}`) + "&variables=" + url.QueryEscape(`{"u":"a","p":"p"}`)
	wantAttempt(t, rd, post("/shop-api", urlencoded, form), form, "vendure", "a")
	parts := "--b\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n" + gql(doc, "") + "\r\n--b\r\nContent-Disposition: form-data; name=\"map\"\r\n\r\n{}\r\n--b--\r\n"
	wantAttempt(t, rd, post("/shop-api", "multipart/form-data; boundary=b", parts), parts, "vendure", "a")
	r := httptest.NewRequest("GET", "/shop-api?query="+url.QueryEscape(doc), nil)
	if got := read(rd, r); got.Kind != Attempt || got.Account != "a" {
		t.Errorf("GET: %+v", got)
	}
}

func TestGraphQLThatCouldBeTwoThingsIsRefused(t *testing.T) {
	rd := readerFor(t, "vendure")
	const one = `login(username: "a", password: "p") { id }`
	escape := func(s string) string { return strings.ReplaceAll(s, "login", `\u006c\u006fgin`) }
	for name, c := range map[string]struct{ ct, body, reason string }{
		"aliases":            {jsonType, gql(`mutation { a: `+one+` b: `+one+` }`, ""), ReasonGraphQLMany},
		"two operations":     {jsonType, gql(`mutation A { `+one+` } mutation B { addItem { id } }`, ""), ReasonGraphQL},
		"both operations":    {jsonType, gql(`mutation A { `+one+` } mutation B { `+one+` }`, ""), ReasonGraphQLMany},
		"batch":              {jsonType, `[` + gql(`mutation { `+one+` }`, "") + `,` + gql(`mutation { `+one+` }`, "") + `]`, ReasonGraphQLMany},
		"batch and other":    {jsonType, `[` + gql(`mutation { `+one+` }`, "") + `,` + gql(`{ me { id } }`, "") + `]`, ReasonGraphQLMany},
		"another field":      {jsonType, gql(`mutation { `+one+` addItem { id } }`, ""), ReasonGraphQL},
		"skipped":            {jsonType, gql(`mutation { login(username: "a", password: "p") @skip(if: true) { id } }`, ""), ReasonGraphQL},
		"fragment":           {jsonType, gql(`mutation { ...F } fragment F on Mutation { `+one+` }`, ""), ReasonGraphQL},
		"fragment twice":     {jsonType, gql(`mutation { ...F ...F } fragment F on Mutation { `+one+` }`, ""), ReasonGraphQLMany},
		"nested fragments":   {jsonType, gql(`mutation { ...F } fragment F on Mutation { ...G } fragment G on Mutation { `+one+` }`, ""), ReasonGraphQL},
		"inline fragment":    {jsonType, gql(`mutation { ... on Mutation { `+one+` } }`, ""), ReasonGraphQL},
		"cycle":              {jsonType, gql(`mutation { ...F `+one+` } fragment F on Mutation { ...F }`, ""), ReasonGraphQL},
		"broken":             {jsonType, gql(`mutation { login(username: "a", password: "p" { id } }`, ""), ReasonGraphQL},
		"argument twice":     {jsonType, gql(`mutation { login(username: "a", username: "b", password: "p") { id } }`, ""), ReasonGraphQL},
		"number":             {jsonType, gql(`mutation { login(username: 0, password: "p") { id } }`, ""), ReasonGraphQL},
		"list":               {jsonType, gql(`mutation X($u: S) { login(username: $u, password: "p") { id } }`, `{"u":["a"]}`), ReasonGraphQL},
		"bad variables":      {jsonType, gql(`mutation X($u: S) { login(username: $u, password: "p") { id } }`, `"{\"u\":\"a\",\"u\":\"b\"}"`), ReasonGraphQL},
		"key case":           {jsonType, strings.Replace(gql(`mutation { `+one+` }`, ""), "query", "Query", 1), ReasonGraphQL},
		"two keys":           {jsonType, `{"QUERY":"{a}",` + gql(`mutation { `+one+` }`, "")[1:], ReasonGraphQL + ReasonGraphQLMany},
		"key twice":          {jsonType, `{"query":"{a}",` + gql(`mutation { `+one+` }`, "")[1:], ReasonUnreadable},
		"key twice, escape":  {jsonType, `{"query":"{a}",` + gql("mutation { login\n(username: 1) { id } }", "")[1:], ReasonUnreadable},
		"undeclared":         {jsonType, gql(`mutation { login(username: $u, password: "p") { id } }`, `{"u":"a"}`), ReasonGraphQL},
		"BOM":                {jsonType, "\ufeff" + gql(`mutation { `+one+` }`, ""), ReasonUnreadable},
		"comment, escaped":   {jsonType, "/**/" + escape(gql(`mutation { `+one+` }`, "")), ReasonUnreadable},
		"text":               {"text/plain", gql(`mutation { `+one+` }`, ""), ReasonHidden},
		"no type":            {"", escape(gql(`mutation { `+one+` }`, "")), ReasonHidden},
		"as a form":          {urlencoded, gql(`mutation { `+one+` }`, ""), ReasonHidden},
		"other type":         {"image/png", gql(`mutation { `+one+` }`, ""), ReasonHidden},
		"registers a hash":   {jsonType, `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}},` + gql(`mutation { `+one+` }`, "")[1:], ReasonPersisted},
		"form of two types":  {urlencoded + ", text/plain", "query=" + url.QueryEscape(`mutation { `+one+` }`), ReasonHidden},
		"form, half escaped": {"text/plain", "query=mutation\n%7Bl%6fgin(username:1)}", ReasonHidden},
		"text not UTF-8":     {"application/graphql", "mutation { login(username: \"\xff\", password: \"p\") { id } }", ReasonUTF8},
		"form twice":         {urlencoded, "query=%7Ba%7D&query=" + url.QueryEscape(`mutation { `+one+` }`), ReasonGraphQL + ReasonGraphQLMany},
		"form list":          {urlencoded, "query[]=" + url.QueryEscape(`mutation { `+one+` }`), ReasonGraphQL},
		"form operations":    {urlencoded, "operations=" + url.QueryEscape(`{"a":1,"a":2,"query":"mutation { login(username:1) }"}`), ReasonGraphQL},
	} {
		t.Run(name, func(t *testing.T) {
			got := read(rd, post("/shop-api", c.ct, c.body))
			if got.Kind != Refused || !strings.Contains(c.reason, got.Reason) || got.Reason == "" {
				t.Errorf("%v %s, want refused with %s", got.Kind, got.Reason, c.reason)
			}
		})
	}
	for _, types := range [][]string{{"application/graphql", urlencoded}, {urlencoded, "application/GraphQL"}, {"application/graphql, text/plain"}} {
		r := post("/", "", `mutation { `+one+` }`)
		r.Header["Content-Type"] = types
		if got := read(rd, r); got.Kind != Refused {
			t.Errorf("a document of types %q: %v", types, got.Kind)
		}
	}
	body := gql(`mutation X($u: S) { login(username: $u, password: "p") { id } }`, `{"u":"a"}`)
	for _, target := range []string{"/shop-api?variables=%7B%22u%22:%22b%22%7D", "/shop-api?variables=%7B%22u%22:%22b%22,%22u%22:%22c%22%7D", "/shop-api?query=%7Ba%7D", "/shop-api?extensions=%7B%22persistedQuery%22:%7B%22sha256Hash%22:%22x%22%7D%7D"} {
		if got := read(rd, post(target, jsonType, body)); got.Kind != Refused {
			t.Errorf("%s: %v", target, got.Kind)
		}
	}
}

func TestGraphQLWithoutALoginGoesOn(t *testing.T) {
	rd := readerFor(t, "vendure")
	for _, body := range []string{
		gql(`{ products { items { id name } } }`, ""),
		gql(`query { me { login password } }`, ""),
		gql(`mutation { login: logout { success } }`, ""),
		gql(`mutation { authenticate(input: {google: {token: "x"}}) { id } }`, ""),
		gql(`mutation X($i: I!) { authenticate(input: $i) { id } }`, `{"i":{"google":{"token":"x"}}}`),
		gql(`mutation { registerCustomerAccount(input: {emailAddress: "a", password: "login"}) { id } }`, ""),
		gql(`{ a(x: "login(username: 1)") }`, ""),
		`{"query":"how to login","page":1}`,
		`{"query":{"match":{"login":"x"}}}`,
		`{"operationName":"Login","variables":{"username":"a"},"extensions":{"persistedQuery":{"sha256Hash":"abc"}}}`,
		`[1,2]`,
	} {
		wantOther(t, rd, post("/x", jsonType, body), body)
	}
	wantOther(t, rd, post("/search", urlencoded, "query=login+help"), "query=login+help")
	wantOther(t, rd, post("/x", "application/graphql", "{a}"), "{a}")
	for _, target := range []string{"/search?query=login+password", "/shop-api?query=%7Bproducts%7Bid%7D%7D"} {
		if got := read(rd, httptest.NewRequest("GET", target, nil)); got.Kind != Other {
			t.Errorf("%s: %v %s", target, got.Kind, got.Reason)
		}
	}
}

func TestPersistedLoginsThatAreListed(t *testing.T) {
	rd := newReader(t, Options{}, config.Endpoint{
		GraphQL:   []config.GraphQLLogin{{Field: "auth.login", Account: "input.email", Password: "input.password"}},
		Persisted: []string{"SignIn", "abc123"},
	})
	for _, body := range []string{
		`{"operationName":"SignIn","variables":{"data":{"email":"a","password":"p"}}}`,
		`{"variables":{"email":"a","password":"p"},"extensions":{"persistedQuery":{"version":1,"sha256Hash":"abc123"}}}`,
		`{"id":"abc123","variables":{"email":"a","password":"p"}}`,
		`{"extensions":{"persistedQuery":{"sha256Hash":"abc123"}},` + gql(`mutation { auth { login(input: {email: "a", password: "p"}) { token } } }`, "")[1:],
	} {
		wantAttempt(t, rd, post("/graphql", jsonType, body), body, "login", "a")
	}
	wantRefused(t, rd, post("/graphql", jsonType, `{"id":"abc123","variables":{"email":"a","x":{"email":"b"},"password":"p"}}`), 400, ReasonGraphQL)
	if got := read(rd, httptest.NewRequest("GET", "/graphql?operationName=SignIn&variables=%7B%22email%22:%22a%22%7D", nil)); got.Kind != Attempt || got.Account != "a" {
		t.Errorf("GET: %+v", got)
	}
	for _, name := range []string{"id=abc123", "documentId=SignIn", "queryId=abc123"} {
		variables := "variables=%7B%22email%22:%22a%22,%22password%22:%22p%22%7D"
		if got := read(rd, post("/graphql?"+name+"&"+variables, "", "")); got.Kind != Attempt || got.Account != "a" {
			t.Errorf("query %s: %+v", name, got)
		}
		// Whether the name there or what the body lacks counts is not ours to
		// say.
		wantRefused(t, rd, post("/graphql?"+name, jsonType, `{"variables":{"email":"a","password":"p"}}`), 400, ReasonGraphQLMany)
	}
	// Of a type that says nothing, with a key twice.
	wantRefused(t, rd, post("/", "", `{"id":"abc\u0031\u00323","variables":{"email":"a","email":"b","password":"p"}}`), 400, ReasonHidden)
	wantAttempt(t, rd, post("/graphql?id=5", jsonType, `{"id":"abc123","variables":{"email":"a","password":"p"}}`), `{"id":"abc123","variables":{"email":"a","password":"p"}}`, "login", "a")
}

func TestStreamsEndBeforeAPersistedLogin(t *testing.T) {
	rd := newReader(t, Options{MaxBody: 16}, config.Endpoint{
		GraphQL:   []config.GraphQLLogin{{Field: "auth.login", Account: "input.email", Password: "input.password"}},
		Persisted: []string{"shop/sign-in", "abc123"},
	})
	filler := strings.Repeat("x ", 20)
	variables := url.QueryEscape(`{"email":"a","password":"p"}`)
	for _, c := range []struct{ name, target, ct, body, from string }{
		{"id", "/", jsonType, `{"x":"` + filler + `","id":"abc123","variables":{"email":"a","password":"p"}}`, "abc123"},
		{"several words", "/", jsonType, `{"x":"` + filler + `","id":"shop/sign-in","variables":{"email":"a","password":"p"}}`, "shop"},
		{"no type", "/", "", `{"x":"` + filler + `","id":"abc123","variables":{"email":"a","password":"p"}}`, "abc123"},
		{"form", "/", urlencoded, "x=" + url.QueryEscape(filler) + "&id=abc123&variables=" + variables, "variables"},
		{"form, variables in query", "/?variables=" + variables, urlencoded, "x=" + url.QueryEscape(filler) + "&id=abc123", "id"},
		{"part", "/", "multipart/form-data; boundary=bnd", "--bnd\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n" + filler + "\r\n--bnd\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\nabc123\r\n--bnd--\r\n", "abc123"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := post(c.target, c.ct, c.body)
			rd.Read(httptest.NewRecorder(), r)
			if b, err := io.ReadAll(r.Body); !errors.Is(err, errCut) || len(b) > strings.LastIndex(c.body, c.from) {
				t.Errorf("%v after %q", err, b)
			}
		})
	}
	body := `{"x":"` + filler + `","id":"other","variables":{"file":"abc1234"}}`
	r := post("/", jsonType, body)
	if got := read(rd, r); got.Kind != Other {
		t.Errorf("another document: %v", got.Kind)
	}
	if b, err := io.ReadAll(r.Body); err != nil || string(b) != body {
		t.Errorf("another document: %v after %q", err, b)
	}
}

func TestGenericKnowsUsualGraphQLLogins(t *testing.T) {
	rd := readerFor(t, "generic")
	for _, body := range []string{
		gql(`mutation { tokenCreate(email: "a", password: "p") { token } }`, ""),
		gql(`mutation X($email: String!, $password: String!) { generateCustomerToken(email: $email, password: $password) { token } }`, `{"email":"a","password":"p"}`),
		gql(`mutation X($input: I!) { customerAccessTokenCreate(input: $input) { customerAccessToken { accessToken } } }`, `{"input":{"email":"a","password":"p"}}`),
	} {
		if got := read(rd, post("/api", jsonType, body)); got.Kind != Attempt || got.Account != "a" {
			t.Errorf("%s: %+v", body, got)
		}
	}
	wantRefused(t, rd, post("/api", jsonType, gql(`mutation { tokenCreate(email: "victim", password: "guess") { token } }`, `{"email":"me","password":"mine"}`)), 400, ReasonTwoLogins)
}

func TestGraphQLStreamEndsBeforeTheLogin(t *testing.T) {
	rd, err := NewReader(func() []config.Endpoint { e, _ := config.Preset("vendure"); return e }(), Options{MaxBody: 16})
	if err != nil {
		t.Fatal(err)
	}
	filler := strings.Repeat("x ", 20)
	for _, c := range []struct{ name, ct, body, from string }{
		{"json", jsonType, `{"x":"` + filler + `","query":"mutation{ login(username:1)}"}`, "login"},
		{"json escaped", jsonType, `{"x":"` + filler + `","query":"mutation{\u006c\u006fgin(username:1)}"}`, `\u006fgin`},
		{"json batch", jsonType, `[{"x":"` + filler + `"},{"query":"mutation{\nlogin(username:1)}"}]`, "login"},
		{"malformed", jsonType, `{x:"` + filler + `",query:"mutation{ login(username:1)}"}`, "login"},
		{"graphql", "application/graphql", `mutation{ #` + filler + "\nlogin(username:1)}", "login"},
		{"graphql and another type", "application/graphql, " + urlencoded, `mutation{ #` + filler + "\nlogin(username:1)}", "login"},
		{"form", urlencoded, "x=" + filler + "&query=mutation{login(username:1)}", "query"},
		{"multipart", "multipart/form-data; boundary=bnd", "--bnd\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\n" + filler + "\r\n--bnd\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{\"query\":\"mutation{l\\u006fgin(username:1)}\"}\r\n--bnd--\r\n", "l\\u006fgin"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := strings.LastIndex(c.body, c.from)
			for n := 1; n <= len(c.body); n++ {
				r := streamed(c.ct, &pieces{c.body, n})
				got := rd.Read(httptest.NewRecorder(), r)
				if got.Kind == Refused && got.Status == 413 {
					continue
				}
				b, err := io.ReadAll(r.Body)
				if !errors.Is(err, errCut) || len(b) > at {
					t.Fatalf("pieces of %d: %v after %q", n, err, b)
				}
			}
		})
	}
	for _, c := range []struct{ ct, body string }{
		{jsonType, `{"x":"` + filler + ` login ","query":"{products{logins xlogin}}","login":1}`},
		{"application/graphql", "{products{logins}} #" + filler},
		{"multipart/form-data; boundary=bnd", "--bnd\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{\"query\":\"mutation{upload}\"}\r\n--bnd\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\n login " + filler + "\r\n--bnd--\r\n"},
	} {
		for n := 1; n <= 30; n++ {
			r := streamed(c.ct, &pieces{c.body, n})
			got := rd.Read(httptest.NewRecorder(), r)
			if b, err := io.ReadAll(r.Body); got.Kind != Other || err != nil || string(b) != c.body {
				t.Fatalf("pieces of %d of %s: %v %v", n, c.body, got, err)
			}
		}
	}
}
