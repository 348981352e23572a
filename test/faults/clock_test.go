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
				// One gateway's clock jumps, the other's does not.
				f := newFleetWith(t, guardtest.With{Binary: binary}, urls[:1])
				for _, url := range urls[1:] {
					f.gates = append(f.gates, guardtest.Start(t, f.caddyfile(url)))
				}
				if len(urls) > 1 {
					f.await(true, f.gates...)
				}
				f.spend()
				held := f.hold(0)
				set := func(d time.Duration) {
					if err := os.WriteFile(off, []byte(strconv.Itoa(int(d/time.Second))), 0o600); err != nil {
						t.Fatal(err)
					}
					eventually(t, "the clock to have jumped", func() bool {
						// Not of the shop, which has a clock of its own.
						a := f.visitor(0).send(http.MethodGet, "/.login-guard/none", "")
						at, err := http.ParseTime(a.Header.Get("Date"))
						return err == nil && (time.Until(at)-d).Abs() < 10*time.Minute
					})
				}
				set(jump)
				for i := range f.gates {
					f.shops(i)
				}
				a := f.insist(held.v, held.v.goOn(held.check, ""))
				t.Logf("who was held before: %s %q %s", a.Status, a.guard(), a.Header.Get("Retry-After"))
				if len(urls) > 1 {
					// Checks of one gateway, answered at the other.
					for i := range f.gates {
						h := f.hold(i)
						v, c := h.v.at(f.gates[1-i].URL), *h.check
						c.Action = v.base + "/login"
						a := f.insist(v, v.goOn(&c, ""))
						t.Logf("held by gateway %d, answered at %d: %s %q", i, 1-i, a.Status, a.guard())
					}
				}
				gained := f.guess()
				most := guesses{}
				if len(urls) == 1 { // set back and right again is a jump ahead, too
					most = once
					if jump.Abs() == time.Hour {
						most = guesses{0, 1, 1} // what an hour gives back
					}
				}
				set(0)
				for i := range f.gates {
					f.shops(i)
				}
				back := f.guess()
				t.Logf("guesses after it %+v, and when the clock is right again %+v", gained, back)
				if all := gained.plus(back); !all.within(most) {
					t.Errorf("%+v guesses more, want at most %+v", all, most)
				}
				v := f.visitor(0)
				v.signedIn(f.insist(v, v.send(http.MethodPost, "/login", form(shoptest.Bob().Email, shoptest.Bob().Password))))
			})
		}
	}
}

// insist passes the checks that are shown, two at most, and signs in again
// where a page says so; it returns what then stands there.
func (f *fleet) insist(v *visitor, a answer) answer {
	f.t.Helper()
	for range 2 {
		if a.guard() == "slider" {
			c := v.check(a)
			a = v.goOn(c, v.solve(c))
		}
	}
	return a
}
