//go:build faults

package faults_test

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
)

// FAULTS_SECONDS is how long; without it, five minutes.
func TestMixedLoadLeavesHeapAndGoroutinesFlat(t *testing.T) {
	r := redistest.Start(t)
	url := "redis://" + r.Addr
	f := newFleet(t, []string{url, url})
	f.await(true, f.gates...)
	f.spend()
	end := make(chan struct{})
	var load sync.WaitGroup
	var sent atomic.Int64
	every := func(pause time.Duration, do func(n int)) {
		load.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-end:
					return
				case <-time.After(pause):
				}
				do(n)
				sent.Add(1)
			}
		})
	}
	for i := range f.gates {
		every(3*time.Millisecond, func(int) { _, _ = f.visitor(i).try(http.MethodGet, "/", "") })
		every(5*time.Millisecond, func(n int) { f.try(i, "", fmt.Sprintf("%d@shop.example", n), "stuffing") })
		every(5*time.Millisecond, func(n int) { f.try(i, "203.0.113.66", shoptest.Alice().Email, "guess") })
		every(8*time.Millisecond, func(int) {
			_, _ = f.visitor(i).try(http.MethodPost, "/login", form(shoptest.Admin().Email, shoptest.Admin().Password))
		})
		every(20*time.Millisecond, func(int) { // checks that nobody answers
			_, _ = f.visitor(i).try(http.MethodPost, "/login", form(shoptest.Bob().Email, "guess"))
		})
	}
	every(500*time.Millisecond, func(n int) { f.shop.Reset() }) // the shop's own memory
	took := time.Duration(often(t, "FAULTS_SECONDS", 300)) * time.Second
	// Outages come and go meanwhile.
	every(took/10, func(int) { r.Pause(); time.Sleep(2 * time.Second); r.Resume() })

	time.Sleep(took / 3)
	before := []memory{}
	for _, g := range f.gates {
		before = append(before, memoryOf(t, g))
	}
	time.Sleep(took - took/3)
	for i, g := range f.gates {
		after := memoryOf(t, g)
		t.Logf("gateway %d: %+v, then %+v", i, before[i], after)
		if after.goroutines > before[i].goroutines+40 {
			t.Errorf("goroutines grew from %d to %d", before[i].goroutines, after.goroutines)
		}
		if after.heap > before[i].heap+before[i].heap/4+8<<20 {
			t.Errorf("the heap grew from %d to %d bytes", before[i].heap, after.heap)
		}
	}
	close(end)
	load.Wait()
	t.Logf("%d requests in %v; slowest answer %v", sent.Load(), took, f.slow.took)
	f.await(true, f.gates...)
	f.hold(0).pass()
}

type memory struct{ goroutines, heap int }

var (
	goroutineTotal = regexp.MustCompile(`goroutine profile: total (\d+)`)
	heapAlloc      = regexp.MustCompile(`# HeapAlloc = (\d+)`)
)

// memoryOf asks the admin API's profiles, after a collection.
func memoryOf(t testing.TB, g *guardtest.Gateway) memory {
	t.Helper()
	number := func(path string, re *regexp.Regexp) int {
		_, body := g.Admin(http.MethodGet, path, "")
		m := re.FindStringSubmatch(body)
		if m == nil {
			t.Fatalf("%s: %.300s", path, body)
		}
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return memory{number("/debug/pprof/goroutine?debug=1", goroutineTotal), number("/debug/pprof/heap?gc=1&debug=1", heapAlloc)}
}

func TestANodeOfAClusterDies(t *testing.T) {
	c := redistest.StartCluster(t)
	f := newFleet(t, []string{c.URL(), c.URL()})
	f.await(true, f.gates...)
	total := f.spend()
	held := f.hold(0)
	c.Nodes[0].Kill()
	f.shops(0)
	f.shops(1)
	held.pass()
	total = total.plus(f.guess())
	f.await(false, f.gates...)
	during := f.hold(0)
	c.Nodes[0].Restart()
	healed := f.await(true, f.gates...)
	during.pass()
	total = total.plus(f.guess())
	most := once.times(4) // in Redis, once a gateway, and what the node forgot
	t.Logf("in all %+v of at most %+v; healed %v; slowest answer %v", total, most, healed, f.slow.took)
	if !total.within(most) {
		t.Errorf("%+v guesses reached the shop, want at most %+v", total, most)
	}
	f.hold(1).pass()
}

// FAULTS_OLD is a build of the version before.
func TestANewVersionOnTheKeysOfTheOneBeforeAndBack(t *testing.T) {
	old := os.Getenv("FAULTS_OLD")
	if old == "" {
		t.Fatal("FAULTS_OLD names no binary; `make faults` builds one")
	}
	for _, kind := range []string{"one by itself", "two on a Redis"} {
		t.Run(kind, func(t *testing.T) {
			urls := []string{""}
			if kind != "one by itself" {
				url := "redis://" + redistest.Start(t).Addr + "?timeout=5s"
				urls = []string{url, url}
			}
			f := newFleetWith(t, guardtest.With{Binary: old}, urls)
			f.spend()
			held := f.hold(0)
			f.gates[0].Upgrade(t, "")
			held.pass() // what the old one held, the new one sends
			if got := f.guess(); got != (guesses{}) {
				t.Errorf("with one new %+v guesses more", got)
			}
			if len(urls) > 1 {
				mixed := f.hold(1) // held by the old one, finished at the new one
				mixed.v, mixed.check.Action = mixed.v.at(f.gates[0].URL), f.gates[0].URL+"/login"
				mixed.pass()
				mixed = f.hold(0)
				mixed.v, mixed.check.Action = mixed.v.at(f.gates[1].URL), f.gates[1].URL+"/login"
				mixed.pass()
				f.gates[1].Upgrade(t, "")
			}
			back := f.hold(0)
			for i := range f.gates {
				f.shops(i)
				f.gates[i].Upgrade(t, old)
				f.shops(i)
			}
			back.pass()
			if got := f.guess(); got != (guesses{}) {
				t.Errorf("back with the old one %+v guesses more", got)
			}
		})
	}
}
