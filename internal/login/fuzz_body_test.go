package login

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/login-guard/login-guard/config"
)

// goLogin is a shop in Go: case makes no difference to its keys, and what
// follows the first value none to it.
type goLogin struct {
	User *string `json:"user"`
	Pass *string `json:"pass"`
}

func FuzzJSON(f *testing.F) {
	for i, s := range []string{
		`{"user":"a","pass":"b"}`, `{"user":"a","USER":"c","pass":"b"}`, `{"u\u017fer":"a","pass":"b"}x`, "\ufeff{\"user\":\"a\",\"pass\":\"b\"}",
		`{"user":["a"],"pass":{"$ne":1}}`, `[{"user":"a","pass":"b"}]`, `{"x":[[[[[[[[1]]]]]]]],"user":"a","pass":"b"}`, `{"user":"\ud800","pass":"b"}`, `{"user":null,"pass":0,"user":"a"}`,
	} {
		f.Add(s, uint8(i))
	}
	types := []string{jsonType, jsonType + "; charset=utf-8", "application/x+json", "text/plain", urlencoded, ""}
	const asJSON = 3 // of the types
	rd := fuzzReader(f, 64<<10)
	f.Fuzz(func(t *testing.T, body string, n uint8) {
		r := streamed(types[int(n)%len(types)], strings.NewReader(body))
		got := read(rd, r)
		var shop goLogin
		err := json.NewDecoder(strings.NewReader(body)).Decode(&shop)
		logsIn := err == nil && shop.User != nil && shop.Pass != nil
		var php map[string]any
		isObject := json.Unmarshal([]byte(body), &php) == nil
		switch {
		case got.Kind == Attempt && n%uint8(len(types)) < asJSON:
			if !isObject || php["user"] != got.Account || !sameText(php["pass"], got.password) {
				t.Fatalf("account %q of %q", got.Account, body)
			}
			if logsIn && (*shop.User != got.Account || *shop.Pass != got.password) {
				t.Fatalf("account %q; a struct in Go has %q: %q", got.Account, *shop.User, body)
			}
			if keys := topKeys(body); count(keys, "user") != 1 || count(keys, "pass") != 1 {
				t.Fatalf("keys %q of %q", keys, body)
			}
		case got.Kind == Attempt:
			agree(t, "PHP", &got, one(phpFields(body)), true, body)
			agree(t, "net/url", &got, goQuery(body), false, body)
		case got.Kind == Other:
			_, user := php["user"]
			_, pass := php["pass"]
			if logsIn || isObject && user && pass {
				t.Fatalf("a login passed as other: %q", body)
			}
		}
		if got.Kind == Attempt || got.Kind == Other {
			if b, err := io.ReadAll(r.Body); err != nil || string(b) != body {
				t.Fatalf("bytes changed: %v", err)
			}
		}
	})
}

// sameText reports whether a value of encoding/json is the text that we have
// of it; what is no string counts as the same.
func sameText(v any, ours string) bool {
	text, ok := v.(string)
	return !ok || text == ours
}

// count is how many keys are the name to encoding/json, which folds case and
// the long s.
func count(keys []string, name string) (n int) {
	for _, key := range keys {
		if strings.EqualFold(key, name) {
			n++
		}
	}
	return n
}

// topKeys gives the keys of the first object of a text, up to where it ends.
func topKeys(text string) (keys []string) {
	d := json.NewDecoder(strings.NewReader(text))
	depth, key := 0, false
	for {
		tok, err := d.Token()
		if err != nil {
			return keys
		}
		switch tok := tok.(type) {
		case json.Delim:
			if tok == '{' || tok == '[' {
				depth++
				key = depth == 1 && tok == '{'
			} else {
				depth--
				key = depth == 1
			}
		case string:
			if depth == 1 && key {
				keys = append(keys, tok)
			}
			key = depth == 1 && !key
		default:
			key = depth == 1
		}
	}
}

func FuzzJSONStream(f *testing.F) {
	f.Add(`{"filler":"xxxxxxxxxxxxxxxxxxx","pass":"b"}`, uint8(3))
	f.Add(`{"filler":"xxxx\"\\xxxxxxxxxxxxx","x":{"pass":1},"p\u0061ss":"b"}`, uint8(1))
	f.Add(`{"filler":[1,{"a":"xxxxxxxxxxxxx"}]  /* " */ ,"pass":"b"}`, uint8(9))
	f.Add(`{filler:'xxxxxxxxxxxxxxxxxxxx',pass:'b'}`, uint8(9))
	rd := fuzzReader(f, 16)
	bare := regexp.MustCompile(`[{,\s]['"]?pass['"]?\s*:\s*\S`)
	f.Fuzz(func(t *testing.T, body string, n uint8) {
		r := streamed(jsonType, &pieces{body, int(n) + 1})
		got := rd.Read(httptest.NewRecorder(), r)
		if got.Kind != Other || len(body) <= 16 {
			return
		}
		b, err := io.ReadAll(r.Body)
		out := string(b)
		if !strings.HasPrefix(body, out) || (err != nil) != got.Cut() || err == nil && out != body {
			t.Fatalf("%v, cut %v, %d of %d bytes", err, got.Cut(), len(out), len(body))
		}
		for _, key := range topKeys(out) {
			if strings.EqualFold(key, "pass") {
				t.Fatalf("a password went on: %q", out)
			}
		}
		// Outside of strings a forgiving parser takes it as well.
		if !strings.ContainsAny(body, `"`) && strings.HasPrefix(body, "{") && bare.MatchString(out) {
			t.Fatalf("a bare password went on: %q", out)
		}
	})
}

