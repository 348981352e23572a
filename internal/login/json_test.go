package login

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/config"
)

const jsonType = "application/json"

func TestParseJSONTakesOnlyWhatAllParsersReadAlike(t *testing.T) {
	for _, s := range []string{
		`{}`, `[]`, `""`, `0`, `-1.5e+10`, ` {"a" : [1, true, null, "x\u00e9\ud83d\ude00\/"] } `, `{"a":{"b":{"c":{"d":1}}}}`, `[[[[[[[[1]]]]]]]]`,
	} {
		if _, err := parseJSON(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []string{
		``, ` `, "\ufeff{}", `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{} x`, `{}{}`, `{"a":1,}`, `[1,]`, `{a:1}`, `{'a':1}`, `// x
{}`, `{"a":1/**/}`, `NaN`, `[Infinity]`, `01`, `+1`, `1.`, `.5`, `"\ud800"`, `"\udc00\ud800"`, `"\ud800x"`, "\"\xff\"", "\"a\nb\"", `"\x"`, `"\u00g0"`, `"`, `{"a"}`, `{`, `[[[[[[[[[1]]]]]]]]]`, "{\"a\":\x00 1}", "{\x00\"\x00a\x00\"\x00", `tru`, `nulll`,
	} {
		if _, err := parseJSON(s); err == nil {
			t.Errorf("%q: no error", s)
		}
	}
	// The many keys of a large object are compared too.
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, `"k%d":1,`, i)
	}
	if _, err := parseJSON("{" + b.String() + `"k3":2}`); err == nil {
		t.Error("a key twice in a large object: no error")
	}
}

