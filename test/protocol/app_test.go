package protocol_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// app is a login app that takes a login from wherever it can: address or
// body, of any method and type. It keeps every byte that it is sent.
type app struct {
	URL string

	mu     sync.Mutex
	wires  []*wire
	logins []string // account/password, as it read them
	seen   []string // method and address of every request
	blamed map[int]bool
}

// wire is what one connection to the app carried.
type wire struct {
	net.Conn
	app *app
	got bytes.Buffer
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.app.mu.Lock()
	defer w.app.mu.Unlock()
	w.got.Write(p[:n])
	return n, err
}

// taps hands out connections that keep what they carry.
type taps struct {
	net.Listener
	app *app
}

func (l *taps) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	w := &wire{Conn: conn, app: l.app}
	l.app.mu.Lock()
	defer l.app.mu.Unlock()
	l.app.wires = append(l.app.wires, w)
	return w, nil
}

func startApp(t *testing.T) *app {
	t.Helper()
	a := &app{}
	s := httptest.NewUnstartedServer(a)
	s.Listener = &taps{s.Listener, a}
	s.Start()
	t.Cleanup(s.Close)
	a.URL = s.URL
	return a
}

// ServeHTTP reads address and body as a form, whatever they say they are.
func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	fields, _ := url.ParseQuery(r.URL.RawQuery)
	inBody, _ := url.ParseQuery(string(body))
	for name, values := range inBody {
		fields[name] = append(values, fields[name]...)
	}
	a.mu.Lock()
	a.seen = append(a.seen, r.Method+" "+r.RequestURI)
	account, password := fields.Get("email"), fields.Get("password")
	if user, pass, ok := r.BasicAuth(); ok {
		account, password = user, pass
	}
	if err == nil && account != "" && password != "" {
		a.logins = append(a.logins, account+"/"+password)
	}
	a.mu.Unlock()
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprintf(w, "%s %s", r.Method, r.URL.Path)
}

// ran are the logins that the app ran, seen the requests that it had.
func (a *app) ran() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.logins...)
}

func (a *app) requests() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.seen...)
}

// sent is what every connection carried so far.
func (a *app) sent() (all []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, w := range a.wires {
		all = append(all, w.got.String())
	}
	return all
}

// blame reports whether a connection is blamed for the first time.
func (a *app) blame(i int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.blamed == nil {
		a.blamed = map[int]bool{}
	}
	was := a.blamed[i]
	a.blamed[i] = true
	return !was
}

// lenient is one way of servers that read what they should not.
type lenient struct {
	name    string
	bareLF  bool // a line may end in LF alone
	lengths bool // Content-Length counts before Transfer-Encoding
	odd     bool // whatever has "chunked" in it is chunked, by any spelling of the name
}

var leniences = []lenient{
	{name: "strict"},
	{name: "bare LF", bareLF: true},
	{name: "length before encoding", lengths: true},
	{name: "odd encodings", odd: true},
	{name: "everything", bareLF: true, odd: true},
	{name: "everything but the encoding", bareLF: true, lengths: true, odd: true},
}

// read splits a connection into requests: their first lines and bodies. rest
// is what is no whole request.
func (l lenient) read(text string) (requests []string, rest string) {
	for text != "" {
		end, skip := l.headEnd(text)
		if end < 0 {
			return requests, text
		}
		head, after := text[:end], text[end+skip:]
		length, chunked := l.framing(head)
		var body string
		switch {
		case chunked:
			var ok bool
			if body, after, ok = l.chunks(after); !ok {
				return requests, text
			}
		case length > len(after):
			return requests, text
		default:
			body, after = after[:length], after[length:]
		}
		first, _, _ := strings.Cut(head, "\n")
		requests = append(requests, strings.TrimRight(first, "\r")+" "+body)
		text = after
	}
	return requests, ""
}

func (l lenient) headEnd(text string) (end, skip int) {
	end, skip = strings.Index(text, "\r\n\r\n"), 4
	if l.bareLF {
		for _, mark := range []string{"\n\n", "\n\r\n"} {
			if i := strings.Index(text, mark); i >= 0 && (end < 0 || i < end) {
				end, skip = i, len(mark)
			}
		}
	}
	return end, skip
}

func (l lenient) framing(head string) (length int, chunked bool) {
	lines := strings.Split(head, "\r\n")
	if l.bareLF {
		lines = strings.Split(head, "\n")
	}
	found := false
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		name, value = strings.ToLower(name), strings.ToLower(strings.TrimSpace(value))
		if l.odd {
			name = strings.ReplaceAll(strings.TrimSpace(name), "_", "-")
		}
		switch {
		case name == "content-length" && !found:
			_, err := fmt.Sscanf(value, "%d", &length)
			found = err == nil
		case name == "transfer-encoding":
			chunked = chunked || value == "chunked" || l.odd && strings.Contains(value, "chunked")
		}
	}
	return length, chunked && !(l.lengths && found)
}

func (l lenient) chunks(text string) (body, rest string, ok bool) {
	for {
		line, after, found := strings.Cut(text, "\n")
		if !found {
			return "", "", false
		}
		var n int
		if _, err := fmt.Sscanf(strings.TrimSpace(line), "%x", &n); err != nil || n < 0 || n > len(after) {
			return "", "", false
		}
		if n == 0 {
			if end, skip := l.headEnd(line + "\n" + after); end >= 0 { // trailers, or none
				return body, (line + "\n" + after)[end+skip:], true
			}
			return "", "", false
		}
		body += after[:n]
		text = strings.TrimPrefix(strings.TrimPrefix(after[n:], "\r"), "\n")
	}
}
