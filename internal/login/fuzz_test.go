package login

import (
	"io"
	"mime/multipart"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/config"
)

// The readers below are other people's ways of reading a form, written
// apart from ours: what any of them takes for a login must not pass as
// something else.

// phpFields reads urlencoded data as PHP does: the last value of a name.
func phpFields(body string) map[string]string {
	m := map[string]string{}
	for _, p := range strings.Split(body, "&") {
		k, v, _ := strings.Cut(p, "=")
		k, v = loosely(k), loosely(v)
		k, _, _ = strings.Cut(k, "\x00")
		k = strings.TrimLeft(k, " ")
		if i := strings.IndexByte(k, '['); i > 0 {
			if strings.Contains(k[i:], "]") {
				k = k[:i]
			} else {
				k = strings.Replace(k, "[", "_", 1)
			}
		}
		m[strings.NewReplacer(".", "_", " ", "_").Replace(k)] = v
	}
	return m
}

// flaskFields takes the first value of a name as it stands.
func flaskFields(body string) map[string]string {
	m := map[string]string{}
	for _, p := range strings.Split(body, "&") {
		k, v, _ := strings.Cut(p, "=")
		if _, ok := m[loosely(k)]; !ok {
			m[loosely(k)] = loosely(v)
		}
	}
	return m
}

var escape = regexp.MustCompile(`%[0-9a-fA-F]{2}`)

func loosely(s string) string {
	return escape.ReplaceAllStringFunc(strings.ReplaceAll(s, "+", " "), func(e string) string {
		u, _ := url.PathUnescape(e)
		return u
	})
}

func fuzzReader(t testing.TB, maxBody int64) *Reader {
	rd, err := NewReader([]config.Endpoint{{AccountFields: []string{"user"}, PasswordFields: []string{"pass"}}}, Options{MaxBody: maxBody})
	if err != nil {
		t.Fatal(err)
	}
	return rd
}

// asQuery reads the same data as a query; nil if no request line can hold it.
func asQuery(t testing.TB, text string) *Reading {
	r := httptest.NewRequest("GET", "/", nil)
	if r.URL.RawQuery = text; strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
		return nil
	}
	got := read(fuzzReader(t, 64<<10), r)
	return &got
}

func FuzzForm(f *testing.F) {
	for _, s := range []string{
		"user=a&pass=b", "user=a&user=b&pass=c", "+user=a&pass=b", "user%00x=a&pass=b", "user[]=a&pass=b", "us.er=a&pass", "u%73er=a;&pass=%ff", "user=a;pass=b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := streamed(urlencoded, strings.NewReader(body))
		got := read(fuzzReader(t, 64<<10), r)
		if inQuery := asQuery(t, body); inQuery != nil {
			agree(t, "PHP", inQuery, one(phpFields(body)), true, body)
			agree(t, "Flask", inQuery, one(flaskFields(body)), true, body)
			agree(t, "net/url", inQuery, goQuery(body), false, body)
			agree(t, "Rack", inQuery, rackFields(body), true, body)
		}
		if got.Kind == Answer {
			return
		}
		agree(t, "PHP", &got, one(phpFields(body)), true, body)
		agree(t, "Flask", &got, one(flaskFields(body)), true, body)
		agree(t, "net/url", &got, goQuery(body), false, body)
		// Of those that end pairs at semicolons the password may be shorter.
		if f := rackFields(body); f.login() {
			agree(t, "Perl's CGI", &got, fields{"user": f["user"], "pass": {got.password}}, true, body)
		}
		if got.Kind != Refused {
			if b, err := io.ReadAll(r.Body); err != nil || string(b) != body {
				t.Fatalf("bytes changed: %v", err)
			}
		}
	})
}

var partName = regexp.MustCompile(`(?i)[; \t]name="?([^";\r\n]*)`)

// phpParts reads multipart data as forgivingly as PHP: any line ends, the
// boundary anywhere.
func phpParts(body, boundary string) map[string]string {
	m := map[string]string{}
	for i, part := range strings.Split(body, "--"+boundary) {
		if i == 0 {
			continue
		}
		part = strings.TrimPrefix(strings.TrimPrefix(part, "\r"), "\n")
		end, from := len(part), len(part)
		for _, blank := range []string{"\r\n\r\n", "\n\n"} {
			if j := strings.Index(part, blank); j >= 0 && j < end {
				end, from = j, j+len(blank)
			}
		}
		if n := partName.FindStringSubmatch(part[:end]); n != nil {
			m[n[1]] = strings.TrimSuffix(part[from:], "\r\n")
		}
	}
	return m
}

// goParts reads multipart data with the standard library, the last part of a
// name.
func goParts(body, boundary string) map[string]string {
	m := map[string]string{}
	mr := multipart.NewReader(strings.NewReader(body), boundary)
	for {
		p, err := mr.NextRawPart()
		if err != nil {
			return m
		}
		b, err := io.ReadAll(p)
		if p.FileName() == "" {
			m[p.FormName()] = string(b)
		}
		if err != nil {
			return m
		}
	}
}