var gqlNoise = regexp.MustCompile(`(?s)"""(\\"""|.)*?"""|"(\\.|[^"\\\r\n])*"|#[^\r\n]*`)
var gqlLogin = regexp.MustCompile(`(^|[^_0-9A-Za-z])login[\s,\x{FEFF}]*\(`)

func FuzzGraphQL(f *testing.F) {
	for _, s := range []string{
		`mutation{login(username:"a",password:"p"){id}}`, `mutation X($u:S="a"){a:login(username:$u,password:"""p""")@x{...F}} fragment F on U{id}`,
		`{a(x:"login(") #login(` + "\n}", `{login(username:"a",password:"b") login(username:"c",password:"d")}`, `mutation{...on M{login(password:1)}}`,
		`fragment F on M{...F login(username:"a",password:"p")}{...F}`, `{a{login(username:"a",password:"b")}}`,
	} {
		f.Add(s)
	}
	es, _ := config.Preset("vendure")
	rd, err := NewReader(es, Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		r := post("/shop-api", "application/graphql", doc)
		got := read(rd, r)
		plain := gqlNoise.ReplaceAllString(doc, " ")
		calls := len(gqlLogin.FindAllString(plain, -1))
		d, err := parseGraphQL(doc)
		switch got.Kind {
		case Attempt:
			if calls == 0 || err != nil || len(d.operations) != 1 || !utf8.ValidString(doc) {
				t.Fatalf("%d logins in %q", calls, doc)
			}
		case Other:
			if calls > 0 && err != nil && strings.Contains(doc, "{") {
				t.Fatalf("what cannot be read passed as other: %q", doc)
			}
			if strings.HasPrefix(doc, `{login(username:"`) && err == nil {
				t.Fatalf("a login passed as other: %q", doc)
			}
		}
		// The same in JSON says the same.
		again := read(rd, post("/shop-api", jsonType, gql(strings.ToValidUTF8(doc, "?"), "")))
		if strings.ToValidUTF8(doc, "?") == doc && strings.TrimSpace(doc) != "" && (again.Kind != got.Kind || again.Account != got.Account) {
			t.Fatalf("as text %v %q, as JSON %v %q: %q", got.Kind, got.Account, again.Kind, again.Account, doc)
		}
	})
}

func FuzzBasic(f *testing.F) {
	for _, s := range []string{"Basic YTpi", "basic YTpi", "Basic  YTpi", "Basic YTpi, Basic YTpj", "Basic YTpi\n", "Basic YTo=", "Basic Og=="} {
		f.Add(s)
	}
	rd := basicReader(f)
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest("GET", "/x", nil)
		r.Header["Authorization"] = []string{header}
		got := read(rd, r)
		if user, pass, ok := r.BasicAuth(); ok {
			agree(t, "net/http", &got, fields{"user": {user}, "pass": {pass}}, true, header)
		} else if got.Kind == Attempt {
			t.Fatalf("account %q, which the standard library does not read: %q", got.Account, header)
		}
		// PHP and many hand-written readers skip what is not base64.
		if user, pass, ok := looseBasic(header); ok {
			agree(t, "PHP", &got, fields{"user": {user}, "pass": {pass}}, true, header)
		}
	})
}

// looseBasic reads Basic credentials as PHP does: whatever stands between the
// letters of base64 is skipped, and padding is not missed.
func looseBasic(header string) (user, pass string, ok bool) {
	if len(header) < 6 || !strings.EqualFold(header[:6], "basic ") {
		return "", "", false
	}
	letters := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '+' || r == '/' {
			return r
		}
		return -1
	}, header[6:])
	text, err := base64.RawStdEncoding.DecodeString(letters)
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(text), ":")
}

var multicallMethod = regexp.MustCompile(`methodName</name>\s*<value>\s*(<string>)?\s*wp\.getUsersBlogs\s*<`)

func FuzzMulticall(f *testing.F) {
	call := `<value><struct><member><name>methodName</name><value><string>wp.getUsersBlogs</string></value></member><member><name>params</name><value><array><data><value>a</value><value>b</value></data></array></value></member></struct></value>`
	whole := func(calls string) string {
		return `<?xml version="1.0"?><methodCall><methodName>system.multicall</methodName><params><param><value><array><data>` + calls + `</data></array></value></param></params></methodCall>`
	}
	f.Add(whole(call))
	f.Add(whole(call + call))
	f.Add(whole(strings.Replace(call, "wp.getUsersBlogs", "demo.sayHello", 1) + call))
	f.Add(`<methodCall><methodName>wp.getUsersBlogs</methodName><params><param><value>a</value></param><param><value>b</value></param></params></methodCall>`)
	es, _ := config.Preset("woocommerce")
	rd, err := NewReader(es, Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got := read(rd, post("/xmlrpc.php", "text/xml", body))
		n := len(multicallMethod.FindAllString(body, -1))
		if got.Kind == Attempt && n > 1 {
			t.Fatalf("%d guesses counted as one: %q", n, body)
		}
		if got.Kind == Other && n > 0 && strings.Contains(body, "system.multicall") && strings.HasPrefix(body, "<methodCall>") {
			t.Fatalf("a guess passed as other: %q", body)
		}
		calls, wellFormed := wpCalls(body)
		tries := 0
		for _, call := range calls {
			if call[0] != "wp.getUsersBlogs" || len(call) < 3 {
				continue
			}
			tries++
			account, _ := call[1].(string)
			if got.Kind == Attempt && FoldAccount(account) != FoldAccount(got.Account) {
				t.Fatalf("counted on %q, tried on %q: %q", got.Account, account, body)
			}
		}
		if wellFormed && (got.Kind == Other && tries > 0 || got.Kind == Attempt && tries > 1) {
			t.Fatalf("kind %v, and %d guesses: %q", got.Kind, tries, body)
		}
	})
}
