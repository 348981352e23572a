package guardtest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// ClockVariable names the file that a gateway of BuildClocked reads every 20
// milliseconds: how many seconds its clock is off.
const ClockVariable = "LOGIN_GUARD_TEST_JUMP"

// BuildClocked builds into dir the gateway with a wall clock that can be set:
// the very sources, with two lines of Go's own package time replaced. Go asks
// the kernel for the time without the C library, so that faketime and the like
// do not reach it. The gateway says in the header Date of its own answers what
// time it takes it to be.
func BuildClocked(dir string) (binary string, err error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("asking for GOROOT: %w", err)
	}
	root := strings.TrimSpace(string(out))
	file := filepath.Join(root, "src", "time", "time.go")
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	const asks = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n"
	if strings.Count(string(text), asks) != 1 {
		return "", fmt.Errorf("%s does not ask for the time as is known here", file)
	}
	_, self, _, _ := runtime.Caller(0)
	source := filepath.Join(filepath.Dir(self), "..", "..")
	replace := make(map[string]string)
	for target, text := range map[string]string{
		file: strings.Replace(string(text), asks, asks+"\tsec += Jumped.Load()\n", 1),
		filepath.Join(root, "src", "time", "jumped.go"):          jumpedSource,
		filepath.Join(source, "cmd", "login-guard", "jumped.go"): jumpSource,
	} {
		path := filepath.Join(dir, fmt.Sprintf("overlay-%d.go", len(replace)))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[target] = path
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		return "", err
	}
	binary = filepath.Join(dir, "login-guard-clocked")
	cmd := exec.Command("go", "build", "-overlay", list, "-o", binary, "./cmd/login-guard")
	cmd.Dir = source
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the gateway: %w\n%s", err, out)
	}
	return binary, nil
}

const jumpedSource = `package time

import "sync/atomic"

// Jumped is how many seconds the wall clock is off.
var Jumped atomic.Int64
`

const jumpSource = `package main

import (
	"os"
	"strconv"
	"strings"
	"time"
)

func init() {
	go func() {
		for ; ; time.Sleep(20 * time.Millisecond) {
			text, _ := os.ReadFile(os.Getenv("` + ClockVariable + `"))
			if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
				time.Jumped.Store(n)
			}
		}
	}()
}
`