// Each body is one account or refused, whatever it is that reads it.
func TestJSONBodies(t *testing.T) {
	rd := newReader(t, Options{}, config.Endpoint{
		Paths: []string{"/account/login"}, AccountFields: []string{"/user"}, PasswordFields: []string{"/pass"},
	})
	const plain = `{"user":"a","pass":"p"}`
	for _, c := range []struct{ name, ct, body, account, reason string }{
		{"plain", jsonType, plain, "a", ""},
		{"charset", jsonType + "; charset=utf-8", plain, "a", ""},
		{"suffix", "application/vnd.api+json", plain, "a", ""},
		{"escaped keys", jsonType, `{"\u0075ser":"a","p\u0061ss":"p"}`, "a", ""},
		{"escaped value", jsonType, `{"user":"\u0061","pass":"p"}`, "a", ""},
		{"empty", jsonType, `{"user":"","pass":""}`, "", ""},
		{"null password", jsonType, `{"user":"a","pass":null}`, "a", ""},
		{"number password", jsonType, `{"user":"a","pass":1234}`, "a", ""},
		{"siblings", jsonType, `{"user":"a","pass":"p","remember":true,"n":[1,{"x":null}]}`, "a", ""},
		{"form", urlencoded, `user=a&pass=p`, "a", ""},

		{"case", jsonType, `{"user":"a","USER":"b","pass":"p"}`, "", ReasonField},
		{"case only", jsonType, `{"User":"b","pass":"p"}`, "", ReasonField},
		{"full width", jsonType, `{"ｕser":"b","pass":"p"}`, "", ReasonField},
		{"blank", jsonType, `{" user":"b","pass":"p"}`, "", ReasonField},
		{"NUL", jsonType, `{"user\u0000x":"b","pass":"p"}`, "", ReasonField},
		{"list", jsonType, `{"user":["a"],"pass":"p"}`, "", ReasonField},
		{"empty list", jsonType, `{"user":[],"pass":"p"}`, "", ReasonField},
		{"object", jsonType, `{"user":{"$ne":null},"pass":"p"}`, "", ReasonField},
		{"password object", jsonType, `{"user":"a","pass":{"$gt":""}}`, "", ReasonField},
		{"number", jsonType, `{"user":0,"pass":"p"}`, "", ReasonField},
		{"null", jsonType, `{"user":null,"pass":"p"}`, "", ReasonField},
		{"batch", jsonType, `[{"user":"a","pass":"p"},{"user":"a","pass":"q"}]`, "", ReasonField},
		{"batch of one", jsonType, `[{"user":"a","pass":"p"}]`, "", ReasonField},
		{"brackets", jsonType, `{"user[x]":"a","pass":"p"}`, "", ReasonField},

		{"twice", jsonType, `{"user":"a","user":"b","pass":"p"}`, "", "*"},
		{"twice elsewhere", jsonType, `{"user":"a","pass":"p","x":{"y":1,"y":2}}`, "", "*"},
		{"BOM", jsonType, "\ufeff" + plain, "", "*"},
		{"comment", jsonType, `{"user":"a",/*"x":*/"pass":"p"}`, "", "*"},
		{"line comment", jsonType, "{\"user\":\"a\",//\n\"pass\":\"p\"}", "", "*"},
		{"hash comment", jsonType, "#x\n" + plain, "", "*"},
		{"trailing", jsonType, plain + `x`, "", "*"},
		{"two values", jsonType, plain + plain, "", "*"},
		{"trailing comma", jsonType, `{"user":"a","pass":"p",}`, "", "*"},
		{"deep", jsonType, `{"user":"a","pass":"p","x":[[[[[[[[1]]]]]]]]}`, "", "*"},
		{"invalid UTF-8", jsonType, "{\"user\":\"a\",\"pass\":\"\xff\"}", "", "*"},
		{"surrogate", jsonType, `{"user":"a","pass":"\ud800"}`, "", "*"},
		{"NaN", jsonType, `{"user":"a","pass":"p","x":NaN}`, "", "*"},
		{"single quotes", jsonType, `{'user':'a','pass':'p'}`, "", "*"},
		{"no quotes", jsonType, `{user:"a",pass:"p"}`, "", "*"},
		{"prefix", jsonType, ")]}'\n" + plain, "", "*"},
		{"UTF-16", jsonType, strings.Join(strings.Split(plain, ""), "\x00") + "\x00", "", "*"},
		{"open", jsonType, `{"user":"a","pass":"p"`, "", "*"},

		{"charset utf-16", jsonType + "; charset=utf-16", plain, "", ReasonCharset},
		{"charset utf-16, in it", jsonType + "; charset=utf-16le", strings.Join(strings.Split(plain, ""), "\x00") + "\x00", "", "*"},
		{"charset utf-7", jsonType + "; charset=utf-7", `+AHsAIg-`, "", ReasonCharset},
		{"charset latin1", jsonType + "; charset=iso-8859-1", plain, "", ReasonCharset},
		{"no type", "", plain, "", ReasonHidden},
		{"text", "text/plain", plain, "", ReasonHidden},
		{"text of a list", "text/plain", "[" + plain + "]", "", ReasonHidden},
		{"as a form", urlencoded, plain, "", ReasonHidden},
		{"as a form with blanks", urlencoded, "\n {\"user\":\"a\",\"pass\":\"p\" }", "", ReasonHidden},
		{"text with comment", "text/plain", `/**/` + plain, "", ReasonHidden},
		{"other type", "text/json", plain, "", ReasonHidden},
		{"Rails' type", "application/jsonrequest", plain, "", ReasonHidden},
		{"two types", jsonType + ", text/plain", plain, "", ReasonHidden},
	} {
		for _, path := range []string{"/account/login", "/elsewhere"} {
			t.Run(c.name+path, func(t *testing.T) {
				r := post(path, c.ct, c.body)
				if c.reason == "" {
					wantAttempt(t, rd, r, c.body, "login", c.account)
					return
				}
				want := c.reason
				if want == "*" {
					if want = ReasonHidden; path == "/account/login" {
						want = ReasonUnreadable
					}
				}
				if got := read(rd, r); got.Kind != Refused || got.Reason != want {
					t.Errorf("kind %v, %s; want %s", got.Kind, got.Reason, want)
				}
			})
		}
	}
	// Where servers take any type for JSON, they do so on the login's path.
	wantRefused(t, rd, post("/account/login", "image/png", plain), 400, ReasonHidden)
	wantOther(t, rd, post("/account/login", "image/png", "\x89PNG {"), "\x89PNG {")
	wantAttempt(t, rd, post("/x?user=a", jsonType, `{"pass":"p"}`), `{"pass":"p"}`, "login", "a")
	wantRefused(t, rd, post("/x?user=b", jsonType, plain), 400, ReasonField)
	r := post("/x", jsonType, plain)
	r.Header.Set("Content-Encoding", "identity")
	wantRefused(t, rd, r, 415, ReasonEncoding)
}

