package identity_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/identity"
)

func TestFieldReadsTheInputHoweverItIsWritten(t *testing.T) {
	for name, test := range map[string]struct {
		page, want string
		err        error
	}{
		"OpenCart's":            {`<input type="email" name="email" value="a@b.example" placeholder="E-Mail" id="input-email" class="form-control" />`, "a@b.example", nil},
		"value first":           {`<input value="a@b.example" type=email name=email>`, "a@b.example", nil},
		"single quotes":         {`<INPUT NAME='email' VALUE='a@b.example'>`, "a@b.example", nil},
		"no quotes":             {`<input name=email value=a@b.example>`, "a@b.example", nil},
		"entities":              {`<input name="e&#109;ail" value="o&#39;neil&#64;b.example">`, "o'neil@b.example", nil},
		"entities by name":      {`<input name="email" value="a&amp;b@c.example">`, "a&b@c.example", nil},
		"line breaks":           {"<input\n\tname\n=\n\"email\"\nvalue=\"\n a@b.example \n\"\n>", "a@b.example", nil},
		"a newsletter before":   {`<input name="email" value=""><input name="email"><input name="email" value="a@b.example">`, "a@b.example", nil},
		"the same twice":        {`<input name="email" value="a@b.example"><input name="email" value="A@b.example">`, "A@b.example", nil},
		"two that differ":       {`<input name="email" value="a@b.example"><input name="email" value="c@b.example">`, "", identity.ErrAmbiguous},
		"another name":          {`<input name="email2" value="a@b.example"><input name="Email" value="a@b.example"><input id="email" value="a@b.example">`, "", nil},
		"in a comment":          {`<!-- <input name="email" value="a@b.example"> -->`, "", nil},
		"in a script":           {`<script>x='<input name="email" value="a@b.example">'</script>`, "", nil},
		"in a text":             {`<textarea><input name="email" value="a@b.example"></textarea>`, "", nil},
		"no input":              {`<p name="email" value="a@b.example">`, "", nil},
		"an attribute twice":    {`<input name="email" name="x" value="a@b.example" value="c@b.example">`, "a@b.example", nil},
		"longer than addresses": {`<input name="email" value="` + strings.Repeat("a", 321) + `">`, "", nil},
		"with a control":        {`<input name="email" value="a@b.example&#1;">`, "", nil},
		"half a page":           {`<input name="email" value="a@b.example"><div cla`, "a@b.example", nil},
		"nothing":               {``, "", nil},
	} {
		got, err := identity.Field([]byte(test.page), "email")
		if got != test.want || !errors.Is(err, test.err) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestJSONReadsTheValueAtThePointer(t *testing.T) {
	for _, test := range []struct {
		answer, pointer, want string
		fails                 bool
	}{
		{`{"data":{"activeCustomer":{"emailAddress":"a@b.example"}}}`, "/data/activeCustomer/emailAddress", "a@b.example", false},
		{`{"id":12345678901234567890}`, "/id", "12345678901234567890", false},
		{`{"a":[{"b":1},{"b":2}]}`, "/a/1/b", "2", false},
		{`{"x/y":{"m~n":"a"}}`, "/x~1y/m~0n", "a", false},
		{`{"r":{"e1":{"email":"a@b.example"},"e2":null,"e3":{"email":""},"e4":{"email":"A@B.example"},"e5":[3]}}`, "/r/e1/email", "a@b.example", false},
		{`{"r":{"e1":{"email":"a@b.example"},"e2":null,"e3":[{"x":1}]}}`, "/r/*/email", "a@b.example", false},
		{`{"r":[{"email":"a@b.example"},{"email":"c@b.example"}]}`, "/r/*/email", "", true},
		{`{"data":{"activeCustomer":null}}`, "/data/activeCustomer/emailAddress", "", false},
		{`{"email":true}`, "/email", "", false},
		{`{"email":{"x":1}}`, "/email", "", false},
		{`<html>`, "/email", "", true},
		{``, "/email", "", true},
	} {
		got, err := identity.JSON([]byte(test.answer), test.pointer)
		if got != test.want || (err != nil) != test.fails {
			t.Errorf("%s at %s: %q, %v", test.answer, test.pointer, got, err)
		}
	}
}

func TestCookiesAreThoseThatTheBrowserHasAfterTheAnswer(t *testing.T) {
	same := strings.EqualFold
	for _, test := range []struct {
		sent, set []string
		want      string
	}{
		{[]string{"sid=1; a=b"}, nil, "sid=1; a=b"},
		{[]string{"sid=1; a=b"}, []string{"sid=2; Path=/; HttpOnly"}, "a=b; sid=2"},
		{[]string{"sid=1;a=b", "SID=3"}, []string{"sid=2"}, "a=b; sid=2"},
		{[]string{"sid=1; cart=x"}, []string{"sid=; Max-Age=0"}, "cart=x"},
		{[]string{"sid=1; cart=x"}, []string{"sid=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT"}, "cart=x"},
		{nil, []string{"sid=old; Path=/", "sid=new; Path=/"}, "sid=new"},
		{nil, []string{`sid="a b"; Path=/`}, `sid="a b"`},
		{nil, []string{"broken"}, ""},
		{nil, nil, ""},
	} {
		header := http.Header{"Set-Cookie": test.set}
		if got := identity.Cookies(test.sent, header, same); got != test.want {
			t.Errorf("%q and %q: %q, want %q", test.sent, test.set, got, test.want)
		}
	}
}

func TestParameterIsThatOfWhereTheAnswerLeads(t *testing.T) {
	for _, test := range []struct{ location, body, want string }{
		{"", `{"redirect":"https://shop.example/index.php?route=account/account&language=en-gb&customer_token=abc"}`, "abc"},
		{"", `{"redirect":"index.php?route=account/account&amp;customer_token=abc"}`, "abc"},
		{"/index.php?route=account/account&customer_token=abc", ``, "abc"},
		{"/index.php?customer_token=abc", `{"x":["/?customer_token=abc"]}`, "abc"},
		{"/index.php?customer_token=abc", `{"x":["/?customer_token=other"]}`, ""},
		{"/index.php?customer_token2=abc", `{"customer_token":"x"}`, ""},
		{"", `no JSON ?customer_token=abc`, ""},
	} {
		header := http.Header{"Location": {test.location}}
		if got := identity.Parameter(header, []byte(test.body), "customer_token"); got != test.want {
			t.Errorf("%q and %s: %q, want %q", test.location, test.body, got, test.want)
		}
	}
}

// Both read what anybody may have written into a page.
func FuzzField(f *testing.F) {
	f.Add(`<input name="email" value="a@b.example">`)
	f.Add(`{"email":"a"}`)
	f.Fuzz(func(t *testing.T, page string) {
		for _, read := range []func([]byte, string) (string, error){identity.Field, identity.JSON} {
			if got, err := read([]byte(page), "email"); err != nil && got != "" || len(got) > 320 {
				t.Errorf("%q: %q, %v", page, got, err)
			}
		}
	})
}
