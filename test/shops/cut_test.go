//go:build shops

package shops

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// cuts are logins in bodies over the cap of 64 KiB.
func cuts() map[string]struct{ contentType, body string } {
	const multipartType = "multipart/form-data; boundary=XX"
	filler := strings.Repeat("x", 100<<10)
	right := "&pwd=" + at.password
	return map[string]struct{ contentType, body string }{
		"password late":                {formType, "log=ivan&comment=" + filler + right},
		"password first":               {formType, "pwd=" + at.password + "&log=ivan&comment=" + filler},
		"password late, spelled oddly": {formType, "log=ivan&comment=" + filler + "&+p%77d=" + at.password},
		"twice, the right one late":    {formType, "log=ivan&pwd=wrong&comment=" + filler + right},
		"at the cap": {formType, "log=ivan&c=" + strings.Repeat("x", 64<<10-len("log=ivan&c=")-2) + right +
			"&more=" + strings.Repeat("y", 64<<10)},
		"many small fields":           {formType, "log=ivan&" + strings.Repeat("abc=def&", 900) + "c=" + filler + right},
		"multipart, late":             {multipartType, part(`form-data; name="log"`, "ivan") + part(`form-data; name="c"`, filler) + part(`form-data; name="pwd"`, at.password) + "--XX--\r\n"},
		"multipart, after a file":     {multipartType, part(`form-data; name="log"`, "ivan") + part(`form-data; name="f"; filename="a.bin"`, filler) + part(`form-data; name="pwd"`, at.password) + "--XX--\r\n"},
		"multipart, long header late": {multipartType, part(`form-data; name="log"`, "ivan") + part(`form-data; name="c"`, filler) + part(`form-data; x="`+filler[:3000]+`"; name="pwd"`, at.password) + "--XX--\r\n"},
	}
}

// php-fpm runs a script on whatever came of a body that was cut. So nothing
// of a password may be among what goes on.
func TestALoginOverTheCapNeverRunsInPHP(t *testing.T) {
	both(t, func(t *testing.T, site string) {
		for name, cut := range cuts() {
			for _, way := range []string{"with its length", "in chunks"} {
				t.Run(name+", "+way, func(t *testing.T) {
					body := func() io.Reader {
						if way == "in chunks" {
							return chunked(cut.body)
						}
						return strings.NewReader(cut.body)
					}
					// The request is a login: WordPress itself runs it.
					plain := visit(t, bare[site])
					plain.send("POST", "/wp-login.php", cut.contentType, body())
					if len(plain.seen("login")) == 0 && way == "with its length" { // FastCGI knows no chunks
						t.Fatal("this is no login to WordPress, so that the check would prove nothing")
					}
					v := visit(t, site)
					a := v.send("POST", "/wp-login.php", cut.contentType, body())
					// Caddy's own FastCGI refuses chunks at once.
					if a.StatusCode != 413 && !(a.StatusCode == 411 && way == "in chunks" && site == fastcgi) {
						t.Errorf("answered %s", a.Status)
					}
					time.Sleep(100 * time.Millisecond) // PHP may still be at what came
					if got := v.seen("login"); len(got) != 0 {
						t.Errorf("WordPress checked %+v", got)
					}
					for _, s := range v.seen("request") {
						if slices.Contains(s.Post, "pwd") {
							t.Errorf("PHP got the fields %q", s.Post)
						}
					}
				})
			}
		}
	})
}

// A client that hangs up in the middle of its own login.
func TestALoginThatItsClientCutsRunsNeverUncounted(t *testing.T) {
	both(t, func(t *testing.T, site string) {
		cut := func(v *visitor) {
			body := "log=nobody-" + v.id + "&pwd=wrong&rest="
			conn, err := net.Dial("tcp", "127.0.0.1:"+at.port)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			var b bytes.Buffer
			fmt.Fprintf(&b, "POST /wp-login.php HTTP/1.1\r\nHost: %s:%s\r\n", v.site, at.port)
			if err := v.header().Write(&b); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "Content-Type: %s\r\nContent-Length: %d\r\n\r\n%s", formType, len(body)+1000, body)
			if _, err := conn.Write(b.Bytes()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(200 * time.Millisecond)
		}
		v := visit(t, site)
		cut(v)
		time.Sleep(500 * time.Millisecond)
		v.counted()
	})
}
