// Command eval runs the evaluation that docs/evaluation.md shows and prints
// its table. `make eval` runs it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"time"

	"github.com/login-guard/login-guard/internal/backtest/evaluate"
)

func main() {
	var o evaluate.Options
	flag.BoolVar(&o.Quick, "quick", false, "one seed of each kind in place of three")
	flag.BoolVar(&o.Held, "held", false, "the held-out seeds too; never tune weights by what they show")
	flag.StringVar(&o.Only, "only", "", "scenarios whose names contain this")
	flag.StringVar(&o.SSHD, "sshd", "", "a log of sshd")
	out := flag.String("out", "", "a Markdown file, whose part between the marks is written anew (default: print it)")
	flag.Parse()
	o.Workers = runtime.GOMAXPROCS(0)
	o.Say = func(text string) { fmt.Fprintln(os.Stderr, text) }
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	start := time.Now()
	results, err := evaluate.All(ctx, o)
	if err == nil {
		err = evaluate.Print(*out, results)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "eval:", err)
		os.Exit(1)
	}
	fmt.Fprintf(os.Stderr, "took %v\n", time.Since(start).Round(time.Second))
}
