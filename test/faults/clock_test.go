//go:build faults

package faults_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
)

// clocked builds the gateway with a wall clock that can be set.
func clocked(t testing.TB) string {
	t.Helper()
	binary, err := guardtest.BuildClocked(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return binary
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
				t.Setenv(guardtest.ClockVariable, off)
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
