package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/login-guard/login-guard/bench/callgrind"
	"github.com/login-guard/login-guard/bench/work"
)

// programs are the measuring programs, built for one run.
type programs struct {
	folder   string
	quick    bool
	progress func(string)
}

func build() (*programs, error) {
	if _, err := exec.LookPath("valgrind"); err != nil {
		return nil, fmt.Errorf("counting instructions needs valgrind: %w", err)
	}
	folder, err := os.MkdirTemp("", "login-guard-bench.")
	if err != nil {
		return nil, err
	}
	b := &programs{folder: folder}
	cmd := exec.Command("go", "build", "-o", folder+string(filepath.Separator),
		"github.com/login-guard/login-guard/bench/cmd/drive",
		"github.com/login-guard/login-guard/bench/cmd/limits",
		"github.com/login-guard/login-guard/bench/cmd/redis",
		"github.com/login-guard/login-guard/bench/cmd/upload")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.remove()
		return nil, fmt.Errorf("building what measures: %w\n%s", err, out)
	}
	return b, nil
}

func (b *programs) remove() { _ = os.RemoveAll(b.folder) }

func (b *programs) pick(full, quick string) string {
	if b.quick {
		return quick
	}
	return full
}

func (b *programs) say(what string) {
	if b.progress != nil {
		b.progress(what)
	}
}

// json runs a program and reads what it prints.
func (b *programs) json(program string, into any, args ...string) error {
	b.say(program + " " + strings.Join(args, " "))
	return run(exec.Command(filepath.Join(b.folder, program), args...), into)
}

// run reads what a command prints. What it says of itself is shown only when
// it fails.
func run(cmd *exec.Cmd, into any) error {
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("running %s: %w\n%s", strings.Join(cmd.Args, " "), err, lastLines(complaint.String()))
	}
	if err := json.Unmarshal(out, into); err != nil {
		return fmt.Errorf("reading what %s printed: %w", strings.Join(cmd.Args, " "), err)
	}
	return nil
}

func lastLines(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}

// block is what drive prints of one block.
type block struct {
	Site               string
	Allocs, Bytes, CPU float64
}

// rounds is how many blocks each site gets.
const rounds = 3

// work plays cases: first as they are, one after the other, then under
// callgrind, two at a time, as counts do not depend on what else runs.
func (b *programs) work(cases []work.Case) ([]Work, error) {
	out := make([]Work, len(cases))
	blocks := make([][]block, len(cases))
	for i, c := range cases {
		out[i] = Work{Name: c.Name, Title: c.Title}
		if err := b.json("drive", &blocks[i], "-case", c.Name, "-n", fmt.Sprint(b.units(c)), "-rounds", "5"); err != nil {
			return nil, err
		}
	}
	counts := make([]map[string][]float64, len(cases))
	errs := make([]error, len(cases))
	next := make(chan int)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for i := range next {
				counts[i], errs[i] = b.count(cases[i])
			}
		})
	}
	for i := range cases {
		next <- i
	}
	close(next)
	workers.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for i, c := range cases {
		for _, site := range c.Sites {
			if len(counts[i][site.Name]) == 0 {
				return nil, fmt.Errorf("%s: callgrind counted nothing at %s", c.Name, site.Name)
			}
			out[i].Sites = append(out[i].Sites, summary(site.Name, blocks[i], counts[i][site.Name]))
		}
	}
	return out, nil
}

// units is how many units of a case make a block.
func (b *programs) units(c work.Case) int {
	n := 1600
	if b.quick {
		n = 400
	}
	if c.Slow {
		n = max(16, n/50)
	}
	return n
}

// count plays a case under callgrind and returns the instructions of a unit,
// by site, one figure a round.
func (b *programs) count(c work.Case) (map[string][]float64, error) {
	n := b.units(c)
	file := filepath.Join(b.folder, "callgrind."+c.Name)
	b.say("callgrind, " + c.Name)
	cmd := exec.Command("valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", "--callgrind-out-file="+file,
		filepath.Join(b.folder, "drive"), "-case", c.Name, "-n", fmt.Sprint(n), "-rounds", b.pick(fmt.Sprint(rounds), "1"), "-instructions")
	// Valgrind does not take the signals by which Go stops a goroutine.
	cmd.Env = append(os.Environ(), "GOGC=off", "GODEBUG=asyncpreemptoff=1", "GOMAXPROCS=1")
	var ignored []block
	if err := run(cmd, &ignored); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(file + ".*")
	if err != nil {
		return nil, err
	}
	totals := make(map[string]int64)
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		dump, total, err := callgrind.Total(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		totals[dump] = total
		_ = os.Remove(name)
	}
	return perUnit(c, totals, n), nil
}

// perUnit takes the difference of the two counts of each block, which are
// named site/round/units.
func perUnit(c work.Case, totals map[string]int64, n int) map[string][]float64 {
	out := make(map[string][]float64)
	for _, site := range c.Sites {
		for round := 0; ; round++ {
			all, ok := totals[fmt.Sprintf("%s/%d/%d", site.Name, round, n)]
			part, and := totals[fmt.Sprintf("%s/%d/%d", site.Name, round, n/4)]
			if !ok || !and {
				break
			}
			out[site.Name] = append(out[site.Name], float64(all-part)/float64(n-n/4))
		}
	}
	return out
}

// summary takes medians, and of times the least: what else the machine does
// only adds.
func summary(name string, blocks []block, counts []float64) Site {
	var cpu, allocs, bytes []float64
	for _, k := range blocks {
		if k.Site == name {
			cpu, allocs, bytes = append(cpu, k.CPU), append(allocs, k.Allocs), append(bytes, k.Bytes)
		}
	}
	s := Site{Name: name, Instructions: median(counts), Allocs: median(allocs), Bytes: median(bytes)}
	if len(cpu) > 0 {
		s.CPU = slices.Min(cpu)
	}
	if len(counts) > 0 {
		s.Spread = slices.Max(counts) / slices.Min(counts)
	}
	return s
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
