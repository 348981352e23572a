// Package guardtest runs the real gateway for tests: the shipped binary with
// a Caddyfile, in a process and a folder of its own.
package guardtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/testport"
)

// Key is the master key of gateways under test, in hexadecimal. Tests that
// need to read a picture derive what it shows from it; the shipped binary has
// no other way to tell.
const Key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

// build builds the gateway into one place of the machine's temporary folder.
// Each test process builds its own and puts it there whole: the others go on
// with the file that they have open, and only one is left behind.
var build = sync.OnceValues(func() (string, error) {
	_, self, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(self), "..", "..")
	// Two clones of the source are two gateways.
	of := fnv.New32a()
	of.Write([]byte(root))
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("login-guard-test-%d-%x", os.Getuid(), of.Sum32()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	fresh := filepath.Join(dir, fmt.Sprintf("fresh-%d", os.Getpid()))
	cmd := exec.Command("go", "build", "-o", fresh, "./cmd/login-guard")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the gateway: %w\n%s", err, out)
	}
	binary := filepath.Join(dir, "login-guard")
	return binary, os.Rename(fresh, binary)
})

// Binary builds the gateway once a test process and returns its path.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Gateway is one running gateway.
type Gateway struct {
	// URL of its first site, without a slash at the end.
	URL string
	// Port of it, and AdminAddr of the admin API.
	Port      int
	AdminAddr string

	t       testing.TB
	ports   []int
	dir     string
	data    string // what lasts beside Caddy's storage
	binary  string // "": the one of Binary
	vars    *strings.Replacer
	log     lines
	process *exec.Cmd
	ended   chan struct{}
}

// Start runs a gateway with a Caddyfile. In it stand $PORT (and $PORT2,
// $PORT3) for free ports on loopback, $DIR for a folder of the test's own,
// and $GLOBAL for global options that every test wants: the admin API, the
// storage, the key, trust in proxies on loopback, and a log at debug level.
// The gateway ends with the test.
func Start(t testing.TB, caddyfile string) *Gateway {
	t.Helper()
	return StartWith(t, caddyfile, With{})
}

// With is what a gateway may have of its own; the zero value is as Start has
// it.
type With struct {
	Data   string // the folder of its counters, such as another gateway's
	Binary string // another build of the gateway
}

// StartWith is Start with something of its own.
func StartWith(t testing.TB, caddyfile string, with With) *Gateway {
	t.Helper()
	// A port that was free a moment ago may be another test's by now.
	for range 5 {
		if g := start(t, caddyfile, with); g != nil {
			return g
		}
	}
	t.Fatal("five times a port was taken before the gateway had it")
	return nil
}

func start(t testing.TB, caddyfile string, with With) *Gateway {
	t.Helper()
	ports := testport.Take(t, 4)
	g := &Gateway{t: t, ports: ports, dir: t.TempDir(), Port: ports[0], AdminAddr: fmt.Sprintf("127.0.0.1:%d", ports[3]), data: with.Data, binary: with.Binary}
	if g.data == "" {
		g.data = filepath.Join(g.dir, "data")
	}
	g.URL = fmt.Sprintf("http://localhost:%d", ports[0])
	global := fmt.Sprintf(`
	admin %s
	storage file_system %s
	auto_https disable_redirects
	skip_install_trust
	servers {
		trusted_proxies static 127.0.0.0/8 ::1/128
	}
	log {
		output stderr
		format json
		level DEBUG
	}`, g.AdminAddr, filepath.Join(g.dir, "storage"))
	g.vars = strings.NewReplacer("$GLOBAL", global, "$DIR", g.dir, "$KEY", Key,
		"$PORT2", fmt.Sprint(ports[1]), "$PORT3", fmt.Sprint(ports[2]), "$PORT", fmt.Sprint(ports[0]))
	g.write(caddyfile)
	if !g.run() {
		return nil
	}
	t.Cleanup(g.Stop)
	return g
}

// Site is the usual Caddyfile: one site on $PORT in front of upstream, with
// the lines of options in its login_guard block.
func Site(upstream, presets string, options ...string) string {
	return fmt.Sprintf(`{
	$GLOBAL
	login_guard {
		key $KEY
	}
}
http://localhost:$PORT {
	login_guard %s {
		site shop
		%s
	}
	reverse_proxy %s
}
`, presets, strings.Join(options, "\n\t\t"), strings.TrimPrefix(upstream, "http://"))
}

func (g *Gateway) write(caddyfile string) string {
	path := filepath.Join(g.dir, "Caddyfile")
	if err := os.WriteFile(path, []byte(g.vars.Replace(caddyfile)), 0o600); err != nil {
		g.t.Fatal(err)
	}
	return path
}

