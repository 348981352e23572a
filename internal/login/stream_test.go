package login

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/config"
)

// pieces gives a text in pieces of n bytes.
type pieces struct {
	text string
	n    int
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.text == "" {
		return 0, io.EOF
	}
	n := copy(b, p.text[:min(p.n, len(p.text))])
	p.text = p.text[n:]
	return n, nil
}

func streamed(ct string, body io.Reader) *http.Request {
	r := httptest.NewRequest("POST", "/any", nil)
	r.Body, r.ContentLength = io.NopCloser(body), -1
	r.Header.Set("Content-Type", ct)
	return r
}

// smallReader cuts early, so that every position can be tried.
func smallReader(t testing.TB, fields ...string) *Reader {
	rd, err := NewReader([]config.Endpoint{{AccountFields: []string{"user"}, PasswordFields: fields}}, Options{MaxBody: 16})
	if err != nil {
		t.Fatal(err)
	}
	return rd
}

func TestStreamEndsBeforeThePassword(t *testing.T) {
	const mp = "multipart/form-data; boundary=bnd"
	part := func(name string) string {
		return "--bnd\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n"
	}
	for _, c := range []struct{ name, ct, before, key, after string }{
		{"plain", urlencoded, "user=alice&filler=xxxxxxxxxxxxxxx&", "pass", "=secret&x=1"},
		{"escaped", urlencoded, "user=alice&filler=xxxxxxxxxxxxxxx&", "p%61ss", "=secret"},
		{"array", urlencoded, "user=alice&filler=xxxxxxxxxxxxxxx&", "pass%5B%5D", "=secret"},
		{"blanks", urlencoded, "user=alice&filler=xxxxxxxxxxxxxxx&", "++%20pass", "=secret"},
		{"many blanks", urlencoded, "user=alice&filler=xxxxxxxxxxxxxxx&", strings.Repeat("%20", 300) + "pass", "=secret"},
		{"many brackets", urlencoded, "user=alice&filler=xxxxxxxxxxxxxxx&", "pass" + strings.Repeat("[a]", 300), "=secret"},
		{"NUL", urlencoded, "user=alice&filler=xxxxxxxxxxxxxxx&", "pass%00" + strings.Repeat("x", 400), "=secret"},
		{"full width", urlencoded, "user=alice&filler=xxxxxxxxxxxxxxx&", strings.Repeat("%20", 70) + "%EF%BD%90%EF%BD%81%EF%BD%93%EF%BD%93", "=secret"},
		{"no value", urlencoded, "user=alice&filler=xxxxxxxxxxxxxxx&", "pass", ""},
		{"semicolons", urlencoded, "user=alice;filler=xxxxxxxxxxxxxxx;", "pass", "=secret"},
		{"any head", urlencoded, "user=alice&filler=xxxxxxxxxxxxxxx&", "l[pw]", "=secret"},
		{"text", "text/plain", "user=alice\r\nfiller=xxxxxxxxxxxxxxx\r\n", "pass", "=secret\r\n"},
		{"multipart", mp, part("filler") + "xxxxxxx\r\n", part("pass"), "secret\r\n--bnd--\r\n"},
		{"multipart case", mp, part("filler") + "xxxxxxx\r\n", part("PASS"), "secret\r\n--bnd--\r\n"},
		{"multipart LF", mp, part("filler") + "xxxxxxx\r\n", strings.ReplaceAll(part("pass"), "\r\n", "\n"), "secret\r\n--bnd--\r\n"},
		{"multipart in a line", mp, part("filler") + "xxxxxxx", part("pass"), "secret\r\n--bnd--\r\n"},
		{"multipart behind the end", mp, part("filler") + "xxxxxxx\r\n--bnd--\r\n", part("pass"), "secret\r\n"},
		{"multipart bare name", mp, part("filler") + "xxxxxxx\r\n", "--bnd\r\nContent-Disposition: form-data; name=pass\r\n\r\n", "secret\r\n"},
		{"multipart extended", mp, part("filler") + "xxxxxxx\r\n", "--bnd\r\nContent-Disposition: form-data; name*=utf-8''pass\r\n\r\n", "secret\r\n"},
		{"multipart disguised", "multipart/mixed; boundary=bnd", part("filler") + "xxxxxxx\r\n--bnd\r\nContent-Disposition: form-data;", " name=\"pass\"", "\r\n\r\nsecret\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rd := smallReader(t, "pass", "*[pw]")
			whole := c.before + c.key + c.after
			for n := 1; n <= len(whole); n++ {
				r := streamed(c.ct, &pieces{whole, n})
				got := rd.Read(httptest.NewRecorder(), r)
				if got.Kind == Refused && got.Status == 413 {
					continue // it was in what was buffered
				}
				if got.Kind != Other {
					t.Fatalf("pieces of %d: %+v", n, got)
				}
				b, err := io.ReadAll(r.Body)
				if !errors.Is(err, errCut) || !got.Cut() {
					t.Fatalf("pieces of %d: not cut (%v) after %q", n, err, b)
				}
				// The end of the boundary behind the last part may go.
				if len(b) > len(c.before) {
					t.Fatalf("pieces of %d: %q went on", n, b[len(c.before):])
				}
				if !strings.HasPrefix(whole, string(b)) {
					t.Fatalf("pieces of %d: bytes changed", n)
				}
			}
		})
	}
}

