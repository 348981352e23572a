package evaluate

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/login-guard/login-guard/internal/backtest"
)

// Options say how much is evaluated.
type Options struct {
	// Quick: one seed of each kind in place of three.
	Quick bool
	// Only: scenarios whose names contain it.
	Only string
	// SSHD is a log of sshd, "" for none.
	SSHD string
	// Held: the held-out seeds too.
	Held bool
	// Workers at once. Default: 1
	Workers int
	// Say is told what is going on.
	Say func(string)
}

// Result is one scenario with what came of it.
type Result struct {
	Scenario   Scenario
	Tuning     []*Run
	Held       []*Run
	Attempts   int // of the first tuning seed
	Decisions  int
	Different  int
	SSHDReport *backtest.Report // of the log of sshd
}

// All evaluates.
func All(ctx context.Context, o Options) ([]Result, error) {
	tuning, held := tuningSeeds, heldOutSeeds
	if o.Quick {
		tuning, held = tuning[:1], held[:1]
	}
	if !o.Held {
		held = nil
	}
	var results []Result
	for _, s := range Scenarios() {
		if strings.Contains(s.Name, o.Only) {
			results = append(results, Result{Scenario: s, Tuning: make([]*Run, len(tuning)), Held: make([]*Run, len(held))})
		}
	}
	type job struct {
		s    *Scenario
		seed uint64
		to   **Run
	}
	var jobs []job
	for i := range results {
		r := &results[i]
		for k, seed := range tuning {
			jobs = append(jobs, job{&r.Scenario, seed, &r.Tuning[k]})
		}
		for k, seed := range held {
			jobs = append(jobs, job{&r.Scenario, seed, &r.Held[k]})
		}
	}
	var done atomic.Int32
	if err := parallel(max(1, o.Workers), len(jobs), func(i int) (err error) {
		*jobs[i].to, err = run(ctx, jobs[i].s, jobs[i].seed)
		if n := done.Add(1); o.Say != nil {
			o.Say(fmt.Sprintf("%d of %d: %s, seed %d", n, len(jobs), jobs[i].s.Name, jobs[i].seed))
		}
		return err
	}); err != nil {
		return nil, err
	}
	for i := range results {
		r := &results[i]
		r.Attempts = r.Tuning[0].Report.Attempts
		for _, run := range append(r.Tuning[:len(r.Tuning):len(r.Tuning)], r.Held...) {
			r.Decisions += run.Decisions
			r.Different += run.Different
		}
	}
	if o.SSHD != "" {
		r, err := sshd(ctx, o.SSHD)
		if err != nil {
			return nil, err
		}
		results = append(results, *r)
	}
	return results, nil
}

// sshd evaluates a log of sshd. Its year does not matter.
func sshd(ctx context.Context, file string) (*Result, error) {
	l, err := backtest.Read([]string{file}, nil, backtest.ReadOptions{Format: backtest.FormatSSHD, Year: 2026})
	if err != nil {
		return nil, err
	}
	s := Scenario{Name: "A log of sshd", Goals: []Goal{
		{Text: "of failures unchallenged", Percent: true, Most: 0.03, Figure: func(r *Run) float64 { return r.Report.UnchallengedShare }},
		{Text: "of accepted logins challenged", Percent: true, Watched: true, Figure: func(r *Run) float64 { return r.Report.Legitimate.Challenged.Share }}}}
	run, err := replay(ctx, l, &s, 1)
	if err != nil {
		return nil, err
	}
	return &Result{Scenario: s, Tuning: []*Run{run}, Attempts: run.Report.Attempts, Decisions: run.Decisions,
		Different: run.Different, SSHDReport: run.Report}, nil
}

// parallel calls f for 0 to n-1, some at once, and returns the first error.
func parallel(workers, n int, f func(int) error) error {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		next  int
		first error
	)
	for range workers {
		wg.Go(func() {
			for {
				mu.Lock()
				i := next
				next++
				stop := first != nil || i >= n
				mu.Unlock()
				if stop {
					return
				}
				if err := f(i); err != nil {
					mu.Lock()
					if first == nil {
						first = err
					}
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return first
}

// worst is the figure of a goal over runs that is furthest from good.
func worst(g *Goal, runs []*Run) (x float64, ok bool) {
	for i, r := range runs {
		y := g.Figure(r)
		if i == 0 || (g.Least > 0 && y < x) || (g.Least == 0 && y > x) {
			x = y
		}
	}
	return x, len(runs) > 0
}

// Write writes the results as Markdown.
func Write(w io.Writer, results []Result) error {
	p := &printer{w: w}
	p.head(results)
	for i := range results {
		p.result(&results[i])
	}
	return p.err
}

// printer writes until an error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) f(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *printer) head(results []Result) {
	goals, met, decisions, different := 0, 0, 0, 0
	for i := range results {
		r := &results[i]
		decisions += r.Decisions
		different += r.Different
		for k := range r.Scenario.Goals {
			g := &r.Scenario.Goals[k]
			if g.Watched {
				continue
			}
			goals++
			runs := r.Held
			if len(runs) == 0 {
				runs = r.Tuning
			}
			if x, ok := worst(g, runs); ok && g.good(x) {
				met++
			}
		}
	}
	p.f("Goals met on seeds that were not tuned on: %d of %d. Decisions that came out the same, to the bit, from their record: %s of %s.\n\n",
		met, goals, thousands(decisions-different), thousands(decisions))
	p.f("| scenario | figure | goal | tuning seeds | other seeds | |\n|---|---|---|---|---|---|\n")
}

func (p *printer) result(r *Result) {
	name := fmt.Sprintf("**%s** (%s attempts)", r.Scenario.Name, thousands(r.Attempts))
	for i := range r.Scenario.Goals {
		g := &r.Scenario.Goals[i]
		t, tok := worst(g, r.Tuning)
		h, hok := worst(g, r.Held)
		mark := "met"
		switch {
		case g.Watched:
			mark = ""
		case hok && !g.good(h), !hok && !g.good(t):
			mark = "**missed**"
		}
		p.f("| %s | %s | %s | %s | %s | %s |\n", name, g.Text, g.bound(), g.show(t, tok), g.show(h, hok), mark)
		name = ""
	}
	if rep := r.SSHDReport; rep != nil { // beside it, what others do there
		for _, key := range []string{"fail2ban_10m", "fail2ban_24h", "crowdsec_ssh_bf", "crowdsec_ssh_slow_bf"} {
			peer := rep.Peers[key]
			p.f("| | %s, %s, without community blocklist: of failures unchallenged | | %.1f %% | | |\n", peer.Name, peer.Rules, 100*peer.UnchallengedShare)
		}
	}
}

// bound is a goal in words.
func (g *Goal) bound() string {
	switch {
	case g.Watched:
		return ""
	case g.Least > 0:
		return "≥ " + g.number(g.Least)
	default:
		return "≤ " + g.number(g.Most)
	}
}

func (g *Goal) number(x float64) string {
	if g.Percent {
		return fmt.Sprintf("%g %%", x*100)
	}
	return fmt.Sprintf("%g", x)
}

func (g *Goal) show(x float64, ok bool) string {
	switch {
	case !ok:
		return "–"
	case x >= 1e9:
		return "never"
	case g.Percent:
		return fmt.Sprintf("%.2f %%", x*100)
	default:
		return fmt.Sprintf("%.0f", x)
	}
}

// thousands writes a number with commas.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
