//go:build shops

package shops

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// lab is what run.sh started.
type lab struct {
	port                    string // of the gateway
	binary                  string // the gateway, for checks that start their own
	django                  string // port
	vendure, evershop       string // ports
	password, adminPassword string
	watch, decisions        string // files
	wordpress               string // folder
}

var at lab

func TestMain(m *testing.M) {
	by, needed := "run.sh", map[string]*string{
		"SHOPS_GATEWAY_PORT": &at.port, "SHOPS_BINARY": &at.binary, "SHOPS_DJANGO_PORT": &at.django, "SHOPS_PASSWORD": &at.password, "SHOPS_ADMIN_PASSWORD": &at.adminPassword,
		"SHOPS_WATCH": &at.watch, "SHOPS_DECISIONS": &at.decisions, "SHOPS_WP": &at.wordpress,
	}
	if os.Getenv("SHOPS_VENDURE_PORT") != "" {
		by, needed = "npm.sh", map[string]*string{
			"SHOPS_BINARY": &at.binary, "SHOPS_PASSWORD": &at.password, "SHOPS_VENDURE_PORT": &at.vendure, "SHOPS_EVERSHOP_PORT": &at.evershop,
		}
	}
	for name, to := range needed {
		if *to = os.Getenv(name); *to == "" {
			fmt.Fprintf(os.Stderr, "%s is not set: run these checks with `bash test/shops/%s`\n", name, by)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// Sites of conf/Caddyfile.
const (
	proxied = "proxied.example" // only the preset line, nginx behind
	fastcgi = "fastcgi.example" // only the preset line, php-fpm behind, encode
)

// The same ways without the guard, and where every unknown device is asked.
var (
	bare  = map[string]string{proxied: "bare-proxied.example", fastcgi: "bare-fastcgi.example"}
	asked = map[string]string{proxied: "asked-proxied.example", fastcgi: "asked-fastcgi.example"}
	// second are those whose customers may have a second factor.
	second = map[string]string{proxied: "second-proxied.example", fastcgi: "second-fastcgi.example"}
)

// both runs a check in front of nginx and in front of php-fpm.
func both(t *testing.T, check func(t *testing.T, site string)) {
	t.Run("reverse_proxy", func(t *testing.T) { check(t, proxied) })
	t.Run("php_fastcgi", func(t *testing.T) { check(t, fastcgi) })
}

// visitor is one browser in a network of its own.
type visitor struct {
	t       *testing.T
	site    string
	base    string // scheme, host and port
	id      string // marks the visitor's requests in the watch log
	address string
	network string // start of the address in decisions
	client  *http.Client
}

var visitors atomic.Int32

// visit makes a visitor whom the site has never seen: an own /48 each, out
// of the block for documentation (RFC 3849).
func visit(t *testing.T, site string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	n := visitors.Add(1)
	network := fmt.Sprintf("2001:db8:%x:", 0x1000+n)
	return &visitor{
		t: t, site: site, base: "http://" + site + ":" + at.port, id: fmt.Sprintf("visitor-%d", n), network: network, address: network + ":7",
		client: &http.Client{
			Jar: jar, Timeout: 60 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
					return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", at.port))
				},
				DisableCompression: true, MaxIdleConnsPerHost: 4,
			},
		},
	}
}

func (v *visitor) origin() string { return v.base }

// header is what the visitor's browser sends with everything.
func (v *visitor) header() http.Header {
	return http.Header{
		"X-Forwarded-For": {v.address},
		"X-Shops-Case":    {v.id},
		"User-Agent":      {"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
		"Accept":          {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
		"Accept-Language": {"en-GB,en;q=0.5"},
		"Accept-Encoding": {"gzip, deflate, br, zstd"},
	}
}

// answer is a response with its body read and its Content-Encoding undone.
type answer struct {
	*http.Response
	body []byte
}

// send sends a request; uri is written on the request line as it is.
func (v *visitor) send(method, uri, contentType string, body io.Reader, more ...string) answer {
	v.t.Helper()
	r, err := http.NewRequest(method, v.origin()+uri, body)
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header = v.header()
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(more); i += 2 {
		r.Header.Set(more[i], more[i+1])
	}
	response, err := v.client.Do(r)
	if err != nil {
		v.t.Fatalf("%s %s: %v", method, uri, err)
	}
	return v.read(response)
}

func (v *visitor) read(response *http.Response) answer {
	v.t.Helper()
	defer response.Body.Close()
	var body io.Reader = response.Body
	if response.Request.Method == http.MethodHead {
		return answer{response, nil}
	}
	switch encoding := response.Header.Get("Content-Encoding"); encoding {
	case "":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			v.t.Fatal(err)
		}
		body = z
	case "zstd":
		z, err := zstd.NewReader(body)
		if err != nil {
			v.t.Fatal(err)
		}
		defer z.Close()
		body = z
	default:
		v.t.Fatalf("Content-Encoding %q", encoding)
	}
	b, err := io.ReadAll(body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer{response, b}
}

const formType = "application/x-www-form-urlencoded"

func (v *visitor) get(uri string) answer { v.t.Helper(); return v.send("GET", uri, "", nil) }

func (v *visitor) post(uri string, form url.Values) answer {
	v.t.Helper()
	return v.send("POST", uri, formType, strings.NewReader(form.Encode()))
}

// login is the form of wp-login.php as a browser sends it.
func login(account, password string) url.Values {
	return url.Values{"log": {account}, "pwd": {password}, "wp-submit": {"Log In"}}
}

// cookie reports whether the answer sets a cookie whose name begins so.
func (a answer) cookie(start string) bool {
	for _, c := range a.Cookies() {
		if strings.HasPrefix(c.Name, start) && c.MaxAge >= 0 {
			return true
		}
	}
	return false
}

func (a answer) has(text string) bool { return bytes.Contains(a.body, []byte(text)) }

// seen is a line of the watch log: a request that PHP ran, or a password
// that WordPress checked.
type seen struct {
	Kind    string // `request`, `login`
	Case    string
	Method  string
	URI     string
	Length  string
	Bytes   int
	SHA256  string
	Get     []string
	Post    []string
	Headers map[string]string
	Account string
	Right   bool
}

// seen returns what PHP saw of the visitor; PHP writes before it answers.
func (v *visitor) seen(kind string) []seen {
	v.t.Helper()
	return lines(v.t, at.watch, `"`+v.id+`"`, func(s seen) bool { return s.Kind == kind && s.Case == v.id })
}

// decision is a decision's log line.
type decision struct {
	Logger, Msg, Ref, Site, Endpoint, Action, Would, Mode, Outcome, Address, Account string
}

// decided returns the visitor's decisions once there are n, or what there is
// after 3 s.
func (v *visitor) decided(n int) []decision {
	v.t.Helper()
	for deadline := time.Now().Add(3 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got := lines(v.t, at.decisions, v.network, func(d decision) bool {
			return d.Msg == "decision" && strings.HasPrefix(d.Address, v.network)
		})
		if len(got) >= n || time.Now().After(deadline) {
			return got
		}
	}
}

// outcomes checks the outcomes of the visitor's decisions so far.
func (v *visitor) outcomes(want ...string) {
	v.t.Helper()
	var got []string
	for _, d := range v.decided(len(want)) {
		got = append(got, d.Outcome)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		v.t.Errorf("decisions say outcomes %q, want %q", got, want)
	}
}

// undecided checks that the visitor met no decision at all. A late line
// would be written by the time the next visitor's is, so one attempt of
// another visitor is the clock.
func (v *visitor) undecided() {
	v.t.Helper()
	clock := visit(v.t, v.site)
	clock.post("/wp-login.php", login("nobody-"+clock.id, "x"))
	if len(clock.decided(1)) == 0 {
		v.t.Error("a login leaves no decision, so that nothing can be said of other requests")
	}
	if got := v.decided(0); len(got) > 0 {
		v.t.Errorf("was taken for a login: %+v", got)
	}
}

// lines reads the JSON lines of a file that have text in them and match; a
// last line that is still being written is left out.
func lines[T any](t *testing.T, file, text string, match func(T) bool) (out []T) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	scan := bufio.NewScanner(bytes.NewReader(b))
	scan.Buffer(nil, 16<<20)
	for scan.Scan() {
		var line T
		if bytes.Contains(scan.Bytes(), []byte(text)) && json.Unmarshal(scan.Bytes(), &line) == nil && match(line) {
			out = append(out, line)
		}
	}
	return out
}