func TestJSONWithoutCredentialsGoesOn(t *testing.T) {
	rd := newReader(t, Options{}, config.Endpoint{AccountFields: []string{"/user/email"}, PasswordFields: []string{"/user/password"}})
	for _, body := range []string{
		"", "{}", "[]", "null", `"x"`, `{"a":1,"a":2}`, "\ufeff{}", `{"x":NaN}`, `{"user":{"email":"a"}}`, `{"email":"a","password":"b"}`,
		`{"password":{"user":"x","email":"y"}}`, `[[[[[[[[[[1]]]]]]]]]]`, `{"text":"user email password"}`, "junk", "{\"a\":\"\xff\"}",
	} {
		wantOther(t, rd, post("/x", jsonType, body), body)
	}
	wantOther(t, rd, post("/x", jsonType+"; charset=utf-16", "{\x00}\x00"), "{\x00}\x00")
	wantAttempt(t, rd, post("/x", jsonType, `{"user":{"email":"a","password":"b"}}`), `{"user":{"email":"a","password":"b"}}`, "login", "a")
	wantAttempt(t, rd, post("/x", urlencoded, `user[email]=a&user[password]=b`), `user[email]=a&user[password]=b`, "login", "a")
	wantRefused(t, rd, post("/x", jsonType, `{"user[email]":"a","user":{"password":"b"}}`), 400, ReasonField)
	wantRefused(t, rd, post("/x", jsonType, `{"users":[],"user":[{"email":"a","password":"b"}]}`), 400, ReasonField)
}

func TestGenericReadsJSONLogins(t *testing.T) {
	rd := readerFor(t, "generic")
	for _, c := range []struct{ body, account string }{
		{`{"email":"a@b.c","password":"p"}`, "a@b.c"},
		{`{"username":"a","password":"p","rememberMe":true}`, "a"},
		{`{"user":"a","pass":"p"}`, "a"},
		{`{"login":"a","password":"p"}`, "a"},
		{`{"user":{"email":"a","password":"p","remember_me":true,"roles":["x"]}}`, "a"},
		{`{"data":{"username":"a"},"password":"p"}`, "a"},
		{`{"email":"a","username":null,"password":"p"}`, "a"},
		{`{"email":"a","username":"a","password":"p"}`, "a"},
		{`{"jsonrpc":"2.0","params":{"login":"a","password":"p","db":"x"}}`, "a"},
	} {
		wantAttempt(t, rd, post("/api/session", jsonType, c.body), c.body, "generic", c.account)
	}
	wantRefused(t, rd, post("/api", jsonType, `{"email":"a","username":"b","password":"p"}`), 400, ReasonTwoAccounts)
	wantRefused(t, rd, post("/api", jsonType, `{"user":{"$ne":1},"email":"a","password":"p"}`), 400, ReasonField)
	for _, body := range []string{
		`{"users":[{"email":"a","password":"p"},{"email":"b","password":"q"}]}`,
		`{"user":{"current_password":"a","password":"b"}}`,
		`{"smtp":{"host":"x","password":"y"}}`,
	} {
		wantOther(t, rd, post("/api/import", jsonType, body), body)
	}
	const register = `{"email":"a","password":"p","firstName":"A"}`
	wantOther(t, rd, post("/api/customers", jsonType, register), register)
}

func TestFormShopsDoNotReadJSON(t *testing.T) {
	rd := readerFor(t, "woocommerce", "opencart3", "django")
	for _, body := range []string{`{"username":"a","password":"b","login":"x"}`, `{"a":1,"a":2`} {
		wantOther(t, rd, post("/my-account/", jsonType, body), body)
		wantOther(t, rd, post("/my-account/", "text/plain", body), body)
	}
	mixed := readerFor(t, "woocommerce", "evershop")
	body := `{"username":"a","password":"b","login":"x"}`
	wantOther(t, mixed, post("/x", jsonType, body), body)
}

