package blackbox_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// pattern is size bytes that never repeat within a buffer.
type pattern struct {
	n, size int64
	sum     interface{ Write([]byte) (int, error) }
}

func (p *pattern) Read(b []byte) (int, error) {
	if p.n >= p.size {
		return 0, io.EOF
	}
	b = b[:min(int64(len(b)), p.size-p.n)]
	for i := range b {
		x := uint64(p.n+int64(i)) * 0x9e3779b97f4a7c15
		b[i] = "abcdefghijklmnopqrstuvwxyz012345"[x>>59]
	}
	p.n += int64(len(b))
	return p.sum.Write(b)
}

// peak is the most memory that a process has had, in bytes.
func peak(t *testing.T, pid int) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kb << 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}

func TestALargeUploadStreamsThroughInConstantMemory(t *testing.T) {
	t.Parallel()
	g := behind(t, func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.New()
		if _, err := io.Copy(sum, r.Body); err != nil {
			return
		}
		fmt.Fprint(w, hex.EncodeToString(sum.Sum(nil)))
	})
	upload := func(contentType, head, tail string, size int64, chunked bool) {
		t.Helper()
		sum := sha256.New()
		io.WriteString(sum, head)
		p := &pattern{size: size, sum: sum}
		r, err := http.NewRequest(http.MethodPost, g.URL+"/admin/upload", io.MultiReader(strings.NewReader(head), p, strings.NewReader(tail)))
		if err != nil {
			t.Fatal(err)
		}
		if !chunked {
			r.ContentLength = int64(len(head)+len(tail)) + size
		}
		r.Header.Set("Content-Type", contentType)
		resp, err := shared.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		got, _ := io.ReadAll(resp.Body)
		io.WriteString(sum, tail)
		if want := hex.EncodeToString(sum.Sum(nil)); string(got) != want {
			t.Errorf("%s, chunked %v: %d bytes changed on their way: %s %.80q", contentType, chunked, size, resp.Status, got)
		}
	}
	const part = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n"
	// Go's collector lets garbage pile up to the size of what is alive before
	// it begins; once it has found its pace, uploads must not matter at all.
	const size = 64 << 20
	at := []int64{peak(t, g.PID())}
	for range 2 {
		upload("multipart/form-data; boundary=x", part, "\r\n--x--\r\n", size, false)
		upload("application/octet-stream", "", "", size, false)
		upload(formType, "email=a%40b.c&content=", "&x=1", size, true)
		at = append(at, peak(t, g.PID()))
	}
	first, second := at[1]-at[0], at[2]-at[1]
	t.Logf("memory grew by %.1f MiB, then by %.1f MiB", float64(first)/(1<<20), float64(second)/(1<<20))
	if first > 64<<20 || second > 32<<20 {
		t.Errorf("memory grew by %d MiB, then by %d MiB", first>>20, second>>20)
	}
	if d := g.Decisions(); len(d) != 0 {
		t.Errorf("%+v", d)
	}
}

func TestABodyIsCutBeforeThePasswordAndNoShopRunsIt(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("y", 200<<10)
	part := func(name, value string) string {
		return "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	for _, test := range []struct {
		what, path, contentType, body string
	}{
		{"a form", "/wp-login.php", formType, "x=" + long + "&log=alice&pwd=CANARY"},
		{"a form, the name encoded", "/", formType, "x=" + long + "&log=alice&%70%77d=CANARY"},
		{"a form, the name first", "/wp-login.php", formType, "pwd=CANARY&log=alice&x=" + long},
		{"an array", "/", formType, "x=" + long + "&log=alice&pwd[]=CANARY"},
		{"multipart", "/wp-login.php", "multipart/form-data; boundary=x", part("x", long) + part("log", "alice") + part("pwd", "CANARY") + "--x--\r\n"},
		{"multipart, the button first", "/my-account/", "multipart/form-data; boundary=x", part("login", "1") + part("woocommerce-login-nonce", "4be2a1c09d") + part("x", long) + part("username", "alice") + part("password", "CANARY") + "--x--\r\n"},
	} {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, chunked %v", test.what, chunked), func(t *testing.T) {
				t.Parallel()
				shop := shoptest.WooCommerce().Start(t)
				g := guardtest.Start(t, guardtest.Site(shop.URL, "woocommerce"))
				p := visitor(t, g.URL, "203.0.113.1")
				r := p.request(http.MethodPost, test.path, test.contentType, test.body)
				if chunked {
					r.ContentLength = -1
				}
				resp, err := p.client.Do(r)
				if err == nil { // writing may fail first, as nobody reads the rest
					p.wants(p.read(resp), http.StatusRequestEntityTooLarge, "unreadable")
				}
				g.LastDecision(1)
				ran(t, shop, 0)
				for _, got := range shop.Requests() {
					if bytes.Contains(got.Body, []byte("CANARY")) || !got.Truncated && len(got.Body) > 0 {
						t.Errorf("the shop got %d bytes, cut %v, the last %.60q", len(got.Body), got.Truncated, got.Body[max(0, len(got.Body)-60):])
					}
				}
			})
		}
	}
}

func TestAnAnswerThatIsCompressedNeverthelessIsRead(t *testing.T) {
	t.Parallel()
	pack := map[string]func(string) []byte{
		"gzip": func(s string) []byte {
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			io.WriteString(w, s)
			w.Close()
			return b.Bytes()
		},
		"zstd": func(s string) []byte {
			w, _ := zstd.NewWriter(nil)
			return w.EncodeAll([]byte(s), nil)
		},
		"br": func(string) []byte { return []byte{0x0b, 0x02, 0x80, 'x', 'y', 'z', 'a', 'b', 0x03} },
	}
	var mu sync.Mutex
	var asked []string
	g := behind(t, func(w http.ResponseWriter, r *http.Request) {
		coding := strings.TrimPrefix(r.URL.Path, "/")
		mu.Lock()
		asked = append(asked, r.Header.Get("Accept-Encoding"))
		mu.Unlock()
		w.Header().Set("Content-Encoding", coding)
		w.Header().Set("Content-Type", "text/html")
		w.Write(pack[coding](`<div id="login_error">no</div>`))
	}, "endpoint login own {\n\t\taccount_field email\n\t\tpassword_field password\n\t\tfailure body login_error\n\t}")
	for coding, want := range map[string]string{"gzip": "failure", "zstd": "failure", "br": "unknown"} {
		p := visitor(t, g.URL, "203.0.113.1")
		n := len(g.Decisions())
		r := p.post("/"+coding, credentials("a@"+coding, "x"), "Accept-Encoding", "gzip, br, zstd")
		if r.body != string(pack[coding](`<div id="login_error">no</div>`)) || r.Header.Get("Content-Encoding") != coding {
			t.Errorf("%s: the answer changed: %q %v", coding, r.body, r.Header)
		}
		if d := g.LastDecision(n + 1); d.Outcome != want {
			t.Errorf("%s: outcome %s, want %s", coding, d.Outcome, want)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for _, a := range asked {
		if a != "identity" {
			t.Errorf("the shop was asked for %q", a)
		}
	}
}
