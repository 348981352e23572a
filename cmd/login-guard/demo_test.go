package main

import (
	"bufio"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/testport"
)

// demoFile is the Caddyfile that `make demo` runs.
const demoFile = "../../Caddyfile"

// startDemo starts `login-guard demo` as a process and reads what it prints
// up to its last line.
func startDemo(t *testing.T, args ...string) (cmd *exec.Cmd, said string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(self, append([]string{"demo"}, args...)...)
	// The demo's folder is made below TMPDIR: the test sees what stays.
	cmd.Env = append(os.Environ(), asCommand+"=1", "TMPDIR="+t.TempDir())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	timeout := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer timeout.Stop()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		said += lines.Text() + "\n"
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			return cmd, said
		}
	}
	t.Fatalf("the demo ended early; it said:\n%s", said)
	return nil, ""
}

func freePort(t *testing.T) string {
	t.Helper()
	return strconv.Itoa(testport.Take(t, 1)[0])
}

func TestDemoOpensTheShopAndEndsCleanly(t *testing.T) {
	port := freePort(t)
	cmd, said := startDemo(t, "--config", demoFile, "--port", port)
	tmp := strings.TrimPrefix(cmd.Env[len(cmd.Env)-1], "TMPDIR=")

	if !strings.Contains(said, "http://localhost:"+port) || !strings.Contains(said, demoCustomer) {
		t.Errorf("the address or the customer is not in what it says:\n%s", said)
	}
	found := regexp.MustCompile(`(?m)^password: ([A-Za-z0-9-]+)$`).FindStringSubmatch(said)
	if found == nil {
		t.Fatalf("no line with the password alone in:\n%s", said)
	}

	shop, browser := "http://localhost:"+port, newBrowser(t)
	if _, body := get(t, browser, shop+"/"); !strings.Contains(body, "400 addresses") {
		t.Error("the start page does not offer the 400 addresses")
	}
	// A device that nobody knows: the shop lets it in, or the guard, which
	// is told to ask, puts a slider before the door. Nothing else.
	req, _ := http.NewRequest(http.MethodPost, shop+"/account/login",
		strings.NewReader(credentials(demoCustomer, found[1]).Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Origin", shop)
	resp, err := browser.Do(req)
	resp, body := readAll(t, resp, err)
	switch rung := resp.Header.Get("Login-Guard"); {
	case strings.HasPrefix(rung, "slider"):
		if resp.StatusCode != http.StatusOK || !strings.Contains(body, "Demo Shop") {
			t.Errorf("the check: status %d, or without the shop's name", resp.StatusCode)
		}
	case rung == "" && resp.StatusCode == http.StatusSeeOther:
	default:
		t.Errorf("status %d, Login-Guard %q: want the account or the slider", resp.StatusCode, rung)
	}

	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("ended with %v, want status 0", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("still running 20 s after Ctrl-C")
	}
	if left, _ := filepath.Glob(filepath.Join(tmp, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// The demo promises that a device is known after its first sign-in: the guard,
// which has no preset there, must tell a right password from a wrong one by the
// shop's answers, and know the shop's session for the second factor.
func TestTheGuardKnowsTheDemosRightPasswordAndItsSession(t *testing.T) {
	text, err := os.ReadFile(demoFile)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "Caddyfile")
	unasked := strings.Replace(string(text), "ask_after 3d", "ask_after off", 1)
	if unasked == string(text) {
		t.Fatal("the demo's Caddyfile has no `ask_after 3d` any more")
	}
	if err := os.WriteFile(file, []byte(unasked), 0o600); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	cmd, said := startDemo(t, "--config", file, "--port", port)
	found := regexp.MustCompile(`(?m)^password: (\S+)$`).FindStringSubmatch(said)
	log := regexp.MustCompile(`tail -f (\S+)`).FindStringSubmatch(said)
	if found == nil || log == nil {
		t.Fatalf("no password or no log in:\n%s", said)
	}

	login := "http://localhost:" + port + "/account/login"
	for _, password := range []string{"not-hers", found[1]} {
		post(t, newBrowser(t), login, credentials(demoCustomer, password))
	}
	outcomes := regexp.MustCompile(`"msg":"decision".*"outcome":"(\w+)"`)
	var got []string
	for range 100 { // a line is written after its answer
		lines, err := os.ReadFile(log[1])
		if err != nil {
			t.Fatal(err)
		}
		got = nil
		for _, m := range outcomes.FindAllStringSubmatch(string(lines), -1) {
			got = append(got, m[1])
		}
		if len(got) == 2 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if want := []string{"failure", "success"}; !slices.Equal(got, want) {
		t.Errorf("outcomes of a wrong and a right password: %q, want %q", got, want)
	}
	if known := config.KnownSessionNames(); !slices.Contains(known.Visitor, sessionCookie) {
		t.Errorf("%s is not among the names of sessions that are known without a preset", sessionCookie)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestDemoSaysWhatToDoAboutAMistake(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	busy := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	two := filepath.Join(t.TempDir(), "Caddyfile")
	if err := os.WriteFile(two, []byte("http://localhost:8081 {\n\trespond ok\n}\n\nhttp://localhost:8082 {\n\trespond ok\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a port that is taken":     {[]string{"--config", demoFile, "--port", busy}, "port " + busy + " is in use by another program; name a free one, such as --port"},
		"a port that is none":      {[]string{"--config", demoFile, "--port", "70000"}, "--port 70000 is no port"},
		"a file that is not there": {[]string{"--config", "no-such-file"}, "name another with --config"},
		"two sites on two ports":   {[]string{"--config", two}, "one site on one port"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(self, append([]string{"demo"}, c.args...)...)
			cmd.Env = append(os.Environ(), asCommand+"=1", "TMPDIR="+t.TempDir())
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), c.want) {
				t.Errorf("ended with %v and said:\n%s\nwant: %s", err, out, c.want)
			}
		})
	}
}

func TestPasswordsAreOfLettersDigitsAndHyphens(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		password := newPassword()
		if !regexp.MustCompile(`^[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}$`).MatchString(password) || seen[password] {
			t.Fatalf("%q is of another shape, or came twice", password)
		}
		seen[password] = true
	}
}
