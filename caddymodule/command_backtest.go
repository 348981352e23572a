package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/login-guard/login-guard/internal/backtest"
	"github.com/login-guard/login-guard/internal/backtest/generate"
)

// backtestVerb is the verb `backtest`. It asks no server.
type backtestVerb struct {
	cmd  *cobra.Command
	read backtest.ReadOptions
	run  backtest.Options

	status, policy, site string
	diff                 []string
	plot                 string
	generate, write      string
	json                 bool
}

func backtestCommand() *cobra.Command {
	v := &backtestVerb{cmd: &cobra.Command{
		Use:   "backtest FILE...",
		Short: "What a policy would have done to the logins of a log",
		Long: `Replays the login attempts of a log through the engine that guards a shop, and
reports what they would have met: how many of the failed ones nothing at all,
how soon attacks met something, and how often people did.

  backtest auth.log
  backtest attempts.csv --policy Caddyfile --json
  backtest access.log.gz --path /my-account/ --success-status 302
  backtest attempts.csv --diff Caddyfile Caddyfile.new
  backtest attempts.csv --plot attempts.svg

Formats: csv (ts,ip,account,client,outcome,label), combined (access logs of
Apache, nginx and Caddy), sshd (syslog), events (our own decisions); the format
is found out from the first lines. Files may be compressed with gzip; "-" is
standard input. Lines that cannot be read are counted and passed over.`,
		SilenceUsage: true,
		// Two files follow --diff, which the flags' parser does not know.
		DisableFlagParsing: true,
	}}
	f := v.cmd.Flags()
	f.StringVar(&v.read.Format, "format", "", "csv, combined, sshd or events (default: found out)")
	f.StringArrayVar(&v.read.Paths, "path", nil, "combined: the login's path; * at its end for all that begin so; may be given more than once")
	f.StringVar(&v.status, "success-status", "302,303", "combined: the statuses of a right password, or none")
	f.IntVar(&v.read.Year, "year", 0, "sshd: the year of the first line (default: so that the last is not in the future)")
	f.StringVar(&v.policy, "policy", "", "a Caddyfile, or Caddy's JSON, with a login_guard (default: its defaults)")
	f.StringVar(&v.site, "site", "", "the site of the policy, where there are several")
	f.StringArrayVar(&v.diff, "diff", nil, "two policies: who is treated differently, such as --diff Caddyfile Caddyfile.new")
	f.StringVar(&v.plot, "plot", "", "draw attempts by rung over time into this file, such as --plot out.svg")
	f.StringArrayVar(&v.run.Legitimate, "legitimate", nil, "a label of people, beside legit, benign, normal and the like; may be given more than once")
	f.IntVar(&v.run.Reuse, "cookies", backtest.DefaultReuse, "in how many of 100 sessions a browser brings the cookies that it has")
	f.IntVar(&v.run.Solves, "solves", 0, "how many of 100 checks the client of an attack passes")
	f.Uint64Var(&v.run.Seed, "seed", 0, "decides which sessions lack their cookies; with --generate, the log too")
	f.StringVar(&v.generate, "generate", "", "make a log up in place of FILE, such as --generate 'shop+stuffing(day=15,hits=0.01)'; --generate help lists the parts")
	f.StringVar(&v.write, "write", "", "with --generate: write the log as CSV into this file and end")
	f.BoolVar(&v.json, "json", false, "print JSON")
	v.cmd.RunE = func(_ *cobra.Command, args []string) error { return v.parse(args) }
	return v.cmd
}

// parse reads the arguments and does what they say.
func (v *backtestVerb) parse(args []string) error {
	v.cmd.DisableFlagParsing = false
	if err := v.cmd.ParseFlags(twoPolicies(args)); err != nil {
		return fmt.Errorf("%w; `login-guard backtest --help` lists the options", err)
	}
	if help, _ := v.cmd.Flags().GetBool("help"); help {
		return v.cmd.Help()
	}
	ctx, stop := signal.NotifyContext(v.cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return v.do(ctx, v.cmd.Flags().Args())
}

// twoPolicies turns `--diff A B` into `--diff A --diff B`.
func twoPolicies(args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--":
			return append(out, args[i:]...)
		case args[i] == "--diff" && i+2 < len(args) && !slices.ContainsFunc(args[i+1:i+3], func(s string) bool { return strings.HasPrefix(s, "-") }):
			out = append(out, "--diff", args[i+1], "--diff", args[i+2])
			i += 2
		default:
			out = append(out, args[i])
		}
	}
	return out
}

// do replays and prints.
func (v *backtestVerb) do(ctx context.Context, files []string) error {
	if v.generate == "help" {
		return generate.Help(v.cmd.OutOrStdout())
	}
	if err := v.check(files); err != nil {
		return err
	}
	policies, err := v.policies()
	if err != nil {
		return err
	}
	start := time.Now()
	bar := newBar(v.cmd.ErrOrStderr())
	l, err := v.log(files, bar)
	if err != nil || v.write != "" {
		bar.end()
		return err
	}
	v.run.Progress = bar.of("replaying")
	if len(policies) == 2 {
		d, err := backtest.Differences(ctx, l, policies[0], policies[1], v.run)
		bar.end()
		if err != nil {
			return err
		}
		return v.print(d, d.Write)
	}
	plot := backtest.NewPlot(l, policies[0].Name)
	v.run.Each = plot.Add
	r, err := backtest.Run(ctx, l, policies[0], v.run)
	bar.end()
	if err != nil {
		return err
	}
	r.Seconds = time.Since(start).Seconds()
	if v.plot != "" {
		if err := writeFile(v.plot, plot.Write); err != nil {
			return fmt.Errorf("--plot: %w", err)
		}
	}
	return v.print(r, r.Write)
}

