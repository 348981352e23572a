package login

import (
	"encoding/base64"
	"encoding/xml"
	"io"
	"mime/multipart"
	"net/url"
	"path"
	"strings"
	"testing"
)

// What readers of Go's standard library, and of shops, make of the same
// bytes. The fuzz targets hold them against ours: who says that a login came
// must see the same account and the same password, and who sees both fields
// must not have been told that none came.

// fields are what a reader takes for the values of a name, in their order.
type fields map[string][]string

// one makes fields of a reader that takes a single value.
func one(m map[string]string) fields {
	f := fields{}
	for k, v := range m {
		f[k] = []string{v}
	}
	return f
}

// login reports whether the reader has an account and a password.
func (f fields) login() bool { return len(f["user"]) > 0 && len(f["pass"]) > 0 }

// agree fails the test if a reader would let somebody else in than we said,
// or sees a login where we said there was none. Whole is for readers that
// read all that we do; others may miss a field.
func agree(t *testing.T, reader string, got *Reading, f fields, whole bool, in string) {
	t.Helper()
	switch got.Kind {
	case Attempt:
		if whole && !f.login() {
			t.Fatalf("%s sees no login, we one of %q: %q", reader, got.Account, in)
		}
		for name, ours := range map[string]string{"user": got.Account, "pass": got.password} {
			if theirs := f[name]; len(theirs) > 1 || len(theirs) == 1 && theirs[0] != ours {
				t.Fatalf("%s: %q for %s; %s reads %q: %q", "ours", ours, name, reader, theirs, in)
			}
		}
	case Other:
		if f.login() {
			t.Fatalf("a login to %s, on %q, passed as other: %q", reader, f["user"], in)
		}
	}
}

// goQuery is net/url, which leaves out what it cannot read.
func goQuery(text string) fields {
	values, _ := url.ParseQuery(text)
	return fields(values)
}

// rackFields is the query to Rack 2, which ends pairs at semicolons too; the
// last value of a name.
func rackFields(text string) fields {
	f := fields{}
	for _, p := range strings.FieldsFunc(text, func(r rune) bool { return r == '&' || r == ';' }) {
		k, v, _ := strings.Cut(strings.TrimLeft(p, " "), "=")
		f[loosely(k)] = []string{loosely(v)}
	}
	return f
}

// goForm is mime/multipart as net/http reads forms: all parts of a name that
// are no files; whole says that it found nothing wrong.
func goForm(body, boundary string) (f fields, whole bool) {
	form, err := multipart.NewReader(strings.NewReader(body), boundary).ReadForm(1 << 20)
	if err != nil {
		return nil, false
	}
	return form.Value, true
}

// wpCalls are the calls that WordPress' parser finds in a body of XML-RPC
// (IXR_Message): it goes by the names of elements alone, wherever they stand.
// Each call is its method and what it takes for parameters; ok says that the
// XML is well-formed, which its parser insists on.
func wpCalls(body string) (calls [][]any, ok bool) {
	type frame struct {
		fields map[string]any // of a struct
		items  []any          // of an array
		name   string
	}
	var stack []*frame
	var method, text, last string
	var params []any
	give := func(v any) {
		if len(stack) == 0 {
			params = append(params, v)
		} else if top := stack[len(stack)-1]; top.fields != nil {
			top.fields[top.name] = v
		} else {
			top.items = append(top.items, v)
		}
	}
	d := xml.NewDecoder(strings.NewReader(body))
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, false
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			text, last = "", tok.Name.Local
			switch last {
			case "data":
				stack = append(stack, &frame{})
			case "struct":
				stack = append(stack, &frame{fields: map[string]any{}})
			}
		case xml.CharData:
			text += string(tok)
		case xml.EndElement:
			switch tok.Name.Local {
			case "methodName":
				method = strings.TrimSpace(text)
			case "name":
				if len(stack) > 0 {
					stack[len(stack)-1].name = text
				}
			case "int", "i4", "boolean", "double", "string", "dateTime.iso8601":
				give(strings.TrimSpace(text))
			case "base64":
				b, _ := base64.StdEncoding.DecodeString(text)
				give(string(b))
			case "value":
				if strings.TrimSpace(text) != "" || last == "value" {
					give(text)
				}
			case "data", "struct":
				if len(stack) == 0 {
					break
				}
				top := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				if top.fields != nil {
					give(top.fields)
				} else {
					give(top.items)
				}
			}
			text = ""
		}
	}
	if method != "system.multicall" {
		return [][]any{append([]any{method}, params...)}, true
	}
	if len(params) == 0 {
		return nil, true
	}
	list, _ := params[0].([]any)
	for _, item := range list {
		m, _ := item.(map[string]any)
		name, _ := m["methodName"].(string)
		args, _ := m["params"].([]any)
		calls = append(calls, append([]any{name}, args...))
	}
	return calls, true
}

// otherPaths are what servers make of a path once they have resolved its dots:
// with or without decoding it before, with backslashes as slashes, without
// parameters, with doubled slashes as one or as they are.
func otherPaths(p string) map[string]string {
	out := map[string]string{}
	add := func(how, p string) {
		out[how] = path.Clean("/" + p)
		// RFC 3986 §5.2.4 keeps empty segments.
		u := (&url.URL{Path: "/"}).ResolveReference(&url.URL{Path: "/" + strings.TrimPrefix(p, "/")})
		out[how+", by RFC 3986"] = u.Path
	}
	bare := func(p string) string {
		segs := strings.Split(p, "/")
		for i := range segs {
			segs[i], _, _ = strings.Cut(segs[i], ";")
		}
		return strings.Join(segs, "/")
	}
	for how, p := range map[string]string{"as sent": p, "decoded": loosely(strings.ReplaceAll(p, "+", "%2b")), "with slashes": strings.ReplaceAll(p, `\`, "/")} {
		add(how, p)
		add(how+" without parameters", bare(p))
	}
	return out
}
