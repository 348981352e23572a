// Table measures what Login Guard costs, beside bare Caddy and
// caddy-ratelimit, and prints one table. `make bench` runs it.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/login-guard/login-guard/bench/report"
)

func main() {
	quick := flag.Bool("quick", false, "less of everything, in three minutes")
	asJSON := flag.Bool("json", false, "print JSON")
	from := flag.String("from", "", "measure nothing and print the table of a `file` of JSON")
	flag.Parse()
	var r *report.Report
	var err error
	if *from != "" {
		r, err = report.Read(*from)
	} else {
		r, err = report.Run(report.Options{Quick: *quick, Progress: func(what string) { fmt.Fprintln(os.Stderr, "bench:", what) }})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	if !*asJSON {
		r.Text(os.Stdout)
		return
	}
	out, err := r.JSON()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	fmt.Printf("%s\n", out)
}
