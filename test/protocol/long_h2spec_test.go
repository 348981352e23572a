//go:build protocol

package protocol_test

import (
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
)

// tool is a program that run.sh has made ready.
func tool(t *testing.T, name string) string {
	t.Helper()
	path := os.Getenv(name)
	if path == "" {
		t.Fatalf("%s is not set: bash test/protocol/run.sh does", name)
	}
	return path
}

// h2spec runs h2spec's cases, strict ones too, against a gateway: all, or
// the named sections. It returns the cases that fail, and how many there are.
func h2spec(t *testing.T, g *guardtest.Gateway, sections ...string) (failed []string, cases int) {
	t.Helper()
	report := filepath.Join(t.TempDir(), "report.xml")
	args := append([]string{"--host", "localhost", "--port", g.Expand("$PORT2"), "--tls", "--insecure", "--strict", "--timeout", "5", "--junit-report", report}, sections...)
	out, err := exec.Command(tool(t, "LOGIN_GUARD_H2SPEC"), args...).CombinedOutput()
	text, readErr := os.ReadFile(report)
	if readErr != nil { // its status is 1 when a case fails
		t.Fatalf("h2spec: %v\n%s", err, out)
	}
	var suites struct {
		Suites []struct {
			ID    string `xml:"id,attr"`
			Pkg   string `xml:"package,attr"`
			Cases []struct {
				Name    string    `xml:"classname,attr"`
				Failure *struct{} `xml:"failure"`
				Error   *struct{} `xml:"error"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text, &suites); err != nil {
		t.Fatal(err)
	}
	for _, s := range suites.Suites {
		for _, c := range s.Cases {
			cases++
			if c.Failure != nil || c.Error != nil {
				failed = append(failed, fmt.Sprintf("%s: %s", s.Pkg, c.Name))
			}
		}
	}
	slices.Sort(failed)
	return slices.Compact(failed), cases
}

func TestLongH2specFindsNothingThatCaddyItselfDoesNotHave(t *testing.T) {
	t.Parallel()
	a := startApp(t)
	open, g := bare(t, a.URL), guarded(t, a.URL)
	without, n := h2spec(t, open)
	with, m := h2spec(t, g)
	t.Logf("%d cases; Caddy itself fails %d: %q", n, len(without), without)
	if n < 140 || m != n {
		t.Errorf("%d cases without the guard and %d with it", n, m)
	}
	// A case may fail for want of time: what only the guard fails has two
	// more tries.
	for range 2 {
		if len(more(with, without)) == 0 {
			break
		}
		t.Logf("once more, for %q", more(with, without))
		again, _ := h2spec(t, g)
		with = slices.DeleteFunc(with, func(c string) bool { return !slices.Contains(again, c) })
	}
	if extra := more(with, without); len(extra) > 0 {
		t.Errorf("with the guard fail also %q", extra)
	}
}

// more is what a has and b has not.
func more(a, b []string) (out []string) {
	for _, c := range a {
		if !slices.Contains(b, c) {
			out = append(out, c)
		}
	}
	return out
}
