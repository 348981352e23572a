package blackbox_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// TestAnyCaddyHasTheModulesByABlankImport builds a Caddy the way xcaddy does:
// a main package of its own that imports ours for its effect.
func TestAnyCaddyHasTheModulesByABlankImport(t *testing.T) {
	t.Parallel()
	_, self, _, _ := runtime.Caller(0)
	repo := filepath.Join(filepath.Dir(self), "..", "..")
	mod, err := os.ReadFile(filepath.Join(repo, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`github.com/caddyserver/caddy/v2 (v\S+)`).FindSubmatch(mod)
	if version == nil {
		t.Fatal("go.mod requires no Caddy")
	}
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("main.go", `package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddyserver/caddy/v2/modules/standard"
	_ "github.com/login-guard/login-guard/caddymodule"
)

func main() { caddycmd.Main() }
`)
	// The requirements are ours, so that nothing has to be looked up.
	module := regexp.MustCompile(`(?m)^module .*$`).ReplaceAllString(string(mod), "module caddy")
	module += "\nrequire github.com/login-guard/login-guard v0.0.0\n\nreplace github.com/login-guard/login-guard => " + repo + "\n"
	write("go.mod", module)
	sum, err := os.ReadFile(filepath.Join(repo, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	write("go.sum", string(sum))
	cmd := exec.Command("go", "build", "-o", "caddy", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(filepath.Join(dir, "caddy"), "list-modules").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"login_guard", "http.handlers.login_guard", "admin.api.login_guard", "http.handlers.reverse_proxy"} {
		if !strings.Contains("\n"+string(out), "\n"+name+"\n") {
			t.Errorf("no module %s", name)
		}
	}
	config := filepath.Join(dir, "Caddyfile")
	write("Caddyfile", "http://localhost:1 {\n\tlogin_guard woocommerce\n\treverse_proxy 127.0.0.1:2\n}\n")
	adapted, err := exec.Command(filepath.Join(dir, "caddy"), "adapt", "--config", config).CombinedOutput()
	if err != nil || !strings.Contains(string(adapted), `"handler":"login_guard"`) {
		t.Errorf("the directive, without an order line: %v\n%s", err, adapted)
	}
	help, err := exec.Command(filepath.Join(dir, "caddy"), "login-guard", "--help").CombinedOutput()
	if err != nil || !strings.Contains(string(help), "release") {
		t.Errorf("caddy login-guard: %v\n%s", err, help)
	}
}