const fuzzMultipart = "--bnd\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\na\r\n--bnd\r\nContent-Disposition: form-data; name=\"pass\"\r\n\r\nb\r\n--bnd--\r\n"

func FuzzMultipart(f *testing.F) {
	f.Add(fuzzMultipart)
	f.Add(strings.ReplaceAll(fuzzMultipart, "\r", ""))
	f.Add(strings.ReplaceAll(fuzzMultipart, `"`, ""))
	f.Add(strings.ReplaceAll(fuzzMultipart, `name=`, `filename="x"; name=`))
	f.Add(strings.ReplaceAll(fuzzMultipart, `name=`, `name*=utf-8''`))
	f.Fuzz(func(t *testing.T, body string) {
		r := streamed("multipart/form-data; boundary=bnd", strings.NewReader(body))
		got := read(fuzzReader(t, 64<<10), r)
		agree(t, "mime/multipart", &got, one(goParts(body, "bnd")), true, body)
		agree(t, "PHP", &got, one(phpParts(body, "bnd")), true, body)
		form, whole := goForm(body, "bnd")
		agree(t, "ReadForm", &got, form, whole, body)
		if got.Kind != Refused {
			if b, err := io.ReadAll(r.Body); err != nil || string(b) != body {
				t.Fatalf("bytes changed: %v", err)
			}
		}
	})
}

func FuzzStream(f *testing.F) {
	f.Add("user=aaaaaaaaaaaaaaaaaaaaaaaaaaa&pass=b", false, uint8(3))
	f.Add("user=aaaaaaaaaaaaaaaaaaaaaaaaaaa&%20p%61ss%00=b", false, uint8(1))
	f.Add("user=aaaaaaaaaaaaaaaaaaaaaaaaaaa&pa.ss&pass[=b", false, uint8(200))
	f.Add(fuzzMultipart, true, uint8(7))
	f.Add(strings.ReplaceAll(fuzzMultipart, "\r", ""), true, uint8(7))
	f.Fuzz(func(t *testing.T, body string, parts bool, n uint8) {
		ct := urlencoded
		if parts {
			ct = "multipart/form-data; boundary=bnd"
		}
		r := streamed(ct, &pieces{body, int(n) + 1})
		got := fuzzReader(t, 16).Read(httptest.NewRecorder(), r)
		if got.Kind != Other || len(body) <= 16 {
			return
		}
		b, err := io.ReadAll(r.Body)
		out := string(b)
		if !strings.HasPrefix(body, out) {
			t.Fatalf("bytes changed")
		}
		if (err != nil) != got.Cut() || err == nil && out != body {
			t.Fatalf("%v, cut %v, %d of %d bytes", err, got.Cut(), len(out), len(body))
		}
		for _, m := range []fields{one(phpFields(out)), one(flaskFields(out)), goQuery(out)} {
			if _, ok := m["pass"]; ok && !parts {
				t.Fatalf("a password went on: %q", out)
			}
		}
		for _, m := range []map[string]string{goParts(out, "bnd"), phpParts(out, "bnd")} {
			if _, ok := m["pass"]; ok && parts {
				t.Fatalf("a password went on: %q", out)
			}
		}
	})
}

func FuzzCanonicalPath(f *testing.F) {
	for _, s := range []string{"/", "/a/b", "//A/../b/", "/%2561", `/a\b`, "/a;x=1/..;/b", "/a. /", "/%25252541", "..", "/\u0130", "/a/;/../b", "/a/%20/../b", `/a/x\y/../b`, "/a/x/..;/../../b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, p string) {
		c, ok := CanonicalPath(p)
		if !ok {
			return
		}
		if c == "" || c[0] != '/' || strings.Contains(c, "//") || strings.ContainsAny(c, "\\;\x00") ||
			len(c) > 1 && strings.HasSuffix(c, "/") || strings.Contains(c+"/", "/../") || strings.Contains(c+"/", "/./") {
			t.Fatalf("%q became %q", p, c)
		}
		if again, ok := CanonicalPath(c); !ok || again != c {
			t.Fatalf("%q became %q, then %q", p, c, again)
		}
		for _, other := range []string{"/" + p, p + "/", strings.ReplaceAll(p, "/", "//")} {
			if got, ok := CanonicalPath(other); ok && got != c {
				t.Fatalf("%q is %q, but %q is %q", p, c, other, got)
			}
		}
		for how, other := range otherPaths(p) {
			if got, ok := CanonicalPath(other); !ok || got != c {
				t.Fatalf("%q is %q, but %s it is %q, of which we make %q %v", p, c, how, other, got, ok)
			}
		}
	})
}