func TestStreamWithoutPasswordGoesOnWhole(t *testing.T) {
	const mp = "multipart/form-data; boundary=bnd"
	long := strings.Repeat("x", 700)
	for _, c := range []struct{ name, ct, body string }{
		{"form", urlencoded, "user=alice&passport=1&pas=2&x=pass&compass=1&" + long + "=" + long + "&&=&"},
		{"json in a form", urlencoded, `{"name":"` + long + `","text":"pass ` + long + `"}`},
		{"values like keys", urlencoded, "a=pass=b&c=" + long + "pass"},
		{"text", "text/plain", "hello\nworld " + long + "\npassenger=1\nname=x\n"},
		{"multipart", mp, "--bnd\r\nContent-Disposition: form-data; name=\"f\"; filename=\"pass\"\r\nContent-Type: text/plain\r\n\r\n--bn pass=1&pass=2\r\n\r\n" + long + "\r\n--bnd--\r\n"},
		{"multipart bare end", mp, "--bnd\r\nContent-Disposition: form-data; name=\"compass\"\r\n\r\n\r\n\r\n--bnd--"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rd := smallReader(t, "pass", "*[pw]")
			for n := 1; n <= min(len(c.body), 300); n++ {
				r := streamed(c.ct, &pieces{c.body, n})
				got := rd.Read(httptest.NewRecorder(), r)
				b, err := io.ReadAll(r.Body)
				if got.Kind != Other || err != nil || string(b) != c.body || got.Cut() {
					t.Fatalf("pieces of %d: %+v, %v, %d of %d bytes", n, got, err, len(b), len(c.body))
				}
			}
		})
	}
}

// noise is an upload of n bytes that are never twice the same.
type noise struct {
	n   int64
	x   uint64
	sum hash.Hash
}

func (g *noise) Read(b []byte) (int, error) {
	if g.n == 0 {
		return 0, io.EOF
	}
	if int64(len(b)) > g.n {
		b = b[:g.n]
	}
	for i := range b {
		g.x = g.x*6364136223846793005 + 1442695040888963407
		b[i] = byte(g.x >> 56)
	}
	g.n -= int64(len(b))
	g.sum.Write(b)
	return len(b), nil
}

func TestLargeUploadPassesInConstantMemory(t *testing.T) {
	rd := readerFor(t, "woocommerce", "generic")
	head := "--bnd\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\n"
	want := sha256.New()
	want.Write([]byte(head))
	src := &noise{n: 64 << 20, sum: want}
	tail := "\r\n--bnd--\r\n"
	r := streamed("multipart/form-data; boundary=bnd", io.MultiReader(strings.NewReader(head), src, strings.NewReader(tail)))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if got := read(rd, r); got.Kind != Other {
		t.Fatalf("%+v", got)
	}
	have := sha256.New()
	n, err := io.Copy(have, r.Body)
	runtime.GC()
	runtime.ReadMemStats(&after)
	want.Write([]byte(tail))
	if err != nil || n != int64(len(head)+64<<20+len(tail)) || string(have.Sum(nil)) != string(want.Sum(nil)) {
		t.Fatalf("%d bytes, %v: not what was sent", n, err)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("heap grew by %d bytes", grown)
	}
}

func TestBodiesAtAndBeyondTheCap(t *testing.T) {
	rd := readerFor(t, "generic")
	pad := func(n int) string {
		s := "email=a&password=b&x="
		return s + strings.Repeat("y", n-len(s))
	}
	for _, n := range []int{4095, 4096, 4097, 8192, 65535, 65536} {
		wantAttempt(t, rd, post("/", urlencoded, pad(n)), pad(n), "generic", "a")
	}
	wantRefused(t, rd, post("/", urlencoded, pad(65537)), 413, ReasonTooLarge)
	filler := "a=" + strings.Repeat("y", 70000)
	wantRefused(t, rd, post("/?email=a&password=b", urlencoded, filler), 413, ReasonTooLarge)
	wantRefused(t, rd, post("/?password=b", urlencoded, filler), 413, ReasonTooLarge)
	wantRefused(t, readerFor(t, "woocommerce"), post("/xmlrpc.php", "text/xml", filler), 413, ReasonTooLarge)
	wantOther(t, rd, post("/", urlencoded, filler), filler)
}

// late is a body that never comes.
type late struct{ set []time.Time }

func (l *late) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

func TestSlowBodyIsRefused(t *testing.T) {
	rd := readerFor(t, "generic")
	wantRefused(t, rd, streamed(urlencoded, &late{}), 408, ReasonTimeout)
	wantRefused(t, rd, streamed(urlencoded, io.MultiReader(strings.NewReader("a="), errorReader{})), 400, ReasonRead)

	// A real connection: the deadline holds and is taken back.
	rd, err := NewReader([]config.Endpoint{{AccountFields: []string{"u"}, PasswordFields: []string{"p"}}}, Options{ClassifyTimeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan Reading, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := rd.Read(w, r)
		got <- x
		if x.Kind == Attempt {
			time.Sleep(200 * time.Millisecond)
			fmt.Fprint(w, "ok")
		}
	}))
	defer srv.Close()
	body, hang := io.Pipe()
	go hang.Write([]byte("u=a&"))
	req, _ := http.NewRequest("POST", srv.URL, body)
	req.Header.Set("Content-Type", urlencoded)
	go http.DefaultClient.Do(req)
	if x := <-got; x.Kind != Refused || x.Status != 408 {
		t.Errorf("%+v", x)
	}
	hang.Close()
	resp, err := http.Post(srv.URL, urlencoded, strings.NewReader("u=a&p=b"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); string(b) != "ok" {
		t.Errorf("after the deadline: %q", b)
	}
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
