//go:build faults

package faults_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
)

// clocked builds the gateway with a wall clock that can be set: the very
// sources, with two lines of Go's own package time replaced. Go asks the kernel
// for the time without the C library, so that faketime and the like do not
// reach it. What it reads from the file that LOGIN_GUARD_TEST_JUMP names is
// how many seconds the clock is off.
func clocked(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	root := strings.TrimSpace(run(t, "", "go", "env", "GOROOT"))
	file := filepath.Join(root, "src", "time", "time.go")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const asks = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n"
	if strings.Count(string(text), asks) != 1 {
		t.Fatalf("%s does not ask for the time as this test knows it", file)
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	_, self, _, _ := runtime.Caller(0)
	source := filepath.Join(filepath.Dir(self), "..", "..")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {
		file: write("time.go", strings.Replace(string(text), asks, asks+"\tsec += Jumped.Load()\n", 1)),
		filepath.Join(root, "src", "time", "jumped.go"): write("jumped.go", `package time

import "sync/atomic"

// Jumped is how many seconds the wall clock is off.
var Jumped atomic.Int64
`),
		filepath.Join(source, "cmd", "login-guard", "jump.go"): write("jump.go", `package main

import (
	"os"
	"strconv"
	"strings"
	"time"
)

func init() {
	go func() {
		for ; ; time.Sleep(20 * time.Millisecond) {
			text, _ := os.ReadFile(os.Getenv("LOGIN_GUARD_TEST_JUMP"))
			if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
				time.Jumped.Store(n)
			}
		}
	}()
}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "login-guard")
	run(t, source, "go", "build", "-overlay", write("overlay.json", string(replace)), "-o", binary, "./cmd/login-guard")
	return binary
}

func run(t testing.TB, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func TestTheClockOfAGatewayJumps(t *testing.T) {
	binary := clocked(t)
	for name, jump := range map[string]time.Duration{
		"an hour ahead": time.Hour, "an hour back": -time.Hour,
		"a year ahead": 365 * 24 * time.Hour, "a year back": -365 * 24 * time.Hour,
	} {
		for _, kind := range []string{"one by itself", "two on a Redis"} {
			t.Run(kind+", "+name, func(t *testing.T) {
				off := filepath.Join(t.TempDir(), "off")
				if err := os.WriteFile(off, []byte("0"), 0o600); err != nil {
					t.Fatal(err)
				}
				t.Setenv("LOGIN_GUARD_TEST_JUMP", off)
				urls := []string{""}
				if kind != "one by itself" {
					url := "redis://" + redistest.Start(t).Addr + "?timeout=5s"
					urls = []string{url, url}
				}
				f := newFleetWith(t, guardtest.With{Binary: binary}, urls)
				if len(urls) > 1 {
					f.await(true, f.gates...)
				}
				total := f.spend()
				held := f.hold(0)
				if err := os.WriteFile(off, []byte(strconv.Itoa(int(jump/time.Second))), 0o600); err != nil {
					t.Fatal(err)
				}
				eventually(t, "the clock to have jumped", func() bool {
					a := f.visitor(0).send(http.MethodGet, "/.login-guard/none", "") // the shop has a clock of its own
					at, err := http.ParseTime(a.Header.Get("Date"))
					return err == nil && time.Until(at).Abs() > 30*time.Minute
				})
				for i := range f.gates {
					f.shops(i)
				}
				a := held.v.goOn(held.check, "")
				t.Logf("the check from before: %s %q", a.Status, a.guard())
				gained := f.guess()
				total = total.plus(gained)
				t.Logf("guesses after it %+v", gained)
				most := guesses{}
				if len(urls) == 1 && jump > 0 {
					most = once // what an hour gives back, or a year
				}
				if !gained.within(most) {
					t.Errorf("%+v guesses more, want at most %+v", gained, most)
				}
				for i := range f.gates {
					f.shops(i)
				}
				v := f.visitor(0)
				again := v.send(http.MethodPost, "/login", form(shoptest.Bob().Email, shoptest.Bob().Password))
				if again.guard() == "slider" {
					c := v.check(again)
					again = v.goOn(c, v.solve(c))
				}
				v.signedIn(again)
				_ = total
			})
		}
	}
}