// check refuses what cannot be meant.
func (v *backtestVerb) check(files []string) error {
	switch {
	case v.generate == "" && len(files) == 0:
		return errors.New("name a log, such as: login-guard backtest auth.log")
	case v.generate != "" && len(files) > 0:
		return fmt.Errorf("--generate makes a log up and takes no file (%s)", files[0])
	case v.write != "" && v.generate == "":
		return errors.New("--write goes with --generate, such as --generate shop+spray --write log.csv")
	case len(v.diff) != 0 && len(v.diff) != 2:
		return errors.New("--diff takes two policies, such as --diff Caddyfile Caddyfile.new")
	case len(v.diff) == 2 && v.policy != "":
		return errors.New("--policy and --diff do not go together: --diff names both policies")
	case len(v.diff) == 2 && v.plot != "":
		return errors.New("--plot and --diff do not go together: draw each policy by itself, such as --policy Caddyfile --plot a.svg")
	case v.read.Format != "" && !slices.Contains(backtest.Formats(), v.read.Format):
		return fmt.Errorf("--format %s is unknown; one of %s, such as --format csv", v.read.Format, strings.Join(backtest.Formats(), ", "))
	case v.run.Reuse < 0 || v.run.Reuse > 100:
		return fmt.Errorf("--cookies %d is not from 0 to 100, such as --cookies 90", v.run.Reuse)
	case v.run.Solves < 0 || v.run.Solves > 100:
		return fmt.Errorf("--solves %d is not from 0 to 100, such as --solves 50", v.run.Solves)
	case v.read.Year != 0 && (v.read.Year < 1980 || v.read.Year > 2199):
		return fmt.Errorf("--year %d is not from 1980 to 2199, such as --year 2026", v.read.Year)
	case slices.Contains(v.read.Paths, ""):
		return errors.New("--path is empty; such as --path /my-account/")
	}
	return v.statuses()
}

// statuses reads --success-status.
func (v *backtestVerb) statuses() error {
	v.read.SuccessStatus = []int{}
	if v.status == "none" {
		return nil
	}
	for text := range strings.SplitSeq(v.status, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 100 || n > 999 {
			return fmt.Errorf("--success-status %q is neither a list of HTTP statuses nor none, such as --success-status 302,303", v.status)
		}
		v.read.SuccessStatus = append(v.read.SuccessStatus, n)
	}
	return nil
}

// policies are those that the log is replayed under.
func (v *backtestVerb) policies() ([]backtest.Policy, error) {
	files := v.diff
	if v.policy != "" {
		files = []string{v.policy}
	}
	if len(files) == 0 {
		if v.site != "" {
			return nil, errors.New("--site goes with --policy, such as --policy Caddyfile --site shop.example")
		}
		return []backtest.Policy{backtest.Defaults()}, nil
	}
	var list []backtest.Policy
	for _, file := range files {
		p, err := loadPolicy(file, v.site, func(text string) { fmt.Fprintf(v.cmd.ErrOrStderr(), "note: %s\n", text) })
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// log reads the log, or makes it up.
func (v *backtestVerb) log(files []string, bar *bar) (*backtest.Log, error) {
	if v.generate != "" {
		l, err := generate.Log(v.generate, v.run.Seed)
		if err != nil {
			return nil, fmt.Errorf("--generate: %w", err)
		}
		if v.write != "" {
			if err := writeFile(v.write, l.WriteCSV); err != nil {
				return nil, fmt.Errorf("--write: %w", err)
			}
			fmt.Fprintf(v.cmd.OutOrStdout(), "%d attempts are in %s\n", len(l.Events), v.write)
		}
		return l, nil
	}
	v.read.Progress = bar.of("reading")
	v.read.Latest = time.Now()
	return backtest.Read(files, v.cmd.InOrStdin(), v.read)
}

// print prints the result, for people or for programs.
func (v *backtestVerb) print(result any, text func(io.Writer) error) error {
	if !v.json {
		return text(v.cmd.OutOrStdout())
	}
	e := json.NewEncoder(v.cmd.OutOrStdout())
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(result)
}

// writeFile writes a file whole.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// bar is a progress bar on a terminal; elsewhere it says nothing.
type bar struct {
	w    io.Writer
	last string
}

func newBar(w io.Writer) *bar {
	f, ok := w.(*os.File)
	if !ok {
		return &bar{}
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 || os.Getenv("TERM") == "dumb" {
		return &bar{}
	}
	return &bar{w: w}
}

const barWidth = 32

// of returns what draws the bar for one kind of work.
func (b *bar) of(work string) func(done, all int64) {
	if b.w == nil {
		return nil
	}
	return func(done, all int64) {
		share := 0.0
		if all > 0 {
			share = min(1, float64(done)/float64(all))
		}
		full := int(share * barWidth)
		text := fmt.Sprintf("\r%-9s [%s%s] %3.0f %%", work, strings.Repeat("#", full), strings.Repeat("-", barWidth-full), 100*share)
		if text != b.last {
			b.last = text
			fmt.Fprint(b.w, text)
		}
	}
}

// end takes the bar away.
func (b *bar) end() {
	if b.w != nil && b.last != "" {
		fmt.Fprintf(b.w, "\r%s\r", strings.Repeat(" ", len(b.last)))
	}
}