// A large JSON body goes on up to its first password key.
func TestJSONStreamEndsBeforeThePassword(t *testing.T) {
	for _, c := range []struct{ name, before, key, after string }{
		{"plain", `{"filler":"xxxxxxxxxxxx",`, `"pass"`, `:"secret"}`},
		{"escaped", `{"filler":"xxxxxxxxxxxx",`, `"p\u0061ss"`, `:"secret"}`},
		{"all escaped", `{"filler":"xxxxxxxxxxxx",`, `"\u0070\u0061\u0073\u0073"`, `:"secret"}`},
		{"case", `{"filler":"xxxxxxxxxxxx",`, `"PASS"`, `:"secret"}`},
		{"quotes in values", `{"filler":"xx\"\\\"xxxx,{[","y":["\\"],`, `"pass"`, ` : "secret"}`},
		{"nested", `{"filler":[{"a":1},2],"l":{"x":1,`, `"pw"`, `:"secret"}}`},
		{"list", `[{"filler":"xxxxxxxxxxxxx"},{`, `"pass"`, `:"secret"}]`},
		{"object", `{"filler":"xxxxxxxxxxxx",`, `"pass"`, `:{"$ne":1}}`},
		{"long blanks", `{"filler":"xxxxxxxxxxxx",`, `"` + strings.Repeat(" ", 300) + `pass"`, `:"secret"}`},
		{"NUL", `{"filler":"xxxxxxxxxxxx",`, `"pass\u0000` + strings.Repeat("x", 300) + `"`, `:"secret"}`},
		{"comment", `{"filler":"xxxxxxxxxxxx",/* " */`, `"pass"`, `:"secret"}`},
		{"single quotes", `{'filler':'xxxxxxxxxxxx',`, `'pass'`, `:'secret'}`},
		{"no quotes", `{filler:"xxxxxxxxxxxxxx",`, `pass`, `:"secret"}`},
		{"missing comma", `{"filler":"xxxxxxxxxxxx" `, `"pass"`, `:"secret"}`},
		{"two values", `{"filler":"xxxxxxxxxxxx"}{`, `"pass"`, `:"secret"}`},
		{"after junk", `x{"filler":"xxxxxxxxxxx",`, `"pass"`, `:"secret"}`},
	} {
		for _, ct := range []string{jsonType, "text/plain", urlencoded} {
			if ct != jsonType && c.before[0] == 'x' {
				continue
			}
			t.Run(c.name+ct, func(t *testing.T) {
				rd := smallReader(t, "pass", "*[pw]")
				whole := c.before + c.key + c.after
				for n := 1; n <= len(whole); n++ {
					r := streamed(ct, &pieces{whole, n})
					got := rd.Read(httptest.NewRecorder(), r)
					if got.Kind == Refused && got.Status == 413 {
						continue // it was in what was buffered
					}
					b, err := io.ReadAll(r.Body)
					if !errors.Is(err, errCut) || !got.Cut() {
						t.Fatalf("pieces of %d: not cut (%v) after %q", n, err, b)
					}
					if i := strings.IndexAny(c.key, "p\\P"); len(b) > len(c.before)+i || !strings.HasPrefix(whole, string(b)) {
						t.Fatalf("pieces of %d: %q went on", n, b)
					}
				}
			})
		}
	}
}

func TestJSONStreamWithoutPasswordGoesOnWhole(t *testing.T) {
	long := strings.Repeat("x", 700)
	for _, body := range []string{
		`{"filler":"` + long + `","type":"pass","x":["pass",{"y":"pass"}],"passport":1,"compass":2}`,
		`{"smtp":{"pass":"x"},"filler":"` + long + `"}`,
		`[{"a":[{"pass":1}]},"` + long + `"]`,
		`{"text":"\"pass\":1 \\","` + long + `":1,"n":-1.5e10,"t":[true,false,null]}`,
	} {
		for n := 1; n <= 40; n++ {
			rd := smallReader(t, "pass", "*[pw]")
			r := streamed(jsonType, &pieces{body, n})
			got := rd.Read(httptest.NewRecorder(), r)
			b, err := io.ReadAll(r.Body)
			if got.Kind != Other || err != nil || string(b) != body || got.Cut() {
				t.Fatalf("pieces of %d of %.40s: %+v, %v, %d of %d bytes", n, body, got, err, len(b), len(body))
			}
		}
	}
}

// Servers that decompress by themselves (Express, Koa) may not be sent
// compressed logins; other compressed JSON goes on as it came.
func TestCompressedJSON(t *testing.T) {
	pack := func(s string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		io.WriteString(w, s)
		w.Close()
		return b.String()
	}
	send := func(rd *Reader, body, encoding string) (*http.Request, Reading) {
		r := post("/x", jsonType, body)
		r.Header.Set("Content-Encoding", encoding)
		return r, read(rd, r)
	}
	for _, c := range []struct{ preset, login, other string }{
		{"vendure", gql(`mutation { login(username: "a", password: "p") { id } }`, ""), gql(`{ products { id } }`, "")},
		{"evershop", `{"email":"a","password":"b"}`, `{"a":1}`},
		{"generic", `{"email":"a","password":"b"}`, `{"a":1,"a":2}`},
	} {
		rd := readerFor(t, c.preset)
		if _, got := send(rd, pack(c.login), "gzip"); got.Kind != Refused {
			t.Errorf("%s: a compressed login: %v", c.preset, got.Kind)
		}
		if _, got := send(rd, "junk", "br"); got.Kind != Refused {
			t.Errorf("%s: what cannot be decompressed: %v", c.preset, got.Kind)
		}
		r, got := send(rd, pack(c.other), "gzip")
		if b, _ := io.ReadAll(r.Body); got.Kind != Other || string(b) != pack(c.other) {
			t.Errorf("%s: other compressed JSON: %v %s", c.preset, got.Kind, got.Reason)
		}
	}
}
