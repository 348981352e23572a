package blackbox

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
)

// An operator tries a policy on last month's log before it is live: no server
// runs, nothing but the report is on standard output, and the same log and
// policy say the same every time.
func TestAPolicyIsTriedOnALogWithoutAServer(t *testing.T) {
	dir := t.TempDir()
	var log strings.Builder
	for i := range 600 {
		fmt.Fprintf(&log, "192.0.2.%d - - [04/May/2026:13:%02d:%02d +0000] \"POST /my-account/ HTTP/1.1\" 200 512 \"-\" \"Mozilla/5.0 Firefox/139.0\"\n", 1+i%3, i/60, i%60)
	}
	log.WriteString("198.51.100.7 - - [04/May/2026:14:00:00 +0000] \"POST /my-account/ HTTP/2.0\" 302 0 \"-\" \"Mozilla/5.0 Firefox/139.0\"\n")
	log.WriteString("a line that says nothing\n")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("access.log", log.String())
	write("Caddyfile", "shop.example {\n\tlogin_guard woocommerce {\n\t\task_after 1d\n\t}\n\treverse_proxy 127.0.0.1:1\n}\n")
	type report struct {
		Share    float64 `json:"unchallenged_share"`
		Failed   int     `json:"failed"`
		BadLines int     `json:"bad_lines"`
		Policy   string  `json:"policy"`
	}
	run := func(args ...string) (r report) {
		t.Helper()
		cmd := exec.Command(guardtest.Binary(t), args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir)
		var errs strings.Builder
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil || errs.Len() > 0 {
			t.Fatalf("%v: %v, %s", args, err, errs.String())
		}
		if err := json.Unmarshal(out, &r); err != nil {
			t.Fatalf("%v: %v in:\n%s", args, err, out)
		}
		return r
	}
	const path = "--path=/my-account/"
	bare := run("backtest", "access.log", path, "--json")
	if bare.Failed != 600 || bare.BadLines != 1 || bare.Share <= 0 || bare.Share > 0.1 {
		t.Errorf("under the defaults: %+v", bare)
	}
	// Any Caddy takes the verb after `login-guard`.
	if again := run("login-guard", "backtest", "access.log", path, "--json"); again != bare {
		t.Errorf("the second time: %+v", again)
	}
	if strict := run("backtest", "--json", "--policy", "Caddyfile", path, "access.log"); strict.Share != 0 || strict.Policy != "Caddyfile" {
		t.Errorf("under a policy that asks everybody: %+v", strict)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("it left something behind: %v, %v", left, err)
	}
}
