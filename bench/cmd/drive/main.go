// Drive plays one case of package work on each of its sites and prints, as
// JSON, what a unit of it costs: allocations and bytes, and with
// -instructions, under callgrind, the names of the counts.
//
//	drive -case login -n 4000
//	GOGC=off GODEBUG=asyncpreemptoff=1 GOMAXPROCS=1 valgrind \
//		--tool=callgrind --instr-atstart=no --callgrind-out-file=F \
//		drive -case login -n 4000 -instructions
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"syscall"
	"time"

	"github.com/login-guard/login-guard/bench/callgrind"
	"github.com/login-guard/login-guard/bench/inproc"
	"github.com/login-guard/login-guard/bench/work"
)

func main() {
	if slices.Contains(os.Args[1:], work.SolveFlag) {
		if err := work.Solve(os.Stdin, os.Stdout); err != nil {
			fail(err)
		}
		return
	}
	name := flag.String("case", "", "which `case`")
	n := flag.Int("n", 1000, "how many `units` a block has")
	rounds := flag.Int("rounds", 3, "how many blocks a site gets")
	count := flag.Bool("instructions", false, "count instructions; runs under callgrind only")
	only := flag.String("site", "", "this `site` only")
	allocs := flag.String("allocs", "", "write a profile of every allocation to `file`, for go tool pprof")
	flag.Parse()
	if *allocs != "" {
		runtime.MemProfileRate = 1
		defer func() {
			if err := writeAllocs(*allocs); err != nil {
				fail(err)
			}
		}()
	}
	if err := drive(*name, *only, *n, *rounds, *count); err != nil {
		fail(fmt.Errorf("%s: %w", *name, err))
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "drive:", err)
	os.Exit(1)
}

func writeAllocs(name string) error {
	runtime.GC()
	runtime.GC() // the profile is that of the last collection but one
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}

// block is what one block of a site cost, a unit.
type block struct {
	Site   string
	Allocs float64
	Bytes  float64
	CPU    float64 // ns, of the process
}

// settle is how many units are played before each block: the collector
// empties pools.
const settle = 20

func drive(name, only string, n, rounds int, count bool) error {
	c, err := work.Find(name)
	if err != nil {
		return err
	}
	if count && !callgrind.Running() {
		return fmt.Errorf("counting instructions needs callgrind")
	}
	folder, err := os.MkdirTemp("", "login-guard-bench.")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	servers, stop, err := inproc.Start(folder, c.Global(), c.Sites)
	if err != nil {
		return err
	}
	defer stop()

	lanes, err := prepare(c, only, servers, n, rounds)
	if err != nil {
		return err
	}
	var blocks []block
	if count {
		callgrind.Start()
		defer callgrind.Stop()
	}
	for round := range rounds {
		for i := range lanes {
			b, err := lanes[i].run(n, fmt.Sprintf("%s/%d", lanes[i].site, round), count)
			if err != nil {
				return fmt.Errorf("%s: %w", lanes[i].site, err)
			}
			blocks = append(blocks, b)
		}
		slices.Reverse(lanes) // A B C, C B A: what drifts, drifts for all
	}
	return json.NewEncoder(os.Stdout).Encode(blocks)
}

// lane is a site with its requests.
type lane struct {
	site   string
	player inproc.Player
	ops    []work.Op
	next   int
}

func prepare(c work.Case, only string, servers map[string]http.Handler, n, rounds int) ([]*lane, error) {
	var lanes []*lane
	for _, site := range c.Sites {
		if only != "" && site.Name != only {
			continue
		}
		l := &lane{site: site.Name, player: inproc.Player{Server: servers[site.Name]}}
		warm := min(n, 300)
		var err error
		if l.ops, err = c.Ops(&l.player, site.Name, warm+rounds*(n+n/4+2*settle)); err != nil {
			return nil, fmt.Errorf("%s: %w", site.Name, err)
		}
		if err := l.play(warm); err != nil {
			return nil, fmt.Errorf("%s: %w", site.Name, err)
		}
		lanes = append(lanes, l)
	}
	if len(lanes) == 0 {
		return nil, fmt.Errorf("there is no site %q", only)
	}
	return lanes, nil
}

func (l *lane) play(n int) error {
	for range n {
		if err := l.player.PlayAll(l.ops[l.next%len(l.ops)]); err != nil {
			return err
		}
		l.next++
	}
	return nil
}

// run plays one block. Instructions are counted over a quarter of it and
// over all of it: the difference is free of what comes once, after the
// collector has run.
func (l *lane) run(n int, name string, count bool) (block, error) {
	b := block{Site: l.site}
	if count {
		for _, part := range []int{n / 4, n} {
			if err := l.fresh(); err != nil {
				return b, err
			}
			callgrind.Zero()
			err := l.play(part)
			callgrind.Dump(fmt.Sprintf("%s/%d", name, part))
			if err != nil {
				return b, err
			}
		}
		return b, nil
	}
	if err := l.fresh(); err != nil {
		return b, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := cpu()
	err := l.play(n)
	took := cpu() - began
	runtime.ReadMemStats(&after)
	b.Allocs = float64(after.Mallocs-before.Mallocs) / float64(n)
	b.Bytes = float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
	b.CPU = float64(took) / float64(n)
	return b, err
}

// fresh collects garbage and plays a little, so that blocks start alike.
func (l *lane) fresh() error {
	runtime.GC()
	return l.play(settle)
}

// cpu is the processor time of this process so far.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