// run starts the process with the Caddyfile that was written last and waits
// until it answers; false says that a port was taken.
func (g *Gateway) run() bool {
	g.t.Helper()
	binary := g.binary
	if binary == "" {
		binary = Binary(g.t)
	}
	cmd := exec.Command(binary, "run", "--config", filepath.Join(g.dir, "Caddyfile"), "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "HOME="+g.dir, "XDG_DATA_HOME="+g.data, "XDG_CONFIG_HOME="+filepath.Join(g.dir, "config"))
	cmd.Stderr = &g.log
	cmd.Stdout = &g.log
	if err := cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	ended := make(chan struct{})
	g.process, g.ended = cmd, ended
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	deadline := time.Now().Add(30 * time.Second)
	for !g.answers() {
		select {
		case <-g.ended:
			if strings.Contains(g.log.text(), "address already in use") {
				return false
			}
			g.t.Fatalf("the gateway ended:\n%s", g.log.text())
		default:
		}
		if time.Now().After(deadline) {
			g.t.Fatalf("the gateway does not answer:\n%s", g.log.text())
		}
		time.Sleep(20 * time.Millisecond)
	}
	return true
}

func (g *Gateway) answers() bool {
	resp, err := http.Get("http://" + g.AdminAddr + "/config/apps/http/servers")
	if err != nil {
		return false
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return false
	}
	conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", g.Port), time.Second)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// Stop ends the gateway.
func (g *Gateway) Stop() {
	select {
	case <-g.ended:
		return
	default:
	}
	_ = g.process.Process.Signal(os.Interrupt)
	select {
	case <-g.ended:
	case <-time.After(5 * time.Second):
		_ = g.process.Process.Kill()
		<-g.ended
	}
}

// Reload loads another Caddyfile, as `caddy reload` does, and returns what
// Caddy says of it: "" when it took it.
func (g *Gateway) Reload(caddyfile string) string {
	g.t.Helper()
	out, err := g.Command("reload", "--config", g.write(caddyfile), "--adapter", "caddyfile", "--address", g.AdminAddr)
	if err != nil {
		return out + err.Error()
	}
	g.settled()
	return ""
}

// settled waits until the listeners that a reload replaced are closed. Old and
// new ones share their port for a moment, and who is just connecting to an old
// one is reset when it closes.
func (g *Gateway) settled() {
	g.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for _, port := range g.ports {
		for testport.Shared(g.t, port) {
			if time.Now().After(deadline) {
				g.t.Fatalf("10 seconds after a reload two listeners share port %d", port)
			}
			time.Sleep(2 * time.Millisecond)
		}
	}
}

// Command runs the binary with arguments.
func (g *Gateway) Command(args ...string) (string, error) {
	cmd := exec.Command(Binary(g.t), args...)
	cmd.Dir = g.dir
	cmd.Env = append(os.Environ(), "HOME="+g.dir)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Admin calls the admin API.
func (g *Gateway) Admin(method, path, body string) (int, string) {
	g.t.Helper()
	req, err := http.NewRequest(method, "http://"+g.AdminAddr+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	if path == "/load" {
		g.settled()
	}
	return resp.StatusCode, string(out)
}

// Checks are the gateway's own checks of a site, for reading pictures. Only
// good for gateways whose key is Key.
func Checks(t testing.TB, site string) *challenge.Checks {
	t.Helper()
	master, err := keys.Parse(Key)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keys.NewRing(master)
	if err != nil {
		t.Fatal(err)
	}
	return &challenge.Checks{Ring: ring, Site: site}
}

// Decision is a decision as the log has it.
type Decision struct {
	Logger   string   `json:"logger"`
	Msg      string   `json:"msg"`
	Ref      string   `json:"ref"`
	Site     string   `json:"site"`
	Endpoint string   `json:"endpoint"`
	Action   string   `json:"action"`
	Would    string   `json:"would"`
	Mode     string   `json:"mode"`
	Score    float64  `json:"score"`
	Reasons  []string `json:"reasons"`
	Outcome  string   `json:"outcome"`
	Account  string   `json:"account"`
	Accounts []string `json:"accounts"`
	Address  string   `json:"address"`
	Count    int      `json:"count"`
}

// Decisions are the decisions logged so far.
func (g *Gateway) Decisions() []Decision {
	var out []Decision
	sc := bufio.NewScanner(strings.NewReader(g.log.text()))
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var d Decision
		if json.Unmarshal(sc.Bytes(), &d) == nil && d.Msg == "decision" && d.Logger == "http.handlers.login_guard" {
			out = append(out, d)
		}
	}
	return out
}

// LastDecision waits for the n-th decision and returns the last there is.
func (g *Gateway) LastDecision(n int) Decision {
	g.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if all := g.Decisions(); len(all) >= n {
			return all[len(all)-1]
		}
	}
	g.t.Fatalf("there are %d decisions, want %d:\n%s", len(g.Decisions()), n, g.log.text())
	return Decision{}
}

// Log is all that the gateway has logged.
func (g *Gateway) Log() string { return g.log.text() }

// lines is a buffer for a process's output.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
