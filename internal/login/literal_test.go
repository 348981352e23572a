package login

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/login-guard/login-guard/config"
)

func patterned(t *testing.T) *Reader {
	t.Helper()
	return newReader(t, Options{}, config.Endpoint{
		AccountFields: []string{"/email"}, PasswordFields: []string{"/password"}, Paths: []string{"*/login"}, BodyOnly: true, AccountPattern: true,
	})
}

// What is a pattern to the shop is the name itself on its way there, and
// every other byte stays.
func TestAnAccountWithUnderscoresStandsForItself(t *testing.T) {
	for name, test := range map[string]struct{ kind, body, want string }{
		"JSON":                 {jsonType, `{ "email" : "john_doe@shop.example",` + "\n" + `"password":"p_w" , "x":[1, "a_b"]} `, `{ "email" : "john\\_doe@shop.example",` + "\n" + `"password":"p_w" , "x":[1, "a_b"]} `},
		"escaped in JSON":      {jsonType, `{"password":"p","email":"a\u005fb@shop.example"}`, `{"password":"p","email":"a\\_b@shop.example"}`},
		"several":              {jsonType, `{"email":"_a_","password":"p"}`, `{"email":"\\_a\\_","password":"p"}`},
		"form":                 {urlencoded, "x_y=1&email=a_b%40shop.example&password=p_w", "x_y=1&email=a%5C_b%40shop.example&password=p_w"},
		"escaped in a form":    {urlencoded, "password=p&email=a%5Fb%5fc", "password=p&email=a%5C_b%5C_c"},
		"no underscore":        {jsonType, `{"email":"alice@shop.example","password":"p_w"}`, ""},
		"no underscore, form":  {urlencoded, "email=alice%40shop.example&password=p_w", ""},
		"percent sign in JSON": {jsonType, `{"email":"a%lice@shop.example","password":"p"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := patterned(t).Read(nil, post("/customer/login", test.kind, test.body))
			if got.Kind != Attempt || string(got.Literal) != test.want || string(got.Body) != test.body {
				t.Fatalf("%v %s\n got %s\nwant %s", got.Kind, got.Reason, got.Literal, test.want)
			}
		})
	}
}

func TestABackslashInAPatternIsRefused(t *testing.T) {
	for name, r := range map[string]struct{ kind, body string }{
		"JSON": {jsonType, `{"email":"al\\ice@shop.example","password":"p"}`},
		"form": {urlencoded, "email=al%5Cice%40shop.example&password=p"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := patterned(t).Read(nil, post("/customer/login", r.kind, r.body)); got.Kind != Refused {
				t.Errorf("%+v", got)
			}
		})
	}
}

// However a login is written: where an account is a pattern, what the shop
// reads in its place is that account with each underscore escaped, or there
// is no login.
func FuzzLiteral(f *testing.F) {
	f.Add(jsonType, `{"email":"a_b","password":"p"}`)
	f.Add(urlencoded, "email=a_b&password=p")
	f.Add(jsonType, `{"password":"p","email":"\u005f","email":"_"}`)
	f.Fuzz(func(t *testing.T, kind, body string) {
		rd, err := NewReader([]config.Endpoint{{
			AccountFields: []string{"/email"}, PasswordFields: []string{"/password"}, Paths: []string{"*/login"}, BodyOnly: true, AccountPattern: true,
		}}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		r := post("/customer/login", "", body)
		r.Header.Set("Content-Type", kind)
		got := rd.Read(nil, r)
		if got.Kind != Attempt {
			return
		}
		shop := string(got.Body)
		if got.Literal != nil {
			shop = string(got.Literal)
		}
		var as []string
		if form, err := url.ParseQuery(shop); err == nil && kind == urlencoded {
			as = form["email"]
		}
		var said struct{ Email string }
		if json.Unmarshal([]byte(shop), &said) == nil {
			as = append(as, said.Email)
		}
		for _, a := range as {
			plain := 0
			for i := range a {
				if a[i] == '_' && (i == 0 || a[i-1] != '\\') {
					plain++
				}
			}
			if plain > 0 {
				t.Errorf("the shop reads %q from %q", a, shop)
			}
		}
	})
}
